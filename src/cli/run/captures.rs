//! `--write`: a folder of captures.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use crate::cli::Failure;
use crate::cli::failure::unwritable;
use crate::diag::name;
use crate::files::{Access, FileError, Inputs, Whole, within};
use crate::runner::Outcome;
use crate::trace::capture::{Preface, Secrets, Writer};
use crate::trace::{Event, Fact};
use crate::ui::outcomes::{Format, IN_FOLDER, Layout, Report};

/// A folder of captures: one for each run, in folders as its scenario is, and one file that says what came of all.
pub(super) struct Captures {
    folder: PathBuf,
    inputs: Inputs,
    outcomes: Whole,
    /// What an earlier run says of its captures is still there.
    earlier: bool,
    started: DateTime<FixedOffset>,
}

impl Captures {
    /// What an earlier run says of its captures is gone once they are overwritten, and not before.
    pub(super) fn open(
        folder: &Path,
        inputs: &Inputs,
        started: DateTime<FixedOffset>,
    ) -> Result<Self, Failure> {
        let outcomes = file(folder, Path::new(IN_FOLDER), inputs)
            .map_err(|error| unwritable(&folder.join(IN_FOLDER), error))?;
        let (folder, inputs) = (folder.to_owned(), inputs.clone());
        Ok(Self { folder, inputs, outcomes, earlier: true, started })
    }

    /// Writes what came of all.
    pub(super) fn finish(mut self, report: &Report) -> Result<(), String> {
        let mut writer = Format::Json.writer(Layout::plain(self.started));
        let written = report.write(&mut *writer, &mut self.outcomes).map_err(FileError::from);
        let path = self.folder.join(IN_FOLDER);
        written
            .and_then(|()| self.outcomes.finish())
            .map_err(|error| unwritable(&path, error).to_string())
    }

    /// Writes a capture, and gives its name within the folder.
    pub(super) fn write(&mut self, outcome: &Outcome, stem: &Path) -> Result<String, String> {
        let mut inside = stem.as_os_str().to_owned();
        inside.push(".ndjson");
        let inside = PathBuf::from(inside);
        self.put(&inside, outcome)
            .map(|()| name(&inside).to_string())
            .map_err(|error| unwritable(&self.folder.join(&inside), error).to_string())
    }

    fn put(&mut self, inside: &Path, outcome: &Outcome) -> Result<(), FileError> {
        if std::mem::take(&mut self.earlier) {
            match fs::remove_file(self.folder.join(IN_FOLDER)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let file = file(&self.folder, inside, &self.inputs)?;
        let target = format!("{}: {}", name(&outcome.scenario.place.source.path), outcome.name());
        let preface = Preface::new(self.started, target, Secrets::Hidden);
        let mut writer = Writer::new(file, &preface)?;
        for event in &outcome.events {
            writer.write(event)?;
        }
        let at = outcome.events.last().map(|event| event.at).unwrap_or_default();
        writer.write(&Event { at, conn: 0, fact: Fact::Finished })?;
        writer.into_file()?.finish()
    }
}

/// Begins a file in the folder.
fn file(folder: &Path, inside: &Path, inputs: &Inputs) -> Result<Whole, FileError> {
    Whole::create(&within(folder, inside)?, Access::Owner, inputs)
}
