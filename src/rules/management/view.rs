//! What a rule on stream management sees of a moment: an element on the connection that carries the stream now.

use std::time::Duration;

use crate::rules::moment::Moment;
use crate::trace::{Fact, Line, Message, Reading, Sent, Session, SessionId, Step};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{Header, Kind, ns};

/// An element on the connection that carries the stream now.
#[derive(Debug, Clone, Copy)]
pub(super) struct ElementView<'a> {
    /// When it passed.
    pub(super) at: Duration,
    /// Who sent it.
    pub(super) from: Side,
    /// The session whose stream it is.
    pub(super) session: &'a Session,
    /// The connection.
    pub(super) line: &'a Line,
    /// The element.
    pub(super) element: &'a Element,
    /// The message that carried it.
    pub(super) message: &'a Message,
}

impl<'a> ElementView<'a> {
    /// The element, if the event is one on the connection that carries the stream now.
    pub(super) fn of(moment: &Moment<'a>) -> Option<Self> {
        let view = moment.stream()?;
        let line = view.session.link.line().filter(|line| line.conn == moment.event.conn)?;
        let (at, from, session, message) = (view.at, view.from, view.session, view.message);
        Some(Self { at, from, session, line, element: view.elements().next()?, message })
    }

    /// What it means for stream management.
    pub(super) fn step(&self) -> Option<&'a Step> {
        self.message.management.as_ref()
    }

    /// Whether it is an element of stream management with this name.
    pub(super) fn is(&self, name: &str) -> bool {
        is_management(self.element, name)
    }

    /// The element of stream management with this name: the element itself, or what is inlined in SASL2.
    pub(super) fn inner(&self, name: &str) -> Option<&'a Element> {
        if self.element.namespace() == ns::SASL2 {
            self.element.descendants().find(|inner| is_management(inner, name))
        } else {
            Some(self.element).filter(|element| is_management(element, name))
        }
    }

    /// Whether it is a stanza, in the right namespace or not.
    pub(super) fn is_stanza(&self) -> bool {
        let kind = self.message.stanzas.first().map(|stanza| stanza.summary.kind);
        matches!(kind, Some(Kind::Message | Kind::Presence | Kind::Iq))
    }

    /// Whether the trace contains the opening of the stream on this connection.
    pub(super) fn opened(&self) -> bool {
        self.session.stream.opened[Side::Client as usize] > 0
    }

    /// Whether it opens a stream.
    pub(super) fn is_header(&self) -> bool {
        Header::opens(self.element)
    }

    /// Whether it is an iq that binds a resource, or its answer.
    pub(super) fn binds(&self) -> bool {
        self.element.name() == "iq" && self.element.child(ns::BIND, "bind").is_some()
    }
}

/// The session in whose stream something passed that was not seen, or could not be read.
pub(super) fn unseen(moment: &Moment<'_>) -> Option<SessionId> {
    let unread = moment
        .message()
        .is_some_and(|message| matches!(message.reading, Reading::Partial | Reading::Malformed(_)));
    let lost = matches!(moment.event.fact, Fact::Lost { .. });
    moment.effect.session.filter(|_| unread || lost)
}

/// Whether an element is one of stream management with this name.
fn is_management(element: &Element, name: &str) -> bool {
    matches!(element.namespace(), ns::SM3 | ns::SM2) && element.name() == name
}

/// Whether a connection is on its way to its end: a side has closed its stream, or has left.
pub(super) fn is_closing(session: &Session) -> bool {
    let frames = session.websocket().is_some_and(|link| link.close.iter().any(Option::is_some));
    let Some(line) = session.link.line() else { return true };
    let ended = line.gone || line.left.is_some();
    ended
        || frames
        || line.closed.iter().any(Option::is_some)
        || line.error.iter().any(Option::is_some)
}

/// `<item-not-found/>` and the like: the condition in a refusal.
pub(super) fn condition(refusal: &Element) -> Option<&str> {
    let mut children = refusal.children();
    let is_condition = |child: &&Element| child.namespace() == ns::STANZA_ERRORS;
    children.find(|child| is_condition(child) && child.name() != "text").map(Element::name)
}

/// `message m7 to bob@example.org`
pub(super) fn stanza(sent: &Sent) -> String {
    use crate::rules::words::short;
    let mut text = sent.kind.as_str().to_owned();
    text += &sent.id.as_deref().map(|id| format!(" {}", short(id))).unwrap_or_default();
    text += &sent.to.as_deref().map(|to| format!(" to {}", short(to))).unwrap_or_default();
    text
}
