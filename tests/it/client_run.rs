//! `xmppscope client run` and `client prove`, with the built-in client and with commands that are no clients.

use std::process::{Command, Output};

const LEAVES: &str = "scenarios/client/xep-0124/13-terminate/leaves.yaml";
const PINGS: &str = "scenarios/client/rfc7395/3.8-pings/answers.yaml";

fn client(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .arg("client")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn the_built_in_client_passes_over_bosh_and_websocket() {
    let (code, out, err) = client(&["run", LEAVES, PINGS, "--built-in", "--strict"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2 scenarios: 2 passed"), "{out}");
    assert!(err.contains("client: the built-in one"), "{err}");
}

#[test]
fn a_defect_of_the_client_is_noticed() {
    let arguments = ["prove", LEAVES, "--defect", "bosh-type-values", "--table"];
    let (code, out, err) = client(&arguments);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&format!("bosh-type-values: {LEAVES}")), "{out}");
    // No scenario about BOSH alone notices what is wrong with pings.
    let (code, out, _) = client(&["prove", LEAVES, "--defect", "ws-pong"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("missed: ws-pong"), "{out}");
}

#[test]
fn what_is_no_client_is_told_apart_from_a_bad_one() {
    let run = |command: &[&str]| {
        let fixed = ["run", LEAVES, "--confirm", "0", "--"];
        client(&[&fixed[..], command].concat())
    };
    let (code, out, _) = run(&["/nonexistent/client"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("cannot start /nonexistent/client"), "{out}");
    let (code, out, _) = run(&["sh", "-c", "echo cannot use BOSH"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("the client cannot use BOSH"), "{out}");
    let (code, out, _) = run(&["sh", "-c", "echo I tried {jid} at $XMPPSCOPE_CARRIER; exit 7"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("I tried alice@localhost at bosh"), "{out}");
    assert!(out.contains("it ended before (exit status: 7)"), "{out}");
}

#[test]
fn each_kind_of_scenario_names_the_command_for_it() {
    let (code, _, err) = client(&["run", "scenarios/examples/room.yaml", "--built-in"]);
    assert_eq!(code, 2);
    assert!(err.contains("use `xmppscope run`"), "{err}");
    let output = Command::new(env!("CARGO_BIN_EXE_xmppscope")).args(["run", LEAVES]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("use `xmppscope client run`"), "{err}");
}
