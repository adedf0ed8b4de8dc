//! Replays at the embedded connection manager, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Replayed, Script, Settings, compare, replay};
use crate::client::Who;
use crate::defects::{Defect, all};
use crate::random::Seeded;
use crate::runner::{Verdict, embedded_target, jobs, run_embedded, with_embedded};
use crate::scenario::load_texts;
use crate::snapshot::{Diff, Varying};
use crate::trace::{Event, Fact};

/// What passes in a scenario.
fn events(text: &str) -> Vec<Event> {
    let files = [("a.yaml".into(), text.to_owned())];
    let loaded = load_texts(files, &|_| Err(std::io::ErrorKind::NotFound.into()));
    let mistakes: Vec<_> = loaded.mistakes.iter().map(|mistake| mistake.render(false)).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
    let outcome = run_embedded(&jobs(&scenarios)[0], &Arc::new(embedded_target()), &[]);
    assert_eq!(outcome.verdict, Verdict::Passed, "{:?}", outcome.failures);
    outcome.events
}

fn again(recorded: &[Event], defects: &[&'static Defect], speed: f64) -> (Replayed, Diff) {
    let script = Script::of(recorded, None).unwrap();
    let target = embedded_target();
    let accounts: BTreeMap<String, Who> = script
        .accounts()
        .into_iter()
        .map(|jid| {
            let account = &target.accounts[jid.split('@').next().unwrap()];
            let (user, password) = (account.user.clone(), account.password.clone());
            (jid, Who::Account { user, password })
        })
        .collect();
    let alice = &target.accounts["alice"];
    let (user, password) = (alice.user.clone(), alice.password.clone());
    let nobody = Some(Who::Account { user, password });
    let random = Box::new(Seeded::new(9));
    let settings = Settings { speed, ..Settings::at(&target, accounts, nobody, random) };
    let compared = compare(&script, &settings);
    let replayed = with_embedded(defects, |dial, clock| async move {
        replay(script, settings, &target, dial, clock, &mut |_| ()).await
    });
    let diff = compared.diff(recorded, &replayed.events, &Varying::default());
    (replayed, diff)
}

fn words(diff: &Diff) -> Vec<String> {
    diff.strands
        .iter()
        .flat_map(|strand| &strand.exchanges)
        .flat_map(|exchange| &exchange.changes)
        .map(crate::snapshot::Change::words)
        .collect()
}

const CARRIERS: [&str; 3] = ["bosh, polls: true", "websocket", "tcp"];

fn talk(transport: &str) -> String {
    format!(
        "name: a talk\ncovers: bosh-push-asap\nneeds: [accounts]\nsession: none\nactors:\n  \
         alice: {{ transport: {transport}, login: alice }}\n  bob: {{ transport: {transport}, login: bob }}\nsteps:\n  \
         - send: alice\n    stanza: <message to='${{bob.jid}}' id='m1' xmlns='jabber:client'><body>hello</body></message>\n  \
         - expect: bob\n    stanza: <message xmlns='jabber:client'><body>hello</body></message>\n  \
         - wait: 2s\n  \
         - send: bob\n    stanza: <message to='${{alice.jid}}' id='m2' xmlns='jabber:client'><body>and you</body></message>\n  \
         - expect: alice\n    stanza: <message xmlns='jabber:client'><body>and you</body></message>\n"
    )
}

#[test]
fn what_was_recorded_comes_again_over_each_carrier() {
    for transport in CARRIERS {
        let recorded = events(&talk(transport));
        let (replayed, diff) = again(&recorded, &[], 1.0);
        assert_eq!(replayed.stopped, None, "{transport}");
        assert_eq!(replayed.remarks, Vec::<String>::new(), "{transport}");
        assert!(diff.strands.is_empty(), "{transport}: {:#?}", words(&diff));
        assert!(recorded.len().abs_diff(replayed.events.len()) < 12, "{transport}");
    }
}

#[test]
fn a_changed_server_differs_in_words() {
    let recorded = events(&talk(CARRIERS[0]));
    let differs = all().filter(|defect| defect.name.starts_with("bosh-push-asap")).any(|defect| {
        let (_, diff) = again(&recorded, &[defect], 1.0);
        !diff.strands.is_empty()
    });
    assert!(differs);
}

/// When requests came, and which of them while another was open.
fn requests(events: &[Event]) -> Vec<Duration> {
    let asked = |event: &&Event| matches!(event.fact, Fact::Request(_));
    events.iter().filter(asked).map(|event| event.at).collect()
}

#[test]
fn requests_that_overlapped_do_so_again_at_any_speed() {
    let recorded = events(
        "name: a\ncovers: bosh-push-asap\nneeds: [account]\nsession: { login: alice, wait: 20, hold: 2 }\nsteps:\n  \
         - request: one\n  - wait: 700ms\n  - request: two\n  - wait: 1300ms\n  \
         - request: three\n    payload: <iq type='get' id='p' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>\n  \
         - response: all\n",
    );
    for speed in [1.0, 2.0] {
        let (replayed, diff) = again(&recorded, &[], speed);
        let (before, now) = (requests(&recorded), requests(&replayed.events));
        assert_eq!(before.len(), now.len(), "{:#?}", words(&diff));
        let last = before.len() - 4..before.len() - 1;
        for (before, now) in before[last.clone()].windows(2).zip(now[last].windows(2)) {
            let (before, now) =
                (before[1].abs_diff(before[0]).div_f64(speed), now[1].abs_diff(now[0]));
            assert!(before.abs_diff(now) < Duration::from_millis(20), "{before:?} {now:?}");
        }
        if speed < 1.5 {
            assert!(diff.strands.is_empty(), "{:#?}", words(&diff));
        }
    }
}

#[test]
fn a_resumption_is_done_with_the_new_id() {
    for transport in &CARRIERS[1..] {
        let recorded = events(&format!(
            "name: a\ncovers: sm-resumed-attributes\nsession: {{ transport: {transport}, login: alice }}\nneeds: [account]\nsteps:\n  \
             - send:\n    stanza: <enable resume='true' xmlns='urn:xmpp:sm:3'/>\n  \
             - expect:\n    stanza: <enabled resume='true' xmlns='urn:xmpp:sm:3'/>\n    capture: {{ id: '@id' }}\n  \
             - disconnect: client\n    how: reset\n  - authenticate:\n  \
             - send:\n    stanza: <resume h='${{client.received}}' previd='${{id}}' xmlns='urn:xmpp:sm:3'/>\n  \
             - expect:\n    stanza: <resumed previd='${{id}}' xmlns='urn:xmpp:sm:3'/>\n"
        ));
        let (replayed, diff) = again(&recorded, &[], 1.0);
        assert_eq!(replayed.stopped, None, "{transport}");
        assert!(diff.strands.is_empty(), "{transport}: {:#?}", words(&diff));
    }
}

/// What is replayed of a scenario does not differ; what was remarked.
fn same(text: &str) -> Vec<String> {
    let recorded = events(text);
    let (replayed, diff) = again(&recorded, &[], 1.0);
    assert_eq!(replayed.stopped, None, "{text}");
    assert!(diff.strands.is_empty(), "{text}: {:#?}", words(&diff));
    replayed.remarks
}

#[test]
fn a_resumption_has_the_count_of_what_has_come() {
    for (less, seen) in
        [(0, ""), (1, "  - expect:\n    stanza: <message id='m1' xmlns='jabber:client'/>\n")]
    {
        let remarks = same(&format!(
            "name: a\ncovers: sm-resumed-attributes\nsession: {{ transport: websocket, login: alice }}\nactors:\n  bob: {{ transport: websocket, login: bob }}\nneeds: [accounts]\nsteps:\n  \
             - enable:\n  - send: bob\n    stanza: <message to='${{client.jid}}' id='m1' type='chat' xmlns='jabber:client'><body>1</body></message>\n  \
             - expect:\n    stanza: <message id='m1' xmlns='jabber:client'/>\n  - disconnect: client\n    how: reset\n  \
             - resume:\n    attributes: {{ h: '${{client.received - {less}}}' }}\n{seen}"
        ));
        assert_eq!(remarks, Vec::<String>::new());
    }
}

#[test]
fn a_login_that_failed_fails_again_and_the_next_one_succeeds() {
    let remarks = same(
        "name: a\ncovers: sm-resumed-attributes\nsession: { transport: websocket, login: alice, opened: later }\nneeds: [account, plain]\nsteps:\n  \
         - open:\n  - expect:\n    stanza: <stream:features/>\n  - send:\n    stanza: <auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGFsaWNlAHdyb25n</auth>\n  \
         - expect:\n    stanza: <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\n  - send:\n    stanza: <auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${alice.plain}</auth>\n  - expect:\n    stanza: <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\n",
    );
    assert_eq!(remarks, ["1 message was sent with a wrong password, to fail as in the recording"]);
}

#[test]
fn acknowledgements_are_asked_for_again_and_unknown_hosts_stay_unknown() {
    let acks = "name: a\ncovers: bosh-resend-replays\nneeds: [anonymous]\nsession: { login: anonymous, wait: 5, hold: 1, ack: 1 }\nsteps:\n  \
                - request: one\n    payload: <iq type='get' id='p' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>\n  - response: one\n    attributes: { ack: '*' }\n";
    let acks = acks.replace("    attributes: { ack: '*' }\n", "");
    assert_eq!(same(&acks), Vec::<String>::new());
    let unknown = "name: a\ncovers: bosh-cond-host-unknown\nsession: none\nsteps:\n  - create: session\n    attributes: { to: unserved.invalid }\n  \
                   - response: session\n    terminal: host-unknown\n";
    assert_eq!(same(unknown), Vec::<String>::new());
}

#[test]
fn nothing_that_was_hidden_is_sent() {
    use super::texts::shown;
    assert_eq!(shown("<a/>"), None);
    assert_eq!(
        shown("<a x='[hidden 3 bytes]'>[hidden 4 bytes #0a]</a>").as_deref(),
        Some("<a x=''>0a</a>")
    );
}
