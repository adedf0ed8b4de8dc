//! What clients offer when TLS begins on their connections.

use super::value::Template;
use crate::scenario::source::Located;

/// A version of TLS that a client can speak. Those before are refused by the library that speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

impl TlsVersion {
    /// All of them, by the words that files have for them.
    pub const ALL: [(&str, Self); 2] = [("1.2", Self::V12), ("1.3", Self::V13)];
}

/// What a client offers when TLS begins on a connection that carries its stream over TCP.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The only version; all that there are if nothing is said.
    pub version: Option<Located<Template>>,
    /// The protocols, by ALPN; xmpp-client if nothing is said. Empty texts are left out.
    pub alpn: Option<Vec<Located<Template>>>,
    /// The name of the server (SNI): the domain if nothing is said, none if it is empty.
    pub sni: Option<Located<Template>>,
    /// Whether the certificate has to be valid.
    pub verify: bool,
}
