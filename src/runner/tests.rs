use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::byte_stream::{Dialling, Stream};
use super::dial::{Dial, Route};
use super::execute::{Inputs, run};
use super::offer::Offer;
use super::{FirstStep, Outcome, Unusable, Verdict};
use crate::clock::Clock;
use crate::defects;
use crate::random::Seeded;
use crate::scenario::load_texts;
use crate::trace::{Fact, How};
use crate::wire::address::Address;

/// What a connection manager does that answers nothing but this, once it has read some of a request, and leaves.
struct Says {
    text: &'static str,
    /// It does not end the connection.
    stays: bool,
}

impl Dial for Says {
    fn learned<'a>(&'a self, _address: &'a Address) -> Dialling<'a> {
        unreachable!("nothing is learned")
    }

    fn dial<'a>(&'a self, _route: Route, _offer: &'a Offer) -> Dialling<'a> {
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

fn with(dial: impl Dial + 'static, steps: &str) -> Outcome {
    in_session("none", dial, steps)
}

fn in_session(session: &str, dial: impl Dial + 'static, steps: &str) -> Outcome {
    let text =
        format!("name: x\ncovers: bosh-large-request-limit\nsession: {session}\nsteps:\n{steps}");
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
        dial: Arc::new(dial),
        clock: Clock::start(),
        random: Box::new(Seeded::new(1)),
        heart: None,
        round_trip: std::time::Duration::ZERO,
        secrets: super::wire::Secrets::Hidden,
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

/// Why nobody can run scenarios against what says no more than this, and after how many seconds that is known.
fn refused(text: &'static str) -> (Unusable, u64) {
    refused_over("bosh", text)
}

fn refused_over(transport: &str, text: &'static str) -> (Unusable, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = Clock::start();
        let dial: Arc<dyn Dial> = Arc::new(Says { text, stays: text.is_empty() });
        let steps = format!(
            "name: x\ncovers: bosh-long-polling\nneeds: [account]\nsession: {{ transport: {transport}, login: alice }}\nsteps: [alive: ]\n"
        );
        let loaded = load_texts([("a.yaml".into(), steps)], &|_| unreachable!());
        let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
        let target = Arc::new(super::embedded_target());
        let jobs = super::jobs(&scenarios);
        let entered = super::enter(&dial, &target, &jobs, std::time::Duration::ZERO).await;
        (entered.unwrap_err(), clock.now().as_secs())
    })
}

fn ok(body: &str) -> &'static str {
    let length = body.len();
    let text =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    Box::leak(text.into_boxed_str())
}

#[test]
fn a_target_that_fails_at_a_first_step_says_at_which_and_what_to_try() {
    use FirstStep::{Create, Features, Login};
    let terminate = |condition: &str| {
        ok(&format!(
            "<body xmlns='http://jabber.org/protocol/httpbind' type='terminate' condition='{condition}'/>"
        ))
    };
    let features = "<body xmlns='http://jabber.org/protocol/httpbind' sid='s'>\
        <features xmlns='http://etherx.jabber.org/streams'/></body>";
    for (text, step, says) in [
        ("", Create, &["received  no response", "no answer within", "log"][..]),
        ("x", Create, &["closed without a response"]),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", Create, &["502", "proxy"]),
        (
            "HTTP/1.1 301 Moved\r\nLocation: /bosh/\r\nContent-Length: 0\r\n\r\n",
            Create,
            &["redirects: /bosh/"],
        ),
        (ok("<html><h1>It works</h1></html>"), Create, &["200 It works", "another path"]),
        (terminate("host-unknown"), Create, &["another domain than localhost"]),
        (terminate("remote-connection-failed"), Create, &["route: 'xmpp:HOST:5222'"]),
        (terminate("bad-request"), Create, &["attributes", "meaning   bad-request: "]),
        (terminate("of-its-own"), Create, &["attributes"]),
        (ok("<body xmlns='http://jabber.org/protocol/httpbind'/>"), Create, &["attributes"]),
        (ok("<body xmlns='http://jabber.org/protocol/httpbind' sid='s'/>"), Features, &["0206 §4"]),
        (ok(features), Login, &[]),
    ] {
        let (unusable, seconds) = refused(text);
        let words = unusable.to_string();
        assert_eq!(unusable.step, step, "{text}: {words}");
        assert!(seconds <= 31, "{text}: {seconds} s");
        for says in says {
            assert!(words.contains(says), "{text}: {words}");
        }
    }
}

