//! `--format pretty`: for people. A block for each scenario that needs attention, as it ends, and the count at the end.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::excerpt::{Excerpt, replay};
use super::layout::{Again, Layout, Show};
use super::plan::Plan;
use super::summary::Summary;
use super::writer::Writer;
use crate::clock::words;
use crate::diag::sanitise::{one_line, sanitise};
use crate::diag::{counted, name};
use crate::runner::{Failure, Outcome, Verdict};
use crate::scenario::Level;
use crate::snapshot::Diff;
use crate::spec::{Specification, catalogue};
use crate::trace::Event;
use crate::trace::filter::Selection;
use crate::ui::brief::shortened;
use crate::ui::difference;
use crate::ui::doctor::wrap;
use crate::ui::line::Page;
use crate::ui::look::Look;
use crate::ui::printer::Printer;
use crate::ui::shell::quoted;
use crate::xml::Ink;

/// Of what passed around a failure, at most so many events are printed.
const MOST: usize = 24;
/// Of a long text that is said of an outcome, so many characters are printed.
const LONG: usize = 1000;
/// What is said of an outcome stands this far in, and beside its label this far.
const INDENT: usize = 4;
const TEXT: usize = 14;
/// The width of what stands before traffic: the indent, and a bar.
const BAR: usize = INDENT + 2;
/// Terms of a creation response that are worth a line.
const TERMS: [&str; 7] = ["ver", "wait", "hold", "requests", "polling", "inactivity", "maxpause"];

/// Writes for people.
pub(super) struct Pretty {
    layout: Layout,
    /// How many runs were skipped for each reason.
    skipped: BTreeMap<String, usize>,
    /// How many runs passed with something to be said of them, and in how many of these an optional assertion did not hold.
    noted: (usize, usize),
}

impl Writer for Pretty {
    fn begun(&mut self, _: &Plan, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn outcome(
        &mut self,
        outcome: &Outcome,
        differs: Option<&Diff>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if let (Verdict::Skipped, Some(reason)) = (outcome.verdict, &outcome.reason) {
            *self.skipped.entry(reason.clone()).or_default() += 1;
        }
        if outcome.verdict == Verdict::Passed {
            let optional = usize::from(!outcome.failures.is_empty());
            self.noted.0 += optional.max(usize::from(!outcome.notes.is_empty()));
            self.noted.1 += optional;
        }
        out.write_all(self.block(outcome).as_bytes())?;
        if let Some(differs) = differs {
            let room = self.layout.width.map(|width| width.saturating_sub(INDENT).max(20));
            for line in difference::text(differs, &self.layout.styles, room).lines() {
                writeln!(out, "{}{line}", " ".repeat(INDENT))?;
            }
        }
        Ok(())
    }

    fn finished(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}{}", self.skipped(), self.noted())?;
        let text = summary.in_words();
        let room = self.layout.width.unwrap_or(usize::MAX);
        wrap(&text, room).iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl Pretty {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, skipped: BTreeMap::new(), noted: (0, 0) }
    }

    /// The block of one scenario; nothing for one that needs no attention.
    pub(super) fn block(&self, outcome: &Outcome) -> String {
        let quiet = matches!(outcome.verdict, Verdict::Skipped | Verdict::Passed);
        if quiet && self.layout.show != Show::All {
            return String::new();
        }
        let mut page = Page::new(self.layout.width);
        self.head(&mut page, outcome);
        let mut printed: Vec<&String> = Vec::new();
        for failure in &outcome.failures {
            for id in failure.covers.iter().filter(|id| !printed.contains(id)) {
                self.requirement(&mut page, id);
            }
            printed.extend(&failure.covers);
            self.failure(&mut page, failure, outcome);
        }
        if let Some(runs) = outcome.repeats().filter(|runs| Some(runs) != outcome.reason.as_ref()) {
            self.line(&mut page, "runs", &Ink::default(), &runs);
        }
        if let Some(reason) = &outcome.reason {
            self.line(&mut page, "reason", &self.layout.styles.strong, &self.in_short(reason));
        }
        for note in &outcome.notes {
            self.line(&mut page, "note", &Ink::default(), &self.in_short(&note.text));
        }
        let mut out = page.text;
        let failed = !outcome.failures.is_empty() && outcome.verdict != Verdict::Known;
        match self.layout.show {
            Show::All => out += &self.traffic(outcome, &|_, _| true),
            Show::Failed if failed && outcome.failures.iter().any(has_traffic) => {
                out += &self.terms(outcome);
                out += &self.about(outcome);
            }
            _ => {}
        }
        if failed || outcome.verdict == Verdict::Gone {
            let mut page = Page::new(None);
            let again = self.again(outcome);
            self.line(&mut page, "rerun", &self.layout.styles.dim, &again);
            out += &page.text;
        }
        out
    }

