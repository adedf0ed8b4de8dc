//! What differs between two strands that are the same one.

use std::collections::{HashMap, HashSet, VecDeque};

use super::align::{self, Keys, Pairs};
use super::canon::{Canon, Name, names_of};
use super::change::{Change, ExchangeDiff, Place, StrandDiff, What};
use super::compare::{Carried, Comparison, take_equal};
use super::numbers::Numbers;
use super::renaming::Renaming;
use super::strands::{self, Keyed};
use super::words;
use crate::snapshot::{Exchange, Strand, Tree};
use crate::wire::Side;

/// What is further away is not the same exchange at another place, but another one.
const FAR: u64 = 8;

/// A strand that is in both.
pub(super) struct Both<'a> {
    old: &'a Strand,
    new: &'a Strand,
    old_keys: &'a [Keys],
    new_keys: &'a [Keys],
    entries: Vec<Entry>,
    /// Exchanges that stand at another place: their numbers in both.
    moved: Vec<(usize, usize)>,
}

/// An exchange, or two that are the same one.
struct Entry {
    old: Option<usize>,
    new: Option<usize>,
    swapped: bool,
    changes: Vec<Change>,
    carried: Vec<Carried>,
    /// Nothing differs in it but names and the rid.
    plain: bool,
}

impl<'a> Both<'a> {
    pub(super) fn of(numbers: &Numbers, old: &'a Keyed<'a>, new: &'a Keyed<'a>) -> Self {
        let pairs = align::exchanges(&old.keys, &new.keys);
        let entry = |(old, new)| Entry {
            old,
            new,
            swapped: false,
            changes: Vec::new(),
            carried: Vec::new(),
            plain: false,
        };
        let mut both = Self {
            old: old.strand,
            new: new.strand,
            old_keys: &old.keys,
            new_keys: &new.keys,
            moved: moved(&pairs, old, new),
            entries: pairs.into_iter().map(entry).collect(),
        };
        both.swaps(numbers);
        both.compare();
        both.rids();
        both.stanzas_moved();
        both.places();
        both
    }

    fn old_place(&self, n: usize) -> Place {
        place(self.old_keys, n)
    }

    fn new_place(&self, n: usize) -> Place {
        place(self.new_keys, n)
    }

    /// Finds requests whose responses changed places.
    fn swaps(&mut self, numbers: &Numbers) {
        let none = Canon { own: None };
        // What a response carries, as a number.
        let carried = |exchange: &Exchange| {
            let body = exchange.server.xml().filter(|body| !body.nodes.is_empty())?;
            Some(numbers.of(body.nodes.iter().map(|node| none.leaf(node)).collect::<String>()))
        };
        let mut waiting: HashMap<(u64, u64), usize> = HashMap::new();
        let mut swaps = Vec::new();
        for (number, entry) in self.entries.iter().enumerate() {
            let (Some(i), Some(j)) = (entry.old, entry.new) else { continue };
            if self.old_keys[i].response == self.new_keys[j].response {
                continue;
            }
            let carried =
                (carried(&self.old.exchanges.get(i)), carried(&self.new.exchanges.get(j)));
            let (Some(had), Some(has)) = carried else { continue };
            if had == has {
                continue;
            }
            match waiting.remove(&(has, had)) {
                Some(first) => swaps.push((first, number, i, j)),
                None => drop(waiting.insert((had, has), number)),
            }
        }
        for (first, second, i, _) in swaps {
            let before = self.entries[first].old.map(|n| self.old_place(n).label());
            let change = Change {
                side: Some(Side::Server),
                subject: String::new(),
                what: What::Swapped,
                old: before,
                new: Some(self.old_place(i).label()),
            };
            self.entries[first].changes.push(change);
            self.entries[first].swapped = true;
            self.entries[second].swapped = true;
        }
    }

