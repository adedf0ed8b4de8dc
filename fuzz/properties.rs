//! What must hold for any bytes. The fuzz targets look for bytes for which it does not; `tests/it/fuzz.rs` replays the seeds, and
//! some bytes made at random, in every run of the tests.

use xmppscope::trace::Fact;
use xmppscope::trace::open::Input;
use xmppscope::wire::Side;
use xmppscope::wire::conversation::{Conversation, Expect, Mark};
use xmppscope::wire::stream::{self, Kind, Splitter};
use xmppscope::wire::websocket::{Assembler, Deflater, Inflater, Message, Piece, Reader, Step};

/// The first bytes of the input are settings, the others are what is sent.
fn settings<const N: usize>(input: &[u8]) -> Option<([u8; N], &[u8])> {
    input.split_first_chunk().map(|(settings, rest)| (*settings, rest))
}

/// Sizes of chunks that cut bytes in many ways.
fn chunks(bytes: &[u8], size: u8) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(usize::from(size).max(1))
}

/// Frames: they cover what was fed, are the same wherever it is cut, and what is kept is bounded.
pub fn frames(input: &[u8]) {
    let Some(([flags, size], bytes)) = settings(input) else { return };
    let limit = if flags & 1 == 0 { 64 } else { 1 << 20 };
    let inflater = || (flags & 2 != 0).then(|| Inflater::new(flags & 4 != 0));
    let whole = messages(std::iter::once(bytes), bytes, limit, inflater());
    let cut = messages(chunks(bytes, size), bytes, limit, inflater());
    assert_eq!(whole, cut);
}

fn messages<'a>(
    chunks: impl Iterator<Item = &'a [u8]>,
    bytes: &[u8],
    limit: usize,
    inflater: Option<Inflater>,
) -> (Vec<Message>, Vec<String>) {
    let (mut reader, mut assembler) = (Reader::default(), Assembler::default());
    if let Some(inflater) = inflater {
        assembler.inflate_with(inflater);
    }
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    let mut fed = 0;
    let mut sent = 0;
    let mut take = |piece: Piece<'_>| {
        let mut covers = |span: &[u8]| {
            assert!(bytes[fed..].starts_with(span));
            fed += span.len();
        };
        let step = match piece {
            Piece::Part(span) => return covers(span),
            Piece::Head(head, span) => {
                covers(span);
                assert!(faults.is_empty());
                Step::Head(head)
            }
            Piece::Payload(span) => {
                assert!(!span.is_empty());
                covers(span);
                sent += span.len() as u64;
                Step::Payload(span)
            }
            Piece::End => Step::End,
            Piece::Cut => Step::Cut,
            Piece::Fault(fault) => return faults.push(fault.to_string()),
            Piece::Raw(span) => {
                assert_eq!(faults.len(), 1);
                return covers(span);
            }
        };
        assembler.take(step, limit, &mut |message| all.push(message));
        assert!(assembler.kept() <= 2 * limit);
    };
    for chunk in chunks {
        reader.feed(chunk, &mut take);
    }
    reader.finish(&mut take);
    // What is unfinished between two frames is left.
    assembler.take(Step::Cut, limit, &mut |message| all.push(message));
    assert_eq!(fed, bytes.len());
    assert_eq!(all.iter().map(|message| message.size).sum::<u64>(), sent);
    for message in &all {
        assert!(message.payload.len() <= limit && message.frames > 0);
        assert!(message.unmasked <= message.frames && message.reserved < 8);
        assert!(!message.opcode.is_control() || message.frames == 1);
        assert!(
            message.compressed || message.clipped || message.payload.len() as u64 == message.size
        );
    }
    (all, faults)
}

