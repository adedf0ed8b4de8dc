//! `xmppscope generate`: the JSON Schema of scenarios, and the conformance table.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;

use tokio::sync::watch;

use super::Failure;
use super::console::{print, unwritable};
use super::spec::checked;
use crate::clock::Clock;
use crate::report::conformance::{Column, Table, write};
use crate::report::requirements::Checked;
use crate::runner;
use crate::scenario::{Scenario, pack, schema};
use crate::spec::catalogue;
use crate::ui::outcomes::{Format, Layout, Plan, Report, Summary};
use crate::ui::sanitise;

/// Generate the JSON Schema of scenarios, or the conformance table
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope generate schema >scenario.schema.json
  xmppscope generate conformance prosody.json ejabberd.json >conformance.md

Exit status:
  0  printed
  2  wrong usage, or a file that is not an outcome file
  3  a file cannot be read, or standard output cannot be written")]
pub(super) struct Args {
    /// What to print
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the JSON Schema of scenario files, for editors
    Schema,
    /// Print a table of the requirements that connection managers meet, in Markdown
    ///
    /// The table has a row for each requirement on a connection manager, a column for the embedded one, which is tested
    /// now, and a column for each tested server. Each FILE holds the output of `xmppscope run scenarios/ --target …
    /// --format json`.
    Conformance {
        /// Outcomes of the whole pack from `run --format json`; one server's may be split over several files
        #[arg(value_name = "FILE")]
        outcomes: Vec<PathBuf>,
    },
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    match &args.what {
        What::Schema => print(format!("{:#}\n", schema()).as_bytes()),
        What::Conformance { outcomes } => conformance(outcomes),
    }
}

fn conformance(files: &[PathBuf]) -> Result<u8, Failure> {
    let pack = &pack().scenarios;
    let read = |name: &str, text: &str| {
        let wrong = |wrong| Failure::Usage(sanitise(&format!("{name}: {wrong}")).into_owned());
        Column::read(text, pack).map_err(wrong)
    };
    let mut columns = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let text = fs::read_to_string(file)
            .map_err(|error| Failure::Environment(format!("cannot read {name}: {error}")))?;
        columns.push(read(&name, &text)?);
    }
    columns.insert(0, read("the embedded connection manager", &embedded(pack)?)?);
    let columns = Column::join(columns);
    for column in &columns {
        column
            .whole(pack)
            .map_err(|wrong| Failure::Usage(format!("{}: {wrong}", column.name())))?;
    }
    let requirements: Vec<Checked<'_>> = catalogue().iter().map(checked).collect();
    print(write(&Table::of(&requirements, &columns), catalogue()).as_bytes())
}

/// The outcomes of the embedded connection manager, as they would be written to a file.
fn embedded(pack: &[Scenario]) -> Result<String, Failure> {
    let scenarios: Vec<Arc<Scenario>> = pack.iter().cloned().map(Arc::new).collect();
    let jobs = runner::jobs(&scenarios);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let clock = Clock::start();
    let mut outcomes = Vec::new();
    let never = watch::channel(false).1;
    runner::run_all_embedded(&jobs, &[], threads, &never, |_, outcome| outcomes.push(outcome));
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
        scenarios: jobs.len(),
        strict: false,
    };
    let summary = Summary { scenarios: jobs.len(), counts, interrupted: false, time: clock.now() };
    let mut writer = Format::Json.writer(Layout::plain(clock.started()));
    let mut text = Vec::new();
    Report { plan, outcomes, summary }
        .write(&mut *writer, &mut text)
        .map_err(|error| unwritable(&error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
