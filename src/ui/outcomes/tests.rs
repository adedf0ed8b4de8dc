use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::layout::{Layout, Show};
use super::pretty::Pretty;
use super::summary::Summary;
use super::writer::Writer as _;
use crate::defects;
use crate::runner::{Outcome, Verdict, embedded_started, embedded_target, jobs, run_embedded};
use crate::scenario::load_texts;
use crate::trace::Fact;

/// What came of these steps, after the login, against the embedded connection manager with this defect. Its events have
/// times that tell them apart: the microseconds are their places.
fn outcome(steps: &str, defect: &str) -> Outcome {
    let text = format!(
        "name: x\ncovers: bosh-large-request-limit\nsession: {{ login: anonymous, wait: 2 }}\nsteps:\n{steps}"
    );
    let loaded = load_texts(vec![("a.yaml".into(), text)], &|_| {
        Err(std::io::Error::other("it uses no other file"))
    });
    assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
    let defects: Vec<_> = defects::find(defect).into_iter().collect();
    let target = Arc::new(embedded_target());
    let mut outcome = run_embedded(&jobs(&scenarios)[0], &target, &defects);
    for (place, event) in outcome.events.iter_mut().enumerate() {
        event.at = Duration::from_micros(place as u64);
    }
    outcome
}

/// Has its failure be about what passed from the first event of its steps to this one.
fn failing_at(outcome: &mut Outcome, last: usize) {
    let from = outcome.events[outcome.own.start].at;
    let failure = outcome.failures.first_mut().unwrap();
    (failure.during, failure.at) = ((from, outcome.events[last].at), outcome.events[last].at);
}

fn shown(outcome: &Outcome) -> String {
    Pretty::new(Layout::plain(embedded_started())).block(outcome)
}

#[test]
fn an_answer_that_comes_before_its_request_is_complete_is_shown_with_it() {
    let steps = "  - request: large\n    on: fresh\n    payload: <a xmlns='urn:x'>${filler(16777216)}</a>\n  \
                   - response: large\n    status: 200\n";
    let mut outcome = outcome(steps, "bosh-large-request-limit/server-error");
    let answer = outcome.events.iter().position(
        |event| matches!(&event.fact, Fact::Response(response) if response.status == 500),
    );
    failing_at(&mut outcome, answer.unwrap());
    let shown = shown(&outcome);
    assert!(
        shown.contains("500 Internal Server Error, before the request was complete"),
        "{shown}"
    );
    assert!(shown.contains("C> #2 POST /http-bind"), "{shown}");
    assert!(shown.contains("cut off"), "{shown}");
}

#[test]
fn too_much_is_cut_in_its_middle_between_exchanges_and_told() {
    let steps = "  - repeat: 40\n    counting: n\n    steps:\n      - request: ping\n        \
                 payload: <iq type='get' id='p${n}' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>\n      \
                 - response: ping\n  - response: ping[40]\n    status: 500\n";
    let mut outcome = outcome(steps, "");
    let last = outcome.own.end - 1;
    failing_at(&mut outcome, last);
    let shown = shown(&outcome);
    let count = |text: &str| shown.matches(text).count();
    assert_eq!((count(" C> "), count(" S> ")), (12, 12), "{shown}");
    assert!(shown.contains("# 56 more; use --show all to print them"), "{shown}");
    for ping in [1, 4, 33, 40] {
        assert!(shown.contains(&format!("iq get #p{ping} ")), "{ping}: {shown}");
    }
}

/// What is printed of a run, in columns, with all of it or not.
fn run(outcomes: &[Outcome], show: Show, width: Option<usize>) -> String {
    let layout = Layout { width, show, ..Layout::plain(embedded_started()) };
    let mut counts = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(outcome.verdict).or_default() += 1;
    }
    let time = Duration::from_secs(1);
    let summary = Summary { runs: outcomes.len(), scenarios: 1, counts, interrupted: false, time };
    let mut pretty = Pretty::new(layout);
    let mut out = Vec::new();
    for outcome in outcomes {
        pretty.outcome(outcome, None, &mut out).unwrap();
    }
    pretty.finished(&summary, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_passed_with_notes_is_one_line_unless_all_is_wanted() {
    let noted = outcome("  - note: worth knowing\n", "");
    let optional = outcome(
        "  - request: ping\n    payload: <presence/>\n  - response: ping\n    level: may\n    status: 500\n",
        "",
    );
    let silent = outcome("  - request: ping\n  - response: ping\n", "");
    for one in [&noted, &optional, &silent] {
        assert_eq!(one.verdict, Verdict::Passed, "{one:?}");
    }
    let all = [noted, optional, silent];
    for show in [Show::Failed, Show::None] {
        assert_eq!(
            run(&all, show, None),
            "noted         2 runs that passed have notes, 1 optional assertion that does not hold among them; \
             --show all prints them\n3 runs of 1 scenario: 3 passed in 1.0 s\n"
        );
    }
    assert_eq!(run(&all[2..], Show::Failed, None), "1 scenario: 1 passed in 1.0 s\n");
    let shown = run(&all, Show::All, None);
    assert!(shown.contains("note      worth knowing"), "{shown}");
    assert!(shown.contains("\nnoted         x\n"), "{shown}");
    assert!(shown.contains("level     may: does not count, the scenario passes"), "{shown}");
    assert!(!shown.contains("--show all"), "{shown}");
}

#[test]
fn a_long_text_is_cut_in_an_excerpt_and_whole_if_all_is_wanted() {
    let long = outcome(
        "  - request: long\n    payload: <message xmlns='jabber:client'><body>${filler(70000)}</body></message>\n  \
         - response: long\n    status: 500\n    level: must\n",
        "",
    );
    let long_id = outcome(
        "  - request: long\n    payload: <iq id='${filler(70000)}' type='get' xmlns='jabber:client'><a/></iq>\n  \
         - response: long\n    status: 500\n    level: must\n",
        "",
    );
    for mut one in [long, long_id] {
        assert_eq!(one.verdict, Verdict::Failed, "{:?}", one.reason);
        let last = one.own.end - 1;
        failing_at(&mut one, last);
        for width in [None, Some(80)] {
            let shown = run(std::slice::from_ref(&one), Show::Failed, width);
            assert!(shown.len() < 9_000, "{}: {shown}", shown.len());
            let counted = shown.contains("characters left out") || shown.contains("kB more");
            assert!(counted, "{shown}");
            let whole = run(std::slice::from_ref(&one), Show::All, width);
            assert!(whole.len() > 70_000, "{whole}");
        }
    }
}

#[test]
fn lines_of_traffic_end_between_words() {
    let mut long = outcome("  - request: ping\n  - response: ping\n    status: 500\n", "");
    let last = long.own.end - 1;
    failing_at(&mut long, last);
    for width in [80, 90, 100, 120, 200] {
        let shown = run(std::slice::from_ref(&long), Show::Failed, Some(width));
        for line in shown.lines().filter(|line| line.starts_with("    | ")) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}
