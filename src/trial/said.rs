//! What a client says beside what is on the wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines that are kept of what it writes; the last ones.
const LINES: usize = 40;
/// Bytes that are kept of a line.
pub(super) const LINE: usize = 400;
/// What begins a line that says that the client cannot do what it is told.
const CANNOT: &str = "cannot ";

/// What a client has said.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    lines: Vec<String>,
    cannot: Option<String>,
}

impl Said {
    /// The last lines.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    /// What it cannot do, in its words.
    pub(super) fn cannot(&self) -> Option<String> {
        self.lock().cannot.clone()
    }

    /// It cannot do this.
    pub(super) fn declines(&self, what: &str) {
        self.lock().cannot.get_or_insert_with(|| what.to_owned());
    }

    /// It writes a line where it may say what it cannot do.
    pub(super) fn answers(&self, line: &str) {
        if let Some(what) = line.strip_prefix(CANNOT) {
            self.declines(what);
        }
        self.writes(line);
    }

    /// It writes a line.
    pub(super) fn writes(&self, line: &str) {
        let mut known = self.lock();
        if known.lines.len() == LINES {
            known.lines.remove(0);
        }
        known.lines.push(line.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
