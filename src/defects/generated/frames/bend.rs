//! A WebSocket that goes wrong at one place.

use std::collections::BTreeMap;

use super::deed::FrameDeed;
use super::place::FramePlace;
use crate::cm::stream::{Outbound, Received};
use crate::defects::carried::{BendFrames, Frame};
use crate::defects::generated::deed::Deed;
use crate::defects::generated::one::Generated;
use crate::defects::generated::place::Place;
use crate::defects::generated::shared::Seen;
use crate::wire::websocket::{Head, Opcode};

const NO_TEXT: [u8; 2] = [0xc3, 0x28];
/// No frame may have it.
const UNDEFINED: Opcode = Opcode(3);

/// A WebSocket that goes wrong at one place.
pub(in crate::defects::generated) struct Frames {
    generated: Generated,
    seen: Seen,
    /// How often each place came.
    came: BTreeMap<FramePlace, u32>,
    /// The client is within a message in fragments.
    within: bool,
    /// The client has sent a Close frame.
    closing: bool,
    swapped_in: Option<Frame>,
    swapped_out: Option<Vec<u8>>,
}

impl Frames {
    pub(in crate::defects::generated) fn new(generated: Generated, seen: Seen) -> Self {
        Self {
            generated,
            seen,
            came: BTreeMap::new(),
            within: false,
            closing: false,
            swapped_in: None,
            swapped_out: None,
        }
    }

    /// What goes wrong here, if it is the place and the turn for it.
    fn strikes(&mut self, place: FramePlace) -> Option<FrameDeed> {
        let times = self.came.entry(place).or_default();
        let before = std::mem::replace(times, *times + 1);
        let place = Place::Frame(place);
        self.seen.visit(place, before + 1);
        match self.generated.deed {
            Deed::Frame(deed)
                if self.generated.place == place && self.generated.turn.has_come(before) =>
            {
                Some(deed)
            }
            _ => None,
        }
    }

    /// Bytes that are to be sent, which are whole frames.
    fn send(&mut self, bytes: &[u8], closes: FramePlace) -> Vec<u8> {
        let mut out = Vec::new();
        for frame in Frame::all(bytes) {
            let place = match frame.head.opcode {
                Opcode::PING => FramePlace::PingOut,
                Opcode::PONG => FramePlace::PongOut,
                Opcode::CLOSE => closes,
                _ => FramePlace::MessageOut,
            };
            let deed = self.strikes(place);
            let earlier = self.swapped_out.take();
            let usual = written(&frame);
            match deed {
                None => out.extend(usual),
                Some(FrameDeed::Swapped) => {
                    self.seen.fires();
                    self.swapped_out = Some(usual);
                }
                Some(deed) => {
                    let sent = wrong_out(frame, deed);
                    if sent != usual {
                        self.seen.fires();
                    }
                    out.extend(sent);
                }
            }
            out.extend(earlier.into_iter().flatten());
        }
        out
    }
}

impl BendFrames for Frames {
    fn frame(&mut self, frame: Frame) -> Vec<Frame> {
        let place = FramePlace::of_input(&frame, self.within);
        let head = frame.head;
        if !head.opcode.is_control() {
            self.within = !head.fin;
        }
        self.closing |= head.opcode == Opcode::CLOSE;
        let deed = self.strikes(place);
        let earlier = self.swapped_in.take();
        let mut frames = match deed {
            None => vec![frame],
            Some(FrameDeed::Swapped) => {
                self.seen.fires();
                self.swapped_in = Some(frame);
                Vec::new()
            }
            Some(deed) => {
                let came = wrong_in(frame.clone(), place, deed);
                let same = matches!(came.as_slice(), [one] if written(one) == written(&frame));
                if !same {
                    self.seen.fires();
                }
                came
            }
        };
        frames.extend(earlier);
        frames
    }

