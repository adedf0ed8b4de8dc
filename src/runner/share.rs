//! Work that threads share: each takes the next piece that nobody has taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::schedule::{Job, jobs};
use crate::scenario::Scenario;

/// Does each of so many pieces of work, by number, on `threads` threads.
pub(super) fn share(pieces: usize, threads: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let take = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= pieces {
                return;
            }
            work(number);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(pieces) {
            if std::thread::Builder::new().spawn_scoped(scope, take).is_err() {
                break; // those that there are have to do
            }
        }
        take();
    });
}

/// All runs of these scenarios, each with the place of its scenario.
pub(super) fn placed(scenarios: &[Arc<Scenario>]) -> impl Iterator<Item = (usize, Job)> {
    scenarios.iter().enumerate().flat_map(|(place, scenario)| {
        jobs(std::slice::from_ref(scenario)).into_iter().map(move |job| (place, job))
    })
}
