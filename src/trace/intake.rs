//! The way into a trace: what came from a socket or from another tool's file is made ready to be kept. Secrets are
//! hidden and content codings removed here and nowhere else, before anything is shown or stored; so whoever makes
//! events of requests and responses, the recorder or an importer, hands over what came and gets what may be kept.
//!
//! ```
//! use std::time::Duration;
//! use xmppscope::trace::intake::{Intake, RequestLine};
//!
//! let mut intake = Intake::new(false, 4 << 20);
//! let line = RequestLine { method: "POST", target: "/http-bind?token=abc", version: 1 };
//! let headers = [("Cookie", &b"session=abc"[..])];
//! let mut request = intake.request(Duration::ZERO, &line, headers.into_iter());
//! request.content = intake.content(b"<body/>".to_vec(), 7, &request.headers);
//! assert_eq!(request.target, "/http-bind?token=[hidden 3 bytes]");
//! assert_eq!(request.headers.get("cookie"), Some("session=[hidden 3 bytes]"));
//! ```

use std::borrow::Cow;
use std::time::Duration;

use super::content::{Decoded, UNKNOWN_CODING, decode};
use super::event::{Content, Headers, Request, Response};
use super::redact::{self, Known, Redactor};
use crate::wire::protocol::Protocol;

/// So many codings that nobody has announced are removed one after the other.
const LAYERS: usize = 4;

/// Of what is no XML, this much is looked at to see whether a secret goes on behind it.
const TAIL: usize = 64 << 10;

/// What may be kept of what comes, and what is known to be secret in it.
#[derive(Debug)]
pub struct Intake {
    show_secrets: bool,
    body_limit: usize,
    known: Known,
}

/// The first line of a request, as it came (RFC 9112 section 3).
#[derive(Debug, Clone, Copy)]
pub struct RequestLine<'a> {
    /// Method.
    pub method: &'a str,
    /// Request target; a URL will do.
    pub target: &'a str,
    /// Minor version of HTTP/1.
    pub version: u8,
}

/// The first line of a response, as it came (RFC 9112 section 4).
#[derive(Debug, Clone, Copy)]
pub struct StatusLine<'a> {
    /// Minor version of HTTP/1.
    pub version: u8,
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: &'a str,
}

/// One direction of a connection that does not speak HTTP, while it is taken in piece by piece: a secret may be split
/// over pieces.
#[derive(Debug, Default)]
pub struct Pieces {
    redactor: Redactor,
}

impl Intake {
    /// Leaves secrets as they are if `show_secrets` says so, and keeps at most `body_limit` bytes of one content.
    pub fn new(show_secrets: bool, body_limit: usize) -> Self {
        Self { show_secrets, body_limit, known: Known::default() }
    }

