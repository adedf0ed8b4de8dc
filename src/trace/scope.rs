//! The scope of an XML stream: the namespaces that its header declares hold for all that follows (RFC 6120 §4.8).

use std::fmt::Write as _;

use crate::xml::{self, Element, Error, Limits, Position, attributes, tokens};

/// Room for the header around an element.
const HEADER: usize = 64 * 1024;

/// The namespaces that a stream header declares.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// A start tag that declares them.
    tag: String,
}

/// The element around those of the stream.
const AROUND: &str = "stream";

impl Scope {
    /// The scope that a stream header opens; that of an XML document by itself if the header cannot be read.
    pub fn of(header: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(header) else { return Self::default() };
        let start = tokens(header)
            .find(|token| matches!(token.kind, xml::TokenKind::Start { .. }))
            .map(|token| &text[token.span]);
        let Some(tag) = start.filter(|tag| tag.len() <= HEADER) else { return Self::default() };
        let mut scope = format!("<{AROUND}");
        for found in attributes(tag.as_bytes()) {
            let (name, value) = (&tag[found.name], &tag[found.value]);
            if name == "xmlns" || name.starts_with("xmlns:") {
                let quote = if value.contains('\'') { '"' } else { '\'' };
                let _ = write!(scope, " {name}={quote}{value}{quote}"); // a String takes it
            }
        }
        scope.push('>');
        Self { tag: scope }
    }

    /// Reads an element as a child of the stream. Places in errors are those in `source`; places in the element are behind
    /// the [`Scope::shift`].
    pub fn parse(&self, source: &[u8]) -> Result<Element, Error> {
        if self.tag.is_empty() {
            return xml::parse(source, &Limits::default());
        }
        let end = format!("</{AROUND}>");
        let whole = [self.tag.as_bytes(), source, end.as_bytes()].concat();
        let limits = Limits::default();
        let around = self.tag.len() + end.len();
        let limits = Limits {
            depth: limits.depth + 1,
            bytes: limits.bytes.saturating_add(around),
            ..limits
        };
        let root = xml::parse(&whole, &limits).map_err(|error| {
            let offset = error.at.offset.saturating_sub(self.tag.len()).min(source.len());
            Error { at: Position::of(source, offset), kind: error.kind }
        })?;
        // What is split is balanced, and so a single child; what holds none is no element.
        root.into_children().next().map_or_else(|| xml::parse(source, &Limits::default()), Ok)
    }
}

/// Reads a stream header by itself: as an element without content.
pub fn header(source: &[u8]) -> Result<Element, Error> {
    let name = tokens(source).find_map(|token| match token.kind {
        xml::TokenKind::Start { name, .. } => Some(name.to_vec()),
        _ => None,
    });
    let end = [b"</", &name.unwrap_or_default()[..], b">"].concat();
    let whole = if source.ends_with(b"/>") { source.to_vec() } else { [source, &end].concat() };
    xml::parse(&whole, &Limits::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmpp::ns;

    const HEADER: &[u8] = b"<?xml version='1.0'?><stream:stream to='a' xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

    #[test]
    fn elements_are_read_in_the_scope_of_their_stream() {
        let scope = Scope::of(HEADER);
        let features = scope.parse(b"<stream:features/>").unwrap();
        assert!(features.is(ns::STREAMS, "features"));
        let message = scope.parse(b"<message to='b'><body>x</body></message>").unwrap();
        assert!(message.is(ns::CLIENT, "message"));
        let error = scope.parse(b"<message><b:a/></message>").unwrap_err();
        assert_eq!(error.at.offset, 9);
        assert!(Scope::default().parse(b"<stream:features/>").is_err());
        let text = scope.parse(b"<![CDATA[x]]>").unwrap_err();
        assert_eq!(
            text.to_string(),
            xml::parse(b"<![CDATA[x]]>", &Limits::default()).unwrap_err().to_string()
        );
        assert!(Scope::of(b"\xff").parse(b"<a/>").unwrap().is("", "a"));
    }

    #[test]
    fn a_header_is_an_element_that_is_not_closed() {
        let root = header(HEADER).unwrap();
        assert!(root.is(ns::STREAMS, "stream"));
        assert_eq!(root.attr("to"), Some("a"));
        assert!(header(b"<stream:stream>").is_err());
        assert!(header(b"<a/>").unwrap().is("", "a"));
    }
}
