//! Frames (RFC 6455 §5, §7.4, §8.1; RFC 7395 §3.2).

use crate::cm::parts::Parts;
use crate::cm::stream::{Outbound, Received};
use crate::defects::carried::Frame;
use crate::defects::defect::{Defect, defect};
use crate::wire::websocket::{Opcode, close, frame};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("ws-masking-enforced/all", "frames that are not masked are read", |parts| {
        each(parts, |frame| unmasked(frame, |_| true));
    }),
    defect("ws-masking-enforced/control", "control frames that are not masked are read", |parts| {
        each(parts, |frame| unmasked(frame, Opcode::is_control));
    }),
    defect("ws-masking-enforced/text", "messages that are not masked are read", |parts| {
        each(parts, |frame| unmasked(frame, |opcode| opcode == Opcode::TEXT));
    }),
    defect(
        "ws-masking-enforced/continuation",
        "of a message in fragments only the first has to be masked",
        |parts| each(parts, |frame| unmasked(frame, |opcode| opcode == Opcode::CONTINUATION)),
    ),
    defect("ws-server-unmasked/all", "the server masks messages", |parts| {
        parts.on_bytes(|| {
            |outbound: &Outbound, bytes| match outbound {
                Outbound::Text(text) => frame(Opcode::TEXT, text.as_bytes(), Some([1, 2, 3, 4])),
                _ => bytes,
            }
        });
    }),
    defect(
        "ws-server-unmasked/long",
        "the server masks messages of more than 125 bytes",
        |parts| {
            parts.on_bytes(|| {
                |outbound: &Outbound, bytes| match outbound {
                    Outbound::Text(text) if text.len() > 125 => {
                        frame(Opcode::TEXT, text.as_bytes(), Some([1, 2, 3, 4]))
                    }
                    _ => bytes,
                }
            });
        },
    ),
    defect("ws-server-unmasked/pong", "pongs are masked", |parts| {
        replies(parts, Opcode::PONG, |bytes| frame(Opcode::PONG, &bytes[2..], Some([0; 4])));
    }),
    defect("ws-reserved-bits/all", "reserved bits are not looked at", |parts| {
        each(parts, |frame| frame.head.reserved = 0);
    }),
    defect("ws-reserved-bits/low", "of the reserved bits only RSV1 is looked at", |parts| {
        each(parts, |frame| frame.head.reserved &= 4);
    }),
    defect("ws-reserved-bits/first", "RSV1 is not looked at", |parts| {
        each(parts, |frame| frame.head.reserved &= 3);
    }),
    defect(
        "ws-reserved-bits/control",
        "reserved bits of control frames are not looked at",
        |parts| {
            each(parts, |frame| {
                if frame.head.opcode.is_control() {
                    frame.head.reserved = 0;
                }
            });
        },
    ),
    defect("ws-reserved-bits/opcode", "frames of an unknown kind are passed over", |parts| {
        keep(parts, |frame| frame.head.opcode.is_known() || frame.head.opcode.is_control());
    }),
    defect(
        "ws-reserved-bits/control-opcode",
        "control frames of an unknown kind are passed over",
        |parts| {
            keep(parts, |frame| frame.head.opcode.is_known() || !frame.head.opcode.is_control());
        },
    ),
    defect("ws-length-minimal/always", "every length is written in eight bytes", |parts| {
        lengths(parts, |opcode| (opcode == Opcode::TEXT).then_some(8));
    }),
    defect("ws-length-minimal/control", "the length of pongs is written in two bytes", |parts| {
        lengths(parts, |opcode| (opcode == Opcode::PONG).then_some(2));
    }),
    defect(
        "ws-one-element-per-message/long",
        "a frame of more than 65,535 bytes is truncated to that length",
        |parts| each(parts, |frame| frame.payload.truncate(usize::from(u16::MAX))),
    ),
    defect(
        "ws-text-frames-utf8/long",
        "the bytes of a frame beyond 65,535 are unmasked with the wrong key",
        |parts| {
            each(parts, |frame| {
                frame.payload.iter_mut().skip(usize::from(u16::MAX)).for_each(|byte| *byte ^= 0x80);
            });
        },
    ),
    defect("ws-fragmentation/all", "a message in fragments ends the connection", |parts| {
        each(parts, |frame| {
            if !frame.head.fin && !frame.head.opcode.is_control() {
                frame.head.opcode = Opcode(3);
            }
        });
    }),
    defect("ws-fragmentation/second", "a message ends with its second fragment", |parts| {
        each(parts, |frame| {
            frame.head.fin |= frame.head.opcode == Opcode::CONTINUATION;
        });
    }),
    defect("ws-fragmentation/empty", "an empty fragment ends the connection", |parts| {
        each(parts, |frame| {
            let ends = frame.head.fin && frame.head.opcode == Opcode::TEXT;
            if frame.payload.is_empty() && !ends && !frame.head.opcode.is_control() {
                frame.head.opcode = Opcode(3);
            }
        });
    }),
    defect(
        "ws-fragmentation/control",
        "a control frame between fragments makes the server forget the message",
        |parts| {
            parts.on_frame(|| {
                let (mut within, mut forgotten) = (false, false);
                move |frame: Frame| {
                    if frame.head.opcode.is_control() {
                        forgotten |= within;
                        return vec![frame];
                    }
                    let drops = frame.head.opcode == Opcode::CONTINUATION && forgotten;
                    within = !frame.head.fin;
                    forgotten &= within;
                    if drops { Vec::new() } else { vec![frame] }
                }
            });
        },
    ),
    defect(
        "ws-fragmentation/character",
        "each fragment has to be UTF-8 by itself, what is not is replaced",
        |parts| each(parts, |frame| lossy(frame, |_| true)),
    ),
    defect("ws-control-frames/long", "control frames of any length are read", |parts| {
        each(parts, |frame| {
            if frame.head.opcode.is_control() {
                frame.payload.truncate(125);
            }
        });
    }),
    defect("ws-control-frames/fragment", "a ping in fragments is answered", |parts| {
        each(parts, |frame| frame.head.fin |= frame.head.opcode.is_control());
    }),
    defect(
        "ws-control-frames/pong",
        "pings of up to 130 bytes are answered with as many",
        |parts| {
            parts.on_frame(|| {
                |mut frame: Frame| {
                    if frame.head.opcode == Opcode::PING && frame.payload.len() <= 130 {
                        frame.payload.truncate(125);
                    }
                    vec![frame]
                }
            });
        },
    ),
    defect(
        "ws-close-answered/application",
        "a Close frame with a status of an application is not answered",
        |parts| {
            closes(parts, |status| status.is_some_and(|status| status >= 3000));
        },
    ),
    defect("ws-close-answered/bare", "a Close frame without a status is not answered", |parts| {
        closes(parts, |status| status.is_none());
    }),
    defect(
        "ws-close-answered/going-away",
        "a Close frame with the status 1001 is not answered",
        |parts| {
            closes(parts, |status| status == Some(1001));
        },
    ),
    defect(
        "ws-close-ends-tcp/left",
        "after both Close frames the server waits for the client to end the connection",
        lingers,
    ),
    defect(
        "ws-close-ends-tcp/bare",
        "after a Close frame without a status the server waits for the client to end the connection",
        |parts| {
            parts.on_received(|| {
                let mut bare = false;
                move |received| match received {
                    Received::End if bare => Vec::new(),
                    Received::Reply(bytes) => {
                        bare = bytes == [0x88, 0];
                        vec![Received::Reply(bytes)]
                    }
                    other => vec![other],
                }
            });
        },
    ),
    defect(
        "ws-nothing-after-close-frame/sent",
        "after Close frames stanzas are sent as before, until the client ends the connection",
        lingers,
    ),
    defect(
        "ws-nothing-after-close-frame/heard",
        "a stanza that follows the client's Close frame is forwarded",
        |parts| {
            parts.on_frame(|| {
                let mut close = None;
                move |frame: Frame| match close.take() {
                    None if frame.head.opcode == Opcode::CLOSE => {
                        close = Some(frame);
                        Vec::new()
                    }
                    None => vec![frame],
                    Some(close) => vec![frame, close],
                }
            });
        },
    ),
    defect(
        "ws-close-status-valid/error",
        "the Close frame after a stream error has the status 1006",
        |parts| {
            parts.on_outbound(|| {
                let mut failed = false;
                move |outbound| match outbound {
                    Outbound::Text(text) => {
                        failed |= text.contains("error") && text.contains(ns::STREAM_ERRORS);
                        vec![Outbound::Text(text)]
                    }
                    Outbound::Close(_) if failed => vec![Outbound::Close(1006)],
                    other => vec![other],
                }
            });
        },
    ),
    defect(
        "ws-close-status-valid/reason",
        "the reason in a Close frame is not looked at, though it is not UTF-8",
        |parts| {
            each(parts, |frame| {
                if frame.head.opcode == Opcode::CLOSE {
                    frame.payload.truncate(2);
                }
            });
        },
    ),
    defect(
        "ws-close-status-valid/reserved",
        "a Close frame with a status that must not be sent comes back as it is",
        |parts| echoes(parts, |status| matches!(status, 1004..=1006 | 1015)),
    ),
    defect(
        "ws-close-status-valid/small",
        "a Close frame with a status below 1000 comes back as it is",
        |parts| echoes(parts, |status| status < 1000),
    ),
    defect(
        "ws-close-status-valid/byte",
        "a Close frame of one byte comes back as it is",
        |parts| {
            parts.on_frame(|| {
                |mut frame: Frame| {
                    if frame.head.opcode == Opcode::CLOSE && frame.payload.len() == 1 {
                        frame.payload = vec![0x03, 0xed];
                    }
                    vec![frame]
                }
            });
            echo_last(parts);
        },
    ),
    defect("ws-invalid-utf8/lossy", "what is not UTF-8 is replaced", |parts| {
        each(parts, |frame| lossy(frame, |_| true));
    }),
    defect("ws-invalid-utf8/surrogates", "surrogates are taken for characters", |parts| {
        each(parts, |frame| lossy(frame, |bytes| bytes.windows(2).any(|two| two == [0xed, 0xa0])));
    }),
    defect("ws-invalid-utf8/overlong", "characters that are written too long are read", |parts| {
        each(parts, |frame| lossy(frame, |bytes| bytes.contains(&0xc0)));
    }),
    defect("ws-invalid-utf8/high", "characters above U+10FFFF are replaced", |parts| {
        each(parts, |frame| lossy(frame, |bytes| bytes.contains(&0xf4)));
    }),
    defect("ws-invalid-utf8/continuation", "only the first fragment has to be UTF-8", |parts| {
        each(parts, |frame| {
            if frame.head.opcode == Opcode::CONTINUATION {
                lossy(frame, |_| true);
            }
        });
    }),
    defect("ws-text-frames-utf8/all", "binary messages are read as text", |parts| {
        binary(parts, |_| true);
    }),
    defect("ws-text-frames-utf8/first", "the first message may be binary", |parts| {
        binary(parts, |number| number == 1);
    }),
    defect("ws-text-frames-utf8/later", "all messages but the first may be binary", |parts| {
        binary(parts, |number| number > 1);
    }),
];

