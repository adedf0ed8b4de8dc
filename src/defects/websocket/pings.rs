//! Pings and pongs (RFC 6455 §5.5.2, §5.5.3), and heads of frames that say something else than what follows (§5.2).

use super::frames::{each, keep, replies};
use crate::cm::stream::{Input, Outbound, Received};
use crate::defects::carried::Frame;
use crate::defects::defect::{Defect, defect};
use crate::wire::websocket::{Opcode, frame};

pub(super) const DEFECTS: &[Defect] = &[
    defect("ws-pong/no-data", "a pong has no payload", |parts| {
        replies(parts, Opcode::PONG, |_| frame(Opcode::PONG, b"", None));
    }),
    defect("ws-pong/short", "pongs have at most 100 bytes", |parts| {
        replies(parts, Opcode::PONG, |bytes| {
            let data = &bytes[2..];
            frame(Opcode::PONG, &data[..data.len().min(100)], None)
        });
    }),
    defect("ws-pong/text", "a ping that is not UTF-8 is not answered", |parts| {
        keep(parts, |frame| {
            frame.head.opcode != Opcode::PING || std::str::from_utf8(&frame.payload).is_ok()
        });
    }),
    defect("ws-pong/empty", "an empty ping is not answered", |parts| {
        parts.on_received(|| {
            |received| match received {
                Received::Reply(bytes) if bytes == [0x8a, 0] => Vec::new(),
                other => vec![other],
            }
        });
    }),
    defect("ws-pong/once", "only the first ping is answered", |parts| {
        parts.on_received(|| {
            let mut answered = false;
            move |received| match received {
                Received::Reply(bytes) if bytes.first() == Some(&0x8a) => {
                    let again = std::mem::replace(&mut answered, true);
                    if again { Vec::new() } else { vec![Received::Reply(bytes)] }
                }
                other => vec![other],
            }
        });
    }),
    defect("ws-pong/early", "a ping before the stream is opened is not answered", |parts| {
        parts.on_received(|| {
            let mut open = false;
            move |received| match received {
                Received::Reply(bytes) if !open && bytes.first() == Some(&0x8a) => Vec::new(),
                Received::Input(input) => {
                    open |= matches!(input, Input::Header(_) | Input::Misnamed(_));
                    vec![Received::Input(input)]
                }
                other => vec![other],
            }
        });
    }),
    defect("ws-pong/fragments", "a ping between fragments is not answered", |parts| {
        parts.on_frame(|| {
            let mut within = false;
            move |frame: Frame| {
                if !frame.head.opcode.is_control() {
                    within = !frame.head.fin;
                } else if within && frame.head.opcode == Opcode::PING {
                    return Vec::new();
                }
                vec![frame]
            }
        });
    }),
    defect("ws-pong/unasked", "an unsolicited pong ends the connection", |parts| {
        each(parts, |frame| {
            if frame.head.opcode == Opcode::PONG {
                frame.head.opcode = Opcode(11);
            }
        });
    }),
    defect(
        "ws-pong/burst",
        "of pings that follow each other only the first is answered",
        |parts| {
            parts.on_frame(|| {
                let mut last = None;
                move |frame: Frame| {
                    let before = last.replace(frame.head.opcode);
                    let follows = before == Some(Opcode::PING) && frame.head.opcode == Opcode::PING;
                    if follows { Vec::new() } else { vec![frame] }
                }
            });
        },
    ),
    defect(
        "ws-pong/lossy",
        "data that is not UTF-8 comes back with replacement characters",
        |parts| {
            replies(parts, Opcode::PONG, |bytes| {
                let text = String::from_utf8_lossy(&bytes[2..]).into_owned();
                let length = text.len().min(125);
                frame(Opcode::PONG, &text.as_bytes()[..length], None)
            });
        },
    ),
    defect("ws-reserved-bits/sent", "answers have RSV1 set, as if they were compressed", |parts| {
        parts.on_bytes(|| {
            |outbound: &Outbound, mut bytes: Vec<u8>| {
                if matches!(outbound, Outbound::Text(text) if text.starts_with("<iq")) {
                    bytes[0] |= 0x40;
                }
                bytes
            }
        });
    }),
    defect("ws-extension-from-offer/bit", "compressed messages do not have RSV1 set", |parts| {
        parts.on_bytes(|| {
            |outbound: &Outbound, mut bytes: Vec<u8>| {
                if matches!(outbound, Outbound::Text(_)) {
                    bytes[0] &= !0x40;
                }
                bytes
            }
        });
    }),
    defect(
        "ws-one-element-per-message/length",
        "the length of a message of 126 or 127 bytes is written in one byte",
        |parts| {
            parts.on_bytes(|| {
                |outbound: &Outbound, mut bytes: Vec<u8>| {
                    if let Outbound::Text(text) = outbound
                        && matches!(text.len(), 126 | 127)
                    {
                        bytes.drain(2..4);
                        bytes[1] = text.len() as u8;
                    }
                    bytes
                }
            });
        },
    ),
];
