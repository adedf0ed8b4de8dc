use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::wire::tap::{Queue, Tap};
use crate::wire::websocket::{Head, Opcode};

/// A WebSocket that is recorded as it passes.
struct Line {
    queue: Arc<Queue>,
    tap: Tap,
    recorder: Recorder,
    events: Vec<Event>,
}

impl Line {
    fn new(room: usize, body_limit: usize) -> Self {
        let queue = Queue::new(room);
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let tap = Tap::new(1, client, Arc::clone(&queue), Clock::start());
        let recorder = Recorder::new(Intake::new(false, body_limit));
        Self { queue, tap, recorder, events: Vec::new() }
    }

    fn open(room: usize, body_limit: usize) -> Self {
        let mut line = Self::new(room, body_limit);
        line.pass(Side::Client, b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
        line.pass(Side::Server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
        line
    }

    fn pass(&mut self, from: Side, bytes: &[u8]) {
        self.tap.passed(from, bytes);
        self.record();
    }

    fn record(&mut self) {
        let mut items = Vec::new();
        self.queue.take(&mut items, Some(Duration::ZERO));
        for item in items {
            self.recorder.take(item, &mut self.events);
        }
    }

    /// How many bytes each message has, and what was lost.
    fn seen(&self) -> (Vec<u64>, u64) {
        let size = |event: &Event| match &event.fact {
            Fact::Frame(frame) => Some(frame.content.size),
            _ => None,
        };
        let lost = |event: &Event| match event.fact {
            Fact::Lost { bytes, .. } => bytes,
            _ => 0,
        };
        (self.events.iter().filter_map(size).collect(), self.events.iter().map(lost).sum())
    }
}

#[test]
fn a_message_longer_than_the_queue_takes_the_room_of_what_is_kept() {
    let mut line = Line::open(1 << 20, 1 << 16);
    let size: u64 = 8 << 20;
    let mut head = Vec::new();
    Head::new(Opcode::BINARY, size, None).write(&mut head);
    line.pass(Side::Server, &head);
    let some = vec![7; 1 << 15];
    for _ in 0..size >> 15 {
        line.pass(Side::Server, &some);
    }
    // A message that never ends is no other.
    for _ in 0..100 {
        let mut fragment = Vec::new();
        let head = Head { fin: false, ..Head::new(Opcode(0), 1 << 15, None) };
        head.write_with(&some, &mut fragment);
        line.pass(Side::Client, &fragment);
    }
    line.pass(Side::Server, b"\x81\x04<a/>");
    assert_eq!(line.seen(), (vec![size, 4], 0));
}

#[test]
fn tiny_frames_take_the_room_of_what_is_known_of_them() {
    let mut line = Line::open(1 << 20, 1 << 16);
    let pings = b"\x89\x00".repeat(1 << 10);
    for _ in 0..100 {
        line.tap.passed(Side::Server, &pings);
    }
    let mut items = Vec::new();
    line.queue.take(&mut items, Some(Duration::ZERO));
    let marks =
        |item: &Item| if let What::Bytes { marks, .. } = &item.what { marks.len() } else { 0 };
    let marks: usize = items.iter().map(marks).sum();
    assert!(marks > 0 && marks * size_of::<Mark>() <= 1 << 20, "{marks} marks");
}

#[test]
fn a_head_that_comes_in_pieces_is_read_however_little_of_a_body_is_kept() {
    let mut line = Line::new(1 << 20, 8);
    let request =
        b"POST /http-bind HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n<body rid='1'>-</body>";
    for piece in request.chunks(7) {
        line.pass(Side::Client, piece);
    }
    let requests: Vec<_> = line
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Request(request) => Some(request),
            _ => None,
        })
        .collect();
    let [request] = requests[..] else { panic!("{:?}", line.events) };
    assert_eq!((&request.method[..], &request.target[..]), ("POST", "/http-bind"));
    assert_eq!(request.headers.get("host"), Some("a"));
    let content = &request.content;
    assert_eq!((&content.bytes[..], content.clipped), (&b"<body ri"[..], true));
}
