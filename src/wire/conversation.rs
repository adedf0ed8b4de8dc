//! What a connection speaks now: HTTP/1, WebSocket after a switch of protocols, an XML stream, or something else.
//!
//! A [`Conversation`] follows both directions and marks what each stretch of bytes is. The marks of one direction, put
//! together, cover exactly the bytes that were fed, so whoever has the bytes and the marks needs no framing of its own. It keeps
//! nothing but unfinished heads.

use super::Side;
use super::http1::{Dialogue, NotHttp, Piece};
use super::stream::{self, Kind, Splitter};
use super::websocket::{self, Deflate, Head};
use crate::xml::attributes;

/// Of a client's header, this much is read for the domain in it.
const HEADER: usize = 8 * 1024;

/// What the next bytes of a direction are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Some bytes of what is not complete yet: a head, an element.
    Part(u32),
    /// The last bytes of the head of a request.
    Request(u32),
    /// The last bytes of the head of a response, and which request of the connection it answers, from 0.
    Response(u32, Option<u64>),
    /// Content of a message of HTTP.
    Content(u32),
    /// Bytes that only frame content.
    Framing(u32),
    /// The message of HTTP is complete.
    End,
    /// What was begun, of any protocol, never comes to its end.
    Cut,
    /// From here on the connection speaks WebSocket, with compression if that was agreed.
    WebSocket(Option<Deflate>),
    /// The last bytes of the head of a frame, and what it says.
    Frame(u32, Head),
    /// Payload of a frame, as sent.
    Payload(u32),
    /// The frame is complete.
    FrameEnd,
    /// The last bytes of a part of an XML stream.
    Item(u32, Kind),
    /// From here on this direction is not what was expected.
    Foreign(Foreign),
    /// Bytes that are not what was expected, or of a protocol that is not followed.
    Raw(u32),
}

impl Mark {
    /// How many bytes it covers.
    pub fn len(&self) -> usize {
        let len = match *self {
            Self::Part(len)
            | Self::Request(len)
            | Self::Response(len, _)
            | Self::Content(len)
            | Self::Framing(len)
            | Self::Frame(len, _)
            | Self::Payload(len)
            | Self::Item(len, _)
            | Self::Raw(len) => len,
            Self::End | Self::Cut | Self::WebSocket(_) | Self::FrameEnd | Self::Foreign(_) => 0,
        };
        len as usize
    }

    /// Whether it covers no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why bytes are not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Not HTTP/1.
    #[error(transparent)]
    Http(#[from] NotHttp),
    /// Not WebSocket.
    #[error(transparent)]
    WebSocket(#[from] websocket::Fault),
    /// Not an XML stream.
    #[error(transparent)]
    Stream(#[from] stream::Fault),
    /// The client did not wait for the server to switch protocols, and it did not.
    #[error("frames of a WebSocket that the server did not open")]
    Early,
}

/// What a connection is expected to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expect {
    /// Requests of HTTP/1.
    #[default]
    Http,
    /// An XML stream, on which TLS may begin later.
    Stream,
}

/// What it speaks now.
#[derive(Debug)]
enum Speaks {
    Http,
    WebSocket(Box<[Frames; 2]>, Option<Deflate>),
    Stream(Box<Streams>),
    /// Something that cannot be followed.
    Opaque,
}

/// Both directions of an XML stream over TCP.
#[derive(Debug, Default)]
struct Streams {
    splitters: [Splitter; 2],
    starttls: StartTls,
    /// The client's header, as far as it has come.
    header: Vec<u8>,
    /// The domain that the client's header names.
    to: Option<Box<str>>,
}

/// Where the negotiation of STARTTLS stands (RFC 6120 §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartTls {
    /// Nothing was asked, or it was refused, or it is done.
    #[default]
    Idle,
    /// The client has sent `<starttls/>`. It has to wait.
    Asked,
    /// The server has sent `<proceed/>`: TLS begins.
    Proceeds,
}

/// One direction of a WebSocket.
#[derive(Debug, Default)]
struct Frames {
    reader: websocket::Reader,
    /// A message is unfinished: further fragments are due.
    in_message: bool,
}

/// Both directions of a connection.
#[derive(Debug)]
pub struct Conversation {
    dialogue: Dialogue,
    speaks: Speaks,
    /// Of each direction, bytes of an unfinished head that were marked as parts.
    carried: [usize; 2],
    origin: Option<Box<str>>,
    /// Requests so far.
    requests: u64,
    /// Which request asks for WebSocket, from 0, while it is not refused.
    upgrade: Option<u64>,
    /// What the client sends before the server has switched protocols.
    early: Option<Box<Frames>>,
}

impl Conversation {
    /// A conversation of which nothing was heard.
    pub fn new(expect: Expect) -> Self {
        let speaks = match expect {
            Expect::Http => Speaks::Http,
            Expect::Stream => Speaks::Stream(Box::default()),
        };
        Self {
            dialogue: Dialogue::default(),
            speaks,
            carried: [0; 2],
            origin: None,
            requests: 0,
            upgrade: None,
            early: None,
        }
    }

