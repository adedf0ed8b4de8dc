//! Recordings of sessions at the embedded connection manager, run there again.

use std::sync::Arc;

use super::{Recorded, Wishes, record};
use crate::defects::{Defect, all};
use crate::rules::playbook::events;
use crate::runner::{Outcome, Verdict, embedded_target, jobs, run_embedded};
use crate::scenario::load_texts;
use crate::trace::Event;

/// Runs a scenario, which has no mistakes.
fn run(text: &str, defects: &[&'static Defect]) -> Outcome {
    let files = [("a.yaml".into(), text.to_owned())];
    let loaded = load_texts(files, &|_| Err(std::io::ErrorKind::NotFound.into()));
    let mistakes: Vec<_> = loaded.mistakes.iter().map(|mistake| mistake.render(false)).collect();
    assert!(mistakes.is_empty(), "{}\n{text}", mistakes.join("\n"));
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
    run_embedded(&jobs(&scenarios)[0], &Arc::new(embedded_target()), defects)
}

fn recorded(events: &[Event], wishes: &Wishes) -> Recorded {
    record(events, wishes).unwrap()
}

/// What is recorded of a script passes when it is run again.
fn again(text: &str, wishes: &Wishes) -> String {
    let outcome = run(text, &[]);
    assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
    let recorded = recorded(&outcome.events, wishes);
    let outcome = run(&recorded.text, &[]);
    let failures: Vec<String> = outcome.failures.iter().map(ToString::to_string).collect();
    assert_eq!(outcome.verdict, Verdict::Passed, "{failures:?}\n{}", recorded.text);
    recorded.text
}

const CARRIERS: [&str; 3] = ["bosh, polls: true", "websocket", "tcp"];

fn talk(transport: &str) -> String {
    format!(
        "name: a talk\ncovers: bosh-push-asap\nneeds: [accounts]\nsession: none\nactors:\n  \
         alice: {{ transport: {transport}, login: alice }}\n  bob: {{ transport: {transport}, login: bob }}\nsteps:\n  \
         - send: alice\n    stanza: <message to='${{bob.jid}}' id='8Zk3LxP0aQ' xmlns='jabber:client'><body>hello</body></message>\n  \
         - expect: bob\n    stanza: <message xmlns='jabber:client'><body>hello</body></message>\n  \
         - send: bob\n    stanza: <iq to='${{domain}}' id='d1' type='get' xmlns='jabber:client'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>\n  \
         - expect: bob\n    stanza: <iq id='d1' type='result' xmlns='jabber:client'/>\n"
    )
}

#[test]
fn a_talk_is_recorded_over_each_carrier_and_happens_again() {
    for transport in CARRIERS {
        for strict in [false, true] {
            let wishes = Wishes { strict, ..Wishes::default() };
            let text = again(&talk(transport), &wishes);
            let lines = ["login: alice", "login: bob", "to='${bob.jid}'", "<body>hello</body>"];
            for line in lines {
                assert!(text.contains(line), "{line} is missing in\n{text}");
            }
            assert!(!text.contains("8Zk3LxP0aQ") && text.contains("id='message-1'"), "{text}");
        }
    }
}

#[test]
fn one_session_is_the_clients_and_requests_can_be_spelled_out() {
    let outcome = run(&talk(CARRIERS[0]), &[]);
    let session = outcome.events.iter().find_map(|event| {
        let text = String::from_utf8_lossy(&event.fact.content()?.bytes).into_owned();
        Some(text.split("sid='").nth(1)?.split('\'').next()?.to_owned())
    });
    let wishes = Wishes { session, requests: true, ..Wishes::default() };
    let text = recorded(&outcome.events, &wishes).text;
    assert!(text.contains("\nsession: { login: "), "{text}");
    assert!(text.contains("  - request: ") && text.contains("  - response: "), "{text}");
    let outcome = run(&text, &[]);
    // Bob is not there, so only what the client's own session is told is expected.
    assert_ne!(outcome.verdict, Verdict::Broken, "{:?}\n{text}", outcome.failures);
}

#[test]
fn overlap_repeats_and_refusals_are_recorded_as_requests() {
    let text = again(
        "name: a\ncovers: bosh-resend-replays\nsession: { login: alice, wait: 20, hold: 1 }\nneeds: [account]\nsteps:\n  \
         - request: held\n  - wait: 500ms\n  - request: ping\n    payload: <iq type='get' id='p' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>\n  \
         - response: held\n  - response: ping\n  - resend: ping\n    as: again\n  - response: again\n  \
         - request: far\n    rid: +1000\n  - response: far\n    terminal: item-not-found\n",
        &Wishes::default(),
    );
    for line in ["- silent: [poll]", "- resend: ping", "rid: +1000", "terminal: item-not-found"] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_resumption_is_recorded_with_its_id() {
    for transport in &CARRIERS[1..] {
        let text = again(
            &format!(
                "name: a\ncovers: sm-resumed-attributes\nsession: {{ transport: {transport}, login: alice }}\nneeds: [account]\nsteps:\n  \
                 - send:\n    stanza: <enable resume='true' xmlns='urn:xmpp:sm:3'/>\n  \
                 - expect:\n    stanza: <enabled resume='true' xmlns='urn:xmpp:sm:3'/>\n    capture: {{ id: '@id' }}\n  \
                 - disconnect: client\n    how: reset\n  - authenticate:\n  \
                 - send:\n    stanza: <resume h='${{client.received}}' previd='${{id}}' xmlns='urn:xmpp:sm:3'/>\n  \
                 - expect:\n    stanza: <resumed previd='${{id}}' xmlns='urn:xmpp:sm:3'/>\n"
            ),
            &Wishes::default(),
        );
        for line in [
            "capture: { id-1: '@id' }",
            "- authenticate:",
            "previd='${id-1}'",
            "h='${client.received}'",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}

#[test]
fn a_changed_server_is_noticed_where_it_changed() {
    let outcome = run(&talk(CARRIERS[0]), &[]);
    let text = recorded(&outcome.events, &Wishes::default()).text;
    let broken = |name: &str| {
        let of_it: Vec<_> = all().filter(|defect| defect.name.starts_with(name)).collect();
        let noticed = of_it.iter().filter(|defect| run(&text, &[defect]).verdict > Verdict::Passed);
        assert!(!of_it.is_empty());
        noticed.count()
    };
    assert!(broken("bosh-push-asap") > 0 && broken("bosh-forward-asap") > 0);
}

#[test]
fn what_cannot_be_written_is_named() {
    let text = "
        0 1 C> OPTIONS /http-bind | Origin: http://a
        1 1 S> 200 |
        5 2 C> <body rid='1000' sid='gone'/>
        9 2 S> <body type='terminate' condition='item-not-found'/>
        10 3 C> <body rid='5000' to='a' wait='10' hold='1' ver='1.6'/>
        12 3 S> <body type='terminate' condition='host-unknown'/>";
    let recorded = recorded(&events(text), &Wishes::default());
    assert_eq!(recorded.left_out, ["1 CORS preflight"]);
    let text = &recorded.text;
    for line in [
        "# - 1 CORS preflight",
        "sid: unknown",
        "terminal: item-not-found",
        "terminal: host-unknown",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    let outcome = run(text, &[]);
    assert!(
        matches!(outcome.verdict, Verdict::Passed | Verdict::Failed | Verdict::Warned),
        "{:?}",
        outcome.reason
    );
}
