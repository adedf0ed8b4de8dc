//! What the parts of one defect know together.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cm::reply::Payload;
use crate::cm::session::Token;

/// Whether a defect ever came to change anything.
#[derive(Debug, Clone, Default)]
pub struct Fired(Arc<AtomicBool>);

impl Fired {
    /// Whether it did.
    pub fn has(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What sessions and HTTP know together.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) fired: Fired,
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
    pub(super) fn new(fired: &Fired) -> Self {
        Self { fired: fired.clone(), common: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Common> {
        self.common.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
