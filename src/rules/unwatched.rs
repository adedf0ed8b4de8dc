//! Requirements that real traffic could show to be violated, and that no rule watches, each with the reason.

/// Ids and reasons, as a clause that follows "not watched: ".
pub const UNWATCHED: &[(&str, &str)] = &[
    ("tcp-close-notify", "the end of TLS within a connection is not in the trace"),
    ("dtls-no-starttls", "the trace does not say whether TLS was there from the first byte"),
    ("dtls-sni-alpn", "what a ClientHello names is not in the trace"),
];
