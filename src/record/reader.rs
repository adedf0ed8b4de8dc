//! Reads a trace: which session did what.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::acts::{Act, Acts, Carrier, Frame, Request, Response, Session, What};
use super::lawful::{header, is_broken, is_lawful, is_odd, is_short, is_whole, unsaid};
use crate::snapshot::{Leaf, Tree, hidden};
use crate::trace::event as wire;
use crate::trace::{
    AppliedFault, Effect, Event, Fact, How, Link, Message, Reading, SessionId, Story,
};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xmpp::ns;

/// Attributes by name.
type Attributes = Vec<(String, String)>;

impl Acts {
    /// Reads a trace.
    pub(super) fn of(events: &[Event]) -> Self {
        let mut reader = Reader::default();
        for event in events {
            reader.take(event);
        }
        reader.finish()
    }
}

#[derive(Default)]
struct Reader {
    story: Story,
    known: BTreeMap<SessionId, Session>,
    acts: Vec<Act>,
    others: BTreeMap<&'static str, usize>,
    strays: Vec<Duration>,
    /// Who ended a connection first, and how.
    ended: HashMap<u64, (Side, How)>,
    /// Sessions that turned out to be others, resumed.
    joined: HashMap<SessionId, SessionId>,
    /// The latest request of BOSH on a connection, by rid.
    asked: HashMap<(u64, Option<u64>), u64>,
    /// Exchanges, and connections of streams, to which a fault of xmppscope did something.
    faulty: HashSet<u64>,
    faulty_conns: HashMap<u64, Duration>,
    /// Connections that were made in the trace.
    begun: HashSet<u64>,
    /// Connections of WebSocket that the server begins to close.
    closing: HashSet<u64>,
}

/// What comes so soon after a fault is what it has done.
const AT_ONCE: Duration = Duration::from_millis(20);
const UNLAWFUL: &str =
    "frames that break the rules of WebSocket, and what followed in their sessions";
const NO_XML: &str =
    "messages of a client that are not XML, or not whole, and what followed in their sessions";

/// What follows a fault may follow from it.
const FAULT: &str = "what a fault of xmppscope did, and what followed from it";

impl Reader {
    fn take(&mut self, event: &Event) {
        let effect = self.story.take(event);
        match &event.fact {
            Fact::Opened { .. } => _ = self.begun.insert(event.conn),
            Fact::Request(_) | Fact::Response(_) => self.exchange(event, &effect),
            Fact::Frame(frame) if Opcode(frame.opcode).is_control() => {
                if frame.from == Side::Client {
                    self.controlled(event, frame, effect.session);
                } else if Opcode(frame.opcode) == Opcode::CLOSE {
                    self.closing.insert(event.conn);
                }
            }
            Fact::Frame(_) | Fact::Part(_) => self.said(event, &effect),
            Fact::Fault(fault) => self.fault(event, fault, effect.session),
            Fact::Raw(raw) => match effect.session.filter(|_| raw.from == Side::Client) {
                Some(session) => self.act(event.at, session, What::Unsaid(NO_XML)),
                None => self.other("piece(s) of something other than HTTP, WebSocket or XMPP"),
            },
            Fact::Lost { .. } => self.other("gap(s) in the recording"),
            Fact::Failed { .. } => self.other("failed connection(s)"),
            Fact::Ended { by, how, .. } => {
                let first = !self.ended.contains_key(&event.conn);
                self.ended.entry(event.conn).or_insert((*by, *how));
                if let Some(session) = effect.session.filter(|_| first) {
                    // For a client, a fault that cuts its connection is as if it had lost it.
                    let by = if self.is_faulty(event) { Side::Client } else { *by };
                    self.act(event.at, session, What::Ended { conn: event.conn, by, how: *how });
                }
            }
            _ => {}
        }
        for exchange in &effect.abandoned {
            let Some(session) = exchange.session() else { continue };
            let left = self.ended.get(&event.conn).copied();
            // The connection was stopped by the observer: nobody knows what would have come.
            if matches!(event.fact, Fact::Closed { stopped: true, .. }) && left.is_none() {
                continue;
            }
            let faulty = self.faulty.contains(&exchange.number);
            self.act(event.at, session, What::Lost { exchange: exchange.number, left, faulty });
        }
        let ids = [effect.session, effect.message.and_then(|message| message.session)];
        ids.into_iter().flatten().for_each(|id| self.know(id, event.conn));
    }

    fn other(&mut self, what: &'static str) {
        *self.others.entry(what).or_default() += 1;
    }

