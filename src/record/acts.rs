//! What the sessions of a trace did, in order of time, as far as a scenario can say it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::snapshot::{Leaf, Tree, hidden};
use crate::trace::{Effect, Event, Fact, How, Link, Message, Reading, SessionId, Story};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xmpp::ns;

/// Attributes by name.
type Attributes = Vec<(String, String)>;

/// What carries a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Bosh,
    WebSocket,
    Tcp,
}

/// A session of the trace.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: SessionId,
    /// What a person calls it.
    pub(super) name: String,
    pub(super) sid: Option<String>,
    pub(super) carrier: Carrier,
    /// The full JID that was bound.
    pub(super) jid: Option<String>,
    /// The login succeeded.
    pub(super) authenticated: bool,
    /// TLS from the first byte.
    pub(super) direct_tls: bool,
}

/// Something that one side of a session did.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) at: Duration,
    pub(super) session: SessionId,
    pub(super) what: What,
}

/// What was done.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A request of BOSH.
    Request(Request),
    /// The response to a request of BOSH.
    Response(Response),
    /// A request of BOSH gets no response: who left, and how.
    Lost { exchange: u64, left: Option<(Side, How)> },
    /// An element of a stream without BOSH.
    Element { from: Side, conn: u64, tree: Tree },
    /// The connection of a stream without BOSH ends.
    Ended { conn: u64, by: Side, how: How },
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Its number among all exchanges.
    pub(super) exchange: u64,
    pub(super) conn: u64,
    pub(super) rid: Option<u64>,
    /// The `<body/>` without what is in it.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) elements: Vec<Tree>,
    pub(super) creates: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Response {
    pub(super) exchange: u64,
    pub(super) status: u16,
    /// The attributes of its `<body/>`, if it is one.
    pub(super) body: Option<Vec<(String, String)>>,
    pub(super) elements: Vec<Tree>,
    /// How long its request was held.
    pub(super) held: Duration,
}

impl Request {
    pub(super) fn attr(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }
}

impl Response {
    pub(super) fn attr(&self, name: &str) -> Option<&str> {
        find(self.body.as_ref()?, name)
    }
}

fn find<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// All that was seen.
#[derive(Debug, Default)]
#[allow(clippy::struct_field_names)] // sessions have acts
pub(super) struct Acts {
    /// Sessions in the order in which they began.
    pub(super) sessions: Vec<Session>,
    pub(super) acts: Vec<Act>,
    /// What no scenario can say: how often, by kind.
    pub(super) others: BTreeMap<&'static str, usize>,
}

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
    /// Who ended a connection first, and how.
    ended: HashMap<u64, (Side, How)>,
    /// Sessions that turned out to be others, resumed.
    joined: HashMap<SessionId, SessionId>,
}

