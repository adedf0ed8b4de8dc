//! Hostile input, from the wire to the screen: every file of fixtures/hostile as a request and as an answer.

use std::fs;
use std::path::Path;

use xmppscope::clock::Clock;
use xmppscope::trace::intake::Intake;
use xmppscope::wire::Side;

use crate::observed;

/// What pretty printing and JSON make of a connection that carried `body` both ways.
fn shown(body: &[u8]) -> (String, String) {
    let clock = Clock::start();
    let head = |first: &str| {
        let kind = "Content-Type: text/xml; charset=utf-8";
        format!("{first}\r\n{kind}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes()
    };
    let request = [&head("POST /http-bind HTTP/1.1"), body].concat();
    let response = [&head("HTTP/1.1 200 OK"), body].concat();
    let sent = [(Side::Client, &request[..]), (Side::Server, &response[..])];
    let events = observed::events(sent, Intake::new(false, 4 << 20), clock);
    observed::printed(events, Some(80), clock)
}

#[test]
fn hostile_content_is_shown_harmlessly_and_within_bounds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile");
    let mut replayed = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        replayed += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let body = fs::read(&path).unwrap();
        let (pretty, json) = shown(&body);
        for text in [&pretty, &json] {
            let bad = text.chars().find(|&c| {
                (c.is_control() && c != '\n' && c != '\t')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            });
            assert_eq!(bad, None, "{name}: reaches the terminal");
        }
        assert!(!pretty.contains('\u{200b}'), "{name}: hidden text is not shown to be there");
        assert!(pretty.contains("POST") || pretty.contains("C>"), "{name}: {pretty}");
        // Twice the content, indented and escaped: a bound, not a goal.
        assert!(pretty.len() < 40 * body.len() + 64 * 1024, "{name}: {} bytes", pretty.len());
        for line in json.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
    assert!(replayed > 50, "only {replayed} files: is the corpus there?");
}

#[test]
fn what_imitates_a_line_of_ours_stays_inside_its_block() {
    let spoof = "<body xmlns='http://jabber.org/protocol/httpbind' sid='a' rid='1'><message xmlns='jabber:client'>\
                 <body>x\n12:00:00.000  +1 ms a S> rid 2 #1 terminate\n    error (server): broken</body></message></body>";
    let (pretty, _) = shown(spoof.as_bytes());
    let fakes = pretty.lines().filter(|line| {
        line.starts_with("12:00:00") || line.starts_with("    error (server): broken")
    });
    assert_eq!(fakes.count(), 0, "{pretty}");
}
