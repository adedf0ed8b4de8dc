//! What may go wrong on a WebSocket.

use crate::defects::generated::wrong::Wrong;
use crate::wire::websocket::Opcode;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameDeed {
    /// It never goes out, or is passed over.
    Lost,
    /// It goes out, or comes in, twice.
    Doubled,
    /// It goes out, or comes in, after the frame that follows it.
    Swapped,
    /// The last byte of its payload is missing.
    Trimmed,
    /// Its payload is missing.
    Emptied,
    /// Its payload has a byte more.
    Lengthened,
    /// It is of this kind.
    Kind(Opcode),
    /// It ends its message, though more follows.
    Final,
    /// It does not end its message, though nothing follows.
    Unfinished,
    /// These reserved bits are set.
    Reserved(u8),
    /// It is masked.
    Masked,
    /// Its length is written in so many further bytes.
    Padded(u8),
    /// It goes out in two frames.
    Split,
    /// It holds bytes that are not UTF-8.
    NoText,
    /// Another frame of this kind goes out before it, with nothing in it.
    Before(Opcode),
    /// It has this status.
    Status(u16),
    /// It has no status.
    Bare,
    /// Its content is one byte.
    OneByte,
    /// Its reason is not UTF-8.
    BadReason,
    /// Its reason is longer than a control frame may be.
    LongReason,
    /// It is refused as if it broke a rule.
    Refused,
    /// It is read as if it kept the rule.
    Tolerated,
    /// A field of the head of HTTP is not what it should be.
    Field(&'static str, Wrong),
}

impl FrameDeed {
    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Lost => "lost".to_owned(),
            Self::Doubled => "doubled".to_owned(),
            Self::Swapped => "swapped".to_owned(),
            Self::Trimmed => "trimmed".to_owned(),
            Self::Emptied => "emptied".to_owned(),
            Self::Lengthened => "lengthened".to_owned(),
            Self::Kind(opcode) => format!("opcode-{}", opcode.0),
            Self::Final => "final".to_owned(),
            Self::Unfinished => "unfinished".to_owned(),
            Self::Reserved(bits) => format!("reserved-{bits}"),
            Self::Masked => "masked".to_owned(),
            Self::Padded(bytes) => format!("length-in-{bytes}"),
            Self::Split => "split".to_owned(),
            Self::NoText => "no-text".to_owned(),
            Self::Before(opcode) => format!("behind-empty-{}", opcode.0),
            Self::Status(status) => format!("status-{status}"),
            Self::Bare => "bare".to_owned(),
            Self::OneByte => "one-byte".to_owned(),
            Self::BadReason => "bad-reason".to_owned(),
            Self::LongReason => "long-reason".to_owned(),
            Self::Refused => "refused".to_owned(),
            Self::Tolerated => "tolerated".to_owned(),
            Self::Field(name, Wrong::Added(value)) => format!("{name}-added-{value}"),
            Self::Field(name, wrong) => format!("{name}-{}", wrong.name()),
        }
    }

    /// How the ids of the requirements begin that are about it, beside those about its place.
    pub fn requirements(self) -> &'static [&'static str] {
        match self {
            Self::Kind(_) => &[
                "ws-text",
                "ws-reserved",
                "ws-fragmentation",
                "ws-control",
                "ws-first-char",
                "ws-invalid",
            ],
            Self::Final | Self::Unfinished | Self::Split => &["ws-fragmentation", "ws-control"],
            Self::Reserved(_) => &["ws-reserved", "ws-extension"],
            Self::Masked => &["ws-server-unmasked"],
            Self::Padded(_) => &["ws-length-minimal"],
            Self::NoText => &["ws-invalid", "ws-text"],
            Self::BadReason | Self::OneByte | Self::Status(_) | Self::Bare => &["ws-close"],
            Self::LongReason => &["ws-close", "ws-control"],
            Self::Before(_) => &["ws-first-char", "ws-one-element", "ws-nothing-after"],
            _ => &[],
        }
    }
}
