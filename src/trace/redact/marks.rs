//! What is to be hidden, and what stands in its place.

use std::ops::Range;

/// The most that stands in the place of a secret.
const LONGEST: usize = 40;

/// Bytes that are secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// Where they are.
    pub(super) range: Range<usize>,
    /// They name something, so that the same bytes have to look the same everywhere.
    pub(super) is_identity: bool,
}

impl From<Range<usize>> for Hit {
    fn from(range: Range<usize>) -> Self {
        Self { range, is_identity: false }
    }
}

/// Adds a secret, unless it is empty, hidden already, or the `=` that stands for an empty payload.
pub(super) fn conceal(bytes: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
    let content = &bytes[range.clone()];
    if !content.is_empty() && content != b"=" && !is_hidden(content) {
        hits.push(range.into());
    }
}

/// Whether this is what stands in the place of a secret, and nothing else.
pub fn is_hidden(content: &[u8]) -> bool {
    hidden_len(content) == Some(content.len())
}

/// Whether this begins with what stands in the place of a secret, and something else follows it: what goes on with a letter is
/// a value that only looks hidden.
pub(super) fn begins_hidden(bytes: &[u8]) -> bool {
    hidden_len(bytes)
        .is_some_and(|len| bytes.get(len).is_none_or(|next| !next.is_ascii_alphanumeric()))
}

/// The length of what stands for a secret at the start of this.
fn hidden_len(content: &[u8]) -> Option<usize> {
    let inner = content.strip_prefix(b"[hidden ")?;
    let end = memchr::memchr(b']', &inner[..inner.len().min(LONGEST)])?;
    let mut words = inner[..end].split(|&byte| byte == b' ');
    let count = words.next()?;
    let is_count = !count.is_empty() && count.len() <= 20 && count.iter().all(u8::is_ascii_digit);
    let is_unit = matches!(words.next()?, b"bytes" | b"byte");
    let is_tag = words.next().is_none_or(|tag| {
        tag.len() == 7 && tag[0] == b'#' && tag[1..].iter().all(u8::is_ascii_hexdigit)
    });
    (is_count && is_unit && is_tag && words.next().is_none()).then_some(b"[hidden ".len() + end + 1)
}

/// What stands in place of `length` secret bytes.
pub(super) fn placeholder(length: usize) -> String {
    format!("[hidden {length} byte{}]", if length == 1 { "" } else { "s" })
}

/// The same for what names something: of equal bytes it is equal. The number behind says too little of them to find
/// them by it.
fn identity(bytes: &[u8]) -> String {
    let length = bytes.len();
    let tag = hash(bytes) & 0xff_ffff;
    format!("[hidden {length} byte{} #{tag:06x}]", if length == 1 { "" } else { "s" })
}

/// Puts secrets in order, and those together that overlap.
pub(super) fn in_order(mut hits: Vec<Hit>) -> Vec<Hit> {
    if hits.len() < 2 {
        return hits;
    }
    hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end)));
    let mut merged: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match merged.last_mut() {
            Some(last) if hit.range == last.range => last.is_identity |= hit.is_identity,
            Some(last) if hit.range.start < last.range.end => {
                if hit.range.end > last.range.end {
                    last.range.end = hit.range.end;
                    last.is_identity = false;
                }
            }
            _ => merged.push(hit),
        }
    }
    merged
}

/// The bytes from `from` on, with these secrets replaced, which are in order.
pub(super) fn replace(bytes: &[u8], from: usize, hits: &[Hit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() - from + hits.len() * 8);
    let mut at = from;
    for Hit { range, is_identity } in hits {
        let start = range.start.max(at);
        if range.end > start {
            out.extend_from_slice(&bytes[at..start]);
            let secret = &bytes[start..range.end];
            let mark = if *is_identity { identity(secret) } else { placeholder(secret.len()) };
            out.extend_from_slice(mark.as_bytes());
            at = range.end;
        }
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// FNV-1a.
pub(super) fn hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_secret_is_known_again() {
        for (text, is_one) in [
            ("[hidden 1 byte]", true),
            ("[hidden 42 bytes]", true),
            ("[hidden 42 bytes #0a1b2c]", true),
            ("[hidden c2VjcmV0 bytes]", false),
            ("[hidden 42 bytes #secret]", false),
            ("[hidden 42 bytes #0a1b2c x]", false),
            ("[hidden 42 words]", false),
            ("[hidden  bytes]", false),
            ("[hidden 42 bytes]x", false),
            ("[hidden 42", false),
        ] {
            assert_eq!(is_hidden(text.as_bytes()), is_one, "{text}");
        }
        assert_eq!(hidden_len(b"[hidden 1 byte]&a=b"), Some(15));
        assert!(begins_hidden(b"[hidden 1 byte]&a=b") && begins_hidden(b"[hidden 1 byte]"));
        assert!(!begins_hidden(b"[hidden 1 byte]more") && !begins_hidden(b"hidden"));
    }

    #[test]
    fn what_overlaps_is_one_secret() {
        let hits = [4..8, 1..3, 6..10, 1..3, 20..21].map(Hit::from).to_vec();
        let ranges: Vec<_> = in_order(hits).into_iter().map(|hit| hit.range).collect();
        assert_eq!(ranges, [1..3, 4..10, 20..21]);
    }

    #[test]
    fn an_identity_looks_the_same_everywhere() {
        let hit = |range| Hit { range, is_identity: true };
        let shown = replace(b"ab-cd-ab", 0, &[hit(0..2), hit(3..5), hit(6..8)]);
        let shown = String::from_utf8(shown).unwrap();
        let parts: Vec<_> = shown.split('-').collect();
        assert_eq!(parts[0], parts[2]);
        assert_ne!(parts[0], parts[1]);
        assert!(parts.iter().all(|part| is_hidden(part.as_bytes())), "{shown}");
    }
}
