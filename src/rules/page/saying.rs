//! What servers say in words of their own, whoever they are: by which words in a sentence that is known, and what it means.

use super::signature::Meaning;

/// By what it is known that a sentence means something.
struct Saying {
    /// What has to stand in the sentence, in lower case: all of it.
    words: &'static [&'static str],
    /// The statuses with which it means that.
    with: With,
    means: Meaning,
}

/// With which statuses a sentence means something.
#[derive(Clone, Copy)]
enum With {
    /// Any of a failure.
    Failure,
    /// Those that blame the request.
    Request,
    /// Those that do not know the host.
    Host,
    /// Those of a gateway.
    Gateway,
}

impl With {
    fn has(self, status: u16) -> bool {
        match self {
            Self::Failure => status >= 400,
            Self::Request => matches!(status, 400..500),
            Self::Host => matches!(status, 400 | 403 | 404 | 421),
            Self::Gateway => matches!(status, 500 | 502..=504),
        }
    }
}

const fn of(words: &'static [&'static str], with: With, means: Meaning) -> Saying {
    Saying { words, with, means }
}

/// The strongest first.
const SAYINGS: &[Saying] = &[
    of(&["csrf"], With::Failure, Meaning::Csrf),
    of(&["xsrf"], With::Failure, Meaning::Csrf),
    of(&["antiforgery"], With::Failure, Meaning::Csrf),
    of(&["anti-forgery"], With::Failure, Meaning::Csrf),
    of(&["request forgery"], With::Failure, Meaning::Csrf),
    of(&["authenticitytoken"], With::Failure, Meaning::Csrf),
    of(&["authenticity token"], With::Failure, Meaning::Csrf),
    of(&["failed authentication"], With::Failure, Meaning::LoginsFailed),
    of(&["failed login"], With::Failure, Meaning::LoginsFailed),
    of(&["login attempts"], With::Failure, Meaning::LoginsFailed),
    of(&["authentication failures"], With::Failure, Meaning::LoginsFailed),
    of(&["authentication attempts"], With::Failure, Meaning::LoginsFailed),
    of(&["rate limit"], With::Failure, Meaning::RateLimit),
    of(&["rate-limit"], With::Failure, Meaning::RateLimit),
    of(&["rate exceeded"], With::Failure, Meaning::RateLimit),
    of(&["ratelimit"], With::Failure, Meaning::RateLimit),
    of(&["too many requests"], With::Failure, Meaning::RateLimit),
    of(&["too many connections"], With::Failure, Meaning::RateLimit),
    of(&["quota exceeded"], With::Failure, Meaning::RateLimit),
    of(&["throttl"], With::Failure, Meaning::RateLimit),
    of(&["token", "expired"], With::Request, Meaning::TokenExpired),
    of(&["jwt", "expired"], With::Request, Meaning::TokenExpired),
    of(&["\"exp\" claim"], With::Request, Meaning::TokenExpired),
    of(&["signature", "invalid"], With::Request, Meaning::TokenInvalid),
    of(&["signature", "not valid"], With::Request, Meaning::TokenInvalid),
    of(&["signature", "fail"], With::Request, Meaning::TokenInvalid),
    of(&["signature", "match"], With::Request, Meaning::TokenInvalid),
    of(&["token", "invalid"], With::Request, Meaning::TokenInvalid),
    of(&["token", "not valid"], With::Request, Meaning::TokenInvalid),
    of(&["token", "malformed"], With::Request, Meaning::TokenInvalid),
    of(&["token", "verif"], With::Request, Meaning::TokenInvalid),
    of(&["jwt", "invalid"], With::Request, Meaning::TokenInvalid),
    of(&["jwt", "malformed"], With::Request, Meaning::TokenInvalid),
    of(&["jwt", "verif"], With::Request, Meaning::TokenInvalid),
    of(&["invalid api key"], With::Request, Meaning::TokenInvalid),
    of(&["token", "missing"], With::Request, Meaning::TokenMissing),
    of(&["token", "required"], With::Request, Meaning::TokenMissing),
    of(&["no token"], With::Request, Meaning::TokenMissing),
    of(&["token not found"], With::Request, Meaning::TokenMissing),
    of(&["api key"], With::Request, Meaning::TokenMissing),
    of(&["subscription key"], With::Request, Meaning::TokenMissing),
    of(&["authorization field missing"], With::Request, Meaning::TokenMissing),
    of(&["unknown host"], With::Host, Meaning::UnknownHost),
    of(&["invalid host"], With::Host, Meaning::UnknownHost),
    of(&["host not allowed"], With::Host, Meaning::UnknownHost),
    of(&["host not found"], With::Host, Meaning::UnknownHost),
    of(&["host is not"], With::Host, Meaning::UnknownHost),
    of(&["request too large"], With::Request, Meaning::TooLarge),
    of(&["body too large"], With::Request, Meaning::TooLarge),
    of(&["entity too large"], With::Request, Meaning::TooLarge),
    of(&["content too large"], With::Request, Meaning::TooLarge),
    of(&["payload too large"], With::Request, Meaning::TooLarge),
    of(&["stanza too large"], With::Request, Meaning::TooLarge),
    of(&["stanza is too large"], With::Request, Meaning::TooLarge),
    of(&["unknown session"], With::Request, Meaning::UnknownSession),
    of(&["session not found"], With::Request, Meaning::UnknownSession),
    of(&["no such session"], With::Request, Meaning::UnknownSession),
    of(&["unknown sid"], With::Request, Meaning::UnknownSession),
    of(&["invalid sid"], With::Request, Meaning::UnknownSession),
    of(&["not a websocket"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket", "handshake"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket", "upgrade"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket connection"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket request"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket protocol"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket", "expected"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket endpoint"], With::Failure, Meaning::WantsWebsocket),
    of(&["websocket", "required"], With::Failure, Meaning::WantsWebsocket),
    of(&["sec-websocket-key"], With::Failure, Meaning::WantsWebsocket),
    of(&["tunnel", "not found"], With::Failure, Meaning::TunnelDown),
    of(&["tunnel", "unavailable"], With::Failure, Meaning::TunnelDown),
    of(&["tunnel", "offline"], With::Failure, Meaning::TunnelDown),
    of(&["no tunnel"], With::Failure, Meaning::TunnelDown),
    of(&["connection refused"], With::Gateway, Meaning::BackEndRefused),
    of(&["econnrefused"], With::Gateway, Meaning::BackEndRefused),
    of(&["name resolution fail"], With::Gateway, Meaning::BackEndName),
    of(&["no such host"], With::Gateway, Meaning::BackEndName),
    of(&["getaddrinfo"], With::Gateway, Meaning::BackEndName),
    of(&["resolve", "origin"], With::Gateway, Meaning::BackEndName),
    of(&["resolve", "host"], With::Gateway, Meaning::BackEndName),
    of(&["certificate verify failed"], With::Gateway, Meaning::BackEndTls),
    of(&["x509: "], With::Gateway, Meaning::BackEndTls),
    of(&["handshake fail"], With::Gateway, Meaning::BackEndTls),
    of(&["connection reset"], With::Gateway, Meaning::BackEndBroke),
    of(&["econnreset"], With::Gateway, Meaning::BackEndBroke),
    of(&["socket hang up"], With::Gateway, Meaning::BackEndBroke),
];

/// Words that say no beside the word origin.
const REFUSES: &[&str] = &[
    "allow",
    "permitted",
    "invalid",
    "denied",
    "forbid",
    "forbidden",
    "reject",
    "refuse",
    "accept",
    "trusted",
    "mismatch",
    "not match",
    "whitelist",
];

/// Whether a sentence speaks of the `Origin` of a request, and not of the origin server of a content delivery network.
fn refuses_origin(lower: &str) -> bool {
    (lower.contains("origin") || lower.contains("cors"))
        && !["origin server", "origin web", "origin domain", "the origin,"]
            .iter()
            .any(|other| lower.contains(other))
        && REFUSES.iter().any(|word| lower.contains(word))
}

/// What a sentence means that came with this status, and how strong it is: 0 is the strongest.
pub(super) fn meaning(sentence: &str, status: u16) -> Option<(usize, Meaning)> {
    let lower = sentence.to_ascii_lowercase();
    if status < 500 && refuses_origin(&lower) {
        return Some((0, Meaning::OriginRefused));
    }
    let fits = |saying: &Saying| {
        saying.with.has(status) && saying.words.iter().all(|words| lower.contains(words))
    };
    let place = SAYINGS.iter().position(fits)?;
    Some((place + 1, SAYINGS[place].means))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sentence_means() {
        for (status, sentence, means) in [
            (403, "not allowed for this origin", Some(Meaning::OriginRefused)),
            (200, "Origin not allowed", Some(Meaning::OriginRefused)),
            (404, "The origin server did not find a representation that is allowed", None),
            (502, "the origin closed the connection", None),
            (401, "JWT is expired", Some(Meaning::TokenExpired)),
            (403, "The access token has expired.", Some(Meaning::TokenExpired)),
            (401, "Signature verification failed", Some(Meaning::TokenInvalid)),
            (
                403,
                "The request signature we calculated does not match",
                Some(Meaning::TokenInvalid),
            ),
            (401, "No API key found in request", Some(Meaning::TokenMissing)),
            (403, "Invalid CSRF Token 'null' was found", Some(Meaning::Csrf)),
            (400, "The CSRF token is missing.", Some(Meaning::Csrf)),
            (422, "ActionController::InvalidAuthenticityToken", Some(Meaning::Csrf)),
            (
                403,
                "Too many (6) failed authentications from this IP address",
                Some(Meaning::LoginsFailed),
            ),
            (403, "Too many failed login attempts", Some(Meaning::LoginsFailed)),
            (503, "API rate limit exceeded", Some(Meaning::RateLimit)),
            (200, "rate limit", None),
            (502, "host not found in upstream", None),
            (404, "Unknown host: a", Some(Meaning::UnknownHost)),
            (
                502,
                "dial tcp 10.0.0.1:5280: connect: connection refused",
                Some(Meaning::BackEndRefused),
            ),
            (502, "dial tcp: lookup prosody: no such host", Some(Meaning::BackEndName)),
            (
                400,
                "websocket: the client is not using the websocket protocol",
                Some(Meaning::WantsWebsocket),
            ),
            (400, "Can \"Upgrade\" only to \"WebSocket\".", Some(Meaning::WantsWebsocket)),
            (403, "CORS error: https://b is not whitelisted", Some(Meaning::OriginRefused)),
            (
                401,
                "Bearer error=\"invalid_token\", error_description=\"The access token expired\"",
                Some(Meaning::TokenExpired),
            ),
            (401, "Bearer realm=\"a\"", None),
            (403, "Forbidden", None),
        ] {
            assert_eq!(meaning(sentence, status).map(|(_, means)| means), means, "{sentence}");
        }
    }
}
