//! `xmppscope diff`, on captures and snapshots.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rig;

const SCENARIO: &str = "scenarios/examples/tutorial/empty-poll.yaml";

/// Runs a scenario, and gives the folder with its capture.
fn captured(folder: &Path, name: &str, scenario: &str, defect: Option<&str>) -> PathBuf {
    let to = folder.join(name);
    let mut arguments = vec!["run", scenario, "--write", to.to_str().unwrap()];
    arguments.extend(defect.map(|defect| ["--defect", defect]).into_iter().flatten());
    rig::run(&arguments);
    to
}

/// Status, and what is printed.
fn diff(old: &Path, new: &Path, options: &[&str]) -> (Option<i32>, String) {
    let paths = ["diff", old.to_str().unwrap(), new.to_str().unwrap()];
    let (code, out, errors) = rig::run(&[&paths[..], options].concat());
    (code, out + &errors)
}

#[test]
fn nothing_is_printed_if_nothing_differs() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "scenarios/examples/message-and-answer.yaml";
    let one = captured(folder.path(), "one", scenario, None);
    let two = captured(folder.path(), "two", scenario, None);
    assert_eq!(diff(&one, &two, &[]), (Some(0), String::new()));
}

#[test]
fn what_a_defect_changes_is_said_in_each_format() {
    let folder = tempfile::tempdir().unwrap();
    let old = captured(folder.path(), "old", SCENARIO, None);
    let defect = Some("bosh-resp-requests/over-255");
    let new = captured(folder.path(), "new", SCENARIO, defect);
    let (code, text) = diff(&old, &new, &[]);
    assert_eq!(code, Some(1), "{text}");
    insta::assert_snapshot!("text", text.replace(folder.path().to_str().unwrap(), "FOLDER"));
    let (code, json) = diff(&old, &new, &["--format", "json"]);
    assert_eq!(code, Some(1), "{json}");
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for (side, path) in [("old", &old), ("new", &new)] {
        assert_eq!(json[side], path.to_str().unwrap());
        json[side] = side.into();
    }
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&json).unwrap());
    let (code, html) = diff(&old, &new, &["--format", "html"]);
    assert_eq!(code, Some(1), "{html}");
    for foreign in ["<script", "http://", "https://", "src=", "href="] {
        assert!(!html.contains(foreign), "{foreign}: {html}");
    }
}