impl Reader {
    fn take(&mut self, event: &Event) {
        let effect = self.story.take(event);
        match &event.fact {
            Fact::Request(_) | Fact::Response(_) => self.exchange(event, &effect),
            Fact::Frame(frame)
                if Opcode(frame.opcode) == Opcode::PING && frame.from == Side::Client =>
            {
                self.other("ping frame(s) of the client");
            }
            Fact::Frame(frame) if Opcode(frame.opcode).is_control() => {}
            Fact::Frame(_) | Fact::Part(_) => self.said(event, &effect),
            Fact::Raw(_) => self.other("piece(s) of something other than HTTP, WebSocket or XMPP"),
            Fact::Lost { .. } => self.other("gap(s) in the recording"),
            Fact::Failed { .. } => self.other("failed connection(s)"),
            Fact::Ended { by, how, .. } => {
                let first = !self.ended.contains_key(&event.conn);
                self.ended.entry(event.conn).or_insert((*by, *how));
                if let Some(session) = effect.session.filter(|_| first) {
                    let what = What::Ended { conn: event.conn, by: *by, how: *how };
                    self.act(event.at, session, what);
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
            self.act(event.at, session, What::Lost { exchange: exchange.number, left });
        }
        let ids = [effect.session, effect.message.and_then(|message| message.session)];
        ids.into_iter().flatten().for_each(|id| self.know(id));
    }

    fn other(&mut self, what: &'static str) {
        *self.others.entry(what).or_default() += 1;
    }

    fn act(&mut self, at: Duration, session: SessionId, what: What) {
        self.acts.push(Act { at, session, what });
    }

    /// Keeps what the story knows of a session, which may be forgotten there.
    fn know(&mut self, id: SessionId) {
        let Some(session) = self.story.session(id) else { return };
        let carrier = match session.link {
            Link::Bosh(_) => Carrier::Bosh,
            Link::WebSocket(_) => Carrier::WebSocket,
            Link::Tcp(_) => Carrier::Tcp,
        };
        let direct_tls =
            session.tcp().and_then(|link| link.secured.as_ref()).is_some_and(|tls| !tls.starttls);
        let known = Session {
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

    fn exchange(&mut self, event: &Event, effect: &Effect) {
        let Some(message) = &effect.message else { return };
        let Some(exchange) = &message.exchange else { return };
        let Some(id) = exchange.session() else {
            if matches!(event.fact, Fact::Request(_)) {
                self.other(match &exchange.upgrade {
                    Some(_) => return,
                    None if exchange.method == "OPTIONS" => "CORS preflight(s)",
                    None => "HTTP request(s) outside BOSH",
                });
            }
            return;
        };
        let (attributes, elements) = body(message, event).unzip();
        let elements = elements.unwrap_or_default();
        let number = exchange.number;
        match &event.fact {
            Fact::Request(_) => {
                let what = What::Request(Request {
                    exchange: number,
                    conn: event.conn,
                    rid: exchange.rid(),
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
                });
                self.act(event.at, id, what);
            }
            _ => {}
        }
    }

    fn said(&mut self, event: &Event, effect: &Effect) {
        let Some(message) = &effect.message else { return };
        let Some(content) = event.fact.content() else { return };
        let Some(id) = message.session else {
            return self.other("WebSocket message(s) outside XMPP");
        };
        if let Some(new) = message.resumes {
            self.joined.insert(new, id);
        }
        let tree = match &message.reading {
            Reading::Element(element) => hidden(element, &content.bytes),
            Reading::Header(element) => Tree::of(element),
            Reading::StreamEnd => Tree {
                name: "close".to_owned(),
                attributes: vec![("xmlns".to_owned(), ns::FRAMING.to_owned())],
                nodes: Vec::new(),
            },
            Reading::Space => return self.other("piece(s) of white space between stanzas"),
            Reading::Empty => return,
            _ => return self.other("message(s) without complete XML"),
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
        let sessions = self.known.into_iter().filter(|(id, _)| acted(id)).map(|(_, known)| known);
        Acts { sessions: sessions.collect(), acts: self.acts, others: self.others }
    }
}

/// The elements that the client sent.
pub(super) fn sent(act: &Act) -> impl Iterator<Item = &Tree> {
    let elements: &[Tree] = match &act.what {
        What::Request(request) => &request.elements,
        What::Element { from: Side::Client, tree, .. } => std::slice::from_ref(tree),
        _ => &[],
    };
    elements.iter()
}

/// The elements that the server sent.
pub(super) fn received(act: &Act) -> impl Iterator<Item = &Tree> {
    let elements: &[Tree] = match &act.what {
        What::Response(response) => &response.elements,
        What::Element { from: Side::Server, tree, .. } => std::slice::from_ref(tree),
        _ => &[],
    };
    elements.iter()
}

/// The attributes of a `<body/>`, and the elements in it.
fn body(message: &Message, event: &Event) -> Option<(Attributes, Vec<Tree>)> {
    let Reading::Body(body) = &message.reading else { return None };
    let tree = hidden(body.element(), &event.fact.content()?.bytes);
    let elements = tree.nodes.into_iter().filter_map(|node| match node {
        Leaf::Element(element) => Some(mended(element)),
        Leaf::Text(_) => None,
    });
    let own = |(name, _): &(String, String)| name != "xmlns" && !name.starts_with("xmlns:");
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
