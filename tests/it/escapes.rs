//! What names of files, words of the command line and texts of files hold does not act on a terminal, nor on a CI system.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use xmppscope::diag::sanitise::is_unsafe;

/// A name with all kinds of what acts on a terminal, in bytes that are no UTF-8.
const EVIL: &[u8] =
    b"e\x1b[2J\x07\xc2\x9b31m\xe2\x80\xae\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81\xff\r::error::x";
const CAPTURE: &str = "fixtures/strophe-login-chat.ndjson";
const SCENARIO: &str = "scenarios/examples/tutorial/empty-poll.yaml";

fn evil() -> OsString {
    OsStr::from_bytes(EVIL).to_owned()
}

/// Both outputs of a command, which are text without anything that acts.
fn harmless<A: AsRef<OsStr>>(arguments: &[A], folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
    let mut both = String::new();
    for text in [output.stdout, output.stderr] {
        let text = String::from_utf8(text).unwrap_or_else(|_| panic!("{shown:?}: no UTF-8"));
        let bad = text.chars().find(|&c| c != '\n' && c != '\t' && is_unsafe(c));
        assert_eq!(bad, None, "{shown:?}: {text:?}");
        let command = text.lines().find(|line| line.trim_start().starts_with("::"));
        assert_eq!(command, None, "{shown:?}");
        assert!(!text.contains("##[") && !text.contains("##vso["), "{shown:?}: {text}");
        both += &text;
    }
    both
}

fn arguments(words: &[&str], at: &str) -> Vec<OsString> {
    words.iter().map(|word| if *word == at { evil() } else { OsString::from(word) }).collect()
}

#[test]
fn names_on_the_command_line() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = "http://127.0.0.1:9";
    let commands: &[&[&str]] = &[
        &["@"],
        &["--@"],
        &["show", "@"],
        &["show", CAPTURE, "--filter", "@"],
        &["show", CAPTURE, "--format", "@"],
        &["show", CAPTURE, "--settings", "@", "--format", "transcript"],
        &["diff", "@", CAPTURE],
        &["diff", CAPTURE, "@"],
        &["report", "@"],
        &["report", CAPTURE, "-o", "no-such-folder/x"],
        &["check", "@"],
        &["run", "@"],
        &["run", SCENARIO, "--only", "@"],
        &["run", SCENARIO, "--target", "@"],
        &["run", SCENARIO, "--defect", "@"],
        &["run", SCENARIO, "--target", target, "--ca-file", "@"],
        &["run", SCENARIO, "--settings", "@"],
        &["prove", "@"],
        &["prove", SCENARIO, "--defect", "@"],
        &["spec", "@"],
        &["generate", "@"],
        &["generate", "conformance", "@"],
        &["snapshot", "list", "@"],
        &["snapshot", "review", "@"],
        &["cm", "--listen", "@"],
        &["cm", "--account", "@"],
        &["cm", "--domain", "@"],
        &["cm", "--upstream", "@"],
        &["cm", "--upstream", "127.0.0.1:9", "--ca-file", "@"],
        &["cm", "--defect", "@"],
        &["cm", "--wait", "@"],
        &["proxy", "--target", "@"],
        &["proxy", "--target", target, "--listen", "@"],
        &["proxy", "--target", target, "--host", "@"],
        &["proxy", "--target", target, "--buffer", "@"],
        &["proxy", "--target", "https://a.example", "--ca-file", "@"],
        &["proxy", "--target", target, "--tls", "--tls-name", "@", "--listen", "256.0.0.1:0"],
    ];
    for words in commands {
        harmless(&arguments(words, "@"), here);
    }
    // What is UTF-8 reaches further: options that hold text.
    let text =
        "e\u{1b}[31m\u{9b}2J\u{202e}\u{200b}\u{feff}\u{e0041}\n::error::x ##[error]y ##vso[task.x]";
    for words in commands {
        let words: Vec<&str> =
            words.iter().map(|word| if *word == "@" { text } else { word }).collect();
        harmless(&words, here);
    }
    // A folder with such a name that cannot be written to.
    let folder = tempfile::tempdir().unwrap();
    let evil = folder.path().join(evil()).join("x");
    for words in [
        &["proxy", "--target", target, "--listen", "127.0.0.1:0", "--write"][..],
        &["cm", "--listen", "127.0.0.1:0", "--write"],
        &["report", CAPTURE, "-o"],
        &["run", SCENARIO, "--format", "json", "--output"],
    ] {
        let mut words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        words.push(evil.as_os_str());
        let shown = harmless(&words, here);
        assert!(shown.contains("cannot write") && shown.contains("\\u{1b}[2J"), "{shown}");
    }
}