#[test]
fn a_snapshot_is_compared_with_a_capture_and_a_transcript() {
    let folder = tempfile::tempdir().unwrap();
    let captures = captured(folder.path(), "captures", SCENARIO, None);
    let capture = captures.join(SCENARIO).with_extension("ndjson");
    let (code, transcript, _) =
        rig::run(&["show", capture.to_str().unwrap(), "--format", "transcript"]);
    assert_eq!(code, Some(0));
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let text = file("a.txt", &transcript);
    let head = "---\nsource: a\ndescription: b\n---\n";
    let snapshot = file("a.snap", &format!("{head}{transcript}"));
    assert_eq!(diff(&text, &capture, &[]), (Some(0), String::new()));
    assert_eq!(diff(&snapshot, &capture, &[]), (Some(0), String::new()));
    let hostile = transcript.replace("requests='2'", "requests='&lt;b&gt;\u{202e}'");
    assert_ne!(hostile, transcript);
    let hostile = file("b.snap.new", &format!("{head}{hostile}"));
    let (code, text) = diff(&snapshot, &hostile, &["--color", "always"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("<b>\\u{202e}") && !text.contains('\u{202e}'), "{text}");
    let (_, html) = diff(&snapshot, &hostile, &["--format", "html"]);
    assert!(html.contains("&lt;b&gt;\\u{202e}") && !html.contains("<b>\\"), "{html}");
}

#[test]
fn folders_are_compared_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
    let one = |attribute: &str| {
        format!(
            "---\nsource: a\ndescription: b\n---\n== session 1\n\nclient:\n  <body rid='[rid+0]'/>\nserver: held\n  \
             <body{attribute}/>\n"
        )
    };
    for (folder, name, text) in [
        (&old, "same.snap", one("")),
        (&new, "same.snap", one("")),
        (&old, "in/differs.snap", one("")),
        (&new, "in/differs.snap", one("")),
        (&new, "in/differs.snap.new", one(" a='1'")),
        (&old, "gone.snap", one("")),
        (&new, "came.snap", one("")),
        (&new, "notes.txt", "no snapshot".to_owned()),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (code, text) = diff(&old, &new, &[]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!("folders", text.replace(folder.path().to_str().unwrap(), "FOLDER"));
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        std::os::unix::fs::symlink(".", folder.path().join(name)).unwrap();
    }
    let text = "---\nsource: a\n---\n== session 1\n";
    fs::write(folder.path().join("a.snap"), text).unwrap();
    assert_eq!(diff(folder.path(), folder.path(), &[]), (Some(0), String::new()));
}

#[test]
fn a_byte_order_mark_is_no_part_of_what_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = "== session 1\n\nclient:\n  <body rid='[rid+0]'/>\nserver: held\n  <body/>\n";
    let snapshot = format!("---\nsource: a\n---\n{transcript}");
    let capture = fs::read_to_string("fixtures/strophe-login-chat.ndjson").unwrap();
    for text in [transcript, &*snapshot, &*capture] {
        let [without, with] = ["without", "with"].map(|name| folder.path().join(name));
        fs::write(&without, text).unwrap();
        fs::write(&with, format!("\u{feff}{text}")).unwrap();
        assert_eq!(diff(&without, &with, &[]), (Some(0), String::new()));
    }
}

#[test]
fn what_cannot_be_compared_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let page = folder.path().join("page.html");
    fs::write(&page, "<html/>").unwrap();
    let transcript = folder.path().join("a.txt");
    fs::write(&transcript, "== session 1\n\nserver:\n").unwrap();
    let capture = Path::new("fixtures/strophe-login-chat.ndjson");
    let missing = Path::new("fixtures/there-is-none.ndjson");
    for (old, new, code, words) in [
        (capture, &*page, 2, "this is a web page"),
        (capture, &*empty, 2, "give two files or two folders"),
        (&*empty, &*empty, 2, "no captures"),
        (&*transcript, capture, 2, "a.txt: line 3: `server:` must follow `client:`"),
        (capture, missing, 3, "cannot read fixtures/there-is-none.ndjson"),
        (Path::new("-"), Path::new("-"), 2, "only one of the two"),
    ] {
        let (found, text) = diff(old, new, &[]);
        assert_eq!(found, Some(code), "{text}");
        assert!(text.contains(words), "{text}");
    }
}

/// A capture that is longer than what is kept in memory: it is compared by way of a temporary file.
#[test]
fn a_long_capture_is_compared_with_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string("fixtures/strophe-login-chat.ndjson").unwrap();
    let mut lines = text.lines();
    let preface = lines.next().unwrap();
    let events: Vec<serde_json::Value> =
        lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let long = |name: &str, extra: &str| {
        let mut out = format!("{preface}\n");
        for round in 0..1000_u64 {
            for event in events.iter().filter(|event| event["event"] != "finished") {
                let mut event = event.clone();
                for (field, step) in [("at", 100_000_000), ("first", 100_000_000), ("conn", 100)] {
                    if let Some(value) = event[field].as_u64() {
                        event[field] = (value + round * step).into();
                    }
                }
                let mut line = event.to_string();
                if round == 700 {
                    line = line.replace("Is this thing on?", extra);
                }
                out += &line;
                out.push('\n');
            }
        }
        let path = folder.path().join(name);
        fs::write(&path, out + "{\"at\":300000000000,\"conn\":0,\"event\":\"finished\"}\n")
            .unwrap();
        path
    };
    let [old, new] = [("old", "Is this thing on?"), ("new", "Is it off?")].map(|(n, t)| long(n, t));
    let (code, out) = diff(&old, &new, &[]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("Is it off?") && out.lines().count() < 20, "{out}");
    assert_eq!(diff(&old, &old, &[]), (Some(0), String::new()));
    // Where nothing can be put away, that is said.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .arg("diff")
        .args([&old, &new])
        .env("TMPDIR", folder.path().join("nowhere"))
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("cannot use a temporary file in"), "{errors}");
}

