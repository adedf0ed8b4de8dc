//! XML as it is judged and shown: a strict bounded parser that keeps byte offsets, lenient tokens for
//! whatever is not well-formed, a pretty printer that leaves the text as it was sent, and a builder and writer for
//! what is made here.

mod build;
mod chars;
mod diagnose;
mod element;
mod error;
mod layout;
mod limits;
mod paint;
mod parse;
mod pretty;
mod quick;
mod tokens;
mod write;

pub use chars::Text;
pub use element::{Descendants, Element, Node};
pub use error::{Error, ErrorKind, Position};
pub use limits::Limits;
pub use paint::{Ink, Paint};
pub use parse::parse;
pub use pretty::{Pretty, pretty};
pub use tokens::{Attribute, Attributes, Token, TokenKind, Tokens, attributes, local_name, tokens};
pub use write::{Scope, attribute as write_attribute, write};

#[cfg(test)]
mod hostile_tests;
