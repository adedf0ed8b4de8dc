//! Tests of how long something takes, on a machine that does much else beside. What the lag of this machine may have
//! caused is inconclusive, and is tried again; what fails though the machine was in time fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A machine that does nothing else is never this late.
const LATE: Duration = Duration::from_millis(2);
/// So many attempts that are late are a failure all the same: nothing is learned from a machine that is always late.
const ATTEMPTS: usize = 10;

/// Sees how late this machine is, until it is dropped.
struct Watch {
    worst: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watch {
    fn start() -> Self {
        let watch = Self { worst: Arc::default(), over: Arc::default() };
        let (worst, over) = (Arc::clone(&watch.worst), Arc::clone(&watch.over));
        thread::spawn(move || {
            let nap = Duration::from_millis(1);
            while !over.load(Ordering::Relaxed) {
                let start = Instant::now();
                thread::sleep(nap);
                let late = start.elapsed().saturating_sub(nap).as_micros();
                worst.fetch_max(late.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        });
        watch
    }

    fn worst(&self) -> Duration {
        Duration::from_micros(self.worst.load(Ordering::Relaxed))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Does something of which the time matters, until it succeeds. It fails if an attempt does in which this machine was in
/// time, or if there were too many.
#[track_caller]
pub fn in_time<T>(mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let mut attempts = 1;
    loop {
        let watch = Watch::start();
        let why = match attempt() {
            Ok(done) => return done,
            Err(why) => why,
        };
        let worst = watch.worst();
        assert!(
            worst >= LATE && attempts < ATTEMPTS,
            "{why}\nThis was attempt {attempts}, and this machine was at most {worst:?} late."
        );
        attempts += 1;
    }
}

/// That a time that was measured is in bounds, for [`in_time`].
pub fn between(least: Duration, took: Duration, most: Duration, what: &str) -> Result<(), String> {
    if (least..most).contains(&took) {
        return Ok(());
    }
    Err(format!("{what}: {took:?}, and not from {least:?} to {most:?}"))
}
