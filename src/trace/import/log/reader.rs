//! From the lines of a log to events.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use super::dialects::{Known, Mark};
use super::direction::{Tag, bound};
use super::exchanges::{Exchanges, Place};
use super::piece::{Piece, Rest};
use super::replies::{Replies, Reply};
use super::roots;
use super::stamp;
use super::status::{self, Status};
use super::streams::{Stream, Streams};
use super::times::Times;
use crate::trace::event::{Content, Event, Fact, Frame, Part, Response};
use crate::trace::import::sorter::Sorter;
use crate::trace::intake::{Intake, RequestLine, StatusLine};
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::xmpp::ns;

/// What stands in front of XML is looked at this far.
const PREFIX: usize = 512;

/// Reads a log line by line.
pub(super) struct Reader {
    known: &'static Known,
    of: Side,
    /// Lines with the first tags of stanzas alone are copies of others.
    brief_are_copies: bool,
    intake: Intake,
    pub sorter: Sorter,
    pub times: Times,
    pub counts: Counts,
    exchanges: Exchanges,
    replies: Replies,
    streams: Streams,
    conns: u64,
    /// The piece that goes on in the next line.
    open: Option<(Piece, Mark, Duration)>,
    /// What a line without XML said of that in the next.
    pending: Mark,
    /// The address that the client has bound.
    own: Option<String>,
}

/// What was found in a log, and what was not.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Lines without XML.
    pub lines: u64,
    /// Those of them that seem to be about a failure, and the number of the first.
    pub failures: u64,
    pub first_failure: u64,
    /// Events before the first time.
    pub early: u64,
    /// Elements of which it is not known who sent them.
    pub unclear: u64,
    /// Elements of which only the beginning is there.
    pub cut: u64,
    /// Elements that are there twice.
    pub copies: u64,
    /// Responses of BOSH of which the stanzas alone are there.
    pub replies: u64,
    /// Status codes of HTTP.
    pub statuses: u64,
    /// Responses without their request.
    pub unasked: bool,
}

impl Reader {
    pub(super) fn new(
        known: &'static Known,
        of: Side,
        brief_are_copies: bool,
        intake: Intake,
    ) -> Self {
        Self {
            known,
            of,
            brief_are_copies,
            intake,
            sorter: Sorter::default(),
            times: Times::default(),
            counts: Counts::default(),
            exchanges: Exchanges::default(),
            replies: Replies::default(),
            streams: Streams::default(),
            conns: 0,
            open: None,
            pending: Mark::default(),
            own: None,
        }
    }

    /// Takes the next line, which has this number.
    pub(super) fn line(&mut self, line: &[u8], number: u64) -> io::Result<()> {
        if let Some((mut piece, mark, at)) = self.open.take() {
            if self.begins(line) {
                self.piece(piece, &mark, at)?;
            } else {
                let Some(rest) = piece.take(line, false) else {
                    self.open = Some((piece, mark, at));
                    return Ok(());
                };
                self.piece(piece, &mark, at)?;
                return match rest {
                    Rest::At(from) => self.pieces(line, from, mark, at),
                    Rest::Text(text) => self.pieces(&text, 0, mark, at),
                };
            }
        }
        let start = roots::find(line, 0);
        let prefix = &line[..start.map_or(line.len(), |start| start.at)];
        if let Some((_, stamp)) = stamp::find(prefix) {
            self.times.see(&stamp);
        }
        let at = self.times.now();
        let words = String::from_utf8_lossy(&prefix[prefix.len().saturating_sub(PREFIX)..]);
        let mark = self.known.mark(&words);
        if start.is_none() {
            return self.other(line, mark, at, number);
        }
        let pending = std::mem::take(&mut self.pending);
        let mark = Mark {
            received: mark.received.or(pending.received),
            by: mark.by.or(pending.by),
            session: mark.session.or(pending.session),
            copy: mark.copy || self.brief_are_copies && is_brief(&words),
            ..mark
        };
        self.pieces(line, 0, mark, at)
    }

