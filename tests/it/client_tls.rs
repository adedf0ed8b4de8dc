//! `xmppscope client run` with TLS: which URLs and which CA a client gets, and what becomes of one that verifies nothing.

use std::path::Path;

use crate::rig;

const LEAVES: [&str; 3] = [
    "scenarios/client/xep-0124/13-terminate/leaves.yaml",
    "scenarios/client/rfc7395/3.6-closing/leaves.yaml",
    "scenarios/client/rfc6120/4.4-closing/leaves.yaml",
];
/// Where a client must not log in, and the requirement.
const REFUSES: [(&str, &str); 4] = [
    ("xep-0124/19.1-https", "bosh-https-method"),
    ("rfc6455/4.1-certificates", "ws-tls-verified"),
    ("rfc6120/5.4.3.1-certificates", "tcp-tls-certificate-verified"),
    ("xep-0368/3-direct", "tcp-tls-certificate-verified"),
];

fn client(arguments: &[&str]) -> (i32, String, String) {
    let (code, out, err) = rig::run(&[&["client"], arguments].concat());
    (code.unwrap(), out, err)
}

/// What a command sees that prints this and ends: the lines of the report about it.
fn told(options: &[&str], print: &str) -> String {
    let script = format!("{print}; exit 7");
    let fixed = ["run", "--confirm", "0"];
    let (code, out, err) = client(&[&fixed, options, &["--", "sh", "-c", &script]].concat());
    assert_eq!(code, 3, "{out}{err}");
    err
}

#[test]
fn tls_is_put_into_scenarios_that_say_nothing_of_it() {
    let (code, out, err) = client(&[&["run"][..], &LEAVES, &["--tls", "--built-in"]].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("3 scenarios: 3 passed"), "{out}");
    // With faults, and without: what the client is told is the same.
    for (scenario, plain, secure) in [
        (LEAVES[0], "http://127.0.0.1:", "https://127.0.0.1:"),
        (LEAVES[1], "ws://127.0.0.1:", "wss://127.0.0.1:"),
        (LEAVES[2], "xmpp://127.0.0.1:", "xmpp://127.0.0.1:"),
        ("scenarios/client/xep-0124/14.3-broken", "http://127.0.0.1:", "https://127.0.0.1:"),
    ] {
        let print = "echo {url} ca=$XMPPSCOPE_CA; head -n 1 \"{ca}\"";
        let without = told(&[scenario], print);
        assert!(without.contains(&format!("wrote     {plain}")), "{without}");
        assert!(without.contains(" ca=\n") && !without.contains("CERTIFICATE"), "{without}");
        let with = told(&[scenario, "--tls"], print);
        assert!(with.contains(&format!("wrote     {secure}")), "{with}");
        assert!(with.contains("-----BEGIN CERTIFICATE-----"), "{with}");
    }
    // A scenario may say otherwise.
    let direct = "scenarios/client/xep-0368/3-direct/begins.yaml";
    assert!(told(&[direct], "echo {url}").contains("wrote     xmpps://127.0.0.1:"));
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.yaml");
    let text = std::fs::read_to_string(LEAVES[0]).unwrap();
    std::fs::write(&none, text.replace("steps:", "server: { tls: none }\nsteps:")).unwrap();
    let none = told(&[none.to_str().unwrap(), "--tls"], "echo {url}");
    assert!(none.contains("wrote     http://127.0.0.1:"), "{none}");
}

#[test]
fn the_ca_is_gone_after_the_run_unless_it_is_kept() {
    let path = |text: &str| {
        let path = text.split("wrote     ca=").nth(1).unwrap().split_whitespace().next().unwrap();
        Path::new(path).to_owned()
    };
    let print = "echo ca={ca}; test -r {ca} && echo readable";
    let run = told(&[LEAVES[0], "--tls"], print);
    assert!(run.contains("readable") && !path(&run).exists(), "{run}");
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("ca");
    let options = [LEAVES[0], "--tls", "--ca-dir", dir.to_str().unwrap()];
    let run = told(&options, print);
    assert!(run.contains("readable") && path(&run) == dir.join("ca.pem"), "{run}");
    let first = std::fs::read(dir.join("ca.pem")).unwrap();
    told(&options, print);
    assert_eq!(std::fs::read(dir.join("ca.pem")).unwrap(), first);
    let (code, _, err) = client(&["run", LEAVES[0], "--ca-dir", "Cargo.toml", "--built-in"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("--ca-dir Cargo.toml: it is no folder"), "{err}");
}

#[test]
fn the_key_of_a_ca_is_not_served_with_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    std::fs::write(&page, "<!doctype html>").unwrap();
    let page = page.to_str().unwrap();
    for inside in [folder.path().to_owned(), folder.path().join("ca")] {
        let dir = inside.to_str().unwrap();
        let (code, _, err) = client(&["run", LEAVES[1], "--tls", "--ca-dir", dir, "--page", page]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("name another folder"), "{err}");
        assert!(!inside.join("ca-key.pem").exists());
    }
}

