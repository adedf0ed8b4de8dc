//! Messages in words: text, and the many things that travel without one.

use super::ns;
use super::presence::{codes, delay, statuses};
use super::pubsub;
use super::stream::name_and_namespace;
use super::words::{
    Words, attr, child_text, count, in_languages, own, own_child, quoted, stanza_error, text,
};
use crate::xml::Element;

/// How deep forwarded messages are followed; a carbon of an archived message is 2.
const DEPTH: u8 = 3;

/// Describe a `<message/>`.
pub(super) fn describe(message: &Element) -> Words {
    at_depth(message, DEPTH)
}

/// The parts found so far, and what the first of them was about.
#[derive(Default)]
struct Parts {
    subject: Option<String>,
    words: Vec<String>,
    /// The noise of each part: a message is noise only if all its parts are.
    noise: Vec<Option<&'static str>>,
}

impl Parts {
    fn push(&mut self, subject: impl Into<String>, words: String, noise: Option<&'static str>) {
        self.subject.get_or_insert_with(|| subject.into());
        self.words.push(words);
        self.noise.push(noise);
    }
}

fn at_depth(message: &Element, depth: u8) -> Words {
    let mut parts = Parts::default();
    if attr(message, "type") == Some("error") {
        let error = stanza_error(message).unwrap_or_else(|| "no error inside".into());
        parts.push("error", error, None);
    }
    carried(message, depth, &mut parts);
    let encrypted = encryption(message);
    parts_of_text(message, encrypted, &mut parts);
    room(message, &mut parts);
    signals(message, &mut parts);
    if parts.words.is_empty() {
        unknown(message, &mut parts);
    }
    let noise = match parts.noise.split_first() {
        Some((first, rest)) if rest.iter().all(Option::is_some) => *first,
        _ => None,
    };
    if let Some(delay) = delay(message) {
        parts.words.push(delay);
    }
    let subject = parts.subject.unwrap_or_else(|| "empty".into());
    let detail = if parts.words.is_empty() { "empty".into() } else { parts.words.join("; ") };
    Words { subject, detail, noise, ..Words::default() }
}

/// Carbons, archive results and notifications.
fn carried(message: &Element, depth: u8, parts: &mut Parts) {
    for (name, subject) in [("sent", "carbon sent"), ("received", "carbon received")] {
        if let Some(carbon) = message.child(ns::CARBONS, name) {
            let (inner, noise) = forwarded(carbon, depth);
            parts.push(subject, format!("{subject}: {inner}"), noise);
        }
    }
    let results = message.children().filter(|child| {
        child.name() == "result" && matches!(child.namespace(), ns::MAM | ns::MAM1)
    });
    for result in results {
        let (inner, _) = forwarded(result, depth);
        parts.push("MAM result", format!("archived: {inner}"), None);
    }
    if let Some(event) = message.child(ns::PUBSUB_EVENT, "event") {
        let (subject, detail) = pubsub::event(event);
        let noise = pubsub::noise(event, attr(message, "from"));
        parts.push(subject, detail, noise);
    }
}

/// The stanza inside: `alice@localhost/t → bob@localhost: "hi"`.
fn forwarded(wrapper: &Element, depth: u8) -> (String, Option<&'static str>) {
    let Some(forwarded) = wrapper.child(ns::FORWARD, "forwarded") else {
        return ("nothing forwarded".into(), None);
    };
    let Some(inner) = forwarded.children().find(|child| child.name() == "message") else {
        return ("no message inside".into(), None);
    };
    if depth == 0 {
        return ("a message, too deep to show".into(), None);
    }
    let words = at_depth(inner, depth - 1);
    let from = attr(inner, "from").unwrap_or("?");
    let to = attr(inner, "to").unwrap_or("?");
    let stamp = delay(forwarded).map(|stamp| format!("; {stamp}")).unwrap_or_default();
    (format!("{from} → {to}: {}{stamp}", words.detail), words.noise)
}

/// How the content is encrypted, if it is.
fn encryption(message: &Element) -> Option<String> {
    let by = |name: &str| Some(format!("{name} encrypted"));
    for child in message.children() {
        match (child.namespace(), child.name()) {
            (ns::OMEMO_LEGACY | ns::OMEMO1 | ns::OMEMO2, "encrypted") => {
                // Without a payload it only carries key material.
                let payload = child.children().any(|inner| inner.name() == "payload");
                return if payload { by("OMEMO") } else { Some("OMEMO key transport".into()) };
            }
            (ns::OPENPGP, "openpgp") | (ns::OPENPGP_LEGACY, "x") => return by("OpenPGP"),
            _ => {}
        }
    }
    let announced = message.child(ns::EME, "encryption")?;
    by(attr(announced, "name").or_else(|| attr(announced, "namespace")).unwrap_or("unknown"))
}

