//! Signals end `run`, `check` and `prove`, whatever they do or wait for: real processes, real signals.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::rig::LONG;

/// Within a second, and what a busy machine needs to notice.
const SOON: Duration = Duration::from_secs(3);
const HEAD: &str = "covers: [bosh-long-polling]\nsession: { login: anonymous, wait: 1, hold: 1";

/// A run that ends by itself, and is reported.
fn quick() -> String {
    format!("name: quick\n{HEAD} }}\nsteps:\n  - note: was reported\n")
}

/// Virtual time passes, a request each second, for a month.
fn polling() -> String {
    format!(
        "name: long\n{HEAD}, polls: true }}\nsteps:\n  - repeat: 30\n    steps:\n      - wait: 24h\n"
    )
}

/// A step that keeps the processor for longer than anybody waits.
fn busy() -> String {
    format!(
        "name: long\n{HEAD} }}\nsteps:\n  - value: '${{filler(60000000)}}'\n    matches: '(a|b|x+)*y'\n"
    )
}

/// Steps that never wait.
fn turning() -> String {
    let inner = "repeat: 100000\n        steps:\n          - set: { a: '${sha1(filler(100000))}' }";
    format!(
        "name: long\n{HEAD} }}\nsteps:\n  - repeat: 100000\n    steps:\n      - {inner}\n      - note: '${{a}}'\n"
    )
}

fn folder(second: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), quick()).unwrap();
    fs::write(folder.path().join("b.yaml"), second).unwrap();
    folder
}

struct Running(Child);

impl Running {
    fn start(arguments: &[&str], folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// The exit status, stdout and stderr, once it has ended; how long it took from `since`.
    fn ended(mut self, since: Instant) -> (Option<i32>, String, String, Duration) {
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(since.elapsed() < LONG, "it does not end");
            thread::sleep(Duration::from_millis(5));
        };
        let took = since.elapsed();
        let (mut out, mut errors) = (String::new(), String::new());
        let child = &mut self.0;
        child.stdout.take().map(|mut pipe| pipe.read_to_string(&mut out));
        child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut errors));
        (status.code(), out, errors, took)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the two scenarios of a folder, and sends the signal once the first has been reported.
fn interrupted(second: &str, signal: &str, target: &[&str]) {
    let folder = folder(second);
    let arguments = [&["run", ".", "--show", "all"], target].concat();
    let mut running = Running::start(&arguments, folder.path());
    let mut out = BufReader::new(running.0.stdout.take().unwrap());
    let mut first = String::new();
    while !first.contains("was reported") {
        assert!(out.read_line(&mut first).unwrap() > 0, "it ended: {first}");
    }
    // The other one is on its way now, if it was not before.
    thread::sleep(Duration::from_millis(300));
    let since = Instant::now();
    running.signal(signal);
    let (status, _, errors, took) = running.ended(since);
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(status, Some(130), "{first}{rest}{errors}");
    assert!(took < SOON, "{took:?}");
    assert!(rest.contains("2 scenarios: 1 passed, 1 not run"), "{rest}{errors}");
}

#[test]
fn a_signal_ends_a_run_in_virtual_time_and_what_there_is_is_reported() {
    interrupted(&polling(), "-INT", &["--jobs", "2"]);
    interrupted(&polling(), "-TERM", &["--jobs", "2"]);
}

#[test]
fn a_signal_ends_a_run_that_never_waits() {
    interrupted(&turning(), "-INT", &["--jobs", "2"]);
    interrupted(&busy(), "-TERM", &["--jobs", "2"]);
}

#[test]
fn a_second_signal_ends_it_at_once_even_if_nobody_reads_its_output() {
    let folder = folder(&turning());
    let loud = "  - note: '${filler(3000000)}'\n";
    fs::write(folder.path().join("a.yaml"), quick() + loud).unwrap();
    // It waits for its stdout to be read.
    let running = Running::start(&["run", "a.yaml", "--show", "all"], folder.path());
    thread::sleep(Duration::from_secs(2));
    let since = Instant::now();
    running.signal("-INT");
    thread::sleep(Duration::from_millis(200));
    running.signal("-INT");
    let (status, _, errors, took) = running.ended(since);
    assert_eq!(status, Some(130), "{errors}");
    assert!(errors.contains("interrupted twice"), "{errors}");
    assert!(took < SOON, "{took:?}");
    // One signal is enough, a little later.
    let running = Running::start(&["run", "a.yaml", "--show", "all"], folder.path());
    thread::sleep(Duration::from_secs(2));
    let since = Instant::now();
    running.signal("-TERM");
    let (status, _, errors, took) = running.ended(since);
    assert_eq!(status, Some(130), "{errors}");
    assert!(errors.contains("could be reported within a second"), "{errors}");
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_signal_ends_a_run_against_a_target_that_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let folder = folder(&quick());
    let running = Running::start(&["run", ".", "--target", &url], folder.path());
    let (kept, _) = listener.accept().unwrap();
    let since = Instant::now();
    running.signal("-TERM");
    let (status, out, errors, took) = running.ended(since);
    drop(kept);
    assert_eq!(status, Some(130), "{errors}");
    assert!(out.contains("2 scenarios: 2 not run"), "{out}{errors}");
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_signal_ends_a_proof_and_a_check_that_waits_for_a_file() {
    let folder = folder(&polling());
    let running = Running::start(&["prove", "."], folder.path());
    thread::sleep(Duration::from_secs(1));
    let since = Instant::now();
    running.signal("-INT");
    let (status, out, errors, took) = running.ended(since);
    assert_eq!((status, out.as_str()), (Some(130), ""), "{errors}");
    assert!(errors.contains("xmppscope: interrupted") && took < SOON, "{took:?} {errors}");

    let pipe = folder.path().join("pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for command in ["check", "run"] {
        let running = Running::start(&[command, "pipe.yaml"], folder.path());
        thread::sleep(Duration::from_secs(1));
        let since = Instant::now();
        running.signal("-TERM");
        let (status, _, errors, took) = running.ended(since);
        assert_eq!(status, Some(130), "{errors}");
        assert!(took < SOON, "{took:?}");
    }
}