    /// The part of it that is HTTP.
    pub fn http(&self) -> &Dialogue {
        &self.dialogue
    }

    /// The `Origin` of the first request that has one: a browser sent it.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Whether it speaks a protocol that is followed no further.
    pub fn is_over(&self) -> bool {
        match self.speaks {
            Speaks::Http => self.dialogue.is_switched(),
            Speaks::Opaque => true,
            Speaks::WebSocket(..) | Speaks::Stream(_) => false,
        }
    }

    /// Where STARTTLS stands, if an XML stream is spoken.
    pub fn starttls(&self) -> StartTls {
        match &self.speaks {
            Speaks::Stream(streams) => streams.starttls,
            _ => StartTls::Idle,
        }
    }

    /// The domain that the header of the client's stream names in `to`.
    pub fn to(&self) -> Option<&str> {
        match &self.speaks {
            Speaks::Stream(streams) => streams.to.as_deref(),
            _ => None,
        }
    }

    /// Whether what `from` sends is not the XML stream that was expected.
    pub fn is_foreign(&self, from: Side) -> bool {
        match &self.speaks {
            Speaks::Stream(streams) => streams.splitters[from as usize].is_foreign(),
            _ => false,
        }
    }

    /// TLS has begun. What comes out of it is another stream; if it is `passed` on, nothing can be followed any more.
    pub fn secured(&mut self, passed: bool) {
        self.speaks = if passed { Speaks::Opaque } else { Speaks::Stream(Box::default()) };
    }

    /// Whether both directions can be lost and found again each on its own: neither answers the other.
    pub fn is_duplex(&self) -> bool {
        !matches!(self.speaks, Speaks::Http)
    }

    /// The mark that tells somebody who has missed the beginning what it speaks.
    pub fn introduction(&self) -> Option<Mark> {
        match &self.speaks {
            Speaks::WebSocket(_, deflate) => Some(Mark::WebSocket(*deflate)),
            Speaks::Http | Speaks::Stream(_) | Speaks::Opaque => None,
        }
    }

    /// Whether what `from` sends next does not belong to anything that has begun.
    pub fn is_between(&self, from: Side) -> bool {
        match &self.speaks {
            Speaks::Http => from == Side::Client && self.dialogue.is_idle(),
            Speaks::WebSocket(frames, _) => {
                let frames = &frames[from as usize];
                frames.reader.is_between() && !frames.in_message
            }
            Speaks::Stream(streams) => streams.splitters[from as usize].is_between(),
            Speaks::Opaque => false,
        }
    }

    /// Feeds bytes that `from` sent; what they are goes to `marks`. Returns how many of them belong to the conversation: all, or
    /// those up to the end of `<starttls/>`, after which the client waits, or of `<proceed/>`, after which TLS begins.
    pub fn feed(&mut self, from: Side, bytes: &[u8], marks: &mut Vec<Mark>) -> usize {
        match &mut self.speaks {
            Speaks::Http => self.feed_http(from, bytes, marks),
            Speaks::WebSocket(frames, _) => frames[from as usize].feed(bytes, marks),
            Speaks::Stream(streams) => return streams.feed(from, bytes, marks),
            Speaks::Opaque => {}
        }
        bytes.len()
    }

