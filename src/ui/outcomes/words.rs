//! What came of scenarios, for programs: one file per format, all over the same [`Report`]. The formats are described in
//! `docs/reference/run.md`; what they hold is stable.
//!
//! Secrets are hidden before an outcome is made; here control characters are made harmless, and what each format gives a
//! meaning to is escaped.

mod github;
mod json;
mod junit;
mod markdown;
mod tap;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use crate::diag::sanitise::one_line;
use crate::runner::{Failure, Outcome, Software, Verdict};
use crate::scenario::{Level, Place};
use crate::spec::{Requirement, catalogue};

/// What came of a run of scenarios.
#[derive(Debug, Clone)]
pub struct Report {
    /// What they were run against, in words.
    pub target: String,
    /// What it is called.
    pub name: String,
    /// What the target's file says about it.
    pub about: Option<String>,
    /// What the server says that it is.
    pub software: Option<Software>,
    /// When they were begun.
    pub started: DateTime<FixedOffset>,
    /// How many there were to be run.
    pub planned: usize,
    /// What is only recommended counts as what is demanded.
    pub strict: bool,
    /// Not all of them were run.
    pub interrupted: bool,
    /// How long it took.
    pub time: Duration,
    /// What came of each, in the order of the scenarios.
    pub outcomes: Vec<Outcome>,
}

/// What an outcome means for the run as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearing {
    /// Nothing is wrong.
    Good,
    /// Nothing is known.
    Unknown,
    /// The target is broken.
    Broken,
    /// The target does not do what is demanded.
    Bad,
}

/// What a verdict means, `strict` or not.
pub fn bearing(verdict: Verdict, strict: bool) -> Bearing {
    match verdict {
        Verdict::Warned | Verdict::Gone if strict => Bearing::Bad,
        Verdict::Passed | Verdict::Known | Verdict::Warned | Verdict::Gone => Bearing::Good,
        Verdict::Skipped | Verdict::Inconclusive => Bearing::Unknown,
        Verdict::Broken => Bearing::Broken,
        Verdict::Failed => Bearing::Bad,
    }
}

/// In a folder of captures, the file that says what came of the scenarios, as [`Format::Json`] writes it.
pub const IN_FOLDER: &str = "outcomes.ndjson";

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// `JUnit`'s XML.
    Junit,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// Commands of GitHub's workflows, which mark the lines of scenarios.
    Github,
    /// A table for the summary of a job.
    Markdown,
}

impl Format {
    /// Writes a report.
    pub fn write(self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => json::write(report, out),
            Self::Junit => junit::write(report, out),
            Self::Tap => tap::write(report, out),
            Self::Github => github::write(report, out),
            Self::Markdown => markdown::write(report, out),
        }
    }
}

impl Report {
    fn bearing(&self, outcome: &Outcome) -> Bearing {
        bearing(outcome.verdict, self.strict)
    }

    /// How many ended in which way.
    fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for outcome in &self.outcomes {
            *counts.entry(outcome.verdict).or_default() += 1;
        }
        counts
    }

    /// `12 scenarios: 10 passed, 2 failed`, with what was not run.
    fn sentence(&self) -> String {
        let counts = self.counts();
        let parts: Vec<String> =
            counts.iter().map(|(verdict, count)| format!("{count} {}", verdict.name())).collect();
        let what = if self.planned == 1 { "scenario" } else { "scenarios" };
        let mut text = format!("{} {what}: {}", self.planned, parts.join(", "));
        let rest = self.planned.saturating_sub(self.outcomes.len());
        if rest > 0 {
            text += if parts.is_empty() { "" } else { ", " };
            text += &format!("{rest} not run");
        }
        text
    }
}

/// Where a scenario begins: its name.
fn begins(outcome: &Outcome) -> (String, usize) {
    at(&outcome.scenario.name.place)
}

/// File and line.
fn at(place: &Place) -> (String, usize) {
    let path = place.source.path.to_string_lossy();
    (one_line(&path).into_owned(), place.line_and_column().0)
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::May => "may",
    }
}

/// `XEP-0124 §14.2`
fn section(requirement: &Requirement) -> String {
    let specification = catalogue().specification(&requirement.spec);
    let name = specification.map_or_else(String::new, |known| format!("{} ", known.name()));
    format!("{name}§{}", requirement.section.number)
}

/// Why there is a verdict, in one line; nothing where there is nothing to say.
fn why(outcome: &Outcome) -> Option<Cow<'_, str>> {
    if let Some(reason) = &outcome.reason {
        return Some(one_line(reason));
    }
    outcome.failures.first().map(|failure| Cow::Owned(in_short(failure)))
}

/// A failure in one line.
fn in_short(failure: &Failure) -> String {
    let Failure { expected, seen, .. } = failure;
    one_line(&format!("expected {expected}, saw {seen}")).into_owned()
}

/// A failure in some lines, each without a meaning to anybody but a person.
fn in_full(failure: &Failure) -> Vec<String> {
    let mut lines = Vec::new();
    for id in &failure.covers {
        let Some(requirement) = catalogue().get(id) else { continue };
        let level = requirement.level.as_str();
        lines.push(format!("{} {level} {id}: {}", section(requirement), requirement.rule));
    }
    lines.extend(failure.says.clone());
    lines.push(format!("expected {}", failure.expected));
    lines.push(format!("seen     {}", failure.seen));
    lines.push(format!("at       {}", failure.place));
    lines.iter().map(|line| one_line(line).into_owned()).collect()
}