#[test]
fn a_client_that_accepts_any_certificate_is_noticed_over_each_carrier() {
    rig::in_lanes(REFUSES.len(), &REFUSES, |_, (folder, defect)| {
        let folder = format!("scenarios/client/{folder}/refuses.yaml");
        let (code, out, err) = client(&["run", &folder, "--built-in"]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("3 runs of 1 scenario: 3 passed"), "{out}");
        let (code, out, err) = client(&["prove", &folder, "--defect", defect]);
        assert_eq!(code, 0, "{folder}: {out}{err}");
        assert!(out.contains("1 caught, 0 missed"), "{folder}: {out}");
    });
}

/// What is changed on the way of a client with a defect is changed within TLS, too.
#[test]
fn defects_are_noticed_within_tls() {
    let folder = tempfile::tempdir().unwrap();
    for (scenario, defect, tls) in [
        (LEAVES[0], "bosh-type-values", "required"),
        (LEAVES[2], "tcp-close-reciprocal/answer", "required"),
        (LEAVES[2], "tcp-close-reciprocal/answer", "offered"),
        (LEAVES[2], "tcp-close-reciprocal/answer", "direct"),
    ] {
        let own = folder.path().join(format!("{defect}-{tls}.yaml").replace('/', "-"));
        let text = std::fs::read_to_string(scenario).unwrap();
        let server = format!("server: {{ tls: {tls} }}\nsteps:");
        std::fs::write(&own, text.replace("steps:", &server)).unwrap();
        let (code, out, err) = client(&["prove", own.to_str().unwrap(), "--defect", defect]);
        assert_eq!(code, 0, "{defect}, {tls}: {out}{err}");
    }
}

/// The pages of `docs/deviations` say what is wrong with these clients: it is still so; and the others verify certificates.
#[cfg(feature = "peers")]
#[test]
fn what_is_known_of_clients_with_tls_is_found() {
    let drivers = "tests/peers/drivers";
    let built = tempfile::tempdir().unwrap();
    let script = format!("{drivers}/build.sh");
    let status = std::process::Command::new(script).arg(built.path()).status();
    assert!(status.unwrap().success());
    let built = |name: &str| built.path().join(name).display().to_string();
    let (gloox, libstrophe) = (built("gloox"), built("libstrophe"));
    let (strophe, xmpp_js, slixmpp) = (
        format!("{drivers}/strophe.mjs"),
        format!("{drivers}/xmpp-client.mjs"),
        format!("{drivers}/slixmpp-tcp.py"),
    );
    let slixmpp = ["/usr/bin/python3", &slixmpp];
    let folder = "scenarios/client";
    let refuses = format!("{folder}/rfc6120/5.4.3.1-certificates");
    let behind = format!("{folder}/rfc6120/5-starttls/behind.yaml");
    let required = format!("{folder}/rfc6120/5-starttls/required.yaml");
    let https = format!("{folder}/xep-0124/19.1-https");
    let https_refused = format!("{https}/refuses.yaml");
    let wss = format!("{folder}/rfc6455/4.1-certificates");
    let runs: [(&str, &[&str], i32, &str); 11] = [
        (&refuses, &slixmpp, 1, "it logs in although the certificate is invalid"),
        (&behind, &slixmpp, 1, "nothing from the client that matches `id:injected`"),
        (&required, &slixmpp, 0, "1 passed"),
        (&refuses, &[&gloox], 0, "3 passed"),
        (&required, &[&gloox], 0, "1 passed"),
        // Over BOSH with TLS, gloox crashes now and then.
        (&https_refused, &[&gloox], 0, "3 passed"),
        (&refuses, &[&libstrophe], 0, "3 passed"),
        (&required, &[&libstrophe], 0, "1 passed"),
        (&refuses, &["node", &xmpp_js], 0, "3 passed"),
        (&https, &["node", &strophe], 0, "4 passed"),
        (&wss, &["node", &strophe], 0, "3 passed"),
    ];
    rig::in_lanes(runs.len(), &runs, |_, (scenario, command, code, said)| {
        let (ended, out, err) =
            client(&[&["run", *scenario, "--patience", "3", "--"][..], *command].concat());
        assert_eq!(ended, *code, "{scenario} {command:?}: {out}{err}");
        assert!(out.contains(said), "{scenario} {command:?}: {out}");
    });
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Chromium and strophe.js: run ./test")]
fn a_page_speaks_to_servers_that_its_browser_knows() {
    let _turn = crate::peers_bed::alone();
    let profiles = tempfile::tempdir().unwrap();
    let profile = format!("{}/{{port}}", profiles.path().display());
    let browser = format!(
        "export HOME={profile} && mkdir -p $HOME/.pki/nssdb && cd $HOME/.pki/nssdb && \
         certutil -d sql:. -N --empty-password && certutil -d sql:. -A -n ca -t C,, -i {{ca}} && \
         exec chromium --headless --no-sandbox --disable-gpu --user-data-dir=$HOME {{page}}"
    );
    let page = ["--page", "tests/peers/strophe.html", "--jobs", "2", "--patience", "5", "--"];
    let scenarios = [
        "scenarios/client/xep-0124/19.1-https",
        "scenarios/client/rfc7395/3.9-tls/uses.yaml",
        LEAVES[0],
    ];
    let command = ["sh", "-c", &browser];
    let (code, out, err) = client(&[&["run", "--tls"][..], &scenarios, &page, &command].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("6 passed"), "{out}{err}");
}
