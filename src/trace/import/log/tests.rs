//! Samples of the dialects of clients, as their programs write them, and input that must do no harm.

use std::io::Cursor;

use super::{is, open};
use crate::clock::Clock;
use crate::trace::capture::{CaptureError, Preface};
use crate::trace::event::Fact;
use crate::trace::intake::Intake;
use crate::trace::source::Unknown;

/// Reads a log: its preface, and each event as a line: connection, milliseconds, side, what it is, and its text.
pub(super) fn read(text: impl AsRef<[u8]>) -> (Preface, Vec<String>) {
    let text = text.as_ref().to_vec();
    assert!(is(&text[..text.len().min(64 << 10)]), "{}", String::from_utf8_lossy(&text));
    let (preface, events) = open(Box::new(Cursor::new(text)), Intake::new(false, 1 << 20)).unwrap();
    let line = |event: crate::trace::Event| {
        let (conn, at) = (event.conn, event.at.as_millis());
        let side =
            event.fact.from().map_or("-", |side| if side.name() == "client" { "C" } else { "S" });
        let content = event.fact.content();
        let cut = if content.is_some_and(|content| content.cut) { " (cut)" } else { "" };
        let text = content.map(|content| String::from_utf8_lossy(&content.bytes).into_owned());
        let what = match &event.fact {
            Fact::Response(response) => match response.answers {
                Some(number) => format!("response {} to {number}", response.status),
                None => format!("response {} to nothing", response.status),
            },
            fact => fact.name().to_owned(),
        };
        let text = text.unwrap_or_default();
        format!("{conn} {at} {side} {what} {text}{cut}").trim_end().to_owned()
    };
    let lines: Vec<_> = events.map(|event| line(event.unwrap())).collect();
    let (last, lines) = lines.split_last().unwrap();
    assert!(last.contains("finished"), "{last}");
    (preface, lines.to_vec())
}

/// What a log is called, and its events.
#[track_caller]
pub(super) fn assert_read(what: &str, text: &str, events: &[&str]) {
    let (preface, lines) = read(text);
    let source = preface.source.unwrap();
    assert_eq!(source.what.strip_prefix("a "), Some(what), "{text}");
    assert_eq!(lines, events, "{text}");
}

pub(super) const HTTPBIND: &str = "xmlns='http://jabber.org/protocol/httpbind'";

#[test]
fn strophe() {
    let text = format!(
        "12:00:00.101 SENT <body rid='1' {HTTPBIND} to='b'/>\n\
         12:00:00.143 RECV <body {HTTPBIND} sid='c4a1'/>\n\
         12:00:00.160 SENT <body rid='2' {HTTPBIND} sid='c4a1'/>\n\
         12:01:00.164 request id 2.1 error 504 happened\n\
         12:01:00.264 SENT <body rid='2' {HTTPBIND} sid='c4a1'/>\n\
         12:01:00.364 request id 2.2 error 0 happened\n\
         12:01:00.464 SENT <body rid='2' {HTTPBIND} sid='c4a1'/>\n"
    );
    let events = [
        format!("1 0 C request <body rid='1' {HTTPBIND} to='b'/>"),
        format!("1 42 S response 200 to 0 <body {HTTPBIND} sid='c4a1'/>"),
        format!("1 59 C request <body rid='2' {HTTPBIND} sid='c4a1'/>"),
        "1 60063 S response 504 to 1".to_owned(),
        format!("1 60163 C request <body rid='2' {HTTPBIND} sid='c4a1'/>"),
        "1 60263 - failed".to_owned(),
        "1 60263 - closed".to_owned(),
        format!("2 60363 C request <body rid='2' {HTTPBIND} sid='c4a1'/>"),
    ];
    assert_read("console log of strophe.js", &text, &events.each_ref().map(String::as_str));
}

#[test]
fn consoles_of_browsers() {
    let call = "a console log of an XMPP client such as strophe.js";
    for (line, side) in [
        ("app.js:12 RECV: ", "S"),
        ("SENT: ", "C"),
        ("candy.bundle.js:202 [Strophe] SENT: ", "C"),
        ("jsxc.js:1280 > ", "C"),
        ("jsxc.js:1277 < ", "S"),
        ("[12:00:01] <<< ", "S"),
        ("OUT: ", "C"),
        ("rawInput: ", "S"),
        ("Received (1): ", "S"),
    ] {
        let element = "<message xmlns='jabber:client' from='a@b/c' to='d@e'/>";
        let (preface, events) = read(format!("{line}{element} app.js:7:1\n"));
        assert_eq!(preface.source.unwrap().what, call, "{line}");
        assert_eq!(events, [format!("1 0 {side} frame {element}")], "{line}");
    }
}