    /// `from` will send nothing more.
    pub fn finish(&mut self, from: Side, marks: &mut Vec<Mark>) {
        match &mut self.speaks {
            Speaks::Http if from == Side::Client && self.early.take().is_some() => {
                // All of it was marked as parts.
                marks.extend([Mark::Foreign(Foreign::Early), Mark::Raw(0)]);
            }
            Speaks::Http => self.dialogue.finish(from, &mut |piece| match piece {
                Piece::End => marks.push(Mark::End),
                Piece::Cut => marks.push(Mark::Cut),
                Piece::NotHttp(why) => marks.push(Mark::Foreign(why.into())),
                // All of it was marked as parts.
                Piece::Raw(_) => marks.push(Mark::Raw(0)),
                _ => {}
            }),
            Speaks::WebSocket(frames, _) => {
                let frames = &mut frames[from as usize];
                let cut = frames.in_message || !frames.reader.is_between();
                frames.reader.finish(&mut |_| {});
                if std::mem::take(&mut frames.in_message) | cut {
                    marks.push(Mark::Cut);
                }
            }
            Speaks::Stream(streams) => {
                let splitter = &mut streams.splitters[from as usize];
                splitter.finish(&mut |piece| marks.push(piece.into()));
            }
            Speaks::Opaque => {}
        }
    }

    fn feed_http(&mut self, from: Side, bytes: &[u8], marks: &mut Vec<Mark>) {
        let Self { dialogue, speaks, carried, origin, requests, upgrade, early } = self;
        let carried = &mut carried[from as usize];
        let mut marked = 0;
        dialogue.feed(from, bytes, &mut |piece| {
            let first = marks.len();
            match piece {
                Piece::Request(head, raw) => {
                    if is_websocket(head.headers) {
                        *upgrade = Some(*requests);
                    }
                    *requests += 1;
                    if origin.is_none() {
                        *origin = header(head.headers, "origin").map(Into::into);
                    }
                    let len = raw.len() - std::mem::take(carried);
                    marks.push(Mark::Request(len as u32));
                }
                Piece::Response { head, raw, answers, interim } => {
                    let len = raw.len() - std::mem::take(carried);
                    marks.push(Mark::Response(len as u32, answers));
                    if head.code != Some(101) {
                        if !interim && answers == *upgrade {
                            *upgrade = None;
                        }
                    } else if upgrade.is_some() || is_websocket(head.headers) {
                        let extensions = head.headers.iter().filter_map(|header| {
                            let name = header.name;
                            let is_it = name.eq_ignore_ascii_case("sec-websocket-extensions");
                            std::str::from_utf8(header.value).ok().filter(|_| is_it)
                        });
                        let client = early.take().map(|frames| *frames).unwrap_or_default();
                        let frames = [client, Frames::default()];
                        *speaks = Speaks::WebSocket(frames.into(), Deflate::agreed(extensions));
                    }
                }
                Piece::Content(bytes) => marks.push(Mark::Content(bytes.len() as u32)),
                Piece::Framing(bytes) => marks.push(Mark::Framing(bytes.len() as u32)),
                Piece::End => {
                    marks.push(Mark::End);
                    if let Speaks::WebSocket(_, deflate) = speaks {
                        marks.push(Mark::WebSocket(*deflate));
                    }
                }
                Piece::Cut => marks.push(Mark::Cut),
                // Whether these are frames is known when the response has come.
                Piece::NotHttp(NotHttp::Head(_) | NotHttp::Speaks(_))
                    if from == Side::Client && upgrade.is_some() =>
                {
                    *early = Some(Box::default());
                }
                Piece::NotHttp(why) => marks.push(Mark::Foreign(why.into())),
                Piece::Raw(bytes) => {
                    let len = (bytes.len() - std::mem::take(carried)) as u32;
                    if let Speaks::WebSocket(frames, _) = speaks {
                        // What came behind the head of the response.
                        frames[from as usize].feed(bytes, marks);
                    } else if from == Side::Server {
                        marks.push(Mark::Raw(len));
                    } else if let Some(frames) = early.as_mut().filter(|_| upgrade.is_some()) {
                        frames.feed(bytes, &mut Vec::new());
                        marks.push(Mark::Part(len));
                    } else {
                        marks.extend(early.take().map(|_| Mark::Foreign(Foreign::Early)));
                        marks.push(Mark::Raw(len));
                    }
                }
            }
            marked += marks[first..].iter().map(Mark::len).sum::<usize>();
        });
        let rest = bytes.len() - marked;
        if rest > 0 {
            *carried += rest;
            marks.push(Mark::Part(rest as u32));
        }
    }
}

impl Streams {
    fn feed(&mut self, from: Side, bytes: &[u8], marks: &mut Vec<Mark>) -> usize {
        let Self { splitters, starttls, header, to } = self;
        let mut sink = |piece: stream::Piece<'_>| {
            if from == Side::Client && to.is_none() {
                if let stream::Piece::Part(bytes) | stream::Piece::Item(Kind::Header, bytes) = piece
                {
                    header.extend_from_slice(&bytes[..bytes.len().min(HEADER - header.len())]);
                }
                if let stream::Piece::Item(kind, _) = piece {
                    if kind == Kind::Header {
                        *to = Some(domain(header).unwrap_or_default());
                    }
                    // What comes before the header names no domain.
                    *header = Vec::new();
                }
            }
            marks.push(piece.into());
        };
        splitters[from as usize].feed_until(bytes, &mut sink, |name| {
            match (from, *starttls, name) {
                (Side::Client, StartTls::Idle, b"starttls") => *starttls = StartTls::Asked,
                (Side::Server, StartTls::Asked, b"proceed") => *starttls = StartTls::Proceeds,
                (Side::Server, StartTls::Asked, b"failure" | b"error") => {
                    *starttls = StartTls::Idle;
                }
                _ => return false,
            }
            *starttls != StartTls::Idle
        })
    }
}

