use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::Json;
use crate::diag::sanitise::is_unsafe;
use crate::rules::{Counts, Finding, Judge, Kind, Level, Observation, Party, Tally};
use crate::trace::filter::{Filter, Selection};
use crate::trace::{Content, Event, Fact, Headers, How, Raw, Request, Response, Story};
use crate::wire::Side;

fn started() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-03-01T12:00:00+01:00").unwrap()
}

fn event(ms: u64, conn: u64, fact: Fact) -> Event {
    Event { at: Duration::from_millis(ms), conn, fact }
}

fn content(text: &str) -> Content {
    Content { bytes: text.into(), size: text.len() as u64, ..Content::default() }
}

fn body(attributes: &str, inner: &str) -> String {
    format!("<body xmlns='http://jabber.org/protocol/httpbind' {attributes}>{inner}</body>")
}

fn request(ms: u64, conn: u64, text: &str) -> Event {
    let fact = Fact::Request(Request {
        first: Duration::from_millis(ms),
        method: "POST".into(),
        target: "/http-bind".into(),
        version: 1,
        headers: Headers::default(),
        content: content(text),
    });
    event(ms, conn, fact)
}

fn response(ms: u64, conn: u64, number: u64, status: u16, text: &str) -> Event {
    let fact = Fact::Response(Response {
        first: Duration::from_millis(ms),
        answers: Some(number),
        version: 1,
        status,
        reason: if status == 200 { "OK" } else { "Bad Gateway" }.into(),
        headers: Headers::default(),
        content: content(text),
        own: status == 502,
    });
    event(ms, conn, fact)
}

