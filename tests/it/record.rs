//! Recordings happen again: as scenarios, replayed at a server, and with the server of the recording played for a client.

use std::fs;
use std::path::Path;

use crate::lag::in_time;
use crate::rig::{Proxy, run as xmppscope};

const CHAT: &str = "fixtures/strophe-login-chat.ndjson";

/// Every recording of the fixtures becomes a scenario without mistakes, or it is said why not.
#[test]
fn each_fixture_is_recorded_or_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = 0;
    for place in ["fixtures", "fixtures/field", "fixtures/import", "fixtures/logs"] {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_recording = [".ndjson", ".har", ".log", ".txt", ".pcap"];
            if !is_recording.iter().any(|end| name.ends_with(end)) {
                continue;
            }
            let to = folder.path().join(format!("{name}.yaml"));
            let (from, to) = (path.to_str().unwrap(), to.to_str().unwrap());
            let (status, out, errors) = xmppscope(&["record", from, "-o", to]);
            assert!(out.is_empty(), "{name}: {out}");
            match status {
                Some(0) => written += 1,
                Some(2) => assert!(
                    errors.starts_with("xmppscope: ")
                        || errors.contains("\nxmppscope: ")
                        || Path::new(to).exists(),
                    "{name}: {errors}"
                ),
                other => panic!("{name}: {other:?}: {errors}"),
            }
        }
    }
    assert!(written > 25, "{written}");
    let (status, _, errors) = xmppscope(&["check", folder.path().to_str().unwrap()]);
    assert_eq!(status, Some(0), "{errors}");
}

#[test]
fn a_recording_of_prosody_is_run_at_the_reference_connection_manager() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("again.yaml");
    let file = file.to_str().unwrap();
    for options in [&[][..], &["--requests"]] {
        let arguments = [&["record", CHAT, "-o", file, "--force"], options].concat();
        assert_eq!(xmppscope(&arguments).0, Some(0));
        let (status, out, errors) = xmppscope(&["run", file, "--color", "never"]);
        assert_eq!(status, Some(0), "{options:?}\n{out}{errors}");
    }
    let (status, out, errors) = xmppscope(&["prove", file, "--covered"]);
    assert!(matches!(status, Some(0 | 1)) && out.contains(" caught, "), "{out}{errors}");
}

#[test]
fn a_replay_at_the_reference_connection_manager_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("new.ndjson");
    let written = written.to_str().unwrap();
    let (status, out, errors) = xmppscope(&["replay", CHAT, "--write", written]);
    assert_eq!(status, Some(1), "{errors}");
    assert!(out.contains("differences\n"), "{out}");
    // The same once more: nothing differs from what it recorded itself.
    let (status, out, errors) = xmppscope(&["replay", written]);
    assert_eq!((status, &*out), (Some(0), ""), "{out}{errors}");
    assert!(errors.contains("no differences"), "{errors}");
    let (status, out, _) = xmppscope(&["replay", written, "--defect", "bosh-resp-ver/own"]);
    assert_eq!(status, Some(1));
    assert!(out.contains("ver"), "{out}");
}

/// When each request of a capture came, in milliseconds, from the first one behind the login on.
fn requests(path: &str) -> Vec<i64> {
    let text = fs::read_to_string(path).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let requests = events.filter(|event| event["event"] == "request");
    let all: Vec<i64> = requests.map(|event| event["at"].as_i64().unwrap() / 1000).collect();
    all[6..10].to_vec()
}

