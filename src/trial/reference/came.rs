//! What comes on a stream, whatever carries it.

use crate::xml::Element;

/// What comes on a stream.
#[derive(Debug)]
pub(super) enum Came {
    /// An element.
    Element(Element),
    /// The end of the stream; the connection is still open.
    End,
}
