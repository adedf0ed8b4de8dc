//! All sessions of a trace, as far as they are remembered.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::bosh::BoshLink;
use super::id::SessionId;
use super::session::{Link, Session};
use super::streams::Stream;

/// How many sessions that are over are remembered.
const REMEMBERED: usize = 1000;
/// How many sessions are remembered before those of which nothing was heard the longest are forgotten.
const MANY: usize = 16_384;

/// The sessions, by number and by `sid`.
#[derive(Debug)]
pub(super) struct Sessions {
    all: HashMap<SessionId, Session>,
    by_sid: HashMap<String, SessionId>,
    /// Those that are over, the oldest first.
    over: VecDeque<SessionId>,
    /// At this number of sessions, some are forgotten.
    many: usize,
    begun: u32,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            all: HashMap::new(),
            by_sid: HashMap::new(),
            over: VecDeque::new(),
            many: MANY,
            begun: 0,
        }
    }
}

impl Sessions {
    pub(super) fn get(&self, id: SessionId) -> Option<&Session> {
        self.all.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.all.get_mut(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.all.values()
    }

    /// How many there were.
    pub(super) fn begun(&self) -> u32 {
        self.begun
    }

    /// Begins a session of BOSH that has no sid yet.
    pub(super) fn begin(&mut self, at: Duration) -> SessionId {
        self.begun += 1;
        let id = SessionId(self.begun);
        let session = Session {
            id,
            began: at,
            last: at,
            over: false,
            stream: Stream::default(),
            link: Link::Bosh(BoshLink::default()),
        };
        if self.all.len() >= self.many {
            self.forget_quiet();
        }
        self.all.insert(id, session);
        id
    }

    /// The session with this sid; a new one where the trace has not seen it before.
    pub(super) fn with_sid(&mut self, sid: &str, at: Duration) -> SessionId {
        if let Some(&id) = self.by_sid.get(sid) {
            return id;
        }
        let id = self.begin(at);
        if let Some(session) = self.all.get_mut(&id) {
            let Link::Bosh(link) = &mut session.link;
            link.sid = Some(sid.to_owned());
        }
        self.learn_sid(id);
        id
    }

    /// The session has got its sid: from now on it is found by that.
    pub(super) fn learn_sid(&mut self, id: SessionId) {
        if let Some(sid) = self.all.get(&id).and_then(Session::sid) {
            self.by_sid.insert(sid.to_owned(), id);
        }
    }

    /// Marks a session as over, so that it can be forgotten some day.
    pub(super) fn end(&mut self, id: SessionId) {
        if let Some(session) = self.all.get_mut(&id)
            && !session.over
        {
            session.over = true;
            self.over.push_back(id);
        }
    }

    /// Forgets the oldest of the sessions that are over, if there are too many.
    pub(super) fn forget(&mut self) {
        while self.over.len() > REMEMBERED {
            let Some(id) = self.over.pop_front() else { return };
            if let Some(sid) = self.all.remove(&id).as_ref().and_then(Session::sid) {
                self.by_sid.remove(sid);
            }
        }
    }

    /// Forgets the half of the sessions of which nothing was heard the longest, but none with an open request.
    fn forget_quiet(&mut self) {
        let mut last: Vec<_> = self.all.values().map(|session| session.last).collect();
        let middle = last.len() / 2;
        let (_, &mut since, _) = last.select_nth_unstable(middle);
        self.all.retain(|_, session| session.last >= since || !session.open().is_empty());
        self.by_sid.retain(|_, id| self.all.contains_key(id));
        self.over.retain(|id| self.all.contains_key(id));
        self.many = MANY.max(2 * self.all.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_by_its_sid_as_long_as_it_is_remembered() {
        let mut sessions = Sessions::default();
        let first = sessions.with_sid("a", Duration::ZERO);
        assert_eq!(sessions.with_sid("a", Duration::from_secs(1)), first);
        assert_eq!(sessions.get(first).and_then(Session::sid), Some("a"));
        for n in 0..REMEMBERED {
            let id = sessions.with_sid(&n.to_string(), Duration::ZERO);
            sessions.end(id);
        }
        sessions.end(first);
        sessions.end(first);
        sessions.forget();
        assert_eq!(sessions.iter().count(), REMEMBERED);
        assert_eq!(sessions.with_sid("a", Duration::ZERO), first);
        assert_ne!(sessions.with_sid("0", Duration::ZERO), SessionId(2), "it was over the longest");
        assert_eq!(sessions.begun(), u32::try_from(REMEMBERED).unwrap() + 2);
    }
}
