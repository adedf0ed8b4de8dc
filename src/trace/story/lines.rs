//! Which connection carries which stream, if it is a WebSocket or speaks XMPP over TCP.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::exchange::Exchange;
use super::id::SessionId;
use crate::trace::event::Secured;
use crate::trace::scope::Scope;

/// Connections that carry, or may carry, a stream.
#[derive(Debug, Default)]
pub(super) struct Lines {
    all: FxHashMap<u64, Carried>,
}

/// What a connection carries.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// The session; none before XMPP is spoken.
    pub(super) session: Option<SessionId>,
    /// The request by which it became a WebSocket.
    pub(super) handshake: Option<Arc<Exchange>>,
    /// What the response to that says of the subprotocol and of compression.
    pub(super) subprotocol: Option<String>,
    pub(super) deflate: bool,
    /// TLS, if that was agreed before the stream began.
    pub(super) secured: Option<Arc<Secured>>,
    /// What the headers of the client and of the server declare.
    pub(super) scopes: [Scope; 2],
}

impl Lines {
    /// The connection carries, or may carry, a stream.
    pub(super) fn entry(&mut self, conn: u64) -> &mut Carried {
        self.all.entry(conn).or_default()
    }

    /// The session whose stream a connection carries.
    pub(super) fn session(&self, conn: u64) -> Option<SessionId> {
        self.all.get(&conn)?.session
    }

    /// The connection is gone.
    pub(super) fn remove(&mut self, conn: u64) -> Option<Carried> {
        self.all.remove(&conn)
    }
}
