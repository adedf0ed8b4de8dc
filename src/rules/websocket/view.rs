//! What a rule on WebSocket sees of a moment: a message or a control frame on a WebSocket that carries a stream, or the end
//! of its connection.

use std::time::Duration;

use crate::rules::moment::Moment;
use crate::trace::{Fact, Frame, How, Message, Session, WebSocketLink};
use crate::wire::Side;

/// Something that happens on a WebSocket that carries a stream.
#[derive(Debug, Clone, Copy)]
pub struct WebSocketView<'a> {
    /// When.
    pub at: Duration,
    /// The connection.
    pub conn: u64,
    /// What.
    pub part: WebSocketPart<'a>,
    /// The session.
    pub session: &'a Session,
    /// The WebSocket that carries it now; none if that is another connection, which has resumed the session.
    pub link: Option<&'a WebSocketLink>,
}

/// What happens on a WebSocket.
#[derive(Debug, Clone, Copy)]
pub enum WebSocketPart<'a> {
    /// A message, read.
    Message(&'a Frame, &'a Message),
    /// A control frame.
    Control(&'a Frame),
    /// One side sends nothing more.
    Ended(Side, How),
    /// The connection is gone; whether the observer ended it.
    Closed(bool),
}

impl<'a> Moment<'a> {
    /// What happens on a WebSocket that carries a stream.
    pub fn websocket(&self) -> Option<WebSocketView<'a>> {
        let session = self.effect.session.and_then(|id| self.story.session(id))?;
        let (at, conn) = (self.event.at, self.event.conn);
        let part = match &self.event.fact {
            Fact::Frame(frame) => match self.message() {
                Some(message) => WebSocketPart::Message(frame, message),
                None => WebSocketPart::Control(frame),
            },
            Fact::Ended { by, how, .. } => WebSocketPart::Ended(*by, *how),
            Fact::Closed { stopped, .. } => WebSocketPart::Closed(*stopped),
            _ => return None,
        };
        let link = session.websocket().filter(|link| link.line.conn == conn);
        // The end of a connection over TCP is not one of a WebSocket.
        if link.is_none() && !matches!(self.event.fact, Fact::Frame(_)) {
            return None;
        }
        Some(WebSocketView { at, conn, part, session, link })
    }
}
