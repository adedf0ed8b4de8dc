//! What a transcript shows of a message: some headers, and its content with secrets hidden.

use std::borrow::Cow;

use super::exchange::Content;
use super::tree::{Leaf, Tree};
use crate::diag::sanitise::{self, one_line};
use crate::trace::redact::{self, Redactor};
use crate::trace::{Headers, Reading};
use crate::xml::{Element, Limits};
use crate::xmpp::ns;

/// Of a content that is no XML, this many lines are shown.
const LINES: usize = 20;

/// Headers that are shown of a request, if they are not as they always are.
pub(super) const REQUEST_HEADERS: [&str; 9] = [
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "content-encoding",
    "content-type",
    "expect",
    "origin",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
];

/// Headers that are shown of a response, if they are not as they always are.
pub(super) const RESPONSE_HEADERS: [&str; 12] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-max-age",
    "allow",
    "content-encoding",
    "content-type",
    "location",
    "retry-after",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
];

pub(super) fn headers(all: &Headers, shown: &[&str]) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for name in shown {
        for value in all.all(name) {
            let usual = *name == "content-type" && is_usual(value);
            if !usual {
                let value = redact::header(name, value);
                headers.push(((*name).to_owned(), one_line(&value).into_owned()));
            }
        }
    }
    headers
}

/// `text/xml; charset=utf-8`, however it is written.
fn is_usual(value: &str) -> bool {
    let plain: String = value.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
    plain.eq_ignore_ascii_case("text/xml;charset=utf-8")
}

pub(super) fn content(reading: &Reading, bytes: &[u8], headers: &Headers) -> Content {
    if matches!(reading, Reading::Empty) {
        return Content::None;
    }
    // Secrets of a capture may be there still: nothing secret is to be approved and kept.
    let mut redactor = Redactor::new();
    let bytes = redactor.redact_body(bytes);
    if let (Reading::Body(body), Cow::Borrowed(_)) = (reading, &bytes) {
        return Content::Xml(hidden(Tree::of(body.element())));
    }
    let kind = headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(15)]).to_ascii_lowercase();
    let begins = |these: [&str; 2]| these.iter().any(|this| start.starts_with(this));
    let page = begins(["<!doctype html", "<html"]);
    if page || kind.contains("html") && !begins(["<body", "<?xml"]) {
        return Content::Text(vec!["(a page)".to_owned()]);
    }
    match crate::xml::parse(&bytes, &Limits::default()) {
        Ok(root) => Content::Xml(hidden(Tree::of(&root))),
        Err(_) => Content::Text(lines(&bytes)),
    }
}

/// Lengths of secrets differ from run to run.
fn hidden(mut tree: Tree) -> Tree {
    let plain = |text: &mut String| {
        if is_hidden(text) {
            "[hidden]".clone_into(text);
        } else if let Some(name) = identity(text) {
            *text = name;
        }
    };
    for node in &mut tree.nodes {
        match node {
            Leaf::Element(child) => *child = hidden(std::mem::take(child)),
            Leaf::Text(text) => plain(text),
        }
    }
    tree.attributes.iter_mut().for_each(|(_, value)| plain(value));
    tree
}

/// Why a content is not whole, if so.
pub(super) fn kept(content: &crate::trace::Content) -> Option<String> {
    match content {
        _ if content.cut => Some("cut".to_owned()),
        _ if content.clipped => Some(format!("only the beginning of {} bytes", content.size)),
        _ => content.undecoded.clone(),
    }
}

/// `[hidden 12 bytes]`
fn is_hidden(text: &str) -> bool {
    let count = text.strip_prefix("[hidden ").and_then(|rest| rest.strip_suffix(" bytes]"));
    count.is_some_and(|count| count.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `[hidden 12 bytes #0a1b2c]` as one word, by which it gets a name as any other that varies. The letter keeps a number alone from
/// looking like such a name.
fn identity(text: &str) -> Option<String> {
    let (_, tag) = text.strip_prefix("[hidden ")?.strip_suffix(']')?.split_once(" #")?;
    tag.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| format!("[hidden-x{tag}]"))
}

pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let all: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let line = |line: &&[u8]| sanitise::bytes(line.strip_suffix(b"\r").unwrap_or(line));
    let mut lines: Vec<String> = all.iter().take(LINES).map(line).collect();
    if all.len() > LINES {
        lines.push(format!("({} more lines)", all.len() - LINES));
    }
    lines
}

/// An element of a stream, or a `<body/>`, which came as these bytes: with its secrets hidden.
pub fn element(element: &Element, bytes: &[u8]) -> Tree {
    let mut redactor = Redactor::new();
    if let Cow::Owned(hidden) = redactor.redact_body(bytes) {
        let around = |bytes: &[u8]| {
            let (client, streams) = (ns::CLIENT, ns::STREAMS);
            let start = format!("<x xmlns='{client}' xmlns:stream='{streams}'>");
            [start.as_bytes(), bytes, b"</x>"].concat()
        };
        let root = crate::xml::parse(&around(&hidden), &Limits::default()).ok();
        // What cannot be read with its secrets hidden is not shown at all.
        let child = root.as_ref().and_then(|root| root.children().next());
        return child.map(|child| self::hidden(Tree::of(child))).unwrap_or_default();
    }
    hidden(Tree::of(element))
}
