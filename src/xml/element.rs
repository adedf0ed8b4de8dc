//! The element tree that [`parse`](super::parse()) builds.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rxml::NcName;

/// An element with its place in the source.
#[derive(Clone, Debug)]
pub struct Element {
    pub(super) name: NcName,
    pub(super) namespace: Arc<str>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) nodes: Vec<Node>,
    /// Its bytes in the source, from the `<` of its start tag to behind the `>` of its end tag.
    pub span: Range<usize>,
}

/// What stands between a start tag and its end tag.
#[derive(Clone, Debug)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data: references and CDATA sections resolved, neighbours joined, never empty.
    Text {
        /// The characters meant.
        text: String,
        /// The bytes they were written with.
        span: Range<usize>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) namespace: Arc<str>,
    pub(super) name: NcName,
    pub(super) value: String,
    pub(super) span: Range<usize>,
}

impl Element {
    /// Its name without a prefix.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Its namespace; empty when it has none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether it has this namespace and name.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// The value of the attribute with this name and no namespace.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attr_ns("", name)
    }

    /// The value of the attribute with this namespace and name.
    pub fn attr_ns(&self, namespace: &str, name: &str) -> Option<&str> {
        self.find(namespace, name).map(|attribute| attribute.value.as_str())
    }

    /// Where the attribute with this namespace and name stands, from its name to its closing quote.
    pub fn attr_span(&self, namespace: &str, name: &str) -> Option<Range<usize>> {
        self.find(namespace, name).map(|attribute| attribute.span.clone())
    }

    fn find(&self, namespace: &str, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.as_str() == name && &*attribute.namespace == namespace)
    }

    /// Namespace, name and value of every attribute in the order sent, without namespace declarations.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.attributes.iter().map(|attribute| {
            (&*attribute.namespace, attribute.name.as_str(), attribute.value.as_str())
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
        Descendants { open: vec![self.nodes.iter()] }
    }
}

impl Node {
    /// The element, if it is one.
    pub fn element(&self) -> Option<&Element> {
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
    open: Vec<std::slice::Iter<'a, Node>>,
}

impl<'a> Iterator for Descendants<'a> {
    type Item = &'a Element;

    fn next(&mut self) -> Option<&'a Element> {
        loop {
            match self.open.last_mut()?.next() {
                Some(Node::Element(element)) => {
                    self.open.push(element.nodes.iter());
                    return Some(element);
                }
                Some(Node::Text { .. }) => {}
                None => {
                    self.open.pop();
                }
            }
        }
    }
}
