//! What an XML stream over TCP must not contain, and in which namespaces its parts are (RFC 6120 §4.8 and §11).

use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerLine;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::stream::line::{LinePart, LineView};
use crate::rules::stream::odd::content_namespace;
use crate::rules::words::{around, short};
use crate::trace::{Fact, Message, Reading};
use crate::wire::Side;
use crate::xml::{self, Element, ErrorKind, TokenKind, tokens};
use crate::xmpp::ns;

/// Judges the XML of streams over TCP.
#[derive(Debug, Default)]
pub struct Xml {
    lines: PerLine<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The namespace for stanzas that each side declares.
    content: [Option<String>; 2],
    /// TLS begins, or compression: what follows cannot be read, until another header comes.
    dark: bool,
    /// What was reported of each side.
    told: [Vec<&'static str>; 2],
}

impl Rule for Xml {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        // It is to be forgotten also if its stream goes on elsewhere.
        if let Fact::Closed { .. } = moment.event.fact {
            self.lines.take(moment.event.conn);
            return;
        }
        let Some(view) = moment.line() else { return };
        if view.session.tcp().is_none() {
            return;
        }
        let LinePart::Message(message) = view.part else { return };
        let bytes = moment.event.fact.content().map_or(&[][..], |content| &content.bytes);
        self.lines.of(view.line.conn).message(&view, message, bytes, found);
    }
}

impl State {
    fn message(
        &mut self,
        view: &LineView<'_>,
        message: &Message,
        bytes: &[u8],
        found: &mut Findings,
    ) {
        let from = message.from;
        match &message.reading {
            Reading::Header(header) => {
                self.dark = false;
                self.header(from, header, bytes, found);
            }
            Reading::Element(element) => {
                self.dark |=
                    element.is(ns::TLS, "proceed") || element.is(ns::COMPRESS, "compressed");
                self.element(view, from, element, bytes, found);
            }
            Reading::Malformed(error) if !self.dark => self.malformed(from, error, bytes, found),
            Reading::Other if !self.dark => self.text(from, bytes, found),
            _ => {}
        }
    }

    /// Whether this was not reported of this side before.
    fn is_new(&mut self, from: Side, what: &'static str) -> bool {
        let told = &mut self.told[from as usize];
        let new = !told.contains(&what);
        if new {
            told.push(what);
        }
        new
    }

    fn header(&mut self, from: Side, header: &Element, bytes: &[u8], found: &mut Findings) {
        let content = content_namespace(bytes);
        let party = Party::from(from);
        if header.namespace() != ns::STREAMS && self.is_new(from, "stream") {
            let words = format!(
                "The stream header is in the namespace '{}', but it has to be in {}. The other \
                 side refuses such a stream with invalid-namespace.",
                short(header.namespace()),
                ns::STREAMS
            );
            let id = "tcp-stream-namespace-error";
            found.add(&kinds::STREAM_HEADER_NAMESPACE, id, Level::Error, party, words);
        }
        let known = |name: &str| {
            // Streams between servers, and of components, are streams of their own kind.
            name == ns::CLIENT || name == ns::SERVER || name.starts_with("jabber:component:")
        };
        if let Some(name) = content.as_deref().filter(|name| !known(name))
            && name != ns::STREAMS
            && self.is_new(from, "content")
        {
            let words = format!(
                "The stream header declares '{}' as the namespace of stanzas. Between a client and \
                 a server that is jabber:client; anything else is refused with invalid-namespace.",
                short(name)
            );
            let id = "tcp-content-namespace";
            found.add(&kinds::STREAM_HEADER_NAMESPACE, id, Level::Error, party, words);
        }
        self.content[from as usize] = content;
    }

    fn features(&mut self, features: &Element, found: &mut Findings) {
        let misplaced = |child: &&Element| {
            matches!(child.namespace(), "" | ns::CLIENT | ns::SERVER | ns::STREAMS)
        };
        let Some(feature) = features.children().find(misplaced) else { return };
        if !self.is_new(Side::Server, "feature") {
            return;
        }
        let words = format!(
            "The feature <{}/> is in the namespace '{}', which is that of {}. Each feature has a \
             namespace of its own, by which a client knows it.",
            short(feature.name()),
            short(feature.namespace()),
            if feature.namespace() == ns::STREAMS { "streams" } else { "stanzas" },
        );
        let id = "tcp-features-after-header";
        found.add(&kinds::FEATURE_NAMESPACE, id, Level::Error, Party::Server, words);
    }

