//! Mutation testing of scenarios: each is run against the embedded connection manager, strict and with each of
//! its defects in turn.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::embedded;
use super::outcome::{Outcome, Verdict};
use super::schedule::{Job, run_embedded};
use super::share::{placed, share};
use crate::defects::{Defect, WITHOUT};
use crate::scenario::Scenario;

/// The result of mutation testing.
#[derive(Debug)]
pub struct Proof {
    /// The scenarios that do not pass against the strict connection manager, by place, each with an outcome.
    pub unsound: Vec<(usize, Outcome)>,
    /// For each defect the scenarios that catch it, by place.
    pub caught: Vec<(&'static Defect, BTreeSet<usize>)>,
    /// For each defect the scenarios that could not be carried out with it.
    pub broken: Vec<(&'static Defect, BTreeSet<usize>)>,
}

/// Runs all scenarios with each of the defects, on `threads` threads. `progress` is told how many of how many runs are
/// done.
pub fn prove(
    scenarios: &[Arc<Scenario>],
    defects: &[&'static Defect],
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Proof {
    let target = Arc::new(embedded::target());
    let jobs: Vec<(usize, Job)> = placed(scenarios).collect();
    let all = jobs.len() * (defects.len() + 1);
    let proof = Mutex::new(Proof {
        unsound: Vec::new(),
        caught: defects.iter().map(|&defect| (defect, BTreeSet::new())).collect(),
        broken: defects.iter().map(|&defect| (defect, BTreeSet::new())).collect(),
    });
    share(all, threads, |number| {
        let (turn, (place, job)) = (number / jobs.len(), &jobs[number % jobs.len()]);
        let with = turn.checked_sub(1).map(|turn| &defects[turn..=turn]);
        let outcome = run_embedded(job, &target, with.unwrap_or_default());
        let mut proof = proof.lock().unwrap_or_else(PoisonError::into_inner);
        match turn.checked_sub(1) {
            None => {
                let sound = outcome.failures.is_empty()
                    && matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped);
                if !sound {
                    proof.unsound.push((*place, outcome));
                }
            }
            Some(turn) if outcome.verdict == Verdict::Broken => {
                proof.broken[turn].1.insert(*place);
            }
            Some(turn) if !outcome.failures.is_empty() => {
                proof.caught[turn].1.insert(*place);
            }
            Some(_) => {}
        }
        drop(proof);
        progress(number + 1, all);
    });
    proof.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Proof {
    /// The defects that no scenario catches that covers their requirement.
    pub fn missed<'a>(
        &'a self,
        scenarios: &'a [Arc<Scenario>],
    ) -> impl Iterator<Item = (&'static Defect, &'a BTreeSet<usize>)> {
        self.caught
            .iter()
            .filter(|(defect, by)| !by.iter().any(|&place| covers(&scenarios[place], defect)))
            .map(|(defect, by)| (*defect, by))
    }

    /// Whether what a defect fails, beside scenarios that concern its requirement, is a tenth of the others at most: one that
    /// fails everything says nothing of a scenario.
    fn is_specific(&self, turn: usize, scenarios: &[Arc<Scenario>]) -> bool {
        let (defect, by) = &self.caught[turn];
        let (_, broken) = &self.broken[turn];
        let concerned = |place: &usize| covers(&scenarios[*place], defect);
        let others = (0..scenarios.len()).filter(|place| !concerned(place)).count();
        by.union(broken).filter(|place| !concerned(place)).count() <= others / 10
    }

    /// The scenarios for which there is no defect of a requirement they cover that fails them, and few of those that are
    /// about something else.
    pub fn weak(&self, scenarios: &[Arc<Scenario>]) -> Vec<usize> {
        let specific: Vec<usize> =
            (0..self.caught.len()).filter(|&turn| self.is_specific(turn, scenarios)).collect();
        let catches = |place: &usize| {
            specific.iter().any(|&turn| {
                let (defect, by) = &self.caught[turn];
                by.contains(place) && covers(&scenarios[*place], defect)
            })
        };
        let provable = |place: &usize| unprovable(&scenarios[*place]).is_none();
        (0..scenarios.len()).filter(|place| provable(place) && !catches(place)).collect()
    }

    /// What each defect fails beside the scenarios that cover its requirement.
    pub fn strays<'a>(
        &'a self,
        scenarios: &'a [Arc<Scenario>],
    ) -> impl Iterator<Item = (&'static Defect, Vec<usize>)> + 'a {
        self.caught.iter().zip(&self.broken).filter_map(|((defect, by), (_, broken))| {
            let strays: Vec<usize> = by
                .union(broken)
                .copied()
                .filter(|&place| !covers(&scenarios[place], defect))
                .collect();
            (!strays.is_empty()).then_some((*defect, strays))
        })
    }
}

/// Why no defect can break anything that a scenario covers, if it is so.
pub fn unprovable(scenario: &Scenario) -> Option<&'static str> {
    let why = |id: &str| WITHOUT.iter().find(|(known, _)| *known == id).map(|(_, why)| *why);
    let mut reasons = scenario.covers.iter().map(|id| why(&id.value));
    let first = reasons.next()??;
    reasons.all(|reason| reason.is_some()).then_some(first)
}

fn covers(scenario: &Scenario, defect: &Defect) -> bool {
    scenario.covers.iter().any(|id| id.value == defect.requirement())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::scenario::load_texts;

    fn covering(ids: &str) -> Scenario {
        let text = format!(
            "name: x\ncovers: [{ids}]\nsession: none\nsteps:\n  - create: s\n  - response: s\n"
        );
        let loaded =
            load_texts(vec![("a.yaml".into(), text)], &|_| Err(io::ErrorKind::NotFound.into()));
        assert!(loaded.mistakes.is_empty());
        loaded.scenarios.into_iter().next().unwrap()
    }

    #[test]
    fn only_what_no_defect_can_break_needs_no_proof() {
        assert!(unprovable(&covering("bosh-https-method, bosh-same-certificates")).is_some());
        assert_eq!(unprovable(&covering("bosh-https-method, bosh-no-chunked")), None);
        assert_eq!(unprovable(&covering("bosh-no-chunked")), None);
    }
}
