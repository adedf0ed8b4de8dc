//! What came of a scenario.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::scenario::matching::{FailureKind, prose};
use crate::scenario::{Level, Place, Scenario};
use crate::trace::Event;

/// How a scenario ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// All that it demands was kept.
    Passed,
    /// It was not carried out: the connection manager does not advertise what it is about, or the target does not
    /// provide what it needs.
    Skipped,
    /// What is only recommended was not kept.
    Warned,
    /// What is known of this target happened again.
    Known,
    /// A deviation that is known of this target did not happen.
    Gone,
    /// This machine was too slow to tell.
    Inconclusive,
    /// It failed, and did not when it was run again by itself.
    Unsteady,
    /// Something demanded was not kept.
    Failed,
    /// It could not be carried out.
    Broken,
}

impl Verdict {
    /// All of them, from good to bad.
    pub const ALL: [Self; 9] = [
        Self::Passed,
        Self::Skipped,
        Self::Warned,
        Self::Known,
        Self::Gone,
        Self::Inconclusive,
        Self::Unsteady,
        Self::Failed,
        Self::Broken,
    ];

    /// Whether it says that the target does something wrong, of which nothing is known.
    pub fn accuses(self) -> bool {
        matches!(self, Self::Warned | Self::Failed | Self::Broken)
    }

    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Warned => "warned",
            Self::Known => "known",
            Self::Gone => "gone",
            Self::Inconclusive => "inconclusive",
            Self::Unsteady => "unsteady",
            Self::Failed => "failed",
            Self::Broken => "broken",
        }
    }
}

/// An expectation that was not met.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What it is about.
    pub kind: FailureKind,
    /// The requirements that this breaks.
    pub covers: Vec<String>,
    /// How grave it is.
    pub level: Level,
    /// The step, or the value in it.
    pub place: Place,
    /// In the scenario's own words, if it has some.
    pub says: Option<String>,
    /// What was expected, in words.
    pub expected: String,
    /// What was seen, in words.
    pub seen: String,
    /// When it was noticed, on the trace's clock.
    pub at: Duration,
    /// The time in which what it is about happened.
    pub during: (Duration, Duration),
    /// The lag of this machine, if that could be the reason.
    pub lag: Option<Duration>,
    /// What the target's file says of it, if it is known.
    pub known: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&prose(&self.expected, &self.seen))
    }
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Where it is said.
    pub place: Place,
    /// What.
    pub text: String,
}

/// What is another at every run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Texts that the scenario had made at random.
    pub texts: Vec<String>,
    /// Addresses of accounts, with the names that the scenario has for their users.
    pub accounts: Vec<(String, String)>,
}

/// What came of a run of a scenario.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Which row of its sweep, from 1, with its values in words; nothing without a sweep.
    pub row: Option<(usize, String)>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was not met, in order.
    pub failures: Vec<Failure>,
    /// Why it was skipped, broken, known, gone or unsteady.
    pub reason: Option<String>,
    /// How many of its runs ended in which way, if it failed and was run again.
    pub runs: BTreeMap<Verdict, usize>,
    /// What the target's file says that it does in this scenario at some runs, and not at others.
    pub sometimes: Vec<String>,
    /// What it tells.
    pub notes: Vec<Note>,
    /// How long it took, on the trace's clock.
    pub duration: Duration,
    /// The attributes of the first creation response.
    pub advertised: Vec<(String, String)>,
    /// What was chosen for this run alone.
    pub chosen: Chosen,
    /// Which of the events below belong to its own steps: neither to its set-up, nor to the ending of what it left.
    pub own: Range<usize>,
    /// All that passed, secrets hidden.
    pub events: Vec<Event>,
    /// The file that this was written to, within the folder of captures; none if it was not written.
    pub capture: Option<String>,
}

impl Outcome {
    /// Its name, with the row.
    pub fn name(&self) -> String {
        match &self.row {
            None => self.scenario.name.value.clone(),
            Some((_, values)) => format!("{} [{values}]", self.scenario.name.value),
        }
    }

    /// How its runs ended, in words, if it was run again.
    pub fn repeats(&self) -> Option<String> {
        (!self.runs.is_empty()).then(|| in_words(&self.runs))
    }
}

/// `failed in 1 of 3 runs, passed in 2`, the worst first.
pub(super) fn in_words(runs: &BTreeMap<Verdict, usize>) -> String {
    let all: usize = runs.values().sum();
    let parts = runs.iter().rev().enumerate().map(|(number, (verdict, count))| {
        let of = if number == 0 { format!(" of {all} runs") } else { String::new() };
        format!("{} in {count}{of}", verdict.name())
    });
    parts.collect::<Vec<_>>().join(", ")
}
