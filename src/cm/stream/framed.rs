//! What a message of WebSocket is to the stream (RFC 7395 §3.3).

use super::message::Input;
use super::refusal::condition_of;
use crate::xml::{Limits, parse};
use crate::xmpp::{Header, ns};

/// What a message is.
pub fn message(text: &str, limits: &Limits) -> Input {
    if !text.starts_with('<') {
        return Input::Wrong("not-well-formed");
    }
    let element = match parse(text.as_bytes(), limits) {
        Ok(element) => element,
        Err(error) => return Input::Wrong(condition_of(&error.kind)),
    };
    match (element.namespace(), element.name()) {
        (ns::FRAMING, "open") => Input::Header(Header::of(&element)),
        (ns::FRAMING, "close") => Input::End,
        (_, "open") => Input::Misnamed(Header::of(&element)),
        (_, "close") => Input::Wrong("invalid-namespace"),
        _ => Input::Element(element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_element_and_nothing_else() {
        let read = |text: &str| message(text, &Limits::default());
        let framing = ns::FRAMING;
        let open = read(&format!("<f:open xmlns:f='{framing}' to='a' version='1.0'/>"));
        assert!(matches!(open, Input::Header(header) if header.to.as_deref() == Some("a")));
        let declared = format!("<?xml version='1.0'?><open xmlns='{framing}' to='a'/>");
        assert!(matches!(read(&declared), Input::Header(_)));
        assert_eq!(read(&format!("<close xmlns='{framing}'/>")), Input::End);
        for (text, condition) in [
            ("", "not-well-formed"),
            (" ", "not-well-formed"),
            (" <presence xmlns='jabber:client'/>", "not-well-formed"),
            ("<presence xmlns='jabber:client'/><a/>", "not-well-formed"),
            ("<presence", "not-well-formed"),
            ("<stream:stream xmlns='jabber:client'>", "not-well-formed"),
            ("<stream:x/>", "not-well-formed"),
            ("<a><!-- --></a>", "restricted-xml"),
            ("<!DOCTYPE a><a/>", "restricted-xml"),
            ("<?b c?><a/>", "restricted-xml"),
            ("<a>&b;</a>", "not-well-formed"),
            ("<close/>", "invalid-namespace"),
        ] {
            assert_eq!(read(text), Input::Wrong(condition), "{text}");
        }
        let other = read("<open xmlns='jabber:client' to='a'/>");
        assert!(matches!(other, Input::Misnamed(_)));
    }
}
