//! Why an exchange has no response, from the words of the program that recorded it.

use std::time::Duration;

use crate::trace::event::{Event, Fact};
use crate::wire::Side;
use crate::wire::tap::How;

/// How a cause begins whose side is not known.
const START: &str = "No response: ";

/// What is known of the end of an exchange without a response: words of programs, and what they mean.
const MEANINGS: &[(&[&str], &str)] = &[
    (
        &["ERR_CONNECTION_REFUSED", "NS_ERROR_CONNECTION_REFUSED"],
        "the connection was refused: nothing listens at this address and port, or a firewall rejects it",
    ),
    (
        &["ERR_NAME_NOT_RESOLVED", "ERR_NAME_RESOLUTION", "NS_ERROR_UNKNOWN_HOST"],
        "the host name has no address: check the URL, and the DNS of the client",
    ),
    (
        &["TIMED_OUT", "NS_ERROR_NET_TIMEOUT", "timed out"],
        "no connection or no answer came in time: an address that is not reachable, or a firewall that drops packets",
    ),
    (
        &[
            "ERR_EMPTY_RESPONSE",
            "ERR_CONNECTION_CLOSED",
            "NS_ERROR_NET_EMPTY_RESPONSE",
            "NS_ERROR_NET_INTERRUPT",
        ],
        "the other side closed the connection without a response",
    ),
    (
        &["ERR_CONNECTION_RESET", "NS_ERROR_NET_RESET"],
        "the connection was reset before a response came",
    ),
    (
        &["ERR_CERT_", "SEC_ERROR_", "CERTIFICATE", "certificate"],
        "the client does not trust the certificate: open the URL in a tab of its own, which says why",
    ),
    (
        &["ERR_SSL_", "SSL_ERROR_"],
        "TLS could not be negotiated: the port may speak plain HTTP, or another version of TLS",
    ),
    (
        &["ERR_BLOCKED_BY", "NS_ERROR_CONTENT_BLOCKED", "ERR_UNSAFE_PORT"],
        "the browser or an extension blocked the request, so it was not sent",
    ),
    (
        &[
            "ERR_INTERNET_DISCONNECTED",
            "ERR_NETWORK_CHANGED",
            "ERR_NETWORK_IO_SUSPENDED",
            "NS_ERROR_OFFLINE",
        ],
        "the client was offline, changed its network or slept",
    ),
    (
        &["ERR_FAILED", "CORS", "NS_ERROR_DOM_BAD_URI"],
        "the browser gives no cause; it says so too if CORS keeps the response from the page, which its console tells",
    ),
];

/// Codes for: whoever asked gave up.
const ABORTED: &[&str] = &["ERR_ABORTED", "NS_BINDING_ABORTED", "NS_ERROR_ABORT"];
/// The same as words, which are all that is said then.
const CANCELLED: [&str; 5] = ["aborted", "canceled", "(canceled)", "cancelled", "load cancelled"];

/// What follows, at this time, from an exchange that has no response.
pub(super) fn facts(error: Option<&str>, at: Duration, conn: u64, sent: u64) -> Vec<Event> {
    let event = |fact| Event { at, conn, fact };
    let closed = event(Fact::Closed { client: sent, server: 0, stopped: false });
    let has =
        |words: &[&str]| error.is_some_and(|error| words.iter().any(|word| error.contains(word)));
    let cancelled = error.is_some_and(|error| CANCELLED.contains(&&*error.to_ascii_lowercase()));
    if cancelled || has(ABORTED) {
        let left = Fact::Ended { by: Side::Client, how: How::Fin, together: false };
        return vec![event(left), closed];
    }
    let meaning = MEANINGS.iter().find(|(words, _)| has(words)).map(|(_, meaning)| *meaning);
    let cause = match (error, meaning) {
        (Some(error), Some(meaning)) => format!("{error}: {meaning}"),
        (Some(error), None) => error.to_owned(),
        (None, _) => "it was blocked, cancelled or failed, and the file does not say why; the console of the \
                      browser may"
            .to_owned(),
    };
    // What was converted before says so already.
    let cause = format!("{START}{}", cause.strip_prefix(START).unwrap_or(&cause));
    vec![event(Fact::Failed { cause }), closed]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is said to have ended it, or the cause.
    fn of(error: Option<&str>) -> String {
        match &facts(error, Duration::ZERO, 1, 0)[0].fact {
            Fact::Ended { by, .. } => format!("{by:?}"),
            Fact::Failed { cause } => cause.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_program_says_of_a_failure_is_explained() {
        for gone in ["net::ERR_ABORTED", "NS_BINDING_ABORTED", "(canceled)", "Load cancelled"] {
            assert_eq!(of(Some(gone)), "Client", "{gone}");
        }
        for (error, words) in [
            ("net::ERR_CONNECTION_REFUSED", "nothing listens"),
            ("net::ERR_CONNECTION_TIMED_OUT", "in time"),
            ("net::ERR_CERT_DATE_INVALID", "certificate"),
            ("net::ERR_FAILED", "CORS"),
            ("net::ERR_BLOCKED_BY_CLIENT", "blocked the request"),
            ("The network connection was lost.", "No response: The network connection was lost."),
        ] {
            assert!(of(Some(error)).contains(words), "{error}: {}", of(Some(error)));
        }
        let unknown = of(None);
        assert!(unknown.contains("does not say why"));
        assert_eq!(of(Some(&unknown)), unknown, "as it was after it was converted");
    }
}
