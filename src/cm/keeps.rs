//! Which requirements on a connection manager, and on the server behind it, this one keeps: all of them, but for those listed
//! here, each with its reason. What only matters before a server elsewhere is judged as it is there.

use crate::spec::{Party, Requirement};

/// Whether the reference connection manager keeps a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// It does.
    Kept,
    /// It does not, on purpose.
    NotKept(&'static str),
    /// It belongs to an option that it does not offer.
    NotOffered(&'static str),
    /// There is nothing to keep: it never gets into the position that is meant, or nothing is demanded.
    NotApplicable(&'static str),
}

const NO_TLS: Keeps = Keeps::NotOffered(
    "its listener speaks plain HTTP; a reverse proxy in front of it has to add TLS",
);
const NO_SCRIPT: Keeps = Keeps::NotOffered("no script syntax: a GET is answered with a page");
const NO_EXTERNAL: Keeps =
    Keeps::NotOffered("no SASL EXTERNAL, because its listener sees no certificates");
const POLLING_TOLD: Keeps = Keeps::NotApplicable("`polling` is in every session it creates");

/// What it does not keep, in the order of the catalogue.
const EXCEPTIONS: &[(&str, Keeps)] = &[
    ("bosh-historic-script-syntax", NO_SCRIPT),
    ("bosh-historic-script-no-cache", NO_SCRIPT),
    ("bosh-route-not-uri", Keeps::NotApplicable("`route` is ignored, so nothing reads it")),
    (
        "bosh-no-inactivity-limit",
        Keeps::NotApplicable("`inactivity` is in every session it creates"),
    ),
    (
        "bosh-no-requests-attr-no-limit",
        Keeps::NotApplicable("`requests` is in every session it creates"),
    ),
    ("bosh-no-polling-attr-no-limit", POLLING_TOLD),
    ("bosh-cm-forces-polling", Keeps::NotOffered("`requests` always exceeds `hold`, as advised")),
    ("bosh-polling-no-attr-no-limit", POLLING_TOLD),
    ("bosh-secure-session-definition", Keeps::NotApplicable("it is a definition")),
    (
        "bosh-multi-unsupported-ignored",
        Keeps::NotApplicable("it supports multiple streams, and announces that with `stream`"),
    ),
    (
        "bosh-cond-internal-server-error",
        Keeps::NotApplicable("it never sends this condition: it has no internal errors to report"),
    ),
    ("bosh-cond-see-other-uri", Keeps::NotOffered("there is no other URI to which it could refer")),
    (
        "bosh-cond-undefined-condition",
        Keeps::NotApplicable("it never sends this condition: a more specific one always applies"),
    ),
    ("bosh-encrypted-http", NO_TLS),
    ("bosh-https-method", NO_TLS),
    ("bosh-https-alternatives", NO_TLS),
    ("bosh-same-certificates", NO_TLS),
    ("bosh-cm-plain-in-secure-session", NO_TLS),
    ("bosh-cm-plain-does-not-terminate", NO_TLS),
    ("xbosh-encryption-http-layer", NO_TLS),
    (
        "xbosh-authid-obsolete",
        Keeps::NotOffered("the stream id is not sent: only a digest login by XEP-0078 needs it"),
    ),
    ("xbosh-encryption-negotiated-http", NO_TLS),
    ("xbosh-no-tls-compression", NO_TLS),
    ("xbosh-sasl-external-allowed", NO_EXTERNAL),
    ("xbosh-external-from-associated", NO_EXTERNAL),
    ("ws-see-other-uri", Keeps::NotOffered("there is no other endpoint to which it could refer")),
    ("ws-tls-by-wss", NO_TLS),
    ("disco-https-only", NO_TLS),
    (
        "disco-order-insignificant",
        Keeps::NotApplicable("it reads no host-meta, so that no order can mean something to it"),
    ),
    (
        "disco-not-what-srv-says",
        Keeps::NotApplicable("it lists BOSH and WebSocket alone, of which no SRV record speaks"),
    ),
    (
        "tcp-idle-ping",
        Keeps::NotKept(
            "it checks a silent client every 45 seconds, so that a dead one is soon gone",
        ),
    ),
];

/// Whether the reference connection manager keeps a requirement; none if it binds neither a connection manager nor a server.
pub fn keeps(requirement: &Requirement) -> Option<Keeps> {
    if requirement.party == Party::Client {
        return None;
    }
    let exception = EXCEPTIONS.iter().find(|(id, _)| *id == requirement.id);
    Some(exception.map_or(Keeps::Kept, |&(_, keeps)| keeps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::catalogue;

    #[test]
    fn exceptions_do_not_bind_a_client_alone_and_have_a_reason() {
        let order: Vec<_> = catalogue().iter().map(|requirement| &requirement.id).collect();
        let mut last = None;
        for (id, exception) in EXCEPTIONS {
            let requirement = catalogue().get(id).unwrap_or_else(|| panic!("no requirement {id}"));
            assert_eq!(
                keeps(requirement),
                Some(*exception),
                "{id} binds a client alone, or is here twice"
            );
            let (Keeps::NotKept(why) | Keeps::NotOffered(why) | Keeps::NotApplicable(why)) =
                exception
            else {
                panic!("{id} is kept: no exception");
            };
            assert!(why.len() > 10 && !why.ends_with('.'), "{id}: {why}");
            let place = order.iter().position(|known| *known == id);
            assert!(place > last, "{id} is not in the order of the catalogue");
            last = place;
        }
    }

    #[test]
    fn what_is_not_listed_is_kept() {
        let keeps = |id| super::keeps(catalogue().get(id).unwrap());
        assert_eq!(keeps("bosh-rid-window"), Some(Keeps::Kept));
        assert_eq!(keeps("bosh-single-body-root"), Some(Keeps::Kept));
        assert_eq!(keeps("bosh-cond-remote-connection-failed"), Some(Keeps::Kept));
        assert_eq!(keeps("bosh-rid-max"), None);
        assert_eq!(keeps("ws-open-first"), Some(Keeps::Kept));
        assert_eq!(keeps("ws-pong"), Some(Keeps::Kept));
        assert_eq!(keeps("sm-ack-has-h"), Some(Keeps::Kept));
        assert_eq!(keeps("tcp-starttls-offered"), Some(Keeps::Kept));
        assert_eq!(keeps("ws-client-masked"), None);
        assert_eq!(keeps("tcp-to-in-initial-header"), None);
    }

    #[test]
    fn every_specification_is_known() {
        let judged = |spec: &str| {
            let mut of = catalogue().iter().filter(|requirement| requirement.spec == spec);
            of.any(|requirement| super::keeps(requirement).is_some())
        };
        for specification in catalogue().specifications() {
            assert!(judged(&specification.id), "{}", specification.id);
        }
    }
}
