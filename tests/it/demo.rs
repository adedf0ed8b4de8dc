//! `xmppscope demo`, in real time.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use regex_lite::Regex;

use crate::rig;

/// What is said between the traffic, as one line.
fn narration(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix('#'));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// What the pattern finds, of all of its places in the text.
fn all(pattern: &str, text: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn the_story_happens_as_narrated() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("demo.ndjson");
    let capture = capture.to_str().unwrap();
    let (code, out, errors) = rig::run(&["demo", "--color", "never", "--write", capture]);
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{out}");

    for act in 1..=6 {
        assert!(out.contains(&format!("\n# {act}. ")), "act {act}: {out}");
    }
    let message = r"(?m)^\d.* (ws\d+) bob@localhost/laptop S> #\d+ message chat alice@.*Hi Bob";
    assert_eq!(all(message, &out).len(), 1, "{out}");
    let presence =
        r"S> rid \d+ #\d+ (held [^,]* of wait 3), 1 stanza.*\n    presence available bob@";
    assert_eq!(all(presence, &out).len(), 1, "{out}");
    assert!(!all(r"S> rid (\d+) #\d+ held 3\.\d s of wait 3, empty", &out).is_empty(), "{out}");
    let closed = r"(ws\d+) bob@localhost/laptop #\d+ WebSocket /xmpp-websocket closed .*<close/> from both sides";
    assert_eq!(all(closed, &out).len(), 1, "{out}");

    let cut = all(r"while rid (\d+) was held, .*\[client-gave-up\]", &out);
    let again = all(r"note \(client\): rid (\d+) was sent for the 2nd time.*\[rid-repeat\]", &out);
    let brought =
        all(r"S> rid (\d+) #\d+ .*, 1 stanza.*\n    message chat bob@.*Are you in a tunnel", &out);
    assert_eq!(cut.len(), 1, "{out}");
    assert_eq!((&cut, &cut), (&again, &brought), "{out}");

    let summary = Regex::new(
        r"\n2 sessions, \d+ messages, \d+ exchanges, 1 resend, \d+ empty responses, 0 errors, 0 warnings in .*\n",
    );
    let summary = summary.unwrap().find(&out).unwrap_or_else(|| panic!("{out}"));
    let next = &out[summary.end()..];
    assert!(
        next.contains(&format!("xmppscope show {capture}")) && next.contains(" proxy "),
        "{next}"
    );
    assert!(out.contains("[hidden "), "{out}");

    let (code, shown, _) = rig::run(&["show", capture, "--color", "never"]);
    assert_eq!(code, Some(0));
    assert!(shown.ends_with(&summary.as_str()[1..]) && !shown.contains("\n#"), "{shown}");

    // The excerpt in the README is of the present story.
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = readme.split("$ xmppscope demo").nth(1).and_then(|rest| rest.split("```").next());
    let said = narration(block.expect("an excerpt of the demo in the README"));
    assert!(!said.is_empty() && narration(&out).contains(&said), "{said:?} is not said any more");
}

#[test]
fn ctrl_c_ends_it_and_programs_get_nothing_but_json() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .args(["demo", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().to_string();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    // The second act begins after the first is done.
    assert!(said.any(|line| line.unwrap().starts_with("# 2. ")));
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let lines: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    assert!(lines.iter().any(|line| line["session"]["jid"] == "alice@localhost/phone"), "{out}");
    assert!(
        !said.any(|line| line.unwrap().contains("end of the demo")),
        "it must not get to its end"
    );
}