#[test]
fn a_target_without_a_usable_websocket_says_why_and_what_to_try() {
    use FirstStep::{Create, Features};
    let switched =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    for (text, step, says) in [
        ("", Create, &["received  nothing", "it opens no WebSocket", "no answer within"][..]),
        ("x", Create, &["its connection was ended"]),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", Create, &["502", "proxy"]),
        (
            "HTTP/1.1 301 Moved\r\nLocation: /ws/\r\nContent-Length: 0\r\n\r\n",
            Create,
            &["redirects: /ws/"],
        ),
        (
            ok("<html><h1>It works</h1></html>"),
            Create,
            &[
                "200 It works",
                "another path",
                "Upgrade",
                "doctor ws://localhost:5280/xmpp-websocket",
            ],
        ),
        (
            switched,
            Features,
            &["received  nothing", "another domain than localhost", "7395 §3.3.3"],
        ),
    ] {
        let (unusable, seconds) = refused_over("websocket", text);
        let words = unusable.to_string();
        assert_eq!(unusable.step, step, "{text}: {words}");
        assert!(seconds <= 31, "{text}: {seconds} s");
        for says in says {
            assert!(words.contains(says), "{text}: {words}");
        }
    }
}

/// Of the request that asks for a session, with these attributes in the target's file and these in the scenario.
fn asked(create: &[(&str, Option<&str>)], attributes: &str) -> String {
    let text = format!(
        "name: x\ncovers: bosh-long-polling\nsession: none\nsteps:\n  - create: one\n    attributes: {attributes}\n  - response: one\n    status: any\n"
    );
    let text =
        text.replace("    status: any\n", "    any-of: [{ terminal: any }, { terminal: none }]\n");
    let loaded = load_texts([("a.yaml".into(), text)], &|_| unreachable!());
    assert!(loaded.mistakes.is_empty());
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
    let owned =
        |(name, value): &(&str, Option<&str>)| ((*name).to_owned(), value.map(ToOwned::to_owned));
    let target =
        super::Target { create: create.iter().map(owned).collect(), ..super::embedded_target() };
    let outcome = super::run_embedded(&super::jobs(&scenarios)[0], &Arc::new(target), &[]);
    let request = outcome.events.iter().find_map(|event| match &event.fact {
        Fact::Request(request) => {
            Some(String::from_utf8_lossy(&request.content.bytes).into_owned())
        }
        _ => None,
    });
    request.unwrap()
}

#[test]
fn a_scenario_wins_over_what_the_target_is_asked_with() {
    let create =
        [("ver", Some("1.6")), ("ack", Some("1")), ("hold", None), ("xml:lang", Some("de"))];
    let request = asked(&create, "{ ver: '1.8', xml:lang: }");
    for has in ["ver='1.8'", "ack='1'", "wait='60'"] {
        assert!(request.contains(has), "{request}");
    }
    for lacks in ["hold", "xml:lang"] {
        assert!(!request.contains(lacks), "{request}");
    }
}

/// What a connection manager does with the connections to it, in order: each is one that answers so many requests and ends
/// without another word, in this way; or none, which is refused.
struct Ends {
    answers: Mutex<VecDeque<Option<(usize, How)>>>,
}

/// A stream whose other side may reset it.
struct Breaking {
    stream: tokio::io::DuplexStream,
    reset: bool,
}

impl tokio::io::AsyncRead for Breaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let reset = self.reset;
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) if reset && buffer.filled().len() == before => {
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            other => other,
        }
    }
}

impl tokio::io::AsyncWrite for Breaking {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Stream for Breaking {
    fn reset(&mut self) {}
}

impl Dial for Ends {
    fn learned<'a>(&'a self, _address: &'a Address) -> Dialling<'a> {
        unreachable!("nothing is learned")
    }

