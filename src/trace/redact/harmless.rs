//! The cheap look with which redaction begins, and for most traffic ends.

use memchr::{memchr, memchr2};

use super::names::{FIELD, HEADER, PASSWORD, SECRETS, is_plain};
use crate::xml::local_name;

/// Whether it is certain, without a look at namespaces, that there is nothing to hide: there are only
/// elements and text, every tag is whole, and no element or attribute has a name that can mean a secret.
///
/// This sees tags as [`tokens`](crate::xml::tokens) does, and knows nothing of tags that are written in a
/// way that clients and servers don't use.
pub(super) fn is_harmless(bytes: &[u8]) -> bool {
    if bytes.first() != Some(&b'<') || memchr(0, bytes).is_some() {
        return false;
    }
    let mut rest = bytes;
    while let Some(found) = memchr(b'<', rest) {
        rest = &rest[found + 1..];
        let behind = match rest.first() {
            Some(b'/') => memchr2(b'>', b'<', rest).filter(|&end| rest[end] == b'>'),
            Some(b'a'..=b'z') => harmless_tag(rest),
            _ => None,
        };
        let Some(behind) = behind else { return false };
        rest = &rest[behind..];
    }
    true
}

/// Where the `>` of this start tag is, whose `<` has been read.
fn harmless_tag(tag: &[u8]) -> Option<usize> {
    let mut at = tag.iter().position(|&byte| !is_plain(byte) && byte != b':')?;
    if !matches!(tag[at], b' ' | b'>' | b'/') {
        return None;
    }
    let name = local_name(&tag[..at]);
    // a second colon would be left out when names are compared
    let may_hold = SECRETS.contains(&name) || [PASSWORD, FIELD, HEADER].contains(&name);
    if may_hold || name.contains(&b':') {
        return None;
    }
    loop {
        let marks = |&byte: &u8| matches!(byte, b'=' | b'>' | b'<' | b'"' | b'\'');
        at += tag[at..].iter().position(marks)?;
        match (tag[at], tag.get(at + 1)) {
            (b'>', _) => return Some(at),
            (b'=', Some(&quote @ (b'"' | b'\''))) if is_harmless_end(&tag[..at]) => {
                let value = at + 2;
                at = value + memchr2(quote, b'<', &tag[value..])?;
                if tag[at] != quote {
                    return None;
                }
                at += 1;
            }
            _ => return None,
        }
    }
}

/// Whether an attribute's name that ends like this is neither `password` nor `token`, even if other
/// characters than lower case letters are left out.
fn is_harmless_end(name: &[u8]) -> bool {
    match name {
        [.., b'a'..=b'z', b'd'] => name[name.len() - 2] != b'r',
        [.., b'a'..=b'z', b'n'] => name[name.len() - 2] != b'e',
        [.., last] => last.is_ascii_lowercase() && !matches!(last, b'd' | b'n'),
        [] => false,
    }
}
