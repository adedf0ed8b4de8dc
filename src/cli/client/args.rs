//! The options of `xmppscope client`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;

use crate::cli::options::When;
use crate::cli::run::Reporting;
use crate::scenario::Transport;

/// Test a client
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    pub(super) what: What,
}

#[derive(Debug, Subcommand)]
pub(super) enum What {
    Run(Box<RunArgs>),
    Prove(ProveArgs),
}

/// Test a client with scenarios
///
/// In each scenario, the built-in server behaves in a certain way over BOSH, WebSocket or TCP, and the client is judged by
/// what it sends. Without COMMAND, you start the client: the address, account and tasks are printed.
///
/// COMMAND is started once per scenario, with XMPPSCOPE_URL, XMPPSCOPE_HOST, XMPPSCOPE_PORT, XMPPSCOPE_DOMAIN,
/// XMPPSCOPE_JID, XMPPSCOPE_USER, XMPPSCOPE_PASSWORD, XMPPSCOPE_PEER (another user) and XMPPSCOPE_CARRIER (bosh, websocket
/// or tcp) in its environment, and XMPPSCOPE_CA (the file with the CA to trust) where the server has TLS; {url}, {host} and
/// so on in COMMAND are replaced by the same values.
///
/// On stdin it gets one instruction per line, such as `send hello` (docs/how-to/test-a-client.md).
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope client run -- node my-client.mjs
  xmppscope client run --carrier bosh -- ./my-client --url {url} --jid {jid}
  xmppscope client run --only covers:bosh-rid --list
  xmppscope client run --only path:xep-0124 --listen 127.0.0.1:5280
  xmppscope client run --tls -- ./my-client --url {url} --jid {jid} --ca {ca}
  xmppscope client run --page my-client.html
  xmppscope client run --format junit --output report.xml --format pretty -- ./my-client

Exit status:
  0  no requirement is violated
  1  the client violates a requirement; with --strict, also a recommendation
  2  wrong usage, or a scenario with mistakes
  3  the client cannot be started, or a scenario could not be carried out
  130  interrupted; the outcomes so far are printed")]
#[allow(clippy::doc_markdown)] // it is shown as text
#[allow(clippy::struct_excessive_bools)] // each is an option
pub(super) struct RunArgs {
    /// Scenario files, or folders of them [default: the pack for clients that is part of xmppscope]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Program that starts the client, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<String>,
    /// Test the client that is part of xmppscope, which speaks BOSH, WebSocket and TCP
    #[arg(long, conflicts_with = "command")]
    pub(super) built_in: bool,
    /// Page of a client for browsers; COMMAND opens {page}, or you do
    ///
    /// It is served with the files of its folder, at an origin of its own. /xmppscope.js has what it needs; see
    /// docs/how-to/test-a-client.md.
    #[arg(long, value_name = "FILE", conflicts_with = "built_in")]
    pub(super) page: Option<PathBuf>,
    /// Address to listen on, one scenario at a time [default: a free port of 127.0.0.1 for each scenario]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: Option<SocketAddr>,
    /// Use TLS where the scenario does not say otherwise: https, wss, and STARTTLS over TCP
    #[arg(long)]
    pub(super) tls: bool,
    /// Keep the CA that signs the server's certificates in DIR (ca.pem, ca-key.pem; generated if missing) [default: a new one for
    /// each run]
    ///
    /// For clients whose trusted CAs are set up once, such as browsers.
    #[arg(long, value_name = "DIR")]
    pub(super) ca_dir: Option<PathBuf>,
    /// Name of the client, for reports [default: the program of COMMAND]
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Also fail on violated recommendations (SHOULD)
    #[arg(long)]
    pub(super) strict: bool,
    /// Run only the scenarios that match EXPR: words from the path, name or requirement, combined with and, or, not
    ///
    /// The predicates are those of `xmppscope run --only`; see docs/reference/run.md.
    #[arg(long, value_name = "EXPR")]
    pub(super) only: Option<String>,
    /// Run only scenarios over BOSH, WebSocket or TCP; repeatable
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Transport::ALL.map(|(word, _)| word)))]
    pub(super) carrier: Vec<String>,
    /// Scenarios to run in parallel
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(super) jobs: u16,
    /// Run a failed scenario again by itself, this many times; one that does not fail each time is unsteady
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) confirm: u8,
    /// Multiply all time limits by N, for a slow client or machine
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) patience: u32,
    /// List the scenarios that would run, and exit
    #[arg(long)]
    pub(super) list: bool,
    #[command(flatten)]
    pub(super) reporting: Reporting,
}

/// Test the scenarios for clients: mutation testing with known defects
///
/// Runs the scenarios with the client that is part of xmppscope: first as it is, then with each of its defects (mutants). Three
/// things must hold. The client passes every scenario without a defect. Every defect is caught by a scenario that covers its
/// requirement. Every scenario that covers a MUST or SHOULD catches a defect.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope client prove
  xmppscope client prove mine.yaml --table

Exit status:
  0  proved
  1  a defect is missed, a scenario catches none, or it fails without a defect
  2  wrong usage, or a scenario with mistakes
  3  a file cannot be read
  130  interrupted; nothing is proved")]
pub(super) struct ProveArgs {
    /// Scenario files, or folders of them [default: the pack for clients that is part of xmppscope]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Use only this defect; repeatable [default: all]
    #[arg(long, value_name = "ID")]
    pub(super) defect: Vec<String>,
    /// Also print which scenarios catch each defect
    #[arg(long)]
    pub(super) table: bool,
    /// Scenarios to run in parallel
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(super) jobs: u16,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    pub(super) color: When,
}
