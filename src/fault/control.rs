//! The faults in force, for all connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::engine::{Change, Engine};
use super::specification::Fault;
use crate::clock::Clock;
use crate::random::Random;

/// The faults in force, for any number of connections. Copies of it are the same.
#[derive(Debug, Clone)]
pub struct Faults {
    shared: Arc<Shared>,
    pub(super) clock: Clock,
}

#[derive(Debug)]
struct Shared {
    engine: Mutex<Engine>,
    /// A message that was to be overtaken may be passed on.
    released: Notify,
}

impl Faults {
    /// These faults are in force from now on.
    pub fn new(faults: Vec<Fault>, clock: Clock, random: Box<dyn Random>) -> Self {
        let mut engine = Engine::new(random);
        engine.set(faults.into_iter().map(Arc::new).collect(), clock.now());
        Self {
            shared: Arc::new(Shared { engine: Mutex::new(engine), released: Notify::new() }),
            clock,
        }
    }

    /// These are in force in place of the others. Those that were in force before go on counting.
    pub fn set(&self, faults: Vec<Fault>) -> Change {
        let now = self.clock.now();
        self.engine().set(faults.into_iter().map(Arc::new).collect(), now)
    }

    /// This one is in force too.
    pub fn add(&self, fault: Fault) {
        let mut all = self.list();
        all.push(Arc::new(fault));
        let now = self.clock.now();
        self.engine().set(all, now);
    }

    /// None is in force any more. What is held back is still passed on when it is due.
    pub fn clear(&self) -> Change {
        self.set(Vec::new())
    }

    /// Those in force, in their order.
    pub fn list(&self) -> Vec<Arc<Fault>> {
        self.engine().list().cloned().collect()
    }

    /// The clock by which they are in force.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.shared.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes connections on which messages wait to be overtaken.
    pub(super) fn wake(&self) {
        self.shared.released.notify_waiters();
    }

    /// Done when a message that was to be overtaken may be passed on.
    pub(super) fn woken(&self) -> Notified<'_> {
        self.shared.released.notified()
    }
}
