//! Acknowledgements and key sequences of a client (XEP-0124 §9.1 and §15).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::view::{BoshView, RequestView};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;

/// So many answered rids are remembered above the highest without a gap.
const REMEMBERED: usize = 64;

/// Follows the acknowledgements and the keys of each session.
#[derive(Debug, Default)]
pub struct Acks {
    sessions: PerSession<Box<State>>,
}

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened or not
struct State {
    /// The trace shows the creation.
    whole: bool,
    /// The client has said that it acknowledges.
    announced: bool,
    /// The highest rid below which all are answered, and answered ones above it.
    answered: u64,
    above: BTreeSet<u64>,
    /// A sequence of keys has begun.
    keys: bool,
    /// The key that comes next hashes to this; not known where a request is missing.
    expected: Option<String>,
    /// The highest rid so far: what is sent again is not judged again.
    highest: u64,
    told_ack: bool,
    told_keys: Vec<&'static str>,
}

impl Rule for Acks {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if moment.hides_requests() {
            return self.sessions.clear();
        }
        match moment.bosh() {
            Some(BoshView::Request(request)) => {
                let state = self.sessions.of(request.session.id, moment.story);
                state.request(&request, found);
            }
            Some(BoshView::Response(response)) => {
                if let (Some(rid), Some(state)) =
                    (response.asked.rid, self.sessions.get(response.session.id))
                {
                    state.response(rid);
                }
            }
            None => {}
        }
    }
}

impl State {
    fn request(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let Some(rid) = request.asks.rid else { return };
        if request.asks.creates {
            (self.whole, self.answered, self.highest) = (true, rid.saturating_sub(1), rid);
            return self.creation(request, found);
        }
        if !self.whole || rid <= self.highest {
            return;
        }
        // A key hashes to the one before it only if none is missing.
        let in_order = self.highest.checked_add(1) == Some(rid);
        self.highest = rid;
        self.ack(request, found);
        if !in_order {
            self.expected = None;
        }
        self.key(request, found);
    }

    fn creation(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let body = request.body;
        self.announced = body.ack() == Some(Ok(1));
        if let Some(Ok(ack)) = body.ack()
            && ack > 1
        {
            let words = format!(
                "The creation request has ack={ack}. A client that will acknowledge responses says \
                 so with ack='1'."
            );
            self.tell_ack("bosh-client-ack-consistent", Level::Note, words, found);
        }
        if let Some(newkey) = body.newkey() {
            self.keys = true;
            self.expected = Some(newkey.to_ascii_lowercase());
            if !is_key(newkey) {
                let words = format!(
                    "newkey='{}' is not a key: a key has 40 hexadecimal digits, a hash of SHA-1.",
                    short(newkey)
                );
                self.tell_key("bosh-key-hex-format", words, found);
                // No key hashes to it, which is the same mistake.
                self.told_keys.push("bosh-key-sha1");
            }
        }
    }

    fn ack(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let Some(Ok(ack)) = request.body.ack() else { return };
        if !self.announced {
            let words = format!(
                "The request acknowledges with ack={ack}, but the creation request had no ack='1': \
                 the client has not announced acknowledgements."
            );
            self.tell_ack("bosh-client-ack-consistent", Level::Error, words, found);
        } else if ack > self.answered {
            let words = format!(
                "ack={ack} acknowledges a response that has not come: the highest rid up to which \
                 all are answered is {}. The server may drop what is needed again.",
                self.answered
            );
            self.tell_ack("bosh-client-ack-consistent", Level::Error, words, found);
        } else if self.answered.checked_add(1) == request.asks.rid {
            let words = format!(
                "ack={ack} is redundant: the client has all responses, which a request without ack \
                 says as well. Reported once per session."
            );
            self.tell_ack("bosh-client-ack-not-redundant", Level::Note, words, found);
        }
    }

    fn key(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let body = request.body;
        let (id, words) = match (body.key(), self.keys) {
            (None, false) => return,
            (Some(_), false) => (
                "bosh-client-newkey-first",
                "The request has a key, but no newkey has begun a sequence.".to_owned(),
            ),
            (None, true) => (
                "bosh-client-key-each",
                "The request has no key, but the creation request has begun a sequence with newkey: \
                 each request has one. Expect item-not-found."
                    .to_owned(),
            ),
            (Some(key), true) => {
                let next = body.newkey().unwrap_or(key).to_ascii_lowercase();
                let Some(expected) = self.expected.replace(next) else { return };
                let hash = sha1(key);
                if hash == expected || key.contains("[hidden") || expected.contains("[hidden") {
                    return;
                }
                let words = format!(
                    "The key is wrong: its SHA-1 is {}, but the key before it was {}. Expect \
                     item-not-found.",
                    short(&hash),
                    short(&expected)
                );
                ("bosh-key-sha1", words)
            }
        };
        self.tell_key(id, words, found);
    }

