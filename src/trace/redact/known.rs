//! Values that are secret wherever they come: passwords that are known, and what was hidden before. A server that repeats a
//! password in an error, in base64 or in a URL, says what it says in a place where no name gives it away.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;

use super::base64::{self, is_base64};
use super::marks::{Hit, in_order};
use super::peel::{LAYERS, MARKS, peel, peel_of};
use super::secrets::PROTOCOL;
use super::starts::{SHORTEST as SHORTEST_GIVEN, Starts};
use crate::xml::{TokenKind, tokens};

/// A shorter value is not looked for.
const SHORTEST: usize = 6;
/// Of a longer value, so much is looked for.
const LONGEST: usize = 64;
/// A longer one is not remembered: it is no password, and no token of an ordinary size.
const TOO_LONG: usize = 8 * 1024;
/// So many values are remembered in all; the oldest are forgotten.
pub const VALUES: usize = 256;
/// And so many of one connection.
pub const VALUES_OF_CONNECTION: usize = 64;

/// Values that are secret wherever they come. Bounded: of what was hidden before, the newest are remembered.
#[derive(Debug, Clone, Default)]
pub struct Known {
    given: Values,
    found: Values,
    seen: HashSet<Vec<u8>>,
    /// How many values were learned of a connection that is open.
    of: HashMap<u64, usize>,
    /// The connection that is observed.
    on: u64,
}

/// A value that was found to be secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Value {
    pub(super) bytes: Vec<u8>,
    /// It names something, see [`Hit`].
    pub(super) is_identity: bool,
}

#[derive(Debug, Clone, Default)]
struct Values {
    all: VecDeque<Value>,
    /// How many were forgotten: the number of the oldest.
    first: usize,
    search: Starts<Pattern>,
}

#[derive(Debug, Clone, Copy)]
struct Pattern {
    /// The number of the value.
    value: usize,
    encoded: bool,
}

impl Known {
    /// What is known of these users and their passwords.
    pub fn of<'a>(accounts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut known = Self::default();
        known.give(accounts);
        known
    }

    /// Words without the values that are known, below escapes as well; nothing if there are none.
    pub fn hide(&self, words: &str) -> Option<String> {
        let hits = self.below(words.as_bytes(), 0);
        let mut out = Vec::with_capacity(words.len());
        let mut at = 0;
        for Hit { range, .. } in &hits {
            out.extend_from_slice(&words.as_bytes()[at..range.start]);
            out.extend_from_slice(b"[hidden]");
            at = range.end;
        }
        out.extend_from_slice(&words.as_bytes()[at..]);
        (!hits.is_empty()).then(|| String::from_utf8_lossy(&out).into_owned())
    }

    /// Finds what is known in these bytes and below their escapes.
    fn below(&self, bytes: &[u8], depth: usize) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.find(bytes, &mut hits);
        if depth < LAYERS
            && let Some(below) = peel(bytes)
        {
            let found = self.below(&below.text, depth + 1);
            hits.extend(found.iter().map(|hit| Hit::from(below.source(&hit.range))));
        }
        in_order(hits)
    }

    /// Adds passwords that are known beforehand, with their users' names: a password that is the user's name is none.
    pub fn give<'a>(&mut self, accounts: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (user, password) in accounts {
            let bytes = password.as_bytes().to_vec();
            let is_number = bytes.len() < 8 && bytes.iter().all(u8::is_ascii_digit);
            if bytes.len() >= SHORTEST_GIVEN
                && !is_number
                && user != password
                && !(bytes.len() < SHORTEST && is_protocol(&bytes))
                && self.seen.insert(bytes.clone())
            {
                for bytes in forms(&bytes) {
                    self.given.add(Value { bytes, is_identity: false });
                }
            }
        }
    }

    /// What is learned from now on comes from this connection.
    pub(in super::super) fn on(&mut self, conn: u64) {
        self.on = conn;
    }

    /// This connection is closed.
    pub(in super::super) fn close(&mut self, conn: u64) {
        self.of.remove(&conn);
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.given.all.is_empty() && self.found.all.is_empty()
    }

    /// Finds what is known.
    pub(super) fn find(&self, bytes: &[u8], hits: &mut Vec<Hit>) {
        self.given.find(bytes, hits);
        self.found.find(bytes, hits);
    }

    /// How many bytes at the end may be the beginning of a value.
    pub(super) fn beginning(&self, bytes: &[u8]) -> usize {
        let values = self.given.all.iter().chain(&self.found.all);
        let longest = |value: &Value| {
            let most = value.bytes.len().min(bytes.len() + 1).saturating_sub(1);
            (SHORTEST_GIVEN..=most).rev().find(|len| bytes.ends_with(&value.bytes[..*len]))
        };
        values.filter_map(longest).max().unwrap_or(0)
    }

    /// Remembers what was hidden; whether anything of it is new.
    pub(super) fn learn(&mut self, values: Vec<Value>) -> bool {
        let mut any = false;
        for Value { bytes, is_identity } in values {
            if self.of.get(&self.on).is_some_and(|count| *count >= VALUES_OF_CONNECTION) {
                break;
            }
            for bytes in secrets_in(&bytes) {
                let count = self.of.get(&self.on).copied().unwrap_or(0);
                if count < VALUES_OF_CONNECTION && !self.seen.contains(&bytes) {
                    self.of.insert(self.on, count + 1);
                    self.seen.insert(bytes.clone());
                    self.found.add(Value { bytes, is_identity });
                    any = true;
                }
            }
        }
        while self.found.all.len() > VALUES {
            if let Some(oldest) = self.found.forget() {
                self.seen.remove(&oldest.bytes);
            }
        }
        any
    }
}

