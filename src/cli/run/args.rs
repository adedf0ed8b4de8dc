//! `xmppscope run`: scenarios against a connection manager.

mod against;
mod list;
mod output;
mod progress;
mod snapshots;
mod stems;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use super::check::sound;
use super::console::say;
use super::options::When;
use super::{Failure, exit, settings};
use crate::clock::Clock;
use crate::report::outcomes::{Bearing, bearing};
use crate::runner::{self, Job, Outcome, Software, Verdict};
use crate::scenario::{Only, Scenario};
use crate::ui::outcomes::quoted;
use against::Against;
use output::Outputs;
use progress::Progress;
use snapshots::{Snapshots, Update};

/// Check a connection manager with scenarios
///
/// Each scenario plays a client, and says which requirements of XEP-0124 and XEP-0206 it checks. Without a target they run
/// against the embedded reference connection manager, in virtual time. What is only recommended is a warning, unless
/// --strict is given.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope run scenarios/
  xmppscope run scenarios/ --target http://127.0.0.1:5280/http-bind
  xmppscope run scenarios/ --target targets/prosody.yaml --strict
  xmppscope run scenarios/ --only 'section:14 and not needs:slow' --list
  xmppscope run scenarios/ --format junit --output report.xml --format pretty
  xmppscope run scenarios/ --defect bosh-no-chunked --show all
  xmppscope run scenarios/ --write captures; xmppscope report captures -o report.html

Exit status:
  0  all held
  1  something demanded was not kept; with --strict also something recommended,
     or a known deviation is gone
  2  wrong usage, or a scenario or target that cannot be understood
  3  the target cannot be reached, or a scenario could not be carried out
  130  interrupted; what was done is told")]
pub(super) struct Args {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The connection manager: a URL, or a file that says what is known of it
    #[arg(long, value_name = "FILE|URL")]
    target: Option<String>,
    /// The XMPP domain, where the target is a URL; localhost if it is not said
    #[arg(long, value_name = "DOMAIN", requires = "target")]
    domain: Option<String>,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", requires = "target")]
    ca_file: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long, requires = "target")]
    insecure: bool,
    /// What is only recommended fails the run too, and so does a known deviation that is gone
    #[arg(long)]
    strict: bool,
    /// Only these scenarios: words of path, name or requirement, joined by and, or, not
    ///
    /// Also path:, name:, covers:, section:14.3, level:must, needs:accounts, and row:2 of a sweep;
    /// docs/reference/run.md describes them. --list shows what is left.
    #[arg(long, value_name = "EXPR")]
    only: Option<String>,
    /// How many run at a time
    ///
    /// If it is not said: what the target's file says, or 32; without a target one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// List the scenarios that would be run, and stop
    #[arg(long)]
    list: bool,
    /// Switch a defect of the embedded connection manager on; may be given several times
    #[arg(long, value_name = "ID", conflicts_with = "target")]
    defect: Vec<String>,
    /// Of which scenarios the traffic is printed
    #[arg(long, value_enum, default_value_t = Show::Failed, help_heading = "Output")]
    show: Show,
    /// Write a capture of each scenario into this folder, and what came of all to outcomes.ndjson in it
    ///
    /// `xmppscope report DIR` makes a page of the folder. outcomes.ndjson holds what --format json prints; there, `capture` is
    /// the path of the capture within the folder.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    write: Option<PathBuf>,
    /// Compare each conversation with what is approved in this folder, and fail if it is another
    ///
    /// What is compared is a transcript: what stays the same from run to run, see docs/reference/transcript.md.
    #[arg(long, value_name = "DIR", help_heading = "Snapshots")]
    snapshots: Option<PathBuf>,
    /// What becomes of a conversation that is not as approved; no in CI, where the variable CI is set, else new
    #[arg(long, value_enum, requires = "snapshots", help_heading = "Snapshots")]
    update: Option<Update>,
    #[command(flatten)]
    settings: settings::Options,
    /// How outcomes are told; may be given several times
    ///
    /// docs/reference/run.md says what each of them holds.
    #[arg(long, value_enum, help_heading = "Output")]
    format: Vec<Format>,
    /// The file of a format: the first --output is that of the first --format, and so on
    ///
    /// One format, the last, may be without: it goes to the terminal.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    output: Vec<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// Of those that failed or warned, about that alone
    Failed,
    /// Of all
    All,
    /// Of none
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Pretty,
    /// One JSON object a line
    Json,
    /// The XML that CI systems read
    Junit,
    /// Test Anything Protocol 14
    Tap,
    /// Commands that mark lines in GitHub
    Github,
    /// Tables for the summary of a job
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let only = args.only.as_deref().map(|text| expression(text, args.color)).transpose()?;
    let against = Against::of(args)?;
    let scenarios: Vec<Arc<Scenario>> =
        sound(&args.paths, args.color)?.scenarios.into_iter().map(Arc::new).collect();
    let all = runner::jobs(&scenarios);
    let names = stems::stems(&all);
    if args.snapshots.is_some() || args.write.is_some() {
        stems::distinct(&all, &names, args.write.is_some())?;
    }
    let kept = |job: &Job| only.as_ref().is_none_or(|only| only.keeps(&job.scenario, job.row));
    let (jobs, stems): (Vec<Job>, Vec<PathBuf>) =
        all.into_iter().zip(names).filter(|(job, _)| kept(job)).unzip();
    if jobs.is_empty() {
        let only = args.only.as_deref().unwrap_or_default();
        return Err(Failure::Usage(format!("--only {}: there is no such scenario", quoted(only))));
    }
    if args.list {
        return list::list(&jobs, &against);
    }
    let snapshots = Snapshots::of(args, args.settings.read(args.color)?);
    let outputs = Outputs::open(args, against.started())?;
    let mut run = Run {
        snapshots,
        stems,
        progress: Progress::new(jobs.len()),
        counts: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        outputs,
        software: None,
    };
    let clock = Clock::start();
    say(&format!("against {}", against.words()));
    let ended = against.run(args, &jobs, &mut run)?;
    run.finish(args, &against, &jobs, ended, clock)
}

