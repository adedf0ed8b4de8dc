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
    let chosen = Chosen::of(args.only.as_deref(), &args.carrier, args.reporting.color)?;
    let against = Against::of(args)?;
    let (scenarios, files) = check::scenarios(&args.paths, args.reporting.color)?;
    let all = runner::jobs(&scenarios);
    let names = stems::stems(&all);
    if args.snapshots.is_some() || args.reporting.write.is_some() {
        stems::distinct(&all, &names, args.reporting.write.is_some())?;
    }
    let (jobs, stems) = chosen.of_all(all.into_iter().zip(names))?;
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
        runs: jobs.len(),
        scenarios: runner::scenarios(&jobs),
        strict: args.strict,
    };
    eprint(&format!("target: {}", plan.target));
    let mut results = Results::new(plan, snapshots, stems, outputs);
    let end = against.run(args, &jobs, &mut results, &interrupt.defer())?;
    results.finish(end, clock.now())
}

/// Which scenarios are run.
pub(in crate::cli) struct Chosen<'a> {
    only: Option<Only>,
    carriers: Option<Only>,
    words: (Option<&'a str>, &'a [String]),
}

impl<'a> Chosen<'a> {
    /// By --only, and by --carrier.
    pub(in crate::cli) fn of(
        only: Option<&'a str>,
        carriers: &'a [String],
        color: When,
    ) -> Result<Self, Failure> {
        let each: Vec<_> = carriers.iter().map(|name| format!("carrier:{name}")).collect();
        let any = (!each.is_empty()).then(|| expression(&each.join(" or "), color)).transpose()?;
        let words = (only, carriers);
        let only = only.map(|text| expression(text, color)).transpose()?;
        Ok(Self { only, carriers: any, words })
    }

    /// Those of these, which have names. None is a mistake.
    pub(in crate::cli) fn of_all(
        &self,
        all: impl Iterator<Item = (Job, PathBuf)>,
    ) -> Result<(Vec<Job>, Vec<PathBuf>), Failure> {
        let kept = |job: &Job| {
            let keeps = |only: &Only| only.keeps(&job.scenario, job.row);
            self.only.as_ref().is_none_or(keeps) && self.carriers.as_ref().is_none_or(keeps)
        };
        let (jobs, names): (Vec<Job>, Vec<PathBuf>) = all.filter(|(job, _)| kept(job)).unzip();
        if jobs.is_empty() {
            let only = self.words.0.map(|only| format!("--only {}", quoted(only)));
            let carriers = self.words.1.iter().map(|carrier| format!("--carrier {carrier}"));
            let chosen: Vec<_> = only.into_iter().chain(carriers).collect();
            return Err(Failure::Usage(format!("{}: no scenario matches", chosen.join(" "))));
        }
        Ok((jobs, names))
    }
}

fn expression(text: &str, color: When) -> Result<Only, Failure> {
    Only::parse(text).map_err(|wrong| {
        explain(&wrong, color);
        Failure::Usage("--only is not a valid expression".to_owned())
    })
}