    fn compare(&mut self) {
        let (old_keys, new_keys) = (self.old_keys, self.new_keys);
        let (left, came): (HashSet<usize>, HashSet<usize>) = self.moved.iter().copied().unzip();
        for entry in &mut self.entries {
            match (entry.old, entry.new) {
                (Some(i), Some(j)) if old_keys[i].whole() == new_keys[j].whole() => {
                    entry.plain = true;
                }
                (Some(i), Some(j)) => {
                    let (old, new) = (self.old.exchanges.get(i), self.new.exchanges.get(j));
                    let found = Comparison::of(&old, &new, entry.swapped);
                    let before = entry.changes.len();
                    entry.changes.extend(found.changes);
                    if entry.changes.is_empty() && !entry.swapped {
                        // Never say that there is no difference where there is one.
                        let side = (old_keys[i].request == new_keys[j].request)
                            .then_some(Side::Server)
                            .or(Some(Side::Client));
                        let subject = String::new();
                        let what = What::Other;
                        entry.changes.push(Change { side, subject, what, old: None, new: None });
                    }
                    let shifted = |mut carried: Carried| {
                        carried.change = carried.change.map(|n| n + before);
                        carried
                    };
                    entry.carried = found.carried.into_iter().map(shifted).collect();
                }
                (Some(i), None) if !left.contains(&i) => {
                    entry.carried = carried(&self.old.exchanges.get(i), false);
                }
                (None, Some(j)) if !came.contains(&j) => {
                    entry.carried = carried(&self.new.exchanges.get(j), true);
                }
                _ => {}
            }
        }
    }

    /// Finds rids that are not explained by requests that came or went.
    fn rids(&mut self) {
        let rid = |keys: &[Keys], n: Option<usize>| keys[n?].rid;
        let mut both = Vec::new();
        let (mut only_old, mut only_new) = (Vec::new(), Vec::new());
        for (number, entry) in self.entries.iter().enumerate() {
            match (rid(self.old_keys, entry.old), rid(self.new_keys, entry.new)) {
                (Some(old), Some(new)) => both.push((number, old, new)),
                (old, new) => {
                    only_old.extend(old);
                    only_new.extend(new);
                }
            }
        }
        let mut before: HashSet<i64> = both.iter().map(|(_, old, _)| *old).collect();
        let mut after: HashSet<i64> = both.iter().map(|(_, _, new)| *new).collect();
        before.extend(self.moved.iter().filter_map(|moved| rid(self.old_keys, Some(moved.0))));
        after.extend(self.moved.iter().filter_map(|moved| rid(self.new_keys, Some(moved.1))));
        let sorted = |mut all: Vec<i64>, known: &HashSet<i64>| {
            all.retain(|rid| !known.contains(rid));
            all.sort_unstable();
            all.dedup();
            all
        };
        let (only_old, only_new) = (sorted(only_old, &before), sorted(only_new, &after));
        // Any number may stand there.
        let among_both = |rid: i64, alone: &[i64]| {
            i128::from(rid) - alone.partition_point(|known| *known < rid) as i128
        };
        let steps: Vec<i128> = both
            .iter()
            .map(|&(_, old, new)| among_both(new, &only_new) - among_both(old, &only_old))
            .collect();
        // A session that was set up before is not in it from its beginning.
        let begins = [self.old_keys, self.new_keys]
            .iter()
            .all(|keys| keys.first().and_then(|keys| keys.rid) == Some(0));
        let expected = if begins { 0 } else { steps.first().copied().unwrap_or_default() };
        let mut found = unexpected(&steps, expected);
        let reads_the_same = |n: &usize| both[*n].1 == both[*n].2;
        // Then it is the others that are not as they were.
        if found.iter().any(reads_the_same) {
            found = unexpected(&steps, 0);
        }
        found.retain(|n| !reads_the_same(n));
        for (number, old, new) in found.into_iter().map(|n| both[n]) {
            let entry = &mut self.entries[number];
            let value = |rid: i64| Some(format!("[rid{rid:+}]"));
            let (subject, what) = (String::new(), What::Rid);
            let side = Some(Side::Client);
            let change = Change { side, subject, what, old: value(old), new: value(new) };
            entry.changes.push(change);
        }
    }

