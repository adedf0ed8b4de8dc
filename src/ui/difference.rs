//! What differs between two transcripts, for people.

use std::collections::{HashMap, HashSet};

use super::line::{Page as Lines, columns};
use super::sanitise::one_line;
use super::styles::Styles;
use crate::report::difference::{Compared, Document};
use crate::report::words::count;
use crate::snapshot::{Change, Diff, ExchangeDiff, Part, Phrase, Sign, StrandDiff, inline, shape};
use crate::xml::Ink;

/// Values that are longer together stand below their line, one below the other.
const LINE: usize = 44;
/// What so many exchanges of a session have in common is told once.
const OFTEN: usize = 4;
/// So many sessions are named of which the same is to be said.
const NAMED: usize = 4;
/// So much of what is the same stands around what differs in a long value.
const AROUND: usize = 16;
/// A line that is full goes on this much further in.
const HANG: usize = 4;

/// What differs, by strand and exchange, and nothing else. Empty if nothing does.
///
/// Lines are broken where there are so many columns.
pub fn text(diff: &Diff, styles: &Styles, width: Option<usize>) -> String {
    let mut page = Page::new(styles, width);
    // Sessions of which the same is to be said, names apart.
    let mut alike: Vec<(String, String, Vec<&StrandDiff>)> = Vec::new();
    for strand in &diff.strands {
        let body = body(strand, styles, width);
        let key = format!("{:?} {}", strand.sign(), shape(&body));
        match alike.iter_mut().find(|(known, ..)| *known == key) {
            Some((.., strands)) if strand.sign() == Sign::Changed => strands.push(strand),
            _ => alike.push((key, body, vec![strand])),
        }
    }
    for (_, body, strands) in alike {
        page.heading(&strands);
        page.lines.text += &body;
    }
    page.lines.text
}

/// The name of what is compared.
pub fn heading(name: &str, styles: &Styles) -> String {
    format!("{}{}{}", styles.strong.on, one_line(name), styles.strong.off)
}

/// Which sign is whose.
pub fn sides(old: &str, new: &str, styles: &Styles) -> String {
    let side = |sign: Sign, name: &str| {
        let ink = styles.sign(sign);
        format!("{}{} {}{}\n", ink.on, sign.mark(), one_line(name), ink.off)
    };
    side(Sign::Removed, old) + &side(Sign::Added, new)
}

/// What stands below the title of a strand.
fn body(strand: &StrandDiff, styles: &Styles, width: Option<usize>) -> String {
    let mut page = Page::new(styles, width);
    for change in &strand.changes {
        page.change(2, change, false);
    }
    let repeated = repeated(strand);
    for Repeated { first, last, count, change, same, .. } in &repeated {
        let words = format!("in {count} exchanges, ");
        page.begin(2);
        page.plain(&words);
        page.put(&styles.rid, &first.label());
        page.plain(" to ");
        page.put(&styles.rid, &last.label());
        page.end();
        page.change(4, change, !same);
    }
    let known: HashSet<&str> = repeated.iter().map(|repeated| &*repeated.key).collect();
    let is_told = |exchange: &ExchangeDiff| {
        let all = || exchange.changes.iter().all(|change| known.contains(&*key(change)));
        exchange.sign() == Sign::Changed && all()
    };
    let left: Vec<_> = strand.exchanges.iter().filter(|exchange| !is_told(exchange)).collect();
    let mut rest = &left[..];
    while let Some(first) = rest.first() {
        let alike = rest.iter().take_while(|other| are_alike(first, other)).count();
        page.exchange(first, rest[alike - 1], alike);
        for change in &first.changes {
            if first.sign() != Sign::Changed || !known.contains(&*key(change)) {
                page.change(4, change, false);
            }
        }
        rest = &rest[alike..];
    }
    page.lines.text
}

/// A difference that many exchanges have.
struct Repeated<'a> {
    key: String,
    change: &'a Change,
    first: &'a ExchangeDiff,
    last: &'a ExchangeDiff,
    count: usize,
    /// Whether it is the same everywhere, names included.
    same: bool,
}

