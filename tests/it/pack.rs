//! The conformance pack against the embedded connection manager: it passes, and nothing is skipped but what that does not
//! offer.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use xmppscope::runner::{Verdict, jobs, run_all_embedded};
use xmppscope::scenario::{Scenario, load, pack};

#[test]
fn the_pack_passes() {
    let scenarios: Vec<Arc<Scenario>> = pack().scenarios.iter().cloned().map(Arc::new).collect();
    let jobs = jobs(&scenarios);
    let (mut skipped, mut wrong) = (BTreeSet::new(), Vec::new());
    run_all_embedded(&jobs, &[], 2, |_, outcome| {
        let path = outcome.scenario.place.source.path.display().to_string();
        match outcome.verdict {
            Verdict::Passed => {}
            Verdict::Skipped => {
                skipped.insert(path);
            }
            other => wrong.push(format!("{path}: {} {:?}", other.name(), outcome.failures)),
        }
        true
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
    run_all_embedded(&jobs(&scenarios), &[], 2, |_, outcome| {
        let path = outcome.scenario.place.source.path.display();
        assert_eq!(outcome.verdict, Verdict::Passed, "{path}: {:?}", outcome.failures);
        true
    });
}
