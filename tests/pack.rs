//! The conformance pack against the embedded connection manager: it passes, nothing is skipped but what that does not
//! offer, and with each of its defects what fails is what concerns it.

#[allow(clippy::unwrap_used, clippy::disallowed_methods)] // a test says what is wrong by itself
#[path = "pack/again.rs"]
mod again;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use xmppscope::clock::Clock;
use xmppscope::defects::{self, Defect};
use xmppscope::diag::name;
use xmppscope::runner::{
    Extent, Verdict, embedded_target, jobs, prove, run_all_embedded, run_embedded,
};
use xmppscope::scenario::{Scenario, client_pack, load, pack};
use xmppscope::trial::{MUTANTS, Mutant, Trust, UNPROVABLE, prove_clients};

#[test]
fn the_pack_passes() {
    let scenarios: Vec<Arc<Scenario>> = pack().scenarios.iter().cloned().map(Arc::new).collect();
    let jobs = jobs(&scenarios);
    let (mut skipped, mut wrong) = (BTreeSet::new(), Vec::new());
    let never = watch::channel(false).1;
    run_all_embedded(&jobs, &[], 2, &never, |_, outcome| {
        let path = name(&outcome.scenario.place.source.path).to_string();
        match outcome.verdict {
            Verdict::Passed => {}
            Verdict::Skipped => {
                skipped.insert(path);
            }
            other => wrong.push(format!("{path}: {} {:?}", other.name(), outcome.failures)),
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let skipped: Vec<&str> = skipped.iter().map(String::as_str).collect();
    insta::assert_snapshot!(skipped.join("\n"));
}

#[test]
fn the_examples_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/examples");
    let loaded = load(&[folder]).unwrap();
    assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
    let scenarios: Vec<Arc<Scenario>> = loaded.scenarios.into_iter().map(Arc::new).collect();
    assert!(scenarios.len() >= 10, "{}", scenarios.len());
    let never = watch::channel(false).1;
    run_all_embedded(&jobs(&scenarios), &[], 2, &never, |_, outcome| {
        let path = name(&outcome.scenario.place.source.path);
        assert_eq!(outcome.verdict, Verdict::Passed, "{path}: {:?}", outcome.failures);
    });
}

#[test]
fn every_defect_is_noticed_by_a_scenario_that_covers_its_requirement() {
    let target = Arc::new(embedded_target());
    let scenarios: Vec<Arc<Scenario>> = pack().scenarios.iter().cloned().map(Arc::new).collect();
    let caught = |defect: &'static Defect| {
        let covers = |scenario: &&Arc<Scenario>| {
            scenario.covers.iter().any(|id| id.value == defect.requirement())
        };
        let covering: Vec<_> = scenarios.iter().filter(covers).cloned().collect();
        jobs(&covering).iter().any(|job| {
            let outcome = run_embedded(job, &target, &[defect]);
            outcome.verdict != Verdict::Broken && !outcome.failures.is_empty()
        })
    };
    let all: Vec<&Defect> = defects::all().collect();
    assert!(all.len() > 300, "{}", all.len());
    let (one, other) = all.split_at(all.len() / 2);
    let missed = |defects: &[&'static Defect]| -> Vec<&str> {
        let missed = defects.iter().filter(|defect| !caught(defect));
        missed.map(|defect| defect.name).collect()
    };
    let found = std::thread::scope(|scope| {
        let first = scope.spawn(|| missed(one));
        let mut found = missed(other);
        found.extend(first.join().unwrap());
        found
    });
    assert!(found.is_empty(), "no scenario catches {found:?}");
}

#[test]
#[ignore = "takes minutes without optimisation, and all cores: `./test` runs it after the others"]
fn every_scenario_is_sharp() {
    let scenarios: Vec<Arc<Scenario>> = pack().scenarios.iter().cloned().map(Arc::new).collect();
    let all: Vec<&Defect> = defects::all().collect();
    assert!(all.len() > 800, "{}", all.len());
    let proof = prove(&scenarios, &all, Extent::Needed, 2, &|| {});
    let path = |place: usize| name(&scenarios[place].place.source.path).to_string();
    let unsound: Vec<String> = proof.unsound.iter().map(|(place, _)| path(*place)).collect();
    let missed: Vec<&str> = proof.missed(&scenarios).map(|(defect, _)| defect.name).collect();
    let weak: Vec<String> = proof.weak(&scenarios).into_iter().map(path).collect();
    assert!(unsound.is_empty(), "fail without a defect: {unsound:#?}");
    assert!(missed.is_empty(), "no scenario catches {missed:#?}");
    assert!(
        weak.is_empty(),
        "no defect of its requirements fails it but those that fail everything: {weak:#?}\n\
         `cargo run --profile proof -- prove --table` tells what each notices"
    );
}

#[test]
#[ignore = "takes more than a minute: `./test` runs it after the others"]
fn every_scenario_for_clients_is_sharp() {
    let scenarios: Vec<Arc<Scenario>> =
        client_pack().scenarios.iter().cloned().map(Arc::new).collect();
    let all: Vec<&Mutant> = MUTANTS.iter().collect();
    assert!(all.len() > 60, "{}", all.len());
    let jobs = jobs(&scenarios);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let trust = Arc::new(Trust::new().unwrap());
    let proof = runtime.block_on(prove_clients(&jobs, &all, 48, &trust, Clock::start(), &|| {}));
    let path = |place: usize| name(&jobs[place].scenario.place.source.path).to_string();
    let unsound: Vec<String> = proof.unsound.iter().map(|(place, _)| path(*place)).collect();
    let missed: Vec<&str> = proof
        .noticed
        .iter()
        .filter(|(_, places)| places.is_empty())
        .map(|(mutant, _)| mutant.name)
        .collect();
    let weak: Vec<String> = proof.weak(&jobs).into_iter().map(path).collect();
    assert!(unsound.is_empty(), "fail without a defect: {unsound:#?}");
    assert!(proof.skipped.is_empty(), "the built-in client cannot do {:?}", proof.skipped);
    assert!(missed.is_empty(), "no scenario catches {missed:#?}");
    assert!(weak.is_empty(), "catch no defect: {weak:#?}");
    for (known, why) in UNPROVABLE {
        assert!(
            scenarios.iter().any(|one| one.place.source.path.ends_with(known)),
            "{known}: {why}"
        );
    }
}
