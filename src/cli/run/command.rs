//! `xmppscope run`, from its options to its exit code.

use std::path::PathBuf;

use super::against::Against;
use super::args::Args;
use super::output::Outputs;
use super::results::Results;
use super::snapshots::Snapshots;
use super::{list, stems};
use crate::cli::Failure;
use crate::cli::check;
use crate::cli::console::{eprint, explain, not_into};
use crate::cli::interrupt::Interrupt;
use crate::cli::options::When;
use crate::clock::Clock;
use crate::files::Inputs;
use crate::runner::{self, Job};
use crate::scenario::Only;
use crate::ui::outcomes::{Again, Plan};
use crate::ui::quoted;

/// Runs scenarios.
pub(in crate::cli) fn run(args: &Args) -> Result<u8, Failure> {
    let interrupt = Interrupt::watch()?;
    let only =
        args.only.as_deref().map(|text| expression(text, args.reporting.color)).transpose()?;
    let against = Against::of(args)?;
    let (scenarios, files) = check::scenarios(&args.paths, args.reporting.color)?;
    let all = runner::jobs(&scenarios);
    let names = stems::stems(&all);
    if args.snapshots.is_some() || args.reporting.write.is_some() {
        stems::distinct(&all, &names, args.reporting.write.is_some())?;
    }
    let carriers = carriers(args, args.reporting.color)?;
    let kept = |job: &Job| {
        let keeps = |only: &Only| only.keeps(&job.scenario, job.row);
        only.as_ref().is_none_or(keeps) && carriers.as_ref().is_none_or(keeps)
    };
    let (jobs, stems): (Vec<Job>, Vec<PathBuf>) =
        all.into_iter().zip(names).filter(|(job, _)| kept(job)).unzip();
    if jobs.is_empty() {
        let only = args.only.as_deref().map(|only| format!("--only {}", quoted(only)));
        let carriers = args.carrier.iter().map(|carrier| format!("--carrier {carrier}"));
        let chosen: Vec<_> = only.into_iter().chain(carriers).collect();
        return Err(Failure::Usage(format!("{}: no scenario matches", chosen.join(" "))));
    }
    if args.list {
        return list::list(&jobs, &|job| against.skips(job));
    }
    let snapshots = Snapshots::of(args, args.settings.read(args.reporting.color)?);
    let mut inputs = Inputs::of(files);
    args.files().for_each(|file| inputs.add(file));
    not_into(&inputs)?;
    let again =
        Again { command: "xmppscope run", options: args.repeated(), pack: args.paths.is_empty() };
    let outputs = Outputs::open(&args.reporting, &again, &inputs, against.started())?;
    let clock = Clock::start();
    let plan = Plan {
        target: against.words(),
        name: against.name().to_owned(),
        about: against.about().map(str::to_owned),
        software: None,
        started: clock.started(),
        scenarios: jobs.len(),
        strict: args.strict,
    };
    eprint(&format!("target: {}", plan.target));
    let mut results = Results::new(plan, snapshots, stems, outputs);
    let end = against.run(args, &jobs, &mut results, &interrupt.defer())?;
    results.finish(end, clock.now())
}

/// What `--carrier` keeps, as an expression.
fn carriers(args: &Args, color: When) -> Result<Option<Only>, Failure> {
    let each: Vec<_> = args.carrier.iter().map(|name| format!("carrier:{name}")).collect();
    if each.is_empty() {
        return Ok(None);
    }
    expression(&each.join(" or "), color).map(Some)
}

pub(in crate::cli) fn expression(text: &str, color: When) -> Result<Only, Failure> {
    Only::parse(text).map_err(|wrong| {
        explain(&wrong, color);
        Failure::Usage("--only is not a valid expression".to_owned())
    })
}
