//! WebSocket and TCP as the link of a session (RFC 7395, RFC 6120 §4): one connection that carries one stream.

use std::sync::Arc;
use std::time::Duration;

use super::exchange::Exchange;
use crate::trace::event::{Frame, Secured};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xml::Element;
use crate::xmpp::{ns, stream_condition};

/// A connection that carries a stream.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Its number.
    pub conn: u64,
    /// When it began to carry the stream.
    pub began: Duration,
    /// When the last byte of each side passed, control frames and white space included: client, server.
    pub last: [Option<Duration>; 2],
    /// How many elements each side has sent.
    pub elements: [u64; 2],
    /// When each side closed its stream.
    pub closed: [Option<Duration>; 2],
    /// When each side sent a stream error, and its condition.
    pub error: [Option<(Duration, String)>; 2],
    /// Which side ended the connection first, and when, as far as that is known.
    pub left: Option<(Side, Duration)>,
    /// It is gone.
    pub gone: bool,
}

impl Line {
    pub(super) fn new(conn: u64, began: Duration) -> Self {
        Self { conn, began, ..Self::default() }
    }

    /// Takes an element at the first level of the stream.
    pub(super) fn take(&mut self, from: Side, element: &Element, at: Duration) {
        self.elements[from as usize] += 1;
        if element.is(ns::FRAMING, "close") {
            self.closed[from as usize].get_or_insert(at);
        } else if element.is(ns::STREAMS, "error") {
            let condition =
                stream_condition(element).map_or("no condition", Element::name).to_owned();
            self.error[from as usize].get_or_insert((at, condition));
        }
    }

    /// When anything passed last.
    pub fn last(&self) -> Duration {
        self.last.iter().flatten().max().copied().unwrap_or(self.began)
    }

    /// For how long this side has sent nothing.
    pub fn silent(&self, side: Side, at: Duration) -> Duration {
        at.saturating_sub(self.last[side as usize].unwrap_or(self.began))
    }
}

/// The WebSocket that carries a stream.
#[derive(Debug, Clone)]
pub struct WebSocketLink {
    /// The connection.
    pub line: Line,
    /// The request that asked for it; none if it was not seen.
    pub handshake: Option<Arc<Exchange>>,
    /// The subprotocol that the server named.
    pub subprotocol: Option<String>,
    /// Messages may be compressed.
    pub deflate: bool,
    /// The Close frame of each side: when, its status and its reason.
    pub close: [Option<CloseFrame>; 2],
    /// Pings of each side, in the order of arrival, that wait for their pong.
    pub pings: [Pings; 2],
}

/// A Close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// When it passed.
    pub at: Duration,
    /// Its status.
    pub status: Option<u16>,
    /// Its reason.
    pub reason: String,
}

/// The pings of one side.
#[derive(Debug, Clone, Default)]
pub struct Pings {
    /// How many were sent.
    pub sent: u64,
    /// How many were answered.
    pub answered: u64,
    /// When the oldest was sent that is not answered.
    pub waiting: Option<Duration>,
}

impl WebSocketLink {
    pub(super) fn new(line: Line) -> Self {
        Self {
            line,
            handshake: None,
            subprotocol: None,
            deflate: false,
            close: [None, None],
            pings: Default::default(),
        }
    }

    /// Takes a control frame.
    pub(super) fn control(&mut self, frame: &Frame, at: Duration) {
        let from = frame.from as usize;
        match Opcode(frame.opcode) {
            Opcode::CLOSE => {
                let reason = String::from_utf8_lossy(&frame.content.bytes).into_owned();
                let close = CloseFrame { at, status: frame.status, reason };
                self.close[from].get_or_insert(close);
            }
            Opcode::PING => {
                self.pings[from].sent += 1;
                self.pings[from].waiting.get_or_insert(at);
            }
            Opcode::PONG => {
                let pings = &mut self.pings[frame.from.other() as usize];
                if pings.waiting.take().is_some() {
                    pings.answered += 1;
                }
            }
            _ => {}
        }
    }
}

/// The TCP connection that carries a stream.
#[derive(Debug, Clone)]
pub struct TcpLink {
    /// The connection.
    pub line: Line,
    /// TLS, once it was agreed.
    pub secured: Option<Arc<Secured>>,
}
