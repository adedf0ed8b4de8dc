//! The page of `xmppscope report` in a browser: it draws, is searched, opens an exchange by mouse and by keys, stays smooth
//! with 10,000 exchanges, and runs nothing that was said on the wire. Pictures are left in `target/tmp/artefacts/report/`.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::lag::in_time;
use crate::peers_bed::alone;
use crate::prosody::find;
use crate::report::{Talk, body, hostile};
use crate::rig;

/// A frame of more than this, in milliseconds, is felt.
const FRAME: f64 = 250.0;
/// From the page's last byte to its first picture, with 10,000 exchanges.
const OPENED: f64 = 5000.0;

/// Makes a page, and gives what is seen in it.
fn look(what: &Path, options: &[&str], actions: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let (code, _, errors) =
        rig::run(&["report", what.to_str().unwrap(), "-o", page.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{errors}");
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let node = find("node").expect("Node is not installed: run ./test, which installs it");
    let output = Command::new(node)
        .arg(peers.join("report.mjs"))
        .args(["--page", page.to_str().unwrap()])
        .args(options)
        .args(actions)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{actions:?}: {}\n{said}{errors}", output.status);
    let mut seen: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let harm = seen.pop().unwrap();
    let harmless = json!({"harm": {"scripts": 0, "dialogs": 0, "requests": [], "errors": []}});
    assert_eq!(harm, harmless, "{seen:#?}");
    seen
}

fn picture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts/report");
    fs::create_dir_all(&folder).unwrap();
    format!("picture:{}", folder.join(name).display())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Node and Chromium: run ./test")]
fn a_page_is_drawn_searched_and_opened() {
    let _turn = alone();
    let (light, dark) = (picture("broken-light.png"), picture("broken-dark.png"));
    let (open, small) = (picture("open-dark.png"), picture("broken-small.png"));
    let seen = look(
        Path::new("fixtures/broken.ndjson"),
        &[],
        &[
            "drawn",
            &light,
            "search:1634796133",
            "drawn",
            "press:Enter",
            "press:Enter",
            "panel",
            "theme:dark",
            &open,
            "press:Escape",
            "panel",
            "click:.bar",
            "panel",
            "click:#panel button:last-of-type",
            "panel",
            "search: nothing-like-that",
            "drawn",
            "press:Escape",
            "search:",
            "press:Escape",
            "press:f",
            "drawn",
            "press:f",
            "press:n",
            "drawn",
            &dark,
            "size:390x844",
            "drawn",
            &small,
        ],
    );
    let [_, all, found, keys, closed, mouse, shut, nothing, grave, next, narrow] = &seen[..] else {
        panic!("{seen:#?}")
    };
    assert_eq!(text(&all["status"]), "33 exchanges");
    assert_eq!(all["sessions"].as_array().unwrap().len(), 9, "eight, and all of them");
    assert_eq!(all["sessions"][0], "All 8 sessions (2 refused)");
    assert!(all["bars"].as_u64() > Some(5) && all["rows"].as_u64() > Some(20), "{all}");
    assert_eq!(text(&found["status"]), "1 of 33 exchanges");
    assert_eq!(found["findings"], json!(["bosh-respond-200", "bosh-cors-on-response"]));
    assert_eq!(keys["panel"], "rid 1634796133");
    for part in ["held 55.1 s of wait 60", "504 Gateway Time-out", "XEP-0124 §8", "<html>"] {
        assert!(text(&keys["text"]).contains(part), "{part}: {keys}");
    }
    assert_eq!((&closed["panel"], &shut["panel"]), (&Value::Null, &Value::Null));
    assert_eq!(mouse["panel"], "rid 1634796133");
    assert_eq!((&nothing["status"], &nothing["rows"]), (&json!("0 of 33 exchanges"), &json!(0)));
    assert_ne!(grave["status"], all["status"]);
    assert!(text(&next["selected"]).starts_with("error"), "{next}");
    assert_eq!(narrow["wide"], false, "nothing stands beside a narrow window");
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Node and Chromium: run ./test")]
fn nothing_that_was_said_runs() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("hostile.ndjson");
    hostile(&capture);
    let mut actions = vec!["drawn", "press:Home"];
    for _ in 0..9 {
        actions.extend(["press:j", "press:Enter", "panel"]);
    }
    let hostile = picture("hostile.png");
    actions.extend(["search:harmed()", "drawn", "press:e", "drawn", &hostile]);
    let seen = look(&capture, &[], &actions);
    let panels = seen.iter().filter(|seen| seen.get("foreign").is_some());
    let mut told = 0;
    for panel in panels {
        assert_eq!(panel["foreign"], 0, "{panel}");
        told += usize::from(text(&panel["text"]).contains("onerror"));
    }
    assert!(told >= 3, "what was said is told: {seen:#?}");
    let found = &seen[seen.len() - 2];
    assert_eq!(found["status"], "3 of 4 exchanges", "what was said is found");
    assert_eq!(seen[1]["faint"], 1, "the empty poll: {}", seen[1]);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Node and Chromium: run ./test")]
fn ten_thousand_exchanges_stay_smooth() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("large.ndjson");
    large(&capture);
    let picture = picture("large.png");
    let actions = [
        "drawn",
        "scroll",
        "search:needle",
        "drawn",
        "press:Enter",
        &picture,
        "press:Escape",
        "press:e",
    ];
    in_time(|| {
        let seen = look(&capture, &[], &actions);
        let [opened, all, scrolled, found] = &seen[..] else { panic!("{seen:#?}") };
        eprintln!("10,000 exchanges: {opened} {scrolled}");
        assert_eq!(text(&all["status"]), "10,000 exchanges");
        assert_eq!(text(&found["status"]), "10 of 10,000 exchanges");
        assert!(scrolled["elements"].as_u64().unwrap() < 2500, "only what is in sight: {scrolled}");
        assert_eq!(scrolled["bottom"], true);
        let in_time = opened["opened"].as_f64().unwrap() < OPENED
            && scrolled["longest"].as_f64().unwrap() < FRAME;
        if in_time { Ok(()) } else { Err(format!("too slow: {opened} {scrolled}")) }
    });
}

/// Two connections that take turns: each request is held until the next has come, as a busy chat does it.
fn large(path: &Path) {
    let mut talk = Talk::new();
    talk.connect(1).connect(2);
    let asked = "rid='1' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'";
    let granted = "sid='s' wait='60' hold='1' requests='2' inactivity='60' ver='1.6'";
    talk.request(1, &[], &body(asked, "")).after(3).response(1, &[], &body(granted, ""));
    for rid in 2..=10_000_u64 {
        let (conn, other) = if rid % 2 == 0 { (2, 1) } else { (1, 2) };
        let message = |words: &str| {
            format!(
                "<message xmlns='jabber:client' type='chat' id='m{rid}'><body>{words} {rid}</body></message>"
            )
        };
        let inside = if rid % 3 == 0 { message("hello") } else { String::new() };
        talk.after(rid % 700);
        talk.request(conn, &[("Cookie", "x")], &body(&format!("rid='{rid}' sid='s'"), &inside));
        let inside = match rid {
            _ if rid % 1000 == 0 => message("needle"),
            _ if rid % 5 == 0 => message("hello"),
            _ => String::new(),
        };
        if rid > 2 {
            talk.after(2).response(other, &[], &body("", &inside));
        }
    }
    talk.after(5).response(2, &[], &body("", "")).write(path);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Node and Chromium: run ./test")]
fn a_run_is_told_with_its_verdicts() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let captures: PathBuf = folder.path().join("captures");
    let (code, _, _) = rig::run(&[
        "run",
        "scenarios/xep-0124/14.2-rids-order",
        "--defect",
        "bosh-rid-out-of-window-terminates/one-more",
        "--show",
        "none",
        "--write",
        captures.to_str().unwrap(),
    ]);
    assert_eq!(code, Some(1));
    let (light, dark, small) =
        (picture("run-light.png"), picture("run-dark.png"), picture("run-small.png"));
    let seen = look(
        &captures,
        // High enough for all rows of the longest of these conversations.
        &["--size", "1280x1800"],
        &[
            "list",
            "drawn",
            &light,
            "theme:dark",
            &dark,
            "click:button.verdict.passed",
            "list",
            "click:.scenario >> nth=1",
            "list",
            "press:j",
            "list",
            "drawn",
            "size:390x844",
            "drawn",
            &small,
        ],
    );
    let [_, all, failed, passed, chosen, below, other, narrow] = &seen[..] else {
        panic!("{seen:#?}")
    };
    let first = text(&all["scenarios"][0]);
    assert!(first.starts_with("failed"), "the worst is first, and chosen: {all}");
    for part in
        ["XEP-0124 §14.2", "bosh-rid-out-of-window-terminates", "expected", "no answer at all"]
    {
        assert!(text(&all["about"]).contains(part), "{part}: {all}");
    }
    assert!(failed["marks"].as_u64() >= Some(1), "the time line tells where it failed: {failed}");
    let passed = passed["scenarios"].as_array().unwrap();
    assert!(passed.iter().all(|scenario| text(scenario).starts_with("passed")), "{passed:?}");
    assert!(text(&chosen["about"]).starts_with("passed"), "{chosen}");
    assert_ne!(chosen["about"], below["about"], "keys move in the list");
    assert_eq!((&other["marks"], &narrow["wide"]), (&json!(0), &json!(false)));
}
