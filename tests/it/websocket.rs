//! WebSocket through the proxy, between raw sockets: what passes is what was sent, and what is printed is what passed.

use std::net::Shutdown;

use xmppscope::wire::websocket::{Deflater, Head, Opcode};

use crate::rig::{ok, post, run};
use crate::websocket_bed::{
    BITS, FRAMING, Line, XMPP, connected, fields, lines, masked, plain, switch, upgrade, written,
};

#[test]
fn fragments_are_one_message_and_control_frames_pass_between_them() {
    let mut line = Line::open(&["--format", "json"]);
    let fragment = |fin, opcode, text: &[u8], mask| {
        written(Head { fin, ..Head::new(opcode, text.len() as u64, mask) }, text)
    };
    for mask in [Some([1, 2, 3, 4]), None] {
        let parts = [
            fragment(false, Opcode::TEXT, b"<message xmlns='jabber:client'><body>1", mask),
            fragment(true, Opcode::PING, b"there?", mask),
            fragment(false, Opcode::CONTINUATION, b"", mask),
            fragment(false, Opcode::CONTINUATION, b"2", mask),
            fragment(true, Opcode::PONG, b"", mask),
            fragment(true, Opcode::CONTINUATION, b"3</body></message>", mask),
        ];
        for part in parts {
            if mask.is_some() { line.up(&part) } else { line.down(&part) }
        }
    }
    let left = line.close();
    let said: Vec<_> = lines(&left, "frame").iter().map(|line| fields(line, &BITS[..4])).collect();
    let want = |masked: usize| {
        [("ping", 1, 6), ("pong", 1, 0), ("text", 4, 57)].map(|(opcode, frames, bytes)| {
            format!(
                "opcode \"{opcode}\", frames {frames}, masked {}, bytes {bytes}",
                masked * frames
            )
        })
    };
    assert_eq!(said, [want(1), want(0)].concat());
    assert_eq!(left.out.matches("<body>123</body>").count(), 2, "{}", left.out);
}

#[test]
fn every_form_of_the_length_passes_both_ways() {
    let mut line = Line::open(&["--format", "json"]);
    let mut want = Vec::new();
    for (length, extended) in [
        (0, 0),
        (1, 0),
        (125, 0),
        (126, 2),
        (127, 2),
        (65_535, 2),
        (65_536, 8),
        // Longer than they need to be: not allowed, and passed on all the same.
        (5, 2),
        (0, 8),
        (126, 8),
        (65_535, 8),
    ] {
        let payload: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
        for (side, mask) in [("client", Some([7, 0, 255, 9])), ("server", None)] {
            let head = Head { extended, ..Head::new(Opcode::BINARY, length, mask) };
            let bytes = written(head, &payload);
            if mask.is_some() {
                line.up(&bytes);
            } else {
                line.down(&bytes);
            }
            let padded = if head.is_minimal() { "" } else { ", padded true" };
            want.push(format!("direction \"{side}\", bytes {length}{padded}"));
        }
    }
    let left = line.close();
    let names = ["direction", "bytes", "padded"];
    let said: Vec<_> = lines(&left, "frame").iter().map(|line| fields(line, &names)).collect();
    assert_eq!(said, want);
}

#[test]
fn bits_that_must_not_be_set_pass_and_are_facts() {
    let mut line = Line::open(&["--format", "json"]);
    let odd = |head: Head| written(head, b"ab");
    let (client, server) = (Some([1; 4]), None);
    line.up(&plain(Opcode::TEXT, b"<a/>"));
    line.down(&masked(Opcode::TEXT, b"<a/>"));
    line.up(&odd(Head { reserved: 2, ..Head::new(Opcode::TEXT, 2, client) }));
    line.down(&odd(Head { reserved: 4, ..Head::new(Opcode::TEXT, 2, server) }));
    line.up(&odd(Head { fin: false, ..Head::new(Opcode::PING, 2, client) }));
    line.down(&odd(Head::new(Opcode(3), 2, server)));
    line.up(&odd(Head { reserved: 7, ..Head::new(Opcode(11), 2, client) }));
    line.up(&written(Head::new(Opcode::PING, 126, client), &[b'a'; 126]));
    line.down(&odd(Head::new(Opcode::CONTINUATION, 2, server)));
    let left = line.close();
    let said: Vec<_> = lines(&left, "frame").iter().map(|line| fields(line, &BITS)).collect();
    let want = [
        r#"opcode "text", frames 1, masked 0, bytes 4"#,
        r#"opcode "text", frames 1, masked 1, bytes 4"#,
        r#"opcode "text", frames 1, masked 1, bytes 2, reserved 2"#,
        r#"opcode "text", frames 1, masked 0, bytes 2, reserved 4"#,
        r#"opcode "ping", frames 1, masked 1, bytes 2, unfinished true"#,
        r#"opcode "opcode 3", frames 1, masked 0, bytes 2"#,
        r#"opcode "opcode 11", frames 1, masked 1, bytes 2, reserved 7"#,
        r#"opcode "ping", frames 1, masked 1, bytes 126"#,
        r#"opcode "continuation", frames 1, masked 0, bytes 2"#,
    ];
    assert_eq!(said, want);
}

