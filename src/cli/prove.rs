//! `xmppscope prove`: mutation testing. Whether scenarios catch the defects of the built-in server.

use std::path::PathBuf;
use std::sync::Arc;

use super::check;
use super::console::{eprint, out_is_terminal, print, width};
use super::defects::chosen;
use super::interrupt::Interrupt;
use super::options::When;
use super::progress::progress;
use super::survey;
use super::{Failure, exit};
use crate::defects::{self, Defect};
use crate::diag::counted;
use crate::diag::name;
use crate::diag::sanitise::sanitise;
use crate::runner::{self, Extent};
use crate::scenario::Scenario;
use crate::ui::{Unit, wrapped};

/// Test the scenarios themselves: mutation testing with known defects
///
/// Runs the scenarios in virtual time against the built-in server: first without defects, then with each of its defects
/// (mutants). It proves three things: every scenario passes without a defect; every defect is caught by a scenario that
/// covers its requirement; and every scenario catches at least one defect of its own requirements that does not simply
/// break everything (it may fail at most a tenth of 40 other scenarios, or with --all of all others). Scenarios that no
/// defect can break are listed as not provable; they do not count as failures.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope prove
  xmppscope prove --defect bosh-no-chunked/payloads
  xmppscope prove mine.yaml --covered --table
  xmppscope prove --generated --defect replayed/ --table

Exit status:
  0  proved
  1  a defect is missed, a scenario catches none, or one fails without a defect
  2  wrong usage, or a scenario with mistakes
  3  a file cannot be read
  130  interrupted; nothing is proved")]
#[allow(clippy::struct_excessive_bools)] // options that are given or not
pub(super) struct Args {
    /// Scenario files, or folders of them [default: the conformance pack that is part of xmppscope]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Use only this defect; repeatable [default: all]
    #[arg(long, value_name = "ID")]
    defect: Vec<String>,
    /// Use only defects of requirements that these scenarios cover
    #[arg(long)]
    covered: bool,
    /// Use generated defects instead (some 6,000): every kind of fault at every place
    ///
    /// For each, one of these is reported: noticed by a scenario that covers the requirement; noticed by another scenario;
    /// listed with a reason (lawful, not visible, known hole); or a new hole, which fails the proof. --defect PREFIX selects
    /// those whose names begin with PREFIX.
    #[arg(long, conflicts_with = "covered")]
    generated: bool,
    /// Run every scenario with every defect, not only what the proof needs: some twenty times as many runs
    #[arg(long, conflicts_with = "generated")]
    all: bool,
    /// Also print which scenarios catch each defect, and which defects each scenario catches
    ///
    /// Only for what was run; --all runs everything.
    #[arg(long)]
    table: bool,
    /// Scenarios to run in parallel [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    jobs: Option<u16>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let _interrupt = Interrupt::watch()?;
    let (scenarios, _) = check::scenarios(&args.paths, args.color)?;
    let threads = args.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    );
    if args.generated {
        return survey::run(&scenarios, &args.defect, threads, args.table);
    }
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
    let extent = if args.all { Extent::All } else { Extent::Needed };
    let shown = progress("mutation testing", Unit::Items("runs"), None);
    let proof = runner::prove(&scenarios, &chosen, extent, threads, &|| shown.one());
    drop(shown);
    let path = |place: usize| name(&scenarios[place].place.source.path).to_string();
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
            "fails without a defect: {}: {}: {why}\n",
            path(*place),
            outcome.verdict.name()
        );
    }
    let mut missed = 0;
    for (defect, by) in proof.missed(&scenarios) {
        missed += 1;
        text += &format!("missed: {}: {}\n", defect.name, defect.says);
        for &place in by {
            text +=
                &format!("    caught by {}, which does not cover its requirement\n", path(place));
        }
    }
    // Whether a scenario catches a defect of its own can be said only if all were tried.
    let all = args.defect.is_empty();
    let weak = if all { proof.weak(&scenarios) } else { Vec::new() };
    for &place in &weak {
        text += &format!(
            "catches no defect of its own: {}: none of its requirements but those that fail everything\n",
            path(place)
        );
    }
    let mut unprovable = 0;
    for (place, scenario) in scenarios.iter().enumerate() {
        if let Some(why) = runner::unprovable(scenario) {
            unprovable += 1;
            text += &format!("not provable: {}: {why}\n", path(place));
        }
    }
    if args.table {
        for trial in &proof.trials {
            let strays: Vec<String> = trial.strays(&scenarios).into_iter().map(path).collect();
            if !strays.is_empty() {
                let (defect, strays) = (trial.defect.name, strays.join(", "));
                text += &format!("also fails: {defect}: {strays}\n");
            }
        }
    }
    let (unsound, caught) = (proof.unsound.len(), chosen.len() - missed);
    let defects = counted(chosen.len(), "defect");
    text += &format!("{defects}: {caught} caught, {missed} missed\n");
    let mut counts = Vec::new();
    if all {
        let sharp = scenarios.len() - weak.len() - unprovable;
        counts.push(format!("{sharp} proved, {} catching no defect", weak.len()));
    }
    counts.push(format!("{unsound} failing without a defect, {unprovable} not provable"));
    let (of_all, runs) = (counted(scenarios.len(), "scenario"), counted(proof.runs, "run"));
    text += &format!("{of_all}: {}; {runs}\n", counts.join(", "));
    print(&wrapped(&sanitise(&text), width(out_is_terminal())))?;
    if unsound + missed + weak.len() > 0 {
        eprint("not proved");
        return Ok(exit::DIFFERS);
    }
    eprint("proved");
    Ok(exit::OK)
}

fn tables(proof: &runner::Proof, scenarios: &[Arc<Scenario>]) -> String {
    let path = |place: usize| name(&scenarios[place].place.source.path).to_string();
    let mut text = String::from("Scenarios that catch each defect:\n");
    for trial in &proof.trials {
        text += &format!("  {}\n", trial.defect.name);
        for &place in &trial.caught {
            text += &format!("    {}\n", path(place));
        }
    }
    text += "Defects that each scenario catches:\n";
    for place in 0..scenarios.len() {
        text += &format!("  {}\n", path(place));
        for trial in proof.trials.iter().filter(|trial| trial.caught.contains(&place)) {
            text += &format!("    {}\n", trial.defect.name);
        }
    }
    text
}
