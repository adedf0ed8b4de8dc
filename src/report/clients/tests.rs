//! Outcomes in, document out.

use super::*;
use crate::spec::catalogue;

const PREFACE: &str =
    "{\"xmppscope\":\"outcomes\",\"version\":1,\"target\":\"./test\",\"name\":\"test 1.0\"}\n";

fn run(file: &str, covers: &[&str], verdict: &str, failures: &[(&str, &str, &str)]) -> String {
    let failures: Vec<_> = failures
        .iter()
        .map(|(id, level, kind)| {
            serde_json::json!({
                "requirements": [{"id": id}], "level": level, "kind": kind,
                "expected": "better", "seen": format!("rid 4711 breaks {id}"),
            })
        })
        .collect();
    let line = serde_json::json!({
        "event": "scenario", "file": file, "name": format!("the name of {file}"), "covers": covers,
        "verdict": verdict, "reason": (verdict == "skipped").then_some("it cannot"), "failures": failures,
    });
    format!("{line}\n")
}

fn document(files: &[&str], pages: &[DeviationPage]) -> String {
    let clients = files.iter().map(|lines| Tested::read(&format!("{PREFACE}{lines}")).unwrap());
    let clients = Tested::join(clients.collect());
    write_clients(&ClientTable::of(&clients, catalogue(), pages), catalogue())
}

fn row<'a>(document: &'a str, id: &str) -> &'a str {
    let id = format!("`{id}`<br>");
    document.lines().find(|line| line.starts_with("| [§") && line.contains(&id)).unwrap()
}

#[test]
fn a_cell_is_the_worst_of_what_its_scenarios_say() {
    let lines = [
        run(
            "a.yaml",
            &["bosh-type-values", "bosh-req-to"],
            "failed",
            &[("bosh-type-values", "must", "rule")],
        ),
        run("b.yaml", &["ws-pong"], "skipped", &[]),
        run("c.yaml", &["bosh-req-ver"], "warned", &[("bosh-req-ver", "should", "sent")]),
        run(
            "d.yaml",
            &["bosh-rid-max", "bosh-utf8"],
            "failed",
            &[("bosh-utf8", "must", "session")],
        ),
    ]
    .concat();
    let document = document(&[&lines], &[]);
    assert!(row(&document, "bosh-type-values").ends_with("| **no** [3](#d3) |"), "{document}");
    assert!(row(&document, "bosh-req-to").ends_with("| yes |"), "{document}");
    assert!(row(&document, "ws-pong").ends_with("| skip [a](#ra) |"), "{document}");
    assert!(row(&document, "bosh-req-ver").ends_with("| no [1](#d1) |"), "{document}");
    // The step that failed may have come before what shows it.
    assert!(row(&document, "bosh-rid-max").contains("| open ["), "{document}");
    assert!(document.contains("rid … breaks bosh-type-values"), "{document}");
    assert!(!document.contains("`bosh-single-body-root`"));
}

#[test]
fn what_differs_between_runs_happens_sometimes() {
    let fails = run(
        "a.yaml",
        &["sm-count-consistent"],
        "failed",
        &[("sm-count-consistent", "must", "rule")],
    );
    let passes = run("a.yaml", &["sm-count-consistent"], "passed", &[]);
    let of = |files: &[&str]| row(&document(files, &[]), "sm-count-consistent").to_owned();
    assert!(of(&[&fails, &passes]).ends_with("| sometimes [1](#d1) |"));
    assert!(of(&[&fails, &fails]).ends_with("| **no** [1](#d1) |"));
    let unsteady = fails.replace("\"failed\"", "\"unsteady\"");
    assert!(of(&[&unsteady]).ends_with("| sometimes [1](#d1) |"));
}

#[test]
fn a_page_is_linked_where_its_scenario_fails_with_its_client() {
    let page = |client: &str| {
        let text = format!(
            "# {client}: it breaks\n\n**Version:** 1.0, over BOSH.\n\n```yaml\nname: the name of a.yaml\n```\n"
        );
        DeviationPage::read("page.md", &text).unwrap()
    };
    let fails = run("a.yaml", &["bosh-utf8"], "failed", &[("bosh-utf8", "must", "rule")]);
    let link = "More: [it breaks](deviations/page.md)";
    assert!(document(&[&fails], &[page("test")]).contains(link));
    assert!(!document(&[&fails], &[page("another")]).contains(link));
    assert_eq!(DeviationPage::read("README.md", "# Deviations\n"), None);
}

#[test]
fn what_is_no_outcomes_is_refused() {
    assert!(matches!(Tested::read("{}\nx"), Err(NotOutcomes::Line(1, _))));
    assert!(matches!(Tested::read(&format!("{PREFACE}x")), Err(NotOutcomes::Line(2, _))));
    assert!(matches!(Tested::read(""), Err(NotOutcomes::NoPreface)));
}
