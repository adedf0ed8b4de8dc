//! The files that are part of the program: scenarios, targets, and the recordings that the documents show. A copy of the
//! program alone is enough for what the documents say.
//!
//! The catalogue of requirements (`spec`) and the page of `xmppscope report` are compiled in where they are read; what
//! is here has a path that people know and can have as a file.

mod files;

pub use files::{Bundled, recording, scenarios, target, target_names, targets};
