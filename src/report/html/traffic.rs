//! From events to the trace that a page shows: its events in order, each with what it is in words.

use std::collections::{HashMap, VecDeque};

use chrono::Timelike;

use super::page::Page;
use super::row::Row;
use super::trace::{IncidentFacts, SessionFacts, Totals, Trace};
use crate::report::json::{millis, rfc_3339};
use crate::report::{carriers, words};
use crate::rules::{Counts, Judge, Observation, Tally};
use crate::trace::capture::{Preface, Secrets};
use crate::trace::{Ack, Event, SessionId, Source, Step};
use crate::wire::Side;

/// Takes the events of a trace into a page.
pub struct Traffic<'a> {
    page: &'a mut Page,
    trace: Trace,
    judge: Judge,
    counts: Counts,
    tally: Tally,
    seen: Vec<Observation>,
    judged: bool,
    /// Rows of stanzas that nobody has acknowledged yet, by session and sender, the oldest first.
    unacked: HashMap<(SessionId, Side), VecDeque<usize>>,
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
            source: preface.source.as_ref().map(Source::to_string),
            faults: Vec::new(),
            left_out: 0,
            counts: Totals::default(),
            incidents: Vec::new(),
            sessions: Vec::new(),
            events: Vec::new(),
        };
        let (judge, counts, seen) =
            (Judge::new(preface.source.as_ref()), Counts::default(), Vec::new());
        let (tally, unacked) = (Tally::default(), HashMap::new());
        Self { page, trace, judge, counts, tally, seen, judged, unacked }
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
            self.acknowledge(&seen);
        }
    }

    /// Keeps in mind which stanzas wait for an acknowledgement.
    fn acknowledge(&mut self, seen: &Observation) {
        let (Some(id), Some(message)) = (seen.session, &seen.effect.message) else { return };
        let acks: Vec<&Ack> = match &message.management {
            None => return,
            Some(Step::Counted(..)) => {
                let row = self.trace.events.len() - 1;
                self.unacked.entry((id, message.from)).or_default().push_back(row);
                return;
            }
            Some(Step::Acknowledged(ack)) => vec![ack],
            Some(Step::Resumed { client, server, .. }) => client.iter().chain(server).collect(),
        };
        let Some(session) = self.judge.story().session(id) else { return };
        for ack in acks {
            let from = ack.by.other();
            let left = match message.management {
                // What is not acknowledged then is counted anew when it is sent again.
                Some(Step::Resumed { .. }) => session.stream.management().of(from).due.len(),
                _ => session.stream.management().of(from).unacked.len(),
            };
            if let Some(rows) = self.unacked.get_mut(&(id, from)) {
                rows.drain(..rows.len().saturating_sub(left));
            }
        }
    }

    /// Something could not be read.
    pub fn fault(&mut self, words: String) {
        self.trace.faults.push(words);
    }

    /// The trace is complete; gives its number in the page.
    pub fn finish(mut self) -> usize {
        for row in self.unacked.into_values().flatten() {
            self.trace.events[row].unacked();
        }
        let Counts {
            sessions,
            refused,
            exchanges,
            messages,
            resends,
            empties,
            errors,
            warnings,
            notes,
            lost,
            time,
        } = self.counts;
        let of_rules = |count: u64| if self.judged { count } else { 0 };
        let (errors, warnings) = (of_rules(errors), of_rules(warnings));
        let (notes, ms) = (of_rules(notes), millis(time));
        self.trace.counts = Totals {
            sessions,
            refused,
            exchanges,
            messages,
            resends,
            empties,
            errors,
            warnings,
            notes,
            lost,
            ms,
        };
        let incidents = self.tally.gravest_first();
        self.trace.incidents = incidents.into_iter().map(IncidentFacts::of).collect();
        self.page.traces.push(self.trace);
        self.page.traces.len() - 1
    }

    /// What becomes known of a session.
    fn learn(&mut self, seen: &Observation) {
        let story = self.judge.story();
        let number = seen.session.map_or(0, |id| id.0 as usize);
        if self.trace.sessions.len() < number {
            self.trace.sessions.resize_with(number, SessionFacts::default);
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
            if known.name != session.name() {
                session.name().clone_into(&mut known.name);
            }
            known.transport = session.link.transport();
            if known.terms.is_empty() && session.granted().is_some() {
                known.terms = words::terms(session);
            } else if known.terms.is_empty() {
                known.terms = carriers::opened(session);
            }
        }
        for finding in seen.findings.iter().filter(|_| self.judged) {
            self.tally.count(seen.at, finding);
            if let Some(id) = finding.requirement {
                self.page.requirement(id);
            }
        }
    }
}
