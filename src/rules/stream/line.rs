//! What a rule sees of a connection that carries one stream by itself: a WebSocket (RFC 7395), or TCP (RFC 6120 §4).

use std::time::Duration;

use crate::rules::moment::Moment;
use crate::trace::{Fact, Frame, How, Line, Message, Session};
use crate::wire::Side;
use crate::wire::websocket::Opcode;

/// Something that happens on a connection which carries a stream. What comes on a connection after another one has
/// taken its session over is not part of this.
#[derive(Debug, Clone, Copy)]
pub struct LineView<'a> {
    /// When.
    pub at: Duration,
    /// The session whose stream it is.
    pub session: &'a Session,
    /// The connection.
    pub line: &'a Line,
    /// What happens.
    pub part: LinePart<'a>,
}

/// What happens on a connection that carries a stream.
#[derive(Debug, Clone, Copy)]
pub enum LinePart<'a> {
    /// A WebSocket message, or a part of a stream over TCP.
    Message(&'a Message),
    /// A control frame of WebSocket.
    Control(&'a Frame),
    /// One side has sent its last byte.
    Ended(Side, How),
    /// The connection is gone. `stopped`: the proxy was told to stop, and ended it.
    Closed {
        /// The proxy was told to stop, and ended it.
        stopped: bool,
    },
    /// Something passed that was not seen.
    Lost,
}

impl<'a> LineView<'a> {
    /// The message, if it is one.
    pub fn message(&self) -> Option<&'a Message> {
        match self.part {
            LinePart::Message(message) => Some(message),
            _ => None,
        }
    }

    /// Whether it is a WebSocket, and not TCP.
    pub fn is_websocket(&self) -> bool {
        self.session.websocket().is_some()
    }

    /// The one that applies: to WebSocket, or to TCP.
    pub fn either<T>(&self, websocket: T, tcp: T) -> T {
        if self.is_websocket() { websocket } else { tcp }
    }

    /// Whether the trace contains the opening of the stream on this connection, as far as this side sent it.
    pub fn opened(&self, side: Side) -> bool {
        self.session.stream.opened[side as usize] > 0
    }
}

impl<'a> Moment<'a> {
    /// What happens on a connection that carries a stream, if the event is about one.
    pub fn line(&self) -> Option<LineView<'a>> {
        let session = self.carried()?;
        let line = session.link.line()?;
        let part = match &self.event.fact {
            Fact::Frame(frame) if Opcode(frame.opcode).is_control() => LinePart::Control(frame),
            Fact::Frame(_) | Fact::Part(_) => LinePart::Message(self.message()?),
            Fact::Ended { by, how, .. } => LinePart::Ended(*by, *how),
            Fact::Closed { stopped, .. } => LinePart::Closed { stopped: *stopped },
            Fact::Lost { .. } => LinePart::Lost,
            _ => return None,
        };
        Some(LineView { at: self.event.at, session, line, part })
    }
}
