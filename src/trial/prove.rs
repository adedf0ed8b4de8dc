//! Mutation testing of the scenarios for clients: each defect of the reference client is noticed by a scenario that covers
//! its requirement.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::command::Client;
use super::mutants::Mutant;
use super::run::Bench;
use super::schedule::run_all_clients;
use crate::clock::Clock;
use crate::runner::{Job, Outcome, Verdict};
use crate::scenario::{ClientVariables, Scenario};

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

/// Runs the jobs with the reference client as it is, and then those that cover its requirement with each defect, so many at
/// a time. `progress` is told of each defect that is done.
pub async fn prove_clients(
    jobs: &[Job],
    mutants: &[&'static Mutant],
    at_once: usize,
    clock: Clock,
    progress: &dyn Fn(),
) -> ClientProof {
    let mut proof = ClientProof::default();
    let bench = |mutant| {
        Arc::new(Bench {
            client: Client::Reference(mutant),
            listen: None,
            patience: 1,
            announce: Box::new(|_| {}),
        })
    };
    run_all_clients(&bench(None), jobs, at_once, clock, |place, outcome| match outcome.verdict {
        Verdict::Passed => {}
        Verdict::Skipped => _ = proof.skipped.insert(place),
        _ => proof.unsound.push((place, outcome)),
    })
    .await;
    for mutant in mutants {
        let is_about = |place: &usize| {
            let job = &jobs[*place];
            let skipped = proof.skipped.contains(place);
            !skipped && covers(&job.scenario, mutant) && carries(job, mutant)
        };
        let places: Vec<usize> = (0..jobs.len()).filter(is_about).collect();
        let fitting: Vec<Job> = places.iter().map(|place| jobs[*place].clone()).collect();
        let mut caught = BTreeSet::new();
        run_all_clients(&bench(Some(mutant)), &fitting, at_once, clock, |place, outcome| {
            let id = mutant.requirement();
            let is_it = |covered: &String| covered == id;
            if outcome.failures.iter().any(|failure| failure.covers.iter().any(is_it)) {
                caught.insert(places[place]);
            }
        })
        .await;
        proof.noticed.push((mutant, caught));
        progress();
    }
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
