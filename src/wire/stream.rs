//! Where the parts of an XML stream begin and end (RFC 6120 §4): its header, each child element, white space between
//! them, its end. Nothing is parsed and nothing is kept but the place in the grammar, so that a tunnel can follow a stream
//! of any size; whether what was found is well-formed is for others to judge.

use memchr::{memchr, memchr3};

use super::protocol::Protocol;

/// What a stretch of bytes is. The spans of the pieces, put together, are exactly the bytes that were fed.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Some bytes of something that is not complete yet.
    Part(&'a [u8]),
    /// The last bytes of something.
    Item(Kind, &'a [u8]),
    /// The connection ended within something.
    Cut,
    /// From here on this is not an XML stream. Reported once, before the first `Raw`.
    Fault(Fault),
    /// Bytes that are not an XML stream.
    Raw(&'a [u8]),
}

/// What stands at the first level of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The start tag of the stream, with the XML declaration in front of it.
    Header,
    /// A child of the stream.
    Element,
    /// White space: it keeps the connection alive (RFC 6120 §4.6.1).
    Space,
    /// The end tag of the stream.
    End,
    /// What must not be there: text, a comment, a processing instruction, a document type.
    Other,
}

impl Kind {
    /// `header`, `element`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Element => "element",
            Self::Space => "space",
            Self::End => "end",
            Self::Other => "other",
        }
    }
}

/// Why bytes are not an XML stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Another protocol where the stream has to begin.
    #[error("{0} where an XML stream was expected")]
    Speaks(Protocol),
    /// Something else than `<` where the stream has to begin.
    #[error("not an XML stream")]
    Foreign,
    /// An end tag without a start tag.
    #[error("an end tag without a start tag")]
    Unopened,
}

/// Where in the text the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the first level, with nothing begun.
    Between,
    /// In white space at the first level.
    Space,
    /// In text at the first level.
    Stray,
    /// Outside of tags, within an element.
    Text,
    /// Behind a `<`.
    Open,
    /// In a start tag; `slash` if the last byte was one.
    Start {
        slash: bool,
    },
    /// In a value that ends with this quote.
    Value(u8),
    /// In an end tag.
    End,
    /// Behind `<!`, with so much of `[CDATA[` or `--`.
    Mark(u8),
    /// In a CDATA section, with so many brackets at its end.
    Cdata(u8),
    /// In a comment, with so many hyphens at its end.
    Comment(u8),
    /// In a document type, so deep in brackets.
    Doctype(u8),
    /// In a processing instruction; `mark` if the last byte was `?`.
    Instruction {
        mark: bool,
    },
    /// In the first bytes of something that is no stream.
    Foreign,
    Raw,
}

const CDATA: &[u8] = b"[CDATA[";
const STREAM: &[u8] = b"stream";
const DECLARATION: &[u8] = b"xml";
/// Longer names are not the stream's.
const NAME: usize = 16;

/// A splitter of one direction.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug)]
pub struct Splitter {
    place: Place,
    /// Open elements, the stream's own included.
    depth: u32,
    /// The header has come, and not yet the end.
    in_stream: bool,
    /// Something is begun of which bytes have been fed.
    begun: bool,
    /// The declaration in front of a header came.
    declared: bool,
    /// The first bytes of the local name in the tag that is being read, and how many there were.
    name: [u8; NAME],
    named: usize,
    in_name: bool,
    /// That tag is within an element at the first level.
    nested: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            place: Place::Between,
            depth: 0,
            in_stream: false,
            begun: false,
            declared: false,
            name: [0; NAME],
            named: 0,
            in_name: false,
            nested: false,
        }
    }
}

impl Splitter {
    /// Whether it stands between two parts of a stream.
    pub fn is_between(&self) -> bool {
        matches!(self.place, Place::Between | Place::Space) && !self.begun
    }

    /// Whether what came is not an XML stream.
    pub fn is_foreign(&self) -> bool {
        self.place == Place::Raw
    }

    /// Feeds the next bytes.
    pub fn feed<'b>(&mut self, bytes: &'b [u8], sink: &mut impl FnMut(Piece<'b>)) {
        self.feed_until(bytes, sink, |_| false);
    }

