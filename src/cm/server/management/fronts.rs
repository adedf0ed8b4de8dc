//! Which link a stream is heard on: its own, until it is resumed on another.

use std::collections::HashMap;

use crate::cm::backend::Link;

/// Streams that are not heard on the link that they were opened on. A stream is known by that link all its life.
#[derive(Debug, Default)]
pub(in crate::cm::server) struct Fronts {
    /// The link of a stream; none while it has no connection.
    of_stream: HashMap<Link, Option<Link>>,
    streams: HashMap<Link, Link>,
}

impl Fronts {
    /// The stream of a link; none if it was resumed on another, or its connection is gone.
    pub(in crate::cm::server) fn stream(&self, link: Link) -> Option<Link> {
        match self.streams.get(&link) {
            Some(stream) => Some(*stream),
            None if self.of_stream.contains_key(&link) => None,
            None => Some(link),
        }
    }

    /// The link of a stream; none while it has no connection.
    pub(in crate::cm::server) fn front(&self, stream: Link) -> Option<Link> {
        self.of_stream.get(&stream).copied().unwrap_or(Some(stream))
    }

    /// How many streams have no connection.
    pub(super) fn asleep(&self) -> usize {
        self.of_stream.values().filter(|link| link.is_none()).count()
    }

    /// The connection of a stream is gone.
    pub(super) fn lose(&mut self, stream: Link) {
        self.place(stream, None);
    }

    /// A stream is heard on this link from now on.
    pub(super) fn resume(&mut self, stream: Link, link: Link) {
        self.place(stream, Some(link));
    }

    fn place(&mut self, stream: Link, link: Option<Link>) {
        if let Some(Some(before)) = self.of_stream.insert(stream, link) {
            self.streams.remove(&before);
        }
        if let Some(link) = link {
            self.streams.insert(link, stream);
        }
    }

    /// A stream is over.
    pub(in crate::cm::server) fn forget(&mut self, stream: Link) {
        if let Some(Some(link)) = self.of_stream.remove(&stream) {
            self.streams.remove(&link);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_moves_from_link_to_link() {
        let mut fronts = Fronts::default();
        assert_eq!((fronts.stream(1), fronts.front(1)), (Some(1), Some(1)));
        fronts.lose(1);
        assert_eq!((fronts.stream(1), fronts.front(1)), (None, None));
        fronts.resume(1, 2);
        assert_eq!((fronts.stream(1), fronts.stream(2), fronts.front(1)), (None, Some(1), Some(2)));
        fronts.resume(1, 3);
        assert_eq!(
            (fronts.stream(2), fronts.stream(3), fronts.front(1)),
            (Some(2), Some(1), Some(3))
        );
        fronts.forget(1);
        assert_eq!((fronts.stream(1), fronts.stream(3)), (Some(1), Some(3)));
    }
}
