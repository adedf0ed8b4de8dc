//! How a run ended, in numbers and in a sentence.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::words;
use crate::diag::counted;
use crate::runner::Verdict;

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How many runs there were to be.
    pub runs: usize,
    /// How many scenarios they are of.
    pub scenarios: usize,
    /// How many runs ended in which way.
    pub counts: BTreeMap<Verdict, usize>,
    /// Not all of them were run.
    pub interrupted: bool,
    /// How long it took.
    pub time: Duration,
}

impl Summary {
    /// How many runs there were.
    pub fn run(&self) -> usize {
        self.counts.values().sum()
    }

    /// `12 runs of 5 scenarios: 10 passed, 2 failed`, with how many were not run.
    pub fn sentence(&self) -> String {
        self.with(Verdict::name)
    }

    /// The same for people, with the time.
    pub fn in_words(&self) -> String {
        format!("{} in {}", self.with(said), words(self.time))
    }

    fn with(&self, name: fn(Verdict) -> &'static str) -> String {
        let counts = self.counts.iter();
        let mut parts: Vec<String> =
            counts.map(|(verdict, count)| format!("{count} {}", name(*verdict))).collect();
        let rest = self.runs.saturating_sub(self.run());
        if rest > 0 {
            parts.push(format!("{rest} not run"));
        }
        format!("{}: {}", runs_of(self.runs, self.scenarios), parts.join(", "))
    }
}

/// `12 scenarios`, or `12 runs of 5 scenarios` where there are more runs than scenarios.
pub fn runs_of(runs: usize, scenarios: usize) -> String {
    let scenarios_in_words = counted(scenarios, "scenario");
    if runs == scenarios {
        return scenarios_in_words;
    }
    format!("{} of {scenarios_in_words}", counted(runs, "run"))
}

/// A verdict as people read it in a sentence.
fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Known => "known deviations",
        Verdict::Gone => "deviations gone",
        other => other.name(),
    }
}
