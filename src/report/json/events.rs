//! The lines of a trace: a preface, its events, a summary.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::line::Line;
use super::ndjson::{millis, rfc_3339, write};
use crate::rules::{Counts, Observation, Tallied, Tally};
use crate::trace::filter::Selection;
use crate::trace::{Source, Story};

/// The version of the format.
pub const VERSION: u32 = 1;

/// Writes what is seen as JSON.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    started: DateTime<FixedOffset>,
    source: Option<Source>,
    begun: bool,
}

/// The first line.
#[derive(Serialize)]
struct Preface<'a> {
    xmppscope: &'static str,
    version: u32,
    tool: &'static str,
    started: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a Source>,
}

/// [`Counts`] and the [`Tally`], as written: the last line.
#[derive(Serialize)]
struct Last<'a> {
    event: &'static str,
    sessions: u32,
    exchanges: u64,
    messages: u64,
    resends: u64,
    empties: u64,
    errors: u64,
    warnings: u64,
    lost: u64,
    time_ms: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    incidents: Vec<IncidentFields<'a>>,
}

/// An incident, as it is listed.
#[derive(Serialize)]
struct IncidentFields<'a> {
    number: u32,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    requirement: Option<&'static str>,
    level: &'static str,
    party: &'static str,
    count: u64,
    first: u64,
    words: &'a str,
}

impl<'a> IncidentFields<'a> {
    fn of(incident: &'a Tallied) -> Self {
        Self {
            number: incident.number,
            name: incident.name,
            requirement: incident.requirement,
            level: incident.level.name(),
            party: incident.party.name(),
            count: incident.count,
            first: u64::try_from(incident.first.as_micros()).unwrap_or(u64::MAX),
            words: incident.sentence(),
        }
    }
}

impl<W: Write> Json<W> {
    /// A writer for a trace that began at `started`.
    pub fn new(out: W, started: DateTime<FixedOffset>) -> Self {
        Self { out, started, source: None, begun: false }
    }

    /// The same for a trace that was read from this source, if it was not recorded here.
    #[must_use]
    pub fn of(self, source: Option<Source>) -> Self {
        Self { source, ..self }
    }

    /// Writes what was seen, as far as it is kept by the filter.
    pub fn show(&mut self, seen: &Observation, story: &Story, kept: &Selection) -> io::Result<()> {
        if !kept.message {
            return Ok(());
        }
        self.begin()?;
        let line = Line::of(seen, story, kept, self.started);
        write(&mut self.out, &line)
    }

    /// Hands what was written to the reader.
    pub fn flush(&mut self) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }

    /// Writes the last line.
    pub fn finish(&mut self, totals: &Counts, tally: &Tally) -> io::Result<()> {
        self.begin()?;
        let last = Last {
            event: "summary",
            sessions: totals.sessions,
            exchanges: totals.exchanges,
            messages: totals.messages,
            resends: totals.resends,
            empties: totals.empties,
            errors: totals.errors,
            warnings: totals.warnings,
            lost: totals.lost,
            time_ms: millis(totals.time),
            incidents: tally.gravest_first().into_iter().map(IncidentFields::of).collect(),
        };
        write(&mut self.out, &last)?;
        self.out.flush()
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let preface = Preface {
            xmppscope: "events",
            version: VERSION,
            tool: concat!("xmppscope ", env!("CARGO_PKG_VERSION")),
            started: rfc_3339(self.started),
            source: self.source.as_ref(),
        };
        write(&mut self.out, &preface)
    }
}
