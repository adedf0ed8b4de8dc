//! Explains stream errors (RFC 6120 §4.9).

use crate::rules::words::short;
use crate::xml::Element;
use crate::xmpp::{ns, stream_condition};

/// The conditions that RFC 6120 §4.9.3 defines, and those that RFC 3920 had in their place.
const DEFINED: [&str; 27] = [
    "bad-format",
    "bad-namespace-prefix",
    "conflict",
    "connection-timeout",
    "host-gone",
    "host-unknown",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-id",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
    "xml-not-well-formed",
];

/// Explains a stream error: its condition, what that means, and the text in it.
pub fn explain(error: &Element) -> String {
    let condition = stream_condition(error).map_or("no condition", Element::name);
    let meaning = by_text(error).or(meaning(condition));
    let meaning = meaning.map(|meaning| format!(": {meaning}")).unwrap_or_default();
    format!("Stream error {}{meaning}{}.", short(condition), quoted(error))
}

/// Whether a condition is one that is defined.
pub(super) fn is_defined(condition: &str) -> bool {
    DEFINED.contains(&condition)
}

/// The text of a stream error, as ` ("…")`.
pub fn quoted(error: &Element) -> String {
    let text = error.child(ns::STREAM_ERRORS, "text").map(Element::text);
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| format!(" (\"{}\")", short(text.trim()))).unwrap_or_default()
}

/// What the text of an error means, where its condition says little.
pub(super) fn by_text(error: &Element) -> Option<&'static str> {
    let text = error.child(ns::STREAM_ERRORS, "text")?.text().to_ascii_lowercase();
    let text = text.trim();
    if text.contains("features to proceed with") || text.contains("no stream features") {
        return Some(
            "the server offers this client no way to go on, not even to log in. As a rule TLS ends \
             before it, at a reverse proxy, so that it takes the connection for insecure (Prosody: \
             consider_bosh_secure, consider_websocket_secure)",
        );
    }
    None
}

/// What a condition means in general.
pub(super) fn meaning(condition: &str) -> Option<&'static str> {
    Some(match condition {
        "conflict" => "the same resource logged in elsewhere (two tabs, a reload)",
        "connection-timeout" => "the server waited too long for the client",
        "host-gone" => "the server no longer serves this domain",
        "host-unknown" => "the server does not serve this domain",
        "improper-addressing" => "an address is missing or cannot be read",
        "internal-server-error" => "the server failed; its log says more",
        "not-authorized" => "the client sent something before it was authenticated",
        "policy-violation" => "a limit of the server was exceeded, such as the size of a stanza",
        "remote-connection-failed" => "the server could not reach another one that it needs",
        "reset" => "the server wants a new stream, since something essential has changed",
        "resource-constraint" => "the server lacks resources",
        "see-other-host" => "the server sends the client to another host",
        "system-shutdown" => "the server is shutting down",
        "bad-namespace-prefix" => "a namespace prefix is wrong or not declared",
        "invalid-namespace" => "a namespace is wrong or missing",
        "not-well-formed" | "xml-not-well-formed" | "invalid-xml" | "bad-format" => {
            "the server rejected the client's XML"
        }
        "restricted-xml" => {
            "the client sent XML that XMPP forbids, such as a comment or a processing instruction"
        }
        "invalid-from" => "the `from` address is not the client's",
        "unsupported-encoding" => "the client's encoding is not UTF-8",
        "unsupported-stanza-type" => "the client sent an element that is not a stanza",
        "unsupported-version" => "the server does not support this version of XMPP",
        _ => return None,
    })
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
