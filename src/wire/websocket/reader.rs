//! Where frames begin and end in the bytes of one direction.

use super::frame::{Head, LONGEST};

/// What a stretch of bytes is. The spans of the pieces, put together, are exactly the bytes that were fed.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Some bytes of a head that is not complete yet.
    Part(&'a [u8]),
    /// The last bytes of a head, and what it says.
    Head(Head, &'a [u8]),
    /// Bytes of the payload, as they were sent.
    Payload(&'a [u8]),
    /// The frame is complete.
    End,
    /// The connection ended within a frame.
    Cut,
    /// From here on nothing can be framed. Reported once, before the first `Raw`.
    Fault(Fault),
    /// Bytes that cannot be framed.
    Raw(&'a [u8]),
}

/// Why bytes cannot be framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The highest bit of a length in 8 bytes has to be 0 (RFC 6455 §5.2).
    #[error("a frame whose length has its highest bit set")]
    Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In front of a head, or within one: so many bytes of it have come.
    Head(u8),
    Payload(u64),
    Raw,
}

/// A reader of one direction.
#[derive(Debug)]
pub struct Reader {
    state: State,
    head: [u8; LONGEST],
}

impl Default for Reader {
    fn default() -> Self {
        Self { state: State::Head(0), head: [0; LONGEST] }
    }
}

impl Reader {
    /// Whether it stands between two frames.
    pub fn is_between(&self) -> bool {
        self.state == State::Head(0)
    }

    /// Feeds the next bytes.
    pub fn feed<'b>(&mut self, mut bytes: &'b [u8], sink: &mut impl FnMut(Piece<'b>)) {
        while !bytes.is_empty() {
            match self.state {
                State::Raw => return sink(Piece::Raw(bytes)),
                State::Payload(left) => {
                    let room = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (payload, rest) = bytes.split_at(room);
                    sink(Piece::Payload(payload));
                    self.enter(left - room as u64, sink);
                    bytes = rest;
                }
                State::Head(came) => bytes = self.head(usize::from(came), bytes, sink),
            }
        }
    }

    /// Nothing more will come.
    pub fn finish(&mut self, sink: &mut impl FnMut(Piece<'static>)) {
        if !matches!(self.state, State::Raw | State::Head(0)) {
            sink(Piece::Cut);
        }
        self.state = State::Raw;
    }

    fn head<'b>(
        &mut self,
        came: usize,
        bytes: &'b [u8],
        sink: &mut impl FnMut(Piece<'b>),
    ) -> &'b [u8] {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            self.head[came + taken] = byte;
            taken += 1;
            let read = &self.head[..came + taken];
            if Head::size(read) != Some(read.len()) {
                continue;
            }
            let Some(head) = Head::read(read) else { continue };
            let (span, rest) = bytes.split_at(taken);
            if head.length > u64::MAX >> 1 {
                self.state = State::Raw;
                sink(Piece::Fault(Fault::Length));
                sink(Piece::Raw(span));
                return rest;
            }
            sink(Piece::Head(head, span));
            self.enter(head.length, sink);
            return rest;
        }
        self.state = State::Head((came + taken) as u8);
        sink(Piece::Part(bytes));
        &[]
    }

    fn enter<'b>(&mut self, left: u64, sink: &mut impl FnMut(Piece<'b>)) {
        self.state = State::Payload(left);
        if left == 0 {
            self.state = State::Head(0);
            sink(Piece::End);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::websocket::Opcode;

    /// What the pieces of bytes that come in chunks of this size say, one word each; parts and payloads joined.
    fn pieces(bytes: &[u8], step: usize) -> Vec<String> {
        let mut reader = Reader::default();
        let mut all: Vec<String> = Vec::new();
        let mut spans = Vec::new();
        let mut sink = |piece: Piece<'_>| {
            let word = match piece {
                Piece::Part(span) | Piece::Raw(span) => {
                    return spans.extend_from_slice(span);
                }
                Piece::Head(head, span) => {
                    spans.extend_from_slice(span);
                    format!("{} {}", head.opcode, head.length)
                }
                Piece::Payload(span) => {
                    spans.extend_from_slice(span);
                    if all.last().is_some_and(|last| last == "payload") {
                        return;
                    }
                    "payload".to_owned()
                }
                Piece::End => "end".to_owned(),
                Piece::Cut => "cut".to_owned(),
                Piece::Fault(fault) => fault.to_string(),
            };
            all.push(word);
        };
        for chunk in bytes.chunks(step) {
            reader.feed(chunk, &mut sink);
        }
        reader.finish(&mut sink);
        assert_eq!(spans, bytes, "the spans are all that was fed");
        all
    }

    #[test]
    fn frames_are_found_wherever_the_bytes_are_cut() {
        let mut bytes = Vec::new();
        Head::new(Opcode::TEXT, 3, Some([9; 4])).write_with(b"<a/>"[..3].into(), &mut bytes);
        Head::new(Opcode::PING, 0, None).write(&mut bytes);
        Head::new(Opcode::BINARY, 300, None).write_with(&[7; 300], &mut bytes);
        let whole = ["text 3", "payload", "end", "ping 0", "end", "binary 300", "payload", "end"];
        for step in 1..bytes.len() {
            assert_eq!(pieces(&bytes, step), whole, "{step}");
        }
        let mut cut = whole.to_vec();
        cut.pop();
        cut.push("cut");
        assert_eq!(pieces(&bytes[..bytes.len() - 1], 5), cut);
        assert_eq!(pieces(&bytes[..10], 5), ["text 3", "payload", "end", "cut"]);
    }

    #[test]
    fn a_length_beyond_all_bounds_ends_the_framing() {
        let bytes = b"\x82\x7f\xff\0\0\0\0\0\0\0and more";
        for step in [1, 4, 30] {
            let fault = "a frame whose length has its highest bit set";
            assert_eq!(pieces(bytes, step), [fault]);
        }
    }
}
