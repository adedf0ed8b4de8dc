//! What is written here is read alike by tungstenite, and the other way round: whole messages and fragments with control
//! frames between, in every form of the length, masked and not.

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use proptest::sample::select;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message as Theirs};

use super::*;

/// What one side of a socket of theirs reads, and what it writes.
#[derive(Default)]
struct Wire {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn theirs(role: Role, input: Vec<u8>) -> WebSocket<Wire> {
    let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
    let wire = Wire { input: Cursor::new(input), output: Vec::new() };
    WebSocket::from_raw_socket(wire, role, Some(config))
}

/// A frame to send.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    opcode: Opcode,
    fin: bool,
    payload: Vec<u8>,
}

/// What arrives: opcode, payload, in how many frames it came.
type Arrived = Vec<(Opcode, Vec<u8>, u32)>;

/// What a receiver has to make of these frames.
fn arriving(frames: &[Sent]) -> Arrived {
    let mut all = Vec::new();
    let mut begun: Option<(Opcode, Vec<u8>, u32)> = None;
    for frame in frames {
        if frame.opcode.is_control() {
            all.push((frame.opcode, frame.payload.clone(), 1));
            continue;
        }
        let message = begun.get_or_insert_with(|| (frame.opcode, Vec::new(), 0));
        message.1.extend_from_slice(&frame.payload);
        message.2 += 1;
        if frame.fin {
            all.extend(begun.take());
        }
    }
    all
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        6 => 0..300_usize,
        4 => select(vec![0, 1, 124, 125, 126, 127, 128, 255, 256]),
        2 => select(vec![65_534, 65_535, 65_536, 65_537]),
        1 => 60_000..140_000_usize,
    ]
}

/// The fragments of a message: it is cut wherever it may be, within a character too.
fn message() -> impl Strategy<Value = Vec<Sent>> {
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let between = prop::collection::vec(prop::option::of(control()), 4);
    (any::<bool>(), size(), cuts, between).prop_map(|(text, size, cuts, between)| {
        let (opcode, payload): (_, Vec<u8>) = if text {
            let mut text = "<ä x='€'>𝄞</ä>".repeat(size / 20 + 1);
            let mut end = size.min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            let mut payload = text.into_bytes();
            payload.resize(size, b'.');
            (Opcode::TEXT, payload)
        } else {
            (Opcode::BINARY, (0..size).map(|n| ((n * n) >> 3) as u8).collect())
        };
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        places.sort_unstable();
        places.push(payload.len());
        let (mut frames, mut start) = (Vec::new(), 0);
        for (index, &end) in places.iter().enumerate() {
            let opcode = if index == 0 { opcode } else { Opcode::CONTINUATION };
            let fin = index + 1 == places.len();
            frames.push(Sent { opcode, fin, payload: payload[start..end].to_vec() });
            start = end;
            frames.extend(between[index].clone().filter(|_| !fin));
        }
        frames
    })
}

fn control() -> impl Strategy<Value = Sent> {
    let opcode = select(vec![Opcode::PING, Opcode::PONG]);
    let payload = (any::<u8>(), select(vec![0, 1, 60, 125])).prop_map(|(byte, n)| vec![byte; n]);
    (opcode, payload).prop_map(|(opcode, payload)| Sent { opcode, fin: true, payload })
}

/// Everything that one side sends, in order.
fn traffic() -> impl Strategy<Value = Vec<Sent>> {
    let one = prop_oneof![4 => message(), 1 => control().prop_map(|frame| vec![frame])];
    prop::collection::vec(one, 1..6).prop_map(|all| all.concat())
}

