//! From the bytes of one side to events: a message is put together from what the tap has marked.

use std::mem;
use std::time::Duration;

use super::event::{Content, Event, Fact, Frame, Part, Raw, Request, Response};
use super::intake::{Intake, Pieces, RequestLine, StatusLine};
use crate::wire::Side;
use crate::wire::conversation::{Foreign, Mark};
use crate::wire::http1::{self, HEAD_LIMIT};
use crate::wire::stream::Kind;
use crate::wire::tap::{Charge, Chunk};
use crate::wire::websocket::{self, Assembler, Close, Deflate, Inflater, Opcode, Step};

/// Of one piece that is not what was expected, this much is kept.
const RAW_KEPT: usize = 1024;

/// What is known of the message that one side is sending.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// First byte of the message, or of what may become one.
    first: Option<Duration>,
    /// What has come of something that is not complete.
    part: Vec<u8>,
    head: Option<Box<Fact>>,
    content: Vec<u8>,
    size: u64,
    /// What is put together counts against the bound of the queue meanwhile.
    charge: Option<Charge>,
    frames: Option<Box<Frames>>,
    /// What the message before has left unfinished, if its end may lie elsewhere than it said.
    unfinished: Option<Box<Pieces>>,
    raw: Option<Box<RawState>>,
}

/// One direction of a WebSocket.
#[derive(Debug, Default)]
struct Frames {
    assembler: Assembler,
    pieces: Pieces,
    /// When the message began whose fragments are coming.
    message: Option<Duration>,
}

#[derive(Debug, Default)]
struct RawState {
    why: Option<String>,
    pieces: Pieces,
    /// The bytes are masked or compressed, so that they cannot be searched for secrets.
    opaque: bool,
}

/// Where events of one direction go.
pub(super) struct Stream<'a> {
    pub(super) intake: &'a mut Intake,
    pub(super) at: Duration,
    pub(super) conn: u64,
    pub(super) from: Side,
    pub(super) own: bool,
    pub(super) out: &'a mut Vec<Event>,
}

impl Stream<'_> {
    fn event(&mut self, fact: Fact) {
        self.out.push(Event { at: self.at, conn: self.conn, fact });
    }
}

impl Half {
    /// A byte has come, perhaps the first of a message.
    pub(super) fn comes(&mut self, at: Duration) {
        self.first.get_or_insert(at);
    }

    /// Whether a message has begun that is not complete.
    pub(super) fn has_begun(&self) -> bool {
        self.head.is_some() || !self.part.is_empty()
    }

    /// Bytes were not seen. What was begun is given up.
    pub(super) fn skip(&mut self) {
        let frames = self.frames.take().map(|mut frames| {
            frames.assembler.skip();
            (frames.pieces, frames.message) = (Pieces::default(), None);
            frames
        });
        *self = Self { frames, ..Self::default() };
    }

    pub(super) fn speak_websocket(&mut self, side: Side, deflate: Option<Deflate>) {
        if self.frames.is_some() {
            return;
        }
        let mut frames = Box::<Frames>::default();
        if let Some(deflate) = deflate {
            let no_context = match side {
                Side::Client => deflate.client_no_context,
                Side::Server => deflate.server_no_context,
            };
            frames.assembler.inflate_with(Inflater::new(no_context));
        }
        self.frames = Some(frames);
    }

    /// What came before it was known that this is WebSocket.
    pub(super) fn early(&mut self, stream: &mut Stream<'_>) {
        let part = mem::take(&mut self.part);
        self.size = 0;
        websocket::Reader::default().feed(&part, &mut |piece| match piece {
            websocket::Piece::Head(head, _) => self.frame(Step::Head(head), stream),
            websocket::Piece::Payload(bytes) => self.frame(Step::Payload(bytes), stream),
            websocket::Piece::End => self.frame(Step::End, stream),
            websocket::Piece::Fault(why) => self.foreign(&why, true),
            websocket::Piece::Raw(bytes) => self.raw(bytes, stream),
            websocket::Piece::Part(_) | websocket::Piece::Cut => {}
        });
    }

    /// From here on this is not what was expected.
    fn foreign(&mut self, why: &dyn ToString, opaque: bool) {
        let why = Some(why.to_string());
        let pieces = self.unfinished.take().map(|pieces| *pieces).unwrap_or_default();
        self.raw = Some(Box::new(RawState { why, pieces, opaque }));
    }

