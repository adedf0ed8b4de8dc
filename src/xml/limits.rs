//! How much of a source is read before it is refused.

/// Elements deeper than this are refused whatever [`Limits::depth`] says: dropping a tree takes stack.
pub(super) const DEEPEST: usize = 1024;

/// How much of a source is read before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of elements, the root being the first; never more than 1024. XMPP rarely needs 12.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Elements, attributes and texts of the whole tree: each takes some 150 bytes, and a tag but four to send.
    pub nodes: usize,
    /// Length of the source.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, attributes: 128, nodes: 100_000, bytes: 8 * 1024 * 1024 }
    }
}
