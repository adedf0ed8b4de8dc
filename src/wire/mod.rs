//! Bytes without policy: the HTTP/1 framing reader, sockets with and without TLS, the tunnel between two of
//! them, and the tap that hands copies of what passes to an observer.

pub mod host;
pub mod http1;
pub mod socket;
pub mod tap;
pub mod tls;
pub mod tunnel;

/// One of the two parties of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The party that opened the connection and sends requests.
    Client,
    /// The connection manager, or whatever answers in its place.
    Server,
}

impl Side {
    /// The other party.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// `client` or `server`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}
