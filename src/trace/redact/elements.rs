//! Secrets in XML, as lenient tokens show it: the content of elements, and attributes that are secret in an element alone.

use std::ops::Range;

use memchr::memchr;

use super::marks::{Hit, conceal, hash};
use super::names::{Place, is_secret};
use super::secrets::{
    ATTRIBUTES, ELEMENTS, Extent, IDENTITY, LABEL_ELEMENTS, LABELLED, LABELLED_ELEMENTS, LABELS,
    Meaning, NAMED_BY_PEOPLE, SECRET_TYPES, VOID, WITHOUT,
};
use crate::xml::{Token, TokenKind, attributes, tokens};

/// Elements whose content is never a secret by itself, but holds elements whose content is.
const WRAPPER: &[u8] = b"success";
/// Deeper elements count as being in an unknown namespace.
const DEEPEST: usize = 256;
/// A text that is longer is no label.
pub(super) const LONGEST_LABEL: usize = 40;
/// So many tags behind a label its value may begin.
const BESIDE: u8 = 4;
/// In what is no tag, names that look like a secret's.
const CANDIDATES: [&[u8]; 4] = [b"password", b"token", b"field", b"header"];

/// Finds secrets in XML. One for each body, or for each direction of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Elements {
    scopes: Vec<Scope>,
    bindings: Vec<(u64, Meaning)>,
    /// Open elements beyond [`DEEPEST`].
    beyond: usize,
    /// The tags seen do not match, so no namespace is known any more.
    confused: bool,
    hiding: Hiding,
    label: Label,
    /// These are words of a text, in which a `<` need not be a tag's.
    is_echo: bool,
}

/// An open element: what its prefixes mean ends with it.
#[derive(Clone, Debug)]
struct Scope {
    name: u64,
    /// What the default namespace means.
    default: Meaning,
    /// How many bindings stood before its own.
    bindings: usize,
}

/// What names the value in the element behind it: `<name>password</name><value>…</value>`.
#[derive(Clone, Debug, Default)]
enum Label {
    #[default]
    None,
    /// An element that may be one is open, and this is its text so far.
    Open { element: u64, text: Vec<u8> },
    /// It was the name of a secret. The value may begin in one of the next tags, so many, and no further out: these are so many
    /// elements deeper.
    Said { left: u8, depth: u8 },
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

impl Elements {
    /// Nothing was seen yet; `is_echo` if this is found below escapes.
    pub(super) fn new(is_echo: bool) -> Self {
        Self { is_echo, ..Self::default() }
    }

    /// Whether this ended within a secret element.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.hiding, Hiding::Element { .. })
    }

    /// Whether everything is hidden from here on.
    pub(super) fn is_lost(&self) -> bool {
        self.hiding == Hiding::Rest
    }

