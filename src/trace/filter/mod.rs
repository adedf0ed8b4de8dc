//! The language of `--filter`: which messages, and which stanzas in them, are shown. Described for users in
//! `docs/reference/filter.md`.
//!
//! An expression is evaluated for every stanza of a message, and once for anything without stanzas. Predicates on the
//! message hold for all of its stanzas. A message is kept if the expression holds for at least one of them; the
//! stanzas for which it does not hold are left out.

mod expression;
mod parse;
mod predicate;
mod selection;
mod subject;
#[cfg(test)]
mod tests;

pub use expression::Filter;
pub use selection::Selection;
pub use subject::{Mark, Subject};
