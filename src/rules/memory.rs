//! What rules remember: a state for each session, and times to be woken at. Both are bounded by the sessions
//! that the story remembers.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::trace::{SessionId, Story};

/// So many states are kept without looking which of them are still of use.
const FEW: usize = 64;

/// A state for each session that the story remembers.
#[derive(Debug)]
pub(super) struct PerSession<S> {
    states: HashMap<SessionId, S>,
    sweep: usize,
}

impl<S> Default for PerSession<S> {
    fn default() -> Self {
        Self { states: HashMap::new(), sweep: FEW }
    }
}

impl<S> PerSession<S> {
    /// The state of a session, if there is one.
    pub(super) fn get(&mut self, id: SessionId) -> Option<&mut S> {
        self.states.get_mut(&id)
    }

    /// Forgets all states.
    pub(super) fn clear(&mut self) {
        self.states.clear();
    }
}

impl<S: Default> PerSession<S> {
    /// The state of a session, a new one if there is none.
    pub(super) fn of(&mut self, id: SessionId, story: &Story) -> &mut S {
        if self.states.len() >= self.sweep {
            self.states.retain(|&id, _| story.session(id).is_some());
            self.sweep = FEW.max(2 * self.states.len());
        }
        self.states.entry(id).or_default()
    }
}

/// For each session at most one time to be woken at.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Duration, SessionId)>,
    at: HashMap<SessionId, Duration>,
}

impl Timers {
    /// Sets the time of a session.
    pub(super) fn set(&mut self, id: SessionId, at: Duration) {
        self.clear(id);
        self.queue.insert((at, id));
        self.at.insert(id, at);
    }

    /// The session need not be woken.
    pub(super) fn clear(&mut self, id: SessionId) {
        if let Some(at) = self.at.remove(&id) {
            self.queue.remove(&(at, id));
        }
    }

    /// No session need be woken.
    pub(super) fn clear_all(&mut self) {
        self.queue.clear();
        self.at.clear();
    }

    /// The earliest time.
    pub(super) fn next(&self) -> Option<Duration> {
        self.queue.first().map(|&(at, _)| at)
    }

    /// Takes out a session whose time has come.
    pub(super) fn due(&mut self, now: Duration) -> Option<SessionId> {
        let &(at, id) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.clear(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_out_in_order_and_can_be_moved() {
        let seconds = Duration::from_secs;
        let mut timers = Timers::default();
        timers.set(SessionId(1), seconds(3));
        timers.set(SessionId(2), seconds(2));
        timers.set(SessionId(1), seconds(1));
        assert_eq!(timers.next(), Some(seconds(1)));
        assert_eq!(timers.due(seconds(5)), Some(SessionId(1)));
        assert_eq!(timers.due(seconds(1)), None);
        timers.clear(SessionId(2));
        assert_eq!(timers.next(), None);
    }
}
