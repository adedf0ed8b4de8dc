//! Elements as text, and what is read in those of a server.

use crate::xml::{Element, Scope, write};
use crate::xmpp::ns;

/// The condition of a stream error, with its text.
pub fn condition(error: &Element) -> Option<String> {
    let mut children = error.children().filter(|one| one.namespace() == ns::STREAM_ERRORS);
    let condition = children.find(|one| one.name() != "text")?.name().to_owned();
    let text = error.child(ns::STREAM_ERRORS, "text").map(|text| text.text().trim().to_owned());
    Some(match text {
        Some(text) if !text.is_empty() => format!("{condition}: {text}"),
        _ => condition,
    })
}

/// The SASL mechanisms in stream features.
pub fn offered(features: &Element) -> Vec<String> {
    let classic = features.child(ns::SASL, "mechanisms");
    let second = features.child(ns::SASL2, "authentication");
    let lists = classic.into_iter().chain(second);
    let mut names: Vec<String> = lists
        .flat_map(Element::children)
        .filter(|child| child.name() == "mechanism")
        .map(|child| child.text().trim().to_owned())
        .collect();
    names.dedup();
    names
}

/// An element as a message.
pub fn text(element: &Element) -> String {
    let mut out = String::new();
    write(element, &Scope { default: "", prefixes: &[] }, &mut out);
    out
}
