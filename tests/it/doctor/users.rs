//! Logins with `--user`, over each carrier.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::back::{Server, Servers};
use super::identities::Identities;
use super::setup::{Bed, Setup, UPGRADE, location};
use crate::rig;

/// BOSH and WebSocket at nginx, STARTTLS, direct TLS.
const CARRIERS: [(&str, bool); 4] = [
    ("https://chat.example/http-bind", false),
    ("wss://chat.example/xmpp-websocket", true),
    ("xmpp://localhost --resolve localhost:127.0.0.1:{starttls}", true),
    ("xmpps://localhost --resolve localhost:127.0.0.1:{direct}", true),
];

fn setup(at: &str, server: &Server) -> Setup {
    let lines = [location("/http-bind", ""), location("/xmpp-websocket", UPGRADE)].join("\n  ");
    let setup = Setup::nginx("users", &lines).at(&format!("{at} --domain localhost"));
    match server {
        Server::Prosody(settings) => setup.prosody(settings),
        // The rig gives it a certificate without its chain, so that nobody logs in over TCP.
        Server::Ejabberd(settings) => setup.ejabberd(settings),
    }
}

/// What is printed, from which neither the password nor anything that is made of it may be read.
fn examined(bed: &Bed, user: &str, password: &str, format: &str) -> String {
    let options = format!(" --user {user} --format {format}");
    let arguments = bed.arguments.replace(" --format json", &options);
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let (_, out, errors) =
        rig::run_with(rig::LONG, &[("XMPPSCOPE_PASSWORD", password)], &arguments);
    let printed = out.clone() + &errors;
    let local = user.split('@').next().unwrap();
    let plain = format!("\0{local}\0{password}");
    for secret in [password, &STANDARD.encode(password), &STANDARD.encode(plain)] {
        assert!(!printed.contains(secret), "{format} shows the password:\n{printed}");
    }
    out
}

fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let checks = report["checks"].as_array().unwrap().iter();
    let all =
        checks.map(|check| (check["check"].as_str().unwrap(), check["verdict"].as_str().unwrap()));
    all.filter(|(check, _)| ["login", "message", "resumption"].contains(check)).collect()
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs nginx, Prosody and ejabberd: run ./test")]
fn users_log_in_over_each_carrier_and_no_password_is_shown() {
    let identities = Identities::new();
    let servers = Servers::new(&identities);
    let prosody = CARRIERS.map(|carrier| (Server::Prosody(String::new()), carrier));
    let ejabberd =
        [CARRIERS[0], CARRIERS[1]].map(|carrier| (Server::Ejabberd(String::new()), carrier));
    let formats = ["pretty", "markdown", "html"].into_iter().cycle();
    std::thread::scope(|scope| {
        for ((server, (at, resumes)), format) in prosody.into_iter().chain(ejabberd).zip(formats) {
            let (servers, identities) = (&servers, &identities);
            scope.spawn(move || {
                let password = servers.get(&server).password.clone();
                let bed = setup(at, &server).start(false, servers, identities);
                examined(&bed, "alice@localhost", password.reveal(), format);
                logs_in(&bed, password.reveal(), resumes);
            });
        }
    });
}

fn logs_in(bed: &Bed, password: &str, resumes: bool) {
    let report = |user, password| -> Value {
        serde_json::from_str(&examined(bed, user, password, "json")).unwrap()
    };
    let right = report("alice@localhost", password);
    let mut expected = vec![("login", "well"), ("message", "well")];
    expected.extend(resumes.then_some(("resumption", "well")));
    assert_eq!(verdicts(&right), expected, "{right:#}\n{bed}");
    for (user, password) in
        [("alice@localhost", "not-the-pass-word"), ("nobody@localhost", password)]
    {
        let wrong = report(user, password);
        assert_eq!(verdicts(&wrong), [("login", "broken")], "{wrong:#}\n{bed}");
        let problems = wrong["problems"].as_array().unwrap();
        let troubles: Vec<&Value> = problems.iter().map(|one| &one["trouble"]).collect();
        assert_eq!(troubles, ["login-failed"], "{wrong:#}\n{bed}");
    }
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs nginx and Prosody: run ./test")]
fn the_server_itself_proves_what_is_in_between() {
    let identities = Identities::new();
    let servers = Servers::new(&identities);
    let setup = Setup::location("direct", "/http-bind", "proxy_read_timeout 1s;")
        .at("https://chat.example/http-bind --direct http://{server}/http-bind")
        .slow();
    let report = setup.examine(&setup.start(false, &servers, &identities));
    let problem = &report["problems"][0];
    assert_eq!(problem["trouble"], "read-timeout", "{report:#}");
    assert_eq!(problem["program"], "nginx", "{report:#}");
    let proof = problem["proof"].as_str().unwrap();
    assert!(proof.contains("change the reverse proxy"), "{proof}");
}
