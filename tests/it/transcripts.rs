//! Transcripts: the same at every run, at real servers too.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::path::Path;
use std::process::{Command, Output};

use crate::lag::in_time;
use crate::peers_bed::alone;
use crate::prosody::Prosody;
use crate::rig;

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

/// Scenarios in which each request waits for what came before it. Where a client polls by itself while another acts, which of
/// two requests comes first is a race at a real server.
const STEADY: [&str; 5] = [
    "scenarios/examples/login-with-plain.yaml",
    "scenarios/examples/login-with-scram.yaml",
    "scenarios/examples/twenty-logins.yaml",
    "scenarios/examples/tutorial/cut.yaml",
    "scenarios/examples/tutorial/out-of-order.yaml",
];

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody: run ./test")]
fn a_scenario_looks_the_same_at_every_run_and_every_prosody() {
    let _turn = alone();
    let at = |server: &Prosody| {
        let folder = tempfile::tempdir().unwrap();
        let target = ["--target", "targets/prosody.yaml"];
        let mut command = run(&STEADY, folder.path(), "all", &target);
        command.envs(server.environment());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        STEADY.map(|path| {
            let path = folder.path().join(path).with_extension("snap");
            std::fs::read_to_string(&path).unwrap()
        })
    };
    // A server that is two seconds late, because this machine is, has held a request for all that can be seen.
    in_time(|| {
        let server = Prosody::start();
        let first = at(&server);
        assert!(first[0].contains("<jid>alice@localhost/[res-1]</jid>"), "{}", first[0]);
        let again = at(&server);
        drop(server);
        // Another one, with other ports, passwords, and an order of attributes of its own.
        let other = at(&Prosody::start());
        for second in [again, other] {
            if let Some((first, second)) = first.iter().zip(&second).find(|(one, two)| one != two) {
                return Err(format!("first\n{first}\nand then\n{second}"));
            }
        }
        Ok(())
    });
}

