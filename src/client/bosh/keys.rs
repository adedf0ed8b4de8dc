//! Key sequences as a client makes them (XEP-0124 §15.3): hashes of a seed, used from the last to the first.

use std::fmt::Write as _;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The keys of a session: one sequence after the other.
#[derive(Debug)]
pub struct Keys {
    length: usize,
    seed: String,
    /// How many sequences were made.
    sequences: u32,
    left: Vec<String>,
    /// The sequence that follows, once only one key is left.
    following: Vec<String>,
}

impl Keys {
    /// Sequences of this length, of a seed that nobody can guess.
    pub fn new(length: usize, seed: impl Into<String>) -> Self {
        let mut keys = Self {
            length: length.max(1),
            seed: seed.into(),
            sequences: 0,
            left: Vec::new(),
            following: Vec::new(),
        };
        keys.left = keys.sequence();
        keys.prepare();
        keys
    }

    fn sequence(&mut self) -> Vec<String> {
        self.sequences += 1;
        sequence(&format!("{} {}", self.seed, self.sequences), self.length)
    }

    fn prepare(&mut self) {
        // The `newkey` of the sequence stands behind its keys until it is sent.
        if self.left.len() <= 2 && self.following.is_empty() {
            self.following = self.sequence();
        }
    }

    /// The `newkey` of the creation request.
    pub fn first(&mut self) -> String {
        self.left.pop().unwrap_or_default()
    }

    /// `key` of the next request, which is not used yet.
    pub fn peek(&self) -> &str {
        self.left.last().map_or("", String::as_str)
    }

    /// `newkey` of the next request, if it will have one.
    pub fn peek_newkey(&self) -> Option<&str> {
        self.following.last().filter(|_| self.left.len() == 1).map(String::as_str)
    }

    /// `key` of the next request, and `newkey` if that is the last of its sequence.
    pub fn take(&mut self) -> (String, Option<String>) {
        let key = self.left.pop().unwrap_or_default();
        let newkey = self.left.is_empty().then(|| {
            self.left = std::mem::take(&mut self.following);
            self.first()
        });
        self.prepare();
        (key, newkey)
    }
}

fn sequence(seed: &str, length: usize) -> Vec<String> {
    let mut keys = Vec::with_capacity(length + 1);
    let mut key = seed.to_owned();
    // One more than are used as keys: the last hash is the `newkey`.
    for _ in 0..=length {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        key = hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}"); // a string takes everything
            hex
        });
        keys.push(key.clone());
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_used_from_the_last_to_the_first() {
        let mut keys = Keys::new(2, "seed");
        let hash = |text: &str| sequence(text, 1)[0].clone();
        let newkey = keys.first();
        let (first, none) = keys.take();
        assert_eq!(hash(&first), newkey);
        assert_eq!(none, None);
        assert!(keys.peek_newkey().is_some());
        let (second, newkey) = keys.take();
        assert_eq!(hash(&second), first);
        let (third, _) = keys.take();
        assert_eq!(hash(&third), newkey.unwrap());
        assert_ne!(hash(&third), hash(&first), "each sequence is another");
    }
}
