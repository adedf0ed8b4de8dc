//! Which names stand for the same.

use std::collections::HashMap;

use super::canon::Name;
use super::change::{Change, What};
use super::compare::Link;

/// Which name of the old transcript is which of the new one.
#[derive(Default)]
pub(super) struct Renaming<'a> {
    /// How often two stand at the same place, and when they did first.
    votes: HashMap<(Name<'a>, Name<'a>), (usize, usize)>,
    new: HashMap<Name<'a>, Name<'a>>,
    old: HashMap<Name<'a>, Name<'a>>,
}

impl<'a> Renaming<'a> {
    pub(super) fn vote(&mut self, old: Name<'a>, new: Name<'a>) {
        let first = self.votes.len();
        self.votes.entry((old, new)).or_insert((0, first)).0 += 1;
    }

    /// Takes those that stand at the same place most often.
    pub(super) fn decide(&mut self) {
        let mut votes: Vec<_> = self.votes.drain().collect();
        votes.sort_unstable_by_key(|(_, (count, first))| (usize::MAX - count, *first));
        for ((old, new), _) in votes {
            if !self.new.contains_key(&old) && !self.old.contains_key(&new) {
                self.new.insert(old, new);
                self.old.insert(new, old);
            }
        }
    }

    pub(super) fn allows(&self, old: Name<'_>, new: Name<'_>) -> bool {
        self.new.get(&old) == Some(&new)
    }

    pub(super) fn broken(&self, links: &[Link<'_>]) -> Vec<Change> {
        let name = |(kind, number): Name<'_>| format!("[{kind}-{}]", number.unsigned_abs());
        let wrong = links.iter().filter(|link| !self.allows(link.old, link.new));
        let change = |link: &Link<'_>| Change {
            side: Some(link.side),
            subject: link.subject.clone(),
            what: What::Name(link.part.clone()),
            old: Some(name(self.new.get(&link.old).copied().unwrap_or(link.old))),
            new: Some(name(link.new)),
        };
        wrong.map(change).collect()
    }
}
