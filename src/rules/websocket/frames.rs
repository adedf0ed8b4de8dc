//! Frames as RFC 6455 wants them: masks, reserved bits, opcodes, control frames, fragments, text that is UTF-8, and
//! compression that can be undone (§5, §8.1; RFC 7395 §3.2).

use super::view::WebSocketView;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{around, short};
use crate::trace::{Fact, Frame, WebSocketLink};
use crate::wire::Side;
use crate::wire::websocket::Opcode;

/// A masking key that comes this often in a row is not chosen anew for each frame.
const SAME_KEYS: u32 = 3;
/// The same for the key 0, which masks nothing.
const ZERO_KEYS: u32 = 2;
/// The most that a control frame may carry.
const CONTROL: u64 = 125;
/// How much of a text is quoted.
const QUOTED: usize = 60;

/// Judges frames.
#[derive(Debug, Default)]
pub struct Frames {
    sessions: PerSession<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that the rest is about.
    conn: u64,
    /// Frames were not seen.
    lost: bool,
    sides: [Sent; 2],
}

/// What one side has sent, and what was reported of that: once is enough.
#[derive(Debug, Default)]
struct Sent {
    /// The last masking key, and how often it came in a row.
    key: Option<(u32, u32)>,
    /// A message has come that never came to its end.
    unfinished: bool,
    reported: Vec<&'static str>,
}

impl Sent {
    /// Whether this is the first of its kind.
    fn first(&mut self, what: &'static str) -> bool {
        let first = !self.reported.contains(&what);
        if first {
            self.reported.push(what);
        }
        first
    }
}

impl Rule for Frames {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let (Fact::Lost { .. }, Some(line)) = (&moment.event.fact, moment.line()) {
            self.sessions.of(line.session.id, moment.story).lost = true;
            return;
        }
        let Some(view) = moment.websocket() else { return };
        let state = self.sessions.of(view.session.id, moment.story);
        if state.conn != moment.event.conn {
            let lost = state.lost && state.conn == 0;
            *state = State { conn: moment.event.conn, lost, ..State::default() };
        }
        let (lost, sent) = (state.lost, &mut state.sides[view.frame.from as usize]);
        sent.masks(&view, found);
        sent.head(&view, found);
        if !view.opcode().is_control() {
            sent.message(&view, lost, found);
        }
    }
}

