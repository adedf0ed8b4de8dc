//! What a message is that is not allowed or unusual: the likely cause of an error right after it.

use super::line::LineView;
use crate::rules::words::short;
use crate::trace::{Message, Reading};
use crate::xml::{Element, TokenKind, attributes, tokens};
use crate::xmpp::ns;

/// What is not allowed or unusual.
#[derive(Debug)]
pub(super) struct Odd {
    /// As it follows "the client sent".
    pub(super) what: String,
    /// Another rule reports it when it comes.
    pub(super) reported: bool,
    /// The only condition that it explains, if it is lawful otherwise.
    pub(super) only: Option<&'static str>,
}

impl Odd {
    pub(super) fn reported(what: String) -> Self {
        Self { what, reported: true, only: None }
    }
}

/// What a message is that is not allowed or unusual.
pub(super) fn odd(view: &LineView<'_>, message: &Message, bytes: &[u8]) -> Option<Odd> {
    let text = bytes.trim_ascii_start();
    let declared = text.starts_with(b"<?xml");
    match &message.reading {
        // That is lawful, as a rule: it is reported only if it is refused for it.
        _ if declared && view.is_websocket() => {
            Some(Odd { what: "an XML declaration".to_owned(), reported: false, only: None })
        }
        Reading::Header(_) if view.is_websocket() => {
            Some(Odd::reported("the old <stream:stream> in place of <open/>".to_owned()))
        }
        Reading::Header(header) if header.namespace() != ns::STREAMS => {
            let name = short(header.namespace());
            Some(Odd::reported(format!("a stream header in the namespace '{name}'")))
        }
        // Lawful elsewhere: what refuses it says so.
        Reading::Header(_) if is_other_kind(bytes) => {
            let namespace = content_namespace(bytes)?;
            let what = format!("a stream header for the namespace '{}'", short(&namespace));
            Some(Odd { what, reported: false, only: Some("invalid-namespace") })
        }
        Reading::Header(_) => {
            content_namespace(bytes).filter(|namespace| namespace != ns::CLIENT).map(|namespace| {
                Odd::reported(format!("a stream header for the namespace '{}'", short(&namespace)))
            })
        }
        Reading::Malformed(error) => {
            Some(Odd::reported(format!("XML with an error: {}", short(&error.kind.to_string()))))
        }
        Reading::Space if view.is_websocket() => {
            Some(Odd::reported("nothing but white space".to_owned()))
        }
        Reading::Element(element) if view.is_websocket() && element.is(ns::TLS, "starttls") => {
            Some(Odd::reported("<starttls/>, which does not exist over WebSocket".to_owned()))
        }
        Reading::Other if std::str::from_utf8(bytes).is_ok() => {
            Some(Odd::reported("text outside of any element".to_owned()))
        }
        Reading::Element(element) if is_misnamed(element) => Some(Odd::reported(format!(
            "<{}/> in the namespace '{}'",
            short(element.name()),
            short(element.namespace())
        ))),
        _ => None,
    }
}

fn is_misnamed(element: &Element) -> bool {
    matches!(element.name(), "message" | "presence" | "iq") && element.namespace() != ns::CLIENT
}

/// Whether a header opens a stream between servers, or of a component: those are of another kind.
pub(super) fn is_other_kind(header: &[u8]) -> bool {
    content_namespace(header).is_some_and(|namespace| {
        namespace == ns::SERVER || namespace.starts_with("jabber:component:")
    })
}

/// The default namespace that a header declares.
pub fn content_namespace(header: &[u8]) -> Option<String> {
    let start = tokens(header).find(|token| matches!(token.kind, TokenKind::Start { .. }))?;
    let tag = header.get(start.span)?;
    let found = attributes(tag).find(|found| &tag[found.name.clone()] == b"xmlns")?;
    let value = tag.get(found.value)?;
    Some(String::from_utf8_lossy(value).into_owned())
}