#[test]
fn converse() {
    let text = format!(
        "log.js:72  2026-03-01T11:00:00.101Z DEBUG: request id 1.0 posting\n\
         log.js:72  2026-03-01T11:00:00.102Z DEBUG: <body rid='1' {HTTPBIND}/>\n\
         log.js:72  2026-03-01T11:00:00.143Z DEBUG: request id 1.1 got 200\n\
         log.js:72  2026-03-01T11:00:00.143Z DEBUG: <body {HTTPBIND} sid='c4a1'/>\n"
    );
    let events = [
        format!("1 0 C request <body rid='1' {HTTPBIND}/>"),
        format!("1 41 S response 200 to 0 <body {HTTPBIND} sid='c4a1'/>"),
    ];
    let events = events.each_ref().map(String::as_str);
    assert_read("console log of converse.js", &text, &events);
    // Firefox puts the place behind the text.
    let text = "DEBUG: request id 6.1 got 200  converse.js:48053:17\n\
                DEBUG: <body rid=\"75\" sid=\"6s\"/>  converse.js:48053:17\n";
    assert_read(
        "console log of converse.js",
        text,
        &["1 0 C request <body rid=\"75\" sid=\"6s\"/>"],
    );
    let text = "%c%s color: darkgoldenrod <iq xmlns=\"jabber:client\" type=\"result\" id=\"1\"/>\n\
                %c%s color: darkcyan <iq xmlns=\"jabber:client\" type=\"result\" id=\"2\"/>";
    assert_read(
        "console log of converse.js",
        text,
        &[
            "1 0 S frame <iq xmlns=\"jabber:client\" type=\"result\" id=\"1\"/>",
            "1 0 C frame <iq xmlns=\"jabber:client\" type=\"result\" id=\"2\"/>",
        ],
    );
}

#[test]
fn xmpp_js() {
    let text = "status opening \n\
                OUT\n<iq type=\"get\" id=\"1\">\n  <ping xmlns=\"urn:xmpp:ping\"/>\n</iq>\n\
                IN\n<iq type=\"result\" id=\"1\" to=\"a@b/c\"/>\nstatus offline \n";
    assert_read(
        "debug log of xmpp.js (@xmpp/debug)",
        text,
        &[
            "1 0 C part <iq xmlns='jabber:client' type=\"get\" id=\"1\">\n  <ping xmlns=\"urn:xmpp:ping\"/>\n</iq>",
            "1 0 S part <iq xmlns='jabber:client' type=\"result\" id=\"1\" to=\"a@b/c\"/>",
        ],
    );
}

#[test]
fn lib_jitsi_meet() {
    let text = r#"[[1788264000000,"outgoing","<iq xmlns=\"jabber:client\" id=\"1\"/>"],[1788264000500,"incoming","<iq xmlns=\"jabber:client\" id=\"1\" type=\"result\"/>"]]"#;
    assert_read(
        "log of lib-jitsi-meet",
        text,
        &[
            "1 0 C frame <iq xmlns=\"jabber:client\" id=\"1\"/>",
            "1 500 S frame <iq xmlns=\"jabber:client\" id=\"1\" type=\"result\"/>",
        ],
    );
}

#[test]
fn smack() {
    let text = "09:00:00 PM SENT (0): <stream:stream xmlns='jabber:client' to='b' xmlns:stream='http://etherx.jabber.org/streams'>\n\
                09:00:01 PM RECV (0): <?xml version='1.0'?><stream:stream id='1' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><stream:features/>\n\
                09:00:01 PM RCV PKT (0): <stream:features/>\n\
                09:00:02 PM RECV (1): <message/>\n";
    assert_read(
        "debug log of Smack",
        text,
        &[
            "1 0 C part <stream:stream xmlns='jabber:client' to='b' xmlns:stream='http://etherx.jabber.org/streams'>",
            "1 1000 S part <?xml version='1.0'?><stream:stream id='1' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
            "1 1000 S part <stream:features/>",
            "2 2000 S part <message xmlns='jabber:client'/>",
        ],
    );
}

