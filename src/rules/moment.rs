//! What a rule looks at: an event, with what is known at this moment.

use super::endpoint::Endpoints;
use crate::trace::{Ask, Event, Fact, Message, Reading, Session, Story, Told};
use crate::wire::Side;

/// An event, with what is known at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The event.
    pub event: &'a Event,
    /// What it means in the story.
    pub told: &'a Told,
    /// The story, this event included.
    pub story: &'a Story,
    endpoints: &'a Endpoints,
}

impl<'a> Moment<'a> {
    /// An event, after the story and the endpoints have taken it.
    pub(super) fn new(
        event: &'a Event,
        told: &'a Told,
        story: &'a Story,
        endpoints: &'a Endpoints,
    ) -> Self {
        Self { event, told, story, endpoints }
    }

    /// The message, if the event is one.
    pub fn message(&self) -> Option<&'a Message> {
        self.told.message.as_ref()
    }

    /// The session that the message belongs to.
    pub fn session(&self) -> Option<&'a Session> {
        self.message()?.session.and_then(|id| self.story.session(id))
    }

    /// Whether this is a request of some session, but can't be read: its rid is not known.
    fn is_unread_request(&self) -> bool {
        let Some(message) = self.message() else { return false };
        message.from == Side::Client
            && !matches!(message.reading, Reading::Body(_))
            && message.ask.as_ref().is_some_and(|ask| self.expects_bosh(ask))
    }

    /// Whether requests, of any session, may have passed without being understood.
    pub fn hides_requests(&self) -> bool {
        matches!(self.event.fact, Fact::Lost { .. }) || self.is_unread_request()
    }

    /// Whether the exchange of this request has to be BOSH, be it or not.
    pub fn expects_bosh(&self, ask: &Ask) -> bool {
        self.endpoints.expects(ask)
    }
}
