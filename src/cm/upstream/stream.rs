//! One stream to a server as a machine without I/O (RFC 6120): what it is told is written into [`Stream::unsent`],
//! what the server says becomes a [`Step`].
//!
//! Until TLS is settled nothing is told to the client, and nothing of it is sent: what it sends so early waits.

use std::collections::VecDeque;

use super::features;
use super::harmless::harmless;
use crate::bosh::Condition;
use crate::cm::backend::{Command, Event, Opening};
use crate::cm::stream::reader::{Fault, Item, Reader};
use crate::xml::{Element, Limits, Scope, write, write_attribute};
use crate::xmpp::{Header, ns};

/// What is declared in every header that is sent.
const SCOPE: Scope<'_> = Scope { default: ns::CLIENT, prefixes: &[(ns::STREAMS, "stream")] };
const END: &str = "</stream:stream>";

/// What is borne of either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes that wait until the server reads them.
    pub unsent: usize,
    /// Depth, attributes and bytes of an element of the server.
    pub xml: Limits,
}

impl Default for Bounds {
    fn default() -> Self {
        // An element may be as long as a request, and several of these may wait.
        let xml = Limits { depth: 64, attributes: 64, bytes: 2 << 20, ..Limits::default() };
        Self { unsent: 4 << 20, xml }
    }
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Tell the session.
    Tell(Event),
    /// Begin TLS on the connection, and say so with [`Stream::secured`].
    Secure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No connection yet.
    Connecting,
    /// Our header is sent, and whether TLS follows is not known.
    Meeting,
    /// TLS was asked for.
    Asking,
    /// TLS is being established.
    Securing,
    /// The client is heard and told.
    Open,
    /// Our end is closed.
    Closing,
    Over,
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    opening: Opening,
    bounds: Bounds,
    reader: Reader,
    phase: Phase,
    /// It may go on without TLS.
    plain: bool,
    secure: bool,
    /// The server's header, until the client may know of it.
    header: Option<Header>,
    /// What the client sent before the stream was open.
    early: Vec<u8>,
    unsent: Vec<u8>,
    steps: VecDeque<Step>,
    reason: Option<String>,
}

impl Stream {
    /// A stream that has no connection yet.
    pub fn new(opening: Opening, bounds: Bounds) -> Self {
        Self {
            opening,
            bounds,
            reader: Reader::new(bounds.xml),
            phase: Phase::Connecting,
            plain: false,
            secure: false,
            header: None,
            early: Vec::new(),
            unsent: Vec::new(),
            steps: VecDeque::new(),
            reason: None,
        }
    }

    /// What is to be written to the connection. Whoever writes takes away what was written.
    pub fn unsent(&mut self) -> &mut Vec<u8> {
        &mut self.unsent
    }

