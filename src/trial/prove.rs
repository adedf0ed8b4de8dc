//! Mutation testing of the scenarios for clients: each defect of the reference client is noticed by a scenario that covers
//! its requirement.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::bench::Bench;
use super::command::Client;
use super::mutants::Mutant;
use super::run::try_client;
use super::schedule::run_all_clients;
use super::tls::Trust;
use crate::clock::Clock;
use crate::runner::{Job, Outcome, Verdict};
use crate::scenario::{ClientVariables, Scenario};
use crate::spec::{Level, catalogue};

/// Scenarios that demand nothing, and so catch nothing, though what they are about is demanded elsewhere: each with the reason.
pub const UNPROVABLE: &[(&str, &str)] = &[
    (
        "scenarios/client/rfc7395/3.6.1-see-other-uri/goes-there.yaml",
        "a client may go there or say that it does not, and what it says is not on the wire",
    ),
    (
        "scenarios/client/xep-0198/5-resumption/refused.yaml",
        "what a client does whose resumption is refused is up to it",
    ),
    (
        "scenarios/client/xep-0206/6-stream-errors/session-over.yaml",
        "the built-in client has no defect yet with which it goes on after a stream error over BOSH",
    ),
];

/// The result of mutation testing.
#[derive(Debug, Default)]
pub struct ClientProof {
    /// The jobs that the reference client does not pass, by place, each with its outcome.
    pub unsound: Vec<(usize, Outcome)>,
    /// The places of the jobs that the reference client cannot do.
    pub skipped: BTreeSet<usize>,
    /// For each defect the jobs that notice it, by place.
    pub noticed: Vec<(&'static Mutant, BTreeSet<usize>)>,
}

impl ClientProof {
    /// The scenarios that cover a requirement that has to be kept, or should be, and catch no defect: a job of each, by place.
    /// Those of which that is known are left out.
    pub fn weak(&self, jobs: &[Job]) -> Vec<usize> {
        let caught = |scenario: &Arc<Scenario>| {
            let mut sharp = self.noticed.iter().flat_map(|(_, places)| places);
            sharp.any(|place| Arc::ptr_eq(&jobs[*place].scenario, scenario))
        };
        let known = |scenario: &Scenario| {
            let path = &scenario.place.source.path;
            UNPROVABLE.iter().any(|(known, _)| path.ends_with(known))
        };
        let mut seen: Vec<&Arc<Scenario>> = Vec::new();
        let mut weak = Vec::new();
        for (place, job) in jobs.iter().enumerate() {
            if self.skipped.contains(&place)
                || seen.iter().any(|one| Arc::ptr_eq(one, &job.scenario))
            {
                continue;
            }
            seen.push(&job.scenario);
            if demands(&job.scenario) && !known(&job.scenario) && !caught(&job.scenario) {
                weak.push(place);
            }
        }
        weak
    }
}

/// Whether a scenario covers a requirement that has to be kept, or should be.
fn demands(scenario: &Scenario) -> bool {
    let steps = scenario.client.iter().flat_map(|test| &test.steps);
    let mut ids = scenario.covers.iter().chain(steps.flat_map(|step| &step.covers));
    ids.any(|id| catalogue().get(id).is_some_and(|known| known.level.strength() != Level::May))
}

/// Runs the jobs with the reference client as it is, and then with each defect those that cover its requirement, so many at
/// a time. `progress` is told of each run with a defect.
pub async fn prove_clients(
    jobs: &[Job],
    mutants: &[&'static Mutant],
    at_once: usize,
    trust: &Arc<Trust>,
    clock: Clock,
    progress: &dyn Fn(),
) -> ClientProof {
    let mut proof = ClientProof::default();
    let bench = |mutant| {
        Arc::new(Bench {
            client: Client::Reference(mutant),
            page: None,
            listen: None,
            trust: Arc::clone(trust),
            patience: 1,
            announce: Box::new(|_| {}),
        })
    };
    let missed =
        run_all_clients(&bench(None), jobs, at_once, clock, |place, outcome| {
            match outcome.verdict {
                Verdict::Passed => {}
                Verdict::Skipped => _ = proof.skipped.insert(place),
                _ => proof.unsound.push((place, outcome)),
            }
        })
        .await;
    debug_assert!(missed.is_none(), "the reference client needs no contact");
    let turns = Arc::new(Semaphore::new(at_once.max(1)));
    let mut tasks = JoinSet::new();
    for (number, mutant) in mutants.iter().copied().enumerate() {
        for (place, job) in jobs.iter().enumerate() {
            let skipped = proof.skipped.contains(&place);
            if skipped || !covers(&job.scenario, mutant) || !carries(job, mutant) {
                continue;
            }
            let (bench, turns, job) = (bench(Some(mutant)), Arc::clone(&turns), job.clone());
            tasks.spawn(async move {
                let _turn = turns.acquire().await;
                let outcome = try_client(&bench, &job, clock).await.outcome;
                (number, place, outcome)
            });
        }
    }
    let mut noticed: Vec<_> = mutants.iter().map(|mutant| (*mutant, BTreeSet::new())).collect();
    while let Some(ended) = tasks.join_next().await {
        let Ok((number, place, outcome)) = ended else { continue };
        let (mutant, caught) = &mut noticed[number];
        let is_it = |covered: &String| covered == mutant.requirement();
        if outcome.failures.iter().any(|failure| failure.covers.iter().any(is_it)) {
            caught.insert(place);
        }
        progress();
    }
    proof.noticed = noticed;
    proof
}

fn covers(scenario: &Scenario, mutant: &Mutant) -> bool {
    let steps = scenario.client.iter().flat_map(|test| &test.steps);
    let mut ids = scenario.covers.iter().chain(steps.flat_map(|step| &step.covers));
    ids.any(|id| id.value == mutant.requirement())
}

fn carries(job: &Job, mutant: &Mutant) -> bool {
    let Some(test) = &job.scenario.client else { return false };
    let facts = crate::scenario::CLIENT_FACTS.map(|name| (name, String::new()));
    let variables = ClientVariables::of(&job.scenario, job.row, &facts);
    let carrier = variables.and_then(|variables| variables.carrier(&test.carrier));
    carrier.is_ok_and(|carrier| carrier == mutant.carrier)
}
