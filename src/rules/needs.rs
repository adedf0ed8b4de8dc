//! What each kind of finding rests on. A file of another program does not hold all that passed; a finding that rests on what is
//! not in it would be made up, so the judge leaves it out.

use std::collections::BTreeSet;

use super::kinds::{self as k, Kind};
use crate::trace::Unknown;

/// The kinds that rest on something, by what that is.
const NEEDS: &[(Unknown, &[&Kind])] = &[
    // Something took too long, came too early, or did not come in time.
    (
        Unknown::Times,
        &[
            &k::FEATURES_MISSING,
            &k::RID_REPEAT,
            &k::RID_LOST,
            &k::ANSWERS_OUT_OF_ORDER,
            &k::TOO_MANY_REQUESTS,
            &k::HOLD_EXCEEDED,
            &k::WAIT_EXCEEDED,
            &k::WAIT_EARLY,
            &k::POLLING_TOO_FREQUENT,
            &k::POLL_STORM,
            &k::SESSION_SILENT,
            &k::CLIENT_BACK,
            &k::WS_PING_UNANSWERED,
            &k::WS_CLOSE_UNANSWERED,
            &k::WS_IDLE_CUT,
            &k::WS_CLOSED_AT_ONCE,
            &k::WS_ENDED_UNSEEN,
            &k::SM_ENABLE_UNANSWERED,
            &k::SM_REQUEST_UNANSWERED,
            &k::SM_NOT_RESENT,
            &k::STREAM_UNANSWERED,
            &k::TCP_IDLE_CUT,
            &k::SESSIONS_UNUSED,
            &k::LOGIN_IDLE,
            &k::LOGIN_AGAIN,
            &k::IQ_UNANSWERED,
        ],
    ),
    // Requests share a connection, or do not.
    (Unknown::Connections, &[&k::PIPELINED, &k::NO_KEEP_ALIVE]),
    // A connection ended, and one of the two did it.
    (
        Unknown::Ends,
        &[
            &k::ANSWER_CUT,
            &k::REQUEST_CUT,
            &k::NO_ANSWER,
            &k::CLIENT_GAVE_UP,
            &k::WS_TCP_LEFT_OPEN,
            &k::WS_IDLE_CUT,
            &k::WS_CUT,
            &k::WS_NO_ANSWER,
            &k::WS_CLOSED_AT_ONCE,
            &k::WS_ENDED_UNSEEN,
            &k::SM_UNACKED,
            &k::SM_RESUME_CONFLICT,
            &k::TCP_CLOSE,
            &k::TCP_CUT,
            &k::TCP_IDLE_CUT,
            &k::STREAM_ERROR_UNCLOSED,
            &k::LOGIN_AGAIN,
        ],
    ),
    // A method, a path or a header line is wrong, or missing.
    (
        Unknown::Heads,
        &[
            &k::SCRIPT_SYNTAX,
            &k::BOSH_PLAIN_GET,
            &k::NOT_POST,
            &k::CHUNKED,
            &k::REQUEST_HEADERS,
            &k::CORS_PREFLIGHT,
            &k::CORS_HIDDEN,
            &k::CONTENT_TYPE,
            &k::WS_UPGRADE_LOST,
            &k::WS_PLAIN_GET,
            &k::BOSH_AT_WEBSOCKET,
            &k::WS_SUBPROTOCOL_NOT_OFFERED,
            &k::WS_SUBPROTOCOL_MISSING,
            &k::WS_SUBPROTOCOL_WRONG,
            &k::WS_ACCEPT_WRONG,
            &k::WS_EXTENSION_WRONG,
            &k::WS_SUBPROTOCOL_IGNORED,
            &k::HOST_META_HIDDEN,
        ],
    ),
    // The status code is what is wrong.
    (
        Unknown::Status,
        &[&k::HTTP_STATUS, &k::WS_REFUSED, &k::WS_UPGRADE_LOST, &k::HOST_META_MISSING],
    ),
    // A content is empty, or not what it should be.
    (
        Unknown::Contents,
        &[
            &k::ANSWER_REPLAYED,
            &k::ANSWER_DIFFERS,
            &k::WAIT_EARLY,
            &k::POLLING_TOO_FREQUENT,
            &k::POLL_STORM,
            &k::NOT_BOSH,
            &k::EMPTY_ANSWER,
            &k::HOST_META_WRONG,
        ],
    ),
    // The bytes are wrong, not what they carry.
    (
        Unknown::Framing,
        &[
            &k::ANSWER_CUT,
            &k::REQUEST_CUT,
            &k::NOT_HTTP,
            &k::NOT_XMPP,
            &k::UNREADABLE,
            &k::WS_MASKING,
            &k::WS_MASK_KEY,
            &k::WS_FRAME_INVALID,
            &k::WS_FRAGMENTS_MIXED,
            &k::WS_UNDECODABLE,
            &k::WS_FRAMES_EARLY,
            // Browsers do not export all lines of the handshake, and have checked it themselves.
            &k::WS_ACCEPT_WRONG,
        ],
    ),
    // A ping, a pong or a Close frame is wrong, or missing.
    (
        Unknown::Control,
        &[
            &k::WS_PING_UNANSWERED,
            &k::WS_CLOSE_STATUS,
            &k::WS_AFTER_CLOSE,
            &k::WS_CLOSE_FRAME_UNANSWERED,
            &k::WS_TCP_LEFT_OPEN,
            &k::WS_LEFT_WITHOUT_CLOSE,
            &k::WS_COMPLAINT,
            &k::WS_IDLE_CUT,
            &k::WS_CUT,
        ],
    ),
    // The text of the XML is wrong: declarations, prefixes, white space, what is between elements.
    (
        Unknown::Text,
        &[
            &k::ANSWER_DIFFERS,
            &k::XML_MALFORMED,
            &k::XML_DECLARATION,
            &k::NOT_BODY,
            &k::TEXT_IN_BODY,
            &k::STANZA_NAMESPACE,
            &k::STREAM_NAMESPACE,
            &k::SASL_NAMESPACE,
            &k::PAYLOAD_NAMESPACE,
            &k::WS_TEXT_ENCODING,
            &k::WS_OLD_FRAMING,
            &k::WS_XML_DECLARATION,
            &k::WS_SEVERAL_ELEMENTS,
            &k::WS_MESSAGE_MALFORMED,
            &k::WS_MESSAGE_START,
            &k::WS_TEXT_AROUND,
            &k::WS_NAMESPACE,
            &k::WS_LANGUAGE,
            &k::WS_WHITE_SPACE,
            &k::STREAM_ERROR_MALFORMED,
            &k::STREAM_HEADER_NAMESPACE,
            &k::FEATURE_NAMESPACE,
            &k::STANZA_PREFIX,
        ],
    ),
    // Something did not come, was skipped, or came out of turn: all that passed has to be known.
    (
        Unknown::Missing,
        &[
            &k::SESSIONS_UNUSED,
            &k::RESTART_ODD,
            &k::STREAM_NOT_OFFERED,
            &k::ACK_WRONG,
            &k::KEY_WRONG,
            &k::IQ_INVALID,
            &k::LOGIN_IDLE,
            &k::IQ_UNANSWERED,
            &k::FEATURES_LATE,
            &k::FEATURES_MISSING,
            &k::AUTH_TOO_EARLY,
            &k::RESTART_MISSING,
            &k::RID_GAP,
            &k::RID_GAP_CLOSED,
            &k::RID_LOST,
            &k::RID_PAST_GAP,
            &k::RID_BEYOND_WINDOW,
            &k::RID_TOO_OLD,
            &k::TOO_MANY_REQUESTS,
            &k::HOLD_EXCEEDED,
            &k::WAIT_EXCEEDED,
            &k::SESSION_SILENT,
            &k::CLIENT_BACK,
            &k::NO_ANSWER,
            &k::CLIENT_GAVE_UP,
            &k::UNASKED_ANSWER,
            &k::WS_CLOSE_UNANSWERED,
            &k::WS_LEFT_WITHOUT_CLOSE,
            &k::WS_NO_ANSWER,
            &k::SM_ENABLE_EARLY,
            &k::SM_ENABLE_UNANSWERED,
            &k::SM_REQUEST_UNANSWERED,
            &k::SM_COUNT_PARTS,
            &k::SM_HANDLED_TOO_HIGH,
            &k::SM_UNACKED,
            &k::SM_RESUME_NO_BIND,
            &k::SM_RESUME_CONFLICT,
            &k::SM_NOT_RESENT,
            &k::SM_RESENT_HANDLED,
            &k::SASL2_AFTER_SUCCESS,
            &k::STREAM_NOT_OPENED,
            &k::STREAM_UNANSWERED,
            &k::STREAM_MULTIPLEXED,
            &k::STANZA_TOO_EARLY,
            &k::LOGIN_TWICE,
            &k::STREAM_ERROR_EARLY,
            &k::TCP_CLOSE,
            &k::STREAM_ERROR_UNCLOSED,
        ],
    ),
    // TLS was agreed on, or was not.
    (
        Unknown::Tls,
        &[
            &k::STARTTLS_OFFER,
            &k::STARTTLS_ORDER,
            &k::CHANNEL_BINDING,
            &k::DIRECT_TLS_HELLO,
            &k::STARTTLS_SKIPPED,
        ],
    ),
];

