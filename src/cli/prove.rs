//! `xmppscope prove`: whether scenarios notice the defects of the reference connection manager.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::check::{counted, sound};
use super::console::{print, say};
use super::defects::chosen;
use super::options::When;
use super::{Failure, exit};
use crate::defects::{self, Defect};
use crate::runner;
use crate::scenario::Scenario;
use crate::ui::sanitise;

/// Prove that scenarios notice what they are about
///
/// Runs the scenarios against the embedded reference connection manager, strict and with each of its defects, in virtual
/// time. All must pass without a defect; each defect has to be noticed by a scenario that covers its requirement; and for
/// each scenario there has to be a defect that it notices, and that nothing notices but scenarios that cover its
/// requirement. Scenarios of which no requirement can be broken by a defect are told, and need no proof.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope prove scenarios/xep-0124 scenarios/xep-0206
  xmppscope prove scenarios/xep-0124/14 --table
  xmppscope prove scenarios/ --defect bosh-no-chunked

Exit status:
  0  it is proved
  1  something is not noticed, or a scenario fails without a defect
  2  wrong usage, or a scenario that cannot be understood")]
pub(super) struct Args {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only this defect; may be given several times
    #[arg(long, value_name = "ID")]
    defect: Vec<String>,
    /// Only defects of requirements that these scenarios cover
    #[arg(long)]
    covered: bool,
    /// Print both tables: what notices each defect, and what each scenario notices
    #[arg(long)]
    table: bool,
    /// How many run at a time
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let scenarios = sound(&args.paths, args.color)?.scenarios;
    let scenarios: Vec<Arc<Scenario>> = scenarios.into_iter().map(Arc::new).collect();
    let mut chosen = if args.defect.is_empty() {
        defects::all().collect::<Vec<&Defect>>()
    } else {
        chosen(&args.defect)?
    };
    if args.covered {
        let covered = |defect: &&Defect| {
            let id = defect.requirement();
            scenarios.iter().any(|scenario| scenario.covers.iter().any(|known| known.value == id))
        };
        chosen.retain(covered);
    }
    let threads = args
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let terminal = io::stderr().is_terminal();
    let progress = |done: usize, all: usize| {
        if terminal && (done.is_multiple_of(97) || done == all) {
            let _ = write!(
                io::stderr(),
                "\r{done} of {all} runs{}",
                if done == all { "\n" } else { "" }
            );
        }
    };
    let proof = runner::prove(&scenarios, &chosen, threads, &progress);
    let path = |place: usize| scenarios[place].place.source.path.display().to_string();
    let mut text = String::new();
    if args.table {
        text += &tables(&proof, &scenarios);
    }
    for (place, outcome) in &proof.unsound {
        let why = outcome.failures.first().map_or_else(
            || outcome.reason.clone().unwrap_or_default(),
            |failure| format!("{}: {failure}", failure.place),
        );
        text += &format!(
            "unsound      {}: {} without a defect: {why}\n",
            path(*place),
            outcome.verdict.name()
        );
    }
    let mut unnoticed = 0;
    for (defect, by) in proof.unnoticed(&scenarios) {
        unnoticed += 1;
        text += &format!("unnoticed    {}: {}\n", defect.name, defect.says);
        for &place in by {
            text += &format!("    noticed by {}, which does not cover it\n", path(place));
        }
    }
    let blunt = if args.defect.is_empty() { proof.blunt(&scenarios) } else { Vec::new() };
    for &place in &blunt {
        text += &format!(
            "blunt        {}: no defect fails it and nothing but scenarios that cover its requirement\n",
            path(place)
        );
    }
    let mut unprovable = 0;
    for (place, scenario) in scenarios.iter().enumerate() {
        if let Some(why) = runner::unprovable(scenario) {
            unprovable += 1;
            text += &format!("not provable {}: {why}\n", path(place));
        }
    }
    if args.table {
        for (defect, strays) in proof.strays(&scenarios) {
            let strays: Vec<String> = strays.iter().map(|&place| path(place)).collect();
            text += &format!("beside       {} also fails {}\n", defect.name, strays.join(", "));
        }
    }
    let (unsound, noticed) = (proof.unsound.len(), chosen.len() - unnoticed);
    text += &format!(
        "{}, {} defects: {noticed} noticed, {unnoticed} not; {} sharp, {} blunt, {unsound} unsound, {unprovable} not provable\n",
        counted(scenarios.len(), "scenario"),
        chosen.len(),
        scenarios.len() - blunt.len() - unprovable,
        blunt.len()
    );
    print(sanitise(&text).as_bytes())?;
    if unsound + unnoticed + blunt.len() > 0 {
        say("not proved");
        return Ok(exit::DIFFERS);
    }
    Ok(exit::OK)
}

fn tables(proof: &runner::Proof, scenarios: &[Arc<Scenario>]) -> String {
    let path = |place: usize| scenarios[place].place.source.path.display().to_string();
    let mut text = String::from("What notices each defect:\n");
    for (defect, by) in &proof.noticed {
        text += &format!("  {}\n", defect.name);
        for &place in by {
            text += &format!("    {}\n", path(place));
        }
    }
    text += "What each scenario notices:\n";
    for place in 0..scenarios.len() {
        text += &format!("  {}\n", path(place));
        for (defect, _) in proof.noticed.iter().filter(|(_, by)| by.contains(&place)) {
            text += &format!("    {}\n", defect.name);
        }
    }
    text
}