#[test]
fn gajim_and_psi() {
    let text = "<!-- Outgoing Sun Nov 29 12:00:00 2026 (a@b) -->\n<iq type='get' id='1'>\n<ping xmlns='urn:xmpp:ping'/>\n</iq>\n\n\
                <!-- Incoming Sun Nov 29 12:00:01 2026 (a@b) -->\n<iq type='result' id='1'/>\n\n\
                <!-- Incoming Sun Nov 29 12:00:02 2026 (c@d) -->\n<presence/>\n";
    assert_read(
        "XML console of Gajim",
        text,
        &[
            "1 0 C part <iq xmlns='jabber:client' type='get' id='1'>\n<ping xmlns='urn:xmpp:ping'/>\n</iq>",
            "1 1000 S part <iq xmlns='jabber:client' type='result' id='1'/>",
            "2 2000 S part <presence xmlns='jabber:client'/>",
        ],
    );
    let text = "<!-- TS:2026-11-29T12:00:00--><iq type='get' id='1' to='b'/>\n\n\
                <!-- TS:2026-11-29T12:00:03--><message from='c@d' to='a@b'/>\n\
                <!-- TS:2026-11-29T12:00:04--><iq type='result' id='1' to='a@b/c'/>\n";
    assert_read(
        "XML console of Psi",
        text,
        &[
            "1 0 C part <iq xmlns='jabber:client' type='get' id='1' to='b'/>",
            "1 4000 S part <iq xmlns='jabber:client' type='result' id='1' to='a@b/c'/>",
        ],
    );
    let source = read(text).0.source.unwrap().to_string();
    assert!(
        source.contains("left out: 1 element of which the log does not say who sent it"),
        "{source}"
    );
}

#[test]
fn slixmpp() {
    let text = "DEBUG    SEND: <presence xmlns=\"jabber:client\" />\n\
                DEBUG:slixmpp.xmlstream.xmlstream:RECV: <iq type=\"result\" id=\"1\" />\n\
                2020-08-07 17:20:54 DEBUG (MainThread) [slixmpp.xmlstream.xmlstream] RECV: <message to=\"a@b\" />\n";
    assert_read(
        "debug log of slixmpp",
        text,
        &[
            "1 0 C part <presence xmlns=\"jabber:client\" />",
            "1 0 S part <iq xmlns='jabber:client' type=\"result\" id=\"1\" />",
            "1 0 S part <message xmlns='jabber:client' to=\"a@b\" />",
        ],
    );
}

#[test]
fn what_comes_before_the_first_time_is_not_of_1970() {
    let timed =
        "2026-03-01 12:00:00.5 SENT: <iq id='2'/>\n2026-03-01 12:00:02.5 RECV: <iq id='2'/>\n";
    for before in
        ["SENT: <iq id='1'/>\n", "SENT: <iq id='1'>\n</iq>\n", "SENT: <iq/> SENT: <iq/>\n"]
    {
        let (preface, events) = read(format!("{before}{timed}"));
        assert_eq!(preface.started.to_rfc3339(), "2026-03-01T12:00:00.500+00:00");
        let source = preface.source.unwrap();
        assert!(source.unknown.contains(&Unknown::Times), "{source}");
        assert!(source.to_string().contains("shown at the first time"), "{source}");
        let (last, others) = events.split_last().unwrap();
        assert!(
            last.starts_with("1 2000 ") && others.iter().all(|event| event.starts_with("1 0 "))
        );
    }
    let (preface, _) = read(timed);
    assert!(!preface.source.unwrap().unknown.contains(&Unknown::Times));
}

#[test]
fn a_program_that_is_not_known_is_told_by_what_one_side_alone_sends() {
    // A server that receives what clients send.
    let text = "RECV <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\nRECV <message to='a@b'/>\nSENT <iq id='1'/>\n";
    let (_, events) = read(text);
    assert!(events[1].starts_with("1 0 C frame <message"), "{events:?}");
    assert!(events[2].starts_with("1 0 S frame <iq"), "{events:?}");
    // Texts with the sides by name, and with nothing at all.
    let text = "    0.050 C   text  <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='b'/>\n    0.100 S   text  <message to='a@b' from='c@d'/>\n";
    let (_, events) = read(text);
    assert_eq!(events[1], "1 50 S frame <message to='a@b' from='c@d'/>");
    let (_, events) = read("<message xmlns='jabber:client' to='a@b'/>");
    assert_eq!(events, ["1 0 C frame <message xmlns='jabber:client' to='a@b'/>"]);
}

