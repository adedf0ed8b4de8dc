//! The options of `xmppscope run`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::reporting::Reporting;
use super::server::Server;
use crate::cli::settings;
use crate::diag::name;
use crate::scenario::Transport;
use crate::snapshot;
use crate::trace::redact;
use crate::ui::quoted;

/// Test a server with scenarios
///
/// Each scenario plays a client, over BOSH, WebSocket or TCP, and lists the requirements that it checks. Without a path, the
/// scenarios are those of the conformance pack that is part of xmppscope (`xmppscope scenarios`). Without --target, they
/// run in virtual time against the built-in server. A violated recommendation (SHOULD) is a warning, unless --strict is
/// used.
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
  xmppscope run --defect bosh-no-chunked/payloads --show all
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
pub(in crate::cli) struct Args {
    /// Scenario files, or folders of them [default: the conformance pack that is part of xmppscope]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) server: Server,
    /// Also fail on violated recommendations (SHOULD), and on known deviations that no longer occur
    #[arg(long)]
    pub(super) strict: bool,
    /// Run only the scenarios that match EXPR: words from the path, name or requirement, combined with and, or, not
    ///
    /// Predicates: path:, name:, covers:, section:14.3, level:must, needs:accounts, carrier:websocket, and row:2 of a
    /// sweep. See docs/reference/run.md. Use --list to see which scenarios match.
    #[arg(long, value_name = "EXPR")]
    pub(super) only: Option<String>,
    /// Run only scenarios whose sessions are carried by BOSH, WebSocket or TCP; repeatable
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Transport::ALL.map(|(word, _)| word)))]
    pub(super) carrier: Vec<String>,
    /// Scenarios to run in parallel [default: the target file's value, or 32]
    ///
    /// Scenarios that need `slow` mostly wait, so up to twice as many of them run in addition (not with --jobs 1). Without
    /// --target, the default is one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) jobs: Option<u16>,
    /// Run a failed scenario again after all others, this many times; one that does not fail each time is unsteady [default: 2]
    ///
    /// A failure that does not repeat shows a race, or a busy machine or network: it does not affect the exit status. With 0,
    /// nothing is run again. Without --target, virtual time repeats every failure anyway.
    #[arg(long, value_name = "N", requires = "server", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) confirm: Option<u8>,
    /// List the scenarios that would run, and exit
    #[arg(long)]
    pub(super) list: bool,
    /// Enable a defect of the built-in server; repeatable
    #[arg(long, value_name = "ID", conflicts_with = "server")]
    pub(super) defect: Vec<String>,
    #[command(flatten)]
    pub(super) reporting: Reporting,
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

impl Args {
    /// The files that it reads beside scenarios.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let target = self.server.target.as_deref().map(Path::new);
        target.into_iter().chain(self.server.ca_file.as_deref()).chain([self.settings.file()])
    }

    /// The options for running a single scenario again.
    pub(super) fn repeated(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            text += &format!(" --{name} {}", quoted(&redact::target(value)));
        };
        self.server.values(&mut add);
        for defect in &self.defect {
            add("defect", defect);
        }
        if let Some(folder) = &self.snapshots {
            add("snapshots", &name(folder).to_string());
        }
        for (given, name) in [(self.server.insecure, "insecure"), (self.strict, "strict")] {
            if given {
                text += &format!(" --{name}");
            }
        }
        text
    }
}
