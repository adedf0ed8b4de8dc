//! The events a trace consists of: facts, not judgements.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use memchr::{memchr, memchr_iter};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::written::{bytes, micros, text_or_base64};
use crate::wire::Side;
pub use crate::wire::fault::AppliedFault;
pub use crate::wire::secured::{Secured, Tls};
use crate::wire::stream::Kind;
pub use crate::wire::tap::How;

/// Something that was observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When, since the trace began. For a message: its last byte.
    #[serde(with = "micros")]
    pub at: Duration,
    /// The client's connection, counted from 1 in the order of arrival.
    pub conn: u64,
    /// What was observed.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What was observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Fact {
    /// A client connected.
    Opened {
        /// The client's address.
        client: SocketAddr,
    },
    /// The target could not be reached, or went away before it answered.
    Failed {
        /// A sentence with the cause.
        cause: String,
    },
    /// A request of the client.
    Request(Request),
    /// An answer to the client.
    Response(Response),
    /// A message of WebSocket, or a control frame.
    Frame(Frame),
    /// A part of an XML stream over TCP.
    Part(Part),
    /// TLS begins on a connection that carries a stream over TCP.
    Secured(Secured),
    /// Something was done on purpose to a message: what the client saw is not what the server did.
    Fault(AppliedFault),
    /// Bytes that are not what was expected.
    Raw(Raw),
    /// One side sent its last byte.
    Ended {
        /// Which side.
        by: Side,
        /// In order or by a reset.
        how: How,
        /// The other side had ended as well when this was seen: which one was first is not known.
        #[serde(default, skip_serializing_if = "is_false")]
        together: bool,
    },
    /// Messages passed that could not be observed, because the observer was too slow.
    Lost {
        /// Requests, responses, frames and parts of streams, whole or in part.
        messages: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The connection is gone.
    Closed {
        /// Bytes that the client sent.
        client: u64,
        /// Bytes that the client was sent.
        server: u64,
        /// The observer ended it, since it was told to stop.
        #[serde(default, skip_serializing_if = "is_false")]
        stopped: bool,
    },
    /// The trace ends here.
    Finished,
}

/// A request: head and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When its first byte came.
    #[serde(with = "micros")]
    pub first: Duration,
    /// Method, as sent.
    pub method: String,
    /// Request target, as sent.
    pub target: String,
    /// Minor version of HTTP/1.
    pub version: u8,
    /// Header lines.
    pub headers: Headers,
    /// The content.
    pub content: Content,
}

impl Request {
    /// The target as a URL, if it is one (RFC 9112 §3.2.2): a path with a URL in its query is none.
    pub fn url(&self) -> Option<&str> {
        scheme(&self.target).map(|_| &*self.target)
    }
}

/// The scheme with which a URL begins, and what is behind `://`.
pub fn scheme(url: &str) -> Option<(&str, &str)> {
    url.split_once("://").filter(|(scheme, _)| {
        let part = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        !scheme.is_empty() && scheme.bytes().all(part)
    })
}

/// A response: head and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// When its first byte came.
    #[serde(with = "micros")]
    pub first: Duration,
    /// Which request of the connection it answers, counted from 0.
    pub answers: Option<u64>,
    /// Minor version of HTTP/1.
    pub version: u8,
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Header lines.
    pub headers: Headers,
    /// The content.
    pub content: Content,
    /// It was made by the observer in the target's place.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own: bool,
}

/// A message of WebSocket, whatever the number of frames that carried it; or a control frame (RFC 6455 section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Who sent it.
    pub from: Side,
    /// When its first byte came.
    #[serde(with = "micros")]
    pub first: Duration,
    /// The opcode of its first frame.
    pub opcode: u8,
    /// How many frames it came in; 0 if that is not known.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub frames: u32,
    /// How many of them were masked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub masked: u32,
    /// The masking key of the first frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<u32>,
    /// The reserved bits of its frames together (RSV1 is 4, RSV2 2, RSV3 1), without that of an agreed compression.
    #[serde(default, skip_serializing_if = "is_zero_bits")]
    pub reserved: u8,
    /// A length was written with more bytes than it needs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub padded: bool,
    /// A control frame that claims to be a fragment.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unfinished: bool,
    /// The status in a Close frame; its reason is the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The payload: fragments joined, mask and compression removed.
    #[serde(default)]
    pub content: Content,
}

