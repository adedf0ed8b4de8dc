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
}

/// What a connection, or one direction of it after a gap, speaks.
pub(super) fn of(bytes: &[u8]) -> Speech {
    match (Protocol::of(bytes), bytes) {
        (Some(Protocol::HttpRequest), _) => Speech::Clear(Expect::Http, Some(Side::Client)),
        (Some(Protocol::XmppStream), _) | (None, [b'<', ..]) => Speech::Clear(Expect::Stream, None),
        (Some(Protocol::TlsHandshake | Protocol::TlsAlert(_)), _)
        | (None, [0x14..=0x17, 3, ..]) => Speech::Tls,
        (Some(Protocol::HttpResponse), _) | (None, [b' ' | b'\n', ..]) => Speech::Middle,
        _ => Speech::Other,
    }
}
