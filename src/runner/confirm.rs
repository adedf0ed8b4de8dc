//! Failures that are run again before they are told: one that does not repeat says nothing of the target.

use std::collections::BTreeMap;

use super::outcome::{Note, Outcome, Verdict, in_words};
use super::schedule::Job;

/// Failures that wait to be confirmed.
#[derive(Debug)]
pub struct Doubts {
    /// How often each is run again.
    times: usize,
    waiting: Vec<Doubt>,
}

/// A failure with its place among the jobs, and what came of it since.
#[derive(Debug)]
struct Doubt {
    place: usize,
    first: Outcome,
    again: Vec<Outcome>,
}

impl Doubts {
    /// None yet; each will be run again so many times.
    pub fn new(times: usize) -> Self {
        Self { times, waiting: Vec::new() }
    }

    /// Keeps an outcome until it is confirmed.
    pub fn add(&mut self, place: usize, outcome: Outcome) {
        self.waiting.push(Doubt { place, first: outcome, again: Vec::new() });
    }

    /// The runs that confirm them, the shortest first.
    pub fn jobs(&mut self, all: &[Job]) -> Vec<Job> {
        self.waiting.sort_by_key(|doubt| (doubt.first.duration, doubt.place));
        let jobs = self.waiting.iter().map(|doubt| &all[doubt.place]);
        jobs.flat_map(|job| std::iter::repeat_n(job, self.times)).cloned().collect()
    }

    /// Takes the outcome of the run at this place of these jobs. After the last run of a scenario, gives what is to be told
    /// of it.
    pub fn take(&mut self, run: usize, outcome: Outcome) -> Option<(usize, Outcome)> {
        let doubt = &mut self.waiting[run / self.times];
        doubt.again.push(outcome);
        (doubt.again.len() == self.times).then(|| doubt.settle())
    }

    /// What is left, when there is no time to run it again as often as it should be.
    pub fn finish(self) -> Vec<(usize, Outcome)> {
        let times = self.times;
        let left = self.waiting.iter().filter(|doubt| doubt.again.len() < times);
        left.map(Doubt::settle).collect()
    }
}

impl Doubt {
    /// What is to be told: the mildest of the runs if all of them accuse the target; what came of the others if the first could
    /// not be carried out, and they agree; that it is unsteady, with what the first saw, if not.
    fn settle(&self) -> (usize, Outcome) {
        let all = || std::iter::once(&self.first).chain(&self.again);
        let mut runs = BTreeMap::new();
        for outcome in all() {
            *runs.entry(outcome.verdict).or_default() += 1;
        }
        if let Some(later) = self.later() {
            return (self.place, Outcome { runs, ..later });
        }
        let repeats = runs.keys().copied().all(Verdict::accuses);
        let mildest = all().min_by_key(|outcome| outcome.verdict).filter(|_| repeats);
        let mut told = mildest.unwrap_or(&self.first).clone();
        if !repeats {
            told.verdict = Verdict::Unsteady;
            told.reason = Some(in_words(&runs));
        }
        if !self.again.is_empty() {
            told.runs = runs;
        }
        (self.place, told)
    }

    /// What came of it later, if only its first run could not be carried out: that run says nothing about what is tested.
    fn later(&self) -> Option<Outcome> {
        let last = self.again.last().filter(|_| self.first.verdict == Verdict::Broken)?;
        let agree = self.again.iter().all(|outcome| outcome.verdict == last.verdict);
        if !agree || last.verdict.accuses() {
            return None;
        }
        let why = self.first.failures.first().map(|failure| &*failure.seen);
        let why = why.or(self.first.reason.as_deref()).unwrap_or_default();
        let text = format!("its first run could not be carried out: {why}");
        let mut later = last.clone();
        later.notes.push(Note { place: later.scenario.name.place.clone(), text });
        Some(later)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::runner::{embedded_target, jobs, run_embedded};
    use crate::scenario::load_texts;

    /// What is told of a scenario that ended so at first, and then so; with how its runs ended.
    fn told(first: Verdict, again: &[Verdict], times: usize) -> (Verdict, Option<String>) {
        let text =
            "name: a\ncovers: bosh-resp-wait\nsession: none\nsteps: [note: done]\n".to_owned();
        let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let scenario = load_texts([("a.yaml".into(), text)], &none).scenarios.remove(0);
        let all = jobs(&[Arc::new(scenario)]);
        let outcome = |verdict| {
            let ended = run_embedded(&all[0], &Arc::new(embedded_target()), &[]);
            Outcome { verdict, ..ended }
        };
        let mut doubts = Doubts::new(times);
        doubts.add(0, outcome(first));
        assert_eq!(doubts.jobs(&all).len(), times);
        let again = again.iter().enumerate();
        let taken: Vec<_> =
            again.filter_map(|(run, &verdict)| doubts.take(run, outcome(verdict))).collect();
        let told: Vec<_> = taken.into_iter().chain(doubts.finish()).collect();
        let [(0, outcome)] = told.as_slice() else { panic!("told {} times", told.len()) };
        (outcome.verdict, outcome.repeats())
    }

    #[test]
    fn what_fails_each_time_fails_and_what_does_not_is_unsteady() {
        use Verdict::{Broken, Failed, Inconclusive, Known, Passed, Unsteady, Warned};
        let words = |text: &str| Some(text.to_owned());
        for (first, again, verdict, runs) in [
            (Failed, vec![Failed, Failed], Failed, "failed in 3 of 3 runs"),
            (Failed, vec![Passed, Passed], Unsteady, "failed in 1 of 3 runs, passed in 2"),
            (Failed, vec![Failed, Passed], Unsteady, "failed in 2 of 3 runs, passed in 1"),
            (
                Broken,
                vec![Passed, Failed],
                Unsteady,
                "broken in 1 of 3 runs, failed in 1, passed in 1",
            ),
            (Broken, vec![Failed, Failed], Failed, "broken in 1 of 3 runs, failed in 2"),
            (Broken, vec![Passed, Passed], Passed, "broken in 1 of 3 runs, passed in 2"),
            (Broken, vec![Known, Known], Known, "broken in 1 of 3 runs, known in 2"),
            (
                Broken,
                vec![Known, Passed],
                Unsteady,
                "broken in 1 of 3 runs, known in 1, passed in 1",
            ),
            (Failed, vec![Warned, Warned], Warned, "failed in 1 of 3 runs, warned in 2"),
            (Failed, vec![Known, Known], Unsteady, "failed in 1 of 3 runs, known in 2"),
            (Failed, vec![Inconclusive], Unsteady, "failed in 1 of 2 runs, inconclusive in 1"),
        ] {
            assert_eq!(told(first, &again, again.len()), (verdict, words(runs)));
        }
    }

    #[test]
    fn what_was_not_run_again_is_told_as_it_came() {
        assert_eq!(told(Verdict::Failed, &[], 2), (Verdict::Failed, None));
        let runs = "failed in 1 of 2 runs, passed in 1".to_owned();
        assert_eq!(told(Verdict::Failed, &[Verdict::Passed], 2), (Verdict::Unsteady, Some(runs)));
    }
}
