//! Which parts of two texts differ.

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Longer texts are compared by their beginning and end alone.
const WORDS: usize = 2000;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The text.
    pub text: &'a str,
    /// Whether the other one has not got it.
    pub differs: bool,
}

/// The parts of two texts: words that are in both, and words that are not.
pub fn inline<'a>(old: &'a str, new: &'a str) -> (Vec<Part<'a>>, Vec<Part<'a>>) {
    let (before, after) = (words(old), words(new));
    if before.len() > WORDS || after.len() > WORDS {
        return ends(old, new);
    }
    let (mut left, mut right) = (Parts::default(), Parts::default());
    for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
        let differs = op.tag() != DiffTag::Equal;
        left.add(&before[op.old_range()], differs);
        right.add(&after[op.new_range()], differs);
    }
    (left.of(old), right.of(new))
}

/// Words, and each character between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

fn ends<'a>(old: &'a str, new: &'a str) -> (Vec<Part<'a>>, Vec<Part<'a>>) {
    let same = |(a, b): &(char, char)| a == b;
    let start: usize =
        old.chars().zip(new.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (a, b) = (&old[start..], &new[start..]);
    let end: usize =
        a.chars().rev().zip(b.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let cut = |text: &'a str| {
        let parts = [
            (&text[..start], false),
            (&text[start..text.len() - end], true),
            (&text[text.len() - end..], false),
        ];
        let parts = parts.into_iter().filter(|(text, _)| !text.is_empty());
        parts.map(|(text, differs)| Part { text, differs }).collect()
    };
    (cut(old), cut(new))
}

/// Lengths of parts, neighbours of a kind in one.
#[derive(Default)]
struct Parts(Vec<(usize, bool)>);

impl Parts {
    fn add(&mut self, words: &[&str], differs: bool) {
        let length: usize = words.iter().map(|word| word.len()).sum();
        match self.0.last_mut() {
            _ if length == 0 => {}
            Some(last) if last.1 == differs => last.0 += length,
            _ => self.0.push((length, differs)),
        }
    }

    fn of(self, mut text: &str) -> Vec<Part<'_>> {
        let cut = |(length, differs): (usize, bool)| {
            let (part, rest) = text.split_at(length);
            text = rest;
            Part { text: part, differs }
        };
        self.0.into_iter().map(cut).collect()
    }
}
