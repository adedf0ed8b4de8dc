//! `--format github`: commands of GitHub's workflows, which mark the lines of scenarios in what a change touches. The
//! lines between them are for people, and never begin as a command does.

use std::io::{self, Write};

use super::{Bearing, Report, at, begins, in_short, why};
use crate::diag::sanitise::one_line;
use crate::runner::{Outcome, Verdict};
use crate::scenario::Place;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let told = |outcome: &&Outcome| {
        !matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped) || has_failures(outcome)
    };
    for outcome in report.outcomes.iter().filter(told) {
        command(report, outcome, out)?;
    }
    let skipped: Vec<&Outcome> =
        report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Skipped).collect();
    if !skipped.is_empty() {
        writeln!(out, "::group::{} skipped", skipped.len())?;
        for outcome in skipped {
            let (file, _) = begins(outcome);
            let why = why(outcome).unwrap_or_default();
            let name = outcome.name();
            writeln!(out, "skipped {}", plain(&format!("{file}: {name}: {why}")))?;
        }
        writeln!(out, "::endgroup::")?;
    }
    let interrupted = if report.interrupted { ", interrupted" } else { "" };
    writeln!(out, "{}{interrupted}, against {}", report.sentence(), plain(&report.target))
}

fn has_failures(outcome: &Outcome) -> bool {
    !outcome.failures.is_empty()
}

fn command(report: &Report, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let kind = match (report.bearing(outcome), outcome.verdict) {
        (Bearing::Bad | Bearing::Broken, _) => "error",
        (_, Verdict::Known | Verdict::Passed | Verdict::Skipped) => "notice",
        _ => "warning",
    };
    let verdict = outcome.verdict.name();
    if outcome.failures.is_empty() {
        let why = why(outcome).unwrap_or_default();
        let title = format!("{verdict}: {}", outcome.name());
        return mark(kind, &outcome.scenario.name.place, &title, &why, out);
    }
    for failure in &outcome.failures {
        let ids = failure.covers.join(", ");
        let title = match ids.as_str() {
            "" => format!("{verdict}: {}", outcome.name()),
            ids => format!("{verdict}: {ids}"),
        };
        let mut message = format!("{}\n{}", outcome.name(), in_short(failure));
        for more in failure.says.iter().chain(&outcome.reason) {
            if *more != failure.seen {
                message += &format!("\n{more}");
            }
        }
        mark(kind, &failure.place, &title, &message, out)?;
    }
    Ok(())
}

fn mark(
    kind: &str,
    place: &Place,
    title: &str,
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (file, line) = at(place);
    let column = place.line_and_column().1;
    let message: Vec<_> = message.split('\n').map(plain).collect();
    writeln!(
        out,
        "::{kind} file={},line={line},col={column},title={}::{}",
        property(&file),
        property(&plain(title)),
        data(&message.join("\n"))
    )
}

/// Text on one line, without what an older form of commands begins with, wherever in a line that stands.
fn plain(text: &str) -> String {
    one_line(text).replace("##[", "# #[")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