    /// How to run one alone.
    fn again(&self, outcome: &Outcome) -> String {
        let path = name(&outcome.scenario.place.source.path).to_string();
        let row = outcome.row.as_ref().map(|(number, _)| format!("row:{number}"));
        let Again { command, options, pack } = &self.layout.again;
        let which = match (*pack, row) {
            (false, None) => quoted(&path).into_owned(),
            (false, Some(row)) => format!("{} --only {row}", quoted(&path)),
            (true, None) => format!("--only {}", quoted(&format!("path:{path}"))),
            (true, Some(row)) => format!("--only {}", quoted(&format!("path:{path} {row}"))),
        };
        format!("{command} {which}{options}")
    }

    fn head(&self, page: &mut Page, outcome: &Outcome) {
        let ink = match outcome.verdict {
            Verdict::Passed | Verdict::Known | Verdict::Skipped => &self.layout.styles.dim,
            Verdict::Warned | Verdict::Gone | Verdict::Inconclusive | Verdict::Unsteady => {
                &self.layout.styles.warning
            }
            Verdict::Failed | Verdict::Broken => &self.layout.styles.error,
        };
        let label = match outcome.verdict {
            Verdict::Passed if !outcome.failures.is_empty() => "noted",
            verdict => verdict.name(),
        };
        page.put(ink, label).to(TEXT);
        let name = one_line(&outcome.name()).into_owned();
        page.prose(&self.layout.styles.strong, &self.in_short(&name), TEXT).end();
        if outcome.failures.is_empty() {
            let place = outcome.scenario.name.place.to_string();
            self.line(page, "at", &self.layout.styles.dim, &place);
        }
    }

    /// A requirement in our words, with its section and level.
    fn requirement(&self, page: &mut Page, id: &str) {
        let Some(requirement) = catalogue().get(id) else { return };
        let specification = catalogue().specification(&requirement.spec);
        let specification = specification.map_or_else(String::new, Specification::name);
        let number = &requirement.section.number;
        page.to(INDENT).plain(&format!("{specification} §{number} {} ", requirement.level));
        page.put(&self.layout.styles.strong, id).end();
        page.to(INDENT + 2).prose(&Ink::default(), &requirement.rule, INDENT + 2).end();
    }

    fn failure(&self, page: &mut Page, failure: &Failure, outcome: &Outcome) {
        let plain = Ink::default();
        if let Some(says) = &failure.says {
            self.line(page, "detail", &plain, says);
        }
        if Some(&failure.seen) != outcome.reason.as_ref() {
            self.line(page, "expected", &plain, &self.in_short(&failure.expected));
            let ink = if failure.level == Level::Must {
                &self.layout.styles.error
            } else {
                &self.layout.styles.warning
            };
            self.line(page, "actual", ink, &self.in_short(&failure.seen));
        }
        let level = match failure.level {
            Level::Must => None,
            Level::Should => Some("should: a warning, not a failure"),
            Level::May => Some("may: does not count, the scenario passes"),
        };
        if let Some(level) = level {
            self.line(page, "level", &plain, level);
        }
        if let Some(lag) = failure.lag {
            let words = format!("this machine lagged by {} at that time", words(lag));
            self.line(page, "lag", &plain, &words);
        }
        self.line(page, "at", &self.layout.styles.dim, &failure.place.to_string());
    }

