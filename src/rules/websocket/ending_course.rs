//! What happened on a WebSocket that may say why it ended.

use std::collections::VecDeque;
use std::time::Duration;

use super::frames::fault;
use super::messages_framing::{is_declared, opens_stream};
use super::view::WebSocketView;
use crate::trace::{Frame, Reading};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xmpp::{Kind, Summary, ns};

/// For how long the largest message of a side is remembered as the last large one.
const RECENT: Duration = Duration::from_secs(5);
/// Stanzas of the client without an answer that are remembered.
const REMEMBERED: usize = 32;

/// What is unusual and no error.
pub(super) const DECLARED: &str = "a message that begins with an XML declaration";

/// What happened on a WebSocket that may say why it ended.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// A side speaks the framing from before RFC 7395, where an end tag closes the stream.
    pub(super) old: bool,
    /// The last message was cut off: whose it was, and how much of it came.
    pub(super) partial: Option<(Side, u64)>,
    /// The last unusual thing that each side sent: when, and what.
    pub(super) unusual: [Option<(Duration, String)>; 2],
    /// The last large message of each side: when, and how many bytes.
    pub(super) large: [Option<(Duration, u64)>; 2],
    /// The last ping of each side, and the shortest time between two.
    pub(super) pings: [Option<(Duration, Option<Duration>)>; 2],
    /// The oldest `<r/>` of each side that waits for its `<a/>`.
    pub(super) asked: [Option<Duration>; 2],
    /// Messages and questions of the client that nothing answers so far, the oldest first.
    pub(super) unanswered: VecDeque<Sent>,
}

/// A stanza of the client.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) at: Duration,
    pub(super) kind: Kind,
    pub(super) id: Option<String>,
}

impl Course {
    /// Takes a message or a control frame.
    pub(super) fn take(&mut self, view: &WebSocketView<'_>) {
        let (frame, at) = (view.frame, view.at);
        let from = frame.from as usize;
        if let Some((_, why)) = fault(frame, view.link) {
            self.unusual[from] = Some((at, format!("a frame that {why}")));
        }
        match Opcode(frame.opcode) {
            Opcode::PING => self.ping(from, at),
            opcode if opcode.is_control() => {}
            _ => self.message(view),
        }
    }

    fn ping(&mut self, from: usize, at: Duration) {
        let before = self.pings[from];
        let pause = before.map(|(last, _)| at.saturating_sub(last));
        let shortest = before.and_then(|(_, shortest)| shortest).into_iter().chain(pause);
        self.pings[from] = Some((at, shortest.min()));
    }

    fn message(&mut self, view: &WebSocketView<'_>) {
        let (frame, at) = (view.frame, view.at);
        let (from, size) = (frame.from, frame.content.size);
        self.old |= opens_stream(&frame.content.bytes);
        self.partial = frame.content.cut.then_some((from, size));
        if let Some(what) = remarkable(frame, view) {
            self.unusual[from as usize] = Some((at, what.to_owned()));
        }
        let smaller = |(large_at, large): (Duration, u64)| size >= large || at > large_at + RECENT;
        if self.large[from as usize].is_none_or(smaller) {
            self.large[from as usize] = Some((at, size));
        }
        let Some(message) = view.message else { return };
        if let Some(stanza) = message.stanzas.first() {
            self.stanza(from, &stanza.summary, at);
        }
        if let Reading::Element(element) = &message.reading
            && matches!(element.namespace(), ns::SM3 | ns::SM2)
        {
            match element.name() {
                "r" => {
                    self.asked[from as usize].get_or_insert(at);
                }
                "a" => self.asked[from.other() as usize] = None,
                _ => {}
            }
        }
    }

    fn stanza(&mut self, from: Side, summary: &Summary, at: Duration) {
        let (kind, id) = (summary.kind, &summary.id);
        // XEP-0199 keeps a connection in use as well.
        let is_ping = kind == Kind::Iq && summary.type_ == "get";
        if is_ping && summary.namespaces.iter().any(|name| name == ns::PING) {
            self.ping(from as usize, at);
        }
        match (from, kind) {
            (Side::Client, Kind::Message | Kind::Iq) => {
                if kind == Kind::Iq && !matches!(&*summary.type_, "get" | "set") {
                    return;
                }
                if self.unanswered.len() == REMEMBERED {
                    self.unanswered.pop_front();
                }
                self.unanswered.push_back(Sent { at, kind, id: id.clone() });
            }
            (Side::Server, Kind::Message | Kind::Presence | Kind::Iq) if id.is_some() => {
                // A result, an error, or a room that sends it to everybody.
                self.unanswered.retain(|sent| sent.id != *id);
            }
            _ => {}
        }
    }
}

/// What a peer may refuse about a message.
fn remarkable(frame: &Frame, view: &WebSocketView<'_>) -> Option<&'static str> {
    let text = || std::str::from_utf8(&frame.content.bytes);
    if Opcode(frame.opcode) == Opcode::BINARY {
        return Some("a binary message");
    }
    if frame.content.undecoded.is_some() {
        return Some("a message that cannot be decompressed");
    }
    if !frame.content.clipped && !frame.content.cut && text().is_err() {
        return Some("a text message that is not UTF-8");
    }
    let masked = match frame.from {
        Side::Client => frame.masked == frame.frames,
        Side::Server => frame.masked == 0,
    };
    if !masked {
        return Some("a message whose masking is wrong");
    }
    match view.message.map(|message| &message.reading)? {
        Reading::Malformed(_) => Some("a message that is not well-formed"),
        Reading::Other | Reading::Space | Reading::Empty => Some("a message without XML"),
        _ if is_declared(&frame.content.bytes) => Some(DECLARED),
        _ => None,
    }
}
