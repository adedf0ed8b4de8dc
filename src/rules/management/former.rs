//! Sessions that may be resumed, by what the server has called them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::trace::{Session, SessionId};
use crate::wire::Side;

/// So many are remembered.
const REMEMBERED: usize = 1000;

/// Sessions that may be resumed.
#[derive(Debug, Default)]
pub(super) struct FormerSessions {
    all: HashMap<String, Former>,
    order: VecDeque<String>,
}

/// A session that may be resumed.
#[derive(Debug, Clone)]
pub(super) struct Former {
    pub(super) session: SessionId,
    /// The server has said that it can be resumed.
    pub(super) resumable: bool,
    /// For how many seconds.
    pub(super) max: Option<u64>,
    /// When its connection ended; none if that is open.
    pub(super) cut: Option<Duration>,
    /// Who had closed the stream before.
    pub(super) closed: Option<Side>,
}

impl FormerSessions {
    pub(super) fn get(&self, previd: &str) -> Option<&Former> {
        self.all.get(previd)
    }

    /// The server has named a session, or has resumed it.
    pub(super) fn learn(&mut self, session: &Session) {
        let management = session.stream.management();
        let Some(previd) = &management.id else { return };
        let (resumable, max) = (management.resumable, management.max);
        let former = Former { session: session.id, resumable, max, cut: None, closed: None };
        if self.all.insert(previd.clone(), former).is_none() {
            self.order.push_back(previd.clone());
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.all.remove(&oldest);
            }
        }
    }

    /// The connection of a session is gone.
    pub(super) fn cut(&mut self, session: &Session, at: Duration) {
        let former = session.stream.management().id.as_ref().and_then(|id| self.all.get_mut(id));
        if let (Some(former), Some(line)) = (former, session.link.line()) {
            former.cut = Some(at);
            let closed = |side: Side| line.closed[side as usize].map(|_| side);
            former.closed = closed(Side::Client).or(closed(Side::Server));
        }
    }
}
