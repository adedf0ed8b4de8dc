//! Which names stand for the same.

use std::collections::HashMap;

use super::canon::Name;
use super::change::{Change, What};
use super::compare::Link;

/// A name whose kind is a number: there are many names, and few kinds.
type Short = (u32, i64);

/// Which name of the old transcript is which of the new one.
#[derive(Default)]
pub(super) struct Renaming {
    kinds: HashMap<String, u32>,
    /// How often two stand at the same place, and when they did first.
    votes: HashMap<(Short, Short), (u32, u32)>,
    new: HashMap<Short, Short>,
    old: HashMap<Short, Short>,
}

impl Renaming {
    pub(super) fn vote(&mut self, old: Name<'_>, new: Name<'_>) {
        let pair = (self.short(old), self.short(new));
        let first = self.votes.len() as u32;
        let (count, _) = self.votes.entry(pair).or_insert((0, first));
        *count = count.saturating_add(1);
    }

    /// Takes those that stand at the same place most often.
    pub(super) fn decide(&mut self) {
        let mut votes: Vec<_> = std::mem::take(&mut self.votes).into_iter().collect();
        votes.sort_unstable_by_key(|(_, (count, first))| (u32::MAX - count, *first));
        for ((old, new), _) in votes {
            if !self.new.contains_key(&old) && !self.old.contains_key(&new) {
                self.new.insert(old, new);
                self.old.insert(new, old);
            }
        }
    }

    pub(super) fn allows(&self, old: Name<'_>, new: Name<'_>) -> bool {
        let (Some(old), Some(new)) = (self.known(old), self.known(new)) else { return false };
        self.new.get(&old) == Some(&new)
    }

    pub(super) fn broken(&self, links: &[Link<'_>]) -> Vec<Change> {
        let wrong = links.iter().filter(|link| !self.allows(link.old, link.new));
        let change = |link: &Link<'_>| Change {
            side: Some(link.side),
            subject: link.subject.clone(),
            what: What::Name(link.part.clone()),
            old: Some(self.expected(link.old)),
            new: Some(in_brackets(link.new)),
        };
        wrong.map(change).collect()
    }

    /// The name that is to stand for the old one.
    fn expected(&self, old: Name<'_>) -> String {
        let new = self.known(old).and_then(|old| self.new.get(&old));
        let kind = new.and_then(|new| self.kinds.iter().find(|(_, number)| **number == new.0));
        match (new, kind) {
            (Some((_, number)), Some((kind, _))) => in_brackets((kind, *number)),
            _ => in_brackets(old),
        }
    }

    fn short(&mut self, (kind, number): Name<'_>) -> Short {
        if let Some(known) = self.kinds.get(kind) {
            return (*known, number);
        }
        let next = self.kinds.len() as u32;
        self.kinds.insert(kind.to_owned(), next);
        (next, number)
    }

    fn known(&self, (kind, number): Name<'_>) -> Option<Short> {
        Some((*self.kinds.get(kind)?, number))
    }
}

fn in_brackets((kind, number): Name<'_>) -> String {
    format!("[{kind}-{}]", number.unsigned_abs())
}
