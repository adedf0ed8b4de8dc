//! Which findings there are, and which requirements each can report as not kept. `docs/reference/findings.md` says
//! what each means; tests hold the two, and the rules, together.

/// A sort of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name, such as `rid-gap`.
    pub name: &'static str,
    /// The requirements that it can be about.
    pub requirements: &'static [&'static str],
}

/// Every sort of finding, in the order of the document.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "creation-lacks",
        requirements: &[
            "bosh-req-to",
            "bosh-req-wait",
            "bosh-req-hold",
            "bosh-req-ver",
            "xbosh-req-version",
            "bosh-req-lang",
        ],
    },
    Kind { name: "sid-missing", requirements: &["bosh-sid-on-later-requests"] },
    Kind {
        name: "grant-lacks",
        requirements: &["bosh-resp-sid", "bosh-resp-wait", "bosh-resp-requests"],
    },
    Kind { name: "grant-ver", requirements: &["bosh-resp-ver"] },
    Kind { name: "wait-too-long", requirements: &["bosh-resp-wait-bounded"] },
    Kind { name: "hold-too-many", requirements: &["bosh-resp-hold-bounded"] },
    Kind { name: "requests-too-few", requirements: &["bosh-resp-requests-gt-hold"] },
    Kind { name: "features-late", requirements: &["xbosh-features-asap"] },
    Kind { name: "features-missing", requirements: &["xbosh-features-asap"] },
    Kind { name: "no-mechanisms", requirements: &[] },
    Kind { name: "auth-too-early", requirements: &["xbosh-client-waits-features"] },
    Kind { name: "login-failed", requirements: &[] },
    Kind { name: "restart-missing", requirements: &["xbosh-client-restart-after-success"] },
    Kind { name: "bind-failed", requirements: &[] },
    Kind { name: "rid-missing", requirements: &["bosh-rid-on-every-request"] },
    Kind { name: "rid-malformed", requirements: &["bosh-schema-attr-types"] },
    Kind { name: "rid-too-large", requirements: &["bosh-rid-max"] },
    Kind { name: "rid-predictable", requirements: &["bosh-rid-initial-random"] },
    Kind { name: "rid-repeat", requirements: &[] },
    Kind { name: "rid-reused", requirements: &["bosh-client-resend-exact"] },
    Kind { name: "rid-gap", requirements: &["bosh-rid-increment"] },
    Kind { name: "rid-gap-closed", requirements: &[] },
    Kind { name: "rid-lost", requirements: &["bosh-rid-increment"] },
    Kind { name: "rid-past-gap", requirements: &[] },
    Kind { name: "rid-beyond-window", requirements: &["bosh-rid-increment"] },
    Kind { name: "rid-too-old", requirements: &["bosh-rid-increment"] },
    Kind { name: "answer-replayed", requirements: &[] },
    Kind { name: "answer-differs", requirements: &["bosh-resend-replays"] },
    Kind { name: "answers-out-of-order", requirements: &["bosh-respond-in-rid-order"] },
    Kind { name: "too-many-requests", requirements: &["bosh-client-max-requests"] },
    Kind { name: "hold-exceeded", requirements: &["bosh-long-poll-release-oldest"] },
    Kind { name: "wait-exceeded", requirements: &["bosh-wait-not-exceeded"] },
    Kind { name: "wait-early", requirements: &["bosh-wait-not-much-early"] },
    Kind { name: "polling-too-frequent", requirements: &["bosh-polling-too-frequent"] },
    Kind { name: "poll-storm", requirements: &["bosh-long-polling"] },
    Kind { name: "pipelined", requirements: &["bosh-no-pipelining"] },
    Kind { name: "no-keep-alive", requirements: &["bosh-keepalive"] },
    Kind { name: "pause-not-granted", requirements: &["bosh-client-no-pause-without-maxpause"] },
    Kind { name: "pause-too-long", requirements: &[] },
    Kind { name: "client-terminates", requirements: &[] },
    Kind {
        name: "terminated",
        requirements: &[
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
        ],
    },
    Kind { name: "recoverable-error", requirements: &["bosh-recoverable-error"] },
    Kind { name: "stream-error", requirements: &["xbosh-stream-error-condition"] },
    Kind { name: "session-over", requirements: &["bosh-client-session-over"] },
    Kind { name: "session-silent", requirements: &["bosh-client-inactivity"] },
    Kind { name: "client-back", requirements: &[] },
    Kind {
        name: "http-status",
        requirements: &[
            "bosh-respond-200",
            "bosh-error-is-binding-not-http",
            "bosh-http-400-legacy",
            "bosh-http-403-legacy",
            "bosh-http-404-legacy",
            "bosh-large-request-limit",
        ],
    },
    Kind { name: "not-bosh", requirements: &["bosh-single-body-root"] },
    Kind { name: "empty-answer", requirements: &["bosh-single-body-root"] },
    Kind { name: "answer-cut", requirements: &[] },
    Kind { name: "request-cut", requirements: &[] },
    Kind { name: "no-answer", requirements: &["bosh-respond-200"] },
    Kind { name: "client-gave-up", requirements: &["bosh-wait-not-exceeded"] },
    Kind { name: "not-post", requirements: &["bosh-client-post-only"] },
    Kind { name: "not-http", requirements: &["bosh-http-conformance"] },
    Kind { name: "target-failed", requirements: &[] },
    Kind { name: "own-answer", requirements: &[] },
    Kind { name: "undecodable", requirements: &[] },
    Kind { name: "unasked-answer", requirements: &["bosh-http-conformance"] },
    Kind { name: "unobserved", requirements: &[] },
    Kind { name: "cors-preflight", requirements: &["bosh-cors-preflight"] },
    Kind { name: "cors-hidden", requirements: &["bosh-cors-on-response"] },
    Kind {
        name: "xml-malformed",
        requirements: &[
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
        ],
    },
    Kind { name: "xml-limit", requirements: &[] },
    Kind { name: "not-body", requirements: &["bosh-body-namespace"] },
    Kind { name: "text-in-body", requirements: &["bosh-no-character-data"] },
    Kind { name: "stanza-namespace", requirements: &["xbosh-jabber-client-ns"] },
    Kind {
        name: "stream-namespace",
        requirements: &["xbosh-features-stream-ns", "xbosh-stream-error-ns"],
    },
    Kind { name: "sasl-namespace", requirements: &["xbosh-sasl-namespace"] },
    Kind { name: "payload-namespace", requirements: &["bosh-schema-children"] },
    Kind { name: "attribute-malformed", requirements: &["bosh-schema-attr-types"] },
    Kind { name: "attribute-misplaced", requirements: &["bosh-response-no-request-attrs"] },
    Kind { name: "type-unknown", requirements: &["bosh-type-values"] },
    Kind {
        name: "content-type",
        requirements: &["bosh-content-type-default", "bosh-content-honoured"],
    },
    Kind { name: "ack-redundant", requirements: &["bosh-ack-not-redundant"] },
];

/// The names of the findings that can be about a requirement.
pub fn about(requirement: &str) -> impl Iterator<Item = &'static str> {
    KINDS.iter().filter(move |kind| kind.requirements.contains(&requirement)).map(|kind| kind.name)
}

#[cfg(test)]
mod tests {
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
        for condition in Condition::all() {
            assert!(catalogue().get(condition.requirement()).is_some(), "{condition}");
        }
    }

    #[test]
    fn findings_are_found_by_requirement() {
        assert_eq!(about("bosh-rid-max").collect::<Vec<_>>(), ["rid-too-large"]);
        assert_eq!(about("bosh-resend-replays").count(), 2);
        assert_eq!(about("bosh-port-5280").count(), 0);
    }
}
