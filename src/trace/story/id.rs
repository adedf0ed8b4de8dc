//! What sessions are called.

/// A session's number in this trace, counted from 1 in the order of appearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u32);
