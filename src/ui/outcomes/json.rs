//! `--format json`: one JSON object a line. A field may be added at any time; nothing is renamed, removed or given another
//! meaning without a new [`VERSION`].

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::plan::Plan;
use super::summary::Summary;
use super::words::{at, begins, level};
use super::writer::Writer;
use crate::report::json::{millis, rfc_3339, write as line};
use crate::runner::{Failure, Outcome, Verdict};
use crate::scenario::Place;
use crate::snapshot::Diff;
use crate::spec::catalogue;

/// In a folder of captures, the file that says what came of the scenarios, in this format.
pub const IN_FOLDER: &str = "outcomes.ndjson";

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Preface<'a> {
    xmppscope: &'static str,
    version: u32,
    tool: &'static str,
    started: String,
    target: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    software: Option<Software<'a>>,
    scenarios: usize,
    strict: bool,
}

#[derive(Serialize)]
struct Software<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Scenario<'a> {
    event: &'static str,
    file: String,
    line: usize,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<Row<'a>>,
    covers: Vec<&'a str>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    runs: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    sometimes: &'a [String],
    failures: Vec<Failed<'a>>,
    notes: Vec<Note<'a>>,
    duration_ms: f64,
    advertised: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<&'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    number: usize,
    values: &'a str,
}

#[derive(Serialize)]
struct Failed<'a> {
    requirements: Vec<Requirement<'a>>,
    level: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'a str>,
    expected: &'a str,
    seen: &'a str,
    place: Where,
    at_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a str>,
}

#[derive(Serialize)]
struct Requirement<'a> {
    id: &'a str,
    spec: &'a str,
    section: &'a str,
    level: &'a str,
}

#[derive(Serialize)]
struct Note<'a> {
    text: &'a str,
    place: Where,
}

#[derive(Serialize)]
struct Where {
    file: String,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Last {
    event: &'static str,
    scenarios: usize,
    run: usize,
    verdicts: BTreeMap<&'static str, usize>,
    interrupted: bool,
    time_ms: f64,
}

/// Writes lines of JSON.
pub(super) struct Json;

impl Writer for Json {
    fn begun(&mut self, plan: &Plan, mut out: &mut dyn Write) -> io::Result<()> {
        let software = plan.software.as_ref();
        let preface = Preface {
            xmppscope: "outcomes",
            version: VERSION,
            tool: concat!("xmppscope ", env!("CARGO_PKG_VERSION")),
            started: rfc_3339(plan.started),
            target: &plan.target,
            name: &plan.name,
            about: plan.about.as_deref(),
            software: software.map(|known| Software { name: &known.name, version: &known.version }),
            scenarios: plan.runs,
            strict: plan.strict,
        };
        line(&mut out, &preface)
    }

    fn outcome(
        &mut self,
        outcome: &Outcome,
        _: Option<&Diff>,
        mut out: &mut dyn Write,
    ) -> io::Result<()> {
        line(&mut out, &Scenario::of(outcome))
    }

    fn finished(&mut self, summary: &Summary, mut out: &mut dyn Write) -> io::Result<()> {
        let last = Last {
            event: "summary",
            scenarios: summary.runs,
            run: summary.run(),
            verdicts: verdicts(&summary.counts),
            interrupted: summary.interrupted,
            time_ms: millis(summary.time),
        };
        line(&mut out, &last)
    }
}

impl<'a> Scenario<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let (file, line) = begins(outcome);
        let row = outcome.row.as_ref();
        let notes = outcome.notes.iter();
        let advertised = outcome.advertised.iter();
        Self {
            event: "scenario",
            file,
            line,
            name: &outcome.scenario.name.value,
            row: row.map(|(number, values)| Row { number: *number, values }),
            covers: outcome.scenario.covers.iter().map(|id| id.value.as_str()).collect(),
            verdict: outcome.verdict.name(),
            reason: outcome.reason.as_deref(),
            runs: verdicts(&outcome.runs),
            sometimes: &outcome.sometimes,
            failures: outcome.failures.iter().map(Failed::of).collect(),
            notes: notes.map(|note| Note { text: &note.text, place: place(&note.place) }).collect(),
            duration_ms: millis(outcome.duration),
            advertised: advertised.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            capture: outcome.capture.as_deref(),
        }
    }
}

impl<'a> Failed<'a> {
    fn of(failure: &'a Failure) -> Self {
        let known = failure.covers.iter().filter_map(|id| catalogue().get(id));
        let requirements = known.map(|requirement| Requirement {
            id: &requirement.id,
            spec: &requirement.spec,
            section: &requirement.section.number,
            level: requirement.level.as_str(),
        });
        Self {
            requirements: requirements.collect(),
            level: level(failure.level),
            kind: failure.kind.name(),
            says: failure.says.as_deref(),
            expected: &failure.expected,
            seen: &failure.seen,
            place: place(&failure.place),
            at_ms: millis(failure.at),
            lag_ms: failure.lag.map(millis),
            known: failure.known.as_deref(),
        }
    }
}

fn verdicts(counts: &BTreeMap<Verdict, usize>) -> BTreeMap<&'static str, usize> {
    counts.iter().map(|(verdict, count)| (verdict.name(), *count)).collect()
}

fn place(place: &Place) -> Where {
    let (file, line) = at(place);
    Where { file, line, column: place.line_and_column().1 }
}