    /// Feeds the next bytes up to the end of an element at the first level, without children, with a name, prefix removed, that
    /// `ends`; returns how many bytes that were. Names of more than 16 bytes are not offered.
    pub fn feed_until<'b>(
        &mut self,
        bytes: &'b [u8],
        sink: &mut impl FnMut(Piece<'b>),
        mut ends: impl FnMut(&[u8]) -> bool,
    ) -> usize {
        let (mut start, mut at) = (0, 0);
        while at < bytes.len() {
            if self.place == Place::Raw {
                sink(Piece::Raw(&bytes[start..]));
                return bytes.len();
            }
            at += self.skip(&bytes[at..]);
            let Some(&byte) = bytes.get(at) else { break };
            match self.step(byte) {
                Step::On => at += 1,
                Step::Ends(kind) => {
                    at += 1;
                    (self.begun, self.declared) = (false, false);
                    sink(Piece::Item(kind, &bytes[start..at]));
                    start = at;
                    let named = kind == Kind::Element && !self.nested;
                    let name = self.name.get(..self.named).filter(|_| named);
                    if name.is_some_and(&mut ends) {
                        return at;
                    }
                }
                // The byte belongs to what follows.
                Step::EndsBefore(kind) => {
                    (self.begun, self.declared) = (false, false);
                    sink(Piece::Item(kind, &bytes[start..at]));
                    start = at;
                }
                Step::Fault(fault) => {
                    self.place = Place::Raw;
                    sink(Piece::Fault(fault));
                }
            }
        }
        if start < bytes.len() {
            // White space is complete wherever the bytes end.
            if self.place == Place::Space {
                self.begun = false;
                sink(Piece::Item(Kind::Space, &bytes[start..]));
                self.place = Place::Between;
            } else {
                self.begun = true;
                sink(Piece::Part(&bytes[start..]));
            }
        }
        bytes.len()
    }

