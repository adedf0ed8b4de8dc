use std::time::Duration;

use super::*;
use crate::scenario::vars::tests::{Known, located};
use crate::scenario::{
    Expectation, Http, Level, Loaded, NoAnswer, Origin, Scenario, StepKind, Value, ValueMatch,
    load_texts,
};

/// The expectation that a `response` step with these keys holds.
fn expectation(keys: &str) -> Expectation {
    let keys = keys.lines().fold(String::new(), |all, line| all + "    " + line + "\n");
    let text = format!(
        "name: test\ncovers: bosh-rid-window\nset: {{ x: '5' }}\nsteps:\n  - request: other\n  \
         - response: other\n  - request: a\n    payload: <a id='${{x}}'/>\n  - response: a\n{keys}"
    );
    let Loaded { scenarios, mistakes, .. } =
        load_texts([("a.yaml".into(), text)], &|_| unreachable!("nothing is used"));
    let mistakes: Vec<_> = mistakes.iter().map(|mistake| mistake.render(false)).collect();
    assert_eq!(mistakes, [""; 0]);
    let Scenario { steps, .. } = scenarios.into_iter().next().unwrap();
    match steps.into_iter().last().unwrap().kind {
        StepKind::Response(response) => response.expected,
        other => panic!("{other:?}"),
    }
}

