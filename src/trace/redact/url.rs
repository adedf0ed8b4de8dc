//! User information in URLs (RFC 3986 section 3.2.1).

use std::ops::Range;

/// An `@` that is farther away ends no user information.
pub(super) const LONGEST: usize = 1024;
/// The longest scheme that is looked for, with `://`.
const SCHEME: usize = 32;
/// A user name that is longer is a token: some services take one in its place.
const LONGEST_USER: usize = 20;

/// The secret in the authority that begins at `start`, behind the `//`.
pub(super) fn user_information(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..bytes.len().min(start + LONGEST)];
    let quote = quote_before(bytes, start);
    let ends = |byte: &u8| is_end(*byte) || Some(*byte) == quote;
    let rest = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
    // `/`, `?` and `#` end an authority, unless they stand in a password that nobody has escaped.
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let proper = &rest[..end.unwrap_or(rest.len())];
    if let Some(at) = memchr::memrchr(b'@', proper) {
        return secret(&proper[..at], start);
    }
    let colon = memchr::memchr(b':', proper).filter(|_| !proper.starts_with(b"["))?;
    let port = &proper[colon + 1..];
    if port.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match memchr::memrchr(b'@', rest) {
        Some(at) => secret(&rest[..at], start),
        // A text that is cut here may have had the `@` behind it.
        None if start + proper.len() == bytes.len() => secret(proper, start),
        None => None,
    }
}

/// Whether these bytes end in a URL that may be cut in its user information.
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(LONGEST)..];
    let start = tail.iter().rposition(|byte| is_end(*byte)).map_or(0, |end| end + 1);
    memchr::memmem::find(&tail[start..], b"//")
        .is_some_and(|slashes| memchr::memchr(b':', &tail[start + slashes..]).is_some())
}

/// The quote before the URL whose authority begins at `start`: it ends there. Another may stand in user information.
fn quote_before(bytes: &[u8], start: usize) -> Option<u8> {
    let is_scheme = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':' | b'/')
    };
    let before = &bytes[..start];
    let scheme = before.iter().rev().take(SCHEME).take_while(is_scheme).count();
    before[..start - scheme].last().copied().filter(|byte| matches!(byte, b'\'' | b'`'))
}

/// Whether the `@` at this place may end user information.
pub(super) fn is_behind_slashes(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(LONGEST)..at];
    let start = before.iter().rposition(|byte| is_end(*byte)).map_or(0, |end| end + 1);
    before[start..].windows(2).any(|two| two == b"//")
}

/// No URL has this.
fn is_end(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"')
}

fn secret(user_information: &[u8], start: usize) -> Option<Range<usize>> {
    let end = start + user_information.len();
    match memchr::memchr(b':', user_information) {
        Some(colon) => Some(start + colon + 1..end),
        None if user_information.len() >= LONGEST_USER => Some(start..end),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls() {
        for (url, secret) in [
            ("http://al:pw@x/", Some("pw")),
            ("//al:pw@x/", Some("pw")),
            ("http://al:p;w@x/", Some("p;w")),
            ("http://al:p'w@x/", Some("p'w")),
            ("'http://x/a', 'b:c@d'", None),
            ("http://al:p:w@y@x", Some("p:w@y")),
            ("http://al:p/w#?@x/a", Some("p/w#?")),
            ("http://:pw@x", Some("pw")),
            ("https://ghp_0123456789abcdefghij@x/", Some("ghp_0123456789abcdefghij")),
            ("http://al:@x", Some("")),
            ("xmpp://alice@x", None),
            ("http://x:5280/muc/room@conference", None),
            ("http://x/a:b@c", None),
            ("http://x?jid=a:b@c", None),
            ("http://x 'a:b@c'", None),
            ("http://jabber.org/protocol/muc", None),
            ("http://al:SECRE", Some("SECRE")),
            ("http://al:52", None),
            ("http://[::1]", None),
            ("http://[::1]:5280", None),
            ("http://x.example:5280/a", None),
            ("http://x:port/a", None),
        ] {
            let start = url.find("//").unwrap() + 2;
            let found = user_information(url.as_bytes(), start).map(|range| &url[range]);
            assert_eq!(found, secret, "{url}");
        }
    }
}
