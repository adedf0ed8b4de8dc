//! Requirements that no rule watches, and why.

use super::kinds::about;
use crate::spec::{Level, Mode, Observable, Requirement};

/// Requirements that real traffic might show to be violated, and that are not watched all the same: ids and reasons, as a clause
/// that follows "none: ".
const UNWATCHED: &[(&str, &str)] = &[
    // BOSH: hTTP.
    (
        "bosh-caching-headers",
        "no cache stores the response to a POST, so that its headers do no harm",
    ),
    ("bosh-historic-script-no-cache", "sessions in the script syntax are not followed"),
    ("bosh-http-200", "reported as the requirement about the status that came in its place"),
    // BOSH: wrapper and creation.
    (
        "bosh-zero-or-more-payloads",
        "whatever is well-formed keeps it; what is not is reported as that",
    ),
    (
        "bosh-first-request-creates-session",
        "a request in an unknown session may have begun before the trace",
    ),
    (
        "bosh-req-hold-one",
        "a client may have its reasons for another `hold`, and what is granted counts",
    ),
    (
        "bosh-polling-discouraged",
        "a client may have its reasons to poll; how often it does is watched",
    ),
    ("bosh-route-client", "it is not known whether the server needs `route`"),
    (
        "bosh-no-sid-on-first",
        "a first request with a sid may continue a session that began before the trace",
    ),
    (
        "bosh-sid-unique",
        "one sid in two creations cannot be told from a session that is granted again",
    ),
    (
        "bosh-resp-mandatory-attrs-only-once",
        "repeated terms are redundant, and clients ignore them",
    ),
    (
        "bosh-resp-requests-recommended",
        "a recommendation of one value; a value that does harm is reported",
    ),
    ("bosh-resp-polling", "a client that does not poll does not need it"),
    ("bosh-resp-inactivity", "without it, nothing is known about the limit that would be violated"),
    ("bosh-resp-hold", "the requested one is in force if it is missing"),
    ("bosh-resp-from", "it may come later, and clients do without it"),
    ("bosh-resp-optional-attrs-only-once", "repeated terms are redundant, and clients ignore them"),
    ("bosh-resp-maxpause", "it is not known whether the server supports pauses"),
    ("bosh-charsets-nmtoken", "nobody uses `charsets`: BOSH is UTF-8"),
    // BOSH: holding, acknowledgements, inactivity.
    (
        "bosh-payloads-after-preconditions",
        "reported for what follows from it: a login that hangs, a stream error",
    ),
    (
        "bosh-hold-not-exceeded",
        "reported as the release of the oldest request, which is the same thing seen",
    ),
    (
        "bosh-empty-response-on-timeout",
        "a response with stanzas just then is as good, and a late one is reported",
    ),
    ("bosh-ack-consistent", "servers acknowledge in different ways, and no client relies on it"),
    (
        "bosh-report-only-with-acks",
        "so few servers have reports that a rule for them has nothing to see",
    ),
    ("bosh-report-attrs", "so few servers have reports that a rule for them has nothing to see"),
    ("bosh-client-repoll", "a client that waits too long is reported as silent"),
    ("bosh-inactivity-short", "no number is too long or too short for everybody"),
    ("bosh-inactivity-recommended", "no number is too long or too short for everybody"),
    ("bosh-pause-no-payload", "a stanza just then is delivered, and nothing is lost"),
    ("bosh-client-polling-attrs", "how many connections a client could have is not in the traffic"),
    ("bosh-cm-forced-polling-discouraged", "a server may have its reasons to force polling"),
    (
        "bosh-polling-inactivity-higher",
        "what is usual for a server is not in the traffic of one session",
    ),
    (
        "bosh-polling-inactivity-margin",
        "what is usual for a server is not in the traffic of one session",
    ),
    // BOSH: ending.
    (
        "bosh-client-terminate-no-reply-needed",
        "an iq without an answer then is the client's own loss",
    ),
    ("bosh-terminate-own-response", "clients do not read what comes after their own terminate"),
    ("bosh-terminate-oldest-ack", "clients do not read what comes after their own terminate"),
    ("bosh-terminate-others-empty", "clients do not read what comes after their own terminate"),
    (
        "bosh-client-ignores-terminate-cause",
        "reported as sessions in a row that nobody uses, or as a request after the end",
    ),
    ("bosh-legacy-client-definition", "it is a definition: what follows from it is watched"),
    (
        "bosh-http-error-voids-legacy",
        "a request after the end of a session is reported, whatever ended it",
    ),
    ("bosh-xmpp-errors-as-remote-stream-error", "reported as a stream error without its condition"),
    ("bosh-legacy-http-instead-of-condition", "clients understand both forms, whichever was due"),
    (
        "bosh-client-recover-resend-all",
        "what was lost between the two sides is not known of an earlier request",
    ),
    ("bosh-client-recover-identical", "reported as a rid that is used again with other content"),
    // BOSH: keys and several streams.
    ("bosh-client-large-n", "how long a sequence is shows only at its end"),
    (
        "bosh-client-key-switch",
        "a sequence that ends without a new one is reported as a missing key",
    ),
    ("bosh-multi-advertise", "it is not known whether the server supports several streams"),
    (
        "bosh-multi-stream-name",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    ("bosh-multi-add-sid-rid", "reported as what is wrong with the sid or the rid"),
    (
        "bosh-multi-add-lang",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-add-no-creation-attrs",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-add-resp-attrs",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-late-from-stream",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-cm-stream-attr",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-client-stream-attr",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-one-stream-per-body",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-empty-no-stream",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    (
        "bosh-multi-error-all",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    // BOSH: encryption and compression.
    ("bosh-encrypted-http", "TLS ends before the traffic is read, here or at a reverse proxy"),
    (
        "bosh-encryption-at-http-layer",
        "TLS ends before the traffic is read, here or at a reverse proxy",
    ),
    (
        "bosh-all-requests-encrypted",
        "TLS ends before the traffic is read, here or at a reverse proxy",
    ),
    (
        "bosh-sid-rid-unpredictable",
        "chance shows only over many sessions; a small first rid is reported",
    ),
    ("xbosh-tls-elements-discouraged", "an offer that every client ignores does no harm"),
    (
        "xbosh-encryption-http-layer",
        "TLS ends before the traffic is read, here or at a reverse proxy",
    ),
    (
        "xbosh-encryption-negotiated-http",
        "TLS ends before the traffic is read, here or at a reverse proxy",
    ),
    ("xbosh-no-stream-compression", "hardly any server offers stream compression in BOSH"),
    (
        "xbosh-compression-via-accept",
        "a response that is compressed and cannot be read is reported",
    ),
    ("xbosh-no-double-compression", "hardly any server offers stream compression in BOSH"),
    // BOSH: streams.
    ("xbosh-body-content-kinds", "clients and servers read mixed content without trouble"),
    ("xbosh-features-complete", "an element that is not complete is reported as malformed XML"),
    ("xbosh-stream-error-last", "what stands behind a stream error is read by no client"),
    ("xbosh-resp-version", "clients do without it; its absence in the request is reported"),
    ("xbosh-restartlogic-advertised", "every server restarts streams, and clients do not ask"),
    (
        "xbosh-version-on-added-streams",
        "hardly any server has several streams, so that a rule would have nothing to see",
    ),
    ("xbosh-restart-same-session", "another sid or rid after a restart is reported as that"),
    ("xbosh-external-from", "EXTERNAL over HTTP hardly exists, and its refusal is explained"),
    (
        "xbosh-remote-stream-error-content",
        "a stream error that is missing says nothing, and the end is reported without a reason",
    ),
    // WebSocket: frames, messages and endings
    // Discovery.
    (
        "ws-host-meta-delegation",
        "where a client has its URL from is not in the traffic to that URL, and settings are as good as host-meta",
    ),
    (
        "disco-certificate",
        "a client's TLS ends before the traffic is read, and it is not known which URLs it has discovered",
    ),
    // Stream management.
    ("ws-sm-offered", "a client is free to do without stream management"),
    ("tcp-close-notify", "the end of TLS within a connection is not in the trace"),
];

/// Why no finding is about a requirement; none if one is, or if a rule is still missing.
pub fn unwatched(requirement: &Requirement) -> Option<&str> {
    if about(&requirement.id).next().is_some() {
        return None;
    }
    let known = UNWATCHED.iter().find(|(id, _)| *id == requirement.id).map(|(_, why)| *why);
    match &requirement.observable {
        Observable::No(reason) => Some(reason),
        Observable::How(_) if !requirement.modes.contains(&Mode::Lint) => {
            Some("ordinary traffic does not show it; a test has to provoke it")
        }
        Observable::How(_) if requirement.level == Level::May => {
            Some(known.unwrap_or("a permission, which nothing can violate"))
        }
        Observable::How(_) => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::catalogue;

    #[test]
    fn every_requirement_is_watched_or_says_why_not() {
        let mut count = 0;
        for requirement in catalogue().iter() {
            let watched = about(&requirement.id).next().is_some();
            assert!(watched || unwatched(requirement).is_some(), "{}", requirement.id);
            count += 1;
        }
        assert!(count > 400, "only {count} requirements: does the test still read the catalogue?");
    }

    #[test]
    fn what_is_said_not_to_be_watched_is_not() {
        for (id, _) in UNWATCHED {
            let requirement = catalogue().get(id).expect("a requirement of the catalogue");
            assert!(requirement.modes.contains(&Mode::Lint), "{id} needs no reason of its own");
            assert_eq!(about(id).next(), None, "{id}");
        }
    }
}