    /// Nothing more will come.
    pub fn finish(&mut self, sink: &mut impl FnMut(Piece<'static>)) {
        match self.place {
            Place::Raw => {}
            Place::Foreign => {
                sink(Piece::Fault(Fault::Foreign));
                // Its bytes were fed as parts.
                sink(Piece::Raw(&[]));
            }
            _ if self.begun => sink(Piece::Cut),
            _ => {}
        }
        self.place = Place::Raw;
    }

    /// How many bytes cannot change anything.
    fn skip(&self, bytes: &[u8]) -> usize {
        let next = match self.place {
            Place::Text => memchr(b'<', bytes),
            Place::Value(quote) => memchr(quote, bytes),
            Place::Start { slash: false } if !self.in_name => {
                // A slash matters only right in front of the end.
                let next = memchr3(b'>', b'"', b'\'', bytes).unwrap_or(bytes.len());
                return if next > 0 { next - 1 } else { 0 };
            }
            _ => return 0,
        };
        next.unwrap_or(bytes.len())
    }

    fn step(&mut self, byte: u8) -> Step {
        match self.place {
            Place::Raw => Step::On,
            Place::Foreign => self.foreign(byte),
            Place::Between | Place::Space | Place::Stray => self.between(byte),
            Place::Text => {
                if byte == b'<' {
                    self.place = Place::Open;
                }
                Step::On
            }
            Place::Open => self.open(byte),
            Place::Start { slash } => self.start(byte, slash),
            Place::Value(quote) => {
                if byte == quote {
                    self.place = Place::Start { slash: false };
                }
                Step::On
            }
            Place::End => match byte {
                b'>' => self.end_tag(),
                _ => Step::On,
            },
            Place::Mark(came) => self.mark(byte, came),
            Place::Cdata(brackets) => match (byte, brackets) {
                (b'>', 2) => self.marked(),
                (b']', 0..2) => self.go(Place::Cdata(brackets + 1)),
                (b']', _) => Step::On,
                _ => self.go(Place::Cdata(0)),
            },
            Place::Comment(hyphens) => match (byte, hyphens) {
                (b'>', 2) => self.marked(),
                (b'-', 0..2) => self.go(Place::Comment(hyphens + 1)),
                (b'-', _) => Step::On,
                _ => self.go(Place::Comment(0)),
            },
            Place::Doctype(depth) => match (byte, depth) {
                (b'>', 0) => self.marked(),
                (b'[', _) => self.go(Place::Doctype(depth.saturating_add(1))),
                (b']', _) => self.go(Place::Doctype(depth.saturating_sub(1))),
                _ => Step::On,
            },
            Place::Instruction { mark: true } if byte == b'>' => self.marked(),
            Place::Instruction { .. } => {
                self.name(byte);
                self.go(Place::Instruction { mark: byte == b'?' })
            }
        }
    }

    fn go(&mut self, place: Place) -> Step {
        self.place = place;
        Step::On
    }

    /// At the first level.
    fn between(&mut self, byte: u8) -> Step {
        let space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match (self.place, byte) {
            (Place::Space, _) if !space => {
                self.place = Place::Between;
                Step::EndsBefore(Kind::Space)
            }
            (Place::Stray, b'<') => {
                self.place = Place::Between;
                Step::EndsBefore(Kind::Other)
            }
            (Place::Stray, _) => Step::On,
            (_, b'<') => self.go(Place::Open),
            // In front of a header, white space belongs to it.
            _ if space && self.declared => Step::On,
            _ if space => self.go(Place::Space),
            _ if self.in_stream => self.go(Place::Stray),
            _ => {
                self.place = Place::Foreign;
                self.named = 0;
                self.foreign(byte)
            }
        }
    }

    /// No stream: a few bytes say what else it is.
    fn foreign(&mut self, byte: u8) -> Step {
        self.name[self.named] = byte;
        self.named += 1;
        match Protocol::of(&self.name[..self.named]) {
            Some(protocol) => Step::Fault(Fault::Speaks(protocol)),
            None if self.named == NAME => Step::Fault(Fault::Foreign),
            None => Step::On,
        }
    }

    fn open(&mut self, byte: u8) -> Step {
        match byte {
            b'/' => self.go(Place::End),
            b'!' => self.go(Place::Mark(0)),
            b'?' => {
                (self.named, self.in_name) = (0, true);
                self.go(Place::Instruction { mark: false })
            }
            _ => {
                (self.named, self.in_name) = (0, true);
                self.place = Place::Start { slash: false };
                self.start(byte, false)
            }
        }
    }

    fn start(&mut self, byte: u8, slash: bool) -> Step {
        self.name(byte);
        match byte {
            b'>' => self.start_tag(slash),
            b'"' | b'\'' if !self.in_name => self.go(Place::Value(byte)),
            _ => self.go(Place::Start { slash: byte == b'/' }),
        }
    }

    /// The next byte of the name in a tag or an instruction, of which the prefix does not count.
    fn name(&mut self, byte: u8) {
        match byte {
            _ if !self.in_name => {}
            b'>' | b'/' | b'?' | b' ' | b'\t' | b'\r' | b'\n' => self.in_name = false,
            b':' => self.named = 0,
            _ => {
                if let Some(place) = self.name.get_mut(self.named) {
                    *place = byte;
                }
                self.named += 1;
            }
        }
    }

    fn start_tag(&mut self, empty: bool) -> Step {
        let is_stream = self.depth == self.level() && self.name.get(..self.named) == Some(STREAM);
        if is_stream {
            self.in_stream = !empty;
            self.depth = self.level();
            self.place = Place::Between;
            return Step::Ends(Kind::Header);
        }
        self.nested = self.depth > self.level();
        if !empty {
            self.depth = self.depth.saturating_add(1);
        }
        self.after_tag(empty)
    }

    /// An element at the first level may end with a tag.
    fn after_tag(&mut self, is_end: bool) -> Step {
        if is_end && self.depth <= self.level() {
            self.place = Place::Between;
            return Step::Ends(Kind::Element);
        }
        self.go(Place::Text)
    }

    fn end_tag(&mut self) -> Step {
        match self.depth {
            0 => Step::Fault(Fault::Unopened),
            1 if self.in_stream => {
                (self.depth, self.in_stream) = (0, false);
                self.place = Place::Between;
                Step::Ends(Kind::End)
            }
            _ => {
                self.depth -= 1;
                self.after_tag(true)
            }
        }
    }

    /// How many elements are open at the first level: the stream itself, once it has begun.
    fn level(&self) -> u32 {
        u32::from(self.in_stream)
    }

    fn mark(&mut self, byte: u8, came: u8) -> Step {
        let expected = CDATA.get(usize::from(came));
        match (came, byte) {
            (0, b'-') => self.go(Place::Mark(100)),
            (100, b'-') => self.go(Place::Comment(0)),
            (_, byte) if expected == Some(&byte) => {
                let came = came + 1;
                let complete = usize::from(came) == CDATA.len();
                self.go(if complete { Place::Cdata(0) } else { Place::Mark(came) })
            }
            (_, b'>') => self.marked(),
            (_, b'[') => self.go(Place::Doctype(1)),
            _ => self.go(Place::Doctype(0)),
        }
    }

    /// A section, comment, document type or instruction has ended.
    fn marked(&mut self) -> Step {
        if self.depth > self.level() {
            return self.go(Place::Text);
        }
        let declaration = matches!(self.place, Place::Instruction { .. })
            && self.name.get(..self.named) == Some(DECLARATION)
            && !self.declared;
        self.place = Place::Between;
        if declaration {
            self.declared = true;
            return Step::On;
        }
        Step::Ends(Kind::Other)
    }
}

/// What a byte does.
enum Step {
    /// Something goes on.
    On,
    /// It is the last byte of something.
    Ends(Kind),
    /// The byte before was the last of something.
    EndsBefore(Kind),
    Fault(Fault),
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
