//! The result: events that were read and judged.

use std::time::Duration;

use super::finding::Finding;
use crate::trace::filter::{Mark, Subject};
use crate::trace::{Effect, Event, SessionId, Story};

/// An event that was read and judged.
#[derive(Debug)]
pub struct Observation {
    /// When.
    pub at: Duration,
    /// The event; none if only time passed.
    pub event: Option<Event>,
    /// What it changes in the story.
    pub effect: Effect,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// What is not normal about it.
    pub findings: Vec<Finding>,
}

impl Observation {
    /// What a filter needs to know about it.
    pub fn subject<'a>(&'a self, story: &'a Story) -> Subject<'a> {
        let marks = self.findings.iter().map(|finding| Mark {
            name: finding.name(),
            requirement: finding.requirement,
            level: finding.level as u8,
        });
        Subject::new(self.event.as_ref(), &self.effect, self.session, story).with(marks)
    }
}