/// The lines for a trace; rules other than the ones under test stay out of it.
fn lines(events: Vec<Event>, filter: &str) -> String {
    let filter = if filter.is_empty() { Filter::all() } else { Filter::parse(filter).unwrap() };
    let mut out = Vec::new();
    let mut json = Json::new(&mut out, started());
    let (mut judge, mut seen) = (Judge::default(), Vec::new());
    for event in events {
        judge.take(event, &mut seen);
        for mut seen in seen.drain(..).filter(|seen| seen.event.is_some()) {
            seen.findings.clear();
            let kept = filter.keep(&seen.subject(judge.story()));
            json.show(&seen, judge.story(), &kept).unwrap();
        }
    }
    json.flush().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_session() {
    let client: SocketAddr = "127.0.0.1:40000".parse().unwrap();
    let ping = "<iq xmlns='jabber:client' type='get' id='p' to='chat.example'>\
        <ping xmlns='urn:xmpp:ping'/></iq>";
    let hi = "<message xmlns='jabber:client' type='chat' to='bob@chat.example'><body>hi</body></message>";
    let creation = "rid='10' to='chat.example' wait='60' hold='one' xml:lang='en' \
        xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'";
    let events = vec![
        event(0, 1, Fact::Opened { client }),
        request(1, 1, &body(creation, "")),
        response(3, 1, 0, 200, &body("sid='4f1c' wait='60' hold='1' inactivity='30'", "")),
        request(1003, 1, &body("rid='11' sid='4f1c'", &format!("{ping}{hi}"))),
        response(
            1008,
            1,
            1,
            200,
            &body("", "<iq xmlns='jabber:client' type='result' id='p' from='chat.example'/>"),
        ),
        request(1010, 1, &body("rid='12' sid='4f1c'", "")),
        event(1020, 1, Fact::Ended { by: Side::Client, how: How::Reset, together: false }),
        event(1021, 1, Fact::Closed { client: 900, server: 700, stopped: false }),
    ];
    insta::assert_snapshot!(lines(events, ""), @r#"
    {"xmppscope":"events","version":1,"tool":"xmppscope 0.1.0","started":"2026-03-01T12:00:00.000000+01:00"}
    {"event":"opened","at":0,"time":"2026-03-01T12:00:00.000000+01:00","conn":1,"client":"127.0.0.1:40000"}
    {"event":"request","at":1000,"time":"2026-03-01T12:00:00.001000+01:00","conn":1,"direction":"client","bytes":166,"session":{"number":1,"transport":"bosh"},"exchange":1,"method":"POST","path":"/http-bind","rid":10,"reading":"body","body":{"rid":"10","to":"chat.example","wait":"60","hold":"one","xml:lang":"en","xmpp:version":"1.0"},"asked":{"wait":60,"hold":"one","to":"chat.example","lang":"en","version":"1.0"},"stanzas":[]}
    {"event":"response","at":3000,"time":"2026-03-01T12:00:00.003000+01:00","conn":1,"direction":"server","status":200,"reason":"OK","bytes":103,"session":{"number":1,"transport":"bosh","sid":"4f1c"},"exchange":1,"method":"POST","path":"/http-bind","rid":10,"held_ms":2.0,"reading":"body","body":{"sid":"4f1c","wait":"60","hold":"1","inactivity":"30"},"asked":{"wait":60,"hold":"one","to":"chat.example","lang":"en","version":"1.0"},"granted":{"wait":60,"hold":1,"inactivity":30},"stanzas":[]}
    {"event":"request","at":1003000,"time":"2026-03-01T12:00:01.003000+01:00","conn":1,"direction":"client","bytes":263,"session":{"number":1,"transport":"bosh","sid":"4f1c"},"exchange":2,"method":"POST","path":"/http-bind","rid":11,"gap_ms":1000.0,"reading":"body","body":{"rid":"11","sid":"4f1c"},"stanzas":[{"kind":"iq","type":"get","id":"p","to":"chat.example","subject":"ping","detail":"","namespaces":["jabber:client","urn:xmpp:ping"],"noise":"ping","xml":"<iq xmlns='jabber:client' type='get' id='p' to='chat.example'><ping xmlns='urn:xmpp:ping'/></iq>"},{"kind":"message","type":"chat","to":"bob@chat.example","subject":"text","detail":"\"hi\"","namespaces":["jabber:client"],"xml":"<message xmlns='jabber:client' type='chat' to='bob@chat.example'><body>hi</body></message>"}]}
    {"event":"response","at":1008000,"time":"2026-03-01T12:00:01.008000+01:00","conn":1,"direction":"server","status":200,"reason":"OK","bytes":126,"session":{"number":1,"transport":"bosh","sid":"4f1c"},"exchange":2,"method":"POST","path":"/http-bind","rid":11,"held_ms":5.0,"reading":"body","body":{},"stanzas":[{"kind":"iq","type":"result","id":"p","from":"chat.example","subject":"","detail":"","namespaces":["jabber:client"],"noise":"ping","answers":{"subject":"ping","rid":11,"ms":5.0},"xml":"<iq xmlns='jabber:client' type='result' id='p' from='chat.example'/>"}]}
    {"event":"request","at":1010000,"time":"2026-03-01T12:00:01.010000+01:00","conn":1,"direction":"client","bytes":77,"session":{"number":1,"transport":"bosh","sid":"4f1c"},"exchange":3,"method":"POST","path":"/http-bind","rid":12,"gap_ms":2.0,"reading":"body","body":{"rid":"12","sid":"4f1c"},"stanzas":[]}
    {"event":"ended","at":1020000,"time":"2026-03-01T12:00:01.020000+01:00","conn":1,"direction":"client","how":"reset"}
    {"event":"closed","at":1021000,"time":"2026-03-01T12:00:01.021000+01:00","conn":1,"client_bytes":900,"server_bytes":700,"left":"client","session":{"number":1,"transport":"bosh","sid":"4f1c"},"abandoned":[{"exchange":3,"method":"POST","path":"/http-bind","session":{"number":1,"transport":"bosh","sid":"4f1c"},"rid":12}]}
    "#);
}

#[test]
fn what_is_not_bosh() {
    let raw = Raw {
        from: Side::Client,
        why: Some("no HTTP method".into()),
        size: 4,
        bytes: b"\x16\x03\x01\xff".to_vec(),
    };
    let events = vec![
        request(1, 1, "<html/>"),
        response(2, 1, 0, 502, "Bad Gateway"),
        request(3, 1, "<body>\n<iq></body>"),
        event(4, 2, Fact::Failed { cause: "connection refused".into() }),
        event(5, 3, Fact::Raw(raw)),
        event(6, 4, Fact::Lost { messages: 2, bytes: 3000 }),
    ];
    insta::assert_snapshot!(lines(events, ""), @r#"
    {"xmppscope":"events","version":1,"tool":"xmppscope 0.1.0","started":"2026-03-01T12:00:00.000000+01:00"}
    {"event":"request","at":1000,"time":"2026-03-01T12:00:00.001000+01:00","conn":1,"direction":"client","bytes":7,"text":"<html/>","exchange":1,"method":"POST","path":"/http-bind","reading":"xml","mistake":{"words":"the root element is `<html>`, not `<body>`"}}
    {"event":"response","at":2000,"time":"2026-03-01T12:00:00.002000+01:00","conn":1,"direction":"server","status":502,"reason":"Bad Gateway","own":true,"bytes":11,"text":"Bad Gateway","exchange":1,"method":"POST","path":"/http-bind","held_ms":1.0,"reading":"other"}
    {"event":"request","at":3000,"time":"2026-03-01T12:00:00.003000+01:00","conn":1,"direction":"client","bytes":18,"text":"<body>\n<iq></body>","exchange":2,"method":"POST","path":"/http-bind","reading":"malformed","mistake":{"words":"expected `</iq>`, found `</body>`","line":2,"column":5,"offset":11}}
    {"event":"failed","at":4000,"time":"2026-03-01T12:00:00.004000+01:00","conn":2,"cause":"connection refused"}
    {"event":"raw","at":5000,"time":"2026-03-01T12:00:00.005000+01:00","conn":3,"direction":"client","bytes":4,"why":"no HTTP method","text":"\u0016\u0003\u0001�"}
    {"event":"lost","at":6000,"time":"2026-03-01T12:00:00.006000+01:00","conn":4,"messages":2,"bytes":3000}
    "#);
}

#[test]
fn stanzas_left_out_are_counted() {
    let stanzas = "<presence xmlns='jabber:client'/><message xmlns='jabber:client'/>";
    let events = vec![request(1, 1, &body("rid='10' sid='4f1c'", stanzas))];
    let all = lines(events, "kind:message");
    let line: serde_json::Value = serde_json::from_str(all.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["left_out"], 1);
    assert_eq!(line["stanzas"].as_array().unwrap().len(), 1);
    assert_eq!(line["stanzas"][0]["kind"], "message");
    assert_eq!(line["stanzas"][0]["xml"], "<message xmlns='jabber:client'/>");
}

#[test]
fn a_finding_of_time_alone() {
    let story = Story::default();
    let finding = Finding {
        by_fault: false,
        kind: &Kind { name: "silent", requirements: &["bosh-inactivity"] },
        requirement: Some("bosh-inactivity"),
        level: Level::Warning,
        party: Party::Client,
        words: "no request for 31 s".into(),
        incident: Some(crate::rules::Incident::Begins(1)),
        thread: None,
    };
    let seen = Observation {
        at: Duration::from_secs(31),
        event: None,
        effect: crate::trace::Effect::default(),
        session: None,
        findings: vec![finding],
    };
    let mut out = Vec::new();
    let mut json = Json::new(&mut out, started());
    json.show(&seen, &story, &Selection::all()).unwrap();
    json.show(&seen, &story, &Selection::default()).unwrap();
    let time = Duration::from_micros(31_000_250);
    let mut tally = Tally::default();
    tally.count(seen.at, &seen.findings[0]);
    json.finish(&Counts { sessions: 1, time, ..Counts::default() }, &tally).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    {"xmppscope":"events","version":1,"tool":"xmppscope 0.1.0","started":"2026-03-01T12:00:00.000000+01:00"}
    {"event":"finding","at":31000000,"time":"2026-03-01T12:00:31.000000+01:00","findings":[{"name":"silent","requirement":"bosh-inactivity","level":"warning","party":"client","incident":1,"words":"no request for 31 s"}]}
    {"event":"summary","sessions":1,"exchanges":0,"messages":0,"resends":0,"empties":0,"errors":0,"warnings":0,"lost":0,"time_ms":31000.25,"incidents":[{"number":1,"name":"silent","requirement":"bosh-inactivity","level":"warning","party":"client","count":1,"first":31000000,"words":"no request for 31 s"}]}
    "#);
}

#[test]
fn nothing_in_it_moves_a_terminal() {
    let evil = "\u{1b}]0;x\u{7}\u{7f}\u{9b}31m\u{202e}\u{2066}\u{61c}\u{200f}\u{2028}\u{200b}\u{feff}\u{e0041}##[error]ü👩‍👧 \" \\";
    let events = vec![event(0, 1, Fact::Failed { cause: evil.into() })];
    let all = lines(events, "");
    let line = all.lines().nth(1).unwrap();
    assert!(!line.contains(|c| c != '\n' && is_unsafe(c)), "{line}");
    assert!(line.contains("\\u009b31m\\u202e\\u2066\\u061c\\u200f\\u2028\\u200b\\ufeff\\udb40\\udc41\\u0023#[error]ü👩‍👧 \\\" \\\\"), "{line}");
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(value["cause"], evil, "and a parser gets back what was sent");
}

#[test]
fn a_text_is_not_cut_inside_of_a_character() {
    let text = format!("a{}", "ü".repeat(1000));
    let all = lines(vec![response(0, 1, 0, 200, &text)], "");
    assert!(!all.contains('\u{fffd}'));
}
