//! The command line as a whole: its commands, and which exit code their results become.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{CommandFactory, Parser, Subcommand};

use super::console::{discreet, eprint, err, err_is_terminal, out_is_terminal, print};
use super::options::When;
use super::{
    Failure, check, client, cm, convert, demo, diff, doctor, exit, generate, prove, proxy, record,
    replay, report, run, scenarios, show, shrink, snapshot, spec,
};
use crate::diag::name;

/// Show, explain and test XMPP over the web
///
/// xmppscope sits between a client and its server, shows the real traffic over BOSH (XEP-0124, XEP-0206), WebSocket
/// (RFC 7395) and TCP (RFC 6120), and explains which side broke which rule. It also checks whether a server or a client
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
    Client(client::Args),
    Cm(Box<cm::Args>),
    Convert(convert::Args),
    Demo(demo::Args),
    Diff(diff::Args),
    Doctor(Box<doctor::Args>),
    Generate(generate::Args),
    Prove(prove::Args),
    Proxy(Box<proxy::Args>),
    Record(record::Args),
    Replay(Box<replay::Args>),
    Report(report::Args),
    Run(Box<run::Args>),
    Scenarios(scenarios::Args),
    Show(show::Args),
    Shrink(shrink::Args),
    Snapshot(snapshot::Args),
    Spec(spec::Args),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    survive_large_files();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            return ended(wrong_or_help(&error));
        }
    };
    let result = match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Generate(args) => generate::run(&args, Cli::command()),
        Command::Client(args) => client::run(args),
        Command::Cm(args) => cm::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Proxy(args) => proxy::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Scenarios(args) => scenarios::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Shrink(args) => shrink::run(&args),
        Command::Snapshot(args) => snapshot::run(&args),
        Command::Spec(args) => spec::run(&args),
    };
    ended(result)
}

fn ended(result: Result<u8, Failure>) -> ExitCode {
    let (words, code) = match result {
        Ok(code) => return ExitCode::from(code),
        Err(Failure::Usage(words)) => (words, exit::USAGE),
        Err(Failure::Environment(words)) => (words, exit::ENVIRONMENT),
    };
    eprint(&format!("xmppscope: {words}"));
    ExitCode::from(code)
}

/// Prints what clap says: help and version on stdout, or what is wrong with the command line, which it quotes.
fn wrong_or_help(error: &clap::Error) -> Result<u8, Failure> {
    let text = error.render();
    if error.use_stderr() {
        // Styles only where no argument could bring its own.
        let foreign = std::env::args_os().any(|word| name(&word).to_string().contains('\\'));
        let styled = err_is_terminal() && !foreign && When::Auto.decide(true);
        let text = if styled { text.ansi().to_string() } else { text.to_string() };
        let _ = write!(err(), "{}", discreet(&text)); // there is nowhere to report a failure
        return Ok(exit::USAGE);
    }
    let styled = out_is_terminal() && When::Auto.decide(true);
    print(&if styled { text.ansi().to_string() } else { text.to_string() })
}

/// A file that grows beyond what the system allows (`ulimit -f`) is an error of writing, as a full disk is, and not the end
/// of the process.
fn survive_large_files() {
    let noted = Arc::new(AtomicBool::new(false));
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted) {
        eprint(&format!("warning: cannot handle the signal SIGXFSZ: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use regex_lite::Regex;

    use super::*;
    use crate::cli::defects::chosen;
    use crate::defects::generated;

    /// The commands in the help of this command and of those below it, as words.
    fn examples(command: &clap::Command, found: &mut Vec<Vec<String>>) {
        let help = command.get_after_long_help().or(command.get_after_help());
        let help = help.map(ToString::to_string).unwrap_or_default().replace("\\\n", " ");
        let word = Regex::new(r"'([^']*)'|(\S+)").unwrap();
        for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
            // What it does may stand beside it.
            let line = line.trim_start().split("   ").next().unwrap_or_default();
            for part in line.split("; ").filter(|part| part.starts_with("xmppscope ")) {
                let words = word.captures_iter(part).map(|found| {
                    let text = found.get(1).or(found.get(2)).expect("one of both");
                    text.as_str().to_owned()
                });
                found.push(words.take_while(|word| !word.starts_with(['|', '<', '>'])).collect());
            }
        }
        command.get_subcommands().for_each(|below| examples(below, found));
    }

    #[test]
    fn every_example_of_the_help_is_a_command_line_and_names_one_defect() {
        let mut all = Vec::new();
        examples(&Cli::command(), &mut all);
        assert!(all.len() > 80, "only {} found", all.len());
        let mut named = 0;
        for words in all {
            let line = words.join(" ");
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{line}: {error}");
            }
            let defects = words.windows(2).filter(|pair| pair[0] == "--defect");
            for defect in defects.map(|pair| &pair[1]) {
                named += 1;
                if words.iter().any(|word| word == "--generated") {
                    let is_one = |known: generated::Generated| known.name().starts_with(defect);
                    assert!(generated::all().any(is_one), "{line}");
                } else if let Err(error) = chosen(std::slice::from_ref(defect)) {
                    panic!("{line}: {error}");
                }
            }
        }
        assert!(named >= 4, "only {named} defects found");
        let generated = generated::all().count();
        assert!((5500..6500).contains(&generated), "the help says some 6,000: {generated}");
    }
}
