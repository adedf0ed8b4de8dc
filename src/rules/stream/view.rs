//! What a rule on streams sees of a moment: elements, independent of what carried them.

use std::time::Duration;

use crate::bosh::Body;
use crate::rules::moment::Moment;
use crate::trace::{Reading, Session};
use crate::wire::Side;
use crate::xml::Element;

/// Elements of a session's stream that passed together, or the opening of a stream without any.
#[derive(Debug, Clone, Copy)]
pub struct StreamView<'a> {
    /// When they passed.
    pub at: Duration,
    /// Who sent them.
    pub from: Side,
    /// The session whose stream it is.
    pub session: &'a Session,
    /// Whether they belong to the creation of the session: the client's request, or its response.
    pub opens: bool,
    /// Whether the trace contains the creation of the session.
    pub from_opening: bool,
    /// What carried them.
    body: &'a Body,
}

impl<'a> StreamView<'a> {
    /// The elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = &'a Element> + use<'a> {
        self.body.payloads()
    }
}

impl<'a> Moment<'a> {
    /// The elements of a stream, if the event carries them.
    pub fn stream(&self) -> Option<StreamView<'a>> {
        let (message, session) = (self.message()?, self.session()?);
        let Reading::Body(body) = &message.reading else { return None };
        let opens = message.bosh().is_some_and(|bosh| bosh.creates);
        let from_opening = session.bosh().is_some_and(|link| link.asked.is_some());
        let (at, from) = (self.event.at, message.from);
        Some(StreamView { at, from, session, opens, from_opening, body })
    }
}
