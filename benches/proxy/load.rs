//! The load for measuring a proxy that wrk cannot make. Prints one line of `name=value` pairs.
//!
//! ```text
//! bench-load port                        a free port
//! bench-load rate  PORT RATE SECONDS     open loop: small requests at a rate, whatever the answers do
//! bench-load count PORT N                N small requests over 16 connections
//! bench-load big   PORT SECONDS          1 MB up and 1 MB down over 4 connections
//! bench-load hold  PORT N                N requests that nobody answers, until stdin ends
//! bench-load first PORT COMMAND …        starts the command: how long until it serves its first request
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)] // a measuring tool

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SMALL: &str = "<body rid='2345678901' sid='0123456789abcdef' xmlns='http://jabber.org/protocol/httpbind'>\
    <message xmlns='jabber:client' to='bob@localhost' type='chat' id='m1'>\
    <body>Is this thing on? I can see you typing.</body><active xmlns='http://jabber.org/protocol/chatstates'/></message></body>";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words[at].parse::<usize>().expect("a number");
    let port = || u16::try_from(number(1)).unwrap();
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    match words.first().map(String::as_str) {
        Some("port") => println!("{}", free_port()),
        Some("rate") => rate(port(), number(2), Duration::from_secs(number(3) as u64)),
        Some("count") => count(port(), number(2)),
        Some("big") => big(port(), Duration::from_secs(number(2) as u64)),
        Some("hold") => hold(port(), number(2)),
        Some("first") => first(port(), &words[2..]),
        _ => println!("usage: bench-load port|rate|count|big|hold|first …, see the source"),
    }
}

/// Outside the range of outgoing connections, so that none of these takes it.
fn free_port() -> u16 {
    let mut two = [0; 2];
    let mut random = std::fs::File::open("/dev/urandom").unwrap();
    loop {
        random.read_exact(&mut two).unwrap();
        let port = 10_000 + u16::from_le_bytes(two) % 22_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn request(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A keep-alive connection that sends a request and reads its answer whole.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { stream, buffer: vec![0; 256 << 10] })
    }

    /// The size of the answer's body.
    fn ask(&mut self, request: &[u8]) -> std::io::Result<usize> {
        self.stream.write_all(request)?;
        self.answer()
    }

    fn answer(&mut self) -> std::io::Result<usize> {
        let broken = || std::io::Error::other("not an answer of 200 with a length");
        let mut have = 0;
        loop {
            let n = self.stream.read(&mut self.buffer[have..])?;
            if n == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            have += n;
            let Some(end) = memchr::memmem::find(&self.buffer[..have], b"\r\n\r\n") else {
                continue;
            };
            let head = std::str::from_utf8(&self.buffer[..end]).map_err(|_| broken())?;
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let length: usize = length.filter(|_| head.contains(" 200 ")).ok_or_else(broken)?;
            let mut left = (end + 4 + length) - have;
            while left > 0 {
                match self.stream.read(&mut self.buffer)? {
                    0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                    n => left -= n,
                }
            }
            return Ok(length);
        }
    }
}

/// A latency runs from when a request was due, so a stall counts for all that it delays.
fn rate(port: u16, rate: usize, length: Duration) {
    const CONNECTIONS: usize = 8;
    let small = request("/http-bind", SMALL);
    let start = Instant::now() + Duration::from_millis(50);
    let mut taken: Vec<Duration> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..CONNECTIONS)
            .map(|lane| {
                let small = &small;
                scope.spawn(move || {
                    let mut connection = Connection::open(port).unwrap();
                    let mut taken = Vec::new();
                    for n in (lane..).step_by(CONNECTIONS) {
                        let due = start + Duration::from_secs_f64(n as f64 / rate as f64);
                        if due > start + length {
                            return taken;
                        }
                        let early = due.checked_duration_since(Instant::now());
                        if let Some(early) = early {
                            thread::sleep(early);
                        }
                        // the sleep's own lateness is not the proxy's
                        let from = if early.is_some() { Instant::now() } else { due };
                        connection.ask(small).unwrap();
                        taken.push(from.elapsed());
                    }
                    taken
                })
            })
            .collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    taken.sort_unstable();
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!("median_us={:.1} p99_us={:.1} count={}", at(0.5), at(0.99), taken.len());
}

fn count(port: u16, total: usize) {
    let small = request("/http-bind", SMALL);
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut connection = Connection::open(port).unwrap();
                while done.fetch_add(1, Ordering::Relaxed) < total {
                    connection.ask(&small).unwrap();
                }
            });
        }
    });
    println!("count={total}");
}

fn big(port: u16, length: Duration) {
    let body = format!(
        "<body rid='1' sid='0123456789abcdef' xmlns='http://jabber.org/protocol/httpbind'>\
         <message xmlns='jabber:client'><body>{}</body></message></body>",
        "x".repeat(1 << 20)
    );
    let large = request("/big", &body);
    let bytes = AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = Connection::open(port).unwrap();
                while start.elapsed() < length {
                    let down = connection.ask(&large).unwrap();
                    bytes.fetch_add(large.len() + down, Ordering::Relaxed);
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    println!("mb_per_s={:.1}", bytes.into_inner() as f64 / 1e6 / seconds);
}

fn hold(port: u16, total: usize) {
    let held = request("/hold", SMALL);
    let open: Vec<TcpStream> = (0..total)
        .map(|_| {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            stream.write_all(&held).unwrap();
            stream
        })
        .collect();
    println!("held={}", open.len());
    let _ = std::io::stdin().read(&mut [0]);
    drop(open);
}

fn first(port: u16, command: &[String]) {
    let small = request("/http-bind", SMALL);
    let start = Instant::now();
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let served = loop {
        if Connection::open(port).and_then(|mut connection| connection.ask(&small)).is_ok() {
            break true;
        }
        if start.elapsed() > Duration::from_secs(10) {
            break false;
        }
        thread::sleep(Duration::from_micros(200));
    };
    let taken = start.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(served, "nothing was served within 10 s");
    println!("first_ms={:.2}", taken.as_secs_f64() * 1e3);
}
