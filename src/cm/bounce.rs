//! What comes back of a stanza that could not be delivered to its client (XEP-0206 §7).

use crate::xml::Element;
use crate::xmpp::ns;

/// The error that a stanza comes back with; presence, results and errors do not come back.
pub(super) fn bounced(stanza: &Element) -> Option<Element> {
    let (kind, condition) = match (stanza.name(), stanza.attr("type")) {
        (_, Some("error")) => return None,
        ("message", _) => ("wait", "recipient-unavailable"),
        ("iq", Some("get" | "set")) => ("cancel", "service-unavailable"),
        _ => return None,
    };
    let mut error = stanza.clone();
    let (from, to) = (stanza.attr("from"), stanza.attr("to"));
    error.set_attr("", "to", from);
    error.set_attr("", "from", to);
    error.set_attr("", "type", Some("error"));
    error.push(
        Element::new(ns::CLIENT, "error")
            .with_attr("type", kind)
            .with_child(Element::new(ns::STANZA_ERRORS, condition)),
    );
    Some(error)
}
