//! From frames to messages: fragments joined, unmasked, inflated. One [`Assembler`] per direction.

use std::mem;

use super::deflate::{Inflated, Inflater};
use super::frame::{COMPRESSED, Head, Opcode, mask};

/// A message, or a control frame.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What its first frame says it is.
    pub opcode: Opcode,
    /// How many frames it came in.
    pub frames: u32,
    /// The reserved bits of its frames together, without that of a compression that was agreed.
    pub reserved: u8,
    /// How many of its frames were not masked.
    pub unmasked: u32,
    /// The mask of its first frame.
    pub mask: Option<[u8; 4]>,
    /// A length was written with more bytes than it needs.
    pub padded: bool,
    /// It was compressed.
    pub compressed: bool,
    /// Bytes of payload as sent.
    pub size: u64,
    /// The payload, unmasked and inflated, as much of it as is kept.
    pub payload: Vec<u8>,
    /// There was more than is kept.
    pub clipped: bool,
    /// Why it could not be inflated to its end.
    pub undecoded: Option<String>,
    /// It never came to its end: the connection ended, or another message began.
    pub cut: bool,
    /// Of a control frame: it claims that further fragments follow, which is not allowed.
    pub unfinished: bool,
}

/// What the next thing is that an [`Assembler`] is given.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A frame begins.
    Head(Head),
    /// Some of its payload, as sent.
    Payload(&'a [u8]),
    /// It is complete.
    End,
    /// It never will be.
    Cut,
}

/// Joins the frames of one direction.
#[derive(Debug, Default)]
pub struct Assembler {
    inflater: Option<Box<Inflater>>,
    /// The data message whose fragments are coming.
    message: Option<Box<Message>>,
    /// The control frame that is coming, perhaps between them.
    control: Option<Box<Message>>,
    /// Of the frame that is coming.
    frame: Option<Frame>,
}

#[derive(Debug)]
struct Frame {
    head: Head,
    /// How much of its payload has come.
    at: usize,
}

impl Assembler {
    /// From now on messages may be compressed.
    pub fn inflate_with(&mut self, inflater: Inflater) {
        self.inflater = Some(Box::new(inflater));
    }

    /// Frames were not seen. What was begun is given up.
    pub fn skip(&mut self) {
        (self.message, self.control, self.frame) = (None, None, None);
        if let Some(inflater) = &mut self.inflater {
            inflater.skip();
        }
    }

    /// Whether no message has begun that is not whole.
    pub fn is_between(&self) -> bool {
        self.message.is_none() && self.frame.is_none()
    }

    /// Whether the message that is coming is already longer than was allowed.
    pub fn is_clipped(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.clipped)
    }

    /// Bytes of payload that are kept while a message comes.
    pub fn kept(&self) -> usize {
        let parts = self.message.iter().chain(&self.control);
        parts.map(|message| message.payload.len()).sum()
    }

    /// Takes the next step. A message that is complete, or never will be, goes to `sink`. At most `limit` bytes of one
    /// are kept.
    pub fn take(&mut self, step: Step<'_>, limit: usize, sink: &mut impl FnMut(Message)) {
        match step {
            Step::Head(head) => self.begin(head, limit, sink),
            Step::Payload(bytes) => self.payload(bytes, limit),
            Step::End => self.end(limit, sink),
            Step::Cut => {
                self.frame = None;
                if let Some(control) = self.control.take() {
                    sink(Message { cut: true, ..*control });
                }
                self.cut(limit, sink);
            }
        }
    }

    /// The message whose fragments were coming never comes to its end.
    fn cut(&mut self, limit: usize, sink: &mut impl FnMut(Message)) {
        if let Some(mut message) = self.message.take() {
            message.cut = true;
            self.inflate(&mut message, limit);
            sink(*message);
        }
    }

    fn inflate(&mut self, message: &mut Message, limit: usize) {
        let Some(inflater) = self.inflater.as_mut().filter(|_| message.compressed) else { return };
        // The sender deflated more than is here to be inflated.
        let Inflated { bytes, clipped, error } = if message.cut || message.clipped {
            inflater.inflate_cut(&message.payload, limit)
        } else {
            inflater.inflate(&message.payload, limit)
        };
        message.payload = bytes;
        message.clipped |= clipped;
        message.undecoded = error;
    }

    fn begin(&mut self, head: Head, limit: usize, sink: &mut impl FnMut(Message)) {
        // A message that begins while another one is unfinished leaves that one behind.
        if !head.opcode.is_control() && head.opcode != Opcode::CONTINUATION {
            self.cut(limit, sink);
        }
        let agreed = self.inflater.is_some() && !head.opcode.is_control();
        let compressed = agreed && head.reserved & COMPRESSED != 0;
        let slot = if head.opcode.is_control() { &mut self.control } else { &mut self.message };
        let first = slot.is_none();
        let message = slot.get_or_insert_with(|| Box::new(Message::begun_by(&head, compressed)));
        message.frames += 1;
        // On a first frame the bit means that the message is compressed; on another it is not allowed.
        message.reserved |= if first && compressed { head.reserved & 3 } else { head.reserved };
        message.unmasked += u32::from(head.mask.is_none());
        message.padded |= !head.is_minimal();
        message.unfinished |= head.opcode.is_control() && !head.fin;
        self.frame = Some(Frame { head, at: 0 });
    }

    fn payload(&mut self, bytes: &[u8], limit: usize) {
        let Some(frame) = &mut self.frame else { return };
        let slot =
            if frame.head.opcode.is_control() { &mut self.control } else { &mut self.message };
        let Some(message) = slot else { return };
        message.size += bytes.len() as u64;
        let room = limit.saturating_sub(message.payload.len()).min(bytes.len());
        let start = message.payload.len();
        message.payload.extend_from_slice(&bytes[..room]);
        message.clipped |= room < bytes.len();
        if let Some(key) = frame.head.mask {
            mask(key, frame.at, &mut message.payload[start..]);
        }
        frame.at = frame.at.wrapping_add(bytes.len());
    }

    fn end(&mut self, limit: usize, sink: &mut impl FnMut(Message)) {
        let Some(Frame { head, .. }) = self.frame.take() else { return };
        if head.opcode.is_control() {
            if let Some(control) = self.control.take() {
                sink(*control);
            }
            return;
        }
        if !head.fin {
            return;
        }
        let Some(mut message) = self.message.take() else { return };
        self.inflate(&mut message, limit);
        sink(*message);
    }
}

impl Message {
    fn begun_by(head: &Head, compressed: bool) -> Self {
        Self {
            opcode: head.opcode,
            frames: 0,
            reserved: 0,
            unmasked: 0,
            mask: head.mask,
            padded: false,
            compressed,
            size: 0,
            payload: Vec::new(),
            clipped: false,
            undecoded: None,
            cut: false,
            unfinished: false,
        }
    }

    /// The payload, taken out.
    pub fn take_payload(&mut self) -> Vec<u8> {
        mem::take(&mut self.payload)
    }
}

#[cfg(test)]
#[path = "assembler_tests.rs"]
mod tests;
