//! A client of a scenario: its session as far as a client knows it, and the requests it makes.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use memchr::memmem;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::wire::{ConnId, SentId};
use crate::bosh::{Body, NS, XBOSH};
use crate::scenario;
use crate::xml::{Element, write_attribute};
use crate::xmpp::ns;

/// A client.
#[derive(Debug)]
pub(super) struct Actor {
    /// Its name in the scenario, with a number if there are several.
    pub(super) name: String,
    /// What the scenario says of its session; nothing for one that does raw work.
    pub(super) terms: Option<scenario::Session>,
    /// The session, once one was asked for.
    pub(super) session: Session,
    /// Connections that it uses again.
    pub(super) conns: Vec<ConnId>,
    /// What came for it, when it polls or was drained, and was not taken yet.
    pub(super) inbox: VecDeque<Arrived>,
    /// Its requests whose responses nobody awaits by name.
    pub(super) quiet: Vec<SentId>,
    /// Its session is open and drained, so that from now on a request is kept open for it if it polls.
    pub(super) ready: bool,
}

/// A stanza that came.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub(super) at: Duration,
    pub(super) element: Element,
}

/// What a client knows of its session.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) sid: Option<String>,
    /// Every rid up to this one was used.
    pub(super) base: u64,
    /// Rids above a gap that were used.
    pub(super) beyond: BTreeSet<u64>,
    /// The attributes of the request that asked for it.
    pub(super) asked: Vec<(String, String)>,
    /// The creation response.
    pub(super) granted: Option<Body>,
    /// Its address, once it is bound.
    pub(super) jid: Option<String>,
    /// The features of the stream have come.
    pub(super) featured: bool,
    /// Its stream has ended, or it was told that it has.
    pub(super) over: bool,
    pub(super) keys: Option<Keys>,
    /// How many stanzas were sent to see whether the server owes anything.
    pub(super) pings: u32,
}

impl Session {
    /// A rid was used.
    pub(super) fn used(&mut self, rid: u64) {
        if rid <= self.base {
            return;
        }
        self.beyond.insert(rid);
        while self.beyond.remove(&(self.base + 1)) {
            self.base += 1;
        }
    }

    /// An attribute of the creation response, by the name that it is written with: `wait`, `xmpp:version`, `xml:lang`.
    pub(super) fn granted(&self, name: &str) -> Option<&str> {
        attribute(self.granted.as_ref()?.element(), name)
    }

    /// An attribute of the creation request.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The granted `wait`, in seconds.
    pub(super) fn wait(&self) -> Duration {
        let wait = self.granted("wait").and_then(|wait| wait.parse().ok());
        Duration::from_secs(wait.unwrap_or(60))
    }

    /// How many requests it may have open at once, as far as was told.
    pub(super) fn requests(&self) -> usize {
        self.granted("requests").and_then(|requests| requests.parse().ok()).unwrap_or(2)
    }

    /// Whether nothing is held for it.
    pub(super) fn polls(&self) -> bool {
        self.granted("wait") == Some("0") || self.granted("hold") == Some("0")
    }
}

/// An attribute by the name that it is written with.
pub(super) fn attribute<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    match name.split_once(':') {
        None => element.attr(name),
        Some(("xmpp", name)) => element.attr_ns(XBOSH, name),
        Some(("xml", name)) => element.attr_ns(ns::XML, name),
        Some(_) => None,
    }
}

/// Key sequences as a client makes them (XEP-0124 §15.3): hashes of a seed, used from the last to the first.
#[derive(Debug)]
pub(super) struct Keys {
    length: usize,
    left: Vec<String>,
    /// The sequence that follows, once only one key is left.
    following: Vec<String>,
}

impl Keys {
    pub(super) fn new(length: usize, seed: &str) -> Self {
        let length = length.max(1);
        let mut keys = Self { length, left: sequence(seed, length), following: Vec::new() };
        keys.prepare(seed);
        keys
    }

    fn prepare(&mut self, seed: &str) {
        // The `newkey` of the sequence stands behind its keys until it is told.
        if self.left.len() <= 2 && self.following.is_empty() {
            self.following = sequence(&format!("{seed} again"), self.length);
        }
    }

