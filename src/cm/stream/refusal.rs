//! Stream errors that the front of a stream gives by itself (RFC 6120 §4.9.3).

use crate::xml::{Element, ErrorKind};
use crate::xmpp::ns;

/// The condition that tells a sender what is wrong with its XML.
pub fn condition_of(kind: &ErrorKind) -> &'static str {
    match kind {
        kind if kind.is_limit() => "policy-violation",
        ErrorKind::Comment | ErrorKind::DocumentType | ErrorKind::ProcessingInstruction => {
            "restricted-xml"
        }
        _ => "not-well-formed",
    }
}

/// A stream error without words.
pub fn stream_error(condition: &str) -> Element {
    let condition = Element::new(ns::STREAM_ERRORS, condition);
    Element::new(ns::STREAMS, "error").with_child(condition)
}
