//! Secrets in values of header fields, by the name of the field.

use std::ops::Range;

use super::marks::{Hit, conceal};
use super::names::{Place, is_innocent_value, is_secret};
use super::secrets::{ANNOUNCING, COOKIE_ATTRIBUTES, SCHEMES};

/// No registered subprotocol has a longer name.
const LONGEST_SUBPROTOCOL: usize = 48;

/// Fields in which a server speaks its part of a login (RFC 9110 section 11, RFC 7804).
const AUTHENTICATING: [&[u8]; 4] = [
    b"www-authenticate",
    b"proxy-authenticate",
    b"authentication-info",
    b"proxy-authentication-info",
];
/// Behind these schemes nothing but a token follows (RFC 4559).
const TOKEN_ALONE: [&str; 2] = ["negotiate", "ntlm"];

/// Whether something is to be known of the value of a field with this name.
pub(super) fn is_known(name: &[u8]) -> bool {
    is_secret(name, Place::Elsewhere)
        || name.eq_ignore_ascii_case(b"sec-websocket-protocol")
        || AUTHENTICATING.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What is secret because of the field's name, of its value, which is the range.
pub(super) fn value(name: &[u8], bytes: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
    let start =
        range.start + bytes[range.clone()].len() - bytes[range.clone()].trim_ascii_start().len();
    let range = start..start + bytes[start..range.end.max(start)].trim_ascii_end().len();
    let text = &bytes[range.clone()];
    if text.contains(&b'\n') {
        // It is folded. Few clients do so, and none that is right.
        if is_secret(name, Place::Elsewhere) {
            conceal(bytes, range, hits);
        }
        return;
    }
    match &name.to_ascii_lowercase()[..] {
        b"cookie" => parts(text, b';').for_each(|part| cookie(bytes, at(&range, part), hits)),
        b"set-cookie" => set_cookie(bytes, &range, hits),
        b"authorization" | b"proxy-authorization" => {
            let space = memchr::memchr(b' ', text).filter(|&space| is_scheme(&text[..space]));
            let from = space.map_or(0, |space| space + 1);
            conceal(bytes, range.start + from..range.end, hits);
        }
        b"sec-websocket-protocol" => subprotocols(bytes, &range, hits),
        name if AUTHENTICATING.contains(&name) => challenge(bytes, &range, hits),
        name if is_secret(name, Place::Elsewhere) && !is_innocent_value(text) => {
            conceal(bytes, range, hits);
        }
        _ => {}
    }
}

fn is_scheme(word: &[u8]) -> bool {
    SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()))
}

fn at(range: &Range<usize>, part: Range<usize>) -> Range<usize> {
    range.start + part.start..range.start + part.end
}

/// Where the parts between separators are.
fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split(move |&byte| byte == separator).map(move |part| {
        let range = at..at + part.len();
        at = range.end + 1;
        range
    })
}

fn cookie(bytes: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
    let equals = memchr::memchr(b'=', &bytes[range.clone()]);
    let space = bytes[range.clone()].len() - bytes[range.clone()].trim_ascii_start().len();
    let from = equals.map_or(space, |equals| equals + 1);
    conceal(bytes, range.start + from..range.end, hits);
}

fn set_cookie(bytes: &[u8], range: &Range<usize>, hits: &mut Vec<Hit>) {
    for (number, part) in parts(&bytes[range.clone()], b';').enumerate() {
        let part = at(range, part);
        let text = &bytes[part.clone()];
        let name = text.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii();
        let is_attribute =
            COOKIE_ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if number == 0 {
            cookie(bytes, part, hits);
        } else if !is_attribute {
            conceal(bytes, part, hits);
        }
    }
}

/// The payload of SASL in a challenge, which is called `data`, or stands alone behind the scheme.
fn challenge(bytes: &[u8], range: &Range<usize>, hits: &mut Vec<Hit>) {
    for part in parts(&bytes[range.clone()], b',') {
        let part = at(range, part);
        let words: Vec<_> = parts(&bytes[part.clone()], b' ').collect();
        for (number, word) in words.iter().enumerate() {
            let word = at(&part, word.clone());
            let text = &bytes[word.clone()];
            let is_behind = |scheme: &&[u8]| {
                TOKEN_ALONE.iter().any(|alone| scheme.eq_ignore_ascii_case(alone.as_bytes()))
            };
            let scheme =
                number.checked_sub(1).map(|before| &bytes[at(&part, words[before].clone())]);
            if text.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"data=")) {
                conceal(bytes, word.start + 5..word.end, hits);
            } else if scheme.as_ref().is_some_and(is_behind) {
                conceal(bytes, word, hits);
            }
        }
    }
}

/// Tokens that pages pass among subprotocols, since they can set no other header of a handshake.
fn subprotocols(bytes: &[u8], range: &Range<usize>, hits: &mut Vec<Hit>) {
    let mut announced = false;
    for part in parts(&bytes[range.clone()], b',') {
        let part = at(range, part);
        let whole = &bytes[part.clone()];
        let name = whole.trim_ascii();
        let start = part.start + whole.len() - whole.trim_ascii_start().len();
        let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
        let secret = announced
            || name.len() > LONGEST_SUBPROTOCOL
            || name.starts_with(b"eyJ")
            || ANNOUNCING.iter().any(|word| {
                lower
                    .split_once(word)
                    .is_some_and(|(_, rest)| rest.starts_with(['.', '-', '_', '=']))
            });
        announced = ANNOUNCING.iter().any(|word| lower.ends_with(word));
        if secret && lower != "xmpp" {
            conceal(bytes, start..start + name.len(), hits);
        }
    }
}
