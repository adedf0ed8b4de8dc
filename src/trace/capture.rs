//! Capture files: a trace as NDJSON, one event a line, the format's version first. The format is described in
//! `docs/reference/capture.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::event::{Event, Fact};
use super::redact;
use super::source::Source;
use super::written::micros;

/// The version this program writes, and the only one it reads.
pub const VERSION: u32 = 1;

/// So many different kinds of events that are not known are named.
const KINDS: usize = 16;

/// A longer line is damaged: no content is kept that is so large.
const LINE_LIMIT: u64 = 64 << 20;

/// The first line of a capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preface {
    /// Always `capture`.
    pub xmppscope: String,
    /// Version of the format.
    pub version: u32,
    /// The program that wrote it, with its version.
    pub tool: String,
    /// Wall-clock time at which the trace began, with the offset of the local time zone.
    pub started: DateTime<FixedOffset>,
    /// What was observed: the target's URL.
    pub target: String,
    /// Whether secrets were replaced.
    pub secrets: Secrets,
    /// How they were found. Captures of the first description of secrets do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hides: Option<Hides>,
    /// Which file of another program it was read from; none if the traffic was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Events as they are read, in order of time. After an error that is not [an end](CaptureError::is_end) reading goes on.
pub type Events = Box<dyn Iterator<Item = Result<Event, CaptureError>> + Send>;

/// By what secrets were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hides {
    /// Version of the description of what is secret.
    pub version: u32,
    /// What gave secrets away: `names`, `elements`, `escapes` around them, `values` that were known, and what is `opaque` as a whole.
    #[serde(default)]
    pub by: Vec<String>,
}

impl Hides {
    fn now() -> Self {
        let by = ["names", "elements", "escapes", "values", "opaque"].map(str::to_owned).into();
        Self { version: redact::VERSION, by }
    }
}

/// Whether secrets were replaced before writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Secrets {
    /// They are not in the file.
    Hidden,
    /// `--show-secrets` was given.
    Shown,
}

impl Preface {
    /// The first line for a trace that began at `started`.
    pub fn new(started: DateTime<FixedOffset>, target: String, secrets: Secrets) -> Self {
        Self {
            xmppscope: "capture".to_owned(),
            version: VERSION,
            tool: concat!("xmppscope ", env!("CARGO_PKG_VERSION")).to_owned(),
            started,
            target,
            secrets,
            hides: (secrets == Secrets::Hidden).then(Hides::now),
            source: None,
        }
    }

    /// The first line for a trace that began at `started`, and was read from a file of another program. Secrets are hidden.
    pub fn read(started: DateTime<FixedOffset>, target: String, source: Source) -> Self {
        Self { source: Some(source), ..Self::new(started, target, Secrets::Hidden) }
    }
}

/// Writes a capture.
#[derive(Debug)]
pub struct Writer<W: Write = File> {
    file: BufWriter<W>,
}

