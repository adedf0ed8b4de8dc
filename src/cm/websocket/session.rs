//! One WebSocket as a machine without I/O: messages of the client and events of its stream come in, messages and commands
//! go out.

use std::sync::Arc;

use crate::bosh::Condition;
use crate::cm::backend::{Command, Event, Link, Opening};
use crate::cm::policy::Policy;
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

/// What a session wants to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send this to the client.
    Output(Output),
    /// Tell the server.
    Command(Command),
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
}

const SCOPE: Scope<'_> = Scope { default: "", prefixes: &[] };

impl Session {
    /// A WebSocket whose stream to the server is `link`.
    pub fn new(link: Link, policy: Arc<Policy>) -> Self {
        Self { link, policy, state: State::Fresh, domain: String::new() }
    }

    /// Its stream to the server.
    pub fn link(&self) -> Link {
        self.link
    }

    /// A message of the client came.
    pub fn message(&mut self, text: &str, id: &str, out: &mut Vec<Action>) {
        if self.state == State::Closed {
            return;
        }
        let Ok(element) = xml::parse(text.as_bytes(), &self.policy.bounds.xml) else {
            return self.fail("not-well-formed", id, out);
        };
        match (self.state, element.namespace(), element.name()) {
            (_, ns::FRAMING, "close") => {
                out.push(Action::Command(Command::Close));
                self.close(out);
            }
            (State::Fresh, ns::FRAMING, "open") => self.open(&element, id, out),
            (_, ns::FRAMING, "open") => out.push(Action::Command(Command::Restart)),
            (State::Fresh, ..) => self.fail("invalid-xml", id, out),
            (_, ns::FRAMING | ns::STREAMS, _) => self.fail("unsupported-stanza-type", id, out),
            _ => out.push(Action::Command(Command::Send(element))),
        }
    }

    fn open(&mut self, open: &Element, id: &str, out: &mut Vec<Action>) {
        let text = |name| open.attr(name).map(str::to_owned);
        let Some(to) = text("to").filter(|to| !to.is_empty()) else {
            return self.fail("improper-addressing", id, out);
        };
        self.domain.clone_from(&to);
        self.state = State::Open;
        let lang = open.attr_ns(ns::XML, "lang").map(str::to_owned);
        let opening = Opening { to, from: text("from"), lang, version: text("version") };
        out.push(Action::Command(Command::Open(opening)));
    }

    /// Something happened on its stream. A stream that opens has this id.
    pub fn server(&mut self, event: Event, id: &str, out: &mut Vec<Action>) {
        if self.state == State::Closed {
            return;
        }
        match event {
            Event::Opened { from, version } => {
                let from = from.unwrap_or_else(|| self.domain.clone());
                out.push(send(&header(&from, id, version.as_deref())));
            }
            Event::Element(element) => out.push(send(&element)),
            Event::Error(error) => {
                out.push(send(&error));
                self.close(out);
            }
            Event::Closed => self.close(out),
            Event::Failed(condition) => {
                let name = match condition {
                    Condition::HostUnknown | Condition::HostGone => condition.as_str(),
                    _ => "remote-connection-failed",
                };
                out.push(send(&header(&self.domain, id, Some("1.0"))));
                out.push(send(&error(name)));
                self.close(out);
            }
        }
    }

    /// The server is about to stop.
    pub fn shut_down(&mut self, id: &str, out: &mut Vec<Action>) {
        if self.state != State::Closed {
            self.fail("system-shutdown", id, out);
        }
    }

    /// A stream error; in front of it stands `<open/>`, if the client has none yet (RFC 7395 §3.5).
    fn fail(&mut self, condition: &str, id: &str, out: &mut Vec<Action>) {
        if self.state == State::Fresh {
            out.push(send(&header(&self.domain, id, Some("1.0"))));
        } else {
            out.push(Action::Command(Command::Close));
        }
        out.push(send(&error(condition)));
        self.close(out);
    }

    fn close(&mut self, out: &mut Vec<Action>) {
        self.state = State::Closed;
        out.push(send(&Element::new(ns::FRAMING, "close")));
        out.push(Action::Output(Output::Close(1000)));
    }
}

fn send(element: &Element) -> Action {
    let mut text = String::new();
    write(element, &SCOPE, &mut text);
    Action::Output(Output::Send(text))
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

    fn texts(out: &mut Vec<Action>) -> Vec<String> {
        let text = |action| match action {
            Action::Output(Output::Send(text)) => text,
            Action::Output(Output::Close(status)) => format!("Close {status}"),
            Action::Command(command) => {
                format!("{command:?}").split(['(', ' ']).next().unwrap().to_owned()
            }
        };
        out.drain(..).map(text).collect()
    }

    #[test]
    fn a_stream_is_opened_restarted_and_closed() {
        let (mut session, mut out) = (session(), Vec::new());
        session.message(OPEN, "1", &mut out);
        assert_eq!(texts(&mut out), ["Open"]);
        let opened =
            || Event::Opened { from: Some("a".to_owned()), version: Some("1.0".to_owned()) };
        session.server(opened(), "s1", &mut out);
        session.server(Event::Element(Element::new(ns::STREAMS, "features")), "", &mut out);
        let shown = texts(&mut out);
        assert!(
            shown[0]
                .starts_with("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='s1'")
        );
        assert_eq!(shown[1], "<features xmlns='http://etherx.jabber.org/streams'/>");
        session.message(OPEN, "2", &mut out);
        session.message("<presence xmlns='jabber:client'/>", "", &mut out);
        assert_eq!(texts(&mut out), ["Restart", "Send"]);
        session.message("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", "", &mut out);
        let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
        assert_eq!(texts(&mut out), ["Close", close, "Close 1000"]);
        session.message(OPEN, "3", &mut out);
        assert!(out.is_empty());
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
            let shown = texts(&mut out);
            assert!(shown[0].starts_with("<open "), "{shown:?}");
            assert!(shown[1].contains(condition), "{shown:?}");
            assert_eq!(shown[3], "Close 1000");
        }
        let (mut session, mut out) = (session(), Vec::new());
        session.message(OPEN, "1", &mut out);
        out.clear();
        session.server(Event::Failed(Condition::HostUnknown), "2", &mut out);
        assert!(texts(&mut out)[1].contains("host-unknown"));
    }
}