    pub(super) fn mark(
        &mut self,
        mark: Mark,
        bytes: &[u8],
        chunk: Option<&Chunk>,
        stream: &mut Stream<'_>,
    ) {
        match mark {
            // A head is needed whole, however little of a body is to be kept.
            Mark::Part(_) => self.part(bytes, chunk, stream.intake.body_limit().max(HEAD_LIMIT)),
            Mark::Request(_) => self.begin(bytes, |half, head| {
                let mut headers = http1::lines();
                let mut request = httparse::Request::new(&mut []);
                let is_head = request.parse_with_uninit_headers(head, &mut headers).is_ok();
                is_head.then(|| Fact::Request(half.request(&request, stream)))
            }),
            Mark::Response(_, answers) => self.begin(bytes, |half, head| {
                let mut headers = http1::lines();
                let mut response = httparse::Response::new(&mut []);
                let is_head = httparse::ParserConfig::default()
                    .parse_response_with_uninit_headers(&mut response, head, &mut headers)
                    .is_ok();
                is_head.then(|| Fact::Response(half.response(&response, answers, stream)))
            }),
            Mark::Content(_) => self.content(bytes, chunk, stream.intake.body_limit()),
            Mark::Framing(_) | Mark::WebSocket(_) => {}
            Mark::End => self.complete(false, stream),
            Mark::Frame(_, head) => {
                self.part.clear();
                self.frame(Step::Head(head), stream);
            }
            Mark::Payload(_) => {
                let before = self.kept();
                self.frame(Step::Payload(bytes), stream);
                let more = self.kept() - before;
                if let Some(chunk) = chunk.filter(|_| more > 0) {
                    self.charge.get_or_insert_with(|| chunk.charge()).grow(more);
                }
            }
            Mark::FrameEnd => self.frame(Step::End, stream),
            Mark::Item(_, kind) => {
                self.part(bytes, None, stream.intake.body_limit());
                self.item(kind, false, stream);
            }
            Mark::Cut if self.frames.is_some() => {
                self.part.clear();
                self.frame(Step::Cut, stream);
            }
            Mark::Cut if self.head.is_some() => self.complete(true, stream),
            Mark::Cut => self.item(Kind::Element, true, stream),
            Mark::Foreign(why) => {
                self.foreign(&why, self.frames.is_some() || why == Foreign::Early);
            }
            Mark::Raw(_) => {
                let part = mem::take(&mut self.part);
                self.size = 0;
                self.charge = None;
                if part.is_empty() {
                    self.raw(bytes, stream);
                } else {
                    self.raw(&[&part[..], bytes].concat(), stream);
                }
            }
        }
    }

    /// Some bytes of what is not complete yet.
    fn part(&mut self, bytes: &[u8], chunk: Option<&Chunk>, limit: usize) {
        self.size += bytes.len() as u64;
        let room = limit.saturating_sub(self.part.len()).min(bytes.len());
        if let Some(chunk) = chunk.filter(|_| room > 0) {
            self.charge.get_or_insert_with(|| chunk.charge()).grow(room);
        }
        self.part.extend_from_slice(&bytes[..room]);
    }

    /// The head of a message is complete.
    fn begin(&mut self, bytes: &[u8], fact: impl FnOnce(&Self, &[u8]) -> Option<Fact>) {
        let part = mem::take(&mut self.part);
        (self.size, self.charge, self.unfinished) = (0, None, None);
        let fact = if part.is_empty() {
            fact(self, bytes)
        } else {
            fact(self, &[&part[..], bytes].concat())
        };
        self.head = fact.map(Box::new);
    }

    /// A part of a stream has come to its end, or to what is all of it.
    fn item(&mut self, kind: Kind, cut: bool, stream: &mut Stream<'_>) {
        let bytes = mem::take(&mut self.part);
        let size = mem::take(&mut self.size);
        let first = self.first.take().unwrap_or(stream.at);
        self.charge = None;
        if cut {
            self.unfinished = stream.intake.unfinished(&bytes).map(Box::new);
        }
        let content = Content { cut, ..stream.intake.text(bytes, size) };
        let own = stream.own;
        stream.event(Fact::Part(Part { from: stream.from, first, kind, content, own }));
    }

    /// Bytes of a message of WebSocket that are kept while it comes.
    fn kept(&self) -> usize {
        self.frames.as_ref().map_or(0, |frames| frames.assembler.kept())
    }

