//! A request of HTTP, and what it asks of BOSH.

use std::sync::Arc;
use std::time::Duration;

use super::id::SessionId;
use crate::bosh::{Body, BodyType};
use crate::trace::event::Request;
use crate::wire::websocket::is_upgrade;

/// A request, and the response that it waits or waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its number among all exchanges of the trace, from 1.
    pub number: u64,
    /// The connection it came on.
    pub conn: u64,
    /// When the last byte of the request passed.
    pub at: Duration,
    /// HTTP method.
    pub method: String,
    /// Request target.
    pub target: String,
    /// Its `Host`.
    pub host: Option<Arc<str>>,
    /// The `Origin` of the request: a browser sent it.
    pub origin: Option<String>,
    /// Method that a CORS preflight asks for.
    pub preflight: Option<String>,
    /// The response came before the request was complete, as the refusal of a large one does.
    pub answered_early: bool,
    /// What the request asks of WebSocket; none if it does not ask for one.
    pub upgrade: Option<Upgrade>,
    /// What the request asks of BOSH; none if its content is not a `<body/>`.
    pub bosh: Option<BoshRequest>,
}

/// What a request to become a WebSocket asks for (RFC 6455 §4.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// The subprotocols it offers.
    pub subprotocols: Vec<String>,
    /// `Sec-WebSocket-Key`
    pub key: Option<String>,
    /// `Sec-WebSocket-Extensions`
    pub extensions: Vec<String>,
}

impl Upgrade {
    /// What a request asks for, if it asks for a WebSocket.
    pub(super) fn of(request: &Request) -> Option<Self> {
        if !request.headers.all("upgrade").any(is_upgrade) {
            return None;
        }
        let list = |name| {
            let values = request.headers.all(name).flat_map(|value| value.split(','));
            values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
        };
        Some(Self {
            subprotocols: list("sec-websocket-protocol"),
            key: request.headers.get("sec-websocket-key").map(str::to_owned),
            extensions: list("sec-websocket-extensions"),
        })
    }
}

/// What a `<body/>` in a request asks of the connection manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoshRequest {
    /// The session it belongs to.
    pub session: SessionId,
    /// Its `rid`.
    pub rid: Option<u64>,
    /// It asks for a session.
    pub creates: bool,
    /// It carries payloads, or does anything else but wait.
    pub acts: bool,
    /// It ends the session.
    pub terminates: bool,
}

impl BoshRequest {
    /// What this body asks for in this session.
    pub(super) fn new(session: SessionId, body: &Body) -> Self {
        Self {
            session,
            rid: body.rid().and_then(Result::ok),
            creates: body.is_creation(),
            acts: !is_poll(body),
            terminates: body.kind() == BodyType::Terminate,
        }
    }
}

/// A request that carries nothing and does nothing: it only waits.
fn is_poll(body: &Body) -> bool {
    !body.is_creation()
        && body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && !body.is_restart()
}

impl Exchange {
    /// Whether the request is one of BOSH.
    pub fn is_bosh(&self) -> bool {
        self.bosh.is_some()
    }

    /// The session that the request belongs to.
    pub fn session(&self) -> Option<SessionId> {
        self.bosh.as_ref().map(|bosh| bosh.session)
    }

    /// The `rid` of the request.
    pub fn rid(&self) -> Option<u64> {
        self.bosh.as_ref()?.rid
    }

    /// Whether the request asks for a session.
    pub fn creates(&self) -> bool {
        self.bosh.as_ref().is_some_and(|bosh| bosh.creates)
    }

    /// Whether the request is one of BOSH that does anything else but wait.
    pub fn acts(&self) -> bool {
        self.bosh.as_ref().is_some_and(|bosh| bosh.acts)
    }

    /// Whether the request ends its session.
    pub fn terminates(&self) -> bool {
        self.bosh.as_ref().is_some_and(|bosh| bosh.terminates)
    }
}
