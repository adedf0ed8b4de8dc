use super::*;
use crate::wire::websocket::{Deflater, Piece, Reader};

const LIMIT: usize = 1 << 20;

/// The messages in bytes that come in chunks of this size.
fn messages(assembler: &mut Assembler, bytes: &[u8], chunk: usize, limit: usize) -> Vec<Message> {
    let mut reader = Reader::default();
    let mut all = Vec::new();
    let mut sink = |message| all.push(message);
    let mut take = |piece: Piece<'_>| {
        let step = match piece {
            Piece::Head(head, _) => Step::Head(head),
            Piece::Payload(bytes) => Step::Payload(bytes),
            Piece::End => Step::End,
            Piece::Cut => Step::Cut,
            Piece::Part(_) | Piece::Fault(_) | Piece::Raw(_) => return,
        };
        assembler.take(step, limit, &mut sink);
    };
    for chunk in bytes.chunks(chunk) {
        reader.feed(chunk, &mut take);
    }
    reader.finish(&mut take);
    all
}

/// A frame of these bits.
fn frame(fin: bool, reserved: u8, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mask = Some([1, 2, 3, 4]);
    let head = Head { fin, reserved, ..Head::new(opcode, payload.len() as u64, mask) };
    head.write_with(payload, &mut bytes);
    bytes
}

fn texts(messages: &[Message]) -> Vec<(String, String)> {
    let text = |message: &Message| String::from_utf8_lossy(&message.payload).into_owned();
    messages.iter().map(|message| (message.opcode.to_string(), text(message))).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|&(opcode, text)| (opcode.to_owned(), text.to_owned())).collect()
}

#[test]
fn fragments_are_joined_and_control_frames_may_stand_between_them() {
    let bytes = [
        frame(false, 0, Opcode::TEXT, b"<mess"),
        frame(true, 0, Opcode::PING, b"?"),
        frame(false, 0, Opcode::CONTINUATION, b""),
        frame(true, 0, Opcode::CONTINUATION, b"age/>"),
        frame(true, 0, Opcode::CLOSE, b"\x03\xe8"),
    ]
    .concat();
    for chunk in 1..bytes.len() {
        let all = messages(&mut Assembler::default(), &bytes, chunk, LIMIT);
        let want = [("ping", "?"), ("text", "<message/>"), ("close", "\u{3}\u{fffd}")];
        assert_eq!(texts(&all), pairs(&want));
        assert_eq!((all[1].frames, all[1].size, all[1].cut), (3, 10, false));
    }
}

#[test]
fn unusual_bits_are_facts() {
    let mut bytes = Vec::new();
    let odd = Head { reserved: 2, extended: 8, ..Head::new(Opcode(3), 2, None) };
    odd.write_with(b"ab", &mut bytes);
    bytes.extend(frame(false, 0, Opcode::PING, b"c"));
    bytes.extend(frame(true, 4, Opcode::CONTINUATION, b"d"));
    let all = messages(&mut Assembler::default(), &bytes, 99, LIMIT);
    assert_eq!(texts(&all), pairs(&[("opcode 3", "ab"), ("ping", "c"), ("continuation", "d")]));
    let bits = |message: &Message| (message.reserved, message.padded, message.unmasked);
    assert_eq!(bits(&all[0]), (2, true, 1));
    assert_eq!((bits(&all[1]), all[1].unfinished), ((0, false, 0), true));
    assert_eq!((bits(&all[2]), all[2].compressed), ((4, false, 0), false));
}

#[test]
fn what_never_comes_to_its_end_is_cut() {
    let begun = frame(false, 0, Opcode::TEXT, b"<a");
    let other = frame(true, 0, Opcode::TEXT, b"<b/>");
    let all = messages(&mut Assembler::default(), &[&begun[..], &other].concat(), 9, LIMIT);
    assert_eq!(texts(&all), pairs(&[("text", "<a"), ("text", "<b/>")]));
    assert_eq!((all[0].cut, all[1].cut), (true, false));
    let ping = frame(true, 0, Opcode::PING, b"abc");
    let bytes = [&begun[..], &ping[..ping.len() - 1]].concat();
    let all = messages(&mut Assembler::default(), &bytes, 9, LIMIT);
    assert_eq!(texts(&all), pairs(&[("ping", "ab"), ("text", "<a")]));
    assert!(all.iter().all(|message| message.cut));
}

