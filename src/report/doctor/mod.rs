//! What `xmppscope doctor` has found, for programs, for an issue, for a browser.

mod json;
mod markdown;
mod page;

pub use json::json;
pub use markdown::markdown;
pub use page::page;
