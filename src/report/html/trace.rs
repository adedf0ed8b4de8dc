//! A trace as it stands in a page.

use serde::Serialize;

use super::row::Row;
use crate::report::json::{is_false, millis};
use crate::rules::Tallied;

/// A trace.
#[derive(Debug, Serialize)]
pub(super) struct Trace {
    pub(super) name: String,
    pub(super) target: String,
    pub(super) started: String,
    /// The time of the day at which it began, in milliseconds.
    pub(super) clock: f64,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) secrets: bool,
    /// What it was read from, if it was not recorded, and what is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<String>,
    /// Events for which there is no room in the page.
    pub(super) left_out: u64,
    pub(super) counts: Totals,
    /// The gravest first.
    pub(super) incidents: Vec<IncidentFacts>,
    pub(super) sessions: Vec<SessionFacts>,
    pub(super) events: Vec<Row>,
}

/// An incident, in the list of them.
#[derive(Debug, Serialize)]
pub(super) struct IncidentFacts {
    number: u32,
    level: &'static str,
    party: &'static str,
    count: u64,
    /// When the first came, in milliseconds.
    at: f64,
    words: String,
}

impl IncidentFacts {
    pub(super) fn of(incident: &Tallied) -> Self {
        Self {
            number: incident.number,
            level: incident.level.name(),
            party: incident.party.name(),
            count: incident.count,
            at: millis(incident.first),
            words: incident.words.clone(),
        }
    }
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    pub(super) sessions: u32,
    pub(super) refused: u32,
    pub(super) exchanges: u64,
    pub(super) messages: u64,
    pub(super) resends: u64,
    pub(super) empties: u64,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    pub(super) notes: u64,
    pub(super) lost: u64,
    pub(super) ms: f64,
}

/// A session, as it is known in the end.
#[derive(Debug, Default, Serialize)]
pub(super) struct SessionFacts {
    /// `bosh`, `websocket` or `tcp`.
    pub(super) transport: &'static str,
    /// What a person calls it.
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jid: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) terms: Vec<String>,
}
