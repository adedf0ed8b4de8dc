//! One end of a WebSocket that keeps the rules, without I/O: bytes become messages, and messages frames (RFC 6455 §5 to §8).

use super::assembler::{Assembler, Message, Step};
use super::close::Close;
use super::deflate::{Deflater, Inflater};
use super::frame::{COMPRESSED, Head, Opcode};
use super::reader::{Piece, Reader};
use crate::wire::Side;

/// What came from the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A text message.
    Text(String),
    /// A ping, with the content that its pong has to have.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// The peer closes the WebSocket.
    Close(Close),
}

/// A rule that the peer has broken: the connection has to be failed with this status (RFC 6455 §7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Violation {
    /// The status for the Close frame.
    pub status: u16,
    /// The rule in words.
    pub words: &'static str,
}

/// The most bytes of a control frame (RFC 6455 §5.5).
const LONGEST_CONTROL: u64 = 125;
const TOO_LONG: Violation = Violation { status: 1009, words: "the message is too long" };

/// Reads what the peer sends.
#[derive(Debug)]
pub struct Endpoint {
    peer: Side,
    limit: usize,
    reader: Reader,
    assembler: Assembler,
}

impl Endpoint {
    /// The end across from `peer`. A message of more than `limit` bytes is a violation.
    pub fn across_from(peer: Side, limit: usize) -> Self {
        Self { peer, limit, reader: Reader::default(), assembler: Assembler::default() }
    }

    /// Takes bytes of the peer; what they complete goes to `out`.
    ///
    /// # Errors
    /// The first rule that they break. What comes behind is not to be given any more.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Received>) -> Result<(), Violation> {
        let Self { peer, limit, reader, assembler } = self;
        let mut broken = None;
        reader.feed(bytes, &mut |piece| {
            let step = match piece {
                Piece::Head(head, _) => Step::Head(head),
                Piece::Payload(bytes) => Step::Payload(bytes),
                Piece::End => Step::End,
                Piece::Part(_) => return,
                Piece::Cut | Piece::Fault(_) | Piece::Raw(_) => {
                    broken.get_or_insert(Violation { status: 1002, words: "not a frame" });
                    return;
                }
            };
            assembler.take(step, *limit, &mut |message| match received(message, *peer) {
                _ if broken.is_some() => {}
                Ok(received) => out.push(received),
                Err(violation) => broken = Some(violation),
            });
        });
        // One that is too long may have no end.
        let too_long = self.assembler.is_clipped().then_some(TOO_LONG);
        broken.or(too_long).map_or(Ok(()), Err)
    }

    /// From now on messages may be compressed.
    pub fn inflate_with(&mut self, inflater: Inflater) {
        self.assembler.inflate_with(inflater);
    }

    /// Whether nothing has begun that is not whole.
    pub fn is_between(&self) -> bool {
        self.reader.is_between() && self.assembler.is_between()
    }
}

fn received(mut message: Message, peer: Side) -> Result<Received, Violation> {
    let protocol = |words| Err(Violation { status: 1002, words });
    let masked = match peer {
        Side::Client => message.unmasked == 0,
        Side::Server => message.unmasked == message.frames,
    };
    match () {
        () if !masked && peer == Side::Client => return protocol("frames of a client are masked"),
        () if !masked => return protocol("frames of a server are not masked"),
        () if message.reserved != 0 => return protocol("a reserved bit is set"),
        () if message.padded => return protocol("a length is longer than it needs to be"),
        () if message.unfinished => return protocol("a control frame is a fragment"),
        () if message.opcode.is_control() && message.size > LONGEST_CONTROL => {
            return protocol("a control frame is too long");
        }
        () if message.cut => return protocol("a message within a message"),
        () if message.clipped => return Err(TOO_LONG),
        () if message.undecoded.is_some() => {
            return Err(Violation { status: 1007, words: "the message cannot be inflated" });
        }
        () => {}
    }
    let payload = message.take_payload();
    Ok(match message.opcode {
        Opcode::TEXT => match String::from_utf8(payload) {
            Ok(text) => Received::Text(text),
            Err(_) => return Err(Violation { status: 1007, words: "the text is not UTF-8" }),
        },
        Opcode::BINARY => {
            return Err(Violation { status: 1003, words: "only text is understood" });
        }
        Opcode::PING => Received::Ping(payload),
        Opcode::PONG => Received::Pong,
        Opcode::CLOSE => Received::Close(Close::of(&payload)),
        _ => return protocol("an opcode without a meaning"),
    })
}

/// A frame that is all of a message. A client masks it with a key that nobody can guess.
pub fn frame(opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + super::frame::LONGEST);
    Head::new(opcode, payload.len() as u64, mask).write_with(payload, &mut out);
    out
}

