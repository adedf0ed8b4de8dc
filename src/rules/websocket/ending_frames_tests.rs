use crate::rules::Level;
use crate::rules::playbook::at_least;

const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";

/// The findings of this file's kinds, after the streams were closed in order.
fn found(script: &str) -> Vec<String> {
    let open = CLOSE.replace("close", "open");
    let script = format!(
        "0 1 websocket\n1 1 C= {open}\n2 1 S= {open}\n3 1 C= {CLOSE}\n4 1 S= {CLOSE}\n{script}"
    );
    at_least(Level::Note, &script)
}

#[test]
fn closing_handshakes_in_order_yield_nothing() {
    for script in [
        "10 1 C= close\n11 1 S= close\n12 1 S. fin",
        "10 1 S= close 1000 | Stream closed\n11 1 C= close 1000\n12 1 S. fin",
        // Prosody does not wait for the answer.
        "10 1 S= close 1000 | Stream closed\n11 1 S. fin",
        "10 1 S= close 1000\n10 1 C= close\n11 1 C. fin",
        "10 1 S= close 1000\n11 1 S= close 1000\n12 1 C= close\n13 1 S. fin",
        "10 1 C= close 3000\n11 1 S= close 4999\n12 1 S. fin",
        // What was on its way when the other side closed.
        "10 1 C= close\n11 1 S= <message xmlns='jabber:client'/>\n12 1 S= close\n13 1 S. fin",
        "10 1 C= close\n11 1 C= ping\n12 1 S= close\n13 1 S. fin",
        "10 1 C= close\n11 1 !lost 3\n90000 tick",
        "10 1 C= close\n11 1 S. stopped",
        "10 1 C= close\n11 1 &- fin\n11 1 . gone",
    ] {
        let found = found(script);
        let found: Vec<_> = found.iter().filter(|line| !line.contains("unobserved")).collect();
        assert!(found.is_empty(), "{script}: {found:?}");
    }
}

#[test]
fn statuses_that_are_never_sent() {
    for (close, words) in [
        (
            "close 1005",
            "the status 1005, which is never sent: it stands for that no status was received",
        ),
        ("close 1006", "that a connection broke without a Close frame"),
        ("close 1015", "that TLS failed"),
        ("close 999", "the lowest is 1000"),
        ("close 5000", "the highest is 4999"),
        ("close 1004", "the status 1004, which is reserved"),
        ("close 2999", "which is reserved"),
        ("close | x", "one byte of content"),
        ("close 1000 | latin-1: yes | ü", "a reason that is not UTF-8"),
    ] {
        let found = found(&format!("10 1 C= {close}\n11 1 S= close 1002\n12 1 S. fin"));
        assert_eq!(found.len(), 1, "{close}: {found:#?}");
        assert!(found[0].starts_with("10 Error ws-close-status Client"), "{found:?}");
        assert!(found[0].contains(words), "{close}: {found:?}");
    }
}

#[test]
fn nothing_follows_a_close_frame() {
    let found = found(
        "10 1 S= close\n11 1 S= <message xmlns='jabber:client'/>\n12 1 S= <message xmlns='jabber:client'/>\n\
         13 1 C= close\n14 1 S. fin",
    );
    assert_eq!(
        found,
        [
            "11 Error ws-after-close Server: The server sends a message 1.0 ms after its own Close frame. Nothing may \
             follow that, and the other side ignores it: it is lost. Reported once."
        ]
    );
}

#[test]
fn what_is_missing_behind_a_close_frame_is_reported_when_it_is_due() {
    let silent = found("10 1 S= close 1000\n90000 1 C= close");
    assert!(silent[0].starts_with("10010 Warning ws-close-frame-unanswered Nobody"), "{silent:?}");
    let busy = found("10 1 S= close 1000\n11 1 C= ping\n90000 tick");
    assert!(busy[0].starts_with("10010 Error ws-close-frame-unanswered Client"), "{busy:?}");
    let open = found("10 1 S= close 1000\n12 1 C= close\n90000 tick");
    assert!(open[0].starts_with("10012 Error ws-tcp-left-open Server"), "{open:?}");
    let cut = found("10 1 C= close\n11 1 S. reset");
    assert!(
        cut[0].starts_with("11 Error ws-close-frame-unanswered Server: The server ended the TCP"),
        "{cut:?}"
    );
    let reload = found("10 1 C= close 1001\n11 1 S. fin");
    assert!(reload[0].starts_with("11 Note ws-close-frame-unanswered Server"), "{reload:?}");
    assert_eq!([silent, busy, open, cut, reload].map(|found| found.len()), [1; 5]);
}
