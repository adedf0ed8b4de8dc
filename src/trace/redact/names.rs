//! Whether a name is that of a secret.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::gate;
use super::secrets::{
    INNOCENT, INNOCENT_ENDINGS, INNOCENT_VALUES, NOT_IN_ELEMENTS, PARAMETER_WORDS, STRONG, WORDS,
};

/// A longer name is judged by its end.
const LONGEST: usize = 128;

/// Tells at once what most names have none of.
static STRONG_ONES: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(STRONG).expect("a few short patterns"));

/// Where a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is an element's, whose content is in question.
    Element,
    /// It is a parameter's, in a URL or a form.
    Parameter,
    /// A header, an attribute, a name in JSON, a label.
    Elsewhere,
}

/// Whether what has this name is a secret.
pub(super) fn is_secret(name: &[u8], place: Place) -> bool {
    let name = &name[name.len().saturating_sub(LONGEST)..];
    if !gate::may_hold_name(name) {
        return false;
    }
    let words = Words::of(name);
    let plain = &words.plain[..];
    if INNOCENT.contains(&plain) {
        return false;
    }
    let applies = |found: &str, ending: &str| {
        let is_element = place == Place::Element;
        let innocent = is_element
            && NOT_IN_ELEMENTS.iter().any(|not| {
                not.strip_prefix(found)
                    .is_some_and(|rest| rest.is_empty() || ending.starts_with(rest))
            });
        !innocent && !is_innocent(ending)
    };
    STRONG_ONES.is_match(plain)
        && STRONG.iter().any(|stem| {
            plain.rfind(stem).is_some_and(|at| applies(stem, &plain[at + stem.len()..]))
        })
        || words.iter().any(|(word, ending)| {
            let is_one = WORDS.contains(&word)
                || word.ends_with("pass") && !INNOCENT.contains(&word)
                || place == Place::Parameter && PARAMETER_WORDS.contains(&word);
            is_one && applies(word, ending)
        })
}

/// Whether a value is no secret, whatever it is called.
pub(super) fn is_innocent_value(value: &[u8]) -> bool {
    let value = value.strip_suffix(b";").unwrap_or(value);
    value.len() <= 9
        && INNOCENT_VALUES.iter().any(|innocent| value.eq_ignore_ascii_case(innocent.as_bytes()))
}

/// Whether what follows a secret's name says that something else is meant.
fn is_innocent(ending: &str) -> bool {
    let is_in = |ending: &str| {
        INNOCENT_ENDINGS.iter().any(|innocent| match innocent.strip_suffix('*') {
            Some(start) => ending.starts_with(start),
            None => ending == *innocent,
        })
    };
    is_in(ending) || ending.strip_prefix('s').or(ending.strip_prefix('d')).is_some_and(is_in)
}

/// A name's letters in lower case, and where its words end.
struct Words {
    plain: String,
    starts: Vec<usize>,
}

impl Words {
    fn of(name: &[u8]) -> Self {
        let mut words = Self { plain: String::with_capacity(name.len()), starts: Vec::new() };
        let mut before = b' ';
        for &byte in name {
            if byte.is_ascii_alphabetic() {
                let begins = !before.is_ascii_alphabetic()
                    || byte.is_ascii_uppercase() && before.is_ascii_lowercase();
                if begins {
                    words.starts.push(words.plain.len());
                }
                words.plain.push(char::from(byte.to_ascii_lowercase()));
            }
            before = byte;
        }
        words
    }

