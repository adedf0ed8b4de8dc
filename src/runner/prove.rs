//! Mutation testing of scenarios: each is run against the embedded connection manager, strict and with defects, one at a
//! time.
//!
//! What the proof rests on is little of all that could be run: a defect has to fail a scenario that covers its requirement,
//! so it is tried on those; and a scenario is proved by a defect that does so and leaves the others alone, which a sample of
//! them shows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::embedded;
use super::outcome::{Outcome, Verdict};
use super::schedule::{Job, jobs, run_changed, run_embedded};
use super::share::{placed, share};
use super::target::Target;
use crate::defects::{Defect, WITHOUT};
use crate::scenario::Scenario;

/// So many scenarios that do not cover a defect's requirement show whether it leaves them alone.
pub const SAMPLE: usize = 40;

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What the proof needs: each defect with the scenarios that cover its requirement, and with a sample of the others.
    Needed,
    /// Each defect with every scenario.
    All,
}

/// What was seen of a defect.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The defect.
    pub defect: &'static Defect,
    /// The scenarios that it was tried on, by place.
    tried: BTreeSet<usize>,
    /// Those that catch it.
    pub caught: BTreeSet<usize>,
    /// Those that could not be carried out with it.
    pub broken: BTreeSet<usize>,
    /// Whether it was tried on scenarios of other requirements, or on a sample of them.
    sampled: bool,
}

impl Trial {
    fn new(defect: &'static Defect) -> Self {
        let (tried, caught, broken) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { defect, tried, caught, broken, sampled: false }
    }

    /// The scenarios that it fails though they do not cover its requirement, of those that it was tried on.
    pub fn strays(&self, scenarios: &[Arc<Scenario>]) -> Vec<usize> {
        let failed = self.caught.union(&self.broken).copied();
        failed.filter(|&place| !covers(&scenarios[place], self.defect)).collect()
    }

    /// Whether what it fails beside scenarios that concern its requirement is a tenth of the others at most: one that
    /// fails everything says nothing of a scenario.
    fn is_specific(&self, scenarios: &[Arc<Scenario>]) -> bool {
        let others = self.tried.iter().filter(|place| !covers(&scenarios[**place], self.defect));
        self.sampled && self.strays(scenarios).len() <= others.count() / 10
    }
}

/// The result of mutation testing.
#[derive(Debug)]
pub struct Proof {
    /// The scenarios that do not pass against the strict connection manager, by place, each with an outcome.
    pub unsound: Vec<(usize, Outcome)>,
    /// What was seen of each defect.
    pub trials: Vec<Trial>,
    /// How many runs it took.
    pub runs: usize,
}

/// Runs scenarios with each of the defects, on `threads` threads. `progress` is told after each run.
pub fn prove(
    scenarios: &[Arc<Scenario>],
    defects: &[&'static Defect],
    extent: Extent,
    threads: usize,
    progress: &(dyn Fn() + Sync),
) -> Proof {
    let mut bench = Bench {
        scenarios,
        rows: scenarios.iter().map(|scenario| jobs(std::slice::from_ref(scenario))).collect(),
        target: Arc::new(embedded::target()),
        trials: defects.iter().map(|&defect| Trial::new(defect)).collect(),
        runs: Mutex::new(0),
        threads,
        progress,
    };
    let unsound = bench.strict();
    match extent {
        Extent::All => bench.everything(),
        Extent::Needed => {
            bench.concerned();
            bench.missed();
            while bench.sample() {}
        }
    }
    let runs = bench.runs.into_inner().unwrap_or_else(PoisonError::into_inner);
    Proof { unsound, trials: bench.trials, runs }
}

/// What scenarios and defects are tried on.
struct Bench<'a> {
    scenarios: &'a [Arc<Scenario>],
    /// The runs of each scenario.
    rows: Vec<Vec<Job>>,
    target: Arc<Target>,
    trials: Vec<Trial>,
    runs: Mutex<usize>,
    threads: usize,
    progress: &'a (dyn Fn() + Sync),
}

/// How a scenario takes a defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdicts {
    Passed,
    Caught,
    Broken,
}

