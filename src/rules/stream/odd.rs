//! What a message is that is not allowed or unusual: the likely cause of an error right after it.

use super::line::LineView;
use crate::rules::words::short;
use crate::trace::{Fact, Message, Reading};
use crate::xml::{Element, TokenKind, attributes, tokens};
use crate::xmpp::ns;

/// What a message is that is not allowed or unusual, as it follows "the client sent".
pub(super) fn odd(
    view: &LineView<'_>,
    message: &Message,
    bytes: &[u8],
    fact: &Fact,
) -> Option<String> {
    let text = bytes.trim_ascii_start();
    let declared = text.starts_with(b"<?xml");
    match &message.reading {
        _ if declared && view.is_websocket() => Some("an XML declaration".to_owned()),
        Reading::Header(_) if view.is_websocket() => {
            Some("the old <stream:stream> in place of <open/>".to_owned())
        }
        Reading::Header(header) if header.namespace() != ns::STREAMS => {
            Some(format!("a stream header in the namespace '{}'", short(header.namespace())))
        }
        Reading::Header(_) => content_namespace(bytes)
            .filter(|namespace| namespace != ns::CLIENT)
            .map(|namespace| format!("a stream header for the namespace '{}'", short(&namespace))),
        Reading::Malformed(error) => {
            Some(format!("XML with an error: {}", short(&error.kind.to_string())))
        }
        Reading::Other if is_text(fact) => Some("text outside of any element".to_owned()),
        Reading::Element(element) if is_misnamed(element) => Some(format!(
            "<{}/> in the namespace '{}'",
            short(element.name()),
            short(element.namespace())
        )),
        _ => None,
    }
}

fn is_text(fact: &Fact) -> bool {
    fact.content().is_some_and(|content| std::str::from_utf8(&content.bytes).is_ok())
}

fn is_misnamed(element: &Element) -> bool {
    matches!(element.name(), "message" | "presence" | "iq") && element.namespace() != ns::CLIENT
}

/// The default namespace that a header declares.
pub fn content_namespace(header: &[u8]) -> Option<String> {
    let start = tokens(header).find(|token| matches!(token.kind, TokenKind::Start { .. }))?;
    let tag = header.get(start.span)?;
    let found = attributes(tag).find(|found| &tag[found.name.clone()] == b"xmlns")?;
    let value = tag.get(found.value)?;
    Some(String::from_utf8_lossy(value).into_owned())
}