/// The `to` of a stream header.
fn domain(header: &[u8]) -> Option<Box<str>> {
    let text = std::str::from_utf8(header).ok()?;
    // The declaration in front of it has no `to`.
    let tag = &text[text.rfind('<')?..];
    let to = attributes(tag.as_bytes()).find(|found| &tag[found.name.clone()] == "to")?;
    Some(tag[to.value].into())
}

impl Frames {
    fn feed(&mut self, bytes: &[u8], marks: &mut Vec<Mark>) {
        let Self { reader, in_message } = self;
        reader.feed(bytes, &mut |piece| {
            marks.push(match piece {
                websocket::Piece::Part(bytes) => Mark::Part(bytes.len() as u32),
                websocket::Piece::Head(head, bytes) => {
                    if !head.opcode.is_control() {
                        *in_message = !head.fin;
                    }
                    Mark::Frame(bytes.len() as u32, head)
                }
                websocket::Piece::Payload(bytes) => Mark::Payload(bytes.len() as u32),
                websocket::Piece::End => Mark::FrameEnd,
                websocket::Piece::Cut => Mark::Cut,
                websocket::Piece::Fault(fault) => Mark::Foreign(fault.into()),
                websocket::Piece::Raw(bytes) => Mark::Raw(bytes.len() as u32),
            });
        });
    }
}

impl From<stream::Piece<'_>> for Mark {
    fn from(piece: stream::Piece<'_>) -> Self {
        match piece {
            stream::Piece::Part(bytes) => Self::Part(bytes.len() as u32),
            stream::Piece::Item(kind, bytes) => Self::Item(bytes.len() as u32, kind),
            stream::Piece::Cut => Self::Cut,
            stream::Piece::Fault(fault) => Self::Foreign(fault.into()),
            stream::Piece::Raw(bytes) => Self::Raw(bytes.len() as u32),
        }
    }
}

fn is_websocket(headers: &[httparse::Header<'_>]) -> bool {
    header(headers, "upgrade").is_some_and(websocket::is_upgrade)
}

fn header<'a>(headers: &'a [httparse::Header<'_>], name: &str) -> Option<&'a str> {
    let value = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?.value;
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
