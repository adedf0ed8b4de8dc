//! What a rule on WebSocket sees of a moment: a message or a control frame on a WebSocket that carries a stream.

use std::time::Duration;

use crate::rules::moment::Moment;
use crate::trace::{Fact, Frame, Message, Session, WebSocketLink};
use crate::wire::websocket::Opcode;

/// A message or a control frame on a WebSocket that carries a stream.
#[derive(Debug, Clone, Copy)]
pub struct WebSocketView<'a> {
    /// When its last byte passed.
    pub at: Duration,
    /// The session whose stream it is.
    pub session: &'a Session,
    /// What is known of the WebSocket.
    pub link: &'a WebSocketLink,
    /// How it was framed. A message that came in several frames is one of these.
    pub frame: &'a Frame,
    /// What it says; none for a control frame.
    pub message: Option<&'a Message>,
}

impl WebSocketView<'_> {
    /// Its opcode.
    pub fn opcode(&self) -> Opcode {
        Opcode(self.frame.opcode)
    }
}

impl<'a> Moment<'a> {
    /// The message or control frame, if the event is one on a WebSocket that carries a stream.
    pub fn websocket(&self) -> Option<WebSocketView<'a>> {
        let Fact::Frame(frame) = &self.event.fact else { return None };
        let session = self.carried()?;
        let link = session.websocket()?;
        let message = self.message();
        Some(WebSocketView { at: self.event.at, session, link, frame, message })
    }
}
