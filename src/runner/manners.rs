//! Tests that a scenario's clients behave as clients should, where the scenario does not say what they do.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::{Outcome, Verdict};
use super::{embedded, jobs, run_embedded};
use crate::bosh::{Body, BodyType};
use crate::scenario::load_texts;
use crate::trace::{Content, Fact};
use crate::xml::{Limits, parse};

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

fn body(content: &Content) -> Body {
    Body::new(parse(&content.bytes, &Limits::default()).unwrap()).unwrap()
}

/// Which requests a connection manager may refuse as overactivity: empty, and the last of `requests` that wait for a response
/// or, in a session that polls, behind another that fetched nothing; and not `polling` seconds later than that.
fn hasty(outcome: &Outcome) -> Vec<u64> {
    let mut terms = None;
    let mut open = Vec::new();
    let mut latest: Option<(Duration, bool)> = None;
    let mut hasty = Vec::new();
    for event in &outcome.events {
        match &event.fact {
            Fact::Request(request) => {
                let body = body(&request.content);
                let empty = body.is_empty() && body.kind() == BodyType::Ordinary;
                let rid = body.rid().unwrap().unwrap();
                open.push((event.conn, body.sid().is_some() && empty));
                if let (Some((requests, polls, polling)), Some((before, fruitless))) =
                    (terms, latest)
                    && empty
                    && event.at < before + polling
                    && (open.len() >= requests || polls && fruitless)
                {
                    hasty.push(rid);
                }
                latest = Some((event.at, false));
            }
            Fact::Response(response) => {
                let body = body(&response.content);
                let answered = open.iter().position(|(conn, _)| *conn == event.conn).unwrap();
                let (_, empty) = open.remove(answered);
                latest = latest.map(|(at, _)| (at, empty && body.is_empty()));
                if let Some(Ok(polling)) = body.polling() {
                    let number = |name| body.number(name).unwrap().unwrap();
                    let polls = number("wait") == 0 || number("hold") == 0;
                    let requests = number("requests") as usize;
                    terms = Some((requests, polls, Duration::from_secs(polling)));
                }
            }
            _ => {}
        }
    }
    hasty
}

#[test]
fn an_empty_request_that_no_step_spells_out_is_no_overactivity() {
    let held = "- request: held\n- wait: 1s\n";
    for (session, steps) in [
        ("wait: 20, hold: 1", "- alive:\n- alive:\n"),
        ("wait: 20, hold: 1", &format!("{held}- alive:\n")),
        ("wait: 20, hold: 2", &format!("{held}- request: also\n- alive:\n- drain:\n")),
        ("wait: 0, hold: 1", "- alive:\n- drain:\n- alive:\n"),
        ("wait: 0, hold: 1", "- request: poll\n- response: poll\n- alive:\n"),
        ("wait: 20, hold: 0", "- alive:\n- alive:\n"),
        ("wait: 20, hold: 1, login: anonymous", "- alive:\n- drain:\n- alive:\n"),
        ("wait: 20, hold: 1, login: anonymous", &format!("{held}- alive:\n- drain:\n")),
        ("wait: 0, hold: 1, login: anonymous", "- alive:\n- drain:\n- alive:\n"),
        ("wait: 0, hold: 1, login: anonymous, polls: true", "- wait: 20s\n"),
        ("wait: 20, hold: 1, login: anonymous, polls: true", "- wait: 3s\n- alive:\n- wait: 9s\n"),
    ] {
        let text =
            format!("name: a\ncovers: bosh-push-asap\nsession: {{ {session} }}\nsteps:\n{steps}");
        let outcome = run(&text);
        assert_eq!(outcome.verdict, Verdict::Passed, "{text}{:?}", outcome.failures);
        assert_eq!(hasty(&outcome), [0; 0], "{text}");
    }
}

/// The check above sees what it is to see.
#[test]
fn an_empty_request_that_is_too_soon_is_seen_as_such() {
    for (session, between) in [("wait: 20, hold: 1", ""), ("wait: 0, hold: 1", "- response: one\n")]
    {
        let outcome = run(&format!(
            "name: a\ncovers: bosh-push-asap\nsession: {{ {session} }}\nsteps:\n- wait: 6s\n- request: one\n{between}- request: two\n- wait: 1s\n"
        ));
        assert_eq!(hasty(&outcome).len(), 1, "{session}");
    }
}

#[test]
fn raw_lines_end_as_those_of_http_do_and_its_content_is_counted() {
    let outcome = run("
name: a
covers: bosh-push-asap
session: none
steps:
  - raw: created
    send: |
      POST ${path} HTTP/1.1
      Host: ${host}
      Content-Length: ${content-length}

      <body xmlns='http://jabber.org/protocol/httpbind' rid='1000' to='localhost' ver='1.11'/>
  - response: created
    attributes: { sid: present }
");
    assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
    let requests = outcome.events.iter().find_map(|event| match &event.fact {
        Fact::Request(request) => Some(request.content.bytes.clone()),
        _ => None,
    });
    assert!(requests.unwrap().ends_with(b"ver='1.11'/>\r\n"));
}

#[test]
fn all_responses_are_looked_at_and_the_wrong_one_is_named() {
    let steps = |wanted: &str| {
        format!(
            "name: a\ncovers: bosh-push-asap\nsession: none\nsteps:\n- create: first\n- response: first\n- drain:\n- request: second\n\
             - request: third\n  payload: <iq type='result' xmlns='jabber:client'/>\n- response: all\n  any-of: [ {wanted} ]\n"
        )
    };
    let outcome = run(&steps("{ status: 200 }"));
    assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
    let outcome = run(&steps("{ status: 200, attributes: { sid: present } }"));
    let seen: Vec<&str> = outcome.failures.iter().map(|failure| failure.seen.as_str()).collect();
    assert!(seen.len() == 2, "{seen:?}");
    for (seen, name) in seen.iter().zip(["second", "third"]) {
        assert!(seen.ends_with(&format!("in the response to `{name}`")), "{seen}");
    }
}