/// The same, compressed.
pub fn deflated(opcode: Opcode, payload: &[u8], deflater: &mut Deflater) -> Vec<u8> {
    let payload = deflater.deflate(payload);
    let mut out = Vec::with_capacity(payload.len() + super::frame::LONGEST);
    let head = Head::new(opcode, payload.len() as u64, None);
    Head { reserved: COMPRESSED, ..head }.write_with(&payload, &mut out);
    out
}

/// A text message of a server in frames of at most `most` bytes, with a ping behind the first of several (RFC 6455 §5.4).
pub fn fragments(text: &[u8], deflater: Option<&mut Deflater>, most: usize) -> Vec<u8> {
    let compressed = deflater.is_some();
    let payload = deflater.map_or_else(|| text.to_vec(), |deflater| deflater.deflate(text));
    let count = payload.len().div_ceil(most.max(1)).max(1);
    let mut out = Vec::new();
    for number in 0..count {
        let rest = &payload[number * most..];
        let part = &rest[..most.min(rest.len())];
        let opcode = if number == 0 { Opcode::TEXT } else { Opcode::CONTINUATION };
        let reserved = if number == 0 && compressed { COMPRESSED } else { 0 };
        let head = Head::new(opcode, part.len() as u64, None);
        Head { fin: number + 1 == count, reserved, ..head }.write_with(part, &mut out);
        if number == 0 && count > 1 {
            out.extend(frame(Opcode::PING, b"between", None));
        }
    }
    out
}

/// A Close frame with a status and a reason.
pub fn close(status: u16, reason: &str, mask: Option<[u8; 4]>) -> Vec<u8> {
    // A control frame has room for 125 bytes.
    let room = (0..=reason.len().min(123)).rev().find(|&end| reason.is_char_boundary(end));
    let reason = &reason[..room.unwrap_or(0)];
    let payload = [&status.to_be_bytes()[..], reason.as_bytes()].concat();
    frame(Opcode::CLOSE, &payload, mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Option<[u8; 4]> = Some([1, 2, 3, 4]);

    fn received(peer: Side, bytes: &[u8]) -> Result<Vec<Received>, u16> {
        let mut out = Vec::new();
        let mut end = Endpoint::across_from(peer, 100);
        for byte in bytes {
            end.feed(&[*byte], &mut out).map_err(|violation| violation.status)?;
        }
        Ok(out)
    }

    #[test]
    fn messages_come_as_they_were_sent() {
        let bytes = [
            frame(Opcode::TEXT, b"<a/>", KEY),
            frame(Opcode::PING, b"x", KEY),
            close(1000, "bye", KEY),
        ];
        let expected = vec![
            Received::Text("<a/>".to_owned()),
            Received::Ping(b"x".to_vec()),
            Received::Close(Close::Status(1000, "bye".to_owned())),
        ];
        assert_eq!(received(Side::Client, &bytes.concat()), Ok(expected));
        let answer = frame(Opcode::PONG, b"x", None);
        assert_eq!(received(Side::Server, &answer), Ok(vec![Received::Pong]));
    }

    #[test]
    fn what_breaks_a_rule_fails_the_connection() {
        let text = |head: Head, payload: &[u8]| {
            let mut out = Vec::new();
            head.write_with(payload, &mut out);
            out
        };
        let head = Head::new(Opcode::TEXT, 1, KEY);
        for (bytes, status) in [
            (frame(Opcode::TEXT, b"a", None), 1002),
            (text(Head { reserved: 4, ..head }, b"a"), 1002),
            (text(Head { extended: 2, ..head }, b"a"), 1002),
            (text(Head { fin: false, opcode: Opcode::PING, ..head }, b"a"), 1002),
            (frame(Opcode(3), b"a", KEY), 1002),
            (frame(Opcode::PING, &[b'a'; 126], KEY), 1002),
            (frame(Opcode::BINARY, b"a", KEY), 1003),
            (frame(Opcode::TEXT, b"\xff", KEY), 1007),
            (frame(Opcode::TEXT, &[b'a'; 101], KEY), 1009),
        ] {
            assert_eq!(received(Side::Client, &bytes), Err(status));
        }
        assert_eq!(received(Side::Server, &frame(Opcode::TEXT, b"a", KEY)), Err(1002));
        // Cause: a message that was too long was refused only at its end, which may never come.
        let endless = text(Head { fin: false, ..Head::new(Opcode::TEXT, 101, KEY) }, &[b'a'; 101]);
        assert_eq!(received(Side::Client, &endless), Err(1009));
    }
}
