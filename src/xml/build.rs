//! Elements made here instead of read: what a server answers, what a stream carries.
//!
//! Such an element has no source, so its spans are empty.

use std::sync::{Arc, LazyLock};

use super::chars::{Chars, Text};
use super::element::{Attribute, Element, Node};

static NOWHERE: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));

fn own(text: &str) -> Chars {
    if text.is_empty() { Chars::Known("") } else { Chars::Own(text.into()) }
}

impl Element {
    /// An element without attributes and content.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            source: Arc::clone(&NOWHERE),
            name: own(name),
            namespace: own(namespace),
            attributes: Vec::new(),
            nodes: Vec::new(),
            span: 0..0,
        }
    }

    /// With this attribute, which has no namespace; one of that name is replaced.
    #[must_use]
    pub fn with_attr(mut self, name: &str, value: &str) -> Self {
        self.set_attr("", name, Some(value));
        self
    }

    /// With this attribute, which has no namespace, if there is a value for it.
    #[must_use]
    pub fn with_attr_if(mut self, name: &str, value: Option<&str>) -> Self {
        if value.is_some() {
            self.set_attr("", name, value);
        }
        self
    }

    /// With this child behind what is there.
    #[must_use]
    pub fn with_child(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    /// With this character data behind what is there.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        if !text.is_empty() {
            let text = Text::new(Arc::clone(&NOWHERE), own(text));
            self.nodes.push(Node::Text { text, span: 0..0 });
        }
        self
    }

    /// Adds a child behind what is there.
    pub fn push(&mut self, child: Element) {
        self.nodes.push(Node::Element(child));
    }

    /// Replaces an attribute, or removes it when there is no value.
    pub fn set_attr(&mut self, namespace: &str, name: &str, value: Option<&str>) {
        let is_it = |attribute: &Attribute, source: &str| {
            attribute.name.of(source) == name && attribute.namespace.of(source) == namespace
        };
        let place = self.attributes.iter().position(|attribute| is_it(attribute, &self.source));
        match (place, value) {
            (Some(place), Some(value)) => self.attributes[place].value = own(value),
            (Some(place), None) => {
                self.attributes.remove(place);
            }
            (None, Some(value)) => self.attributes.push(Attribute {
                namespace: own(namespace),
                name: own(name),
                value: own(value),
                span: 0..0,
            }),
            (None, None) => {}
        }
    }

    /// The same content by itself: an element that was read keeps its whole source alive, this one does not.
    #[must_use]
    pub fn detached(&self) -> Self {
        let mut copy = Self::new(self.namespace(), self.name());
        for (namespace, name, value) in self.attributes() {
            copy.set_attr(namespace, name, Some(value));
        }
        for node in self.nodes() {
            copy = match node {
                Node::Element(child) => copy.with_child(child.detached()),
                Node::Text { text, .. } => copy.with_text(text),
            };
        }
        copy
    }

    /// About how many bytes of memory it takes: many times its text, where elements are small.
    pub fn footprint(&self) -> usize {
        let of_attributes = |element: &Self| -> usize {
            element.attributes().map(|(_, _, value)| size_of::<Attribute>() + value.len()).sum()
        };
        let of_texts = |element: &Self| -> usize {
            let texts = element.nodes().iter().filter_map(Node::text);
            texts.map(|text| size_of::<Node>() + text.len()).sum()
        };
        let of = |element: &Self| size_of::<Node>() + of_attributes(element) + of_texts(element);
        of(self) + self.descendants().map(of).sum::<usize>()
    }

    /// Moves this element, and all below it that is in namespace `from`, to namespace `to`.
    pub fn move_namespace(&mut self, from: &str, to: &str) {
        if self.namespace() == from {
            self.namespace = own(to);
        }
        for node in &mut self.nodes {
            if let Node::Element(child) = node {
                child.move_namespace(from, to);
            }
        }
    }
}