/// The kinds that say of a message that is there what is wrong with it, and need nothing else.
#[cfg(test)]
const NOTHING: &[&Kind] = &[
    &k::CREATION_LACKS,
    &k::SID_MISSING,
    &k::SID_WRONG,
    &k::TERMS_LATE,
    &k::ATTRIBUTE_UNKNOWN,
    &k::ROUTE_MALFORMED,
    &k::VERSION_MALFORMED,
    &k::STANZA_INVALID,
    &k::RID_WRAPPED,
    &k::CONTENT_ATTRIBUTE,
    &k::GRANT_LACKS,
    &k::GRANT_VER,
    &k::WAIT_TOO_LONG,
    &k::HOLD_TOO_MANY,
    &k::REQUESTS_TOO_FEW,
    &k::NO_MECHANISMS,
    &k::LOGIN_FAILED,
    &k::BIND_FAILED,
    &k::RID_MISSING,
    &k::RID_MALFORMED,
    &k::RID_TOO_LARGE,
    &k::RID_PREDICTABLE,
    &k::RID_REUSED,
    &k::PAUSE_NOT_GRANTED,
    &k::PAUSE_TOO_LONG,
    &k::CLIENT_TERMINATES,
    &k::TERMINATED,
    &k::RECOVERABLE_ERROR,
    &k::STREAM_ERROR,
    &k::SESSION_OVER,
    &k::TARGET_FAILED,
    &k::OWN_ANSWER,
    &k::UNDECODABLE,
    &k::UNOBSERVED,
    &k::XML_LIMIT,
    &k::ATTRIBUTE_MALFORMED,
    &k::ATTRIBUTE_MISPLACED,
    &k::TYPE_UNKNOWN,
    &k::ACK_REDUNDANT,
    &k::WS_BINARY_MESSAGE,
    &k::WS_OPEN_NOT_EMPTY,
    &k::WS_STARTTLS,
    &k::BOSH_STARTTLS,
    &k::WS_SEE_OTHER_URI,
    &k::CLIENT_PORT,
    &k::HOST_META_INSECURE,
    &k::SM_ENABLE_TWICE,
    &k::SM_ENABLE_FAILED,
    &k::SM_ENABLED_LACKS,
    &k::SM_ACK_MALFORMED,
    &k::SM_RESUME_LACKS,
    &k::SM_RESUME_FAILED,
    &k::SM_RESUME_REPEATS,
    &k::SM_RESUME_JID,
    &k::SASL2_FEATURES,
    &k::SASL2_USER_AGENT,
    &k::SASL2_NOT_QUIET,
    &k::BIND2_LACKS,
    &k::STREAM_HEADER_LACKS,
    &k::STREAM_HEADER_WRONG,
    &k::STREAM_ID_REPEATED,
    &k::STREAM_ID_PREDICTABLE,
    &k::RESTART_BY_CLOSE,
    &k::STARTTLS_FAILED,
];

/// The kinds of findings that have no ground if these things are not known.
pub(super) fn unfounded(unknown: &BTreeSet<Unknown>) -> BTreeSet<&'static str> {
    let of_unknown = NEEDS.iter().filter(|(need, _)| unknown.contains(need));
    of_unknown.flat_map(|(_, kinds)| kinds.iter().map(|kind| kind.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::KINDS;

    #[test]
    fn every_kind_says_what_it_needs() {
        let needing = unfounded(&Unknown::ALL.into());
        let free: BTreeSet<&str> = NOTHING.iter().map(|kind| kind.name).collect();
        let both: Vec<_> = needing.intersection(&free).collect();
        assert!(both.is_empty(), "they need something, and nothing: {both:?}");
        for kind in KINDS {
            let known = needing.contains(kind.name) || free.contains(kind.name);
            assert!(known, "{}: say in needs.rs what it rests on", kind.name);
        }
        assert_eq!(needing.len() + free.len(), KINDS.len());
    }

    #[test]
    fn each_need_stands_once() {
        let listed: Vec<_> = NEEDS.iter().map(|(need, _)| *need).collect();
        assert_eq!(listed, Unknown::ALL);
        assert!(unfounded(&BTreeSet::new()).is_empty());
    }
}
