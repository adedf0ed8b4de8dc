use super::*;
use crate::wire::websocket::Opcode;

const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://b\r\n\r\n";
const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n";

/// Feeds what both sides send, in turn and in chunks of this size. Gives the marks without their lengths, and sees that they
/// cover every byte.
fn words(turns: &[(Side, &[u8])], expect: Expect, chunk: usize) -> Vec<String> {
    let mut conversation = Conversation::new(expect);
    let mut all = Vec::new();
    for (from, bytes) in turns {
        for bytes in bytes.chunks(chunk) {
            let mut marks = Vec::new();
            conversation.feed(*from, bytes, &mut marks);
            assert_eq!(marks.iter().map(Mark::len).sum::<usize>(), bytes.len());
            all.extend(marks.iter().filter_map(word));
        }
    }
    for from in [Side::Client, Side::Server] {
        let mut marks = Vec::new();
        conversation.finish(from, &mut marks);
        all.extend(marks.iter().filter_map(word));
    }
    all.dedup_by(|a, b| a == b && ["content", "payload", "raw", "space"].contains(&&**a));
    all
}

fn word(mark: &Mark) -> Option<String> {
    let word = match mark {
        Mark::Part(_) => return None,
        Mark::Request(_) => "request",
        Mark::Response(_, answers) => return Some(format!("response {answers:?}")),
        Mark::Content(_) => "content",
        Mark::Framing(_) => "framing",
        Mark::End => "end",
        Mark::Cut => "cut",
        Mark::WebSocket(deflate) => return Some(format!("websocket {}", deflate.is_some())),
        Mark::Frame(_, head) => return Some(head.opcode.to_string()),
        Mark::Payload(_) => "payload",
        Mark::FrameEnd => "done",
        Mark::Item(_, kind) => kind.name(),
        Mark::Foreign(why) => return Some(why.to_string()),
        Mark::Raw(_) => "raw",
    };
    Some(word.to_owned())
}

fn check(turns: &[(Side, &[u8])], expect: Expect, want: &[&str]) {
    for chunk in (1..200).chain([1000]) {
        assert_eq!(words(turns, expect, chunk), want, "in chunks of {chunk}");
    }
}

fn frame(head: Head, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    head.write_with(payload, &mut bytes);
    bytes
}