/// A part of an XML stream over TCP (RFC 6120 section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Who sent it.
    pub from: Side,
    /// When its first byte came.
    #[serde(with = "micros")]
    pub first: Duration,
    /// What it is.
    pub kind: Kind,
    /// Its text.
    #[serde(default)]
    pub content: Content,
    /// It was made by the observer in the target's place.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own: bool,
}

/// Bytes that are not what was expected: not HTTP, not WebSocket, not an XML stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawLine")]
pub struct Raw {
    /// Who sent them.
    pub from: Side,
    /// Why they are not what was expected; said with the first piece only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many there were in this piece.
    pub size: u64,
    /// The first of them, secrets hidden.
    #[serde(flatten, serialize_with = "text_or_base64")]
    pub bytes: Vec<u8>,
}

impl Fact {
    /// All kinds.
    pub const NAMES: [&str; 13] = [
        "opened", "failed", "request", "response", "frame", "part", "secured", "fault", "raw",
        "ended", "lost", "closed", "finished",
    ];

    /// What captures and JSON call its kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Failed { .. } => "failed",
            Self::Request(_) => "request",
            Self::Response(_) => "response",
            Self::Frame(_) => "frame",
            Self::Part(_) => "part",
            Self::Secured(_) => "secured",
            Self::Fault(_) => "fault",
            Self::Raw(_) => "raw",
            Self::Ended { .. } => "ended",
            Self::Lost { .. } => "lost",
            Self::Closed { .. } => "closed",
            Self::Finished => "finished",
        }
    }

    /// The content of what passed.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Self::Request(request) => Some(&request.content),
            Self::Response(response) => Some(&response.content),
            Self::Frame(frame) => Some(&frame.content),
            Self::Part(part) => Some(&part.content),
            _ => None,
        }
    }

    /// Who sent it, if it is something that was sent.
    pub fn from(&self) -> Option<Side> {
        match self {
            Self::Request(_) => Some(Side::Client),
            Self::Response(_) => Some(Side::Server),
            Self::Frame(frame) => Some(frame.from),
            Self::Part(part) => Some(part.from),
            Self::Raw(raw) => Some(raw.from),
            Self::Fault(fault) => Some(fault.from),
            _ => None,
        }
    }
}

/// The content of a message, transfer coding and content coding removed, secrets hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, try_from = "ContentLine")]
pub struct Content {
    /// The content. Less than was sent if `clipped` or `cut` says so.
    #[serde(flatten, serialize_with = "text_or_base64")]
    pub bytes: Vec<u8>,
    /// Its size on the wire: after transfer coding, before content coding was removed.
    pub size: u64,
    /// The content coding that was removed, as the header names it; `permessage-deflate` for a message of WebSocket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<String>,
    /// Why the content coding could not be removed, at least not to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecoded: Option<String>,
    /// More was sent than is kept here.
    #[serde(skip_serializing_if = "is_false")]
    pub clipped: bool,
    /// The connection ended, or its framing broke, before the content was complete.
    #[serde(skip_serializing_if = "is_false")]
    pub cut: bool,
}

/// The header lines of a message, as sent but for secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    text: String,
    /// Some forty names are looked up in an exchange, most of them in vain: their length alone says so.
    lines: Vec<Ends>,
}

/// What stands between a name and its value.
const BETWEEN: &str = ": ";
/// Room for the lines of a usual head.
const USUAL: usize = 256;

/// Where a line ends, and its name, counted from the beginning of the line.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    name: u32,
    line: u32,
}

impl Headers {
    /// Adds a line.
    pub fn push(&mut self, name: &str, value: &str) {
        let mut start = self.text.len();
        self.text.push_str(name);
        self.text.push_str(BETWEEN);
        self.text.push_str(value);
        self.text.push('\n');
        // What has a line break in it is read as two.
        while let Some(length) = memchr(b'\n', &self.text.as_bytes()[start..]) {
            let line = &self.text.as_bytes()[start..start + length];
            let mut colons = memchr_iter(b':', line);
            let name = colons.find(|&at| line[at..].starts_with(BETWEEN.as_bytes()));
            let (name, end) = (name.unwrap_or(length) as u32, (start + length) as u32);
            self.lines.push(Ends { name, line: end });
            start += length + 1;
        }
    }

