//! How TLS is spoken on a connection of XMPP over TCP: by the settings of its listener, unless somebody changes that.

use std::sync::Arc;

use rustls::ServerConfig;

/// What holds for one connection.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The certificate, versions and protocols.
    pub config: Arc<ServerConfig>,
    /// TLS begins after STARTTLS, not with the first byte.
    pub starttls: bool,
    /// How it ends.
    pub parting: Parting,
}

/// How the server ends a connection with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parting {
    /// It sends `close_notify`, then it ends TCP (RFC 6120 §4.4).
    #[default]
    Notified,
    /// It ends TCP alone.
    Bare,
    /// It sends `close_notify` alone.
    Left,
}

/// Changes what holds for a connection, before TLS begins on it.
pub type Change = Box<dyn FnMut(&mut Terms) + Send>;
