//! The element tree that [`parse`](super::parse()) builds.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::chars::{Chars, Text};

/// An element with its place in the source.
///
/// Elements of one tree share a copy of the source, which lives as long as any of them.
#[derive(Clone)]
pub struct Element {
    pub(super) source: Arc<str>,
    pub(super) name: Chars,
    pub(super) namespace: Chars,
    pub(super) attributes: Vec<Attribute>,
    pub(super) nodes: Vec<Node>,
    /// Its bytes in the source, from the `<` of its start tag to behind the `>` of its end tag.
    pub span: Range<usize>,
}

/// What stands between a start tag and its end tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data: references and CDATA sections resolved, neighbours joined, never empty.
    Text {
        /// The characters meant.
        text: Text,
        /// The bytes they were written with.
        span: Range<usize>,
    },
}

#[derive(Clone)]
pub(super) struct Attribute {
    pub(super) namespace: Chars,
    pub(super) name: Chars,
    pub(super) value: Chars,
    pub(super) span: Range<usize>,
}

impl Element {
    /// Its name without a prefix.
    pub fn name(&self) -> &str {
        self.name.of(&self.source)
    }

    /// Its namespace; empty when it has none.
    pub fn namespace(&self) -> &str {
        self.namespace.of(&self.source)
    }

    /// Whether it has this namespace and name.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name.are(name, &self.source) && self.namespace.are(namespace, &self.source)
    }

    /// The value of the attribute with this name and no namespace.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attr_ns("", name)
    }

    /// The value of the attribute with this namespace and name.
    pub fn attr_ns(&self, namespace: &str, name: &str) -> Option<&str> {
        self.find(namespace, name).map(|attribute| attribute.value.of(&self.source))
    }

    /// Where the attribute with this namespace and name stands, from its name to its closing quote.
    pub fn attr_span(&self, namespace: &str, name: &str) -> Option<Range<usize>> {
        self.find(namespace, name).map(|attribute| attribute.span.clone())
    }

    fn find(&self, namespace: &str, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| {
            attribute.name.are(name, &self.source)
                && attribute.namespace.are(namespace, &self.source)
        })
    }

    /// Namespace, name and value of every attribute in the order sent, without namespace declarations.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.attributes.iter().map(|Attribute { namespace, name, value, .. }| {
            (namespace.of(&self.source), name.of(&self.source), value.of(&self.source))
        })
    }

    /// Its children and character data in the order sent.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Its child elements.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(Node::element)
    }

    /// Its child elements, by themselves.
    pub fn into_children(self) -> impl Iterator<Item = Element> {
        self.nodes.into_iter().filter_map(Node::into_element)
    }

    /// Its first child with this namespace and name.
    pub fn child(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children().find(|child| child.is(namespace, name))
    }

    /// Its own character data, without that of its children.
    pub fn text(&self) -> Cow<'_, str> {
        let mut texts = self.nodes.iter().filter_map(Node::text);
        let first = texts.next().unwrap_or_default();
        match texts.next() {
            None => Cow::Borrowed(first),
            Some(second) => Cow::Owned([first, second].into_iter().chain(texts).collect()),
        }
    }

    /// Every element below it, in the order of their start tags.
    pub fn descendants(&self) -> Descendants<'_> {
        Descendants { rest: self.nodes.iter(), open: Vec::new() }
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("name", &self.name())
            .field("namespace", &self.namespace())
            .field("attributes", &self.attributes().collect::<Vec<_>>())
            .field("nodes", &self.nodes)
            .field("span", &self.span)
            .finish_non_exhaustive()
    }
}

/// The same content at the same place.
impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        let spans = |element: &Self| -> Vec<_> {
            element.attributes.iter().map(|attribute| attribute.span.clone()).collect()
        };
        self.span == other.span
            && self.is(other.namespace(), other.name())
            && self.attributes().eq(other.attributes())
            && spans(self) == spans(other)
            && self.nodes == other.nodes
    }
}

impl Eq for Element {}

impl Node {
    /// The element, if it is one.
    pub fn element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text { .. } => None,
        }
    }

    /// The element by itself, if it is one.
    pub fn into_element(self) -> Option<Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text { .. } => None,
        }
    }

    /// The character data, if it is that.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Element(_) => None,
            Self::Text { text, .. } => Some(text),
        }
    }
}

/// Iterator of [`Element::descendants`].
#[derive(Clone, Debug)]
pub struct Descendants<'a> {
    rest: std::slice::Iter<'a, Node>,
    /// What is left of the elements around.
    open: Vec<std::slice::Iter<'a, Node>>,
}

impl<'a> Iterator for Descendants<'a> {
    type Item = &'a Element;

    fn next(&mut self) -> Option<&'a Element> {
        loop {
            match self.rest.next() {
                Some(Node::Element(element)) => {
                    if !element.nodes.is_empty() {
                        let inside = element.nodes.iter();
                        self.open.push(std::mem::replace(&mut self.rest, inside));
                    }
                    return Some(element);
                }
                Some(Node::Text { .. }) => {}
                None => self.rest = self.open.pop()?,
            }
        }
    }
}