/// What ours reads from bytes that come in chunks of this size; whether every frame was masked.
fn read(bytes: &[u8], chunk: usize) -> (Arrived, bool) {
    let (mut reader, mut assembler) = (Reader::default(), Assembler::default());
    let (mut all, mut masked) = (Vec::new(), true);
    let mut take = |message: Message| {
        assert!(!message.cut && !message.clipped && !message.padded && !message.unfinished);
        assert_eq!((message.reserved, message.compressed), (0, false));
        assert!(message.unmasked == 0 || message.unmasked == message.frames);
        assert_eq!(message.size, message.payload.len() as u64);
        masked &= message.unmasked == 0;
        all.push((message.opcode, message.payload, message.frames));
    };
    for bytes in bytes.chunks(chunk) {
        reader.feed(bytes, &mut |piece| {
            let step = match piece {
                Piece::Head(head, _) => Step::Head(head),
                Piece::Payload(bytes) => Step::Payload(bytes),
                Piece::End => Step::End,
                Piece::Part(_) => return,
                Piece::Cut | Piece::Fault(_) | Piece::Raw(_) => panic!("{piece:?}"),
            };
            assembler.take(step, usize::MAX, &mut take);
        });
    }
    assert!(reader.is_between() && assembler.kept() == 0);
    (all, masked)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn tungstenite_reads_what_is_written_here(
        frames in traffic(),
        mask in prop::option::of(any::<[u8; 4]>()),
    ) {
        let mut bytes = Vec::new();
        for frame in &frames {
            let length = frame.payload.len() as u64;
            let head = Head { fin: frame.fin, ..Head::new(frame.opcode, length, mask) };
            head.write_with(&frame.payload, &mut bytes);
        }
        let status = b"\x03\xe9gone";
        Head::new(Opcode::CLOSE, 6, mask).write_with(status, &mut bytes);
        let mut socket = theirs(if mask.is_some() { Role::Server } else { Role::Client }, bytes);
        for (opcode, payload, _) in arriving(&frames) {
            let got = match socket.read().unwrap() {
                Theirs::Text(text) => (Opcode::TEXT, text.as_bytes().to_vec()),
                Theirs::Binary(bytes) => (Opcode::BINARY, bytes.to_vec()),
                Theirs::Ping(bytes) => (Opcode::PING, bytes.to_vec()),
                Theirs::Pong(bytes) => (Opcode::PONG, bytes.to_vec()),
                other => panic!("{other:?}"),
            };
            prop_assert!(got == (opcode, payload), "{opcode}");
        }
        let Theirs::Close(Some(close)) = socket.read().unwrap() else { panic!("no Close") };
        prop_assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, "gone"));
        prop_assert!(matches!(socket.read(), Err(Error::ConnectionClosed | Error::Protocol(_))));
    }

    #[test]
    fn what_tungstenite_writes_is_read_here(
        frames in traffic(),
        is_client in any::<bool>(),
        chunk in select(vec![1_usize, 2, 3, 7, 13, 126, 4096, 65_536, usize::MAX]),
    ) {
        let role = if is_client { Role::Client } else { Role::Server };
        let mut socket = theirs(role, Vec::new());
        for frame in &frames {
            let payload = frame.payload.clone();
            let data = |data| Frame::message(payload.clone(), OpCode::Data(data), frame.fin);
            let whole = frame.fin && !frame.opcode.is_control();
            let sent = match frame.opcode {
                Opcode::PING => Theirs::Ping(payload.into()),
                Opcode::PONG => Theirs::Pong(payload.into()),
                Opcode::TEXT if whole => Theirs::text(String::from_utf8(payload).unwrap()),
                Opcode::BINARY if whole => Theirs::binary(payload),
                Opcode::TEXT => Theirs::Frame(data(Data::Text)),
                Opcode::BINARY => Theirs::Frame(data(Data::Binary)),
                _ => Theirs::Frame(data(Data::Continue)),
            };
            socket.write(sent).unwrap();
            // A pong is sent when there is time; here, in its turn.
            socket.flush().unwrap();
        }
        let (got, masked) = read(&socket.get_ref().output, chunk);
        prop_assert!(got == arriving(&frames));
        prop_assert_eq!(masked, is_client);
    }
}

#[test]
fn every_status_of_a_close_frame_is_read_alike() {
    for status in (1000..1015).chain([2999, 3000, 4000, 4999]) {
        let mut socket = theirs(Role::Server, Vec::new());
        let frame = tungstenite::protocol::CloseFrame { code: status.into(), reason: "bye".into() };
        socket.close(Some(frame)).unwrap();
        let (got, _) = read(&socket.get_ref().output, 3);
        assert_eq!(Close::of(&got[0].1), Close::Status(status, "bye".to_owned()));
    }
}