impl Values {
    fn add(&mut self, value: Value) {
        let number = self.first + self.all.len();
        for (bytes, encoded) in value.patterns() {
            self.search.add(bytes, Pattern { value: number, encoded });
        }
        self.all.push_back(value);
    }

    /// Forgets the oldest.
    fn forget(&mut self) -> Option<Value> {
        let oldest = self.all.pop_front()?;
        for (bytes, _) in oldest.patterns() {
            self.search.remove(&bytes, |pattern| pattern.value == self.first);
        }
        self.first += 1;
        Some(oldest)
    }

    fn find(&self, bytes: &[u8], hits: &mut Vec<Hit>) {
        let mut behind = 0;
        for (found, pattern) in self.search.find(bytes) {
            let value = &self.all[pattern.value - self.first];
            let mut range = found.clone();
            if range.end <= behind {
                continue;
            }
            if pattern.encoded {
                let is_part = |byte: &&u8| is_base64(**byte);
                range.start -= bytes[..range.start].iter().rev().take_while(is_part).count();
                range.end += bytes[range.end..].iter().take_while(is_part).count();
            } else if value.bytes.len() > LONGEST {
                let rest = &bytes[range.start..];
                range.end = if rest.starts_with(&value.bytes) {
                    range.start + value.bytes.len()
                } else {
                    let is_end = |byte: &u8| {
                        byte.is_ascii_whitespace()
                            || matches!(byte, b'<' | b'>' | b'"' | b'\'' | b'&')
                    };
                    range.start + rest.iter().position(is_end).unwrap_or(rest.len())
                };
            } else if value.bytes.len() < SHORTEST && !is_word(bytes, &found) {
                continue;
            }
            behind = range.end;
            hits.push(Hit { range, is_identity: value.is_identity && !pattern.encoded });
        }
    }
}

impl Value {
    /// What is looked for: the value, and it in base64, however it is aligned there.
    fn patterns(&self) -> Vec<(Vec<u8>, bool)> {
        let bytes = &self.bytes[..self.bytes.len().min(LONGEST)];
        let mut patterns = vec![(bytes.to_vec(), false)];
        // What is base64 itself is not encoded once more.
        if self.bytes.len() <= LONGEST {
            let cores = base64::cores(bytes).into_iter().filter(|core| core.len() >= SHORTEST);
            patterns.extend(cores.map(|core| (core, true)));
        }
        patterns
    }
}

fn is_word(bytes: &[u8], range: &Range<usize>) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let before = range.start.checked_sub(1).and_then(|at| bytes.get(at));
    !is_part(before) && !is_part(bytes.get(range.end))
}

fn is_protocol(value: &[u8]) -> bool {
    memchr::memmem::find(PROTOCOL.as_bytes(), &value.to_ascii_lowercase()).is_some()
}

/// What in a hidden value is worth remembering: the value, without markup; and what is secret in it, if it is base64.
fn secrets_in(value: &[u8]) -> Vec<Vec<u8>> {
    if value.len() > TOO_LONG {
        return Vec::new();
    }
    let mut found = Vec::new();
    let texts: Vec<&[u8]> = if value.contains(&b'<') {
        let is_text = |kind| matches!(kind, TokenKind::Text | TokenKind::Broken);
        tokens(value).filter(|token| is_text(token.kind)).map(|token| &value[token.span]).collect()
    } else {
        vec![value]
    };
    for text in texts {
        let text = text.trim_ascii();
        found.push(text.to_vec());
        let Some(below) = base64::decode(text) else { continue };
        let fields: Vec<&[u8]> = below.split(|&byte| byte == 0).collect();
        if let [_, user, password] = fields[..] {
            // SASL PLAIN
            if user != password {
                found.push(password.to_vec());
            }
        } else if std::str::from_utf8(&below).is_ok() {
            if [&b"c="[..], b"v=", b"n,", b"y,", b"p=", b"r="]
                .iter()
                .any(|start| below.starts_with(start))
            {
                let fields = below.split(|&byte| byte == b',');
                let proofs =
                    fields.filter(|field| field.starts_with(b"p=") || field.starts_with(b"v="));
                found.extend(proofs.map(|proof| proof[2..].to_vec()));
            } else if let Some(colon) = memchr::memchr(b':', &below) {
                // HTTP Basic
                found.push(below[colon + 1..].to_vec());
            }
        }
    }
    let mut found: Vec<_> = found.iter().flat_map(|value| forms(value)).collect();
    found.retain(|value| is_worth(value));
    found
}