/// Inflating: what comes out is bounded, a lower bound changes nothing but the length, and what is deflated here comes out again.
pub fn inflate(input: &[u8]) {
    let Some(([flags, limit, size], bytes)) = settings(input) else { return };
    let (no_context, limit) = (flags & 1 != 0, usize::from(limit) * 16);
    let mut inflaters = [Inflater::new(no_context), Inflater::new(no_context)];
    for (index, message) in chunks(bytes, size).enumerate() {
        let [some, most] = &mut inflaters;
        let cut = flags & 2 != 0 && index % 3 == 2;
        let (some, most) = if cut {
            (some.inflate_cut(message, limit), most.inflate_cut(message, 1 << 22))
        } else {
            (some.inflate(message, limit), most.inflate(message, 1 << 22))
        };
        assert!(some.bytes.len() <= limit && some.bytes.capacity() <= 2 * limit + (1 << 14));
        // A deflated byte stands for 1032 at most (RFC 1951: 258 bytes in two bits).
        assert!(most.bytes.len() <= 1032 * (message.len() + 4) && !most.clipped);
        assert!(most.bytes.starts_with(&some.bytes));
        assert_eq!(some.error, most.error);
        // How much comes out in front of an error depends on the room there is.
        if some.error.is_none() {
            assert_eq!(some.clipped, most.bytes.len() > limit);
            assert_eq!(some.bytes.len(), most.bytes.len().min(limit));
        }
    }
    let (mut deflater, mut inflater) = (Deflater::new(no_context), Inflater::new(no_context));
    for message in chunks(bytes, size) {
        let out = inflater.inflate(&deflater.deflate(message), 1 << 22);
        assert!(out.bytes == message && !out.clipped && out.error.is_none());
    }
}

/// A stream: its parts cover what was fed, are the same wherever it is cut, and nothing of it is kept.
pub fn stream(input: &[u8]) {
    let Some(([size], bytes)) = settings(input) else { return };
    let whole = parts(std::iter::once(bytes), bytes);
    assert_eq!(whole, parts(chunks(bytes, size), bytes));
    assert_eq!(whole, parts(bytes.chunks(1), bytes));
}

/// What each part is, and where it ends. White space is complete wherever it is cut.
fn parts<'a>(chunks: impl Iterator<Item = &'a [u8]>, bytes: &[u8]) -> Vec<(String, usize)> {
    let mut splitter = Splitter::default();
    let mut all: Vec<(String, usize)> = Vec::new();
    let mut fed = 0;
    let mut take = |piece: stream::Piece<'_>| {
        let mut covers = |span: &[u8]| {
            assert!(bytes[fed..].starts_with(span));
            fed += span.len();
            fed
        };
        let (what, end) = match piece {
            stream::Piece::Part(span) => {
                covers(span);
                return;
            }
            stream::Piece::Item(kind, span) => {
                let start = all.last().map_or(0, |(_, end)| *end);
                let end = covers(span);
                assert!(kind != Kind::Space || bytes[start..end].trim_ascii().is_empty());
                (kind.name().to_owned(), end)
            }
            stream::Piece::Cut => ("cut".to_owned(), bytes.len()),
            stream::Piece::Fault(fault) => (fault.to_string(), 0),
            stream::Piece::Raw(span) => ("raw".to_owned(), covers(span)),
        };
        match all.last_mut() {
            Some((last, before)) if *last == what && (what == "space" || what == "raw") => {
                *before = end;
            }
            _ => all.push((what, end)),
        }
    };
    for chunk in chunks {
        splitter.feed(chunk, &mut take);
    }
    splitter.finish(&mut take);
    assert_eq!(fed, bytes.len());
    all
}

/// A conversation: the marks cover what was fed, and are the same wherever it is cut.
pub fn conversation(input: &[u8]) {
    let Some(([flags, size], bytes)) = settings(input) else { return };
    let expect = if flags & 1 == 0 { Expect::Http } else { Expect::Stream };
    // A head is bounded, so that one that is too long is noticed somewhere else.
    let bytes = &bytes[..bytes.len().min(60_000)];
    let whole = marks(bytes, expect, 0);
    assert_eq!(whole, marks(bytes, expect, size.max(1)));
}

/// What is marked, and where it ends in the bytes of its direction. `size`: of the chunks, 0 for whole turns.
fn marks(bytes: &[u8], expect: Expect, size: u8) -> [Vec<(String, usize)>; 2] {
    let mut conversation = Conversation::new(expect);
    let mut all = [Vec::new(), Vec::new()];
    let mut ends = [0; 2];
    let mut note = |from: Side, marks: &[Mark]| {
        let (all, end) = (&mut all[from as usize], &mut ends[from as usize]);
        for mark in marks {
            *end += mark.len();
            note_mark(mark, *end, all);
        }
    };
    for turn in turns(bytes) {
        let (from, bytes) = turn;
        let size = if size == 0 { usize::MAX } else { usize::from(size) };
        for mut chunk in bytes.chunks(size) {
            // It may stop where TLS could begin; then the rest is given again, as after a refusal.
            while !chunk.is_empty() {
                let mut marks = Vec::new();
                let _ = conversation.is_between(from);
                let len = conversation.feed(from, chunk, &mut marks);
                assert_eq!(marks.iter().map(Mark::len).sum::<usize>(), len);
                note(from, &marks);
                chunk = &chunk[len..];
            }
        }
    }
    for from in [Side::Client, Side::Server, Side::Client, Side::Server] {
        let mut marks = Vec::new();
        conversation.finish(from, &mut marks);
        assert_eq!(marks.iter().map(Mark::len).sum::<usize>(), 0);
        note(from, &marks);
    }
    all
}

