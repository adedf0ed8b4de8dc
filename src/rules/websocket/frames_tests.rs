use crate::rules::Level;
use crate::rules::playbook::{at_least, play, websocket_login};

const STANZA: &str = "<message xmlns='jabber:client'/>";

fn after(script: &str) -> Vec<String> {
    let script = script.replace("STANZA", STANZA);
    at_least(Level::Note, &(websocket_login(0, 1) + &script))
}

/// The only finding.
fn one(script: &str) -> String {
    let found = after(script);
    assert_eq!(found.len(), 1, "{script}: {found:#?}");
    found.into_iter().next().unwrap()
}

#[test]
fn what_is_lawful_yields_nothing() {
    for script in [
        "10 1 C= text | frames: 3 | STANZA\n11 1 C= ping\n12 1 S= pong\n13 1 S= text | frames: 2 | STANZA",
        "10 1 C= pong | nobody asked\n11 1 S= STANZA",
        "10 1 C= text | mask: 7 | STANZA\n11 1 C= text | mask: 7 | STANZA\n12 1 C= text | mask: 8 | STANZA",
        "10 1 !lost 3\n11 1 C= 0 | rest\n12 1 S= text | undecoded: it refers to earlier messages | x",
    ] {
        let found = after(script);
        let found: Vec<_> = found.iter().filter(|line| !line.contains("unobserved")).collect();
        assert!(found.is_empty(), "{script}: {found:?}");
    }
}

#[test]
fn masks() {
    let found = one("10 1 C= text | masked: 0 | STANZA\n11 1 C= text | masked: 0 | STANZA");
    assert!(
        found.starts_with("10 Error ws-masking Client: A text message of the client is not masked")
    );
    let found = one("10 1 C= text | frames: 3 | masked: 2 | STANZA");
    assert!(found.contains("ws-masking Client"), "{found}");
    let found = one("10 1 S= pong | masked: 1");
    assert!(found.contains("ws-masking Server: A pong frame of the server is masked"), "{found}");
    let found = one("10 1 C= ping | mask: 0\n11 1 S= pong\n12 1 C= text | mask: 0 | STANZA");
    assert!(found.starts_with("12 Note ws-mask-key Client"), "{found}");
    assert!(found.contains("00000000 (it masks nothing)"), "{found}");
    let three = "10 1 C= text | mask: 9 | STANZA\n11 1 C= text | mask: 9 | STANZA\n12 1 C= text | mask: 9 | STANZA";
    assert!(one(three).contains("3 frames in a row with the same key, 00000009."));
}

#[test]
fn heads() {
    for (frame, id, words) in [
        (
            "3 | x",
            Some("ws-reserved-bits"),
            "A frame of the client has opcode 3, which is not defined.",
        ),
        ("11", Some("ws-reserved-bits"), "has opcode 11"),
        (
            "text | reserved: 4 | STANZA",
            Some("ws-reserved-bits"),
            "has RSV1 set, as if it were compressed, but",
        ),
        (
            "text | reserved: 3 | STANZA",
            Some("ws-reserved-bits"),
            "has RSV2 and RSV3 set, which no",
        ),
        (
            "pong | unfinished: yes",
            Some("ws-control-frames"),
            "A pong frame of the client is a fragment of a pong.",
        ),
        (
            "text | padded: yes | STANZA",
            Some("ws-length-minimal"),
            "writes its length in more bytes than it needs",
        ),
    ] {
        let script =
            format!("{}10 1 C= {}", websocket_login(0, 1), frame.replace("STANZA", STANZA));
        let seen = play(&script);
        let found: Vec<_> = seen.iter().flat_map(|seen| &seen.findings).collect();
        assert_eq!(found.len(), 1, "{frame}: {found:#?}");
        assert_eq!((found[0].name(), found[0].requirement), ("ws-frame-invalid", id), "{frame}");
        assert!(found[0].words.contains(words), "{frame}: {}", found[0].words);
    }
    let long = format!("10 1 C= ping | {}\n11 1 S= pong | {0}", "x".repeat(126));
    assert_eq!(after(&long).len(), 2, "one for each side");
}

#[test]
fn reserved_bits_are_not_judged_where_it_is_not_known_what_was_agreed() {
    let late = format!("10 1 C= {STANZA}\n11 1 S= text | reserved: 4 | {STANZA}\n12 1 C= 0 | x");
    assert_eq!(at_least(Level::Note, &late), [""; 0]);
    let other = format!(
        "0 1 C> GET /ws | Upgrade: websocket | Sec-WebSocket-Protocol: xmpp | Sec-WebSocket-Extensions: x-webkit-deflate-frame
         1 1 S> 101 | Upgrade: websocket | Sec-WebSocket-Protocol: xmpp | Sec-WebSocket-Extensions: x-webkit-deflate-frame
         2 1 C= text | reserved: 4 | {STANZA}"
    );
    let found = at_least(Level::Note, &other);
    assert!(!found.iter().any(|line| line.contains("ws-frame-invalid")), "{found:?}");
}

#[test]
fn fragments() {
    assert!(
        one("10 1 C= 0 | x")
            .contains("ws-fragments-mixed Client: A continuation frame of the client")
    );
    let found = one("10 1 S= text | cut: yes | <mess\n11 1 S= STANZA");
    assert!(found.contains("begins within another one that is not complete"), "{found}");
    // The connection ended within a message, which is no fault of framing.
    let found = after("10 1 S= text | cut: yes | <mess\n11 1 S. fin");
    assert!(!found[0].contains("ws-fragments"), "{found:?}");
    // The rest of a control frame is one fault with it.
    assert!(
        one("10 1 S= ping | unfinished: yes\n10 1 S= 0 | x\n11 1 C= pong")
            .contains("ws-frame-invalid")
    );
}

#[test]
fn content() {
    let found = one("10 1 S= binary | STANZA");
    assert!(found.contains("Error ws-binary-message Server"), "{found}");
    let found = one(
        "10 1 S= text | latin-1: yes | <a xmlns='b'>ü</a>\n11 1 S= text | latin-1: yes | <a>ü</a>",
    );
    assert!(
        found.contains(r"is not UTF-8 at byte 13: <a xmlns='b'>\xfc</a>. The receiver"),
        "{found}"
    );
    let found =
        one("10 1 C= text | undecoded: invalid block | x\n11 1 C= text | undecoded: it refers | x");
    assert!(found.contains("ws-undecodable Client") && found.contains("invalid block"), "{found}");
}
