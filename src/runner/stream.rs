//! The stream of an actor that is carried without BOSH: over a WebSocket (RFC 7395) or over TCP (RFC 6120). What must be
//! answered for a connection to live is answered by itself, and stanzas are counted for stream management (XEP-0198).

use std::collections::VecDeque;
use std::time::Duration;

use super::dial::Route;
use super::offer::Offer;
use super::wire::{Came, ConnId, Sending, SentId, Wire};
use crate::scenario::Transport;
use crate::trace::{Fact, Reading};
use crate::wire::websocket::{Close, Opcode, frame};
use crate::xml::{Element, Scope, write, write_attribute};
use crate::xmpp::ns;

/// What elements of a stream over TCP need not declare.
const TCP: Scope<'_> = Scope { default: ns::CLIENT, prefixes: &[(ns::STREAMS, "stream")] };
/// Each message of a WebSocket is a document of its own.
const ALONE: Scope<'_> = Scope { default: "", prefixes: &[] };

/// The stream of an actor.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened or not
pub(super) struct Stream {
    transport: Transport,
    /// The route that its connections take.
    route: Route,
    /// What is offered when TLS begins on them.
    offer: Offer,
    /// TLS is spoken on its connection.
    secured: bool,
    /// Whether pings and requests of stream management are answered.
    answers: bool,
    conn: Option<ConnId>,
    /// The request that asked for the WebSocket.
    handshake: Option<SentId>,
    /// How many of the things that came on the connection were taken.
    taken: usize,
    /// Frames that no step has received.
    frames: VecDeque<Came>,
    /// A Close frame came, with what it says.
    closed: Option<Close>,
    /// A Close frame was sent.
    closing: bool,
    /// It was closed by this side.
    left: bool,
    mask: u32,
    counts: Counts,
    /// The id by which it can be resumed.
    previd: Option<String>,
}

/// Stanzas since stream management was enabled, modulo 2^32; none before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) sent: Option<u32>,
    pub(super) received: Option<u32>,
}

/// An element that came on a stream.
pub(super) type Arrived = (Duration, Element);

impl Stream {
    pub(super) fn new(transport: Transport, route: Route, answers: bool, mask: u32) -> Self {
        Self {
            transport,
            route,
            offer: Offer::default(),
            secured: false,
            answers,
            conn: None,
            handshake: None,
            taken: 0,
            frames: VecDeque::new(),
            closed: None,
            closing: false,
            left: false,
            mask,
            counts: Counts::default(),
            previd: None,
        }
    }

    pub(super) fn transport(&self) -> Transport {
        self.transport
    }

    /// The route that its connection takes.
    pub(super) fn route(&self) -> Route {
        self.route
    }

    /// What is offered when TLS begins on its connection.
    pub(super) fn offer(&self) -> &Offer {
        &self.offer
    }

    /// This is offered when TLS begins on its connections.
    pub(super) fn offering(mut self, offer: Offer) -> Self {
        self.offer = offer;
        self
    }

    /// Whether TLS is spoken on its connection.
    pub(super) fn is_secured(&self) -> bool {
        self.secured
    }

    /// TLS is spoken on its connection from now on.
    pub(super) fn secured(&mut self) {
        self.secured = true;
    }

    /// The connection that carries it; none before there is one.
    pub(super) fn conn(&self) -> Option<ConnId> {
        self.conn
    }