/// The connection is not ended after both Close frames.
fn lingers(parts: &mut Parts) {
    parts.on_received(|| {
        |received| match received {
            Received::End => Vec::new(),
            other => vec![other],
        }
    });
}

/// Changes each frame of a client.
pub(super) fn each(parts: &mut Parts, change: fn(&mut Frame)) {
    parts.on_frame(move || {
        move |mut frame: Frame| {
            change(&mut frame);
            vec![frame]
        }
    });
}

/// Passes over frames of a client.
pub(super) fn keep(parts: &mut Parts, keeps: fn(&Frame) -> bool) {
    parts
        .on_frame(move || move |frame: Frame| if keeps(&frame) { vec![frame] } else { Vec::new() });
}

fn unmasked(frame: &mut Frame, which: fn(Opcode) -> bool) {
    if which(frame.head.opcode) {
        frame.head.mask.get_or_insert([0; 4]);
    }
}

/// Replaces what is not UTF-8 in text.
fn lossy(frame: &mut Frame, which: fn(&[u8]) -> bool) {
    if matches!(frame.head.opcode, Opcode::TEXT | Opcode::CONTINUATION) && which(&frame.payload) {
        frame.payload = String::from_utf8_lossy(&frame.payload).into_owned().into_bytes();
    }
}

