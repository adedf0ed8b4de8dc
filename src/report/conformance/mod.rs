//! `xmppscope generate conformance`: which requirements each connection manager keeps, as a document in Markdown. It is
//! made from the outcomes of whole runs of the pack as `run --format json` writes them, and holds nothing that differs
//! from run to run: no times, ports or names of sessions.

mod cell;
mod column;
mod markdown;
mod table;
#[cfg(test)]
mod tests;

pub use column::{Column, Wrong};
pub use markdown::write;
pub use table::Table;
