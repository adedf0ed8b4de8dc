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
struct Says {
    text: &'static str,
    /// It does not end the connection.
    stays: bool,
}

impl Dial for Says {
    fn dial(&self, _route: Route) -> Dialling<'_> {
        let Self { text, stays } = *self;
        Box::pin(async move {
            let (ours, mut theirs) = tokio::io::duplex(1000);
            tokio::spawn(async move {
                let mut some = [0; 100];
                let _ = theirs.read(&mut some).await;
                let _ = theirs.write_all(text.as_bytes()).await;
                if stays {
                    let _ = theirs.read_to_end(&mut Vec::new()).await;
                }
            });
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}

/// What came of a scenario with these steps, against a connection manager that says no more than this.
fn against(text: &'static str, steps: &str) -> Outcome {
    with(Says { text, stays: false }, steps)
}

fn with(says: Says, steps: &str) -> Outcome {
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
        dial: Arc::new(says),
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
fn a_connection_is_not_used_again_once_one_side_has_said_that_it_closes() {
    let steps = |headers: &str| {
        format!(
            "  - create: first{headers}\n  - response: first\n  - create: second\n  - response: second\n"
        )
    };
    let content = "<body xmlns='http://jabber.org/protocol/httpbind'/>";
    let closing: &str =
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 51\r\n\r\n";
    let staying: &str = "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n";
    let asks = "\n    headers: { Connection: close }";
    for (head, headers, verdict) in [
        (closing, "", Verdict::Passed),
        (staying, asks, Verdict::Passed),
        // Here the second request goes over the connection of the first, on which this server answers but once.
        (staying, "", Verdict::Warned),
    ] {
        let text: &'static str = Box::leak(format!("{head}{content}").into_boxed_str());
        let outcome = with(Says { text, stays: true }, &steps(headers));
        assert_eq!(outcome.verdict, verdict, "{head}{headers}: {:?}", outcome.failures);
    }
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
