//! One file: what is read of it, and its mistakes.

use std::path::PathBuf;
use std::sync::Arc;

use super::reader::Reader;
use crate::diag::Mistakes;
use crate::scenario::model::{Actor, Assignment, Need, Scenario, Session, Step};
use crate::scenario::source::{Located, Source};
use crate::scenario::yaml;

/// What was read of one file. What could not be understood is left out of it, and stands in the mistakes.
#[derive(Debug)]
pub(in crate::scenario) struct File {
    pub(in crate::scenario) kind: FileKind,
    /// The shared files that it uses, by path relative to its own folder.
    pub(in crate::scenario) uses: Vec<Located<PathBuf>>,
    pub(in crate::scenario) needs: Vec<Located<Need>>,
    pub(in crate::scenario) session: Said,
    pub(in crate::scenario) actors: Vec<Actor>,
    pub(in crate::scenario) set: Vec<Assignment>,
    pub(in crate::scenario) steps: Vec<Step>,
}

/// What a file says of the client's session.
#[derive(Debug, Clone)]
pub(in crate::scenario) enum Said {
    Nothing,
    /// That there is none.
    None,
    Session(Box<Session>),
}

#[derive(Debug)]
pub(in crate::scenario) enum FileKind {
    /// Without the session, actors, variables and steps, which stand in [`File`].
    Scenario(Box<Scenario>),
    /// What it sets up, in words.
    Shared,
}

/// Reads a file; nothing if nothing of it can be understood.
pub(in crate::scenario) fn read(source: &Arc<Source>) -> (Option<File>, Mistakes) {
    let mut reader = Reader::default();
    let yaml = yaml::read(source, &mut reader.mistakes);
    if yaml.is_none() {
        reader.empty(source, "a scenario begins with `name:`");
    }
    let file = yaml.and_then(|yaml| reader.file(&yaml));
    (file, reader.mistakes)
}
