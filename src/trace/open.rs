//! The one way to open a file of events: by its path, or `-` for standard input. The file is read as its events are
//! taken, never as a whole. Every error names it, says where in it, and what to do.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::capture::{self, CaptureError, Events, Preface};
use super::event::Event;
use super::import::{START, readable, recognise};
use super::intake::Intake;
use crate::bundle;
use crate::diag::name as name_of;
use crate::files::{LONGEST_TEXT, bounded};

/// Of one content, this much is kept of what another program has written.
const BODY_LIMIT: usize = 4 << 20;

/// Editors put this mark before a text; it is no part of it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Opens a file of events.
pub fn open(path: &Path) -> Result<Recording, OpenError> {
    Input::open(path)?.events()
}

/// Whether a path stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What people call the file at a path.
pub fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { name_of(path).to_string() }
}

/// The recording of this path that is part of the program, if there is no file.
pub fn built_in(path: &Path) -> Option<&'static str> {
    bundle::recording(path).filter(|_| !path.exists())
}

/// A file that may hold events.
pub struct Input {
    /// How much of it has been read.
    pub position: Position,
    name: String,
    /// Its first bytes, as far as they have been looked at.
    start: Vec<u8>,
    from: Box<dyn BufRead + Send>,
    is_file: bool,
}

/// A file of events that is being read: an iterator over them.
///
/// After an error that is [fatal](OpenError::is_fatal) comes nothing more; after another, what could be read.
pub struct Recording {
    /// What stands before the events.
    pub preface: Preface,
    /// How much of the file has been read.
    pub position: Position,
    name: String,
    events: Events,
    /// All of it is there, as far as that can be known: it is neither a pipe nor a terminal.
    pub(super) is_file: bool,
}

/// How much of a file has been read, while it is being read.
#[derive(Debug, Clone, Default)]
pub struct Position(Arc<AtomicU64>);

impl Position {
    /// In bytes.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts what is read.
struct Counted<R>(R, Position);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Why a file of events, or a part of it, cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", words(.name, .cause))]
pub struct OpenError {
    /// What people call the file.
    pub name: String,
    /// What is wrong, and where.
    pub cause: CaptureError,
}

impl Input {
    /// Opens a file, or standard input, behind its byte order mark.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let fail = |error: io::Error| OpenError { name: name(path), cause: error.into() };
        let position = Position::default();
        let (from, is_file): (Box<dyn Read + Send>, _) = if is_stdin(path) {
            (Box::new(io::stdin()), false)
        } else {
            match (File::open(path), built_in(path)) {
                (Err(_), Some(text)) => (Box::new(text.as_bytes()), true),
                (file, _) => {
                    let file = file.map_err(fail)?;
                    let is_file = file.metadata().map_err(fail)?.is_file();
                    (Box::new(file), is_file)
                }
            }
        };
        let from = Counted(from, position.clone());
        let input = Self::of(name(path), from)?;
        Ok(Self { position, is_file, ..input })
    }

    /// What is read from elsewhere, and what people call it.
    pub fn of(name: String, from: impl Read + Send + 'static) -> Result<Self, OpenError> {
        match behind_mark(Box::new(BufReader::new(from))) {
            Ok(from) => {
                let (position, start) = (Position::default(), Vec::new());
                Ok(Self { position, name, start, from: Box::new(from), is_file: false })
            }
            Err(error) => Err(OpenError { name, cause: error.into() }),
        }
    }

    /// Whether it begins as a file of events does, of this program or another, and not as a text for people.
    pub fn holds_events(&mut self) -> Result<bool, OpenError> {
        self.look()?;
        // So begin transcripts and snapshots.
        if self.start.starts_with(b"== ") || self.start.starts_with(b"---") {
            return Ok(false);
        }
        // What is recognised and cannot be read is said to be that.
        Ok(self.start.first() == Some(&b'{') || !matches!(recognise(&self.start), Ok(None)))
    }

