//! What the tests with real peers share: the proxy as a child, the drivers of real clients, and a way
//! to write a transcript down so that two runs of one story are equal.
#![allow(clippy::disallowed_methods)] // a harness waits on real programs and looks at its environment
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use regex_lite::{Captures, Regex};
use serde_json::Value;

use crate::prosody::{Password, find};

/// `xmppscope proxy` before a target.
pub struct Proxy {
    child: Child,
    /// The URL for the client, as the proxy printed it.
    pub origin: String,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// All that a proxy said before it ended.
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    pub status: ExitStatus,
    /// From SIGTERM to the end.
    pub took: Duration,
}

impl Proxy {
    pub fn before(target: &str) -> Self {
        Self::with(target, &[])
    }

    pub fn with(target: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
            .args(["proxy", "--target", target, "--listen", "127.0.0.1:0", "--color", "never"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, first) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let stderr = std::thread::spawn(move || {
            let mut all = String::new();
            for line in stderr.lines() {
                let line = line.unwrap();
                let _ = said.send(line.clone());
                all += &line;
                all.push('\n');
            }
            all
        });
        let mut stdout = child.stdout.take().unwrap();
        let stdout = std::thread::spawn(move || {
            let mut all = Vec::new();
            stdout.read_to_end(&mut all).unwrap();
            String::from_utf8(all).expect("the proxy prints UTF-8")
        });
        let mut proxy =
            Self { child, origin: String::new(), stdout: Some(stdout), stderr: Some(stderr) };
        let url = Regex::new(r"listening on (https?://[^\s/]+)").unwrap();
        while proxy.origin.is_empty() {
            let line = first
                .recv_timeout(Duration::from_secs(5))
                .expect("the proxy did not say where it listens");
            if let Some(found) = url.captures(&line) {
                proxy.origin = found[1].to_owned();
            }
        }
        proxy
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the proxy to end, as `kill` does, and takes what it printed.
    pub fn finish(mut self) -> Ended {
        let asked = Instant::now();
        // `kill` is a builtin of every shell; the program may be missing
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(asked.elapsed() < Duration::from_secs(10), "the proxy ignores SIGTERM");
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = asked.elapsed();
        let text = |thread: &mut Option<JoinHandle<String>>| thread.take().unwrap().join().unwrap();
        Ended { stdout: text(&mut self.stdout), stderr: text(&mut self.stderr), status, took }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if self.stdout.is_none() {
            return; // ended, and its output was taken
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            for (name, thread) in [("stdout", self.stdout.take()), ("stderr", self.stderr.take())] {
                let text = thread.map(|t| t.join().unwrap_or_default()).unwrap_or_default();
                eprintln!("--- the proxy's {name}\n{text}");
            }
        }
    }
}

/// A run of one of the drivers in `tests/peers/`.
pub struct Client {
    command: Command,
    name: String,
}

/// What a client saw.
#[derive(Debug, Clone)]
pub struct Seen {
    /// One line for each thing the application above the client's library is told.
    pub lines: Vec<String>,
    /// What differs between any two runs (`sid`, first `rid`, the like), to normalise by.
    pub about: Value,
}

impl Client {
    /// A program of `tests/peers/`, run by Node, for `alice@localhost` at a CM.
    pub fn node(driver: &str, origin: &str, password: &Password) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        assert!(
            folder.join("node_modules").is_dir(),
            "tests/peers/node_modules is missing: run ./test, which installs the clients"
        );
        let node = find("node").expect("Node is not installed: run ./test, which installs it");
        let mut command = Command::new(node);
        command.arg(folder.join(driver)).args(["--url", &format!("{origin}/http-bind")]);
        Self::new(command, driver, password)
    }

    fn new(mut command: Command, name: &str, password: &Password) -> Self {
        command.args(["--jid", "alice@localhost/web"]);
        command.env("PEER_PASSWORD", password.reveal()).stdin(Stdio::null());
        Self { command, name: name.to_owned() }
    }

    /// strophe.js in Node, over BOSH.
    pub fn strophe(origin: &str, password: &Password) -> Self {
        Self::node("strophe-login.mjs", origin, password)
    }

    /// converse.js in headless Chromium, over BOSH, from a page of another origin.
    pub fn converse(origin: &str, password: &Password) -> Self {
        Self::node("converse.mjs", origin, password)
    }

    /// A client on the gloox library, compiled once, in one of its HTTP modes (`legacy`: HTTP/1.0 and a
    /// connection for each request; `persistent`: keep-alive; `pipelining`).
    pub fn gloox(origin: &str, password: &Password, mode: &str) -> Self {
        let mut command = Command::new(gloox());
        command.args(["--url", &format!("{origin}/http-bind"), "--mode", mode]);
        Self::new(command, "gloox.cpp", password)
    }

    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.command.args([name, value]);
        self
    }

    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Lives the story, an action a word.
    ///
    /// # Panics
    /// When the client did not see all that the story says.
    pub fn live(mut self, story: &[&str]) -> Seen {
        let output = self.command.args(story).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{} {story:?}: {}\n{said}{}",
            self.name,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        let mut seen = Seen { lines: Vec::new(), about: Value::Null };
        for line in said.lines() {
            let value: Value = serde_json::from_str(line).expect("a driver prints JSON lines");
            match value.get("about") {
                Some(about) => seen.about = about.clone(),
                None => seen.lines.push(line.to_owned()),
            }
        }
        seen
    }
}

