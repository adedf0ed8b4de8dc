//! `--format json`: one JSON object a line, described in `docs/reference/json.md`. Names are stable: a field may be
//! added at any time; nothing is renamed, removed or given another meaning without a new [`VERSION`].

mod line;

pub(super) use line::{is_false, is_zero};

use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::rules::{Counts, Seen};
use crate::trace::Story;
use crate::trace::filter::Kept;
use line::Line;

/// The version of the format.
pub const VERSION: u32 = 1;

/// Writes what is seen as JSON.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    started: DateTime<FixedOffset>,
    begun: bool,
}

/// The first line.
#[derive(Serialize)]
struct Preface {
    xmppscope: &'static str,
    version: u32,
    tool: &'static str,
    started: String,
}

/// [`Counts`], as written: the last line.
#[derive(Serialize)]
struct Last {
    event: &'static str,
    sessions: u32,
    exchanges: u64,
    resends: u64,
    empties: u64,
    errors: u64,
    warnings: u64,
    lost: u64,
    time_ms: f64,
}

impl<W: Write> Json<W> {
    /// A writer for a trace that began at `started`.
    pub fn new(out: W, started: DateTime<FixedOffset>) -> Self {
        Self { out, started, begun: false }
    }

    /// Writes what was seen, as far as it is kept by the filter.
    pub fn show(&mut self, seen: &Seen, story: &Story, kept: &Kept) -> io::Result<()> {
        if !kept.message {
            return Ok(());
        }
        self.begin()?;
        let line = Line::of(seen, story, kept, self.started);
        write(&mut self.out, &line)
    }

    /// Hands what was written to the reader.
    pub fn flush(&mut self) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }

    /// Writes the last line.
    pub fn finish(&mut self, totals: &Counts) -> io::Result<()> {
        self.begin()?;
        let last = Last {
            event: "summary",
            sessions: totals.sessions,
            exchanges: totals.exchanges,
            resends: totals.resends,
            empties: totals.empties,
            errors: totals.errors,
            warnings: totals.warnings,
            lost: totals.lost,
            time_ms: millis(totals.time),
        };
        write(&mut self.out, &last)?;
        self.out.flush()
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let preface = Preface {
            xmppscope: "events",
            version: VERSION,
            tool: concat!("xmppscope ", env!("CARGO_PKG_VERSION")),
            started: rfc_3339(self.started),
        };
        write(&mut self.out, &preface)
    }
}

pub(super) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Harmless))?;
    out.write_all(b"\n")
}

/// Milliseconds, to the microsecond.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

pub(super) fn rfc_3339(time: DateTime<FixedOffset>) -> String {
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
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests;
