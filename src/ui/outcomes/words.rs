//! Words that several formats have in common.

use std::borrow::Cow;

use crate::diag::name;
use crate::diag::sanitise::one_line;
use crate::runner::{Failure, Outcome, Verdict};
use crate::scenario::{Level, Place};
use crate::spec::{Requirement, catalogue};

/// Where a scenario begins: its name.
pub(super) fn begins(outcome: &Outcome) -> (String, usize) {
    at(&outcome.scenario.name.place)
}

/// File and line.
pub(super) fn at(place: &Place) -> (String, usize) {
    (name(&place.source.path).to_string(), place.line_and_column().0)
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::May => "may",
    }
}

/// `XEP-0124 §14.2`
pub(super) fn section(requirement: &Requirement) -> String {
    let specification = catalogue().specification(&requirement.spec);
    let name = specification.map_or_else(String::new, |known| format!("{} ", known.name()));
    format!("{name}§{}", requirement.section.number)
}

/// Whether there is more to be said of it than that it passed or was skipped.
pub(super) fn needs_attention(outcome: &Outcome) -> bool {
    !matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped) || !outcome.failures.is_empty()
}

/// Why there is a verdict, in one line; nothing where there is nothing to say.
pub(super) fn why(outcome: &Outcome) -> Option<Cow<'_, str>> {
    if let Some(reason) = &outcome.reason {
        return Some(one_line(reason));
    }
    outcome.failures.first().map(|failure| Cow::Owned(in_short(failure)))
}

/// A failure in one line.
pub(super) fn in_short(failure: &Failure) -> String {
    one_line(&failure.to_string()).into_owned()
}

/// A failure in some lines, each without a meaning to anybody but a person.
pub(super) fn in_full(failure: &Failure) -> Vec<String> {
    let mut lines = Vec::new();
    for id in &failure.covers {
        let Some(requirement) = catalogue().get(id) else { continue };
        let level = requirement.level.as_str();
        lines.push(format!("{} {level} {id}: {}", section(requirement), requirement.rule));
    }
    lines.extend(failure.says.clone());
    lines.push(format!("expected {}", failure.expected));
    lines.push(format!("actual   {}", failure.seen));
    lines.push(format!("at       {}", failure.place));
    lines.iter().map(|line| one_line(line).into_owned()).collect()
}
