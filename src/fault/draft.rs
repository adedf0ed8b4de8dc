//! A message that may be changed before it is passed on. What is not changed keeps the bytes that came.

use std::ops::Range;

use super::unit::Unit;
use super::what::{ORIGIN, Strip};
use crate::trace::Fact;
use crate::wire::conversation::Mark;
use crate::wire::websocket::{Head, Opcode};
use crate::xml::{TokenKind, attributes, tokens, write_attribute as attribute};

/// A byte that no UTF-8 has.
const NO_TEXT: u8 = 0xff;

/// A message that may be changed.
#[derive(Debug)]
pub(super) struct Draft {
    form: Form,
    /// As it came.
    bytes: Vec<u8>,
    /// The content, codings and masks removed, if all of it is known.
    content: Option<Vec<u8>>,
    changed: bool,
}

#[derive(Debug)]
enum Form {
    /// HTTP: so many of the bytes are the head.
    Http {
        head: Vec<u8>,
        length: usize,
    },
    WebSocket {
        opcode: Opcode,
        mask: Option<[u8; 4]>,
        compressed: bool,
    },
    Stream,
}

impl Draft {
    /// A message as it came.
    pub(super) fn of(unit: Unit, fact: &Fact) -> Self {
        let form = match fact {
            Fact::Frame(frame) => Form::WebSocket {
                opcode: Opcode(frame.opcode),
                mask: frame.mask.map(u32::to_be_bytes),
                compressed: frame.content.coding.is_some(),
            },
            Fact::Part(_) => Form::Stream,
            _ => {
                let is_head = |mark: &Mark| matches!(mark, Mark::Request(_) | Mark::Response(..));
                let end = unit.marks.iter().position(is_head).map_or(0, |last| last + 1);
                let length = unit.marks[..end].iter().map(Mark::len).sum();
                Form::Http { head: unit.bytes[..length].to_vec(), length }
            }
        };
        let content = fact
            .content()
            .filter(|content| !content.cut && !content.clipped && content.undecoded.is_none());
        let content = content.map(|content| content.bytes.clone());
        Self { form, bytes: unit.bytes, content, changed: false }
    }

    /// Whether it is compressed in a way in which later messages refer to it.
    pub(super) fn is_compressed(&self) -> bool {
        matches!(self.form, Form::WebSocket { compressed: true, .. })
    }

    /// Whether it is not what came.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// It is sent without compression.
    pub(super) fn inflate(&mut self) {
        self.changed |= self.is_compressed() && self.content.is_some();
    }

    /// Its content ends behind so many bytes. Whether that changes it.
    pub(super) fn truncate(&mut self, length: usize) -> bool {
        let Some(content) = self.content.as_mut().filter(|content| content.len() > length) else {
            return false;
        };
        content.truncate(length);
        self.changed = true;
        true
    }

    /// Makes one byte of its content what no text has: this one, or one in the middle. Gives which.
    pub(super) fn garble(&mut self, at: Option<usize>) -> Option<usize> {
        let content = self.content.as_mut()?;
        let at = at.unwrap_or(content.len() / 2);
        *content.get_mut(at)? = NO_TEXT;
        self.changed = true;
        Some(at)
    }

    /// Sets an attribute of the outermost element.
    pub(super) fn set(&mut self, name: &str, value: &str) -> bool {
        self.edit_tag(name, |tag, found| {
            let mut new = String::new();
            attribute(name, value, &mut new);
            if let Some(span) = found {
                tag.splice(span, new.trim_start().bytes());
            } else {
                // Before the end of the tag.
                let end = tag.len() - if tag.ends_with(b"/>") { 2 } else { 1 };
                tag.splice(end..end, new.bytes());
            }
        })
    }

    /// Takes an attribute out of the outermost element.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.edit_tag(name, |tag, found| {
            if let Some(span) = found {
                let start = tag[..span.start].trim_ascii_end().len();
                tag.drain(start..span.end);
            }
        })
    }

    /// Changes the first start tag of the content. `edit` gets the tag and where in it an attribute is.
    fn edit_tag(
        &mut self,
        name: &str,
        edit: impl FnOnce(&mut Vec<u8>, Option<Range<usize>>),
    ) -> bool {
        let Some(content) = &mut self.content else { return false };
        let start = tokens(content).find(|token| matches!(token.kind, TokenKind::Start { .. }));
        let Some(span) = start.map(|token| token.span) else { return false };
        let mut tag = content[span.clone()].to_vec();
        let found = attributes(&tag).find(|found| tag[found.name.clone()] == *name.as_bytes());
        let found = found.map(|found| {
            let quote = usize::from(found.quote.is_some());
            found.name.start..found.value.end + quote
        });
        edit(&mut tag, found);
        content.splice(span, tag);
        self.changed = true;
        true
    }

    /// Takes header lines out of the head.
    pub(super) fn strip(&mut self, strip: &Strip) {
        self.edit_head(|name, line, out| {
            if !strip.takes(name) {
                out.extend_from_slice(line);
            }
        });
    }

    /// Has the header that lets a page read the response twice.
    pub(super) fn double_cors(&mut self) {
        self.edit_head(|name, line, out| {
            out.extend_from_slice(line);
            if name.eq_ignore_ascii_case(ORIGIN) {
                out.extend_from_slice(line);
            }
        });
    }

    /// Writes the head anew, from its first line and what `each` makes of the others.
    fn edit_head(&mut self, each: impl FnMut(&str, &[u8], &mut Vec<u8>)) {
        if let Form::Http { head, .. } = &mut self.form {
            *head = rewrite(head, each);
            self.changed = true;
        }
    }

    /// How many bytes it has, as it came.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes to be passed on.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let Self { form, bytes, content, changed } = self;
        if !changed {
            return bytes;
        }
        match form {
            Form::Http { head, length } => match content {
                Some(content) if has_length(&head) => whole(&head, &content),
                _ => [&head, &bytes[length..]].concat(),
            },
            Form::WebSocket { opcode, mask, .. } => {
                let Some(payload) = content else { return bytes };
                let mut out = Vec::new();
                let head = Head::new(opcode, payload.len() as u64, mask);
                head.write_with(&payload, &mut out);
                out
            }
            Form::Stream => content.unwrap_or(bytes),
        }
    }
}

/// Whether a head says that content follows, and how long it is.
fn has_length(head: &[u8]) -> bool {
    let mut found = false;
    rewrite(head, |name, _, _| found |= is_length(name));
    found
}

fn is_length(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding")
}

/// A message with this content, of which the head says how long it is.
fn whole(head: &[u8], content: &[u8]) -> Vec<u8> {
    let mut said = false;
    let mut out = rewrite(head, |name, line, out| {
        if is_length(name) {
            if !std::mem::replace(&mut said, true) {
                out.extend_from_slice(format!("Content-Length: {}\r\n", content.len()).as_bytes());
            }
        } else if !name.eq_ignore_ascii_case("content-encoding") {
            out.extend_from_slice(line);
        }
    });
    out.extend_from_slice(content);
    out
}

fn rewrite(head: &[u8], mut each: impl FnMut(&str, &[u8], &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len() + 64);
    for (number, line) in head.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        match std::str::from_utf8(name) {
            Ok(name) if number > 0 && name.len() < line.len() => each(name, line, &mut out),
            _ => out.extend_from_slice(line),
        }
    }
    out
}
