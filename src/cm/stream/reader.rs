//! Reads one side's stream over TCP as it comes (RFC 6120 §4): its header, then each child element whole, then its end.
//!
//! One look at each byte finds where an element ends. The element is then judged by the strict parser, in the scope of
//! the header, so nothing is taken for well-formed here that would not be anywhere else.

use super::refusal::condition_of;
use crate::xml::{Element, ErrorKind, Limits, parse};
use crate::xmpp::{Header, ns};

/// The longest header: it is kept, since it is the scope of all that follows.
const HEADER: usize = 4096;
const CDATA: &[u8] = b"<![CDATA[";

/// What comes on a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// The stream's own start tag.
    Header(Header),
    /// The same in other namespaces than those of a client's stream.
    Misnamed(Header),
    /// One of its children.
    Element(Element),
    /// Its end tag; nothing follows.
    End,
}

/// Why what came is no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// XML that XMPP does not allow, or more of it than is borne.
    #[error("{0}")]
    Xml(ErrorKind),
    /// A stanza whose own name has a prefix.
    #[error("a stanza with a prefix")]
    Prefix,
    /// Something else where the stream's start tag is due.
    #[error("not an XMPP stream: expected <stream/> in namespace {streams}, with content in {content}", streams = ns::STREAMS, content = ns::CLIENT)]
    NoStream,
}

impl Fault {
    /// The stream error that tells the sender (RFC 6120 §4.9.3).
    pub fn condition(&self) -> &'static str {
        match self {
            Self::NoStream => "invalid-namespace",
            Self::Prefix => "bad-namespace-prefix",
            Self::Xml(kind) => condition_of(kind),
        }
    }
}

impl From<ErrorKind> for Fault {
    fn from(kind: ErrorKind) -> Self {
        Self::Xml(kind)
    }
}

/// Where in the text the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside of tags.
    Text,
    /// Behind a `<`.
    Open,
    /// In a start tag.
    Start,
    /// In a value that ends with this quote.
    Value(u8),
    /// In an end tag.
    End,
    /// Behind `<!`.
    Mark,
    Cdata,
    /// In an XML declaration.
    Declaration,
}

/// A reader of one side's bytes, for as many streams as there are on its connection.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    /// What comes is a client's, which is told what is wrong with its header, and kept from prefixing its stanzas.
    strict: bool,
    /// The tag of the next child has a prefix.
    prefixed: bool,
    /// The header's text, and behind it what has come of the next child.
    text: Vec<u8>,
    /// How long the header's text is; zero before there is one.
    scope: usize,
    /// Its end tag.
    end: Vec<u8>,
    /// A header may come: at the start, and after a restart.
    due: bool,
    place: Place,
    /// Where the tag starts that is being read.
    tag: usize,
    depth: usize,
}

