//! The options of `xmppscope run`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ValueEnum, ValueHint};

use crate::cli::options::{When, name_server};
use crate::cli::settings;
use crate::diag::name;
use crate::scenario::Transport;
use crate::snapshot;
use crate::ui::outcomes::{Format, Show};
use crate::ui::quoted;
use crate::wire::names::Pinned;

/// Test a server with scenarios
///
/// Each scenario plays a client, over BOSH, WebSocket or TCP, and lists the requirements that it checks. Without a path, the
/// scenarios are those of the conformance pack that is part of xmppscope (`xmppscope scenarios`). Without --target, they
/// run in virtual time against the embedded connection manager. A violated recommendation (SHOULD) is a
/// warning, unless --strict is used.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope run
  xmppscope run --target http://127.0.0.1:5280/http-bind
  xmppscope run --target targets/mine.yaml --strict
  xmppscope run --target wss://chat.example/xmpp-websocket --domain chat.example
  xmppscope run --domain chat.example
  xmppscope run --carrier websocket
  xmppscope run --only 'section:14 and not needs:slow' --list
  xmppscope run --format junit --output report.xml --format pretty
  xmppscope run --defect bosh-no-chunked --show all
  xmppscope run --write captures; xmppscope report captures -o report.html
  xmppscope run my-scenarios/ mine.yaml

Exit status:
  0  no requirement is violated
  1  a requirement is violated, or a conversation differs from its snapshot;
     with --strict, also a violated recommendation, or a known deviation that
     no longer occurs
  2  wrong usage, or a scenario or target file with mistakes
  3  the target cannot be reached, or a scenario could not be carried out
  130  interrupted; the outcomes so far are printed")]
#[command(group(clap::ArgGroup::new("server").multiple(true)))]
pub(in crate::cli) struct Args {
    /// Scenario files, or folders of them [default: the conformance pack that is part of xmppscope]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Server to test: a URL, a domain, or a target file that describes it [default: the embedded one]
    ///
    /// A domain is looked up as clients do: host-meta (XEP-0156), SRV records, and the usual paths.
    /// The name of a target that is part of xmppscope (ejabberd, prosody) is accepted, too; a file of that name goes
    /// first. `xmppscope generate target NAME` prints it.
    #[arg(long, value_name = "FILE|URL|DOMAIN", group = "server", value_hint = ValueHint::FilePath)]
    pub(super) target: Option<String>,
    /// XMPP domain, if the target is a URL [default: localhost]; without a target, the domain to look up and test
    #[arg(long, value_name = "DOMAIN", group = "server")]
    pub(super) domain: Option<String>,
    /// Trust only the CA certificates in this PEM file
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(super) ca_file: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long, requires = "server")]
    pub(super) insecure: bool,
    /// Connect to ADDR instead of HOST's address, and to PORT if given; repeatable
    #[arg(long, value_name = "HOST:ADDR[:PORT]", requires = "server")]
    pub(super) resolve: Vec<Pinned>,
    /// Name server to use instead of the system's
    #[arg(long, value_name = "ADDR[:PORT]", requires = "server", value_parser = name_server)]
    pub(super) dns: Option<SocketAddr>,
    /// Also fail on violated recommendations (SHOULD), and on known deviations that no longer occur
    #[arg(long)]
    pub(super) strict: bool,
    /// Run only scenarios that match words of path, name or requirement, joined by and, or, not
    ///
    /// Predicates: path:, name:, covers:, section:14.3, level:must, needs:accounts, carrier:websocket, and row:2 of a
    /// sweep. See
    /// docs/reference/run.md. Use --list to see which scenarios match.
    #[arg(long, value_name = "EXPR")]
    pub(super) only: Option<String>,
    /// Run only scenarios whose sessions are carried by BOSH, WebSocket or TCP; repeatable
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Transport::ALL.map(|(word, _)| word)))]
    pub(super) carrier: Vec<String>,
    /// Scenarios to run in parallel [default: the target file's value, or 32]
    ///
    /// Scenarios that need `slow` mostly wait: twice as many of them run beside the others, unless it is 1. Without --target, the
    /// default is one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) jobs: Option<u16>,
    /// Run a failed scenario again after all others, this many times; one that does not fail each time is unsteady [default: 2]
    ///
    /// A failure that does not repeat shows a race, or a machine or network that is busy: it says nothing for the run as a
    /// whole. With 0, nothing is run again. Without --target, virtual time repeats every failure anyway.
    #[arg(long, value_name = "N", requires = "server", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) confirm: Option<u8>,
    /// List the scenarios that would run, and exit
    #[arg(long)]
    pub(super) list: bool,
    /// Enable a defect of the embedded connection manager; repeatable
    #[arg(long, value_name = "ID", conflicts_with = "server")]
    pub(super) defect: Vec<String>,
    /// Print the traffic of these scenarios
    #[arg(long, value_enum, default_value_t = Show::Failed, help_heading = "Output")]
    pub(super) show: Show,
    /// Write a capture of each scenario to this folder, and all outcomes to outcomes.ndjson in it
    ///
    /// `xmppscope report DIR` turns the folder into an HTML page. outcomes.ndjson has the format of --format json;
    /// `capture` is the path of a capture within the folder.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(super) write: Option<PathBuf>,
    /// Compare each conversation with its approved snapshot in this folder, and fail if they differ
    ///
    /// Snapshots are transcripts: they contain only what stays the same from run to run. See
    /// docs/reference/transcript.md.
    #[arg(long, value_name = "DIR", help_heading = "Snapshots")]
    pub(super) snapshots: Option<PathBuf>,
    /// What to do with new or changed conversations [default: no if the variable CI is set, otherwise new]
    #[arg(long, value_enum, requires = "snapshots", help_heading = "Snapshots")]
    pub(super) update: Option<Update>,
    #[command(flatten)]
    pub(super) settings: settings::Options,
    /// Output format; repeatable [default: pretty]
    ///
    /// docs/reference/run.md describes each format.
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Vec<Format>,
    /// Output file of a format: the first --output is for the first --format, and so on
    ///
    /// The last format may have no file; it goes to standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Vec<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    pub(super) color: When,
}