    fn dial<'a>(&'a self, _route: Route, _offer: &'a Offer) -> Dialling<'a> {
        let next = self.answers.lock().unwrap().pop_front().unwrap_or(None);
        Box::pin(async move {
            let (answers, how) = next.ok_or(io::ErrorKind::ConnectionRefused)?;
            let (ours, mut theirs) = tokio::io::duplex(4000);
            tokio::spawn(async move {
                let mut some = [0; 4000];
                for _ in 0..answers {
                    let _ = theirs.read(&mut some).await;
                    let content = "<body xmlns='http://jabber.org/protocol/httpbind'/>";
                    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n{content}");
                    let _ = theirs.write_all(text.as_bytes()).await;
                }
                let _ = theirs.read(&mut some).await;
            });
            Ok(Box::new(Breaking { stream: ours, reset: how == How::Reset }) as Box<dyn Stream>)
        })
    }
}

#[test]
fn a_connection_that_ends_as_it_is_used_is_no_failure_of_what_is_tested() {
    let two = "  - create: first\n  - response: first\n  - create: second\n  - response: second\n";
    let named = "  - create: first\n    on: a\n  - response: first\n  - create: second\n    on: a\n  - response: second\n";
    let (fin, reset) = (How::Fin, How::Reset);
    let refused = None;
    for (steps, connections, verdict, says) in [
        // The second request crosses the end of the connection.
        (two, vec![Some((1, fin)), Some((1, fin))], Verdict::Passed, ""),
        (two, vec![Some((1, reset)), Some((1, fin))], Verdict::Passed, ""),
        // It is sent again once.
        (two, vec![Some((1, fin)), Some((0, fin))], Verdict::Warned, "was closed"),
        (
            two,
            vec![Some((1, reset)), Some((0, reset)), Some((1, fin))],
            Verdict::Warned,
            "was reset",
        ),
        // A scenario that names its connections is about them.
        (named, vec![Some((1, fin)), Some((1, fin))], Verdict::Warned, "was closed"),
        (named, vec![Some((1, reset)), Some((1, fin))], Verdict::Warned, "was reset"),
        // A new connection may be reset by a queue that is full; to be closed in order, it was accepted.
        (two, vec![Some((0, reset)), Some((1, fin)), Some((1, fin))], Verdict::Passed, ""),
        (
            two,
            vec![Some((0, reset)), Some((0, reset)), Some((2, fin))],
            Verdict::Warned,
            "was reset",
        ),
        (two, vec![Some((0, fin)), Some((2, fin))], Verdict::Warned, "was closed"),
        // Who cannot connect learns nothing.
        (two, vec![refused], Verdict::Broken, "cannot connect"),
        (two, vec![Some((1, fin)), refused], Verdict::Broken, "cannot connect"),
        (
            "  - create: a\n  - silent: a\n    for: 1s\n",
            vec![refused],
            Verdict::Broken,
            "cannot connect",
        ),
        (
            "  - create: a\n  - response: a\n    no-answer: closed\n",
            vec![refused],
            Verdict::Broken,
            "cannot connect",
        ),
        (
            "  - create: a\n    on: c\n  - disconnected: c\n",
            vec![refused],
            Verdict::Broken,
            "cannot connect",
        ),
    ] {
        let given = format!("{steps}{connections:?}");
        let outcome = with(Ends { answers: Mutex::new(connections.into()) }, steps);
        assert_eq!(outcome.verdict, verdict, "{given}: {:?}", outcome.failures);
        let seen = outcome.failures.first().map_or("", |failure| failure.seen.as_str());
        assert!(seen.contains(says), "{given}: {seen}");
    }
}

#[test]
fn a_stream_that_cannot_be_connected_is_not_silent() {
    for via in ["", ", via: tls"] {
        let session = format!("{{ transport: tcp, opened: later{via} }}");
        let refuses = Ends { answers: Mutex::default() };
        let steps = "  - open:\n  - expect:\n    stanza: <stream:features/>\n";
        let outcome = in_session(&session, refuses, steps);
        assert_eq!(outcome.verdict, Verdict::Broken);
        let reason = outcome.reason.unwrap();
        assert!(reason.starts_with("cannot connect: "), "{reason}");
    }
}

#[test]
fn that_a_connection_was_reset_is_noted() {
    let steps = "  - create: first\n  - response: first\n";
    let connections = vec![Some((0, How::Reset)), Some((1, How::Fin))];
    let outcome = with(Ends { answers: Mutex::new(connections.into()) }, steps);
    let [note] = &outcome.notes[..] else { panic!("{:?}", outcome.notes) };
    assert!(note.text.contains("`first` was reset"), "{}", note.text);
}
