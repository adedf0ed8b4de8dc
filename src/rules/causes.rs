//! What can follow from what: a row for each kind of finding that has effects, with the words that name it there.

use std::time::Duration;

use super::finding::Finding;
use super::kinds::{self, Kind};

/// A kind of finding that has effects.
#[derive(Debug)]
pub(super) struct Row {
    kind: Kind,
    /// How it is named where its effect is reported.
    pub(super) phrase: &'static str,
    pub(super) reach: Reach,
    /// Its effects: conditions, and what stands for them.
    pub(super) symptoms: &'static [&'static str],
    /// About this requirement; any if there is none.
    about: Option<&'static str>,
    /// With one of these statuses; any if there are none.
    statuses: &'static [u16],
    /// How it has them, if that is no more than likely.
    pub(super) likely: Option<&'static str>,
}

/// Where the effects of a finding are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// In the response to the same request.
    Request,
    /// In the same session, within this many seconds.
    Within(u64),
    /// In the same session.
    Session,
    /// In the same session, until a request gets a good response.
    Unanswered,
}

impl Reach {
    /// How late an effect may come.
    pub(super) fn within(self) -> Duration {
        match self {
            Self::Within(seconds) => Duration::from_secs(seconds),
            Self::Request | Self::Session | Self::Unanswered => Duration::MAX,
        }
    }
}

const UNREADABLE: &[&str] = &[
    "bad-request",
    "not-well-formed",
    "xml-not-well-formed",
    "invalid-xml",
    "bad-format",
    "restricted-xml",
    "undefined-condition",
    "recoverable",
];
const UNKNOWN: &[&str] = &["item-not-found", "bad-request", "recoverable"];
const NO_SESSION: &[&str] =
    &["item-not-found", "bad-request", "recoverable", "improper-addressing", "host-unknown"];
const OVER: &[&str] = &["item-not-found", "recoverable"];
const PAUSE: &[&str] = &["bad-request", "policy-violation", "recoverable"];
const PACE: &[&str] = &["policy-violation", "resource-constraint"];
const NAMES: &[&str] = &[
    "bad-request",
    "invalid-namespace",
    "invalid-xml",
    "unsupported-stanza-type",
    "undefined-condition",
    "not-authorized",
];
const ORDER: &[&str] = &[
    "not-authorized",
    "policy-violation",
    "bad-request",
    "undefined-condition",
    "invalid-xml",
    "unsupported-stanza-type",
    "connection-timeout",
];

const fn of_request(kind: Kind, phrase: &'static str, symptoms: &'static [&'static str]) -> Row {
    of_session(kind, phrase, Reach::Request, symptoms)
}

const fn of_session(
    kind: Kind,
    phrase: &'static str,
    reach: Reach,
    symptoms: &'static [&'static str],
) -> Row {
    Row { kind, phrase, reach, symptoms, about: None, statuses: &[], likely: None }
}

