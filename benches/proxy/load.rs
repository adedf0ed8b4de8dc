//! The load for measuring a proxy. Each connection is a BOSH session of its own that sends one request at
//! a time, its rid going up by one. Prints one line of `name=value` pairs.
//!
//! ```text
//! bench-load port                          a free port
//! bench-load many  PORT CONNECTIONS SECONDS  as many small requests as get answered
//! bench-load rate  PORT RATE SECONDS       open loop: small requests at a rate, whatever the answers do
//! bench-load count PORT N                  N small requests over 16 connections
//! bench-load big   PORT SECONDS [RATE]     1 MB up and 1 MB down, over 4 connections, [RATE a second in all]
//! bench-load hold  PORT N                  N requests that nobody answers, until stdin ends
//! bench-load first PORT COMMAND …          starts the command: how long until it serves its first request
//! bench-load ws-many PORT CONNECTIONS SECONDS, ws-rate PORT RATE SECONDS, ws-big PORT SECONDS, ws-hold PORT N
//!                                          the same over WebSocket; those of ws-hold are idle
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)] // a measuring tool

mod socket;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

const STANZA: &str = "<message xmlns='jabber:client' to='bob@localhost' type='chat' id='m1'>\
    <body>Is this thing on? I can see you typing.</body></message>";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words[at].parse::<usize>().expect("a number");
    let port = || u16::try_from(number(1)).unwrap();
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    match words.first().map(String::as_str) {
        Some("port") => println!("{}", free_port()),
        Some("many") => many(port(), number(2), Duration::from_secs(number(3) as u64)),
        Some("rate") => rate(port(), number(2), Duration::from_secs(number(3) as u64)),
        Some("count") => count(port(), number(2)),
        Some("big") => {
            let rate = words.get(3).map(|_| number(3));
            big(port(), Duration::from_secs(number(2) as u64), rate);
        }
        Some("hold") => hold(port(), number(2)),
        Some("first") => first(port(), &words[2..]),
        Some("ws-many") => socket::many(port(), number(2), Duration::from_secs(number(3) as u64)),
        Some("ws-rate") => socket::rate(port(), number(2), Duration::from_secs(number(3) as u64)),
        Some("ws-big") => socket::big(port(), Duration::from_secs(number(2) as u64)),
        Some("ws-hold") => socket::hold(port(), number(2)),
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

fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The requests of a session, written once; only the rid changes.
struct Requests {
    bytes: Vec<u8>,
    rid_at: usize,
    rid: u64,
}

impl Requests {
    fn next(&mut self) -> &[u8] {
        self.rid += 1;
        self.bytes[self.rid_at..self.rid_at + 10].copy_from_slice(self.rid.to_string().as_bytes());
        &self.bytes
    }
}

/// A keep-alive connection with a session, that sends a request and reads its answer whole.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    sid: String,
    rid: u64,
}

/// How many bytes of an answer are still to come, once its head is here.
fn left(have: &[u8]) -> io::Result<Option<usize>> {
    let Some(end) = memchr::memmem::find(have, b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&have[..end]).unwrap_or_default();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    match length {
        Some(length) if head.contains(" 200 ") => Ok(Some(end + 4 + length - have.len())),
        _ => Err(io::Error::other(format!("not an answer of 200 with a length: {head}"))),
    }
}

impl Connection {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut connection = Self { stream, buffer: vec![0; 4 << 10], sid: String::new(), rid: 0 };
        let mut four = [0; 4];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut four)?;
        connection.rid = 2_000_000_000 + u64::from(u32::from_le_bytes(four) >> 1);
        let rid = connection.rid;
        let opens = format!(
            "<body rid='{rid}' to='localhost' wait='60' hold='1' ver='1.6' content='text/xml; charset=utf-8' \
             xml:lang='en' xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>"
        );
        let size = connection.ask(&post("/http-bind", &opens))?;
        let answer = String::from_utf8_lossy(&connection.buffer[..size]);
        let sid = answer.split(" sid='").nth(1).and_then(|rest| rest.split('\'').next());
        connection.sid = sid.map(str::to_owned).ok_or(io::ErrorKind::InvalidData)?;
        Ok(connection)
    }

    fn requests(&self, path: &str, stanza: &str) -> Requests {
        let Self { sid, rid, .. } = self;
        let body = format!(
            "<body rid='{rid}' sid='{sid}' xmlns='http://jabber.org/protocol/httpbind'>{stanza}</body>"
        );
        let bytes = post(path, &body);
        let rid_at = memchr::memmem::find(&bytes, b"rid='").unwrap() + 5;
        Requests { bytes, rid_at, rid: *rid }
    }

    /// The size of the whole answer.
    fn ask(&mut self, request: &[u8]) -> io::Result<usize> {
        self.stream.write_all(request)?;
        let mut have = 0;
        let mut left = loop {
            let n = self.stream.read(&mut self.buffer[have..])?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            have += n;
            if let Some(left) = left(&self.buffer[..have])? {
                break left;
            }
        };
        let size = have + left;
        if left > 0 {
            self.buffer.resize(256 << 10, 0);
        }
        while left > 0 {
            match self.stream.read(&mut self.buffer[have.min(4096)..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => left -= n,
            }
        }
        Ok(size)
    }
}

