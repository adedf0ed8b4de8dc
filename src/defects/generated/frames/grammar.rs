//! All that can be said of a WebSocket: each place with what may go wrong there.

use super::deed::FrameDeed;
use super::place::FramePlace;
use crate::defects::generated::wrong::Wrong;
use crate::wire::websocket::Opcode;

use FrameDeed::{
    BadReason, Bare, Before, Doubled, Emptied, Field, Final, Kind, Lengthened, LongReason, Lost,
    Masked, NoText, OneByte, Padded, Refused, Reserved, Split, Status, Swapped, Tolerated, Trimmed,
    Unfinished,
};

/// Of any frame that goes out.
const HEAD: [FrameDeed; 8] =
    [Lost, Doubled, Unfinished, Reserved(4), Reserved(2), Reserved(1), Masked, Kind(Opcode(3))];

const MESSAGE: [FrameDeed; 12] = [
    Swapped,
    Trimmed,
    Emptied,
    Lengthened,
    Kind(Opcode::BINARY),
    Kind(Opcode::CONTINUATION),
    Padded(2),
    Padded(8),
    Split,
    NoText,
    Before(Opcode::TEXT),
    Before(Opcode::PONG),
];

const PING: [FrameDeed; 3] = [Kind(Opcode::PONG), Padded(2), Lengthened];

const PONG: [FrameDeed; 8] = [
    Swapped,
    Trimmed,
    Emptied,
    Lengthened,
    Kind(Opcode::PING),
    Padded(2),
    Split,
    Before(Opcode::TEXT),
];

const CLOSE: [FrameDeed; 16] = [
    Kind(Opcode::TEXT),
    Padded(2),
    Split,
    Before(Opcode::TEXT),
    Bare,
    OneByte,
    BadReason,
    LongReason,
    Status(0),
    Status(999),
    Status(1000),
    Status(1004),
    Status(1005),
    Status(1006),
    Status(1015),
    Status(2999),
];

/// Of a frame that comes in and breaks no rule.
const RIGHT: [FrameDeed; 6] = [Lost, Doubled, Swapped, Trimmed, Emptied, Refused];

const TEXT: &[Wrong] = &[Wrong::Missing, Wrong::Empty, Wrong::Capitals, Wrong::Other];
const ADDED: &[Wrong] = &[Wrong::Added("other"), Wrong::Added("permessage-deflate")];

const UPGRADED: &[(&str, &[Wrong])] = &[
    ("upgrade", TEXT),
    ("connection", TEXT),
    ("sec-websocket-accept", TEXT),
    ("sec-websocket-protocol", TEXT),
    ("sec-websocket-extensions", ADDED),
];

const REFUSED: &[(&str, &[Wrong])] = &[
    ("upgrade", &[Wrong::Missing]),
    ("sec-websocket-version", &[Wrong::Missing, Wrong::Empty, Wrong::Other]),
];

const ASKED: [&str; 6] = [
    "upgrade",
    "connection",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
];

/// What may go wrong there.
pub fn deeds(place: FramePlace) -> Vec<FrameDeed> {
    use FramePlace as At;
    match place {
        At::Upgraded => fields(UPGRADED).chain([200, 202, 426, 500].map(Status)).collect(),
        At::NotUpgraded => fields(REFUSED).chain([200, 404, 500].map(Status)).collect(),
        At::UpgradeIn => ASKED.map(|name| Field(name, Wrong::Missing)).into(),
        At::MessageOut => HEAD.into_iter().chain(MESSAGE).collect(),
        At::PingOut => HEAD.into_iter().chain(PING).collect(),
        At::PongOut => HEAD.into_iter().chain(PONG).collect(),
        At::CloseOut | At::CloseBack | At::Refusal => HEAD.into_iter().chain(CLOSE).collect(),
        At::Ended => vec![Lost],
        At::FirstIn | At::MiddleIn => RIGHT.into_iter().chain([Final]).collect(),
        At::LastIn => RIGHT.into_iter().chain([Unfinished]).collect(),
        _ if place.is_wrong() => vec![Lost, Tolerated],
        _ => RIGHT.into(),
    }
}

fn fields(list: &'static [(&'static str, &'static [Wrong])]) -> impl Iterator<Item = FrameDeed> {
    list.iter().flat_map(|(name, wrongs)| wrongs.iter().map(|wrong| Field(name, *wrong)))
}
