//! How sharp scenarios are for defects that nobody chose: each generated defect is tried until a scenario notices it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::embedded;
use super::outcome::Verdict;
use super::schedule::{Job, run_changed};
use super::share::{placed, share};
use crate::defects::generated::{Generated, Place, Seen};
use crate::scenario::Scenario;

/// What became of one defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    /// A scenario that covers a requirement it concerns fails: its place.
    Rightly(usize),
    /// Only scenarios fail that are about something else, or cannot be carried out: the place of the first.
    Elsewhere(usize),
    /// Scenarios come to its place, but there is nothing that it could change.
    Void,
    /// No scenario comes to its place, or not so often.
    NeverCame,
    /// It came to something, and no scenario noticed.
    Unnoticed,
}

/// Tries each defect, on `threads` threads; `progress` is told after each.
pub fn survey(
    scenarios: &[Arc<Scenario>],
    defects: &[Generated],
    threads: usize,
    progress: &(dyn Fn() + Sync),
) -> Vec<(Generated, Noticed)> {
    let runs = placed(scenarios).map(|(place, job)| Run { place, visits: visits(&job), job });
    let runs: Vec<Run> = runs.collect();
    let found = Mutex::new(Vec::with_capacity(defects.len()));
    share(defects.len(), threads, |number| {
        let noticed = try_one(&runs, defects[number]);
        found.lock().unwrap_or_else(PoisonError::into_inner).push((defects[number], noticed));
        progress();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(defect, _)| *defect);
    found
}

/// One run of a scenario, without a defect, and where it comes to.
struct Run {
    /// The place of the scenario.
    place: usize,
    job: Job,
    visits: BTreeMap<Place, u32>,
}

fn visits(job: &Job) -> BTreeMap<Place, u32> {
    let seen = Seen::default();
    let probes = |parts: &mut _| Generated::probes().iter().for_each(|it| it.apply(parts, &seen));
    run_changed(job, &Arc::new(embedded::target()), probes);
    seen.places()
}

fn try_one(runs: &[Run], defect: Generated) -> Noticed {
    let target = Arc::new(embedded::target());
    let seen = Seen::default();
    let comes = |run: &&Run| run.visits.get(&defect.place).is_some_and(|it| defect.may_strike(*it));
    let concerned =
        |run: &&Run| run.job.scenario.covers.iter().any(|id| defect.concerns(&id.value));
    let right = runs.iter().filter(comes).filter(concerned);
    let others = runs.iter().filter(comes).filter(|run| !concerned(run));
    let (mut broken, mut elsewhere) = (None, None);
    for (concerned, run) in right.map(|run| (true, run)).chain(others.map(|run| (false, run))) {
        let outcome = run_changed(&run.job, &target, |parts| defect.apply(parts, &seen));
        match outcome.verdict {
            Verdict::Broken => broken = broken.or(Some(run.place)),
            _ if outcome.failures.is_empty() => {}
            _ if concerned => return Noticed::Rightly(run.place),
            _ => {
                elsewhere = Some(run.place);
                break;
            }
        }
    }
    match elsewhere.or(broken) {
        Some(place) => Noticed::Elsewhere(place),
        None if seen.has_fired() => Noticed::Unnoticed,
        None if runs.iter().any(|run| comes(&run)) => Noticed::Void,
        None => Noticed::NeverCame,
    }
}
