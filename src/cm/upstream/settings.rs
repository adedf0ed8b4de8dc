//! Where the server is, and how it is spoken to.

use std::fmt;
use std::sync::Arc;

use jid::BareJid;
use rustls::ClientConfig;

use super::address::Address;
use super::stream::Bounds;

/// The server, and how it is spoken to.
pub struct Settings {
    /// Where it is.
    pub address: Address,
    /// Whom TLS trusts, or why it can't be known.
    pub tls: Result<Arc<ClientConfig>, String>,
    /// Whether to go on without TLS where it is on another machine and offers none.
    pub plain: bool,
    /// The domains that may be asked for; all if there are none.
    pub domains: Vec<String>,
    /// What is borne of either side.
    pub bounds: Bounds,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Settings {
    /// The domain that a stream may be opened to, prepared; nothing if it is none, or another one.
    pub(super) fn domain(&self, to: &str) -> Option<String> {
        let jid = BareJid::new(to).ok().filter(|jid| jid.node().is_none())?;
        let domain = jid.to_string();
        (self.domains.is_empty() || self.domains.contains(&domain)).then_some(domain)
    }
}
