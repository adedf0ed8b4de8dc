//! The strict parser: rxml judges the grammar, this file resolves namespaces and builds the tree.
//!
//! What is plainly well-formed never gets here: [`quick`] reads it several times as fast. Whatever that does
//! not accept is judged here from its start, so every verdict and every error is this parser's.
//!
//! rxml's own namespace resolver looks through every open element for each name, forgets the order of
//! attributes and accepts a second `xmlns`; so its raw events are used, and the rules of Namespaces in
//! XML 1.0 that relate names to each other (prefixes declared, attributes unique) stand here.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memmem, memrchr};
use rxml::error::EndOrError;
use rxml::{NcName, Options, Parse, RawEvent, RawParser, RawQName, WithOptions};

use super::chars::{Chars, Text};
use super::diagnose::{self, Failure};
use super::element::{Attribute, Element, Node};
use super::error::{Error, ErrorKind, Position};
use super::limits::{DEEPEST, Limits};
use super::quick::quick;
use super::tokens::is_space;

/// So many attributes are compared one with another; more are hashed.
const FEW: usize = 32;

/// A byte order mark in UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads one XML document as XMPP allows it: UTF-8, namespaces, no document type, comments or
/// processing instructions; a byte order mark and an XML declaration at the start are accepted, and white space around the root.
///
/// Time and memory are linear in the length of the source.
pub fn parse(source: &[u8], limits: &Limits) -> Result<Element, Error> {
    let fail = |offset, kind| Err(Error { at: Position::of(source, offset), kind });
    if source.len() > limits.bytes {
        return fail(limits.bytes, ErrorKind::TooLarge(limits.bytes));
    }
    match std::str::from_utf8(source) {
        Ok(text) => match quick(text, limits) {
            Some(root) => Ok(root),
            None => strict(source, limits),
        },
        Err(error) => {
            let offset = error.valid_up_to();
            fail(offset, ErrorKind::NotUtf8(source[offset]))
        }
    }
}

/// The judge. The source is UTF-8 and no longer than it may be.
pub(super) fn strict(source: &[u8], limits: &Limits) -> Result<Element, Error> {
    let fail = |offset, kind| Err(Error { at: Position::of(source, offset), kind });
    // A byte order mark is no part of the document (XML 1.0 section 4.3.3).
    let mark = if source.starts_with(MARK) { MARK.len() } else { 0 };
    // rxml refuses white space before the root, which XML allows unless a declaration follows it
    let start = mark + source[mark..].iter().take_while(|&&byte| is_space(byte)).count();
    if start == source.len() {
        return fail(0, ErrorKind::Empty);
    }
    if start > mark && source[start..].starts_with(b"<?") {
        return fail(start, ErrorKind::ProcessingInstruction);
    }
    Builder::new(source, limits, start).run()
}

struct Builder<'a> {
    source: &'a [u8],
    limits: Limits,
    parser: RawParser,
    rest: &'a [u8],
    /// The end of the last tag.
    at: usize,
    tag: Option<Tag>,
    text: String,
    open: Vec<Open>,
    /// How many elements, attributes and texts there are.
    nodes: usize,
    root: Option<Element>,
    prefixes: HashMap<NcName, Vec<Arc<str>>>,
    known: Vec<Arc<str>>,
    /// Nothing: the names, values and texts that rxml gives stand by themselves.
    shared: Arc<str>,
}

/// A start tag whose end has not been read.
struct Tag {
    name: RawQName,
    start: usize,
    /// The end of its last attribute, or of its name.
    at: usize,
    attributes: Vec<(RawQName, String, Range<usize>)>,
    prefixes: Vec<NcName>,
    default: Option<Arc<str>>,
}

