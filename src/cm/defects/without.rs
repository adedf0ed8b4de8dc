//! What a client can observe and has no defect all the same, each with the reason.

/// Requirements on a connection manager that no defect breaks, in the order of the catalogue, and why.
pub const WITHOUT: &[(&str, &str)] = &[
    (
        "bosh-cond-remote-connection-failed",
        "the only server behind the reference is its own, in the same process: there is no connection to lose",
    ),
    (
        "bosh-cond-see-other-uri",
        "the reference has no other URI to which it could send, so that no answer of it can do so wrongly",
    ),
];
