//! From what a run reported to its outcome.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::{Chosen, Failure, Outcome, Verdict};
use super::report::Report;
use super::stop::{Done, Stop};
use crate::scenario::matching::FailureKind;
use crate::scenario::{Level, Place, Row, Scenario};
use crate::trace::Event;

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The row of its sweep, from 0.
    pub row: Option<usize>,
    /// Whether it came to its end, or why not.
    pub done: Done,
    /// Failures and notes.
    pub report: Report,
    /// When it began.
    pub began: Duration,
    /// How long it took.
    pub duration: Duration,
    /// What was chosen for this run alone.
    pub chosen: Chosen,
    /// Which of the events belong to its own steps.
    pub own: Range<usize>,
    /// All that passed, secrets hidden.
    pub events: Vec<Event>,
}

/// The outcome of a run.
pub fn conclude(ended: Ended) -> Outcome {
    let Ended { scenario, row, done, report, began, duration, chosen, own, events } = ended;
    let at = report.at().clone();
    let done = done.map_err(|stop| match stop {
        Stop::NotXml(why) => Stop::Broken(at.place, why),
        other => other,
    });
    let (verdict, reason, broken_at) = verdict(&done, report.failures());
    let (mut failures, notes, advertised) = report.into_parts();
    if let (Verdict::Broken, Some(place), Some(why)) = (verdict, broken_at, &reason) {
        failures.push(Failure {
            kind: FailureKind::NotCarriedOut,
            covers: Vec::new(),
            level: Level::Must,
            place,
            says: None,
            expected: "the scenario to be carried out".to_owned(),
            seen: why.clone(),
            at: began + duration,
            during: (at.since, began + duration),
            lag: None,
            known: None,
        });
    }
    let values = row.and_then(|row| Some((row + 1, words(scenario.sweep.get(row)?))));
    Outcome {
        scenario,
        row: values,
        verdict,
        failures,
        reason,
        runs: BTreeMap::new(),
        sometimes: Vec::new(),
        notes,
        duration,
        advertised,
        chosen,
        own,
        events,
        capture: None,
    }
}

/// The row in words.
pub(super) fn words(row: &Row) -> String {
    let one = |assignment: &crate::scenario::Assignment| {
        format!("{}={}", assignment.name.value, assignment.value.place.text().trim())
    };
    row.values.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn verdict(done: &Done, failures: &[Failure]) -> (Verdict, Option<String>, Option<Place>) {
    let worst = failures.iter().map(|failure| failure.level).max();
    let excused = failures.iter().filter(|failure| failure.level == Level::Must);
    let lag = excused.clone().filter_map(|failure| failure.lag).max();
    let all_excused =
        excused.clone().count() > 0 && excused.clone().all(|failure| failure.lag.is_some());
    match done {
        Err(Stop::Skipped(why)) if worst.is_none_or(|worst| worst < Level::Must) => {
            (Verdict::Skipped, Some(why.clone()), None)
        }
        Err(Stop::Broken(place, why)) if worst != Some(Level::Must) => {
            (Verdict::Broken, Some(why.clone()), Some(place.clone()))
        }
        _ => match worst {
            Some(Level::Must) if all_excused => {
                let lag = crate::clock::words(lag.unwrap_or_default());
                (Verdict::Inconclusive, Some(format!("host lag {lag}")), None)
            }
            Some(Level::Must) => (Verdict::Failed, None, None),
            // The response that a recommendation asks for never came, so nothing behind it was looked at.
            Some(Level::Should) => (Verdict::Warned, None, None),
            _ => (Verdict::Passed, None, None),
        },
    }
}
