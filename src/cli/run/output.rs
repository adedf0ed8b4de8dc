//! Where outcomes go: each format to its file or to the terminal, and captures to their folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::captures::Captures;
use super::reporting::Reporting;
use crate::cli::Failure;
use crate::cli::console::{eprint, out_is_terminal, print, print_data, width};
use crate::cli::failure::unwritable;
use crate::files::{Access, Inputs, Whole};
use crate::runner::Outcome;
use crate::snapshot::Diff;
use crate::ui::Styles;
use crate::ui::outcomes::{Again, Format, Layout, Plan, Report, Writer};

/// All formats that were asked for, and captures.
pub(in crate::cli) struct Outputs {
    formats: Vec<Output>,
    captures: Option<Captures>,
    /// The first thing that could not be written; the others are still written.
    failed: Option<String>,
}

/// A format, and where it goes.
struct Output {
    format: Format,
    writer: Box<dyn Writer>,
    /// Not the terminal, but this file.
    file: Option<(PathBuf, Whole)>,
}

impl Output {
    /// Writes something of it, or says why it cannot be written.
    fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Writer, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), String> {
        match &mut self.file {
            None => {
                let mut text = Vec::new();
                write(&mut *self.writer, &mut text)
                    .map_err(|error| format!("cannot print: {error}"))?;
                let printed = if self.format == Format::Pretty {
                    print(&String::from_utf8_lossy(&text))
                } else {
                    print_data(&text)
                };
                printed.map(|_| ()).map_err(|failure| failure.to_string())
            }
            Some((path, file)) => {
                write(&mut *self.writer, file).map_err(|error| unwritable(path, error).to_string())
            }
        }
    }

    /// Writes the end of it, and puts its file in its place.
    fn finish(mut self, report: &Report) -> Result<(), String> {
        let live = self.format.is_live();
        self.write(|writer, out| {
            if live { writer.finished(&report.summary, out) } else { report.write(writer, out) }
        })?;
        match self.file {
            None => Ok(()),
            Some((path, file)) => {
                file.finish().map_err(|error| unwritable(&path, error).to_string())
            }
        }
    }
}

impl Outputs {
    /// Opens all files, so that a file that cannot be written is reported before anything runs. None of them is one of
    /// `inputs`, and what they held before stays until the run is over.
    pub(in crate::cli) fn open(
        args: &Reporting,
        again: &Again,
        inputs: &Inputs,
        started: DateTime<FixedOffset>,
    ) -> Result<Self, Failure> {
        let formats = if args.format.is_empty() { &[Format::Pretty][..] } else { &args.format };
        if args.output.len() > formats.len() {
            return Err(Failure::Usage(format!(
                "{} --output options for {} --format options: each --output needs a --format",
                args.output.len(),
                formats.len()
            )));
        }
        let bare = formats.len() - args.output.len();
        if bare > 1 {
            return Err(Failure::Usage(format!(
                "{bare} formats have no --output; only one format can go to standard output"
            )));
        }
        let mut places = BTreeSet::new();
        let mut outputs = Self { formats: Vec::new(), captures: None, failed: None };
        for (number, format) in formats.iter().enumerate() {
            let file = match args.output.get(number) {
                None => None,
                Some(path) => {
                    let file = Whole::create(path, Access::Usual, inputs)
                        .map_err(|error| unwritable(path, error))?;
                    if !places.insert(absolute(file.place())) {
                        let words = "two formats cannot share one --output";
                        return Err(Failure::Usage(words.to_owned()));
                    }
                    Some((path.clone(), file))
                }
            };
            let writer = format.writer(layout(args, again, file.is_none(), started));
            outputs.formats.push(Output { format: *format, writer, file });
        }
        if let Some(folder) = &args.write {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
            outputs.captures = Some(Captures::open(folder, inputs, started)?);
        }
        Ok(outputs)
    }

    /// The run has begun.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.live(|writer, out| writer.begun(plan, out));
    }

    /// A scenario has ended, with a conversation that differs so from what is approved. Writes its capture, and notes its name.
    pub(super) fn take(&mut self, outcome: &mut Outcome, stem: &Path, differs: Option<&Diff>) {
        self.live(|writer, out| writer.outcome(outcome, differs, out));
        if let Some(captures) = &mut self.captures
            && !outcome.events.is_empty()
        {
            match captures.write(outcome, stem) {
                Ok(name) => outcome.capture = Some(name),
                Err(failed) => _ = self.failed.get_or_insert(failed),
            }
        }
    }

    /// The run has finished.
    pub(super) fn finish(mut self, report: &Report) -> Result<(), Failure> {
        let printed = |output: &Output| output.format.is_live() && output.file.is_none();
        let is_printed = self.formats.iter().any(printed);
        for output in self.formats {
            self.failed = self.failed.or(output.finish(report).err());
        }
        if let Some(captures) = self.captures {
            self.failed = self.failed.or(captures.finish(report).err());
        }
        if !is_printed {
            eprint(&report.summary.in_words());
        }
        self.failed.map_or(Ok(()), |words| Err(Failure::Environment(words)))
    }

    /// Passes an event to the formats that are written as scenarios end.
    fn live(&mut self, tell: impl Fn(&mut dyn Writer, &mut dyn Write) -> io::Result<()>) {
        for output in self.formats.iter_mut().filter(|output| output.format.is_live()) {
            if let Err(failed) = output.write(&tell) {
                self.failed.get_or_insert(failed);
            }
        }
    }
}

/// A path from the root, by whatever name its folder is called.
fn absolute(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// The layout of what people read.
fn layout(args: &Reporting, again: &Again, stdout: bool, started: DateTime<FixedOffset>) -> Layout {
    let terminal = stdout && out_is_terminal();
    Layout {
        styles: Styles::new(stdout && args.color.decide(terminal)),
        width: width(terminal),
        show: args.show,
        again: again.clone(),
        ..Layout::plain(started)
    }
}
