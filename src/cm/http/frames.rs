//! A stream in frames of WebSocket: the codec of a connection that was upgraded (RFC 6455 §5, RFC 7395 §3).

use crate::cm::stream::{Codec, Input, Outbound, Received, message};
use crate::wire::Side;
use crate::wire::websocket::{
    self, Close, Deflate, Deflater, Endpoint, Inflater, Opcode, Violation, close, deflated,
    fragments, frame,
};
use crate::xml::Limits;

/// The status of a message that is too long: the stream is told, and ends in order.
const TOO_LONG: u16 = 1009;

/// The codec that keeps the rules.
#[derive(Debug)]
pub struct Frames {
    endpoint: Endpoint,
    deflater: Option<Deflater>,
    /// The most bytes in one frame; zero for whole messages.
    fragments: usize,
    limits: Limits,
    received: Vec<websocket::Received>,
    /// A message has come.
    begun: bool,
    /// What comes is not read any more.
    deaf: bool,
}

impl Frames {
    /// With the compression that was agreed. What comes is kept within `limits`.
    pub fn new(limits: Limits, deflate: Option<Deflate>) -> Self {
        let mut endpoint = Endpoint::across_from(Side::Client, limits.bytes);
        if let Some(deflate) = deflate {
            endpoint.inflate_with(Inflater::new(deflate.client_no_context));
        }
        let deflater = deflate.map(|deflate| Deflater::new(deflate.server_no_context));
        let (received, fragments) = (Vec::new(), 0);
        Self { endpoint, deflater, fragments, limits, received, begun: false, deaf: false }
    }

    /// Messages come in frames of so many bytes at most; zero for whole messages.
    #[must_use]
    pub fn in_fragments(mut self, most: usize) -> Self {
        self.fragments = most;
        self
    }