fn repeated(strand: &StrandDiff) -> Vec<Repeated<'_>> {
    let mut found: Vec<Repeated<'_>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for exchange in strand.exchanges.iter().filter(|known| known.sign() == Sign::Changed) {
        for change in &exchange.changes {
            let key = key(change);
            if let Some(&place) = places.get(&key) {
                let known = &mut found[place];
                known.same &= known.change == change;
                known.count += usize::from(!std::ptr::eq(known.last, exchange));
                known.last = exchange;
            } else {
                places.insert(key.clone(), found.len());
                let (first, last) = (exchange, exchange);
                found.push(Repeated { key, change, first, last, count: 1, same: true });
            }
        }
    }
    found.retain(|repeated| repeated.count >= OFTEN);
    found
}

/// What of a change is the same wherever it is repeated.
fn key(change: &Change) -> String {
    format!("{}{} {}", change.sign().mark(), change.what.kind(), shape(&change.words()))
}

/// The same for one of many files, under its name.
pub fn document(document: &Document, styles: &Styles, width: Option<usize>) -> String {
    let mut page = Page::new(styles, width);
    let name = document.name.as_deref();
    match &document.compared {
        Compared::Both(diff) => {
            if let Some(name) = name {
                page.begin(0);
                page.put(&styles.strong, name);
                page.end();
            }
            page.lines.text += &text(diff, styles, width);
            if name.is_some() {
                page.end();
            }
        }
        Compared::OnlyOld | Compared::OnlyNew => {
            let sign = document.sign();
            page.sign(0, sign);
            page.put(&styles.strong, name.unwrap_or_default());
            let which = if sign == Sign::Added { "new" } else { "old" };
            page.plain(&format!(" is only in the {which} folder"));
            page.end();
            page.end();
        }
    }
    page.lines.text
}

struct Page<'a> {
    styles: &'a Styles,
    lines: Lines,
    /// A line that is full goes on at this column.
    indent: usize,
    /// A word that may go on: it stands together.
    word: Vec<(&'a Ink, String)>,
    /// Spaces that stand before the word, if that is on the same line.
    spaces: usize,
    /// The line may be broken before the word.
    loose: bool,
}

impl<'a> Page<'a> {
    fn new(styles: &'a Styles, width: Option<usize>) -> Self {
        let (lines, word) = (Lines::new(width), Vec::new());
        Self { styles, lines, indent: 0, word, spaces: 0, loose: false }
    }

    /// A line begins at this column.
    fn begin(&mut self, indent: usize) {
        self.lines.to(indent);
        self.indent = indent + HANG;
    }

    fn end(&mut self) {
        self.flush();
        self.lines.end();
        (self.spaces, self.loose) = (0, false);
    }

    /// Adds a text. A line that is full is broken at a space, or between two tags.
    fn put(&mut self, ink: &'a Ink, text: &str) {
        let text = one_line(text);
        if self.lines.width().is_none() {
            self.lines.put(ink, &text);
            return;
        }
        for (number, word) in text.split(' ').enumerate() {
            if number > 0 {
                self.flush();
                self.spaces += 1;
                self.loose = true;
            }
            for piece in pieces(word) {
                let after_a_tag = self.word.last().is_some_and(|(_, last)| last.ends_with('>'));
                if after_a_tag && piece.starts_with('<') {
                    self.flush();
                    self.loose = true;
                }
                self.word.push((ink, piece.to_owned()));
            }
        }
    }

    /// Adds words that have no colour.
    fn plain(&mut self, text: &str) {
        let styles = self.styles;
        self.put(&styles.none, text);
    }

    /// Writes the word, on the next line if it does not fit on this one.
    fn flush(&mut self) {
        let wide: usize = self.word.iter().map(|(_, piece)| columns(piece)).sum();
        let is_full = self.lines.is_full(self.spaces + wide);
        if self.loose && is_full && wide > 0 && self.lines.column() > self.indent {
            self.lines.end().to(self.indent);
            self.spaces = 0;
        }
        for (ink, piece) in self.word.drain(..) {
            let before = std::mem::take(&mut self.spaces);
            self.lines.plain(&" ".repeat(before)).put(ink, &piece);
            self.loose = false;
        }
    }

