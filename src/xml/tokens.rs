//! Lenient tokens: every byte of any input belongs to exactly one of them.
//!
//! Whoever shows or redacts traffic cannot wait for it to be well-formed. Here nothing is judged: what
//! is not recognised is [`TokenKind::Broken`], and the next token starts at the next `<`. One pass, no
//! allocation, no failure.

use std::ops::Range;

use memchr::{memchr, memchr2, memchr3, memmem};

/// A piece of the source, as far as a look at its delimiters can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it looks like.
    pub kind: TokenKind<'a>,
    /// Its bytes in the source; the spans of all tokens together are the source.
    pub span: Range<usize>,
}

/// What a [`Token`] looks like. Names are as sent, with their prefix, and need not be valid names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind<'a> {
    /// A start tag, or an empty element's tag when it closes itself.
    Start {
        /// Name with prefix.
        name: &'a [u8],
        /// Whether it ends in `/>`.
        self_closing: bool,
    },
    /// An end tag.
    End {
        /// Name with prefix.
        name: &'a [u8],
    },
    /// Anything up to the next `<`.
    Text,
    /// `<!-- … -->`
    Comment,
    /// `<![CDATA[ … ]]>`
    CData,
    /// A processing instruction or XML declaration, `<? … ?>`.
    Pi,
    /// `<!DOCTYPE … >` with its internal subset.
    Doctype,
    /// A `<` that opens none of these, or one of these that does not end.
    Broken,
}

/// Iterator over the [`Token`]s of a source; see [`tokens`].
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    source: &'a [u8],
    at: usize,
}

/// Splits any bytes into tokens.
pub fn tokens(source: &[u8]) -> Tokens<'_> {
    Tokens { source, at: 0 }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    #[inline]
    fn next(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        let rest = self.source.get(start..).filter(|rest| !rest.is_empty())?;
        let (kind, len) = if rest[0] == b'<' {
            markup(rest)
        } else {
            (TokenKind::Text, memchr(b'<', rest).unwrap_or(rest.len()))
        };
        self.at = start + len;
        Some(Token { kind, span: start..self.at })
    }
}

/// The token at the start of `rest`, which begins with `<`, and its length.
#[inline]
fn markup(rest: &[u8]) -> (TokenKind<'_>, usize) {
    match rest.get(1) {
        Some(b'/') => end_tag(rest),
        Some(b'?') => delimited(rest, TokenKind::Pi, 2, b"?>"),
        Some(b'!') => declaration(rest),
        Some(&byte) if starts_name(byte) => start_tag(rest),
        _ => (TokenKind::Broken, until_next(rest, 1)),
    }
}

#[inline]
fn start_tag(rest: &[u8]) -> (TokenKind<'_>, usize) {
    let name = name(rest, 1);
    let mut at = 1 + name.len();
    while let Some(found) = rest[at..].iter().position(|&byte| IN_TAG[usize::from(byte)]) {
        at += found;
        match rest[at] {
            b'>' => {
                let self_closing = rest[at - 1] == b'/';
                return (TokenKind::Start { name, self_closing }, at + 1);
            }
            b'<' => return (TokenKind::Broken, at),
            quote => match memchr2(quote, b'<', &rest[at + 1..]) {
                Some(found) if rest[at + 1 + found] == quote => at += found + 2,
                // `<` cannot stand in a value: the quote was never closed
                Some(found) => return (TokenKind::Broken, at + 1 + found),
                None => return (TokenKind::Broken, rest.len()),
            },
        }
    }
    (TokenKind::Broken, rest.len())
}

/// What is looked at in a start tag, behind its name.
static IN_TAG: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut marks: &[u8] = b"><\"'";
    while let [mark, rest @ ..] = marks {
        bytes[*mark as usize] = true;
        marks = rest;
    }
    bytes
};

#[inline]
fn end_tag(rest: &[u8]) -> (TokenKind<'_>, usize) {
    match memchr2(b'>', b'<', &rest[2..]) {
        Some(found) if rest[2 + found] == b'>' => {
            (TokenKind::End { name: name(rest, 2) }, found + 3)
        }
        Some(found) => (TokenKind::Broken, found + 2),
        None => (TokenKind::Broken, rest.len()),
    }
}