impl Reader {
    /// A reader of a server's stream that waits for a header.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            strict: false,
            prefixed: false,
            text: Vec::new(),
            scope: 0,
            end: Vec::new(),
            due: true,
            place: Place::Text,
            tag: 0,
            depth: 0,
        }
    }

    /// A reader of a client's stream.
    pub fn of_client(limits: Limits) -> Self {
        Self { strict: true, ..Self::new(limits) }
    }

    /// A new header is due. What the server said before it knew is still read as before.
    pub fn renew(&mut self) {
        self.due = true;
    }

    /// Whether nothing has begun that is not whole.
    pub fn is_between(&self) -> bool {
        self.text.len() == self.scope && self.depth == 0
    }

    /// Reads up to the end of the next item and leaves the rest; nothing if there is no whole one.
    pub fn read(&mut self, bytes: &mut &[u8]) -> Result<Option<Item>, Fault> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if let Some(item) = self.step(byte)? {
                return Ok(Some(item));
            }
        }
        if self.text.len() == self.scope && self.text.capacity() > self.scope + HEADER {
            self.text.shrink_to(self.scope); // a large element is gone, and idle streams are many
        }
        Ok(None)
    }

    fn step(&mut self, byte: u8) -> Result<Option<Item>, Fault> {
        if self.depth == 0 && self.place == Place::Text && byte != b'<' {
            // White space between stanzas keeps connections alive.
            let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            return if blank { Ok(None) } else { Err(self.stray()) };
        }
        let most = if self.scope == 0 { HEADER } else { self.limits.bytes };
        if self.text.len() - self.scope >= most {
            return Err(ErrorKind::TooLarge(most).into());
        }
        self.text.push(byte);
        match (self.place, byte) {
            (Place::Text, b'<') => {
                self.tag = self.text.len() - 1;
                self.place = Place::Open;
            }
            (Place::Open, b'/') => self.place = Place::End,
            (Place::Open, b'!') => self.place = Place::Mark,
            (Place::Open, b'?') if self.due && self.depth == 0 => self.place = Place::Declaration,
            (Place::Open, b'?') => return Err(ErrorKind::ProcessingInstruction.into()),
            (Place::Open, b'>') => {
                return Err(ErrorKind::Syntax("a tag without a name".into()).into());
            }
            (Place::Open, _) => self.place = Place::Start,
            (Place::Start, b'\'' | b'"') => self.place = Place::Value(byte),
            (Place::Value(quote), byte) if byte == quote => self.place = Place::Start,
            (Place::Start, b'>') => return self.start_tag(),
            (Place::End, b'>') => return self.end_tag(),
            (Place::Mark, _) => self.mark()?,
            (Place::Cdata, b'>') if self.text.ends_with(b"]]>") => self.place = Place::Text,
            (Place::Declaration, b'>') if self.text.ends_with(b"?>") => self.declaration()?,
            _ => {}
        }
        Ok(None)
    }

    fn start_tag(&mut self) -> Result<Option<Item>, Fault> {
        self.place = Place::Text;
        let closed = self.text.ends_with(b"/>");
        if self.depth == 0 {
            let name = name(&self.text[self.tag..]);
            let local = name.rsplit(|&byte| byte == b':').next().unwrap_or_default();
            self.prefixed = local.len() < name.len();
            if self.due && local == b"stream" {
                let end = [b"</", name, b">"].concat();
                return self.header(end, closed).map(Some);
            }
            if self.scope == 0 {
                return Err(Fault::NoStream);
            }
        }
        if self.depth >= self.limits.depth {
            return Err(ErrorKind::TooDeep(self.limits.depth).into());
        }
        if closed {
            return self.child();
        }
        self.depth += 1;
        Ok(None)
    }

    fn end_tag(&mut self) -> Result<Option<Item>, Fault> {
        self.place = Place::Text;
        if self.depth > 0 {
            self.depth -= 1;
            return self.child();
        }
        let found = self.text.split_off(self.tag);
        let space =
            found.iter().rev().skip(1).take_while(|byte| byte.is_ascii_whitespace()).count();
        let bare = [&found[..found.len() - 1 - space], b">"].concat();
        if self.scope > 0 && bare == self.end {
            return Ok(Some(Item::End));
        }
        let inside =
            |tag: &[u8]| String::from_utf8_lossy(tag.get(2..).unwrap_or_default()).replace('>', "");
        let (expected, found) = (inside(&self.end), inside(&bare));
        Err(ErrorKind::MismatchedTag { expected, found }.into())
    }

    /// The stream's own start tag is whole.
    fn header(&mut self, end: Vec<u8>, closed: bool) -> Result<Item, Fault> {
        let tag = self.text.split_off(self.scope);
        if closed || tag.len() > HEADER {
            return Err(Fault::NoStream);
        }
        let root = self.parse(&[&tag[..], &end].concat())?;
        // The default namespace of a header is that of its stanzas (RFC 6120 §4.8.2).
        let content = self.parse(&[&tag[..], b"<a/>", &end].concat())?;
        let content = content.children().next().map(Element::namespace);
        let sound = root.is(ns::STREAMS, "stream") && content == Some(ns::CLIENT);
        if !sound && !self.strict {
            return Err(Fault::NoStream);
        }
        let header = Header::of(&root);
        self.scope = tag.len();
        self.text = tag;
        self.text.shrink_to_fit();
        self.end = end;
        self.due = false;
        Ok(if sound { Item::Header(header) } else { Item::Misnamed(header) })
    }

    /// A tag has ended that may be the last one of a child.
    fn child(&mut self) -> Result<Option<Item>, Fault> {
        if self.depth > 0 {
            return Ok(None);
        }
        self.text.extend_from_slice(&self.end);
        let parsed = self.parse(&self.text);
        self.text.truncate(self.scope);
        let root = parsed?;
        let mut children = root.children();
        match (children.next(), children.next()) {
            (Some(child), None)
                if self.strict && self.prefixed && child.namespace() == ns::CLIENT =>
            {
                Err(Fault::Prefix)
            }
            (Some(child), None) => Ok(Some(Item::Element(child.clone()))),
            _ => Err(self.stray()),
        }
    }

    fn mark(&mut self) -> Result<(), Fault> {
        let mark = &self.text[self.tag..];
        if self.depth == 0 || !CDATA.starts_with(mark) {
            return Err(match mark {
                [_, _, b'-', ..] => ErrorKind::Comment.into(),
                [_, _, b'[', ..] if self.depth == 0 => self.stray(),
                [_, _, b'[', ..] => ErrorKind::Syntax("a section other than CDATA".into()).into(),
                _ => ErrorKind::DocumentType.into(),
            });
        }
        if mark == CDATA {
            self.place = Place::Cdata;
        }
        Ok(())
    }

    fn declaration(&mut self) -> Result<(), Fault> {
        self.place = Place::Text;
        let declaration = self.text.split_off(self.scope);
        self.parse(&[&declaration[..], b"<a/>"].concat()).map(drop)
    }

    fn parse(&self, text: &[u8]) -> Result<Element, Fault> {
        // The header around an element counts for neither its depth nor its length, which were counted here.
        let limits = Limits { depth: self.limits.depth + 1, bytes: usize::MAX, ..self.limits };
        parse(text, &limits).map_err(|error| error.kind.into())
    }

    fn stray(&self) -> Fault {
        if self.scope == 0 {
            return Fault::NoStream;
        }
        ErrorKind::Syntax("text between the elements of the stream".into()).into()
    }
}

/// The name in a start tag, with its prefix.
fn name(tag: &[u8]) -> &[u8] {
    let inside = &tag[1..];
    let end = inside.iter().position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte));
    &inside[..end.unwrap_or(inside.len())]
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
