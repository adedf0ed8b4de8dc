//! What a command makes of a recording, for people to keep: it is there when it is whole, and replaces nothing without
//! `--force`.

use std::io::{self, Write as _};
use std::path::Path;

use super::Failure;
use super::failure::unwritable;
use crate::files::{Access, Inputs, Whole};
use crate::trace::Event;
use crate::trace::capture::{Preface, Writer};

/// A file that is begun.
pub(super) struct Kept<'a> {
    path: &'a Path,
    file: Whole,
}

impl<'a> Kept<'a> {
    /// Begins the file, before there is something to write: what keeps it from being written is told at once.
    pub(super) fn begin(
        path: &'a Path,
        access: Access,
        inputs: &Inputs,
        force: bool,
    ) -> Result<Self, Failure> {
        let file = Whole::keeping(path, access, inputs, force);
        Ok(Self { path, file: file.map_err(|error| unwritable(path, error))? })
    }

    /// Its name, as it was given.
    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    /// What writes it.
    pub(super) fn file(&mut self) -> &mut Whole {
        &mut self.file
    }

    /// Puts it in its place.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.file.finish().map_err(|error| unwritable(self.path, error))
    }

    /// It holds this text.
    pub(super) fn text(mut self, text: &str) -> Result<(), Failure> {
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|error| unwritable(self.path, error))?;
        self.finish()
    }

    /// It is a capture of these events.
    pub(super) fn capture(mut self, preface: &Preface, events: &[Event]) -> Result<(), Failure> {
        let written = write(&mut self.file, preface, events);
        written.map_err(|error| unwritable(self.path, error))?;
        self.finish()
    }
}

fn write(file: &mut Whole, preface: &Preface, events: &[Event]) -> io::Result<()> {
    let mut writer = Writer::new(file, preface)?;
    for event in events {
        writer.write(event)?;
    }
    writer.flush()
}

/// The file that is written, if it is not standard output.
pub(super) fn to_file(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| path.as_os_str() != "-")
}
