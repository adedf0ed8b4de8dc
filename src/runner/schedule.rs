//! Which runs there are, and in which order: one for each row of each scenario, several at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::dial::Dial;
use super::embedded;
use super::execute::{Inputs, run, words};
use super::heart::Heart;
use super::outcome::Outcome;
use super::target::{Account, Target};
use crate::clock::Clock;
use crate::defects::Defect;
use crate::random::{Secure, Seeded};
use crate::scenario::{Provision, Scenario};

/// One run.
#[derive(Debug, Clone)]
pub struct Job {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The row of its sweep, from 0.
    pub row: Option<usize>,
}

impl Job {
    /// The scenario's name, with the row.
    pub fn name(&self) -> String {
        let name = &self.scenario.name.value;
        match self.row.and_then(|row| self.scenario.sweep.get(row)) {
            None => name.clone(),
            Some(row) => format!("{name} [{}]", words(row)),
        }
    }
}

/// All runs of these scenarios, in order.
pub fn jobs(scenarios: &[Arc<Scenario>]) -> Vec<Job> {
    let of = |scenario: &Arc<Scenario>| {
        let rows = scenario.sweep.len();
        let scenario = Arc::clone(scenario);
        let numbers: Vec<_> = if rows == 0 { vec![None] } else { (0..rows).map(Some).collect() };
        numbers.into_iter().map(move |row| Job { scenario: Arc::clone(&scenario), row })
    };
    scenarios.iter().flat_map(of).collect()
}

/// Runs a job against an embedded connection manager of its own, in virtual time.
///
/// # Panics
/// Never: a runtime without sockets needs nothing of the system.
pub fn run_embedded(job: &Job, target: &Arc<Target>, defects: &[&'static Defect]) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets needs nothing of the system");
    runtime.block_on(async {
        let clock = Clock::start_at(embedded::started());
        let dial: Arc<dyn Dial> = Arc::new(embedded::start(defects, clock));
        run(Inputs {
            scenario: Arc::clone(&job.scenario),
            row: job.row,
            target: Arc::clone(target),
            dial,
            clock,
            random: Box::new(Seeded::new(3)),
            heart: None,
            round_trip: Duration::ZERO,
        })
        .await
    })
}

/// Runs jobs against embedded connection managers, on `threads` threads; outcomes come as they are done, with the place
/// of their job. It ends early when `done` says false.
pub fn run_all_embedded(
    jobs: &[Job],
    defects: &[&'static Defect],
    threads: usize,
    mut done: impl FnMut(usize, Outcome) -> bool,
) {
    let target = Arc::new(embedded::target());
    let next = AtomicUsize::new(0);
    let (send, outcomes) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (send, next, target) = (send.clone(), &next, &target);
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place) else { return };
                    if send.send((place, run_embedded(job, target, defects))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (place, outcome) in outcomes {
            if !done(place, outcome) {
                next.store(jobs.len(), Ordering::Relaxed);
                return;
            }
        }
    });
}

/// Pairs of accounts, each used by one run at a time: what one run leaves behind must not touch another.
struct Pool {
    free: Mutex<Vec<BTreeMap<String, Account>>>,
    count: Semaphore,
}

impl Pool {
    fn new(sets: Vec<BTreeMap<String, Account>>) -> Self {
        let count = Semaphore::new(sets.len());
        Self { free: Mutex::new(sets), count }
    }

    fn take(&self) -> BTreeMap<String, Account> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give_back(&self, set: BTreeMap<String, Account>) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(set);
    }
}

/// Runs jobs against a target on the network, so many at a time; outcomes come as they are done, with the place of their
/// job. Whoever drops the future ends it.
pub async fn run_all(
    jobs: &[Job],
    target: Arc<Target>,
    dial: Arc<dyn Dial>,
    at_once: usize,
    round_trip: Duration,
    mut done: impl FnMut(usize, Outcome),
) {
    let clock = Clock::start();
    let heart = Arc::new(Heart::start(clock));
    let turns = Arc::new(Semaphore::new(at_once.max(1)));
    let pool = Arc::new(Pool::new(target.account_sets()));
    let (send, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for (place, job) in jobs.iter().enumerate() {
        let given = |target| Inputs {
            scenario: Arc::clone(&job.scenario),
            row: job.row,
            target,
            dial: Arc::clone(&dial),
            clock,
            random: Box::new(Secure::default()),
            heart: Some(Arc::clone(&heart)),
            round_trip,
        };
        let given = given(Arc::clone(&target));
        let (send, turns, pool) = (send.clone(), Arc::clone(&turns), Arc::clone(&pool));
        tasks.spawn(async move {
            // Whoever waits for accounts keeps nobody else from running.
            let accounts = needs_accounts(&given.scenario) && !given.target.accounts.is_empty();
            let account = if accounts { pool.count.acquire().await.ok() } else { None };
            let turn = turns.acquire().await.ok();
            let mut given = given;
            let mut lent = None;
            if account.is_some() {
                let set = pool.take();
                let own = Target { accounts: set.clone(), ..Target::clone(&given.target) };
                given.target = Arc::new(own);
                lent = Some(set);
            }
            let outcome = run(given).await;
            if let Some(set) = lent {
                pool.give_back(set);
            }
            drop((turn, account));
            let _ = send.send((place, outcome)); // nobody listens when it was interrupted
        });
    }
    drop(send);
    while let Some((place, outcome)) = outcomes.recv().await {
        done(place, outcome);
    }
}

fn needs_accounts(scenario: &Scenario) -> bool {
    let needs = scenario.provisions();
    needs.contains(&Provision::Account) || needs.contains(&Provision::Accounts)
}