fn many(port: u16, connections: usize, length: Duration) {
    let open = (0..connections).map(|_| Connection::open(port).unwrap()).collect();
    in_turn(open, length, |connection: Connection, end| async move {
        let mut requests = connection.requests("/http-bind", STANZA);
        let mut stream = asynchronous(connection.stream);
        let (mut buffer, mut answered) = ([0; 4096], 0);
        while Instant::now() < end {
            stream.write_all(requests.next()).await.unwrap();
            let mut have = 0;
            loop {
                let n = stream.read(&mut buffer[have..]).await.unwrap();
                assert!(n > 0, "the connection was closed");
                have += n;
                if left(&buffer[..have]).unwrap() == Some(0) {
                    break;
                }
            }
            answered += 1;
        }
        answered
    });
}

/// As many as get answered, in one thread: each lane asks over a connection of its own until `end`, and gives how often
/// it was answered.
fn in_turn<T, F>(open: Vec<T>, length: Duration, lane: impl Fn(T, Instant) -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = Instant::now();
    let lanes = open.into_iter().map(|connection| runtime.spawn(lane(connection, start + length)));
    let lanes: Vec<_> = lanes.collect();
    let answered: u64 = lanes.into_iter().map(|lane| runtime.block_on(lane).unwrap()).sum();
    println!("rps={:.1} requests={answered}", answered as f64 / start.elapsed().as_secs_f64());
}

fn asynchronous(stream: TcpStream) -> tokio::net::TcpStream {
    stream.set_nonblocking(true).unwrap();
    tokio::net::TcpStream::from_std(stream).unwrap()
}

fn rate(port: u16, rate: usize, length: Duration) {
    let open: Vec<_> = (0..8).map(|_| Connection::open(port).unwrap()).collect();
    let lanes = open.into_iter().map(|mut connection| {
        let mut requests = connection.requests("/http-bind", STANZA);
        move || {
            connection.ask(requests.next()).unwrap();
        }
    });
    paced(rate, length, lanes.collect());
}

/// Asks at a rate, over these connections in turn. A latency runs from when a request was due, so a stall counts for all that
/// it delays.
fn paced(rate: usize, length: Duration, asks: Vec<impl FnMut() + Send>) {
    let connections = asks.len();
    let start = Instant::now() + Duration::from_millis(50);
    let mut taken: Vec<Duration> = thread::scope(|scope| {
        let lanes: Vec<_> = asks
            .into_iter()
            .enumerate()
            .map(|(lane, mut ask)| {
                scope.spawn(move || {
                    let mut taken = Vec::new();
                    for n in (lane..).step_by(connections) {
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
                        ask();
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
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut connection = Connection::open(port).unwrap();
                let mut requests = connection.requests("/http-bind", STANZA);
                while done.fetch_add(1, Ordering::Relaxed) < total {
                    connection.ask(requests.next()).unwrap();
                }
            });
        }
    });
    println!("count={total}");
}

fn big(port: u16, length: Duration, rate: Option<usize>) {
    const CONNECTIONS: usize = 4;
    let stanza = format!(
        "<message xmlns='jabber:client' to='bob@localhost'><body>{}</body></message>",
        "x".repeat(1 << 20)
    );
    let bytes = AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for lane in 0..CONNECTIONS {
            let (stanza, bytes) = (&stanza, &bytes);
            scope.spawn(move || {
                let mut connection = Connection::open(port).unwrap();
                let mut requests = connection.requests("/big", stanza);
                for n in (lane..).step_by(CONNECTIONS) {
                    if let Some(rate) = rate {
                        let due = start + Duration::from_secs_f64(n as f64 / rate as f64);
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    if start.elapsed() >= length {
                        break;
                    }
                    let down = connection.ask(requests.next()).unwrap();
                    bytes.fetch_add(requests.bytes.len() + down, Ordering::Relaxed);
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    println!("mb_per_s={:.1}", bytes.into_inner() as f64 / 1e6 / seconds);
}

fn hold(port: u16, total: usize) {
    let open: Vec<TcpStream> = (0..total)
        .map(|_| {
            let mut connection = Connection::open(port).unwrap();
            let mut requests = connection.requests("/hold", STANZA);
            connection.stream.write_all(requests.next()).unwrap();
            connection.stream
        })
        .collect();
    println!("held={}", open.len());
    let _ = std::io::stdin().read(&mut [0]);
    drop(open);
}

fn first(port: u16, command: &[String]) {
    let start = Instant::now();
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let served = loop {
        if Connection::open(port).is_ok() {
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
