//! Where a WebSocket may go wrong.

use crate::defects::carried::Frame;
use crate::defects::generated::places::places;
use crate::wire::websocket::{Close, Opcode};

places! {
    /// A kind of frame that goes out, or comes in; or a part of the handshake.
    FramePlace
    Upgraded = "handshake-accepted", "The response that makes a connection a WebSocket.", ["ws-handshake", "ws-subprotocol", "ws-extension", "ws-no-xmpp-without"];
    NotUpgraded = "handshake-refused", "The response that refuses a WebSocket.", ["ws-handshake", "ws-subprotocol", "ws-no-xmpp-without", "ws-origin"];
    UpgradeIn = "handshake-in", "The request for a WebSocket.", ["ws-handshake", "ws-subprotocol", "ws-extension", "ws-no-xmpp-without"];
    MessageOut = "frame-out", "A message of the server.", ["ws-text", "ws-server-unmasked", "ws-one-element", "ws-first-char", "ws-no-text", "ws-open", "ws-restart", "ws-features", "ws-error", "ws-namespaces", "ws-no-whitespace", "stanza-"];
    PingOut = "ping-out", "A Ping frame of the server.", ["ws-ping", "ws-server-unmasked", "ws-idle"];
    PongOut = "pong-out", "A Pong frame of the server.", ["ws-pong", "ws-ping", "ws-control", "ws-server-unmasked"];
    CloseOut = "close-out", "A Close frame with which the server ends the WebSocket.", ["ws-close", "ws-error-then", "ws-nothing-after", "ws-server-unmasked"];
    CloseBack = "close-back", "The answer to a Close frame of the client.", ["ws-close", "ws-nothing-after", "ws-server-unmasked"];
    Refusal = "refusal-close", "The Close frame after frames that break a rule.", ["ws-close", "ws-masking", "ws-reserved", "ws-fragmentation", "ws-control", "ws-invalid", "ws-text", "ws-server-unmasked"];
    Ended = "connection-end", "The end of TCP after both Close frames, or after a broken rule.", ["ws-close", "ws-nothing-after", "ws-masking", "ws-reserved", "ws-control", "ws-invalid"];
    MessageIn = "frame-in", "A message of the client in one frame.", ["ws-text", "ws-one-element", "ws-open", "ws-restart", "ws-namespaces", "ws-no-xml", "ws-client-masked", "stanza-"];
    FirstIn = "first-fragment-in", "The first frame of a message in fragments.", ["ws-fragmentation", "ws-control", "ws-invalid"];
    MiddleIn = "middle-fragment-in", "One of the frames between the first and the last.", ["ws-fragmentation", "ws-control", "ws-invalid"];
    LastIn = "last-fragment-in", "The last frame of a message in fragments.", ["ws-fragmentation", "ws-control", "ws-invalid"];
    PingIn = "ping-in", "A Ping frame of the client.", ["ws-pong", "ws-ping", "ws-control", "ws-fragmentation"];
    PongIn = "pong-in", "A Pong frame of the client.", ["ws-pong", "ws-ping", "ws-control", "ws-idle"];
    CloseIn = "close-in", "A Close frame of the client.", ["ws-close", "ws-nothing-after"];
    BinaryIn = "binary-in", "A binary message.", ["ws-text"];
    UnmaskedIn = "unmasked-in", "A frame that is not masked.", ["ws-masking"];
    ReservedIn = "reserved-in", "A frame with a reserved bit.", ["ws-reserved", "ws-extension"];
    UnknownIn = "unknown-in", "A frame with an opcode that is not defined.", ["ws-reserved"];
    LongControlIn = "long-control-in", "A control frame of more than 125 bytes.", ["ws-control"];
    SplitControlIn = "split-control-in", "A control frame in fragments.", ["ws-control"];
    StrayIn = "stray-fragment-in", "A fragment of no message, or a message within another.", ["ws-fragmentation"];
    NoTextIn = "no-text-in", "A message that is not UTF-8.", ["ws-invalid", "ws-text"];
    BadCloseIn = "bad-close-in", "A Close frame with a status or a reason that may not be sent.", ["ws-close"];
}

impl FramePlace {
    /// Whether it comes in.
    pub fn is_input(self) -> bool {
        self >= Self::MessageIn || self == Self::UpgradeIn
    }

    /// Whether it comes once on a connection at most.
    pub fn is_single(self) -> bool {
        !matches!(
            self,
            Self::MessageOut
                | Self::PingOut
                | Self::PongOut
                | Self::MessageIn
                | Self::FirstIn
                | Self::MiddleIn
                | Self::LastIn
                | Self::PingIn
                | Self::PongIn
        )
    }

    /// Whether it breaks a rule of RFC 6455 or 7395.
    pub fn is_wrong(self) -> bool {
        self >= Self::BinaryIn
    }

    /// What a frame of the client is, `within` a message in fragments or not.
    pub(super) fn of_input(frame: &Frame, within: bool) -> Self {
        let head = &frame.head;
        match head.opcode {
            _ if head.mask.is_none() => Self::UnmaskedIn,
            _ if head.reserved != 0 => Self::ReservedIn,
            opcode if !opcode.is_known() => Self::UnknownIn,
            opcode if opcode.is_control() && !head.fin => Self::SplitControlIn,
            opcode if opcode.is_control() && frame.payload.len() > 125 => Self::LongControlIn,
            Opcode::PING => Self::PingIn,
            Opcode::PONG => Self::PongIn,
            Opcode::CLOSE if Close::of(&frame.payload).is_valid() => Self::CloseIn,
            Opcode::CLOSE => Self::BadCloseIn,
            opcode if (opcode == Opcode::CONTINUATION) != within => Self::StrayIn,
            Opcode::BINARY => Self::BinaryIn,
            Opcode::TEXT if !head.fin => Self::FirstIn,
            Opcode::TEXT if std::str::from_utf8(&frame.payload).is_err() => Self::NoTextIn,
            Opcode::TEXT => Self::MessageIn,
            _ if head.fin => Self::LastIn,
            _ => Self::MiddleIn,
        }
    }
}
