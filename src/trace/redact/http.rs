//! Credentials in HTTP: headers and request targets.

use std::borrow::Cow;

use super::marks::{is_hidden, placeholder};

/// Query parameters whose values are secret. Jitsi Meet, for one, passes its JWT as `token`.
const PARAMETERS: [&str; 10] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "access_token",
    "id_token",
    "refresh_token",
    "auth_token",
    "jwt",
];
/// Authentication schemes that may be shown.
const SCHEMES: [&str; 8] =
    ["basic", "bearer", "digest", "hoba", "negotiate", "ntlm", "scram-sha-1", "scram-sha-256"];
/// Attributes of `Set-Cookie` (RFC 6265 section 4.1, and later ones).
const COOKIE_ATTRIBUTES: [&str; 9] = [
    "domain",
    "expires",
    "httponly",
    "max-age",
    "partitioned",
    "path",
    "priority",
    "samesite",
    "secure",
];

/// What a subprotocol contains, or the one before it ends in, that is a token.
const ANNOUNCING: [&str; 6] = ["authorization", "bearer", "jwt", "password", "secret", "token"];
/// No registered subprotocol has a longer name.
const LONGEST_SUBPROTOCOL: usize = 48;

/// What to show instead of a header's value; `None` when it holds no secret.
pub fn header(name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let shown = match name.as_str() {
        "cookie" => value.split(';').map(cookie).collect::<Vec<_>>().join(";"),
        "set-cookie" => set_cookie(value),
        "authorization" | "proxy-authorization" => authorization(value),
        "x-api-key" => hide(value),
        name if name.ends_with("-token") => hide(value),
        "sec-websocket-protocol" => subprotocols(value),
        "referer" | "location" | "content-location" => target(value).into_owned(),
        _ => return None,
    };
    (shown != value).then_some(shown)
}

/// A request target or URL without the secrets in its user information and its parameters.
pub fn target(target: &str) -> Cow<'_, str> {
    if !target.contains(['?', '#', ';', '@']) {
        return Cow::Borrowed(target);
    }
    let path_end = target.find(['?', '#', ';']).unwrap_or(target.len());
    let (path, parameters) = target.split_at(path_end);
    let mut out = String::with_capacity(target.len());
    match userinfo(path) {
        Some(secret) => {
            out.push_str(&path[..secret.start]);
            out.push_str(&hide(&path[secret.clone()]));
            out.push_str(&path[secret.end..]);
        }
        None => out.push_str(path),
    }
    for part in parameters.split_inclusive(['&', '#']) {
        let (part, end) = match part.strip_suffix(['&', '#']) {
            Some(shorter) => part.split_at(shorter.len()),
            None => (part, ""),
        };
        let secret = secret_value(part).unwrap_or(part.len());
        out.push_str(&part[..secret]);
        out.push_str(&hide(&part[secret..]));
        out.push_str(end);
    }
    if out == target { Cow::Borrowed(target) } else { Cow::Owned(out) }
}

/// Where the secret in a parameter starts. `?` and `;` may start a name, but end no secret.
fn secret_value(part: &str) -> Option<usize> {
    part.match_indices('=').map(|(at, _)| at).find_map(|at| {
        let name = part[..at].rfind(['?', ';']).map_or(0, |before| before + 1);
        let value = &part[at + 1..];
        let nested = value.contains('%') && names_credential(decoded(value).as_bytes());
        (is_credential(&part[name..at]) || nested).then_some(at + 1)
    })
}

/// The password in `scheme://user:password@host`.
fn userinfo(url: &str) -> Option<std::ops::Range<usize>> {
    let start = url.find("://")? + 3;
    let authority = &url[start..];
    let authority = &authority[..authority.find('/').unwrap_or(authority.len())];
    let at = authority.rfind('@')?;
    let colon = authority[..at].find(':')?;
    Some(start + colon + 1..start + at)
}

/// Whether text that is no XML, such as JSON or a form, gives a value to a name of a secret.
pub(super) fn names_credential(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    PARAMETERS.iter().any(|name| {
        memchr::memmem::find_iter(&text, name.as_bytes()).any(|at| {
            let behind = text[at + name.len()..].iter();
            let mut behind = behind.skip_while(|byte| matches!(byte, b'"' | b'\'' | b' ' | b'\\'));
            matches!(behind.next(), Some(b':' | b'='))
        })
    })
}

fn is_credential(name: &str) -> bool {
    let name = decoded(name).to_ascii_lowercase();
    PARAMETERS.contains(&name.as_str())
}

/// A name without its percent-encoding.
fn decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%')
            .then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn cookie(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) => format!("{name}={}", hide(value)),
        None => hide(pair),
    }
}

fn set_cookie(value: &str) -> String {
    let mut parts = value.split(';');
    let mut shown = parts.next().map(cookie).unwrap_or_default();
    for part in parts {
        let name = part.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        shown.push(';');
        if COOKIE_ATTRIBUTES.contains(&name.as_str()) {
            shown.push_str(part);
        } else {
            shown.push_str(&hide(part));
        }
    }
    shown
}

fn authorization(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, rest)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => {
            format!("{scheme} {}", hide(rest))
        }
        _ => hide(value),
    }
}

/// Subprotocols without the tokens that pages pass among them, since they can set no other header of a handshake.
fn subprotocols(value: &str) -> String {
    let mut announced = false;
    let shown = value.split(',').map(|part| {
        let name = part.trim();
        let lower = name.to_ascii_lowercase();
        let secret = announced
            || name.len() > LONGEST_SUBPROTOCOL
            || name.starts_with("eyJ")
            || ANNOUNCING.iter().any(|word| {
                lower
                    .split_once(word)
                    .is_some_and(|(_, rest)| rest.starts_with(['.', '-', '_', '=']))
            });
        announced = ANNOUNCING.iter().any(|word| lower.ends_with(word));
        if secret && lower != "xmpp" { part.replace(name, &hide(name)) } else { part.to_owned() }
    });
    shown.collect::<Vec<_>>().join(",")
}

fn hide(value: &str) -> String {
    if value.is_empty() || is_hidden(value.as_bytes()) {
        value.to_owned()
    } else {
        placeholder(value.len())
    }
}
