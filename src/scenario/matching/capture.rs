//! What captures take of a response or of a stanza.

use super::answer::Answer;
use crate::bosh::XBOSH;
use crate::scenario::model::Origin;
use crate::xml::Element;

/// An attribute as scenarios name it: `xmpp:version`, `xml:lang`, `sid`.
pub fn attribute<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    match name.split_once(':') {
        Some(("xmpp", local)) => element.attr_ns(XBOSH, local),
        Some(("xml", local)) => element.attr_ns(XML, local),
        _ => element.attr(name),
    }
}

/// What a capture takes of a response; none if it is not there.
pub fn capture(origin: &Origin, answer: &Answer) -> Option<String> {
    match origin {
        Origin::Status => Some(answer.status.to_string()),
        Origin::Entity => Some(String::from_utf8_lossy(&answer.entity).into_owned()),
        Origin::Header(name) => answer.header(name),
        Origin::Path { elements, attribute } => {
            capture_from(elements, attribute.as_deref(), answer.body.as_ref().ok()?.element())
        }
        Origin::Name(elements) => name_from(elements, answer.body.as_ref().ok()?.element()),
    }
}

/// The local name of the first element at the end of a path.
pub fn name_from(elements: &[String], from: &Element) -> Option<String> {
    let Some((first, rest)) = elements.split_first() else { return Some(from.name().to_owned()) };
    from.children()
        .filter(|child| first == "*" || child.name() == first)
        .find_map(|child| name_from(rest, child))
}

/// What a path takes of an element, whose children the path begins with.
pub fn capture_from(elements: &[String], name: Option<&str>, from: &Element) -> Option<String> {
    let Some((first, rest)) = elements.split_first() else {
        return match name {
            Some(name) => attribute(from, name).map(str::to_owned),
            None => Some(from.text().into_owned()),
        };
    };
    from.children()
        .filter(|child| first == "*" || child.name() == first)
        .find_map(|child| capture_from(rest, name, child))
}
