//! Puts together what finds secrets: names, elements, what lies below escapes, and values that are known.

use std::borrow::Cow;

use memchr::memchr;

use super::elements::Elements;
use super::known::{Known, Value};
use super::look::{self, Found};
use super::marks::{Hit, conceal, in_order, placeholder, replace};
use super::pair::Ground;
use super::peel::{LAYERS, peel};
use super::{gate, head, opaque};

/// A tag longer than this, split over pieces, is not waited for.
const LONGEST_TAG: usize = 16 * 1024;
/// So much of what came before is looked at again with each piece, as a name or a value may be split over both.
const BEFORE: usize = 2 * 1024;

/// Hides secrets in one body after another, or in one direction of a stream, piece by piece. It knows no values but those that are
/// [known](Known) to whoever calls it.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    elements: Elements,
    /// The beginning of a tag that a piece ended in.
    tag: Vec<u8>,
    /// The end of what came before.
    before: Vec<u8>,
    /// Nothing of what follows can be searched.
    is_opaque: bool,
}

impl Redactor {
    /// A redactor at the start of a body or stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the last piece ended within a secret, or within a tag.
    pub fn is_open(&self) -> bool {
        self.elements.is_open() || !self.tag.is_empty()
    }

    /// The body of one HTTP message or WebSocket frame, complete or cut off, without its secrets.
    pub fn redact_body<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        *self = Self::default();
        body(bytes, &mut Known::default())
    }

    /// The next piece of a stream without its secrets, which may have begun in earlier pieces.
    pub fn redact_piece(&mut self, piece: &[u8]) -> Vec<u8> {
        self.piece(piece, &mut Known::default())
    }

    /// The same, with values that are known, and are learned.
    pub(in super::super) fn piece(&mut self, piece: &[u8], known: &mut Known) -> Vec<u8> {
        if piece.is_empty() {
            return Vec::new();
        }
        let shown = if self.is_opaque || self.elements.is_lost() || self.tag.len() > LONGEST_TAG {
            0
        } else {
            opaque::readable(&self.before, piece)
        };
        let mut out = self.text(&piece[..shown], known);
        if shown < piece.len() {
            self.is_opaque = true;
            (self.tag, self.before) = (Vec::new(), Vec::new());
            out.extend_from_slice(placeholder(piece.len() - shown).as_bytes());
        }
        out
    }

    fn text(&mut self, piece: &[u8], known: &mut Known) -> Vec<u8> {
        if piece.is_empty() {
            return Vec::new();
        }
        // By elements, with the tag that is not complete.
        let mut tag = std::mem::take(&mut self.tag);
        let in_tag = tag.len();
        tag.extend_from_slice(piece);
        let mut hits = Vec::new();
        let unfinished = self.elements.find(&tag, true, &mut hits);
        let mut hits = behind(hits, in_tag);
        self.tag = tag.split_off(tag.len() - unfinished);

        // By names and values, with what came before.
        let mut whole = std::mem::take(&mut self.before);
        let seen = whole.len();
        whole.extend_from_slice(piece);
        let mut learned = Vec::new();
        let ground = if whole.contains(&b'<') { Ground::Markup } else { Ground::Plain };
        let found = find(&whole, ground, known, &mut learned);
        let from = found.last().filter(|hit| hit.range.end == whole.len());
        let from = from.map_or(whole.len(), |hit| hit.range.start.saturating_sub(BEFORE / 8));
        hits.extend(behind(found, seen));
        learned.extend(hits.iter().map(|hit| Value {
            bytes: piece[hit.range.clone()].to_vec(),
            is_identity: hit.is_identity,
        }));
        known.learn(learned);
        let beginning = known.beginning(&whole);
        if beginning > 0 {
            conceal(piece, piece.len() - beginning.min(piece.len())..piece.len(), &mut hits);
        }
        let keep = from.min(whole.len().saturating_sub(BEFORE));
        if whole.len() - keep > LONGEST_TAG {
            self.is_opaque = true;
        } else {
            self.before = whole.split_off(keep);
        }
        replace(piece, 0, &in_order(hits))
    }
}

/// Of secrets, what is behind this place.
fn behind(hits: Vec<Hit>, from: usize) -> Vec<Hit> {
    let behind = hits.into_iter().filter(|hit| hit.range.end > from);
    behind
        .map(|hit| Hit { range: hit.range.start.max(from) - from..hit.range.end - from, ..hit })
        .collect()
}

/// Whether it is certain at a first look that there is nothing to hide in these bytes, which are text.
pub(in super::super) fn is_harmless(bytes: &[u8], known: &Known) -> bool {
    if gate::may_hold(bytes) || memchr(0, bytes).is_some() {
        return false;
    }
    let mut hits = Vec::new();
    known.find(bytes, &mut hits);
    hits.is_empty()
}

