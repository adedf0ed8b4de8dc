//! TLS on connections that carry streams over TCP: what a client offers, and what is negotiated.

use rustls::SupportedProtocolVersion;

use crate::wire::presented::Presented;
use crate::wire::secured;

/// The protocol that XEP-0368 names.
pub const ALPN: &str = "xmpp-client";

/// The versions that can be spoken, by the words that files have for them.
pub const VERSIONS: [(&str, &[&SupportedProtocolVersion]); 2] =
    [("1.2", &[&rustls::version::TLS12]), ("1.3", &[&rustls::version::TLS13])];

/// What a client offers when TLS begins.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The versions.
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// The protocols, by ALPN (RFC 7301); the extension is left out if there are none.
    pub alpn: Vec<String>,
    /// The name of the server (SNI).
    pub sni: Sni,
    /// Whether the certificate has to be valid for the domain.
    pub verify: bool,
}

/// The name of the server that a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sni {
    /// The domain of the target.
    Domain,
    /// Another.
    Name(String),
    /// None.
    Absent,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            versions: rustls::ALL_VERSIONS,
            alpn: vec![ALPN.to_owned()],
            sni: Sni::Domain,
            verify: true,
        }
    }
}

/// TLS on a connection.
#[derive(Debug, Clone)]
pub struct Negotiated {
    /// What was negotiated.
    pub tls: secured::Tls,
    /// The server's certificate.
    pub presented: Option<Presented>,
    /// The server has said that it ends TLS, with `close_notify`.
    pub notified: bool,
}