    /// Finds what is to be hidden. In a stream the last token, if it is broken, changes nothing yet, because the next piece may
    /// finish it; its length is returned.
    pub(super) fn find(&mut self, bytes: &[u8], stream: bool, hits: &mut Vec<Hit>) -> usize {
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
                            conceal(bytes, start..token.span.start, hits);
                            self.hiding = Hiding::Nothing;
                            self.close(ended);
                        }
                    }
                    TokenKind::Broken if !self.is_echo => self.hiding = Hiding::Rest,
                    _ => {}
                },
                Hiding::Nothing => {
                    self.outside(bytes, &token, unfinished, hits);
                    start = match self.hiding {
                        Hiding::Rest => hits.last().map_or(token.span.end, |hit| hit.range.end),
                        _ => token.span.end,
                    };
                }
            }
        }
        if self.hiding != Hiding::Nothing {
            conceal(bytes, start..bytes.len(), hits);
        }
        if self.hiding == Hiding::Rest { 0 } else { carry }
    }

    /// A token that stands in no secret element.
    fn outside(&mut self, bytes: &[u8], token: &Token<'_>, unfinished: bool, hits: &mut Vec<Hit>) {
        let slice = &bytes[token.span.clone()];
        let at = token.span.start;
        match token.kind {
            TokenKind::Text => self.label.text(slice),
            TokenKind::End { name } => {
                self.close(name);
                self.label.end(name);
            }
            TokenKind::Start { name, self_closing } => {
                self.open(name, slice);
                let local = plain(local_name(name));
                let beside =
                    self.label.start(name, &local, self_closing || VOID.contains(&&*local));
                let labelled = secret_attributes(bytes, &token.span, &local, beside, hits);
                if self_closing {
                    self.close(name);
                } else if labelled && !VOID.contains(&&*local)
                    || self.is_secret(name, &local, slice)
                {
                    self.hiding = Hiding::Element { name: name.to_vec(), nested: 0 };
                }
            }
            // nothing of this is XMPP; what looks like a secret in it hides what follows
            TokenKind::Comment | TokenKind::CData | TokenKind::Pi | TokenKind::Doctype => {
                let delimiter = slice.iter().rev().take(3);
                let delimiter = delimiter.take_while(|byte| b"-]?>".contains(byte)).count();
                let end = token.span.end - delimiter;
                let is_quote = matches!(token.kind, TokenKind::Comment | TokenKind::CData);
                if is_quote {
                    self.quoted(bytes, at..end, hits);
                }
                let found = if is_quote { find_word(slice) } else { find_candidate(slice) };
                if let Some(found) = found {
                    conceal(bytes, at + found.min(slice.len() - delimiter)..end, hits);
                    if !is_quote {
                        self.hiding = Hiding::Rest;
                    }
                }
            }
            TokenKind::Broken => {
                self.confused |= !unfinished;
                let name = slice[1..].iter().take_while(|byte| !is_behind_name(**byte)).count();
                let local = plain(local_name(&slice[1..=name]));
                secret_attributes(bytes, &token.span, &local, false, hits);
                if slice.starts_with(b"<!") {
                    self.quoted(bytes, token.span.clone(), hits);
                }
                if let Some(found) = self.broken(slice) {
                    conceal(bytes, at + found..token.span.end, hits);
                    if !unfinished {
                        self.hiding = Hiding::Rest;
                    }
                }
            }
        }
    }

    /// Conceals elements that a comment or a CDATA section holds.
    fn quoted(&self, bytes: &[u8], span: Range<usize>, hits: &mut Vec<Hit>) {
        // What is quoted in what is quoted is nothing.
        if self.is_echo {
            return;
        }
        // Past its `<`, it is a text.
        let start = span.start + 1;
        let mut found = Vec::new();
        Self::new(true).find(&bytes[start..span.end], false, &mut found);
        let shifted =
            |hit: Hit| Hit { range: hit.range.start + start..hit.range.end + start, ..hit };
        hits.extend(found.into_iter().map(shifted));
    }

    /// Where, in a broken tag, something that looks like a secret's name ends.
    fn broken(&self, slice: &[u8]) -> Option<usize> {
        if !self.is_echo {
            return find_candidate(slice);
        }
        let name = slice[1..].iter().take_while(|byte| !is_behind_name(**byte)).count();
        let local = plain(local_name(&slice[1..=name]));
        (self.is_secret(&slice[1..=name], &local, slice)).then_some(1 + name)
    }

    fn open(&mut self, name: &[u8], tag: &[u8]) {
        if self.scopes.len() >= DEEPEST {
            self.beyond += 1;
            return;
        }
        let inherited = self.scopes.last().map_or(Meaning::LOGIN, |scope| scope.default);
        let bindings = self.bindings.len();
        let mut own = None;
        if memchr::memmem::find(tag, b"xmlns").is_some() {
            for found in attributes(tag) {
                let value = &tag[found.value];
                match &tag[found.name] {
                    // twice is wrong; then both count
                    b"xmlns" => own = Some(own.unwrap_or(Meaning::NONE).and(Meaning::of(value))),
                    name => {
                        if let Some(prefix) = name.strip_prefix(b"xmlns:") {
                            self.bindings.push((hash(prefix), Meaning::of(value)));
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
    fn is_secret(&self, name: &[u8], local: &str, tag: &[u8]) -> bool {
        if let Some((_, meaning)) = ELEMENTS.iter().find(|(known, _)| *known == local) {
            return self.meaning(name).includes(*meaning)
                // of SASL2's success only the data in it is secret; the identifier tells a person something
                && !(local.as_bytes() == WRAPPER && self.is_sasl2(tag));
        }
        is_secret(local.as_bytes(), Place::Element)
            || local == WITHOUT.0
                && self.meaning(name).includes(Meaning::UPLOAD)
                && !attributes(tag).any(|found| &tag[found.name] == WITHOUT.1.as_bytes())
    }

    /// What the namespace of the element just opened means.
    fn meaning(&self, name: &[u8]) -> Meaning {
        let prefix = memchr(b':', name).map(|colon| hash(&name[..colon]));
        if self.confused || self.beyond > 0 {
            return if prefix.is_some() { Meaning::ANY } else { Meaning::LOGIN };
        }
        match prefix {
            None => self.scopes.last().map_or(Meaning::LOGIN, |scope| scope.default),
            Some(prefix) => {
                let mut bindings = self.bindings.iter().rev();
                bindings.find(|binding| binding.0 == prefix).map_or(Meaning::ANY, |found| found.1)
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

impl Label {
    const SAID: Self = Self::Said { left: BESIDE, depth: 0 };

    /// An element begins. Whether its value is that of a secret.
    fn start(&mut self, name: &[u8], local: &str, is_empty: bool) -> bool {
        if let Self::Open { text, .. } = self {
            // It may hold its value itself: `<label>Password <input/></label>`.
            if !is_label(text) {
                return false;
            }
            *self = Self::SAID;
        }
        let is_value = matches!(self, Self::Said { .. }) && LABELLED_ELEMENTS.contains(&local);
        if is_value {
            *self = Self::None;
        } else if LABEL_ELEMENTS.contains(&local) {
            *self = Self::Open { element: hash(name), text: Vec::new() };
        } else {
            self.tag(|depth| depth.checked_add(u8::from(!is_empty)));
        }
        is_value
    }

    fn text(&mut self, slice: &[u8]) {
        if let Self::Open { text, .. } = self
            && text.len() <= LONGEST_LABEL
        {
            let slice = if text.is_empty() { slice.trim_ascii_start() } else { slice };
            text.extend_from_slice(&slice[..slice.len().min(LONGEST_LABEL + 1)]);
        }
    }

    fn end(&mut self, name: &[u8]) {
        match self {
            Self::Open { element, text } if *element == hash(name) => {
                *self = if is_label(text) { Self::SAID } else { Self::None };
            }
            _ => self.tag(|depth| depth.checked_sub(1)),
        }
    }

    /// A tag passes by, which leads deeper or back.
    fn tag(&mut self, deeper: impl Fn(u8) -> Option<u8>) {
        if let Self::Said { left, depth } = *self {
            *self = match (left.checked_sub(1), deeper(depth)) {
                (Some(left @ 1..), Some(depth)) => Self::Said { left, depth },
                _ => Self::None,
            };
        }
    }
}

/// Whether a text is the name of a secret: a word or a few, no sentence.
fn is_label(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.len() <= LONGEST_LABEL
        && text.iter().filter(|byte| byte.is_ascii_whitespace()).count() <= 2
        && is_secret(text, Place::Elsewhere)
}

/// Conceals attributes that are secret in this element; whether one of them says that its content is, or a label has said so
/// before.
fn secret_attributes(
    bytes: &[u8],
    tag: &Range<usize>,
    element: &str,
    mut labelled: bool,
    hits: &mut Vec<Hit>,
) -> bool {
    let slice = &bytes[tag.clone()];
    if memchr(b'=', slice).is_none() {
        return labelled;
    }
    let mut is_yes_or_no = false;
    for found in attributes(slice) {
        let name = plain(local_name(&slice[found.name.clone()]));
        let value = &slice[found.value.clone()];
        let range = tag.start + found.value.start..tag.start + found.value.end;
        let known = ATTRIBUTES.iter().find(|known| known.0 == element && known.1 == name);
        let extent = known.map(|known| known.2);
        let extent = if name == IDENTITY { Some(Extent::Identity) } else { extent };
        let added = hits.len();
        match extent {
            Some(Extent::Whole | Extent::Identity) => conceal(bytes, range, hits),
            Some(Extent::Query) => {
                let query = memchr(b'?', value).map_or(range.end, |at| range.start + at + 1);
                conceal(bytes, query..range.end, hits);
            }
            Some(Extent::Nothing) | None => {}
        }
        if extent == Some(Extent::Identity) {
            hits[added..].iter_mut().for_each(|hit| hit.is_identity = true);
        }
        labelled |= LABELS.contains(&&*name)
            && !NAMED_BY_PEOPLE.contains(&element)
            && !value.iter().any(u8::is_ascii_whitespace)
            && is_secret(value, Place::Elsewhere);
        labelled |= name == "type"
            && SECRET_TYPES.iter().any(|known| value.eq_ignore_ascii_case(known.as_bytes()));
        is_yes_or_no |= name == "type" && value.eq_ignore_ascii_case(b"boolean");
    }
    let labelled = labelled && !is_yes_or_no;
    if labelled {
        for found in attributes(slice) {
            if LABELLED.contains(&&*plain(local_name(&slice[found.name.clone()]))) {
                let value = tag.start + found.value.start..tag.start + found.value.end;
                conceal(bytes, value, hits);
            }
        }
    }
    labelled
}

/// What follows the last colon; a name has no more than one, but this one may be no name.
fn local_name(name: &[u8]) -> &[u8] {
    memchr::memrchr(b':', name).map_or(name, |colon| &name[colon + 1..])
}

/// A name in lower case without what has no place in a name.
fn plain(name: &[u8]) -> String {
    let lower = name.iter().map(u8::to_ascii_lowercase);
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'-' || byte.is_ascii_digit();
    lower.filter(is_part).map(char::from).collect()
}

fn is_behind_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=' | b'<' | b'"' | b'\'')
}

/// In bytes that are no tag: where something that looks like a secret's name ends.
fn find_candidate(bytes: &[u8]) -> Option<usize> {
    find_name(bytes, |_, _| true)
}

/// The same in words, in which a name of SASL is one only in what looks like a tag.
fn find_word(bytes: &[u8]) -> Option<usize> {
    find_name(bytes, |name, before| {
        CANDIDATES[..2].contains(&name) || matches!(before, Some(b'<' | b'/' | b':' | b';'))
    })
}

fn find_name(bytes: &[u8], is_one: impl Fn(&[u8], Option<u8>) -> bool) -> Option<usize> {
    let elements = ELEMENTS.iter().filter(|(_, meaning)| *meaning != Meaning::DIALBACK);
    let names = || elements.clone().map(|(name, _)| name.as_bytes()).chain(CANDIDATES);
    bytes.iter().enumerate().find_map(|(at, byte)| {
        if !matches!(
            byte | 0x20,
            b'a' | b'c' | b'd' | b'f' | b'h' | b'i' | b'p' | b'r' | b's' | b't'
        ) {
            return None;
        }
        if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
            return None;
        }
        let rest = &bytes[at..];
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let starts = |name: &&[u8]| {
            is_one(name, before)
                && rest.len() >= name.len()
                && rest[..name.len()].eq_ignore_ascii_case(name)
                && !rest.get(name.len()).is_some_and(u8::is_ascii_alphanumeric)
        };
        names().find(starts).map(|name| at + name.len())
    })
}