    /// Hides these passwords wherever they come; each stands with its user's name.
    #[must_use]
    pub fn knowing<'a>(mut self, accounts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.known.give(accounts);
        self
    }

    /// How many bytes of one content are kept.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// What comes next is of this connection.
    pub(super) fn on(&mut self, conn: u64) {
        self.known.on(conn);
    }

    /// This connection is closed.
    pub(super) fn close(&mut self, conn: u64) {
        self.known.close(conn);
    }

    /// A request whose first byte came at `first`, without its content.
    pub fn request<'a>(
        &mut self,
        first: Duration,
        line: &RequestLine<'_>,
        headers: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Request {
        let (method, target) = if self.show_secrets {
            (Cow::Borrowed(line.method), Cow::Borrowed(line.target))
        } else {
            let method = redact::words(line.method, &mut self.known);
            (method, redact::url(line.target, &mut self.known))
        };
        Request {
            first,
            method: method.into_owned(),
            target: target.into_owned(),
            version: line.version,
            headers: self.headers(headers),
            content: Content::default(),
        }
    }

    /// A response whose first byte came at `first`, without its content. Which request it answers, and whether the
    /// observer made it, is for the caller to add.
    pub fn response<'a>(
        &mut self,
        first: Duration,
        line: &StatusLine<'_>,
        headers: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Response {
        let reason = if self.show_secrets {
            Cow::Borrowed(line.reason)
        } else {
            redact::words(line.reason, &mut self.known)
        };
        Response {
            first,
            answers: None,
            version: line.version,
            status: line.status,
            reason: reason.into_owned(),
            headers: self.headers(headers),
            content: Content::default(),
            own: false,
        }
    }

    /// Header lines: names, and values as bytes.
    pub fn headers<'a>(
        &mut self,
        lines: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Headers {
        let size = lines.clone().map(|(name, value)| name.len() + value.len() + 3).sum();
        let mut headers = Headers::with_capacity(size);
        for (name, value) in lines {
            // Field values are bytes; what is not UTF-8 is Latin-1 by the older rule.
            let value = std::str::from_utf8(value).map_or_else(
                |_| value.iter().map(|&b| char::from(b)).collect::<String>().into(),
                Cow::Borrowed,
            );
            headers.push(name, &value);
        }
        if self.show_secrets || redact::is_harmless(headers.text().as_bytes(), &self.known) {
            return headers;
        }
        let mut hidden = Headers::with_capacity(size);
        for (name, value) in headers.iter() {
            let value = redact::field(name, value, &mut self.known);
            hidden.push(&redact::words(name, &mut self.known), &value);
        }
        hidden
    }

    /// The content of the message with these headers. `bytes` are as they were on the wire, transfer coding removed;
    /// there may be fewer of them than the `size` that was sent. Whether it was cut is for the caller to add.
    pub fn content(&mut self, bytes: Vec<u8>, size: u64, headers: &Headers) -> Content {
        let clipped = size > bytes.len() as u64;
        let codings = codings(headers);
        let mut content = Content { bytes, size, clipped, ..Content::default() };
        if !is_identity(&codings) {
            let decoded = decode(&codings, &content.bytes, self.body_limit);
            replace(&mut content, &codings, decoded);
        }
        // Coded but not said to be: what is in there must be searched for secrets too.
        for _ in 0..LAYERS {
            let Some(coding) = coding_of(&content.bytes) else { break };
            let decoded = decode(coding, &content.bytes, self.body_limit);
            // Two bytes tell little.
            if coding == "deflate" && decoded.bytes.is_empty() {
                break;
            }
            replace(&mut content, coding, decoded);
        }
        self.kept(content)
    }

    /// The content of the message with these headers, of which whoever recorded it has removed the content coding, as
    /// browsers do. `size` is that on the wire, if it is known.
    pub fn decoded(&mut self, bytes: Vec<u8>, size: Option<u64>, headers: &Headers) -> Content {
        let coding = Some(codings(headers)).filter(|coding| !is_identity(coding));
        let size = size.unwrap_or(bytes.len() as u64);
        self.kept(Content { bytes, size, coding, ..Content::default() })
    }

    /// The same where it is not known whether the content coding was removed, as in a file with the bytes of a content.
    pub(super) fn perhaps_decoded(
        &mut self,
        bytes: Vec<u8>,
        size: Option<u64>,
        headers: &Headers,
    ) -> Content {
        let announced = codings(headers);
        let fits = || match decode(&announced, &bytes, self.body_limit).error {
            Some(error) => error.ends_with(UNKNOWN_CODING),
            None => true,
        };
        let is_coded = coding_of(&bytes).is_some()
            || !is_identity(&announced) && std::str::from_utf8(&bytes).is_err() && fits();
        if !is_coded {
            return self.decoded(bytes, size, headers);
        }
        let size = size.unwrap_or(bytes.len() as u64);
        self.content(bytes, size, headers)
    }

    /// A text that no coding was applied to, of which `size` bytes were sent: a part of a stream, a control frame.
    pub fn text(&mut self, bytes: Vec<u8>, size: u64) -> Content {
        let clipped = size > bytes.len() as u64;
        self.kept(Content { bytes, size, clipped, ..Content::default() })
    }

    /// The next message in one direction of a WebSocket, of which `size` bytes were sent, perhaps compressed. A secret may be
    /// split over messages, although none should be.
    pub fn message(&mut self, pieces: &mut Pieces, bytes: Vec<u8>, size: u64) -> Content {
        let mut content = Content { bytes, size, ..Content::default() };
        if content.bytes.len() > self.body_limit {
            content.bytes.truncate(self.body_limit);
            content.clipped = true;
        }
        if self.show_secrets {
            return content;
        }
        let new = content.bytes.starts_with(b"<") && !content.bytes.starts_with(b"</");
        if pieces.redactor.is_open() && !new {
            content.bytes = pieces.redactor.piece(&content.bytes, &mut self.known);
            return content;
        }
        let before = self.unfinished(&content.bytes);
        if let Cow::Owned(hidden) = redact::body(&content.bytes, &mut self.known) {
            content.bytes = hidden;
        }
        *pieces = before.unwrap_or_default();
        content
    }

    /// The next piece of what is not HTTP.
    pub fn piece(&mut self, pieces: &mut Pieces, bytes: &[u8]) -> Vec<u8> {
        if self.show_secrets {
            return bytes.to_vec();
        }
        pieces.redactor.piece(bytes, &mut self.known)
    }

    /// What has to be remembered of a text that is not complete: what follows may go on with a secret.
    pub fn unfinished(&mut self, bytes: &[u8]) -> Option<Pieces> {
        if self.show_secrets || bytes.is_empty() || is_whole(bytes) {
            return None;
        }
        let mut pieces = Pieces::default();
        // Without an element the end of it says enough. What is in there is learned when it is hidden, not here.
        let all = memchr::memchr(b'<', bytes).is_some() || bytes.len() < TAIL;
        pieces.redactor.redact_piece(if all { bytes } else { &bytes[bytes.len() - TAIL..] });
        Some(pieces)
    }

    /// Decoded content within the bound, its secrets hidden.
    fn kept(&mut self, mut content: Content) -> Content {
        if content.bytes.len() > self.body_limit {
            content.bytes.truncate(self.body_limit);
            content.clipped = true;
        }
        if content.undecoded.is_none() {
            content.undecoded = encrypted(&content.bytes);
        }
        if !self.show_secrets
            && let Cow::Owned(hidden) = redact::body(&content.bytes, &mut self.known)
        {
            content.bytes = hidden;
        }
        content
    }
}

