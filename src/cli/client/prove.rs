//! `xmppscope client prove`: mutation testing of the scenarios for clients.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::args::ProveArgs;
use crate::cli::check;
use crate::cli::console::{eprint, out_is_terminal, print, width};
use crate::cli::interrupt::Interrupt;
use crate::cli::progress::progress;
use crate::cli::{Failure, exit};
use crate::clock::Clock;
use crate::diag::sanitise::sanitise;
use crate::diag::{counted, name, nearest};
use crate::runner::{self, Job};
use crate::trial::{ClientProof, MUTANTS, Mutant, Trust, UNPROVABLE, prove_clients};
use crate::ui::{Unit, wrapped};

/// Proves scenarios.
pub(super) fn prove(args: &ProveArgs) -> Result<u8, Failure> {
    let _interrupt = Interrupt::watch()?;
    let (scenarios, _) = check::client_scenarios(&args.paths, args.color)?;
    let jobs = runner::jobs(&scenarios);
    let mutants = chosen(&args.defect)?;
    let trust = Trust::new().map_err(|error| Failure::Environment(error.to_string()))?;
    let trust = Arc::new(trust);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let shown = progress("mutation testing", Unit::Items("runs"), None);
    let at_once = args.jobs.into();
    let done = || shown.one();
    let proving = prove_clients(&jobs, &mutants, at_once, &trust, Clock::start(), &done);
    let proof = runtime.block_on(proving);
    drop(shown);
    report(&proof, &jobs, args)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Mutant>, Failure> {
    if names.is_empty() {
        return Ok(MUTANTS.iter().collect());
    }
    let find = |name: &String| {
        MUTANTS.iter().find(|mutant| mutant.name == name).ok_or_else(|| {
            let all: Vec<_> = MUTANTS.iter().map(|mutant| mutant.name).collect();
            let help = match nearest(name, all.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known: {}", all.join(", ")),
            };
            Failure::Usage(format!("--defect {name}: no such defect of a client; {help}"))
        })
    };
    names.iter().map(find).collect()
}

fn report(proof: &ClientProof, jobs: &[Job], args: &ProveArgs) -> Result<u8, Failure> {
    let path = |place: usize| name(&jobs[place].scenario.place.source.path).to_string();
    let mut text = String::new();
    for (place, outcome) in &proof.unsound {
        let why = outcome.failures.first().map(ToString::to_string).or(outcome.reason.clone());
        let why = why.unwrap_or_default();
        text += &format!("fails without a defect: {}: {}: {why}\n", path(*place), outcome.name());
    }
    let mut missed = 0;
    let mut sharp = BTreeSet::new();
    for (mutant, noticed) in &proof.noticed {
        let paths: BTreeSet<String> = noticed.iter().map(|place| path(*place)).collect();
        sharp.extend(paths.iter().cloned());
        if paths.is_empty() {
            missed += 1;
            text += &format!("missed: {}: {}\n", mutant.name, mutant.says);
        } else if args.table {
            let paths: Vec<_> = paths.into_iter().collect();
            text += &format!("{}: {}\n", mutant.name, paths.join(", "));
        }
    }
    let able: BTreeSet<String> =
        (0..jobs.len()).filter(|place| !proof.skipped.contains(place)).map(path).collect();
    // That a scenario catches none can be said only if all were tried.
    let whole = args.defect.is_empty();
    let weak = if whole { proof.weak(jobs) } else { Vec::new() };
    let weak: BTreeSet<String> = weak.into_iter().map(path).collect();
    for path in &weak {
        text += &format!("catches no defect of a requirement that it covers: {path}\n");
    }
    if args.table && whole {
        for path in able.difference(&sharp).filter(|path| !weak.contains(*path)) {
            let why = UNPROVABLE.iter().find(|(known, _)| path.ends_with(known));
            let why = why.map_or("it demands nothing", |(_, why)| why);
            text += &format!("not provable: {path}: {why}\n");
        }
    }
    let unable: BTreeSet<String> = proof.skipped.iter().map(|place| path(*place)).collect();
    let unable = unable.difference(&able).count();
    let caught = proof.noticed.len() - missed;
    let defects = counted(proof.noticed.len(), "defect");
    text += &format!("{defects}: {caught} caught, {missed} missed\n");
    let none =
        if whole { format!(", {} catching none of its own", weak.len()) } else { String::new() };
    let unable_in_words = match unable {
        0 => String::new(),
        _ => format!(", {unable} needing something that the built-in client cannot do"),
    };
    let (of_all, sharp) =
        (counted(able.len() + unable, "scenario"), able.intersection(&sharp).count());
    text += &format!("{of_all}: {sharp} catching a defect{none}{unable_in_words}\n");
    print(&wrapped(&sanitise(&text), width(out_is_terminal())))?;
    if missed > 0 || !proof.unsound.is_empty() || !weak.is_empty() {
        eprint("not proved");
        return Ok(exit::DIFFERS);
    }
    eprint("proved");
    Ok(exit::OK)
}
