//! Transcripts of playbooks.

use std::path::Path;

use super::{Varying, transcript};
use crate::rules::playbook::events;
use crate::scenario::read_settings;

const OPEN: &str = "
    0 1 C> <body rid='1000' to='a' wait='10' hold='1' ver='1.6'/>
    5 1 S> <body sid='secret-sid' wait='10' requests='2' hold='1' inactivity='60'/>";

fn shown(script: &str) -> String {
    transcript(&events(&format!("{OPEN}{script}")), None, &Varying::default()).to_string()
}

/// What is said of each response but the first.
fn servers(script: &str) -> Vec<String> {
    let text = shown(script);
    let words = text.lines().filter_map(|line| line.strip_prefix("server:"));
    words.skip(1).map(|words| words.trim().to_owned()).collect()
}

#[test]
fn when_a_response_came_is_told_by_the_order_of_things() {
    let ping = "<iq xmlns='jabber:client' id='p' type='get'><ping xmlns='urn:xmpp:ping'/></iq>";
    let poll = |rid: u64| format!("<body rid='{rid}' sid='secret-sid'/>");
    let asks = |rid: u64| format!("<body rid='{rid}' sid='secret-sid'>{ping}</body>");
    let full = format!("<body>{ping}</body>");
    let of = |script: String| servers(&script);
    let (one, two) = (poll(1001), poll(1002));

    assert_eq!(of(format!("\n10 1 C> {one}\n12 1 S> <body/>")), ["at once"]);
    assert_eq!(of(format!("\n10 1 C> {one}\n9800 1 S> <body/>")), ["held until wait"]);
    // Slow machines: not a second of silence.
    assert_eq!(of(format!("\n10 1 C> {one}\n900 1 S> {full}")), ["at once"]);
    assert_eq!(of(format!("\n10 1 C> {one}\n1100 1 S> {full}")), ["held"]);
    let asked = asks(1001);
    assert_eq!(of(format!("\n10 1 C> {asked}\n1900 1 S> {full}")), ["at once"]);
    assert_eq!(of(format!("\n10 1 C> {asked}\n2100 1 S> {full}")), ["held"]);

    // A poll is released by the next request, whatever it then carries, and however soon.
    let next = format!("\n10 1 C> {one}\n11 2 C> {two}\n12 1 S> {full}");
    assert_eq!(of(next), ["held until the next request", "nothing"]);
    let late = format!("\n10 1 C> {one}\n11 2 C> {two}\n9950 1 S> <body/>");
    assert_eq!(of(late), ["held until wait", "nothing"], "the next request did not release it");
    // Of a request that asks something, the answer is its own.
    let own = format!("\n10 1 C> {asked}\n11 2 C> {two}\n12 1 S> {full}");
    assert_eq!(of(own), ["at once", "nothing"]);

    // Behind a gap.
    let gap = format!("\n10 1 C> {two}\n700 2 C> {one}\n701 2 S> <body/>\n702 1 S> {full}");
    assert_eq!(of(gap), ["held until [rid+1] came", "at once"]);
    let disorder = format!("\n10 1 C> {asked}\n11 2 C> {two}\n20 2 S> <body/>\n900 1 S> {full}");
    assert_eq!(of(disorder), ["at once", "at once, before that of [rid+1]"]);
    let gone = format!("\n10 1 C> {one}\n20 1 C. fin");
    assert_eq!(of(gone), ["nothing, the client left"]);
}

