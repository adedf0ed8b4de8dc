//! What rules remember: a state for each session ([`PerSession`]), and if something has to be reported when nothing
//! happens, a time to be woken at ([`Timed`]). Both are bounded by the sessions that the story remembers. A state for a
//! connection that carries a stream ([`PerLine`]) is bounded by the connections that are open.

use std::collections::BTreeSet;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::trace::{Session, SessionId, Story};

/// Up to this number, states are kept without checking which of them are still needed.
const FEW: usize = 64;

/// A state for each session that the story remembers.
#[derive(Debug)]
pub(super) struct PerSession<S> {
    states: FxHashMap<SessionId, S>,
    sweep: usize,
}

impl<S> Default for PerSession<S> {
    fn default() -> Self {
        Self { states: FxHashMap::default(), sweep: FEW }
    }
}

impl<S> PerSession<S> {
    /// The state of a session, if there is one.
    pub(super) fn get(&mut self, id: SessionId) -> Option<&mut S> {
        self.states.get_mut(&id)
    }

    /// Whether there is a state of a session.
    fn has(&self, id: SessionId) -> bool {
        self.states.contains_key(&id)
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

/// A state for each session that the story remembers, and for each of them at most one time to be woken at.
#[derive(Debug)]
pub(super) struct Timed<S> {
    states: PerSession<S>,
    timers: Timers,
}

impl<S> Default for Timed<S> {
    fn default() -> Self {
        Self { states: PerSession::default(), timers: Timers::default() }
    }
}

impl<S> Timed<S> {
    /// The state and the timer of a session, if there is a state.
    pub(super) fn get(&mut self, id: SessionId) -> Option<(&mut S, Timer<'_>)> {
        let timer = Timer { id, timers: &mut self.timers };
        self.states.get(id).map(|state| (state, timer))
    }

    /// Forgets all states and times.
    pub(super) fn clear(&mut self) {
        self.states.clear();
        self.timers.clear_all();
    }

    /// The earliest time.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// Removes a time that has come, and returns its session. Times of sessions that the story has forgotten are skipped.
    pub(super) fn due<'a>(
        &mut self,
        now: Duration,
        story: &'a Story,
    ) -> Option<(&'a Session, &mut S)> {
        loop {
            let id = self.timers.due(now)?;
            if let Some(session) = story.session(id)
                && self.states.has(id)
            {
                return self.states.get(id).map(|state| (session, state));
            }
        }
    }
}

impl<S: Default> Timed<S> {
    /// The state and the timer of a session, new ones if there are none.
    pub(super) fn of(&mut self, id: SessionId, story: &Story) -> (&mut S, Timer<'_>) {
        (self.states.of(id, story), Timer { id, timers: &mut self.timers })
    }
}

/// The time at which a session is to be woken.
#[derive(Debug)]
pub(super) struct Timer<'a> {
    id: SessionId,
    timers: &'a mut Timers,
}

impl Timer<'_> {
    /// Sets the time, and replaces the one before.
    pub(super) fn set(&mut self, at: Duration) {
        self.timers.set(self.id, at);
    }

    /// The session does not have to be woken.
    pub(super) fn clear(&mut self) {
        self.timers.clear(self.id);
    }
}

/// A state for each connection that carries a stream. A rule removes it when the connection is gone.
#[derive(Debug)]
pub(super) struct PerLine<S> {
    states: FxHashMap<u64, S>,
}

impl<S> Default for PerLine<S> {
    fn default() -> Self {
        Self { states: FxHashMap::default() }
    }
}

impl<S: Default> PerLine<S> {
    /// The state of a connection, a new one if there is none.
    pub(super) fn of(&mut self, conn: u64) -> &mut S {
        self.states.entry(conn).or_default()
    }

    /// Removes the state of a connection.
    pub(super) fn take(&mut self, conn: u64) -> S {
        self.states.remove(&conn).unwrap_or_default()
    }
}

/// At most one time for each session.
#[derive(Debug, Default)]
struct Timers {
    queue: BTreeSet<(Duration, SessionId)>,
    at: FxHashMap<SessionId, Duration>,
}

impl Timers {
    /// Sets the time of a session.
    fn set(&mut self, id: SessionId, at: Duration) {
        if self.at.get(&id) == Some(&at) {
            return;
        }
        self.clear(id);
        self.queue.insert((at, id));
        self.at.insert(id, at);
    }

    /// The session does not have to be woken.
    fn clear(&mut self, id: SessionId) {
        if let Some(at) = self.at.remove(&id) {
            self.queue.remove(&(at, id));
        }
    }

    /// No session has to be woken.
    fn clear_all(&mut self) {
        self.queue.clear();
        self.at.clear();
    }

    /// The earliest time.
    fn next(&self) -> Option<Duration> {
        self.queue.first().map(|&(at, _)| at)
    }

    /// Removes a session whose time has come.
    fn due(&mut self, now: Duration) -> Option<SessionId> {
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

    #[test]
    fn the_time_of_a_session_that_the_story_does_not_know_passes() {
        let (seconds, story) = (Duration::from_secs, Story::default());
        let mut timed = Timed::<u32>::default();
        timed.of(SessionId(7), &story).1.set(seconds(1));
        assert_eq!(timed.deadline(), Some(seconds(1)));
        assert!(timed.due(seconds(2), &story).is_none());
        assert_eq!(timed.deadline(), None);
    }
}