    /// What is to be done next.
    pub fn step(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// Whether nothing more comes of it; what is unsent may still be written.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether TLS and the first features are still to come.
    pub fn is_meeting(&self) -> bool {
        matches!(self.phase, Phase::Connecting | Phase::Meeting | Phase::Asking | Phase::Securing)
    }

    /// Whether its end was announced, so that only the server's end is waited for.
    pub fn is_closing(&self) -> bool {
        self.phase == Phase::Closing
    }

    /// Whether TLS protects it.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Why it failed, for people.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// There is a connection, which may be used without TLS or not.
    pub fn connected(&mut self, plain: bool) {
        self.plain = plain;
        self.meet();
    }

    /// TLS is established.
    pub fn secured(&mut self) {
        if self.phase == Phase::Securing {
            self.secure = true;
            // Nothing that was said without TLS counts (RFC 6120 §5.4.3.3).
            self.reader = Reader::new(self.bounds.xml);
            self.meet();
        }
    }

    fn meet(&mut self) {
        self.phase = Phase::Meeting;
        // TLS is negotiated in XMPP 1.0; a client from before that gets its kind of stream inside of it.
        let version = if self.secure { self.opening.version.clone() } else { Some("1.0".into()) };
        self.write_header(version.as_deref());
    }

    fn write_header(&mut self, version: Option<&str>) {
        let mut out = String::from("<?xml version='1.0'?><stream:stream");
        write_attribute("xmlns", ns::CLIENT, &mut out);
        write_attribute("xmlns:stream", ns::STREAMS, &mut out);
        write_attribute("to", &self.opening.to, &mut out);
        // Who the client is is not said before it is settled how the stream is protected (RFC 6120 §4.7.1).
        let settled = self.secure || self.phase == Phase::Open;
        let from = self.opening.from.as_deref().filter(|_| settled);
        let lang = self.opening.lang.as_deref();
        for (name, value) in [("from", from), ("version", version), ("xml:lang", lang)] {
            if let Some(value) = value {
                write_attribute(name, value, &mut out);
            }
        }
        out.push('>');
        self.unsent.extend_from_slice(out.as_bytes());
    }

    /// The session wants something.
    pub fn command(&mut self, command: Command) {
        match command {
            Command::Send(element) => self.send(&element),
            Command::Close => self.close(),
            // What the client sent is written; the server sees no end, and may keep the session.
            Command::Lost => self.phase = Phase::Over,
            Command::Restart if self.phase == Phase::Open => {
                self.reader.renew();
                let version = self.opening.version.clone();
                self.write_header(Some(version.as_deref().unwrap_or("1.0")));
            }
            // A stream that has not begun needs no restart; one link has one opening.
            Command::Restart | Command::Open(_) | Command::Ping | Command::Undelivered(_) => {}
        }
    }

    fn send(&mut self, element: &Element) {
        if matches!(self.phase, Phase::Closing | Phase::Over) {
            return;
        }
        if matches!(element.namespace(), ns::TLS | ns::COMPRESS) {
            // Layers of the connection to the server are not for the client to negotiate (XEP-0206 §8).
            let condition = Element::new(ns::STREAM_ERRORS, "unsupported-stanza-type");
            let error = Element::new(ns::STREAMS, "error").with_child(condition);
            self.close();
            return self.end(Event::Error(error));
        }
        let mut text = String::new();
        write(element, &SCOPE, &mut text);
        let waiting = if self.phase == Phase::Open { &mut self.unsent } else { &mut self.early };
        waiting.extend_from_slice(text.as_bytes());
        if waiting.len() > self.bounds.unsent {
            let most = self.bounds.unsent;
            self.unsent.clear();
            self.fail(format!("it does not read fast enough: more than {most} bytes are unsent"));
        }
    }

    fn close(&mut self) {
        match self.phase {
            Phase::Open => {
                self.unsent.extend_from_slice(END.as_bytes());
                self.phase = Phase::Closing;
            }
            Phase::Meeting => {
                self.unsent.extend_from_slice(END.as_bytes());
                self.phase = Phase::Over;
            }
            Phase::Connecting | Phase::Asking | Phase::Securing => self.phase = Phase::Over,
            Phase::Closing | Phase::Over => {}
        }
    }

    /// Bytes came.
    pub fn received(&mut self, mut bytes: &[u8]) {
        while !self.is_over() {
            match self.reader.read(&mut bytes) {
                Ok(None) => return,
                Ok(Some(item)) => self.take(item, bytes),
                Err(fault) => return self.not_a_stream(&fault),
            }
        }
    }

    fn take(&mut self, item: Item, rest: &[u8]) {
        match (self.phase, item) {
            (Phase::Closing, Item::End) => self.phase = Phase::Over,
            (Phase::Closing, _) => {}
            (Phase::Open, Item::End) => {
                self.close();
                self.end(Event::Closed);
            }
            (_, Item::End) => self.fail("it ended the stream before it opened it".into()),
            (_, Item::Element(element)) if element.is(ns::STREAMS, "error") => self.error(element),
            (Phase::Open, Item::Header(header)) => self.opened(header),
            (Phase::Open, Item::Element(element)) => {
                let features = element.is(ns::STREAMS, "features");
                let element = if features { features::for_client(&element) } else { element };
                self.steps.push_back(Step::Tell(Event::Element(element)));
            }
            (Phase::Meeting, Item::Header(header)) => {
                // Features come if both speak XMPP 1.0 (RFC 6120 §4.3.2).
                let bare =
                    header.version.is_none() || self.secure && self.opening.version.is_none();
                self.header = Some(header);
                if bare {
                    self.open(None);
                }
            }
            (Phase::Meeting, Item::Element(features)) if features.is(ns::STREAMS, "features") => {
                if !self.secure && features.child(ns::TLS, "starttls").is_some() {
                    let ask = Element::new(ns::TLS, "starttls");
                    let mut text = String::new();
                    write(&ask, &SCOPE, &mut text);
                    self.unsent.extend_from_slice(text.as_bytes());
                    self.phase = Phase::Asking;
                } else {
                    self.open(Some(&features));
                }
            }
            (Phase::Asking, Item::Element(answer)) if answer.is(ns::TLS, "proceed") => {
                if rest.is_empty() {
                    self.phase = Phase::Securing;
                    self.steps.push_back(Step::Secure);
                } else {
                    // What follows unprotected could be taken for something that was said under TLS.
                    self.fail(
                        "unencrypted bytes follow its <proceed/>; is somebody tampering with the connection?".into(),
                    );
                }
            }
            (Phase::Asking, _) => self.fail("it offered STARTTLS and then refused it".into()),
            (_, item) => {
                let what = match &item {
                    Item::Element(element) => format!("<{}/>", element.name()),
                    _ => "a second stream header".to_owned(),
                };
                self.fail(format!("it sent {what} instead of its stream features"));
            }
        }
    }

    /// It is settled how the connection is protected.
    fn open(&mut self, features: Option<&Element>) {
        if !self.secure && !self.plain {
            return self.fail(
                "it does not offer STARTTLS; to continue without TLS, use --upstream-plain".into(),
            );
        }
        self.phase = Phase::Open;
        if let Some(header) = self.header.take() {
            self.opened(header);
        }
        // A client that names no version expects none.
        if let (Some(features), Some(_)) = (features, &self.opening.version) {
            let features = features::for_client(features);
            self.steps.push_back(Step::Tell(Event::Element(features)));
        }
        let early = std::mem::take(&mut self.early);
        self.unsent.extend_from_slice(&early);
    }

    fn opened(&mut self, header: Header) {
        let Header { from, version, .. } = header;
        let version = version.filter(|_| self.opening.version.is_some());
        self.steps.push_back(Step::Tell(Event::Opened { from, version }));
    }

    /// The server ends the stream with an error.
    fn error(&mut self, error: Element) {
        if self.phase == Phase::Closing {
            self.phase = Phase::Over;
            return;
        }
        let is = |condition| error.child(ns::STREAM_ERRORS, condition).is_some();
        // Later on such an error is about something else than the domain asked for.
        let unknown = match self.is_meeting() {
            true if is("host-unknown") => Some(Condition::HostUnknown),
            true if is("host-gone") => Some(Condition::HostGone),
            _ => None,
        };
        self.close();
        self.end(unknown.map_or(Event::Error(error), Event::Failed));
    }

    fn not_a_stream(&mut self, fault: &Fault) {
        if self.phase == Phase::Closing {
            self.phase = Phase::Over;
            return;
        }
        let condition = Element::new(ns::STREAM_ERRORS, fault.condition());
        let mut text = String::new();
        write(&Element::new(ns::STREAMS, "error").with_child(condition), &SCOPE, &mut text);
        self.unsent.extend_from_slice(text.as_bytes());
        self.unsent.extend_from_slice(END.as_bytes());
        self.fail(fault.to_string());
    }

    /// The server has closed the connection.
    pub fn ended(&mut self) {
        self.fail("it closed the connection without ending the stream".into());
    }

    /// The connection can't be made, can't be protected, or was lost.
    #[allow(clippy::needless_pass_by_value)] // most reasons are made for this
    pub fn fail(&mut self, reason: String) {
        if self.phase != Phase::Closing && self.phase != Phase::Over {
            self.reason = Some(harmless(&reason));
            self.steps.push_back(Step::Tell(Event::Failed(Condition::RemoteConnectionFailed)));
        }
        self.phase = Phase::Over;
    }

    fn end(&mut self, event: Event) {
        self.phase = Phase::Over;
        self.steps.push_back(Step::Tell(event));
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