    fn received(&mut self, received: Received) -> Vec<Received> {
        match received {
            Received::Reply(bytes) => {
                let closes = if self.closing { FramePlace::CloseBack } else { FramePlace::Refusal };
                let sent = self.send(&bytes, closes);
                if sent.is_empty() { Vec::new() } else { vec![Received::Reply(sent)] }
            }
            Received::End => match self.strikes(FramePlace::Ended) {
                Some(_) => {
                    self.seen.fires();
                    Vec::new()
                }
                None => vec![Received::End],
            },
            other @ Received::Input(_) => vec![other],
        }
    }

    fn bytes(&mut self, _: &Outbound, bytes: Vec<u8>) -> Vec<u8> {
        self.send(&bytes, FramePlace::CloseOut)
    }
}

/// The bytes of a frame, with the length that it has.
fn written(frame: &Frame) -> Vec<u8> {
    let Frame { mut head, payload } = frame.clone();
    let usual = Head::new(head.opcode, payload.len() as u64, head.mask);
    head.length = usual.length;
    head.extended = head.extended.max(usual.extended);
    let mut bytes = Vec::new();
    head.write_with(&payload, &mut bytes);
    bytes
}

/// What goes out instead of a frame.
fn wrong_out(mut frame: Frame, deed: FrameDeed) -> Vec<u8> {
    let status = |status: u16, reason: &[u8]| [&status.to_be_bytes()[..], reason].concat();
    let told = frame.payload.get(..2).map_or(1000, |two| u16::from_be_bytes([two[0], two[1]]));
    let head = &mut frame.head;
    match deed {
        FrameDeed::Lost => return Vec::new(),
        FrameDeed::Doubled => return written(&frame).repeat(2),
        FrameDeed::Unfinished => head.fin = false,
        FrameDeed::Reserved(bits) => head.reserved |= bits,
        FrameDeed::Masked => head.mask = Some([1, 2, 3, 4]),
        FrameDeed::Kind(opcode) => head.opcode = opcode,
        FrameDeed::Padded(bytes) => head.extended = head.extended.max(bytes),
        FrameDeed::Trimmed => drop(frame.payload.pop()),
        FrameDeed::Emptied | FrameDeed::Bare => frame.payload.clear(),
        FrameDeed::Lengthened => frame.payload.push(b' '),
        FrameDeed::NoText => frame.payload.extend(NO_TEXT),
        FrameDeed::Split => {
            let rest = frame.payload.split_off(frame.payload.len() / 2);
            frame.head.extended = 0;
            let mut head = Head::new(Opcode::CONTINUATION, 0, frame.head.mask);
            head.fin = std::mem::replace(&mut frame.head.fin, false);
            return [written(&frame), written(&Frame { head, payload: rest })].concat();
        }
        FrameDeed::Before(opcode) => {
            let empty = Frame { head: Head::new(opcode, 0, None), payload: Vec::new() };
            return [written(&empty), written(&frame)].concat();
        }
        FrameDeed::Status(new) => frame.payload = status(new, b""),
        FrameDeed::OneByte => frame.payload = vec![3],
        FrameDeed::BadReason => frame.payload = status(told, &NO_TEXT),
        FrameDeed::LongReason => frame.payload = status(told, &[b'a'; 124]),
        FrameDeed::Swapped
        | FrameDeed::Final
        | FrameDeed::Refused
        | FrameDeed::Tolerated
        | FrameDeed::Field(..) => {}
    }
    written(&frame)
}

/// What comes instead of a frame.
fn wrong_in(mut frame: Frame, place: FramePlace, deed: FrameDeed) -> Vec<Frame> {
    match deed {
        FrameDeed::Lost => return Vec::new(),
        FrameDeed::Doubled => return vec![frame.clone(), frame],
        FrameDeed::Trimmed => drop(frame.payload.pop()),
        FrameDeed::Emptied => frame.payload.clear(),
        FrameDeed::Final => frame.head.fin = true,
        FrameDeed::Unfinished => frame.head.fin = false,
        FrameDeed::Refused => frame.head.opcode = UNDEFINED,
        FrameDeed::Tolerated => tolerate(&mut frame, place),
        _ => {}
    }
    vec![frame]
}

