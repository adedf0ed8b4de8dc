//! What `xmppscope run` writes for programs: a scenario that passes, one of which a recommendation is not kept, one that
//! fails, and one that is skipped, in each format.

use regex_lite::Regex;
use xmppscope::scenario::matching::FailureKind;

use crate::rig;

fn written(format: &str, options: &[&str]) -> (Option<i32>, String) {
    let scenarios = [
        "run",
        "scenarios/examples/tutorial/empty-poll.yaml",
        "scenarios/xep-0124/14.2-rids-order/rids-above-the-window-end-the-session.yaml",
        "scenarios/examples/tutorial/out-of-order.yaml",
        "scenarios/xep-0124/5-overview/script-syntax.yaml",
        "--defect",
        "bosh-wait-not-exceeded/late",
        "--defect",
        "bosh-rid-out-of-window-session-dead/held",
        "--format",
        format,
    ];
    let (code, out, errors) = rig::run(&[&scenarios[..], options].concat());
    assert!(errors.lines().count() <= 2, "{errors}");
    // What differs from run to run: the time of the day, and how long it took.
    let stamp = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d)").unwrap();
    let took = Regex::new(r#"( in )\d[\d.]* (ms|s)|("time_ms":)[\d.]+"#).unwrap();
    let out = stamp.replace_all(&out, "STAMP").into_owned();
    (code, took.replace_all(&out, "${1}${3}TIME").into_owned())
}

#[test]
fn each_format_says_the_same() {
    for format in ["json", "junit", "tap", "github", "markdown"] {
        let (code, out) = written(format, &[]);
        assert_eq!(code, Some(1), "{format}: {out}");
        assert!(!out.contains('\u{1b}'), "{format} has escapes of a terminal");
        insta::assert_snapshot!(format, out);
    }
}

#[test]
fn the_kinds_of_failures_are_documented() {
    let page = std::fs::read_to_string("docs/reference/run.md").unwrap();
    let (_, table) = page.split_once("#### Kinds of failures").unwrap();
    let (table, _) = table.split_once("\n#").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let names = FailureKind::ALL.map(FailureKind::name);
    assert_eq!(rows.collect::<Vec<_>>(), names);
}

#[test]
fn junit_is_xml_and_json_is_json() {
    let (_, junit) = written("junit", &[]);
    let limits = xmppscope::xml::Limits::default();
    let root = xmppscope::xml::parse(junit.as_bytes(), &limits).unwrap();
    assert_eq!((root.name(), root.attr("tests")), ("testsuites", Some("5")));
    assert_eq!((root.attr("failures"), root.attr("skipped")), (Some("2"), Some("1")));
    let cases = root.children().flat_map(xmppscope::xml::Element::children);
    assert_eq!(cases.filter(|case| case.name() == "testcase").count(), 5);
    let (_, strict) = written("junit", &["--strict"]);
    let root = xmppscope::xml::parse(strict.as_bytes(), &limits).unwrap();
    assert_eq!(root.attr("failures"), Some("3"), "a recommendation counts with --strict");
    let (_, json) = written("json", &[]);
    // The normalised time is no JSON.
    for line in json.replace("TIME", "0").lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}