    fn act(&mut self, at: Duration, session: SessionId, what: What) {
        self.acts.push(Act { at, session, what });
    }

    /// Keeps what the story knows of a session, which may be forgotten there.
    fn know(&mut self, id: SessionId, conn: u64) {
        let Some(session) = self.story.session(id) else { return };
        let carrier = match session.link {
            Link::Bosh(_) => Carrier::Bosh,
            Link::WebSocket(_) => Carrier::WebSocket,
            Link::Tcp(_) => Carrier::Tcp,
        };
        let direct_tls =
            session.tcp().and_then(|link| link.secured.as_ref()).is_some_and(|tls| !tls.starttls);
        let known = Session {
            begun: self.begun.contains(&conn) || self.known.get(&id).is_some_and(|it| it.begun),
            id,
            name: session.name().to_owned(),
            sid: session.sid().map(str::to_owned),
            carrier,
            jid: session.jid().map(str::to_owned),
            authenticated: session.stream.authenticated,
            direct_tls,
        };
        self.known.insert(id, known);
    }

    /// Something was done on purpose to a message of this connection.
    fn fault(&mut self, event: &Event, fault: &AppliedFault, session: Option<SessionId>) {
        self.other(FAULT);
        if let Some(&exchange) = self.asked.get(&(event.conn, fault.rid)) {
            self.faulty.insert(exchange);
        }
        self.faulty_conns.insert(event.conn, event.at);
        let own = |act: &&Act| match &act.what {
            What::Request(request) => request.conn == event.conn,
            _ => false,
        };
        let session = session.or_else(|| Some(self.acts.iter().rev().find(own)?.session));
        if let Some(session) = session.filter(|_| fault.from == Side::Client) {
            self.act(event.at, session, What::Unsaid(FAULT));
        }
    }

    /// Whether a fault did something on this connection just now.
    fn is_faulty(&self, event: &Event) -> bool {
        let at = self.faulty_conns.get(&event.conn);
        at.is_some_and(|at| event.at.saturating_sub(*at) < AT_ONCE)
    }

    /// A control frame of a client.
    fn controlled(&mut self, event: &Event, frame: &wire::Frame, session: Option<SessionId>) {
        let Some(session) = session else { return };
        let opcode = match Opcode(frame.opcode) {
            Opcode::PING => "ping",
            Opcode::CLOSE => "close",
            Opcode::PONG if is_lawful(frame) => return, // the runner gives them
            // Which is the answer to the server's.
            _ if self.closing.contains(&event.conn) => return,
            _ => return self.act(event.at, session, What::Unsaid(UNLAWFUL)),
        };
        let payload = std::str::from_utf8(&frame.content.bytes);
        let status = frame.status.is_none_or(|status| (1000..5000).contains(&status));
        let what = match payload {
            Ok(payload) if is_lawful(frame) && payload.len() < 124 && status => {
                let (status, payload) = (frame.status, payload.to_owned());
                let frame = Frame { opcode: Some(opcode), status, payload };
                What::Frame { conn: event.conn, frame }
            }
            _ => What::Unsaid(UNLAWFUL),
        };
        self.act(event.at, session, what);
    }

    fn exchange(&mut self, event: &Event, effect: &Effect) {
        let Some(message) = &effect.message else { return };
        let Some(exchange) = &message.exchange else { return };
        let Some(id) = exchange.session() else {
            if matches!(event.fact, Fact::Request(_)) {
                if exchange.upgrade.is_some() {
                    self.begun.insert(event.conn);
                } else if exchange.method == "OPTIONS" {
                    self.other("CORS preflight(s)");
                } else {
                    self.strays.push(event.at);
                    self.other("request(s) of HTTP other than BOSH");
                }
            }
            return;
        };
        let (attributes, elements) = body(message, event).unzip();
        let elements = elements.unwrap_or_default();
        let number = exchange.number;
        match &event.fact {
            Fact::Request(_) => {
                self.asked.insert((event.conn, exchange.rid()), number);
                if let Some(why) = unsaid(&message.reading, exchange.creates()) {
                    self.act(event.at, id, What::Unsaid(why));
                }
                let what = What::Request(Request {
                    exchange: number,
                    conn: event.conn,
                    rid: exchange.rid(),
                    method: exchange.method.clone(),
                    attributes: attributes.unwrap_or_default(),
                    elements,
                    creates: exchange.creates(),
                });
                self.act(event.at, id, what);
            }
            Fact::Response(response) if response.status >= 200 => {
                let what = What::Response(Response {
                    exchange: number,
                    status: response.status,
                    body: attributes,
                    elements,
                    held: message.held.unwrap_or_default(),
                    faulty: self.faulty.contains(&number),
                });
                self.act(event.at, id, what);
            }
            _ => {}
        }
    }

