//! What a client can observe and has no defect all the same, each with the reason.

/// Requirements on a connection manager that no defect breaks, in the order of the catalogue, and why.
pub const WITHOUT: &[(&str, &str)] = &[(
    "bosh-route-not-uri",
    "`route` is ignored: how a value is read that is never used cannot be seen",
)];