impl<W: Write> Writer<W> {
    /// Begins with the first line.
    pub fn new(file: W, preface: &Preface) -> io::Result<Self> {
        let mut writer = Self { file: BufWriter::new(file) };
        writer.line(preface)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Adds an event. It is in the file after the next [`Writer::flush`].
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        self.line(event)
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, value)?;
        self.file.write_all(b"\n")
    }

    /// Puts what was written into the file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// The file, with all that was written in it.
    pub fn into_file(self) -> io::Result<W> {
        self.file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Why a capture, or a line of it, can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file can't be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There is no first line that says what the file is.
    #[error(
        "not an xmppscope capture: line 1 is not a preface ({0}); `xmppscope proxy --write FILE` writes captures"
    )]
    NotCapture(&'static str),
    /// It is of another program, and cannot be read: what it is, and what to do.
    #[error("{0}")]
    Foreign(String),
    /// It is nothing that is known.
    #[error(
        "{what}; xmppscope reads captures (`xmppscope proxy --write FILE` writes them), {readable}"
    )]
    Unreadable {
        /// What is wrong with it.
        what: &'static str,
        /// What can be read beside captures.
        readable: String,
    },
    /// A part of a file of another program is damaged; reading can go on behind it.
    #[error("{place} is damaged and was skipped: {why}")]
    Part {
        /// Where it is, such as `entry 3 (line 210)`.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of another program ends before its end, or cannot be read on. What came before is there.
    #[error("{place}: the file is incomplete: {why}")]
    Cut {
        /// Where, such as `line 210`.
        place: String,
        /// What is missing.
        why: String,
    },
    /// Written by another version.
    #[error(
        "unsupported capture format version {0}; this xmppscope reads version {VERSION}; use the xmppscope that wrote the file"
    )]
    Version(u64),
    /// One line is cut or damaged; reading can go on with the next.
    #[error("line {line} is damaged and was skipped: {why}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What the parser says.
        why: String,
    },
    /// Events of kinds that a later version has added were skipped.
    #[error("skipped events of kinds that this xmppscope does not know: {count} ({kinds})")]
    Unknown {
        /// How many.
        count: u64,
        /// Their kinds.
        kinds: String,
    },
    /// The file ends without the line that ends every complete capture.
    #[error(
        "line {line}: the capture is incomplete; its writer was killed, or the file was truncated"
    )]
    Unfinished {
        /// The number of the last line.
        line: u64,
    },
}

impl CaptureError {
    /// A file that begins so is nothing that is known; what can be read beside captures is told in `readable`.
    pub(super) fn unreadable(start: &[u8], readable: String) -> Self {
        let what = match start.trim_ascii() {
            [] => "the file is empty",
            start if start.iter().take(512).any(|byte| *byte == 0) => {
                "not an xmppscope capture, and not text"
            }
            _ => {
                "not an xmppscope capture, and not a file of another program that xmppscope recognises"
            }
        };
        Self::Unreadable { what, readable }
    }

    /// Whether nothing more can be read. After other errors the rest can be.
    pub fn is_end(&self) -> bool {
        !matches!(
            self,
            Self::Line { .. }
                | Self::Part { .. }
                | Self::Cut { .. }
                | Self::Unknown { .. }
                | Self::Unfinished { .. }
        )
    }

    /// Whether a part of the file was skipped because it is damaged.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Line { .. } | Self::Part { .. })
    }
}

/// Reads a capture file, line by line.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    line: u64,
    finished: bool,
    text: Vec<u8>,
    /// Events of kinds that are not known, by their names.
    unknown: BTreeMap<String, u64>,
}

/// Whether a file that begins so is a capture, whatever is wrong with it.
pub(super) fn is(start: &[u8]) -> bool {
    const KEY: &[u8] = br#""xmppscope""#;
    let line = start.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut found = memchr::memmem::find_iter(line, KEY);
    line.starts_with(b"{")
        && found.any(|at| line[at + KEY.len()..].trim_ascii_start().starts_with(b":"))
}

/// Opens a capture: its preface, and the reader for its events.
pub fn read<R: BufRead>(mut from: R) -> Result<(Preface, Reader<R>), CaptureError> {
    // A first line that is megabytes long is not ours: don't read it all.
    let mut text = Vec::new();
    io::Read::take(&mut from, 64 * 1024).read_until(b'\n', &mut text)?;
    if text.is_empty() {
        return Err(CaptureError::NotCapture("the file is empty"));
    }
    let value: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|_| CaptureError::NotCapture("it is cut or damaged"))?;
    if let Some(version) = value.get("version").and_then(serde_json::Value::as_u64)
        && version != u64::from(VERSION)
        && value.get("xmppscope").is_some()
    {
        return Err(CaptureError::Version(version));
    }
    let preface: Preface = serde_json::from_value(value)
        .map_err(|_| CaptureError::NotCapture("fields are missing in it"))?;
    if preface.xmppscope != "capture" {
        return Err(CaptureError::NotCapture(
            "it is another file of xmppscope, such as `--format json` prints",
        ));
    }
    Ok((preface, Reader { from, line: 1, finished: false, text, unknown: BTreeMap::new() }))
}

