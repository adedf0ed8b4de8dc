//! Real clients talk to a real server, directly and through the proxy: the clients must not see a
//! difference, and a person must see what happened.
//!
//! They need Prosody, Node, Chromium and gloox, so they run with `./test`, which installs these and sets
//! the feature `peers`. There a missing program is a failure.

use crate::lag::in_time;
use crate::peers_bed::{Client, alone, held, normalised};
use crate::prosody::Prosody;
use crate::rig::{self, Proxy};

#[cfg(not(feature = "peers"))]
#[test]
fn say_what_is_left_out() {
    use std::io::Write as _;
    let line = "\nleft out: the tests with Prosody, ejabberd and real clients; ./test installs these and runs all\n";
    std::io::stderr().write_all(line.as_bytes()).unwrap(); // past the capture of the test runner
}

/// A proxy before the server, and the origin for its clients.
fn proxy(server: &Prosody, options: &[&str]) -> (Proxy, String) {
    let proxy = Proxy::start(&server.origin(), &[&["--color", "never"], options].concat());
    let scheme = if options.contains(&"--tls") { "https" } else { "http" };
    let origin = format!("{scheme}://{}", proxy.address);
    (proxy, origin)
}

#[track_caller]
fn assert_shows(transcript: &str, facts: &[&str]) {
    for fact in facts {
        assert!(transcript.contains(fact), "{fact:?} is not in the transcript\n{transcript}");
    }
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_logs_in_chats_and_logs_out() {
    let _turn = alone();
    let story = ["presence", "chat:Is this thing on? é <&> 🎉", "logout"];
    let server = Prosody::start();
    let direct = Client::strophe(&server.origin(), &server.alice).live(&story);
    let (proxy, origin) = proxy(&server, &["--format", "pretty"]);
    let proxied = Client::strophe(&origin, &server.alice).live(&story);
    let left = proxy.stop();

    assert_eq!(direct.lines, proxied.lines);
    assert_eq!(left.status.code(), Some(0), "{}", left.errors);
    let capture = std::fs::read_to_string(&left.capture).unwrap();
    for kept in [&left.out, &left.errors, &capture] {
        assert!(!kept.contains(server.alice.reveal()), "the password was kept");
    }
    let (_, shown, _) = rig::run(&["show", left.capture.to_str().unwrap(), "--color", "never"]);
    assert_eq!(shown, left.out, "`show` differs from what was printed live");
    insta::assert_snapshot!(normalised(&left.out, &proxied.about));
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_reloads_and_loses_a_connection() {
    let _turn = alone();
    let story =
        ["presence", "ping", "chat:one", "reload", "chat:two", "cut", "chat:three", "logout"];
    let server = Prosody::start();
    let direct = Client::strophe(&server.origin(), &server.alice).live(&story);
    let (proxy, origin) = proxy(&server, &["--format", "compact"]);
    let proxied = Client::strophe(&origin, &server.alice).live(&story);
    let shown = proxy.stop().out;

    assert_eq!(direct.lines, proxied.lines);
    assert_shows(&shown, &["\"one\"", "\"two\"", "\"three\"", "was sent for the 2nd time", "ping"]);
    assert_shows(&shown, &["1 session,", "1 resend"]); // a reload and a resend stay one story
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_talks_to_the_proxy_over_tls() {
    let _turn = alone();
    let story = ["presence", "chat:in private", "logout"];
    let server = Prosody::start();
    let direct = Client::strophe(&server.origin(), &server.alice).live(&story);
    let (proxy, origin) = proxy(&server, &["--format", "compact", "--tls"]);
    let client = Client::strophe(&origin, &server.alice).environment("PEER_INSECURE", "1");
    let proxied = client.live(&story);

    assert_eq!(direct.lines, proxied.lines);
    assert_shows(&proxy.stop().out, &["in private"]);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn an_empty_long_poll_is_shown_with_its_held_time() {
    let _turn = alone();
    let server = Prosody::start();
    in_time(|| {
        let (proxy, origin) = proxy(&server, &["--format", "compact"]);
        Client::strophe(&origin, &server.alice).option("--wait", "5").live(&["empty", "logout"]);
        let shown = proxy.stop().out;
        let longest = held(&shown).into_iter().fold(0.0, f64::max);
        if (longest - 5.0_f64).abs() <= 0.1 {
            return Ok(());
        }
        Err(format!("longest hold shown: {longest} s of wait 5\n{shown}"))
    });
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn converse_chats_in_a_browser() {
    let _turn = alone();
    let story = ["presence:xa", "chat:Hello from a browser é 🎉", "reload", "chat:again", "logout"];
    let server = Prosody::start();
    let direct = Client::converse(&server.origin(), &server.alice).live(&story);
    let (proxy, origin) = proxy(&server, &["--format", "compact"]);
    let proxied = Client::converse(&origin, &server.alice).live(&story);
    let shown = proxy.stop().out;

    assert_eq!(direct.lines, proxied.lines);
    assert_shows(&shown, &["OPTIONS", "\"Hello from a browser é 🎉\"", "presence xa", "terminate"]);
    assert_shows(&shown, &["1 session,"]);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, g++ and gloox: run ./test")]
fn gloox_chats_in_each_of_its_http_modes() {
    let _turn = alone();
    let server = Prosody::start();
    let (proxy, origin) = proxy(&server, &["--format", "compact"]);
    for mode in ["legacy", "persistent", "pipelining"] {
        let words = format!("chat:gloox in mode {mode}");
        let direct = Client::gloox(&server.origin(), &server.alice, mode).live(&[&words]);
        let proxied = Client::gloox(&origin, &server.alice, mode).live(&[&words]);
        assert_eq!(direct.lines, proxied.lines, "mode {mode}");
    }
    let shown = proxy.stop().out;
    assert_shows(&shown, &["\"gloox in mode legacy\"", "\"gloox in mode persistent\""]);
    assert_shows(&shown, &["\"gloox in mode pipelining\"", "terminal"]);
}
