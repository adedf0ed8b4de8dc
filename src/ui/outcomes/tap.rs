//! `--format tap`: the Test Anything Protocol, version 14. What is known of the target is a TODO: a test that is expected
//! to fail, and, where the deviation is gone, one that does not.

use std::io::{self, Write};

use super::{Bearing, Report, begins, in_full, why};
use crate::diag::sanitise::one_line;
use crate::runner::{Outcome, Verdict};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 14")?;
    writeln!(out, "1..{}", report.planned)?;
    writeln!(out, "# against {}", one_line(&report.target))?;
    for (index, outcome) in report.outcomes.iter().enumerate() {
        point(report, index + 1, outcome, out)?;
    }
    if report.interrupted {
        writeln!(out, "Bail out! interrupted")?;
    }
    writeln!(out, "# {}", report.sentence())
}

fn point(report: &Report, number: usize, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let (file, line) = begins(outcome);
    let bearing = report.bearing(outcome);
    let why = why(outcome).unwrap_or_default();
    let (ok, directive) = match outcome.verdict {
        Verdict::Skipped => ("ok", format!(" # SKIP {}", escape(&why))),
        Verdict::Inconclusive => ("ok", format!(" # SKIP inconclusive: {}", escape(&why))),
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
