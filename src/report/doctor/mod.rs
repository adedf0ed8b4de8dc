//! What `xmppscope doctor` has found, for programs, for an issue, for a browser.

mod json;
mod markdown;
mod page;
mod words;

pub use json::json;
pub use markdown::markdown;
pub use page::page;
pub use words::{program, sentence};