    /// Room for `bytes` bytes of lines.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), lines: Vec::with_capacity(8) }
    }

    /// All of it, a line after the other.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The lines: where each begins, and its ends.
    fn lines(&self) -> impl Iterator<Item = (usize, Ends)> {
        self.lines.iter().scan(0, |next, ends| {
            let start = std::mem::replace(next, ends.line as usize + 1);
            Some((start, *ends))
        })
    }

    /// Name and value of a line.
    fn line(&self, start: usize, ends: Ends) -> (&str, &str) {
        let line = &self.text[start..ends.line as usize];
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (name, value) = line.split_at_checked(ends.name as usize).unwrap_or((line, ""));
        (name, value.strip_prefix(BETWEEN).unwrap_or(value))
    }

    /// Names and values in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines().map(|(start, ends)| self.line(start, ends))
    }

    /// The first value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut lines = self.lines().filter(|(_, ends)| ends.name as usize == name.len());
        lines.find_map(|(start, ends)| self.value(start, ends, name))
    }

    /// All values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.lines().filter(|(_, ends)| ends.name as usize == name.len());
        lines.filter_map(|(start, ends)| self.value(start, ends, name))
    }

    fn value(&self, start: usize, ends: Ends, name: &str) -> Option<&str> {
        let (found, value) = self.line(start, ends);
        found.eq_ignore_ascii_case(name).then_some(value)
    }

    /// The media type of the content, in lower case and without its parameters (RFC 9110 section 8.3).
    pub fn media_type(&self) -> Option<String> {
        let kind = self.get("content-type")?;
        Some(kind.split(';').next().unwrap_or(kind).trim().to_ascii_lowercase())
    }

    /// The character encoding that the content is said to have.
    pub fn charset(&self) -> Option<&str> {
        let kind = self.get("content-type")?;
        kind.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_it = name.trim().eq_ignore_ascii_case("charset");
            is_it.then(|| value.trim().trim_matches(['"', '\'']))
        })
    }

    /// Whether something passed the message on before it came here, by the header lines that only that adds.
    pub fn are_passed_on(&self) -> bool {
        ["via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"]
            .iter()
            .any(|name| self.get(name).is_some())
    }

    /// Whether this is the last message of its sender on the connection (RFC 9112 section 9.3).
    pub fn close_connection(&self, version: u8) -> bool {
        let mut options = self.all("connection").flat_map(|value| value.split(','));
        match version {
            0 => !options.any(|option| option.trim().eq_ignore_ascii_case("keep-alive")),
            _ => options.any(|option| option.trim().eq_ignore_ascii_case("close")),
        }
    }

    /// Whether the content comes in chunks (RFC 9112 section 7.1).
    pub fn are_chunked(&self) -> bool {
        let mut codings = self.all("transfer-encoding").flat_map(|value| value.split(','));
        codings.any(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lines;
        impl<'de> Visitor<'de> for Lines {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("pairs of a name and a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::with_capacity(USUAL);
                while let Some(HeaderLine(name, value)) = lines.next_element()? {
                    headers.push(&name, &value);
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_seq(Lines)
    }
}

#[derive(Deserialize)]
struct HeaderLine<'a>(#[serde(borrow)] Cow<'a, str>, #[serde(borrow)] Cow<'a, str>);

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_zero_bits(value: &u8) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_one(value: &u32) -> bool {
    *value == 1
}

fn one() -> u32 {
    1
}

/// A [`Content`] as it is written.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ContentLine {
    text: Option<String>,
    base64: Option<String>,
    size: u64,
    coding: Option<String>,
    undecoded: Option<String>,
    clipped: bool,
    cut: bool,
}

impl TryFrom<ContentLine> for Content {
    type Error = base64::DecodeError;

    fn try_from(line: ContentLine) -> Result<Self, Self::Error> {
        let ContentLine { text, base64, size, coding, undecoded, clipped, cut } = line;
        Ok(Self { bytes: bytes(text, base64)?, size, coding, undecoded, clipped, cut })
    }
}

/// A [`Raw`] as it is written.
#[derive(Deserialize)]
struct RawLine {
    from: Side,
    #[serde(default)]
    why: Option<String>,
    size: u64,
    text: Option<String>,
    base64: Option<String>,
}

impl TryFrom<RawLine> for Raw {
    type Error = base64::DecodeError;

    fn try_from(line: RawLine) -> Result<Self, Self::Error> {
        let RawLine { from, why, size, text, base64 } = line;
        Ok(Self { from, why, size, bytes: bytes(text, base64)? })
    }
}
