//! What a client connects to.

use std::fmt;

use super::trouble::{self, Trouble};
use crate::trace::redact;
use crate::wire::address::Address;

/// What carries XMPP there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    /// BOSH.
    Bosh,
    /// WebSocket.
    WebSocket,
    /// A stream over TCP.
    Tcp,
}

impl Carrier {
    /// Its name in sentences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bosh => "BOSH",
            Self::WebSocket => "WebSocket",
            Self::Tcp => "TCP",
        }
    }
}

/// Found in host-meta.
pub const BY_HOST_META: &str = "by host-meta";
/// Found in SRV records.
pub const BY_SRV: &str = "by SRV";
/// Found where it usually is.
pub const BY_PATH: &str = "at its usual place";
/// Named by the user.
pub const GIVEN: &str = "as given";
/// Named by the user as what is behind the reverse proxy.
pub const DIRECT: &str = "direct";

/// An address at which a carrier is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What carries XMPP there.
    pub carrier: Carrier,
    /// Where it is.
    pub address: Address,
    /// How it was found: one of the constants of this file.
    pub found: &'static str,
}

impl Endpoint {
    /// The path without a query.
    pub fn path(&self) -> &str {
        self.address.path.split('?').next().unwrap_or_default()
    }

    /// The origin of its URL, as a browser says it.
    pub fn origin(&self) -> String {
        let scheme = if self.address.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}", self.address.authority())
    }
}

/// Its URL, without tokens in it.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.carrier, self.address.is_tls()) {
            (Carrier::WebSocket, true) => "wss",
            (Carrier::WebSocket, false) => "ws",
            (Carrier::Bosh, true) => "https",
            (Carrier::Bosh, false) => "http",
            (Carrier::Tcp, true) => "xmpps",
            (Carrier::Tcp, false) => "xmpp",
        };
        let path = if self.carrier == Carrier::Tcp { "" } else { &self.address.path };
        write!(f, "{scheme}://{}{}", self.address.authority(), redact::target(path))
    }
}

/// With what a remedy may need of the endpoint. What names an endpoint that does not work is what has to be mended.
pub fn about(trouble: Trouble, endpoint: &Endpoint) -> Trouble {
    let dead = [&trouble::UNREACHABLE, &trouble::NO_ADDRESS, &trouble::PATH_WRONG];
    let kind = match endpoint.found {
        BY_HOST_META if dead.contains(&trouble.kind) => &trouble::HOST_META_DEAD_LINK,
        BY_SRV if dead.contains(&trouble.kind) => &trouble::SRV_DEAD,
        _ => trouble.kind,
    };
    Trouble { kind, ..trouble }
        .with("path", endpoint.path())
        .with("host", endpoint.address.name())
        .with("url", endpoint)
}
