//! The short way for what nearly all traffic is: elements with ASCII names, quoted attributes and text.
//!
//! One pass over the bytes, which accepts only what it can prove to be well-formed and namespace-well-formed
//! (XML 1.0, Namespaces in XML 1.0) and gives the tree that the strict parser would build. `None` means
//! "cannot tell", never "wrong": declarations, CDATA sections, character references, carriage returns, names
//! beyond ASCII and everything forbidden are left to the strict parser, which judges the source from its
//! start. So a bug here can refuse nothing; and that it accepts nothing it should not is what
//! `quick_tests.rs` is about.

use std::ops::Range;
use std::sync::Arc;

use super::chars::{Chars, Piece, Text};
use super::element::{Attribute, Element, Node};
use super::limits::{DEEPEST, Limits};
use super::tokens::is_space;

/// More attributes in a tag are not compared here, nor more prefixes searched: both are quadratic.
const FEW: usize = 32;
/// What no prefix but `xml` and `xmlns` may be bound to, and no default namespace may be.
const RESERVED: [&str; 2] = [rxml::XMLNS_XML, "http://www.w3.org/2000/xmlns/"];

/// The tree, if this can tell that the source is a document within the limits.
pub(super) fn quick(source: &str, limits: &Limits) -> Option<Element> {
    if u32::try_from(source.len()).is_err() {
        return None;
    }
    let mut reader = Reader {
        text: source,
        bytes: source.as_bytes(),
        at: 0,
        source: Arc::from(source),
        open: Vec::with_capacity(4),
        root: None,
        bindings: Vec::new(),
        prefixed: Vec::new(),
        depth: limits.depth.min(DEEPEST),
        attributes: limits.attributes.min(FEW),
        nodes: limits.nodes,
    };
    reader.document()
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// What the tree keeps of the text.
    source: Arc<str>,
    open: Vec<Open>,
    root: Option<Element>,
    /// The prefixes declared in open elements.
    bindings: Vec<Binding>,
    /// Of the tag being read: attributes by index, and their prefixes.
    prefixed: Vec<(usize, Piece)>,
    depth: usize,
    attributes: usize,
    /// How many elements, attributes and texts there may be yet.
    nodes: usize,
}

/// An element whose end tag has not been read.
struct Open {
    element: Element,
    /// With prefix.
    name: Piece,
    default: Piece,
    /// How many bindings stood before its own.
    bindings: usize,
}

struct Binding {
    prefix: Piece,
    namespace: Piece,
}

/// A name as it stands in a tag.
struct Name {
    prefix: Option<Piece>,
    local: Piece,
    whole: Piece,
}

