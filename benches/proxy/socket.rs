//! The same over WebSocket: each connection is one WebSocket that sends a message and waits for the one that answers it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xmppscope::wire::websocket::{Head, Opcode, Piece, Reader};

use crate::{STANZA, asynchronous, in_turn, paced};

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: xmpp\r\n\r\n";

/// A message as a client sends it.
fn frame(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let head = Head::new(Opcode::TEXT, text.len() as u64, Some([0x12, 0x34, 0x56, 0x78]));
    head.write_with(text.as_bytes(), &mut bytes);
    bytes
}

/// How many frames end in these bytes.
fn ended(reader: &mut Reader, bytes: &[u8]) -> usize {
    let mut ends = 0;
    reader.feed(bytes, &mut |piece| ends += usize::from(piece == Piece::End));
    ends
}

struct Socket {
    stream: TcpStream,
    reader: Reader,
    buffer: Vec<u8>,
}

impl Socket {
    fn open(port: u16) -> io::Result<Self> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.write_all(UPGRADE.as_bytes())?;
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        if !head.starts_with(b"HTTP/1.1 101 ") {
            let head = String::from_utf8_lossy(&head).into_owned();
            return Err(io::Error::other(format!("not an answer of 101: {head}")));
        }
        Ok(Self { stream, reader: Reader::default(), buffer: vec![0; 64 << 10] })
    }

    /// The size of the answer.
    fn ask(&mut self, message: &[u8]) -> usize {
        self.stream.write_all(message).unwrap();
        let mut size = 0;
        loop {
            let n = self.stream.read(&mut self.buffer).unwrap();
            assert!(n > 0, "the connection was closed");
            size += n;
            if ended(&mut self.reader, &self.buffer[..n]) > 0 {
                return size;
            }
        }
    }
}

pub(crate) fn many(port: u16, connections: usize, length: Duration) {
    let open = (0..connections).map(|_| Socket::open(port).unwrap()).collect();
    in_turn(open, length, |Socket { stream, mut reader, mut buffer }, end| async move {
        let mut stream = asynchronous(stream);
        let message = frame(STANZA);
        let mut answered = 0;
        while Instant::now() < end {
            stream.write_all(&message).await.unwrap();
            loop {
                let n = stream.read(&mut buffer).await.unwrap();
                assert!(n > 0, "the connection was closed");
                if ended(&mut reader, &buffer[..n]) > 0 {
                    break;
                }
            }
            answered += 1;
        }
        answered
    });
}

pub(crate) fn rate(port: u16, rate: usize, length: Duration) {
    let message = frame(STANZA);
    let open: Vec<_> = (0..8).map(|_| Socket::open(port).unwrap()).collect();
    let lanes = open.into_iter().map(|mut socket| {
        let message = &message;
        move || {
            socket.ask(message);
        }
    });
    paced(rate, length, lanes.collect());
}

pub(crate) fn big(port: u16, length: Duration) {
    let message = frame(&format!(
        "<message xmlns='jabber:client'><body>{}</body></message>",
        "x".repeat(1 << 20)
    ));
    let bytes = AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut socket = Socket::open(port).unwrap();
                while start.elapsed() < length {
                    bytes.fetch_add(message.len() + socket.ask(&message), Ordering::Relaxed);
                }
            });
        }
    });
    println!("mb_per_s={:.1}", bytes.into_inner() as f64 / 1e6 / start.elapsed().as_secs_f64());
}

pub(crate) fn hold(port: u16, total: usize) {
    let open: Vec<_> = (0..total).map(|_| Socket::open(port).unwrap().stream).collect();
    println!("held={}", open.len());
    let _ = io::stdin().read(&mut [0]);
    drop(open);
}