#[test]
fn what_varies_has_names() {
    let text = shown(
        "
        10 1 C> <body rid='1001' sid='secret-sid'><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/></body>
        11 1 S> <body><success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>[hidden 12 bytes]</success></body>
        20 1 C> <body rid='1002' sid='secret-sid'><iq xmlns='jabber:client' type='set' id='x7'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq></body>
        21 1 S> <body ack='1002'><iq xmlns='jabber:client' type='result' id='x7'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>u-42-anon@a/resource-1</jid></bind></iq></body>
        30 1 C> <body rid='1003' sid='secret-sid'><message xmlns='jabber:client' to='b@a/resource-1' id='m1'><body>write to u-42-anon@a, id x7</body></message></body>
        31 1 S> <body><message xmlns='jabber:client' from='u-42-anon@a/resource-1' id='m1'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/><body>at http://127.0.0.1:4711/x</body></message></body>
        40 1 C> <body rid='1002' sid='secret-sid'/>
        41 1 S> 404 | Content-Type: text/html | <p>u-42-anon@a</p>",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_project_says_what_varies_too() {
    let yaml = "transcript:\n  replace:\n    - { at: message/body, name: text }\n    - { at: 'message/@to', name: peer }\n    \
                - { like: 'order-([0-9]+)', name: order }\n";
    let settings = read_settings(Path::new("xmppscope.yaml"), yaml.to_owned()).unwrap();
    let varying = Varying { replace: settings.replace, ..Varying::default() };
    let script = format!(
        "{OPEN}
        10 1 C> <body rid='1001' sid='secret-sid'><message xmlns='jabber:client' to='b@a'><subject>order-17, order-18, order-17</subject><body>one</body></message></body>
        20 1 C> <body rid='1002' sid='secret-sid'><message xmlns='jabber:client' to='b@a'><body>one</body></message></body>"
    );
    let text = transcript(&events(&script), None, &varying).to_string();
    assert!(
        text.contains("<subject>order-[order-1], order-[order-2], order-[order-1]</subject>"),
        "{text}"
    );
    assert_eq!(text.matches("<message to='[peer-1]' xmlns='jabber:client'>").count(), 2, "{text}");
    assert_eq!(text.matches("<body>[text-1]</body>").count(), 2, "{text}");
}

#[test]
fn mistakes_in_what_a_project_says_are_told_at_their_place() {
    let yaml = "transcript:\n  replace:\n    - { at: 'message/body[1]', name: text }\n    - { at: a, like: b, name: c }\n    \
                - { like: '(', name: x }\n    - { at: a, name: sid }\n    - { at: a, name: B }\n  what: ever\n";
    let mistakes = read_settings(Path::new("xmppscope.yaml"), yaml.to_owned()).unwrap_err();
    let text: Vec<String> = mistakes.iter().map(|mistake| mistake.render(false)).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn what_a_browser_is_told_of_other_origins_stands_where_it_changes() {
    let cors = "Access-Control-Allow-Origin: *";
    let text = shown(&format!(
        "
        10 1 C> POST /http-bind | Content-Type: text/xml; charset=utf-8 | Origin: http://a | <body rid='1001' sid='secret-sid'/>
        11 1 S> 200 | Content-Type: text/xml; charset=utf-8 | {cors} | <body/>
        20 1 C> POST /http-bind | Content-Type: text/xml; charset=utf-8 | Origin: http://a | <body rid='1002' sid='secret-sid'/>
        21 1 S> 200 | Content-Type: text/xml; charset=utf-8 | {cors} | <body/>
        30 1 C> POST /http-bind | Content-Type: text/xml; charset=utf-8 | Origin: http://a | <body rid='1003' sid='secret-sid'/>
        31 1 S> 504 | Content-Type: text/html | <html>gone</html>
        40 1 C> <body rid='1004' sid='secret-sid'/>
        41 1 S> 200 | Content-Type: text/xml; charset=utf-8 | {cors} | <body/>"
    ));
    let said: Vec<_> = text.lines().filter(|line| line.contains("origin")).map(str::trim).collect();
    assert_eq!(
        said,
        [
            "origin: http://a",
            "access-control-allow-origin: *",
            // What is missing is why a browser hides an answer.
            "access-control-allow-origin: (none)",
            "origin: (none)",
        ],
        "{text}"
    );
}

#[test]
fn what_looks_like_a_date_at_first_is_taken_as_it_is() {
    for word in ["2026-01-01T00:éééé", "2026-01-01T00:00:0\u{1f600}Z", "20260101T00:00:00"] {
        let text = shown(&format!(
            "\n10 1 C> <body rid='1001' sid='secret-sid'><message xmlns='jabber:client'><body>{word}</body></message></body>"
        ));
        assert_eq!(
            text.contains(&format!("<body>{word}</body>")),
            word.contains('é') || word.contains('😀')
        );
    }
}

#[test]
fn sessions_that_begin_at_once_have_an_order_of_their_own() {
    let alice = "C> <body rid='7000' to='a' wait='10' hold='1' ver='1.6' xml:lang='de'/>";
    let bob = "C> <body rid='9000' to='a' wait='10' hold='1' ver='1.6' xml:lang='en'/>";
    let granted = |sid: &str| format!("S> <body sid='{sid}-of-session' wait='10'/>");
    let both = |first: &str, second: &str| {
        let (one, two) = (granted("one"), granted("two"));
        let script = format!("0 1 {first}\n1 2 {second}\n5 1 {one}\n6 2 {two}");
        transcript(&events(&script), None, &Varying::default()).to_string()
    };
    assert_eq!(both(alice, bob), both(bob, alice));
    assert!(both(alice, bob).contains("xml:lang='de'"));
}

#[test]
fn what_is_written_is_read_again() {
    let texts = [
        "<message xmlns='jabber:client'><body>[sid-7] and [ticket-12], [rid-9223372036854775808]</body></message>",
        "<message xmlns='jabber:client' xmlns:z='urn:z' xmlns:y='urn:y' y:b='2' z:a='1' z:c='3'/>",
        "<message xmlns='jabber:client'><body>\u{202e}right to left\u{9b}31m</body></message>",
        "lost <a/> text",
    ];
    let mut script = String::from(OPEN);
    for (number, text) in texts.iter().enumerate() {
        let (at, rid) = (10 * (number + 1), 1001 + number);
        script += &format!("\n{at} 1 C> <body rid='{rid}' sid='secret-sid'>{text}</body>");
        script += &format!("\n{at} 1 S> 500 | Content-Type: text/plain | no xml   ");
    }
    let made = transcript(&events(&script), None, &Varying::default());
    let text = made.to_string();
    assert_eq!(text.parse::<super::Transcript>().unwrap(), made);
    assert!(text.contains("[\\sid-7] and [\\ticket-12], [\\rid-9223372036854775808]"), "{text}");
    assert!(text.contains("n1:b='2' n2:a='1' n2:c='3'"), "{text}");
    assert!(text.contains("&#x202e;right to left&#x9b;31m"), "{text}");
}

#[test]
fn nothing_secret_is_kept() {
    let text = shown(
        "
        10 1 C> POST /http-bind?token=SECRET1 | Content-Type: text/xml; charset=utf-8 | <body rid='1001' sid='secret-sid' xmlns='http://jabber.org/protocol/httpbind'><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>U0VDUkVUMg==</auth></body>
        20 1 C> <body rid='1002' sid='secret-sid'><iq xmlns='jabber:client' type='set'><query xmlns='jabber:iq:auth'><password>SECRET3</password></query></iq></body>",
    );
    assert!(!text.contains("SECRET") && !text.contains("U0VD"), "{text}");
    assert!(text.contains("<password>[hidden]</password>"), "{text}");
}

mod anything {
    use proptest::prelude::*;

    use super::{OPEN, Varying, events, transcript};

    /// Texts of what has a meaning somewhere, and of characters of several bytes.
    fn text() -> impl Strategy<Value = String> {
        const PIECES: [&str; 23] = [
            "[sid-1]",
            "[rid+1]",
            "[",
            "]",
            "2026-01-01T00:",
            "00:00Z",
            "é",
            "😀",
            "\u{202e}",
            "127.0.0.1:",
            "80",
            "a@b/c",
            "secret-sid",
            "rid='10",
            "01'",
            " ",
            "x",
            "\\",
            "'",
            "| ",
            "== session 2",
            "server: held",
            "[hidden 3 bytes]",
        ];
        prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12).prop_map(|all| all.concat())
    }

    proptest! {
        #[test]
        fn is_written_so_that_it_is_read_again(one in text(), other in text(), broken in text()) {
            let script = format!(
                "{OPEN}
                10 1 C> <body rid='1001' sid='secret-sid'><message xmlns='jabber:client' to=\"{}\"><body>{}</body></message></body>
                20 1 S> 500 | Content-Type: text/plain | {}<",
                one.replace('"', ""),
                other.replace('|', ""),
                broken.replace('|', ""),
            );
            let made = transcript(&events(&script), None, &Varying::default());
            prop_assert_eq!(made.to_string().parse::<super::super::Transcript>().unwrap(), made);
        }
    }
}

/// The beginning of a session over WebSocket.
const WEBSOCKET: &str = "
    0 1 websocket
    1 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
    2 1 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='5k3' version='1.0'/>
    3 1 S= <features xmlns='http://etherx.jabber.org/streams'><sm xmlns='urn:xmpp:sm:3'/></features>
    4 1 C= <enable xmlns='urn:xmpp:sm:3' resume='true'/>
    5 1 S= <enabled xmlns='urn:xmpp:sm:3' id='secret-name' resume='true'/>";

fn streams(script: &str) -> String {
    let text = transcript(&events(script), None, &Varying::default()).to_string();
    // What is written is read again.
    assert_eq!(text.parse::<super::Transcript>().unwrap().to_string(), text);
    text
}

#[test]
fn a_stream_is_shown_by_what_the_client_says_and_what_that_is_answered() {
    let shown = streams(&format!(
        "{WEBSOCKET}
        10 1 C= ping
        11 1 C= <iq xmlns='jabber:client' id='first' type='get'><x xmlns='urn:x'/></iq>
        12 1 C= <iq xmlns='jabber:client' id='second' type='get'><x xmlns='urn:x'/></iq>
        13 1 S= <r xmlns='urn:xmpp:sm:3'/>
        14 1 S= <iq xmlns='jabber:client' id='second' type='result'/>
        15 1 S= <message xmlns='jabber:client'><body>unasked</body></message>
        16 1 S= <iq xmlns='jabber:client' id='first' type='result'/>
        17 1 C= <a xmlns='urn:xmpp:sm:3' h='3'/>
        20 1 C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>
        21 1 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>
        22 1 C= close 1000
        23 1 S= close 1000
        24 1 S. fin"
    ));
    insta::assert_snapshot!(shown);
}

/// Cause: a Close frame after what the server had not answered was read from the text as its answer, so that a transcript
/// differed from itself.
#[test]
fn what_is_read_from_a_transcript_is_what_was_written() {
    let script = format!(
        "{WEBSOCKET}
        10 1 C= text | hello
        11 1 S= close 1002
        12 1 S. fin"
    );
    let made = transcript(&events(&script), None, &Varying::default());
    let read: super::Transcript = made.to_string().parse().unwrap();
    assert_eq!(read, made);
    assert!(super::diff(&read, &made).is_equal());
}

#[test]
fn a_resumption_on_another_connection_is_one_session() {
    let shown = streams(&format!(
        "{WEBSOCKET}
        10 1 C= <message xmlns='jabber:client' id='m-first'/>
        11 1 C. fin
        500 2 websocket
        501 2 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
        502 2 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='5k4' version='1.0'/>
        503 2 C= <resume xmlns='urn:xmpp:sm:3' h='0' previd='secret-name'/>
        504 2 S= <resumed xmlns='urn:xmpp:sm:3' h='1' previd='secret-name'/>
        505 2 C= <message xmlns='jabber:client' id='m-second'/>"
    ));
    assert_eq!(shown.matches("== session 1 over WebSocket").count(), 1);
    assert!(!shown.contains("== session 2"), "{shown}");
    let cut = shown.find("client: cuts the connection").unwrap();
    let again = shown.find("client: GET /ws, on another connection").unwrap();
    assert!(cut < again, "{shown}");
    assert!(shown.contains("<resumed h='1' previd='[sm-1]'"), "{shown}");
}

#[test]
fn a_stream_over_tcp_is_shown_with_its_header_and_its_end() {
    let shown = streams(
        "0 1 C~ <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a'>
         1 1 S~ <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='x'>
         2 1 C~ <message><body>hello</body></message>
         3 1 C~  
         4 1 C~ <!-- no -->
         5 1 C~ </stream:stream>
         6 1 S~ </stream:stream>
         7 1 S. fin",
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn streams_are_compared_by_what_they_say() {
    let read = |text: &str| text.parse::<super::Transcript>().unwrap();
    let one = streams(&format!(
        "{WEBSOCKET}
        10 1 C= <message xmlns='jabber:client' to='b'><body>hello</body></message>"
    ));
    let other = one.replace("hello", "good bye");
    assert!(super::diff(&read(&one), &read(&one)).strands.is_empty());
    let diff = super::diff(&read(&one), &read(&other));
    let changes: Vec<_> = diff.strands.iter().flat_map(|strand| &strand.exchanges).collect();
    assert_eq!(changes.len(), 1, "{changes:?}");
    let change = &changes[0].changes[0];
    assert_eq!((change.old.as_deref(), change.new.as_deref()), (Some("hello"), Some("good bye")));
}
