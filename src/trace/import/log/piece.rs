//! A piece of XML in a log, from its first `<` to the end of its element, be it in the same line or in a later one.

use super::roots::Written;
use crate::wire::stream::{Kind, Piece as Part, Splitter};

/// A piece that is being read.
pub(super) struct Piece {
    /// It, with escapes removed; no more than `limit` bytes.
    pub bytes: Vec<u8>,
    /// How many bytes there were.
    pub size: u64,
    /// What it is; none before it is complete.
    pub kind: Option<Kind>,
    written: Written,
    /// Within the quotes of a string.
    inside: bool,
    splitter: Splitter,
    limit: usize,
}

impl Piece {
    pub(super) fn new(written: Written, limit: usize) -> Self {
        let (bytes, splitter) = (Vec::new(), Splitter::default());
        Self { bytes, size: 0, kind: None, written, inside: true, splitter, limit }
    }

    /// Takes the next line, or what is left of one, which begins with it. Gives what stands behind its end; none if it goes on
    /// in the next line.
    pub(super) fn take(&mut self, line: &[u8], is_first: bool) -> Option<Rest> {
        if !is_first && self.inside && self.written != Written::Binary {
            self.feed(b"\n");
        }
        match self.written {
            Written::Plain => self.feed(line).map(Rest::At),
            Written::Entities => {
                let mut text = Vec::new();
                decode(line, &mut text);
                self.feed(&text).map(|used| Rest::Text(text.split_off(used)))
            }
            Written::String | Written::Binary => {
                let mut text = Vec::new();
                let end = self.unquote(line, &mut text);
                let complete = self.feed(&text).is_some();
                let end = end.or_else(|| complete.then_some(line.len()));
                end.map(Rest::At)
            }
        }
    }

    /// Takes text without escapes. Gives how much of it belongs to the piece, if that is complete now.
    fn feed(&mut self, text: &[u8]) -> Option<usize> {
        // The end of a stream stands alone.
        if self.size == 0 && text.starts_with(b"</") {
            let end = memchr::memchr(b'>', text)? + 1;
            self.keep(&text[..end]);
            self.kind = Some(Kind::End);
            return Some(end);
        }
        // The splitter would go on behind the end, so it gets little at a time.
        let (mut used, mut some) = (0, 256);
        while used < text.len() {
            let chunk = &text[used..text.len().min(used + some)];
            some *= 2;
            let (mut taken, mut kind) = (0, None);
            self.splitter.feed(chunk, &mut |part| {
                if kind.is_none() {
                    match part {
                        Part::Part(bytes) | Part::Raw(bytes) => taken += bytes.len(),
                        Part::Item(item, bytes) => {
                            taken += bytes.len();
                            kind = Some(item);
                        }
                        Part::Cut | Part::Fault(_) => kind = Some(Kind::Other),
                    }
                }
            });
            self.keep(&chunk[..taken]);
            used += taken;
            if kind.is_some() {
                self.kind = kind;
                return Some(used);
            }
        }
        None
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let room = self.limit.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
    }

    /// The text of a line without its escapes. Gives where the string ends, if it does.
    fn unquote(&mut self, line: &[u8], text: &mut Vec<u8>) -> Option<usize> {
        let mut rest = line;
        while let [byte, behind @ ..] = rest {
            rest = behind;
            match (byte, self.inside) {
                (b'"', true) if self.written == Written::String => {
                    return Some(line.len() - rest.len());
                }
                (b'"', _) => self.inside = !self.inside,
                (b'>' | b'/', false) => return Some(line.len() - rest.len()),
                (_, false) => {}
                (b'\\', true) => rest = self.escape(rest, text),
                (_, true) => text.push(*byte),
            }
        }
        None
    }

    /// What stands behind a backslash. Gives the rest.
    fn escape<'a>(&self, rest: &'a [u8], text: &mut Vec<u8>) -> &'a [u8] {
        let Some((escape, rest)) = rest.split_first() else { return rest };
        let hex = |digits: &[u8]| {
            let digits = std::str::from_utf8(digits).ok();
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32)
        };
        match escape {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'u' if rest.len() >= 4 => {
                push(text, hex(&rest[..4]));
                return &rest[4..];
            }
            b'x' if rest.first() == Some(&b'{') => {
                if let Some(end) = rest.iter().take(10).position(|byte| *byte == b'}') {
                    push(text, hex(&rest[1..end]));
                    return &rest[end + 1..];
                }
            }
            b'0'..=b'7' if self.written == Written::Binary => {
                let more = rest.iter().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                let first = u32::from(escape - b'0');
                let octal = rest[..more].iter().fold(first, |n, b| n * 8 + u32::from(b - b'0'));
                text.push(octal as u8);
                return &rest[more..];
            }
            other => text.push(*other),
        }
        rest
    }
}

