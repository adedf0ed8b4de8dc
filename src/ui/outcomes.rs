//! What came of scenarios, for people: a block for each that needs attention, and the count at the end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::line::Page;
use super::printer::{Look, Printer};
use super::sanitise::{one_line, sanitise};
use super::styles::Styles;
use crate::clock::words;
use crate::rules::{Judge, Seen};
use crate::runner::{Failure, Outcome, Verdict};
use crate::scenario::Level;
use crate::spec::catalogue;
use crate::trace::filter::Kept;
use crate::trace::{Event, Fact};
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

/// Of what passed around a failure, at most so many events are printed.
const MOST: usize = 24;
/// What is said of an outcome stands this far in, and beside its label this far.
const INDENT: usize = 4;
const TEXT: usize = 14;
/// The width of what stands before traffic: the indent, and a bar.
const BAR: usize = INDENT + 2;
/// Terms of a creation response that are worth a line.
const TERMS: [&str; 7] = ["ver", "wait", "hold", "requests", "polling", "inactivity", "maxpause"];

impl Outcomes {
    /// Without colours and without end of a line, for a file.
    pub fn plain(started: DateTime<FixedOffset>) -> Self {
        let styles = Styles::default();
        Self { styles, width: None, show: Show::Failed, started, options: String::new() }
    }

    /// The block of one scenario; nothing for one that needs no attention.
    pub fn block(&self, outcome: &Outcome) -> String {
        let quiet = match outcome.verdict {
            Verdict::Skipped => true,
            Verdict::Passed => outcome.failures.is_empty() && outcome.notes.is_empty(),
            _ => false,
        };
        if quiet && self.show != Show::All {
            return String::new();
        }
        let mut page = Page::new(self.width);
        self.head(&mut page, outcome);
        let mut told: Vec<&String> = Vec::new();
        for failure in &outcome.failures {
            for id in failure.covers.iter().filter(|id| !told.contains(id)) {
                self.requirement(&mut page, id);
            }
            told.extend(&failure.covers);
            self.failure(&mut page, failure, outcome);
        }
        if let Some(reason) = &outcome.reason {
            self.line(&mut page, "why", &self.styles.strong, reason);
        }
        for note in &outcome.notes {
            self.line(&mut page, "note", &Ink::default(), &note.text);
        }
        let mut out = page.text;
        let failed = !outcome.failures.is_empty() && outcome.verdict != Verdict::Known;
        match self.show {
            Show::All => out += &self.traffic(outcome, &|_, _| true),
            Show::Failed if failed && outcome.failures.iter().any(has_traffic) => {
                out += &self.terms(outcome);
                out += &self.about(outcome);
            }
            _ => {}
        }
        if failed || outcome.verdict == Verdict::Gone {
            let mut page = Page::new(None);
            let path = outcome.scenario.place.source.path.to_string_lossy();
            let row = outcome.row.as_ref();
            let row = row.map_or_else(String::new, |(number, _)| format!(" --only row:{number}"));
            let again = format!("xmppscope run {}{row}{}", quoted(&path), self.options);
            self.line(&mut page, "alone", &self.styles.dim, &again);
            out += &page.text;
        }
        out
    }

    fn head(&self, page: &mut Page, outcome: &Outcome) {
        let ink = match outcome.verdict {
            Verdict::Passed | Verdict::Known | Verdict::Skipped => &self.styles.dim,
            Verdict::Warned | Verdict::Inconclusive | Verdict::Gone => &self.styles.warning,
            Verdict::Failed | Verdict::Broken => &self.styles.error,
        };
        page.put(ink, outcome.verdict.name()).to(TEXT);
        page.prose(&self.styles.strong, &one_line(&outcome.name()), TEXT).end();
        if outcome.failures.is_empty() {
            let place = outcome.scenario.name.place.to_string();
            self.line(page, "at", &self.styles.dim, &place);
        }
    }

