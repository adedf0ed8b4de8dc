//! The conformance pack against real connection managers. What is known of each stands in its target file; anything else
//! that it does otherwise is a failure here.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex_lite::Regex;

use crate::differences;
use crate::ejabberd::Ejabberd;
use crate::peers_bed::alone;
use crate::prosody::{PAIRS, Password, Prosody};

/// These stop the server, so that each has one of its own.
const STOPPING: [&str; 2] = [
    "scenarios/xep-0124/17.2-errorstatus-terminal/a-shutdown-is-told.yaml",
    "scenarios/xep-0124/2-reqs/shutdown-is-told-in-a-body.yaml",
];

/// A server that is run, as a target file wants to know it.
pub struct Running<'a> {
    name: &'a str,
    origin: String,
    process: u32,
    alice: &'a Password,
    bob: &'a Password,
}

impl<'a> Running<'a> {
    pub fn prosody(server: &'a Prosody) -> Self {
        let (origin, process) = (server.origin(), server.process());
        Self { name: "prosody", origin, process, alice: &server.alice, bob: &server.bob }
    }

    fn ejabberd(server: &'a Ejabberd) -> Self {
        let (origin, process) = (server.origin(), server.process());
        Self { name: "ejabberd", origin, process, alice: &server.alice, bob: &server.bob }
    }

    /// What its target file takes from the environment.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("BED_PORT", self.origin.rsplit(':').next().unwrap().to_owned()),
            ("BED_PROCESS", self.process.to_string()),
            ("BED_ALICE", self.alice.reveal().to_owned()),
            ("BED_BOB", self.bob.reveal().to_owned()),
        ]
    }

    /// Runs scenarios; the outcomes are kept as an artefact of this name.
    fn keeps_what_is_known(&self, scenarios: &str, target: &Path, kept: &str, more: &[String]) {
        let output = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["run", scenarios, "--show", "failed", "--color", "never", "--target"])
            .arg(target)
            .args(["--format", "pretty", "--output", "/dev/stdout", "--format", "json", "--output"])
            .arg(artefact(kept))
            .args(more)
            .envs(self.environment())
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!shown.contains(self.alice.reveal()), "a password was printed");
        assert_eq!(output.status.code(), Some(0), "{}: {shown}\n{errors}", self.name);
    }

    fn keeps_the_pack(&self) {
        let target = PathBuf::from(format!("targets/{}.yaml", self.name));
        let kept = format!("{}.json", self.name);
        self.keeps_what_is_known("scenarios", &target, &kept, &differences::keeping(self.name));
    }

    /// Runs a scenario that stops this server. Nobody needs it thereafter, so nothing starts it again.
    fn stops(&self, number: usize) {
        let known = format!("{}/targets/{}.yaml", env!("CARGO_MANIFEST_DIR"), self.name);
        let control = "control: { stop: [kill, -TERM, '${env.BED_PROCESS}'], start: ['true'] }\n";
        let target = artefact(&format!("{}-stopping-{number}.yaml", self.name));
        std::fs::write(&target, std::fs::read_to_string(known).unwrap() + control).unwrap();
        let kept = stopping(self.name, number);
        self.keeps_what_is_known(STOPPING[number], &target, &kept, &[]);
        let outcomes = std::fs::read_to_string(artefact(&kept)).unwrap();
        assert!(!outcomes.contains("\"verdict\":\"skipped\""), "it was not stopped: {outcomes}");
    }
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
    let _turn = alone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..STOPPING.len() {
                Running::prosody(&Prosody::start()).stops(number);
            }
            Running::prosody(&Prosody::start()).keeps_the_pack();
        });
        scope.spawn(|| {
            for number in 0..STOPPING.len() {
                Running::ejabberd(&Ejabberd::start(PAIRS)).stops(number);
            }
            Running::ejabberd(&Ejabberd::start(PAIRS)).keeps_the_pack();
        });
    });
    the_table_says_so();
    differences::the_page_says_so();
}

/// Compares `docs/conformance.md` with the outcomes; with `TRYCMD=overwrite` it is written anew, as other output in
/// documents is.
fn the_table_says_so() {
    let of = |name: &str| {
        let stopping = (0..STOPPING.len()).map(|number| stopping(name, number));
        std::iter::once(format!("{name}.json")).chain(stopping).collect::<Vec<_>>()
    };
    let outcomes: Vec<PathBuf> = ["prosody", "ejabberd"]
        .iter()
        .flat_map(|name| of(name))
        .map(|name| artefact(&name))
        .collect();
    let output = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .args(["generate", "conformance"])
        .args(&outcomes)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let now = String::from_utf8(output.stdout).unwrap();
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    let unsteady: BTreeSet<String> = outcomes.iter().flat_map(|path| unsteady(path)).collect();
    if std::env::var_os("TRYCMD").is_some_and(|value| value == "overwrite") {
        assert!(
            unsteady.is_empty(),
            "a run was inconclusive, or a known deviation did not happen: run it again, with nothing beside it; list what is a \
             race with `sometimes: true`"
        );
        std::fs::write(&table, now).unwrap();
        return;
    }
    let before = std::fs::read_to_string(&table).unwrap_or_default();
    let versions = |text: &str| {
        let head = text.lines().find(|line| line.starts_with("| requirements |"));
        head.unwrap_or_default().to_owned()
    };
    let (old, new) = (versions(&before), versions(&now));
    if old != new {
        // Other versions may do otherwise: that is no mistake in the table.
        left_out(&format!(
            "docs/conformance.md was not compared: it is of {old}, and here are {new}. \
             TRYCMD=overwrite ./test conformance writes it anew"
        ));
    } else if !unsteady.is_empty() {
        left_out(&format!(
            "docs/conformance.md was not compared in {unsteady:?}: unsteady this time"
        ));
        let rows = |text: &str| -> BTreeSet<String> {
            let rows = rows(text).into_iter().filter(|(id, _)| !unsteady.contains(id));
            rows.map(|(_, row)| row).collect()
        };
        let (before, now) = (rows(&before), rows(&now));
        let differ: Vec<_> = before.symmetric_difference(&now).collect();
        assert!(differ.is_empty(), "docs/conformance.md says otherwise: {differ:#?}");
    } else {
        let differ = before.lines().zip(now.lines()).find(|(before, now)| before != now);
        assert!(
            before == now,
            "docs/conformance.md says otherwise, first here: {differ:#?}\n\
             TRYCMD=overwrite ./test conformance writes it anew; look at the difference"
        );
    }
}

/// The requirements of runs that say nothing certain: the machine was too slow; or a deviation that is known did not happen,
/// and is not listed as one that happens only sometimes.
fn unsteady(outcomes: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(outcomes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|run| ["inconclusive", "gone"].iter().any(|verdict| run["verdict"] == *verdict))
        .flat_map(|run| run["covers"].as_array().unwrap().clone())
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

/// The rows of requirements, with their ids and without the numbers of what they refer to.
fn rows(table: &str) -> Vec<(String, String)> {
    let id = Regex::new("`([a-z0-9-]+)`<br>").unwrap();
    let number = Regex::new(r" \[\w+\]\(#\w+\)").unwrap();
    table
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| Some((line, id.captures(line)?[1].to_owned())))
        .map(|(line, id)| (id, number.replace_all(line, "").into_owned()))
        .collect()
}

/// Says something past the capture of the test runner.
fn left_out(line: &str) {
    std::io::stderr().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}
