//! Bytes of one direction, put together to whole messages.

use std::mem;

use crate::wire::Side;
use crate::wire::conversation::Mark;

/// A message that is longer is passed on as it comes, and no fault concerns it.
pub(super) const LONGEST: usize = 4 << 20;

/// Bytes that are decided about together.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) from: Side,
    pub(super) bytes: Vec<u8>,
    /// What they are.
    pub(super) marks: Vec<Mark>,
    /// They are a whole message.
    pub(super) whole: bool,
}

/// Puts messages together.
#[derive(Debug)]
pub(super) struct Units {
    from: Side,
    bytes: Vec<u8>,
    marks: Vec<Mark>,
    /// A message of WebSocket is unfinished.
    in_message: bool,
    /// The frame that is coming ends the message, or is one by itself.
    last: bool,
    /// The message that is coming is passed on as it comes.
    streams: bool,
}

impl Units {
    pub(super) fn new(from: Side) -> Self {
        let (bytes, marks) = (Vec::new(), Vec::new());
        Self { from, bytes, marks, in_message: false, last: false, streams: false }
    }

    /// Bytes that are kept because their message is not whole.
    pub(super) fn kept(&self) -> usize {
        self.bytes.len()
    }

    /// Takes bytes with their marks; what is complete goes to `out`. All of it, put together, is what was taken.
    pub(super) fn take(&mut self, bytes: &[u8], marks: &[Mark], out: &mut Vec<Unit>) {
        let mut rest = bytes;
        let mut marks = marks.iter().peekable();
        while let Some(&mark) = marks.next() {
            let (part, behind) = rest.split_at(mark.len().min(rest.len()));
            rest = behind;
            self.bytes.extend_from_slice(part);
            self.marks.push(mark);
            match mark {
                Mark::Request(_) if expects_continue(&self.bytes) => self.streams = true,
                Mark::End => {
                    if let Some(&&switch @ Mark::WebSocket(_)) = marks.peek() {
                        self.marks.push(switch);
                        marks.next();
                    }
                    self.complete(true, out);
                }
                Mark::Frame(_, head) => {
                    self.last = if head.opcode.is_control() { !self.in_message } else { head.fin };
                    if !head.opcode.is_control() {
                        self.in_message = !head.fin;
                    }
                }
                Mark::FrameEnd if self.last => self.complete(true, out),
                Mark::Item(..) => self.complete(true, out),
                Mark::Cut | Mark::Raw(_) => self.complete(false, out),
                _ => {}
            }
        }
        if !rest.is_empty() {
            // Of a protocol that is not followed.
            self.bytes.extend_from_slice(rest);
            self.complete(false, out);
        }
        if self.streams || self.bytes.len() > LONGEST {
            self.streams = true;
            self.flush(false, out);
        }
    }

    /// What has come is all there is.
    pub(super) fn give_up(&mut self, out: &mut Vec<Unit>) {
        self.flush(false, out);
    }

    fn complete(&mut self, whole: bool, out: &mut Vec<Unit>) {
        let streams = mem::take(&mut self.streams);
        self.flush(whole && !streams, out);
    }

    fn flush(&mut self, whole: bool, out: &mut Vec<Unit>) {
        let (bytes, marks) = (mem::take(&mut self.bytes), mem::take(&mut self.marks));
        if !bytes.is_empty() || !marks.is_empty() {
            out.push(Unit { from: self.from, bytes, marks, whole });
        }
    }
}

/// Whether the client waits for permission before it sends the content (RFC 9110 §10.1.1).
fn expects_continue(head: &[u8]) -> bool {
    head.split(|&byte| byte == b'\n').any(|line| {
        line.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"expect:"))
            && line[7..].trim_ascii().eq_ignore_ascii_case(b"100-continue")
    })
}
