//! Which streams can be resumed, by the ids that clients name.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jid::BareJid;

use crate::cm::backend::Link;

/// Ended streams of which it is remembered how much they had received.
const REMEMBERED: usize = 1000;

/// The streams that can be resumed, and some that could be.
#[derive(Debug, Default)]
pub(in crate::cm::server) struct Resumptions {
    streams: HashMap<String, (Link, Duration)>,
    ended: VecDeque<(String, BareJid, u32)>,
}

impl Resumptions {
    pub(super) fn enabled(&mut self, id: String, stream: Link, most: Duration) {
        self.streams.insert(id, (stream, most));
    }

    /// The stream of this id.
    pub(super) fn stream(&self, id: &str) -> Option<Link> {
        self.streams.get(id).map(|(stream, _)| *stream)
    }

    /// How long the stream of this id waits to be resumed.
    pub(super) fn most(&self, id: &str) -> Option<Duration> {
        self.streams.get(id).map(|(_, most)| *most)
    }

    /// How much a stream had received that is over.
    pub(super) fn ended(&self, id: &str, user: &BareJid) -> Option<u32> {
        let found = self.ended.iter().find(|(known, of, _)| known == id && of == user);
        found.map(|(_, _, handled)| *handled)
    }

    pub(super) fn end(&mut self, id: String, user: BareJid, handled: u32) {
        self.streams.remove(&id);
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back((id, user, handled));
    }
}