/// Changes frames that are sent back at once.
pub(super) fn replies(parts: &mut Parts, opcode: Opcode, change: fn(&[u8]) -> Vec<u8>) {
    parts.on_received(move || {
        move |received| match received {
            Received::Reply(bytes) if bytes.first() == Some(&(0x80 | opcode.0)) => {
                vec![Received::Reply(change(&bytes))]
            }
            other => vec![other],
        }
    });
}

/// Does not answer Close frames with such a status.
fn closes(parts: &mut Parts, which: fn(Option<u16>) -> bool) {
    parts.on_received(move || {
        move |received| match &received {
            Received::Reply(bytes) if bytes.first() == Some(&0x88) => {
                let status = bytes.get(2..4).map(|two| u16::from_be_bytes([two[0], two[1]]));
                if which(status) { Vec::new() } else { vec![received] }
            }
            _ => vec![received],
        }
    });
}

/// Sends Close frames with such a status back as they came.
fn echoes(parts: &mut Parts, which: fn(u16) -> bool) {
    struct Echoes {
        status: Option<u16>,
        which: fn(u16) -> bool,
    }
    impl crate::defects::carried::BendFrames for Echoes {
        fn frame(&mut self, frame: Frame) -> Vec<Frame> {
            if frame.head.opcode == Opcode::CLOSE && frame.payload.len() >= 2 {
                let status = u16::from_be_bytes([frame.payload[0], frame.payload[1]]);
                self.status = Some(status).filter(|status| (self.which)(*status));
            }
            vec![frame]
        }

        fn received(&mut self, received: Received) -> Vec<Received> {
            match (&received, self.status) {
                (Received::Reply(bytes), Some(status)) if bytes.first() == Some(&0x88) => {
                    vec![Received::Reply(close(status, "", None))]
                }
                _ => vec![received],
            }
        }
    }
    parts.bend_frames(move || Box::new(Echoes { status: None, which }));
}

