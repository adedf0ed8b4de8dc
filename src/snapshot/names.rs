//! Names for what varies from run to run. They say what a value is, and are the same where the value is the same:
//! `[sid-1]`, `[id-3]`. What varies is known by the protocol.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use regex_lite::Regex;
use ring::digest::{SHA256, digest};

use super::exchange::{Content, Exchange, Message};
use super::tree::{Leaf, Tree};
use crate::scenario::{Replacement, Varies};
use crate::xmpp::ns;

/// Shorter values are replaced only where the place says what they are.
const DISTINCT: usize = 6;
/// A rid that is farther away was made up.
const FAR: u64 = 1_000_000;
/// Longer texts are cut.
const LONG: usize = 1000;
/// Of a text that is cut, this many characters are shown.
const SHOWN: usize = 60;

/// What varies beside what the protocol says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Varying {
    /// What the user says.
    pub replace: Vec<Replacement>,
    /// Addresses of accounts that are others at every run, with names for their users.
    pub accounts: Vec<(String, String)>,
}

/// What varies, with the names given so far.
#[derive(Debug, Clone)]
pub(super) struct Names<'r> {
    /// What the user says.
    rules: &'r [Replacement],
    /// What varies.
    facts: Arc<Facts>,
    /// Numbers given, by kind and value, which are a number too.
    given: HashMap<u64, u32>,
    counts: HashMap<&'r str, u32>,
}

/// What varies, as far as the trace tells.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What a value is, wherever it stands: sids, stream names, whole JIDs.
    known: HashMap<String, Known>,
    /// The rids from which those of each session are counted.
    bases: Vec<u64>,
    /// Ids of stanzas, as numbers. They may be short, and are replaced only in attributes that hold ids.
    ids: HashSet<u64>,
    /// Makes numbers of texts: there may be very many. Two are the same once in 10^19, and nobody can choose which.
    numbers: RandomState,
}

#[derive(Debug, Clone)]
enum Known {
    /// All of it varies.
    Whole(&'static str),
    /// A bare JID whose local part varies.
    User,
    /// The bare JID of an account that has this name.
    Account(String),
    /// A full JID: its resource varies.
    Full,
}

/// Values that are numbers or names only because of where they stand.
enum Place {
    Rid,
    Name(&'static str),
}

impl Facts {
    /// Nothing is known but what is said to vary.
    pub(super) fn new(varying: &Varying) -> Self {
        let accounts = varying.accounts.iter();
        let known =
            accounts.map(|(jid, name)| (jid.clone(), Known::Account(name.clone()))).collect();
        Self { known, ..Self::default() }
    }

