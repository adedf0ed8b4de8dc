use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::trace::{
    Content, Effect, Event, Fact, Headers, How, Raw, Request, Response, SessionId, Story,
};
use crate::wire::Side;

/// A trace, and what is found in it.
#[derive(Default)]
struct Trace {
    story: Story,
    events: Vec<(Event, Effect, Option<SessionId>)>,
}

impl Trace {
    fn take(&mut self, conn: u64, fact: Fact) {
        let at = Duration::from_millis(self.events.len() as u64);
        let event = Event { at, conn, fact };
        let effect = self.story.take(&event);
        let session = effect.message.as_ref().and_then(|message| message.session);
        self.events.push((event, effect, session));
    }

    fn post(&mut self, conn: u64, path: &str, content: &str) {
        let fact = Fact::Request(Request {
            first: Duration::ZERO,
            method: "POST".into(),
            target: path.into(),
            version: 1,
            headers: Headers::default(),
            content: bytes(content),
        });
        self.take(conn, fact);
    }

    fn answer(&mut self, conn: u64, number: u64, status: u16, content: &str) {
        let fact = Fact::Response(Response {
            first: Duration::ZERO,
            answers: Some(number),
            version: 1,
            status,
            reason: String::new(),
            headers: Headers::default(),
            content: bytes(content),
            own: false,
        });
        self.take(conn, fact);
    }