#[test]
fn http_is_marked() {
    let request = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nde";
    check(
        &[(Side::Client, request), (Side::Server, response)],
        Expect::Http,
        &["request", "content", "end", "response Some(0)", "content", "end"],
    );
    check(
        &[(Side::Client, b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na")],
        Expect::Http,
        &["request", "content", "cut"],
    );
    check(
        &[(Side::Client, b"GET / HT")],
        Expect::Http,
        &["the connection ended inside a head", "raw"],
    );
    check(&[(Side::Client, b"\0\0")], Expect::Http, &["invalid token", "raw"]);
}

#[test]
fn frames_are_marked_behind_a_switch_of_protocols() {
    let text = frame(Head::new(Opcode::TEXT, 4, Some([1; 4])), b"<a/>");
    let ping = frame(Head::new(Opcode::PING, 0, None), b"");
    let turns: [(Side, &[u8]); 4] = [
        (Side::Client, UPGRADE),
        (Side::Server, &[SWITCH, &ping].concat()),
        (Side::Client, &text),
        (Side::Server, b"\x81"),
    ];
    let want = [
        "request",
        "end",
        "response Some(0)",
        "end",
        "websocket true",
        "ping",
        "done",
        "text",
        "payload",
        "done",
        "cut",
    ];
    check(&turns, Expect::Http, &want);
}

#[test]
fn other_protocols_are_not_followed() {
    let turns: [(Side, &[u8]); 3] = [
        (Side::Client, b"CONNECT a HTTP/1.1\r\n\r\n"),
        (Side::Server, b"HTTP/1.1 200 OK\r\n\r\n"),
        (Side::Client, b"\x81\x00"),
    ];
    let want = ["request", "end", "response Some(0)", "end", "raw"];
    check(&turns, Expect::Http, &want);
}

#[test]
fn a_head_that_has_begun_when_the_protocol_changes_loses_nothing() {
    let begun: (Side, &[u8]) = (Side::Client, b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgr");
    let other: (Side, &[u8]) =
        (Side::Server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n");
    let switched = ["response None", "end", "raw"];
    check(&[begun, other, (Side::Client, b"abc")], Expect::Http, &switched);
    check(&[begun, other], Expect::Http, &switched);
    let websocket = ["response None", "end", "websocket true", "ping", "done"];
    let ping = frame(Head::new(Opcode::PING, 0, None), b"");
    check(&[begun, (Side::Server, SWITCH), (Side::Client, &ping)], Expect::Http, &websocket);
}

#[test]
fn streams_are_marked() {
    let turns: [(Side, &[u8]); 2] =
        [(Side::Client, b"<stream><a/> <b"), (Side::Server, b"HTTP/1.1 400 x")];
    check(
        &turns,
        Expect::Stream,
        &[
            "header",
            "element",
            "space",
            "an HTTP/1 response where an XML stream was expected",
            "raw",
            "cut",
        ],
    );
}

#[test]
fn it_is_known_where_something_new_begins() {
    let mut conversation = Conversation::new(Expect::Http);
    let mut feed = |from, bytes: &[u8]| {
        conversation.feed(from, bytes, &mut Vec::new());
        let between = [Side::Client, Side::Server].map(|from| conversation.is_between(from));
        (between, conversation.introduction().is_some())
    };
    assert_eq!(feed(Side::Client, UPGRADE), ([false, false], false));
    assert_eq!(feed(Side::Server, SWITCH), ([true, true], true));
    assert_eq!(feed(Side::Client, b"\x01\x00"), ([false, true], true), "a fragment");
    assert_eq!(feed(Side::Client, b"\x89\x00"), ([false, true], true), "a ping between");
    assert_eq!(feed(Side::Client, b"\x80"), ([false, true], true));
    assert_eq!(feed(Side::Client, b"\x00"), ([true, true], true));
    assert_eq!(conversation.origin(), Some("http://b"));
}

/// Feeds bytes in chunks up to where the conversation takes no more. Gives how many it took.
fn taken(conversation: &mut Conversation, from: Side, bytes: &[u8], chunk: usize) -> usize {
    let mut at = 0;
    for bytes in bytes.chunks(chunk) {
        let len = conversation.feed(from, bytes, &mut Vec::new());
        at += len;
        let stops = match from {
            Side::Client => StartTls::Asked,
            Side::Server => StartTls::Proceeds,
        };
        if conversation.starttls() == stops {
            break;
        }
    }
    at
}

#[test]
fn a_conversation_stops_where_tls_may_begin() {
    let client =
        b"<?xml version='1.0'?><stream:stream from='x' to='a.example'><starttls xmlns='t'/>";
    let server = b"<stream:stream><stream:features><starttls/></stream:features><proceed xmlns='t'></proceed>";
    for chunk in 1..200 {
        let mut conversation = Conversation::new(Expect::Stream);
        let behind = [&client[..], b"\x16\x03"].concat();
        assert_eq!(taken(&mut conversation, Side::Client, &behind, chunk), client.len());
        assert_eq!(
            (conversation.to(), conversation.starttls()),
            (Some("a.example"), StartTls::Asked)
        );
        let behind = [&server[..], b"<x/>"].concat();
        assert_eq!(taken(&mut conversation, Side::Server, &behind, chunk), server.len());
        assert_eq!(conversation.starttls(), StartTls::Proceeds);
        conversation.secured(false);
        assert_eq!((conversation.to(), conversation.starttls()), (None, StartTls::Idle));
    }
}

#[test]
fn starttls_that_is_refused_changes_nothing() {
    let mut conversation = Conversation::new(Expect::Stream);
    let mut feed = |from, text: &str| {
        let len = conversation.feed(from, text.as_bytes(), &mut Vec::new());
        (len == text.len(), conversation.starttls())
    };
    // What is not at the first level, or was not asked for, does not count.
    assert_eq!(feed(Side::Server, "<stream><proceed/>"), (true, StartTls::Idle));
    assert_eq!(feed(Side::Client, "<stream><a><starttls/></a>"), (true, StartTls::Idle));
    assert_eq!(feed(Side::Client, "<starttls/>"), (true, StartTls::Asked));
    assert_eq!(feed(Side::Server, "<a><proceed/></a>"), (true, StartTls::Asked));
    assert_eq!(feed(Side::Server, "<failure/></stream>"), (true, StartTls::Idle));
}

#[test]
fn a_websocket_is_marked_alike_wherever_it_is_cut() {
    let key = Some([9, 8, 7, 6]);
    let fragment = |fin, opcode, text: &[u8]| {
        frame(Head { fin, ..Head::new(opcode, text.len() as u64, key) }, text)
    };
    let poll = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n<a/>";
    let asked = [&poll[..], UPGRADE].concat();
    let client = [
        fragment(false, Opcode::TEXT, b"<open"),
        fragment(true, Opcode::PING, b""),
        fragment(true, Opcode::CONTINUATION, b"/>"),
        fragment(true, Opcode::TEXT, &[b' '; 126]),
        fragment(true, Opcode::CLOSE, b"\x03\xe8"),
    ]
    .concat();
    let server = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(),
        SWITCH.to_vec(),
        frame(Head::new(Opcode::TEXT, 4, None), b"<a/>"),
        frame(Head { extended: 8, ..Head::new(Opcode::BINARY, 3, None) }, b"abc"),
    ]
    .concat();
    let cut = |bytes: &[u8], at: usize| {
        let (before, after) = bytes.split_at(at);
        words(
            &[
                (Side::Client, &asked),
                (Side::Server, &server),
                (Side::Client, before),
                (Side::Client, after),
            ],
            Expect::Http,
            usize::MAX,
        )
    };
    let whole = cut(&client, 0);
    assert_eq!(whole.iter().filter(|word| *word == "done").count(), 7, "{whole:?}");
    for at in 0..client.len() {
        assert_eq!(cut(&client, at), whole, "the client's bytes, cut at {at}");
    }
    for at in 0..server.len() {
        let (before, after) = server.split_at(at);
        let turns: [(Side, &[u8]); 4] = [
            (Side::Client, &asked),
            (Side::Server, before),
            (Side::Server, after),
            (Side::Client, &client),
        ];
        assert_eq!(
            words(&turns, Expect::Http, usize::MAX),
            whole,
            "the server's bytes, cut at {at}"
        );
    }
}

#[test]
fn frames_that_come_before_the_response_wait_for_it() {
    let text = frame(Head::new(Opcode::TEXT, 4, Some([1; 4])), b"<a/>");
    for cut in 0..=text.len() {
        let (early, late) = text.split_at(cut);
        let turns: [(Side, &[u8]); 5] = [
            (Side::Client, UPGRADE),
            (Side::Client, early),
            (Side::Server, SWITCH),
            (Side::Client, late),
            (Side::Client, b"\x89\x80\0\0\0\0"),
        ];
        let mut want = vec!["request", "end", "response Some(0)", "end", "websocket true"];
        // What comes early is marked as parts.
        match cut {
            0..6 => want.extend(["text", "payload", "done"]),
            6..10 => want.extend(["payload", "done"]),
            _ => {}
        }
        want.extend(["ping", "done"]);
        check(&turns, Expect::Http, &want);
    }
    let refused = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n";
    let why = "frames of a WebSocket that the server did not open";
    let turns: [(Side, &[u8]); 4] = [
        (Side::Client, UPGRADE),
        (Side::Client, &text),
        (Side::Server, refused),
        (Side::Client, &text),
    ];
    let want = ["request", "end", "response Some(0)", "end", why, "raw"];
    check(&turns, Expect::Http, &want);
    check(&turns[..3], Expect::Http, &want);
    check(&turns[..2], Expect::Http, &["request", "end", why, "raw"]);
    // What the server says is not taken for them.
    let turns = [turns[0], turns[1], (Side::Server, b"\x88\xe5\x02\x03\xe9")];
    let want = ["request", "end", "invalid HTTP version", "raw", why, "raw"];
    check(&turns, Expect::Http, &want);
}