    fn take(&mut self, what: websocket::Received, out: &mut Vec<Received>) {
        match what {
            websocket::Received::Text(text) => {
                self.begun = true;
                out.push(Received::Input(message(&text, &self.limits)));
            }
            websocket::Received::Ping(content) => {
                out.push(Received::Reply(frame(Opcode::PONG, &content, None)));
                out.push(Received::Input(Input::Alive));
            }
            websocket::Received::Pong => out.push(Received::Input(Input::Alive)),
            websocket::Received::Close(close) => {
                out.push(Received::Reply(answer(&close)));
                self.end(out);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<Received>) {
        out.push(Received::End);
        self.deaf = true;
    }
}

impl Codec for Frames {
    fn read(&mut self, bytes: &[u8], out: &mut Vec<Received>) {
        if self.deaf {
            return;
        }
        let mut received = std::mem::take(&mut self.received);
        let broken = self.endpoint.feed(bytes, &mut received);
        for what in received.drain(..) {
            if !self.deaf {
                self.take(what, out);
            }
        }
        self.received = received;
        match broken {
            Err(_) if self.deaf => {}
            Ok(()) => {}
            Err(Violation { status: TOO_LONG, .. }) => {
                out.push(Received::Input(Input::Wrong("policy-violation")));
                self.deaf = true;
            }
            Err(Violation { status, words }) => {
                out.push(Received::Reply(close(status, words, None)));
                self.end(out);
            }
        }
    }

    fn write(&mut self, outbound: &Outbound, out: &mut Vec<u8>) {
        let bytes = match (outbound, &mut self.deflater) {
            (Outbound::Text(text), deflater) if self.fragments > 0 => {
                fragments(text.as_bytes(), deflater.as_mut(), self.fragments)
            }
            (Outbound::Text(text), None) => frame(Opcode::TEXT, text.as_bytes(), None),
            (Outbound::Text(text), Some(deflater)) => {
                deflated(Opcode::TEXT, text.as_bytes(), deflater)
            }
            (Outbound::Ping, _) => frame(Opcode::PING, b"", None),
            (Outbound::Close(status), _) => close(*status, "", None),
            (Outbound::StartTls, _) => return,
        };
        out.extend(bytes);
    }

    fn is_between(&self) -> bool {
        self.deaf || self.begun && self.endpoint.is_between()
    }
}

/// The Close frame that answers one.
fn answer(asked: &Close) -> Vec<u8> {
    match (asked, asked.status()) {
        (Close::Bare, _) => frame(Opcode::CLOSE, b"", None),
        (_, Some(status)) if asked.is_valid() => close(status, "", None),
        _ => close(1002, "not a status", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Option<[u8; 4]> = Some([1, 2, 3, 4]);

    fn read(frames: &mut Frames, bytes: &[u8]) -> Vec<Received> {
        let mut out = Vec::new();
        frames.read(bytes, &mut out);
        out
    }

    #[test]
    fn a_message_in_fragments_is_the_same_message() {
        let agreed = Deflate { server_no_context: false, client_no_context: false };
        for deflate in [None, Some(agreed)] {
            let mut frames = Frames::new(Limits::default(), deflate).in_fragments(7);
            let mut endpoint = Endpoint::across_from(Side::Server, 1000);
            if deflate.is_some() {
                endpoint.inflate_with(Inflater::new(false));
            }
            for text in ["<presence xmlns='jabber:client'/>", "<a/>", "<long>é ☃ 😀</long>"] {
                let (mut bytes, mut got) = (Vec::new(), Vec::new());
                frames.write(&Outbound::Text(text.to_owned()), &mut bytes);
                endpoint.feed(&bytes, &mut got).unwrap();
                got.retain(|one| !matches!(one, websocket::Received::Ping(_)));
                assert_eq!(got, [websocket::Received::Text(text.to_owned())], "{deflate:?}");
                let finals = bytes[0] & 0x80;
                assert_eq!(finals == 0, bytes.len() > 12, "{bytes:?}");
            }
        }
    }

    #[test]
    fn frames_become_inputs_and_control_frames_are_answered() {
        let mut frames = Frames::new(Limits::default(), None);
        let asked = frame(Opcode::PING, b"abc", KEY);
        let answer = Received::Reply(frame(Opcode::PONG, b"abc", None));
        assert_eq!(read(&mut frames, &asked), [answer, Received::Input(Input::Alive)]);
        assert!(!frames.is_between(), "no message has come");
        let text =
            frame(Opcode::TEXT, b"<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", KEY);
        assert_eq!(read(&mut frames, &text), [Received::Input(Input::End)]);
        assert!(frames.is_between());
        let bye = close(1001, "gone", KEY);
        let answer = Received::Reply(close(1001, "", None));
        assert_eq!(read(&mut frames, &bye), [answer, Received::End]);
        assert_eq!(read(&mut frames, &text), []);
    }

    #[test]
    fn what_breaks_the_rules_of_frames_ends_the_connection() {
        for (bytes, status) in [
            (frame(Opcode::TEXT, b"<a/>", None), 1002),
            (frame(Opcode::BINARY, b"<a/>", KEY), 1003),
            (frame(Opcode::TEXT, b"\xff", KEY), 1007),
            (frame(Opcode::CLOSE, b"\x01", KEY), 1002),
            (close(1005, "", KEY), 1002),
            (close(999, "", KEY), 1002),
        ] {
            let mut frames = Frames::new(Limits::default(), None);
            let out = read(&mut frames, &bytes);
            let [Received::Reply(reply), Received::End] = &out[..] else { panic!("{out:?}") };
            assert_eq!(reply[2..4], u16::to_be_bytes(status), "{bytes:?}");
        }
        let mut frames = Frames::new(Limits { bytes: 10, ..Limits::default() }, None);
        let long = frame(Opcode::TEXT, &[b'<'; 11], KEY);
        let wrong = Received::Input(Input::Wrong("policy-violation"));
        assert_eq!(read(&mut frames, &long), [wrong]);
        assert_eq!(read(&mut frames, &long), []);
    }

    #[test]
    fn what_was_agreed_is_compressed_and_inflated() {
        let agreed = Deflate { server_no_context: false, client_no_context: true };
        let mut frames = Frames::new(Limits::default(), Some(agreed));
        let mut out = Vec::new();
        frames.write(&Outbound::Text("<a/>".repeat(100)), &mut out);
        assert_eq!(out[0], 0xc1);
        assert!(out.len() < 50, "{}", out.len());
        assert_eq!(
            Inflater::new(false).inflate(&out[2..], 1000).bytes,
            "<a/>".repeat(100).into_bytes()
        );
        let mut head = deflated(Opcode::TEXT, b"<a xmlns='b'/>", &mut Deflater::new(true));
        head[1] |= 0x80;
        let masked: Vec<u8> = [&head[..2], &[0; 4], &head[2..]].concat();
        assert!(matches!(&read(&mut frames, &masked)[..], [Received::Input(Input::Element(_))]));
        let mut broken = masked;
        broken[6] = 0xff;
        broken[7] = 0xff;
        assert!(matches!(&read(&mut frames, &broken)[..], [Received::Reply(_), Received::End]));
    }
}
