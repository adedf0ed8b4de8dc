//! Whether progress is shown: on a terminal that a person looks at, never in the log of a CI system. And the reading of
//! files, as the progress of many commands.

use std::fs;
use std::path::Path;

use super::ci::in_ci;
use super::console::err_is_terminal;
use crate::trace::open::Position;
use crate::ui::{Progress, Unit};

/// Begins something that may take long.
pub(super) fn progress(what: &str, unit: Unit, all: Option<u64>) -> Progress {
    Progress::new(is_shown(), what, unit, all)
}

/// Files that are read one after the other.
pub(super) struct Reading {
    shown: Progress,
    /// How many bytes of former files were read.
    before: u64,
    /// Of the current file.
    position: Position,
}

impl Reading {
    /// Begins with files, which are called `what`.
    pub(super) fn begin<P: AsRef<Path>>(what: &str, files: &[P]) -> Self {
        let about = |path: &P| fs::metadata(path).ok().filter(fs::Metadata::is_file);
        let all = files.iter().map(|path| about(path).map(|about| about.len())).sum();
        let shown = progress(&format!("reading {what}"), Unit::Bytes, all);
        Self { shown, before: 0, position: Position::default() }
    }

    /// The next file is open.
    pub(super) fn file(&mut self, position: &Position) {
        self.before += self.position.bytes();
        self.position = position.clone();
    }

    /// More of it was read.
    pub(super) fn update(&self) {
        self.shown.set(self.before + self.position.bytes());
    }

    /// Prints something else meanwhile.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.shown.aside(print)
    }
}

fn is_shown() -> bool {
    #[allow(clippy::disallowed_methods)] // cli reads the environment
    let terminal = std::env::var_os("TERM");
    err_is_terminal() && terminal.is_none_or(|name| name != "dumb") && !in_ci()
}