fn declaration(rest: &[u8]) -> (TokenKind<'_>, usize) {
    if rest.starts_with(b"<!--") {
        delimited(rest, TokenKind::Comment, 4, b"-->")
    } else if rest.starts_with(b"<![CDATA[") {
        delimited(rest, TokenKind::CData, 9, b"]]>")
    } else if rest.len() >= 9 && rest[2..9].eq_ignore_ascii_case(b"DOCTYPE") {
        match memchr3(b'>', b'[', b'<', &rest[1..]).map(|found| found + 1) {
            Some(end) if rest[end] == b'>' => (TokenKind::Doctype, end + 1),
            Some(next) if rest[next] == b'<' => (TokenKind::Broken, next),
            Some(subset) => doctype_end(rest, subset),
            None => (TokenKind::Broken, rest.len()),
        }
    } else {
        (TokenKind::Broken, until_next(rest, 2))
    }
}

/// The end of a document type whose internal subset opens at `subset`: `]`, white space, `>`.
fn doctype_end(rest: &[u8], subset: usize) -> (TokenKind<'_>, usize) {
    let mut at = subset;
    while let Some(found) = memchr(b']', &rest[at..]) {
        at += found + 1;
        while rest.get(at).copied().is_some_and(is_space) {
            at += 1;
        }
        if rest.get(at) == Some(&b'>') {
            return (TokenKind::Doctype, at + 1);
        }
    }
    (TokenKind::Broken, rest.len())
}

fn delimited<'a>(
    rest: &'a [u8],
    kind: TokenKind<'a>,
    skip: usize,
    end: &[u8],
) -> (TokenKind<'a>, usize) {
    match memmem::find(&rest[skip..], end) {
        Some(found) => (kind, skip + found + end.len()),
        None => (TokenKind::Broken, rest.len()),
    }
}

fn until_next(rest: &[u8], from: usize) -> usize {
    memchr(b'<', &rest[from..]).map_or(rest.len(), |found| from + found)
}

#[inline]
fn name(rest: &[u8], from: usize) -> &[u8] {
    let name = &rest[from..];
    let len = name.iter().position(|&byte| ends_name(byte)).unwrap_or(name.len());
    &name[..len]
}

const fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || byte >= 0x80
}

const fn ends_name(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'/' | b'>' | b'=' | b'<' | b'"' | b'\'')
}

/// White space as XML knows it.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The part of a name behind its prefix.
pub fn local_name(name: &[u8]) -> &[u8] {
    memchr(b':', name).map_or(name, |colon| &name[colon + 1..])
}

/// An attribute as it stands in a tag. The ranges count from the start of the tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, with prefix.
    pub name: Range<usize>,
    /// Its value without the quotes; empty when there is none.
    pub value: Range<usize>,
    /// The quote around the value, if there is one.
    pub quote: Option<u8>,
}

/// Iterator over the attributes of a start tag; see [`attributes`].
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    tag: &'a [u8],
    at: usize,
}

/// Splits the bytes of a start tag, from its `<` on, into attributes. Never fails; a value that does not
/// end runs to the end of the tag.
pub fn attributes(tag: &[u8]) -> Attributes<'_> {
    let name = tag.iter().skip(1).take_while(|&&byte| !ends_name(byte)).count();
    Attributes { tag, at: (1 + name).min(tag.len()) }
}

impl Attributes<'_> {
    fn skip(&mut self, skipped: impl Fn(u8) -> bool) {
        while self.tag.get(self.at).copied().is_some_and(&skipped) {
            self.at += 1;
        }
    }
}