const ROWS: &[Row] = &[
    of_request(
        kinds::NOT_POST,
        "the method",
        &["method-not-allowed", "bad-request", "item-not-found"],
    ),
    of_request(kinds::SID_MISSING, "the missing sid", NO_SESSION),
    of_request(kinds::SID_WRONG, "the wrong sid", UNKNOWN),
    of_request(kinds::RID_MISSING, "the missing rid", UNKNOWN),
    of_request(kinds::RID_MALFORMED, "the malformed rid", UNKNOWN),
    of_request(kinds::RID_TOO_LARGE, "the rid that is too large", UNKNOWN),
    of_request(kinds::RID_WRAPPED, "the rid that has wrapped", UNKNOWN),
    of_request(kinds::RID_BEYOND_WINDOW, "the rid beyond the window", OVER),
    of_request(kinds::RID_TOO_OLD, "the rid that is too old", OVER),
    of_request(kinds::RID_REUSED, "the rid that was used before", UNKNOWN),
    of_request(
        kinds::XML_MALFORMED,
        "the XML of the request, which is not well-formed",
        UNREADABLE,
    ),
    of_request(kinds::NOT_BODY, "the content of the request, which is not BOSH", UNREADABLE),
    of_request(kinds::TEXT_IN_BODY, "the text between the stanzas", UNREADABLE),
    of_request(kinds::ATTRIBUTE_MALFORMED, "the malformed attribute", UNREADABLE),
    of_request(kinds::TYPE_UNKNOWN, "the unknown type", UNREADABLE),
    Row {
        about: Some("bosh-req-to"),
        ..of_request(
            kinds::CREATION_LACKS,
            "the missing `to`",
            &["bad-request", "improper-addressing", "host-unknown"],
        )
    },
    Row {
        about: Some("bosh-req-wait"),
        ..of_request(kinds::CREATION_LACKS, "the missing `wait`", &["bad-request"])
    },
    of_request(kinds::PAUSE_NOT_GRANTED, "the pause that was not granted", PAUSE),
    of_request(kinds::PAUSE_TOO_LONG, "the pause that is too long", PAUSE),
    Row {
        about: Some("bosh-key-hex-format"),
        ..of_session(kinds::KEY_WRONG, "the malformed newkey", Reach::Session, UNKNOWN)
    },
    of_request(kinds::KEY_WRONG, "the key sequence", UNKNOWN),
    of_request(kinds::STREAM_NOT_OFFERED, "the stream that was not offered", UNKNOWN),
    of_request(kinds::ROUTE_MALFORMED, "the malformed route", UNREADABLE),
    of_request(kinds::VERSION_MALFORMED, "the malformed version", UNREADABLE),
    of_session(
        kinds::UNREADABLE,
        "the content that cannot be read",
        Reach::Within(60),
        &["unused", "bad-request"],
    ),
    of_request(
        kinds::REQUEST_HEADERS,
        "the headers of the request",
        &["bad-request", "length-required"],
    ),
    of_session(
        kinds::IQ_INVALID,
        "the iq that is not valid",
        Reach::Within(5),
        &["bad-request", "invalid-xml", "bad-format", "invalid-id", "undefined-condition"],
    ),
    of_session(
        kinds::STANZA_INVALID,
        "the stanza that is not valid",
        Reach::Within(5),
        &["invalid-from", "improper-addressing", "bad-request", "invalid-xml", "bad-format"],
    ),
    of_session(kinds::RESTART_ODD, "the restart", Reach::Within(5), ORDER),
    of_request(kinds::SESSION_OVER, "the request after the end of the session", OVER),
    of_session(kinds::STREAM_ERROR, "the stream error", Reach::Session, OVER),
    of_session(kinds::TERMINATED, "the end of the session", Reach::Session, OVER),
    of_session(kinds::SESSION_SILENT, "the silence of the client", Reach::Session, OVER),
    of_session(kinds::TOO_MANY_REQUESTS, "too many open requests", Reach::Within(5), PACE),
    of_session(kinds::POLLING_TOO_FREQUENT, "too frequent polling", Reach::Within(5), PACE),
    of_session(kinds::STANZA_NAMESPACE, "the namespace of the stanza", Reach::Within(5), NAMES),
    of_session(kinds::SASL_NAMESPACE, "the namespace of the login", Reach::Within(5), NAMES),
    of_session(kinds::PAYLOAD_NAMESPACE, "the wrong namespace", Reach::Within(5), NAMES),
    of_session(kinds::RESTART_MISSING, "the missing restart", Reach::Within(60), ORDER),
    of_session(kinds::STANZA_TOO_EARLY, "the stanza that came too early", Reach::Within(5), ORDER),
    of_session(kinds::LOGIN_TWICE, "the second login", Reach::Within(5), ORDER),
    of_request(kinds::BOSH_STARTTLS, "the STARTTLS", ORDER),
    of_session(kinds::AUTH_TOO_EARLY, "the login that began too early", Reach::Within(5), ORDER),
    of_session(
        kinds::LOGIN_IDLE,
        "what the client has not sent",
        Reach::Within(60),
        &["connection-timeout", "policy-violation", "undefined-condition", "not-authorized"],
    ),
    of_session(
        kinds::XML_DECLARATION,
        "what stands before <body/> (an XML declaration or a byte order mark)",
        Reach::Session,
        UNREADABLE,
    ),
    of_session(kinds::WAIT_EARLY, "the polls that end early", Reach::Within(60), &["storm"]),
    of_session(kinds::WAIT_EXCEEDED, "the response that is overdue", Reach::Session, &["gave-up"]),
    Row {
        statuses: &[502, 503, 521, 522, 523],
        likely: Some("at whose restart sessions are lost"),
        ..of_session(kinds::HTTP_STATUS, "the failure of the back end", Reach::Unanswered, OVER)
    },
    Row {
        likely: Some("at whose restart sessions are lost"),
        ..of_session(kinds::OWN_ANSWER, "the failure of the target", Reach::Unanswered, OVER)
    },
    of_session(
        kinds::RID_LOST,
        "the missing rid",
        Reach::Session,
        &["item-not-found", "recoverable", "gave-up"],
    ),
];

/// What can follow from a finding about a response with this status, if it is about one; if anything does.
pub(super) fn row(finding: &Finding, status: Option<u16>) -> Option<&'static Row> {
    let is_it = |row: &&Row| {
        row.kind == *finding.kind
            && row.about.is_none_or(|id| finding.requirement == Some(id))
            && (row.statuses.is_empty() || status.is_some_and(|it| row.statuses.contains(&it)))
    };
    ROWS.iter().find(is_it)
}
