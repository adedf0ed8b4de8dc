//! Transcripts: the same at every run, at real servers too.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::path::Path;
use std::process::{Command, Output};

use crate::peers_bed::alone;
use crate::prosody::{Password, Prosody};

/// Runs scenarios, and compares what was said with the snapshots of a folder.
fn run(paths: &[&str], snapshots: &Path, update: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xmppscope"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("run")
        .args(paths)
        .args(["--show", "none", "--color", "never", "--update", update, "--snapshots"])
        .arg(snapshots)
        .args(more);
    command
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}\n{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody: run ./test")]
fn a_scenario_looks_the_same_at_every_run_and_every_prosody() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let at = |server: &Prosody, update: &str| {
        let mut command = run(
            &["scenarios/examples"],
            folder.path(),
            update,
            &["--target", "targets/prosody.yaml"],
        );
        let password = |password: &Password| password.reveal().to_owned();
        let origin = server.origin();
        command
            .env("BED_PORT", origin.rsplit(':').next().unwrap())
            .env("BED_ALICE", password(&server.alice))
            .env("BED_BOB", password(&server.bob));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    };
    let server = Prosody::start();
    at(&server, "all");
    at(&server, "no");
    drop(server);
    // Another one, with other ports, passwords, and an order of attributes of its own.
    at(&Prosody::start(), "no");
}
