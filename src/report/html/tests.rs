//! What stands in a page, and what cannot.

use std::time::Duration;

use serde_json::Value;

use super::Page;
use super::page::{Embedded, Room, SCRIPT, STYLE, hash};
use super::row::CONTENT;
use crate::trace::capture::{Preface, Secrets};
use crate::trace::{Content, Event, Fact, Headers, Request};
use serde::Serialize;
use serde_json::ser::Serializer;

fn embedded(text: &str) -> String {
    let mut out = Vec::new();
    text.serialize(&mut Serializer::with_formatter(&mut out, Embedded)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_ends_no_element_and_stays_text() {
    let text = "</script><!-- <script> \\ \"é\" \n\t";
    let written = embedded(text);
    assert!(!written.contains('<'), "{written}");
    assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
}

#[test]
fn what_controls_or_reorders_is_shown_as_an_escape() {
    let read = |text| serde_json::from_str::<String>(&embedded(text)).unwrap();
    assert_eq!(read("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
    assert_eq!(read("\u{1b}[2J\r\u{8}\u{c}\u{9b}"), "\\u{1b}[2J\\r\\u{8}\\u{c}\\u{9b}");
}

/// A page about requests with these contents.
fn page(contents: &[&str]) -> (Value, Page) {
    filled(Page::new("a page"), contents)
}

fn filled(mut page: Page, contents: &[&str]) -> (Value, Page) {
    let started = "2026-03-01T12:00:00.25+01:00".parse().unwrap();
    let preface = Preface::new(started, "http://chat.example".to_owned(), Secrets::Hidden);
    let mut traffic = page.trace("a trace", &preface);
    for content in contents {
        let content = Content {
            bytes: content.as_bytes().to_vec(),
            size: content.len() as u64,
            ..Content::default()
        };
        let request = Request {
            first: Duration::ZERO,
            method: "POST".to_owned(),
            target: "/http-bind".to_owned(),
            version: 1,
            headers: Headers::default(),
            content,
        };
        traffic.take(Event { at: Duration::from_millis(7), conn: 1, fact: Fact::Request(request) });
    }
    assert_eq!(traffic.finish(), 0);
    (serde_json::to_value(&page).unwrap()["traces"][0].clone(), page)
}

#[test]
fn an_event_in_words() {
    let (trace, _) = page(&[
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='9007199254740991' sid='s'>\
        <message xmlns='jabber:client' to='bob@chat.example'><body>hi</body></message></body>",
    ]);
    let event = &trace["events"][0];
    assert_eq!((&event["kind"], &event["at"]), (&Value::from("request"), &Value::from(7.0)));
    assert_eq!(event["rid"], "9007199254740991");
    assert_eq!(event["stanzas"][0]["line"], "message normal → bob@chat.example: \"hi\"");
    assert_eq!(event["head"]["line"], "POST /http-bind HTTP/1.1");
    assert!(event["content"].as_str().unwrap().contains("\n    <body>hi</body>\n"));
    assert_eq!(trace["clock"], 43_200_250.0);
    assert_eq!(trace["sessions"][0]["sid"], "s");
}

#[test]
fn incidents_are_those_of_the_rules() {
    let ask = "<body xmlns='http://jabber.org/protocol/httpbind' rid='100000'><a/></body>";
    let (trace, _) = page(&[ask, ask]);
    let first = &trace["incidents"][0];
    assert_eq!((&first["level"], &first["party"]), (&Value::from("error"), &Value::from("client")));
    assert_eq!((&first["count"], &first["at"]), (&Value::from(2), &Value::from(7.0)));
    assert!(first["words"].as_str().unwrap().contains("no sid"), "{first}");
}

#[test]
fn contents_are_bounded_and_the_page_says_so() {
    let large = format!("<body>{}</body>", "<a>é</a>".repeat(CONTENT));
    let deep = "<a>".repeat(CONTENT);
    let text = "é".repeat(CONTENT);
    let (trace, _) = page(&[&large, &deep, &text, "<body/>"]);
    for (event, whole) in
        trace["events"].as_array().unwrap().iter().zip([false, false, false, true])
    {
        assert!(event["content"].as_str().unwrap().len() <= 2 * CONTENT);
        let rest = event["rest"].as_str();
        assert_eq!(rest.is_none(), whole);
        assert!(rest.is_none_or(|rest| rest.starts_with("only the beginning: all ")), "{rest:?}");
    }
}

#[test]
fn the_page_as_a_whole_is_bounded_too() {
    let mut page = Page::new("a page");
    page.room = Room { content: 10, events: 2 };
    let (trace, page) = filled(page, &["<a>12345</a>", "<b>12345</b>", "<c/>"]);
    let events = trace["events"].as_array().unwrap();
    assert_eq!((events.len(), &trace["left_out"]), (2, &Value::from(1)));
    let rest = events[1]["rest"].as_str().unwrap();
    assert!(rest.ends_with("left out, this page is full"), "{rest}");
    assert_eq!(events[1]["content"].as_str().unwrap_or_default(), "");
    assert_eq!((page.room.content, page.room.events), (0, 0));
}

#[test]
fn the_policy_allows_this_script_and_this_style_alone() {
    let mut out = Vec::new();
    page(&["<body/>"]).1.write(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for part in [SCRIPT, STYLE] {
        assert!(text.contains(&hash(part)) && text.contains(part));
    }
    assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
    for way in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function("]
    {
        assert!(!SCRIPT.contains(way), "{way} makes markup, or a script, of text");
    }
    assert!(!text.contains("http-equiv=\"refresh\"") && !text.contains(" src="));
}
