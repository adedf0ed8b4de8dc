//! Real clients at real servers, once more: recorded as scenarios, and replayed.

use std::path::Path;

use crate::ejabberd::Ejabberd;
use crate::peers_bed::{Client, alone};
use crate::peers_carriers_bed::{Between, Carrier, LANES, Server};
use crate::prosody::{DOMAIN, Prosody};
use crate::rig::{self, Proxy, run as xmppscope};

/// A target file for a server with these passwords.
fn target(origin: &str, alice: &str, bob: &str) -> String {
    format!(
        "name: a server\nurl: {origin}/http-bind\ndomain: {DOMAIN}\nanonymous: anon.{DOMAIN}\nrooms: conference.{DOMAIN}\n\
         accounts: {{ alice: {{ password: '{alice}' }}, bob: {{ password: '{bob}' }} }}\nprovides: [slow]\n"
    )
}

/// What a client does at Prosody is recorded, run and replayed there, and replayed at ejabberd.
fn once_more(client: impl Fn(&str, &Prosody) -> Client, story: &[&str]) {
    let _turn = alone();
    let prosody = Prosody::start();
    // What a server has learned of a client, it does not ask again.
    client(&prosody.origin(), &prosody).live(story);
    let proxy = Proxy::start(&prosody.origin(), &["--format", "compact"]);
    client(&format!("http://{}", proxy.address), &prosody).live(story);
    let left = proxy.stop();
    let capture = left.capture.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (here, there, scenario) = (path("prosody.yaml"), path("ejabberd.yaml"), path("again.yaml"));
    std::fs::write(&here, target(&prosody.origin(), prosody.alice.reveal(), prosody.bob.reveal()))
        .unwrap();

    let (status, _, errors) = xmppscope(&["record", capture, "-o", &scenario]);
    assert_eq!(status, Some(0), "{errors}");
    let text = std::fs::read_to_string(&scenario).unwrap();
    let (status, out, errors) = xmppscope(&["run", &scenario, "--target", &here]);
    assert_eq!(status, Some(0), "{out}{errors}\n{text}");

    let (status, out, errors) = xmppscope(&["replay", capture, "--target", &here]);
    assert_eq!((status, &*out), (Some(0), ""), "{out}{errors}");

    let ejabberd = Ejabberd::start_with(1, None);
    std::fs::write(
        &there,
        target(&ejabberd.origin(), ejabberd.alice.reveal(), ejabberd.bob.reveal()),
    )
    .unwrap();
    let (status, out, errors) = xmppscope(&["replay", capture, "--target", &there]);
    assert_eq!(status, Some(1), "{out}{errors}");
    assert!(
        out.contains("response gained attribute") || out.contains("response lost attribute"),
        "{out}"
    );
    assert!(!errors.contains("stopped after"), "{errors}");

    let (status, out, errors) = xmppscope(&["replay", capture]);
    assert_eq!(status, Some(1), "{out}{errors}");
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, ejabberd and Node: run ./test")]
fn strophe_is_recorded_and_replayed() {
    let story = ["presence", "chat:once", "ping", "chat:more", "logout"];
    once_more(|origin, prosody| Client::strophe(origin, &prosody.alice), &story);
}

#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs Prosody, ejabberd, Node and Chromium: run ./test"
)]
fn converse_is_recorded_and_replayed() {
    let story = ["chat:Hello once more", "logout"];
    once_more(|origin, prosody| Client::converse(origin, &prosody.alice), &story);
}

/// A target file for the streams of a server.
fn streams(server: &Server) -> String {
    let Server { name, websocket, starttls, direct, alice, bob, .. } = server;
    let host = websocket.split('/').next().unwrap();
    format!(
        "name: {name}\nurl: http://{host}/http-bind\nwebsocket: ws://{websocket}\ntcp: xmpp://localhost:{starttls}\n\
         direct-tls: xmpps://localhost:{direct}\nca-file: {}\ndomain: {DOMAIN}\naccounts: {{ alice: {{ password: '{}' }}, bob: {{ password: '{}' }} }}\n",
        server.certificate().display(),
        alice.reveal(),
        bob.reveal()
    )
}

/// What a client does over WebSocket and TCP at Prosody is recorded, run and replayed there, and replayed at ejabberd.
#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs Prosody, ejabberd, Node and slixmpp: run ./test"
)]
fn clients_on_streams_are_recorded_and_replayed() {
    let (prosody, ejabberd) = (Server::prosody(), Server::ejabberd());
    let folder = tempfile::tempdir().unwrap();
    let [here, there] = [&prosody, &ejabberd].map(|server| {
        let path = folder.path().join(format!("{}.yaml", server.name));
        std::fs::write(&path, streams(server)).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let plain = ["roster", "ping", "logout"];
    let resumed = ["roster", "reload", "ping", "cut", "ping", "logout"];
    let clients = [
        ("strophe-websocket.mjs", Carrier::WebSocket, &resumed[..]),
        ("xmpp-client.mjs", Carrier::WebSocket, &plain),
        ("xmpp-client.mjs", Carrier::StartTls, &plain),
        ("slixmpp-tcp.py", Carrier::DirectTls, &plain),
    ];
    for server in [&prosody, &ejabberd] {
        rig::in_lanes(LANES, &clients, |lane, (driver, carrier, story)| {
            let driver_name = driver.split('.').next().unwrap();
            let name = format!("again-{}-{driver_name}-{carrier:?}", server.name).to_lowercase();
            let between = Between::start(server, *carrier, &[]);
            let client = Client::at(driver, &between.url, &between.certificate(), &server.alice);
            let seen = client.named(&format!("alice@localhost/web{lane}")).live(story);
            between.stop(seen.lines, &name);
            let artefacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts/carriers");
            let capture = artefacts.join(format!("{name}.ndjson"));
            let capture = capture.to_str().unwrap();
            let path = folder.path().join(format!("{}-{lane}.yaml", server.name));
            let scenario = path.to_str().unwrap();
            let own = if server.name == "Prosody" { &here } else { &there };
            let other = if server.name == "Prosody" { &there } else { &here };

            let (status, _, errors) = xmppscope(&["record", capture, "-o", scenario]);
            assert_eq!(status, Some(0), "{name}: {errors}");
            let (status, out, errors) = xmppscope(&["run", scenario, "--target", own]);
            assert_eq!(status, Some(0), "{name}: {out}{errors}");
            let (status, out, errors) = xmppscope(&["replay", capture, "--target", own]);
            assert_eq!((status, &*out), (Some(0), ""), "{name}: {out}{errors}");
            assert!(!errors.contains("not sent"), "{name}: {errors}");
            let (status, out, errors) = xmppscope(&["replay", capture, "--target", other]);
            assert_eq!(status, Some(1), "{name}: {out}{errors}");
            assert!(out.contains("stream features"), "{name}: {out}");
            assert!(!errors.contains("stopped after"), "{name}: {errors}");
        });
    }
}
