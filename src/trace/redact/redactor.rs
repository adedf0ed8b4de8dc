//! Secrets in XML, as lenient tokens show it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use super::harmless;
use super::http;
use super::marks::{hidden, is_hidden};
use super::names::{
    FIELD, HEADER, PASSWORD, SECRETS, find_candidate, is_private_field, is_private_header,
    local_name, may_hold_secret, names_secret, plain, sensitive,
};
use crate::xml::{Token, TokenKind, attributes, tokens};

/// Elements whose content is never a secret by itself, but holds elements whose content is.
const WRAPPER: &[u8] = b"success";
/// Deeper elements count as being in an unknown namespace.
const DEEPEST: usize = 256;
/// A tag longer than this, split over pieces, is not waited for.
const LONGEST_TAG: usize = 64 * 1024;

/// Hides secrets in XML. One redactor per body, or per direction of a stream.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    scopes: Vec<Scope>,
    bindings: Vec<(u64, bool)>,
    /// Open elements beyond [`DEEPEST`].
    beyond: usize,
    /// The tags seen do not match, so no namespace is known any more.
    confused: bool,
    hiding: Hiding,
    /// The beginning of a token that a piece ended in.
    carry: Vec<u8>,
}

/// An open element: what its prefixes mean ends with it.
#[derive(Clone, Debug)]
struct Scope {
    name: u64,
    /// Whether the default namespace is sensitive.
    default: bool,
    /// How many bindings stood before its own.
    bindings: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Hiding {
    #[default]
    Nothing,
    /// The content of an element of this name, and of so many of the same name in it.
    Element { name: Vec<u8>, nested: usize },
    /// Everything: where the secret ends cannot be told.
    Rest,
}

impl Redactor {
    /// A redactor at the start of a body or stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the last piece ended within a secret, or within a tag.
    pub fn is_open(&self) -> bool {
        matches!(self.hiding, Hiding::Element { .. }) || !self.carry.is_empty()
    }

    /// The body of one HTTP message or WebSocket frame, complete or cut off, without its secrets.
    pub fn redact_body<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        *self = Self::default();
        if harmless::is_harmless(bytes) {
            return Cow::Borrowed(bytes);
        }
        if is_doubtful(bytes) {
            return Cow::Owned(hidden(bytes.len()));
        }
        let (ranges, _) = self.secrets(bytes, false);
        if ranges.is_empty() {
            Cow::Borrowed(bytes)
        } else {
            Cow::Owned(replace(bytes, 0, &ranges))
        }
    }

    /// The next piece of a stream without its secrets, which may have begun in earlier pieces.
    pub fn redact_piece(&mut self, piece: &[u8]) -> Vec<u8> {
        if memchr(0, piece).is_some() || self.carry.len() > LONGEST_TAG {
            self.hiding = Hiding::Rest;
        }
        if self.hiding == Hiding::Rest {
            self.carry.clear();
            return if piece.is_empty() { Vec::new() } else { hidden(piece.len()) };
        }
        let mut bytes = std::mem::take(&mut self.carry);
        let seen = bytes.len();
        bytes.extend_from_slice(piece);
        let (ranges, unfinished) = self.secrets(&bytes, true);
        let shown = replace(&bytes, seen, &ranges);
        self.carry = bytes.split_off(bytes.len() - unfinished);
        shown
    }

    /// The ranges to hide, in order. In a stream the last token, if it is broken, changes nothing yet,
    /// because the next piece may finish it; its length comes second.
    pub(super) fn secrets(&mut self, bytes: &[u8], stream: bool) -> (Vec<Range<usize>>, usize) {
        let mut ranges = Vec::new();
        let mut carry = 0;
        let mut start = 0;
        for token in tokens(bytes) {
            let unfinished =
                stream && token.kind == TokenKind::Broken && token.span.end == bytes.len();
            carry = if unfinished { token.span.len() } else { 0 };
            match &mut self.hiding {
                Hiding::Rest => break,
                Hiding::Element { .. } if unfinished => break,
                Hiding::Element { name, nested } => match token.kind {
                    TokenKind::Start { name: inner, self_closing: false } if inner == &name[..] => {
                        *nested += 1;
                    }
                    TokenKind::End { name: ended } if ended == &name[..] => {
                        if let Some(fewer) = nested.checked_sub(1) {
                            *nested = fewer;
                        } else {
                            conceal(bytes, start..token.span.start, &mut ranges);
                            self.hiding = Hiding::Nothing;
                            self.close(ended);
                        }
                    }
                    TokenKind::Broken => self.hiding = Hiding::Rest,
                    _ => {}
                },
                Hiding::Nothing => {
                    self.outside(bytes, &token, unfinished, &mut ranges);
                    start = match self.hiding {
                        Hiding::Rest => ranges.last().map_or(token.span.end, |range| range.end),
                        _ => token.span.end,
                    };
                }
            }
        }
        if self.hiding != Hiding::Nothing {
            conceal(bytes, start..bytes.len(), &mut ranges);
        }
        (ranges, if self.hiding == Hiding::Rest { 0 } else { carry })
    }