    /// Reads on to the first event.
    pub fn events(mut self) -> Result<Recording, OpenError> {
        self.look()?;
        let Self { position, name, start, from, is_file } = self;
        let opened = if capture::is(&start) {
            capture::read(again(start, from))
                .map(|(preface, events)| (preface, Box::new(events) as Events))
        } else {
            match recognise(&start) {
                Ok(Some(format)) => {
                    (format.open)(again(start, from), Intake::new(false, BODY_LIMIT))
                }
                Ok(None) => Err(CaptureError::unreadable(&start, readable())),
                Err(error) => Err(error),
            }
        };
        match opened {
            Ok((preface, events)) => Ok(Recording { preface, position, name, events, is_file }),
            Err(cause) => Err(OpenError { name, cause }),
        }
    }

    /// Looks at the beginning, no further than it takes: a capture may still be written.
    fn look(&mut self) -> Result<(), OpenError> {
        while self.start.len() < START && !capture::is(&self.start) {
            let bytes = match self.from.fill_buf() {
                Ok([]) => break,
                Ok(bytes) => &bytes[..bytes.len().min(START - self.start.len())],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.error(error)),
            };
            let count = bytes.len();
            self.start.extend_from_slice(bytes);
            self.from.consume(count);
        }
        Ok(())
    }

    /// Reads all of it, within a bound, if it is no file of events.
    pub fn bytes(self) -> Result<Vec<u8>, OpenError> {
        let Self { name, start, from, .. } = self;
        bounded(again(start, from), LONGEST_TEXT)
            .map_err(|error| OpenError { name, cause: error.into() })
    }

    fn error(&self, error: io::Error) -> OpenError {
        OpenError { name: self.name.clone(), cause: error.into() }
    }
}

/// The same without a byte order mark at its beginning. No more is read ahead than the mark is long.
fn behind_mark(mut from: Box<dyn BufRead + Send>) -> io::Result<impl BufRead + Send> {
    let mut start = Vec::with_capacity(BYTE_ORDER_MARK.len());
    from.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start)?;
    if start == BYTE_ORDER_MARK {
        start.clear();
    }
    Ok(Cursor::new(start).chain(from))
}

/// All of what is read, with what has been looked at.
fn again(start: Vec<u8>, from: Box<dyn BufRead + Send>) -> Box<dyn BufRead + Send> {
    Box::new(Cursor::new(start).chain(from))
}

impl Iterator for Recording {
    type Item = Result<Event, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.events.next()?;
        Some(event.map_err(|cause| OpenError { name: self.name.clone(), cause }))
    }
}

impl OpenError {
    /// Whether nothing more can be read. After other errors the rest can be.
    pub fn is_fatal(&self) -> bool {
        self.cause.is_end()
    }

    /// Whether the system does not let the file be read; otherwise what is in it is wrong.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.cause, CaptureError::Io(_))
    }
}

