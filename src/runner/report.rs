//! What a run has to report: failures and notes, with what of the step its failures need.

use std::time::Duration;

use super::outcome::{Failure, Note};
use super::stop::{Done, Stop};
use crate::scenario::matching::FailureKind;
use crate::scenario::{Level, Place};
use crate::spec::{Level as Demand, catalogue};

/// A run ends after this many failures, and keeps as many notes.
const MOST: usize = 1000;

/// What of a step its failures need.
#[derive(Debug, Clone)]
pub struct StepAt {
    /// Where it is.
    pub place: Place,
    /// The requirements that its failure breaks.
    pub covers: Vec<String>,
    /// How grave that is, if the requirements do not say it.
    pub level: Option<Level>,
    /// What is to be said of it.
    pub says: Option<String>,
    /// When what it is about began.
    pub since: Duration,
}

/// Failures and notes, in order, and the step that is being done.
#[derive(Debug)]
pub struct Report {
    failures: Vec<Failure>,
    notes: Vec<Note>,
    /// The attributes of the first creation response.
    advertised: Vec<(String, String)>,
    at: StepAt,
}

impl Report {
    /// Nothing yet.
    pub fn new(at: StepAt) -> Self {
        Self { failures: Vec::new(), notes: Vec::new(), advertised: Vec::new(), at }
    }

    /// A step begins.
    pub fn begin(&mut self, at: StepAt) {
        self.at = at;
    }

    /// The step that is being done.
    pub fn at(&self) -> &StepAt {
        &self.at
    }

    /// What the step is about began at this time.
    pub fn count_from(&mut self, since: Duration) {
        self.at.since = since;
    }

    /// How grave a failure of this step is: what it says itself, or else what the requirements say.
    fn level(&self) -> Level {
        let demanded = |id: &String| match catalogue().get(id).map(|requirement| requirement.level)
        {
            Some(Demand::Must | Demand::MustNot) => Level::Must,
            Some(Demand::Should | Demand::ShouldNot) => Level::Should,
            _ => Level::May,
        };
        let strongest = || self.at.covers.iter().map(demanded).max();
        self.at.level.or_else(strongest).unwrap_or(Level::Must)
    }

    /// An expectation was not met: noted; the run goes on unless it is demanded. A lag of this machine could be the reason.
    pub fn fail(
        &mut self,
        now: Duration,
        kind: FailureKind,
        place: &Place,
        expected: String,
        seen: String,
        lag: Option<Duration>,
    ) -> Done {
        let level = self.level();
        self.failures.push(Failure {
            kind,
            covers: self.at.covers.clone(),
            level,
            place: place.clone(),
            says: self.at.says.clone(),
            expected,
            seen,
            at: now,
            during: (self.at.since, now),
            lag,
            known: None,
        });
        let last = level == Level::Must || self.failures.len() >= MOST;
        if last { Err(Stop::Failed) } else { Ok(()) }
    }

    /// The same as an alternative says it: at this level, and in these words if it has some.
    pub fn fail_as(
        &mut self,
        now: Duration,
        kind: FailureKind,
        place: &Place,
        (level, says): (Level, Option<String>),
        expected: String,
        seen: String,
    ) -> Done {
        let before = self.at.clone();
        self.at.level = Some(level);
        self.at.says = says.or(self.at.says.take());
        let failed = self.fail(now, kind, place, expected, seen, None);
        self.at = before;
        failed
    }

    /// Something to be told.
    pub fn note(&mut self, place: &Place, text: impl Into<String>) {
        let text = match self.notes.len() {
            0..MOST => text.into(),
            MOST => format!("this and later notes are left out: {MOST} are kept"),
            _ => return,
        };
        self.notes.push(Note { place: place.clone(), text });
    }

    /// A session was created; only the first counts.
    pub fn advertise(&mut self, attributes: impl FnOnce() -> Vec<(String, String)>) {
        if self.advertised.is_empty() {
            self.advertised = attributes();
        }
    }

    /// The failures so far.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What failed could not be done at all: it is no failure.
    pub fn forgive(&mut self) {
        self.failures.clear();
    }

    /// All of it: failures, notes and the attributes of the first creation response.
    pub fn into_parts(self) -> (Vec<Failure>, Vec<Note>, Vec<(String, String)>) {
        (self.failures, self.notes, self.advertised)
    }
}
