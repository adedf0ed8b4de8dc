//! From bytes to events: one [`Recorder`] turns what the taps saw into requests and responses.
//!
//! Here, before anything is shown or stored, content codings are removed and secrets are hidden.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use super::content::decode;
use super::event::{Content, Event, Fact, Headers, Raw, Request, Response};
use super::redact::{self, Redactor};
use crate::wire::Side;
use crate::wire::http1::{Dialogue, Piece};
use crate::wire::tap::{Charge, Chunk, Item, What};

/// Of one piece that is not HTTP, this much is kept.
const RAW_KEPT: usize = 1024;

/// Settings of a recorder.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Leave secrets as they are.
    pub show_secrets: bool,
    /// How much of one content is kept.
    pub body_limit: usize,
}

/// Turns the items of the taps into events.
#[derive(Debug)]
pub struct Recorder {
    options: Options,
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
    redactor: Redactor,
    /// The last piece ended within the value of a secret header.
    in_secret: bool,
}

impl Recorder {
    /// A recorder that has seen nothing yet.
    pub fn new(options: Options) -> Self {
        Self { options, conns: HashMap::new() }
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
                let mut stream = Stream { options: &self.options, at, conn, from, own, out };
                conn_state.bytes(&bytes, &mut stream);
            }
            What::Ended { by, how, together } => {
                let mut last = Vec::new();
                if let Some(conn_state) = self.conns.get_mut(&conn) {
                    let options = &self.options;
                    let out = &mut last;
                    let mut stream = Stream { options, at, conn, from: by, own: false, out };
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
                            Stream { options: &self.options, at, conn, from, own: false, out };
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
    options: &'a Options,
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
            Piece::Content(bytes) => self.content(bytes, chunk, stream.options.body_limit),
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
        let target = head.path.unwrap_or_default();
        Request {
            first: self.first.unwrap_or(stream.at),
            method: head.method.unwrap_or_default().to_owned(),
            target: if stream.options.show_secrets {
                target.to_owned()
            } else {
                redact::target(target).into_owned()
            },
            version: head.version.unwrap_or(1),
            headers: headers(head.headers, stream.options),
            content: Content::default(),
        }
    }

    fn response(
        &self,
        head: &httparse::Response<'_, '_>,
        answers: Option<u64>,
        stream: &Stream<'_>,
    ) -> Response {
        Response {
            first: self.first.unwrap_or(stream.at),
            answers,
            version: head.version.unwrap_or(1),
            status: head.code.unwrap_or(0),
            reason: head.reason.unwrap_or_default().to_owned(),
            headers: headers(head.headers, stream.options),
            content: Content::default(),
            own: stream.own,
        }
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
        let clipped = size > kept.len() as u64;
        let codings: Vec<&str> = headers.all("content-encoding").collect();
        *content = viewed(kept, &codings.join(", "), stream.options);
        content.clipped |= clipped;
        content.size = size;
        content.cut = cut;
        self.charge = None;
        stream.out.push(Event { at: stream.at, conn: stream.conn, fact: *fact });
    }

    fn raw(&mut self, bytes: &[u8], stream: &mut Stream<'_>) {
        // Without a reason these are the bytes of a protocol that both sides switched to.
        let Some(raw) = &mut self.raw else { return };
        let hidden = if stream.options.show_secrets {
            bytes.to_vec()
        } else {
            let hidden = without_headers(&raw.redactor.redact_piece(bytes), &mut raw.in_secret);
            Redactor::default().redact_body(&hidden).into_owned()
        };
        let piece = Raw {
            from: stream.from,
            why: raw.why.take(),
            size: bytes.len() as u64,
            bytes: hidden[..hidden.len().min(RAW_KEPT)].to_vec(),
        };
        stream.out.push(Event { at: stream.at, conn: stream.conn, fact: Fact::Raw(piece) });
    }
}

/// The content as it may be shown: decoded, secrets hidden.
fn viewed(kept: Vec<u8>, coding: &str, options: &Options) -> Content {
    let coding = match kept[..] {
        // Coded but not said to be: what is in there must be searched for secrets too.
        [0x1f, 0x8b, ..] if !coding.contains("gzip") => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] if !coding.contains("zstd") => "zstd",
        _ => coding,
    };
    let mut content = Content { bytes: kept, ..Content::default() };
    if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
        let decoded = decode(coding, &content.bytes, options.body_limit);
        content.coding = Some(coding.to_owned());
        content.clipped = decoded.clipped;
        content.bytes = decoded.bytes;
        content.undecoded = decoded.error;
        if content.undecoded.is_some() && content.bytes.first() != Some(&b'<') {
            // Whatever is in there can't be searched for secrets.
            content.bytes.clear();
        }
    }
    if !options.show_secrets
        && let std::borrow::Cow::Owned(hidden) = Redactor::default().redact_body(&content.bytes)
    {
        content.bytes = hidden;
    }
    content
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
        if std::mem::take(in_secret) {
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

fn headers(lines: &[httparse::Header<'_>], options: &Options) -> Headers {
    let size = lines.iter().map(|line| line.name.len() + line.value.len() + 3).sum();
    let mut headers = Headers::with_capacity(size);
    for line in lines {
        // Field values are bytes; what is not UTF-8 is Latin-1 by the older rule.
        let value = std::str::from_utf8(line.value).map_or_else(
            |_| line.value.iter().map(|&b| char::from(b)).collect::<String>().into(),
            std::borrow::Cow::Borrowed,
        );
        let hidden = if options.show_secrets { None } else { redact::header(line.name, &value) };
        headers.push(line.name, hidden.as_deref().unwrap_or(&value));
    }
    headers
}