    /// A requirement in our words, with its section and level.
    fn requirement(&self, page: &mut Page, id: &str) {
        let Some(requirement) = catalogue().get(id) else { return };
        let specification = catalogue().specification(&requirement.spec);
        let specification =
            specification.map_or_else(String::new, super::super::spec::Specification::name);
        let number = &requirement.section.number;
        page.to(INDENT).plain(&format!("{specification} §{number} {} ", requirement.level));
        page.put(&self.styles.strong, id).end();
        page.to(INDENT + 2).prose(&Ink::default(), &requirement.rule, INDENT + 2).end();
    }

    fn failure(&self, page: &mut Page, failure: &Failure, outcome: &Outcome) {
        let plain = Ink::default();
        if let Some(says) = &failure.says {
            self.line(page, "says", &plain, says);
        }
        if Some(&failure.seen) != outcome.reason.as_ref() {
            self.line(page, "expected", &plain, &failure.expected);
            let ink = if failure.level == Level::Must {
                &self.styles.error
            } else {
                &self.styles.warning
            };
            self.line(page, "seen", ink, &failure.seen);
        }
        if failure.level < Level::Must {
            self.line(page, "level", &plain, "recommended, not demanded: a warning");
        }
        if let Some(lag) = failure.lag {
            let words = format!("this machine was late by {} then", words(lag));
            self.line(page, "lag", &plain, &words);
        }
        self.line(page, "at", &self.styles.dim, &failure.place.to_string());
    }