/// Whether a text ends in an empty element, or in the end of what it begins with.
fn is_whole(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    let Some(last) = memchr::memrchr(b'<', text).map(|at| &text[at..]) else { return false };
    let Some(end) = last.strip_prefix(b"</") else { return last.ends_with(b"/>") };
    let begins = |name: &[u8]| {
        let begin = text.strip_prefix(b"<").and_then(|begin| begin.strip_prefix(name));
        begin.is_some_and(|behind| {
            matches!(behind.first(), Some(b' ' | b'\t' | b'\r' | b'\n' | b'>'))
        })
    };
    // A page begins with its type.
    end.strip_suffix(b">").is_some_and(|name| name == b"html" || begins(name))
}

/// What a content is that TLS was to be removed from.
fn encrypted(bytes: &[u8]) -> Option<String> {
    match Protocol::of(bytes) {
        Some(tls @ (Protocol::TlsHandshake | Protocol::TlsRecord | Protocol::TlsAlert(_)))
            if bytes.len() > 1 =>
        {
            Some(format!("it is {tls}"))
        }
        _ => None,
    }
}

/// Puts what was decoded in the place of what was coded.
fn replace(content: &mut Content, coding: &str, decoded: Decoded) {
    content.coding = Some(match content.coding.take() {
        Some(before) => format!("{coding}, {before}"),
        None => coding.to_owned(),
    });
    content.clipped |= decoded.clipped;
    content.bytes = decoded.bytes;
    content.undecoded = decoded.error;
    if content.undecoded.is_some() && content.bytes.first() != Some(&b'<') {
        // Whatever is in there can't be searched for secrets.
        content.bytes.clear();
    }
}

/// The coding that a content has by its first bytes.
pub(super) fn coding_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0x78, flags, ..] if (0x78 * 256 + u32::from(*flags)) % 31 == 0 && flags & 0x20 == 0 => {
            Some("deflate")
        }
        _ => None,
    }
}

/// All content codings of a message, in the order in which they were applied.
fn codings(headers: &Headers) -> String {
    headers.all("content-encoding").collect::<Vec<_>>().join(", ")
}

fn is_identity(coding: &str) -> bool {
    coding.is_empty() || coding.eq_ignore_ascii_case("identity")
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