/// What to do with a conversation that is new, or differs from its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Update {
    /// Write it to a .snap.new file, for review
    New,
    /// Approve it
    All,
    /// Write nothing
    No,
}

impl From<Update> for snapshot::Update {
    fn from(update: Update) -> Self {
        match update {
            Update::New => Self::New,
            Update::All => Self::All,
            Update::No => Self::No,
        }
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Pretty => ("pretty", "Text for people"),
            Self::Json => ("json", "One JSON object per line, for programs"),
            Self::Junit => ("junit", "JUnit XML, for CI systems"),
            Self::Tap => ("tap", "Test Anything Protocol 14"),
            Self::Github => ("github", "Annotations for GitHub Actions"),
            Self::Markdown => ("markdown", "Tables, for the summary of a CI job"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Show {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Failed, Self::All, Self::None]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Failed => ("failed", "Failed scenarios and warnings, only the relevant part"),
            Self::All => ("all", "All scenarios"),
            Self::None => ("none", "No scenarios"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl Args {
    /// The files that it reads beside scenarios.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let target = self.target.as_deref().map(Path::new);
        target.into_iter().chain(self.ca_file.as_deref()).chain([self.settings.file()])
    }

    /// The options for running a single scenario again.
    pub(super) fn repeated(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| text += &format!(" --{name} {}", quoted(value));
        if let Some(target) = &self.target {
            add("target", target);
        }
        if let Some(domain) = &self.domain {
            add("domain", domain);
        }
        if let Some(file) = &self.ca_file {
            add("ca-file", &name(file).to_string());
        }
        for pinned in &self.resolve {
            add("resolve", &pinned.to_string());
        }
        if let Some(server) = self.dns {
            add("dns", &server.to_string());
        }
        for defect in &self.defect {
            add("defect", defect);
        }
        if let Some(folder) = &self.snapshots {
            add("snapshots", &name(folder).to_string());
        }
        for (given, name) in [(self.insecure, "insecure"), (self.strict, "strict")] {
            if given {
                text += &format!(" --{name}");
            }
        }
        text
    }
}
