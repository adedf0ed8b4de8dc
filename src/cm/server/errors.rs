//! Answers to stanzas: results and errors (RFC 6120 §8).

use crate::xml::Element;
use crate::xmpp::ns;

/// The answer to a stanza, with its addresses turned round.
fn answer(stanza: &Element, kind: &str) -> Element {
    Element::new(ns::CLIENT, stanza.name())
        .with_attr("type", kind)
        .with_attr_if("id", stanza.attr("id"))
        .with_attr_if("from", stanza.attr("to"))
        .with_attr_if("to", stanza.attr("from"))
}

/// An empty result.
pub(super) fn result(iq: &Element) -> Element {
    answer(iq, "result")
}

/// An error without what it is about.
pub(super) fn bare(error: &Element) -> Element {
    let mut bare = Element::new(ns::CLIENT, error.name());
    for (namespace, name, value) in error.attributes() {
        bare.set_attr(namespace, name, Some(value));
    }
    for child in error.children().filter(|child| child.is(ns::CLIENT, "error")) {
        bare.push(child.clone());
    }
    bare
}

/// An error with a condition of RFC 6120 §8.3.3.
pub(super) fn reply(stanza: &Element, kind: &str, condition: &str) -> Element {
    let error = Element::new(ns::CLIENT, "error")
        .with_attr("type", kind)
        .with_child(Element::new(ns::STANZA_ERRORS, condition));
    answer(stanza, "error").with_child(error)
}
