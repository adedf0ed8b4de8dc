//! The rids of a session as its client counts them (XEP-0124 §14.1).

use std::collections::BTreeSet;

/// Which rids were used. A client that is well behaved leaves no gap; one that follows a scenario may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rids {
    /// Every rid below this one was used, from the first of the session on.
    next: u64,
    /// Rids above a gap that were used.
    beyond: BTreeSet<u64>,
}

impl Default for Rids {
    /// Those of a client that has no session.
    fn default() -> Self {
        Self::starting_at(1)
    }
}

impl Rids {
    /// Those of a session whose first request has this one.
    pub fn starting_at(first: u64) -> Self {
        Self { next: first, beyond: BTreeSet::new() }
    }

    /// The rid of the next request: the lowest that was not used.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The highest rid up to which all were used.
    pub fn highest(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Counted from [`Rids::highest`]: `1` is the next, `0` that one again. 0 where no such rid can be.
    pub fn relative(&self, by: i64) -> u64 {
        self.highest().checked_add_signed(by).unwrap_or(0)
    }

    /// A request with this rid was sent.
    pub fn mark_used(&mut self, rid: u64) {
        if rid < self.next {
            return;
        }
        self.beyond.insert(rid);
        while self.beyond.remove(&self.next) {
            self.next = self.next.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rids_count_from_the_highest_without_a_gap() {
        let mut rids = Rids::starting_at(11);
        rids.mark_used(12);
        assert_eq!((rids.highest(), rids.next()), (10, 11));
        rids.mark_used(11);
        assert_eq!((rids.highest(), rids.next()), (12, 13));
        rids.mark_used(9);
        assert_eq!(rids.highest(), 12);
        assert_eq!((rids.relative(1), rids.relative(0), rids.relative(-20)), (13, 12, 0));
    }

    #[test]
    fn the_ends_of_the_range_are_no_trouble() {
        let mut rids = Rids::starting_at(0);
        rids.mark_used(0);
        assert_eq!((rids.highest(), rids.next()), (0, 1));
        let mut rids = Rids::starting_at(u64::MAX);
        rids.mark_used(u64::MAX);
        assert_eq!(rids.relative(2), 0);
    }
}
