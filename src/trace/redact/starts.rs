//! Searches for many values at once by how they begin. Values come and go one by one, as they are learned and forgotten, so that
//! nothing is prepared: an automaton would have to be built anew for each.

use std::ops::Range;

use rustc_hash::FxHashMap;

/// No value that is looked for is shorter.
pub(super) const SHORTEST: usize = 4;
/// So many bits say whether some value begins in a certain way; 8 kB.
const BITS: usize = 1 << 16;

/// What is looked for, with a note about each.
#[derive(Debug, Clone)]
pub(super) struct Starts<T> {
    by: FxHashMap<u32, Vec<Sought<T>>>,
    /// A bit for each start in `by`, and perhaps for some that are no more there; nothing as long as nothing is looked for.
    bits: Vec<u64>,
    /// How many were removed since these were made.
    removed: usize,
}

/// Bytes that are looked for, and the note about them.
type Sought<T> = (Box<[u8]>, T);

impl<T> Default for Starts<T> {
    fn default() -> Self {
        Self { by: FxHashMap::default(), bits: Vec::new(), removed: 0 }
    }
}

impl<T> Starts<T> {
    /// Looks for these bytes from now on, if they are not too short.
    pub(super) fn add(&mut self, bytes: Vec<u8>, note: T) {
        let Some(start) = start(&bytes) else { return };
        self.mark(start);
        self.by.entry(start).or_default().push((bytes.into(), note));
    }

    /// Looks no more for these bytes, as far as they have such a note.
    pub(super) fn remove(&mut self, bytes: &[u8], is_it: impl Fn(&T) -> bool) {
        let Some(start) = start(bytes) else { return };
        let Some(here) = self.by.get_mut(&start) else { return };
        here.retain(|(other, note)| **other != *bytes || !is_it(note));
        if here.is_empty() {
            self.by.remove(&start);
        }
        self.removed += 1;
        if self.removed > self.by.len() {
            self.removed = 0;
            self.bits.fill(0);
            let all: Vec<u32> = self.by.keys().copied().collect();
            for start in all {
                self.mark(start);
            }
        }
    }

    /// Where something stands that is looked for, in the order in which it begins.
    pub(super) fn find(&self, bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, &T)> {
        let all = if self.by.is_empty() { &[] } else { bytes };
        all.windows(SHORTEST)
            .enumerate()
            .filter_map(|(at, four)| {
                let start = start(four)?;
                let (word, bit) = place(start);
                (self.bits[word] & bit != 0).then_some((at, start))
            })
            .flat_map(move |(at, start)| {
                let here = self.by.get(&start).into_iter().flatten();
                here.filter(move |(value, _)| bytes[at..].starts_with(value))
                    .map(move |(value, note)| (at..at + value.len(), note))
            })
    }

    fn mark(&mut self, start: u32) {
        self.bits.resize(BITS / 64, 0);
        let (word, bit) = place(start);
        self.bits[word] |= bit;
    }
}

/// How these bytes begin.
fn start(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_le_bytes)
}

/// The bit of a start.
fn place(start: u32) -> (usize, u64) {
    let hash = start.wrapping_mul(0x9e37_79b1) >> 16;
    (hash as usize / 64, 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// It finds what a simple search finds, whatever was removed before.
        #[test]
        fn as_one_by_one(
            values in prop::collection::vec("[ab]{3,7}", 0..12),
            removed in prop::collection::vec(any::<bool>(), 12),
            text in "[abc]{0,60}",
        ) {
            let mut starts = Starts::default();
            for (number, value) in values.iter().enumerate() {
                starts.add(value.clone().into_bytes(), number);
            }
            for (number, value) in values.iter().enumerate().filter(|(number, _)| removed[*number]) {
                starts.remove(value.as_bytes(), |note| *note == number);
            }
            let mut found: Vec<_> =
                starts.find(text.as_bytes()).map(|(range, note)| (range.start, range.end, *note)).collect();
            let mut expected = Vec::new();
            for (number, value) in values.iter().enumerate() {
                let is_there = value.len() >= SHORTEST && !removed[number];
                for at in (0..text.len()).filter(|at| is_there && text[*at..].starts_with(value)) {
                    expected.push((at, at + value.len(), number));
                }
            }
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
