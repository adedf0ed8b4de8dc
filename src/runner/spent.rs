//! What one run may do in all (docs/reference/limits.md): a scenario that repeats itself without end comes to one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Steps, and rounds of `repeat`.
const STEPS: u64 = 1_000_000;
/// Bytes of text that is made of variables.
const TEXT: usize = 512 << 20;
/// How long it may take, in its own time.
pub(super) const TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// So many rounds and steps are done before others get a turn: other runs, and whoever wants to end it.
const TURN: u64 = 64;

/// What a run has done so far.
#[derive(Debug, Default)]
pub(super) struct Spent {
    steps: AtomicU64,
    text: AtomicUsize,
}

impl Spent {
    /// One more step begins, or one more round of some. Whether others should have a turn now; in words, if it was the last.
    pub(super) fn step(&self) -> Result<bool, String> {
        let steps = self.steps.fetch_add(1, Ordering::Relaxed);
        if steps >= STEPS {
            return Err(format!("it did {STEPS} steps and repetitions, the limit for one run"));
        }
        Ok(steps % TURN == TURN - 1)
    }

    /// A text of so many bytes was made.
    pub(super) fn text(&self, bytes: usize) -> Result<(), String> {
        if self.text.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= TEXT {
            return Ok(());
        }
        Err(format!(
            "its variables made more than {} MiB of text, the limit for one run",
            TEXT >> 20
        ))
    }
}