    /// The log ends here.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if let Some((piece, mark, at)) = self.open.take() {
            self.piece(piece, &mark, at)?;
        }
        self.counts.unasked = self.exchanges.unasked;
        Ok(())
    }

    /// Whether a line begins an entry of its own, rather than going on with the XML of the last.
    fn begins(&self, line: &[u8]) -> bool {
        let text = &line[..line.len().min(PREFIX)];
        let start = text.iter().take_while(|byte| b"[\" \t".contains(byte)).count();
        stamp::find(&text[start..]).is_some_and(|(range, _)| range.start < 8)
            || text.get(start).is_some_and(|byte| *byte != b'<') && {
                let end = roots::find(text, 0).map_or(text.len(), |start| start.at);
                let mark = self.known.mark(&String::from_utf8_lossy(&text[..end]));
                mark.says()
            }
    }

    /// All pieces of XML in a line, from this byte on.
    fn pieces(&mut self, line: &[u8], from: usize, mark: Mark, at: Duration) -> io::Result<()> {
        let (mut line, mut from, mut mark, mut at) = (Cow::Borrowed(line), from, mark, at);
        while let Some(start) = roots::find(&line, from) {
            if from > 0 {
                (mark, at) = self.between(&line[from..start.at], mark, at);
            }
            let mut piece = Piece::new(start.written, self.intake.body_limit());
            let Some(rest) = piece.take(&line[start.at..], true) else {
                self.open = Some((piece, mark, at));
                return Ok(());
            };
            match rest {
                Rest::At(behind) => from = start.at + behind,
                Rest::Text(text) => (line, from) = (Cow::Owned(text), 0),
            }
            self.piece(piece, &mark, at)?;
        }
        Ok(())
    }

    /// What stands between two pieces on a line may be said of the second.
    fn between(&mut self, text: &[u8], mark: Mark, at: Duration) -> (Mark, Duration) {
        if text.trim_ascii().is_empty() {
            return (mark, at);
        }
        if let Some((_, stamp)) = stamp::find(text) {
            self.times.see(&stamp);
        }
        let words = String::from_utf8_lossy(&text[text.len().saturating_sub(PREFIX)..]);
        let next = self.known.mark(&words);
        (if next.says() { next } else { mark }, self.times.now())
    }

    /// A line without XML.
    fn other(&mut self, line: &[u8], mark: Mark, at: Duration, number: u64) -> io::Result<()> {
        if mark.says() {
            self.pending = mark;
            return Ok(());
        }
        if let Some(reply) = self.replies.line(line) {
            return self.reply(reply, at);
        }
        match status::read(line) {
            Some(Status::Posting(id)) => self.exchanges.post(id),
            Some(Status::Ok(_)) => self.counts.statuses += 1,
            Some(Status::Failed(id, status)) => {
                self.counts.statuses += 1;
                return self.failed(id, status, at);
            }
            None => {}
        }
        if !line.trim_ascii().is_empty() {
            self.counts.lines += 1;
            if is_failure(line) {
                self.counts.failures += 1;
                if self.counts.first_failure == 0 {
                    self.counts.first_failure = number;
                }
            }
        }
        Ok(())
    }

    /// A piece of XML has come to its end, or ends here.
    fn piece(&mut self, piece: Piece, mark: &Mark, at: Duration) -> io::Result<()> {
        let Piece { bytes, size, kind, .. } = piece;
        let tag = Tag::of(&bytes);
        if mark.copy {
            self.counts.copies += 1;
            return Ok(());
        }
        let marked = mark.received.map(|received| if received { self.of.other() } else { self.of });
        let likely = || tag.likely(self.own.as_deref());
        let Some(from) = tag.sender().or(mark.by).or(marked).or_else(likely) else {
            self.counts.unclear += 1;
            return Ok(());
        };
        // A browser shows what is folded as an ellipsis.
        let folded = memchr::memmem::find(&bytes, ">…<".as_bytes()).is_some();
        let cut = kind.is_none_or(|kind| kind == Kind::Other) || folded;
        self.counts.cut += u64::from(cut);
        if from == Side::Server && tag.name == "iq" {
            self.own = bound(&bytes).or(self.own.take());
        }
        let session = mark.session.as_deref().unwrap_or_default();
        if mark.bosh && tag.name != "body" {
            // What the client sends is in its requests.
            if from == Side::Server && kind == Some(Kind::Element) {
                let bytes = Stream::default().scoped(from, &tag, bytes);
                self.replies.stanza(session, &bytes);
            }
            return Ok(());
        }
        if tag.name == "body" {
            let content = self.content(bytes, size, cut);
            return self.body(from, &tag, content, at);
        }
        let kind = kind.unwrap_or(Kind::Element);
        let websocket = self.known.dialect.websocket;
        let stream = self.streams.of(session, from, &tag, kind, websocket, &mut self.conns);
        let (conn, websocket) = (stream.conn, stream.websocket);
        let bytes = stream.scoped(from, &tag, bytes);
        let size = size.max(bytes.len() as u64);
        self.intake.on(conn);
        let content = self.content(bytes, size, cut);
        let fact = if websocket {
            Fact::Frame(text_frame(from, at, content))
        } else {
            Fact::Part(Part { from, first: at, kind, content, own: false })
        };
        self.event(at, conn, fact)
    }

    fn content(&mut self, bytes: Vec<u8>, size: u64, cut: bool) -> Content {
        Content { cut, ..self.intake.text(bytes, size) }
    }

    /// A `<body/>`.
    fn body(&mut self, from: Side, tag: &Tag, content: Content, at: Duration) -> io::Result<()> {
        let sid = tag.get("sid");
        if from == Side::Server {
            let place = self.exchanges.response(sid);
            return self.response(place, 200, content, at);
        }
        let plain = sid.is_some() && tag.get("type").is_none();
        let Place { conn, .. } =
            self.exchanges.request(sid, tag.get("rid"), plain, &mut self.conns);
        let line = RequestLine { method: "POST", target: "", version: 1 };
        let mut request = self.intake.request(at, &line, std::iter::empty());
        request.content = content;
        self.event(at, conn, Fact::Request(request))
    }

    /// A response of which the log has the stanzas alone. A `<body/>` without attributes is put around them.
    fn reply(&mut self, reply: Reply, at: Duration) -> io::Result<()> {
        let Reply { sid, rid, stanzas } = reply;
        let place = match &rid {
            Some(rid) => self.exchanges.answer(rid),
            None => self.exchanges.response(sid.as_deref()),
        };
        let Some(Place { plain, .. }) = place else { return Ok(()) };
        self.counts.replies += 1;
        let content = if plain {
            let start = format!("<body xmlns='{}' xmlns:stream='{}'>", ns::HTTPBIND, ns::STREAMS);
            let body = [start.as_bytes(), &stanzas, b"</body>"].concat();
            let size = body.len() as u64;
            self.content(body, size, false)
        } else {
            // What the session was granted, or ended with, is not in the log.
            let size = stanzas.len() as u64;
            self.content(stanzas, size.max(1), true)
        };
        self.response(place, 200, content, at)
    }

    /// What a client says of a request that was not answered with 200.
    fn failed(&mut self, id: u64, status: u16, at: Duration) -> io::Result<()> {
        if status > 0 {
            let place = self.exchanges.refused(id);
            return self.response(place, status, Content::default(), at);
        }
        let place = self.exchanges.lost(id);
        let conn = self.conn(place);
        let cause = "The browser got no response (status 0): the connection was refused or lost, or CORS hides it.";
        self.event(at, conn, Fact::Failed { cause: cause.to_owned() })?;
        self.event(at, conn, Fact::Closed { client: 0, server: 0, stopped: false })
    }

    fn event(&mut self, at: Duration, conn: u64, fact: Fact) -> io::Result<()> {
        self.counts.early += u64::from(at.is_zero());
        self.sorter.take(&Event { at, conn, fact })
    }

    fn response(
        &mut self,
        place: Option<Place>,
        status: u16,
        content: Content,
        at: Duration,
    ) -> io::Result<()> {
        let conn = self.conn(place);
        let line = StatusLine { version: 1, status, reason: "" };
        let response = self.intake.response(at, &line, std::iter::empty());
        let answers = place.map(|place| place.number);
        self.event(at, conn, Fact::Response(Response { answers, content, ..response }))
    }

    /// The connection of a request, or another one.
    fn conn(&mut self, place: Option<Place>) -> u64 {
        place.map_or_else(
            || {
                self.conns += 1;
                self.conns
            },
            |place| place.conn,
        )
    }
}

fn text_frame(from: Side, first: Duration, content: Content) -> Frame {
    Frame {
        from,
        first,
        opcode: 1,
        frames: 1,
        masked: u32::from(from == Side::Client),
        mask: None,
        reserved: 0,
        padded: false,
        unfinished: false,
        status: None,
        content,
    }
}

/// Prosody's lines with first tags alone.
pub(super) fn is_brief(prefix: &str) -> bool {
    prefix.contains("Received[") || prefix.contains("Sending[")
}

/// Whether a line seems to be about a failure.
fn is_failure(line: &[u8]) -> bool {
    const WORDS: [&str; 10] = [
        "error",
        "fail",
        "refused",
        "cors",
        "closed",
        "timed out",
        "timeout",
        "denied",
        "warn",
        "disconnect",
    ];
    let text = String::from_utf8_lossy(&line[..line.len().min(PREFIX)]).to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}