    /// The `newkey` of the creation request.
    pub(super) fn first(&mut self) -> String {
        self.left.pop().unwrap_or_default()
    }

    /// `key` of the next request, which is not used yet.
    pub(super) fn peek(&self) -> &str {
        self.left.last().map_or("", String::as_str)
    }

    /// `newkey` of the next request, if it will have one.
    pub(super) fn peek_newkey(&self) -> Option<&str> {
        self.following.last().filter(|_| self.left.len() == 1).map(String::as_str)
    }

    /// `key` of the next request, and `newkey` if that is the last of its sequence.
    pub(super) fn next(&mut self, seed: &str) -> (String, Option<String>) {
        let key = self.left.pop().unwrap_or_default();
        let newkey = self.left.is_empty().then(|| {
            self.left = std::mem::take(&mut self.following);
            self.first()
        });
        self.prepare(seed);
        (key, newkey)
    }
}

fn sequence(seed: &str, length: usize) -> Vec<String> {
    let mut keys = Vec::with_capacity(length + 1);
    let mut key = seed.to_owned();
    // One more than are used as keys: the last hash is the `newkey`.
    for _ in 0..=length {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        key = hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}"); // a string takes everything
            hex
        });
        keys.push(key.clone());
    }
    keys
}

/// The `<body/>` of a request as text. A scenario may have it say anything, so it is put together as it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrapper {
    attributes: Vec<(String, String)>,
    content: String,
}

impl Wrapper {
    /// Sets an attribute, or takes it away.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        self.attributes.retain(|(known, _)| known != name || value.is_some());
        let Some(value) = value else { return };
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }

    pub(super) fn attributes(&self) -> &[(String, String)] {
        &self.attributes
    }

    pub(super) fn fill(&mut self, content: String) {
        self.content = content;
    }

    /// The text; prefixes are declared where they are used and not declared by the scenario.
    pub(super) fn to_xml(&self) -> String {
        let mut out = String::from("<body");
        let has = |name: &str| self.attributes.iter().any(|(known, _)| known == name);
        if !has("xmlns") {
            write_attribute("xmlns", NS, &mut out);
        }
        for (prefix, namespace) in [("xmpp", XBOSH), ("stream", ns::STREAMS)] {
            let used = format!("{prefix}:");
            let named = self.attributes.iter().any(|(name, _)| name.starts_with(&used));
            let declared = format!("xmlns:{prefix}");
            if !has(&declared)
                && (named || memmem::find(self.content.as_bytes(), used.as_bytes()).is_some())
            {
                write_attribute(&declared, namespace, &mut out);
            }
        }
        for (name, value) in &self.attributes {
            write_attribute(name, value, &mut out);
        }
        if self.content.is_empty() {
            return out + "/>";
        }
        out.reserve_exact(self.content.len() + "></body>".len());
        out + ">" + &self.content + "</body>"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_used_from_the_last_to_the_first() {
        let mut keys = Keys::new(2, "seed");
        let hash = |text: &str| sequence(text, 1)[0].clone();
        let newkey = keys.first();
        let (first, none) = keys.next("other");
        assert_eq!(hash(&first), newkey);
        assert_eq!(none, None);
        let (second, newkey) = keys.next("other");
        assert_eq!(hash(&second), first);
        let (third, _) = keys.next("third");
        assert_eq!(hash(&third), newkey.unwrap());
    }

    #[test]
    fn rids_count_from_the_highest_without_a_gap() {
        let mut session = Session { base: 10, ..Session::default() };
        session.used(12);
        assert_eq!(session.base, 10);
        session.used(11);
        assert_eq!(session.base, 12);
        session.used(9);
        assert_eq!(session.base, 12);
    }

    #[test]
    fn a_wrapper_declares_what_it_uses() {
        let mut body = Wrapper::default();
        body.set("rid", Some("1".to_owned()));
        body.set("xmpp:version", Some("1.0".to_owned()));
        assert_eq!(
            body.to_xml(),
            "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' rid='1' xmpp:version='1.0'/>"
        );
        body.set("xmpp:version", None);
        body.fill("<a/>".to_owned());
        assert_eq!(
            body.to_xml(),
            "<body xmlns='http://jabber.org/protocol/httpbind' rid='1'><a/></body>"
        );
    }
}