    /// Says of a stanza that left one message and came in another that it moved.
    fn stanzas_moved(&mut self) {
        let mut waiting: HashMap<_, VecDeque<(usize, usize)>> = HashMap::new();
        let mut moves = Vec::new();
        for (number, entry) in self.entries.iter().enumerate() {
            for (n, carried) in entry.carried.iter().enumerate() {
                let client = carried.side == Side::Client;
                let other = waiting.get_mut(&(client, &*carried.canon, !carried.gained));
                match other.and_then(VecDeque::pop_front) {
                    Some(there) if carried.gained => moves.push((there, (number, n))),
                    Some(there) => moves.push(((number, n), there)),
                    None => {
                        let key = (client, &*carried.canon, carried.gained);
                        waiting.entry(key).or_default().push_back((number, n));
                    }
                }
            }
        }
        let mut dropped: HashSet<(usize, usize)> = HashSet::new();
        for ((from, lost), (to, gained)) in moves {
            let (was, is) = (&self.entries[from].carried[lost], &self.entries[to].carried[gained]);
            if was.change.is_none() && is.change.is_none() {
                continue;
            }
            dropped.extend(was.change.map(|n| (from, n)));
            dropped.extend(is.change.map(|n| (to, n)));
            let label = |entry: &Entry| match (entry.old, entry.new) {
                (Some(n), _) => Some(self.old_place(n).label()),
                (None, Some(n)) => Some(format!("the added {}", self.new_place(n).label())),
                (None, None) => None,
            };
            let change = Change {
                side: Some(was.side),
                subject: was.words.clone(),
                what: What::Moved,
                old: label(&self.entries[from]),
                new: label(&self.entries[to]),
            };
            let at = if was.change.is_some() { from } else { to };
            self.entries[at].changes.push(change);
        }
        for (number, entry) in self.entries.iter_mut().enumerate() {
            let mut n = 0;
            entry.changes.retain(|_| {
                n += 1;
                !dropped.contains(&(number, n - 1))
            });
        }
    }

    /// Says of exchanges that they stand at another place.
    fn places(&mut self) {
        let after = |keys: &[Keys], n: usize| {
            let before = n.checked_sub(1).map(|n| place(keys, n).label());
            Some(before.map_or("first".to_owned(), |label| format!("after {label}")))
        };
        let (old, new): (HashSet<usize>, HashMap<usize, usize>) = (
            self.moved.iter().map(|moved| moved.0).collect(),
            self.moved.iter().map(|&(i, j)| (j, i)).collect(),
        );
        self.entries
            .retain(|entry| entry.new.is_some() || entry.old.is_none_or(|i| !old.contains(&i)));
        for entry in &mut self.entries {
            let (None, Some(j)) = (entry.old, entry.new) else { continue };
            let Some(&i) = new.get(&j) else { continue };
            entry.old = Some(i);
            entry.plain = true;
            let (old, new) = (after(self.old_keys, i), after(self.new_keys, j));
            let (side, subject, what) = (None, String::new(), What::Place);
            entry.changes.push(Change { side, subject, what, old, new });
        }
    }

    pub(super) fn vote(&self, renaming: &mut Renaming) {
        for entry in &self.entries {
            self.names(entry, &mut |old, new| renaming.vote(old, new));
        }
    }

    /// Passes on the names of an entry that stand at the same place. They are found again each time: kept, they would
    /// need more memory than anything else.
    fn names(&self, entry: &Entry, each: &mut dyn FnMut(Name<'_>, Name<'_>)) {
        let (Some(i), Some(j)) = (entry.old, entry.new) else { return };
        let (old, new) = (self.old.exchanges.get(i), self.new.exchanges.get(j));
        if entry.plain {
            let (mut before, mut after) = (Vec::new(), Vec::new());
            names_of(&old, &mut before);
            names_of(&new, &mut after);
            before.into_iter().zip(after).for_each(|(old, new)| each(old, new));
        } else {
            let links = Comparison::of(&old, &new, entry.swapped).links;
            for link in &links {
                each(link.old, link.new);
            }
        }
    }

    /// Says of names that they are not the ones that they should be.
    fn broken(&mut self, renaming: &Renaming) {
        let mut found: Vec<(usize, Vec<Change>)> = Vec::new();
        for (number, entry) in self.entries.iter().enumerate() {
            let (Some(i), Some(j)) = (entry.old, entry.new) else { continue };
            let mut is_broken = false;
            self.names(entry, &mut |old, new| is_broken |= !renaming.allows(old, new));
            if !is_broken {
                continue;
            }
            let (old, new) = (self.old.exchanges.get(i), self.new.exchanges.get(j));
            let swapped = entry.swapped && !entry.plain;
            found.push((number, renaming.broken(&Comparison::of(&old, &new, swapped).links)));
        }
        // Two responses with each other's ids have changed places.
        let mut waiting: HashMap<(Option<String>, Option<String>), usize> = HashMap::new();
        for n in 0..found.len() {
            let [Change { side: Some(Side::Server), subject, what: What::Name(_), old, new }] =
                &found[n].1[..]
            else {
                continue;
            };
            let Some(first) = waiting.remove(&(new.clone(), old.clone())) else {
                waiting.insert((old.clone(), new.clone()), n);
                continue;
            };
            let label = |n: usize| self.entries[n].old.map(|n| self.old_place(n).label());
            let change = Change {
                side: Some(Side::Server),
                subject: subject.clone(),
                what: What::Swapped,
                old: label(found[first].0),
                new: label(found[n].0),
            };
            found[n].1.clear();
            found[first].1 = vec![change];
        }
        for (number, changes) in found {
            self.entries[number].changes.extend(changes);
        }
    }