    fn frame(&mut self, step: Step<'_>, stream: &mut Stream<'_>) {
        let Some(frames) = &mut self.frames else { return };
        let begins_message = matches!(&step, Step::Head(head) if !head.opcode.is_control());
        let first = self.first.unwrap_or(stream.at);
        let ends = matches!(step, Step::End | Step::Cut);
        let Frames { assembler, pieces, message } = &mut **frames;
        assembler.take(step, stream.intake.body_limit(), &mut |taken| {
            let is_control = taken.opcode.is_control();
            let first = if is_control { first } else { message.take().unwrap_or(first) };
            let frame = frame(taken, first, pieces, stream);
            stream.event(Fact::Frame(frame));
        });
        if begins_message {
            message.get_or_insert(first);
        }
        if ends {
            self.first = None;
            if frames.assembler.kept() == 0 {
                self.charge = None;
            }
        }
    }

    fn request(&self, head: &httparse::Request<'_, '_>, stream: &mut Stream<'_>) -> Request {
        let line = RequestLine {
            method: head.method.unwrap_or_default(),
            target: head.path.unwrap_or_default(),
            version: head.version.unwrap_or(1),
        };
        stream.intake.request(self.first.unwrap_or(stream.at), &line, lines(head.headers))
    }

    fn response(
        &self,
        head: &httparse::Response<'_, '_>,
        answers: Option<u64>,
        stream: &mut Stream<'_>,
    ) -> Response {
        let line = StatusLine {
            version: head.version.unwrap_or(1),
            status: head.code.unwrap_or(0),
            reason: head.reason.unwrap_or_default(),
        };
        let first = self.first.unwrap_or(stream.at);
        let response = stream.intake.response(first, &line, lines(head.headers));
        Response { answers, own: stream.own, ..response }
    }

    fn content(&mut self, bytes: &[u8], chunk: Option<&Chunk>, limit: usize) {
        self.size += bytes.len() as u64;
        let room = limit.saturating_sub(self.content.len()).min(bytes.len());
        if room == 0 {
            return;
        }
        if let Some(chunk) = chunk {
            self.charge.get_or_insert_with(|| chunk.charge()).grow(room);
        }
        self.content.extend_from_slice(&bytes[..room]);
    }

    /// The message has come to its end, or to what is all of it.
    fn complete(&mut self, cut: bool, stream: &mut Stream<'_>) {
        let kept = mem::take(&mut self.content);
        let size = mem::take(&mut self.size);
        self.first = None;
        let Some(mut fact) = self.head.take() else { return };
        self.unfinished = stream.intake.unfinished(&kept).map(Box::new);
        let (headers, content) = match &mut *fact {
            Fact::Request(request) => (&request.headers, &mut request.content),
            Fact::Response(response) => (&response.headers, &mut response.content),
            _ => return,
        };
        *content = Content { cut, ..stream.intake.content(kept, size, headers) };
        self.charge = None;
        stream.event(*fact);
    }

    fn raw(&mut self, bytes: &[u8], stream: &mut Stream<'_>) {
        // Without a reason these are the bytes of a protocol that both sides switched to.
        let Some(raw) = &mut self.raw else { return };
        let shown =
            if raw.opaque { Vec::new() } else { stream.intake.piece(&mut raw.pieces, bytes) };
        let piece = Raw {
            from: stream.from,
            why: raw.why.take(),
            size: bytes.len() as u64,
            bytes: shown[..shown.len().min(RAW_KEPT)].to_vec(),
        };
        stream.event(Fact::Raw(piece));
    }
}

/// A message of WebSocket as a fact.
fn frame(
    mut message: websocket::Message,
    first: Duration,
    pieces: &mut Pieces,
    stream: &mut Stream<'_>,
) -> Frame {
    let mut payload = message.take_payload();
    let close = (message.opcode == Opcode::CLOSE).then(|| Close::of(&payload));
    let status = close.as_ref().and_then(Close::status);
    let size = message.size;
    if status.is_some() {
        payload.drain(..2);
        message.size -= 2;
    }
    let content = if message.opcode.is_control() {
        Content { size, ..stream.intake.text(payload, message.size) }
    } else {
        stream.intake.message(pieces, payload, message.size)
    };
    Frame {
        from: stream.from,
        first,
        opcode: message.opcode.0,
        frames: message.frames,
        masked: message.frames - message.unmasked,
        mask: message.mask.map(u32::from_be_bytes),
        reserved: message.reserved,
        padded: message.padded,
        unfinished: message.unfinished,
        status,
        content: Content {
            coding: message.compressed.then(|| "permessage-deflate".to_owned()),
            undecoded: message.undecoded,
            clipped: message.clipped | content.clipped,
            cut: message.cut,
            ..content
        },
    }
}

fn lines<'a>(
    headers: &'a [httparse::Header<'_>],
) -> impl Iterator<Item = (&'a str, &'a [u8])> + Clone {
    headers.iter().map(|line| (line.name, line.value))
}
