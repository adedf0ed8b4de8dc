//! WebSocket through the proxy, between raw sockets: what passes is what was sent, and what is printed is what passed.

use std::net::{Shutdown, TcpStream};
use std::thread;

use serde_json::Value;
use xmppscope::wire::websocket::{Deflater, Head, Opcode};

use crate::rig::{Left, Proxy, Target, expect, ok, post, rest, run, send};

const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";

/// A WebSocket through a proxy, with the client and the target played by the test.
struct Line {
    proxy: Proxy,
    client: TcpStream,
    server: TcpStream,
}

/// A request for a WebSocket with some more header lines.
fn upgrade(more: &str) -> Vec<u8> {
    let lines = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    format!("GET /ws HTTP/1.1\r\n{lines}{more}\r\n").into_bytes()
}

/// The response to it, with some more header lines.
fn switch(more: &str) -> Vec<u8> {
    let lines = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    format!("HTTP/1.1 101 Switching Protocols\r\n{lines}{more}\r\n").into_bytes()
}

const XMPP: &str = "Sec-WebSocket-Protocol: xmpp\r\n";

impl Line {
    /// A WebSocket over which the subprotocol `xmpp` is spoken.
    fn open(options: &[&str]) -> Self {
        Self::with(options, "")
    }

    /// The same with this extension.
    fn with(options: &[&str], extensions: &str) -> Self {
        let target = Target::start();
        let proxy = Proxy::start(&target.url(), options);
        let (client, server) = (proxy.connect(), target.accept());
        let mut line = Self { proxy, client, server };
        let extensions = if extensions.is_empty() {
            String::new()
        } else {
            format!("Sec-WebSocket-Extensions: {extensions}\r\n")
        };
        let lines = format!("{XMPP}{extensions}");
        line.up(&upgrade(&lines));
        line.down(&switch(&lines));
        line
    }

    /// The client sends bytes, and exactly these reach the target.
    #[track_caller]
    fn up(&mut self, bytes: &[u8]) {
        send(&mut self.client, bytes);
        expect(&mut self.server, bytes);
    }

    /// The target sends bytes, and exactly these reach the client.
    #[track_caller]
    fn down(&mut self, bytes: &[u8]) {
        send(&mut self.server, bytes);
        expect(&mut self.client, bytes);
    }

    /// Both sides close their sockets, the client first, and the proxy is stopped.
    fn close(self) -> Left {
        let Self { proxy, client, mut server } = self;
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut server), b"", "nothing more is sent to the target");
        drop((client, server));
        proxy.wait_for_capture("\"closed\"");
        proxy.stop()
    }
}

/// A frame of the client.
fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    written(Head::new(opcode, payload.len() as u64, Some([0x12, 0xfe, 0, 0x80])), payload)
}

/// A frame of the server.
fn plain(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    written(Head::new(opcode, payload.len() as u64, None), payload)
}

fn written(head: Head, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    head.write_with(payload, &mut bytes);
    bytes
}

/// The lines of JSON about this.
fn lines(left: &Left, event: &str) -> Vec<Value> {
    let all = left.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["event"] == event).collect()
}

/// What the line of JSON about a frame says of these fields, those that are missing left out.
fn fields(line: &Value, names: &[&str]) -> String {
    let said =
        names.iter().filter_map(|name| line.get(name).map(|value| format!("{name} {value}")));
    said.collect::<Vec<_>>().join(", ")
}

const BITS: [&str; 8] =
    ["opcode", "frames", "masked", "bytes", "reserved", "padded", "unfinished", "clipped"];

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
                line.up(&bytes)
            } else {
                line.down(&bytes)
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
fn ten_megabytes_in_one_message_pass_unchanged_both_ways() {
    let mut line = Line::open(&["--format", "json"]);
    let big: Vec<u8> = (0..10_000_000_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    for mask in [Some([3, 1, 4, 1]), None] {
        let bytes = written(Head::new(Opcode::BINARY, big.len() as u64, mask), &big);
        let (from, to) = match mask {
            Some(_) => (&line.client, &mut line.server),
            None => (&line.server, &mut line.client),
        };
        let mut from = from.try_clone().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| send(&mut from, &bytes));
            expect(to, &bytes);
        });
    }
    line.up(&masked(Opcode::TEXT, b"<after/>"));
    let left = line.close();
    let frames = lines(&left, "frame");
    for frame in &frames[..2] {
        let said = fields(frame, &["opcode", "bytes", "clipped", "cut"]);
        assert_eq!(said, r#"opcode "binary", bytes 10000000, clipped true"#);
    }
    assert!(left.out.contains("<after/>") && lines(&left, "lost").is_empty());
}

#[test]
fn a_connection_cut_within_a_frame_is_cut_for_the_other_side_too() {
    for (whole, cut, opcodes) in [
        // In the head: which frame that would have been is not known.
        (plain(Opcode::BINARY, &[1; 300]), 3, &[][..]),
        (plain(Opcode::TEXT, b"<message/>"), 7, &["text"][..]),
        (plain(Opcode::PING, b"abc"), 4, &["ping"]),
    ] {
        let mut line = Line::open(&["--format", "json"]);
        line.down(&plain(Opcode::TEXT, b"<a/>"));
        line.down(&whole[..cut]);
        line.server.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut line.client), b"", "nothing is added");
        let left = line.close();
        let frames = lines(&left, "frame");
        let said: Vec<_> =
            frames[1..].iter().map(|frame| frame["opcode"].as_str().unwrap()).collect();
        assert_eq!(said, opcodes, "{}", left.out);
        assert!(frames[1..].iter().all(|frame| frame["cut"] == true), "{}", left.out);
    }
}