    /// Notes what varies in the exchanges of a strand.
    pub(super) fn learn<'a>(
        &mut self,
        exchanges: impl Iterator<Item = Cow<'a, Exchange>>,
        base: Option<u64>,
    ) {
        self.bases.extend(base);
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
                    self.learn_element(stanza, &mut anonymous);
                }
            }
        }
    }

    /// Notes what varies in an element of a stream; whether its user is `anonymous` is noted as well.
    pub(super) fn learn_element(&mut self, element: &Tree, anonymous: &mut bool) {
        self.stream(element);
        *anonymous |= element.name == "auth" && element.attr("mechanism") == Some("ANONYMOUS");
        self.stanza(element, *anonymous);
    }

    fn is_id(&self, value: &str) -> bool {
        self.ids.contains(&self.numbers.hash_one(value))
    }

    /// What names a stream, and a session that can be resumed.
    fn stream(&mut self, element: &Tree) {
        let kind = match (&*element.name, element.attr("xmlns")) {
            ("open", Some(ns::FRAMING)) | ("stream:stream", _) => "stream",
            ("enabled", Some(ns::SM2 | ns::SM3)) => "sm",
            _ => return,
        };
        if let Some(id) = element.attr("id").filter(|id| id.len() >= DISTINCT) {
            self.known.entry(id.to_owned()).or_insert(Known::Whole(kind));
        }
    }

    fn stanza(&mut self, element: &Tree, anonymous: bool) {
        if let Some(id) = id_of(element) {
            self.ids.insert(self.numbers.hash_one(id));
        }
        let bound = element.name == "jid" || element.name == "authorization-identifier";
        if bound {
            let text = element.text();
            let jid = text.trim();
            if let Some((bare, resource)) = jid.split_once('/')
                && !resource.is_empty()
            {
                self.known.insert(jid.to_owned(), Known::Full);
                if anonymous && !self.known.contains_key(bare) {
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
}

impl<'r> Names<'r> {
    /// No names are given yet.
    pub(super) fn new(varying: &'r Varying, facts: Facts) -> Self {
        let (given, counts) = (HashMap::new(), HashMap::new());
        Self { rules: &varying.replace, facts: Arc::new(facts), given, counts }
    }

    /// The exchange with names for what varies. `base` is the rid from which the session's others are counted. In a session
    /// of which a response has `granted` the sid, requests need not say it.
    pub(super) fn replace(
        &mut self,
        exchange: Exchange,
        base: Option<u64>,
        granted: bool,
    ) -> Exchange {
        let Exchange { client, server } = exchange;
        Exchange {
            client: self.message(client, base, granted),
            server: self.message(server, base, false),
        }
    }

    fn message(&mut self, mut message: Message, base: Option<u64>, says_sid: bool) -> Message {
        for (_, value) in &mut message.headers {
            *value = self.words(value);
        }
        match &mut message.content {
            Content::None => {}
            Content::Xml(body) => {
                if says_sid {
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
                let mut path = vec![body.name.clone()];
                self.nodes(body, &mut path);
                self.said(body, &path);
            }
            Content::Text(lines) => {
                for line in lines {
                    let text = self.broken(&literal(line));
                    *line = short(self.named(&text));
                }
            }
        }
        message
    }

    /// What the user says of this very element.
    fn said(&mut self, element: &mut Tree, path: &[String]) {
        for Replacement { what, name } in self.rules {
            let Varies::At { elements, attribute } = what else { continue };
            if !ends_with(path, elements) {
                continue;
            }
            match attribute {
                Some(attribute) => {
                    let mut attributes = element.attributes.iter_mut();
                    if let Some((_, value)) = attributes.find(|(known, _)| known == attribute) {
                        *value = self.name(name, value);
                    }
                }
                None => {
                    for node in &mut element.nodes {
                        if let Leaf::Text(text) = node {
                            *text = self.name(name, text);
                        }
                    }
                }
            }
        }
    }

    pub(super) fn nodes(&mut self, element: &mut Tree, path: &mut Vec<String>) {
        for node in &mut element.nodes {
            match node {
                Leaf::Element(child) => {
                    path.push(child.name.clone());
                    for (name, value) in &mut child.attributes {
                        if name.starts_with("xmlns") {
                            continue;
                        }
                        *value = match &**name {
                            "id" if matches!(&*child.name, "open" | "stream:stream") => {
                                self.name("stream", value)
                            }
                            "id" if self.facts.is_id(value)
                                && !self.facts.known.contains_key(value) =>
                            {
                                self.name("id", value)
                            }
                            "stamp" => "[stamp]".to_owned(),
                            _ => self.words(value),
                        };
                    }
                    self.nodes(child, path);
                    self.said(child, path);
                    path.pop();
                }
                Leaf::Text(text) => *text = self.words(text),
            }
        }
    }

    /// A text that is no XML, with names for the rid and the sid that stand in it as in a start tag, cut or not.
    fn broken(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        loop {
            if let Some((before, value, behind)) = attribute(rest) {
                out += before;
                out += &self.meant(before.trim_start(), value);
                rest = behind;
            }
            let Some(at) = rest.find([' ', '\t']) else { return out + rest };
            out += &rest[..=at];
            rest = &rest[at + 1..];
        }
    }

    /// What an attribute of a broken `<body` has for a value.
    fn meant(&self, before: &str, value: &str) -> String {
        if before.starts_with("rid") {
            let number: u64 = value.parse().unwrap_or_default();
            let near = |base: &&u64| number >= **base && number - **base <= FAR;
            let near = self.facts.bases.iter().find(near);
            return near.map_or_else(|| "[rid]".to_owned(), |base| rid(value, Some(*base)));
        }
        let mut whole = self.facts.known.keys();
        match whole.find(|whole| whole.starts_with(value) && value.len() >= DISTINCT) {
            Some(whole) if whole != value => "[sid…]".to_owned(),
            _ => value.to_owned(),
        }
    }

    /// A text with names for the known values in it.
    fn words(&mut self, text: &str) -> String {
        short(self.named(&literal(text)))
    }

    fn named(&mut self, text: &str) -> String {
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
        for Replacement { what, name } in self.rules {
            if let Varies::Like(pattern) = what {
                out = self.like(&pattern.regex, name, &out);
            }
        }
        out
    }

    /// A text with a name for what fits an expression, outside of the names that are in it.
    fn like(&mut self, regex: &Regex, name: &'r str, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let mut starts = rest.match_indices('[').map(|(at, _)| at);
            let found = starts.find_map(|at| Some((at, split(&rest[at..])?.2)));
            let (at, behind) = found.unwrap_or((rest.len(), ""));
            self.like_between(regex, name, &rest[..at], &mut out);
            out += &rest[at..rest.len() - behind.len()];
            rest = behind;
        }
        out
    }

    fn like_between(&mut self, regex: &Regex, name: &'r str, text: &str, out: &mut String) {
        let mut behind = 0;
        for found in regex.captures_iter(text) {
            let Some(part) = found.get(1).or_else(|| found.get(0)) else { continue };
            if part.is_empty() {
                continue;
            }
            *out += &text[behind..part.start()];
            *out += &self.name(name, part.as_str());
            behind = part.end();
        }
        *out += &text[behind..];
    }

    fn word<'w>(&mut self, word: &'w str) -> Cow<'w, str> {
        match self.facts.known.get(word) {
            Some(Known::Whole(kind)) => {
                let kind = *kind;
                return self.name(kind, word).into();
            }
            Some(Known::User | Known::Account(_)) => return self.bare(word).into(),
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
        match (self.facts.known.get(jid), jid.split_once('@')) {
            (Some(Known::User), Some((local, domain))) => {
                format!("{}@{domain}", self.name("user", local))
            }
            (Some(Known::Account(name)), Some((_, domain))) => format!("{name}@{domain}"),
            _ => jid.to_owned(),
        }
    }

    /// `[kind-n]`
    fn name(&mut self, kind: &'r str, value: &str) -> String {
        let key = self.facts.numbers.hash_one((kind, value));
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

/// A long text, cut: its beginning, its length, and a digest by which another is told from it.
fn short(text: String) -> String {
    if text.len() <= LONG {
        return text;
    }
    let begin: String = text.chars().take(SHOWN).collect();
    // Of names, the numbers depend on what stands before.
    let digest = digest(&SHA256, shape(&text).as_bytes());
    let digest = digest.as_ref().iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("{begin}… ({} characters, SHA-256 {digest}…)", text.chars().count())
}

/// A `rid` or `sid` at the start of a text: what stands before its value, that, and what is behind.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let name = ["rid", "sid"].into_iter().find(|name| text.starts_with(name))?;
    let equals = text[name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let value = equals.strip_prefix(['\'', '"'])?;
    let start = text.len() - value.len();
    let end = start + value.find(['\'', '"', ' ', '>']).unwrap_or(value.len());
    (end > start).then(|| (&text[..start], &text[start..end], &text[end..]))
}

/// A text in which nothing looks like a name: `[sid-1]` becomes `[\sid-1]`.
fn literal(text: &str) -> Cow<'_, str> {
    let mut places = text.match_indices('[').filter(|(at, _)| split(&text[*at..]).is_some());
    if places.next().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        out.push(c);
        if c == '[' && split(&text[at..]).is_some() {
            out.push('\\');
        }
    }
    Cow::Owned(out)
}

/// Whether the innermost elements are these.
fn ends_with(path: &[String], elements: &[String]) -> bool {
    path.len() >= elements.len()
        && path.iter().rev().zip(elements.iter().rev()).all(|(is, said)| said == "*" || is == said)
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

/// The name of a rid: how far it is from where the session's rids begin.
pub(super) fn rid_name(rid: u64, base: u64) -> String {
    format!("[rid{:+}]", i128::from(rid) - i128::from(base))
}

fn rid(value: &str, base: Option<u64>) -> String {
    let number = value.parse::<u64>().ok().filter(|rid| rid.to_string() == value).ok_or(());
    match (number, base) {
        (Ok(rid), Some(base)) if rid.abs_diff(base) <= FAR => rid_name(rid, base),
        (Ok(_), Some(_)) => "[rid]".to_owned(),
        _ => value.to_owned(),
    }
}

/// The id that an element is known by.
fn id_of(element: &Tree) -> Option<&str> {
    let namespace = element.attr("xmlns");
    let names = matches!(&*element.name, "iq" | "message" | "presence")
        && namespace == Some(ns::CLIENT)
        || matches!(&*element.name, "stanza-id" | "origin-id" | "occupant-id" | "enabled");
    element.attr("id").filter(|_| names)
}

/// What stands between words: white space, quotes, brackets. What JIDs are made of is part of a word.
fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | ';' | '`')
}

/// A date and time as XEP-0082 writes them, or as XEP-0091 did.
fn is_stamp(word: &str) -> bool {
    static STAMP: LazyLock<Regex> = LazyLock::new(|| {
        let stamp =
            r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)|\d{8}T\d\d:\d\d:\d\d)$";
        Regex::new(stamp).expect("a fixed expression")
    });
    // Nearly every word is told from one by its beginning.
    word.starts_with(|c: char| c.is_ascii_digit()) && STAMP.is_match(word)
}

/// A text with the numbers taken out of names: what is left does not depend on what stands before it.
pub fn shape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let (before, name) = rest.split_at(start);
        out.push_str(before);
        let Some((kind, _, behind)) = split(name) else {
            out.push('[');
            rest = &name[1..];
            continue;
        };
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
