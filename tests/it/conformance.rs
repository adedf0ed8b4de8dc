//! The conformance pack against real connection managers. What is known of each stands in its target file; anything else
//! that it does otherwise is a failure here.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::path::Path;
use std::process::Command;

use crate::ejabberd::Ejabberd;
use crate::peers_bed::alone;
use crate::prosody::{PAIRS, Password, Prosody};

/// Runs the whole pack; the outcomes are kept as an artefact.
fn keeps_what_is_known(name: &str, origin: &str, alice: &Password, bob: &Password) {
    let port = origin.rsplit(':').next().unwrap();
    let artefacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "scenarios", "--show", "failed"])
        .args(["--target", &format!("targets/{name}.yaml"), "--color", "never"])
        .args(["--format", "pretty", "--format", "json", "--output", "/dev/stdout", "--output"])
        .arg(artefacts.join(format!("{name}.json")))
        .env("BED_PORT", port)
        .env("BED_ALICE", alice.reveal())
        .env("BED_BOB", bob.reveal())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!shown.contains(alice.reveal()), "a password was printed");
    assert_eq!(output.status.code(), Some(0), "{shown}\n{errors}");
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and ejabberd: run ./test")]
fn real_servers_do_what_is_known_of_them() {
    let _turn = alone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let server = Prosody::start();
            keeps_what_is_known("prosody", &server.origin(), &server.alice, &server.bob);
        });
        scope.spawn(|| {
            let server = Ejabberd::start(PAIRS);
            keeps_what_is_known("ejabberd", &server.origin(), &server.alice, &server.bob);
        });
    });
}