/// Sends Close frames of a single byte back, which came as another status.
fn echo_last(parts: &mut Parts) {
    parts.on_received(|| {
        |received| match &received {
            Received::Reply(bytes) if bytes.first() == Some(&0x88) => {
                vec![Received::Reply(vec![0x88, 1, 0x03])]
            }
            _ => vec![received],
        }
    });
}

/// Writes the lengths of frames of this kind in so many further bytes.
fn lengths(parts: &mut Parts, extended: fn(Opcode) -> Option<u8>) {
    let longer = move |bytes: Vec<u8>| {
        let mut out = Vec::new();
        for Frame { mut head, payload } in Frame::all(&bytes) {
            head.extended = extended(head.opcode).unwrap_or(head.extended);
            head.write_with(&payload, &mut out);
        }
        out
    };
    parts.on_bytes(move || move |_: &Outbound, bytes| longer(bytes));
    parts.on_received(move || {
        move |received| match received {
            Received::Reply(bytes) => vec![Received::Reply(longer(bytes))],
            other => vec![other],
        }
    });
}

/// Reads binary messages as text, by their number on the connection.
fn binary(parts: &mut Parts, which: fn(u32) -> bool) {
    parts.on_frame(move || {
        let mut number = 0;
        move |mut frame: Frame| {
            if matches!(frame.head.opcode, Opcode::TEXT | Opcode::BINARY) {
                number += 1;
                if which(number) {
                    frame.head.opcode = Opcode::TEXT;
                }
            }
            vec![frame]
        }
    });
}