#[test]
fn a_character_may_be_cut_by_fragments_but_must_be_whole_in_the_end() {
    let mut line = Line::open(&["--format", "json"]);
    let fragments = |one: &[u8], two: &[u8]| {
        let mask = Some([200, 1, 0, 3]);
        let first = Head { fin: false, ..Head::new(Opcode::TEXT, one.len() as u64, mask) };
        let last = Head::new(Opcode::CONTINUATION, two.len() as u64, mask);
        [written(first, one), written(last, two)].concat()
    };
    line.up(&fragments(b"<a>\xe2\x82", b"\xac</a>"));
    line.up(&fragments(b"<a>\xe2\x82", b"</a>"));
    let left = line.close();
    let frames = lines(&left, "frame");
    assert_eq!(frames[0]["stanzas"][0]["xml"], "<a>€</a>", "{}", left.out);
    assert_eq!(frames[1]["reading"], "malformed", "{}", left.out);
    assert!(!left.out.contains("raw"), "{}", left.out);
}

#[test]
fn compressed_messages_pass_as_they_are_and_are_shown_inflated() {
    let deflate = "permessage-deflate";
    for (extension, no_context) in [
        (deflate.to_owned(), false),
        (format!("{deflate}; server_no_context_takeover; client_no_context_takeover"), true),
    ] {
        let mut line = Line::with(&["--format", "json"], &extension);
        let mut deflaters = [Deflater::new(no_context), Deflater::new(no_context)];
        let text =
            "<message xmlns='jabber:client'><body>again and again and again</body></message>";
        let mut sizes = Vec::new();
        for mask in [Some([1, 2, 3, 4]), None].repeat(3) {
            let payload = deflaters[usize::from(mask.is_none())].deflate(text.as_bytes());
            sizes.push(payload.len());
            // In two fragments, with a ping between them.
            let (one, two) = payload.split_at(3);
            let first =
                Head { fin: false, reserved: 4, ..Head::new(Opcode::TEXT, one.len() as u64, mask) };
            let bytes = [
                written(first, one),
                written(Head::new(Opcode::PING, 0, mask), b""),
                written(Head::new(Opcode::CONTINUATION, two.len() as u64, mask), two),
            ]
            .concat();
            if mask.is_some() { line.up(&bytes) } else { line.down(&bytes) }
        }
        assert_eq!(sizes[4] < sizes[0] / 2, !no_context, "the context is used: {sizes:?}");
        let left = line.close();
        assert_eq!(
            left.out.matches("<body>again and again and again</body>").count(),
            6,
            "{}",
            left.out
        );
        let mut frames = lines(&left, "frame");
        frames.retain(|frame| frame["opcode"] == "text");
        for (frame, size) in frames.iter().zip(sizes) {
            assert_eq!((&frame["coding"], &frame["bytes"]), (&deflate.into(), &size.into()));
            assert_eq!(fields(frame, &["undecoded", "reserved", "clipped"]), "");
        }
    }
}