/// The compiled gloox driver; compiled again only when its source is newer.
fn gloox() -> PathBuf {
    use std::sync::OnceLock;
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/gloox.cpp");
            let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gloox-login");
            let age = |file: &Path| file.metadata().and_then(|m| m.modified()).ok();
            if age(&binary) < age(&source) {
                let built = Command::new("g++")
                    .args(["-O1", "-w", "-o"])
                    .args([&binary, &source])
                    .args(["-lgloox", "-lpthread"])
                    .output()
                    .expect("g++ is not installed: run ./test, which installs it");
                let errors = String::from_utf8_lossy(&built.stderr);
                assert!(built.status.success(), "gloox.cpp does not compile; is libgloox-dev there? ./test installs it\n{errors}");
            }
            binary
        })
        .clone()
}

/// A transcript without what differs between any two runs of the same story. `origins` are the proxy's
/// and the server's; `about` is what the client knows of its session.
pub fn normalised(transcript: &str, origins: &[(&str, &str)], about: &Value) -> String {
    let mut text = transcript.to_owned();
    for (origin, name) in origins {
        let host = origin.split_once("://").map_or(*origin, |(_, host)| host);
        let port = host.rsplit_once(':').map_or(host, |(_, port)| port);
        text = replace(&text, &format!(r"\b{port}\b"), |_| (*name).to_owned());
    }
    if let Some(rid) = about["rid"].as_u64() {
        text = replace(&text, r"\b\d{2,16}\b", |number| {
            let n: u64 = number[0].parse().unwrap();
            match n.checked_sub(rid) {
                Some(after) if after < 1000 && rid > 100_000 => format!("RID+{after}"),
                _ => number[0].to_owned(),
            }
        });
    }
    if let Some(sid) = about["sid"].as_str() {
        // printed whole and, on every line, as its first few characters
        for length in (4..=sid.len()).rev() {
            let start = regex_lite::escape(&sid[..length]);
            text = replace(&text, &format!(r"\b{start}\b(…)?"), |_| "SID".to_owned());
        }
    }
    let uuid = r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b";
    text = replace(&text, uuid, |_| "UUID".to_owned());
    text = replace(&text, r"\d{4}-\d\d-\d\d[T ]", |_| String::new());
    text = replace(&text, r"\b\d\d:\d\d:\d\d(\.\d+)?Z?", |_| "HH:MM:SS".to_owned());
    text = replace(&text, r"\+?\b\d+(\.\d+)? ?(µs|ms|s)\b", |_| "TIME".to_owned());
    text = replace(&text, r"127\.0\.0\.1:\d+", |_| "127.0.0.1:PORT".to_owned());
    replace(&text, r"<([\w:.-]+)((?:\s+[\w:.-]+=(?:'[^']*'|\x22[^\x22]*\x22))+)(\s*/?)>", |tag| {
        let attribute = Regex::new(r"[\w:.-]+=(?:'[^']*'|\x22[^\x22]*\x22)").unwrap();
        let sorted: BTreeSet<_> = attribute.find_iter(&tag[2]).map(|m| m.as_str()).collect();
        let sorted: Vec<_> = sorted.into_iter().collect();
        format!("<{} {}{}>", &tag[1], sorted.join(" "), &tag[3])
    })
}

fn replace(text: &str, pattern: &str, with: impl Fn(&Captures<'_>) -> String) -> String {
    Regex::new(pattern).unwrap().replace_all(text, with).into_owned()
}

/// The held times a transcript shows, in seconds, in order.
pub fn held(transcript: &str) -> Vec<f64> {
    let pattern = Regex::new(r"held (\d+(?:\.\d+)?) ?(ms|s)\b").unwrap();
    let seconds = |c: Captures<'_>| {
        let n: f64 = c[1].parse().unwrap();
        if &c[2] == "ms" { n / 1000.0 } else { n }
    };
    pattern.captures_iter(transcript).map(seconds).collect()
}
