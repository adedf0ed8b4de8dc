//! Requirements that real traffic could show to be violated, and that no rule watches, each with the reason.

/// Ids and reasons, as a clause that follows "not watched: ".
pub const UNWATCHED: &[(&str, &str)] = &[
    // Stream management.
    ("ws-sm-offered", "a client is free to do without stream management"),
];