    fn element(
        &mut self,
        view: &LineView<'_>,
        from: Side,
        element: &Element,
        bytes: &[u8],
        found: &mut Findings,
    ) {
        let (name, namespace) = (element.name(), element.namespace());
        let party = Party::from(from);
        if from == Side::Server && element.is(ns::STREAMS, "features") {
            self.features(element, found);
        }
        let stanza = matches!(name, "message" | "presence" | "iq");
        let other = self.content[from as usize].as_deref();
        let between_clients = other.is_none_or(|content| {
            content != ns::SERVER && !content.starts_with("jabber:component:")
        });
        if stanza
            && namespace != ns::CLIENT
            && between_clients
            && view.opened(from)
            && self.is_new(from, "stanza")
        {
            let words = format!(
                "<{name}/> is in the namespace '{}', not in jabber:client, so it is no stanza of \
                 this stream. Declare xmlns='jabber:client' in the stream header.",
                short(namespace)
            );
            let id = "tcp-content-namespace";
            found.add(&kinds::STANZA_NAMESPACE, id, Level::Warning, party, words);
        }
        if namespace == ns::CLIENT
            && let Some(prefix) = prefix(bytes)
            && self.is_new(from, "prefix")
        {
            let words = format!(
                "<{}:{name}/> is in jabber:client by a prefix. Stanzas should have none: many \
                 implementations look for the name without a prefix, and ignore this one.",
                short(&prefix)
            );
            let id = "tcp-no-generated-prefix";
            found.add(&kinds::STANZA_PREFIX, id, Level::Warning, party, words);
        }
    }

    fn malformed(&mut self, from: Side, error: &xml::Error, bytes: &[u8], found: &mut Findings) {
        if error.kind.is_limit() {
            return;
        }
        let what = match error.kind {
            ErrorKind::Comment => "comment",
            ErrorKind::ProcessingInstruction => "instruction",
            ErrorKind::DocumentType => "doctype",
            ErrorKind::UndeclaredEntity(_) => "entity",
            _ => "",
        };
        if !self.is_new(from, what) {
            return;
        }
        let excerpt = around(bytes, error.at.offset, 60);
        let kind = around(error.kind.to_string().as_bytes(), 0, 120);
        let (id, begins, follows) = if what.is_empty() {
            (None, "The XML is not well-formed:", "ends the stream with not-well-formed")
        } else if what == "entity" {
            let id = Some("tcp-restricted-xml");
            (id, "In the stream,", "may end it with restricted-xml")
        } else {
            (Some("tcp-restricted-xml"), "The stream has", "may end it with restricted-xml")
        };
        let words = format!("{begins} {kind}. The other side {follows}. It reads \"{excerpt}\".");
        found.add(&kinds::XML_MALFORMED, id, Level::Error, Party::from(from), words);
    }

    /// Text between stanzas.
    fn text(&mut self, from: Side, bytes: &[u8], found: &mut Findings) {
        // What is no text may be TLS that began here.
        let is_text = std::str::from_utf8(bytes).is_ok_and(|text| {
            !text.contains(|char: char| char.is_control() && !char.is_whitespace())
        });
        if !is_text {
            self.dark = true;
            return;
        }
        if self.is_new(from, "text") {
            let words = format!(
                "There is text between the elements of the stream, where only white space may be: \
                 \"{}\".",
                around(bytes, 0, 60)
            );
            found.add(&kinds::XML_MALFORMED, None, Level::Error, Party::from(from), words);
        }
    }
}

/// The prefix of the first tag.
fn prefix(bytes: &[u8]) -> Option<String> {
    let name = tokens(bytes).find_map(|token| match token.kind {
        TokenKind::Start { name, .. } => Some(name),
        _ => None,
    })?;
    let (prefix, _) = std::str::from_utf8(name).ok()?.split_once(':')?;
    Some(prefix.to_owned())
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
