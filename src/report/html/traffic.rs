//! From events to the trace that a page shows: its events in order, each with what it is in words.

use chrono::Timelike;

use super::page::Page;
use super::row::Row;
use super::trace::{Known, Totals, Trace};
use crate::report::json::{millis, rfc_3339};
use crate::report::words;
use crate::rules::{Counts, Judge, Observation};
use crate::trace::Event;
use crate::trace::capture::{Preface, Secrets};

/// Takes the events of a trace into a page.
pub struct Traffic<'a> {
    page: &'a mut Page,
    trace: Trace,
    judge: Judge,
    counts: Counts,
    seen: Vec<Observation>,
    judged: bool,
}

impl Page {
    /// Adds the trace of a capture: what the returned value is given.
    pub fn trace(&mut self, name: &str, preface: &Preface) -> Traffic<'_> {
        Traffic::new(self, name, preface, true)
    }

    /// Adds the trace of a scenario, without findings: its client breaks rules on purpose, and what is wrong is its to say.
    pub fn scenario(&mut self, name: &str, preface: &Preface) -> Traffic<'_> {
        Traffic::new(self, name, preface, false)
    }
}

impl<'a> Traffic<'a> {
    fn new(page: &'a mut Page, name: &str, preface: &Preface, judged: bool) -> Self {
        let time = preface.started.time();
        let clock = f64::from(time.num_seconds_from_midnight()) * 1e3
            + f64::from(time.nanosecond() / 1000) / 1e3;
        let trace = Trace {
            name: name.to_owned(),
            target: preface.target.clone(),
            started: rfc_3339(preface.started),
            clock,
            secrets: preface.secrets == Secrets::Shown,
            faults: Vec::new(),
            left_out: 0,
            counts: Totals::default(),
            sessions: Vec::new(),
            events: Vec::new(),
        };
        let (judge, counts, seen) = (Judge::default(), Counts::default(), Vec::new());
        Self { page, trace, judge, counts, seen, judged }
    }

    /// Takes the next event.
    pub fn take(&mut self, event: Event) {
        self.judge.take(event, &mut self.seen);
        for seen in std::mem::take(&mut self.seen) {
            self.counts.count(&seen, self.judge.story());
            self.learn(&seen);
            if !self.judged && seen.event.is_none() {
                continue;
            }
            if self.page.room.events == 0 {
                self.trace.left_out += 1;
                continue;
            }
            self.page.room.events -= 1;
            let (story, room) = (self.judge.story(), &mut self.page.room.content);
            self.trace.events.push(Row::of(&seen, story, self.judged, room));
        }
    }

    /// Something could not be read.
    pub fn fault(&mut self, words: String) {
        self.trace.faults.push(words);
    }

    /// The trace is complete; gives its number in the page.
    pub fn finish(mut self) -> usize {
        let Counts { sessions, exchanges, resends, empties, errors, warnings, notes, lost, time } =
            self.counts;
        let of_rules = |count: u64| if self.judged { count } else { 0 };
        let (errors, warnings) = (of_rules(errors), of_rules(warnings));
        let (notes, ms) = (of_rules(notes), millis(time));
        self.trace.counts =
            Totals { sessions, exchanges, resends, empties, errors, warnings, notes, lost, ms };
        self.page.traces.push(self.trace);
        self.page.traces.len() - 1
    }

    /// What becomes known of a session.
    fn learn(&mut self, seen: &Observation) {
        let story = self.judge.story();
        let begun = story.begun() as usize;
        if self.trace.sessions.len() < begun {
            self.trace.sessions.resize_with(begun, Known::default);
        }
        let session = seen.session.and_then(|id| story.session(id));
        let known = session.and_then(|session| {
            Some((session, self.trace.sessions.get_mut(session.id.0 as usize - 1)?))
        });
        if let Some((session, known)) = known {
            if known.sid.as_deref() != session.sid() {
                known.sid = session.sid().map(str::to_owned);
            }
            if known.jid.as_deref() != session.jid() {
                known.jid = session.jid().map(str::to_owned);
            }
            if known.terms.is_empty() && session.granted().is_some() {
                known.terms = words::terms(session);
            }
        }
        for finding in seen.findings.iter().filter(|_| self.judged) {
            if let Some(id) = finding.requirement {
                self.page.requirement(id);
            }
        }
    }
}
