//! Whole files: what is read, and which mistakes are told.

use std::io;
use std::path::Path;

use super::Provision::{Account, Bosh, Compression, Control, Slow, Tls, Upstream};
use super::*;

fn loaded(files: &[(&str, &str)]) -> Loaded {
    let texts = files.iter().map(|&(path, text)| (path.into(), text.to_owned()));
    load_texts(texts, &|path: &Path| {
        Err(io::Error::other(format!("no {}", crate::diag::name(path))))
    })
}

fn mistakes(text: &str) -> String {
    let loaded = loaded(&[("a.yaml", text)]);
    assert!(loaded.scenarios.is_empty());
    let mistakes: Vec<_> = loaded.mistakes.iter().map(|one| one.render(false)).collect();
    mistakes.join("\n\n")
}

/// The mistakes in the steps of a scenario, each as `LINE: message; help`.
fn told(head: &str, steps: &str) -> Vec<String> {
    let text = format!("name: a\ncovers: [bosh-rid-window]\n{head}steps:\n{steps}");
    let before = text.lines().count() - steps.lines().count();
    loaded(&[("a.yaml", &text)])
        .mistakes
        .iter()
        .map(|one| {
            let line = text[..one.span.start].matches('\n').count() + 1;
            let help = one.help.as_ref().map_or(String::new(), |help| format!("; {help}"));
            format!("{}: {}{help}", line.cast_signed() - before.cast_signed(), one.message)
        })
        .collect()
}

const ORDER: &str = "\
name: requests that arrive out of order are answered in rid order
covers: [bosh-respond-in-rid-order, bosh-forward-in-rid-order]
session: { wait: 5, hold: 1, login: anonymous }
steps:
  - request: second
    rid: +2
    payload: <iq type='get' id='b' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>
  - silent: second
    for: 500ms
  - request: first
    rid: +1
  - response: first
    within: 1s
  - response: second
    after: first
    payload: { contains: <iq type='result' id='b' xmlns='jabber:client'/> }
";

