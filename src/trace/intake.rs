//! The way into a trace: what came from a socket or from another tool's file is made ready to be kept. Secrets are
//! hidden and content codings removed here and nowhere else, before anything is shown or stored; so whoever makes
//! events of requests and responses, the recorder or an importer, hands over what came and gets what may be kept.
//!
//! ```
//! use std::time::Duration;
//! use xmppscope::trace::intake::{Intake, RequestLine};
//!
//! let intake = Intake { show_secrets: false, body_limit: 4 << 20 };
//! let line = RequestLine { method: "POST", target: "/http-bind?token=abc", version: 1 };
//! let headers = [("Cookie", &b"session=abc"[..])];
//! let mut request = intake.request(Duration::ZERO, &line, headers.into_iter());
//! request.content = intake.content(b"<body/>".to_vec(), 7, &request.headers);
//! assert_eq!(request.target, "/http-bind?token=[hidden 3 bytes]");
//! assert_eq!(request.headers.get("cookie"), Some("session=[hidden 3 bytes]"));
//! ```

use std::borrow::Cow;
use std::mem;
use std::time::Duration;

use super::content::decode;
use super::event::{Content, Headers, Request, Response};
use super::redact::{self, Redactor};

/// What may be kept of what comes.
#[derive(Debug, Clone, Copy)]
pub struct Intake {
    /// Leave secrets as they are.
    pub show_secrets: bool,
    /// How many bytes of one content are kept.
    pub body_limit: usize,
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
    /// The last piece ended within the value of a secret header.
    in_secret: bool,
}

impl Intake {
    /// A request whose first byte came at `first`, without its content.
    pub fn request<'a>(
        &self,
        first: Duration,
        line: &RequestLine<'_>,
        headers: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Request {
        let target = if self.show_secrets {
            Cow::Borrowed(line.target)
        } else {
            redact::target(line.target)
        };
        Request {
            first,
            method: line.method.to_owned(),
            target: target.into_owned(),
            version: line.version,
            headers: self.headers(headers),
            content: Content::default(),
        }
    }

    /// A response whose first byte came at `first`, without its content. Which request it answers, and whether the
    /// observer made it, is for the caller to add.
    pub fn response<'a>(
        &self,
        first: Duration,
        line: &StatusLine<'_>,
        headers: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Response {
        Response {
            first,
            answers: None,
            version: line.version,
            status: line.status,
            reason: line.reason.to_owned(),
            headers: self.headers(headers),
            content: Content::default(),
            own: false,
        }
    }

    /// Header lines: names, and values as bytes.
    pub fn headers<'a>(&self, lines: impl Iterator<Item = (&'a str, &'a [u8])> + Clone) -> Headers {
        let size = lines.clone().map(|(name, value)| name.len() + value.len() + 3).sum();
        let mut headers = Headers::with_capacity(size);
        for (name, value) in lines {
            // Field values are bytes; what is not UTF-8 is Latin-1 by the older rule.
            let value = std::str::from_utf8(value).map_or_else(
                |_| value.iter().map(|&b| char::from(b)).collect::<String>().into(),
                Cow::Borrowed,
            );
            let hidden = if self.show_secrets { None } else { redact::header(name, &value) };
            headers.push(name, hidden.as_deref().unwrap_or(&value));
        }
        headers
    }

    /// The content of the message with these headers. `bytes` are as they were on the wire, transfer coding removed;
    /// there may be fewer of them than the `size` that was sent. Whether it was cut is for the caller to add.
    pub fn content(&self, bytes: Vec<u8>, size: u64, headers: &Headers) -> Content {
        let clipped = size > bytes.len() as u64;
        let codings = codings(headers);
        let coding = match bytes[..] {
            // Coded but not said to be: what is in there must be searched for secrets too.
            [0x1f, 0x8b, ..] if !codings.contains("gzip") => "gzip",
            [0x28, 0xb5, 0x2f, 0xfd, ..] if !codings.contains("zstd") => "zstd",
            _ => &codings,
        };
        let mut content = Content { bytes, size, clipped, ..Content::default() };
        if !is_identity(coding) {
            let decoded = decode(coding, &content.bytes, self.body_limit);
            content.coding = Some(coding.to_owned());
            content.clipped |= decoded.clipped;
            content.bytes = decoded.bytes;
            content.undecoded = decoded.error;
            if content.undecoded.is_some() && content.bytes.first() != Some(&b'<') {
                // Whatever is in there can't be searched for secrets.
                content.bytes.clear();
            }
        }
        self.kept(content)
    }

    /// The content of the message with these headers, of which whoever recorded it has removed the content coding, as
    /// browsers do. `size` is that on the wire, if it is known.
    pub fn decoded(&self, bytes: Vec<u8>, size: Option<u64>, headers: &Headers) -> Content {
        let coding = Some(codings(headers)).filter(|coding| !is_identity(coding));
        let size = size.unwrap_or(bytes.len() as u64);
        self.kept(Content { bytes, size, coding, ..Content::default() })
    }

    /// A text that no coding was applied to, of which `size` bytes were sent: a part of a stream, a control frame.
    pub fn text(&self, bytes: Vec<u8>, size: u64) -> Content {
        let clipped = size > bytes.len() as u64;
        self.kept(Content { bytes, size, clipped, ..Content::default() })
    }

    /// The next message in one direction of a WebSocket, of which `size` bytes were sent, perhaps compressed. A secret may be
    /// split over messages, although none should be.
    pub fn message(&self, pieces: &mut Pieces, bytes: Vec<u8>, size: u64) -> Content {
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
            content.bytes = pieces.redactor.redact_piece(&content.bytes);
            return content;
        }
        let mut redactor = Redactor::default();
        let hidden = redactor.redact_body(&content.bytes);
        if matches!(hidden, Cow::Owned(_)) || !content.bytes.ends_with(b">") {
            pieces.redactor = Redactor::default();
            pieces.redactor.redact_piece(&content.bytes);
        }
        if let Cow::Owned(hidden) = hidden {
            content.bytes = hidden;
        }
        content
    }

    /// The next piece of what is not HTTP.
    pub fn piece(&self, pieces: &mut Pieces, bytes: &[u8]) -> Vec<u8> {
        if self.show_secrets {
            return bytes.to_vec();
        }
        let hidden = without_headers(&pieces.redactor.redact_piece(bytes), &mut pieces.in_secret);
        Redactor::default().redact_body(&hidden).into_owned()
    }

    /// Decoded content within the bound, its secrets hidden.
    fn kept(&self, mut content: Content) -> Content {
        if content.bytes.len() > self.body_limit {
            content.bytes.truncate(self.body_limit);
            content.clipped = true;
        }
        if !self.show_secrets
            && let Cow::Owned(hidden) = Redactor::default().redact_body(&content.bytes)
        {
            content.bytes = hidden;
        }
        content
    }
}