    fn sign(&mut self, indent: usize, sign: Sign) {
        self.begin(indent);
        self.put(self.styles.sign(sign), &sign.mark().to_string());
        self.flush();
        // What is marked stands together with its mark.
        self.lines.to(indent + 2);
    }

    /// The title of a strand, or of several of which the same is to be said.
    fn heading(&mut self, strands: &[&StrandDiff]) {
        let Some(first) = strands.first() else { return };
        let length = count(first.length as u64, "exchange");
        let words = match first.sign() {
            Sign::Added => format!(" is new: {length}"),
            Sign::Removed => format!(" is missing: {length}"),
            Sign::Changed => String::new(),
        };
        if first.sign() == Sign::Changed {
            self.begin(0);
        } else {
            self.sign(0, first.sign());
        }
        for (number, strand) in strands.iter().take(NAMED).enumerate() {
            if number > 0 {
                self.plain(", ");
            }
            self.put(&self.styles.session, &strand.title());
        }
        if strands.len() > NAMED {
            self.plain(&format!(" and {} more", strands.len() - NAMED));
        }
        self.plain(&words);
        self.end();
    }

    /// An exchange, or several that came or went one after another and are all the same.
    fn exchange(&mut self, exchange: &ExchangeDiff, last: &ExchangeDiff, count: usize) {
        match exchange.sign() {
            Sign::Changed => self.begin(2),
            sign => self.sign(2, sign),
        }
        self.put(&self.styles.rid, &exchange.label());
        if count > 1 {
            self.plain(" to ");
            self.put(&self.styles.rid, &last.label());
            self.plain(&format!(", {count} times"));
        }
        self.plain(&format!(" {}", exchange.request));
        if exchange.sign() != Sign::Changed && !exchange.response.is_empty() {
            self.put(&self.styles.dim, &format!(" (response: {})", exchange.response));
        }
        self.end();
    }

    /// A change; `like` it there are others that differ in names.
    fn change(&mut self, indent: usize, change: &Change, like: bool) {
        let sign = change.sign();
        self.sign(indent, sign);
        let phrase = change.phrase();
        let glue = phrase.glue();
        let Phrase { words, old, new } = phrase;
        match (old, new) {
            (Some(old), Some(new)) => {
                let (before, after) = inline(&old, &new);
                if old.chars().count() + new.chars().count() <= LINE {
                    self.plain(&format!("{words}{glue}"));
                    self.parts(Sign::Removed, &before);
                    self.plain(" → ");
                    self.parts(Sign::Added, &after);
                } else {
                    self.plain(words.trim_end());
                    for (sign, parts) in [(Sign::Removed, before), (Sign::Added, after)] {
                        self.end();
                        self.sign(indent + 2, sign);
                        self.parts(sign, &parts);
                    }
                }
            }
            (Some(value), None) | (None, Some(value)) => {
                self.plain(&format!("{words}{glue}"));
                self.put(self.styles.sign(sign), &value);
            }
            (None, None) => self.plain(&words),
        }
        if like {
            self.put(&self.styles.dim, " and similar ones");
        }
        self.end();
    }

