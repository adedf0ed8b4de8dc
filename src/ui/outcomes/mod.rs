//! How the outcomes of a run are written, for people and for programs: one file per format, and all of them hear the same
//! events of a [`Writer`]. The formats are described in `docs/reference/run.md`; what those for programs hold is stable.
//!
//! Secrets are hidden before an outcome is made; here control characters are made harmless, and what each format gives a
//! meaning to is escaped.

mod bearing;
mod excerpt;
mod format;
mod github;
mod json;
mod junit;
mod layout;
mod markdown;
mod plan;
mod pretty;
mod report;
mod summary;
mod tap;
#[cfg(test)]
mod tests;
mod words;
mod writer;

pub use bearing::{Bearing, bearing};
pub use format::Format;
pub use json::IN_FOLDER;
pub use layout::{Again, Layout, Show};
pub use plan::Plan;
pub use report::Report;
pub use summary::{Summary, runs_of};
pub use writer::Writer;
