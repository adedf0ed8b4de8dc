//! What came of scenarios, for people: a block for each that needs attention, and the count at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::printer::{Look, Printer};
use super::sanitise::{one_line, sanitise};
use super::styles::Styles;
use crate::clock::words;
use crate::rules::Judge;
use crate::runner::{Failure, Outcome, Verdict};
use crate::scenario::Level;
use crate::spec::catalogue;
use crate::trace::Event;
use crate::trace::filter::Kept;
use crate::xml::Ink;

/// How outcomes are printed.
#[derive(Debug, Clone)]
pub struct Outcomes {
    /// Colours.
    pub styles: Styles,
    /// Columns of the terminal; none for a file.
    pub width: Option<usize>,
    /// What is told beside failures.
    pub show: Show,
    /// The time of the day at which each trace began.
    pub started: DateTime<FixedOffset>,
    /// How to run one alone: the options of this run.
    pub options: String,
}

/// Of which scenarios the traffic is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Of those that failed, as far as it is about the failure.
    Failed,
    /// Of all.
    All,
    /// Of none.
    None,
}

/// Before what a failure is about, so much of the trace is printed.
const BEFORE: Duration = Duration::from_millis(50);
/// More events around a failure are left out in the middle.
const MOST: usize = 24;

impl Outcomes {
    /// The block of one scenario; nothing for one that needs no attention.
    pub fn block(&self, outcome: &Outcome) -> String {
        let mut out = String::new();
        let quiet = matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped | Verdict::Known);
        if quiet && self.show != Show::All {
            return out;
        }
        let place =
            outcome.failures.first().map_or(&outcome.scenario.place, |failure| &failure.place);
        self.head(&mut out, outcome, &place.to_string());
        if let Some(reason) = &outcome.reason {
            out += &format!("    {}\n", one_line(reason));
        }
        for failure in &outcome.failures {
            self.failure(&mut out, failure, outcome);
        }
        for note in &outcome.notes {
            out += &format!("    {} {}\n", paint(&self.styles.dim, "note"), one_line(&note.text));
        }
        match self.show {
            Show::All => out += &self.traffic(&outcome.events),
            Show::Failed if !outcome.failures.is_empty() => {
                let from = outcome.failures.iter().map(|failure| failure.during.0).min();
                let to = outcome.failures.iter().map(|failure| failure.at).max();
                let from = from.unwrap_or_default().saturating_sub(BEFORE);
                out += &self.traffic(&around(&outcome.events, from, to.unwrap_or_default()));
            }
            _ => {}
        }
        if matches!(outcome.verdict, Verdict::Failed | Verdict::Warned | Verdict::Broken) {
            let path = outcome.scenario.place.source.path.display();
            let again = format!("    alone: xmppscope run {path}{}\n", self.options);
            out += &paint(&self.styles.dim, &again);
        }
        out
    }

    fn head(&self, out: &mut String, outcome: &Outcome, place: &str) {
        let ink = match outcome.verdict {
            Verdict::Passed | Verdict::Known | Verdict::Skipped => &self.styles.dim,
            Verdict::Warned | Verdict::Inconclusive | Verdict::Gone => &self.styles.warning,
            Verdict::Failed | Verdict::Broken => &self.styles.error,
        };
        let verdict = format!("{:<12}", outcome.verdict.name());
        *out += &format!(
            "{} {} {}\n",
            paint(ink, &verdict),
            paint(&self.styles.strong, &one_line(&outcome.name())),
            paint(&self.styles.dim, place)
        );
    }

    fn failure(&self, out: &mut String, failure: &Failure, outcome: &Outcome) {
        for id in &failure.covers {
            let Some(requirement) = catalogue().get(id) else { continue };
            let specification = catalogue().specification(&requirement.spec);
            let specification = specification.map_or_else(String::new, |known| known.name());
            *out += &format!(
                "    {specification} §{} {} {}: {}\n",
                requirement.section.number,
                paint(&self.styles.strong, id),
                requirement.level.as_str(),
                one_line(&requirement.rule)
            );
        }
        if failure.level < Level::Must {
            *out +=
                &format!("    {}\n", paint(&self.styles.warning, "a recommendation is not kept"));
        }
        if let Some(says) = &failure.says {
            *out += &format!("    {}\n", one_line(says));
        }
        if Some(&failure.seen) != outcome.reason.as_ref() {
            *out += &format!(
                "    expected  {}\n",
                sanitise(&failure.expected).replace('\n', "\n              ")
            );
            *out += &format!(
                "    seen      {}\n",
                sanitise(&failure.seen).replace('\n', "\n              ")
            );
        }
        *out += &format!("    at        {}\n", paint(&self.styles.dim, &failure.place.to_string()));
    }

    /// The traffic as the proxy prints it, indented.
    fn traffic(&self, events: &[Event]) -> String {
        let look = Look {
            styles: self.styles.clone(),
            width: self.width.map(|width| width.saturating_sub(4)),
            xml: true,
            live: false,
            verbose: false,
            started: self.started,
        };
        let mut text = Vec::new();
        let mut printer = Printer::new(&mut text, look);
        let mut judge = Judge::default();
        let mut seen = Vec::new();
        for event in events {
            judge.take(event.clone(), &mut seen);
            for mut seen in seen.drain(..) {
                // What is judged here is the scenario's to say.
                seen.findings.clear();
                let kept = Kept::all();
                let _ = printer.show(&seen, judge.story(), &kept); // memory takes everything
            }
        }
        let _ = printer.flush(judge.story());
        drop(printer);
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().map(|line| format!("    {}{line}\n", paint(&self.styles.dim, "| "))).collect()
    }

    /// What came of all.
    pub fn summary(&self, counts: &BTreeMap<Verdict, usize>, time: Duration, what: &str) -> String {
        let all: usize = counts.values().sum();
        let of = |verdict: Verdict| {
            let count = counts.get(&verdict).copied().unwrap_or_default();
            (count > 0).then(|| format!("{count} {}", said(verdict)))
        };
        let parts: Vec<String> = Verdict::ALL.into_iter().filter_map(of).collect();
        format!("{all} {what}: {} in {}\n", parts.join(", "), words(time))
    }
}

/// A verdict in the words of the summary.
fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Known => "known deviations",
        Verdict::Gone => "deviations gone",
        other => other.name(),
    }
}

/// The events of this time; without their middle if they are many.
fn around(events: &[Event], from: Duration, to: Duration) -> Vec<Event> {
    let within: Vec<&Event> =
        events.iter().filter(|event| event.at >= from && event.at <= to).collect();
    let (first, last) = (MOST / 3, MOST - MOST / 3);
    if within.len() <= MOST {
        return within.into_iter().cloned().collect();
    }
    let rest = within.len() - last;
    within[..first].iter().chain(&within[rest..]).map(|event| (*event).clone()).collect()
}

fn paint(ink: &Ink, text: &str) -> String {
    format!("{}{text}{}", ink.on, ink.off)
}
