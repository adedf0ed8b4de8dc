//! Why a command ended without its result.

use std::io;
use std::path::Path;

use crate::diag::name;
use crate::files::FileError;
use crate::trace::open::OpenError;

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line, or a file named on it, can't be understood.
    #[error("{0}")]
    Usage(String),
    /// The environment does not let it be done.
    #[error("{0}")]
    Environment(String),
}

/// A failure to write where the user asked for it.
pub(super) fn unwritable(path: &Path, error: impl Into<FileError>) -> Failure {
    let error = error.into();
    let words = format!("cannot write {}: {error}", name(path));
    if error.is_usage() { Failure::Usage(words) } else { Failure::Environment(words) }
}

/// A failure to read what the user named.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Environment(format!("cannot read {}: {error}", name(path)))
}

/// Why a file of events cannot be read.
pub(super) fn not_events(error: &OpenError) -> Failure {
    let words = error.to_string();
    if error.is_unreadable() { Failure::Environment(words) } else { Failure::Usage(words) }
}

/// Why what is compared or made could not be kept.
pub(super) fn not_kept(error: &io::Error) -> Failure {
    let folder = std::env::temp_dir();
    Failure::Environment(format!(
        "cannot use a temporary file in {}: {error}; the variable TMPDIR names another folder",
        name(&folder)
    ))
}
