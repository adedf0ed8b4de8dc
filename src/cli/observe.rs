//! From events to output: the part that `proxy` and `show` share.

use std::io::{self, Write};
use std::mem;

use chrono::{DateTime, FixedOffset};
use clap::{ArgAction, ValueEnum};
use tracing::level_filters::LevelFilter;

use super::console::{self, eprint, explain, out_is_terminal, width};
use super::failure::not_kept;
use super::options::When;
use super::{Failure, settings};
use crate::files::Inputs;
use crate::report::json::Json;
use crate::rules::{Counts, Judge, Observation, Tally};
use crate::snapshot::{Maker, Varying};
use crate::trace::filter::Filter;
use crate::trace::open::built_in;
use crate::trace::{Event, Source};
use crate::ui::{Look, Printer, Styles};

/// How traffic is printed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Output {
    /// Print only what matches, for example 'kind:message or finding'
    ///
    /// Predicates are kind, type, ns, jid, from, to, id, transport, session, sid, rid, conn, dir, frame, sm, text,
    /// status, path, empty, poll, noise, http, fault, finding and level. Combine them with and, or, not and parentheses. 'not
    /// noise' hides roster, disco, PEP and OMEMO traffic; 'level:warning' shows only warnings and errors. See
    /// docs/reference/filter.md.
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Pretty)]
    format: Format,
    #[command(flatten)]
    settings: settings::Options,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    color: When,
    /// Also print when connections open and close; -vv also logs debug messages to stderr
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for each message and stanza, followed by the XML
    Pretty,
    /// Like pretty, without the XML
    Compact,
    /// One JSON object per line, for programs; see docs/reference/json.md
    Json,
    /// Only what stays the same from run to run, by session, printed at the end; see docs/reference/transcript.md
    Transcript,
}

impl Output {
    /// The program's own log, on stderr.
    pub(super) fn start_log(&self) {
        let level = match self.verbose {
            0 | 1 => LevelFilter::WARN,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        // A second call, as in tests, keeps the first log.
        let _ = tracing_subscriber::fmt()
            .with_writer(console::err)
            .with_max_level(level)
            .with_ansi(false)
            .without_time()
            .try_init();
    }

    /// When there is colour.
    pub(super) fn color(&self) -> When {
        self.color
    }

    /// What is read for it.
    pub(super) fn inputs(&self) -> Inputs {
        Inputs::of([self.settings.file()])
    }

    /// Checks the filter, and prepares the output.
    pub(super) fn open(
        &self,
        started: DateTime<FixedOffset>,
        source: Option<&Source>,
        out: Box<dyn Write + Send>,
    ) -> Result<View, Failure> {
        let filter = match &self.filter {
            None => Filter::all(),
            Some(text) => Filter::parse(text).map_err(|mistake| {
                explain(&mistake, self.color);
                Failure::Usage("--filter is not a valid expression".to_owned())
            })?,
        };
        let terminal = out_is_terminal();
        let colour = self.color.decide(terminal);
        let mut sink = match self.format {
            Format::Json => Sink::Json(Json::new(out, started).of(source.cloned())),
            Format::Transcript if self.filter.is_some() => {
                return Err(Failure::Usage(
                    "--filter cannot be used with --format transcript: a transcript is always complete"
                        .to_owned(),
                ));
            }
            Format::Transcript => {
                let replace = self.settings.read(self.color)?.replace;
                let varying = Varying { replace, ..Varying::default() };
                Sink::Transcript(out, varying, Box::default())
            }
            Format::Pretty | Format::Compact => {
                let look = Look {
                    styles: Styles::new(colour),
                    width: width(terminal),
                    xml: self.format == Format::Pretty,
                    live: terminal,
                    verbose: self.verbose > 0,
                    ..Look::plain(started)
                };
                Sink::Printer(Box::new(Printer::new(out, look)))
            }
        };
        let said = match (&mut sink, source) {
            // Programs have it in the first line, and a transcript is what remains the same of all sources.
            (Sink::Printer(printer), Some(source)) => printer.source(source),
            (Sink::Transcript(..), Some(source)) => {
                eprint(&format!("# {source}"));
                Ok(())
            }
            _ => Ok(()),
        };
        Ok(View {
            judge: Judge::new(source),
            filter,
            sink,
            counts: Counts::default(),
            tally: Tally::default(),
            seen: Vec::new(),
            terminal,
            end: End::of(said),
        })
    }
}

enum Sink {
    Printer(Box<Printer<Box<dyn Write + Send>>>),
    Json(Json<Box<dyn Write + Send>>),
    /// A transcript is printed when all events are known.
    Transcript(Box<dyn Write + Send>, Varying, Box<Maker>),
}

/// Judges events, filters them and prints them.
pub(super) struct View {
    judge: Judge,
    filter: Filter,
    sink: Sink,
    counts: Counts,
    /// The incidents that were printed.
    tally: Tally,
    seen: Vec<Observation>,
    terminal: bool,
    end: Option<End>,
}

impl View {
    /// Takes the next event.
    pub(super) fn take(&mut self, event: Event) {
        if let Sink::Transcript(_, _, maker) = &mut self.sink {
            maker.take(&event, true);
            return;
        }
        self.judge.take(event, &mut self.seen);
        self.show();
    }