    /// The numbers of the events that are kept, those of stanzas behind a point.
    fn kept(&self, filter: &str, findings: &[(usize, Mark<'_>)]) -> String {
        let filter = Filter::parse(filter).unwrap_or_else(|e| panic!("{}", e.render(false)));
        let mut kept = Vec::new();
        for (index, (event, effect, session)) in self.events.iter().enumerate() {
            let marks = findings.iter().filter(|(at, _)| *at == index).map(|(_, mark)| *mark);
            let subject = Subject::new(Some(event), effect, *session, &self.story).with(marks);
            let decided = filter.keep(&subject);
            if !decided.message {
                continue;
            }
            if decided.left_out() == 0 {
                kept.push(index.to_string());
            } else {
                let count = decided.stanzas.len();
                let shown = (0..count).filter(|&i| decided.stanza(i));
                kept.extend(shown.map(|stanza| format!("{index}.{stanza}")));
            }
        }
        kept.join(" ")
    }
}

fn bytes(content: &str) -> Content {
    Content { bytes: content.into(), size: content.len() as u64, ..Content::default() }
}

fn body(attributes: &str, content: &str) -> String {
    format!(
        "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' \
         xmlns:stream='http://etherx.jabber.org/streams' {attributes}>{content}</body>"
    )
}

const MESSAGE: &str = "<message xmlns='jabber:client' type='chat' id='m1' to='Bob@chat.example/pc'>\
    <body>Hello &amp; good morning</body></message>";

/// A login, some traffic, a page and a loss.
fn traffic() -> Trace {
    let mut t = Trace::default();
    let path = "/http-bind";
    // 0, 1: creation
    t.post(1, path, &body("rid='10' to='chat.example' wait='60' hold='1'", ""));
    let mechanisms = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
         <mechanism>PLAIN</mechanism></mechanisms></stream:features>";
    t.answer(1, 0, 200, &body("sid='4f1cAB' wait='60' hold='1'", mechanisms));
    // 2, 3: binding
    let bind = "<iq xmlns='jabber:client' type='set' id='bind_1'>\
        <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    t.post(1, path, &body("rid='11' sid='4f1cAB'", bind));
    let bound = "<iq xmlns='jabber:client' type='result' id='bind_1'>\
        <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@chat.example/web</jid></bind></iq>";
    t.answer(1, 1, 200, &body("", bound));
    // 4: chatter, a message, presence
    let carbons = "<iq xmlns='jabber:client' type='set' id='c'>\
        <enable xmlns='urn:xmpp:carbons:2'/></iq>";
    let presence = "<presence xmlns='jabber:client'/>";
    t.post(1, path, &body("rid='12' sid='4f1cAB'", &format!("{carbons}{MESSAGE}{presence}")));
    // 5: the answer to the chatter has no content
    t.answer(1, 2, 200, &body("", "<iq xmlns='jabber:client' type='result' id='c'/>"));
    // 6, 7: an empty poll, and its answer
    t.post(2, path, &body("rid='13' sid='4f1cAB'", ""));
    t.answer(2, 0, 200, &body("", ""));
    // 8, 9: a page
    t.post(3, "/index.html", "");
    t.answer(3, 0, 404, "<html>");
    // 10, 11: an end
    t.post(2, path, &body("rid='14' sid='4f1cAB' type='terminate'", ""));
    t.answer(2, 1, 502, "Bad Gateway");
    // 12 to 14: bytes, and a connection that is lost with a request
    let raw = Raw { from: Side::Server, why: None, size: 3, bytes: b"\xff\xfe!".to_vec() };
    t.take(3, Fact::Raw(raw));
    t.post(4, path, &body("rid='15' sid='4f1cAB'", ""));
    t.take(4, Fact::Closed { client: 1, server: 2, stopped: false });
    t
}

#[test]
fn predicates() {
    let traffic = traffic();
    let warning = Mark { name: "rid-gap", requirement: Some("bosh-rid-increment"), level: 1 };
    let note = Mark { name: "status", requirement: None, level: 0 };
    let findings = [(6, warning), (11, note)];
    let cases = [
        ("kind:message", "4.1"),
        ("kind:iq", "2 3 4.0 5"),
        ("KIND:Presence", "4.2"),
        ("kind:features", "1"),
        ("kind:sasl", ""),
        ("type:chat", "4.1"),
        ("type:set", "2 4.0"),
        ("type:/^(set|result)$/", "2 3 4.0 5"),
        ("type:terminate", "10"),
        ("type:available", "4.2"),
        ("ns:carbons", "4.0 5"),
        ("ns:xmpp-sasl", "1"),
        ("jid:bob@", "4.1"),
        ("jid:ALICE", "0 1 2 3 4 5 6 7 10 11 13 14"),
        ("from:alice@ kind:message", "4.1"),
        ("to:alice@ kind:iq", "3 5"),
        ("to:bob@", "4.1"),
        ("id:bind_1", "2 3"),
        ("id:bind", ""),
        ("id:/^bind/", "2 3"),
        ("sid:4f1c", "0 1 2 3 4 5 6 7 10 11 13 14"),
        ("sid:f1c", ""),
        ("rid:11", "2 3"),
        ("rid:12..13", "4 5 6 7"),
        ("rid:14..", "10 11 13 14"),
        ("rid:..10", "0 1"),
        ("conn:3", "8 9 12"),
        ("dir:client", "0 2 4 6 8 10 13"),
        ("dir:server", "1 3 5 7 9 11 12"),
        ("text:HELLO", "4.1"),
        ("text:\"hello &amp; good\"", "4.1"),
        ("text:/good\\s+m.rning/", "4.1"),
        ("text:rid='12'", "4"),
        ("text:gateway", "11"),
        ("text:\u{fffd}", "12"),
        ("status:502", "11"),
        ("status:4xx", "9"),
        ("status:2XX", "1 3 5 7"),
        ("path:/index", "8 9"),
        ("path:/INDEX.html/", "8 9"),
        ("path:/http-bind & rid:13", "6 7"),
        ("empty", "6 7 13"),
        ("finding", "6 11"),
        ("finding:rid", "6"),
        ("finding:increment", "6"),
        ("level:note", "6 11"),
        ("level:warning", "6"),
        ("level:error", ""),
        ("noise", "4.0 5"),
        ("noise:carbons", "4.0 5"),
        ("noise:omemo", ""),
        ("http", "8 9"),
    ];
    for (filter, expected) in cases {
        assert_eq!(traffic.kept(filter, &findings), expected, "{filter}");
    }
}

#[test]
fn operators() {
    let traffic = traffic();
    let cases = [
        // Not binds closer than and, and closer than or.
        ("not kind:iq and rid:12", "4.1 4.2"),
        ("! ( kind:iq and rid:12 ) & rid:12", "4.1 4.2"),
        ("kind:message or kind:presence and rid:99", "4.1"),
        ("(kind:message or kind:presence) and rid:99", ""),
        ("kind:message|kind:presence", "4.1 4.2"),
        ("kind:message || kind:presence&&not type:available", "4.1"),
        ("not not empty", "6 7 13"),
        ("!!empty", "6 7 13"),
        ("empty dir:client", "6 13"),
        ("empty(dir:client)", "6 13"),
        ("NOT dir:server AND empty OR http", "6 8 9 13"),
        (" \tkind:message\n", "4.1"),
        ("not noise and kind:iq", "2 3"),
        // A predicate on the message holds for each of its stanzas.
        ("rid:12 and dir:client", "4"),
        ("rid:12 or kind:iq", "2 3 4 5"),
    ];
    for (filter, expected) in cases {
        assert_eq!(traffic.kept(filter, &[]), expected, "{filter}");
    }
}

#[test]
fn values() {
    let mut t = Trace::default();
    t.post(1, "/a(b)|c d\"e\\f", "");
    for filter in [
        r#"path:"/a(b)|c d""#,
        r#"path:"d\"e""#,
        r#"path:"e\\f""#,
        r"path:/a\(b\)/",
        r"path:/^\/a/",
        r"path:/A.B/",
        r"path:/(?-i)^.a/",
        "path:/a",
    ] {
        assert_eq!(t.kept(filter, &[]), "0", "{filter}");
    }
    assert_eq!(t.kept("path:/(?-i)A.B/", &[]), "");
}

#[test]
fn without_a_filter_all_is_kept() {
    let traffic = traffic();
    for (event, effect, session) in &traffic.events {
        let subject = Subject::new(Some(event), effect, *session, &traffic.story);
        assert_eq!(Filter::all().keep(&subject), Selection::all());
    }
}

#[test]
fn a_finding_of_time_alone_has_its_session() {
    let traffic = traffic();
    let effect = Effect::default();
    let silent = Mark { name: "silent", requirement: None, level: 1 };
    let session = traffic.events[0].2;
    let subject = Subject::new(None, &effect, session, &traffic.story).with([silent]);
    for (filter, kept) in [
        ("finding:silent", true),
        ("sid:4f1c jid:alice level:warning", true),
        ("conn:1 or dir:client or kind:iq or empty or http or text:a or status:200", false),
    ] {
        assert_eq!(Filter::parse(filter).unwrap().keep(&subject).message, kept, "{filter}");
    }
}

#[test]
fn the_end_of_a_connection_has_a_side() {
    let mut t = Trace::default();
    t.take(1, Fact::Ended { by: Side::Client, how: How::Reset, together: false });
    t.take(1, Fact::Failed { cause: "connection refused".into() });
    assert_eq!(t.kept("dir:client", &[]), "0");
    assert_eq!(t.kept("text:refused", &[]), "1");
}

fn mistakes(filters: &[&str]) -> String {
    let show = |filter: &&str| Filter::parse(filter).map(|_| ()).unwrap_err().render(false);
    filters.iter().map(show).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn a_mistaken_word_is_shown_at_its_place() {
    let filters = [
        "knd:message",
        "message",
        "alice@chat.example",
        "colour:red",
        "\"hello\"",
        "kind:mesage",
        "noise:omeno",
        "level:fatal",
        "dir:in",
    ];
    insta::assert_snapshot!(mistakes(&filters), @r#"
    error: unknown predicate `knd`
     --> --filter:1:1
      |
    1 | knd:message
      | ^^^
      |
      = help: did you mean `kind`?

    error: unknown predicate `message`
     --> --filter:1:1
      |
    1 | message
      | ^^^^^^^
      |
      = help: did you mean `kind:message`?

    error: unknown predicate `alice@chat.example`
     --> --filter:1:1
      |
    1 | alice@chat.example
      | ^^^^^^^^^^^^^^^^^^
      |
      = help: to search the content, write text:alice@chat.example

    error: unknown predicate `colour`
     --> --filter:1:1
      |
    1 | colour:red
      | ^^^^^^
      |
      = help: known predicates: kind, type, ns, jid, from, to, id, sid, session, transport, frame, sm, rid, conn, dir, text, status, path, empty, poll, finding, level, noise, http, fault

    error: a quoted text is not a predicate
     --> --filter:1:1
      |
    1 | "hello"
      | ^
      |
      = help: to search the content, write text:"…"

    error: unknown value `mesage` for `kind`
     --> --filter:1:6
      |
    1 | kind:mesage
      |      ^^^^^^
      |
      = help: did you mean `message`? Known values: message, presence, iq, sasl, features, stream-error, sm, tls, other

    error: unknown value `omeno` for `noise`
     --> --filter:1:7
      |
    1 | noise:omeno
      |       ^^^^^
      |
      = help: did you mean `omemo`? Known values: roster, disco, pep, omemo, vcard, ping, chat-state, receipt, marker, carbons, mam-prefs, blocking, private, push, version, last, time, sm, csi

    error: unknown value `fatal` for `level`
     --> --filter:1:7
      |
    1 | level:fatal
      |       ^^^^^
      |
      = help: known values: note, warning, error

    error: unknown value `in` for `dir`
     --> --filter:1:5
      |
    1 | dir:in
      |     ^^
      |
      = help: known values: client, server
    "#);
}

#[test]
fn a_mistaken_structure_is_shown_at_its_place() {
    let filters = [
        "",
        "kind:message and",
        "or kind:message",
        "kind:message and or empty",
        "(kind:message or empty",
        "kind:message)",
        "()",
    ];
    insta::assert_snapshot!(mistakes(&filters), @r#"
    error: the filter is empty
     --> --filter:1:1
      |
    1 |
      | ^
      |
      = help: for example: kind:message and not noise

    error: the filter ends too early
     --> --filter:1:17
      |
    1 | kind:message and
      |                 ^ expected a predicate

    error: expected a predicate before `or`
     --> --filter:1:1
      |
    1 | or kind:message
      | ^^

    error: expected a predicate before `or`
     --> --filter:1:18
      |
    1 | kind:message and or empty
      |                  ^^

    error: unmatched `(`
     --> --filter:1:1
      |
    1 | (kind:message or empty
      | ^ opened here

    error: unmatched `)`
     --> --filter:1:13
      |
    1 | kind:message)
      |             ^

    error: expected a predicate before `)`
     --> --filter:1:2
      |
    1 | ()
      |  ^
    "#);
}

#[test]
#[allow(clippy::too_many_lines)] // nearly all of them are the snapshot
fn a_mistaken_value_is_shown_at_its_place() {
    let filters = [
        "kind",
        "conn:",
        "text: hello",
        "empty:yes",
        "rid:abc",
        "rid:1..x",
        "rid:20..10",
        "rid:99999999999999999999",
        "status:6xy",
        "text:\"hello",
        "text:\"a\"b",
        "text:/(/",
        "text:/a",
    ];
    insta::assert_snapshot!(mistakes(&filters), @r#"
    error: `kind` needs a value
     --> --filter:1:1
      |
    1 | kind
      | ^^^^
      |
      = help: write kind:message

    error: `conn:` needs a value
     --> --filter:1:6
      |
    1 | conn:
      |      ^ the value is missing
      |
      = help: write conn:2, without a space after the colon

    error: `text:` needs a value
     --> --filter:1:6
      |
    1 | text: hello
      |      ^ the value is missing
      |
      = help: write text:"hello there", without a space after the colon

    error: `empty` takes no value
     --> --filter:1:6
      |
    1 | empty:yes
      |      ^

    error: `rid` needs a number
     --> --filter:1:5
      |
    1 | rid:abc
      |     ^^^ not a number
      |
      = help: write rid:12, or rid:12..20 for a range

    error: `rid` needs a number
     --> --filter:1:8
      |
    1 | rid:1..x
      |        ^ not a number
      |
      = help: write rid:12, or rid:12..20 for a range

    error: the range ends before it begins
     --> --filter:1:5
      |
    1 | rid:20..10
      |     ^^^^^^
      |
      = help: write rid:10..20

    error: `rid` needs a number
     --> --filter:1:5
      |
    1 | rid:99999999999999999999
      |     ^^^^^^^^^^^^^^^^^^^^ too large
      |
      = help: write rid:12, or rid:12..20 for a range

    error: `status` needs a number
     --> --filter:1:8
      |
    1 | status:6xy
      |        ^^^ not a number
      |
      = help: write status:502, or status:5xx for a class

    error: the value has no closing quote
     --> --filter:1:6
      |
    1 | text:"hello
      |      ^ opened here
      |
      = help: write a quote inside the value as \"

    error: expected white space after the value
     --> --filter:1:9
      |
    1 | text:"a"b
      |         ^

    error: the regular expression is not valid
     --> --filter:1:6
      |
    1 | text:/(/
      |      ^^^ found open group without closing ')'

    error: the regular expression has no closing `/`
     --> --filter:1:6
      |
    1 | text:/a
      |      ^ opened here
      |
      = help: if the value is not a regular expression, put it in quotes
    "#);
}

#[test]
fn nesting_is_bounded() {
    for deep in ["(", "!", "not "] {
        let message = Filter::parse(&deep.repeat(100_000)).map(|_| ()).unwrap_err().message;
        assert_eq!(message, "the filter is nested more than 64 levels deep");
    }
    let wide = "empty or ".repeat(10_000) + "empty";
    assert!(Filter::parse(&wide).is_ok());
    let wide = "(empty) ".repeat(10_000);
    assert!(Filter::parse(&wide).is_ok());
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\PC*") {
        if let Err(diagnostic) = Filter::parse(&text) {
            diagnostic.render(true);
        }
    }

    #[test]
    fn nothing_like_a_filter_breaks_the_parser(parts in proptest::collection::vec(prop_oneof![
        Just("kind:"), Just("rid:"), Just("1"), Just(".."), Just("text:"), Just("/"), Just("\""), Just("\\"),
        Just("("), Just(")"), Just("!"), Just("|"), Just("&"), Just(" "), Just("and"), Just("or"), Just("not"),
        Just("empty"), Just("frame"), Just("sm:"), Just("finding"), Just("status:"), Just("xx"), Just("é"), Just("["), Just("path:"), Just("iq"),
    ], 0..20)) {
        let traffic = traffic();
        match Filter::parse(&parts.concat()) {
            Err(diagnostic) => { diagnostic.render(true); }
            Ok(filter) => for (event, effect, session) in &traffic.events {
                let subject = Subject::new(Some(event), effect, *session, &traffic.story);
                filter.keep(&subject);
            },
        }
    }
}