/// All content codings of a message, in the order in which they were applied.
fn codings(headers: &Headers) -> String {
    headers.all("content-encoding").collect::<Vec<_>>().join(", ")
}

fn is_identity(coding: &str) -> bool {
    coding.is_empty() || coding.eq_ignore_ascii_case("identity")
}

/// A head that is not accepted as HTTP has secrets in its lines all the same.
fn without_headers(bytes: &[u8], in_secret: &mut bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let end = line.trim_ascii_end().len();
        let (text, ending) = line.split_at(end);
        let colon = memchr::memchr(b':', text).unwrap_or(text.len());
        let (name, value) = text.split_at(colon);
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let hidden = redact::header(name.trim(), value.trim_start_matches(':').trim());
        if mem::take(in_secret) {
            out.extend_from_slice(b"[hidden]");
        } else if let Some(hidden) = &hidden {
            out.extend_from_slice(format!("{name}: {hidden}").as_bytes());
        } else if let Ok(text) = std::str::from_utf8(text) {
            out.extend_from_slice(redact::target(text).as_bytes());
        } else {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(ending);
        *in_secret = hidden.is_some() && !line.ends_with(b"\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const HIDES: Intake = Intake { show_secrets: false, body_limit: 1000 };
    const SHOWS: Intake = Intake { show_secrets: true, body_limit: 1000 };
    const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>c2VjcmV0</auth>";
    const HIDDEN: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>[hidden 8 bytes]</auth>";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn coded(coding: &str) -> Headers {
        HIDES.headers([("Content-Encoding", coding.as_bytes())].into_iter())
    }

    fn content(intake: &Intake, bytes: &[u8], headers: &Headers) -> Content {
        intake.content(bytes.to_vec(), bytes.len() as u64, headers)
    }

    fn text(content: &Content) -> &str {
        std::str::from_utf8(&content.bytes).unwrap()
    }

    #[test]
    fn heads_keep_all_but_secrets() {
        let line = RequestLine { method: "GET", target: "/ws?token=abc&room=a", version: 0 };
        let headers = [
            ("AUTHORIZATION", &b"Basic abc"[..]),
            ("X-Name", "d\u{e9}j\u{e0}".as_bytes()),
            ("X-Old", b"d\xe9j\xe0"),
            ("X-Old", b""),
        ];
        let first = Duration::from_millis(3);
        let request = HIDES.request(first, &line, headers.into_iter());
        let said = |of: &Headers| {
            of.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!((request.first, request.version), (first, 0));
        assert_eq!(
            (&*request.method, &*request.target),
            ("GET", "/ws?token=[hidden 3 bytes]&room=a")
        );
        let values = ["X-Name: d\u{e9}j\u{e0}", "X-Old: d\u{e9}j\u{e0}", "X-Old: "];
        assert_eq!(said(&request.headers)[0], "AUTHORIZATION: Basic [hidden 3 bytes]");
        assert_eq!(said(&request.headers)[1..], values);

        let line = StatusLine { version: 1, status: 302, reason: "Found" };
        let headers = [("Location", &b"/a?access_token=abc"[..]), ("Set-Cookie", b"a=b; Path=/")];
        let response = HIDES.response(first, &line, headers.into_iter());
        assert_eq!((response.status, &*response.reason, response.own), (302, "Found", false));
        let hidden =
            ["Location: /a?access_token=[hidden 3 bytes]", "Set-Cookie: a=[hidden 1 byte]; Path=/"];
        assert_eq!(said(&response.headers), hidden);
        let shown = SHOWS.response(first, &line, headers.into_iter());
        assert_eq!(shown.headers.get("location"), Some("/a?access_token=abc"));
    }

    #[test]
    fn content_is_decoded_and_its_secrets_are_hidden() {
        let plain = content(&HIDES, AUTH.as_bytes(), &Headers::default());
        assert_eq!((text(&plain), &plain.coding, plain.size), (HIDDEN, &None, AUTH.len() as u64));
        assert_eq!(text(&content(&SHOWS, AUTH.as_bytes(), &coded("identity"))), AUTH);

        let bytes = gzip(AUTH);
        let size = bytes.len() as u64;
        for (headers, coding) in [(coded("x-gzip"), "x-gzip"), (Headers::default(), "gzip")] {
            let unpacked = content(&HIDES, &bytes, &headers);
            assert_eq!((text(&unpacked), unpacked.size), (HIDDEN, size), "{coding}");
            assert_eq!(unpacked.coding.as_deref(), Some(coding));
            assert_eq!((unpacked.undecoded, unpacked.clipped), (None, false));
        }
    }

    #[test]
    fn what_cannot_be_decoded_cannot_be_searched_and_is_not_kept() {
        let unknown = content(&HIDES, b"\x28\xb5\x2f\xfd..", &Headers::default());
        assert_eq!(unknown.coding.as_deref(), Some("zstd"));
        assert!(unknown.bytes.is_empty() && unknown.undecoded.is_some());
        let not_coded = content(&HIDES, AUTH.as_bytes(), &coded("compress"));
        assert_eq!(text(&not_coded), HIDDEN);
        assert!(not_coded.undecoded.unwrap().contains("compress"));
    }

    #[test]
    fn what_others_have_decoded_is_not_decoded_again() {
        let headers = coded("gzip");
        let browser = HIDES.decoded(AUTH.as_bytes().to_vec(), Some(42), &headers);
        assert_eq!((text(&browser), browser.size), (HIDDEN, 42));
        assert_eq!((browser.coding.as_deref(), browser.clipped), (Some("gzip"), false));
        let plain = HIDES.decoded(b"<body/>".to_vec(), None, &Headers::default());
        assert_eq!((plain.size, plain.coding), (7, None));
    }

    #[test]
    fn content_is_bounded_however_it_comes() {
        let long = " ".repeat(1001);
        let none = Headers::default();
        for content in [
            content(&HIDES, long.as_bytes(), &none),
            content(&HIDES, &gzip(&long), &coded("gzip")),
            HIDES.decoded(long.clone().into_bytes(), None, &none),
        ] {
            assert_eq!((content.bytes.len(), content.clipped), (1000, true));
        }
        let some_of_it = HIDES.content(b"<body".to_vec(), 2000, &none);
        assert_eq!((some_of_it.size, some_of_it.clipped), (2000, true));
    }

    #[test]
    fn no_message_shows_the_secret_that_another_began() {
        let (began, ended) = AUTH.split_at(AUTH.len() - 10);
        let mut pieces = Pieces::default();
        let mut take = |text: &str| {
            let bytes = text.as_bytes().to_vec();
            let content = HIDES.message(&mut pieces, bytes, text.len() as u64);
            String::from_utf8(content.bytes).unwrap()
        };
        assert_eq!(take(AUTH), HIDDEN);
        let shown = take(began) + &take(ended);
        assert!(!shown.contains("c2V") && !shown.contains("cmV0"), "{shown}");
        assert_eq!(take(AUTH), HIDDEN);
        let (tag, secret) = AUTH.split_at(AUTH.find('>').unwrap());
        let shown = take(tag) + &take(secret);
        assert!(!shown.contains("c2V"), "{shown}");
        // What begins anew is no secret, even if the one before never ended.
        assert!(!take(began).contains("c2V"));
        assert_eq!(take("<message><body>hello</body></message>").matches("hello").count(), 1);
        let shown = SHOWS.message(&mut Pieces::default(), AUTH.as_bytes().to_vec(), 1);
        assert_eq!(text(&shown), AUTH);
    }

    #[test]
    fn no_piece_shows_the_secret_that_another_began() {
        let mut pieces = Pieces::default();
        let mut take =
            |bytes: &str| String::from_utf8(HIDES.piece(&mut pieces, bytes.as_bytes())).unwrap();
        assert_eq!(take("GET /a\r\nCookie: a=12"), "GET /a\r\nCookie: a=[hidden 2 bytes]");
        assert_eq!(take("345\r\nHost: a\r\n"), "[hidden]\r\nHost: a\r\n");
        let (began, ended) = AUTH.split_at(AUTH.len() - 10);
        let shown = take(began) + &take(ended);
        assert!(!shown.contains("c2V") && !shown.contains("cmV0"), "{shown}");
        assert_eq!(SHOWS.piece(&mut Pieces::default(), AUTH.as_bytes()), AUTH.as_bytes());
    }
}
