//! One stream that is carried without BOSH, as a machine without I/O: what the client sends and events of its stream to the
//! server come in, what is to be sent and commands go out (RFC 6120 §4, RFC 7395 §3).

use std::sync::Arc;
use std::time::Duration;

use super::framing::Framing;
use super::ids::Ids;
use super::message::{Action, Input, Output};
use super::refusal::stream_error;
use crate::bosh::Condition;
use crate::cm::backend::{Command, Event, Link, Opening};
use crate::cm::policy::{Policy, Version};
use crate::xml::Element;
use crate::xmpp::jid::before_slash;
use crate::xmpp::{Header, ns};

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// As it is: nothing of TLS is for the stream to negotiate.
    Settled,
    /// TLS may begin on it before the login (STARTTLS).
    Offered,
    /// TLS has to begin on it before anything else (STARTTLS).
    Required,
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The client has not opened its stream.
    Fresh,
    /// A stream is open, or about to be.
    Open,
    /// TLS is being established.
    Securing,
    /// Our end of the stream is sent; the client has until then for its own part.
    Parting(Duration),
    /// Nothing is sent any more.
    Over,
}

/// The stream over one connection.
#[derive(Debug)]
pub struct Session {
    link: Link,
    pub(super) framing: Framing,
    security: Security,
    pub(super) policy: Arc<Policy>,
    pub(super) served: Served,
    ids: Ids,
    pub(super) state: State,
    /// The client's latest header.
    header: Header,
    /// The server's header went out since the client's latest.
    greeted: bool,
    /// The client has to open its stream anew, having logged in.
    restarts: bool,
    /// The client has logged in.
    pub(super) known: bool,
    pub(super) begun: Duration,
    pub(super) heard: Duration,
    pub(super) sent: Duration,
}

/// What a session has to know of the server.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// A domain that it serves.
    pub domain: Option<String>,
    /// It finds out whether a client is there, if it is told to.
    pub pings: bool,
}

/// The longest attribute of a header.
const ATTRIBUTE: usize = 4096;
/// The status of an orderly end.
const NORMAL: u16 = 1000;

impl Session {
    /// A connection whose stream to the server is `link`, or with TLS the one after it.
    pub fn new(
        (link, framing, security): (Link, Framing, Security),
        served: Served,
        policy: Arc<Policy>,
        ids: Ids,
        now: Duration,
    ) -> Self {
        Self {
            link,
            framing,
            security,
            policy,
            served,
            ids,
            state: State::Fresh,
            header: Header::default(),
            greeted: false,
            restarts: false,
            known: false,
            begun: now,
            heard: now,
            sent: now,
        }
    }

    /// Its stream to the server.
    pub fn link(&self) -> Link {
        self.link
    }

