//! All sessions of a trace, as far as they are remembered.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::bosh::BoshLink;
use super::id::SessionId;
use super::session::{Link, Session};
use super::streams::Stream;

/// How many sessions that are over are remembered.
const REMEMBERED: usize = 1000;
/// How many sessions are remembered before those of which nothing was heard the longest are forgotten.
const MANY: usize = 16_384;

/// The sessions, by number, by `sid`, and by what they are resumed by.
#[derive(Debug)]
pub(super) struct Sessions {
    /// Boxed: a table has room to spare, and sessions are many.
    all: FxHashMap<SessionId, Box<Session>>,
    by_sid: HashMap<String, SessionId>,
    by_previd: HashMap<String, SessionId>,
    /// Those that are over, the oldest first.
    over: VecDeque<SessionId>,
    /// At this number of sessions, some are forgotten.
    many: usize,
    begun: u32,
    /// Those that turned out to be others, resumed.
    joined: u32,
    /// Those that the server did not open.
    refused: u32,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            all: FxHashMap::default(),
            by_sid: HashMap::new(),
            by_previd: HashMap::new(),
            over: VecDeque::new(),
            many: MANY,
            begun: 0,
            joined: 0,
            refused: 0,
        }
    }
}

impl Sessions {
    pub(super) fn get(&self, id: SessionId) -> Option<&Session> {
        self.all.get(&id).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.all.get_mut(&id).map(Box::as_mut)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.all.values().map(Box::as_ref)
    }

    /// How many there were: what was asked for and refused is none.
    pub(super) fn begun(&self) -> u32 {
        self.begun - self.joined - self.refused
    }

    /// How many were asked for and refused.
    pub(super) fn refused(&self) -> u32 {
        self.refused
    }

    /// The server did not open this session.
    pub(super) fn refuse(&mut self, id: SessionId) {
        if self.all.get(&id).is_some_and(|session| !session.over) {
            self.refused += 1;
            self.end(id);
        }
    }

    /// Begins a session of BOSH that has no sid yet.
    pub(super) fn begin(&mut self, at: Duration) -> SessionId {
        self.begin_on(Link::Bosh(BoshLink::default()), at)
    }

    /// Begins a session on what carries it.
    pub(super) fn begin_on(&mut self, link: Link, at: Duration) -> SessionId {
        self.begun += 1;
        let id = SessionId(self.begun);
        let name = link.line().map(|line| match link {
            Link::Tcp(_) => format!("tcp{}", line.conn).into(),
            _ => format!("ws{}", line.conn).into(),
        });
        let stream = Stream::default();
        let session = Session { id, began: at, last: at, over: false, name, stream, link };
        if self.all.len() >= self.many {
            self.forget_quiet();
        }
        self.all.insert(id, Box::new(session));
        id
    }

    /// The session with this sid; a new one where the trace has not seen it before.
    pub(super) fn with_sid(&mut self, sid: &str, at: Duration) -> SessionId {
        if let Some(&id) = self.by_sid.get(sid) {
            return id;
        }
        let id = self.begin(at);
        if let Some(link) = self.get_mut(id).and_then(Session::bosh_mut) {
            link.sid = Some(sid.to_owned());
        }
        self.learn_sid(id);
        id
    }

    /// The session has got its sid: from now on it is found by that.
    pub(super) fn learn_sid(&mut self, id: SessionId) {
        if let Some(sid) = self.get(id).and_then(Session::sid) {
            self.by_sid.insert(sid.to_owned(), id);
        }
    }

    /// The session can be resumed by what the server has called it.
    pub(super) fn learn_previd(&mut self, id: SessionId) {
        let management = self.all.get(&id).map(|session| session.stream.management());
        if let Some(previd) = management.and_then(|management| management.id.clone()) {
            self.by_previd.insert(previd, id);
            // A server may call it something else each time.
            if self.by_previd.len() > 2 * self.all.len() + REMEMBERED {
                let is_called = |previd: &String, session: &Session| {
                    session.stream.management().id.as_ref() == Some(previd)
                };
                self.by_previd.retain(|previd, id| {
                    self.all.get(id).is_some_and(|session| is_called(previd, session))
                });
            }
        }
    }

    /// The session that is resumed by this id.
    pub(super) fn with_previd(&self, previd: &str) -> Option<SessionId> {
        self.by_previd.get(previd).copied().filter(|id| self.all.contains_key(id))
    }

    /// Two sessions are one: what was learned of `new` since it began becomes part of `old`, which it resumes.
    pub(super) fn join(&mut self, new: SessionId, old: SessionId) {
        let Some(mut new) = self.all.remove(&new) else { return };
        self.joined += 1;
        if let Some(session) = self.all.get_mut(&old) {
            session.link = new.link;
            session.last = new.last;
            session.stream.management_mut().resuming = new.stream.management_mut().resuming.take();
            session.stream.headers = new.stream.headers;
            if std::mem::take(&mut session.over) {
                self.over.retain(|&id| id != old);
            }
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
            let Some(session) = self.all.remove(&id) else { continue };
            if let Some(sid) = session.sid() {
                self.by_sid.remove(sid);
            }
            if let Some(previd) = &session.stream.management().id {
                self.by_previd.remove(previd);
            }
        }
    }

    /// Forgets the half of the sessions of which nothing was heard the longest, but none with an open request or connection.
    fn forget_quiet(&mut self) {
        let mut last: Vec<_> = self.all.values().map(|session| session.last).collect();
        let middle = last.len() / 2;
        let (_, &mut since, _) = last.select_nth_unstable(middle);
        let is_used = |session: &Session| {
            !session.open().is_empty() || session.link.line().is_some_and(|line| !line.gone)
        };
        self.all.retain(|_, session| session.last >= since || is_used(session));
        self.by_sid.retain(|_, id| self.all.contains_key(id));
        self.by_previd.retain(|_, id| self.all.contains_key(id));
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
