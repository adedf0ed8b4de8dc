//! What a connection speaks, by its first bytes.

use crate::wire::Side;
use crate::wire::conversation::Expect;
use crate::wire::protocol::Protocol;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// Something that can be read. The side that has spoken is known to be this one, if the bytes say so.
    Clear(Expect, Option<Side>),
    /// Something that can be read, but not from here on.
    Middle,
    Tls,
    Other,
    /// Too little to tell.
    Short,
}

/// By so many bytes all that can be read is known.
const ENOUGH: usize = 8;

/// What a connection, or one direction of it after a gap, speaks.
pub(super) fn of(bytes: &[u8]) -> Speech {
    match (Protocol::of(bytes), bytes) {
        (Some(Protocol::HttpRequest), _) => Speech::Clear(Expect::Http, Some(Side::Client)),
        (Some(Protocol::XmppStream), _) | (None, [b'<', ..]) => Speech::Clear(Expect::Stream, None),
        (Some(Protocol::TlsHandshake | Protocol::TlsRecord | Protocol::TlsAlert(_)), _)
        | (None, [0x14..=0x17, 3, ..]) => Speech::Tls,
        (Some(Protocol::HttpResponse), _) | (None, [b' ' | b'\n', ..]) => Speech::Middle,
        (None, _) if bytes.len() < ENOUGH => Speech::Short,
        _ => Speech::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_byte_by_byte_is_known_in_the_end() {
        let http = Speech::Clear(Expect::Http, Some(Side::Client));
        let stream = Speech::Clear(Expect::Stream, None);
        for (bytes, speech) in [
            (&b"GET / HTTP/1.1\r\n"[..], http),
            (b"OPTIONS * HTTP/1.1\r\n", http),
            (b"<?xml version='1.0'?>", stream),
            (b"HTTP/1.1 200 OK\r\n", Speech::Middle),
            (b"\x16\x03\x01\x02\x00\x01", Speech::Tls),
            (b"\x15\x03\x01\x00\x02\x02\x28", Speech::Tls),
            (b"\x14\x03\x03\x00\x01\x01", Speech::Tls),
            (b"\x17\x03\x03\x01\x00", Speech::Tls),
            (b"SSH-2.0-x\r\n", Speech::Other),
            (b"220 mail.example ESMTP\r\n", Speech::Other),
            (b"PRI * HTTP/2.0\r\n\r\n", Speech::Other),
            (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", Speech::Other),
        ] {
            let told = (1..=bytes.len()).map(|end| of(&bytes[..end]));
            let told = told.into_iter().find(|told| *told != Speech::Short);
            assert_eq!(told, Some(speech), "{}", bytes.escape_ascii());
        }
    }
}
