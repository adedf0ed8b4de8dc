//! Runs of empty long-polls.

use std::time::Duration;

use crate::clock::words;
use crate::report::words::held_for;
use crate::trace::Session;

/// Empty polls of one session, one after the other, with nothing between them.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) count: u64,
    pub(super) first_rid: Option<u64>,
    pub(super) last_rid: Option<u64>,
    began: Duration,
    last: Duration,
    shortest: Duration,
    longest: Duration,
    last_held: Duration,
}

impl Run {
    pub(super) fn new(began: Duration) -> Self {
        Self {
            count: 0,
            first_rid: None,
            last_rid: None,
            began,
            last: began,
            shortest: Duration::MAX,
            longest: Duration::ZERO,
            last_held: Duration::ZERO,
        }
    }

    pub(super) fn add(&mut self, at: Duration, rid: Option<u64>, held: Duration) {
        self.count += 1;
        self.first_rid = self.first_rid.or(rid);
        self.last_rid = rid.or(self.last_rid);
        self.last = at;
        self.shortest = self.shortest.min(held);
        self.longest = self.longest.max(held);
        self.last_held = held;
    }

    /// When its last answer came.
    pub(super) fn ended(&self) -> Duration {
        self.last
    }

    /// The rids, as the line shows them.
    pub(super) fn rids(&self) -> String {
        match (self.first_rid, self.last_rid) {
            (Some(first), Some(last)) if first != last => format!("{first}–{last}"),
            (Some(first), _) => first.to_string(),
            _ => "–".to_owned(),
        }
    }

    /// What the run was, when it is over.
    pub(super) fn sentence(&self, session: Option<&Session>) -> String {
        if self.count == 1 {
            return format!("empty poll, {}, empty", held_for(self.last_held, session));
        }
        let wait = session.and_then(Session::wait);
        let wait = wait.map(|wait| format!(" of wait {wait}")).unwrap_or_default();
        let (shortest, longest) = (words(self.shortest), words(self.longest));
        let held = if shortest == longest { shortest } else { format!("{shortest} to {longest}") };
        let time = words(self.last.saturating_sub(self.began));
        format!("{} empty polls in {time}, each held {held}{wait}", self.count)
    }

    /// What the run is so far, for the line that is updated.
    pub(super) fn so_far(&self, session: Option<&Session>) -> String {
        let name = session.map_or("", Session::name);
        match self.count {
            0 => format!("{name} polling"),
            1 => format!("{name} 1 empty poll, {}", held_for(self.last_held, session)),
            count => format!(
                "{name} {count} empty polls, the last {}",
                held_for(self.last_held, session)
            ),
        }
    }
}
