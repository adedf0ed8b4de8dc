//! What is said of a stanza, and how its parts are put into words.

use std::borrow::Cow;

use super::ns;
use crate::xml::Element;

/// What the families fill in.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) detail: String,
    pub(super) noise: Option<&'static str>,
    pub(super) bound: Option<String>,
    pub(super) mechanisms: Vec<String>,
}

/// An attribute that is there and not empty.
pub(super) fn attr<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.attr(name).filter(|value| !value.is_empty())
}

/// A text unless it is empty.
pub(super) fn or_none(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The children that belong to the stanza itself, such as `<body/>`: in its namespace, whatever that
/// is, or in `jabber:client`.
pub(super) fn own<'a>(stanza: &'a Element, name: &str) -> impl Iterator<Item = &'a Element> {
    stanza.children().filter(move |child| {
        child.name() == name
            && (child.namespace() == stanza.namespace() || child.namespace() == ns::CLIENT)
    })
}

/// The first of [`own`].
pub(super) fn own_child<'a>(stanza: &'a Element, name: &str) -> Option<&'a Element> {
    own(stanza, name).next()
}

/// The text of an element without the white space around it; `None` if nothing is left.
pub(super) fn text(element: &Element) -> Option<String> {
    let text = element.text();
    or_none(text.trim()).map(str::to_owned)
}

/// The text of a child.
pub(super) fn child_text(element: &Element, namespace: &str, name: &str) -> Option<String> {
    element.child(namespace, name).and_then(text)
}

/// A text in quotes, whole.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Texts that may come in several languages: `"hi"`, or `"hi" (en), "salut" (fr)`.
pub(super) fn in_languages<'a>(elements: impl Iterator<Item = &'a Element>) -> Option<String> {
    let texts: Vec<(Option<&str>, Cow<'_, str>)> =
        elements.map(|element| (element.attr_ns(ns::XML, "lang"), element.text())).collect();
    match texts.as_slice() {
        [] => None,
        [(_, text)] => Some(quoted(text)),
        several => Some(
            several
                .iter()
                .map(|(language, text)| {
                    format!("{} ({})", quoted(text), language.unwrap_or("default"))
                })
                .collect::<Vec<_>>()
                .join(", "),
        ),
    }
}

/// `1 contact`, `12 contacts`.
pub(super) fn count(number: usize, singular: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {singular}{plural}")
}

/// The error in a stanza: `item-not-found (cancel): text [application-condition]`.
pub(super) fn stanza_error(stanza: &Element) -> Option<String> {
    own_child(stanza, "error").map(error_words)
}

/// What an `<error/>` says.
pub(super) fn error_words(error: &Element) -> String {
    let mut words = String::new();
    let mut text_of = None;
    let mut application = Vec::new();
    for child in error.children() {
        match (child.namespace(), child.name()) {
            (ns::STANZA_ERRORS, "text") => text_of = text(child),
            (ns::STANZA_ERRORS, name) if words.is_empty() => {
                words.push_str(name);
                // `gone` and `redirect` hold the new address.
                if let Some(address) = text(child) {
                    words = format!("{words} {address}");
                }
            }
            (_, name) => application.push(name),
        }
    }
    if words.is_empty() {
        words = match attr(error, "code") {
            Some(code) => format!("code {code}"),
            None => "no condition".into(),
        };
        // Before XMPP 1.0 the text stood in <error/> itself.
        text_of = text_of.or_else(|| text(error));
    }
    if let Some(kind) = attr(error, "type") {
        words = format!("{words} ({kind})");
    }
    if let Some(text) = text_of {
        words = format!("{words}: {text}");
    }
    if !application.is_empty() {
        words = format!("{words} [{}]", application.join(", "));
    }
    words
}