    /// Each word, and all that follows it.
    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.starts.iter().enumerate().map(|(number, &start)| {
            let end = self.starts.get(number + 1).copied().unwrap_or(self.plain.len());
            (&self.plain[start..end], &self.plain[end..])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::secrets::{ELEMENT_STEMS, ELEMENTS, STEMS, TAG_STEMS};
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "password",
            "Password",
            "PASSWORD2",
            "user_password",
            "room_password",
            "pass",
            "userpass",
            "user[pass]",
            "db_pass",
            "passwd",
            "pwd",
            "ice-pwd",
            "passphrase",
            "passCode",
            "Passwort",
            "api_key",
            "apikey",
            "apiKey2",
            "Api-Key",
            "X-Goog-Api-Key",
            "X-Amz-Security-Token",
            "PRIVATE-TOKEN",
            "X-Vault-Token",
            "X-CSRF-Token",
            "accessToken",
            "access_token",
            "auth-token",
            "client_secret",
            "bearer",
            "authorization",
            "Proxy-Authorization",
            "Cookie",
            "Set-Cookie",
            "otp",
            "one-time-otp",
            "pin",
            "user.pin",
            "session",
            "session-id",
            "JSESSIONID",
            "PHPSESSID",
            "credential",
            "credentials",
            "secret_id",
            "auth",
            "x-auth",
            "preauth",
            "X-Amz-Signature",
            "sig",
            "ufrag",
            "previd",
            "muc#roomconfig_roomsecret",
            "tokens",
            "pw",
            "privateKey",
            "stream-key",
            "TOKEN",
            "__Host-token",
            "token_value",
            "password_confirm",
            "passwordHash",
        ] {
            assert!(is_secret(name.as_bytes(), Place::Elsewhere), "{name}");
        }
        for name in [&b"key"[..], b"code", b"nonce"] {
            assert!(is_secret(name, Place::Parameter) && !is_secret(name, Place::Elsewhere));
        }
    }

    #[test]
    fn names_of_something_else() {
        for name in [
            "",
            "body",
            "wait",
            "hold",
            "ping",
            "typing",
            "author",
            "authority",
            "authid",
            "authzid",
            "mechanism",
            "sid",
            "rid",
            "compass",
            "passive",
            "passenger",
            "opinion",
            "pinned",
            "keyboard",
            "key",
            "newkey",
            "monkey",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Accept",
            "Access-Control-Allow-Credentials",
            "WWW-Authenticate",
            "token_type",
            "token-count",
            "tokenizer",
            "secretary",
            "passwordless",
            "password-protected",
            "muc#roomconfig_passwordprotectedroom",
            "muc_passwordprotected",
            "token_endpoint",
            "authorization-identifier",
            "session-timeout",
            "sessionIdleTime",
            "auth_type",
            "auth-method",
            "passThrough",
            "Content-Type",
            "signal",
            "design",
            "assign",
            "hashtag",
            "spin",
            "X-Request-Id",
            "etag",
            "not-authorized",
            "authentication",
            "authenticate",
            "expires_in",
            "access",
            "Idempotency-Key",
        ] {
            assert!(!is_secret(name.as_bytes(), Place::Elsewhere), "{name}");
        }
        for name in ["session", "auth", "credentials", "signature", "mechanisms", "authentication"]
        {
            assert!(!is_secret(name.as_bytes(), Place::Element), "{name}");
        }
        for name in [
            "password",
            "token",
            "access_token",
            "oauth_token",
            "otp",
            "pin",
            "secretkey",
            "credential",
        ] {
            assert!(is_secret(name.as_bytes(), Place::Element), "{name}");
        }
    }

    #[test]
    fn a_look_for_stems_misses_no_name() {
        for name in STRONG.iter().chain(WORDS).chain(PARAMETER_WORDS) {
            assert!(STEMS.iter().any(|stem| name.contains(stem)), "{name} has no stem");
        }
        for (name, _) in ELEMENTS {
            let stems = STEMS.iter().chain(ELEMENT_STEMS).chain(TAG_STEMS);
            assert!(stems.into_iter().any(|stem| name.contains(stem)), "{name} has no stem");
        }
    }

    #[test]
    fn values_that_are_no_secret() {
        assert!(is_innocent_value(b"True") && is_innocent_value(b"0"));
        assert!(!is_innocent_value(b"truest") && !is_innocent_value(b""));
    }
}
