//! Many trials, some at a time: each has its own server, account and client.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::bench::Bench;
use super::run::try_client;
use crate::clock::Clock;
use crate::runner::{Job, Outcome};

/// Runs jobs with a client, so many at a time; outcomes come as they are done, with the place of their job. Whoever drops the
/// future ends it.
pub async fn run_all_clients(
    bench: &Arc<Bench>,
    jobs: &[Job],
    at_once: usize,
    clock: Clock,
    mut done: impl FnMut(usize, Outcome),
) {
    let turns = Arc::new(Semaphore::new(at_once.max(1)));
    let (send, mut outcomes) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for (place, job) in jobs.iter().cloned().enumerate() {
        let (bench, turns, send) = (Arc::clone(bench), Arc::clone(&turns), send.clone());
        tasks.spawn(async move {
            let _turn = turns.acquire().await;
            let outcome = try_client(&bench, &job, clock).await;
            let _ = send.send((place, outcome)); // nobody listens when it was interrupted
        });
    }
    drop(send);
    while let Some((place, outcome)) = outcomes.recv().await {
        done(place, outcome);
    }
}
