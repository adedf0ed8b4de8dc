//! What differs, for programs and browsers: `xmppscope diff --format json` and `html`. The JSON is described in
//! `docs/reference/diff.md`. Fields may be added at any time; nothing is renamed, removed or given another meaning
//! without a new [`VERSION`].

mod document;
mod html;
mod json;
mod markdown;

pub use document::{Compared, Document};
pub use html::{escaped, html};
pub use json::{VERSION, json};
pub use markdown::markdown;
