//! What the operator of a connection manager decides: the most it grants, and the bounds of what it bears.

use std::time::Duration;

use crate::xml::Limits;

/// The settings of a connection manager. The terms of a session are the smaller of these and what the client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The longest that a request is held, and what a client gets that asks for nothing.
    pub wait: Duration,
    /// The most requests that are held at once.
    pub hold: u64,
    /// `requests`, if more than `hold` + 1 is to be granted.
    pub requests: Option<u64>,
    /// The shortest time between two empty requests in a polling session.
    pub polling: Duration,
    /// How long a session lives without an open request.
    pub inactivity: Duration,
    /// The longest pause; zero offers none.
    pub maxpause: Duration,
    /// The version of BOSH spoken.
    pub ver: Version,
    /// Whether requests are acknowledged (XEP-0124 §9.1).
    pub acks: bool,
    /// How many streams one session may have; with 1 more than one is not offered.
    pub streams: usize,
    /// Character encodings that requests are converted from; empty offers none.
    pub charsets: &'static str,
    /// Content codings that requests may come in; empty offers none.
    pub accept: &'static str,
    /// How often one rid may be repeated.
    pub repeats: u32,
    /// A client is not called late or hasty by less than this: the network has a share in it.
    pub grace: Duration,
    /// How long a client may take from its connection to its login, over WebSocket or TCP.
    pub login: Duration,
    /// A connection that carries a stream is used for something at least so often; zero for never.
    pub ping: Duration,
    /// A client that has been silent for so long has lost its connection; zero for never.
    pub idle: Duration,
    /// How long a client may take to end its stream when ours has ended.
    pub parting: Duration,
    /// Messages of WebSocket may be compressed (RFC 7692).
    pub deflate: bool,
    /// The most bytes of a message in one frame of WebSocket, with a ping between the first two; zero for whole messages.
    pub fragments: usize,
    /// Answers kept for repeats where the client acknowledges, beside those that `requests` asks for.
    pub unacknowledged: usize,
    /// Bounds of what is kept and read.
    pub bounds: Bounds,
}

/// Bounds: over one of them the session, or the request, is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Sessions at once.
    pub sessions: usize,
    /// Sessions at once from one address.
    pub sessions_per_address: usize,
    /// Payloads that wait for a client.
    pub waiting: usize,
    /// Bytes of the payloads that wait for a client.
    pub waiting_bytes: usize,
    /// Bytes of the responses that a session keeps for requests that come again.
    pub kept_bytes: usize,
    /// Bytes of all that waits for clients and is kept for them, in all sessions together.
    pub queued_bytes: usize,
    /// Bytes of requests that have not come whole, on all connections together.
    pub unread_bytes: usize,
    /// Bytes, depth and attributes of a request.
    pub xml: Limits,
}

impl Bounds {
    /// Connections at once: three for each session, and some for whoever asks for something else.
    pub fn connections(&self) -> usize {
        self.sessions.saturating_mul(3).saturating_add(100)
    }
}

/// A version of BOSH: both parts are numbers, so 1.10 is later than 1.9 (XEP-0124 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64, pub u64);

impl Version {
    /// Reads `1.11`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| {
            let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            sound.then(|| digits.parse().unwrap_or(u64::MAX))
        };
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(number(major)?, number(minor)?))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(60),
            hold: 2,
            requests: None,
            polling: Duration::from_secs(5),
            inactivity: Duration::from_secs(60),
            maxpause: Duration::from_secs(120),
            ver: Version(1, 11),
            acks: true,
            streams: 8,
            charsets: "ISO-8859-1 UTF-8",
            accept: "gzip,deflate",
            repeats: 10,
            grace: Duration::from_millis(500),
            login: Duration::from_secs(60),
            ping: Duration::from_secs(45),
            idle: Duration::from_secs(150),
            parting: Duration::from_secs(2),
            deflate: false,
            fragments: 0,
            unacknowledged: 32,
            bounds: Bounds::default(),
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            sessions: 20_000,
            sessions_per_address: 10_000,
            waiting: 1000,
            waiting_bytes: 4 << 20,
            kept_bytes: 8 << 20,
            queued_bytes: 128 << 20,
            unread_bytes: 64 << 20,
            xml: Limits { depth: 64, attributes: 64, nodes: 50_000, bytes: 1 << 20 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let parsed = |text| Version::parse(text).unwrap();
        assert!(parsed("1.10") > parsed("1.9"));
        assert!(parsed("1.100") < parsed("2.0"));
        assert!(parsed("99999999999999999999.0") > parsed("1.11"));
        for wrong in ["", "1", "1.", ".6", "1.6.1", "a.b", "-1.0", "1.+6"] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }
}
