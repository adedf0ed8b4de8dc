//! One JSON object a line, as all formats of this kind write it.

use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::diag::sanitise::{is_command, is_unsafe};

/// Writes a value on a line.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Harmless))?;
    out.write_all(b"\n")
}

/// Milliseconds, to the microsecond.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

/// A time of the day, to the microsecond.
pub(crate) fn rfc_3339(time: DateTime<FixedOffset>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// The date so long after another one; that one itself if there is none so late.
pub(crate) fn later(started: DateTime<FixedOffset>, passed: Duration) -> DateTime<FixedOffset> {
    let passed = TimeDelta::from_std(passed).unwrap_or_default();
    started.checked_add_signed(passed).unwrap_or(started)
}

/// Compact JSON that is harmless where it is printed: beyond what JSON escapes, also all that [`is_unsafe`], and what begins
/// a workflow command.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        if text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'#') {
            return out.write_all(text.as_bytes());
        }
        let mut written = 0;
        let is_harmful =
            |&(at, c): &(usize, char)| is_unsafe(c) || c == '#' && is_command(&text[at..]);
        for (at, c) in text.char_indices().filter(is_harmful) {
            out.write_all(&text.as_bytes()[written..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            written = at + c.len_utf8();
        }
        out.write_all(&text.as_bytes()[written..])
    }
}

/// For fields that are left out where they are `false`.
#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

/// For fields that are left out where they are 0.
#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
pub(crate) fn is_zero(value: &usize) -> bool {
    *value == 0
}
