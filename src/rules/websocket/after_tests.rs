use crate::rules::finding::Level;
use crate::rules::playbook::{at_least, names};

const ASK: &str = "0 1 C> GET /ws | Host: a | Connection: Upgrade | Upgrade: websocket | Sec-WebSocket-Version: 13 \
    | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Protocol: xmpp";
const SWITCH: &str = "5 1 S> 101 | Connection: Upgrade | Upgrade: websocket \
    | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const OPEN: &str =
    "9 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";

#[test]
fn a_browser_that_closes_at_once_follows_from_the_missing_subprotocol() {
    let found = at_least(Level::Note, &format!("{ASK}\n{SWITCH}\n25 1 C. fin"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("ws-subprotocol-missing") && found[1].contains("Note ws-closed-at-once"),
        "{found:?}"
    );
    assert!(found[1].contains("20 ms after the 101"), "{found:?}");
}

#[test]
fn a_client_that_goes_on_without_a_subprotocol_is_reported_once() {
    let close = "20 1 C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n20 1 C= close";
    let script = format!("{ASK}\n{SWITCH}\n{OPEN}\n{close}\n900 1 C. fin");
    assert_eq!(names(&script), ["ws-subprotocol-missing", "ws-subprotocol-ignored"]);
    let without = script.replace(" | Sec-WebSocket-Protocol: xmpp", "");
    let found = at_least(Level::Note, &without);
    assert!(found[0].contains("Error ws-subprotocol-not-offered Client"), "{found:?}");
    // Nothing that is not XMPP.
    let other =
        without.replace(OPEN, "9 1 C= <o/>").replace("urn:ietf:params:xml:ns:xmpp-framing", "x");
    assert!(!names(&other).contains(&"ws-subprotocol-not-offered"));
}

#[test]
fn the_end_of_a_websocket_without_frames_says_what_is_known() {
    let agreed = format!("{ASK}\n{SWITCH} | Sec-WebSocket-Protocol: xmpp");
    let end = |rest: &str| at_least(Level::Note, &format!("{agreed}\n{rest}"));
    let found = end("50366 1 S- fin\n50590 1 C- fin\n50590 1 . gone");
    assert_eq!(found.len(), 1, "{found:?}");
    for part in [
        "Warning ws-ended-unseen Between",
        "50.4 s after the handshake",
        "timeout of 50 s in between (many HAProxy",
    ] {
        assert!(found[0].contains(part), "{part}: {found:?}");
    }
    assert!(end("37000 1 S. fin")[0].contains("Note ws-ended-unseen Nobody"));
    assert!(end("60005 1 C. fin")[0].contains("Note ws-ended-unseen Nobody: The client ended"));
    let raw = end("100 1 !raw S a WebSocket | abc\n60120 1 S. fin");
    assert!(
        raw.last().is_some_and(|found| found.contains("Nothing had passed for 60.0 s")),
        "{raw:?}"
    );
    assert!(
        end("60 1 S. fin")[0]
            .contains("Warning ws-closed-at-once Nobody: The server's side closed")
    );
    assert_eq!(end("60005 1 S. stopped"), [""; 0]);
    assert!(!names(&format!("{agreed}\n9 1 S= ping\n60005 1 S. fin")).contains(&"ws-ended-unseen"));
}
