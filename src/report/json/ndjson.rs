//! One JSON object a line, as all formats of this kind write it.

use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

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

/// Compact JSON that is harmless where it is printed: beyond what JSON escapes, also the control characters above
/// ASCII, line separators, and what reorders text.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return out.write_all(text.as_bytes());
        }
        let mut written = 0;
        for (at, c) in text.char_indices().filter(|&(_, c)| is_harmful(c)) {
            out.write_all(&text.as_bytes()[written..at])?;
            write!(out, "\\u{:04x}", u32::from(c))?;
            written = at + c.len_utf8();
        }
        out.write_all(&text.as_bytes()[written..])
    }
}

/// All of them are in the basic plane: one escape each.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
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