fn expression(text: &str, color: When) -> Result<Only, Failure> {
    Only::parse(text).map_err(|wrong| {
        say(&wrong.render(color.decide(io::stderr().is_terminal())));
        Failure::Usage("--only cannot be understood".to_owned())
    })
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All was run.
    Whole,
    /// A person, or the system, wanted it to end.
    Interrupted,
}

/// A run, and what came of it so far.
struct Run {
    snapshots: Option<Snapshots>,
    /// What the files of each are called, by place.
    stems: Vec<PathBuf>,
    progress: Progress,
    counts: BTreeMap<Verdict, usize>,
    /// What came of each, by place; without its events, which are told at once or never.
    outcomes: BTreeMap<usize, Outcome>,
    outputs: Outputs,
    /// What the server says that it is.
    software: Option<Software>,
}

impl Run {
    fn take(&mut self, place: usize, mut outcome: Outcome) {
        let stem = &self.stems[place];
        let snapshots = self.snapshots.as_mut();
        let differs = snapshots.and_then(|snapshots| snapshots.compare(&mut outcome, stem));
        *self.counts.entry(outcome.verdict).or_default() += 1;
        self.progress.clear();
        self.outputs.tell(&mut outcome, stem, differs.as_ref());
        outcome.events = Vec::new();
        let bad = matches!(outcome.verdict, Verdict::Failed | Verdict::Broken);
        self.outcomes.insert(place, outcome);
        self.progress.done(bad);
    }

    fn finish(
        mut self,
        args: &Args,
        against: &Against,
        jobs: &[Job],
        ended: Ended,
        clock: Clock,
    ) -> Result<u8, Failure> {
        self.progress.clear();
        let worst = self.counts.keys().map(|verdict| bearing(*verdict, args.strict)).max();
        let report = crate::report::outcomes::Report {
            target: against.words(),
            name: against.name().to_owned(),
            about: against.about().map(str::to_owned),
            software: self.software,
            started: clock.started(),
            planned: jobs.len(),
            strict: args.strict,
            interrupted: ended == Ended::Interrupted,
            time: clock.now(),
            outcomes: self.outcomes.into_values().collect(),
        };
        self.outputs.finish(&report, &self.counts)?;
        if let Some(snapshots) = &self.snapshots {
            say(&snapshots.summary());
        }
        Ok(match (ended, worst) {
            (Ended::Interrupted, _) => exit::INTERRUPTED,
            (_, Some(Bearing::Bad)) => exit::DIFFERS,
            (_, Some(Bearing::Broken)) => exit::ENVIRONMENT,
            _ => exit::OK,
        })
    }
}

/// The options that a scenario is to be run alone with.
fn options(args: &Args) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: &str| text += &format!(" --{name} {}", quoted(value));
    if let Some(target) = &args.target {
        add("target", target);
    }
    if let Some(domain) = &args.domain {
        add("domain", domain);
    }
    if let Some(file) = &args.ca_file {
        add("ca-file", &file.to_string_lossy());
    }
    for defect in &args.defect {
        add("defect", defect);
    }
    if let Some(folder) = &args.snapshots {
        add("snapshots", &folder.to_string_lossy());
    }
    for (given, name) in [(args.insecure, "insecure"), (args.strict, "strict")] {
        if given {
            text += &format!(" --{name}");
        }
    }
    text
}
