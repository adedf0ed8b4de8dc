//! The conformance pack against servers that people run, as `targets/start` starts them. What is known of each stands in its
//! target file; anything else that it does otherwise is a failure here.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex_lite::Regex;

use crate::differences;
use crate::prosody::Password;
use crate::rig;

/// The servers, by the names of their targets, in the order of the table.
const SERVERS: [&str; 6] =
    ["prosody", "prosody-13", "ejabberd", "ejabberd-24", "ejabberd-26", "jabberd2"];
/// Those without BOSH, for which the scenarios that stop them are.
const WITHOUT_BOSH: [&str; 1] = ["jabberd2"];
/// Those of a usual run: two programs and two generations, of which one is fetched in seconds, and the other is there for other
/// tests anyway.
const USUAL: [&str; 2] = ["prosody-13", "ejabberd"];
/// So many servers run at the same time. No turn is taken: a scenario that fails beside other tests is run again by itself.
const AT_ONCE: usize = 2;

/// These stop the server, so that each has one of its own.
const STOPPING: [&str; 2] = [
    "scenarios/xep-0124/17.2-errorstatus-terminal/a-shutdown-is-told.yaml",
    "scenarios/xep-0124/2-reqs/shutdown-is-told-in-a-body.yaml",
];

/// The servers that `./test --servers` names, in the order of the table.
fn servers() -> Vec<&'static str> {
    let wanted = std::env::var("XMPPSCOPE_SERVERS").unwrap_or_else(|_| USUAL.join(","));
    let wanted: Vec<&str> = wanted.split(',').collect();
    let unknown = wanted.iter().find(|name| **name != "all" && !SERVERS.contains(name));
    assert_eq!(unknown, None, "--servers: there are {SERVERS:?}, and all");
    let all = wanted.contains(&"all");
    SERVERS.into_iter().filter(|name| all || wanted.contains(name)).collect()
}

/// Starts a server and runs scenarios against it; the outcomes are kept as an artefact of this name.
fn keeps_what_is_known(server: &str, scenarios: &str, target: &Path, kept: &str, more: &[String]) {
    let (alice, bob) = (Password::random(), Password::random());
    let output = Command::new("targets/start")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([server, "--", env!("CARGO_BIN_EXE_xmppscope"), "run", scenarios])
        .args(["--show", "failed", "--color", "never", "--target"])
        .arg(target)
        .args(["--format", "pretty", "--output", "/dev/stdout", "--format", "json", "--output"])
        .arg(artefact(kept))
        .args(more)
        .env("BED_ALICE", alice.reveal())
        .env("BED_BOB", bob.reveal())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let all = format!("{shown}\n{errors}");
    assert!([alice, bob].iter().all(|one| !all.contains(one.reveal())), "a password was printed");
    assert_eq!(output.status.code(), Some(0), "{server}: {all}");
}

fn keeps_the_pack(server: &str) {
    let target = PathBuf::from(format!("targets/{server}.yaml"));
    let kept = format!("{server}.json");
    keeps_what_is_known(server, "scenarios", &target, &kept, &differences::keeping(server));
}

/// Runs a scenario that stops its server. Nobody needs it thereafter, so nothing starts it again.
fn stops(server: &str, number: usize) {
    let known = format!("{}/targets/{server}.yaml", env!("CARGO_MANIFEST_DIR"));
    let control = "control: { stop: [kill, -TERM, '${env.BED_PROCESS}'], start: ['true'] }\n";
    let target = artefact(&format!("{server}-stopping-{number}.yaml"));
    std::fs::write(&target, std::fs::read_to_string(known).unwrap() + control).unwrap();
    let kept = stopping(server, number);
    keeps_what_is_known(server, STOPPING[number], &target, &kept, &[]);
    let outcomes = std::fs::read_to_string(artefact(&kept)).unwrap();
    assert!(!outcomes.contains("\"verdict\":\"skipped\""), "it was not stopped: {outcomes}");
}

/// How many scenarios stop a server.
fn stops_of(server: &str) -> usize {
    if WITHOUT_BOSH.contains(&server) { 0 } else { STOPPING.len() }
}

fn stopping(name: &str, number: usize) -> String {
    format!("{name}-stopping-{number}.json")
}