    /// A client says an element as it has to be said with its bytes.
    fn odd(&mut self, event: &Event, session: SessionId, bytes: &[u8]) {
        let what = match std::str::from_utf8(bytes) {
            Ok(text) if is_short(text) => {
                let frame = Frame { opcode: None, status: None, payload: text.to_owned() };
                What::Frame { conn: event.conn, frame }
            }
            _ => What::Unsaid(NO_XML),
        };
        self.act(event.at, session, what);
    }

    fn said(&mut self, event: &Event, effect: &Effect) {
        let Some(message) = &effect.message else { return };
        let Some(content) = event.fact.content() else { return };
        let Some(id) = message.session else {
            return self.other("message(s) over WebSocket other than XMPP");
        };
        if let Some(new) = message.resumes {
            self.joined.insert(new, id);
        }
        let tree = match &message.reading {
            _ if message.from == Side::Server && self.is_faulty(event) => return,
            _ if is_broken(&event.fact) => {
                return self.act(event.at, id, What::Unsaid(UNLAWFUL));
            }
            Reading::Header(_) | Reading::StreamEnd
                if message.from == Side::Client && matches!(event.fact, Fact::Frame(_)) =>
            {
                return self.odd(event, id, &content.bytes);
            }
            Reading::Element(_) if message.from == Side::Client && is_odd(&content.bytes) => {
                return self.odd(event, id, &content.bytes);
            }
            Reading::Element(element) => hidden(element, &content.bytes),
            Reading::Header(element) => header(element, &content.bytes),
            Reading::StreamEnd => Tree {
                name: "close".to_owned(),
                attributes: vec![("xmlns".to_owned(), ns::FRAMING.to_owned())],
                nodes: Vec::new(),
            },
            Reading::Space if matches!(event.fact, Fact::Part(_)) => {
                return self.other("piece(s) of white space between stanzas");
            }
            Reading::Empty if matches!(event.fact, Fact::Part(_)) => return,
            _ if message.from == Side::Client && is_whole(content) => {
                return self.odd(event, id, &content.bytes);
            }
            _ if message.from == Side::Client => {
                return self.act(event.at, id, What::Unsaid(NO_XML));
            }
            _ => return self.other("message(s) other than XML, or incomplete"),
        };
        self.act(event.at, id, What::Element { from: message.from, conn: event.conn, tree });
    }

    fn finish(mut self) -> Acts {
        for act in &mut self.acts {
            while let Some(&old) = self.joined.get(&act.session) {
                act.session = old;
            }
        }
        let acted = |id: &SessionId| self.acts.iter().any(|act| act.session == *id);
        let known = std::mem::take(&mut self.known);
        let sessions = known.into_iter().filter(|(id, _)| acted(id)).map(|(_, known)| known);
        let (sessions, Self { acts, strays, others, .. }) = (sessions.collect(), self);
        Acts { sessions, acts, strays, others }
    }
}

/// The attributes of a `<body/>`, and the elements in it.
fn body(message: &Message, event: &Event) -> Option<(Attributes, Vec<Tree>)> {
    let Reading::Body(body) = &message.reading else { return None };
    let tree = hidden(body.element(), &event.fact.content()?.bytes);
    let elements = tree.nodes.into_iter().filter_map(|node| match node {
        Leaf::Element(element) => Some(mended(element)),
        Leaf::Text(_) => None,
    });
    let own = |(name, _): &(String, String)| name != "xmlns";
    Some((tree.attributes.into_iter().filter(own).collect(), elements.collect()))
}

/// A stanza without a namespace of its own is one of `jabber:client` (XEP-0206 §2).
fn mended(mut element: Tree) -> Tree {
    let stanza = matches!(&*element.name, "message" | "presence" | "iq");
    if stanza && element.attr("xmlns").is_none() {
        element.attributes.push(("xmlns".to_owned(), ns::CLIENT.to_owned()));
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_without_a_namespace_is_mended() {
        let read = |text| mended(Tree::read(text).unwrap());
        assert_eq!(read("<iq/>").attr("xmlns"), Some(ns::CLIENT));
        assert_eq!(read("<iq xmlns='urn:x'/>").attr("xmlns"), Some("urn:x"));
        assert_eq!(read("<auth/>").attr("xmlns"), None);
    }
}
