//! The `<body/>` of a request (XEP-0124 §6) as it is put together.

use memchr::memmem;

use crate::bosh::{NS, XBOSH};
use crate::xml::{Element, Scope, write, write_attribute};
use crate::xmpp::ns;

/// The prefixes that are declared where they are used.
const PREFIXES: [(&str, &str); 2] = [(XBOSH, "xmpp"), (ns::STREAMS, "stream")];

/// A `<body/>` before it is text. A scenario may have it say anything, so attributes are known by the names that they are
/// written with (`rid`, `xmpp:version`, `xml:lang`), and nothing is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wrapper {
    attributes: Vec<(String, String)>,
    content: String,
}

impl Wrapper {
    /// With this attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, Some(value.into()));
        self
    }

    /// Sets an attribute, or takes it away.
    pub fn set(&mut self, name: &str, value: Option<String>) {
        self.attributes.retain(|(known, _)| known != name || value.is_some());
        let Some(value) = value else { return };
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }

    /// An attribute, by the name that it is written with.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Puts a payload behind the others.
    pub fn push(&mut self, payload: &Element) {
        self.content += &content(payload);
    }

    /// Puts text behind the other content, as it is.
    pub fn push_text(&mut self, content: &str) {
        self.content += content;
    }

    /// The text; prefixes are declared where they are used and no attribute declares them.
    pub fn to_xml(&self) -> String {
        let mut out = String::from("<body");
        let has = |name: &str| self.attributes.iter().any(|(known, _)| known == name);
        if !has("xmlns") {
            write_attribute("xmlns", NS, &mut out);
        }
        for (namespace, prefix) in PREFIXES {
            let used = format!("{prefix}:");
            let named = self.attributes.iter().any(|(name, _)| name.starts_with(&used));
            let declared = format!("xmlns:{prefix}");
            if !has(&declared)
                && (named || memmem::find(self.content.as_bytes(), used.as_bytes()).is_some())
            {
                write_attribute(&declared, namespace, &mut out);
            }
        }
        for (name, value) in &self.attributes {
            write_attribute(name, value, &mut out);
        }
        if self.content.is_empty() {
            return out + "/>";
        }
        out.reserve_exact(self.content.len() + "></body>".len());
        out + ">" + &self.content + "</body>"
    }
}

/// A payload as it stands in a [`Wrapper`]: it keeps its namespaces, whatever prefixes it came with.
pub fn content(payload: &Element) -> String {
    let mut out = String::new();
    write(payload, &Scope { default: NS, prefixes: &PREFIXES }, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_declares_what_it_uses() {
        let mut body = Wrapper::default().with("rid", "1").with("xmpp:version", "1.0");
        assert_eq!(
            body.to_xml(),
            "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' rid='1' xmpp:version='1.0'/>"
        );
        body.set("xmpp:version", None);
        body.push_text("<a/>");
        assert_eq!(
            body.to_xml(),
            "<body xmlns='http://jabber.org/protocol/httpbind' rid='1'><a/></body>"
        );
    }

    #[test]
    fn payloads_keep_their_namespaces() {
        let mut body = Wrapper::default().with("rid", "7").with("sid", "a'b");
        assert_eq!(
            body.to_xml(),
            "<body xmlns='http://jabber.org/protocol/httpbind' rid='7' sid='a&apos;b'/>"
        );
        body.set("xml:lang", Some("en".to_owned()));
        body.set("xmpp:restart", Some("true".to_owned()));
        body.push(&Element::new(ns::STREAMS, "error").with_child(Element::new("urn:x", "y")));
        assert_eq!(
            body.to_xml(),
            "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' \
             xmlns:stream='http://etherx.jabber.org/streams' rid='7' sid='a&apos;b' xml:lang='en' xmpp:restart='true'>\
             <stream:error><y xmlns='urn:x'/></stream:error></body>"
        );
    }
}
