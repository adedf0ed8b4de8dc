//! The binary under test, started as a user starts it, and scripted peers on raw sockets.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use regex_lite::Regex;
use tempfile::TempDir;

/// No step of a test takes longer than this, on a machine that does much else beside; a test that hangs says where.
pub const LONG: Duration = Duration::from_secs(120);

/// Does the same with each item, in so many lanes; gives what came of each, in their order. The next item goes to the lane that
/// is free, which has a number, from 1. If one panics, the others are done all the same.
pub fn in_lanes<T: Sync, R: Send>(
    lanes: usize,
    items: &[T],
    does: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let lane = |number: usize| {
        let taken = std::iter::from_fn(|| {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, item))
        });
        taken
            .map(|(at, item)| (at, catch_unwind(AssertUnwindSafe(|| does(number, item)))))
            .collect::<Vec<_>>()
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let lane = &lane;
        let lanes: Vec<_> = (1..=lanes).map(|number| scope.spawn(move || lane(number))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, came)| came.unwrap_or_else(|panic| resume_unwind(panic))).collect()
}

/// A running `xmppscope proxy`.
pub struct Proxy {
    child: Child,
    pub address: SocketAddr,
    pub banner: String,
    pub folder: TempDir,
    errors: Option<thread::JoinHandle<String>>,
}

/// What a proxy left behind.
pub struct Left {
    pub status: ExitStatus,
    pub out: String,
    pub errors: String,
    pub capture: PathBuf,
    _folder: TempDir,
}

impl Proxy {
    /// Starts a proxy before `target`, writing a capture.
    pub fn start(target: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = Stdio::from(File::create(folder.path().join("out")).unwrap());
        Self::start_with(target, options, folder, out)
    }

    /// Starts a proxy whose output goes to `out`.
    pub fn start_with(target: &str, options: &[&str], folder: TempDir, out: Stdio) -> Self {
        Self::launch(&[&["proxy", "--target", target], options].concat(), folder, out)
    }

    /// Starts a proxy that listens at this address.
    pub fn start_at(target: &str, listen: &str, folder: TempDir, out: Stdio) -> Self {
        Self::launch_at(&["proxy", "--target", target], listen, folder, out)
    }

    /// Starts the reference connection manager, writing a capture.
    pub fn start_cm(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = Stdio::from(File::create(folder.path().join("out")).unwrap());
        Self::launch(&[&["cm"], options].concat(), folder, out)
    }

    fn launch(arguments: &[&str], folder: TempDir, out: Stdio) -> Self {
        Self::launch_at(arguments, "127.0.0.1:0", folder, out)
    }

    fn launch_at(arguments: &[&str], listen: &str, folder: TempDir, out: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
            .args(arguments)
            .args(["--listen", listen, "--write"])
            .arg(folder.path().join("capture"))
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut banner = String::new();
        while !banner.contains("listening on ") {
            let read = lines.read_line(&mut banner).unwrap();
            assert!(read > 0, "the proxy did not start: {banner}");
        }
        let url = banner.split("listening on ").nth(1).unwrap().split_whitespace().next().unwrap();
        let authority = url.split("://").nth(1).unwrap().split('/').next().unwrap();
        let address = authority.parse().unwrap();
        let errors = thread::spawn(move || {
            let mut rest = String::new();
            lines.read_to_string(&mut rest).unwrap();
            rest
        });
        Self { child, address, banner, folder, errors: Some(errors) }
    }

