//! Requirements that real traffic could show to be violated, and that no rule watches, each with the reason.

/// Ids and reasons, as a clause that follows "not watched: ".
pub const UNWATCHED: &[(&str, &str)] = &[
    // WebSocket: frames, messages and endings
    ("ws-ping-frames-allowed", "a permission, which nothing can violate"),
];
