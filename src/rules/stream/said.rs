//! What a server says in its own words beside a condition. Its words decide over what the condition means in general.

/// Logins that failed too often.
pub(super) const FAILED_LOGINS: &str =
    "logins failed too often, and the server refuses more of them for a while";
/// A stanza over a limit.
pub(super) const TOO_BIG: &str = "something is larger than the server accepts";

/// Parts of texts, in lower case, and what they mean. The first that fits counts.
const KNOWN: [(&[&str], &str); 14] = [
    (
        &["features to proceed with", "no stream features"],
        "the server offers this client no way to go on, not even to log in. As a rule TLS ends \
         before it, at a reverse proxy, so that it takes the connection for insecure (Prosody: \
         consider_bosh_secure, consider_websocket_secure)",
    ),
    (
        &["token expired", "token has expired", "token is expired", "expired token", "jwt expired"],
        "the token has expired: the client has to get a new one before it logs in",
    ),
    (
        &[
            "password expired",
            "password has expired",
            "credentials expired",
            "credentials have exp",
        ],
        "the password has expired",
    ),
    (
        &["failed auth", "failed login", "too many auth", "too many login", "too many attempts"],
        FAILED_LOGINS,
    ),
    (
        &["too many sessions", "too many connections", "too many resources", "maximum number of"],
        "the account or its address has too many sessions open",
    ),
    (
        &["rate limit", "rate-limit", "too many requests", "too many stanzas", "too fast", "flood"],
        "the client sends more within this time than the server accepts",
    ),
    (&["too big", "too large", "too long", "size limit", "maximum size"], TOO_BIG),
    (
        &["disabled", "suspended", "banned", "blocked", "blacklisted", "locked"],
        "the server has locked out the account or its address",
    ),
    (
        &["no such user", "user not found", "unknown user", "account not found", "not registered"],
        "the account does not exist",
    ),
    (
        &["wrong password", "incorrect password", "bad password", "password does not match"],
        "the password is wrong",
    ),
    (
        &[
            "encryption required",
            "encryption is required",
            "tls required",
            "tls is required",
            "insecure",
        ],
        "the server requires TLS, and takes this connection for insecure",
    ),
    (
        &["kicked", "by administrator", "by an administrator", "by admin", "removed by"],
        "an administrator of the server ended it",
    ),
    (
        &["shutting down", "shut down", "shutdown", "maintenance", "restarting"],
        "the server is shutting down",
    ),
    (&["policy"], "a policy of the server forbids it, which its administrator knows"),
];

/// Parts of texts that say no more than that a login failed.
const PLAIN: [&str; 9] = [
    "username or password",
    "user name or password",
    "unable to authorize",
    "authentication fail",
    "authorization fail",
    "invalid credentials",
    "invalid authzid",
    "not authorized",
    "login fail",
];

/// What a text means, if that is known.
pub fn meaning(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let fits = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    KNOWN.iter().find(|(parts, _)| fits(parts)).map(|(_, meaning)| *meaning)
}

/// Whether a text says nothing that its condition does not say.
pub fn is_plain(text: &str, condition: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let words = text.trim_end_matches('.').replace([' ', '_'], "-");
    text.is_empty() || words == condition || PLAIN.iter().any(|part| text.contains(part))
}

/// What a condition with this text means: what the text says, or else this general meaning, unless the text speaks
/// for itself.
pub fn or_general<'a>(text: &str, condition: &str, general: &'a str) -> Option<&'a str> {
    if is_plain(text, condition) { Some(general) } else { meaning(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_their_meaning_and_others_speak_for_themselves() {
        for (text, condition, expected) in [
            ("", "policy-violation", Some("general")),
            ("policy-violation", "policy-violation", Some("general")),
            ("Policy violation.", "policy-violation", Some("general")),
            ("Invalid username or password.", "not-authorized", Some("general")),
            ("Your shoes are unsuitable", "policy-violation", None),
            ("Token expired", "not-authorized", Some("the token has expired")),
            (
                "Too many (10) failed authentications from this IP",
                "policy-violation",
                Some(FAILED_LOGINS),
            ),
            ("Too many failed authentications", "policy-violation", Some(FAILED_LOGINS)),
            ("Stanza is too big", "policy-violation", Some(TOO_BIG)),
        ] {
            let found = or_general(text, condition, "general");
            match expected {
                Some(begins) => {
                    assert!(found.is_some_and(|it| it.starts_with(begins)), "{text}: {found:?}");
                }
                None => assert_eq!(found, None, "{text}"),
            }
        }
    }
}
