//! What TLS was agreed on both sides of the proxy, which takes it over: facts for the trace.

use rustls::server::ClientHello;
use rustls::{CommonState, ProtocolVersion};
use serde::{Deserialize, Serialize};

/// TLS begins on a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secured {
    /// By STARTTLS (RFC 6120 §5); otherwise from the first byte (XEP-0368).
    #[serde(default)]
    pub starttls: bool,
    /// It is passed on: nothing that follows can be seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passed: bool,
    /// With the client; none if it is passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Tls>,
    /// With the target; none if it is passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Tls>,
}

/// TLS with one side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// Such as `TLS 1.3`.
    pub version: String,
    /// The protocol agreed by ALPN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// The protocols that the client offers by ALPN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<String>,
    /// The name that the client side of the handshake asked for (SNI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sni: Option<String>,
    /// The name that the target's certificate was verified for; none if it was not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
}

impl Tls {
    /// What was agreed on a connection.
    pub fn of(state: &CommonState) -> Self {
        let version = match state.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
            other => format!("{other:?}"),
        };
        let alpn = state.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        Self { version, alpn, ..Self::default() }
    }

    /// What a client asks for.
    pub fn asked(hello: &ClientHello<'_>) -> Self {
        let offers = hello.alpn().into_iter().flatten();
        let offers = offers.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        Self { sni: hello.server_name().map(str::to_owned), offers, ..Self::default() }
    }
}