#[test]
fn what_cannot_be_inflated_passes_and_is_explained() {
    let mut line = Line::with(&["--format", "json"], "permessage-deflate");
    let compressed = |payload: &[u8]| {
        let mask = Some([1, 2, 3, 4]);
        let head = Head { reserved: 4, ..Head::new(Opcode::TEXT, payload.len() as u64, mask) };
        written(head, payload)
    };
    let secret =
        b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>";
    let stored = [&[0, secret.len() as u8, 0, !(secret.len() as u8), 0xff][..], secret].concat();
    line.up(&compressed(b"\xff\xff\xff"));
    // It would be readable, but what came before is unknown.
    line.up(&compressed(&stored));
    line.up(&masked(Opcode::TEXT, b"<plain/>"));
    // A compressed message that is cut off by the end of the connection.
    let bytes = compressed(&stored);
    line.up(&bytes[..bytes.len() - 5]);
    let left = line.close();
    let frames = lines(&left, "frame");
    assert!(frames[0]["undecoded"].is_string(), "{}", left.out);
    let why = "it refers to earlier messages that could not be inflated";
    assert_eq!(frames[1]["undecoded"], why, "{}", left.out);
    assert_eq!(frames[2]["stanzas"][0]["xml"], "<plain/>", "{}", left.out);
    assert_eq!(frames[3]["cut"], true, "{}", left.out);
    let capture = std::fs::read_to_string(&left.capture).unwrap();
    for text in [&left.out, &capture] {
        assert!(!text.contains("AGEAc2Vj"), "a secret is shown: {text}");
    }
}

#[test]
fn a_secret_in_a_compressed_message_that_is_cut_is_hidden() {
    for show in [false, true] {
        let mut options = vec!["--format", "json"];
        options.extend(show.then_some("--show-secrets"));
        let mut line = Line::with(&options, "permessage-deflate");
        let secret =
            b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>";
        let stored =
            [&[0, secret.len() as u8, 0, !(secret.len() as u8), 0xff][..], secret].concat();
        let head = Head { reserved: 4, ..Head::new(Opcode::TEXT, stored.len() as u64, None) };
        let bytes = written(head, &stored);
        line.down(&bytes[..bytes.len() - 5]);
        line.server.shutdown(Shutdown::Write).unwrap();
        let left = line.close();
        let frame = &lines(&left, "frame")[0];
        assert_eq!((&frame["cut"], &frame["coding"]), (&true.into(), &"permessage-deflate".into()));
        let capture = std::fs::read_to_string(&left.capture).unwrap();
        for text in [&left.out, &capture] {
            assert_eq!(text.contains("AGEAc2Vj"), show, "{text}");
            assert!(text.contains("<auth"), "what has come is shown: {text}");
        }
    }
}

#[test]
fn the_subprotocol_passes_as_it_is_asked_for_and_answered() {
    for (asked, answered, shown) in [
        (XMPP, XMPP, "→ 101 Switching Protocols, websocket, xmpp, after"),
        // With a finding, the request and the response stand on lines of their own.
        (XMPP, "", "S> #1 101 Switching Protocols, after"),
        ("", "", "→ 101 Switching Protocols, websocket, after"),
        (
            "Sec-WebSocket-Protocol: xmpp, chat\r\n",
            "Sec-WebSocket-Protocol: chat\r\n",
            "S> #1 101 Switching Protocols, after",
        ),
    ] {
        let mut line = connected(&[]);
        line.up(&upgrade(asked));
        line.down(&switch(answered));
        line.up(&masked(Opcode::TEXT, b"<a/>"));
        let left = line.close();
        assert!(left.out.contains(shown), "{shown}:\n{}", left.out);
        assert!(left.out.contains("<a/>"), "{}", left.out);
    }
}