#[test]
fn names_of_files_in_foreign_folders() {
    let folder = tempfile::tempdir().unwrap();
    let name = |ending: &str| {
        let mut name = evil();
        name.push(ending);
        folder.path().join(name)
    };
    symlink("nowhere", name(".yaml")).unwrap();
    symlink("nowhere", name(".ndjson")).unwrap();
    symlink("nowhere", name(".snap")).unwrap();
    for command in [
        &["run", "."][..],
        &["check", "."],
        &["prove", "."],
        &["report", "."],
        &["diff", ".", "."],
        &["snapshot", "list", ".", "--check"],
    ] {
        let shown = harmless(command, folder.path());
        assert!(shown.contains("\\u{1b}[2J"), "{command:?}: {shown}");
    }
    // And of files that can be read.
    fs::remove_file(name(".yaml")).unwrap();
    fs::copy(SCENARIO, name(".yaml")).unwrap();
    for command in [
        &["run", ".", "--show", "all", "--defect", "bosh-resp-requests/over-255"][..],
        &["run", ".", "--format", "tap"],
        &["run", ".", "--format", "json"],
        &["run", ".", "--format", "junit"],
        &["run", ".", "--format", "markdown"],
        &["run", ".", "--list"],
        &["run", ".", "--snapshots", "s"],
        &["check", "."],
    ] {
        let shown = harmless(command, folder.path());
        // These name no file that is in order.
        let names_none = command[0] == "check" || command.contains(&"markdown");
        assert!(names_none || shown.contains("\\u{1b}[2J"), "{command:?}: {shown}");
    }
}

#[test]
fn texts_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "\u{1b}[31m\u{9b}2J\u{202e}\u{200b}\u{feff}\u{e0041}";
    let json = serde_json::to_string(evil).unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let preface = |kind: &str| {
        format!(
            "{{\"xmppscope\":{kind},\"version\":1,\"target\":{json},\"name\":{json},\"scenarios\":1}}\n"
        )
    };
    file("kind.json", &preface(&json));
    file(
        "verdict.json",
        &format!(
            "{}{{\"event\":\"scenario\",\"verdict\":{json},\"file\":\"x\"}}\n",
            preface("\"outcomes\"")
        ),
    );
    file("whole.json", &preface("\"outcomes\""));
    for name in ["kind.json", "verdict.json", "whole.json"] {
        let shown = harmless(&["generate", "conformance", name], folder.path());
        assert!(shown.contains(name) || shown.contains("\\u{9b}"), "{shown}");
    }
    file("keys.yaml", &format!("\"{}\": 1\nname: [\n", evil.replace('\u{1b}', "")));
    file("key.yaml", &format!("\"\\e{}\": 1\n", evil.replace('\u{1b}', "")));
    for name in ["keys.yaml", "key.yaml"] {
        harmless(&["check", name], folder.path());
        harmless(&["run", name], folder.path());
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCENARIO);
        let scenario = scenario.to_str().unwrap();
        harmless(&["run", scenario, "--target", name], folder.path());
        harmless(&["run", scenario, "--settings", name], folder.path());
    }
    file("capture.ndjson", &format!("{{\"xmppscope\":{json}}}\n"));
    for command in ["show", "report"] {
        harmless(&[command, "capture.ndjson"], folder.path());
    }
    // Beginnings of workflow commands, where lines begin and within.
    let said = "hi\n  ::stop-commands::x\n\u{a0}::error::y ##[error]z ##vso[task.x]w";
    let body = format!(
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='1' sid='abcdefgh'><message xmlns='jabber:client' to='a{}'><body>{said}</body></message></body>",
        "\u{9b}\u{202e}\u{200b}\u{feff}\u{e0041}"
    );
    let text = fs::read_to_string(CAPTURE).unwrap();
    let preface = text.lines().next().unwrap();
    let content = serde_json::json!({ "at": 1, "conn": 1, "event": "request", "first": 1, "method": "POST",
        "target": "/##[error]x", "version": 1, "headers": [["Content-Type", "text/xml; charset=utf-8"]],
        "content": { "size": body.len(), "text": body } });
    let finished = r#"{"at":9,"conn":0,"event":"finished"}"#;
    file("ci.ndjson", &format!("{preface}\n{content}\n{finished}\n"));
    for format in ["pretty", "compact", "json", "transcript"] {
        let shown = harmless(&["show", "ci.ndjson", "--format", format], folder.path());
        assert!(shown.contains("stop-commands") || format == "compact", "{format}: {shown}");
    }
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join(CAPTURE);
    for format in ["text", "json", "html", "markdown"] {
        harmless(
            &["diff", "ci.ndjson", other.to_str().unwrap(), "--format", format],
            folder.path(),
        );
        harmless(
            &["diff", other.to_str().unwrap(), "ci.ndjson", "--format", format],
            folder.path(),
        );
    }
    // A transcript that was written is the same as the capture.
    let transcript = harmless(&["show", "ci.ndjson", "--format", "transcript"], folder.path());
    file("ci.txt", &transcript);
    assert_eq!(harmless(&["diff", "ci.ndjson", "ci.txt"], folder.path()), "");
}