/// An element whose end tag has not been read.
struct Open {
    element: Element,
    prefixes: Vec<NcName>,
    default: Arc<str>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a [u8], limits: &Limits, start: usize) -> Self {
        let options = Options { max_token_length: longest(source), ..Options::default() };
        let none: Arc<str> = Arc::from("");
        Self {
            source,
            limits: *limits,
            parser: RawParser::with_options(options),
            rest: &source[start..],
            at: start,
            tag: None,
            text: String::new(),
            open: Vec::new(),
            nodes: 0,
            root: None,
            prefixes: HashMap::new(),
            known: vec![none.clone()],
            shared: none,
        }
    }

    fn run(mut self) -> Result<Element, Error> {
        loop {
            let event = self.parser.parse(&mut self.rest, true);
            let (offset, kind) = match event {
                Ok(Some(event)) => match self.take(event) {
                    Ok(()) => continue,
                    Err(failure) => failure,
                },
                Ok(None) | Err(EndOrError::NeedMoreData) => match self.root.take() {
                    Some(root) => return Ok(root),
                    None => (0, ErrorKind::Empty),
                },
                Err(EndOrError::Error(error)) => self.diagnose(error),
            };
            return Err(Error { at: Position::of(self.source, offset), kind });
        }
    }

    fn consumed(&self) -> usize {
        self.source.len() - self.rest.len()
    }

    fn diagnose(&self, error: rxml::Error) -> (usize, ErrorKind) {
        diagnose::failure(&Failure {
            source: self.source,
            error,
            from: self.at,
            consumed: self.consumed(),
            tag: self.tag.as_ref().map(|tag| tag.attributes.len() + tag.declarations()),
            innermost: self.open.last().map(|open| open.element.span.start),
            after_root: self.root.is_some(),
        })
    }

    fn take(&mut self, event: RawEvent) -> Result<(), (usize, ErrorKind)> {
        match event {
            RawEvent::XmlDeclaration(..) => self.at = self.consumed(),
            RawEvent::Text(_, text) if self.text.is_empty() => self.text = text,
            RawEvent::Text(_, text) => self.text.push_str(&text),
            RawEvent::ElementHeadOpen(_, name) => {
                self.start(name)?;
                self.count()?;
            }
            RawEvent::Attribute(_, name, value) => {
                self.attribute(name, value)?;
                self.count()?;
            }
            RawEvent::ElementHeadClose(_) => {
                self.at = self.consumed();
                self.resolve()?;
            }
            RawEvent::ElementFoot(length) => {
                if !length.is_empty() {
                    self.end_text();
                    self.at = self.consumed();
                }
                self.end();
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), (usize, ErrorKind)> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err((self.last_tag(), ErrorKind::TooManyNodes(self.limits.nodes)));
        }
        Ok(())
    }

    fn start(&mut self, name: RawQName) -> Result<(), (usize, ErrorKind)> {
        self.end_text();
        let start = self.last_tag();
        let depth = self.limits.depth.min(DEEPEST);
        if self.open.len() >= depth {
            return Err((start, ErrorKind::TooDeep(depth)));
        }
        let prefix = name.0.as_ref().map_or(0, |prefix| prefix.len() + 1);
        self.tag = Some(Tag {
            at: start + 1 + prefix + name.1.len(),
            name,
            start,
            attributes: Vec::new(),
            prefixes: Vec::new(),
            default: None,
        });
        Ok(())
    }

    fn attribute(&mut self, name: RawQName, value: String) -> Result<(), (usize, ErrorKind)> {
        let end = self.consumed();
        let Some(mut tag) = self.tag.take() else { return Ok(()) };
        let space = self.source[tag.at..end].iter().take_while(|&&byte| is_space(byte)).count();
        let span = tag.at + space..end;
        tag.at = end;
        if tag.attributes.len() + tag.declarations() >= self.limits.attributes {
            return Err((span.start, ErrorKind::TooManyAttributes(self.limits.attributes)));
        }
        let duplicate = |name| Err((span.start, ErrorKind::DuplicateAttribute(name)));
        match name {
            (None, local) if local == "xmlns" => {
                if tag.default.replace(self.namespace(value)).is_some() {
                    return duplicate("xmlns".into());
                }
            }
            (Some(prefix), local) if prefix == "xmlns" => {
                if tag.prefixes.contains(&local) {
                    return duplicate(format!("xmlns:{}", local.as_str()));
                }
                let namespace = self.namespace(value);
                self.prefixes.entry(local.clone()).or_default().push(namespace);
                tag.prefixes.push(local);
            }
            name => tag.attributes.push((name, value, span)),
        }
        self.tag = Some(tag);
        Ok(())
    }

    /// The start tag is complete, so its declarations hold: give every name its namespace.
    fn resolve(&mut self) -> Result<(), (usize, ErrorKind)> {
        let Some(tag) = self.tag.take() else { return Ok(()) };
        let none = self.known[0].clone();
        let default = match (tag.default, self.open.last()) {
            (Some(default), _) => default,
            (None, Some(parent)) => parent.default.clone(),
            (None, None) => none.clone(),
        };
        let (prefix, name) = tag.name;
        let namespace = match prefix {
            None => default.clone(),
            Some(prefix) => self.prefix(&prefix, tag.start)?,
        };
        let mut attributes = Vec::with_capacity(tag.attributes.len());
        for ((prefix, name), value, span) in tag.attributes {
            let namespace = match prefix {
                None => none.clone(),
                Some(prefix) => self.prefix(&prefix, span.start)?,
            };
            attributes.push(Attribute {
                namespace: Chars::Own(namespace),
                name: Chars::Own(name.as_str().into()),
                value: Chars::Own(value.into()),
                span,
            });
        }
        if let Some(span) = repeated(&attributes) {
            let name = self.source[span.clone()].split(|&byte| byte == b'=' || is_space(byte));
            let name = name.take(1).flatten().copied().collect::<Vec<u8>>();
            let name = String::from_utf8_lossy(&name).into_owned();
            return Err((span.start, ErrorKind::DuplicateAttribute(name)));
        }
        let element = Element {
            source: self.shared.clone(),
            name: Chars::Own(name.as_str().into()),
            namespace: Chars::Own(namespace),
            attributes,
            nodes: Vec::new(),
            span: tag.start..self.at,
        };
        self.open.push(Open { element, prefixes: tag.prefixes, default });
        Ok(())
    }

    fn end(&mut self) {
        let Some(mut open) = self.open.pop() else { return };
        for prefix in &open.prefixes {
            if let Some(namespaces) = self.prefixes.get_mut(prefix) {
                namespaces.pop();
            }
        }
        open.element.span.end = self.at;
        match self.open.last_mut() {
            Some(parent) => parent.element.nodes.push(Node::Element(open.element)),
            None => self.root = Some(open.element),
        }
    }

    /// What was read since the last tag is a text, and a tag follows it.
    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        let span = self.at..self.last_tag();
        if let (false, Some(open)) = (text.is_empty(), self.open.last_mut()) {
            let text = Text::new(self.shared.clone(), Chars::Own(text.into()));
            open.element.nodes.push(Node::Text { text, span });
            self.nodes += 1;
        }
    }

    /// Where the tag starts that rxml has just read, or the name in it.
    fn last_tag(&self) -> usize {
        memrchr(b'<', &self.source[..self.consumed()]).unwrap_or(self.at)
    }

    fn prefix(&self, prefix: &NcName, at: usize) -> Result<Arc<str>, (usize, ErrorKind)> {
        if prefix == "xml" {
            return Ok(Arc::from(rxml::XMLNS_XML));
        }
        let namespaces = self.prefixes.get(prefix);
        let undeclared = || (at, ErrorKind::UndeclaredPrefix(prefix.as_str().to_owned()));
        namespaces.and_then(|namespaces| namespaces.last()).cloned().ok_or_else(undeclared)
    }

    /// One copy of each namespace, as long as they are few.
    fn namespace(&mut self, uri: String) -> Arc<str> {
        if let Some(known) = self.known.iter().find(|known| ***known == *uri) {
            return known.clone();
        }
        let namespace: Arc<str> = uri.into();
        if self.known.len() < FEW {
            self.known.push(namespace.clone());
        }
        namespace
    }
}

