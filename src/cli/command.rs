//! The command line as a whole: its commands, and which exit code their results become.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::{
    Failure, check, cm, demo, diff, exit, generate, prove, proxy, report, run, scenarios, show,
    snapshot, spec,
};

/// Show, explain and test XMPP over the web
///
/// xmppscope sits between a client and its server, shows the real traffic over BOSH (XEP-0124, XEP-0206), WebSocket
/// (RFC 7395) and TCP (RFC 6120), and explains which side broke which rule. It also checks whether a BOSH server
/// conforms to the specifications.
#[derive(Debug, Parser)]
#[command(
    name = "xmppscope",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "\
Getting started:
  xmppscope demo                                    a ten-second demo
  xmppscope proxy --target http://127.0.0.1:5280    in front of your own server
  xmppscope cm                                      if you have no server

Run `xmppscope COMMAND --help` for the details of a command."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Cm(Box<cm::Args>),
    Demo(demo::Args),
    Diff(diff::Args),
    Generate(generate::Args),
    Prove(prove::Args),
    Proxy(Box<proxy::Args>),
    Report(report::Args),
    Run(Box<run::Args>),
    Scenarios(scenarios::Args),
    Show(show::Args),
    Snapshot(snapshot::Args),
    Spec(spec::Args),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are a success; a closed pipe there is no failure of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    let result = match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Generate(args) => generate::run(&args, Cli::command()),
        Command::Cm(args) => cm::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Proxy(args) => proxy::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Scenarios(args) => scenarios::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Snapshot(args) => snapshot::run(&args),
        Command::Spec(args) => spec::run(&args),
    };
    let (words, code) = match result {
        Ok(code) => return ExitCode::from(code),
        Err(Failure::Usage(words)) => (words, exit::USAGE),
        Err(Failure::Environment(words)) => (words, exit::ENVIRONMENT),
    };
    let _ = writeln!(std::io::stderr(), "xmppscope: {words}");
    ExitCode::from(code)
}
