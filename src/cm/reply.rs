//! The `<body/>` that the connection manager sends, before it is text.

use std::borrow::Cow;
use std::fmt;

use crate::bosh::{Condition, NS, XBOSH};
use crate::xml::{Element, Scope, write, write_attribute};
use crate::xmpp::ns;

/// A response: attributes and payloads of the wrapper, and how HTTP has to carry it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The attributes in the order they are written, named `sid`, `xmpp:version`, `xml:lang`.
    pub attributes: Vec<(Cow<'static, str>, String)>,
    /// The payloads.
    pub payloads: Vec<Payload>,
    /// What this response reports, if a client without `ver` has to be told in HTTP's words (XEP-0124 §17.1).
    pub legacy: Option<Condition>,
}

/// What a payload is: a body never mixes kinds (XEP-0206 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayloadKind {
    /// `<stream:features/>`
    Features,
    /// `<stream:error/>`
    StreamError,
    /// An element of SASL.
    Sasl,
    /// Anything else.
    Stanza,
}

/// An element as it is written inside `<body/>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it is.
    pub kind: PayloadKind,
    /// Its text, which stands in the scope of a `<body/>` that declares the prefix `stream`.
    pub xml: Box<str>,
}

const SCOPE: Scope<'_> = Scope { default: NS, prefixes: &[(ns::STREAMS, "stream")] };

impl Payload {
    /// Writes an element.
    pub fn new(element: &Element) -> Self {
        let kind = match (element.namespace(), element.name()) {
            (ns::STREAMS, "features") => PayloadKind::Features,
            (ns::STREAMS, "error") => PayloadKind::StreamError,
            (ns::SASL, _) => PayloadKind::Sasl,
            _ => PayloadKind::Stanza,
        };
        let mut xml = String::new();
        write(element, &SCOPE, &mut xml);
        Self { kind, xml: xml.into() }
    }

    /// The payload as an element again.
    pub fn element(&self) -> Option<Element> {
        let wrapped =
            format!("<body xmlns='{NS}' xmlns:stream='{}'>{}</body>", ns::STREAMS, self.xml);
        let limits = crate::xml::Limits { bytes: usize::MAX, ..Default::default() };
        crate::xml::parse(wrapped.as_bytes(), &limits).ok()?.children().next().cloned()
    }
}

impl Reply {
    /// An empty `<body/>`.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A `<body/>` that ends the session.
    pub fn terminate(condition: Option<Condition>) -> Self {
        let mut reply = Self::default();
        reply.set("type", "terminate");
        if let Some(condition) = condition {
            reply.set("condition", condition.as_str());
        }
        reply
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sets an attribute.
    #[allow(clippy::needless_pass_by_value)] // numbers and texts are given as they are
    pub fn set(&mut self, name: &'static str, value: impl fmt::Display) {
        let value = value.to_string();
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((Cow::Borrowed(name), value)),
        }
    }

    /// Removes an attribute, and tells whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.attributes.len();
        self.attributes.retain(|(known, _)| known != name);
        self.attributes.len() < before
    }

    /// Whether it ends the session, or one of its streams.
    pub fn is_terminal(&self) -> bool {
        self.get("type") == Some("terminate")
    }

    /// The text of the document.
    pub fn to_xml(&self) -> String {
        let size: usize = self.payloads.iter().map(|payload| payload.xml.len()).sum();
        let mut out = String::with_capacity(size + 256);
        out.push_str("<body");
        write_attribute("xmlns", NS, &mut out);
        if self.attributes.iter().any(|(name, _)| name.starts_with("xmpp:")) {
            write_attribute("xmlns:xmpp", XBOSH, &mut out);
        }
        if self.payloads.iter().any(|payload| payload.xml.contains("stream:")) {
            write_attribute("xmlns:stream", ns::STREAMS, &mut out);
        }
        for (name, value) in &self.attributes {
            write_attribute(name, value, &mut out);
        }
        if self.payloads.is_empty() {
            out.push_str("/>");
            return out;
        }
        out.push('>');
        for payload in &self.payloads {
            out.push_str(&payload.xml);
        }
        out.push_str("</body>");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_declares_what_its_content_needs() {
        assert_eq!(Reply::empty().to_xml(), "<body xmlns='http://jabber.org/protocol/httpbind'/>");
        let mut reply = Reply::terminate(Some(Condition::RemoteStreamError));
        reply.set("xmpp:version", "1.0");
        let error = Element::new(ns::STREAMS, "error")
            .with_child(Element::new(ns::STREAM_ERRORS, "conflict"));
        reply.payloads.push(Payload::new(&error));
        assert_eq!(reply.payloads[0].element().unwrap().children().count(), 1);
        assert_eq!(
            reply.to_xml(),
            "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' \
             xmlns:stream='http://etherx.jabber.org/streams' type='terminate' \
             condition='remote-stream-error' xmpp:version='1.0'><stream:error>\
             <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></body>"
        );
    }
}
