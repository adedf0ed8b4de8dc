//! Where outcomes go: formats with their files, the terminal, captures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::{Args, Format, Show, options};
use crate::cli::Failure;
use crate::cli::console::{print, say, unwritable, width};
use crate::report::outcomes::{self, IN_FOLDER, Report};
use crate::runner::{Outcome, Verdict};
use crate::snapshot::Diff;
use crate::trace::capture::{Preface, Secrets, Writer};
use crate::trace::{Event, Fact};
use crate::ui::outcomes::{Outcomes, Show as Shown};
use crate::ui::{Styles, difference};
use crate::wire::tls::private;

/// A file, with the path it was asked for by.
type Named<F> = (PathBuf, F);

pub(super) struct Outputs {
    /// What people read, with the file it goes to if that is not the terminal.
    pretty: Vec<(Outcomes, Option<Named<BufWriter<File>>>)>,
    /// What programs read; written at the end, in the order of the scenarios.
    reports: Vec<(outcomes::Format, Option<Named<File>>)>,
    captures: Option<Captures>,
    /// Why each scenario was skipped.
    skipped: BTreeMap<String, usize>,
    /// The first thing that could not be written; the others are still told.
    failed: Option<String>,
}

impl Outputs {
    /// Opens all files, so that what cannot be written is told before anything is run.
    pub(super) fn open(args: &Args, started: DateTime<FixedOffset>) -> Result<Self, Failure> {
        let formats = if args.format.is_empty() { &[Format::Pretty][..] } else { &args.format };
        if args.output.len() > formats.len() {
            return Err(Failure::Usage(format!(
                "there are {} --output for {} --format: the first belongs to the first",
                args.output.len(),
                formats.len()
            )));
        }
        let bare = formats.len() - args.output.len();
        if bare > 1 {
            return Err(Failure::Usage(format!(
                "{bare} formats are without an --output; only one can go to the terminal"
            )));
        }
        let distinct: BTreeSet<_> = args.output.iter().collect();
        if distinct.len() < args.output.len() {
            return Err(Failure::Usage("two formats cannot go to one --output".to_owned()));
        }
        let mut outputs = Self {
            pretty: Vec::new(),
            reports: Vec::new(),
            captures: None,
            skipped: BTreeMap::new(),
            failed: None,
        };
        for (number, format) in formats.iter().enumerate() {
            let file = match args.output.get(number) {
                None => None,
                Some(path) => {
                    Some((path.clone(), File::create(path).map_err(|e| cannot(path, &e))?))
                }
            };
            if let Some(format) = program(*format) {
                outputs.reports.push((format, file));
            } else {
                let file = file.map(|(path, file)| (path, BufWriter::new(file)));
                outputs.pretty.push((pretty(args, file.is_none(), started), file));
            }
        }
        if let Some(folder) = &args.write {
            fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
            outputs.captures = Some(Captures::open(folder, started)?);
        }
        Ok(outputs)
    }

    /// Tells an outcome to people, with how its conversation differs from what is approved, and writes its capture.
    pub(super) fn tell(&mut self, outcome: &mut Outcome, stem: &Path, differs: Option<&Diff>) {
        if let (Verdict::Skipped, Some(reason)) = (outcome.verdict, &outcome.reason) {
            *self.skipped.entry(reason.clone()).or_default() += 1;
        }
        for (look, file) in &mut self.pretty {
            let mut block = look.block(outcome);
            if let Some(differs) = differs {
                for line in difference::text(differs, &look.styles).lines() {
                    block += &format!("    {line}\n");
                }
            }
            put(file.as_mut(), &block, &mut self.failed);
        }
        if let Some(captures) = &mut self.captures
            && !outcome.events.is_empty()
        {
            match captures.write(outcome, stem) {
                Ok(name) => outcome.capture = Some(name),
                Err(failed) => _ = self.failed.get_or_insert(failed),
            }
        }
    }

