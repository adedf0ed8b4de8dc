//! One WebSocket as a machine without I/O: messages of the client and events of its stream come in, messages and commands
//! go out.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::bosh::Condition;
use crate::cm::backend::{Command, Event, Link, Opening};
use crate::cm::bounce::bounced;
use crate::cm::policy::{Bounds, Policy};
use crate::xml::{self, Element, Scope, write};
use crate::xmpp::ns;

/// What is to be sent to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A text message with this element.
    Send(String),
    /// A Close frame with this status; nothing follows.
    Close(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The client has not opened its stream.
    Fresh,
    /// A stream is open, or about to be.
    Open,
    /// It is over.
    Closed,
}

/// The stream over one WebSocket.
#[derive(Debug)]
pub struct Session {
    link: Link,
    policy: Arc<Policy>,
    state: State,
    /// What the client wants to speak with.
    domain: String,
    /// What waits until the client reads.
    waiting: VecDeque<Output>,
    bytes: usize,
}

/// The longest address in an `<open/>`.
const ADDRESS: usize = 4096;

const SCOPE: Scope<'_> = Scope { default: "", prefixes: &[] };

impl Session {
    /// A WebSocket whose stream to the server is `link`.
    pub fn new(link: Link, policy: Arc<Policy>) -> Self {
        let (domain, waiting) = (String::new(), VecDeque::new());
        Self { link, policy, state: State::Fresh, domain, waiting, bytes: 0 }
    }

    /// Its stream to the server.
    pub fn link(&self) -> Link {
        self.link
    }

    /// What is to be sent next; it waits no longer.
    pub fn output(&mut self) -> Option<Output> {
        let output = self.waiting.pop_front()?;
        self.bytes -= output.size();
        if self.waiting.is_empty() && self.waiting.capacity() > 64 {
            self.waiting.shrink_to(0);
        }
        Some(output)
    }

    /// Bytes that wait until the client reads.
    pub fn queued(&self) -> usize {
        self.bytes
    }

    /// A message of the client came.
    pub fn message(&mut self, text: &str, id: &str, out: &mut Vec<Command>) {
        if self.state == State::Closed {
            return;
        }
        let element = match xml::parse(text.as_bytes(), &self.policy.bounds.xml) {
            Ok(element) => element,
            Err(error) if error.kind.is_limit() => return self.fail("policy-violation", id, out),
            Err(_) => return self.fail("not-well-formed", id, out),
        };
        match (self.state, element.namespace(), element.name()) {
            (_, ns::FRAMING, "close") => {
                out.push(Command::Close);
                self.close();
            }
            (State::Fresh, ns::FRAMING, "open") => self.open(&element, id, out),
            (_, ns::FRAMING, "open") => out.push(Command::Restart),
            (State::Fresh, ..) => self.fail("invalid-xml", id, out),
            (_, ns::FRAMING | ns::STREAMS, _) => self.fail("unsupported-stanza-type", id, out),
            _ => out.push(Command::Send(element)),
        }
    }

    fn open(&mut self, open: &Element, id: &str, out: &mut Vec<Command>) {
        let text = |name| open.attr(name).map(str::to_owned);
        let Some(to) = text("to").filter(|to| !to.is_empty() && to.len() <= ADDRESS) else {
            return self.fail("improper-addressing", id, out);
        };
        self.domain.clone_from(&to);
        self.state = State::Open;
        let short = |text: &String| text.len() <= ADDRESS;
        let lang = open.attr_ns(ns::XML, "lang").map(str::to_owned).filter(short);
        let opening = Opening {
            to,
            from: text("from").filter(short),
            lang,
            version: text("version").filter(short),
        };
        out.push(Command::Open(opening));
    }

