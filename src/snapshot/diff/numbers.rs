//! Numbers in place of texts, which can be compared and need little memory.

use std::hash::{BuildHasher, Hash, RandomState};

/// Numbers that are equal for texts that are equal. Two others are equal once in 10^19, and nobody who writes a file can
/// choose which: the key is another at every run.
#[derive(Default)]
pub(super) struct Numbers(RandomState);

impl Numbers {
    pub(super) fn of(&self, text: impl Hash) -> u64 {
        self.0.hash_one(text)
    }
}