impl Tag {
    fn declarations(&self) -> usize {
        self.prefixes.len() + usize::from(self.default.is_some())
    }
}

/// Its namespace and name, which are its own.
fn expanded(attribute: &Attribute) -> (&str, &str) {
    (attribute.namespace.of(""), attribute.name.of(""))
}

fn repeated(attributes: &[Attribute]) -> Option<Range<usize>> {
    let mut seen = HashSet::new();
    let many = attributes.len() > FEW;
    let repeated = attributes.iter().enumerate().find(|(index, attribute)| {
        if many {
            !seen.insert(expanded(attribute))
        } else {
            attributes[..*index].iter().any(|earlier| expanded(earlier) == expanded(attribute))
        }
    });
    repeated.map(|(_, attribute)| attribute.span.clone())
}

/// A bound on the length of a name, value or text, which rxml asks for and then reserves: the longest
/// stretch without `<`, except that a CDATA section may hold that too.
fn longest(source: &[u8]) -> usize {
    if memmem::find(source, b"<![CDATA[").is_some() {
        return source.len() + 16;
    }
    let mut last = 0;
    let mut longest = 0;
    for at in memchr_iter(b'<', source) {
        longest = longest.max(at - last);
        last = at;
    }
    longest.max(source.len() - last) + 16
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