    /// Something happened on its stream. A stream that opens has this id.
    pub fn server(&mut self, event: Event, id: &str, out: &mut Vec<Command>) {
        if self.state == State::Closed {
            return;
        }
        match event {
            Event::Opened { from, version } => {
                let from = from.unwrap_or_else(|| self.domain.clone());
                self.send(&header(&from, id, version.as_deref()));
            }
            Event::Element(element) => {
                self.send(&element);
                let Bounds { waiting, waiting_bytes, .. } = self.policy.bounds;
                if self.waiting.len() > waiting || self.bytes > waiting_bytes {
                    self.overrun(out);
                }
            }
            Event::Error(error) => {
                self.send(&error);
                self.close();
            }
            Event::Closed => self.close(),
            Event::Failed(condition) => {
                let name = match condition {
                    Condition::HostUnknown | Condition::HostGone => condition.as_str(),
                    _ => "remote-connection-failed",
                };
                self.send(&header(&self.domain, id, Some("1.0")));
                self.send(&error(name));
                self.close();
            }
        }
    }

    /// The server is about to stop.
    pub fn shut_down(&mut self, id: &str, out: &mut Vec<Command>) {
        if self.state != State::Closed {
            self.fail("system-shutdown", id, out);
        }
    }

    /// A stream error; in front of it stands `<open/>`, if the client has none yet (RFC 7395 §3.5).
    fn fail(&mut self, condition: &str, id: &str, out: &mut Vec<Command>) {
        if self.state == State::Fresh {
            self.send(&header(&self.domain, id, Some("1.0")));
        } else {
            out.push(Command::Close);
        }
        self.send(&error(condition));
        self.close();
    }

    /// The client does not read, and more waits for it than may: what waits goes back to the server, and nothing more is
    /// taken.
    pub fn overrun(&mut self, out: &mut Vec<Command>) {
        if self.state == State::Closed {
            return;
        }
        self.give_back(out);
        out.push(Command::Close);
        self.send(&error("policy-violation"));
        self.close();
    }

    /// The connection is gone.
    pub fn gone(&mut self, out: &mut Vec<Command>) {
        if self.state != State::Closed {
            self.give_back(out);
            out.push(Command::Close);
            self.state = State::Closed;
        }
    }

    /// Stanzas that the client did not read go back, as those of a BOSH session do (XEP-0206 §7).
    fn give_back(&mut self, out: &mut Vec<Command>) {
        let limits = xml::Limits { bytes: usize::MAX, ..self.policy.bounds.xml };
        while let Some(output) = self.output() {
            let Output::Send(text) = output else { continue };
            let stanza = xml::parse(text.as_bytes(), &limits).ok();
            out.extend(stanza.and_then(|stanza| bounced(&stanza)).map(Command::Send));
        }
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.send(&Element::new(ns::FRAMING, "close"));
        self.push(Output::Close(1000));
    }

    fn send(&mut self, element: &Element) {
        let mut text = String::new();
        write(element, &SCOPE, &mut text);
        self.push(Output::Send(text));
    }

    fn push(&mut self, output: Output) {
        self.bytes += output.size();
        self.waiting.push_back(output);
    }
}

impl Output {
    fn size(&self) -> usize {
        match self {
            Self::Send(text) => text.len(),
            Self::Close(_) => size_of::<Self>(),
        }
    }
}

fn header(from: &str, id: &str, version: Option<&str>) -> Element {
    let mut open = Element::new(ns::FRAMING, "open");
    if !from.is_empty() {
        open = open.with_attr("from", from);
    }
    let mut open = open.with_attr("id", id).with_attr_if("version", version);
    open.set_attr(ns::XML, "lang", Some("en"));
    open
}