/// What every event has.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(with = "micros")]
    at: Duration,
    conn: u64,
    #[serde(borrow)]
    event: Cow<'a, str>,
}

/// Why a line of a capture is no event that is known.
#[derive(Debug, thiserror::Error)]
enum NotEvent {
    /// It is of a kind that a later version has added.
    #[error("events of the kind {0:?} are not known")]
    Unknown(String),
    /// It is damaged.
    #[error(transparent)]
    Damaged(#[from] serde_json::Error),
}

/// Reads an event from its line. Events that hold what passed are read as what they are, since there may
/// be gigabytes of them; serde would copy them once more to find their kind.
fn event(line: &[u8]) -> Result<Event, NotEvent> {
    let Envelope { at, conn, event } = serde_json::from_slice(line)?;
    let fact = match &*event {
        "request" => Fact::Request(serde_json::from_slice(line)?),
        "response" => Fact::Response(serde_json::from_slice(line)?),
        "frame" => Fact::Frame(serde_json::from_slice(line)?),
        "part" => Fact::Part(serde_json::from_slice(line)?),
        "raw" => Fact::Raw(serde_json::from_slice(line)?),
        name if Fact::NAMES.contains(&name) => serde_json::from_slice(line)?,
        name => return Err(NotEvent::Unknown(name.to_owned())),
    };
    Ok(Event { at, conn, fact })
}

/// Reads an event from its line, which was written here.
pub(super) fn line(text: &[u8]) -> Result<Event, CaptureError> {
    event(text).map_err(|error| CaptureError::Line { line: 0, why: error.to_string() })
}

impl<R: BufRead> Reader<R> {
    /// The message on events of kinds that are not known, which is given once.
    fn skipped(&mut self) -> CaptureError {
        let unknown = std::mem::take(&mut self.unknown);
        let count = unknown.values().sum();
        let kinds = unknown.into_keys().collect::<Vec<_>>().join(", ");
        CaptureError::Unknown { count, kinds }
    }

    /// Leaves out the rest of a line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.from.fill_buf()?;
            let newline = memchr::memchr(b'\n', bytes);
            let used = newline.map_or(bytes.len(), |at| at + 1);
            let over = newline.is_some() || bytes.is_empty();
            self.from.consume(used);
            if over {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.text.clear();
            let read = io::Read::take(&mut self.from, LINE_LIMIT).read_until(b'\n', &mut self.text);
            match read {
                Ok(0) if !self.unknown.is_empty() => return Some(Err(self.skipped())),
                Ok(0) if self.finished => return None,
                Ok(0) => {
                    self.finished = true;
                    return Some(Err(CaptureError::Unfinished { line: self.line }));
                }
                Ok(_) => self.line += 1,
                Err(error) => {
                    self.finished = true;
                    return Some(Err(error.into()));
                }
            }
            if self.text.len() as u64 == LINE_LIMIT && self.text.last() != Some(&b'\n') {
                let why = format!("longer than {} MiB", LINE_LIMIT >> 20);
                return Some(match self.skip() {
                    Ok(()) => Err(CaptureError::Line { line: self.line, why }),
                    Err(error) => {
                        self.finished = true;
                        Err(error.into())
                    }
                });
            }
            if self.text.trim_ascii().is_empty() {
                continue;
            }
            match event(&self.text) {
                Ok(event) => {
                    self.finished |= event.fact == Fact::Finished;
                    return Some(Ok(event));
                }
                Err(NotEvent::Unknown(kind))
                    if self.unknown.len() < KINDS || self.unknown.contains_key(&kind) =>
                {
                    *self.unknown.entry(kind).or_default() += 1;
                }
                Err(error) => {
                    let why = error.to_string();
                    return Some(Err(CaptureError::Line { line: self.line, why }));
                }
            }
        }
    }
}