/// Body and subject, and what is said of them.
fn parts_of_text(message: &Element, encrypted: Option<String>, parts: &mut Parts) {
    if let Some(encrypted) = encrypted {
        let keys_alone = encrypted.ends_with("transport");
        parts.push("encrypted", encrypted, keys_alone.then_some("omemo"));
    }
    // An empty <body/> is there all the same.
    if let Some(body) = in_languages(own(message, "body")) {
        parts.push("text", body, None);
    }
    if let Some(subject) = in_languages(own(message, "subject")) {
        let words = match subject.as_str() {
            "\"\"" => "subject empty".into(),
            subject => format!("subject {subject}"),
        };
        parts.push("subject", words, None);
    }
    if let Some(correct) = message.child(ns::CORRECT, "replace") {
        parts.push("correction", format!("corrects {}", id(correct)), None);
    }
    if let Some(reply) = message.child(ns::REPLY, "reply") {
        parts.push("reply", format!("replies to {}", id(reply)), None);
    }
    if let Some(reactions) = message.child(ns::REACTIONS, "reactions") {
        let emoji: Vec<_> = reactions.children().filter_map(text).collect();
        let words = if emoji.is_empty() {
            format!("takes back reactions to {}", id(reactions))
        } else {
            format!("reacts {} to {}", emoji.join(" "), id(reactions))
        };
        parts.push("reaction", words, None);
    }
    for namespace in [ns::RETRACT1, ns::RETRACT0] {
        if let Some(retract) = message.child(namespace, "retract") {
            parts.push("retraction", format!("retracts {}", id(retract)), None);
        }
    }
    if let Some(url) = message.child(ns::OOB, "x").and_then(|x| child_text(x, ns::OOB, "url")) {
        // Clients repeat the address as the body; once is enough.
        let body = own_child(message, "body").and_then(text);
        let words =
            if body.as_deref() == Some(&url) { "file".into() } else { format!("file {url}") };
        parts.push("file", words, None);
    }
}

fn id(element: &Element) -> &str {
    attr(element, "id").unwrap_or("nothing")
}

/// Invitations and what a room reports.
fn room(message: &Element, parts: &mut Parts) {
    if let Some(user) = message.child(ns::MUC_USER, "x") {
        for invite in user.children().filter(|child| child.is(ns::MUC_USER, "invite")) {
            let mut words = match (attr(invite, "from"), attr(invite, "to")) {
                (Some(from), _) => format!("invitation from {from}"),
                (None, Some(to)) => format!("invites {to}"),
                (None, None) => "invitation".into(),
            };
            if let Some(reason) = child_text(invite, ns::MUC_USER, "reason") {
                words = format!("{words} {}", quoted(&reason));
            }
            parts.push("room invitation", words, None);
        }
        if let Some(decline) = user.child(ns::MUC_USER, "decline") {
            let who = attr(decline, "from").or_else(|| attr(decline, "to")).unwrap_or("?");
            parts.push("room invitation", format!("invitation declined ({who})"), None);
        }
        for status in statuses(&codes(user)) {
            parts.push("room status", status, None);
        }
    }
    if let Some(direct) = message.child(ns::MUC_DIRECT, "x") {
        let room = attr(direct, "jid").unwrap_or("?");
        let reason = attr(direct, "reason").map(|r| format!(" {}", quoted(r))).unwrap_or_default();
        parts.push("room invitation", format!("invitation to {room}{reason}"), None);
    }
}

/// Chat states, receipts, markers, calls.
fn signals(message: &Element, parts: &mut Parts) {
    let with_text = own_child(message, "body").is_some();
    for child in message.children() {
        let name = child.name();
        match child.namespace() {
            // `active` goes with nearly every text and says nothing more.
            ns::CHAT_STATES if name == "active" && with_text => {}
            ns::CHAT_STATES => parts.push("chat state", name.into(), Some("chat-state")),
            ns::RECEIPTS if name == "received" => {
                parts.push("receipt", format!("receipt for {}", id(child)), Some("receipt"));
            }
            ns::RECEIPTS => parts.push("receipt", "asks for a receipt".into(), Some("receipt")),
            ns::MARKERS if name == "markable" => {
                parts.push("marker", "markable".into(), Some("marker"));
            }
            ns::MARKERS => parts.push("marker", format!("{name} {}", id(child)), Some("marker")),
            ns::JINGLE_MESSAGE => parts.push("call", format!("call {name} {}", id(child)), None),
            ns::ATTENTION => parts.push("attention", "asks for attention".into(), None),
            ns::JITMEET => {
                let size = child.text().chars().count();
                let words = format!("jitsi {name} ({})", count(size, "character"));
                parts.push("jitsi message", words, None);
            }
            _ => {}
        }
    }
}

/// None of the above: name what is there.
fn unknown(message: &Element, parts: &mut Parts) {
    let accompanies = [ns::HINTS, ns::STANZA_IDS, ns::DELAY];
    for child in message.children() {
        if !accompanies.contains(&child.namespace()) {
            let words = name_and_namespace(child);
            parts.push(words.clone(), words, None);
        }
    }
}
