//! How a run ended, in numbers and in a sentence.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::words;
use crate::runner::Verdict;

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How many scenarios there were to be run.
    pub scenarios: usize,
    /// How many ended in which way.
    pub counts: BTreeMap<Verdict, usize>,
    /// Not all of them were run.
    pub interrupted: bool,
    /// How long it took.
    pub time: Duration,
}

impl Summary {
    /// How many scenarios were run.
    pub fn run(&self) -> usize {
        self.counts.values().sum()
    }

    /// `12 scenarios: 10 passed, 2 failed`, with how many were not run.
    pub fn sentence(&self) -> String {
        self.counted(Verdict::name)
    }

    /// The same for people, with the time.
    pub fn in_words(&self) -> String {
        format!("{} in {}", self.counted(said), words(self.time))
    }

    fn counted(&self, name: fn(Verdict) -> &'static str) -> String {
        let counts = self.counts.iter();
        let mut parts: Vec<String> =
            counts.map(|(verdict, count)| format!("{count} {}", name(*verdict))).collect();
        let rest = self.scenarios.saturating_sub(self.run());
        if rest > 0 {
            parts.push(format!("{rest} not run"));
        }
        let what = if self.scenarios == 1 { "scenario" } else { "scenarios" };
        format!("{} {what}: {}", self.scenarios, parts.join(", "))
    }
}

/// A verdict as people read it in a sentence.
fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Known => "known deviations",
        Verdict::Gone => "deviations gone",
        other => other.name(),
    }
}
