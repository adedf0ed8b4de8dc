//! `xmppscope generate`: what is made of the program itself, for other programs and for documents.

mod manual;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use clap_complete::aot::{self, Shell};

use tokio::sync::watch;

use super::Failure;
use super::console::{not_into, print, print_data, unwritable};
use super::failure;
use super::progress::progress;
use super::spec::checked;
use crate::bundle;
use crate::clock::Clock;
use crate::diag::name;
use crate::files::{Inputs, LONGEST_TEXT, text};
use crate::report::clients::{ClientTable, DeviationPage, Tested, write_clients};
use crate::report::conformance::{Column, Table, write};
use crate::report::requirements::Checked;
use crate::runner;
use crate::scenario::{Scenario, client_schema, pack, schema};
use crate::spec::catalogue;
use crate::ui::Unit;
use crate::ui::outcomes::{Format, Layout, Plan, Report, Summary};

/// Generate man pages, completions, the JSON Schema of scenarios, and more
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope generate man --output /usr/local/share/man/man1
  xmppscope generate completions bash >xmppscope.bash
  xmppscope generate schema >scenario.schema.json
  xmppscope generate target prosody >targets/mine.yaml
  xmppscope generate conformance prosody.json ejabberd.json >conformance.md
  xmppscope generate clients strophe.json gloox.json >clients.md

Exit status:
  0  printed, or written
  2  wrong usage, or a file that is not an outcome file
  3  a file cannot be read or written")]
