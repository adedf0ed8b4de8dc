//! From YAML to the model. Every mistake is noted with its place, and reading goes on with what can be understood, so
//! that a file is told all its mistakes at once.

mod content;
mod expectations;
mod fields;
mod head;
mod requests;
mod sessions;
pub(super) mod settings;
mod steps;
pub(super) mod target;
mod values;

use std::path::PathBuf;
use std::sync::Arc;

pub(super) use expectations::{LEVEL, NO_ANSWER, TERMINAL};
pub(super) use head::PROVISIONS;
pub(super) use requests::{ENCODING, END};
pub(super) use sessions::{CONNECTIONS, HTTP, OPENED, TERMS, VIA};
pub(super) use steps::{ACTION, KINDS};

use super::model::{Actor, Assignment, Need, Scenario, Session, Step};
use super::source::{Located, Place, Source};
use super::yaml;
use crate::diag::Diagnostic;

/// What was read of one file. What could not be understood is left out of it, and stands in the mistakes.
#[derive(Debug)]
pub(super) struct File {
    pub(super) kind: FileKind,
    /// The shared files that it uses, by path relative to its own folder.
    pub(super) uses: Vec<Located<PathBuf>>,
    pub(super) needs: Vec<Located<Need>>,
    pub(super) session: Said,
    pub(super) actors: Vec<Actor>,
    pub(super) set: Vec<Assignment>,
    pub(super) steps: Vec<Step>,
}

/// What a file says of the client's session.
#[derive(Debug, Clone)]
pub(super) enum Said {
    Nothing,
    /// That there is none.
    None,
    Session(Box<Session>),
}

#[derive(Debug)]
pub(super) enum FileKind {
    /// Without the session, actors, variables and steps, which stand in [`File`].
    Scenario(Box<Scenario>),
    /// What it sets up, in words.
    Shared,
}

/// Reads a file; nothing if nothing of it can be understood.
pub(super) fn read(source: &Arc<Source>) -> (Option<File>, Vec<Diagnostic>) {
    let mut reader = Reader { mistakes: Vec::new() };
    let yaml = yaml::read(source, &mut reader.mistakes);
    if yaml.is_none() {
        reader.empty(source, "a scenario begins with `name:`");
    }
    let file = yaml.and_then(|yaml| reader.file(&yaml));
    (file, reader.mistakes)
}

/// Notes mistakes while values are read.
struct Reader {
    mistakes: Vec<Diagnostic>,
}

impl Reader {
    /// What was read of a file, if there is no mistake in it; else all mistakes, in the order of their places.
    fn whole<T>(
        mut self,
        source: &Arc<Source>,
        read: Option<T>,
        expected: &str,
    ) -> Result<T, Vec<Diagnostic>> {
        if read.is_none() {
            self.empty(source, expected);
        }
        match read {
            Some(read) if self.mistakes.is_empty() => Ok(read),
            _ => {
                self.mistakes.sort_by_key(|mistake| mistake.span.start);
                Err(self.mistakes)
            }
        }
    }

    /// There is nothing in a file; if it is no YAML, that was told.
    fn empty(&mut self, source: &Arc<Source>, expected: &str) {
        if self.mistakes.is_empty() {
            let whole = Place { source: Arc::clone(source), span: 0..0 };
            self.wrong(&whole, "the file is empty", expected);
        }
    }

    fn wrong(&mut self, place: &Place, message: impl Into<String>, label: impl Into<String>) {
        self.mistakes.push(place.mistake(message, label));
    }

    fn wrong_with_help(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut mistake = place.mistake(message, label);
        mistake.help = Some(help.into());
        self.mistakes.push(mistake);
    }
}