#[test]
fn overlapping_requests_keep_their_distance_over_the_network() {
    let cm = Proxy::start_cm(&["--account", "alice:secret"]);
    let target = format!("http://{}/http-bind", cm.address);
    let folder = tempfile::tempdir().unwrap();
    in_time(|| {
        let written = folder.path().join("new.ndjson");
        let written = written.to_str().unwrap();
        let account = ["--target", &target, "--account", "alice:secret", "--write", written];
        let (_, _, errors) = xmppscope(&[&["replay", CHAT], &account[..]].concat());
        assert!(!errors.contains("stopped"), "{errors}");
        let distances = |times: &[i64]| -> Vec<i64> {
            times.windows(2).map(|pair| pair[1] - pair[0]).collect()
        };
        let (before, now) = (distances(&requests(CHAT)), distances(&requests(written)));
        let far = before.iter().zip(&now).any(|(before, now)| (before - now).abs() > 20);
        if far { Err(format!("{before:?} became {now:?}")) } else { Ok(()) }
    });
    drop(cm.stop());
}

#[test]
fn a_client_is_served_what_was_recorded() {
    let cm = Proxy::start_cm(&["--replay", CHAT, "--color", "never"]);
    let target = format!("http://{}/http-bind", cm.address);
    let (status, out, errors) =
        xmppscope(&["replay", CHAT, "--target", &target, "--account", "alice:anything"]);
    let left = cm.stop();
    assert!(!left.errors.contains("not as recorded"), "{}", left.errors);
    // The login is another, since the recording holds no password; all behind it is the same.
    assert!(matches!(status, Some(0 | 1)), "{errors}");
    assert!(!out.contains("message chat") && !out.contains("iq result"), "{out}");
    let (_, shown, _) = xmppscope(&["show", left.capture.to_str().unwrap(), "--format", "compact"]);
    assert!(shown.contains("Is this thing on?"), "{shown}");
}

#[test]
fn a_finding_shrinks_to_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small.ndjson");
    let small = small.to_str().unwrap();
    let long = "fixtures/strophe-reload-resend.ndjson";
    let (status, _, errors) =
        xmppscope(&["shrink", long, "--while", "finding:rid-repeat", "-o", small]);
    assert_eq!(status, Some(0), "{errors}");
    let (_, shown, _) = xmppscope(&["show", small, "--format", "compact", "--color", "never"]);
    assert!(shown.contains("[rid-repeat]"), "{shown}");
    let lines = |path: &str| fs::read_to_string(path).unwrap().lines().count();
    assert!(lines(small) * 4 < lines(long) * 3, "{} of {}", lines(small), lines(long));
    let (status, out, _) = xmppscope(&["shrink", long, "--while", "finding:rid-repeat"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("- resend: "), "{out}");
    let (status, out, errors) = xmppscope(&["shrink", long, "--while", "finding:rid-gap"]);
    assert_eq!((status, &*out), (Some(1), ""), "{errors}");
}

#[test]
fn nonsense_is_refused_in_words() {
    for (arguments, status, words) in [
        (&["record", "Cargo.toml"][..], 2, "not an xmppscope capture"),
        (&["record", CHAT, "--session", "zzz"], 2, "no session begins with `zzz`"),
        (&["record", "nowhere.ndjson"], 3, "cannot read"),
        (&["replay", CHAT, "--speed", "0"], 2, "expected a number from 0.01 to 1000"),
        (&["replay", CHAT, "--target", "http://127.0.0.1:9/"], 2, "give --account USER:PASSWORD"),
        (
            &["replay", CHAT, "--target", "ws://127.0.0.1:9/", "--account", "a:b"],
            2,
            "no address for it",
        ),
        (
            &["replay", CHAT, "--target", "http://127.0.0.1:9/", "--account", "a:b"],
            3,
            "127.0.0.1:9",
        ),
        (&["shrink", CHAT, "--while", "finding:"], 2, "--while is not a valid expression"),
        (&["cm", "--replay", CHAT, "--session", "zzz"], 2, "no session with such a name"),
        (&["cm", "--replay", CHAT, "--fault", "always: drop"], 2, "cannot be used with '--fault"),
        (&["cm", "--replay", CHAT, "--control", "ctl"], 2, "cannot be used with '--control"),
    ] {
        let (code, _, errors) = xmppscope(arguments);
        assert_eq!(code, Some(status), "{arguments:?}: {errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
    }
}