/// What stands behind a piece on its last line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// From this byte of the line on.
    At(usize),
    /// This text, with escapes removed.
    Text(Vec<u8>),
}

fn push(text: &mut Vec<u8>, char: Option<char>) {
    let char = char.unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Replaces the entities of XML by what they stand for, once.
fn decode(line: &[u8], text: &mut Vec<u8>) {
    const ENTITIES: [(&[u8], u8); 6] = [
        (b"lt;", b'<'),
        (b"gt;", b'>'),
        (b"quot;", b'"'),
        (b"#39;", b'\''),
        (b"apos;", b'\''),
        (b"amp;", b'&'),
    ];
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'&', rest) {
        text.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let found = ENTITIES.iter().find(|(name, _)| rest.starts_with(name));
        text.push(found.map_or(b'&', |(_, byte)| *byte));
        rest = found.map_or(rest, |(name, _)| &rest[name.len()..]);
    }
    text.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads lines as one piece: its text, what it is, and what stands behind it.
    fn read(written: Written, lines: &[&str]) -> (String, Option<Kind>, Option<String>) {
        let mut piece = Piece::new(written, 1000);
        let mut behind = None;
        for (index, line) in lines.iter().enumerate() {
            behind = piece.take(line.as_bytes(), index == 0).map(|rest| match rest {
                Rest::At(at) => line[at..].to_owned(),
                Rest::Text(text) => String::from_utf8(text).unwrap(),
            });
            if behind.is_some() {
                break;
            }
        }
        assert_eq!(piece.size, piece.bytes.len() as u64);
        (String::from_utf8(piece.bytes).unwrap(), piece.kind, behind)
    }

    #[test]
    fn a_piece_ends_with_its_element() {
        let header = "<?xml version='1.0'?><stream:stream to='a'>";
        for (written, lines, text, kind, behind) in [
            (
                Written::Plain,
                &["<iq id='>'><a/></iq> x.js:1"][..],
                "<iq id='>'><a/></iq>",
                Kind::Element,
                " x.js:1",
            ),
            (
                Written::Plain,
                &["<iq>", "  <a/>", "</iq>"],
                "<iq>\n  <a/>\n</iq>",
                Kind::Element,
                "",
            ),
            (Written::Plain, &[header], header, Kind::Header, ""),
            (Written::Plain, &["</stream:stream>"], "</stream:stream>", Kind::End, ""),
            (
                Written::String,
                &[r#"<iq a=\"\u00e9\">\n</iq>"]"#],
                "<iq a=\"é\">\n</iq>",
                Kind::Element,
                "]",
            ),
            (
                Written::Binary,
                &[r#"<iq a=\"b\"><c/>""#, r#"   "</iq>">>"#],
                "<iq a=\"b\"><c/></iq>",
                Kind::Element,
                ">",
            ),
            (
                Written::Binary,
                &[r#"<iq>\303\251\x{263a}</iq>">>"#],
                "<iq>é☺</iq>",
                Kind::Element,
                ">",
            ),
            (
                Written::Entities,
                &["&lt;iq a=&quot;b&quot;&gt;&amp;lt;&lt;/iq&gt;."],
                "<iq a=\"b\">&lt;</iq>",
                Kind::Element,
                ".",
            ),
        ] {
            let (read, found, rest) = read(written, lines);
            assert_eq!((read.as_str(), found), (text, Some(kind)), "{lines:?}");
            assert_eq!(rest.as_deref(), Some(behind), "{lines:?}");
        }
    }

    #[test]
    fn what_does_not_end_is_not_complete() {
        let (text, kind, behind) = read(Written::Plain, &["<iq id='1' type='get'>"]);
        assert_eq!((text.as_str(), kind, behind), ("<iq id='1' type='get'>", None, None));
        // The string ends before its element.
        let (text, kind, behind) = read(Written::String, &[r#"<iq id=\"1\">","more"]"#]);
        assert_eq!((text.as_str(), kind), ("<iq id=\"1\">", None));
        assert_eq!(behind.as_deref(), Some(",\"more\"]"));
    }

    #[test]
    fn of_a_large_piece_only_so_much_is_kept() {
        let mut piece = Piece::new(Written::Plain, 10);
        assert!(piece.take(b"<message>", true).is_none());
        for _ in 0..1000 {
            assert!(piece.take(b"0123456789", false).is_none());
        }
        assert!(piece.take(b"</message>", false).is_some());
        assert_eq!((piece.bytes.len(), piece.size, piece.kind), (10, 11_020, Some(Kind::Element)));
    }
}
