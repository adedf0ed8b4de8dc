//! Who acts, and on which terms.

use super::http::{Attribute, Header, Http, Via};
use super::offer::Offer;
use super::stream::{Carrier, Transport};
use super::target::Provision;
use super::value::{Count, Template};
use crate::scenario::source::{Located, Place};

/// Someone who acts: a client with one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Actor {
    /// Its name.
    pub name: Located<String>,
    /// How many of them there are, named `NAME[1]` and so on; one without a number if this is not said.
    pub count: Option<Located<Count>>,
    /// Its session; none if it does raw work.
    pub session: Option<Session>,
}

/// The terms of a session, and how its requests travel. What is not said is left to the runner's usual terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Where it is described; the whole file if it is not.
    pub place: Place,
    /// What carries it.
    pub carrier: Located<Carrier>,
    /// Who logs in.
    pub login: Located<Login>,
    /// Attributes of the request that creates the session: `wait`, `hold`, `ver` and all others, by name as in
    /// [`Request::attributes`](super::Request::attributes).
    pub attributes: Vec<Attribute>,
    /// The rid of the request that creates it.
    pub rid: Option<Located<Template>>,
    /// Length of its key sequences; without it there are no keys (XEP-0124 §15).
    pub keys: Option<Located<Count>>,
    /// Whether it is open before the first step, or opened by a `login` step.
    pub opened: Located<Opened>,
    /// Whether an empty request is always kept open for it, so that `send` and `expect` work without requests. What is not
    /// carried by BOSH needs none.
    pub polls: bool,
    /// Whether pings of a WebSocket are answered, and requests of stream management (XEP-0198).
    pub answers: bool,
    /// Header fields of all its requests.
    pub headers: Vec<Header>,
    /// HTTP version of all its requests.
    pub http: Option<Located<Http>>,
    /// Which connections it uses.
    pub connections: Located<Connections>,
    /// Over which address.
    pub via: Option<Located<Via>>,
    /// The certificate it shows, of the account named.
    pub certificate: Option<Located<String>>,
    /// What it offers when TLS begins on its connection.
    pub tls: Option<Located<Offer>>,
}

impl Session {
    /// What a target has to provide for what carries it, if that is known before it runs.
    pub fn carrier_provision(&self) -> Option<Provision> {
        let tls = self.via.as_ref().is_some_and(|via| via.value == Via::Tls);
        match self.transport()? {
            Transport::Tcp if tls => Some(Provision::DirectTls),
            transport => Some(transport.provision()),
        }
    }

    /// What carries it, if that is known before it runs.
    pub fn transport(&self) -> Option<Transport> {
        match self.carrier.value {
            Carrier::Fixed(transport) => Some(transport),
            Carrier::Computed(_) => None,
        }
    }
}

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Nobody: the session is created and drained, no more.
    None,
    /// A fresh anonymous user.
    Anonymous,
    /// An account of the target.
    Account(String),
}

/// When a session is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Before the first step.
    AtStart,
    /// By a `login` step.
    Later,
}

/// Which connections carry requests that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// A free one, opened when there is none.
    Kept,
    /// A new one for each request.
    Fresh,
}
