//! Namespaces (RFC 6120 §4.8).

use super::raw::heard;
use crate::cm::stream::{Input, Session};
use crate::defects::defect::{Defect, defect};
use crate::xml::{Element, Node};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "tcp-stream-namespace-error/taken",
        "a header is taken whatever its namespaces are",
        |parts| {
            heard(parts, |input, _| match input {
                Input::Misnamed(header) => vec![Input::Header(header)],
                other => vec![other],
            });
        },
    ),
    defect(
        "tcp-stream-namespace-error/silent",
        "a header of a namespace that is not known is not answered",
        |parts| heard(parts, misnamed_dropped),
    ),
    defect(
        "tcp-content-namespace/silent",
        "a header for stanzas of a namespace that is not known is not answered",
        |parts| heard(parts, misnamed_dropped),
    ),
    defect(
        "tcp-content-namespace/servers",
        "a stanza of the namespace of servers is taken for one of clients",
        |parts| {
            heard(parts, |input, _| match input {
                Input::Element(element) if element.namespace() == "jabber:server" => {
                    vec![Input::Element(renamed(&element, "jabber:server"))]
                }
                other => vec![other],
            });
        },
    ),
    defect(
        "tcp-content-namespace/none",
        "a stanza of no namespace is taken for one of clients",
        |parts| {
            heard(parts, |input, _| match input {
                Input::Element(element) if element.namespace().is_empty() => {
                    vec![Input::Element(renamed(&element, ""))]
                }
                other => vec![other],
            });
        },
    ),
    defect(
        "tcp-foreign-first-level/names",
        "what is called like a stanza is one, whatever its namespace is",
        |parts| {
            heard(parts, |input, session| match input {
                Input::Element(element) if session.is_known() && is_foreign(&element) => {
                    let namespace = element.namespace().to_owned();
                    vec![Input::Element(renamed(&element, &namespace))]
                }
                other => vec![other],
            });
        },
    ),
    defect(
        "tcp-foreign-first-level/answered",
        "an element of a foreign namespace is answered with an error of an iq",
        |parts| {
            heard(parts, |input, session| match input {
                Input::Element(element)
                    if session.is_known() && element.namespace().starts_with("urn:example") =>
                {
                    vec![Input::Element(unserved(&element))]
                }
                other => vec![other],
            });
        },
    ),
];

fn misnamed_dropped(input: Input, _: &Session) -> Vec<Input> {
    match input {
        Input::Misnamed(_) => Vec::new(),
        other => vec![other],
    }
}

/// Whether an element has the name of a stanza, and a namespace of its own.
fn is_foreign(element: &Element) -> bool {
    let stanza = matches!(element.name(), "iq" | "message" | "presence");
    stanza && !matches!(element.namespace(), ns::CLIENT | "jabber:server" | "")
}

/// The element in the namespace of clients in place of this one.
fn renamed(element: &Element, namespace: &str) -> Element {
    let own = if element.namespace() == namespace { ns::CLIENT } else { element.namespace() };
    let mut copy = Element::new(own, element.name());
    for (namespace, name, value) in element.attributes() {
        copy.set_attr(namespace, name, Some(value));
    }
    element.nodes().iter().fold(copy, |copy, node| match node {
        Node::Element(child) => copy.with_child(renamed(child, namespace)),
        Node::Text { text, .. } => copy.with_text(text),
    })
}

/// A request that nobody serves, with the id of this element.
fn unserved(element: &Element) -> Element {
    let iq = Element::new(ns::CLIENT, "iq").with_attr("type", "get");
    let iq = iq.with_attr_if("id", element.attr("id"));
    iq.with_child(Element::new("urn:xmpp:unknown", "query"))
}
