//! What captures take of a response or of a stanza.

use super::answer::Answer;
use crate::bosh::XBOSH;
use crate::scenario::model::Origin;
use crate::xml::{Element, Limits, parse};

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
        Origin::Link(relation) => link(relation, &answer.entity),
        Origin::Header(name) => answer.header(name),
        Origin::Path { elements, attribute } => {
            capture_from(elements, attribute.as_deref(), answer.body.as_ref().ok()?.element())
        }
        Origin::Name(elements) => name_from(elements, answer.body.as_ref().ok()?.element()),
    }
}

/// The address of the first link of this relation in an XRD, or in the same as JSON (RFC 6415).
fn link(relation: &str, document: &[u8]) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(document) {
        let links = json.get("links")?.as_array()?;
        let link = links.iter().find(|link| link["rel"] == relation)?;
        return link["href"].as_str().map(str::to_owned);
    }
    let root = parse(document, &Limits::default()).ok()?;
    let mut links = root.children().filter(|child| child.name() == "Link");
    links.find(|link| link.attr("rel") == Some(relation))?.attr("href").map(str::to_owned)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_both_forms() {
        let xrd = "<a:XRD xmlns:a='x'><a:Link rel='b' href='1&amp;2'/><a:Link rel='c'/><a:Link rel='b' href='3'/></a:XRD>";
        let json = r#"{"links":[{"rel":"b","href":"1&2"},{"rel":"c"},{"rel":"b","href":"3"}]}"#;
        for document in [xrd, json] {
            let found = |relation| link(relation, document.as_bytes());
            assert_eq!(found("b").as_deref(), Some("1&2"));
            assert_eq!((found("c"), found("d")), (None, None));
        }
        assert_eq!((link("b", b"{}"), link("b", b"<XRD"), link("b", b"")), (None, None, None));
    }
}
