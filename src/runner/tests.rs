use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::{Dial, Dialling, Route, Stream};
use super::execute::{Inputs, run};
use super::{Outcome, Verdict};
use crate::clock::Clock;
use crate::defects;
use crate::random::Seeded;
use crate::scenario::load_texts;

/// What a connection manager does that answers nothing but this, once it has read some of a request, and leaves.
struct Says(&'static str);

impl Dial for Says {
    fn dial(&self, _route: Route) -> Dialling<'_> {
        let says = self.0;
        Box::pin(async move {
            let (ours, mut theirs) = tokio::io::duplex(1000);
            tokio::spawn(async move {
                let mut some = [0; 100];
                let _ = theirs.read(&mut some).await;
                let _ = theirs.write_all(says.as_bytes()).await;
            });
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}

/// What came of a scenario with these steps, against a connection manager that says no more than this.
fn against(says: &'static str, steps: &str) -> Outcome {
    let text = format!("name: x\ncovers: bosh-large-request-limit\nsession: none\nsteps:\n{steps}");
    let loaded =
        load_texts(vec![("a.yaml".into(), text)], &|_| Err(io::ErrorKind::NotFound.into()));
    assert!(loaded.mistakes.is_empty());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(run(Inputs {
        scenario: Arc::new(loaded.scenarios.into_iter().next().unwrap()),
        row: None,
        target: Arc::new(super::embedded_target()),
        dial: Arc::new(Says(says)),
        clock: Clock::start(),
        random: Box::new(Seeded::new(1)),
        heart: None,
        round_trip: std::time::Duration::ZERO,
    }))
}

#[test]
fn what_refuses_a_request_before_all_is_sent_is_read() {
    let refused = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    let outcome = against(
        refused,
        "  - create: large
    payload: <a xmlns='a'>${filler(100000)}</a>
  - response: large
    status: 413
",
    );
    assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
}

#[test]
fn an_alternative_may_be_that_no_answer_comes() {
    let steps = |level: &str, how: &str| {
        format!(
            "  - create: one
  - response: one
    any-of:
      - terminal: none
      - {{ no-answer: {how}, level: {level}, says: not even an error }}
"
        )
    };
    let warned = against("", &steps("should", "closed"));
    assert_eq!(warned.verdict, Verdict::Warned, "{:?}", warned.failures);
    assert_eq!(warned.failures[0].says.as_deref(), Some("not even an error"));
    assert_eq!(against("", &steps("may", "any")).verdict, Verdict::Passed);
    let other = against("", &steps("should", "silent"));
    assert_eq!(other.failures[0].says, None);
    let answered = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
    let answered = against(answered, &steps("should", "closed"));
    assert!(answered.failures[0].expected.contains("one of"), "{:?}", answered.failures);
}

#[test]
fn time_may_be_counted_from_a_request_that_is_not_written_yet() {
    let answered = "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n\
                    <body xmlns='http://jabber.org/protocol/httpbind'/>";
    let outcome = against(
        answered,
        "  - create: first
  - create: second
    on: fresh
  - response: first
    since: second
    within: 1s
",
    );
    assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
}

/// A `drain` before it may have waited for it.
#[test]
fn a_stanza_that_came_while_another_step_waited_may_be_late() {
    let text = "name: x
covers: xbosh-features-asap
session: { login: none, opened: later }
steps:
  - create: session
  - response: session
  - drain: client
  - expect: client
    stanza: <features xmlns='http://etherx.jabber.org/streams'/>
    since: session
    within: 2s
";
    let loaded = load_texts(vec![("a.yaml".into(), text.to_owned())], &|_| {
        Err(io::ErrorKind::NotFound.into())
    });
    assert!(loaded.mistakes.is_empty());
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
    let outcome = |defects: &[_]| {
        let target = Arc::new(super::embedded_target());
        super::run_embedded(&super::jobs(&scenarios)[0], &target, defects)
    };
    assert_eq!(outcome(&[]).verdict, Verdict::Passed);
    let late = outcome(&[defects::find("xbosh-features-asap").unwrap()]);
    assert_eq!(late.failures.len(), 1, "{late:?}");
    assert!(late.failures[0].seen.starts_with("it came after 4."), "{}", late.failures[0].seen);
}

#[test]
fn failures_know_their_kind() {
    let refused = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    let kinds = |says, demands: &str| -> Vec<&str> {
        let outcome = against(says, &format!("  - create: a\n{demands}"));
        outcome.failures.iter().map(|failure| failure.kind.name()).collect()
    };
    assert_eq!(kinds(refused, "  - response: a\n"), ["response"]);
    assert_eq!(kinds(refused, "  - response: a\n    status: 200\n"), ["status"]);
    assert_eq!(kinds(refused, "  - response: a\n    no-answer: any\n"), ["unexpected-response"]);
    assert_eq!(kinds(refused, "  - silent: a\n    for: 1s\n"), ["unexpected-response"]);
    assert_eq!(kinds("", "  - silent: a\n    for: 1s\n"), ["connection"]);
    assert_eq!(kinds("", "  - response: a\n"), ["no-response"]);
}