/// Who sends what: the client begins, a NUL with `=<` gives the turn to the server, one with `=>` to the client.
fn turns(bytes: &[u8]) -> Vec<(Side, &[u8])> {
    let mut all = Vec::new();
    let (mut from, mut rest) = (Side::Client, bytes);
    while !rest.is_empty() {
        let found = rest.windows(3).position(|three| three == b"\0=>" || three == b"\0=<");
        let end = found.unwrap_or(rest.len());
        all.push((from, &rest[..end]));
        let Some(at) = found else { break };
        from = if rest[at + 2] == b'>' { Side::Client } else { Side::Server };
        rest = &rest[at + 3..];
    }
    all
}

fn note_mark(mark: &Mark, end: usize, all: &mut Vec<(String, usize)>) {
    let word = match mark {
        Mark::Part(_) => return,
        Mark::Frame(_, head) => format!("{head:?}"),
        Mark::Item(_, kind) => kind.name().to_owned(),
        // What is named depends on how many of the first bytes come together.
        Mark::Foreign(_) => "foreign".to_owned(),
        Mark::WebSocket(deflate) => format!("{deflate:?}"),
        Mark::Response(_, answers) => format!("response {answers:?}"),
        Mark::Request(_) => "request".to_owned(),
        Mark::Content(_) => "content".to_owned(),
        Mark::Framing(_) => "framing".to_owned(),
        Mark::Payload(_) => "payload".to_owned(),
        Mark::Raw(_) => "raw".to_owned(),
        Mark::End => "end".to_owned(),
        Mark::Cut => "cut".to_owned(),
        Mark::FrameEnd => "done".to_owned(),
    };
    // What is not what was expected begins in front of the bytes that show it.
    let end = if matches!(mark, Mark::Foreign(_)) { 0 } else { end };
    let joins = ["content", "framing", "payload", "raw", "space"].contains(&&*word);
    match all.last_mut() {
        Some((last, before)) if *last == word && joins => *before = end,
        _ => all.push((word, end)),
    }
}

/// Files of other programs: whatever they are, what is made of them is in order of time and bounded, or the error says what to do.
pub fn import(input: &[u8]) {
    let opened = Input::of("the file".to_owned(), std::io::Cursor::new(input.to_vec()))
        .and_then(Input::events);
    let recording = match opened {
        Ok(recording) => recording,
        Err(error) => {
            assert!(error.is_fatal());
            return assert_plain(&error.to_string());
        }
    };
    // A capture may say so of itself.
    let own = input.windows(11).any(|name| name == b"\"xmppscope\"");
    let imported = recording.preface.source.is_some() && !own;
    let (mut last, mut finished, mut conns) = (std::time::Duration::ZERO, false, 0);
    for event in recording.take(10_000) {
        match event {
            Ok(event) if imported => {
                assert!(event.at >= last, "{:?} after {last:?}", event.at);
                last = event.at;
                finished |= event.fact == Fact::Finished;
                assert!(event.conn <= conns + 1, "connections are counted");
                conns = conns.max(event.conn);
                let content = event.fact.content().map_or(0, |content| content.bytes.len());
                assert!(content <= 4 << 20);
            }
            Err(error) if imported => assert_plain(&error.to_string()),
            Ok(_) | Err(_) => {}
        }
    }
    assert!(finished || !imported);
}

/// An error is in the words of people, not in those of a parser.
fn assert_plain(words: &str) {
    for parser in
        ["EOF while", "expected value", "expected `", "trailing", "invalid type", "invalid escape"]
    {
        assert!(!words.contains(parser), "{words}");
    }
}