/// A value, and what it is below its escapes: of bytes in which it stands, layers are taken off as well.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec()];
    forms
        .extend(MARKS.iter().filter_map(|mark| peel_of(value, [*mark; 3])).map(|below| below.text));
    let mut above = value.to_vec();
    for _ in 0..LAYERS {
        let Some(below) = peel(&above) else { break };
        above.clone_from(&below.text);
        forms.push(below.text);
    }
    forms.sort();
    forms.dedup();
    if value.contains(&b'%') && value.contains(&b'+') {
        // as forms write a space
        let spaced = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
        let value: Vec<u8> = value.iter().map(spaced).collect();
        forms.extend(peel(&value).map(|below| below.text));
    }
    forms
}

/// Whether a value is long and rare enough to be looked for.
fn is_worth(value: &[u8]) -> bool {
    let is_number = value.len() < 10 && value.iter().all(u8::is_ascii_digit);
    value.len() >= SHORTEST && has_four_kinds(value) && !is_number && !is_protocol(value)
}

/// Whether there are four different bytes among these.
fn has_four_kinds(bytes: &[u8]) -> bool {
    let mut kinds: [Option<u8>; 3] = [None; 3];
    bytes.iter().any(|byte| {
        if kinds.contains(&Some(*byte)) {
            return false;
        }
        match kinds.iter_mut().find(|kind| kind.is_none()) {
            Some(kind) => {
                *kind = Some(*byte);
                false
            }
            None => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(known: &mut Known, value: &str) {
        known.learn(vec![Value { bytes: value.into(), is_identity: false }]);
    }

    #[test]
    fn what_is_worth_looking_for() {
        for value in ["wonderland", "s3cr3t", "a b c d", "1234567890"] {
            assert_eq!(secrets_in(value.as_bytes()), [value.as_bytes()], "{value}");
        }
        for value in ["short", "123456", "aaaaaaaa", "password", "jabber:client", "message", ""] {
            assert!(secrets_in(value.as_bytes()).is_empty(), "{value}");
        }
        let payload = b"AHdvbmRlcmxhbmQAd29uZGVybGFuZA==";
        assert_eq!(secrets_in(payload), [payload], "a password that is the name is none");
        assert!(secrets_in(b"AGFsaWNlAHdvbmRlcmxhbmQ=").contains(&b"wonderland".to_vec()));
        assert!(secrets_in(b"<value>s3cr3t</value>").contains(&b"s3cr3t".to_vec()));
    }

    #[test]
    fn passwords_that_are_given() {
        let known =
            Known::of([("a", "wonderland"), ("b", "pw#1"), ("carol", "carol"), ("d", "test")]);
        for (words, shown) in [
            ("it is wonderland!", Some("it is [hidden]!")),
            ("it is pw#1, no pw#12", Some("it is [hidden], no pw#12")),
            ("carol makes a test", None),
            ("d29uZGVybGFuZA==", Some("[hidden]")),
            ("w%6fnderland &#119;onderland", Some("[hidden] [hidden]")),
        ] {
            assert_eq!(known.hide(words).as_deref(), shown, "{words}");
        }
    }

    #[test]
    fn the_newest_values_are_remembered_and_none_floods_the_others() {
        let mut known = Known::default();
        known.on(1);
        for number in 0..VALUES_OF_CONNECTION + 10 {
            learn(&mut known, &format!("first-{number}-value"));
        }
        assert_eq!(known.found.all.len(), VALUES_OF_CONNECTION);
        for number in 0..10 * VALUES {
            known.on(2 + number as u64);
            learn(&mut known, &format!("other-{number}-value"));
            known.close(2 + number as u64);
        }
        assert_eq!((known.found.all.len(), known.seen.len(), known.of.len()), (VALUES, VALUES, 1));
        let last = format!("other-{}-value", 10 * VALUES - 1);
        assert_eq!(known.hide(&last).as_deref(), Some("[hidden]"));
        assert_eq!(known.hide("first-1-value"), None);
    }
}
