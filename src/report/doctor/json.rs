//! `--format json`: one object, described in `docs/reference/doctor.md`. Names are stable: a field may be added at any time;
//! nothing is renamed, removed or given another meaning without a new version.

use serde::Serialize;

use crate::doctor::{Difference, Outcome, Problem, Report};

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Whole<'a> {
    version: u32,
    subject: &'a str,
    domain: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<&'a str>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unfinished: &'a [&'static str],
    problems: Vec<ToMend<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Different<'a>>,
    checks: Vec<Checked<'a>>,
}

#[derive(Serialize)]
struct Checked<'a> {
    check: &'static str,
    subject: &'a str,
    verdict: &'static str,
    words: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'static str>,
    milliseconds: u64,
}

#[derive(Serialize)]
struct ToMend<'a> {
    trouble: &'static str,
    title: &'static str,
    broken: bool,
    subjects: &'a [String],
    why: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a str>,
    advice: &'a str,
    remedies: Vec<Snippet<'a>>,
}

#[derive(Serialize)]
struct Different<'a> {
    check: &'static str,
    front: &'a str,
    direct: &'a str,
}

#[derive(Serialize)]
struct Snippet<'a> {
    program: &'a str,
    snippet: &'a str,
}

impl<'a> Checked<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        Self {
            check: outcome.check.name,
            subject: &outcome.subject,
            verdict: outcome.verdict.name(),
            words: &outcome.words,
            trouble: outcome.trouble.as_ref().map(|trouble| trouble.kind.name),
            milliseconds: u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl<'a> ToMend<'a> {
    fn of(problem: &'a Problem) -> Self {
        let snippet = |(program, snippet): &'a (String, String)| Snippet { program, snippet };
        Self {
            trouble: problem.kind.name,
            title: problem.kind.title,
            broken: problem.broken,
            subjects: &problem.subjects,
            why: &problem.why,
            program: problem.program,
            proof: problem.proof.as_deref(),
            advice: &problem.advice,
            remedies: problem.snippets.iter().map(snippet).collect(),
        }
    }
}

/// The report as JSON, with a line break at its end.
pub fn json(report: &Report) -> String {
    let problems = report.problems();
    let whole = Whole {
        version: VERSION,
        subject: &report.subject,
        domain: &report.domain,
        origin: report.origin.as_deref(),
        direct: report.direct.as_deref(),
        verdict: report.overall().name(),
        unfinished: &report.unfinished,
        problems: problems.iter().map(ToMend::of).collect(),
        differences: report
            .differences()
            .into_iter()
            .map(|Difference { check, front, direct, .. }| Different { check, front, direct })
            .collect(),
        checks: report.outcomes.iter().map(Checked::of).collect(),
    };
    // Strings and numbers can always be written.
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}
