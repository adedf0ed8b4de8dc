//! What waits for its time.

use std::collections::BTreeMap;
use std::time::Duration;

/// What waits, by when it is due; of what is due at once, what was kept first comes first.
#[derive(Debug)]
pub(super) struct Later<T>(BTreeMap<(Duration, u64), T>);

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Later<T> {
    /// Keeps something until then.
    pub fn keep(&mut self, due: Duration, what: T) {
        let last = self.0.range((due, 0)..=(due, u64::MAX)).next_back();
        let number = last.map_or(0, |((_, number), _)| number + 1);
        self.0.insert((due, number), what);
    }

    /// Takes the next of what is due.
    pub fn take(&mut self, now: Duration) -> Option<T> {
        let entry = self.0.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// When the next is due.
    pub fn due(&self) -> Option<Duration> {
        self.0.first_key_value().map(|((due, _), _)| *due)
    }

    /// All that waits.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }
}
