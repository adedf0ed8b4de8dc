//! The options of `xmppscope run`.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::options::When;
use crate::cli::settings;
use crate::snapshot;
use crate::ui::outcomes::{Format, Show};
use crate::ui::quoted;

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
pub(in crate::cli) struct Args {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The connection manager: a URL, or a file that says what is known of it
    #[arg(long, value_name = "FILE|URL")]
    pub(super) target: Option<String>,
    /// The XMPP domain, where the target is a URL; localhost if it is not said
    #[arg(long, value_name = "DOMAIN", requires = "target")]
    pub(super) domain: Option<String>,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(super) ca_file: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long, requires = "target")]
    pub(super) insecure: bool,
    /// What is only recommended fails the run too, and so does a known deviation that is gone
    #[arg(long)]
    pub(super) strict: bool,
    /// Only these scenarios: words of path, name or requirement, joined by and, or, not
    ///
    /// Also path:, name:, covers:, section:14.3, level:must, needs:accounts, and row:2 of a sweep;
    /// docs/reference/run.md describes them. --list shows what is left.
    #[arg(long, value_name = "EXPR")]
    pub(super) only: Option<String>,
    /// How many run at a time
    ///
    /// If it is not said: what the target's file says, or 32; without a target one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// List the scenarios that would be run, and stop
    #[arg(long)]
    pub(super) list: bool,
    /// Switch a defect of the embedded connection manager on; may be given several times
    #[arg(long, value_name = "ID", conflicts_with = "target")]
    pub(super) defect: Vec<String>,
    /// Of which scenarios the traffic is printed
    #[arg(long, value_enum, default_value_t = Show::Failed, help_heading = "Output")]
    pub(super) show: Show,
    /// Write a capture of each scenario into this folder, and what came of all to outcomes.ndjson in it
    ///
    /// `xmppscope report DIR` makes a page of the folder. outcomes.ndjson holds what --format json prints; there, `capture` is
    /// the path of the capture within the folder.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(super) write: Option<PathBuf>,
    /// Compare each conversation with what is approved in this folder, and fail if it is another
    ///
    /// What is compared is a transcript: what stays the same from run to run, see docs/reference/transcript.md.
    #[arg(long, value_name = "DIR", help_heading = "Snapshots")]
    pub(super) snapshots: Option<PathBuf>,
    /// What becomes of a conversation that is not as approved; no in CI, where the variable CI is set, else new
    #[arg(long, value_enum, requires = "snapshots", help_heading = "Snapshots")]
    pub(super) update: Option<Update>,
    #[command(flatten)]
    pub(super) settings: settings::Options,
    /// How outcomes are told; may be given several times
    ///
    /// docs/reference/run.md says what each of them holds.
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Vec<Format>,
    /// The file of a format: the first --output is that of the first --format, and so on
    ///
    /// One format, the last, may be without: it goes to the terminal.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Vec<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    pub(super) color: When,
}

/// What becomes of a conversation that is not as it was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Update {
    /// It waits for approval, in a file .snap.new beside
    New,
    /// It is approved
    All,
    /// Nothing is written
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
            Self::Pretty => ("pretty", "For people"),
            Self::Json => ("json", "One JSON object a line"),
            Self::Junit => ("junit", "The XML that CI systems read"),
            Self::Tap => ("tap", "Test Anything Protocol 14"),
            Self::Github => ("github", "Commands that mark lines in GitHub"),
            Self::Markdown => ("markdown", "Tables for the summary of a job"),
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
            Self::Failed => ("failed", "Of those that failed or warned, about that alone"),
            Self::All => ("all", "Of all"),
            Self::None => ("none", "Of none"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl Args {
    /// The options that a scenario is to be run alone with.
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
            add("ca-file", &file.to_string_lossy());
        }
        for defect in &self.defect {
            add("defect", defect);
        }
        if let Some(folder) = &self.snapshots {
            add("snapshots", &folder.to_string_lossy());
        }
        for (given, name) in [(self.insecure, "insecure"), (self.strict, "strict")] {
            if given {
                text += &format!(" --{name}");
            }
        }
        text
    }
}
