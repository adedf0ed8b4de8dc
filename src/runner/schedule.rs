//! Which runs there are, and in which order: one for each row of each scenario, several at a time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::conclude::words;
use super::dial::Dial;
use super::embedded;
use super::execute::{Inputs, run};
use super::heart::Heart;
use super::length::length;
use super::outcome::Outcome;
use super::target::{Account, Target};
use super::wire::Secrets;
use crate::clock::Clock;
use crate::cm::parts::Parts;
use crate::defects::Defect;
use crate::random::{Secure, Seeded};
use crate::scenario::{Provision, Scenario, load_texts};

/// So often is looked whether a run is to end while nothing comes of it.
const GLANCE: Duration = Duration::from_millis(50);

/// One run.
#[derive(Debug, Clone)]
pub struct Job {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The row of its sweep, from 0.
    pub row: Option<usize>,
}

impl Job {
    /// The run of a scenario that is part of this program.
    pub(super) fn built_in(name: &str, text: String) -> Option<Self> {
        let none = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let scenario = load_texts([(name.into(), text)], &none).scenarios.pop()?;
        Some(Self { scenario: Arc::new(scenario), row: None })
    }

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

/// How many scenarios these runs are of; they stand in order.
pub fn scenarios(jobs: &[Job]) -> usize {
    jobs.chunk_by(|one, next| Arc::ptr_eq(&one.scenario, &next.scenario)).count()
}

/// Runs a job against an embedded connection manager of its own with these defects, in virtual time.
///
/// # Panics
/// Never: a runtime without sockets needs nothing of the system.
pub fn run_embedded(job: &Job, target: &Arc<Target>, defects: &[&'static Defect]) -> Outcome {
    run_changed(job, target, with(defects))
}

/// The same with one that is changed by `change`; only whether the run fails is of interest, so that what passed is kept as
/// it is, secrets included.
///
/// # Panics
/// Never: a runtime without sockets needs nothing of the system.
pub(super) fn run_changed(
    job: &Job,
    target: &Arc<Target>,
    change: impl FnOnce(&mut Parts),
) -> Outcome {
    virtually(embedded_run(job, target, change, Secrets::Kept))
}

/// Switches defects on.
fn with(defects: &[&'static Defect]) -> impl FnOnce(&mut Parts) {
    move |parts| defects.iter().for_each(|defect| defect.apply(parts))
}

/// Does something with an embedded connection manager that has these defects, in virtual time.
///
/// # Panics
/// Never: a runtime without sockets needs nothing of the system.
pub fn with_embedded<T, F: Future<Output = T>>(
    defects: &[&'static Defect],
    what: impl FnOnce(Arc<dyn Dial>, Clock) -> F,
) -> T {
    with_embedded_users(&[], defects, what)
}

/// Does something at the embedded reference connection manager, which has these users as well.
pub fn with_embedded_users<T, F: Future<Output = T>>(
    users: &[Account],
    defects: &[&'static Defect],
    what: impl FnOnce(Arc<dyn Dial>, Clock) -> F,
) -> T {
    virtually(async {
        let clock = Clock::start_at(embedded::started());
        what(Arc::new(embedded::start_with(users, with(defects), clock)), clock).await
    })
}

/// Runs something in virtual time, in which nobody waits.
fn virtually<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets needs nothing of the system");
    runtime.block_on(what)
}

async fn embedded_run(
    job: &Job,
    target: &Arc<Target>,
    change: impl FnOnce(&mut Parts),
    secrets: Secrets,
) -> Outcome {
    let clock = Clock::start_at(embedded::started());
    let dial: Arc<dyn Dial> = Arc::new(embedded::start(change, clock));
    run(Inputs {
        scenario: Arc::clone(&job.scenario),
        row: job.row,
        target: Arc::clone(target),
        dial,
        clock,
        random: Box::new(Seeded::new(3)),
        heart: None,
        round_trip: Duration::ZERO,
        secrets,
    })
    .await
}

/// Runs jobs against embedded connection managers, on `threads` threads; outcomes come as they are done, with the place
/// of their job. It ends early when `stop` is true: runs that have not ended by then are left, even those that are too busy
/// to notice.
pub fn run_all_embedded(
    jobs: &[Job],
    defects: &[&'static Defect],
    threads: usize,
    stop: &watch::Receiver<bool>,
    mut done: impl FnMut(usize, Outcome),
) {
    let (send, outcomes) = mpsc::channel();
    let worker = Worker {
        jobs: jobs.into(),
        defects: defects.into(),
        target: Arc::new(embedded::target()),
        next: Arc::default(),
        stop: stop.clone(),
        send,
    };
    // They belong to nobody: whoever is stopped does not wait for one that does not come to an end.
    for _ in 0..threads.clamp(1, jobs.len().max(1)) {
        let own = worker.clone();
        if std::thread::Builder::new().spawn(move || own.work()).is_err() {
            worker.work(); // there are too many threads: this one has to do
            break;
        }
    }
    drop(worker);
    loop {
        match outcomes.recv_timeout(GLANCE) {
            Ok((place, outcome)) => done(place, outcome),
            Err(RecvTimeoutError::Timeout) if *stop.borrow() => break,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
}

/// What a thread needs to run jobs, one after the other.
#[derive(Clone)]
struct Worker {
    jobs: Arc<[Job]>,
    defects: Arc<[&'static Defect]>,
    target: Arc<Target>,
    /// The place of the next job that nobody has taken.
    next: Arc<AtomicUsize>,
    stop: watch::Receiver<bool>,
    send: mpsc::Sender<(usize, Outcome)>,
}

impl Worker {
    fn work(&self) {
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.jobs.get(place) else { return };
            let outcome = virtually(async {
                tokio::select! {
                    biased;
                    () = stopped(self.stop.clone()) => None,
                    outcome = embedded_run(
                        job, &self.target, with(&self.defects), Secrets::Hidden
                    ) => Some(outcome),
                }
            });
            let Some(outcome) = outcome else { return };
            if self.send.send((place, outcome)).is_err() {
                return;
            }
        }
    }
}

/// Done when it is true; never, if there is nobody who could make it so.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
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
/// job. Those that need `slow` come first, the longest of them at once, and mostly wait: unless jobs run one at a time, twice
/// as many of them run beside the others. Whoever drops the future ends it.
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
    let of_slow =
        if at_once > 1 { Arc::new(Semaphore::new(2 * at_once)) } else { Arc::clone(&turns) };
    let pool = Arc::new(Pool::new(target.account_sets()));
    let (send, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for place in order(jobs) {
        let job = &jobs[place];
        let turns = if is_slow(job) { &of_slow } else { &turns };
        let given = |target| Inputs {
            scenario: Arc::clone(&job.scenario),
            row: job.row,
            target,
            dial: Arc::clone(&dial),
            clock,
            random: Box::new(Secure::default()),
            heart: Some(Arc::clone(&heart)),
            round_trip,
            secrets: Secrets::Hidden,
        };
        let given = given(Arc::clone(&target));
        let (send, turns, pool) = (send.clone(), Arc::clone(turns), Arc::clone(&pool));
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

/// The places of jobs in the order in which they begin: the slow ones first, the longest before the others.
fn order(jobs: &[Job]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..jobs.len()).collect();
    let rank = |job: &Job| if is_slow(job) { length(&job.scenario) } else { Duration::ZERO };
    places.sort_by_cached_key(|&place| (!is_slow(&jobs[place]), Reverse(rank(&jobs[place]))));
    places
}

/// Whether it may take minutes.
fn is_slow(job: &Job) -> bool {
    job.scenario.provisions().contains(&Provision::Slow)
}

fn needs_accounts(scenario: &Scenario) -> bool {
    let needs = scenario.provisions();
    needs.contains(&Provision::Account) || needs.contains(&Provision::Accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One run that ends, and one that never yields its thread for long.
    fn two() -> Vec<Job> {
        let head = "covers: bosh-long-polling\nsession: none\nsteps:\n";
        let busy =
            "  - repeat: 100000\n    steps:\n      - set: { x: '${sha1(filler(60000000))}' }\n";
        let note = "      - note: ${x}\n";
        let texts = [
            ("a.yaml".into(), format!("name: a\n{head}  - note: done\n")),
            ("b.yaml".into(), format!("name: b\n{head}{busy}{note}")),
        ];
        let loaded = load_texts(texts, &|_| Err(io::ErrorKind::NotFound.into()));
        assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
        let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
        super::jobs(&scenarios)
    }

    #[test]
    fn what_waits_longest_begins_first() {
        let text = |name: &str, needs: &str, wait: &str| {
            let head =
                format!("name: {name}\ncovers: bosh-long-polling\nsession: none\nneeds: [{needs}]");
            (format!("{name}.yaml").into(), format!("{head}\nsteps: [wait: {wait}]\n"))
        };
        let texts = [
            text("a", "", "90s"),
            text("b", "slow", "40s"),
            text("c", "", "1s"),
            text("d", "slow", "70s"),
        ];
        let loaded = load_texts(texts, &|_| Err(io::ErrorKind::NotFound.into()));
        assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
        let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
        assert_eq!(order(&super::jobs(&scenarios)), [3, 1, 0, 2]);
    }

    #[test]
    fn a_run_that_is_busy_in_virtual_time_is_left_when_it_is_to_stop() {
        let (send, stop) = watch::channel(false);
        let mut done = Vec::new();
        run_all_embedded(&two(), &[], 2, &stop, |place, _| {
            done.push(place);
            send.send_replace(true);
        });
        assert_eq!(done, [0]);
    }
}
