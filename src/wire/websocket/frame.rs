//! The head of a frame (RFC 6455 §5.2).

use std::fmt;

/// What a frame is (RFC 6455 §5.2): a number from 0 to 15, those included that mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(pub u8);

impl Opcode {
    /// A further fragment of a message.
    pub const CONTINUATION: Self = Self(0);
    /// A text message, or its first fragment.
    pub const TEXT: Self = Self(1);
    /// A binary message, or its first fragment.
    pub const BINARY: Self = Self(2);
    /// The closing handshake.
    pub const CLOSE: Self = Self(8);
    /// A question whether the peer is there.
    pub const PING: Self = Self(9);
    /// Its answer.
    pub const PONG: Self = Self(10);

    /// Whether it is a control frame: never fragmented, and allowed between the fragments of a message.
    pub fn is_control(self) -> bool {
        self.0 & 8 != 0
    }

    /// Whether the specification gives it a meaning.
    pub fn is_known(self) -> bool {
        matches!(self.0, 0..=2 | 8..=10)
    }
}

/// `text`, `ping`, or `opcode 3` for one without a meaning.
impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("continuation"),
            1 => f.write_str("text"),
            2 => f.write_str("binary"),
            8 => f.write_str("close"),
            9 => f.write_str("ping"),
            10 => f.write_str("pong"),
            other => write!(f, "opcode {other}"),
        }
    }
}

/// The head of a frame: everything in front of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The message ends with this frame.
    pub fin: bool,
    /// The reserved bits: RSV1 is 4, RSV2 2, RSV3 1. RSV1 means compressed, where that was agreed.
    pub reserved: u8,
    /// What it is.
    pub opcode: Opcode,
    /// The key that masks its payload.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload.
    pub length: u64,
    /// The length is written in 0, 2 or 8 further bytes.
    pub extended: u8,
}

/// The longest head.
pub(super) const LONGEST: usize = 14;
/// RSV1: the message is compressed (RFC 7692 §6).
pub(super) const COMPRESSED: u8 = 4;

impl Head {
    /// An ordinary frame: the whole of a message, not compressed, the length written as short as can be.
    pub fn new(opcode: Opcode, length: u64, mask: Option<[u8; 4]>) -> Self {
        let extended = shortest(length);
        Self { fin: true, reserved: 0, opcode, mask, length, extended }
    }

    /// Whether the length is written as short as can be, which is required.
    pub fn is_minimal(&self) -> bool {
        self.extended == shortest(self.length)
    }

    /// How many bytes the head with this beginning has; none if that cannot be told yet.
    pub(super) fn size(bytes: &[u8]) -> Option<usize> {
        let length = bytes.get(1)?;
        let extended = match length & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        Some(2 + extended + if length & 0x80 == 0 { 0 } else { 4 })
    }

    /// Reads a head; `bytes` are exactly those of the head.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (length, rest, extended) = match second & 0x7f {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest, 2)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest, 8)
            }
            short => (u64::from(short), rest, 0),
        };
        let mask = if second & 0x80 == 0 { None } else { Some(*rest.first_chunk()?) };
        Some(Self {
            fin: first & 0x80 != 0,
            reserved: first >> 4 & 7,
            opcode: Opcode(first & 15),
            mask,
            length,
            extended,
        })
    }

    /// Appends the head. A length that does not fit into `extended` bytes is cut off, as is the frame of a peer that
    /// counts wrongly.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.fin) << 7 | (self.reserved & 7) << 4 | self.opcode.0 & 15);
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        match self.extended {
            0 => out.push(masked | self.length as u8 & 0x7f),
            2 => {
                out.push(masked | 0x7e);
                out.extend_from_slice(&(self.length as u16).to_be_bytes());
            }
            _ => {
                out.push(masked | 0x7f);
                out.extend_from_slice(&self.length.to_be_bytes());
            }
        }
        out.extend(self.mask.into_iter().flatten());
    }

    /// Appends the frame with this payload, which is masked if the head has a key.
    pub fn write_with(&self, payload: &[u8], out: &mut Vec<u8>) {
        self.write(out);
        let start = out.len();
        out.extend_from_slice(payload);
        if let Some(key) = self.mask {
            mask(key, 0, &mut out[start..]);
        }
    }
}

/// In how many further bytes a length has to be written.
fn shortest(length: u64) -> u8 {
    match length {
        0..126 => 0,
        126..0x1_0000 => 2,
        _ => 8,
    }
}

/// Masks bytes, or unmasks them, of which the first is the payload's byte number `at` (RFC 6455 §5.3).
pub fn mask(key: [u8; 4], at: usize, bytes: &mut [u8]) {
    let mut key = key;
    key.rotate_left(at % 4);
    let word = u32::from_ne_bytes(key);
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for chunk in words {
        *chunk = (u32::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_are_written() {
        let lengths = [0, 1, 125, 126, 127, 0xffff, 0x1_0000, 10_000_000, u64::MAX >> 1];
        for length in lengths {
            for extended in [0, 2, 8].into_iter().filter(|&bytes| bytes >= shortest(length)) {
                for mask in [None, Some([1, 2, 3, 4])] {
                    for (fin, reserved, opcode) in [(true, 0, 1), (false, 7, 0), (true, 4, 15)] {
                        let opcode = Opcode(opcode);
                        let head = Head { fin, reserved, opcode, mask, length, extended };
                        let mut bytes = Vec::new();
                        head.write(&mut bytes);
                        assert_eq!(Head::size(&bytes), Some(bytes.len()));
                        assert_eq!(Head::read(&bytes), Some(head));
                        assert_eq!(head.is_minimal(), extended == shortest(length));
                        assert_eq!(Head::read(&bytes[..bytes.len() - 1]), None);
                    }
                }
            }
        }
        assert_eq!(Head::size(&[0x81]), None);
    }

    #[test]
    fn the_examples_of_the_specification() {
        let mut bytes = Vec::new();
        let key = [0x37, 0xfa, 0x21, 0x3d];
        Head::new(Opcode::TEXT, 5, Some(key)).write_with(b"Hello", &mut bytes);
        assert_eq!(bytes, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        bytes.clear();
        Head::new(Opcode::TEXT, 5, None).write_with(b"Hello", &mut bytes);
        assert_eq!(bytes, b"\x81\x05Hello");
        bytes.clear();
        Head::new(Opcode::BINARY, 0x1_0000, None).write(&mut bytes);
        assert_eq!(bytes, b"\x82\x7f\0\0\0\0\0\x01\0\0");
    }

    #[test]
    fn masking_goes_on_wherever_a_payload_is_cut() {
        let key = [1, 20, 60, 255];
        let whole: Vec<u8> = (0..=255).collect();
        let mut masked = whole.clone();
        mask(key, 0, &mut masked);
        assert_eq!(masked[3], 3 ^ 255);
        for cut in 0..20 {
            let mut parts = masked.clone();
            let (before, after) = parts.split_at_mut(cut);
            mask(key, 0, before);
            mask(key, cut, after);
            assert_eq!(parts, whole);
        }
    }

    #[test]
    fn opcodes_have_names() {
        let names: Vec<_> = (0..12).map(|opcode| Opcode(opcode).to_string()).collect();
        assert_eq!(names[..3], ["continuation", "text", "binary"]);
        assert_eq!(names[8..], ["close", "ping", "pong", "opcode 11"]);
        let known = (0..16).filter(|&opcode| Opcode(opcode).is_known()).collect::<Vec<_>>();
        assert_eq!(known, [0, 1, 2, 8, 9, 10]);
    }
}