pub(super) struct Args {
    /// What to print
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a man page, or write all of them to a folder
    Man {
        /// Command whose page to print, as in `generate man run` [default: the page of xmppscope itself]
        command: Vec<String>,
        /// Write all pages to this folder, which is created if it does not exist; existing pages are replaced
        #[arg(short, long, value_name = "DIR", conflicts_with = "command")]
        output: Option<PathBuf>,
    },
    /// Print completions of the command line for a shell
    Completions {
        /// Shell that reads them
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the JSON Schema of scenario files, for editors
    Schema {
        /// The schema of scenarios that test a client
        #[arg(long)]
        client: bool,
    },
    /// Print a target file that is part of xmppscope, to begin your own with
    ///
    /// Each has the known deviations of one version of a server. Addresses and passwords come from variables that the tests
    /// of xmppscope set: replace them.
    Target {
        /// Server: its name, with the version where it is not that of Debian 12
        #[arg(value_parser = PossibleValuesParser::new(bundle::target_names()))]
        name: String,
    },
    /// Print a table of the requirements that clients meet, in Markdown
    ///
    /// The table has a row for each requirement that the scenarios cover, and a column for each client. Each FILE holds the
    /// output of `xmppscope client run … --format json`. Several files of the same client and version are runs of it: what
    /// differs between them is reported as such.
    Clients {
        /// Folder with pages about single deviations, to which the table links
        #[arg(long, value_name = "DIR")]
        pages: Option<PathBuf>,
        /// Outcomes of one run with one client each, from `client run --format json`
        #[arg(value_name = "FILE", required = true)]
        outcomes: Vec<PathBuf>,
    },
    /// Print tables of the requirements that servers meet, in Markdown
    ///
    /// There is one for each specification, whichever carriers it is about: a row for each requirement on a connection
    /// manager or server, a column for the built-in server, which is tested now, and a column for each tested server. Each
    /// FILE holds the output of `xmppscope run scenarios/ --target … --format json`.
    Conformance {
        /// Outcomes of the whole pack from `run --format json`; one server's may be split over several files
        #[arg(value_name = "FILE")]
        outcomes: Vec<PathBuf>,
    },
}

/// The table of what clients do.
fn clients(files: &[PathBuf], folder: Option<&Path>) -> Result<u8, Failure> {
    not_into(&Inputs::of(files))?;
    let pages = folder.map_or_else(|| Ok(Vec::new()), deviation_pages)?;
    let mut tested = Vec::new();
    for file in files {
        let text = text(file, LONGEST_TEXT).map_err(|error| failure::unreadable(file, &error))?;
        let wrong = |wrong| Failure::Usage(format!("{}: {wrong}", name(file)));
        tested.push(Tested::read(&text).map_err(wrong)?);
    }
    let clients = Tested::join(tested);
    print(&write_clients(&ClientTable::of(&clients, catalogue(), &pages), catalogue()))
}

/// The pages of a folder that are about a deviation.
fn deviation_pages(folder: &Path) -> Result<Vec<DeviationPage>, Failure> {
    let unreadable = |error: std::io::Error| failure::unreadable(folder, &error);
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    let mut pages = Vec::new();
    for file in files {
        let text = text(&file, LONGEST_TEXT).map_err(|error| failure::unreadable(&file, &error))?;
        let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
        pages.extend(DeviationPage::read(name, &text));
    }
    Ok(pages)
}

/// Runs the command; `program` is the definition of the whole command line.
pub(super) fn run(args: &Args, program: clap::Command) -> Result<u8, Failure> {
    match &args.what {
        What::Man { command, output } => man(program, command, output.as_deref()),
        What::Completions { shell } => completions(program, *shell),
        What::Target { name } => target(name),
        What::Schema { client: false } => print_data(format!("{:#}\n", schema()).as_bytes()),
        What::Schema { client: true } => print_data(format!("{:#}\n", client_schema()).as_bytes()),
        What::Clients { outcomes, pages } => clients(outcomes, pages.as_deref()),
        What::Conformance { outcomes } => conformance(outcomes),
    }
}

fn man(program: clap::Command, command: &[String], folder: Option<&Path>) -> Result<u8, Failure> {
    let command_name = [&[program.get_name().to_owned()], command].concat().join("-");
    let pages = manual::pages(program).map_err(|error| unwritable(&error))?;
    let Some(folder) = folder else {
        let page = pages.iter().find(|page| page.file == format!("{command_name}.1"));
        let words = || format!("there is no command {}", name(&command.join(" ")));
        return print_data(&page.ok_or_else(|| Failure::Usage(words()))?.text);
    };
    let written =
        manual::write(&pages, folder).map_err(|(path, error)| failure::unwritable(&path, error))?;
    let paths: Vec<_> = written.iter().map(|path| format!("{}\n", name(path))).collect();
    print(&paths.concat())
}

fn completions(mut program: clap::Command, shell: Shell) -> Result<u8, Failure> {
    let name = program.get_name().to_owned();
    let mut text = Vec::new();
    aot::generate(shell, &mut program, name, &mut text);
    print_data(&text)
}

fn target(wanted: &str) -> Result<u8, Failure> {
    let target = bundle::target(wanted).ok_or_else(|| {
        let names = bundle::target_names().join(", ");
        Failure::Usage(format!("xmppscope has no target {}; it has {names}", name(wanted)))
    })?;
    print_data(target.text.as_bytes())
}

fn conformance(files: &[PathBuf]) -> Result<u8, Failure> {
    let pack = &pack().scenarios;
    not_into(&Inputs::of(files))?;
    let read = |name: &str, text: &str| {
        let wrong = |wrong| Failure::Usage(format!("{name}: {wrong}"));
        Column::read(text, pack).map_err(wrong)
    };
    let mut columns = Vec::new();
    for file in files {
        let text = text(file, LONGEST_TEXT).map_err(|error| failure::unreadable(file, &error))?;
        columns.push(read(&name(file).to_string(), &text)?);
    }
    columns.insert(0, read("the built-in server", &embedded(pack)?)?);
    let columns = Column::join(columns);
    for column in &columns {
        column
            .whole(pack)
            .map_err(|wrong| Failure::Usage(format!("{}: {wrong}", column.name())))?;
    }
    let requirements: Vec<Checked<'_>> = catalogue().iter().map(checked).collect();
    print(&write(&Table::of(&requirements, &columns), catalogue()))
}

/// The outcomes of the built-in server, as they would be written to a file.
fn embedded(pack: &[Scenario]) -> Result<String, Failure> {
    let scenarios: Vec<Arc<Scenario>> = pack.iter().cloned().map(Arc::new).collect();
    let jobs = runner::jobs(&scenarios);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let clock = Clock::start();
    let mut outcomes = Vec::new();
    let never = watch::channel(false).1;
    let shown = progress("running", Unit::Items("runs"), Some(jobs.len() as u64));
    runner::run_all_embedded(&jobs, &[], threads, &never, |_, outcome| {
        outcomes.push(outcome);
        shown.one();
    });
    drop(shown);
    let mut counts = BTreeMap::new();
    for outcome in &outcomes {
        *counts.entry(outcome.verdict).or_default() += 1;
    }
    let target = runner::embedded_target();
    let plan = Plan {
        target: target.name.clone(),
        name: target.name,
        about: None,
        software: runner::embedded_software(),
        started: clock.started(),
        runs: jobs.len(),
        scenarios: runner::scenarios(&jobs),
        strict: false,
    };
    let summary = Summary {
        runs: jobs.len(),
        scenarios: runner::scenarios(&jobs),
        counts,
        interrupted: false,
        time: clock.now(),
    };
    let mut writer = Format::Json.writer(Layout::plain(clock.started()));
    let mut text = Vec::new();
    Report { plan, outcomes, summary }
        .write(&mut *writer, &mut text)
        .map_err(|error| unwritable(&error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
