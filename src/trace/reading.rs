//! What the content of a message is.

use std::ops::Range;
use std::time::Duration;

use super::event::Content;
use super::scope::{self, Scope};
use crate::bosh::{Body, NotBody};
use crate::xml::{self, Element, Limits, TokenKind, local_name, tokens};
use crate::xmpp::{Summary, summarise};

/// What the content of a message is.
#[derive(Debug, Clone)]
pub enum Reading {
    /// There is none.
    Empty,
    /// A BOSH `<body/>`.
    Body(Box<Body>),
    /// XML with another root.
    OtherXml(NotBody),
    /// It begins like XML, or is said to be XML, but is not well-formed.
    Malformed(xml::Error),
    /// An element by itself: what a WebSocket message or a stream over TCP carries.
    Element(Box<Element>),
    /// The start tag of a stream (RFC 6120 §4.2), as an element without content.
    Header(Box<Element>),
    /// The end tag of a stream (RFC 6120 §4.4).
    StreamEnd,
    /// Nothing but white space.
    Space,
    /// Something else: a page, a script, a picture.
    Other,
    /// It can't be judged, since not all of it is there.
    Partial,
}

/// A payload of a body.
#[derive(Debug, Clone)]
pub struct Stanza {
    /// What it is, in a line.
    pub summary: Summary,
    /// Where it stands in the content.
    pub span: Range<usize>,
    /// The question it answers.
    pub pair: Option<Pair>,
}

/// The question of an answer, found by `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// What it was about.
    pub subject: String,
    /// The namespaces in it.
    pub namespaces: Vec<String>,
    /// The rid of the request that carried it, or of the request whose answer did.
    pub rid: Option<u64>,
    /// How long ago it passed; none if times are not known.
    pub after: Option<Duration>,
}

impl Stanza {
    pub(super) fn of(element: &Element) -> Self {
        Self { summary: summarise(element), span: element.span.clone(), pair: None }
    }

    /// An element that is all of a content of this size.
    pub(super) fn whole(element: &Element, size: usize) -> Self {
        Self { span: 0..size, ..Self::of(element) }
    }
}

/// Reads the content of a message.
pub fn read(content: &Content, content_type: Option<&str>) -> Reading {
    if content.size == 0 {
        return Reading::Empty;
    }
    if content.clipped || content.cut || content.undecoded.is_some() {
        return Reading::Partial;
    }
    if !looks_like_xml(content, content_type) {
        return Reading::Other;
    }
    match xml::parse(&content.bytes, &Limits::default()) {
        Ok(root) => match Body::new(root) {
            Ok(body) => Reading::Body(Box::new(body)),
            Err(not) => Reading::OtherXml(not),
        },
        Err(error) => Reading::Malformed(error),
    }
}

/// Reads what a message of WebSocket carries, or a part of a stream over TCP in the scope of its header.
pub(super) fn read_element(content: &Content, scope: &Scope) -> Reading {
    let bytes = &content.bytes[..];
    if content.size == 0 {
        return Reading::Empty;
    }
    if content.clipped || content.cut || content.undecoded.is_some() {
        return Reading::Partial;
    }
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Reading::Space;
    }
    if !text.starts_with(b"<") {
        return Reading::Other;
    }
    match root_name(text) {
        Some(Root::Start("stream")) => match scope::header(text) {
            Ok(root) => return Reading::Header(Box::new(root)),
            Err(error) => return Reading::Malformed(error),
        },
        Some(Root::End("stream")) => return Reading::StreamEnd,
        _ => {}
    }
    match scope.parse(bytes) {
        Ok(root) => Reading::Element(Box::new(root)),
        Err(error) => Reading::Malformed(error),
    }
}

/// The first tag of a text.
enum Root<'a> {
    Start(&'a str),
    End(&'a str),
}

fn root_name(text: &[u8]) -> Option<Root<'_>> {
    let local = |name| std::str::from_utf8(local_name(name)).ok();
    tokens(text).find_map(|token| match token.kind {
        TokenKind::Start { name, .. } => local(name).map(Root::Start),
        TokenKind::End { name } => local(name).map(Root::End),
        _ => None,
    })
}

/// Whether a content is worth reading as XML at all.
fn looks_like_xml(content: &Content, content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    let start = content.bytes.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if kind.contains("html") || kind.contains("javascript") || kind.starts_with("image/") {
        return false;
    }
    kind.contains("xml") || start.first() == Some(&b'<')
}