    /// Tells the rest.
    pub(super) fn finish(
        mut self,
        report: &Report,
        counts: &BTreeMap<Verdict, usize>,
    ) -> Result<(), Failure> {
        let mut summary = String::new();
        let terminal = self.pretty.iter().any(|(_, file)| file.is_none());
        for (look, file) in &mut self.pretty {
            summary = look.summary(counts, report.planned, report.time);
            let text = look.skipped(&self.skipped) + &summary;
            put(file.as_mut(), &text, &mut self.failed);
            if let Some((path, file)) = file
                && let Err(error) = file.flush()
            {
                self.failed.get_or_insert(format!("cannot write {}: {error}", path.display()));
            }
        }
        for (format, file) in &mut self.reports {
            let mut text = Vec::new();
            format.write(report, &mut text).map_err(|error| unwritable(&error))?;
            match file {
                None => {
                    print(&text)?;
                }
                Some((path, file)) => {
                    if let Err(error) = file.write_all(&text) {
                        self.failed
                            .get_or_insert(format!("cannot write {}: {error}", path.display()));
                    }
                }
            }
        }
        if let Some(captures) = &mut self.captures
            && let Err(failed) = captures.finish(report)
        {
            self.failed.get_or_insert(failed);
        }
        if !terminal {
            if summary.is_empty() {
                let look = Outcomes::plain(report.started);
                summary = look.summary(counts, report.planned, report.time);
            }
            say(summary.trim_end());
        }
        self.failed.map_or(Ok(()), |words| Err(Failure::Environment(words)))
    }
}

/// Writes to a file, or to the terminal, where a reader who has seen enough is no failure.
#[allow(clippy::needless_pass_by_value)] // it is an option of a borrow
fn put(file: Option<&mut (PathBuf, BufWriter<File>)>, text: &str, failed: &mut Option<String>) {
    let Some((path, file)) = file else {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        return;
    };
    if let Err(error) = file.write_all(text.as_bytes()) {
        failed.get_or_insert(format!("cannot write {}: {error}", path.display()));
    }
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::Environment(format!("cannot write {}: {error}", path.display()))
}

/// The format, if it is one for programs.
fn program(format: Format) -> Option<outcomes::Format> {
    Some(match format {
        Format::Pretty => return None,
        Format::Json => outcomes::Format::Json,
        Format::Junit => outcomes::Format::Junit,
        Format::Tap => outcomes::Format::Tap,
        Format::Github => outcomes::Format::Github,
        Format::Markdown => outcomes::Format::Markdown,
    })
}

fn pretty(args: &Args, stdout: bool, started: DateTime<FixedOffset>) -> Outcomes {
    let terminal = stdout && io::stdout().is_terminal();
    Outcomes {
        styles: Styles::new(stdout && args.color.decide(terminal)),
        width: width(terminal),
        show: match args.show {
            Show::Failed => Shown::Failed,
            Show::All => Shown::All,
            Show::None => Shown::None,
        },
        options: options(args),
        ..Outcomes::plain(started)
    }
}

/// A folder of captures: one for each run, in folders as its scenario is, and one file that says what came of all.
struct Captures {
    folder: PathBuf,
    outcomes: File,
    started: DateTime<FixedOffset>,
}

impl Captures {
    /// What an earlier run says of its captures is gone from here on: they are overwritten.
    fn open(folder: &Path, started: DateTime<FixedOffset>) -> Result<Self, Failure> {
        let path = folder.join(IN_FOLDER);
        let outcomes = private(&path).map_err(|error| cannot(&path, &error))?;
        Ok(Self { folder: folder.to_owned(), outcomes, started })
    }

    /// Writes what came of all.
    fn finish(&mut self, report: &Report) -> Result<(), String> {
        let mut text = Vec::new();
        outcomes::Format::Json
            .write(report, &mut text)
            .and_then(|()| self.outcomes.write_all(&text))
            .map_err(|error| {
                format!("cannot write {}: {error}", self.folder.join(IN_FOLDER).display())
            })
    }

    /// Writes a capture, and gives its name within the folder.
    fn write(&self, outcome: &Outcome, stem: &Path) -> Result<String, String> {
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