    /// How it is written.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the client has logged in.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Takes in what came, and says what is to be done.
    pub fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        let before = out.len();
        match input {
            Input::Server(link, event) if link == self.link => self.server(event, now, out),
            Input::Server(..) => {}
            Input::Full(stanzas) => self.full(stanzas, now, out),
            Input::Gone(stanzas) => self.gone(stanzas, out),
            Input::Shutdown => {
                self.fail("system-shutdown", now, out);
                if self.state != State::Over {
                    self.close(out); // nobody is waited for
                }
            }
            Input::Wake => self.wake(now, out),
            input => {
                self.heard = now;
                self.client(input, now, out);
            }
        }
        if out[before..].iter().any(|action| matches!(action, Action::Send(_))) {
            self.sent = now;
        }
    }

    fn client(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        match (self.state, input) {
            (State::Parting(_), Input::End) => self.close(out),
            (State::Securing, Input::Secured) => {
                // Nothing that was said without TLS counts (RFC 6120 §5.4.3.3).
                self.link += 1;
                self.security = Security::Settled;
                self.state = State::Fresh;
                self.greeted = false;
            }
            (State::Fresh | State::Open, Input::Header(header)) => {
                self.open(header, None, now, out);
            }
            (State::Fresh | State::Open, Input::Misnamed(header)) => {
                self.open(header, Some("invalid-namespace"), now, out);
            }
            (State::Fresh, Input::Element(_)) => self.fail("invalid-xml", now, out),
            (State::Open, Input::Element(element)) => self.element(element, now, out),
            (State::Fresh | State::Open, Input::End) => {
                self.command(Command::Close, out);
                self.part(now, out);
                if self.framing == Framing::Raw {
                    // Both have ended their streams. A WebSocket is for the client to close.
                    self.close(out);
                }
            }
            (State::Fresh | State::Open, Input::Wrong(condition)) => self.fail(condition, now, out),
            _ => {}
        }
    }

    /// The client opens its stream; with the condition of what is wrong with that already.
    fn open(
        &mut self,
        header: Header,
        fault: Option<&'static str>,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let opens = self.state == State::Fresh;
        if !opens && !self.restarts {
            // One connection has one stream.
            return self.fail("policy-violation", now, out);
        }
        self.greeted = false;
        self.header = header;
        if let Some(condition) = fault.or_else(|| self.header_fault()) {
            return self.fail(condition, now, out);
        }
        self.state = State::Open;
        self.restarts = false;
        let short = |text: &Option<String>| text.clone().filter(|text| text.len() <= ATTRIBUTE);
        let command = if opens {
            Command::Open(Opening {
                to: self.header.to.clone().unwrap_or_default(),
                from: short(&self.header.from),
                lang: short(&self.header.lang),
                version: short(&self.header.version),
                management: true,
            })
        } else {
            Command::Restart
        };
        self.command(command, out);
    }

    /// Why a header is refused before the server is asked.
    fn header_fault(&self) -> Option<&'static str> {
        let Header { to, version, .. } = &self.header;
        if version.as_deref().is_some_and(|version| Version::parse(version).is_none()) {
            return Some("unsupported-version");
        }
        let addressed = to.as_ref().is_some_and(|to| !to.is_empty() && to.len() <= ATTRIBUTE);
        (!addressed).then_some("improper-addressing")
    }

    fn element(&mut self, element: Element, now: Duration, out: &mut Vec<Action>) {
        let stanza = matches!(element.name(), "iq" | "message" | "presence");
        match (element.namespace(), element.name()) {
            (ns::TLS, "starttls") => self.start_tls(now, out),
            (ns::STREAMS, "error") => {
                self.command(Command::Close, out);
                self.part(now, out);
            }
            (ns::STREAMS | ns::FRAMING | ns::TLS, _) => {
                self.fail("unsupported-stanza-type", now, out);
            }
            ("" | ns::SERVER | ns::COMPONENT, _) => self.fail("invalid-namespace", now, out),
            (namespace, _) if stanza && namespace != ns::CLIENT => {
                self.fail("invalid-namespace", now, out);
            }
            (namespace @ (ns::SASL | ns::SASL2), _) if self.security == Security::Required => {
                let condition = Element::new(ns::SASL, "encryption-required");
                let failure = Element::new(namespace, "failure").with_child(condition);
                out.push(Action::Send(Output::Element(failure)));
            }
            _ if self.security == Security::Required => self.fail("not-authorized", now, out),
            _ => self.command(Command::Send(element), out),
        }
    }

    fn start_tls(&mut self, now: Duration, out: &mut Vec<Action>) {
        if self.security == Security::Settled || self.known {
            self.command(Command::Close, out);
            out.push(Action::Send(Output::Element(Element::new(ns::TLS, "failure"))));
            return self.part(now, out);
        }
        self.command(Command::Close, out);
        out.push(Action::Send(Output::Element(Element::new(ns::TLS, "proceed"))));
        out.push(Action::Send(Output::StartTls));
        self.state = State::Securing;
    }

    fn server(&mut self, event: Event, now: Duration, out: &mut Vec<Action>) {
        if self.state != State::Open {
            return;
        }
        match event {
            Event::Opened { from, version } => {
                let from = from.or_else(|| self.header.to.clone());
                self.greet(from, version, out);
            }
            Event::Element(element) => {
                self.known |= matches!(
                    (element.namespace(), element.name()),
                    (ns::SASL | ns::SASL2, "success")
                );
                self.restarts |= element.is(ns::SASL, "success");
                let features = element.is(ns::STREAMS, "features");
                let element = match self.security {
                    Security::Required if features => tls_required(),
                    Security::Offered if features && !self.known => {
                        element.with_child(Element::new(ns::TLS, "starttls"))
                    }
                    _ => element,
                };
                out.push(Action::Send(Output::Element(element)));
            }
            Event::Error(error) => self.end_with(error, now, out),
            Event::Closed => self.part(now, out),
            Event::Failed(condition) => {
                let name = match condition {
                    Condition::HostUnknown | Condition::HostGone => condition.as_str(),
                    _ => "remote-connection-failed",
                };
                self.refuse(name, now, out);
            }
        }
    }

    /// Sends a stream header.
    fn greet(&mut self, from: Option<String>, version: Option<String>, out: &mut Vec<Action>) {
        let lang = self.header.lang.clone().filter(|lang| lang.len() <= ATTRIBUTE);
        // The address of an account, whatever connection the client means (RFC 6120 §4.7.2).
        let to = self.header.from.as_deref().filter(|from| from.len() <= ATTRIBUTE);
        let to = to.map(|from| before_slash(from).to_owned());
        let id = Some(self.ids.next());
        let lang = lang.or_else(|| Some("en".to_owned()));
        self.greeted = true;
        let header = Header { to, from, id, version, lang };
        out.push(Action::Send(Output::Header(header)));
    }

    /// Ends the stream with an error of this end, of which the server is told.
    pub(super) fn fail(&mut self, condition: &str, now: Duration, out: &mut Vec<Action>) {
        match self.state {
            State::Fresh => {}
            State::Open => self.command(Command::Close, out),
            State::Securing => return self.close(out),
            State::Parting(_) | State::Over => return,
        }
        self.refuse(condition, now, out);
    }

    /// Ends the stream with this condition.
    pub(super) fn refuse(&mut self, condition: &str, now: Duration, out: &mut Vec<Action>) {
        self.end_with(stream_error(condition), now, out);
    }

    /// Ends the stream with an error; in front of it stands a header, if the client has none yet (RFC 6120 §4.9.1.2, RFC 7395
    /// §3.5). A server of which no domain is known gives itself the empty one (RFC 6120 §4.9.1.3).
    fn end_with(&mut self, error: Element, now: Duration, out: &mut Vec<Action>) {
        if !self.greeted {
            let from = self.served.domain.clone().unwrap_or_default();
            self.greet(Some(from), Some("1.0".to_owned()), out);
        }
        out.push(Action::Send(Output::Element(error)));
        self.part(now, out);
    }

    /// The client does not read, and more waits for it than may.
    fn full(&mut self, stanzas: Vec<Element>, now: Duration, out: &mut Vec<Action>) {
        if self.state == State::Open {
            self.undelivered(stanzas, out);
            self.fail("policy-violation", now, out);
        }
    }

    fn gone(&mut self, stanzas: Vec<Element>, out: &mut Vec<Action>) {
        if self.state == State::Open {
            self.undelivered(stanzas, out);
            self.command(Command::Lost, out);
        }
        self.state = State::Over;
    }

    fn undelivered(&mut self, stanzas: Vec<Element>, out: &mut Vec<Action>) {
        if !stanzas.is_empty() {
            self.command(Command::Undelivered(stanzas), out);
        }
    }

    /// Ends our stream.
    fn part(&mut self, now: Duration, out: &mut Vec<Action>) {
        out.push(Action::Send(Output::End));
        self.state = State::Parting(now + self.policy.parting);
    }

    pub(super) fn close(&mut self, out: &mut Vec<Action>) {
        out.push(Action::Send(Output::Close(NORMAL)));
        self.state = State::Over;
    }

    pub(super) fn command(&mut self, command: Command, out: &mut Vec<Action>) {
        out.push(Action::Command(self.link, command));
    }
}

/// Features that allow nothing but TLS (RFC 6120 §5.3.1).
fn tls_required() -> Element {
    let required = Element::new(ns::TLS, "required");
    let starttls = Element::new(ns::TLS, "starttls").with_child(required);
    Element::new(ns::STREAMS, "features").with_child(starttls)
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
