//! `--write`: a folder of captures.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use crate::cli::Failure;
use crate::cli::observe::unwritable;
use crate::runner::Outcome;
use crate::trace::capture::{Preface, Secrets, Writer};
use crate::trace::{Event, Fact};
use crate::ui::outcomes::{Format, IN_FOLDER, Layout, Report};
use crate::wire::owner_only;

/// A folder of captures: one for each run, in folders as its scenario is, and one file that says what came of all.
pub(super) struct Captures {
    folder: PathBuf,
    outcomes: File,
    started: DateTime<FixedOffset>,
}

impl Captures {
    /// What an earlier run says of its captures is gone from here on: they are overwritten.
    pub(super) fn open(folder: &Path, started: DateTime<FixedOffset>) -> Result<Self, Failure> {
        let path = folder.join(IN_FOLDER);
        let outcomes = owner_only::create(&path).map_err(|error| unwritable(&path, &error))?;
        Ok(Self { folder: folder.to_owned(), outcomes, started })
    }

    /// Writes what came of all.
    pub(super) fn finish(&mut self, report: &Report) -> Result<(), String> {
        let mut text = Vec::new();
        let mut writer = Format::Json.writer(Layout::plain(self.started));
        report.write(&mut *writer, &mut text).and_then(|()| self.outcomes.write_all(&text)).map_err(
            |error| format!("cannot write {}: {error}", self.folder.join(IN_FOLDER).display()),
        )
    }

    /// Writes a capture, and gives its name within the folder.
    pub(super) fn write(&self, outcome: &Outcome, stem: &Path) -> Result<String, String> {
        let mut name = stem.as_os_str().to_owned();
        name.push(".ndjson");
        let path = self.folder.join(&name);
        self.put(&path, outcome)
            .map(|()| name.to_string_lossy().into_owned())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    fn put(&self, path: &Path, outcome: &Outcome) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let target =
            format!("{}: {}", outcome.scenario.place.source.path.display(), outcome.name());
        let mut writer =
            Writer::create(path, &Preface::new(self.started, target, Secrets::Hidden))?;
        for event in &outcome.events {
            writer.write(event)?;
        }
        let at = outcome.events.last().map(|event| event.at).unwrap_or_default();
        writer.write(&Event { at, conn: 0, fact: Fact::Finished })?;
        writer.flush()
    }
}
