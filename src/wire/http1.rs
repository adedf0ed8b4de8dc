//! HTTP/1 framing without I/O (RFC 9112): bytes in, pieces out.
//!
//! A [`Dialogue`] follows both directions of one connection. It decides where heads, bodies and messages
//! begin and end and which answer belongs to which request; it keeps nothing but an unfinished head. The
//! spans of the pieces of one direction, put together, are exactly the bytes that were fed: so one reader
//! tells the tunnel whether an answer is owed, and the recorder where what it keeps begins and ends.

use std::collections::VecDeque;
use std::mem::MaybeUninit;

use super::Side;
use super::protocol::Protocol;

/// A head longer than this is not taken for HTTP.
pub const HEAD_LIMIT: usize = 64 * 1024;
/// A head up to this size is parsed with every piece of it that comes.
const SHORT_HEAD: usize = 1024;
/// A head with more header lines than this is not taken for HTTP.
pub const HEADER_LIMIT: usize = 256;

/// Room for the header lines of a message. It is left as it is, since most messages have few.
pub(crate) fn lines<'a>() -> [MaybeUninit<httparse::Header<'a>>; HEADER_LIMIT] {
    [const { MaybeUninit::uninit() }; HEADER_LIMIT]
}

/// What a stretch of bytes is.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A complete request head, with the empty line that ends it.
    Request(&'a httparse::Request<'a, 'a>, &'a [u8]),
    /// A complete response head. `interim` heads (1xx, but not 101) are followed by another one.
    Response {
        /// The parsed head.
        head: &'a httparse::Response<'a, 'a>,
        /// The head as sent.
        raw: &'a [u8],
        /// The number of the request it answers, counted from 0 on this connection; none where none is open.
        answers: Option<u64>,
        /// A 1xx answer that precedes the real one.
        interim: bool,
    },
    /// Bytes of the message's content.
    Content(&'a [u8]),
    /// Bytes that only frame the content: chunk sizes, chunk ends, trailers.
    Framing(&'a [u8]),
    /// The message is complete.
    End,
    /// The message was cut before its end.
    Cut,
    /// From here on this direction is not HTTP, for this reason. Sent once, before the first `Raw`.
    NotHttp(NotHttp),
    /// Bytes that are not HTTP, or that belong to the protocol switched to.
    Raw(&'a [u8]),
}

/// Why bytes are not taken for HTTP/1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHttp {
    /// The parser's own reason.
    #[error("{0}")]
    Head(httparse::Error),
    /// Another protocol.
    #[error("{0} where HTTP/1 was expected")]
    Speaks(Protocol),
    /// The head does not end within the limit.
    #[error("no end of the head within 64 KiB")]
    HeadTooLong,
    /// `Content-Length` is not a number, or there are several that differ.
    #[error("an unusable Content-Length")]
    ContentLength,
    /// A chunk does not begin with its size.
    #[error("a chunk without a size")]
    ChunkSize,
    /// The connection ended before the head did.
    #[error("the connection ended inside a head")]
    HeadCut,
}

impl NotHttp {
    /// This reason, or the other protocol that these bytes are of.
    fn of(self, bytes: &[u8]) -> Self {
        match Protocol::of(bytes) {
            None | Some(Protocol::HttpRequest | Protocol::HttpResponse) => self,
            Some(protocol) => Self::Speaks(protocol),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between messages, or inside a head that is kept in `head`.
    Head,
    Length(u64),
    UntilClose,
    ChunkSize {
        size: u64,
        digits: u8,
        ext: bool,
    },
    ChunkData(u64),
    ChunkEnd {
        /// The carriage return has come.
        cr: bool,
    },
    /// In the trailers; `line` counts the bytes of the current line.
    Trailer {
        line: u32,
    },
    Raw,
}

/// One direction of a connection.
#[derive(Debug)]
struct Framer {
    state: State,
    head: Vec<u8>,
    /// This much of the head was parsed, without coming to its end.
    parsed: usize,
}

impl Framer {
    const fn new() -> Self {
        Self { state: State::Head, head: Vec::new(), parsed: 0 }
    }

    fn at_start(&self) -> bool {
        self.state == State::Head && self.head.is_empty()
    }
}

/// What has to be remembered of a request until its answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Head,
    Connect,
    Options,
    Other,
}

/// Both directions of one HTTP/1 connection.
#[derive(Debug)]
pub struct Dialogue {
    requests: Framer,
    responses: Framer,
    open: VecDeque<Open>,
    answered: u64,
    switched: bool,
    /// The last answer said that no other one follows on this connection.
    last: bool,
}

impl Default for Dialogue {
    fn default() -> Self {
        Self {
            requests: Framer::new(),
            responses: Framer::new(),
            open: VecDeque::new(),
            answered: 0,
            switched: false,
            last: false,
        }
    }
}

impl Dialogue {
    /// Feeds bytes that `from` sent.
    pub fn feed(&mut self, from: Side, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        match from {
            Side::Client => self.feed_requests(bytes, sink),
            Side::Server => self.feed_responses(bytes, sink),
        }
    }

    /// `from` will send nothing more. Ends a body that runs until the connection closes.
    pub fn finish(&mut self, from: Side, sink: &mut impl FnMut(Piece<'_>)) {
        let framer = match from {
            Side::Client => &mut self.requests,
            Side::Server => &mut self.responses,
        };
        match framer.state {
            State::UntilClose => sink(Piece::End),
            State::Raw | State::Head if framer.head.is_empty() => {}
            State::Raw => sink(Piece::Raw(&std::mem::take(&mut framer.head))),
            State::Head => {
                let head = std::mem::take(&mut framer.head);
                let mut headers = lines();
                let wrong = match from {
                    Side::Client => httparse::Request::new(&mut [])
                        .parse_with_uninit_headers(&head, &mut headers)
                        .err(),
                    Side::Server => httparse::ParserConfig::default()
                        .parse_response_with_uninit_headers(
                            &mut httparse::Response::new(&mut []),
                            &head,
                            &mut headers,
                        )
                        .err(),
                };
                let reason = wrong.map_or(NotHttp::HeadCut, |wrong| NotHttp::Head(wrong).of(&head));
                sink(Piece::NotHttp(reason));
                sink(Piece::Raw(&head));
            }
            _ => sink(Piece::Cut),
        }
        framer.state = State::Raw;
    }

    /// The number of requests whose head has been seen and whose final answer is not complete.
    pub fn owed(&self) -> usize {
        self.open.len() + usize::from(!matches!(self.responses.state, State::Head | State::Raw))
    }

    /// The number of requests whose head has been seen, those included that are answered.
    pub fn asked(&self) -> u64 {
        self.answered + self.open.len() as u64
    }

    /// Whether the client is between two requests.
    pub fn client_is_between(&self) -> bool {
        self.requests.at_start()
    }

    /// Whether a request waits for an answer of which not one byte has come.
    /// False too where an answer has said that it was the connection's last one.
    pub fn unanswered(&self) -> bool {
        !self.open.is_empty() && self.responses.at_start() && !self.last
    }

    /// Whether what the client sends is not HTTP, or not any more.
    pub fn client_is_raw(&self) -> bool {
        self.requests.state == State::Raw
    }

    /// Whether the oldest open request is HEAD: its answer must have no content.
    pub fn oldest_is_head(&self) -> bool {
        self.open.front() == Some(&Open::Head)
    }

    /// Whether the oldest open request is OPTIONS, as a CORS preflight is.
    pub fn oldest_is_options(&self) -> bool {
        self.open.front() == Some(&Open::Options)
    }

    /// Both directions are between two messages and no answer is owed.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty() && self.requests.at_start() && self.responses.at_start()
    }

    /// Whether both sides agreed to speak another protocol: 101, or 2xx to CONNECT.
    pub fn is_switched(&self) -> bool {
        self.switched
    }

    fn feed_requests(&mut self, mut bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            if self.requests.state != State::Head {
                bytes = self.requests.content(bytes, sink);
                continue;
            }
            let mut next = State::Head;
            let mut open = Open::Other;
            let taken = self.requests.head(bytes, sink, |head, sink| {
                let mut headers = lines();
                let mut request = httparse::Request::new(&mut []);
                let parsed = request.parse_with_uninit_headers(head, &mut headers);
                let httparse::Status::Complete(len) = parsed.map_err(NotHttp::Head)? else {
                    return Ok(None);
                };
                open = match request.method {
                    Some("HEAD") => Open::Head,
                    Some("CONNECT") => Open::Connect,
                    Some("OPTIONS") => Open::Options,
                    _ => Open::Other,
                };
                next = match length(request.headers)? {
                    Length::Chunked => CHUNK,
                    Length::Exactly(n) => State::Length(n),
                    Length::Unsaid => State::Length(0),
                };
                sink(Piece::Request(&request, &head[..len]));
                Ok(Some(len))
            });
            let Some(rest) = taken else { return };
            bytes = rest;
            if self.requests.state == State::Raw {
                continue;
            }
            self.open.push_back(open);
            self.requests.enter(next, sink);
        }
    }

    fn feed_responses(&mut self, mut bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            if self.responses.state != State::Head {
                bytes = self.responses.content(bytes, sink);
                continue;
            }
            let oldest = self.open.front().copied();
            let number = self.answered;
            let mut next = State::Head;
            let mut interim = false;
            let mut switched = false;
            let mut last = false;
            let taken = self.responses.head(bytes, sink, |head, sink| {
                let mut headers = lines();
                let mut response = httparse::Response::new(&mut []);
                let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
                    &mut response,
                    head,
                    &mut headers,
                );
                let httparse::Status::Complete(len) = parsed.map_err(NotHttp::Head)? else {
                    return Ok(None);
                };
                let code = response.code.unwrap_or(0);
                interim = (100..200).contains(&code) && code != 101;
                switched =
                    code == 101 || (oldest == Some(Open::Connect) && (200..300).contains(&code));
                let bodiless =
                    interim || switched || code == 204 || code == 304 || oldest == Some(Open::Head);
                next = if bodiless {
                    State::Length(0)
                } else {
                    match length(response.headers)? {
                        Length::Chunked => CHUNK,
                        Length::Exactly(n) => State::Length(n),
                        Length::Unsaid => State::UntilClose,
                    }
                };
                last = !interim && is_last(&response);
                let raw = &head[..len];
                let answers = oldest.map(|_| number);
                sink(Piece::Response { head: &response, raw, answers, interim });
                Ok(Some(len))
            });
            let Some(rest) = taken else { return };
            bytes = rest;
            if self.responses.state == State::Raw {
                continue;
            }
            if !interim && self.open.pop_front().is_some() {
                self.answered += 1;
            }
            self.last = last;
            self.responses.enter(next, sink);
            if switched {
                self.switched = true;
                self.requests.state = State::Raw;
                self.responses.state = State::Raw;
            }
        }
    }
}