impl Iterator for Attributes<'_> {
    type Item = Attribute;

    fn next(&mut self) -> Option<Attribute> {
        self.skip(|byte| ends_name(byte) && byte != b'=');
        if self.at >= self.tag.len() {
            return None;
        }
        let name = self.at;
        self.skip(|byte| !ends_name(byte));
        let name = name..self.at;
        let after_name = self.at;
        self.skip(is_space);
        if self.tag.get(self.at) != Some(&b'=') {
            self.at = after_name;
            return Some(Attribute { name, value: after_name..after_name, quote: None });
        }
        self.at += 1;
        self.skip(is_space);
        let quote = self.tag.get(self.at).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let value = if let Some(quote) = quote {
            let start = self.at + 1;
            let len = memchr(quote, &self.tag[start..]);
            let end = len.map_or(self.tag.len(), |len| start + len);
            self.at = (end + 1).min(self.tag.len());
            start..end
        } else {
            let start = self.at;
            self.skip(|byte| !is_space(byte) && byte != b'>');
            start..self.at
        };
        Some(Attribute { name, value, quote })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(source: &str) -> Vec<(String, &str)> {
        tokens(source.as_bytes())
            .map(|token| {
                let kind = match token.kind {
                    TokenKind::Start { name, self_closing } => format!(
                        "start {}{}",
                        String::from_utf8_lossy(name),
                        if self_closing { "/" } else { "" }
                    ),
                    TokenKind::End { name } => format!("end {}", String::from_utf8_lossy(name)),
                    other => format!("{other:?}").to_lowercase(),
                };
                (kind, &source[token.span])
            })
            .collect()
    }

    fn kinds(source: &str) -> String {
        let kinds: Vec<_> = shown(source).into_iter().map(|(kind, _)| kind).collect();
        kinds.join(", ")
    }

    #[test]
    fn a_document_in_pieces() {
        assert_eq!(
            kinds("<?xml version='1.0'?><!DOCTYPE a><a:b c='>'>t<d/><!-- < --><![CDATA[<]]></a:b>"),
            "pi, doctype, start a:b, text, start d/, comment, cdata, end a:b"
        );
    }

    #[test]
    fn a_slash_in_an_unquoted_place_closes_only_at_the_end() {
        assert_eq!(kinds("<a b='/'><a/ >"), "start a, start a");
    }

    #[test]
    fn what_does_not_end_is_broken() {
        for source in ["<", "<a", "<a b='", "</a", "<!--", "<![CDATA[", "<?x", "<!DOCTYPE", "< a>"]
        {
            assert_eq!(kinds(source), "broken", "{source}");
        }
    }

    #[test]
    fn a_broken_tag_ends_at_the_next_one() {
        assert_eq!(
            shown("<a b='x<c/></d<e>"),
            [
                ("broken".into(), "<a b='x"),
                ("start c/".into(), "<c/>"),
                ("broken".into(), "</d"),
                ("start e".into(), "<e>")
            ]
        );
    }

    #[test]
    fn a_document_type_includes_its_subset() {
        assert_eq!(kinds("<!DOCTYPE a [ <!ENTITY b 'c]'> ] ><a/>"), "doctype, start a/",);
        assert_eq!(kinds("<!DOCTYPE a<b>"), "broken, start b");
        assert_eq!(kinds("<!ENTITY b 'c'><a/>"), "broken, start a/");
    }

    #[test]
    fn attributes_of_all_sorts() {
        let tag = "<a b = 'c' d:e=\"f'g\" h i=j k=>";
        let all: Vec<_> = attributes(tag.as_bytes())
            .map(|attribute| (&tag[attribute.name], &tag[attribute.value], attribute.quote))
            .collect();
        assert_eq!(
            all,
            [
                ("b", "c", Some(b'\'')),
                ("d:e", "f'g", Some(b'"')),
                ("h", "", None),
                ("i", "j", None),
                ("k", "", None),
            ]
        );
    }

    #[test]
    fn an_attribute_without_an_end_or_a_name() {
        let tag = b"<a b='c";
        assert_eq!(
            attributes(tag).next().map(|found| tag[found.value].to_vec()),
            Some(b"c".into())
        );
        assert_eq!(attributes(b"<a ='c' =").count(), 2);
        assert_eq!(attributes(b"").count() + attributes(b"<").count(), 0);
    }

    proptest! {
        #[test]
        fn tokens_cover_every_byte_once(source in "([<>/!?'\"=a-c \\-\\[\\]]|<!--|-->|<!\\[CDATA\\[|\\PC){0,60}") {
            let mut at = 0;
            for token in tokens(source.as_bytes()) {
                prop_assert_eq!(token.span.start, at);
                prop_assert!(token.span.end > at);
                at = token.span.end;
                let tag = &source.as_bytes()[token.span];
                for attribute in attributes(tag) {
                    prop_assert!(attribute.name.end <= attribute.value.start);
                    prop_assert!(attribute.value.end <= tag.len());
                }
            }
            prop_assert_eq!(at, source.len());
        }

        #[test]
        fn any_bytes_are_tokens(source in proptest::collection::vec(any::<u8>(), 0..200)) {
            let len: usize = tokens(&source).map(|token| token.span.len()).sum();
            prop_assert_eq!(len, source.len());
        }
    }
}
