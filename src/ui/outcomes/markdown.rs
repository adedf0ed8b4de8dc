//! `--format markdown`: tables for the summary of a job. Everything from outside is text: what Markdown and HTML give a
//! meaning to is escaped.

use std::io::{self, Write};

use super::plan::Plan;
use super::summary::Summary;
use super::words::{at, begins, in_short, needs_attention, section, why};
use super::writer::Writer;
use crate::clock::words;
use crate::report::markdown::escape;
use crate::runner::{Outcome, Verdict};
use crate::snapshot::Diff;
use crate::spec::catalogue;

/// Writes tables.
#[derive(Default)]
pub(super) struct Markdown {
    target: String,
    /// A row for each scenario that needs attention.
    attention: Vec<(Verdict, String)>,
    /// A row for each that was skipped.
    skipped: Vec<String>,
}

impl Writer for Markdown {
    fn begun(&mut self, plan: &Plan, _: &mut dyn Write) -> io::Result<()> {
        self.target.clone_from(&plan.target);
        Ok(())
    }

    fn outcome(
        &mut self,
        outcome: &Outcome,
        _: Option<&Diff>,
        _: &mut dyn Write,
    ) -> io::Result<()> {
        if needs_attention(outcome) {
            self.attention.push((outcome.verdict, row(outcome)));
        }
        if outcome.verdict == Verdict::Skipped {
            let why = why(outcome).unwrap_or_default();
            self.skipped.push(format!("| {} | {} |", name(outcome), escape(&why)));
        }
        Ok(())
    }

    fn finished(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "## xmppscope run\n")?;
        let interrupted = if summary.interrupted { ", interrupted" } else { "" };
        writeln!(
            out,
            "{} in {}{interrupted}, against {}\n",
            summary.sentence(),
            words(summary.time),
            escape(&self.target)
        )?;
        // What is worst stands first.
        self.attention.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        if !self.attention.is_empty() {
            writeln!(out, "| verdict | scenario | requirements | what was seen |")?;
            writeln!(out, "|---|---|---|---|")?;
            for (_, row) in &self.attention {
                writeln!(out, "{row}")?;
            }
            writeln!(out)?;
        }
        if !self.skipped.is_empty() {
            writeln!(out, "<details><summary>{} skipped</summary>\n", self.skipped.len())?;
            writeln!(out, "| scenario | why |")?;
            writeln!(out, "|---|---|")?;
            for row in &self.skipped {
                writeln!(out, "{row}")?;
            }
            writeln!(out, "\n</details>")?;
        }
        Ok(())
    }
}

fn row(outcome: &Outcome) -> String {
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
    format!(
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