/// One body without its secrets.
pub(in super::super) fn body<'a>(bytes: &'a [u8], known: &mut Known) -> Cow<'a, [u8]> {
    if opaque::is_opaque(bytes) {
        return Cow::Owned(placeholder(bytes.len()).into_bytes());
    }
    if is_harmless(bytes, known) {
        return Cow::Borrowed(bytes);
    }
    if opaque::is_wide(bytes) {
        // Text in an encoding that nobody here reads, with something like a secret in it.
        let narrow: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        return match without(&narrow, Ground::of(&narrow), known) {
            Some(_) => Cow::Owned(placeholder(bytes.len()).into_bytes()),
            None => Cow::Borrowed(bytes),
        };
    }
    without(bytes, Ground::of(bytes), known).map_or(Cow::Borrowed(bytes), Cow::Owned)
}

/// The value of a header field without its secrets.
pub fn header<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    field(name, value, &mut Known::default())
}

/// A request target or URL without its secrets.
pub fn target(target: &str) -> Cow<'_, str> {
    url(target, &mut Known::default())
}

/// What is secret in a URL, or in something else that is written in one piece.
pub fn exposed(url: &str) -> Vec<String> {
    let mut learned = Vec::new();
    find(url.as_bytes(), Ground::Target, &Known::default(), &mut learned);
    learned.iter().map(|value| string(&value.bytes)).collect()
}

/// The same, with values that are known, and are learned.
pub(in super::super) fn url<'a>(url: &'a str, known: &mut Known) -> Cow<'a, str> {
    text(url, Ground::Target, known)
}

/// The same, with values that are known, and are learned.
pub(in super::super) fn field<'a>(name: &str, value: &'a str, known: &mut Known) -> Cow<'a, str> {
    if head::is_known(name.as_bytes()) {
        let mut hits = Vec::new();
        head::value(name.as_bytes(), value.as_bytes(), 0..value.len(), &mut hits);
        if !hits.is_empty() {
            let mut learned = values(value.as_bytes(), &hits);
            hits.extend(find(value.as_bytes(), Ground::Plain, known, &mut learned));
            known.learn(learned);
            return Cow::Owned(string(&replace(value.as_bytes(), 0, &in_order(hits))));
        }
    }
    text(value, Ground::Plain, known)
}

/// Words, such as a reason phrase, without what is secret.
pub(in super::super) fn words<'a>(words: &'a str, known: &mut Known) -> Cow<'a, str> {
    text(words, Ground::Plain, known)
}

fn text<'a>(text: &'a str, ground: Ground, known: &mut Known) -> Cow<'a, str> {
    without(text.as_bytes(), ground, known)
        .map_or(Cow::Borrowed(text), |hidden| Cow::Owned(string(&hidden)))
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn values(bytes: &[u8], hits: &[Hit]) -> Vec<Value> {
    let value = |hit: &Hit| Value {
        bytes: bytes[hit.range.clone()].to_vec(),
        is_identity: hit.is_identity,
    };
    hits.iter().map(value).collect()
}

/// These bytes without their secrets; nothing if there are none.
fn without(bytes: &[u8], ground: Ground, known: &mut Known) -> Option<Vec<u8>> {
    let mut learned = Vec::new();
    let mut hits = find(bytes, ground, known, &mut learned);
    if hits.is_empty() {
        return None;
    }
    // What is learned may stand elsewhere in the same bytes.
    if known.learn(learned) {
        hits.extend(find(bytes, ground, known, &mut Vec::new()));
    }
    Some(replace(bytes, 0, &in_order(hits)))
}

/// Finds secrets in these bytes and below their escapes.
fn find(bytes: &[u8], ground: Ground, known: &Known, learned: &mut Vec<Value>) -> Vec<Hit> {
    layer(bytes, ground, known, learned, 0)
}

fn layer(
    bytes: &[u8],
    ground: Ground,
    known: &Known,
    learned: &mut Vec<Value>,
    depth: usize,
) -> Vec<Hit> {
    let Found { mut hits, elements, escapes } =
        if gate::may_hold(bytes) { look::look(bytes, ground) } else { Found::default() };
    if elements && memchr(b'<', bytes).is_some() {
        let mut tree = Elements::new(depth > 0);
        tree.find(bytes, false, &mut hits);
    }
    learned.extend(values(bytes, &hits));
    if !known.is_empty() {
        known.find(bytes, &mut hits);
    }
    if escapes
        && depth < LAYERS
        && let Some(below) = peel(bytes)
    {
        for hit in layer(&below.text, ground, known, learned, depth + 1) {
            let range = below.source(&hit.range);
            let before = hits.len();
            conceal(bytes, range, &mut hits);
            hits[before..].iter_mut().for_each(|found| found.is_identity = hit.is_identity);
        }
    }
    in_order(hits)
}
