//! What a client can observe and has no defect all the same, each with the reason.

const NO_TLS: &str = "the listener speaks plain HTTP, so there is no TLS to get wrong";
const NO_SCRIPT: &str =
    "no script syntax is offered, which is permitted: there is nothing to break";

/// Requirements on a connection manager that no defect breaks, in the order of the catalogue, and why.
pub const WITHOUT: &[(&str, &str)] = &[
    ("bosh-historic-script-syntax", NO_SCRIPT),
    ("bosh-historic-script-no-cache", NO_SCRIPT),
    (
        "bosh-route-not-uri",
        "`route` is ignored: how a value is read that is never used cannot be seen",
    ),
    (
        "bosh-cond-remote-connection-failed",
        "the server behind is its own unless --upstream is given: there is no connection to lose",
    ),
    (
        "bosh-cond-see-other-uri",
        "the reference has no other URI to which it could send, so that no answer of it can do so wrongly",
    ),
    ("bosh-https-method", NO_TLS),
    ("bosh-same-certificates", NO_TLS),
    ("bosh-cm-plain-in-secure-session", NO_TLS),
    ("bosh-cm-plain-does-not-terminate", NO_TLS),
    ("xbosh-encryption-http-layer", NO_TLS),
    ("xbosh-no-tls-compression", NO_TLS),
    (
        "xbosh-external-from-associated",
        "SASL EXTERNAL is not offered, since the listener sees no certificates",
    ),
    (
        "disco-not-what-srv-says",
        "it shows beside the SRV records of the domain, and a scenario knows its target by addresses and asks no name server",
    ),
    (
        "tcp-no-generated-prefix",
        "what is sent is written by one function, which has a prefix for nothing but streams",
    ),
    (
        "tcp-no-content-prefix",
        "the reader of documents refuses a prefix before anything that a defect changes sees it",
    ),
    (
        "dtls-direct",
        "the listener decides whether a connection begins with TLS, before anything that a defect changes",
    ),
];