    /// The request that asked for its WebSocket.
    pub(super) fn handshake(&self) -> Option<SentId> {
        self.handshake
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// The id by which it can be resumed, if the server has said one.
    pub(super) fn previd(&self) -> Option<&str> {
        self.previd.as_deref()
    }

    /// What its Close frame said, if one came.
    pub(super) fn closed(&self) -> Option<&Close> {
        self.closed.as_ref()
    }

    /// It is carried by a new connection. What was counted stays, as it may be resumed there.
    pub(super) fn begin(&mut self, conn: ConnId, handshake: Option<SentId>) {
        (self.conn, self.handshake, self.taken) = (Some(conn), handshake, 0);
        self.frames.clear();
        (self.closed, self.closing, self.left) = (None, false, false);
        self.secured = self.route == Route::DirectTls;
    }

    /// The frames that no step has received.
    pub(super) fn frames_mut(&mut self) -> &mut VecDeque<Came> {
        &mut self.frames
    }

    /// A key to mask a frame with: it has to differ, and hides nothing here.
    pub(super) fn next_mask(&mut self) -> [u8; 4] {
        self.mask = self.mask.wrapping_mul(0x9e37_79b9).wrapping_add(0x7f4a_7c15);
        self.mask.to_be_bytes()
    }

    /// Bytes go out as they are.
    pub(super) fn write(&self, wire: &Wire, bytes: Vec<u8>) -> Option<SentId> {
        Some(wire.send(self.conn?, Sending::stream(bytes)))
    }

    /// A text goes out: in a message of its own, or as it is.
    pub(super) fn say(&mut self, wire: &Wire, text: &str) -> Option<SentId> {
        let bytes = match self.transport {
            Transport::WebSocket => {
                let mask = self.next_mask();
                frame(Opcode::TEXT, text.as_bytes(), Some(mask))
            }
            Transport::Bosh | Transport::Tcp => text.as_bytes().to_vec(),
        };
        self.write(wire, bytes)
    }

    /// An element goes out, and is counted.
    pub(super) fn send(&mut self, wire: &Wire, element: &Element) -> Option<SentId> {
        if is_stanza(element) {
            self.counts.sent = self.counts.sent.map(|count| count.wrapping_add(1));
        } else if element.is(ns::SM3, "enable") {
            self.managed();
        }
        let mut text = String::new();
        let scope = if self.transport == Transport::Tcp { &TCP } else { &ALONE };
        write(element, scope, &mut text);
        self.say(wire, &text)
    }

    /// Asks for stream management, with attributes beside `resume` or in its place.
    pub(super) fn enable(&mut self, wire: &Wire, own: &[(String, Option<String>)]) {
        self.managed();
        let usual = [("xmlns", ns::SM3), ("resume", "true")];
        let text = format!("<enable{}/>", attributes(usual, own));
        self.say(wire, &text);
    }

    /// Asks for the stream that was managed, with attributes beside the usual ones or in their place.
    pub(super) fn resume(&mut self, wire: &Wire, own: &[(String, Option<String>)]) {
        let h = self.counts.received.unwrap_or_default().to_string();
        let previd = self.previd.clone().unwrap_or_default();
        let usual = [("xmlns", ns::SM3), ("h", &h), ("previd", &previd)];
        let text = format!("<resume{}/>", attributes(usual, own));
        self.say(wire, &text);
    }

    /// Stanzas that are sent are counted from now on, those that come from the answer on.
    fn managed(&mut self) {
        self.counts = Counts { sent: Some(0), received: None };
    }

    /// A frame was sent.
    pub(super) fn sent_frame(&mut self, opcode: u8) {
        self.closing |= opcode == Opcode::CLOSE.0;
    }

    /// Takes in what came on its connection: the elements in it. What has to be answered is.
    pub(super) fn take_in(&mut self, wire: &Wire) -> Vec<Arrived> {
        let Some(conn) = self.conn else { return Vec::new() };
        let mut arrived = Vec::new();
        for came in wire.came(conn, self.taken) {
            self.taken += 1;
            match &came.reading {
                Reading::Element(element) | Reading::Header(element) => {
                    self.count(wire, element);
                    arrived.push((came.at, (**element).clone()));
                }
                Reading::StreamEnd => arrived.push((came.at, closing_tag())),
                _ => {}
            }
            if let Fact::Frame(frame) = &came.fact {
                self.answer(wire, frame.opcode, &frame.content.bytes, frame.status);
                self.frames.push_back(came);
            }
        }
        arrived
    }

    /// Stanzas are counted, and who asks for the count is told.
    fn count(&mut self, wire: &Wire, element: &Element) {
        if is_stanza(element) {
            self.counts.received = self.counts.received.map(|count| count.wrapping_add(1));
        } else if element.is(ns::SM3, "enabled") {
            self.counts.received = Some(0);
            let resumable = matches!(element.attr("resume"), Some("true" | "1"));
            let id = element.attr("id").filter(|id| resumable && !id.is_empty());
            self.previd = id.map(str::to_owned);
        } else if element.is(ns::SM3, "r")
            && self.answers
            && let Some(received) = self.counts.received
        {
            let count = Element::new(ns::SM3, "a").with_attr("h", &received.to_string());
            self.send(wire, &count);
        }
    }

    /// Control frames are answered (RFC 6455 §5.5).
    fn answer(&mut self, wire: &Wire, opcode: u8, payload: &[u8], status: Option<u16>) {
        if opcode == Opcode::PING.0 && self.answers {
            let mask = self.next_mask();
            self.write(wire, frame(Opcode::PONG, payload, Some(mask)));
        } else if opcode == Opcode::CLOSE.0 {
            let reason = String::from_utf8_lossy(payload).into_owned();
            self.closed = Some(status.map_or(Close::Bare, |status| Close::Status(status, reason)));
            if !std::mem::replace(&mut self.closing, true) {
                let mask = self.next_mask();
                let status = status.map_or(Vec::new(), |status| status.to_be_bytes().to_vec());
                self.write(wire, frame(Opcode::CLOSE, &status, Some(mask)));
            }
        }
    }

    /// Closes it, with attributes beside the usual ones or in their place.
    pub(super) fn leave(&mut self, wire: &Wire, own: &[(String, Option<String>)]) {
        let text = self.ending(own);
        self.say(wire, &text);
        self.left = true;
    }

    /// Whether it was closed by this side.
    pub(super) fn has_left(&self) -> bool {
        self.left
    }

    /// What opens it, with attributes beside the usual ones or in their place.
    pub(super) fn opening(&self, to: &str, own: &[(String, Option<String>)]) -> String {
        let usual: &[(&str, &str)] = match self.transport {
            Transport::Tcp => &[("xmlns", ns::CLIENT), ("xmlns:stream", ns::STREAMS)],
            _ => &[("xmlns", ns::FRAMING)],
        };
        let usual = usual.iter().copied().chain([("to", to), ("version", "1.0")]);
        let attributes = attributes(usual, own);
        match self.transport {
            Transport::Tcp => format!("<?xml version='1.0'?><stream:stream{attributes}>"),
            _ => format!("<open{attributes}/>"),
        }
    }

    /// What closes it.
    fn ending(&self, own: &[(String, Option<String>)]) -> String {
        match self.transport {
            Transport::Tcp => "</stream:stream>".to_owned(),
            _ => format!("<close{}/>", attributes([("xmlns", ns::FRAMING)], own)),
        }
    }
}

/// The end tag of a stream over TCP, as the element that stands for it over WebSocket.
fn closing_tag() -> Element {
    Element::new(ns::FRAMING, "close")
}

/// Whether stream management counts it.
fn is_stanza(element: &Element) -> bool {
    element.namespace() == ns::CLIENT && matches!(element.name(), "message" | "presence" | "iq")
}

/// Attributes as they are written, each with a space before it.
fn attributes<'a>(
    usual: impl IntoIterator<Item = (&'a str, &'a str)>,
    own: &[(String, Option<String>)],
) -> String {
    let mut all: Vec<(&str, Option<&str>)> =
        usual.into_iter().map(|(name, value)| (name, Some(value))).collect();
    for (name, value) in own {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.as_deref(),
            None => all.push((name, value.as_deref())),
        }
    }
    let mut text = String::new();
    for (name, value) in all {
        if let Some(value) = value {
            write_attribute(name, value, &mut text);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_with_what_is_said_of_them() {
        let own = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let stream = Stream::new(Transport::WebSocket, Route::WebSocket, true, 1);
        assert_eq!(
            stream.opening("a", &[own("to", None), own("xml:lang", Some("de"))]),
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0' xml:lang='de'/>"
        );
        assert_eq!(stream.ending(&[]), "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
        let stream = Stream::new(Transport::Tcp, Route::Tcp, true, 1);
        assert_eq!(
            stream.opening("a", &[own("version", None)]),
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' to='a'>"
        );
        assert_eq!(stream.ending(&[own("x", Some("y"))]), "</stream:stream>");
    }
}