    fn response(&mut self, rid: u64) {
        if self.answered.checked_add(1) == Some(rid) {
            self.answered = rid;
        } else if rid > self.answered && self.above.len() < REMEMBERED {
            self.above.insert(rid);
        }
        while let Some(next) = self.answered.checked_add(1)
            && self.above.remove(&next)
        {
            self.answered = next;
        }
    }

    fn tell_ack(&mut self, id: &'static str, level: Level, words: String, found: &mut Findings) {
        if !std::mem::replace(&mut self.told_ack, true) {
            add(&kinds::ACK_WRONG, id, level, words, found);
        }
    }

    fn tell_key(&mut self, id: &'static str, words: String, found: &mut Findings) {
        if !self.told_keys.contains(&id) {
            self.told_keys.push(id);
            add(&kinds::KEY_WRONG, id, Level::Error, words, found);
        }
    }
}

fn add(kind: &'static Kind, id: &'static str, level: Level, words: String, found: &mut Findings) {
    found.add(kind, id, level, Party::Client, words);
}

/// The key before a key.
fn sha1(key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes it
        text
    })
}

fn is_key(text: &str) -> bool {
    text.contains("[hidden") || (text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::sha1 as hash;
    use crate::rules::Level;
    use crate::rules::playbook::of_kinds;

    fn judged(creation: &str, later: &[&str]) -> String {
        let mut script = format!(
            "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0' {creation}/>
             5 1 S> <body sid='s1' wait='60' requests='2' hold='1' ver='1.6' inactivity='60'/>\n"
        );
        for (n, more) in later.iter().enumerate() {
            let n = n + 1;
            script +=
                &format!("{n}0 1 C> <body rid='10000{n}' sid='s1' {more}/>\n{n}5 1 S> <body/>\n");
        }
        of_kinds(&["ack-wrong", "key-wrong"], Level::Note, &script).join("\n")
    }

    #[test]
    fn acknowledgements_are_followed() {
        for (creation, later, expected) in [
            ("ack='1'", &["", ""][..], ""),
            ("", &["", ""], ""),
            ("ack='0'", &["", ""], ""),
            ("ack='7'", &[""], "0 Note ack-wrong Client: The creation request has ack=7."),
            (
                "",
                &["ack='100000'"],
                "Error ack-wrong Client: The request acknowledges with ack=100000, but",
            ),
            (
                "ack='1'",
                &["ack='100009'"],
                "Error ack-wrong Client: ack=100009 acknowledges a response that has not come",
            ),
            ("ack='1'", &["ack='100000'"], "Note ack-wrong Client: ack=100000 is redundant"),
        ] {
            let found = judged(creation, later);
            assert_eq!(found.is_empty(), expected.is_empty(), "{creation} {later:?}: {found}");
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn key_sequences_are_followed() {
        let keys =
            ["seed".to_owned(), hash("seed"), hash(&hash("seed")), hash(&hash(&hash("seed")))];
        let (first, second, third) = (
            format!("key='{}'", keys[2]),
            format!("key='{}'", keys[1]),
            format!("newkey='{}'", keys[3]),
        );
        for (creation, later, expected) in [
            (&*third, &[&*first, &*second][..], ""),
            (&*third.to_uppercase().replace("NEWKEY", "newkey"), &[&first, &second], ""),
            (&third, &[&second], "Error key-wrong Client: The key is wrong"),
            (&third, &[&first, ""], "Error key-wrong Client: The request has no key"),
            ("", &[&first], "Error key-wrong Client: The request has a key, but no newkey"),
            ("newkey='abc'", &[], "Error key-wrong Client: newkey='abc' is not a key"),
            // That no key hashes to it is the same mistake.
            ("newkey='abc'", &[&first], "Error key-wrong Client: newkey='abc' is not a key"),
        ] {
            let found = judged(creation, later);
            assert!(found.lines().count() < 2, "{creation} {later:?}: {found}");
            assert_eq!(found.is_empty(), expected.is_empty(), "{creation} {later:?}: {found}");
            assert!(found.contains(expected), "{found}");
        }
    }

    /// A request that another one has overtaken, or that was lost, leaves a gap: what comes behind it is judged again.
    #[test]
    fn keys_are_judged_on_both_sides_of_a_gap() {
        let keys =
            ["seed".to_owned(), hash("seed"), hash(&hash("seed")), hash(&hash(&hash("seed")))];
        for (last, expected) in [(&keys[0], ""), (&keys[3], "The key is wrong")] {
            let script = format!(
                "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0' newkey='{}'/>
                 5 1 S> <body sid='s1' wait='60' requests='3' hold='1' ver='1.6' inactivity='60'/>
                 10 1 C> <body rid='100002' sid='s1' key='{}'/>
                 11 2 C> <body rid='100001' sid='s1' key='{}'/>
                 12 3 C> <body rid='100003' sid='s1' key='{last}'/>\n",
                keys[3], keys[1], keys[2],
            );
            let found = of_kinds(&["key-wrong"], Level::Note, &script).join("\n");
            assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
            assert!(found.contains(expected), "{found}");
        }
    }
}