/// Where outcomes are kept.
pub fn artefact(name: &str) -> PathBuf {
    let artefacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    artefacts.join(name)
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and ejabberd: run ./test")]
fn real_servers_do_what_is_known_of_them() {
    let servers = servers();
    rig::in_lanes(AT_ONCE, &servers, |_, server| {
        (0..stops_of(server)).for_each(|number| stops(server, number));
        keeps_the_pack(server);
    });
    the_table_says_so(&servers);
    differences::the_page_says_so(&servers);
}

/// Compares `docs/conformance.md` with the outcomes; with `TRYCMD=overwrite` and all servers it is written anew, as other
/// output in documents is.
fn the_table_says_so(servers: &[&str]) {
    let of = |name: &str| {
        let stopping = (0..stops_of(name)).map(|number| stopping(name, number));
        std::iter::once(format!("{name}.json")).chain(stopping).collect::<Vec<_>>()
    };
    let outcomes: Vec<PathBuf> =
        servers.iter().flat_map(|name| of(name)).map(|name| artefact(&name)).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .args(["generate", "conformance"])
        .args(&outcomes)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let now = String::from_utf8(output.stdout).unwrap();
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    let unsteady: BTreeSet<String> = outcomes.iter().flat_map(|path| unsteady(path)).collect();
    if overwrites() && servers == SERVERS {
        assert!(
            unsteady.is_empty(),
            "a run was inconclusive or unsteady, or a known deviation did not happen: run it again, with nothing beside it; \
             list what is a race with `sometimes: true`: {unsteady:?}"
        );
        std::fs::write(&table, now).unwrap();
        return;
    }
    if !unsteady.is_empty() {
        left_out(&format!(
            "docs/conformance.md was not compared in {unsteady:?}: unsteady this time"
        ));
    }
    let (before, now) = (cells(&std::fs::read_to_string(&table).unwrap()), cells(&now));
    let columns = |cells: &BTreeMap<Cell, String>| -> BTreeSet<String> {
        cells.keys().map(|(_, column)| column.clone()).collect()
    };
    // Other versions may do otherwise: that is no mistake in the table.
    let others: Vec<_> = columns(&now).difference(&columns(&before)).cloned().collect();
    if !others.is_empty() {
        left_out(&format!(
            "docs/conformance.md was not compared: it does not have {others:?}. \
             TRYCMD=overwrite ./test --servers all conformance writes it anew"
        ));
    }
    let differ: Vec<_> = now
        .iter()
        .filter(|((id, column), _)| !unsteady.contains(id) && !others.contains(column))
        .filter(|(place, cell)| before.get(*place) != Some(cell))
        .map(|(place, cell)| format!("{place:?}: {cell}, not {:?}", before.get(place)))
        .collect();
    assert!(
        differ.is_empty(),
        "docs/conformance.md says otherwise: {differ:#?}\n\
         TRYCMD=overwrite ./test --servers all conformance writes it anew; look at the difference"
    );
}

/// Whether pages are written anew.
pub fn overwrites() -> bool {
    std::env::var_os("TRYCMD").is_some_and(|value| value == "overwrite")
}

/// The requirements of runs that say nothing certain: the machine was too slow, or a failure did not repeat; or a deviation
/// that is known did not happen, and is not listed as one that happens only sometimes.
fn unsteady(outcomes: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(outcomes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|run| {
            ["inconclusive", "unsteady", "gone"].iter().any(|verdict| run["verdict"] == *verdict)
        })
        .flat_map(|run| run["covers"].as_array().unwrap().clone())
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

/// The place of a cell: the id of the requirement, and the connection manager.
type Cell = (String, String);

/// What the cells of requirements say, without the numbers of what they refer to.
fn cells(table: &str) -> BTreeMap<Cell, String> {
    let id = Regex::new("`([a-z0-9-]+)`<br>").unwrap();
    let number = Regex::new(r" \[\w+\]\(#\w+\)").unwrap();
    let mut columns = Vec::new();
    let mut cells = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        let parts: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
        if parts[0] == "requirement" {
            columns = parts[1..].to_vec();
        } else if let Some(id) = id.captures(parts[0]) {
            for (column, cell) in columns.iter().rev().zip(parts.iter().rev()) {
                let cell = number.replace_all(cell, "").into_owned();
                cells.insert((id[1].to_owned(), (*column).to_owned()), cell);
            }
        }
    }
    cells
}

/// Says something past the capture of the test runner.
fn left_out(line: &str) {
    std::io::stderr().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

#[test]
fn the_script_that_starts_servers_knows_those_of_the_targets() {
    let start =
        |arguments: &[&str]| Command::new("targets/start").args(arguments).output().unwrap();
    let help = start(&["--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    let known = |name: &&str| help.split_whitespace().any(|word| word == *name);
    assert!(SERVERS.iter().all(known), "{help}");
    let targets = xmppscope::bundle::target_names();
    assert_eq!(targets.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(SERVERS));
    for wrong in [&["openfire"][..], &[], &["--frist", "prosody"], &["prosody", "ejabberd"]] {
        assert_eq!(start(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