#[test]
fn what_a_browser_folds_is_not_all_there() {
    let (preface, events) =
        read(format!("jsxc.js:1280 > <body rid=\"1\" {HTTPBIND} sid=\"i\">…</body>\n"));
    assert!(events[0].ends_with("(cut)"), "{events:?}");
    assert!(preface.source.unwrap().unknown.contains(&Unknown::Contents));
}

#[test]
fn what_is_left_out_is_counted_and_failures_are_pointed_to() {
    let text = "hello\nAccess to XMLHttpRequest has been blocked by CORS policy\n\nRECV <iq id='1'/>\n\
                WebSocket connection to 'wss://a/ws' failed\n";
    let source = read(text).0.source.unwrap().to_string();
    assert!(
        source.ends_with(
            "left out: 3 lines without XML; 2 of them may be about a failure, line 2 first"
        ),
        "{source}"
    );
}

#[test]
fn secrets_are_hidden_in_every_dialect() {
    for text in [
        "SENT <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>",
        "[[1788264000000,\"outgoing\",\"<auth xmlns=\\\"urn:ietf:params:xml:ns:xmpp-sasl\\\">AGFsaWNlAHNlY3JldA==</auth>\"]]",
        "(tcp|<0.5.0>) Received XML on stream = <<\"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGFsaWNlA\"\n  \"HNlY3JldA==</auth>\">>",
        "SENT &lt;auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'&gt;AGFsaWNlAHNlY3JldA==&lt;/auth&gt;",
        "SENT <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGFsaWNlAHNlY3JldA==",
        "SENT <iq><query xmlns='jabber:iq:auth'><password>AGFsaWNlAHNlY3JldA==</password></query></iq>",
    ] {
        let (_, events) = read(text);
        assert_eq!(events.len(), 1, "{text}");
        for secret in ["AGFsaWNlAHNlY3JldA", "AGFsaWNlA", "HNlY3JldA"] {
            assert!(!events[0].contains(secret), "{events:?}");
        }
    }
}

#[test]
fn hostile_logs_do_no_harm() {
    let element = "<message><body>".to_owned();
    let long = format!("RECV {element}{}", "a".repeat(4 << 20));
    let many = format!("RECV {element}{}", "<a>\n".repeat(1 << 15));
    let lines = format!("RECV {element}\n{}", "12\n".repeat(1 << 15));
    let starts = "RECV <iq ".repeat(1 << 15);
    let open = "RECV <iq>\n".repeat(1 << 14);
    let pieces = "RECV <r xmlns='urn:xmpp:sm:3'/>".repeat(1 << 12);
    let broken =
        b"RECV <message>\xff\xfe\x01\x1b[2J\xe2\x80\xae</message>\nRECV </iq></iq><message></iq>\n";
    let clock = Clock::start();
    for text in [
        long.as_bytes(),
        many.as_bytes(),
        lines.as_bytes(),
        starts.as_bytes(),
        open.as_bytes(),
        pieces.as_bytes(),
        broken,
    ] {
        let (_, events) = read(text);
        assert!(!events.is_empty());
        assert!(events.iter().all(|event| event.len() <= (1 << 20) + 100));
    }
    // Far less than what is quadratic takes.
    assert!(clock.now().as_secs() < 60, "{:?}", clock.now());
}

#[test]
fn a_log_without_xmpp_says_what_to_do() {
    let text = "Jul 01 22:09:02 mod_bosh\tinfo\tNew BOSH session, assigned it sid 'a'\n";
    assert!(is(text.as_bytes()));
    let error = open(Box::new(Cursor::new(text)), Intake::new(false, 100)).err().unwrap();
    let CaptureError::Foreign(words) = error else { panic!("{error:?}") };
    assert!(
        words.starts_with("this is a log of Prosody without any XML of XMPP; set `log`"),
        "{words}"
    );
    for other in [
        "",
        "hello\n",
        "<!DOCTYPE html><html><iq>",
        "---\nsource: a\n---\n<iq/>",
        "== a\n<iq/>",
        "a\0<iq/>",
        "A client\nasks for its roster\nwith\n    <iq type='get' to='b'/>\nand waits.",
        "{}",
    ] {
        assert!(!is(other.as_bytes()), "{other}");
    }
}
