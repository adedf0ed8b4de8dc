//! Streams that are carried without BOSH: over WebSocket (RFC 7395), or over TCP (RFC 6120).

use super::http::{Attribute, Header, Http};
use super::reference::{Capture, Reference};
use super::request::{Bytes, End};
use super::response::ValueMatch;
use super::target::Provision;
use super::value::{Count, Template, Timespan};
use crate::scenario::source::Located;

/// What carries a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Requests and responses of HTTP (XEP-0124, XEP-0206).
    Bosh,
    /// A WebSocket (RFC 7395).
    WebSocket,
    /// A connection of TCP (RFC 6120).
    Tcp,
}

impl Transport {
    /// All of them, by the words that files have for them.
    pub const ALL: [(&str, Self); 3] =
        [("bosh", Self::Bosh), ("websocket", Self::WebSocket), ("tcp", Self::Tcp)];

    /// What a target has to provide for it.
    pub fn provision(self) -> Provision {
        match self {
            Self::Bosh => Provision::Bosh,
            Self::WebSocket => Provision::WebSocket,
            Self::Tcp => Provision::Tcp,
        }
    }
}

/// What carries a session, as a file says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Carrier {
    /// As it is written.
    Fixed(Transport),
    /// Known only when it runs.
    Computed(Template),
}

/// The request that asks for a WebSocket (RFC 6455 §4.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Handshake {
    /// By which it is named.
    pub name: Located<String>,
    /// Whose WebSocket it is to be; the client's if nothing is said.
    pub by: Option<Reference>,
    /// GET if nothing is said.
    pub method: Option<Located<Template>>,
    /// The target's if nothing is said.
    pub path: Option<Located<Template>>,
    /// An address that was learned; the target's if nothing is said.
    pub url: Option<Located<Template>>,
    /// HTTP/1.1 if nothing is said.
    pub http: Option<Located<Http>>,
    /// Header fields beside those that are made for it, or in their place.
    pub headers: Vec<Header>,
}

/// What opens or closes a stream: `<open/>` and `<close/>` (RFC 7395 §3.3), or the tags of a stream over TCP (RFC 6120 §4).
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// Whose stream it is.
    pub actor: Reference,
    /// Attributes beside those that are made for it, or in their place.
    pub attributes: Vec<Attribute>,
    /// A name, for `since`.
    pub name: Option<Located<String>>,
}

/// A request of stream management and the answer that is awaited: `<enable/>` or `<resume/>` (XEP-0198 §3, §5).
#[derive(Debug, Clone, PartialEq)]
pub struct Manage {
    /// Whose stream it is.
    pub actor: Reference,
    /// Attributes of the request beside those that are made for it, or in their place.
    pub attributes: Vec<Attribute>,
    /// A name for the moment at which the request is sent, for `since`.
    pub name: Option<Located<String>>,
    /// What variables take from the answer.
    pub capture: Vec<Capture>,
}

/// A frame of WebSocket that is sent (RFC 6455 §5.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Whose WebSocket carries it.
    pub actor: Reference,
    /// What it is; text if nothing is said.
    pub opcode: Option<Located<u8>>,
    /// Its payload.
    pub payload: Option<Located<Bytes>>,
    /// Of a Close frame: the status in front of the payload.
    pub status: Option<Located<Count>>,
    /// Whether the message ends with it.
    pub last: bool,
    /// Whether it is masked.
    pub masked: bool,
    /// Its reserved bits: RSV1 is 4, RSV2 2, RSV3 1.
    pub reserved: Option<Located<Count>>,
    /// In how many bytes its length is written, if not in as few as can be.
    pub extended: Option<Located<u8>>,
    /// The length that it claims, if not its own.
    pub length: Option<Located<Count>>,
    /// A name, for `since`.
    pub name: Option<Located<String>>,
}

/// A message of WebSocket, or a control frame, that is awaited.
#[derive(Debug, Clone, PartialEq)]
pub struct Receive {
    /// Where it arrives.
    pub actor: Reference,
    /// What it is; the next of any kind if nothing is said. Others are passed over.
    pub opcode: Option<Located<u8>>,
    /// The payload as text, masks and compression undone.
    pub text: Option<ValueMatch>,
    /// The payload byte for byte, masks and compression undone.
    pub payload: Option<Located<Bytes>>,
    /// Of a Close frame: its status.
    pub status: Option<ValueMatch>,
    /// How many frames it came in.
    pub frames: Option<ValueMatch>,
    /// Whether it was compressed.
    pub compressed: Option<Located<bool>>,
    /// From which times are counted; from the start of the step if nothing is said.
    pub since: Option<Reference>,
    /// The longest it may take.
    pub within: Option<Located<Timespan>>,
    /// The shortest it may take.
    pub not_before: Option<Located<Timespan>>,
    /// That none such comes for so long.
    pub none_for: Option<Located<Timespan>>,
}

/// The end of an actor's connection by the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// Whose connection it is.
    pub actor: Reference,
    /// From which times are counted; from the start of the step if nothing is said.
    pub since: Option<Reference>,
    /// The longest it may take.
    pub within: Option<Located<Timespan>>,
    /// The shortest it may take.
    pub not_before: Option<Located<Timespan>>,
    /// In which way; either if nothing is said.
    pub how: Option<Located<End>>,
    /// The status of the Close frame before it.
    pub status: Option<ValueMatch>,
    /// Whether the server ended TLS before, with `close_notify`.
    pub close_notify: Option<Located<bool>>,
}

/// TLS on an actor's connection, which is made first if there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Secured {
    /// Whose connection it is.
    pub actor: Reference,
    /// Its version, as in [`TlsVersion`](super::TlsVersion).
    pub version: Option<ValueMatch>,
    /// The protocol that was agreed by ALPN.
    pub alpn: Option<ValueMatch>,
    /// What is wrong with the server's certificate, or `valid`.
    pub certificate: Option<ValueMatch>,
}
