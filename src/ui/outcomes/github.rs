//! `--format github`: commands of GitHub's workflows, which mark the lines of scenarios in what a change touches. The
//! lines between them are for people, and never begin as a command does.

use std::io::{self, Write};

use super::bearing::{Bearing, bearing};
use super::plan::Plan;
use super::summary::Summary;
use super::words::{at, begins, in_short, needs_attention, why};
use super::writer::Writer;
use crate::diag::sanitise::one_line;
use crate::runner::{Outcome, Verdict};
use crate::scenario::Place;
use crate::snapshot::Diff;

/// Writes commands.
#[derive(Default)]
pub(super) struct Github {
    strict: bool,
    target: String,
    /// A line for each scenario that was skipped.
    skipped: Vec<String>,
}

impl Writer for Github {
    fn begun(&mut self, plan: &Plan, _: &mut dyn Write) -> io::Result<()> {
        self.strict = plan.strict;
        self.target.clone_from(&plan.target);
        Ok(())
    }

    fn outcome(
        &mut self,
        outcome: &Outcome,
        _: Option<&Diff>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if outcome.verdict == Verdict::Skipped {
            let (file, _) = begins(outcome);
            let why = why(outcome).unwrap_or_default();
            self.skipped.push(plain(&format!("{file}: {}: {why}", outcome.name())));
        }
        if needs_attention(outcome) {
            command(bearing(outcome.verdict, self.strict), outcome, out)?;
        }
        Ok(())
    }

    fn finished(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if !self.skipped.is_empty() {
            writeln!(out, "::group::{} skipped", self.skipped.len())?;
            for skipped in &self.skipped {
                writeln!(out, "skipped {skipped}")?;
            }
            writeln!(out, "::endgroup::")?;
        }
        let interrupted = if summary.interrupted { ", interrupted" } else { "" };
        writeln!(out, "{}{interrupted}, against {}", summary.sentence(), plain(&self.target))
    }
}

fn command(bearing: Bearing, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let kind = match (bearing, outcome.verdict) {
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

/// Text on one line, without what begins a command there.
fn plain(text: &str) -> String {
    one_line(text).into_owned()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
