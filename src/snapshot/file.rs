//! Snapshots as files, in the format of insta: a head in YAML between `---`, then the text. So `cargo insta review` works
//! on them too.

use std::io;
use std::path::{Path, PathBuf};

use super::transcript::{NotTranscript, Transcript};
use crate::diag::name;
use crate::diag::sanitise::one_line;
use crate::files::{FileError, LONGEST_TEXT, text};

/// How the name of an approved snapshot ends.
pub const APPROVED: &str = "snap";
/// How the name of one ends that waits for approval.
pub const PENDING: &str = "snap.new";

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The file it was made from: a scenario, or a capture.
    pub source: String,
    /// What it shows, in a line.
    pub description: String,
    /// The transcript.
    pub transcript: Transcript,
}

/// Why a file is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The system says no.
    #[error("cannot read {}: {error}", name(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The system does not let it be written.
    #[error("cannot write {}: {error}", name(path))]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: FileError,
    },
    /// Another file was named.
    #[error("{}: not a snapshot; its name must end with .{APPROVED} or .{PENDING}", name(.0))]
    OtherFile(PathBuf),
    /// It has no head.
    #[error("{}: not a snapshot; it must begin with a head between two lines `---`", name(.0))]
    NoHead(PathBuf),
    /// What follows the head is no transcript.
    #[error("{}:{}: {}", name(path), wrong.line, wrong.what)]
    NotTranscript {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line in the file.
        wrong: NotTranscript,
    },
}

impl Snapshot {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, SnapshotError> {
        let text = text(path, LONGEST_TEXT)
            .map_err(|error| SnapshotError::Unreadable { path: path.to_owned(), error })?;
        Self::parse(&text, path)
    }

    /// The same for a text that was read from `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SnapshotError> {
        let text = text.replace("\r\n", "\n");
        let no_head = || SnapshotError::NoHead(path.to_owned());
        let rest = text.strip_prefix("---\n").ok_or_else(no_head)?;
        let (head, text) = rest.split_once("\n---\n").ok_or_else(no_head)?;
        let field = |name: &str| {
            let value = |line: &str| Some(unquoted(line.strip_prefix(name)?.strip_prefix(": ")?));
            head.lines().find_map(value).unwrap_or_default()
        };
        let transcript = text.parse().map_err(|mut wrong: NotTranscript| {
            wrong.line += head.lines().count() + 2;
            SnapshotError::NotTranscript { path: path.to_owned(), wrong }
        })?;
        Ok(Self { source: field("source"), description: field("description"), transcript })
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        let Self { source, description, transcript } = self;
        let (source, description) = (quoted(source), quoted(description));
        format!("---\nsource: {source}\ndescription: {description}\n---\n{transcript}")
    }
}

/// A scalar of YAML, quoted where it could be taken for something else.
fn quoted(text: &str) -> String {
    let text = one_line(text);
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !matches!(&*text, "true" | "false" | "null" | "yes" | "no");
    if plain { text.into_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

fn unquoted(text: &str) -> String {
    let single = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(inside) = single {
        return inside.replace("''", "'");
    }
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) => inside.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_as_it_was_written() {
        let transcript = "== session 1\n\nclient:\n  <body/>\nserver: held\n  | no XML\n";
        for description in ["plain words", "it's: quoted", "", "- dash", "\"both\" 'kinds'"] {
            let snapshot = Snapshot {
                source: "scenarios/a.yaml".to_owned(),
                description: description.to_owned(),
                transcript: transcript.parse().unwrap(),
            };
            let text = snapshot.text();
            assert!(text.ends_with(transcript), "{text}");
            assert_eq!(Snapshot::parse(&text, Path::new("a.snap")).unwrap(), snapshot);
        }
    }

    #[test]
    fn mistakes_have_the_line_of_the_file() {
        let wrong =
            |text: &str| Snapshot::parse(text, Path::new("a.snap")).unwrap_err().to_string();
        assert_eq!(
            wrong("x"),
            "a.snap: not a snapshot; it must begin with a head between two lines `---`"
        );
        let text = "---\nsource: a\n---\n== session 1\n\nserver:\n";
        assert_eq!(wrong(text), "a.snap:6: `server:` must follow `client:`");
    }
}
