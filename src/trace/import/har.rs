//! HTTP Archives 1.2 (HAR).

use std::io::BufRead;

use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::intake::Intake;

/// Whether a file that begins so is of this format.
pub(super) fn is(_start: &[u8]) -> bool {
    false
}

/// Reads it.
pub(super) fn open(
    _from: Box<dyn BufRead + Send>,
    _intake: Intake,
) -> Result<(Preface, Events), CaptureError> {
    Err(CaptureError::Foreign(String::new()))
}
