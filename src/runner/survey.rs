//! How sharp scenarios are for defects that nobody chose: each generated defect is tried until a scenario notices it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::embedded;
use super::outcome::Verdict;
use super::schedule::{Job, run_changed};
use crate::defects::generated::{Fired, Generated};
use crate::scenario::Scenario;

/// What became of one defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    /// A scenario that covers a requirement it concerns fails: its place.
    Rightly(usize),
    /// Only scenarios fail that are about something else: the place of the first.
    Elsewhere(usize),
    /// Scenarios could not be carried out with it, and none failed: the place of the first.
    Broken(usize),
    /// No scenario comes to the place where it is.
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
    let jobs: Vec<(usize, Job)> = scenarios
        .iter()
        .enumerate()
        .flat_map(|(place, scenario)| {
            super::jobs(std::slice::from_ref(scenario)).into_iter().map(move |job| (place, job))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::with_capacity(defects.len()));
    let work = || {
        while let Some(defect) = defects.get(next.fetch_add(1, Ordering::Relaxed)) {
            let noticed = try_one(&jobs, *defect);
            found.lock().unwrap_or_else(PoisonError::into_inner).push((*defect, noticed));
            progress();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(defects.len().max(1)) {
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break; // those that there are have to do
            }
        }
        work();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(defect, _)| *defect);
    found
}

fn try_one(jobs: &[(usize, Job)], defect: Generated) -> Noticed {
    let target = Arc::new(embedded::target());
    let fired = Fired::default();
    let concerned = |job: &Job| job.scenario.covers.iter().any(|id| defect.concerns(&id.value));
    let (right, others): (Vec<_>, Vec<_>) = jobs.iter().partition(|(_, job)| concerned(job));
    for (place, job) in &right {
        let outcome = run_changed(job, &target, |parts| defect.apply(parts, &fired));
        if !outcome.failures.is_empty() && outcome.verdict != Verdict::Broken {
            return Noticed::Rightly(*place);
        }
    }
    let mut broken = None;
    for (place, job) in &others {
        let outcome = run_changed(job, &target, |parts| defect.apply(parts, &fired));
        match outcome.verdict {
            Verdict::Broken => broken = broken.or(Some(*place)),
            _ if !outcome.failures.is_empty() => return Noticed::Elsewhere(*place),
            _ => {}
        }
    }
    match broken {
        Some(place) => Noticed::Broken(place),
        None if fired.has() => Noticed::Unnoticed,
        None => Noticed::NeverCame,
    }
}
