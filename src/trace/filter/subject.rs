//! What a filter decides about.

use crate::trace::{Effect, Event, Exchange, Fact, Message, Session, SessionId, Story};
use crate::wire::Side;

/// What a filter decides about: an event, with what is known of it. An event may be none where time alone makes a
/// finding.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    pub(super) event: Option<&'a Event>,
    pub(super) effect: &'a Effect,
    pub(super) sessions: Vec<&'a Session>,
    pub(super) findings: Vec<Mark<'a>>,
}

/// What a filter knows of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    /// Its name.
    pub name: &'a str,
    /// The requirement that is not kept.
    pub requirement: Option<&'a str>,
    /// 0 for a note, 1 for a warning, 2 for an error.
    pub level: u8,
}

impl<'a> Subject<'a> {
    /// An event, what it means in the story, and the session it belongs to.
    pub fn new(
        event: Option<&'a Event>,
        effect: &'a Effect,
        session: Option<SessionId>,
        story: &'a Story,
    ) -> Self {
        // A connection that is lost belongs to the sessions whose requests are lost with it.
        let lost = effect.abandoned.iter().filter_map(|exchange| exchange.session());
        let sessions = session.into_iter().chain(lost).filter_map(|id| story.session(id)).collect();
        Self { event, effect, sessions, findings: Vec::new() }
    }

    /// The same, with what is not normal about it.
    #[must_use]
    pub fn with(mut self, findings: impl IntoIterator<Item = Mark<'a>>) -> Self {
        self.findings.extend(findings);
        self
    }

    pub(super) fn message(&self) -> Option<&'a Message> {
        self.effect.message.as_ref()
    }

    /// The request that it is, that it answers, or the requests that will not be answered because of it.
    pub(super) fn exchanges(&self) -> impl Iterator<Item = &'a Exchange> {
        self.message()
            .and_then(|message| message.exchange.as_ref())
            .into_iter()
            .chain(&self.effect.abandoned)
            .map(|exchange| &**exchange)
    }

    pub(super) fn direction(&self) -> Option<Side> {
        match &self.event?.fact {
            Fact::Request(_) => Some(Side::Client),
            Fact::Response(_) => Some(Side::Server),
            Fact::Raw(raw) => Some(raw.from),
            Fact::Ended { by, .. } => Some(*by),
            _ => None,
        }
    }

    pub(super) fn content(&self) -> &'a [u8] {
        match self.event.map(|event| &event.fact) {
            Some(Fact::Request(request)) => &request.content.bytes,
            Some(Fact::Response(response)) => &response.content.bytes,
            Some(Fact::Raw(raw)) => &raw.bytes,
            Some(Fact::Failed { cause }) => cause.as_bytes(),
            _ => &[],
        }
    }
}
