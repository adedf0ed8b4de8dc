//! The elements of stream management, as they come and go.

use crate::cm::stream::{Input, Output};
use crate::xml::Element;
use crate::xmpp::ns;

/// An element of stream management.
pub(super) fn element(name: &str) -> Element {
    Element::new(ns::SM3, name)
}

/// What comes, if it is this element of stream management.
pub(super) fn came<'a>(input: &'a Input, name: &str) -> Option<&'a Element> {
    match input {
        Input::Element(element) if element.is(ns::SM3, name) => Some(element),
        _ => None,
    }
}

/// What is sent, if it is this element of stream management.
pub(super) fn goes<'a>(output: &'a Output, name: &str) -> Option<&'a Element> {
    match output {
        Output::Element(element) if element.is(ns::SM3, name) => Some(element),
        _ => None,
    }
}

/// What is sent, if it is a stanza.
pub(super) fn stanza(output: &Output) -> Option<&Element> {
    match output {
        Output::Element(element) if is_stanza(element) => Some(element),
        _ => None,
    }
}

/// Whether stream management counts an element.
pub(super) fn is_stanza(element: &Element) -> bool {
    element.namespace() == ns::CLIENT && matches!(element.name(), "iq" | "message" | "presence")
}

/// The count in an element.
pub(super) fn count(element: &Element) -> u32 {
    element.attr("h").and_then(|h| h.parse().ok()).unwrap_or_default()
}

/// The element with another count.
pub(super) fn counted(element: &Element, count: u32) -> Output {
    with(element, "h", Some(&count.to_string()))
}

/// The element with another attribute, or without it.
pub(super) fn with(element: &Element, name: &str, value: Option<&str>) -> Output {
    let mut element = element.clone();
    element.set_attr("", name, value);
    Output::Element(element)
}
