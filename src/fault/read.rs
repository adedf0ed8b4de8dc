//! Reads faults.
//!
//! ```text
//! fault     = clause { "," clause } ":" what
//! clause    = "once" | "always" | NUMBER "times" | PERCENT | "after" TIME | "per session"
//!           | "the" NTH [filter] | "every" [NTH] [filter] | filter
//! ```

use std::ops::Range;

use super::condition::{CERTAIN, Condition, Nth};
use super::read_what;
use super::source::{Source, Word, words};
use super::specification::Fault;
use crate::diag::Diagnostic;
use crate::diag::logic::Parsed;
use crate::trace::filter::Filter;

/// Longer texts are refused.
const LONGEST: usize = 4096;

impl Fault {
    /// Reads `WHEN: WHAT`. A mistake is shown at its place in the text, which `option` was given.
    pub fn parse(option: &'static str, text: &str) -> Result<Self, Box<Diagnostic>> {
        fault(option, text)
    }
}

/// Reads a fault.
fn fault(option: &'static str, text: &str) -> Parsed<Fault> {
    let source = Source { option, text };
    let help = "write WHEN: WHAT, for example: the 2nd poll: answer 502 nginx";
    if text.len() > LONGEST {
        return Err(source.mistake(
            0..0,
            format!("the fault is longer than {LONGEST} bytes"),
            "",
            "",
        ));
    }
    if text.trim().is_empty() {
        return Err(source.mistake(0..text.len(), "the fault is empty", "", help));
    }
    let (clauses, colon) = clauses(text);
    let Some(colon) = colon else {
        let message = "the fault has no WHAT";
        return Err(source.mistake(text.len()..text.len(), message, "expected `: WHAT`", help));
    };
    let when = condition(source, &clauses)?;
    let (side, what) = read_what::what(source, colon + 1..text.len())?;
    Ok(Fault { name: None, text: text.trim().to_owned(), when, side, what })
}

/// Where the clauses of a condition are, and the colon behind them. What is in quotes, or a regular expression, is none of both.
fn clauses(text: &str) -> (Vec<Range<usize>>, Option<usize>) {
    let bytes = text.as_bytes();
    let (mut all, mut start, mut at) = (Vec::new(), 0, 0);
    let is_end = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'/') if quote == b'"' || begins_regex(text, at) => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
            }
            b',' if is_end(at + 1) => {
                all.push(start..at);
                start = at + 1;
            }
            b':' if is_end(at + 1) => {
                all.push(start..at);
                return (all, Some(at));
            }
            _ => {}
        }
        at += 1;
    }
    (all, None)
}

/// Whether a slash begins a regular expression: it is the first of a value, and not of a path.
fn begins_regex(text: &str, at: usize) -> bool {
    let before = &text[..at];
    before.ends_with(':') && !before.to_ascii_lowercase().ends_with("path:")
}

fn condition(source: Source<'_>, clauses: &[Range<usize>]) -> Parsed<Condition> {
    let mut when = Condition::default();
    let mut said: Option<(Option<u64>, Range<usize>)> = None;
    for clause in clauses {
        let words = words(source.text, clause.clone());
        let Some(first) = words.first() else {
            let message = "expected a condition";
            let help = "for a fault without one, write once or always";
            return Err(source.mistake(clause.clone(), message, "", help));
        };
        let span = first.span.start..words.last().map_or(first.span.end, |last| last.span.end);
        let second = words.get(1).map(|word| word.text.to_ascii_lowercase());
        let times = match (&*first.text.to_ascii_lowercase(), second.as_deref(), words.len()) {
            ("once", _, 1) => Some(Some(1)),
            ("twice", _, 1) => Some(Some(2)),
            ("always", _, 1) => Some(None),
            (_, Some("times"), 2) => Some(Some(number(source, first)?)),
            ("after", _, _) => {
                when.after = read_what::time(source, &words[1..], &span)?;
                continue;
            }
            ("per", Some("session"), 2) => {
                when.per_session = true;
                continue;
            }
            ("the", _, _) => {
                let nth = words.get(1).and_then(|word| ordinal(word.text));
                let Some(nth) = nth.filter(|&nth| nth > 0) else {
                    let help = "write the 2nd poll, or the 10th kind:message";
                    return Err(source.mistake(span, "expected which one", "", help));
                };
                set_nth(&mut when, source, Nth::The(nth), &span)?;
                filter(&mut when, source, &words[2..])?;
                continue;
            }
            ("every", second, _) => {
                let nth = second.and_then(ordinal).filter(|&nth| nth > 0);
                set_nth(&mut when, source, Nth::Every(nth.unwrap_or(1)), &span)?;
                filter(&mut when, source, &words[1 + usize::from(nth.is_some())..])?;
                continue;
            }
            (percent, _, 1) if percent.ends_with('%') => {
                when.chance = Some(chance(source, first)?);
                continue;
            }
            _ => {
                filter(&mut when, source, &words)?;
                continue;
            }
        };
        if let (Some(times), Some((_, other))) = (times, &said) {
            let _ = (times, other);
            let message = "how often is said twice";
            return Err(source.mistake(span, message, "", "say once, always or N times"));
        }
        said = times.map(|times| (times, span));
    }
    let open = when.chance.is_some() || matches!(when.nth, Some(Nth::Every(_)));
    when.times = match said {
        Some((times, _)) => times,
        None if open => None,
        None => Some(1),
    };
    Ok(when)
}

fn set_nth(when: &mut Condition, source: Source<'_>, nth: Nth, span: &Range<usize>) -> Parsed<()> {
    match when.nth.replace(nth) {
        None => Ok(()),
        Some(_) => Err(source.mistake(span.clone(), "which one is said twice", "", "")),
    }
}

/// A clause that says what a message is like.
fn filter(when: &mut Condition, source: Source<'_>, words: &[Word<'_>]) -> Parsed<()> {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Ok(()) };
    let span = first.span.start..last.span.end;
    let filter = Filter::of_messages(source.option, &source.text[span.clone()]);
    let filter = filter.map_err(|mistake| {
        let shifted = mistake.span.start + span.start..mistake.span.end + span.start;
        Box::new(Diagnostic { source: source.text.into(), span: shifted, ..*mistake })
    })?;
    when.filters.push(filter);
    Ok(())
}

/// `2nd`, `second`.
fn ordinal(word: &str) -> Option<u64> {
    let lower = word.to_ascii_lowercase();
    let word =
        ["first", "second", "third", "fourth", "fifth"].iter().position(|name| *name == lower);
    word.map(|index| index as u64 + 1).or_else(|| {
        let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let is_one = matches!(&lower[digits.len()..], "st" | "nd" | "rd" | "th");
        digits.parse().ok().filter(|_| is_one)
    })
}

fn number(source: Source<'_>, word: &Word<'_>) -> Parsed<u64> {
    word.text.parse().ok().filter(|&number| number > 0).ok_or_else(|| {
        source.mistake(word.span.clone(), "expected a number, such as 3 times", "", "")
    })
}

fn chance(source: Source<'_>, word: &Word<'_>) -> Parsed<u32> {
    let percent = word.text.trim_end_matches('%').parse::<f64>().ok();
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    percent.map(|percent| (percent * f64::from(CERTAIN) / 100.0).round() as u32).ok_or_else(|| {
        source.mistake(word.span.clone(), "expected a percentage from 0% to 100%", "", "")
    })
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
