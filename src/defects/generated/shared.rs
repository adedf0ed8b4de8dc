//! What the parts of one defect know together.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::place::Place;
use crate::cm::reply::Payload;
use crate::cm::session::Token;

/// What came of a defect in a run: whether it changed anything, and which places there were.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<SeenPlaces>>);

#[derive(Debug, Default)]
struct SeenPlaces {
    fired: bool,
    /// How often each place came in one session, at most.
    places: BTreeMap<Place, u32>,
}

impl Seen {
    /// Whether it ever changed anything.
    pub fn has_fired(&self) -> bool {
        self.lock().fired
    }

    /// How often each place came in one session, at most.
    pub fn places(&self) -> BTreeMap<Place, u32> {
        self.lock().places.clone()
    }

    pub(super) fn fires(&self) {
        self.lock().fired = true;
    }

    pub(super) fn visit(&self, place: Place, times: u32) {
        let mut seen = self.lock();
        let most = seen.places.entry(place).or_default();
        *most = (*most).max(times);
    }

    fn lock(&self) -> MutexGuard<'_, SeenPlaces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What sessions and HTTP know together.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) seen: Seen,
    common: Arc<Mutex<Common>>,
}

#[derive(Debug, Default)]
pub(super) struct Common {
    /// Responses of sessions; all others belong to none.
    pub(super) of_sessions: HashSet<Token>,
    /// Responses that HTTP changes.
    pub(super) marked: HashSet<Token>,
    /// Payloads on their way to another session than this one.
    pub(super) astray: Vec<(Arc<str>, Payload)>,
    /// All sessions but this one are over.
    pub(super) spared: Option<Arc<str>>,
}

impl Shared {
    pub(super) fn new(seen: &Seen) -> Self {
        Self { seen: seen.clone(), common: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Common> {
        self.common.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