#[test]
fn a_scenario_is_read() {
    let Loaded { scenarios, mistakes, .. } = loaded(&[("order.yaml", ORDER)]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let [scenario] = &scenarios[..] else { panic!("{scenarios:?}") };
    assert_eq!(scenario.covers.len(), 2);
    let [client] = &scenario.actors[..] else { panic!("{:?}", scenario.actors) };
    let session = client.session.as_ref().unwrap();
    assert_eq!(session.login.value, Login::Anonymous);
    let wait = &session.attributes[0];
    assert_eq!((wait.name.as_str(), wait.value.as_ref().unwrap().as_plain()), ("wait", Some("5")));
    let StepKind::Request(second) = &scenario.steps[0].kind else { panic!("no request") };
    assert_eq!(second.rid.as_deref(), Some(&Rid::Relative(2)));
    assert_eq!(scenario.steps[4].kind_place.to_string(), "order.yaml:14:5");
    let StepKind::Response(response) = &scenario.steps[4].kind else { panic!("no response") };
    let payload = response.expected.payload.as_ref().unwrap();
    assert_eq!(payload.place.to_string(), "order.yaml:16:14");
}

#[test]
fn what_a_target_has_to_provide_is_seen_in_the_steps() {
    let text = "name: a\ncovers: bosh-rid-window\nneeds: slow\nsession: { login: alice, via: tls }\n\
                steps:\n  - if: { advertised: ack }\n    steps:\n      - request: a\n        encoding: gzip\n  \
                - control: stop-upstream\n";
    let Loaded { scenarios, mistakes, .. } = loaded(&[("a.yaml", text)]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let provisions: Vec<_> = scenarios[0].provisions().into_iter().collect();
    assert_eq!(provisions, [Account, Tls, Bosh, Compression, Upstream, Control, Slow]);
}

#[test]
fn whoever_has_no_session_needs_bosh_unless_any_http_will_do() {
    let provisions = |needs: &str| -> Vec<_> {
        let text = format!(
            "name: a\ncovers: disco-cors\n{needs}session: none\nsteps:\n  - request: a\n    \
             method: GET\n    path: /a\n    body: ''\n  - response: a\n"
        );
        let Loaded { scenarios, mistakes, .. } = loaded(&[("a.yaml", &text)]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        scenarios[0].provisions().into_iter().collect()
    };
    assert_eq!(provisions(""), [Bosh]);
    assert_eq!(provisions("needs: http\n"), [Provision::Http]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "\
name: many mistakes
covers: [bosh-rid-windo]
sesion: { wait: 5 }
needs: [acounts]
steps:
  - request: a
    rid: +1
    payload: |
      <iq xmlns='jabber:client'>
        <ping xmlns='urn:xmpp:ping'>
      </iq>
  - responce: a
  - response: b
    within: 5
    payload: { contains: <x:a/> }
  - response: a
    attributes: { wait: { at_most: 5 } }
    headers: { 'a b': present }
    capture: { sid: '@sid' }
  - within: 5s
    silent: a
  - value: ${granted.wait + }
";
    insta::assert_snapshot!(mistakes(text));
}

#[test]
fn a_variable_in_a_pattern_is_no_riddle() {
    assert_eq!(
        told("session: { login: anonymous }\n", "- value: ${client.jid}\n  matches: ^${domain}\n"),
        [
            "2: not a regular expression: expected decimal number, but found no digits; a pattern cannot contain variables; use `equals` or `one-of`"
        ]
    );
}

#[test]
fn rooms_are_known_where_they_are_needed() {
    let steps = "- note: ${rooms}\n";
    assert_eq!(told("needs: [anonymous, rooms]\n", steps), [""; 0]);
    assert_eq!(
        told("needs: [anonymous]\n", steps),
        [
            "1: `rooms` can only be used in a scenario that needs rooms; write `needs: [rooms]` at the top of the file"
        ]
    );
}

#[test]
fn what_tls_can_never_have_is_a_mistake() {
    let session = |tls: &str| {
        let head = format!("session: {{ transport: tcp, login: none, tls: {{ {tls} }} }}\n");
        told(&head, "- note: x\n")
    };
    assert_eq!(session("alpn: [xmpp-client, ''], sni: chat.example"), [""; 0]);
    assert_eq!(session("sni: ''"), [""; 0]);
    assert_eq!(
        session(&format!("alpn: {}", "a".repeat(256))),
        ["-1: the name of a protocol has at most 255 bytes (RFC 7301 §3.1)"]
    );
    for name in ["127.0.0.1", "a_b c", "a:5222"] {
        let said = session(&format!("sni: '{name}'"));
        assert!(said[0].contains("is not a DNS name"), "{said:?}");
    }
    let secured = |step: &str| {
        let head = "session: { transport: tcp, login: none }\n";
        told(head, &format!("- secured: client\n  {step}\n"))
    };
    assert_eq!(secured("certificate: { one-of: [valid, expired other-name] }"), [""; 0]);
    assert_eq!(
        secured("version: '1.1'"),
        ["2: `1.1` is never a version of TLS; expected 1.2, 1.3"]
    );
    assert_eq!(
        secured("certificate: othername"),
        [
            "2: `othername` is never said of a certificate; expected valid, expired, not-yet-valid, other-name, ca-certificate, untrusted"
        ]
    );
}

#[test]
fn tls_is_for_tcp_and_a_password_only_for_who_has_shown_who_it_is() {
    let session = |keys: &str| told(&format!("session: {{ {keys} }}\n"), "- note: x\n");
    assert_eq!(session("transport: tcp, login: alice, tls: { version: 1.3, sni: x }"), [""; 0]);
    assert_eq!(
        session("transport: websocket, tls: { alpn: x }"),
        ["-1: `tls` applies only to sessions over TCP; write `transport: tcp`"]
    );
    assert_eq!(
        session("transport: tcp, login: alice, tls: { verify: false }"),
        [
            "-1: an actor with `verify: false` cannot log in: its password would go to anybody; write `login: none`"
        ]
    );
    assert_eq!(
        session("transport: tcp, tls: { version: 1.1 }"),
        ["-1: `1.1` is not a valid version of TLS; did you mean `1.2`?"]
    );
    let steps = "- secured:\n- ended:\n  close-notify: true\n";
    assert_eq!(told("session: { transport: websocket }\n", steps).len(), 2);
}

#[test]
fn an_address_that_was_learned_has_a_connection_of_its_own() {
    let steps = "- create: a\n  url: http://x\n  on: b\n  via: tls\n";
    assert_eq!(
        told("session: none\n", steps),
        [
            "2: `url` cannot be combined with `on`; it opens a connection of its own",
            "2: `url` cannot be combined with `via`; it opens a connection of its own"
        ]
    );
}

#[test]
fn names_have_to_be_given_before_they_are_used() {
    let told = |steps| told("", steps);
    assert_eq!(
        told("- response: a\n- request: a\n- response: aa\n- request: a\n"),
        [
            "1: `a` is awaited before it is sent; it is sent in line 5",
            "3: unknown request `aa`; did you mean `a`?",
            "4: `a` already names a request; it is sent in line 5",
        ]
    );
    assert_eq!(
        told("- response: all\n- request: all\n"),
        [
            "1: no request was sent before; `all` is about the requests that were sent before this step",
            "2: a request cannot be named `all`; `response: all` is about all requests so far; choose another name",
        ]
    );
    assert_eq!(
        told(
            "- request: a\n  by: bob\n- disconnect: c\n- connect: d\n- connect: d\n- alive: client[1]\n- resume: eve\n"
        ),
        [
            "2: unknown actor `bob`; declare actors with `actors:` at the top of the file",
            "3: unknown connection, or one that is not open: `c`; `connect: NAME` opens one, and so does `on: NAME` of a request",
            "5: `d` already names a connection",
            "6: there is only one actor `client`",
            "7: unknown actor `eve`; declare actors with `actors:` at the top of the file",
        ]
    );
    assert_eq!(
        told(
            "- request: a\n  headers: { X: '${nme}' }\n- set: { name: 1 }\n- note: ${name} ${a.rid} ${a.ridd} ${a} ${granted.wat}\n"
        ),
        [
            "2: unknown variable `nme`; set a variable with `set:`, `sweep:` or `capture:`",
            "4: `a` has no such field; did you mean `rid`?",
            "4: `a` has no value of its own; its fields are rid, held, status, interim",
            "4: unknown session attribute; did you mean `wait`?",
        ]
    );
    assert_eq!(
        told("- request: a\n- response: a\n  capture: { x: '@sid' }\n"),
        ["3: `x` is set but never used"]
    );
    assert_eq!(
        told("- set: { client: 1 }\n- note: ${client}\n")[0],
        "1: `client` already names an actor"
    );
}

#[test]
fn a_step_that_was_renamed_says_its_new_name() {
    assert_eq!(
        told("", "- connect: a\n- kept: a\n- closed: a\n"),
        [
            "2: the step `kept` is now called `connected`; write `connected`",
            "3: the step `closed` is now called `disconnected`; write `disconnected`",
        ]
    );
    // It was a connection that `close` ended.
    assert_eq!(
        told("", "- connect: b\n- close: b\n"),
        ["2: `b` is a connection, and `close` closes a stream; `disconnect` ends a connection"]
    );
}

#[test]
fn steps_fit_what_carries_the_session() {
    let over = |transport: &str, steps| {
        told(&format!("session: {{ transport: {transport}, login: anonymous }}\n"), steps)
    };
    assert_eq!(
        over("websocket", "- frame:\n  opcode: 16\n- frame:\n  opcode: pin\n"),
        [
            "2: an opcode is a number from 0 to 15",
            "4: `pin` is not a valid opcode; did you mean `ping`?",
        ]
    );
    assert_eq!(
        over("websocket", "- request: a\n- create: b\n- close:\n- ended:\n"),
        ["1", "2"].map(|line| format!(
            "{line}: the session of `client` is not carried by BOSH; use `send`, `open`, `frame` or `raw`"
        ))
    );
    let help = "`transport` in the session of the actor says what carries it";
    assert_eq!(
        over("bosh", "- open:\n- frame:\n"),
        [("1", "WebSocket or TCP"), ("2", "WebSocket")].map(|(line, by)| format!(
            "{line}: the session of `client` is not carried by {by}; {help}"
        ))
    );
    assert_eq!(
        over("tcp", "- frame:\n- open:\n"),
        [format!("1: the session of `client` is not carried by WebSocket; {help}")]
    );
    assert_eq!(
        over("smtp", "- note: a\n"),
        ["-1: `smtp` is not a valid value of `transport`; expected one of bosh, websocket, tcp"]
    );
    // What is swept is known only when it runs.
    let swept = "sweep: { x: [bosh, tcp] }\nsession: { transport: '${x}', login: anonymous }\n";
    let none: [&str; 0] = [];
    assert_eq!(told(swept, "- open:\n- request: a\n"), none);
}

#[test]
fn sessions_have_to_be_open() {
    let none = |steps| told("session: none\n", steps);
    assert_eq!(
        none(
            "- request: a\n- drain:\n- request: b\n  rid: 5\n- create: c\n  rid: +1\n- request: d\n"
        ),
        [
            "1: `client` has no session here; begin one with `create` or `login`, or set `rid`",
            "2: `client` has no session here; begin one with `create` or `login`",
            "6: this request creates a session, so there is no rid to count from; write a number, or leave it out",
        ]
    );
    let actors = "actors:\n  ann: { login: anonymous, polls: true }\n  ben: { opened: later }\n";
    assert_eq!(
        told(
            actors,
            "- send: ann\n  stanza: <presence xmlns='jabber:client'/>\n- request: a\n  by: ann\n\
             - alive: ben\n- login: ben\n- alive: ben\n- send: ben\n  stanza: <presence/>\n"
        ),
        [
            "4: an actor with `polls: true` sends its own requests; use `send` to send stanzas",
            "5: `ben` has no session here; begin one with `create` or `login`",
            "8: `ben` does not poll; `send` needs `polls: true` in the session; otherwise, use `request`",
        ]
    );
}

#[test]
fn several_of_a_name_are_numbered() {
    let steps = "- repeat: 3\n  counting: n\n  steps:\n  - request: poll\n    by: many[n]\n\
                 - repeat: 3\n  counting: m\n  steps:\n  - response: poll[m]\n- note: ${poll[2].rid}\n";
    let actors = "actors: { many: { count: 3 } }\n";
    assert_eq!(told(actors, steps), [""; 0]);
    assert_eq!(
        told(actors, "- request: a\n  by: many\n- response: a[1]\n"),
        [
            "2: there are several actors `many`; choose one: many[1]",
            "3: there is only one request `a`",
        ]
    );
}

#[test]
fn the_length_of_raw_text_is_known_within_it() {
    let raw = "- raw: a\n  send: |\n    POST / HTTP/1.1\n    Content-Length: ${content-length}\n";
    assert_eq!(told("", raw), [""; 0]);
    assert_eq!(
        told("", "- note: ${content-length}\n"),
        ["1: `content-length` can only be used in `raw`"]
    );
}

#[test]
fn branches_join() {
    let steps = "- if: { advertised: maxpause }\n  steps:\n  - request: a\n    attributes: { pause: 5 }\n  \
                 else:\n  - request: a\n- response: a\n- if: { response: a, payload: any }\n  \
                 steps: [{ note: any }]\n  skip: nothing came\n";
    assert_eq!(told("", steps), [""; 0]);
}

#[test]
fn what_contradicts_itself_is_refused() {
    assert_eq!(
        told("", "- request: a\n  body: x\n  payload: <a/>\n- response: a\n  no-answer: silent\n  status: 200\n")
            .len(),
        2
    );
    assert_eq!(
        told("", "- request: a\n- response: a\n  payload: { of: <a/> }\n- order: a\n"),
        ["3: `of` needs `count`", "4: `order` needs at least two requests"]
    );
    assert_eq!(
        told("", "- request: a\n- response: a\n  covers: bosh-resp-wait\n"),
        [
            "3: `bosh-resp-wait` is not covered by the scenario; add it to `covers` at the top of the file"
        ]
    );
    assert_eq!(
        told("sweep: [{ a: 1 }, { b: 1 }]\n", "- note: ${a} ${b}\n"),
        ["-1: this row does not set the same variables as the first"]
    );
}

#[test]
fn shared_files_go_before() {
    let shared = "shared: bob\nactors: { bob: { login: bob, polls: true } }\nset: { unused: 1 }\n\
                  steps:\n  - send: bob\n    stanza: <presence xmlns='jabber:client'/>\n";
    let scenario =
        "name: a\ncovers: bosh-rid-window\nuse: ../set-up/bob.yaml\nsteps:\n  - alive: bob\n";
    let files = [("s/a.yaml", scenario), ("set-up/bob.yaml", shared)];
    let Loaded { scenarios, shared, mistakes, .. } = loaded(&files);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!((shared, scenarios.len()), (1, 1));
    let setup = &scenarios[0].setup[..];
    assert!(matches!(setup, [Step { kind: StepKind::Send { .. }, .. }]), "{setup:?}");
    assert_eq!(setup[0].place.to_string(), "set-up/bob.yaml:5:5");

    let missing = loaded(&[("s/a.yaml", scenario)]).mistakes;
    assert!(missing[0].message.starts_with("cannot read `../set-up/bob.yaml`"), "{missing:?}");
    let wrong = loaded(&[("s/a.yaml", scenario), ("set-up/bob.yaml", ORDER)]).mistakes;
    assert_eq!(wrong[0].message, "this is a scenario, not a shared file");
}

#[test]
fn a_file_without_a_scenario_is_told_so() {
    for text in ["", "# nothing\n", "- a\n", "a: [\n", "\u{0}", "text"] {
        let Loaded { scenarios, mistakes, .. } = loaded(&[("a.yaml", text)]);
        assert!(scenarios.is_empty() && !mistakes.is_empty(), "{text:?}");
    }
    let deep = format!("name: {}", "[".repeat(100_000));
    assert!(!loaded(&[("a.yaml", &deep)]).mistakes.is_empty());
}

proptest::proptest! {
    /// Pieces of YAML and of scenarios in any order do no harm, and each mistake can be shown.
    #[test]
    fn nonsense_is_told_and_harms_nobody(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
        steps: bool,
    ) {
        let head = if steps { "name: a\ncovers: bosh-rid-window\nsteps:\n- request: " } else { "" };
        let loaded = loaded(&[("a.yaml", &(head.to_owned() + &pieces.concat()))]);
        for mistake in &loaded.mistakes {
            mistake.render(false);
        }
    }
}

const PIECES: &[&str] = &[
    "a",
    "é",
    "🎉",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\n  ",
    "\n- ",
    ": ",
    "- ",
    "'",
    "''",
    "\"",
    "\\",
    "\\x41",
    "\\u00e9",
    "\\\r\n",
    "|",
    ">",
    "|-\n  ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "&a",
    "*a",
    "!t",
    "?",
    "---\n",
    "\t",
    "${",
    "}",
    "$${",
    "${a + 1}",
    "${a[",
    "<a>",
    "</a>",
    "<a b='",
    "&",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "name: ",
    "steps:\n",
    "- response: a\n",
    "payload: ",
    "rid: +1",
    "request: a\n",
    "  payload: |\n    <a>\n",
    "capture: { x: '@a' }",
];