#[test]
fn messages_are_inflated_and_every_size_is_bounded() {
    let mut deflater = Deflater::new(false);
    let long = "<a/>".repeat(500);
    let first = deflater.deflate(long.as_bytes());
    let (begin, rest) = first.split_at(3);
    let bytes = [
        frame(false, 4, Opcode::TEXT, begin),
        frame(true, 0, Opcode::PONG, b"p"),
        frame(true, 0, Opcode::CONTINUATION, rest),
        frame(true, 0, Opcode::TEXT, b"<plain/>"),
        frame(true, 4, Opcode::TEXT, &deflater.deflate(b"<a/>")),
    ]
    .concat();
    let mut assembler = Assembler::default();
    assembler.inflate_with(Inflater::new(false));
    let all = messages(&mut assembler, &bytes, 7, LIMIT);
    let want = [("pong", "p"), ("text", &long), ("text", "<plain/>"), ("text", "<a/>")];
    assert_eq!(texts(&all), pairs(&want));
    let compressed: Vec<_> = all.iter().map(|message| message.compressed).collect();
    assert_eq!(compressed, [false, true, false, true]);
    assert_eq!((all[1].size, all[1].reserved, all[1].clipped), (first.len() as u64, 0, false));

    let mut assembler = Assembler::default();
    assembler.inflate_with(Inflater::new(false));
    let all = messages(&mut assembler, &bytes, 7, 40);
    assert_eq!((all[1].payload.len(), all[1].clipped), (40, true));
    assert_eq!((texts(&all[3..]), &all[3].undecoded), (pairs(&[("text", "<a/>")]), &None));
}

#[test]
fn a_message_of_which_not_all_is_kept_breaks_what_refers_to_it() {
    let mut deflater = Deflater::new(false);
    // Nothing to compress: what is sent is longer than the limit.
    let noise: Vec<u8> =
        (0..2000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let bytes = [
        frame(true, 4, Opcode::BINARY, &deflater.deflate(&noise)),
        frame(true, 4, Opcode::TEXT, &deflater.deflate(b"<a/>")),
    ]
    .concat();
    let mut assembler = Assembler::default();
    assembler.inflate_with(Inflater::new(false));
    let all = messages(&mut assembler, &bytes, 99, 100);
    assert!(all[0].clipped);
    assert!(all[1].undecoded.is_some() && all[1].payload.is_empty());
}

#[test]
fn what_has_come_of_a_compressed_message_is_inflated() {
    let mut deflater = Deflater::new(false);
    let sent = deflater.deflate("<abcdef/>".repeat(9).as_bytes());
    let (early, rest) = sent.split_at(sent.len() - 3);
    let begun = frame(false, 4, Opcode::TEXT, early);
    // The connection ends, another message begins, or more was sent than is kept.
    let other = frame(true, 0, Opcode::TEXT, b"<b/>");
    let long = frame(true, 0, Opcode::CONTINUATION, rest);
    for (bytes, limit) in [
        (begun[..begun.len() - 1].to_vec(), LIMIT),
        ([&begun[..], &other].concat(), LIMIT),
        ([&begun[..], &long].concat(), early.len()),
    ] {
        let mut assembler = Assembler::default();
        assembler.inflate_with(Inflater::new(false));
        let message = &messages(&mut assembler, &bytes, 99, limit)[0];
        assert_eq!((message.cut, message.clipped), (limit == LIMIT, limit != LIMIT));
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        assert!(text.starts_with("<abc") && message.undecoded.is_none(), "{message:?}");
    }
}