const CHUNK: State = State::ChunkSize { size: 0, digits: 0, ext: false };

impl Framer {
    /// Takes the bytes of a head. `None` while it is incomplete, else what follows it. A long one that comes in small pieces is
    /// not parsed again before a line of it ends, or it is twice as long.
    fn head<'b, S: FnMut(Piece<'_>)>(
        &mut self,
        bytes: &'b [u8],
        sink: &mut S,
        mut parse: impl FnMut(&[u8], &mut S) -> Result<Option<usize>, NotHttp>,
    ) -> Option<&'b [u8]> {
        let before = self.head.len();
        let size = before + bytes.len();
        let due = !(SHORT_HEAD..=HEAD_LIMIT).contains(&size)
            || size / 2 >= self.parsed
            || bytes.contains(&b'\n');
        if before > 0 && !due {
            self.head.extend_from_slice(bytes);
            return None;
        }
        let mut kept = std::mem::take(&mut self.head);
        let result = if before == 0 {
            parse(bytes, sink)
        } else {
            kept.extend_from_slice(bytes);
            parse(&kept, sink)
        };
        self.parsed = size;
        let reason = match result {
            Ok(Some(len)) => return Some(&bytes[len - before..]),
            Ok(None) if size <= HEAD_LIMIT => {
                if before == 0 {
                    kept.extend_from_slice(bytes);
                }
                self.head = kept;
                return None;
            }
            Ok(None) => NotHttp::HeadTooLong,
            Err(reason) => reason.of(if before == 0 { bytes } else { &kept }),
        };
        self.state = State::Raw;
        sink(Piece::NotHttp(reason));
        if before > 0 {
            sink(Piece::Raw(&kept));
            return Some(&[]);
        }
        Some(bytes)
    }

    fn enter(&mut self, state: State, sink: &mut impl FnMut(Piece<'_>)) {
        self.state = state;
        if state == State::Length(0) {
            self.end(sink);
        }
    }

    fn end(&mut self, sink: &mut impl FnMut(Piece<'_>)) {
        self.state = State::Head;
        sink(Piece::End);
    }

    /// Takes bytes after a head; returns what was not used.
    fn content<'b>(&mut self, bytes: &'b [u8], sink: &mut impl FnMut(Piece<'_>)) -> &'b [u8] {
        match self.state {
            State::Head => bytes,
            State::Raw if self.head.is_empty() => {
                sink(Piece::Raw(bytes));
                &[]
            }
            State::Raw => {
                // A head that had begun when both sides went on to another protocol is none.
                let mut all = std::mem::take(&mut self.head);
                all.extend_from_slice(bytes);
                sink(Piece::Raw(&all));
                &[]
            }
            State::UntilClose => {
                sink(Piece::Content(bytes));
                &[]
            }
            State::Length(left) => {
                let (content, rest) = split(bytes, left);
                sink(Piece::Content(content));
                self.state = State::Length(left - content.len() as u64);
                if self.state == State::Length(0) {
                    self.end(sink);
                }
                rest
            }
            State::ChunkData(left) => {
                let (content, rest) = split(bytes, left);
                sink(Piece::Content(content));
                let left = left - content.len() as u64;
                self.state =
                    if left == 0 { State::ChunkEnd { cr: false } } else { State::ChunkData(left) };
                rest
            }
            State::ChunkEnd { cr } => {
                self.state = match bytes.first() {
                    Some(b'\n') => CHUNK,
                    Some(b'\r') if !cr => State::ChunkEnd { cr: true },
                    _ => return self.lost(NotHttp::ChunkSize, bytes, sink),
                };
                sink(Piece::Framing(&bytes[..1]));
                &bytes[1..]
            }
            State::ChunkSize { size, digits, ext } => {
                self.chunk_size(bytes, size, digits, ext, sink)
            }
            State::Trailer { mut line } => {
                for (at, &byte) in bytes.iter().enumerate() {
                    match byte {
                        b'\n' if line == 0 => {
                            sink(Piece::Framing(&bytes[..=at]));
                            self.end(sink);
                            return &bytes[at + 1..];
                        }
                        b'\n' => line = 0,
                        b'\r' => {}
                        _ => line += 1,
                    }
                    if line as usize > HEAD_LIMIT {
                        return self.lost_at(at, NotHttp::HeadTooLong, bytes, sink);
                    }
                }
                self.state = State::Trailer { line };
                sink(Piece::Framing(bytes));
                &[]
            }
        }
    }

    fn chunk_size<'b>(
        &mut self,
        bytes: &'b [u8],
        mut size: u64,
        mut digits: u8,
        mut ext: bool,
        sink: &mut impl FnMut(Piece<'_>),
    ) -> &'b [u8] {
        for (at, &byte) in bytes.iter().enumerate() {
            let digit = char::from(byte).to_digit(16);
            match (byte, digit) {
                (_, Some(digit)) if !ext && digits < 15 => {
                    size = size * 16 + u64::from(digit);
                    digits += 1;
                }
                (b'\n', _) if digits > 0 => {
                    sink(Piece::Framing(&bytes[..=at]));
                    self.state =
                        if size == 0 { State::Trailer { line: 0 } } else { State::ChunkData(size) };
                    return &bytes[at + 1..];
                }
                (b'\r' | b' ' | b'\t' | b';', _) if digits > 0 => ext = true,
                _ if ext && byte != b'\n' => {}
                _ => return self.lost_at(at, NotHttp::ChunkSize, bytes, sink),
            }
        }
        self.state = State::ChunkSize { size, digits, ext };
        sink(Piece::Framing(bytes));
        &[]
    }

    /// What came before is framing, wherever the bytes were cut.
    fn lost_at<'b>(
        &mut self,
        at: usize,
        why: NotHttp,
        bytes: &'b [u8],
        sink: &mut impl FnMut(Piece<'_>),
    ) -> &'b [u8] {
        if at > 0 {
            sink(Piece::Framing(&bytes[..at]));
        }
        self.lost(why, &bytes[at..], sink)
    }

    fn lost<'b>(
        &mut self,
        why: NotHttp,
        bytes: &'b [u8],
        sink: &mut impl FnMut(Piece<'_>),
    ) -> &'b [u8] {
        self.state = State::Raw;
        sink(Piece::Cut);
        sink(Piece::NotHttp(why));
        bytes
    }
}

fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    bytes.split_at(usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len())))
}

/// RFC 9112 §9.3: whether the connection ends after this answer.
fn is_last(response: &httparse::Response<'_, '_>) -> bool {
    let says = |option: &str| {
        response.headers.iter().any(|header| {
            header.name.eq_ignore_ascii_case("connection")
                && header
                    .value
                    .split(|&b| b == b',')
                    .any(|value| value.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
        })
    };
    says("close") || (response.version == Some(0) && !says("keep-alive"))
}

enum Length {
    Chunked,
    Exactly(u64),
    Unsaid,
}

/// RFC 9112 §6.3: `Transfer-Encoding` wins, several equal lengths count as one.
fn length(headers: &[httparse::Header<'_>]) -> Result<Length, NotHttp> {
    let mut said = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let value = header.value.trim_ascii_end();
            let last = value.rsplit(|&b| b == b',').next().unwrap_or(value).trim_ascii();
            if last.eq_ignore_ascii_case(b"chunked") {
                return Ok(Length::Chunked);
            }
        } else if header.name.eq_ignore_ascii_case("content-length") {
            for value in header.value.split(|&b| b == b',') {
                let number = std::str::from_utf8(value.trim_ascii())
                    .ok()
                    .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|text| text.parse::<u64>().ok())
                    .ok_or(NotHttp::ContentLength)?;
                if said.is_some_and(|said| said != number) {
                    return Err(NotHttp::ContentLength);
                }
                said = Some(number);
            }
        }
    }
    Ok(said.map_or(Length::Unsaid, Length::Exactly))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds `bytes` in pieces of `step` and writes down what came out, contents merged.
    fn read(dialogue: &mut Dialogue, from: Side, bytes: &[u8], step: usize) -> String {
        let mut log = String::new();
        let mut content = Vec::new();
        let mut raw = Vec::new();
        for part in bytes.chunks(step) {
            dialogue.feed(from, part, &mut |piece| note(&piece, &mut log, &mut content, &mut raw));
        }
        if !raw.is_empty() {
            log += &format!("raw {}; ", raw.len());
        }
        log
    }

    fn note(piece: &Piece<'_>, log: &mut String, content: &mut Vec<u8>, raw: &mut Vec<u8>) {
        match piece {
            Piece::Request(head, _) => {
                *log += &format!("{} {}; ", head.method.unwrap(), head.path.unwrap());
            }
            Piece::Response { head, answers, interim, .. } => {
                *log +=
                    &format!("{}{}", head.code.unwrap(), if *interim { " interim" } else { "" });
                *log += &answers.map_or(" to nothing; ".to_owned(), |n| format!(" to {n}; "));
            }
            Piece::Content(bytes) => content.extend_from_slice(bytes),
            Piece::Framing(_) => {}
            Piece::End => {
                *log += &format!("end {:?}; ", String::from_utf8_lossy(content));
                content.clear();
            }
            Piece::Cut => *log += "cut; ",
            Piece::NotHttp(why) => *log += &format!("not http: {why}; "),
            Piece::Raw(bytes) => raw.extend_from_slice(bytes),
        }
    }

    const TWO: &[u8] = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST /b HTTP/1.1\r\n\
        Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: v\r\n\r\nGET / HTTP/1.0\r\n\r\n";

    #[test]
    fn pipelined_requests_are_told_apart_however_they_are_cut() {
        for step in 1..TWO.len() {
            let mut dialogue = Dialogue::default();
            let log = read(&mut dialogue, Side::Client, TWO, step);
            assert_eq!(log, "POST /a; end \"abc\"; POST /b; end \"abcd\"; GET /; end \"\"; ");
            assert_eq!(dialogue.owed(), 3);
            assert!(dialogue.unanswered());
        }
    }

    #[test]
    fn long_heads_are_the_same_however_they_are_cut() {
        let filling = "x".repeat(20 * SHORT_HEAD);
        for (head, expected) in [
            (
                format!("GET / HTTP/1.1\r\nX: {filling}\r\nY: {filling}\r\n\r\n"),
                "GET /; end \"\"; ",
            ),
            (
                format!("GET / HTTP/1.1\r\nX: {filling}"),
                "not http: the connection ended inside a head; ",
            ),
            (
                format!("GET / HTTP/1.1\r\nX: {filling}\u{0}{}", &filling[..100]),
                "not http: invalid header value; ",
            ),
        ] {
            for step in [1, 7, 1000, head.len()] {
                let mut dialogue = Dialogue::default();
                let mut log = read(&mut dialogue, Side::Client, head.as_bytes(), step);
                let (mut content, mut raw) = (Vec::new(), Vec::new());
                dialogue.finish(Side::Client, &mut |piece| {
                    note(&piece, &mut log, &mut content, &mut raw);
                });
                let log = log.replace(&format!("raw {}; ", head.len()), "");
                assert_eq!(log, expected, "in pieces of {step}");
            }
        }
    }

    #[test]
    fn wrong_chunks_are_the_same_however_they_are_cut() {
        let long = format!("0\r\n{}x", "t".repeat(HEAD_LIMIT + 1));
        for (body, raw) in [
            ("1x", 1),
            ("AH", 1),
            ("1\r\na\rx", 1),
            ("1\r\na\r\r\n0\r\n\r\n", 7),
            ("\r\n", 2),
            (&long, 2),
        ] {
            let head = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
            let bytes = [head, body].concat();
            for step in [1, 2, 3, 5, bytes.len()] {
                let said = read(&mut Dialogue::default(), Side::Client, bytes.as_bytes(), step);
                let begins = said.starts_with("POST /a; cut; not http: ");
                let shown = &body[..body.len().min(20)];
                assert!(
                    begins && said.ends_with(&format!("; raw {raw}; ")),
                    "{shown:?} {step}: {said}"
                );
            }
        }
    }

    #[test]
    fn answers_are_matched_in_order_and_interim_ones_do_not_count() {
        let mut dialogue = Dialogue::default();
        read(&mut dialogue, Side::Client, TWO, 1000);
        let answers =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\
            HTTP/1.1 204 No\r\n\r\n";
        let log = read(&mut dialogue, Side::Server, answers, 7);
        assert_eq!(log, "100 interim to 0; end \"\"; 200 to 0; end \"hi\"; 204 to 1; end \"\"; ");
        assert_eq!(dialogue.owed(), 1);
        let log = read(&mut dialogue, Side::Server, b"HTTP/1.0 200 OK\r\n\r\nuntil close", 5);
        assert_eq!(log, "200 to 2; ");
        assert!(!dialogue.unanswered(), "its answer has begun");
        let mut log = String::new();
        dialogue.finish(Side::Server, &mut |piece| {
            note(&piece, &mut log, &mut Vec::new(), &mut Vec::new());
        });
        assert_eq!(log, "end \"\"; ");
    }

    #[test]
    fn a_head_request_is_answered_without_content() {
        let mut dialogue = Dialogue::default();
        read(&mut dialogue, Side::Client, b"HEAD / HTTP/1.1\r\n\r\n", 100);
        assert!(dialogue.oldest_is_head());
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(read(&mut dialogue, Side::Server, answer, 9), "200 to 0; end \"\"; ");
        assert!(dialogue.is_idle());
    }

    #[test]
    fn after_an_upgrade_bytes_are_raw_in_both_directions() {
        let mut dialogue = Dialogue::default();
        read(&mut dialogue, Side::Client, b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 100);
        let log =
            read(&mut dialogue, Side::Server, b"HTTP/1.1 101 Switching\r\n\r\n\x81\x02hi", 100);
        assert_eq!(log, "101 to 0; end \"\"; raw 4; ");
        assert_eq!(read(&mut dialogue, Side::Client, b"\x81\x82....", 100), "raw 6; ");
    }

    #[test]
    fn what_is_not_http_is_said_once_and_passed_on() {
        let mut dialogue = Dialogue::default();
        let log = read(&mut dialogue, Side::Client, b"\x16\x03\x01\x02\x00\x01", 3);
        assert_eq!(log, "not http: a TLS handshake where HTTP/1 was expected; raw 6; ");
        let mut dialogue = Dialogue::default();
        let log = read(&mut dialogue, Side::Server, b"<html>no head</html>", 4);
        assert_eq!(log, "not http: invalid HTTP version; raw 20; ");
        let bad = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd";
        let log = read(&mut Dialogue::default(), Side::Client, bad, 100);
        assert_eq!(log, format!("not http: an unusable Content-Length; raw {}; ", bad.len()));
        let bad = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz";
        let log = read(&mut Dialogue::default(), Side::Client, bad, 100);
        assert_eq!(log, "POST /; cut; not http: a chunk without a size; raw 3; ");
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_or_invented(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..400),
                Just(TWO.to_vec()),
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n[0-9a-f;\r\n]{0,60}".prop_map(String::into_bytes),
            ],
            step in 1_usize..50,
            from in prop_oneof![Just(Side::Client), Just(Side::Server)],
        ) {
            let mut dialogue = Dialogue::default();
            let mut out = Vec::new();
            let mut sink = |piece: Piece<'_>| match piece {
                Piece::Request(_, raw) | Piece::Response { raw, .. } => out.extend_from_slice(raw),
                Piece::Content(b) | Piece::Framing(b) | Piece::Raw(b) => out.extend_from_slice(b),
                Piece::End | Piece::Cut | Piece::NotHttp(_) => {}
            };
            for part in bytes.chunks(step) {
                dialogue.feed(from, part, &mut sink);
            }
            dialogue.finish(from, &mut sink);
            prop_assert_eq!(out, bytes);
        }
    }
}
