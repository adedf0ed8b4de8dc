//! `--format tap`: the Test Anything Protocol, version 14. What is known of the target is a TODO: a test that is expected
//! to fail, and, where the deviation is gone, one that does not.

use std::io::{self, Write};

use super::bearing::{Bearing, bearing};
use super::plan::Plan;
use super::summary::Summary;
use super::words::{begins, in_full, why};
use super::writer::Writer;
use crate::diag::sanitise::one_line;
use crate::runner::{Outcome, Verdict};
use crate::snapshot::Diff;

/// Writes test points.
#[derive(Default)]
pub(super) struct Tap {
    strict: bool,
    /// The number of the last test point.
    number: usize,
}

impl Writer for Tap {
    fn begun(&mut self, plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
        self.strict = plan.strict;
        writeln!(out, "TAP version 14")?;
        writeln!(out, "1..{}", plan.runs)?;
        writeln!(out, "# against {}", one_line(&plan.target))
    }

    fn outcome(
        &mut self,
        outcome: &Outcome,
        _: Option<&Diff>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.number += 1;
        point(bearing(outcome.verdict, self.strict), self.number, outcome, out)
    }

    fn finished(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if summary.interrupted {
            writeln!(out, "Bail out! interrupted")?;
        }
        writeln!(out, "# {}", summary.sentence())
    }
}

fn point(
    bearing: Bearing,
    number: usize,
    outcome: &Outcome,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (file, line) = begins(outcome);
    let why = why(outcome).unwrap_or_default();
    let (ok, directive) = match outcome.verdict {
        Verdict::Skipped => ("ok", format!(" # SKIP {}", escape(&why))),
        Verdict::Inconclusive | Verdict::Unsteady => {
            ("ok", format!(" # SKIP {}: {}", outcome.verdict.name(), escape(&why)))
        }
        Verdict::Known => ("not ok", format!(" # TODO {}", escape(&why))),
        Verdict::Gone if bearing == Bearing::Good => ("ok", format!(" # TODO {}", escape(&why))),
        _ if bearing == Bearing::Good => ("ok", String::new()),
        _ => ("not ok", String::new()),
    };
    let name = escape(&one_line(&format!("{file}: {}", outcome.name())));
    writeln!(out, "{ok} {number} - {name}{directive}")?;
    let told: Vec<String> = outcome.failures.iter().flat_map(in_full).collect();
    if told.is_empty() && matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped) {
        return Ok(());
    }
    writeln!(out, "  ---")?;
    writeln!(out, "  verdict: {}", outcome.verdict.name())?;
    writeln!(out, "  at: {}", quoted(&format!("{file}:{line}")))?;
    if let Some(reason) = &outcome.reason {
        writeln!(out, "  reason: {}", quoted(reason))?;
    }
    let covers: Vec<&str> = outcome.scenario.covers.iter().map(|id| id.value.as_str()).collect();
    writeln!(out, "  requirements: [{}]", covers.join(", "))?;
    if !told.is_empty() {
        writeln!(out, "  failures:")?;
        for line in told {
            writeln!(out, "    - {}", quoted(&line))?;
        }
    }
    writeln!(out, "  ...")
}

/// `#` begins a directive.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}

/// A text in quotes, as JSON and YAML read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(one_line(text).as_ref()).to_string()
}
