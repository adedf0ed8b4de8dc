//! What is chosen at random for one run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::random::Random;

/// The source of what is random, and what of it the scenario asked for.
pub(super) struct Chance {
    random: Mutex<Box<dyn Random>>,
    /// The texts that the scenario had made.
    made: Mutex<Vec<String>>,
}

impl Chance {
    pub(super) fn new(random: Box<dyn Random>) -> Self {
        Self { random: Mutex::new(random), made: Mutex::default() }
    }

    /// So many letters and digits.
    pub(super) fn token(&self, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bytes = vec![0; length];
        lock(&self.random).fill(&mut bytes);
        bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
    }

    pub(super) fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        lock(&self.random).fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A token for the scenario, which is remembered.
    pub(super) fn text(&self, length: usize) -> String {
        let text = self.token(length);
        lock(&self.made).push(text.clone());
        text
    }

    /// The texts that the scenario had made.
    pub(super) fn texts(&self) -> Vec<String> {
        lock(&self.made).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
