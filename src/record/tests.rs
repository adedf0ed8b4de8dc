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

/// What a stream over WebSocket does behind its login.
fn on_a_websocket(steps: &str) -> String {
    format!(
        "name: a\ncovers: ws-close-answered\nneeds: [accounts, websocket]\nsession: {{ transport: websocket, login: alice }}\nactors:\n  \
         bob: {{ transport: websocket, login: bob }}\nsteps:\n{steps}"
    )
}

#[test]
fn what_a_client_says_wrongly_is_said_again() {
    for (steps, lines) in [
        (
            "  - frame:\n    opcode: close\n    status: 1001\n  - ended:\n    within: 5s\n",
            &["opcode: close", "status: 1001", "- ended:"][..],
        ),
        (
            "  - frame:\n    payload: <message xmlns='jabber:client'>&nbsp;</message>\n  - expect:\n    stanza: <stream:error/>\n  - ended:\n    within: 5s\n",
            &["payload: '<message xmlns=''jabber:client''>&nbsp;</message>'", "<stream:error>"],
        ),
        (
            "  - enable:\n  - send:\n    stanza: <a h='7' xmlns='urn:xmpp:sm:3'/>\n  - expect:\n    stanza: <stream:error/>\n  - ended:\n    within: 5s\n",
            &["h='${alice.received + 7}'", "handled-count-too-high"],
        ),
    ] {
        let text = again(&on_a_websocket(steps), &Wishes::default());
        for line in lines {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}

#[test]
fn what_follows_from_what_is_left_out_is_left_out_as_well() {
    let unmasked = "  - send:\n    stanza: <presence to='${bob.jid}' xmlns='jabber:client'/>\n  - expect: bob\n    stanza: <presence from='${client.jid}' xmlns='jabber:client'/>\n  \
                    - frame:\n    payload: <presence xmlns='jabber:client'/>\n    masked: false\n  - ended:\n    within: 5s\n  \
                    - expect: bob\n    stanza: <presence type='unavailable' xmlns='jabber:client'/>\n    within: 15s\n";
    let text = again(&on_a_websocket(unmasked), &Wishes::default());
    assert!(text.contains("frames that break the rules of WebSocket"), "{text}");
    assert!(!text.contains("ended:") && !text.contains("type='unavailable'"), "{text}");
    let keys = "name: a\ncovers: bosh-key-mismatch-condition\nsession: { login: none, wait: 3, hold: 1, keys: 20 }\nsteps:\n  \
                - request: right\n  - response: right\n  - request: wrong\n    attributes: { key: nonsense }\n  - response: wrong\n    terminal: item-not-found\n";
    let text = again(keys, &Wishes::default());
    assert!(
        text.contains("refusals of requests with keys") && !text.contains("terminal:"),
        "{text}"
    );
}

#[test]
fn a_domain_that_is_not_served_is_not_the_servers() {
    for transport in ["websocket", "tcp"] {
        let text = again(
            &format!(
                "name: a\ncovers: ws-close-answered\nneeds: [account]\nsession: {{ transport: {transport}, opened: later }}\nactors:\n  \
                 alice: {{ transport: {transport}, login: alice }}\nsteps:\n  - open:\n    attributes: {{ to: wrong.example }}\n  \
                 - expect:\n    stanza: <stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\n  \
                 - send: alice\n    stanza: <iq id='p' to='${{domain}}' type='get' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>\n  \
                 - expect: alice\n    stanza: <iq id='p' type='result' xmlns='jabber:client'/>\n"
            ),
            &Wishes::default(),
        );
        assert!(text.contains("to: wrong.example") && text.contains("to='${domain}'"), "{text}");
    }
}

#[test]
fn a_resumption_asks_again_for_what_it_had_not_handled() {
    let steps = "  - enable:\n  - send: bob\n    stanza: <message to='${client.jid}' id='m1' type='chat' xmlns='jabber:client'><body>1</body></message>\n  \
                 - expect:\n    stanza: <message id='m1' xmlns='jabber:client'/>\n  - disconnect: client\n    how: reset\n  \
                 - resume:\n    attributes: { h: '${client.received - 1}' }\n  - expect:\n    stanza: <message id='m1' xmlns='jabber:client'/>\n";
    let text = again(&on_a_websocket(steps), &Wishes::default());
    assert!(text.contains("h='${alice.received - 1}'"), "{text}");
    assert_eq!(text.matches("<message from='${bob.jid}' id='m1'").count(), 2, "{text}");
}

#[test]
fn rids_acks_and_methods_are_as_they_were() {
    let session = "name: a\ncovers: bosh-response-same-session\nneeds: [anonymous]\nsession: { login: anonymous, wait: 5, hold: 1, ack: 1 }\nsteps:\n  ";
    for (steps, line) in [
        (
            "- request: none\n    rid: '-5'\n    attributes: { rid: '-5' }\n  - response: none\n    terminal: any\n",
            "rid: '-5'",
        ),
        ("- request: get\n    method: PUT\n  - response: get\n    status: 405\n", "method: PUT"),
        (
            "- request: one\n    payload: <iq type='get' id='p' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>\n  - response: one\n  \
             - request: two\n    attributes: { ack: '${client.rid - 1}' }\n    payload: <iq type='get' id='q' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>\n  - response: two\n  \
             - resend: one\n    as: again\n  - response: again\n    status: 200\n",
            "ack: '${client.rid - 1}'",
        ),
    ] {
        let text = again(&format!("{session}{steps}"), &Wishes::default());
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_fault_is_not_the_servers_doing() {
    let text = "
        0 1 C> <body rid='1000' to='a' wait='10' hold='1' ver='1.6'/>
        5 1 S> <body sid='s1' ver='1.6' wait='10' requests='2' hold='1' inactivity='60'/>
        10 1 C> <body rid='1001' sid='s1'><iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq></body>
        12 1 !fault S 1001 poll: answer 502 | answered it
        12 1 S> 502 | <html>Bad Gateway</html>
        20 1 C> <body rid='1002' sid='s1'/>
        30 1 S> <body/>";
    let with = recorded(&events(text), &Wishes::default());
    assert!(!with.text.contains("status: 502"), "{}", with.text);
    assert!(with.left_out.iter().any(|what| what.contains("fault of xmppscope")), "{with:?}");
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("!fault")).collect();
    let without = recorded(&events(&without.join("\n")), &Wishes::default());
    assert!(without.text.contains("status: 502"), "{}", without.text);
}

#[test]
fn what_is_late_is_awaited_and_a_client_that_sleeps_does_not_poll() {
    let text = "name: a\ncovers: bosh-inactivity-terminate\nneeds: [accounts]\nsession: { login: alice, wait: 5, hold: 1 }\nactors:\n  \
                bob: { login: bob, polls: true }\nsteps:\n  - request: one\n    payload: <presence to='${bob.jid}' xmlns='jabber:client'/>\n  - response: one\n  \
                - expect: bob\n    stanza: <presence from='${client.jid}' xmlns='jabber:client'/>\n  \
                - expect: bob\n    stanza: <presence from='${client.jid}' type='unavailable' xmlns='jabber:client'/>\n    within: 90s\n";
    let text = again(text, &Wishes::default());
    assert!(text.contains("within: 1") && text.contains("type='unavailable'"), "{text}");
}

#[test]
fn a_websocket_whose_client_opens_no_stream_is_refused_in_words() {
    let text =
        "0 1 websocket\n10 1 C= <\n20 1 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n";
    let why = record(&events(text), &Wishes::default()).unwrap_err().to_string();
    assert!(why.contains("nothing of the recording can be written"), "{why}");
}
