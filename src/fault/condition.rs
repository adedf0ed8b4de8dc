//! When a fault is due.

use std::time::Duration;

use crate::trace::filter::{Filter, Subject};

/// When a fault is due: everything in it has to hold.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// What the message is like.
    pub(super) filters: Vec<Filter>,
    /// Which of the messages that are like that.
    pub(super) nth: Option<Nth>,
    /// How likely, in parts of a million.
    pub(super) chance: Option<u32>,
    /// How long the fault has to be in force.
    pub(super) after: Duration,
    /// How often at most; without a limit if there is none.
    pub(super) times: Option<u64>,
    /// Each session is counted by itself.
    pub(super) per_session: bool,
}

/// Which of several messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nth {
    /// This one, from 1.
    The(u64),
    /// Each whose number this divides.
    Every(u64),
}

/// A million parts are certain.
pub(super) const CERTAIN: u32 = 1_000_000;

impl Condition {
    /// Whether a message is like what is asked for.
    pub(super) fn matches(&self, subject: &Subject<'_>) -> bool {
        self.filters.iter().all(|filter| filter.keep(subject).message)
    }
}

/// What a condition has come to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    matched: u64,
    done: u64,
}

impl Counts {
    /// Counts a message that matches; `draw` is a number below [`CERTAIN`]. Whether the fault is due.
    pub(super) fn is_due(&mut self, when: &Condition, draw: impl FnOnce() -> u32) -> bool {
        if when.times.is_some_and(|times| self.done >= times) {
            return false;
        }
        self.matched += 1;
        let is_it = match when.nth {
            None => true,
            Some(Nth::The(nth)) => self.matched == nth,
            Some(Nth::Every(nth)) => self.matched.is_multiple_of(nth),
        };
        let due = is_it && when.chance.is_none_or(|chance| draw() < chance);
        self.done += u64::from(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(when: &Condition, messages: u64) -> Vec<u64> {
        let mut counts = Counts::default();
        (1..=messages).filter(|_| counts.is_due(when, || 500_000)).collect()
    }

    #[test]
    fn messages_are_counted() {
        let when = Condition { times: Some(2), ..Condition::default() };
        assert_eq!(due(&when, 4), [1, 2]);
        let when = Condition { nth: Some(Nth::The(3)), ..Condition::default() };
        assert_eq!(due(&when, 9), [3]);
        let when = Condition { nth: Some(Nth::Every(2)), times: Some(2), ..Condition::default() };
        assert_eq!(due(&when, 9), [2, 4]);
    }

    #[test]
    fn a_chance_is_drawn() {
        let with = |chance| Condition { chance: Some(chance), ..Condition::default() };
        assert_eq!(due(&with(500_000), 2), [0; 0]);
        assert_eq!(due(&with(500_001), 2), [1, 2]);
    }
}
