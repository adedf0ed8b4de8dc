//! Numbers of things that exist at once, with a bound.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A number that has a bound.
pub(super) struct Count {
    used: AtomicUsize,
    most: usize,
}

/// A part of a [`Count`], which is given back when this is dropped.
pub(in crate::cm) struct Place<'a>(&'a Count, usize);

impl Count {
    pub(super) fn up_to(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most }
    }

    /// So much more of it, unless that is more than there may be.
    pub(super) fn take(&self, more: usize) -> Option<Place<'_>> {
        let before = self.used.fetch_add(more, Ordering::Relaxed);
        let place = Place(self, more);
        (before + more <= self.most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.used.fetch_sub(self.1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let count = Count::up_to(3);
        let place = count.take(2);
        assert!(place.is_some() && count.take(2).is_none() && count.take(1).is_some());
        drop(place);
        assert!(count.take(3).is_some());
    }
}