/// Makes a frame that breaks a rule one that keeps it.
fn tolerate(Frame { head, payload }: &mut Frame, place: FramePlace) {
    match place {
        FramePlace::UnmaskedIn => head.mask = Some([0; 4]),
        FramePlace::ReservedIn => head.reserved = 0,
        FramePlace::UnknownIn if head.opcode.is_control() => head.opcode = Opcode::PONG,
        FramePlace::UnknownIn | FramePlace::BinaryIn => head.opcode = Opcode::TEXT,
        FramePlace::SplitControlIn => head.fin = true,
        FramePlace::LongControlIn => payload.truncate(125),
        FramePlace::StrayIn if head.opcode == Opcode::CONTINUATION => head.opcode = Opcode::TEXT,
        FramePlace::StrayIn => head.opcode = Opcode::CONTINUATION,
        FramePlace::NoTextIn => {
            *payload = String::from_utf8_lossy(payload).into_owned().into_bytes();
        }
        FramePlace::BadCloseIn => *payload = 1000_u16.to_be_bytes().to_vec(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::websocket::{close, frame, mask};

    const KEY: Option<[u8; 4]> = Some([5, 6, 7, 8]);

    #[test]
    fn what_goes_out_is_wrong_in_one_way_each() {
        let text = frame(Opcode::TEXT, b"<a/>", None);
        let sent = |deed| wrong_out(Frame::all(&text).remove(0), deed);
        assert_eq!(sent(FrameDeed::Lost), b"");
        assert_eq!(sent(FrameDeed::Doubled), text.repeat(2));
        assert_eq!(sent(FrameDeed::Unfinished)[0], 0x01);
        assert_eq!(sent(FrameDeed::Reserved(2))[0], 0xa1);
        assert_eq!(sent(FrameDeed::Masked), frame(Opcode::TEXT, b"<a/>", Some([1, 2, 3, 4])));
        assert_eq!(sent(FrameDeed::Padded(2)), b"\x81\x7e\x00\x04<a/>");
        assert_eq!(sent(FrameDeed::Split), b"\x01\x02<a\x80\x02/>");
        assert_eq!(sent(FrameDeed::Before(Opcode::TEXT)), b"\x81\x00\x81\x04<a/>");
        let close = close(1002, "bad", None);
        let sent = |deed| wrong_out(Frame::all(&close).remove(0), deed);
        assert_eq!(sent(FrameDeed::Status(1005)), b"\x88\x02\x03\xed");
        assert_eq!(sent(FrameDeed::BadReason), b"\x88\x04\x03\xea\xc3\x28");
        assert_eq!(sent(FrameDeed::LongReason)[..6], *b"\x88\x7e\x00\x7e\x03\xea");
    }

    #[test]
    fn what_comes_in_has_its_place() {
        let place = |bytes: &[u8], within| {
            let mut frame = Frame::all(bytes).remove(0);
            if let Some(key) = frame.head.mask {
                mask(key, 0, &mut frame.payload);
            }
            FramePlace::of_input(&frame, within)
        };
        let text = |payload: &[u8]| frame(Opcode::TEXT, payload, KEY);
        let with = |opcode, payload: &[u8]| frame(Opcode(opcode), payload, KEY);
        assert_eq!(place(&text(b"<a/>"), false), FramePlace::MessageIn);
        assert_eq!(place(&text(b"<a/>"), true), FramePlace::StrayIn);
        assert_eq!(place(&text(&NO_TEXT), false), FramePlace::NoTextIn);
        assert_eq!(place(&with(0, b"b"), true), FramePlace::LastIn);
        assert_eq!(place(&with(0, b"b"), false), FramePlace::StrayIn);
        assert_eq!(place(&with(2, b"b"), false), FramePlace::BinaryIn);
        assert_eq!(place(&with(11, b"b"), true), FramePlace::UnknownIn);
        assert_eq!(place(&with(9, &[b'b'; 126]), true), FramePlace::LongControlIn);
        assert_eq!(place(&with(8, b"\x03\xed"), false), FramePlace::BadCloseIn);
        assert_eq!(place(&with(8, b""), false), FramePlace::CloseIn);
        assert_eq!(place(&frame(Opcode::TEXT, b"", None), false), FramePlace::UnmaskedIn);
    }
}
