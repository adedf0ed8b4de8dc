//! The properties that the fuzz targets check, for their seeds and for bytes made at random in every run.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use xmppscope::wire::Side;
use xmppscope::wire::conversation::{Conversation, Expect, Mark};

#[path = "../../fuzz/properties.rs"]
mod properties;

#[test]
fn the_seeds_have_every_property() {
    let mut replayed = 0;
    for (target, settings, holds) in [
        ("frames", 2, properties::frames as fn(&[u8])),
        ("inflate", 3, properties::inflate),
        ("stream", 1, properties::stream),
        ("conversation", 2, properties::conversation),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mut input = fs::read(&path).unwrap();
            println!("{}", path.display()); // printed if it fails
            holds(&input);
            // However it is cut, and with other settings.
            for size in [1, 2, 3, 5, 8, 13, 100] {
                for place in 0..settings {
                    let before = std::mem::replace(&mut input[place], size);
                    holds(&input);
                    input[place] = before;
                }
            }
            replayed += 1;
        }
    }
    assert!(replayed > 25, "only {replayed} files: are the seeds there?");
}

#[test]
fn files_of_other_programs_have_the_property_cut_and_damaged() {
    let mut replayed = 0;
    let folders = ["fixtures/import", "fixtures/logs", "fuzz/seeds/import"];
    for entry in folders.into_iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = entry.unwrap().path();
        println!("{}", path.display()); // printed if it fails
        let mut input = fs::read(&path).unwrap();
        properties::import(&input);
        // Of a large file as many places as of a small one.
        let step = (input.len() / 30).max(7);
        for end in (0..input.len()).step_by(step) {
            properties::import(&input[..end]);
        }
        for place in (0..input.len()).step_by(step + 1) {
            for byte in [b'"', b'{', b'9', b'\n', 0xff] {
                let before = std::mem::replace(&mut input[place], byte);
                properties::import(&input);
                input[place] = before;
            }
        }
        replayed += 1;
    }
    assert!(replayed > 25, "only {replayed} files: are the fixtures there?");
}

/// As many bytes of settings as the target takes, then bytes of these words, and any others between them.
fn bytes(settings: usize, words: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        6 => select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    let settings = prop::collection::vec(any::<u8>(), settings);
    let words = prop::collection::vec(word, 0..40);
    (settings, words).prop_map(|(settings, words)| [settings, words.concat()].concat())
}

/// The same for conversations. In half of them a WebSocket is opened first.
fn conversations() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), bytes(2, CONVERSATION)).prop_map(|(opened, mut input)| {
        if opened {
            input[0] &= !1; // it begins with HTTP
            input.splice(2..2, [UPGRADE, TO_SERVER, SWITCH, TO_CLIENT].concat());
        }
        input
    })
}

const FRAMES: &[&[u8]] = &[
    b"\x81",
    b"\x01",
    b"\x00",
    b"\x80",
    b"\x89",
    b"\x8a\x00",
    b"\xc1",
    b"\x41",
    b"\x88\x02\x03\xe8",
    b"\x03abc",
    b"\x83\x01\x02\x03\x04xyz",
    b"\x7e\x00\x03abc",
    b"\x7f\x00\x00\x00\x00\x00\x00\x00\x02ab",
    b"\x7f\xff",
    b"\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\xc1\x05\xf2\x00\x11\x00\x00",
    b"\x82\x7e\x01\x00",
];
const DEFLATED: &[&[u8]] = &[
    b"\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\xf2\x00\x11\x00\x00",
    b"\xf3\x48\xcd\xc9\xc9\x07\x00",
    b"\x00\x05\x00\xfa\xffHello",
    b"\x00",
    b"\x00\x00\xff\xff",
    b"\x4b\x4c\x04\x02\x62\x00",
    b"\x03\x00",
    b"\x01",
];
const STREAM: &[&[u8]] = &[
    b"<stream:stream xmlns:stream='s'>",
    b"</stream:stream>",
    b"<?xml version='1.0'?>",
    b" ",
    b"\n",
    b"<a>",
    b"</a>",
    b"<a/>",
    b"<b c='>",
    b"'",
    b"\"",
    b"/",
    b">",
    b"<",
    b"<!--",
    b"-->",
    b"-",
    b"<![CDATA[",
    b"]]>",
    b"]",
    b"<?x",
    b"?>",
    b"<!DOCTYPE x [",
    b"]>",
    b"text",
    b"&lt;",
    b"<stream>",
    b"\xc3\xa9",
    b"<!",
    b"[",
    b":stream",
];
const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
const SWITCH: &[u8] = b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n";
/// They give the turn to the server and to the client.
const TO_SERVER: &[u8] = b"\0=<";
const TO_CLIENT: &[u8] = b"\0=>";
const CONVERSATION: &[&[u8]] = &[
    UPGRADE,
    SWITCH,
    TO_SERVER,
    TO_CLIENT,
    TO_SERVER,
    TO_CLIENT,
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 404 No\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"1\r\na\r\n",
    b"0\r\n\r\n",
    b"CONNECT a HTTP/1.1\r\n\r\n",
    b"\x81\x02ab",
    b"\x89\x80\0\0\0\0",
    b"\x01\x03",
    b"<stream>",
    b"<a/>",
    b"</stream>",
    b"A",
    b"\r\n",
    b"\x16\x03",
];

#[test]
fn the_handshake_of_conversations_opens_a_websocket() {
    let mut conversation = Conversation::new(Expect::Http);
    let mut marks = Vec::new();
    conversation.feed(Side::Client, UPGRADE, &mut marks);
    conversation.feed(Side::Server, SWITCH, &mut marks);
    assert_eq!(marks.last(), Some(&Mark::WebSocket(None)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_frames(input in bytes(2, FRAMES)) {
        properties::frames(&input);
    }

    #[test]
    fn any_compressed_messages(input in bytes(3, DEFLATED)) {
        properties::inflate(&input);
    }

    #[test]
    fn any_streams(input in bytes(1, STREAM)) {
        properties::stream(&input);
    }

    #[test]
    fn any_conversations(input in conversations()) {
        properties::conversation(&input);
    }
}
