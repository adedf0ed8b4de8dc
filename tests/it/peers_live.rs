//! Real clients that do what a test tells them, an action at a time, so that several of them can talk to each other.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::peers_bed::Client;
use crate::rig;

/// Longest time for an action, on a slow machine that starts a browser.
const PATIENCE: Duration = rig::LONG;

/// A running client that is logged in.
pub struct Peer {
    name: String,
    jid: String,
    child: Child,
    orders: Option<ChildStdin>,
    lines: mpsc::Receiver<Value>,
    said: Vec<Value>,
    errors: File,
}

impl Peer {
    /// Starts a client, and waits until it is logged in.
    pub fn start(client: Client) -> Self {
        let (mut command, name, jid) = client.ready();
        let errors = tempfile::tempfile().unwrap();
        command.args(["--deadline", "120", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).expect("a driver prints JSON lines");
                if send.send(value).is_err() {
                    return;
                }
            }
        });
        let orders = child.stdin.take();
        let mut peer = Self { name, jid, child, orders, lines, said: Vec::new(), errors };
        let at = peer.wait(0, "logged in", |line| line.get("about").is_some());
        if let Some(bound) = peer.said[at]["about"]["jid"].as_str() {
            bound.clone_into(&mut peer.jid);
        }
        peer
    }

    /// Does an action of its driver, and gives what the driver says of it.
    pub fn does(&mut self, action: &str) -> Value {
        writeln!(self.orders.as_ref().expect("it has not left"), "{action}").unwrap_or_else(|e| {
            panic!("{} cannot be told {action:?}: {e}\n{}", self.name, self.complaints())
        });
        let from = self.said.len();
        let at = self.wait(from, &format!("done with {action:?}"), |line| line["done"] == action);
        self.said[at].clone()
    }

    /// Waits until it was told of something, now or before.
    pub fn hears(&mut self, fact: &Value) {
        self.until(&format!("told of {fact}"), |line| line == fact);
    }

    /// Says something to somebody, who hears it.
    pub fn tells(&mut self, other: &mut Self, words: &str) {
        self.does(&format!("say:{}:{words}", bare(&other.jid)));
        other.hears(&chat(&self.jid, words));
    }

    /// The texts that its page shows in the chat with `jid`, once `words` is among them; `None` if it is no page.
    pub fn shows(&mut self, jid: &str, words: &str) -> Option<Vec<String>> {
        if !self.name.contains("converse") {
            return None;
        }
        let shown = self.does(&format!("shown:{}:{words}", bare(jid)));
        Some(serde_json::from_value(shown["history"].clone()).unwrap())
    }

    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Logs out, and gives all that others told it until then, in order. Left out is what servers need not say: that a
    /// contact was not there when it came, and a presence that is no news.
    pub fn leaves(mut self) -> Vec<String> {
        self.said.extend(self.lines.try_iter());
        let told = std::mem::take(&mut self.said);
        self.does("logout");
        drop(self.orders.take());
        rig::until(&format!("{} has ended", self.name), || {
            self.child.try_wait().unwrap().is_some()
        });
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}: {status}\n{}", self.name, self.complaints());
        let mut shows = BTreeMap::new();
        let mut news = Vec::new();
        for line in &told {
            let Some(from) = line["from"].as_str().filter(|from| *from != self.jid) else {
                continue;
            };
            let same = match line["presence"].as_str() {
                None => false,
                Some("gone") if from == bare(from) => true,
                Some(show) => shows.insert(from, show) == Some(show),
            };
            if !same {
                news.push(line.to_string());
            }
        }
        news
    }

    fn until(&mut self, what: &str, holds: impl Fn(&Value) -> bool) {
        self.wait(0, what, holds);
    }

    /// The place of the first line at or after `from` that fits, once it is there.
    fn wait(&mut self, from: usize, what: &str, fits: impl Fn(&Value) -> bool) -> usize {
        let end = Instant::now() + PATIENCE;
        let mut at = from;
        loop {
            if let Some(found) = self.said[at..].iter().position(&fits) {
                return at + found;
            }
            at = self.said.len();
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.said.push(line),
                Err(why) => {
                    let why = match why {
                        RecvTimeoutError::Timeout => "waited in vain",
                        RecvTimeoutError::Disconnected => "it ended",
                    };
                    let said: Vec<String> = self.said.iter().map(ToString::to_string).collect();
                    let (said, complaints) = (said.join("\n"), self.complaints());
                    panic!(
                        "{} ({}) is not {what}: {why}\n{said}\n{complaints}",
                        self.jid, self.name
                    );
                }
            }
        }
    }

    fn complaints(&self) -> String {
        let (mut errors, mut text) = (&self.errors, String::new());
        errors.rewind().unwrap();
        errors.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Peer {
    /// A test that failed leaves nothing running: a browser ends when its driver is asked to.
    fn drop(&mut self) {
        drop(self.orders.take());
        if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A JID without its resource.
pub fn bare(jid: &str) -> &str {
    jid.split('/').next().unwrap()
}

/// That `from` said something to this client alone.
pub fn chat(from: &str, words: &str) -> Value {
    json!({"message": words, "type": "chat", "from": from})
}

/// That somebody said something in a room.
pub fn groupchat(from: &str, words: &str) -> Value {
    json!({"message": words, "type": "groupchat", "from": from})
}

/// That somebody is `online`, `dnd`, …, or `gone`.
pub fn presence(from: &str, show: &str) -> Value {
    json!({"presence": show, "from": from})
}