fn answer(status: u16, attributes: &str, content: &str) -> Answer {
    let entity = format!(
        "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' \
         {attributes}>{content}</body>"
    );
    let headers = [
        ("Content-Type", "text/xml; charset=utf-8"),
        ("Content-Length", "1"),
        ("X-A", "1"),
        ("x-a", "2"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Answer::new(status, Http::V11, headers, entity.into())
}

fn known() -> Known {
    let mut known = Known::default();
    known.0.insert("x".to_owned(), Value::Text("5".to_owned()));
    known
}

fn found(keys: &str, answer: &Answer) -> Vec<String> {
    let expected = expectation(keys);
    let verdict =
        compare(&expected, Outcome::Answer(answer), &|_| None, &known()).expect("all is known");
    verdict.mismatches.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn holds(keys: &str, answer: &Answer) {
    assert_eq!(found(keys, answer), [""; 0], "{keys}");
}

#[track_caller]
fn fails(keys: &str, answer: &Answer, words: &str) {
    assert_eq!(found(keys, answer), [words], "{keys}");
}

const IQ: &str =
    "<iq xmlns='jabber:client' type='result' id='b'><ping xmlns='urn:xmpp:ping'/></iq>";

#[test]
fn a_response_of_which_nothing_is_said_has_to_be_a_usual_one() {
    holds("", &answer(200, "", ""));
    fails(
        "",
        &answer(404, "", ""),
        "response: expected 200 with a <body/> that does not end the session; actual: 404, empty",
    );
    fails(
        "payload: empty",
        &answer(200, "type='terminate' condition='item-not-found'", ""),
        "response: expected 200 with a <body/> that does not end the session; \
         actual: 200 type='terminate' condition='item-not-found', empty",
    );
    holds("status: 404", &answer(404, "", ""));
    holds("attributes: { type: terminate }", &answer(200, "type='terminate'", ""));
    let html = Answer::new(200, Http::V11, Vec::new(), "<html/>".into());
    assert_eq!(found("payload: empty", &html).len(), 1);
    holds("entity: { matches: html }\nhttp: '1.1'", &html);
}

#[test]
fn attributes_and_header_fields_are_compared() {
    let seen = answer(200, "wait='60' ver='1.10' xmpp:version='1.0'", "");
    holds("attributes: { wait: 60, ver: present, hold: absent, 'xmpp:version': '1.0' }", &seen);
    holds("attributes: { wait: { at-least: 60, at-most: 1m, one-of: [5, 60] } }", &seen);
    holds("attributes: { ver: { above: '1.9', below: '2.0', matches: '^\\d+\\.\\d+$' } }", &seen);
    holds("attributes: { hold: { equals: 1, optional: true }, wait: { not: '${x}' } }", &seen);
    holds("headers: { content-type: { matches: '(?i)^text/xml' }, X-A: '1, 2' }", &seen);
    fails("attributes: { wait: 5 }", &seen, "attribute wait: expected `5`; actual: `60`");
    fails(
        "attributes: { wait: { below: 60 } }",
        &seen,
        "attribute wait: expected less than 60; actual: `60`",
    );
    fails(
        "attributes: { hold: { at-most: 2 } }",
        &seen,
        "attribute hold: expected at most 2; actual: none",
    );
    fails("attributes: { wait: absent }", &seen, "attribute wait: expected none; actual: `60`");
    fails(
        "attributes: { ver: { one-of: [1.6, 1.11] } }",
        &seen,
        "attribute ver: expected one of `1.6`, `1.11`; actual: `1.10`",
    );
    fails(
        "headers: { Set-Cookie: present }",
        &seen,
        "header Set-Cookie: expected any; actual: none",
    );
    fails(
        "status: { one-of: [400, 404] }",
        &seen,
        "status: expected one of `400`, `404`; actual: `200`",
    );
    fails(
        "attributes: { 'xmpp:version': { lacks: '\\.' } }",
        &seen,
        "attribute xmpp:version: expected no match of /\\./; actual: `1.0`",
    );
    let odd = answer(200, "wait='soon'", "");
    fails(
        "attributes: { wait: { at-most: 5 } }",
        &odd,
        "attribute wait: expected at most 5; actual: `soon`, which can't be compared",
    );
}

#[test]
fn ends_of_sessions_are_conditions_or_their_codes() {
    let ended = answer(200, "type='terminate' condition='item-not-found'", "");
    let legacy = answer(404, "", "");
    for seen in [&ended, &legacy] {
        holds("terminal: item-not-found", seen);
        holds("terminal: any", seen);
        assert_eq!(found("terminal: none", seen).len(), 1);
    }
    fails(
        "terminal: item-not-found\nstatus: { one-of: [200, 404] }",
        &legacy,
        "response: expected type='terminate' condition='item-not-found'; actual: 404, empty",
    );
    fails(
        "terminal: bad-request",
        &ended,
        "response: expected type='terminate' condition='bad-request', or 400; \
         actual: 200 type='terminate' condition='item-not-found', empty",
    );
    holds("terminal: plain", &answer(200, "type='terminate'", ""));
    assert_eq!(found("terminal: plain", &ended).len(), 1);
}

#[test]
fn payloads_are_compared_by_namespace_and_part() {
    let seen = answer(200, "", IQ);
    holds("payload: any", &seen);
    holds("payload: { contains: <iq xmlns='jabber:client' id='b'/> }", &seen);
    holds("payload: { contains: <p:iq xmlns:p='jabber:client' type='*'/> }", &seen);
    holds("payload:\n  lacks: <iq xmlns='jabber:client' id='${x}'/>", &seen);
    holds("payload: { count: 1, of: <iq xmlns='jabber:client'/> }", &seen);
    holds(&format!("payload:\n  exactly: {IQ}"), &seen);
    fails("payload: empty", &seen, &format!("payload: expected none; actual: {IQ}"));
    fails("payload: { contains: <iq/> }", &seen, &format!("payload: expected <iq/>; actual: {IQ}"));
    fails(
        "payload:\n  contains: <iq xmlns='jabber:client' id='${x}'/>",
        &seen,
        &format!(
            "payload: expected <iq xmlns='jabber:client' id='5'/>; actual: {IQ}: \
             `id` of <iq> is `b`, not `5`"
        ),
    );
    fails(
        "payload: { exactly: <iq xmlns='jabber:client' type='result' id='b'/> }",
        &seen,
        &format!(
            "payload: expected exactly <iq xmlns='jabber:client' type='result' id='b'/>; \
             actual: {IQ}: there is <ping xmlns='urn:xmpp:ping'/> more in <iq>"
        ),
    );
    fails(
        "payload: { count: { above: 1 } }",
        &seen,
        "number of elements: expected more than 1; actual: `1`",
    );
}

#[test]
fn texts_and_order_in_payloads_count() {
    let message =
        |n| format!("<message xmlns='jabber:client' id='{n}'><body> {n} &lt; </body></message>");
    let seen = answer(200, "", &format!("{}{}", message(1), message(2)));
    holds(
        "payload:\n  in-order:\n    - <message xmlns='jabber:client' id='1'/>\n    \
         - <message xmlns='jabber:client' id='2'><body> 2 &lt; </body></message>",
        &seen,
    );
    let turned = found(
        "payload:\n  in-order: <m:message xmlns:m='jabber:client' id='2'/><m:message \
         xmlns:m='jabber:client' id='1'/>",
        &seen,
    );
    assert_eq!(turned.len(), 1, "{turned:?}");
    let text = found(
        "payload:\n  contains: <message xmlns='jabber:client' id='1'><body>1 &lt;</body></message>",
        &seen,
    );
    assert!(text[0].ends_with("the text of <body> is ` 1 < `, not `1 <`"), "{text:?}");
    holds("payload: { contains: <message xmlns='jabber:client'><body>*</body></message> }", &seen);
}

#[test]
fn the_first_alternative_that_is_met_counts() {
    let keys = "any-of:\n  - terminal: bad-request\n  - { status: 405, level: should }\n  \
                - { no-answer: closed, level: may }";
    let expected = expectation(keys);
    let taken = |outcome| {
        let verdict = compare(&expected, outcome, &|_| None, &known()).unwrap();
        assert_eq!(verdict.mismatches.len(), usize::from(verdict.taken.is_empty()));
        verdict.taken.first().map(|one| one.level.as_ref().map(|level| level.value))
    };
    let (bad_request, not_allowed) = (answer(400, "", ""), answer(405, "", ""));
    assert_eq!(taken(Outcome::Answer(&bad_request)), Some(None));
    assert_eq!(taken(Outcome::Answer(&not_allowed)), Some(Some(Level::Should)));
    assert_eq!(taken(Outcome::None(NoAnswer::Closed)), Some(Some(Level::May)));
    assert_eq!(taken(Outcome::None(NoAnswer::Silent)), None);
    let words = found(keys, &answer(200, "", ""));
    assert_eq!(
        words,
        ["response: expected one of: response type='terminate' condition='bad-request', or 400; \
          or status `405`; or response no answer, the connection ended; actual: 200, empty"]
    );
}

#[test]
fn responses_are_compared_with_each_other() {
    let first = answer(200, "ack='1' wait='2'", IQ);
    let turned = answer(200, "wait='2' ack='1'", IQ);
    let other = answer(200, "wait='2' ack='2'", IQ);
    let compared = |keys: &str, seen: &Answer| -> Vec<String> {
        let expected = expectation(keys);
        let verdict =
            compare(&expected, Outcome::Answer(seen), &|_| Some(&first), &known()).unwrap();
        verdict.mismatches.iter().map(ToString::to_string).collect()
    };
    assert_eq!(compared("same-as: other\nlike: other\nheaders-like: other", &first), [""; 0]);
    assert_eq!(compared("like: other", &turned), [""; 0]);
    assert_eq!(compared("same-as: other", &turned).len(), 1);
    assert_eq!(
        compared("like: other", &other),
        ["XML: expected the same; actual: `ack` of <body> is `2`, not `1`"]
    );
    let mut headers = first.clone();
    headers.headers.push(("Set-Cookie".to_owned(), "a".to_owned()));
    headers.headers[1].1 = "77".to_owned();
    assert_eq!(
        compared("headers-like: other", &headers),
        ["header fields: expected none; actual: `set-cookie: a`"]
    );
}

#[test]
fn a_silence_is_no_response() {
    let silence = |keys: &str| -> Vec<String> {
        let expected = expectation(keys);
        let outcome = Outcome::None(NoAnswer::Silent);
        let verdict = compare(&expected, outcome, &|_| None, &known()).unwrap();
        verdict.mismatches.iter().map(ToString::to_string).collect()
    };
    assert_eq!(silence("no-answer: silent"), [""; 0]);
    assert_eq!(silence("no-answer: any"), [""; 0]);
    assert_eq!(silence(""), ["response: expected one; actual: no answer at all"]);
    assert_eq!(silence("no-answer: closed").len(), 1);
}

#[test]
fn values_of_their_own_are_compared() {
    let mut known = known();
    known.0.insert("poll.held".to_owned(), Value::Time(Duration::from_millis(1500)));
    let check = |expected: ValueMatch| -> Vec<String> {
        let found = compare_value(&located("${poll.held}"), &expected, &known).unwrap();
        found.iter().map(ToString::to_string).collect()
    };
    let at_most = |text| ValueMatch { at_most: Some(located(text)), ..ValueMatch::default() };
    assert_eq!(check(at_most("2s")), [""; 0]);
    assert_eq!(check(at_most("2")), [""; 0]);
    assert_eq!(check(at_most("1s")), ["${poll.held}: expected at most 1s; actual: `1.5`"]);
}

#[test]
fn captures_follow_paths() {
    let seen = answer(
        200,
        "sid='s' xmpp:version='1.0'",
        "<iq xmlns='jabber:client' id='b'><bind xmlns='urn:x'><jid>a@b/c</jid></bind></iq>",
    );
    let path = |elements: &[&str], attribute: Option<&str>| Origin::Path {
        elements: elements.iter().map(|&name| name.to_owned()).collect(),
        attribute: attribute.map(str::to_owned),
    };
    let taken = |origin| capture(&origin, &seen);
    assert_eq!(taken(path(&[], Some("sid"))).as_deref(), Some("s"));
    assert_eq!(taken(path(&[], Some("xmpp:version"))).as_deref(), Some("1.0"));
    assert_eq!(taken(path(&["iq", "bind", "jid"], None)).as_deref(), Some("a@b/c"));
    assert_eq!(taken(path(&["iq", "*", "jid"], None)).as_deref(), Some("a@b/c"));
    assert_eq!(taken(path(&["iq"], Some("id"))).as_deref(), Some("b"));
    assert_eq!(taken(path(&["message"], None)), None);
    assert_eq!(taken(Origin::Status).as_deref(), Some("200"));
    assert_eq!(taken(Origin::Header("X-A".to_owned())).as_deref(), Some("1, 2"));
}

#[test]
fn mismatches_know_their_kind() {
    let seen = answer(200, "wait='60'", IQ);
    let kinds = |keys: &str, outcome| -> Vec<&str> {
        let expected = expectation(keys);
        let verdict = compare(&expected, outcome, &|_| Some(&seen), &known()).unwrap();
        verdict.mismatches.iter().map(|mismatch| mismatch.subject.kind().name()).collect()
    };
    let of = |keys: &str| kinds(keys, Outcome::Answer(&seen));
    assert_eq!(of("terminal: item-not-found"), ["response"]);
    assert_eq!(of("any-of: [{ status: 404 }, { terminal: any }]"), ["response"]);
    assert_eq!(of("no-answer: any"), ["unexpected-response"]);
    assert_eq!(kinds("", Outcome::None(NoAnswer::Silent)), ["no-response"]);
    assert_eq!(of("status: 404\nhttp: '1.0'"), ["http-version", "status"]);
    assert_eq!(of("headers: { X-B: present }\nentity: { lacks: b }"), ["header", "entity"]);
    assert_eq!(of("attributes: { wait: 5 }"), ["attribute"]);
    assert_eq!(of("payload: { count: 2 }"), ["payload"]);
    let other = answer(200, "wait='61'", IQ);
    assert_eq!(kinds("like: other", Outcome::Answer(&other)), ["same-response"]);
}

#[test]
fn kinds_have_names_of_their_own() {
    let names = FailureKind::ALL.map(FailureKind::name);
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len());
    assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
}
