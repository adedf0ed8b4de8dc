//! What a rule on streams sees of a moment: elements, independent of what carried them.

use std::time::Duration;

use crate::rules::moment::Moment;
use crate::trace::{Message, Reading, Session};
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
    /// Whether they belong to the creation of the session: in BOSH the client's request, or its response; otherwise what
    /// each side sends before the login.
    pub opens: bool,
    /// Whether the trace contains the creation of the session.
    pub from_opening: bool,
    /// The message that carried them.
    pub message: &'a Message,
}

impl<'a> StreamView<'a> {
    /// The elements, in order. What opens a stream over WebSocket or TCP is one of them.
    pub fn elements(&self) -> impl Iterator<Item = &'a Element> + use<'a> {
        let (body, single) = match &self.message.reading {
            Reading::Body(body) => (Some(body), None),
            Reading::Element(element) | Reading::Header(element) => (None, Some(&**element)),
            _ => (None, None),
        };
        body.into_iter().flat_map(|body| body.payloads()).chain(single)
    }

    /// The SASL mechanisms that stream features among them offer.
    pub fn mechanisms(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let stanzas = self.message.stanzas.iter();
        stanzas.flat_map(|stanza| &stanza.summary.mechanisms).map(String::as_str)
    }
}

impl<'a> Moment<'a> {
    /// The elements of a stream, if the event carries them.
    pub fn stream(&self) -> Option<StreamView<'a>> {
        let (message, session) = (self.message()?, self.session()?);
        let is_bosh = match &message.reading {
            Reading::Body(_) => true,
            Reading::Element(_) | Reading::Header(_) => false,
            _ => return None,
        };
        let (opens, from_opening) = if is_bosh {
            let asked = session.bosh().is_some_and(|link| link.asked.is_some());
            (message.bosh().is_some_and(|bosh| bosh.creates), asked)
        } else {
            (!session.stream.authenticated, session.stream.opened[0] > 0)
        };
        let (at, from) = (self.event.at, message.from);
        Some(StreamView { at, from, session, opens, from_opening, message })
    }
}
