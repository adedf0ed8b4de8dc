//! WebSocket through the proxy when there is much of it, and how it ends.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::thread;

use xmppscope::wire::websocket::{Head, Opcode};

use crate::rig::{Proxy, Target, expect, leave, rest, send};
use crate::websocket_bed::{Line, XMPP, fields, lines, masked, plain, switch, upgrade, written};

#[test]
fn ten_megabytes_in_one_message_pass_unchanged_both_ways() {
    let mut line = Line::open(&["--format", "json", "--body-limit", "1MiB"]);
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
    let target = Target::start();
    let mut proxy = Proxy::start(&target.url(), &[]);
    let close: [(&[u8], &str); 8] = [
        (b"", "Close"),
        (b"\x03\xe8", "Close 1000 normal closure"),
        (b"\x03\xe9shutting down", r#"Close 1001 going away "shutting down""#),
        (b"\x03\xf0", "Close 1008 policy violation"),
        (b"\x03\xf3", "Close 1011 internal error"),
        (b"\x0f\xa0kicked\x1b[2J", r#"Close 4000 "kicked\u{1b}[2J""#),
        (b"\x03", r#"Close "\u{3}""#),
        // What is no text cannot be searched for secrets.
        (b"\x03\xe8\xff", r#"Close "[hidden 3 bytes]""#),
    ];
    for (payload, words) in close {
        let (client, server) = (proxy.connect(), target.accept());
        let mut line = Line { proxy, client, server };
        line.up(&upgrade(XMPP));
        line.down(&switch(XMPP));
        line.down(&plain(Opcode::CLOSE, payload));
        line.up(&masked(Opcode::CLOSE, payload));
        // The server closes the connection first, as it should.
        line.server.shutdown(Shutdown::Both).unwrap();
        assert_eq!(rest(&mut line.client), b"", "{words}");
        proxy = line.proxy;
    }
    let left = proxy.stop();
    for (number, (_, words)) in (1..).zip(close) {
        for arrow in ["S>", "C>"] {
            let end = format!("{arrow} #{number} {words}\n");
            assert!(left.out.contains(&end), "{end}:\n{}", left.out);
        }
    }
    assert!(!left.out.contains('\x1b'), "{}", left.out);
}

#[test]
fn ten_thousand_pings_are_one_line_and_cost_no_memory() {
    /// Pings, answered; gives the memory in use when all of it was printed.
    fn flood(line: &mut Line, times: usize) -> usize {
        let pings = plain(Opcode::PING, b"1234").repeat(100);
        // Each with a key of its own, as it should be.
        let pong = |n: u32| written(Head::new(Opcode::PONG, 4, Some(n.to_be_bytes())), b"1234");
        let answers: Vec<u8> = (1..=100).flat_map(pong).collect();
        for _ in 0..times / 100 {
            line.down(&pings);
            line.up(&answers);
        }
        let mark = format!("<after-{times}/>");
        line.up(&masked(Opcode::TEXT, mark.as_bytes()));
        line.proxy.wait_for(&mark);
        line.proxy.memory()
    }
    let mut line = Line::open(&[]);
    let before = flood(&mut line, 2000);
    let grown = flood(&mut line, 10_000).saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more");
    let left = line.close();
    for words in
        ["2000 pings of the server, all answered", "10000 pings of the server, all answered"]
    {
        assert_eq!(left.out.matches(words).count(), 1, "{}", left.out);
    }
    assert!(left.out.lines().count() < 15, "{}", left.out);
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
        leave(server, how == "reset");
        let mut bytes = Vec::new();
        let end = client.read_to_end(&mut bytes).map_err(|error| error.kind());
        let expected = if how == "reset" { Err(ErrorKind::ConnectionReset) } else { Ok(0) };
        assert_eq!((end, bytes), (expected, vec![]));
        drop(client);
        proxy.wait_for_capture("\"closed\"");
        let left = proxy.stop();
        let ended = &lines(&left, "ended")[0];
        assert_eq!((&ended["direction"], &ended["how"]), (&"server".into(), &how.into()));
        assert_eq!(lines(&left, "closed")[0]["left"], "server", "{}", left.out);
    }
}
