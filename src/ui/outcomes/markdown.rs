//! `--format markdown`: tables for the summary of a job. Everything from outside is text: what Markdown and HTML give a
//! meaning to is escaped.

use std::io::{self, Write};

use super::{Report, at, begins, in_short, section, why};
use crate::clock::words;
use crate::report::markdown::escape;
use crate::runner::{Outcome, Verdict};
use crate::spec::catalogue;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## xmppscope run\n")?;
    let interrupted = if report.interrupted { ", interrupted" } else { "" };
    writeln!(
        out,
        "{} in {}{interrupted}, against {}\n",
        report.sentence(),
        words(report.time),
        escape(&report.target)
    )?;
    let told = |outcome: &&Outcome| {
        !matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped)
            || !outcome.failures.is_empty()
    };
    // What is worst stands first.
    let mut attention: Vec<&Outcome> = report.outcomes.iter().filter(told).collect();
    attention.sort_by_key(|outcome| std::cmp::Reverse(outcome.verdict));
    if !attention.is_empty() {
        writeln!(out, "| verdict | scenario | requirements | what was seen |")?;
        writeln!(out, "|---|---|---|---|")?;
        for outcome in attention {
            row(outcome, out)?;
        }
        writeln!(out)?;
    }
    let skipped: Vec<&Outcome> =
        report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Skipped).collect();
    if !skipped.is_empty() {
        writeln!(out, "<details><summary>{} skipped</summary>\n", skipped.len())?;
        writeln!(out, "| scenario | why |")?;
        writeln!(out, "|---|---|")?;
        for outcome in skipped {
            let why = why(outcome).unwrap_or_default();
            writeln!(out, "| {} | {} |", name(outcome), escape(&why))?;
        }
        writeln!(out, "\n</details>")?;
    }
    Ok(())
}

fn row(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let failed: Vec<&String> =
        outcome.failures.iter().flat_map(|failure| &failure.covers).collect();
    let all = outcome.scenario.covers.iter().map(|id| &id.value);
    let mut ids: Vec<&String> = if outcome.failures.is_empty() { all.collect() } else { failed };
    ids.dedup();
    let requirements: Vec<String> = ids
        .into_iter()
        .map(|id| match catalogue().get(id) {
            Some(known) => {
                format!("{} {}<br>{}", escape(&section(known)), known.level, escape(id))
            }
            None => escape(id),
        })
        .collect();
    let mut seen: Vec<String> = outcome
        .failures
        .iter()
        .map(|failure| {
            let (file, line) = at(&failure.place);
            format!("{} ({})", escape(&in_short(failure)), escape(&format!("{file}:{line}")))
        })
        .collect();
    let told = |reason: &&str| outcome.failures.iter().any(|failure| failure.seen == **reason);
    seen.extend(outcome.reason.as_deref().filter(|reason| !told(reason)).map(escape));
    writeln!(
        out,
        "| {} | {} | {} | {} |",
        outcome.verdict.name(),
        name(outcome),
        requirements.join("<br>"),
        seen.join("<br>")
    )
}

fn name(outcome: &Outcome) -> String {
    let (file, _) = begins(outcome);
    format!("{}<br>{}", escape(&outcome.name()), escape(&file))
}