impl Bench<'_> {
    fn ran(&self) {
        *self.runs.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        (self.progress)();
    }

    /// The scenarios that fail without a defect.
    fn strict(&self) -> Vec<(usize, Outcome)> {
        let unsound = Mutex::new(Vec::new());
        let all: Vec<(usize, Job)> = placed(self.scenarios).collect();
        share(all.len(), self.threads, |number| {
            let (place, job) = &all[number];
            let outcome = run_embedded(job, &self.target, &[]);
            let sound = outcome.failures.is_empty()
                && matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped);
            if !sound {
                unsound.lock().unwrap_or_else(PoisonError::into_inner).push((*place, outcome));
            }
            self.ran();
        });
        let mut unsound = unsound.into_inner().unwrap_or_else(PoisonError::into_inner);
        unsound.sort_by_key(|(place, _)| *place);
        unsound
    }

    fn everything(&mut self) {
        let (defects, scenarios) = (0..self.trials.len(), self.scenarios.len());
        let pairs = defects.flat_map(|turn| (0..scenarios).map(move |place| (turn, place)));
        self.try_all(pairs.collect());
        self.trials.iter_mut().for_each(|trial| trial.sampled = true);
    }

    /// Tries each defect on the scenarios that cover its requirement.
    fn concerned(&mut self) {
        let mut pairs = Vec::new();
        for (turn, trial) in self.trials.iter().enumerate() {
            let places = 0..self.scenarios.len();
            let places = places.filter(|place| covers(&self.scenarios[*place], trial.defect));
            pairs.extend(places.map(|place| (turn, place)));
        }
        self.try_all(pairs);
    }

    /// Tries a defect that escapes the scenarios of its requirement on all others: who catches it is worth knowing.
    fn missed(&mut self) {
        let mut pairs = Vec::new();
        for (turn, trial) in self.trials.iter().enumerate() {
            if trial.caught.is_empty() && !trial.tried.is_empty() {
                let others = (0..self.scenarios.len()).filter(|place| !trial.tried.contains(place));
                pairs.extend(others.map(|place| (turn, place)));
            }
        }
        self.try_all(pairs);
    }

    /// Has each scenario that is not proved yet name a defect which it catches, the one that most scenarios do, and tries
    /// these on a sample of the scenarios they are not about. Whether there were any.
    fn sample(&mut self) -> bool {
        let specific: Vec<bool> =
            self.trials.iter().map(|trial| trial.is_specific(self.scenarios)).collect();
        let mut named = BTreeSet::new();
        for place in 0..self.scenarios.len() {
            let proves = |turn: &usize| {
                let trial = &self.trials[*turn];
                trial.caught.contains(&place) && covers(&self.scenarios[place], trial.defect)
            };
            let proving = || (0..self.trials.len()).filter(proves);
            if proving().any(|turn| specific[turn]) {
                continue;
            }
            let new = proving().filter(|turn| !self.trials[*turn].sampled);
            named.extend(new.max_by_key(|turn| self.trials[*turn].caught.len()));
        }
        let mut pairs = Vec::new();
        for &turn in &named {
            let trial = &mut self.trials[turn];
            trial.sampled = true;
            let others: Vec<usize> = (0..self.scenarios.len())
                .filter(|place| !covers(&self.scenarios[*place], trial.defect))
                .collect();
            let sample = others.iter().step_by(others.len().div_ceil(SAMPLE).max(1));
            pairs.extend(sample.map(|place| (turn, *place)));
        }
        self.try_all(pairs);
        !named.is_empty()
    }

    /// Tries defects on scenarios, both by place.
    fn try_all(&mut self, pairs: Vec<(usize, usize)>) {
        let pairs: Vec<(usize, usize)> = pairs
            .into_iter()
            .filter(|(turn, place)| !self.trials[*turn].tried.contains(place))
            .collect();
        let found = Mutex::new(Vec::with_capacity(pairs.len()));
        share(pairs.len(), self.threads, |number| {
            let (turn, place) = pairs[number];
            let verdict = self.try_one(place, self.trials[turn].defect);
            found.lock().unwrap_or_else(PoisonError::into_inner).push((turn, place, verdict));
        });
        for (turn, place, verdict) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let trial = &mut self.trials[turn];
            trial.tried.insert(place);
            match verdict {
                Verdicts::Passed => false,
                Verdicts::Caught => trial.caught.insert(place),
                Verdicts::Broken => trial.broken.insert(place),
            };
        }
    }

    /// Runs the rows of a scenario until one fails.
    fn try_one(&self, place: usize, defect: &'static Defect) -> Verdicts {
        let mut verdict = Verdicts::Passed;
        for job in &self.rows[place] {
            let outcome = run_changed(job, &self.target, |parts| defect.apply(parts));
            self.ran();
            if outcome.verdict == Verdict::Broken {
                verdict = Verdicts::Broken;
            } else if !outcome.failures.is_empty() {
                return Verdicts::Caught;
            }
        }
        verdict
    }
}

impl Proof {
    /// The defects that no scenario catches that covers their requirement.
    pub fn missed<'a>(
        &'a self,
        scenarios: &'a [Arc<Scenario>],
    ) -> impl Iterator<Item = (&'static Defect, &'a BTreeSet<usize>)> {
        let missed = |trial: &&Trial| {
            !trial.caught.iter().any(|&place| covers(&scenarios[place], trial.defect))
        };
        self.trials.iter().filter(missed).map(|trial| (trial.defect, &trial.caught))
    }

    /// The scenarios for which there is no defect of a requirement they cover that fails them, and few of those that are
    /// about something else.
    pub fn weak(&self, scenarios: &[Arc<Scenario>]) -> Vec<usize> {
        let specific: Vec<&Trial> =
            self.trials.iter().filter(|trial| trial.is_specific(scenarios)).collect();
        let catches = |place: &usize| {
            let catches = |trial: &&Trial| {
                trial.caught.contains(place) && covers(&scenarios[*place], trial.defect)
            };
            specific.iter().any(catches)
        };
        let provable = |place: &usize| unprovable(&scenarios[*place]).is_none();
        (0..scenarios.len()).filter(|place| provable(place) && !catches(place)).collect()
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