#[test]
fn frames_may_come_in_the_same_segment_as_the_response() {
    let opening =
        [switch(XMPP), plain(Opcode::TEXT, b"<open/>"), plain(Opcode::PING, b"")].concat();
    let mut line = connected(&["--format", "json"]);
    line.up(&upgrade(XMPP));
    line.down(&opening);
    line.up(&masked(Opcode::PONG, b""));
    let left = line.close();
    let said: Vec<_> = lines(&left, "frame").iter().map(|line| fields(line, &BITS[..1])).collect();
    assert_eq!(said, [r#"opcode "text""#, r#"opcode "ping""#, r#"opcode "pong""#]);
    assert!(left.out.contains("<open/>") && lines(&left, "raw").is_empty());
}

#[test]
fn frames_that_the_client_sends_before_the_response_are_frames() {
    let secret =
        b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>";
    let early = [masked(Opcode::TEXT, secret), masked(Opcode::TEXT, b"<b/>")].concat();
    for options in [&["--format", "json"][..], &["--format", "json", "--host", "localhost"]] {
        for cut in [0, 1, 2, 6, 60, early.len() - 2, early.len()] {
            let mut line = connected(options);
            let (before, after) = early.split_at(cut);
            line.up(&upgrade(XMPP));
            line.up(before);
            line.down(&switch(XMPP));
            line.up(after);
            line.down(&plain(Opcode::TEXT, b"<c/>"));
            let left = line.close();
            assert!(lines(&left, "raw").is_empty(), "cut at {cut}: {}", left.out);
            let frames = lines(&left, "frame");
            let said: Vec<_> =
                frames.iter().map(|frame| frame["bytes"].as_u64().unwrap()).collect();
            assert_eq!(said, [secret.len() as u64, 4, 4], "cut at {cut}: {}", left.out);
            let capture = std::fs::read_to_string(&left.capture).unwrap();
            assert!(!(left.out + &capture).contains("AGEAc2Vj"), "a secret is shown");
        }
    }
}

#[test]
fn frames_of_a_client_that_is_refused_are_not_taken_for_anything() {
    let mut line = connected(&["--format", "json"]);
    line.up(&upgrade(XMPP));
    line.up(&masked(Opcode::TEXT, b"<a/>"));
    line.down(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    line.up(&masked(Opcode::TEXT, b"<b/>"));
    let left = line.close();
    let raw = lines(&left, "raw");
    let bytes: u64 = raw.iter().map(|raw| raw["bytes"].as_u64().unwrap()).sum();
    assert_eq!(bytes, 20, "{}", left.out);
    assert!(raw[0]["why"].is_string() && lines(&left, "frame").is_empty(), "{}", left.out);
    assert_eq!(lines(&left, "response")[0]["status"], 403);
}

#[test]
fn requests_may_come_before_the_upgrade_on_the_same_connection() {
    let body = "<body xmlns='http://jabber.org/protocol/httpbind'/>";
    let mut line = connected(&["--format", "json"]);
    for _ in 0..2 {
        line.up(&post(body));
        line.down(&ok(body));
    }
    line.up(b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    line.down(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
    line.up(&upgrade(XMPP));
    line.down(&switch(XMPP));
    line.up(&masked(Opcode::TEXT, b"<a/>"));
    line.down(&plain(Opcode::TEXT, b"<b/>"));
    let left = line.close();
    let status: Vec<_> =
        lines(&left, "response").iter().map(|line| fields(line, &["exchange", "status"])).collect();
    let want = ["exchange 1, status 200", "exchange 2, status 200", "exchange 3, status 426"];
    assert_eq!(status[..3], want);
    assert_eq!(status[3..], ["exchange 4, status 101"]);
    assert_eq!(lines(&left, "frame").len(), 2, "{}", left.out);
}

#[test]
fn a_capture_of_a_websocket_shows_exactly_what_was_printed_live() {
    let mut line = Line::with(&[], "permessage-deflate");
    let mut deflater = Deflater::new(false);
    let open = format!("<open xmlns='{FRAMING}' to='localhost' version='1.0'/>");
    line.up(&masked(Opcode::TEXT, open.as_bytes()));
    let payload = deflater.deflate(open.as_bytes());
    let head = Head { reserved: 4, ..Head::new(Opcode::TEXT, payload.len() as u64, None) };
    line.down(&written(head, &payload));
    for _ in 0..3 {
        line.up(&masked(Opcode::PING, b"1"));
        line.down(&plain(Opcode::PONG, b"1"));
    }
    line.down(&plain(Opcode::TEXT, b"<auth>\xff</auth"));
    line.up(&masked(Opcode::CLOSE, b"\x03\xe8done"));
    line.down(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffno frame");
    let left = line.close();
    let (code, shown, errors) = run(&["show", left.capture.to_str().unwrap()]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(shown, left.out);
    assert!(left.out.contains("a frame whose length has its highest bit set"), "{}", left.out);
}