    fn line(&self, page: &mut Page, label: &str, ink: &Ink, text: &str) {
        page.to(INDENT).put(&self.styles.dim, label).to(TEXT);
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

    /// The terms that were granted, in a line: the response that told them is not part of what is printed.
    fn terms(&self, outcome: &Outcome) -> String {
        let known = |name: &&str| outcome.advertised.iter().find(|(known, _)| known == name);
        let terms: Vec<String> = TERMS
            .iter()
            .filter_map(known)
            .map(|(name, value)| one_line(&format!("{name} {value}")).into_owned())
            .collect();
        let mut page = Page::new(self.width);
        if !terms.is_empty() && outcome.own.start > 0 {
            page.to(INDENT).put(&self.styles.dim, "granted").to(TEXT);
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
        let most = if self.show == Show::All { usize::MAX } else { MOST };
        let excerpt = Excerpt::of(&outcome.events, within, most);
        let look = Look {
            styles: self.styles.clone(),
            width: self.width.map(|width| width.saturating_sub(BAR).max(20)),
            xml: true,
            live: false,
            verbose: false,
            started: self.started,
        };
        let mut text = Vec::new();
        let mut printer = Printer::new(&mut text, look);
        let judge = replay(&outcome.events, |index, seen, judge| {
            let kept = if excerpt.shown.contains(&index) { Kept::all() } else { Kept::default() };
            let _ = printer.show(seen, judge.story(), &kept); // memory takes everything
            if excerpt.left_out.first() == Some(&index) {
                let words = format!("{} more; --show all shows them", excerpt.left_out.len());
                let _ = printer.narrate(&words, judge.story());
            }
        });
        let _ = printer.flush(judge.story());
        drop(printer);
        let text = String::from_utf8_lossy(&text).into_owned();
        let bar = format!("{}{} ", " ".repeat(INDENT), paint(&self.styles.dim, "|"));
        text.lines().fold(String::new(), |all, line| all + &bar + line + "\n")
    }

    /// Why scenarios were skipped, each reason once.
    pub fn skipped(&self, reasons: &BTreeMap<String, usize>) -> String {
        let mut page = Page::new(self.width);
        for (reason, count) in reasons {
            page.put(&self.styles.dim, "skipped").to(TEXT);
            let what = if *count == 1 { "scenario" } else { "scenarios" };
            let text = format!("{count} {what}: {}", one_line(reason));
            page.prose(&Ink::default(), &text, TEXT).end();
        }
        page.text
    }

    /// What came of all.
    pub fn summary(&self, counts: &BTreeMap<Verdict, usize>, all: usize, time: Duration) -> String {
        let what = if all == 1 { "scenario" } else { "scenarios" };
        let of = |verdict: Verdict| {
            let count = counts.get(&verdict).copied().unwrap_or_default();
            (count > 0).then(|| format!("{count} {}", said(verdict)))
        };
        let mut parts: Vec<String> = Verdict::ALL.into_iter().filter_map(of).collect();
        let rest = all.saturating_sub(counts.values().sum());
        if rest > 0 {
            parts.push(format!("{rest} not run"));
        }
        format!("{all} {what}: {} in {}\n", parts.join(", "), words(time))
    }
}

/// Which events of a trace are printed.
#[derive(Debug, Default)]
struct Excerpt {
    shown: BTreeSet<usize>,
    /// Of those wanted, what is in the middle of too many.
    left_out: BTreeSet<usize>,
}

impl Excerpt {
    /// Those wanted, each request with its response and each response with its request; not many more than `most`. The
    /// beginning says what it is about, the end what went wrong.
    fn of(events: &[Event], within: &dyn Fn(usize, &Event) -> bool, most: usize) -> Self {
        let mut wanted: BTreeSet<usize> = BTreeSet::new();
        let mut asked: HashMap<u64, usize> = HashMap::new();
        let mut partners: HashMap<usize, usize> = HashMap::new();
        // What was answered before it was complete is told after its answer.
        let mut early: HashMap<(u64, u64), usize> = HashMap::new();
        let mut requests: HashMap<u64, u64> = HashMap::new();
        replay(events, |index, seen, _| {
            let event = &events[index];
            let exchange =
                seen.effect.message.as_ref().and_then(|message| message.exchange.as_ref());
            let partner = match &event.fact {
                Fact::Request(_) => {
                    let number = requests.entry(event.conn).or_default();
                    *number += 1;
                    asked.extend(exchange.map(|exchange| (exchange.number, index)));
                    early.remove(&(event.conn, *number - 1))
                }
                Fact::Response(response) => {
                    if let (None, Some(number)) = (exchange, response.answers) {
                        early.insert((event.conn, number), index);
                    }
                    exchange.and_then(|exchange| asked.get(&exchange.number).copied())
                }
                Fact::Raw(_) | Fact::Lost { .. } => None,
                _ => return,
            };
            if let Some(partner) = partner {
                partners.insert(partner, index);
                partners.insert(index, partner);
            }
            if within(index, event) {
                wanted.insert(index);
            }
        });
        let whole = |mut set: BTreeSet<usize>| {
            let partners: Vec<usize> =
                set.iter().filter_map(|index| partners.get(index).copied()).collect();
            set.extend(partners);
            set
        };
        // The response to a request that was asked within comes later than what is wanted: it is no part of that.
        let requested: BTreeSet<usize> = wanted
            .iter()
            .filter(|index| matches!(events[**index].fact, Fact::Response(_)))
            .filter_map(|index| partners.get(index).copied())
            .collect();
        wanted.extend(requested);
        let first = wanted.iter().take(most / 3).copied();
        let last = wanted.iter().rev().take(most - most / 3).copied();
        let ends: BTreeSet<usize> = first.chain(last).collect();
        let shown: BTreeSet<usize> = whole(ends).intersection(&wanted).copied().collect();
        let left_out = wanted.difference(&shown).copied().collect();
        Self { shown, left_out }
    }
}

/// Whether a failure is about something that passed: there was a time in which it happened.
fn has_traffic(failure: &Failure) -> bool {
    failure.during.0 <= failure.at
}

/// A verdict in the words of the summary.
fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Known => "known deviations",
        Verdict::Gone => "deviations gone",
        other => other.name(),
    }
}

/// Tells each event, with what it means.
fn replay(events: &[Event], mut tell: impl FnMut(usize, &Seen, &Judge)) -> Judge {
    let mut judge = Judge::default();
    let mut all = Vec::new();
    for (index, event) in events.iter().enumerate() {
        judge.take(event.clone(), &mut all);
        for mut seen in all.drain(..) {
            // What is judged here is the scenario's to say.
            seen.findings.clear();
            tell(index, &seen, &judge);
        }
    }
    judge
}

/// A word of a command line as a shell reads it.
pub fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
}

fn paint(ink: &Ink, text: &str) -> String {
    format!("{}{text}{}", ink.on, ink.off)
}

#[cfg(test)]
mod tests;
