//! Why an exchange has no response, from the words of the program that recorded it.

use std::time::Duration;

use crate::trace::event::{Event, Fact};
use crate::wire::Side;
use crate::wire::tap::How;

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
        "TLS could not be agreed: the port may speak plain HTTP, or another version of TLS",
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

/// Words for: whoever asked gave up.
const ABORTED: &[&str] =
    &["ERR_ABORTED", "NS_BINDING_ABORTED", "NS_ERROR_ABORT", "ancel", "aborted"];

/// What follows, at this time, from an exchange that has no response.
pub(super) fn facts(error: Option<&str>, at: Duration, conn: u64, sent: u64) -> Vec<Event> {
    let event = |fact| Event { at, conn, fact };
    let closed = event(Fact::Closed { client: sent, server: 0, stopped: false });
    let has =
        |words: &[&str]| error.is_some_and(|error| words.iter().any(|word| error.contains(word)));
    if has(ABORTED) {
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
    vec![event(Fact::Failed { cause: format!("No response: {cause}") }), closed]
}
