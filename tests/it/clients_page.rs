//! `docs/clients.md` is generated from runs with real clients, which take most of an hour. What can be compared without them:
//! that it has each scenario for clients, at each requirement that the scenario covers, and nothing that there is no longer.

use std::collections::BTreeSet;
use std::path::Path;

use crate::rig;

const AGAIN: &str = "tests/peers/drivers/run-all writes it anew; look at the difference";

/// Pairs of a requirement's id and a scenario's file.
type Pairs = BTreeSet<(String, String)>;

/// What `client run --list` says: a line for each scenario, and below it one for each requirement.
fn covered() -> Pairs {
    let (code, out, errors) = rig::run(&["client", "run", "scenarios/client", "--list"]);
    assert_eq!(code, Some(0), "{errors}");
    let (mut pairs, mut file) = (Pairs::new(), String::new());
    for line in out.lines() {
        match line.strip_prefix("    ") {
            Some(requirement) => {
                let id = requirement.rsplit(' ').next().unwrap();
                pairs.insert((id.to_owned(), file.clone()));
            }
            None => line.split(':').next().unwrap().clone_into(&mut file),
        }
    }
    assert!(pairs.len() > 100, "{out}");
    pairs
}

/// The rows of the page: a requirement, and links to the scenarios that cover it.
fn written(page: &str) -> Pairs {
    let mut pairs = Pairs::new();
    for row in page.lines().filter(|line| line.starts_with("| [§")) {
        let (requirement, scenarios) = row.split_once("`<br>").unwrap();
        let (_, id) = requirement.split_once('`').unwrap();
        let (cell, _) = scenarios.split_once(" | ").unwrap();
        for link in cell.split("](../").skip(1) {
            let (file, _) = link.split_once(')').unwrap();
            pairs.insert((id.to_owned(), file.to_owned()));
        }
    }
    pairs
}

#[test]
fn the_table_of_clients_has_each_scenario() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (expected, written) = (covered(), written(&page));
    let missing: Vec<_> = expected.difference(&written).collect();
    assert!(missing.is_empty(), "docs/clients.md lacks {missing:#?}\n{AGAIN}");
    let old: Vec<_> = written.difference(&expected).collect();
    assert!(old.is_empty(), "docs/clients.md has what there is no longer: {old:#?}\n{AGAIN}");
}