    pub(super) fn finish(mut self, renaming: &Renaming) -> Option<StrandDiff> {
        self.broken(renaming);
        let mut exchanges = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            let is_pair = entry.old.is_some() && entry.new.is_some();
            if is_pair && entry.changes.is_empty() {
                continue;
            }
            let of = |n: Option<usize>, strand: &'a Strand| n.map(|n| strand.exchanges.get(n));
            let Some(shown) = of(entry.new, self.new).or(of(entry.old, self.old)) else { continue };
            exchanges.push(ExchangeDiff {
                old: entry.old.map(|n| self.old_place(n)),
                new: entry.new.map(|n| self.new_place(n)),
                request: words::request(&shown),
                response: words::response(&shown),
                changes: entry.changes,
            });
        }
        let mut changes = Vec::new();
        if strands::title(&self.old.title) != strands::title(&self.new.title) {
            let (old, new) = (Some(self.old.title.clone()), Some(self.new.title.clone()));
            changes.push(Change {
                side: None,
                subject: String::new(),
                what: What::Title,
                old,
                new,
            });
        }
        if exchanges.is_empty() && changes.is_empty() {
            return None;
        }
        Some(StrandDiff {
            old: Some(self.old.title.clone()),
            new: Some(self.new.title.clone()),
            length: self.old.exchanges.len(),
            changes,
            exchanges,
        })
    }
}

fn place(keys: &[Keys], n: usize) -> Place {
    let rid = keys.get(n).and_then(|keys| keys.rid).map(|rid| format!("[rid{rid:+}]"));
    Place { number: n + 1, rid }
}

/// Which steps are other than the one before them; a single one does not change what is expected of those behind it.
fn unexpected(steps: &[i128], mut expected: i128) -> Vec<usize> {
    let mut found = Vec::new();
    for (n, &step) in steps.iter().enumerate() {
        if step == expected {
            continue;
        }
        if steps.get(n + 1) != Some(&expected) {
            expected = step;
        }
        found.push(n);
    }
    found
}

/// Exchanges that are in both, but at another place and not far away. One empty poll is like another: they move only if
/// the rid says so.
fn moved(pairs: &Pairs, old: &Keyed<'_>, new: &Keyed<'_>) -> Vec<(usize, usize)> {
    let mut lost: Vec<usize> = Vec::new();
    let mut gained: Vec<usize> = Vec::new();
    for &(i, j) in pairs {
        if i.is_none() || j.is_none() {
            lost.extend(i);
            gained.extend(j);
        }
    }
    let rid = |all: &Keyed<'_>, n: usize| all.keys[n].rid;
    let key = |all: &Keyed<'_>, n: usize| {
        let keys = all.keys[n];
        (keys.whole(), keys.poll.then(|| rid(all, n)))
    };
    let mut both = take_equal(&mut lost, &mut gained, |i| key(old, i), |j| key(new, j));
    both.retain(|&(i, j)| match (rid(old, i), rid(new, j)) {
        (Some(before), Some(after)) => before.abs_diff(after) <= FAR,
        _ => i.abs_diff(j) as u64 <= FAR,
    });
    both
}

/// All stanzas of an exchange that is in one alone.
fn carried(exchange: &Exchange, gained: bool) -> Vec<Carried> {
    let canon = Canon::of(exchange);
    let mut all = Vec::new();
    for (side, message) in [(Side::Client, &exchange.client), (Side::Server, &exchange.server)] {
        for stanza in message.xml().into_iter().flat_map(Tree::children) {
            let (words, canon) = (words::stanza(stanza, true), canon.element(stanza));
            all.push(Carried { canon, words, side, gained, change: None });
        }
    }
    all
}