#[test]
fn the_pack_says_what_was_approved() {
    let output = run(&["scenarios"], Path::new("snapshots"), "no", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let listed = rig::run(&["snapshot", "list", "snapshots", "--check"]);
    assert_eq!(listed, (Some(0), String::new(), String::new()), "of no scenario, or waiting");
}

#[test]
fn of_recorded_sessions() {
    for name in ["strophe-login-chat", "strophe-reload-resend", "broken"] {
        let file = format!("fixtures/{name}.ndjson");
        let (_, out, _) = rig::run(&["show", &file, "--format", "transcript"]);
        insta::assert_snapshot!(name.replace('-', "_"), out);
    }
    let (code, out, errors) = rig::run(&[
        "show",
        "fixtures/broken.ndjson",
        "--format",
        "transcript",
        "--filter",
        "empty",
    ]);
    assert_eq!((code, &*out), (Some(2), ""));
    assert!(errors.contains("--filter cannot be used"), "{errors}");
}

/// A run with a defect of the embedded connection manager.
const BROKEN: [&str; 2] = ["--defect", "bosh-single-body-root/wait-over"];

#[test]
fn what_is_not_as_approved_fails_waits_and_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, name) =
        ("scenarios/examples/tutorial/empty-poll.yaml", "scenarios/examples/tutorial");
    let snapshot = |command: &str, more: &[&str]| {
        let folder = folder.path().to_str().unwrap();
        rig::run(&[&["snapshot", command, folder], more].concat())
    };
    let run = |update: &str, more: &[&str]| {
        let output = run(&[path], folder.path(), update, more).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = run("no", &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("without an approved snapshot") && said.contains("--update new"),
        "{said}"
    );
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "something was written");

    let (code, said) = run("new", &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("xmppscope snapshot review"), "{said}");
    let waits =
        format!("pending       {}/{name}/empty-poll.snap.new: new\n", folder.path().display());
    assert_eq!(snapshot("list", &[]), (Some(1), waits, String::new()));
    let (code, _, errors) = snapshot("review", &[]);
    assert_eq!(code, Some(3), "there is no terminal");
    assert!(errors.contains("snapshot list"), "{errors}");
    let (code, out, _) = snapshot("accept", &[]);
    assert_eq!((code, out.contains("accepted")), (Some(0), true));
    assert_eq!(run("no", &[]).0, Some(0));
    assert_eq!(snapshot("accept", &[]).2, "no pending snapshots\n");

    let (code, said) = run("new", &BROKEN);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("~ response content <body> → none"), "{said}");
    assert!(snapshot("list", &[]).1.contains("empty-poll.snap.new: "));
    let (code, out, _) = snapshot("reject", &[]);
    assert_eq!((code, out.contains("rejected")), (Some(0), true));
    assert_eq!(snapshot("list", &["--check"]).0, Some(0));
    let damaged = folder.path().join(name).join("empty-poll.snap.new");
    std::fs::write(&damaged, "").unwrap();
    let (code, out, _) = snapshot("reject", &[]);
    assert_eq!((code, out.contains("rejected"), damaged.exists()), (Some(0), true, false));
    assert_eq!(run("all", &BROKEN).0, Some(0), "it is approved now");
    let (_, said) = run("no", &[]);
    assert!(said.contains("~ response content none → <body>"), "{said}");

    let gone = folder.path().join(name).join("gone.snap");
    let approved = folder.path().join(name).join("empty-poll.snap");
    let other = std::fs::read_to_string(&approved).unwrap();
    std::fs::write(&gone, other.replace("empty-poll.yaml", "gone.yaml")).unwrap();
    let (code, out, _) = snapshot("list", &["--check"]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains("gone.snap: scenarios/examples/tutorial/gone.yaml does not exist"),
        "{out}"
    );
    std::fs::write(&approved, "nonsense").unwrap();
    let (code, _, errors) = snapshot("list", &["--check"]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("it must begin with a head"), "{errors}");

    // What cannot be read is no verdict of the scenario, and is told in every format.
    let (code, said) = run("all", &["--format", "tap"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("not ok 1") && said.contains("verdict: broken"), "{said}");
    assert!(said.contains("1 snapshot: 1 unusable"), "{said}");
    assert_eq!(std::fs::read_to_string(&approved).unwrap(), "nonsense", "it is overwritten");
    let (code, _, errors) = rig::run(&["snapshot", "accept", "README.md"]);
    assert_eq!(code, Some(2), "{errors}");
}

/// The head of a snapshot has the name in one line, where a tab is an escape.
#[test]
fn a_snapshot_belongs_to_a_scenario_with_a_tab_in_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("tab.yaml");
    let text = std::fs::read_to_string("scenarios/examples/tutorial/empty-poll.yaml").unwrap();
    let tab = text.replacen("name: ", "name: \"with a\\ttab\" # ", 1);
    assert_ne!(tab, text);
    std::fs::write(&scenario, tab).unwrap();
    let snapshots = folder.path().join("snapshots");
    let output = run(&[scenario.to_str().unwrap()], &snapshots, "all", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", self::text(&output));
    let listed = rig::run(&["snapshot", "list", snapshots.to_str().unwrap(), "--check"]);
    assert_eq!(listed, (Some(0), String::new(), String::new()));
}

/// What `cargo insta accept` does: reads the file that waits, and saves it in the place of the approved one.
#[test]
fn insta_takes_them_for_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = "scenarios/examples/tutorial/empty-poll.yaml";
    run(&[path], folder.path(), "new", &[]).output().unwrap();
    let approved = folder.path().join("scenarios/examples/tutorial/empty-poll.snap");
    let pending = approved.with_extension("snap.new");
    let ours = std::fs::read_to_string(&pending).unwrap();

    let insta = insta::Snapshot::from_file(&pending).unwrap();
    assert_eq!(insta.metadata().source(), Some(path));
    assert_eq!(insta.metadata().description(), Some("an empty poll is held, and answered empty"));
    let shown = insta.contents().as_text().unwrap().to_string();
    assert!(ours.ends_with(&format!("---\n{}\n", shown.trim_end())), "{ours}\n---\n{shown}");
    insta.save(&approved).unwrap();
    std::fs::remove_file(&pending).unwrap();

    let output = run(&[path], folder.path(), "no", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}
