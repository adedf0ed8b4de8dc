//! Many trials, some at a time: each has its own server, account and client.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::bench::Bench;
use super::command::Client;
use super::contact::{Contact, Tried, Unusable};
use super::run::try_client;
use crate::clock::Clock;
use crate::runner::{Job, Outcome};
use crate::scenario::{CLIENT_FACTS, ClientVariables, Transport};

/// Runs jobs with a client, so many at a time; outcomes come as they are done, with the place of their job. If the client
/// cannot be started, or comes over no carrier, the run ends with the reason, and there are no outcomes. Whoever drops the
/// future ends it.
pub async fn run_all_clients(
    bench: &Arc<Bench>,
    jobs: &[Job],
    at_once: usize,
    clock: Clock,
    mut done: impl FnMut(usize, Outcome),
) -> Option<Unusable> {
    let turns = Arc::new(Semaphore::new(at_once.max(1)));
    let (send, mut tried) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let mut waiting = Waiting::of(jobs, matches!(bench.client, Client::Command(_)));
    for place in waiting.order.clone() {
        let (bench, turns, send) = (Arc::clone(bench), Arc::clone(&turns), send.clone());
        let job = jobs[place].clone();
        tasks.spawn(async move {
            let _turn = turns.acquire().await;
            let tried = try_client(&bench, &job, clock).await;
            let _ = send.send((place, tried)); // nobody listens when it was interrupted
        });
    }
    drop(send);
    while let Some((place, tried)) = tried.recv().await {
        if let Some(unusable) = waiting.take(place, tried) {
            return Some(unusable);
        }
        waiting.ready().for_each(|(place, outcome)| done(place, outcome));
    }
    let missed = waiting.missed.take();
    waiting.outcomes.drain(..).for_each(|(place, outcome)| done(place, outcome));
    missed.filter(|_| !waiting.met)
}

/// Outcomes wait until the client has come once: if it never does, they say nothing about it.
struct Waiting {
    /// The places of all jobs, the first one of each carrier before all others.
    order: Vec<usize>,
    /// The carriers over which it is not known whether the client comes.
    unknown: Vec<Transport>,
    carriers: Vec<Option<Transport>>,
    outcomes: Vec<(usize, Outcome)>,
    missed: Option<Unusable>,
    /// The client has come.
    met: bool,
}

impl Waiting {
    fn of(jobs: &[Job], is_command: bool) -> Self {
        let carriers: Vec<_> = jobs.iter().map(carrier_of).collect();
        let first = |carrier| carriers.iter().position(|one| *one == Some(carrier));
        let all = Transport::ALL.map(|(_, carrier)| carrier);
        let unknown: Vec<_> = all.into_iter().filter(|one| first(*one).is_some()).collect();
        let mut order: Vec<usize> = unknown.iter().filter_map(|one| first(*one)).collect();
        let rest: Vec<_> = (0..jobs.len()).filter(|place| !order.contains(place)).collect();
        order.extend(rest);
        Self { order, unknown, carriers, outcomes: Vec::new(), missed: None, met: !is_command }
    }

    /// Takes what became of a job; the reason if the run ends with it.
    fn take(&mut self, place: usize, tried: Tried) -> Option<Unusable> {
        self.outcomes.push((place, tried.outcome));
        if self.met {
            return None;
        }
        let carrier = match tried.contact {
            Contact::Made => {
                self.met = true;
                return None;
            }
            Contact::Unneeded => self.carriers[place],
            Contact::Missed(unusable) if unusable.is_unstarted() => return Some(*unusable),
            Contact::Missed(unusable) => {
                let carrier = unusable.carrier();
                self.missed.get_or_insert(*unusable);
                Some(carrier)
            }
        };
        self.unknown.retain(|one| Some(*one) != carrier);
        if !self.unknown.is_empty() {
            return None;
        }
        // It may be able to use none of them.
        self.met = self.missed.is_none();
        self.missed.take()
    }

    /// Outcomes that need not wait any longer.
    fn ready(&mut self) -> impl Iterator<Item = (usize, Outcome)> {
        let all = if self.met { self.outcomes.len() } else { 0 };
        self.outcomes.drain(..all)
    }
}

/// What carries the session of a job.
fn carrier_of(job: &Job) -> Option<Transport> {
    let test = job.scenario.client.as_ref()?;
    let none = CLIENT_FACTS.map(|name| (name, String::new()));
    let variables = ClientVariables::of(&job.scenario, job.row, &none).ok()?;
    variables.carrier(&test.carrier).ok()
}
