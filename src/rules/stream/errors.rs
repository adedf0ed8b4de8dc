//! Explains stream errors (RFC 6120 §4.9).

use crate::rules::words::short;
use crate::xml::Element;
use crate::xmpp::ns;

/// Explains a stream error: its condition, what that means, and the text in it.
pub fn explain(error: &Element) -> String {
    let condition = error
        .children()
        .find(|child| child.namespace() == ns::STREAM_ERRORS && child.name() != "text")
        .map_or("no condition", Element::name);
    let meaning = match condition {
        "conflict" => ": the same resource logged in elsewhere (two tabs, a reload)",
        "connection-timeout" => ": the server waited too long for the client",
        "host-unknown" => ": the server does not serve this domain",
        "not-authorized" => ": the client sent something before it was authenticated",
        "policy-violation" => ": a limit of the server was exceeded, such as the size of a stanza",
        "resource-constraint" => ": the server lacks resources",
        "system-shutdown" => ": the server is shutting down",
        "invalid-namespace" => ": a namespace is wrong or missing",
        "not-well-formed" | "invalid-xml" | "bad-format" => {
            ": the server rejected the client's XML"
        }
        "invalid-from" => ": the `from` address is not the client's",
        "unsupported-stanza-type" => ": the client sent an element that is not a stanza",
        _ => "",
    };
    let text = error.child(ns::STREAM_ERRORS, "text").map(Element::text);
    let text = text.map(|text| format!(" (\"{}\")", short(&text))).unwrap_or_default();
    format!("Stream error {}{meaning}{text}.", short(condition))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    #[test]
    fn a_condition_is_explained_and_the_text_quoted() {
        let error = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
            <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
            <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Replaced</text></stream:error>";
        let error = parse(error.as_bytes(), &Limits::default()).unwrap();
        let expected = "Stream error conflict: the same resource logged in elsewhere (two tabs, a reload) \
            (\"Replaced\").";
        assert_eq!(explain(&error), expected);
    }
}
