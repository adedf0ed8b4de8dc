//! What of a client's messages a scenario can say as they are.

use crate::snapshot::Tree;
use crate::trace::{Content, Fact, Frame, Reading};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xml::Element;

/// Whether a control frame is as it has to be.
pub(super) fn is_lawful(frame: &Frame) -> bool {
    let masked = frame.frames == 0 || frame.masked == frame.frames;
    masked && frame.reserved == 0 && !frame.padded && !frame.unfinished
}

/// Whether a client breaks the rules of WebSocket with a message.
pub(super) fn is_broken(fact: &Fact) -> bool {
    let Fact::Frame(frame) = fact else { return false };
    frame.from == Side::Client && (!is_lawful(frame) || Opcode(frame.opcode) != Opcode::TEXT)
}

pub(super) fn is_whole(content: &Content) -> bool {
    !content.cut && !content.clipped && content.undecoded.is_none()
}

/// Whether people would write a text into a scenario.
pub(super) fn is_short(text: &str) -> bool {
    text.len() <= 1000 && !text.contains("[hidden ") && !text.chars().any(char::is_control)
}

/// Whether it matters how an element was written: with something in front of it, or with a prefix that the server may refuse.
pub(super) fn is_odd(bytes: &[u8]) -> bool {
    let name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let Some(rest) = bytes.strip_prefix(b"<") else { return true };
    let end = rest.iter().position(|byte| !name(byte)).unwrap_or(rest.len());
    let prefix = rest[..end].split(|byte| *byte == b':').next().filter(|it| it.len() < end);
    end == 0 || prefix.is_some_and(|prefix| prefix != b"stream")
}

/// Why there is no step for a request of BOSH, if there is none.
pub(super) fn unsaid(reading: &Reading, creates: bool) -> Option<&'static str> {
    let Reading::Body(body) = reading else { return None };
    let element = body.element();
    if !creates && element.attr("to").is_some() && !body.is_restart() {
        return Some(
            "further streams of sessions of BOSH (XEP-0124 §16), and what followed in them",
        );
    }
    let says = !element.text().trim().is_empty();
    says.then_some(
        "texts that are in a <body/> and in no element, and what followed in their sessions",
    )
}

/// The start tag of a stream, with its content namespace.
pub(super) fn header(element: &Element, bytes: &[u8]) -> Tree {
    let mut tree = Tree::of(element);
    let text = String::from_utf8_lossy(bytes);
    let declared = ["xmlns='", "xmlns=\""].iter().find_map(|opening| {
        let rest = text.split_once(&format!(" {opening}"))?.1;
        rest.split(['\'', '"']).next()
    });
    if tree.name == "stream:stream" {
        let content = declared.unwrap_or_default().to_owned();
        tree.attributes.push(("xmlns".to_owned(), content));
    }
    tree
}
