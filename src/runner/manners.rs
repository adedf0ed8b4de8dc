//! Tests that a scenario's clients behave as clients should, where the scenario does not say what they do.

use std::sync::Arc;

use super::outcome::{Outcome, Verdict};
use super::{embedded, jobs, run_embedded};
use crate::scenario::load_texts;
use crate::trace::Fact;

fn run(text: &str) -> Outcome {
    let files = vec![("a.yaml".into(), text.to_owned())];
    let loaded = load_texts(files, &|_| Err(std::io::Error::other("not there")));
    let mistakes: Vec<_> = loaded.mistakes.iter().map(|mistake| mistake.render(false)).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
    run_embedded(&jobs(&scenarios)[0], &Arc::new(embedded::target()), &[])
}

/// The most requests that were open at once.
fn most_open(outcome: &Outcome) -> usize {
    let mut open: usize = 0;
    let mut most = 0;
    for event in &outcome.events {
        match event.fact {
            Fact::Request(_) => open += 1,
            Fact::Response(_) => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    most
}

#[test]
fn a_client_that_polls_has_no_more_requests_open_than_it_may() {
    let send = "- send: client\n  stanza: <message xmlns='jabber:client' to='${client.jid}'/>\n";
    let outcome = run(&format!(
        "name: a\ncovers: bosh-push-asap\nsession: {{ login: anonymous, polls: true }}\nsteps:\n{}- wait: 1s\n",
        send.repeat(6)
    ));
    assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
    assert_eq!(most_open(&outcome), 2);
}

#[test]
fn a_connection_that_was_idle_for_long_is_not_used_again() {
    let connections = |silence: &str| {
        let outcome = run(&format!(
            "name: a\ncovers: bosh-inactivity-not-early\nsession: {{ wait: 1 }}\nsteps:\n\
             - request: one\n- response: one\n- wait: {silence}\n- request: two\n- response: two\n"
        ));
        assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
        let opened = |fact: &Fact| matches!(fact, Fact::Opened { .. });
        outcome.events.iter().filter(|event| opened(&event.fact)).count()
    };
    assert_eq!(connections("9s"), 1);
    // The connection manager ends it at this very time.
    assert_eq!(connections("30s"), 2);
}
