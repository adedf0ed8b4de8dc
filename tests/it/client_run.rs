//! `xmppscope client run` and `client prove`, with the built-in client and with commands that are no clients.

use std::process::{Command, Output};

use crate::peers_bed::alone;
use crate::rig;

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
fn the_built_in_client_passes_at_an_address_of_ipv6() {
    for carrier in [LEAVES, PINGS] {
        let (code, out, err) = client(&["run", carrier, "--built-in", "--listen", "[::1]:0"]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("1 scenario: 1 passed"), "{out}");
    }
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
fn a_proof_says_only_what_was_tried() {
    // With one defect, that a scenario does not catch it says nothing about the scenario.
    let (code, out, err) = client(&["prove", LEAVES, PINGS, "--defect", "bosh-type-values"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "1 defect: 1 caught, 0 missed\n2 scenarios: 1 catching a defect\n")
    );
    assert!(err.ends_with("proved\n") && !err.contains("not proved"), "{err}");
    let (code, out, err) = client(&["prove", PINGS]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("catching none") && out.contains("missed\n1 scenario: "), "{out}");
    assert!(err.ends_with("not proved\n"), "{err}");
}

#[test]
fn what_is_no_client_is_told_apart_from_a_bad_one() {
    let run = |command: &[&str]| {
        let fixed = ["run", LEAVES, "--confirm", "0", "--"];
        client(&[&fixed[..], command].concat())
    };
    let (code, out, err) = run(&["/nonexistent/client"]);
    assert_eq!(code, 3, "{out}");
    assert!(err.contains("it cannot be started"), "{err}");
    assert!(!out.contains("failed"), "{out}");
    let (code, out, _) = run(&["sh", "-c", "echo cannot use BOSH"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("the client cannot use BOSH"), "{out}");
    let (code, out, err) = run(&["sh", "-c", "echo I tried {jid} at $XMPPSCOPE_CARRIER; exit 7"]);
    assert_eq!(code, 3, "{out}");
    assert!(err.contains("it ended before it connected"), "{err}");
    assert!(err.contains("status    exit status: 7"), "{err}");
    assert!(err.contains("wrote     I tried alice@localhost at bosh"), "{err}");
    assert!(!out.contains("failed"), "{out}");
    // All scenarios together have one reason.
    let (code, out, err) = client(&["run", "scenarios/client", "--", "false"]);
    assert_eq!(code, 3, "{out}");
    assert_eq!(err.matches("cannot test this client").count(), 1, "{err}");
    // Who has come once, and fails then, fails its scenario.
    let comes = "exec 3<>/dev/tcp/$XMPPSCOPE_HOST/$XMPPSCOPE_PORT; echo nonsense >&3; exit 7";
    let (code, out, err) = run(&["bash", "-c", comes]);
    assert_eq!(code, 1, "{out}{err}");
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

/// The pages of `docs/deviations` say what is wrong with these clients: it is still so, and nothing else is said of them.
/// What @xmpp/client does with stanzas behind `<enabled/>` is left out: it is a race in the client, and not seen each time.
#[cfg(feature = "peers")]
#[test]
fn what_is_known_of_clients_is_found() {
    let drivers = "tests/peers/drivers";
    let built = tempfile::tempdir().unwrap();
    let script = format!("{drivers}/build.sh");
    assert!(Command::new(script).arg(built.path()).status().unwrap().success());
    let gloox = built.path().join("gloox").display().to_string();
    let (strophe, xmpp_js) =
        (format!("{drivers}/strophe.mjs"), format!("{drivers}/xmpp-client.mjs"));
    let folder = "scenarios/client";
    let closes = format!("{folder}/rfc7395/3.6-closing/answers.yaml");
    let again = format!("{folder}/xep-0124/17.1-http/logs-in-again.yaml");
    let leaves = format!("{folder}/rfc6120/4.4-closing/leaves.yaml");
    let rids = format!("{folder}/xep-0124/14.1-rids");
    let runs = [
        (LEAVES, vec![gloox.as_str()], 1, "type='terminal' does not exist"),
        (&*closes, vec!["node", &*strophe], 1, "the client to end its session in order"),
        (&*closes, vec!["node", &*xmpp_js], 1, "the client to end its session in order"),
        (&*again, vec!["node", &*strophe], 1, "the client to log in"),
        (&*leaves, vec![gloox.as_str()], 1, "does not wait for the closing tag"),
        (&*rids, vec!["node", &*strophe], 0, "1 passed"),
        (&*rids, vec![gloox.as_str()], 0, "1 passed"),
        (PINGS, vec!["node", &*xmpp_js], 0, "1 passed"),
    ];
    rig::in_lanes(runs.len(), &runs, |_, (scenario, command, code, said)| {
        let (ended, out, err) =
            client(&[&["run", scenario, "--patience", "3", "--"][..], &command[..]].concat());
        assert_eq!(ended, *code, "{scenario} {command:?}: {out}{err}");
        assert!(out.contains(said), "{scenario} {command:?}: {out}");
    });
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Chromium and strophe.js: run ./test")]
fn a_page_is_tested_in_a_browser() {
    let _turn = alone();
    let profiles = tempfile::tempdir().unwrap();
    let profile = format!("--user-data-dir={}/{{port}}", profiles.path().display());
    let browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", &profile, "{page}"];
    let page = ["--page", "tests/peers/strophe.html", "--jobs", "2", "--patience", "5", "--"];
    let rids = "scenarios/client/xep-0124/14.1-rids";
    let (code, out, err) = client(&[&["run", LEAVES, rids][..], &page, &browser].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2 passed"), "{out}{err}");
    assert!(err.contains("tests/peers/strophe.html, opened by chromium"), "{err}");
}

#[test]
fn a_page_that_is_not_there_is_told() {
    let (code, out, err) = client(&["run", LEAVES, "--page", "nowhere.html"]);
    assert_eq!((code, &*out), (3, ""), "{err}");
    assert_eq!(err, "xmppscope: --page nowhere.html: No such file or directory (os error 2)\n");
    let (code, _, err) = client(&["run", LEAVES, "--page", "tests/peers"]);
    assert_eq!((code, &*err), (3, "xmppscope: --page tests/peers: it is no file\n"));
}
