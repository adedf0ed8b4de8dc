//! What differs between two transcripts, for people.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

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

/// What differs, by strand and exchange, and nothing else. Empty if nothing does.
pub fn text(diff: &Diff, styles: &Styles) -> String {
    let mut page = Page { styles, out: String::new() };
    // Sessions of which the same is to be said, names apart.
    let mut alike: Vec<(String, String, Vec<&StrandDiff>)> = Vec::new();
    for strand in &diff.strands {
        let body = body(strand, styles);
        let key = format!("{:?} {}", strand.sign(), shape(&body));
        match alike.iter_mut().find(|(known, ..)| *known == key) {
            Some((.., strands)) if strand.sign() == Sign::Changed => strands.push(strand),
            _ => alike.push((key, body, vec![strand])),
        }
    }
    for (_, body, strands) in alike {
        page.heading(&strands);
        page.out += &body;
    }
    page.out
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
fn body(strand: &StrandDiff, styles: &Styles) -> String {
    let mut page = Page { styles, out: String::new() };
    for change in &strand.changes {
        page.change(2, change, false);
    }
    let repeated = repeated(strand);
    for Repeated { first, last, count, change, same, .. } in &repeated {
        let words = format!("in {count} exchanges, ");
        page.put(&Ink::default(), &format!("  {words}"));
        page.put(&styles.rid, &first.label());
        page.put(&Ink::default(), " to ");
        page.put(&styles.rid, &last.label());
        page.out.push('\n');
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
    page.out
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
pub fn document(document: &Document, styles: &Styles) -> String {
    let mut page = Page { styles, out: String::new() };
    let name = document.name.as_deref();
    match &document.compared {
        Compared::Both(diff) => {
            if let Some(name) = name {
                page.put(&styles.strong, name);
                page.out.push('\n');
            }
            page.out += &text(diff, styles);
            if name.is_some() {
                page.out.push('\n');
            }
        }
        Compared::OnlyOld | Compared::OnlyNew => {
            let sign = document.sign();
            page.sign(0, sign);
            page.put(&styles.strong, name.unwrap_or_default());
            let which = if sign == Sign::Added { "new" } else { "old" };
            page.put(&Ink::default(), &format!(" is only in the {which} folder"));
            page.out.push_str("\n\n");
        }
    }
    page.out
}

struct Page<'a> {
    styles: &'a Styles,
    out: String,
}

impl Page<'_> {
    fn put(&mut self, ink: &Ink, text: &str) {
        let _ = write!(self.out, "{}{}{}", ink.on, one_line(text), ink.off);
    }

    fn sign(&mut self, indent: usize, sign: Sign) {
        let _ = write!(self.out, "{:indent$}", "");
        self.put(self.styles.sign(sign), &sign.mark().to_string());
        self.out.push(' ');
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
        if first.sign() != Sign::Changed {
            self.sign(0, first.sign());
        }
        for (number, strand) in strands.iter().take(NAMED).enumerate() {
            if number > 0 {
                self.put(&Ink::default(), ", ");
            }
            self.put(&self.styles.session, &strand.title());
        }
        if strands.len() > NAMED {
            self.put(&Ink::default(), &format!(" and {} more", strands.len() - NAMED));
        }
        self.put(&Ink::default(), &words);
        self.out.push('\n');
    }

    /// An exchange, or several that came or went one after another and are all the same.
    fn exchange(&mut self, exchange: &ExchangeDiff, last: &ExchangeDiff, count: usize) {
        match exchange.sign() {
            Sign::Changed => self.out.push_str("  "),
            sign => self.sign(2, sign),
        }
        self.put(&self.styles.rid, &exchange.label());
        if count > 1 {
            self.put(&Ink::default(), " to ");
            self.put(&self.styles.rid, &last.label());
            self.put(&Ink::default(), &format!(", {count} times"));
        }
        self.put(&Ink::default(), &format!(" {}", exchange.request));
        if exchange.sign() != Sign::Changed {
            self.put(&self.styles.dim, &format!(" (response: {})", exchange.response));
        }
        self.out.push('\n');
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
                    self.put(&Ink::default(), &format!("{words}{glue}"));
                    self.parts(Sign::Removed, &before);
                    self.put(&Ink::default(), " → ");
                    self.parts(Sign::Added, &after);
                } else {
                    self.put(&Ink::default(), words.trim_end());
                    for (sign, parts) in [(Sign::Removed, before), (Sign::Added, after)] {
                        self.out.push('\n');
                        self.sign(indent + 2, sign);
                        self.parts(sign, &parts);
                    }
                }
            }
            (Some(value), None) | (None, Some(value)) => {
                self.put(&Ink::default(), &format!("{words}{glue}"));
                self.put(self.styles.sign(sign), &value);
            }
            (None, None) => self.put(&Ink::default(), &words),
        }
        if like {
            self.put(&self.styles.dim, " and similar ones");
        }
        self.out.push('\n');
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
        text(&diff(&read(old), &read(new)), &Styles::new(false))
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
