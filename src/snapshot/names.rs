//! Names for what varies from run to run. They say what a value is, and are the same where the value is the same:
//! `[sid-1]`, `[id-3]`. What varies is known by the protocol.

use std::borrow::Cow;
use std::collections::HashMap;

use super::transcript::{Content, Exchange, Message};
use super::tree::{Leaf, Tree};
use crate::xmpp::ns;

/// Shorter values are replaced only where the place says what they are.
const DISTINCT: usize = 6;

/// What varies, with the names given so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// What a value is, wherever it stands: sids, stream names, whole JIDs.
    known: HashMap<String, Known>,
    /// Ids of stanzas. They may be short, and are replaced only in attributes that hold ids.
    ids: HashMap<String, ()>,
    /// Numbers given, by kind and value.
    given: HashMap<(&'static str, String), usize>,
    counts: HashMap<&'static str, usize>,
}

#[derive(Debug, Clone)]
enum Known {
    /// All of it varies.
    Whole(&'static str),
    /// A bare JID whose local part varies.
    User,
    /// A full JID: its resource varies.
    Full,
}

/// Values that are numbers or names only because of where they stand.
enum Place {
    Rid,
    Name(&'static str),
}

impl Names {
    /// Notes what varies in the exchanges of a strand.
    pub(super) fn learn<'a>(&mut self, exchanges: impl Iterator<Item = &'a Exchange>) {
        let mut anonymous = false;
        for exchange in exchanges {
            for message in [&exchange.client, &exchange.server] {
                let Some(body) = message.xml() else { continue };
                for (name, kind) in [("sid", "sid"), ("authid", "stream"), ("stream", "stream")] {
                    if let Some(value) = body.attr(name).filter(|value| value.len() >= DISTINCT) {
                        self.known.entry(value.to_owned()).or_insert(Known::Whole(kind));
                    }
                }
                for stanza in body.children() {
                    let mechanism = stanza.attr("mechanism");
                    anonymous |= stanza.name == "auth" && mechanism == Some("ANONYMOUS");
                    self.stanza(stanza, anonymous);
                }
            }
        }
    }

    fn stanza(&mut self, element: &Tree, anonymous: bool) {
        if let Some(id) = id_of(element) {
            self.ids.insert(id.to_owned(), ());
        }
        let bound = element.name == "jid" || element.name == "authorization-identifier";
        if bound {
            let text = element.text();
            let jid = text.trim();
            if let Some((bare, resource)) = jid.split_once('/')
                && !resource.is_empty()
            {
                self.known.insert(jid.to_owned(), Known::Full);
                if anonymous {
                    self.known.insert(bare.to_owned(), Known::User);
                }
                if resource.len() >= DISTINCT {
                    self.known.entry(resource.to_owned()).or_insert(Known::Whole("res"));
                }
            }
        }
        for child in element.children() {
            self.stanza(child, anonymous);
        }
    }

    /// The exchange with names for what varies. `base` is the rid from which the session's others are counted.
    pub(super) fn replace(&mut self, exchange: Exchange, base: Option<u64>) -> Exchange {
        let Exchange { client, server } = exchange;
        Exchange {
            client: self.message(client, base, true),
            server: self.message(server, base, false),
        }
    }

    fn message(&mut self, mut message: Message, base: Option<u64>, client: bool) -> Message {
        for (_, value) in &mut message.headers {
            *value = self.words(value);
        }
        match &mut message.content {
            Content::None => {}
            Content::Xml(body) => {
                if client {
                    // The strand says it.
                    body.attributes.retain(|(name, _)| name != "sid");
                }
                for (name, value) in &mut body.attributes {
                    *value = match body_place(name) {
                        Some(Place::Rid) => rid(value, base),
                        Some(Place::Name(kind)) => self.name(kind, value),
                        None => self.words(value),
                    };
                }
                self.nodes(body);
            }
            Content::Text(lines) => {
                for line in lines {
                    *line = self.words(line);
                }
            }
        }
        message
    }

    fn nodes(&mut self, element: &mut Tree) {
        for node in &mut element.nodes {
            match node {
                Leaf::Element(child) => {
                    for (name, value) in &mut child.attributes {
                        if name.starts_with("xmlns") {
                            continue;
                        }
                        *value = match &**name {
                            "id" if self.ids.contains_key(value) => self.name("id", value),
                            "stamp" => "[stamp]".to_owned(),
                            _ => self.words(value),
                        };
                    }
                    self.nodes(child);
                }
                Leaf::Text(text) => *text = self.words(text),
            }
        }
    }

