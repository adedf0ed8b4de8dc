//! What is counted over a trace, for the summary at its end.

use std::time::Duration;

use super::finding::Level;
use super::kinds;
use super::observation::Observation;
use crate::bosh::BodyType;
use crate::trace::{Fact, Reading, Story};
use crate::wire::Side;

/// What was counted over a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sessions, whatever carries them.
    pub sessions: u32,
    /// Sessions that were asked for and refused.
    pub refused: u32,
    /// Requests.
    pub exchanges: u64,
    /// WebSocket messages, and elements of streams over TCP.
    pub messages: u64,
    /// Requests sent again.
    pub resends: u64,
    /// Empty responses.
    pub empties: u64,
    /// Findings of level error.
    pub errors: u64,
    /// Findings of level warning.
    pub warnings: u64,
    /// Findings of level note.
    pub notes: u64,
    /// Messages that could not be recorded.
    pub lost: u64,
    /// Time from the start to the last event.
    pub time: Duration,
}

impl Counts {
    /// Counts an event.
    pub fn count(&mut self, seen: &Observation, story: &Story) {
        self.sessions = story.begun();
        self.refused = story.refused();
        self.exchanges = story.exchanges();
        self.time = self.time.max(seen.at);
        for finding in &seen.findings {
            match finding.level {
                Level::Error => self.errors += 1,
                Level::Warning => self.warnings += 1,
                Level::Note => self.notes += 1,
            }
            self.resends += u64::from(*finding.kind == kinds::RID_REPEAT);
        }
        if let Some(message) = &seen.effect.message
            && message.from == Side::Server
            && message.stanzas.is_empty()
            && let Reading::Body(body) = &message.reading
        {
            self.empties += u64::from(body.kind() == BodyType::Ordinary);
        }
        if let Some(Fact::Frame(_) | Fact::Part(_)) = seen.event.as_ref().map(|event| &event.fact)
            && let Some(message) = &seen.effect.message
        {
            self.messages += u64::from(!matches!(message.reading, Reading::Space));
        }
        if let Some(Fact::Lost { messages, .. }) = seen.event.as_ref().map(|event| &event.fact) {
            self.lost = self.lost.saturating_add(*messages);
        }
    }
}
