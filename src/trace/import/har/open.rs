//! Opens an archive: it is gone through once, an entry at a time.

use std::io::{self, BufRead};

use serde::de::DeserializeSeed;

use super::archive::Archive;
use super::clip::{Clip, LONGEST};
use super::walk::Walk;
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::intake::Intake;

/// Whether a file that begins so is an HTTP Archive.
pub(in crate::trace::import) fn is(start: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(start, name).is_some();
    let log = memchr::memmem::find_iter(start, br#""log""#).any(|at| {
        let behind = start[at + 5..].trim_ascii_start();
        behind.starts_with(b":") && behind[1..].trim_ascii_start().starts_with(b"{")
    });
    start.trim_ascii_start().starts_with(b"{")
        && log
        && (has(br#""creator""#) || has(br#""entries""#))
}

/// Reads it.
pub(in crate::trace::import) fn open(
    from: Box<dyn BufRead + Send>,
    intake: Intake,
) -> Result<(Preface, Events), CaptureError> {
    let mut archive = Archive::new(intake);
    let mut json =
        serde_json::Deserializer::from_reader(io::BufReader::new(Clip::new(from, LONGEST)));
    let read = Walk::over(&mut archive).deserialize(&mut json);
    if let Some(error) = archive.failed.take() {
        return Err(error.into());
    }
    match read {
        Ok(()) => {}
        Err(error) if error.is_io() => return Err(io::Error::from(error).into()),
        Err(error) => archive.broken(&error),
    }
    archive.finish()
}