/// What makes a frame one that its receiver has to refuse, if anything does, and the requirement.
pub(super) fn fault(frame: &Frame, link: &WebSocketLink) -> Option<(&'static str, String)> {
    let (opcode, size) = (Opcode(frame.opcode), frame.content.size);
    if !opcode.is_known() {
        return Some(("ws-reserved-bits", format!("has {opcode}, which is not defined")));
    }
    if opcode.is_control() && frame.unfinished {
        return Some(("ws-control-frames", format!("is a fragment of a {opcode}")));
    }
    if opcode.is_control() && size > CONTROL {
        let words = format!("carries {size} B, more than the {CONTROL} B that fit into a {opcode}");
        return Some(("ws-control-frames", words));
    }
    if frame.reserved == 0 {
        return None;
    }
    // Without the handshake it is not known what was agreed, and of other extensions nothing is known at all.
    let upgrade = link.handshake.as_ref()?.upgrade.as_ref();
    let is_deflate =
        |offer: &String| offer.trim_start().to_ascii_lowercase().starts_with("permessage-deflate");
    let others = upgrade.is_some_and(|upgrade| !upgrade.extensions.iter().all(is_deflate));
    if others {
        return None;
    }
    let bits: Vec<_> = [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")]
        .into_iter()
        .filter_map(|(bit, name)| (frame.reserved & bit != 0).then_some(name))
        .collect();
    let why = if bits == ["RSV1"] && !link.deflate {
        "as if it were compressed, but permessage-deflate was not negotiated"
    } else {
        "which no negotiated extension allows here"
    };
    Some(("ws-reserved-bits", format!("has {} set, {why}", bits.join(" and "))))
}

/// `The client's ping`.
fn what(frame: &Frame) -> String {
    let opcode = Opcode(frame.opcode);
    match opcode {
        Opcode::TEXT | Opcode::BINARY => format!("A {opcode} message of the {}", frame.from.name()),
        _ if opcode.is_known() => format!("A {opcode} frame of the {}", frame.from.name()),
        _ => format!("A frame of the {}", frame.from.name()),
    }
}

impl Sent {
    fn masks(&mut self, view: &WebSocketView<'_>, found: &mut Findings) {
        let frame = view.frame;
        match frame.from {
            Side::Client if frame.masked < frame.frames => {
                if self.first("masking") {
                    let words = format!(
                        "{} is not masked. Every frame of a client has to be; a server closes the \
                         connection for it (1002). Reported once.",
                        what(frame)
                    );
                    let id = "ws-client-masked";
                    found.add(&kinds::WS_MASKING, id, Level::Error, Party::Client, words);
                }
            }
            Side::Server if frame.masked > 0 => {
                if self.first("masking") {
                    let words = format!(
                        "{} is masked, which only a client may do; a client closes the connection \
                         for it (1002). Reported once.",
                        what(frame)
                    );
                    let id = "ws-server-unmasked";
                    found.add(&kinds::WS_MASKING, id, Level::Error, Party::Server, words);
                }
            }
            Side::Client => self.key(frame, found),
            Side::Server => {}
        }
    }

    fn key(&mut self, frame: &Frame, found: &mut Findings) {
        let Some(key) = frame.mask else { return };
        let times = match self.key {
            Some((before, times)) if before == key => times + 1,
            _ => 1,
        };
        self.key = Some((key, times));
        let many = if key == 0 { ZERO_KEYS } else { SAME_KEYS };
        if times < many || !self.first("key") {
            return;
        }
        let hides = if key == 0 { " (it masks nothing)" } else { "" };
        let words = format!(
            "The client masks {times} frames in a row with the same key, {key:08x}{hides}. Each frame \
             needs a new key that cannot be predicted, which protects proxies on the way from bytes \
             chosen by an attacker. Reported once."
        );
        found.add(&kinds::WS_MASK_KEY, "ws-client-masked", Level::Note, Party::Client, words);
    }

    fn head(&mut self, view: &WebSocketView<'_>, found: &mut Findings) {
        let (frame, party) = (view.frame, Party::from(view.frame.from));
        if let Some((id, why)) = fault(frame, view.link)
            && self.first(id)
        {
            let words = format!(
                "{} {why}. The receiver has to close the connection (1002). Reported once.",
                what(frame)
            );
            found.add(&kinds::WS_FRAME_INVALID, id, Level::Error, party, words);
        }
        if frame.padded && self.first("padded") {
            let words = format!(
                "{} writes its length in more bytes than it needs, which RFC 6455 (section 5.2) \
                 forbids; strict receivers close the connection. Reported once.",
                what(frame)
            );
            let id = "ws-length-minimal";
            found.add(&kinds::WS_FRAME_INVALID, id, Level::Error, party, words);
        }
    }

    fn message(&mut self, view: &WebSocketView<'_>, lost: bool, found: &mut Findings) {
        let (frame, party) = (view.frame, Party::from(view.frame.from));
        self.fragments(frame, lost || view.link.handshake.is_none(), found);
        match view.opcode() {
            Opcode::BINARY if self.first("binary") => {
                let words = format!(
                    "{} ({} B): XMPP travels in text messages only. Peers close the connection \
                     (1003) or ignore it. Reported once.",
                    what(frame),
                    frame.content.size
                );
                let id = "ws-text-frames-utf8";
                found.add(&kinds::WS_BINARY_MESSAGE, id, Level::Error, party, words);
            }
            Opcode::TEXT => self.text(frame, lost, found),
            _ => {}
        }
    }

    fn fragments(&mut self, frame: &Frame, lost: bool, found: &mut Findings) {
        let continues = Opcode(frame.opcode) == Opcode::CONTINUATION;
        let within = std::mem::replace(&mut self.unfinished, frame.content.cut);
        let why = if continues && !within {
            "continues a message that never began"
        } else if within {
            "begins within another one that is not complete"
        } else {
            return;
        };
        // Fragments of a control frame were reported as such.
        let reported = self.reported.contains(&"ws-control-frames");
        if lost || reported || !self.first("fragments") {
            return;
        }
        let words = format!(
            "{} {why}. Only control frames may come between the fragments of a message; the \
             receiver has to close the connection (1002).",
            what(frame)
        );
        let party = Party::from(frame.from);
        found.add(&kinds::WS_FRAGMENTS_MIXED, "ws-fragmentation", Level::Error, party, words);
    }

    fn text(&mut self, frame: &Frame, lost: bool, found: &mut Findings) {
        let (content, party) = (&frame.content, Party::from(frame.from));
        if let Some(why) = &content.undecoded {
            // What follows refers to it, and cannot be read either; so does what was lost.
            if !lost && self.first("undecoded") {
                let words = format!(
                    "{} cannot be decompressed: {}. Its receiver cannot read it either, and closes \
                     the connection. Reported once.",
                    what(frame),
                    short(why)
                );
                found.add(&kinds::WS_UNDECODABLE, None, Level::Error, party, words);
            }
            return;
        }
        // Without the handshake it is not known whether this is compressed.
        if content.cut || frame.reserved != 0 {
            return;
        }
        let Err(error) = std::str::from_utf8(&content.bytes) else { return };
        let at = error.valid_up_to();
        // What is kept of a long message may end within a character.
        if (content.clipped && error.error_len().is_none()) || !self.first("encoding") {
            return;
        }
        let words = format!(
            "{} is not UTF-8 at byte {at}: {}. The receiver has to close the connection (1007). \
             Reported once.",
            what(frame),
            around(&content.bytes, at, QUOTED)
        );
        found.add(&kinds::WS_TEXT_ENCODING, "ws-invalid-utf8", Level::Error, party, words);
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
