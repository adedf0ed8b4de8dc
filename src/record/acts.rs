//! What the sessions of a trace did, in order of time, as far as a scenario can say it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::snapshot::Tree;
use crate::trace::{How, SessionId};
use crate::wire::Side;

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
    /// Its connection was made in the trace.
    pub(super) begun: bool,
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
    Lost { exchange: u64, left: Option<(Side, How)>, faulty: bool },
    /// An element of a stream without BOSH.
    Element { from: Side, conn: u64, tree: Tree },
    /// A frame of a client's WebSocket that carries no element.
    Frame { conn: u64, frame: Frame },
    /// The connection of a stream without BOSH ends.
    Ended { conn: u64, by: Side, how: How },
    /// The client did something that a scenario does not say, for this reason: what its session is told from here on may follow from it.
    Unsaid(&'static str),
}

/// A lawful frame that carries no element.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// None for a text message.
    pub(super) opcode: Option<&'static str>,
    pub(super) status: Option<u16>,
    pub(super) payload: String,
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Its number among all exchanges.
    pub(super) exchange: u64,
    pub(super) conn: u64,
    pub(super) rid: Option<u64>,
    pub(super) method: String,
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
    /// A fault of xmppscope did something to it, or to its request.
    pub(super) faulty: bool,
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
    /// When requests of HTTP came that may have been of any session.
    pub(super) strays: Vec<Duration>,
    /// What no scenario can say: how often, by kind.
    pub(super) others: BTreeMap<&'static str, usize>,
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
