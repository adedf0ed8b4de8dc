//! Requirements that real traffic could show to be violated, and that no rule watches, each with the reason.

/// Ids and reasons, as a clause that follows "not watched: ".
pub const UNWATCHED: &[(&str, &str)] = &[
    // WebSocket: frames, messages and endings
    ("ws-ping-frames-allowed", "a permission, which nothing can violate"),
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
];
