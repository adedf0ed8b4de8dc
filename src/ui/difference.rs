//! What differs between two transcripts, for people.

use std::fmt::Write as _;

use super::sanitise::one_line;
use super::styles::Styles;
use crate::report::difference::{Compared, Document};
use crate::snapshot::{Change, Diff, ExchangeDiff, Part, Phrase, Sign, StrandDiff, inline};
use crate::xml::Ink;

/// Values that are longer together stand below their line, one below the other.
const LINE: usize = 44;
/// So much of what is the same stands around what differs in a long value.
const AROUND: usize = 16;

/// What differs, by strand and exchange, and nothing else. Empty if nothing does.
pub fn text(diff: &Diff, styles: &Styles) -> String {
    let mut page = Page { styles, out: String::new() };
    for strand in &diff.strands {
        page.strand(strand);
    }
    page.out
}

/// The name of what is compared.
pub fn heading(name: &str, styles: &Styles) -> String {
    format!("{}{}{}", styles.strong.on, one_line(name), styles.strong.off)
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
            page.put(&Ink::default(), &format!(" is in the {which} folder alone"));
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

    fn strand(&mut self, strand: &StrandDiff) {
        let title = |text: &Option<String>| text.clone().unwrap_or_default();
        let (old, new) = (title(&strand.old), title(&strand.new));
        let length = match strand.length {
            1 => "1 exchange".to_owned(),
            length => format!("{length} exchanges"),
        };
        match strand.sign() {
            Sign::Added => {
                self.sign(0, Sign::Added);
                self.put(&self.styles.session, &new);
                self.put(&Ink::default(), &format!(" is new: {length}"));
            }
            Sign::Removed => {
                self.sign(0, Sign::Removed);
                self.put(&self.styles.session, &old);
                self.put(&Ink::default(), &format!(" is no longer there: {length}"));
            }
            Sign::Changed if old == new => self.put(&self.styles.session, &old),
            Sign::Changed => self.put(&self.styles.session, &format!("{old} → {new}")),
        }
        self.out.push('\n');
        for change in &strand.changes {
            self.change(2, change);
        }
        let mut rest = &strand.exchanges[..];
        while let Some(first) = rest.first() {
            let alike = rest.iter().take_while(|other| are_alike(first, other)).count();
            self.exchange(first, &rest[alike - 1], alike);
            rest = &rest[alike..];
        }
    }

    /// An exchange, or several that came or went one after another and are all the same.
    fn exchange(&mut self, exchange: &ExchangeDiff, last: &ExchangeDiff, count: usize) {
        let label = |exchange: &ExchangeDiff| match (&exchange.old, &exchange.new) {
            (Some(old), Some(new)) if old.label() == new.label() => old.label(),
            (Some(old), Some(new)) => format!("{} → {}", old.label(), new.label()),
            (Some(one), None) | (None, Some(one)) => one.label(),
            (None, None) => String::new(),
        };
        match exchange.sign() {
            Sign::Changed => self.out.push_str("  "),
            sign => self.sign(2, sign),
        }
        self.put(&self.styles.rid, &label(exchange));
        if count > 1 {
            self.put(&Ink::default(), " to ");
            self.put(&self.styles.rid, &label(last));
            self.put(&Ink::default(), &format!(", {count} times"));
        }
        self.put(&Ink::default(), &format!(" {}", exchange.request));
        if exchange.sign() != Sign::Changed {
            self.put(&self.styles.dim, &format!(" (response: {})", exchange.response));
        }
        self.out.push('\n');
        for change in &exchange.changes {
            self.change(4, change);
        }
    }

    fn change(&mut self, indent: usize, change: &Change) {
        let sign = change.sign();
        self.sign(indent, sign);
        let Phrase { words, old, new } = change.phrase();
        let glue = if words.ends_with(['=', ' ']) { "" } else { " " };
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
