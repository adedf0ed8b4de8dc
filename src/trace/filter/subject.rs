//! What a filter decides about.

use crate::trace::{Effect, Event, Exchange, Fact, Frame, Message, Session, SessionId, Story};
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

    /// The first rid of the session of an exchange.
    pub(super) fn first_rid(&self, exchange: &Exchange) -> Option<u64> {
        let id = exchange.session()?;
        let session = self.sessions.iter().find(|session| session.id == id)?;
        session.bosh()?.first
    }

    /// The same, and the request by which a WebSocket began.
    pub(super) fn requests(&self) -> impl Iterator<Item = &'a Exchange> {
        let links = self.sessions.iter().filter_map(|session| session.websocket());
        let handshakes = links.filter_map(|link| link.handshake.as_deref());
        self.exchanges().chain(handshakes.collect::<Vec<_>>())
    }

    /// The frame, if it is a message of WebSocket or a control frame.
    pub(super) fn frame(&self) -> Option<&'a Frame> {
        match &self.event?.fact {
            Fact::Frame(frame) => Some(frame),
            _ => None,
        }
    }

    pub(super) fn direction(&self) -> Option<Side> {
        let fact = &self.event?.fact;
        match fact {
            Fact::Ended { by, .. } => Some(*by),
            _ => fact.from(),
        }
    }

    pub(super) fn content(&self) -> &'a [u8] {
        match self.event.map(|event| &event.fact) {
            Some(Fact::Raw(raw)) => &raw.bytes,
            Some(Fact::Fault(applied)) => applied.did.as_bytes(),
            Some(Fact::Failed { cause }) => cause.as_bytes(),
            Some(fact) => fact.content().map_or(&[], |content| &content.bytes),
            None => &[],
        }
    }
}
