//! What the tests with real peers share: the drivers of real clients, and a way to write a
//! transcript down so that two runs of one story are equal.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use regex_lite::{Captures, Regex};
use serde_json::Value;

use crate::prosody::{Password, find};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Tests with browsers and held times take turns: two of them at once would measure each other.
pub fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of one of the drivers in `tests/peers/`.
pub struct Client {
    command: Command,
    name: String,
    jid: String,
}

/// What a client saw.
#[derive(Debug, Clone)]
pub struct Observation {
    /// One line for each thing the application above the client's library is told.
    pub lines: Vec<String>,
    /// What differs between any two runs (`sid`, first `rid`, the like), to normalise by.
    pub about: Value,
}

impl Client {
    /// A program of `tests/peers/`, run by Node, at a CM.
    pub fn node(driver: &str, origin: &str, password: &Password) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let mut command = Command::new(node());
        command.arg(folder.join(driver)).args(["--url", &format!("{origin}/http-bind")]);
        Self::new(command, driver, password)
    }

    fn new(mut command: Command, name: &str, password: &Password) -> Self {
        command.env("PEER_PASSWORD", password.reveal()).stdin(Stdio::null());
        Self { command, name: name.to_owned(), jid: "alice@localhost/web".to_owned() }
    }

    /// Who it is, if not `alice@localhost/web`.
    pub fn named(mut self, jid: &str) -> Self {
        jid.clone_into(&mut self.jid);
        self
    }

    /// The command that runs it, its name and its JID.
    pub fn ready(mut self) -> (Command, String, String) {
        self.command.args(["--jid", &self.jid]);
        (self.command, self.name, self.jid)
    }

    /// strophe.js in Node, over BOSH.
    pub fn strophe(origin: &str, password: &Password) -> Self {
        Self::node("strophe-login.mjs", origin, password)
    }

    /// converse.js in headless Chromium, over BOSH, from a page of another origin.
    pub fn converse(origin: &str, password: &Password) -> Self {
        Self::node("converse.mjs", origin, password)
    }

    /// A client of an XMPP server, by WebSocket or TCP, with a driver in Node, Python or C++ (`.mjs`, `.py`, `.cpp`): `url` says
    /// how it connects. It trusts this certificate.
    pub fn at(driver: &str, url: &str, certificate: &Path, password: &Password) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(driver);
        let mut command = match file.extension().and_then(|name| name.to_str()) {
            Some("mjs") => {
                let mut command = Command::new(node());
                command.arg(&file).env("NODE_EXTRA_CA_CERTS", certificate);
                command
            }
            Some("py") => {
                let mut command = Command::new(PYTHON);
                command.arg(&file).arg("--ca").arg(certificate);
                command
            }
            _ => Command::new(compiled(driver)),
        };
        command.args(["--url", url]);
        Self::new(command, driver, password)
    }

    /// A client on the gloox library, compiled once, in one of its HTTP modes (`legacy`: HTTP/1.0 and a
    /// connection for each request; `persistent`: keep-alive; `pipelining`).
    pub fn gloox(origin: &str, password: &Password, mode: &str) -> Self {
        let mut command = Command::new(compiled("gloox.cpp"));
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
    pub fn live(self, story: &[&str]) -> Observation {
        let (mut command, name, _) = self.ready();
        let output = command.args(story).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{name} {story:?}: {}\n{said}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        let mut seen = Observation { lines: Vec::new(), about: Value::Null };
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

/// Debian's, which has Debian's slixmpp; another one may come first in the path.
const PYTHON: &str = "/usr/bin/python3";

/// The program that runs the drivers in Node, whose packages are there.
fn node() -> PathBuf {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/node_modules");
    assert!(
        packages.is_dir(),
        "tests/peers/node_modules is missing: run ./test, which installs the clients"
    );
    find("node").expect("Node is not installed: run ./test, which installs it")
}

/// A driver on the gloox library, compiled; again only when its source is newer.
fn compiled(driver: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(driver);
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join(driver.replace('.', "-"));
    let age = |file: &Path| file.metadata().and_then(|m| m.modified()).ok();
    if age(&binary) < age(&source) {
        let built = Command::new("g++")
            .args(["-O1", "-w", "-o"])
            .args([&binary, &source])
            .args(["-lgloox", "-lpthread"])
            .output()
            .expect("g++ is not installed: run ./test, which installs it");
        let errors = String::from_utf8_lossy(&built.stderr);
        assert!(
            built.status.success(),
            "{driver} does not compile; is libgloox-dev there? ./test installs it\n{errors}"
        );
    }
    binary
}

/// A transcript without what differs between any two runs of the same story. `about` is what the client
/// knows of its session.
pub fn normalised(transcript: &str, about: &Value) -> String {
    let first = about["rid"].as_u64().expect("the driver told its first rid");
    let sid = about["sid"].as_str().expect("the driver told its sid");
    let mut text = replace(transcript, r"\b\d{10}\b", |number| {
        let after = number[0].parse::<u64>().unwrap().checked_sub(first).filter(|&n| n < 1000);
        after.map_or_else(|| number[0].to_owned(), |n| format!("RID+{n}"))
    });
    // whole, and as the first few characters that head each line
    for length in (4..=sid.len()).rev() {
        let start = regex_lite::escape(&sid[..length]);
        text = replace(&text, &format!(r"\b{start}\b"), |_| "SID".to_owned());
    }
    text = replace(&text, r"(?m)^\d\d:\d\d:\d\d\.\d+ +(\+\d[\d.]* (?:ms|s|min) +)?", |_| {
        "CLOCK ".to_owned()
    });
    text = replace(&text, r"(held|gap|after|in|RID\+\d+,) \d[\d.]* (?:µs|ms|s|min)\b", |c| {
        format!("{} TIME", &c[1])
    });
    text = replace(
        &text,
        r"<([\w:.-]+)((?:\s+[\w:.-]+=(?:'[^']*'|\x22[^\x22]*\x22))+)(\s*/?)>",
        |tag| {
            let attribute = Regex::new(r"[\w:.-]+=(?:'[^']*'|\x22[^\x22]*\x22)").unwrap();
            let sorted: BTreeSet<_> = attribute.find_iter(&tag[2]).map(|m| m.as_str()).collect();
            let sorted: Vec<_> = sorted.into_iter().collect();
            format!("<{} {}{}>", &tag[1], sorted.join(" "), &tag[3])
        },
    );
    // Prosody offers in an order of the day
    text = replace(&text, r"(?m)(stream features: (?:SASL )?)(.+)$", |line| {
        let separator = if line[2].contains("; ") { "; " } else { ", " };
        let mut offers: Vec<_> = line[2].split(separator).collect();
        offers.sort_unstable();
        format!("{}{}", &line[1], offers.join(separator))
    });
    for parent in ["mechanisms", "stream:features"] {
        text = children_sorted(&text, parent);
    }
    text
}

/// The printed children of each element `parent`, in the order of their text.
fn children_sorted(text: &str, parent: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.push(line.to_owned());
        if !line.trim_start().starts_with(&format!("<{parent} ")) || line.ends_with("/>") {
            continue;
        }
        let mut children: Vec<String> = Vec::new();
        for inner in lines.by_ref() {
            if indent(inner) <= indent(line) {
                children.sort();
                out.append(&mut children);
                out.push(inner.to_owned());
                break;
            }
            let opens = indent(inner) == indent(line) + 2 && !inner.trim_start().starts_with("</");
            match children.last_mut() {
                Some(child) if !opens => {
                    child.push('\n');
                    child.push_str(inner);
                }
                _ => children.push(inner.to_owned()),
            }
        }
    }
    out.join("\n") + "\n"
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
