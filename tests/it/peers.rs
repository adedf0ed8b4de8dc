//! Real clients talk to a real server, directly and through the proxy: the clients must not see a
//! difference, and a person must see what happened.
//!
//! They need Prosody, Node, Chromium and gloox, so they run with `./test`, which installs these and sets
//! the feature `peers`. There a missing program is a failure.
#![allow(clippy::disallowed_methods)] // prints past the test runner's capture

use crate::peers_bed::{Client, Proxy, held, normalised};
use crate::prosody::Prosody;

const STORY: [&str; 3] = ["presence", "chat:Is this thing on? é <&> 🎉", "logout"];

#[cfg(not(feature = "peers"))]
#[test]
fn say_what_is_left_out() {
    use std::io::Write as _;
    let line = "left out: the tests with Prosody, strophe.js, converse.js and gloox; ./test installs these and runs all\n";
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_sees_no_difference_through_the_proxy() {
    let server = Prosody::start();
    let direct = Client::strophe(&server.origin(), &server.alice).live(&STORY);
    let proxy = Proxy::with(&server.origin(), &["--format", "pretty"]);
    let proxied = Client::strophe(&proxy.origin, &server.alice).live(&STORY);
    let origin = proxy.origin.clone();
    let ended = proxy.finish();

    assert_eq!(direct.lines, proxied.lines);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.took.as_millis() < 1500, "took {:?} to end", ended.took);
    assert!(!ended.stdout.contains(server.alice.reveal()), "the password is in the transcript");
    let shown = normalised(
        &ended.stdout,
        &[(&origin, "PROXY"), (&server.origin(), "SERVER")],
        &proxied.about,
    );
    insta::assert_snapshot!("strophe_login_chat_logout", shown);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn an_empty_long_poll_is_shown_with_its_held_time() {
    let server = Prosody::start();
    let proxy = Proxy::with(&server.origin(), &["--format", "compact"]);
    Client::strophe(&proxy.origin, &server.alice).option("--wait", "5").live(&["empty", "logout"]);
    let shown = proxy.finish().stdout;
    let longest = held(&shown).into_iter().fold(0.0, f64::max);
    assert!((longest - 5.0).abs() <= 0.1, "longest hold shown: {longest} s of wait 5\n{shown}");
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_repeats_itself_against_the_same_server() {
    let story =
        ["presence", "ping", "chat:one", "reload", "chat:two", "cut", "chat:three", "logout"];
    let server = Prosody::start();
    let once = Client::strophe(&server.origin(), &server.alice).live(&story);
    let again = Client::strophe(&server.origin(), &server.alice).live(&story);
    assert_eq!(once.lines, again.lines);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn converse_sees_no_difference_through_the_proxy() {
    let story = ["presence:xa", "chat:Hello from a browser é 🎉", "reload", "chat:again", "logout"];
    let server = Prosody::start();
    let direct = Client::converse(&server.origin(), &server.alice).live(&story);
    let proxy = Proxy::with(&server.origin(), &["--format", "compact"]);
    let proxied = Client::converse(&proxy.origin, &server.alice).live(&story);
    let shown = proxy.finish().stdout;

    assert_eq!(direct.lines, proxied.lines);
    for fact in ["OPTIONS", "Hello from a browser é 🎉", "xa", "terminate"] {
        assert!(shown.contains(fact), "{fact} is not in the transcript\n{shown}");
    }
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, g++ and gloox: run ./test")]
fn gloox_sees_no_difference_in_any_of_its_http_modes() {
    let server = Prosody::start();
    let proxy = Proxy::with(&server.origin(), &["--format", "compact"]);
    for mode in ["legacy", "persistent", "pipelining"] {
        let words = format!("chat:gloox in mode {mode}");
        let direct = Client::gloox(&server.origin(), &server.alice, mode).live(&[&words]);
        let proxied = Client::gloox(&proxy.origin, &server.alice, mode).live(&[&words]);
        assert_eq!(direct.lines, proxied.lines, "mode {mode}");
    }
    let shown = proxy.finish().stdout;
    for fact in ["gloox in mode legacy", "gloox in mode persistent", "gloox in mode pipelining"] {
        assert!(shown.contains(fact), "{fact} is not in the transcript\n{shown}");
    }
}
