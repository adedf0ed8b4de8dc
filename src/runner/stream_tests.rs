use std::io;
use std::sync::Arc;

use super::{Outcome, Verdict, embedded_target, jobs, run_embedded};
use crate::scenario::load_texts;

/// What comes of a scenario over WebSocket against the embedded server.
fn over(session: &str, steps: &str) -> Outcome {
    let text = format!(
        "name: x\ncovers: ws-pong\nsession: {{ transport: websocket, {session} }}\nactors:\n  \
         bob: {{ transport: websocket, login: bob, opened: later }}\nsteps:\n{steps}"
    );
    let none = |_: &std::path::Path| Err(io::ErrorKind::NotFound.into());
    let loaded = load_texts([("a.yaml".into(), text)], &none);
    assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
    run_embedded(&jobs(&scenarios)[0], &Arc::new(embedded_target()), &[])
}

/// What was expected and seen, or why nothing was.
fn told(outcome: &Outcome) -> String {
    match outcome.failures.first() {
        Some(failure) => format!("expected {}; seen {}", failure.expected, failure.seen),
        None => outcome.reason.clone().unwrap_or_default(),
    }
}

fn passes(session: &str, steps: &str) {
    let outcome = over(session, steps);
    assert_eq!(outcome.verdict, Verdict::Passed, "{}", told(&outcome));
}

fn fails(steps: &str, expected: &str) {
    let outcome = over("opened: later", steps);
    assert_eq!(told(&outcome), expected);
    assert_eq!(outcome.verdict, Verdict::Failed);
}

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";

#[test]
fn stanzas_go_both_ways_and_a_stream_lives_until_it_is_closed() {
    passes(
        "login: alice",
        &format!(
            "  - login: bob
  - send:
    stanza: <message to='${{bob.jid}}' xmlns='jabber:client'><body>hello</body></message>
  - expect: bob
    stanza: <message from='${{client.jid}}' xmlns='jabber:client'><body>hello</body></message>
  - alive:
  - drain: bob
  - close: bob
  - expect: bob
    stanza: {CLOSE}
  - gone: bob
  - connected: client
    for: 1s
  - disconnect: client
    how: reset
  - login:
  - alive:
"
        ),
    );
}

#[test]
fn a_handshake_may_be_spelled_out_and_refused() {
    passes(
        "opened: later",
        "  - handshake: odd
    headers: { Sec-WebSocket-Protocol: , X-More: a }
  - response: odd
    status: 400
  - handshake: again
  - response: again
    status: 101
    headers: { Upgrade: websocket }
  - open:
  - drain:
",
    );
    let outcome = over(
        "opened: later",
        "  - handshake: odd
    path: /elsewhere
  - open:
",
    );
    assert_eq!(outcome.verdict, Verdict::Broken);
    assert_eq!(
        told(&outcome).split("; seen ").last(),
        Some("no WebSocket was opened: HTTP 404 Not Found")
    );
    let outcome = over("opened: later", "  - raw: early\n    send: x\n");
    assert_eq!(
        told(&outcome).split("; seen ").last(),
        Some("there is no connection yet; `open` or `handshake` makes one")
    );
}

#[test]
fn frames_are_what_a_step_says() {
    passes(
        "opened: later",
        &format!(
            "  - open:
  - frame:
    opcode: ping
    payload: {{ hex: '00ff' }}
    as: ping
  - receive:
    opcode: pong
    since: ping
    within: 1s
    not-before: 0s
    frames: 1
    compressed: false
  - receive:
    opcode: pong
    none-for: 1s
  - frame:
    payload: {CLOSE}
  - receive:
    opcode: close
    status: 1000
  - ended:
    how: fin
    status: 1000
"
        ),
    );
    passes(
        "opened: later",
        "  - open:\n  - frame:\n    masked: false\n    payload: x\n  - ended:\n    status: 1002\n",
    );
}

#[test]
fn what_is_not_met_is_told() {
    fails(
        &format!("  - open:\n  - expect:\n    stanza: {OPEN}\n  - receive:\n    none-for: 1s\n"),
        "expected no such frame (a frame) for 1.0 s; seen it came after 0.0 ms: text \
         \"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='localhost' id='ccJyq7jNhrUBYOiN' version='1.0' xml:lang='en'/>\"",
    );
    fails(
        "  - open:\n  - receive:\n    opcode: ping\n    within: 2s\n",
        "expected a frame of kind ping within 2.0 s; seen none came",
    );
    fails(
        "  - open:\n  - ended:\n    within: 1s\n",
        "expected the connection to be ended within 1.0 s; seen it is open",
    );
    fails(
        "  - open:\n  - close:\n  - ended:\n    how: reset\n",
        "expected the connection to be reset within 5.0 s; seen it was ended in order",
    );
    fails(
        "  - open:\n  - close:\n  - ended:\n    status: 1001\n",
        "expected the status of the Close frame `1001`; seen `1000`",
    );
    fails(
        "  - open:\n  - drain:\n  - gone:\n    within: 1s\n",
        "expected the stream to be over: its connection to be ended; seen it is open after 1.0 s",
    );
    fails(
        "  - open:\n  - close:\n  - wait: 20s\n  - alive:\n",
        "expected the stream to go on; seen its connection was ended",
    );
}

#[test]
fn a_carrier_that_the_target_lacks_is_skipped() {
    let text = "name: x\ncovers: ws-pong\nsweep: { t: [tcp, bosh] }\nsession: { transport: '${t}', login: alice }\n\
                steps:\n  - alive:\n  - note: ${client.transport}\n";
    let none = |_: &std::path::Path| Err(io::ErrorKind::NotFound.into());
    let scenarios = load_texts([("a.yaml".into(), text.to_owned())], &none).scenarios;
    let scenarios: Vec<_> = scenarios.into_iter().map(Arc::new).collect();
    let mut target = embedded_target();
    target.provides.retain(|provision| *provision != crate::scenario::Provision::Tcp);
    let target = Arc::new(target);
    let outcomes =
        jobs(&scenarios).iter().map(|job| run_embedded(job, &target, &[])).collect::<Vec<_>>();
    assert_eq!(outcomes[0].verdict, Verdict::Skipped);
    assert_eq!(told(&outcomes[0]), "the target does not provide an address of TCP");
    assert_eq!(outcomes[1].verdict, Verdict::Passed);
    assert_eq!(outcomes[1].notes[0].text, "bosh");
}
