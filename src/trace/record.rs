//! From bytes to events: one [`Recorder`] turns what the taps saw into requests and responses. What of them may be kept
//! is decided by the [intake](super::intake).

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use super::event::{Content, Event, Fact, Raw, Request, Response};
use super::intake::{Intake, Pieces, RequestLine, StatusLine};
use crate::wire::Side;
use crate::wire::http1::{Dialogue, Piece};
use crate::wire::tap::{Charge, Chunk, Item, What};

/// Of one piece that is not HTTP, this much is kept.
const RAW_KEPT: usize = 1024;

/// Turns the items of the taps into events.
#[derive(Debug)]
pub struct Recorder {
    intake: Intake,
    /// Boxed: a table has room to spare, and connections are many.
    conns: HashMap<u64, Box<Conn>>,
}

#[derive(Debug, Default)]
struct Conn {
    dialogue: Dialogue,
    client: Half,
    server: Half,
}

/// What is known of the message that one side is sending.
#[derive(Debug, Default)]
struct Half {
    /// First byte of the message, or of what may become one.
    first: Option<Duration>,
    head: Option<Box<Fact>>,
    content: Vec<u8>,
    size: u64,
    /// The content counts against the bound of the queue while it is put together.
    charge: Option<Charge>,
    raw: Option<Box<RawState>>,
}

#[derive(Debug, Default)]
struct RawState {
    why: Option<String>,
    pieces: Pieces,
}

impl Recorder {
    /// A recorder that has seen nothing yet, and keeps what `intake` lets through.
    pub fn new(intake: Intake) -> Self {
        Self { intake, conns: HashMap::new() }
    }

    /// Takes one item; the events it completes go to `out`.
    pub fn take(&mut self, item: Item, out: &mut Vec<Event>) {
        let Item { conn, at, what } = item;
        let event = |fact| Event { at, conn, fact };
        match what {
            What::Opened { client } => {
                self.conns.insert(conn, Box::default());
                out.push(event(Fact::Opened { client }));
            }
            What::Failed { cause } => out.push(event(Fact::Failed { cause })),
            What::Bytes { from, bytes, own } => {
                let conn_state = self.conns.entry(conn).or_default();
                let mut stream = Stream { intake: &self.intake, at, conn, from, own, out };
                conn_state.bytes(&bytes, &mut stream);
            }
            What::Ended { by, how, together } => {
                let mut last = Vec::new();
                if let Some(conn_state) = self.conns.get_mut(&conn) {
                    let intake = &self.intake;
                    let out = &mut last;
                    let mut stream = Stream { intake, at, conn, from: by, own: false, out };
                    conn_state.finish(&mut stream);
                }
                // The end of a connection completes a message, or comes before what it cuts.
                let (cut, whole): (Vec<_>, _) =
                    last.into_iter().partition(|event| is_cut(&event.fact));
                out.extend(whole);
                out.push(event(Fact::Ended { by, how, together }));
                out.extend(cut);
            }
            What::Lost(lost) => {
                // What was begun will not be completed: observing starts anew.
                self.conns.insert(conn, Box::default());
                let (messages, bytes) = (lost.messages, lost.bytes);
                out.push(event(Fact::Lost { messages, bytes }));
            }
            What::Closed { client, server, stopped } => {
                if let Some(mut conn_state) = self.conns.remove(&conn) {
                    for from in [Side::Client, Side::Server] {
                        let mut stream =
                            Stream { intake: &self.intake, at, conn, from, own: false, out };
                        conn_state.finish(&mut stream);
                    }
                }
                out.push(event(Fact::Closed { client, server, stopped }));
            }
        }
    }
}

fn is_cut(fact: &Fact) -> bool {
    match fact {
        Fact::Request(request) => request.content.cut,
        Fact::Response(response) => response.content.cut,
        _ => false,
    }
}

/// Where events of one direction go.
struct Stream<'a> {
    intake: &'a Intake,
    at: Duration,
    conn: u64,
    from: Side,
    own: bool,
    out: &'a mut Vec<Event>,
}

impl Conn {
    fn bytes(&mut self, chunk: &Chunk, stream: &mut Stream<'_>) {
        let half = match stream.from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        half.first.get_or_insert(stream.at);
        self.dialogue
            .feed(stream.from, chunk, &mut |piece| half.piece(&piece, Some(chunk), stream));
        if half.head.is_some() {
            // The next message has begun, in this chunk.
            half.first.get_or_insert(stream.at);
        }
    }

    fn finish(&mut self, stream: &mut Stream<'_>) {
        let half = match stream.from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        half.first.get_or_insert(stream.at);
        self.dialogue.finish(stream.from, &mut |piece| half.piece(&piece, None, stream));
    }
}

impl Half {
    fn piece(&mut self, piece: &Piece<'_>, chunk: Option<&Chunk>, stream: &mut Stream<'_>) {
        match piece {
            Piece::Request(head, _) => {
                let request = self.request(head, stream);
                self.head = Some(Box::new(Fact::Request(request)));
            }
            Piece::Response { head, answers, .. } => {
                let response = self.response(head, *answers, stream);
                self.head = Some(Box::new(Fact::Response(response)));
            }
            Piece::Content(bytes) => self.content(bytes, chunk, stream.intake.body_limit),
            Piece::Framing(_) => {}
            Piece::End => self.complete(false, stream),
            Piece::Cut => self.complete(true, stream),
            Piece::NotHttp(why) => {
                self.raw =
                    Some(Box::new(RawState { why: Some(why.to_string()), ..Default::default() }));
            }
            Piece::Raw(bytes) => self.raw(bytes, stream),
        }
    }

    fn request(&self, head: &httparse::Request<'_, '_>, stream: &Stream<'_>) -> Request {
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
        stream: &Stream<'_>,
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
        let (headers, content) = match &mut *fact {
            Fact::Request(request) => (&request.headers, &mut request.content),
            Fact::Response(response) => (&response.headers, &mut response.content),
            _ => return,
        };
        *content = Content { cut, ..stream.intake.content(kept, size, headers) };
        self.charge = None;
        stream.out.push(Event { at: stream.at, conn: stream.conn, fact: *fact });
    }

    fn raw(&mut self, bytes: &[u8], stream: &mut Stream<'_>) {
        // Without a reason these are the bytes of a protocol that both sides switched to.
        let Some(raw) = &mut self.raw else { return };
        let shown = stream.intake.piece(&mut raw.pieces, bytes);
        let piece = Raw {
            from: stream.from,
            why: raw.why.take(),
            size: bytes.len() as u64,
            bytes: shown[..shown.len().min(RAW_KEPT)].to_vec(),
        };
        stream.out.push(Event { at: stream.at, conn: stream.conn, fact: Fact::Raw(piece) });
    }
}

fn lines<'a>(
    headers: &'a [httparse::Header<'_>],
) -> impl Iterator<Item = (&'a str, &'a [u8])> + Clone {
    headers.iter().map(|line| (line.name, line.value))
}