#[test]
fn a_line_without_end_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.ndjson");
    let text = fs::read_to_string("fixtures/strophe-login-chat.ndjson").unwrap();
    let (preface, rest) = text.split_once('\n').unwrap();
    let line = "x".repeat(200 << 20);
    fs::write(&path, format!("{preface}\n{line}\n{rest}")).unwrap();
    let path = path.to_str().unwrap();
    let (code, out, errors) = rig::run(&["show", path, "--format", "compact"]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("line 2 is damaged and was skipped: longer than 64 MiB"), "{errors}");
    assert!(out.contains("exchanges"), "{out}");
    let (code, _, errors) = rig::run(&["diff", path, "fixtures/strophe-login-chat.ndjson"]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(
        errors.contains(
            "line 2 is damaged and was skipped: longer than 64 MiB; what is missing would"
        ),
        "{errors}"
    );
}

/// Every recording against one of each carrier, both ways round: nothing is without a name, and nothing is in empty brackets.
#[test]
fn each_exchange_of_each_carrier_has_a_name() {
    let bases = [
        "fixtures/strophe-login-chat.ndjson",
        "fixtures/field/idle-cut-after-50-s.ndjson",
        "fixtures/logs/prosody.pcap",
    ];
    let mut paths: Vec<PathBuf> =
        ["fixtures", "fixtures/field", "fixtures/import", "fixtures/logs"]
            .iter()
            .flat_map(|folder| fs::read_dir(folder).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|end| ["ndjson", "pcap", "har"].iter().any(|it| end == *it))
            })
            .collect();
    paths.sort();
    assert!(paths.len() > 40, "{paths:?}");
    let mut streams = 0;
    for path in &paths {
        for base in bases.map(Path::new) {
            for (old, new) in [(base, &**path), (path, base)] {
                let (code, text) = diff(old, new, &[]);
                assert!(matches!(code, Some(0 | 1)), "{} {}: {text}", old.display(), new.display());
                for nothing in ["<>", "(response: )", "()", "</>"] {
                    assert!(!text.contains(nothing), "{} {}: {text}", old.display(), new.display());
                }
                streams += usize::from(text.contains("stream open"));
            }
        }
    }
    assert!(streams > 10, "{streams}");
}

#[test]
fn streams_over_websocket_and_tcp_are_compared_in_each_format() {
    let [old, new] = ["gone-without-close", "resume-failed-no-bind"]
        .map(|name| PathBuf::from(format!("fixtures/field/{name}.ndjson")));
    insta::assert_snapshot!("streams", diff(&old, &new, &[]).1);
    let (_, html) = diff(&old, &new, &["--format", "html"]);
    assert!(html.contains("SM resume") && !html.contains("(response: )"), "{html}");
    let (_, json) = diff(&old, &new, &["--format", "json"]);
    assert!(
        json.contains("\"request\":\"SM resume\",\"response\":\"SM failed item-not-found\""),
        "{json}"
    );
    let (_, table) = diff(&old, &new, &["--format", "markdown"]);
    assert!(table.contains("exchange: SM resume") && !table.contains("<>"), "{table}");
    let tcp = PathBuf::from("fixtures/logs/prosody.pcap");
    insta::assert_snapshot!("streams_tcp", diff(&tcp, &new, &[]).1);
}