    /// A token that stands in no secret element.
    fn outside(
        &mut self,
        bytes: &[u8],
        token: &Token<'_>,
        unfinished: bool,
        ranges: &mut Vec<Range<usize>>,
    ) {
        let slice = &bytes[token.span.clone()];
        let at = token.span.start;
        match token.kind {
            TokenKind::Text => {}
            TokenKind::End { name } => self.close(name),
            TokenKind::Start { name, self_closing } => {
                self.open(name, slice);
                if may_hold_secret(slice) {
                    let secret = attributes(slice)
                        .filter(|found| names_secret(&slice[found.name.clone()]))
                        .map(|found| at + found.value.start..at + found.value.end);
                    secret.for_each(|range| conceal(bytes, range, ranges));
                }
                if self_closing {
                    self.close(name);
                } else if self.is_secret(name, slice) {
                    self.hiding = Hiding::Element { name: name.to_vec(), nested: 0 };
                }
            }
            // nothing of this is XMPP; what looks like a secret in it hides what follows
            TokenKind::Comment | TokenKind::CData | TokenKind::Pi | TokenKind::Doctype => {
                if let Some(found) = find_candidate(slice) {
                    let delimiter = slice.iter().rev().take(3);
                    let delimiter = delimiter.take_while(|byte| b"-]?>".contains(byte)).count();
                    let end = token.span.end - delimiter;
                    conceal(bytes, at + found.min(slice.len() - delimiter)..end, ranges);
                    if matches!(token.kind, TokenKind::Pi | TokenKind::Doctype) {
                        self.hiding = Hiding::Rest;
                    }
                }
            }
            TokenKind::Broken => {
                self.confused |= !unfinished;
                if let Some(found) = find_candidate(slice) {
                    conceal(bytes, at + found..token.span.end, ranges);
                    if !unfinished {
                        self.hiding = Hiding::Rest;
                    }
                }
            }
        }
    }

    fn open(&mut self, name: &[u8], tag: &[u8]) {
        if self.scopes.len() >= DEEPEST {
            self.beyond += 1;
            return;
        }
        let inherited = self.scopes.last().is_none_or(|scope| scope.default);
        let bindings = self.bindings.len();
        let mut own = None;
        if memchr::memmem::find(tag, b"xmlns").is_some() {
            for found in attributes(tag) {
                let value = &tag[found.value];
                match &tag[found.name] {
                    // twice is wrong; then the sensitive one counts
                    b"xmlns" => own = Some(own.unwrap_or(false) || sensitive(value)),
                    name => {
                        if let Some(prefix) = name.strip_prefix(b"xmlns:") {
                            self.bindings.push((hash(prefix), sensitive(value)));
                        }
                    }
                }
            }
        }
        let default = own.unwrap_or(inherited);
        self.scopes.push(Scope { name: hash(name), default, bindings });
        if self.bindings.len() > DEEPEST * 4 {
            self.confused = true;
            self.bindings.truncate(bindings);
        }
    }

    fn close(&mut self, name: &[u8]) {
        if let Some(fewer) = self.beyond.checked_sub(1) {
            self.beyond = fewer;
            return;
        }
        match self.scopes.pop() {
            Some(scope) if scope.name == hash(name) => self.bindings.truncate(scope.bindings),
            _ => self.confused = true,
        }
    }

    /// Whether the content of the element just opened is secret.
    fn is_secret(&self, name: &[u8], tag: &[u8]) -> bool {
        let local = plain(local_name(name));
        if local == PASSWORD
            || (local == FIELD && is_private_field(tag))
            || (local == HEADER && is_private_header(tag))
        {
            return true;
        }
        SECRETS.contains(&&local[..]) && (self.confused || self.beyond > 0 || self.is_sensitive(name))
            // of SASL2's success only the data in it is secret; the identifier tells a person something
            && !(local == WRAPPER && self.is_sasl2(tag))
    }

    fn is_sensitive(&self, name: &[u8]) -> bool {
        match memchr(b':', name) {
            None => self.scopes.last().is_none_or(|scope| scope.default),
            Some(colon) => {
                let prefix = hash(&name[..colon]);
                let mut bindings = self.bindings.iter().rev();
                bindings.find(|binding| binding.0 == prefix).is_none_or(|binding| binding.1)
            }
        }
    }

    fn is_sasl2(&self, tag: &[u8]) -> bool {
        !self.confused
            && attributes(tag).any(|found| {
                &tag[found.name] == b"xmlns" && &tag[found.value] == b"urn:xmpp:sasl:2"
            })
    }
}

/// Text in an encoding that the tokens cannot read, or no XML at all, with something like a secret in it.
pub(super) fn is_doubtful(bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if marked || memchr(0, bytes).is_some() {
        let readable: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        return find_candidate(&readable).is_some();
    }
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    !text.starts_with(b"<") && http::names_credential(text)
}

fn conceal(bytes: &[u8], range: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let content = &bytes[range.clone()];
    if !content.is_empty() && content != b"=" && !is_hidden(content) {
        ranges.push(range);
    }
}

/// The bytes from `from` on, with the ranges replaced.
pub(super) fn replace(bytes: &[u8], from: usize, ranges: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() - from + ranges.len() * 8);
    let mut at = from;
    for range in ranges {
        let start = range.start.max(at);
        if range.end > start {
            out.extend_from_slice(&bytes[at..start]);
            out.extend_from_slice(&hidden(range.end - start));
            at = range.end;
        }
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// FNV-1a; names are only compared with names of the same stream.
fn hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
