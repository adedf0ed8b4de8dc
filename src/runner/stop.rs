//! Why a run does not go on.

use crate::scenario::vars::Unresolved;
use crate::scenario::{FragmentError, Place};

/// Why a run does not go on.
#[derive(Debug)]
pub enum Stop {
    /// An expectation was not met, and nothing behind it makes sense.
    Failed,
    /// It is skipped, for this reason.
    Skipped(String),
    /// It can't be carried out, for this reason.
    Broken(Place, String),
    /// What a step says is no XML, once its variables have values.
    NotXml(String),
}

impl From<Unresolved> for Stop {
    fn from(unresolved: Unresolved) -> Self {
        Self::Broken(unresolved.place, unresolved.message)
    }
}

impl From<FragmentError> for Stop {
    fn from(error: FragmentError) -> Self {
        match error {
            FragmentError::Unresolved(unresolved) => unresolved.into(),
            FragmentError::NotXml(not) => Self::NotXml(not.to_string()),
        }
    }
}

/// Whether something was done, or why nothing goes on.
pub type Done<T = ()> = Result<T, Stop>;
