//! Explains stream errors (RFC 6120 §4.9).

use super::said;
use crate::rules::finding::{Level, Party};
use crate::rules::words::short;
use crate::wire::Side;
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

/// Conditions of which a text says more than what they mean in general.
const VAGUE: [&str; 5] = [
    "internal-server-error",
    "not-authorized",
    "policy-violation",
    "resource-constraint",
    "undefined-condition",
];

/// Explains a stream error: its condition, what that means, and the text in it.
pub fn explain(error: &Element) -> String {
    let condition = stream_condition(error).map_or("no condition", Element::name);
    let meaning = meaning_of(error).map(|meaning| format!(": {meaning}")).unwrap_or_default();
    format!("Stream error {}{meaning}{}.", short(condition), quoted(error))
}

/// Whether a condition is one that is defined.
pub(super) fn is_defined(condition: &str) -> bool {
    DEFINED.contains(&condition)
}

/// How many conditions an error has.
pub(super) fn conditions(error: &Element) -> usize {
    let is_condition =
        |child: &&Element| child.namespace() == ns::STREAM_ERRORS && child.name() != "text";
    error.children().filter(is_condition).count()
}

/// The text of a stream error, as ` ("…")`.
pub fn quoted(error: &Element) -> String {
    match &*text(error) {
        "" => String::new(),
        text => format!(" (\"{}\")", short(text)),
    }
}

/// The text of a stream error, or nothing.
pub(super) fn text(error: &Element) -> String {
    let text = error.child(ns::STREAM_ERRORS, "text").map(Element::text);
    text.map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// How serious a condition is, and whose it is in general.
pub fn standing(condition: &str, from: Side) -> (Level, Party) {
    let peer = Party::from(from.other());
    match condition {
        "see-other-host" | "reset" => (Level::Note, Party::Nobody),
        "system-shutdown" => (Level::Warning, Party::from(from)),
        "conflict" => (Level::Warning, peer),
        "connection-timeout" => (Level::Warning, Party::Nobody),
        "undefined-condition" | "" => (Level::Error, Party::Nobody),
        "internal-server-error"
        | "remote-connection-failed"
        | "resource-constraint"
        | "host-gone" => (Level::Error, Party::from(from)),
        _ if is_defined(condition) => (Level::Error, peer),
        _ => (Level::Error, Party::Nobody),
    }
}

/// What a stream error means by its text, or by its condition where the text says no more.
pub(super) fn meaning_of(error: &Element) -> Option<&'static str> {
    let condition = stream_condition(error).map_or("", Element::name);
    let (text, general) = (text(error), meaning(condition).unwrap_or_default());
    let said = match said::or_general(&text, condition, general) {
        None if !VAGUE.contains(&condition) => Some(general),
        said => said,
    };
    said.filter(|said| !said.is_empty())
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

    #[test]
    fn what_the_server_says_decides_over_the_general_meaning() {
        for (condition, text, expected) in [
            ("policy-violation", "", ": a limit of the server was exceeded, such as the size of a"),
            (
                "policy-violation",
                "Too many failed authentications",
                ": logins failed too often, and",
            ),
            ("policy-violation", "Not on a Sunday", " (\"Not on a Sunday\")."),
            ("not-authorized", "Token expired", ": the token has expired"),
            ("host-unknown", "We are example.net", ": the server does not serve this domain (\"We"),
            ("conflict", "Kicked", ": an administrator of the server ended it (\"Kicked\")."),
            ("undefined-condition", "", "."),
        ] {
            let namespace = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
            let text = format!("<text {namespace}>{text}</text>");
            let error = format!("<error><{condition} {namespace}/>{text}</error>");
            let error = parse(error.as_bytes(), &Limits::default()).unwrap();
            let begins = format!("Stream error {condition}{expected}");
            assert!(explain(&error).starts_with(&begins), "{}", explain(&error));
        }
    }
}