    /// A text as it is printed: without the rest of a long one, unless all is wanted.
    fn in_short<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.layout.show == Show::All { Cow::Borrowed(text) } else { shortened(text, LONG) }
    }

    fn line(&self, page: &mut Page, label: &str, ink: &Ink, text: &str) {
        page.to(INDENT).put(&self.layout.styles.dim, label).to(TEXT);
        for (number, line) in sanitise(text).lines().enumerate() {
            if number > 0 {
                page.to(TEXT);
            }
            page.prose(ink, line, TEXT).end();
        }
        if text.is_empty() {
            page.end();
        }
    }

    /// The terms that were granted, in a line: the response with them is not part of what is printed.
    fn terms(&self, outcome: &Outcome) -> String {
        let known = |name: &&str| outcome.advertised.iter().find(|(known, _)| known == name);
        let terms: Vec<String> = TERMS
            .iter()
            .filter_map(known)
            .map(|(name, value)| one_line(&format!("{name} {value}")).into_owned())
            .collect();
        let mut page = Page::new(self.layout.width);
        if !terms.is_empty() && outcome.own.start > 0 {
            page.to(INDENT).put(&self.layout.styles.dim, "granted").to(TEXT);
            page.list(&Ink::default(), &terms, TEXT).end();
        }
        page.text
    }

    /// What passed around the failures: from the step that each is about, without the set-up before it.
    fn about(&self, outcome: &Outcome) -> String {
        // In virtual time all of the set-up may have the time of the first step.
        let within = |index: usize, event: &Event| {
            let time = |failure: &Failure| event.at >= failure.during.0 && event.at <= failure.at;
            outcome.own.contains(&index) && outcome.failures.iter().any(time)
        };
        self.traffic(outcome, &within)
    }

    /// The traffic as the proxy prints it, behind a bar. An exchange is shown whole.
    fn traffic(&self, outcome: &Outcome, within: &dyn Fn(usize, &Event) -> bool) -> String {
        let most = if self.layout.show == Show::All { usize::MAX } else { MOST };
        let excerpt = Excerpt::of(&outcome.events, within, most);
        let look = Look {
            styles: self.layout.styles.clone(),
            width: self.layout.width.map(|width| width.saturating_sub(BAR).max(20)),
            xml: true,
            brief: self.layout.show != Show::All,
            ..Look::plain(self.layout.started)
        };
        let mut text = Vec::new();
        let mut printer = Printer::new(&mut text, look);
        let judge = replay(&outcome.events, |index, seen, judge| {
            let kept = if excerpt.shown.contains(&index) {
                Selection::all()
            } else {
                Selection::default()
            };
            let _ = printer.show(seen, judge.story(), &kept); // memory takes everything
            if excerpt.left_out.first() == Some(&index) {
                let words =
                    format!("{} more; use --show all to print them", excerpt.left_out.len());
                let _ = printer.narrate(&words, judge.story());
            }
        });
        let _ = printer.flush(judge.story());
        drop(printer);
        let text = String::from_utf8_lossy(&text).into_owned();
        let bar = format!("{}{} ", " ".repeat(INDENT), paint(&self.layout.styles.dim, "|"));
        text.lines().fold(String::new(), |all, line| all + &bar + line + "\n")
    }

    /// That runs which passed are worth a look.
    fn noted(&self) -> String {
        let mut page = Page::new(self.layout.width);
        let (noted, optional) = self.noted;
        if noted == 0 || self.layout.show == Show::All {
            return page.text;
        }
        let verb = if noted == 1 { "has" } else { "have" };
        let mut text = format!("{} that passed {verb} notes", counted(noted, "run"));
        if optional > 0 {
            let verb = if optional == 1 { "does" } else { "do" };
            let what = counted(optional, "optional assertion");
            text += &format!(", {what} that {verb} not hold among them");
        }
        page.put(&self.layout.styles.dim, "noted").to(TEXT);
        text += "; --show all prints them";
        page.prose(&Ink::default(), &text, TEXT).end();
        page.text
    }

    /// Why scenarios were skipped, each reason once.
    fn skipped(&self) -> String {
        let mut page = Page::new(self.layout.width);
        for (reason, count) in &self.skipped {
            page.put(&self.layout.styles.dim, "skipped").to(TEXT);
            let text = format!("{}: {}", counted(*count, "run"), one_line(reason));
            page.prose(&Ink::default(), &text, TEXT).end();
        }
        page.text
    }
}

/// Whether a failure is about something that passed: there was a time in which it happened.
fn has_traffic(failure: &Failure) -> bool {
    failure.during.0 <= failure.at
}

fn paint(ink: &Ink, text: &str) -> String {
    format!("{}{text}{}", ink.on, ink.off)
}