    /// A text with names for the known values in it.
    fn words(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(is_between).unwrap_or(rest.len());
            if end > 0 {
                out += &self.word(&rest[..end]);
            }
            let between = rest[end..].find(|c| !is_between(c)).map_or(rest.len(), |n| end + n);
            out.push_str(&rest[end..between]);
            rest = &rest[between..];
        }
        out
    }

    fn word<'w>(&mut self, word: &'w str) -> Cow<'w, str> {
        match self.known.get(word) {
            Some(Known::Whole(kind)) => {
                let kind = *kind;
                return self.name(kind, word).into();
            }
            Some(Known::User) => return self.bare(word).into(),
            Some(Known::Full) => {
                if let Some((bare, resource)) = word.split_once('/') {
                    let bare = self.bare(bare);
                    return format!("{bare}/{}", self.name("res", resource)).into();
                }
            }
            None => {}
        }
        if is_stamp(word) {
            return "[stamp]".into();
        }
        if let Some((before, resource)) = word.split_once('/')
            && before.contains('@')
        {
            // A room's occupant, or a resource that was bound before the trace began.
            let (bare, resource) = (self.bare(before), self.word(resource));
            return format!("{bare}/{resource}").into();
        }
        for host in ["127.0.0.1:", "localhost:", "[::1]:"] {
            if let Some(at) = word.find(host) {
                let (before, rest) = word.split_at(at + host.len());
                let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                if digits > 0 {
                    return format!("{before}[port]{}", &rest[digits..]).into();
                }
            }
        }
        word.into()
    }

    fn bare(&mut self, jid: &str) -> String {
        match (self.known.get(jid), jid.split_once('@')) {
            (Some(Known::User), Some((local, domain))) => {
                format!("{}@{domain}", self.name("user", local))
            }
            _ => jid.to_owned(),
        }
    }

    /// `[kind-n]`
    fn name(&mut self, kind: &'static str, value: &str) -> String {
        let key = (kind, value.to_owned());
        let number = if let Some(number) = self.given.get(&key) {
            *number
        } else {
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            let number = *count;
            self.given.insert(key, number);
            number
        };
        format!("[{kind}-{number}]")
    }
}

/// What an attribute of `<body/>` holds.
fn body_place(name: &str) -> Option<Place> {
    Some(match name {
        "rid" | "ack" | "report" => Place::Rid,
        "sid" => Place::Name("sid"),
        "authid" | "stream" => Place::Name("stream"),
        "key" | "newkey" => Place::Name("key"),
        "time" => Place::Name("time"),
        _ => return None,
    })
}

fn rid(value: &str, base: Option<u64>) -> String {
    match (value.parse::<u64>(), base) {
        (Ok(rid), Some(base)) => format!("[rid{:+}]", i128::from(rid) - i128::from(base)),
        _ => value.to_owned(),
    }
}

/// The id that an element is known by.
fn id_of(element: &Tree) -> Option<&str> {
    let namespace = element.attr("xmlns");
    let names = matches!(&*element.name, "iq" | "message" | "presence")
        && namespace == Some(ns::CLIENT)
        || matches!(&*element.name, "stanza-id" | "origin-id" | "enabled");
    element.attr("id").filter(|_| names)
}

/// What stands between words: white space, quotes, brackets. What JIDs are made of is part of a word.
fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | ';' | '`')
}

/// A date and time as XEP-0082 writes them.
fn is_stamp(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let old = bytes.len() == 17 && digits(0..8) && bytes[8] == b'T' && bytes[11] == b':';
    old || bytes.len() >= 20
        && digits(0..4)
        && bytes[4] == b'-'
        && digits(5..7)
        && bytes[7] == b'-'
        && bytes[10] == b'T'
        && digits(11..13)
        && bytes[13] == b':'
        && (word.ends_with('Z') || word[19..].contains([':', '+', '-']))
}

/// A text with the numbers taken out of names: what is left does not depend on what stands before it.
pub fn shape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let (before, name) = rest.split_at(start);
        out.push_str(before);
        let Some((kind, number, behind)) = split(name) else {
            out.push('[');
            rest = &name[1..];
            continue;
        };
        let _ = number;
        out.push('[');
        out.push_str(kind);
        out.push(']');
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// `[kind-1]` or `[rid+1]` at the start of a text, and what is behind it.
pub(super) fn split(text: &str) -> Option<(&str, &str, &str)> {
    let inside = text.strip_prefix('[')?;
    // No name is long: what has no end must not be searched again and again.
    let end = inside.bytes().take(32).position(|byte| byte == b']')?;
    let (name, behind) = (&inside[..end], &inside[end + 1..]);
    let at = name.find(['-', '+'])?;
    let (kind, number) = name.split_at(at);
    let fits = !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_lowercase())
        && number.len() > 1
        && number[1..].bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some((kind, number, behind))
}
