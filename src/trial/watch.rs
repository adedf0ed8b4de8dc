//! What passes between the client and the server, watched as it happens, judged by the rules, and looked at by steps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::rules::{Judge, Observation};
use crate::trace::Event;
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::wire::tap::{Item, Queue};

/// What may wait to be looked at, in bytes.
const ROOM: usize = 64 << 20;
/// How much of one message is kept.
const KEPT: usize = 4 << 20;
/// How often rules are asked whether something is overdue.
const GLANCE: Duration = Duration::from_millis(50);
/// What was sent at a time has been seen so long after it.
const SETTLE: Duration = Duration::from_millis(100);

/// What has been seen.
pub(super) struct Seen {
    /// The rules, with the story so far.
    pub(super) judge: Judge,
    /// All that was observed, in order.
    pub(super) observations: Vec<Observation>,
}

/// A watch over the connections of one server.
#[derive(Clone)]
pub(super) struct Watch {
    shared: Arc<Shared>,
    /// Where taps put what passes.
    pub(super) queue: Arc<Queue>,
    clock: Clock,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Notify,
}

impl Watch {
    /// A watch that knows these passwords, which it hides.
    ///
    /// # Errors
    /// There are no more threads.
    pub(super) fn start(clock: Clock, passwords: &[(&str, &str)]) -> std::io::Result<Self> {
        let seen = Seen { judge: Judge::default(), observations: Vec::new() };
        let shared = Arc::new(Shared { seen: Mutex::new(seen), changed: Notify::new() });
        let watch = Self { shared, queue: Queue::new(ROOM), clock };
        let intake = Intake::new(false, KEPT).knowing(passwords.iter().copied());
        let own = watch.clone();
        thread::Builder::new()
            .name("trial".to_owned())
            .spawn(move || own.look(Recorder::new(intake)))?;
        Ok(watch)
    }

    fn look(&self, mut recorder: Recorder) {
        let (mut items, mut events): (Vec<Item>, Vec<Event>) = (Vec::new(), Vec::new());
        loop {
            let open = self.queue.take(&mut items, Some(GLANCE));
            let quiet = items.is_empty();
            for item in items.drain(..) {
                recorder.take(item, &mut events);
            }
            let mut seen = self.lock();
            let Seen { judge, observations } = &mut *seen;
            for event in events.drain(..) {
                judge.take(event, observations);
            }
            if quiet {
                judge.wake(self.clock.now().saturating_sub(SETTLE), observations);
            }
            drop(seen);
            self.shared.changed.notify_waiters();
            if !open {
                return;
            }
        }
    }

    /// What has been seen so far.
    pub(super) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of the trace.
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Looks until there is what is looked for, or it is too late.
    pub(super) async fn until<T>(
        &self,
        deadline: Duration,
        mut look: impl FnMut(&Seen) -> Option<T>,
    ) -> Option<T> {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            if let Some(found) = look(&self.lock()) {
                return Some(found);
            }
            let left = deadline.saturating_sub(self.now());
            if left.is_zero() {
                return None;
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Waits until what has passed by now has been looked at.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(GLANCE + SETTLE).await;
    }

    /// All events.
    pub(super) fn events(&self) -> Vec<Event> {
        self.lock().observations.iter().filter_map(|seen| seen.event.clone()).collect()
    }

    /// Nothing more comes.
    pub(super) fn stop(&self) {
        self.queue.close();
    }
}
