//! Real clients at real servers, once more: recorded as scenarios, and replayed.

use crate::ejabberd::Ejabberd;
use crate::peers_bed::{Client, alone};
use crate::prosody::{DOMAIN, Prosody};
use crate::rig::{Proxy, run as xmppscope};

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