    /// A value; what is the same in the other one is shortened.
    fn parts(&mut self, sign: Sign, parts: &[Part<'_>]) {
        let last = parts.len().saturating_sub(1);
        for (number, part) in parts.iter().enumerate() {
            if part.differs {
                let ink = if parts.len() == 1 {
                    self.styles.sign(sign)
                } else {
                    self.styles.differs(sign)
                };
                self.put(ink, part.text);
                continue;
            }
            let text = shortened(part.text, number > 0, number < last);
            self.put(self.styles.sign(sign), &text);
        }
    }
}

/// A word, broken between tags.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let end = rest.find("><").map_or(rest.len(), |at| at + 1);
        let (piece, left) = rest.split_at(end);
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A text without its middle: its beginning if something stands before it, its end if something stands behind it.
fn shortened(text: &str, before: bool, behind: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let kept = AROUND * (usize::from(before) + usize::from(behind)).max(2);
    if chars.len() <= kept + 1 {
        return text.to_owned();
    }
    let start = if before { AROUND } else { 0 };
    let end = chars.len() - if behind { AROUND } else { 0 };
    let mut out: String = chars[..start].iter().collect();
    out.push('…');
    out.extend(&chars[end..]);
    out
}

fn are_alike(one: &ExchangeDiff, other: &ExchangeDiff) -> bool {
    std::ptr::eq(one, other)
        || one.sign() != Sign::Changed
            && one.sign() == other.sign()
            && one.changes.is_empty()
            && other.changes.is_empty()
            && (&one.request, &one.response) == (&other.request, &other.response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Transcript, diff};

    fn shown(old: &str, new: &str) -> String {
        let read = |text: &str| text.parse::<Transcript>().unwrap();
        text(&diff(&read(old), &read(new)), &Styles::new(false), None)
    }

    fn polls(sessions: usize, length: usize, body: &str) -> String {
        let mut text = String::new();
        for session in 1..=sessions {
            text += &format!("== session {session}\n");
            for rid in 0..length {
                text +=
                    &format!("\nclient:\n  <body rid='[rid+{rid}]'/>\nserver: held\n  {body}\n");
            }
        }
        text.replace("[ack]", "[rid+1]")
    }

    #[test]
    fn what_is_repeated_is_told_once() {
        let (old, new) = (polls(6, 5, "<body/>"), polls(6, 5, "<body a='1'/>"));
        assert_eq!(
            shown(&old, &new),
            "session 1, session 2, session 3, session 4 and 2 more\n  \
             in 5 exchanges, [rid+0] to [rid+4]\n    + response gained attribute a='1'\n"
        );
        assert_eq!(
            shown(&polls(1, 2, "<body/>"), &polls(1, 5, "<body/>")),
            "session 1\n  + [rid+2] to [rid+4], 3 times empty poll (response: held, empty)\n"
        );
        assert_eq!(shown(&old, &old), "");
    }

    #[test]
    fn lines_end_at_the_width_between_words_and_between_tags() {
        let read = |text: &str| text.parse::<Transcript>().unwrap();
        let old = polls(1, 1, "<body/>");
        let stanza = |word: &str| {
            let tags = "<a>one</a>".repeat(12);
            format!(
                "<body><iq xmlns='jabber:client'>{tags}<b>{word} of a kind that is not short</b></iq></body>"
            )
        };
        let (one, two) = (polls(1, 1, &stanza("a word")), polls(3, 5, &stanza("two words")));
        for (old, new) in [(&old, &one), (&one, &two), (&two, &old), (&two, &one)] {
            let found = diff(&read(old), &read(new));
            for styles in [Styles::new(false), Styles::new(true)] {
                let whole = text(&found, &styles, None);
                for width in [40, 80, 200] {
                    let shown = text(&found, &styles, Some(width));
                    let plain = console::strip_ansi_codes(&shown);
                    for line in plain.lines() {
                        assert!(
                            columns(line) <= width && line.trim_end() == line,
                            "{width}: {shown}"
                        );
                    }
                    let words = |text: &str| -> String {
                        let plain = console::strip_ansi_codes(text);
                        plain.chars().filter(|c| !c.is_whitespace()).collect()
                    };
                    assert_eq!(words(&shown), words(&whole));
                }
            }
        }
    }

    #[test]
    fn long_values_stand_below_each_other_and_are_shortened() {
        let text = |word: &str| {
            let long = "one two three four five six seven eight nine ten";
            polls(1, 1, &format!("<body><a xmlns='urn:a'>{long} {word} {long}</a></body>"))
        };
        assert_eq!(
            shown(&text("\u{202e}x"), &text("y")),
            "session 1\n  [rid+0] empty poll\n    ~ response: a text\n      \
             - … eight nine ten \\u{202e}x one two three f…\n      \
             + … eight nine ten y one two three f…\n"
        );
    }
}
