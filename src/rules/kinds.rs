//! The kinds of findings, and the requirements that each can report as violated. A rule passes the constant, so that a
//! kind that no rule reports is dead code. `docs/reference/findings.md` explains each kind; a test compares.

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name, such as `rid-gap`.
    pub name: &'static str,
    /// The requirements that it can be about.
    pub requirements: &'static [&'static str],
}

/// Makes a constant of each kind, and the list of them. The list does not name the constants, so that the compiler
/// sees which of them no rule uses.
macro_rules! kinds {
    ($($constant:ident = $name:literal [$($requirement:literal),* $(,)?];)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub(crate) const $constant: Kind =
                Kind { name: $name, requirements: &[$($requirement),*] };
        )*

        /// Every kind of finding, in the order of the document.
        pub const KINDS: &[Kind] =
            &[$(Kind { name: $name, requirements: &[$($requirement),*] }),*];
    };
}

kinds! {
    CREATION_LACKS = "creation-lacks" [
        "bosh-req-to",
        "bosh-req-wait",
        "bosh-req-hold",
        "bosh-req-ver",
        "xbosh-req-version",
        "bosh-req-lang",
    ];
    SID_MISSING = "sid-missing" ["bosh-sid-on-later-requests"];
    SID_WRONG = "sid-wrong" ["bosh-sid-on-later-requests"];
    SESSIONS_UNUSED = "sessions-unused" [];
    GRANT_LACKS = "grant-lacks" ["bosh-resp-sid", "bosh-resp-wait", "bosh-resp-requests"];
    GRANT_VER = "grant-ver" ["bosh-resp-ver"];
    WAIT_TOO_LONG = "wait-too-long" ["bosh-resp-wait-bounded"];
    HOLD_TOO_MANY = "hold-too-many" ["bosh-resp-hold-bounded"];
    REQUESTS_TOO_FEW = "requests-too-few" ["bosh-resp-requests-gt-hold"];
    FEATURES_LATE = "features-late" ["xbosh-features-asap"];
    FEATURES_MISSING = "features-missing" [
        "xbosh-features-asap",
        "ws-restart-by-open",
        "tcp-features-after-header",
        "tcp-features-after-restart",
    ];
    NO_MECHANISMS = "no-mechanisms" [];
    AUTH_TOO_EARLY = "auth-too-early" ["xbosh-client-waits-features"];
    LOGIN_FAILED = "login-failed" [];
    LOGIN_IDLE = "login-idle" [];
    LOGIN_AGAIN = "login-again" [];
    RESTART_MISSING = "restart-missing" [
        "xbosh-client-restart-after-success",
        "ws-restart-by-open",
        "tcp-restart-new-id",
    ];
    LOGIN_TWICE = "login-twice" [];
    BOSH_STARTTLS = "bosh-starttls" ["xbosh-client-ignores-starttls"];
    BIND_FAILED = "bind-failed" [];
    RID_MISSING = "rid-missing" ["bosh-rid-on-every-request"];
    RID_MALFORMED = "rid-malformed" ["bosh-schema-attr-types"];
    RID_TOO_LARGE = "rid-too-large" ["bosh-rid-max"];
    RID_WRAPPED = "rid-wrapped" ["bosh-rid-increment"];
    RID_PREDICTABLE = "rid-predictable" ["bosh-rid-initial-random"];
    RID_REPEAT = "rid-repeat" [];
    RID_REUSED = "rid-reused" ["bosh-client-resend-exact"];
    RID_GAP = "rid-gap" ["bosh-rid-increment"];
    RID_GAP_CLOSED = "rid-gap-closed" [];
    RID_LOST = "rid-lost" ["bosh-rid-increment"];
    RID_PAST_GAP = "rid-past-gap" [];
    RID_BEYOND_WINDOW = "rid-beyond-window" ["bosh-rid-increment"];
    RID_TOO_OLD = "rid-too-old" ["bosh-rid-increment"];
    ANSWER_REPLAYED = "answer-replayed" [];
    ANSWER_DIFFERS = "answer-differs" ["bosh-resend-replays"];
    ANSWERS_OUT_OF_ORDER = "answers-out-of-order" ["bosh-respond-in-rid-order"];
    TOO_MANY_REQUESTS = "too-many-requests" ["bosh-client-max-requests"];
    HOLD_EXCEEDED = "hold-exceeded" ["bosh-long-poll-release-oldest"];
    WAIT_EXCEEDED = "wait-exceeded" ["bosh-wait-not-exceeded"];
    WAIT_EARLY = "wait-early" ["bosh-wait-not-much-early"];
    POLLING_TOO_FREQUENT = "polling-too-frequent" ["bosh-polling-too-frequent"];
    POLL_STORM = "poll-storm" ["bosh-long-polling"];
    PIPELINED = "pipelined" ["bosh-no-pipelining"];
    NO_KEEP_ALIVE = "no-keep-alive" ["bosh-keepalive"];
    PAUSE_NOT_GRANTED = "pause-not-granted" ["bosh-client-no-pause-without-maxpause"];
    PAUSE_TOO_LONG = "pause-too-long" [];
    CLIENT_TERMINATES = "client-terminates" [];
    TERMINATED = "terminated" [
        "bosh-condition-registered",
        "bosh-cond-bad-request",
        "bosh-cond-host-gone",
        "bosh-cond-host-unknown",
        "bosh-cond-improper-addressing",
        "bosh-cond-internal-server-error",
        "bosh-cond-item-not-found",
        "bosh-cond-other-request",
        "bosh-cond-policy-violation",
        "bosh-cond-remote-connection-failed",
        "bosh-cond-remote-stream-error",
        "bosh-cond-see-other-uri",
        "bosh-cond-system-shutdown",
        "bosh-cond-undefined-condition",
        "bosh-resend-replays",
    ];
    RECOVERABLE_ERROR = "recoverable-error" ["bosh-recoverable-error"];
    STREAM_ERROR = "stream-error" ["xbosh-stream-error-condition"];
    SESSION_OVER = "session-over" ["bosh-client-session-over"];
    SESSION_SILENT = "session-silent" ["bosh-client-inactivity"];
    CLIENT_BACK = "client-back" [];
    HTTP_STATUS = "http-status" [
        "bosh-respond-200",
        "bosh-error-is-binding-not-http",
        "bosh-http-400-legacy",
        "bosh-http-403-legacy",
        "bosh-http-404-legacy",
        "bosh-large-request-limit",
    ];
    NOT_BOSH = "not-bosh" ["bosh-single-body-root"];
    EMPTY_ANSWER = "empty-answer" ["bosh-single-body-root"];
    ANSWER_CUT = "answer-cut" [];
    REQUEST_CUT = "request-cut" [];
    NO_ANSWER = "no-answer" ["bosh-respond-200"];
    CLIENT_GAVE_UP = "client-gave-up" ["bosh-wait-not-exceeded"];
    SCRIPT_SYNTAX = "script-syntax" ["bosh-historic-script-syntax"];
    BOSH_PLAIN_GET = "bosh-plain-get" [];
    NOT_POST = "not-post" ["bosh-client-post-only"];
    NOT_HTTP = "not-http" ["bosh-http-conformance"];
    NOT_XMPP = "not-xmpp" [];
    TARGET_FAILED = "target-failed" [];
    OWN_ANSWER = "own-answer" [];
    UNDECODABLE = "undecodable" [];
    UNREADABLE = "unreadable" ["bosh-response-compression"];
    CHUNKED = "chunked" ["bosh-no-chunked"];
    UNASKED_ANSWER = "unasked-answer" ["bosh-http-conformance"];
    UNOBSERVED = "unobserved" [];
    CORS_PREFLIGHT = "cors-preflight" ["bosh-cors-preflight"];
    CORS_HIDDEN = "cors-hidden" ["bosh-cors-on-response"];
    XML_MALFORMED = "xml-malformed" [
        "bosh-body-wellformed",
        "bosh-utf8",
        "bosh-no-dtd",
        "bosh-no-pi",
        "bosh-no-comments",
        "bosh-no-entities",
        "bosh-xml-namespaces",
        "bosh-no-partial-elements",
        "bosh-single-body-root",
        "xbosh-features-stream-ns",
        "xbosh-no-stream-tag",
        "tcp-restricted-xml",
    ];
    XML_LIMIT = "xml-limit" [];
    NOT_BODY = "not-body" ["bosh-body-namespace", "bosh-single-body-root"];
    TEXT_IN_BODY = "text-in-body" ["bosh-no-character-data"];
    TERMS_LATE = "terms-late" ["bosh-creation-attrs-only-first"];
    ATTRIBUTE_UNKNOWN = "attribute-unknown" ["bosh-schema-known-attrs", "bosh-historic-secure"];
    ROUTE_MALFORMED = "route-malformed" ["bosh-route-syntax"];
    VERSION_MALFORMED = "version-malformed" ["bosh-ver-format", "xbosh-version-format"];
    STREAM_NOT_OFFERED = "stream-not-offered" ["bosh-multi-client-assume"];
    RESTART_ODD = "restart-odd" [
        "xbosh-restart-attr",
        "xbosh-restart-empty",
        "xbosh-restart-to",
        "xbosh-restart-lang",
        "xbosh-namespace",
        "xbosh-schema-booleans",
    ];
    ACK_WRONG = "ack-wrong" ["bosh-client-ack-consistent", "bosh-client-ack-not-redundant"];
    KEY_WRONG = "key-wrong" [
        "bosh-key-hex-format",
        "bosh-client-newkey-first",
        "bosh-client-key-each",
        "bosh-key-sha1",
    ];
    REQUEST_HEADERS = "request-headers" [
        "bosh-request-content-type",
        "bosh-utf8",
        "bosh-http-conformance",
    ];
    IQ_INVALID = "iq-invalid" [];
    STANZA_INVALID = "stanza-invalid" [];
    XML_DECLARATION = "xml-declaration" [];
    IQ_UNANSWERED = "iq-unanswered" [];
    STANZA_NAMESPACE = "stanza-namespace" ["xbosh-jabber-client-ns", "tcp-content-namespace"];
    STREAM_NAMESPACE = "stream-namespace" ["xbosh-features-stream-ns", "xbosh-stream-error-ns"];
    SASL_NAMESPACE = "sasl-namespace" ["xbosh-sasl-namespace"];
    PAYLOAD_NAMESPACE = "payload-namespace" ["bosh-schema-children"];
    ATTRIBUTE_MALFORMED = "attribute-malformed" ["bosh-schema-attr-types"];
    ATTRIBUTE_MISPLACED = "attribute-misplaced" ["bosh-response-no-request-attrs"];
    TYPE_UNKNOWN = "type-unknown" ["bosh-type-values"];
    CONTENT_ATTRIBUTE = "content-attribute" [];
    CONTENT_TYPE = "content-type" ["bosh-content-type-default", "bosh-content-honoured"];
    ACK_REDUNDANT = "ack-redundant" ["bosh-ack-not-redundant"];

    // WebSocket: frames, messages and endings
    WS_MASKING = "ws-masking" ["ws-client-masked", "ws-server-unmasked"];
    WS_MASK_KEY = "ws-mask-key" ["ws-client-masked"];
    WS_FRAME_INVALID = "ws-frame-invalid" ["ws-reserved-bits", "ws-control-frames", "ws-length-minimal"];
    WS_FRAGMENTS_MIXED = "ws-fragments-mixed" ["ws-fragmentation"];
    WS_BINARY_MESSAGE = "ws-binary-message" ["ws-text-frames-utf8"];
    WS_TEXT_ENCODING = "ws-text-encoding" ["ws-invalid-utf8"];
    WS_UNDECODABLE = "ws-undecodable" [];
    WS_PING_UNANSWERED = "ws-ping-unanswered" ["ws-pong"];
    WS_OLD_FRAMING = "ws-old-framing" ["ws-header-namespace"];
    WS_XML_DECLARATION = "ws-xml-declaration" ["ws-no-xml-declaration"];
    WS_SEVERAL_ELEMENTS = "ws-several-elements" [
        "ws-one-element-per-message",
        "ws-features-own-message",
    ];
    WS_MESSAGE_MALFORMED = "ws-message-malformed" ["ws-one-element-per-message"];
    WS_MESSAGE_START = "ws-message-start" ["ws-first-char-lt"];
    WS_TEXT_AROUND = "ws-text-around-element" ["ws-no-text-around-root"];
    WS_NAMESPACE = "ws-namespace" ["ws-namespaces-self-contained", "ws-header-namespace"];
    WS_LANGUAGE = "ws-language" ["ws-language-self-contained"];
    WS_WHITE_SPACE = "ws-white-space-keepalive" ["ws-no-whitespace-keepalive"];
    WS_OPEN_NOT_EMPTY = "ws-open-not-empty" ["ws-open-empty"];
    WS_STARTTLS = "ws-starttls" ["ws-no-starttls", "ws-ignore-starttls"];
    WS_CLOSE_STATUS = "ws-close-status" ["ws-close-status-valid"];
    WS_AFTER_CLOSE = "ws-after-close" ["ws-nothing-after-close-frame"];
    WS_CLOSE_FRAME_UNANSWERED = "ws-close-frame-unanswered" ["ws-close-answered"];
    WS_TCP_LEFT_OPEN = "ws-tcp-left-open" ["ws-close-ends-tcp"];
    WS_CLOSE_UNANSWERED = "ws-close-unanswered" ["ws-close-element-answered"];
    WS_LEFT_WITHOUT_CLOSE = "ws-left-without-close" [
        "ws-close-handshake",
        "ws-close-before-close-frame",
    ];
    WS_COMPLAINT = "ws-complaint" [];
    WS_IDLE_CUT = "ws-idle-cut" ["ws-idle-survives-proxy"];
    WS_CUT = "ws-cut" ["ws-close-handshake"];
    WS_SEE_OTHER_URI = "ws-see-other-uri" ["ws-see-other-uri", "ws-see-other-uri-no-downgrade"];
    WS_REFUSED = "ws-refused" ["ws-handshake-status", "ws-origin-refused-as-403"];
    WS_UPGRADE_LOST = "ws-upgrade-lost" [];
    WS_NO_ANSWER = "ws-no-answer" [];
    WS_PLAIN_GET = "ws-plain-get" [];
    BOSH_AT_WEBSOCKET = "bosh-at-websocket" [];
    WS_SUBPROTOCOL_NOT_OFFERED = "ws-subprotocol-not-offered" ["ws-client-offers-subprotocol"];
    WS_SUBPROTOCOL_MISSING = "ws-subprotocol-missing" ["ws-subprotocol-negotiated"];
    WS_SUBPROTOCOL_WRONG = "ws-subprotocol-wrong" ["ws-subprotocol-from-offer"];
    WS_ACCEPT_WRONG = "ws-accept-wrong" ["ws-handshake-accept"];
    WS_EXTENSION_WRONG = "ws-extension-wrong" ["ws-extension-from-offer"];
    WS_SUBPROTOCOL_IGNORED = "ws-subprotocol-ignored" ["ws-client-closes-without-subprotocol"];
    WS_FRAMES_EARLY = "ws-frames-early" [];
    WS_CLOSED_AT_ONCE = "ws-closed-at-once" [];
    WS_ENDED_UNSEEN = "ws-ended-unseen" [];
    CLIENT_PORT = "client-port" [];
    HOST_META_MISSING = "host-meta-missing" [];
    HOST_META_WRONG = "host-meta-wrong" ["disco-host-meta-xrd"];
    HOST_META_INSECURE = "host-meta-insecure" ["disco-https-only", "ws-tls-by-wss"];
    HOST_META_HIDDEN = "host-meta-hidden" ["disco-cors"];
    // Stream management, SASL2 and Bind 2.
    SM_ENABLE_EARLY = "sm-enable-early" ["sm-enable-after-bind"];
    SM_ENABLE_TWICE = "sm-enable-twice" ["sm-enable-once"];
    SM_ENABLE_UNANSWERED = "sm-enable-unanswered" ["sm-enable-answered"];
    SM_ENABLE_FAILED = "sm-enable-failed" [];
    SM_ENABLED_LACKS = "sm-enabled-lacks" ["sm-enabled-resume-id"];
    SM_REQUEST_UNANSWERED = "sm-request-unanswered" ["sm-request-answered", "sm-unacked-warning"];
    SM_ACK_MALFORMED = "sm-ack-malformed" ["sm-ack-has-h"];
    SM_COUNT_PARTS = "sm-count-parts" ["sm-count-consistent"];
    SM_HANDLED_TOO_HIGH = "sm-handled-too-high" ["sm-handled-too-high"];
    SM_UNACKED = "sm-unacked" [];
    SM_RESUME_LACKS = "sm-resume-lacks" ["sm-resumed-attributes"];
    SM_RESUME_FAILED = "sm-resume-failed" ["sm-resume-unknown"];
    SM_RESUME_NO_BIND = "sm-resume-no-bind" [];
    SM_RESUME_CONFLICT = "sm-resume-conflict" ["sm-resume-conflict"];
    SM_RESUME_REPEATS = "sm-resume-repeats" ["sm-resume-no-presence-roster"];
    SM_RESUME_JID = "sm-resume-jid" ["sm-resume-same-jid"];
    SM_NOT_RESENT = "sm-not-resent" ["sm-resume-resends"];
    SM_RESENT_HANDLED = "sm-resent-handled" ["sm-resume-resends"];
    SASL2_FEATURES = "sasl2-features" ["sasl2-features"];
    SASL2_USER_AGENT = "sasl2-user-agent" ["sasl2-user-agent-id"];
    SASL2_NOT_QUIET = "sasl2-not-quiet" ["sasl2-quiet-during-auth"];
    SASL2_AFTER_SUCCESS = "sasl2-after-success" ["sasl2-no-restart"];
    BIND2_LACKS = "bind2-lacks" ["bind2-inline", "sm-inline-resume-first"];
    STREAM_NOT_OPENED = "stream-not-opened" ["ws-open-first", "tcp-response-header"];
    STREAM_UNANSWERED = "stream-unanswered" ["ws-open-first", "tcp-response-header"];
    STREAM_MULTIPLEXED = "stream-multiplexed" ["ws-no-multiplexing"];
    STREAM_HEADER_LACKS = "stream-header-lacks" [
        "ws-open-attributes",
        "tcp-to-in-initial-header",
        "tcp-from-to-in-response-header",
        "tcp-stream-id-unpredictable",
        "tcp-version-numeric",
        "tcp-lang-in-response",
    ];
    STREAM_HEADER_WRONG = "stream-header-wrong" [
        "ws-open-attributes",
        "tcp-to-in-initial-header",
        "tcp-from-to-in-response-header",
        "tcp-no-id-from-initiator",
        "tcp-version-numeric",
        "tcp-unknown-host-from",
    ];
    STREAM_ID_REPEATED = "stream-id-repeated" [
        "ws-restart-by-open",
        "ws-open-attributes",
        "tcp-restart-new-id",
        "tcp-stream-id-unpredictable",
    ];
    STREAM_ID_PREDICTABLE = "stream-id-predictable" [
        "ws-open-attributes",
        "tcp-stream-id-unpredictable",
    ];
    RESTART_BY_CLOSE = "restart-by-close" ["ws-no-restart-by-close", "tcp-restart-new-id"];
    STANZA_TOO_EARLY = "stanza-too-early" ["tcp-not-authorized"];
    STREAM_ERROR_MALFORMED = "stream-error-malformed" [
        "ws-error-complete",
        "tcp-stream-error-closes",
    ];
    STREAM_ERROR_EARLY = "stream-error-early" ["ws-error-after-open", "tcp-response-header"];
    STREAM_HEADER_NAMESPACE = "stream-header-namespace" [
        "tcp-stream-namespace-error",
        "tcp-content-namespace",
    ];
    FEATURE_NAMESPACE = "feature-namespace" ["tcp-features-after-header"];
    STANZA_PREFIX = "stanza-prefix" ["tcp-no-generated-prefix"];
    STARTTLS_OFFER = "starttls-offer" ["tcp-starttls-offered"];
    STARTTLS_ORDER = "starttls-order" ["tcp-starttls-proceed", "dtls-no-starttls"];
    CHANNEL_BINDING = "channel-binding" [];
    DIRECT_TLS_HELLO = "direct-tls-hello" ["dtls-sni-alpn", "dtls-alpn"];
    STARTTLS_SKIPPED = "starttls-skipped" ["tcp-starttls-mandatory", "tcp-tls-before-sasl"];
    STARTTLS_FAILED = "starttls-failed" [];
    TCP_CLOSE = "tcp-close" ["tcp-close-reciprocal"];
    TCP_CUT = "tcp-cut" ["tcp-close-reciprocal"];
    TCP_IDLE_CUT = "tcp-idle-cut" ["tcp-idle-ping"];
    STREAM_ERROR_UNCLOSED = "stream-error-unclosed" [
        "ws-error-then-close",
        "tcp-stream-error-closes",
    ];
}

/// The names of the findings that can be about a requirement.
pub fn about(requirement: &str) -> impl Iterator<Item = &'static str> {
    KINDS.iter().filter(move |kind| kind.requirements.contains(&requirement)).map(|kind| kind.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::bosh::Condition;
    use crate::spec::catalogue;

    #[test]
    fn every_requirement_is_in_the_catalogue() {
        for kind in KINDS {
            for id in kind.requirements {
                assert!(catalogue().get(id).is_some(), "{}: {id}", kind.name);
            }
        }
    }

    #[test]
    fn every_condition_can_be_reported() {
        for condition in Condition::all() {
            assert!(TERMINATED.requirements.contains(&condition.requirement()), "{condition}");
        }
    }

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
    }

    #[test]
    fn findings_are_found_by_requirement() {
        assert_eq!(about("bosh-rid-max").collect::<Vec<_>>(), ["rid-too-large"]);
        assert_eq!(about("bosh-resend-replays").count(), 2);
        assert_eq!(about("bosh-port-5280").count(), 0);
    }
}
