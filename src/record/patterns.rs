//! Elements of a trace as a scenario writes them: what a client sends, and what is expected of a server.

use std::collections::BTreeSet;

use super::cast::bare;
use super::values::Values;
use crate::snapshot::{Leaf, Naming, Tree};
use crate::xmpp::ns;

/// A text that is longer is not compared, unless everything is.
const LONG: usize = 300;

/// What becomes of an element of a server.
#[derive(Debug)]
pub(super) enum Expected {
    /// It is expected to be like this.
    Like(Tree),
    /// It is not expected again, for this reason.
    LeftOut(&'static str),
}

/// Writes elements down.
pub(super) struct Patterns<'a> {
    pub(super) values: &'a Values,
    pub(super) naming: Naming,
    /// Users who have no session in the trace.
    pub(super) contacts: &'a BTreeSet<String>,
    /// Addresses of sessions that do something of which there is no step.
    pub(super) spoilt: BTreeSet<String>,
    /// All of what came is expected, not only what is the same at every run and server.
    pub(super) strict: bool,
}

impl Patterns<'_> {
    /// An element that a client sends again.
    pub(super) fn sent(&self, element: &Tree) -> Tree {
        let attributes = element.attributes.iter().map(|(name, value)| {
            let value =
                if name.starts_with("xmlns") { value.clone() } else { self.values.text(value) };
            (name.clone(), value)
        });
        let only_space = |text: &str| text.trim().is_empty() && element.name != "body";
        let nodes = element.nodes.iter().filter_map(|node| match node {
            Leaf::Element(child) => Some(Leaf::Element(self.sent(child))),
            Leaf::Text(text) if only_space(text) => None,
            Leaf::Text(text) => Some(Leaf::Text(self.values.text(text))),
        });
        Tree {
            name: element.name.clone(),
            attributes: attributes.collect(),
            nodes: nodes.collect(),
        }
    }

    /// An element of a server, for the client whose address is written `own`.
    pub(super) fn expected(&mut self, element: &Tree, own: &str) -> Expected {
        let named = self.naming.named(element);
        if element.attr("from").is_some_and(|from| self.spoilt.contains(from)) {
            return Expected::LeftOut(
                "stanzas from sessions that had done something that is not in the scenario",
            );
        }
        if self.strict {
            return Expected::Like(self.whole(element, &named));
        }
        if let Some(why) = self.left_out(element, own) {
            return Expected::LeftOut(why);
        }
        Expected::Like(self.stanza(element, &named))
    }

    /// Why it depends on what was before the trace, or on somebody who is not in it.
    fn left_out(&self, element: &Tree, own: &str) -> Option<&'static str> {
        let has =
            |namespace: &str| element.children().any(|it| it.attr("xmlns") == Some(namespace));
        let kind = element.attr("type").unwrap_or_default();
        if !matches!(&*element.name, "message" | "presence") || kind == "error" {
            return None;
        }
        if has(ns::DELAY) || has("jabber:x:delay") {
            return Some("delayed stanza(s), sent before the recording");
        }
        if has(ns::MAM) || has(ns::MAM1) {
            return Some("result(s) from an archive");
        }
        if has(ns::PUBSUB_EVENT) {
            return Some("notification(s) of what was published before or by others (PEP)");
        }
        let from = element.attr("from").and_then(|from| self.values.of(from));
        if kind == "unavailable" && from == Some(own) {
            return Some(
                "unavailable presence(s) of the client itself, which not every server sends back",
            );
        }
        let stranger = element.attr("from").is_some_and(|from| {
            let user = bare(from).contains('@');
            let unknown = self.values.of(bare(from)).is_none() && self.values.of(from).is_none();
            user && (unknown || self.contacts.contains(bare(from)))
        });
        stranger.then_some("stanza(s) from users who have no session in the recording")
    }

    /// Of a stanza: what the protocol makes the same at every run.
    fn stanza(&self, element: &Tree, named: &Tree) -> Tree {
        let attributes = element.attributes.iter().zip(&named.attributes);
        let attributes = attributes.filter_map(|((name, value), (_, named))| {
            let kept = match &**name {
                "type" | "xmlns" => true,
                "id" | "from" => self.is_fixed(value, named),
                // Of stream management.
                "previd" | "resume" => element.name == "resumed" || element.name == "enabled",
                _ => name.starts_with("xmlns:"),
            };
            kept.then(|| (name.clone(), self.value(name, value, named)))
        });
        let mut nodes = Vec::new();
        for (node, named) in element.nodes.iter().zip(&named.nodes) {
            match (node, named) {
                (Leaf::Element(child), Leaf::Element(named)) => {
                    nodes.extend(self.child(element, child, named).map(Leaf::Element));
                }
                (Leaf::Text(text), Leaf::Text(named))
                    if !text.trim().is_empty()
                        && self.is_fixed(text, named)
                        && text.len() <= LONG =>
                {
                    nodes.push(Leaf::Text(self.values.text(text)));
                }
                _ => {}
            }
        }
        Tree { name: element.name.clone(), attributes: attributes.collect(), nodes }
    }

    /// What is in a stanza: texts that people read, conditions of errors, and otherwise what it is.
    fn child(&self, stanza: &Tree, child: &Tree, named: &Tree) -> Option<Tree> {
        let namespace = child.attr("xmlns").unwrap_or_default();
        let own = |name: &&(String, String)| name.0.starts_with("xmlns");
        let mut kept = Tree {
            name: child.name.clone(),
            attributes: child.attributes.iter().filter(own).cloned().collect(),
            nodes: Vec::new(),
        };
        match (&*child.name, namespace) {
            ("stanza-id" | "origin-id" | "occupant-id" | "delay", _)
            | ("x", "vcard-temp:x:update")
            | ("c", ns::CAPS)
            | ("text", ns::STREAM_ERRORS) => return None,
            ("error", _) => {
                let condition =
                    |it: &&Tree| it.attr("xmlns") == Some(ns::STANZA_ERRORS) && it.name != "text";
                let conditions = child
                    .children()
                    .filter(condition)
                    .map(|it| Tree { nodes: Vec::new(), ..it.clone() });
                kept.nodes = conditions.map(Leaf::Element).collect();
            }
            ("x", ns::MUC_USER) => {
                let codes = child.children().filter(|it| it.name == "status");
                kept.nodes = codes.cloned().map(Leaf::Element).collect();
            }
            ("body" | "subject" | "thread" | "show" | "status" | "nick", "")
                if stanza.name != "iq" =>
            {
                let texts = child.nodes.iter().zip(&named.nodes);
                kept.nodes = texts
                    .filter_map(|pair| match pair {
                        (Leaf::Text(text), Leaf::Text(named))
                            if self.is_fixed(text, named) && text.len() <= LONG =>
                        {
                            Some(Leaf::Text(self.values.text(text)))
                        }
                        _ => None,
                    })
                    .collect();
            }
            _ => {}
        }
        Some(kept)
    }

    /// All of an element; what varies may be anything.
    fn whole(&self, element: &Tree, named: &Tree) -> Tree {
        let attributes = element.attributes.iter().zip(&named.attributes);
        let attributes = attributes
            .map(|((name, value), (_, named))| (name.clone(), self.value(name, value, named)));
        let nodes = element.nodes.iter().zip(&named.nodes).filter_map(|pair| match pair {
            (Leaf::Element(child), Leaf::Element(named)) => {
                Some(Leaf::Element(self.whole(child, named)))
            }
            (Leaf::Text(text), Leaf::Text(named)) => {
                let written = self.value("", text, named);
                (!text.trim().is_empty()).then_some(Leaf::Text(written))
            }
            _ => None,
        });
        Tree {
            name: element.name.clone(),
            attributes: attributes.collect(),
            nodes: nodes.collect(),
        }
    }

    /// Whether a value is the same at every run, or known by a name.
    fn is_fixed(&self, value: &str, named: &str) -> bool {
        self.values.of(value.trim()).is_some() || !Naming::varies(named) || self.values.knows(value)
    }

    fn value(&self, name: &str, value: &str, named: &str) -> String {
        if name.starts_with("xmlns") {
            return value.to_owned();
        }
        if self.values.of(value).is_some() || !Naming::varies(named) {
            return self.values.text(value);
        }
        if name != "id" && self.values.knows(value) && value.contains('@') {
            return self.values.text(value);
        }
        "*".to_owned()
    }
}
