use std::sync::Arc;
use std::time::Duration;

use super::layout::Layout;
use super::pretty::Pretty;
use crate::defects;
use crate::runner::{Outcome, embedded_started, embedded_target, jobs, run_embedded};
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
    assert!(shown.contains("# 56 more; --show all shows them"), "{shown}");
    for ping in [1, 4, 33, 40] {
        assert!(shown.contains(&format!("iq get #p{ping} ")), "{ping}: {shown}");
    }
}
