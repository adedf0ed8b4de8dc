//! What a rule looks at: an event, with what is known at this moment. Each folder of rules has a view of it
//! (`view.rs`), in which everything that its rules always have is not optional.

use std::time::Duration;

use super::endpoint::Endpoints;
use crate::trace::{Effect, Event, Exchange, Fact, Message, Reading, Session, Story};
use crate::wire::Side;

/// An event, with what is known at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The event.
    pub event: &'a Event,
    /// What it changes in the story.
    pub effect: &'a Effect,
    /// The story, this event included.
    pub story: &'a Story,
    endpoints: &'a Endpoints,
    /// The session that the event is about, looked up once for all rules.
    session: Option<&'a Session>,
}

impl<'a> Moment<'a> {
    /// An event, after the story and the endpoints have taken it.
    pub(super) fn new(
        event: &'a Event,
        effect: &'a Effect,
        story: &'a Story,
        endpoints: &'a Endpoints,
    ) -> Self {
        let session = effect.session.and_then(|id| story.session(id));
        Self { event, effect, story, endpoints, session }
    }

    /// The message, if the event is one.
    pub fn message(&self) -> Option<&'a Message> {
        self.effect.message.as_ref()
    }

    /// The session that the message belongs to.
    pub fn session(&self) -> Option<&'a Session> {
        self.session.filter(|_| self.message().is_some())
    }

    /// The session whose stream the connection of the event carries, and no other: over WebSocket or TCP.
    pub fn carried(&self) -> Option<&'a Session> {
        let is_here = |session: &&Session| {
            session.link.line().is_some_and(|line| line.conn == self.event.conn)
        };
        self.session.filter(is_here)
    }

    /// Whether this is a request of some session that cannot be read, so that its rid is not known.
    fn is_unread_request(&self) -> bool {
        let Some(message) = self.message() else { return false };
        message.from == Side::Client
            && !matches!(message.reading, Reading::Body(_))
            && message.exchange.as_ref().is_some_and(|exchange| self.expects_bosh(exchange))
    }

    /// Whether requests, of any session, may have passed without being understood.
    pub fn hides_requests(&self) -> bool {
        matches!(self.event.fact, Fact::Lost { .. }) || self.is_unread_request()
    }

    /// Which side ended the connection that is gone, if that is known, and when.
    pub fn gone(&self) -> (Option<Side>, Duration) {
        self.effect.left.map_or((None, self.event.at), |(side, at)| (Some(side), at))
    }

    /// Whether this target is one at which servers have WebSocket, or had it before, and nothing else.
    pub fn is_websocket_path(&self, target: &str) -> bool {
        self.endpoints.is_websocket(target)
    }

    /// Whether a WebSocket for XMPP was opened at this path before.
    pub fn has_websocket_path(&self, target: &str) -> bool {
        self.endpoints.has_websocket(target)
    }

    /// Whether this target is a path of BOSH.
    pub fn is_bosh_path(&self, target: &str) -> bool {
        self.endpoints.knows(target)
    }

    /// Whether the exchange of this request has to be BOSH.
    pub fn expects_bosh(&self, exchange: &Exchange) -> bool {
        self.endpoints.expects(exchange)
    }
}