fn error(condition: &str) -> Element {
    let condition = Element::new(ns::STREAM_ERRORS, condition);
    Element::new(ns::STREAMS, "error").with_child(condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";

    fn session() -> Session {
        Session::new(7, Arc::default())
    }

    /// What the server is told, and then what the client is sent.
    fn texts(session: &mut Session, out: &mut Vec<Command>) -> Vec<String> {
        let told = |command| format!("{command:?}").split(['(', ' ']).next().unwrap().to_owned();
        let mut texts: Vec<String> = out.drain(..).map(told).collect();
        while let Some(output) = session.output() {
            texts.push(match output {
                Output::Send(text) => text,
                Output::Close(status) => format!("Close {status}"),
            });
        }
        texts
    }

    #[test]
    fn a_stream_is_opened_restarted_and_closed() {
        let (mut session, mut out) = (session(), Vec::new());
        session.message(OPEN, "1", &mut out);
        assert_eq!(texts(&mut session, &mut out), ["Open"]);
        let opened =
            || Event::Opened { from: Some("a".to_owned()), version: Some("1.0".to_owned()) };
        session.server(opened(), "s1", &mut out);
        session.server(Event::Element(Element::new(ns::STREAMS, "features")), "", &mut out);
        let shown = texts(&mut session, &mut out);
        assert!(
            shown[0]
                .starts_with("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='s1'")
        );
        assert_eq!(shown[1], "<features xmlns='http://etherx.jabber.org/streams'/>");
        session.message(OPEN, "2", &mut out);
        session.message("<presence xmlns='jabber:client'/>", "", &mut out);
        assert_eq!(texts(&mut session, &mut out), ["Restart", "Send"]);
        session.message("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", "", &mut out);
        let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
        assert_eq!(texts(&mut session, &mut out), ["Close", close, "Close 1000"]);
        session.message(OPEN, "3", &mut out);
        assert!(out.is_empty() && session.queued() == 0);
    }

    #[test]
    fn what_is_refused_is_told_within_a_stream() {
        for (message, condition) in [
            ("<presence xmlns='jabber:client'/>", "invalid-xml"),
            ("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", "improper-addressing"),
            ("<open", "not-well-formed"),
        ] {
            let (mut session, mut out) = (session(), Vec::new());
            session.message(message, "1", &mut out);
            let shown = texts(&mut session, &mut out);
            assert!(shown[0].starts_with("<open "), "{shown:?}");
            assert!(shown[1].contains(condition), "{shown:?}");
            assert_eq!(shown[3], "Close 1000");
        }
        let (mut session, mut out) = (session(), Vec::new());
        session.message(OPEN, "1", &mut out);
        out.clear();
        session.server(Event::Failed(Condition::HostUnknown), "2", &mut out);
        assert!(texts(&mut session, &mut out)[1].contains("host-unknown"));
    }

    #[test]
    fn a_client_that_does_not_read_is_bounded() {
        // Cause: what was to be sent had no bound.
        let policy = Policy::default();
        let most = policy.bounds.waiting;
        let (mut session, mut out) = (Session::new(7, Arc::new(policy)), Vec::new());
        session.message(OPEN, "1", &mut out);
        out.clear();
        let message = |n: usize| {
            let message = Element::new(ns::CLIENT, "message").with_attr("from", "b@a/b");
            Event::Element(message.with_attr("id", &n.to_string()))
        };
        for n in 0..most {
            session.server(message(n), "", &mut out);
            assert!(out.is_empty());
        }
        session.server(message(most), "", &mut out);
        assert_eq!(out.len(), most + 2, "all go back, and the stream is closed");
        assert_eq!(out.last(), Some(&Command::Close));
        let Command::Send(first) = &out[0] else { panic!("{:?}", out[0]) };
        assert_eq!((first.attr("id"), first.attr("type")), (Some("0"), Some("error")));
        out.clear();
        session.server(message(most + 1), "", &mut out);
        let shown = texts(&mut session, &mut out);
        assert!(shown[0].contains("<policy-violation"), "{shown:?}");
        assert_eq!((shown.len(), shown[2].as_str(), session.queued()), (3, "Close 1000", 0));
    }

    #[test]
    fn what_a_client_that_vanished_did_not_read_goes_back() {
        let (mut session, mut out) = (session(), Vec::new());
        session.message(OPEN, "1", &mut out);
        out.clear();
        let message = Element::new(ns::CLIENT, "message").with_attr("from", "b@a/b");
        session.server(Event::Element(message), "", &mut out);
        session.gone(&mut out);
        assert_eq!(texts(&mut session, &mut out), ["Send", "Close"]);
    }
}