fn words(name: &str, cause: &CaptureError) -> String {
    match cause {
        CaptureError::Io(error) if error.kind() == io::ErrorKind::IsADirectory => {
            format!("cannot read {name}: it is a folder; name a file in it")
        }
        CaptureError::Io(error) => format!("cannot read {name}: {error}"),
        cause => format!("{name}: {cause}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PREFACE: &str = r#"{"xmppscope":"capture","version":1,"tool":"t","started":"2026-01-02T03:04:05+01:00","target":"http://a","secrets":"hidden"}"#;
    const FINISHED: &str = r#"{"at":9,"conn":0,"event":"finished"}"#;

    /// Opens a file with this text; gives how many events are in it and what is wrong, the file called `FILE`.
    fn read(text: impl AsRef<[u8]>) -> (usize, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        fs::write(&path, text).unwrap();
        let plain = |error: OpenError| error.to_string().replace(&name(&path), "FILE");
        match open(&path) {
            Ok(recording) => {
                assert_eq!(recording.preface.target, "http://a");
                let (mut count, mut errors) = (0, Vec::new());
                for event in recording {
                    match event {
                        Ok(_) => count += 1,
                        Err(error) => {
                            assert!(!error.is_fatal() && !error.is_unreadable(), "{error}");
                            errors.push(plain(error));
                        }
                    }
                }
                (count, errors)
            }
            Err(error) => {
                assert!(error.is_fatal() && !error.is_unreadable(), "{error}");
                (0, vec![plain(error)])
            }
        }
    }

    #[test]
    fn events_are_read_behind_a_byte_order_mark_too() {
        assert_eq!(read(format!("{PREFACE}\n{FINISHED}\n")), (1, vec![]));
        assert_eq!(read(format!("\u{feff}{PREFACE}\r\n{FINISHED}")), (1, vec![]));
    }

    #[test]
    fn mistakes_name_the_file_and_the_line() {
        let (count, errors) = read(format!("{PREFACE}\nnonsense\n{FINISHED}\n"));
        assert_eq!((count, errors.len()), (1, 1));
        assert!(errors[0].starts_with("FILE: line 2 is damaged and was skipped: "), "{errors:?}");
        let (_, errors) = read(format!("{PREFACE}\n"));
        assert!(errors[0].starts_with("FILE: line 1: the capture is incomplete"), "{errors:?}");
        for text in ["", "a", "\u{feff}", "{}", "[package]\nname = 'a'"] {
            let (_, errors) = read(text);
            let what = match text.trim_start_matches('\u{feff}') {
                "" => "the file is empty",
                "{}" => "this is JSON of a program",
                _ => "not an xmppscope capture, and not a file",
            };
            assert!(errors[0].starts_with(&format!("FILE: {what}")), "{errors:?}");
            assert!(text == "{}" || errors[0].contains("HTTP Archives (HAR)"), "{errors:?}");
        }
        let (_, errors) = read(PREFACE.replace("\"version\":1", "\"version\":2"));
        assert!(errors[0].starts_with("FILE: unsupported capture format version 2"), "{errors:?}");
    }

    #[test]
    fn events_of_kinds_that_a_later_version_knows_are_skipped_and_counted() {
        let later = r#"{"at":1,"conn":1,"event":"NAME","of":"it"}"#;
        let text = ["b", "a", "b"].map(|name| later.replace("NAME", name) + "\n").concat();
        let (count, errors) = read(format!("{PREFACE}\n{text}{FINISHED}\n"));
        let words = "FILE: skipped events of kinds that this xmppscope does not know: 3 (a, b)";
        assert_eq!((count, errors), (1, vec![words.to_owned()]));
        // Of more kinds than are remembered, those that are known go on being counted.
        let text: String =
            (0..20).map(|i| later.replace("NAME", &format!("k{i:02}")) + "\n").collect();
        let again = later.replace("NAME", "k00") + "\n";
        let (_, errors) = read(format!("{PREFACE}\n{text}{again}{FINISHED}\n"));
        assert!(errors.last().unwrap().contains("does not know: 17 (k00, "), "{errors:?}");
        assert_eq!(errors.len(), 5, "{errors:?}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_a_wrong_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &Path| {
            let error = open(path).err().unwrap();
            assert!(error.is_fatal() && error.is_unreadable());
            error.to_string()
        };
        let shown = name(folder.path());
        let words = format!("cannot read {shown}: it is a folder; name a file in it");
        assert_eq!(at(folder.path()), words);
        assert!(
            at(&folder.path().join("b")).starts_with(&format!("cannot read {shown}/b: No such"))
        );
    }

    #[test]
    fn a_text_is_told_from_events_and_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (text, events, whole) in [
            ("== a\n", false, "== a\n"),
            ("\u{feff}{", true, "{"),
            ("", false, ""),
            ("a", false, "a"),
        ] {
            fs::write(&path, text).unwrap();
            let mut input = Input::open(&path).unwrap();
            assert_eq!(input.holds_events().unwrap(), events, "{text}");
            assert_eq!(input.bytes().unwrap(), whole.as_bytes());
        }
        assert_eq!(name(Path::new("-")), "standard input");
    }
}