impl Reader<'_> {
    fn document(&mut self) -> Option<Element> {
        self.skip_space();
        loop {
            // here is a `<`, since `characters` ends nowhere else
            match self.bytes.get(self.at + 1)? {
                b'/' => self.end_tag()?,
                _ => self.start_tag()?,
            }
            if self.open.is_empty() {
                // rxml does not take a carriage return at the very end
                let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
                return self.root.take().filter(|_| self.bytes[self.at..].iter().all(blank));
            }
            self.characters()?;
        }
    }

    fn count(&mut self) -> Option<()> {
        self.nodes = self.nodes.checked_sub(1)?;
        Some(())
    }

    fn finish(&mut self, element: Element) {
        match self.open.last_mut() {
            Some(parent) => push(&mut parent.element.nodes, Node::Element(element)),
            None => self.root = Some(element),
        }
    }

    fn start_tag(&mut self) -> Option<()> {
        let start = self.at;
        if self.bytes[start] != b'<' || self.open.len() >= self.depth {
            return None;
        }
        self.at += 1;
        let name = self.name()?;
        let inherited = self.open.last().map_or(Piece::EMPTY, |parent| parent.default);
        let mut declared = None;
        let bindings = self.bindings.len();
        let mut attributes = Vec::new();
        self.prefixed.clear();
        let closed = loop {
            let before = self.at;
            self.skip_space();
            match self.bytes.get(self.at)? {
                b'>' => break false,
                b'/' => {
                    self.at += 1;
                    break true;
                }
                _ if self.at == before => return None,
                _ => self.attribute(&mut attributes, &mut declared, bindings)?,
            }
            let declarations = self.bindings.len() - bindings + usize::from(declared.is_some());
            if attributes.len() + declarations > self.attributes {
                return None;
            }
            self.count()?;
        };
        self.count()?;
        self.expect(b'>')?;
        for &(index, prefix) in &self.prefixed {
            attributes[index].namespace = self.namespace(prefix)?;
        }
        if self.repeated(&attributes) {
            return None;
        }
        let default = declared.unwrap_or(inherited);
        let element = Element {
            source: self.source.clone(),
            name: Chars::Piece(name.local),
            namespace: match name.prefix {
                None => Chars::Piece(default),
                Some(prefix) => self.namespace(prefix)?,
            },
            attributes,
            nodes: Vec::new(),
            span: start..self.at,
        };
        if closed {
            self.bindings.truncate(bindings);
            self.finish(element);
        } else {
            self.open.push(Open { element, name: name.whole, default, bindings });
        }
        Some(())
    }

    /// Reads one attribute: a namespace declaration, or one that is added to the list.
    fn attribute(
        &mut self,
        attributes: &mut Vec<Attribute>,
        declared: &mut Option<Piece>,
        bindings: usize,
    ) -> Option<()> {
        let start = self.at;
        let Name { prefix, local, .. } = self.name()?;
        self.expect(b'=')?;
        let value = self.value()?;
        let prefix_name = prefix.map(|prefix| prefix.of(self.text));
        if prefix_name == Some("xmlns") {
            self.bind(local, &value, bindings)?;
        } else if prefix.is_none() && local.of(self.text) == "xmlns" {
            let Chars::Piece(namespace) = value else { return None };
            if RESERVED.contains(&namespace.of(self.text)) || declared.replace(namespace).is_some()
            {
                return None;
            }
        } else {
            if let Some(prefix) = prefix {
                self.prefixed.push((attributes.len(), prefix));
            }
            let namespace = Chars::Known("");
            let span = start..self.at;
            attributes.push(Attribute { namespace, name: Chars::Piece(local), value, span });
        }
        Some(())
    }

    fn bind(&mut self, prefix: Piece, namespace: &Chars, own: usize) -> Option<()> {
        let &Chars::Piece(namespace) = namespace else { return None };
        let name = prefix.of(self.text);
        let twice = self.bindings[own..].iter().any(|other| other.prefix.of(self.text) == name);
        let value = namespace.of(self.text);
        let reserved = matches!(name, "xml" | "xmlns") || RESERVED.contains(&value);
        if twice || reserved || value.is_empty() || self.bindings.len() >= FEW {
            return None;
        }
        self.bindings.push(Binding { prefix, namespace });
        Some(())
    }

    fn namespace(&self, prefix: Piece) -> Option<Chars> {
        let name = prefix.of(self.text);
        if name == "xml" {
            return Some(Chars::Known(rxml::XMLNS_XML));
        }
        let mut bindings = self.bindings.iter().rev();
        let binding = bindings.find(|binding| binding.prefix.of(self.text) == name)?;
        Some(Chars::Piece(binding.namespace))
    }

    /// Whether two attributes have the same namespace and name.
    fn repeated(&self, attributes: &[Attribute]) -> bool {
        attributes.iter().enumerate().any(|(index, one)| {
            let (name, namespace) = (one.name.of(self.text), one.namespace.of(self.text));
            attributes[..index].iter().any(|other| {
                other.name.of(self.text) == name && other.namespace.of(self.text) == namespace
            })
        })
    }

    fn end_tag(&mut self) -> Option<()> {
        let open = self.open.pop()?;
        let name = open.name.of(self.text).as_bytes();
        self.at += 2;
        if !self.bytes[self.at..].starts_with(name) {
            return None;
        }
        self.at += name.len();
        self.skip_space();
        self.expect(b'>')?;
        self.bindings.truncate(open.bindings);
        let mut element = open.element;
        element.span.end = self.at;
        self.finish(element);
        Some(())
    }

    /// Reads character data, if there is any, up to the next `<`.
    fn characters(&mut self) -> Option<()> {
        let start = self.at;
        let plain = self.scan([b'<', b'&', b']', 0xef], b'<')?;
        if self.at > start {
            let text = Text::new(self.source.clone(), self.chars(start..self.at, plain)?);
            self.count()?;
            let parent = self.open.last_mut()?;
            push(&mut parent.element.nodes, Node::Text { text, span: start..self.at });
        }
        Some(())
    }

    fn value(&mut self) -> Option<Chars> {
        let quote = *self.bytes.get(self.at)?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        self.at += 1;
        let start = self.at;
        let plain = self.scan([quote, b'&', b'<', 0xef], quote)?;
        let value = self.chars(start..self.at, plain)?;
        self.at += 1;
        Some(value)
    }

    /// Goes to the end of a text or value, stopping at control characters and at what is said to need a
    /// closer look. Gives whether there is no reference; none where something stands that cannot.
    #[inline]
    fn scan(&mut self, suspects: [u8; 4], end: u8) -> Option<bool> {
        let mut plain = true;
        loop {
            let rest = &self.bytes[self.at..];
            let found = find(rest, suspects)?;
            self.at += found;
            match rest[found] {
                byte if byte == end => return Some(plain),
                b'&' => plain = false,
                b'\t' | b'\n' if end == b'<' => {}
                b']' if !rest[found..].starts_with(b"]]>") => {}
                // U+FFFE and U+FFFF
                0xef if !matches!(rest[found..], [_, 0xbf, 0xbe | 0xbf, ..]) => {}
                _ => return None,
            }
            self.at += 1;
        }
    }

    fn chars(&self, span: Range<usize>, plain: bool) -> Option<Chars> {
        if plain {
            return Some(Chars::Piece(Piece::new(span.start, span.end)));
        }
        let mut pieces = self.text[span].split('&');
        let mut resolved = String::from(pieces.next()?);
        for piece in pieces {
            let (name, rest) = piece.split_once(';')?;
            resolved.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "apos" => '\'',
                "quot" => '"',
                _ => return None,
            });
            resolved.push_str(rest);
        }
        Some(Chars::Own(resolved.into()))
    }

    fn name(&mut self) -> Option<Name> {
        let start = self.at;
        let first = self.name_part()?;
        if self.bytes.get(self.at) != Some(&b':') {
            return Some(Name { prefix: None, local: first, whole: first });
        }
        self.at += 1;
        let local = self.name_part()?;
        Some(Name { prefix: Some(first), local, whole: Piece::new(start, self.at) })
    }

    /// A name without colon. What follows it is for the caller to know.
    fn name_part(&mut self) -> Option<Piece> {
        let rest = &self.bytes[self.at..];
        if CLASSES[usize::from(*rest.first()?)] & NAME_START == 0 {
            return None;
        }
        let length = rest.iter().position(|&byte| CLASSES[usize::from(byte)] & NAME == 0)?;
        let start = self.at;
        self.at += length;
        Some(Piece::new(start, self.at))
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.at += 1;
        (self.bytes.get(self.at - 1) == Some(&byte)).then_some(())
    }

    fn skip_space(&mut self) {
        while self.bytes.get(self.at).copied().is_some_and(is_space) {
            self.at += 1;
        }
    }
}

/// Most elements have one node, and a vector begins with room for four.
fn push(nodes: &mut Vec<Node>, node: Node) {
    if nodes.is_empty() {
        nodes.reserve_exact(1);
    }
    nodes.push(node);
}

/// The first control character or suspect, looking at eight bytes at a time.
#[inline]
fn find(bytes: &[u8], suspects: [u8; 4]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // the high bits of bytes that are less than a number up to 128: the lowest of them is always right,
    // those above it may have been borrowed from
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let mut found = less(word, b' ');
        for suspect in suspects {
            found |= less(word ^ (ONES * u64::from(suspect)), 1);
        }
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| *byte < b' ' || suspects.contains(byte))?;
    Some(words.len() * 8 + found)
}

const NAME_START: u8 = 1;
const NAME: u8 = 2;

/// What an ASCII character may be in a name.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 0x80 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => NAME_START | NAME,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

#[cfg(test)]
#[path = "quick_tests.rs"]
mod tests;