    /// A connection to the proxy.
    pub fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// Waits until the printed output contains `text`.
    pub fn wait_for(&self, text: &str) {
        let path = self.folder.path().join("out");
        let out = || std::fs::read_to_string(&path).unwrap_or_default();
        let start = Instant::now();
        while !out().contains(text) {
            assert!(start.elapsed() < LONG, "waited in vain for {text:?} in\n{}", out());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the capture contains `text`.
    pub fn wait_for_capture(&self, text: &str) {
        let path = self.folder.path().join("capture");
        until(&format!("the capture has {text:?}"), || {
            std::fs::read_to_string(&path).is_ok_and(|capture| capture.contains(text))
        });
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Lets the proxy sleep while something happens: what did, it finds together when it wakes.
    #[cfg(target_os = "linux")]
    pub fn asleep<T>(&self, happens: impl FnOnce() -> T) -> T {
        self.signal("-STOP");
        let tasks = format!("/proc/{}/task", self.child.id());
        until("every thread of the proxy sleeps", || {
            std::fs::read_dir(&tasks).unwrap().all(|task| {
                let stat = std::fs::read_to_string(task.unwrap().path().join("stat"));
                stat.is_ok_and(|stat| stat.rsplit(") ").next().unwrap().starts_with('T'))
            })
        });
        let happened = happens();
        self.signal("-CONT");
        happened
    }

    /// Bytes of memory that the proxy has in use now.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    /// Stops the proxy with SIGTERM.
    pub fn stop(mut self) -> Left {
        self.signal("-TERM");
        let status = self.child.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let out = std::fs::read(folder.path().join("out")).unwrap_or_default();
        Left {
            status,
            out: String::from_utf8(out).unwrap(),
            errors: self.errors.take().unwrap().join().unwrap(),
            capture: folder.path().join("capture"),
            _folder: folder,
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Already stopped, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    run_within(LONG, arguments)
}

/// Runs the binary to its end, which has to come in time.
pub fn run_within(limit: Duration, arguments: &[&str]) -> (Option<i32>, String, String) {
    run_with(limit, &[], arguments)
}

/// The same with variables of the environment.
pub fn run_with(
    limit: Duration,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> (Option<i32>, String, String) {
    let child = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .args(arguments)
        .env("TZ", "UTC")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().to_string();
    let (done, ended) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &pid]).status(); // the exit code tells the test
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    watch.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// That printed traffic tells of no error but those of the given requirements (`error (client): … [requirement]`).
#[track_caller]
pub fn assert_broken(out: &str, known: &[&str]) {
    let errors = Regex::new(r"\berror(?: #\d+)?(?: \([\w ]+\))?: .*\[([\w-]+)\]$").unwrap();
    let told: Vec<&str> = out.lines().filter(|line| errors.is_match(line)).collect();
    let count = format!(", {} error{}, ", told.len(), if told.len() == 1 { "" } else { "s" });
    assert!(out.contains(&count), "the summary counts other errors than {told:#?}\n{out}");
    let wrong: Vec<&&str> =
        told.iter().filter(|line| !known.contains(&&errors.captures(line).unwrap()[1])).collect();
    assert!(wrong.is_empty(), "a rule was broken: {wrong:#?}\n{out}");
}

/// Waits for a condition.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A connection that does not hang for ever.
pub fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    socket.set_write_timeout(Some(LONG)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Closes a socket, in order or with a reset.
pub fn leave(socket: TcpStream, reset: bool) {
    if reset {
        socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
    }
    drop(socket);
}

/// An address at which nothing listens, and nothing else will as long as this is kept.
pub struct Nowhere {
    pub address: SocketAddr,
    _socket: socket2::Socket,
}

impl Nowhere {
    pub fn new() -> Self {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        Self { address, _socket: socket }
    }
}

/// A target that hands every accepted connection to the test.
pub struct Target {
    pub address: SocketAddr,
    accepted: mpsc::Receiver<TcpStream>,
}

impl Target {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, accepted) = mpsc::channel();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { return };
                socket.set_read_timeout(Some(LONG)).unwrap();
                socket.set_nodelay(true).unwrap();
                if send.send(socket).is_err() {
                    return;
                }
            }
        });
        Self { address, accepted }
    }

    /// A target that answers every connection with `serve`, each on a thread of its own.
    pub fn serving(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
        let target = Self::start();
        let address = target.address;
        thread::spawn(move || {
            for socket in target.accepted {
                let serve = serve.clone();
                thread::spawn(move || serve(socket));
            }
        });
        address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn accept(&self) -> TcpStream {
        self.accepted.recv_timeout(LONG).expect("a connection to the target")
    }
}

/// Reads exactly as many bytes as `expected` has, and compares.
pub fn expect(socket: &mut impl Read, expected: &[u8]) {
    let mut got = vec![0; expected.len()];
    if let Err(error) = socket.read_exact(&mut got) {
        panic!("instead of {:?}: {error}", expected.escape_ascii().to_string());
    }
    assert!(
        got == expected,
        "expected {:?}\n     got {:?}",
        expected[..expected.len().min(300)].escape_ascii().to_string(),
        got[..got.len().min(300)].escape_ascii().to_string()
    );
}

/// Reads until the peer ends its direction.
pub fn rest(socket: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Reads one message with `Content-Length` (or without content).
pub fn message(socket: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        assert!(socket.read(&mut byte).unwrap() > 0, "cut: {}", bytes.escape_ascii());
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes.clone()).unwrap().to_ascii_lowercase();
    let length = head
        .split("content-length:")
        .nth(1)
        .map_or(0, |rest| rest.split("\r\n").next().unwrap().trim().parse().unwrap());
    let start = bytes.len();
    bytes.resize(start + length, 0);
    socket.read_exact(&mut bytes[start..]).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A POST of a body.
pub fn post(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /http-bind HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A 200 with a body.
pub fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Sends bytes.
pub fn send(socket: &mut impl Write, bytes: &[u8]) {
    socket.write_all(bytes).unwrap();
}