#[test]
fn close_codes_are_printed_in_words() {
    for (payload, words) in [
        (&b""[..], "Close\n"),
        (b"\x03\xe8", "Close 1000 normal closure"),
        (b"\x03\xe9shutting down", "Close 1001 going away \"shutting down\""),
        (b"\x03\xf0", "Close 1008 policy violation"),
        (b"\x0f\xa0kicked\x1b[2J", "Close 4000 \"kicked"),
        (b"\x03", "Close"),
        (b"\x03\xe8\xff\xfe", "Close"),
    ] {
        let mut line = Line::open(&[]);
        line.down(&plain(Opcode::CLOSE, payload));
        line.up(&masked(Opcode::CLOSE, payload));
        let left = line.close();
        assert_eq!(left.out.matches(words).count().min(2), 2, "{words}:\n{}", left.out);
        assert!(!left.out.contains('\x1b'), "{}", left.out);
        println!("{}", left.out);
    }
}

#[test]
fn ten_thousand_pings_are_one_line_and_cost_no_memory() {
    let mut line = Line::open(&[]);
    let (ping, pong) = (plain(Opcode::PING, b"1234"), masked(Opcode::PONG, b"1234"));
    let mut round = |times: usize| {
        for _ in 0..times {
            line.down(&ping.repeat(100));
            line.up(&pong.repeat(100));
        }
    };
    round(10);
    let before = line.proxy.memory();
    let mut round = |times: usize| {
        for _ in 0..times {
            line.down(&ping.repeat(100));
            line.up(&pong.repeat(100));
        }
    };
    round(90);
    line.up(&masked(Opcode::TEXT, b"<after/>"));
    line.proxy.wait_for("<after/>");
    let grown = line.proxy.memory().saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more");
    let left = line.close();
    assert!(left.out.contains("10000 pings of the server"), "{}", left.out);
    assert!(left.out.lines().count() < 12, "{}", left.out);
}

#[test]
fn a_thousand_idle_websockets_cost_little() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--format", "json"]);
    let open = || {
        let (mut client, mut server) = (proxy.connect(), target.accept());
        send(&mut client, &upgrade(XMPP));
        expect(&mut server, &upgrade(XMPP));
        send(&mut server, &switch(XMPP));
        expect(&mut client, &switch(XMPP));
        (client, server)
    };
    let first: Vec<_> = (0..20).map(|_| open()).collect();
    let before = proxy.memory();
    let mut all: Vec<_> = (0..1000).map(|_| open()).collect();
    let (client, server) = &mut all[500];
    let last = masked(Opcode::TEXT, b"<last/>");
    send(client, &last);
    expect(server, &last);
    proxy.wait_for("<last/>");
    let each = proxy.memory().saturating_sub(before) / 1000;
    assert!(each < 16 << 10, "{each} bytes each");
    drop((first, all));
    let left = proxy.stop();
    assert_eq!(lines(&left, "closed").len(), 1020);
}

#[test]
fn a_target_that_is_killed_leaves_the_client_without_a_connection() {
    for how in ["fin", "reset"] {
        let mut line = Line::open(&["--format", "json"]);
        line.down(&plain(Opcode::TEXT, b"<a/>"));
        let Line { proxy, mut client, server } = line;
        if how == "reset" {
            socket2::SockRef::from(&server).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
        drop(server);
        let mut bytes = Vec::new();
        let ended = std::io::Read::read_to_end(&mut client, &mut bytes);
        assert_eq!((ended.is_err(), bytes.len()), (how == "reset", 0));
        drop(client);
        proxy.wait_for_capture("\"closed\"");
        let left = proxy.stop();
        let ended = &lines(&left, "ended")[0];
        assert_eq!((&ended["direction"], &ended["how"]), (&"server".into(), &how.into()));
        assert_eq!(lines(&left, "closed")[0]["left"], "server", "{}", left.out);
    }
}

#[test]
fn the_subprotocol_passes_as_it_is_asked_for_and_answered() {
    for (asked, answered, shown) in [
        (XMPP, XMPP, "websocket, xmpp"),
        (XMPP, "", "websocket"),
        ("", "", "websocket"),
        (
            "Sec-WebSocket-Protocol: xmpp, chat\r\n",
            "Sec-WebSocket-Protocol: chat\r\n",
            "websocket, chat",
        ),
    ] {
        let target = Target::start();
        let proxy = Proxy::start(&target.url(), &[]);
        let (client, server) = (proxy.connect(), target.accept());
        let mut line = Line { proxy, client, server };
        line.up(&upgrade(asked));
        line.down(&switch(answered));
        line.up(&masked(Opcode::TEXT, b"<a/>"));
        let left = line.close();
        let words = format!("→ 101 Switching Protocols, {shown}, after");
        assert!(left.out.contains(&words), "{words}:\n{}", left.out);
        assert!(left.out.contains("<a/>"), "{}", left.out);
    }
}

#[test]
fn frames_may_come_in_the_same_segment_as_the_response() {
    let opening =
        [switch(XMPP), plain(Opcode::TEXT, b"<open/>"), plain(Opcode::PING, b"")].concat();
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--format", "json"]);
    let (client, server) = (proxy.connect(), target.accept());
    let mut line = Line { proxy, client, server };
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
            let target = Target::start();
            let proxy = Proxy::start(&target.url(), options);
            let (client, server) = (proxy.connect(), target.accept());
            let mut line = Line { proxy, client, server };
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
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--format", "json"]);
    let (client, server) = (proxy.connect(), target.accept());
    let mut line = Line { proxy, client, server };
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
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--format", "json"]);
    let (client, server) = (proxy.connect(), target.accept());
    let mut line = Line { proxy, client, server };
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