    /// Time has passed.
    pub(super) fn wake(&mut self, now: std::time::Duration) {
        self.judge.wake(now, &mut self.seen);
        self.show();
    }

    /// When [`View::wake`] should be called, if no event comes before.
    pub(super) fn deadline(&self) -> Option<std::time::Duration> {
        self.judge.deadline()
    }

    fn show(&mut self) {
        let story = self.judge.story();
        for seen in self.seen.drain(..) {
            self.counts.count(&seen, story);
            if self.end.is_some() {
                continue;
            }
            let kept = self.filter.keep(&seen.subject(story));
            if kept.message {
                for finding in &seen.findings {
                    self.tally.count(seen.at, finding);
                }
            }
            let shown = match &mut self.sink {
                Sink::Printer(printer) => printer.show(&seen, story, &kept),
                Sink::Json(json) => json.show(&seen, story, &kept),
                Sink::Transcript(..) => Ok(()),
            };
            self.end = End::of(shown);
        }
    }

    /// Says something between the traffic. What programs read holds no such thing: there it goes to stderr.
    pub(super) fn narrate(&mut self, text: &str) {
        if self.end.is_some() {
            return;
        }
        match &mut self.sink {
            Sink::Printer(printer) => {
                self.end = End::of(printer.narrate(text, self.judge.story()));
            }
            Sink::Json(_) | Sink::Transcript(..) => {
                text.lines().for_each(|line| eprint(format!("# {line}").trim_end()));
            }
        }
    }

    /// Brings what was printed to the reader's eyes.
    pub(super) fn flush(&mut self) {
        if self.end.is_some() {
            return;
        }
        let story = self.judge.story();
        let flushed = match &mut self.sink {
            Sink::Printer(printer) => {
                printer.resize(width(self.terminal));
                printer.flush(story)
            }
            Sink::Json(json) => json.flush(),
            Sink::Transcript(..) => Ok(()),
        };
        self.end = End::of(flushed);
    }

    /// Why nothing more is printed, if so.
    pub(super) fn end(&self) -> Option<End> {
        self.end
    }

    /// Prints the summary.
    pub(super) fn finish(&mut self) {
        if self.end.is_some() {
            return;
        }
        let story = self.judge.story();
        let finished = match &mut self.sink {
            Sink::Printer(printer) => printer.finish(story, &self.counts, &self.tally),
            Sink::Json(json) => json.finish(&self.counts, &self.tally),
            Sink::Transcript(out, varying, maker) => {
                let transcript = mem::take(&mut **maker).finish(varying);
                let written = write!(out, "{transcript}").and_then(|()| out.flush());
                if let Err(error) = transcript.check() {
                    eprint(&format!("xmppscope: {}; the transcript is wrong", not_kept(&error)));
                    self.end = Some(End::Failed);
                    return;
                }
                written
            }
        };
        self.end = End::of(finished);
    }
}

/// Why the output ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The reader of a pipe has seen enough.
    ReaderLeft,
    /// It can't be written; that has been said.
    Failed,
}

impl End {
    fn of(result: io::Result<()>) -> Option<Self> {
        match result {
            Ok(()) => None,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Some(Self::ReaderLeft),
            Err(error) => {
                eprint(&format!("xmppscope: cannot print: {error}; printing stops here"));
                Some(Self::Failed)
            }
        }
    }
}

/// Says that what is read is not a file, but a recording that is part of the program.
pub(super) fn say_built_in(path: &std::path::Path) {
    if built_in(path).is_some() {
        let words = "xmppscope: there is no such file here; reading the recording of this name that is part of xmppscope";
        eprint(words);
    }
}
