//! Demands on a single value: a text, a number, a version, a time.

use std::cmp::Ordering;

use super::mismatch::{Mismatch, Subject};
use crate::scenario::model::{Presence, Template, ValueMatch};
use crate::scenario::source::Located;
use crate::scenario::vars::{Environment, Unresolved, Value};

type Fits = fn(Ordering) -> bool;
/// A bound, its kind in words, and whether an order to it is good.
type Bound<'a> = (&'a Located<Template>, &'static str, Fits);

impl ValueMatch {
    /// What is not met of it by a value of its own. `what` names the value in words.
    pub fn compare(
        &self,
        what: &str,
        seen: Option<&Value>,
        environment: &dyn Environment,
    ) -> Result<Vec<Mismatch>, Unresolved> {
        self.compare_part(&Subject::Value(what.to_owned()), seen, environment)
    }

    /// What is not met of it by a part of a response.
    pub(super) fn compare_part(
        &self,
        subject: &Subject,
        seen: Option<&Value>,
        environment: &dyn Environment,
    ) -> Result<Vec<Mismatch>, Unresolved> {
        let mut found = Vec::new();
        let mut add = |expected: String, seen: String| {
            let place = self.place.clone();
            found.push(Mismatch { place, subject: subject.clone(), expected, seen });
        };
        let Some(seen) = seen else {
            if self.presence == Presence::Present {
                add(self.words(environment)?, "none".to_owned());
            }
            return Ok(found);
        };
        let shown = || quoted(&seen.text());
        if self.presence == Presence::Absent {
            add("none".to_owned(), shown());
            return Ok(found);
        }
        if let Some(equals) = &self.equals {
            let wanted = equals.value.value(environment)?;
            if !equal(seen, &wanted) {
                add(quoted(&wanted.text()), shown());
            }
        }
        if let Some(not) = &self.not {
            let unwanted = not.value.value(environment)?;
            if equal(seen, &unwanted) {
                add(format!("something else than {}", quoted(&unwanted.text())), shown());
            }
        }
        if let Some(pattern) = &self.matches
            && !pattern.regex.is_match(&seen.text())
        {
            add(format!("a match of /{}/", pattern.text), shown());
        }
        if let Some(pattern) = &self.lacks
            && pattern.regex.is_match(&seen.text())
        {
            add(format!("no match of /{}/", pattern.text), shown());
        }
        for (bound, words, good) in self.bounds() {
            let bound = bound.value.value(environment)?;
            let order = order(seen, &bound);
            if !order.is_some_and(good) {
                let unit = if order.is_none() { ", which can't be compared" } else { "" };
                add(format!("{words} {}", bound.text()), format!("{}{unit}", shown()));
            }
        }
        if !self.one_of.is_empty() {
            let wanted = self.texts(environment)?;
            if !wanted.iter().any(|wanted| equal(seen, wanted)) {
                let wanted: Vec<_> = wanted.iter().map(|one| quoted(&one.text())).collect();
                add(format!("one of {}", wanted.join(", ")), shown());
            }
        }
        Ok(found)
    }

    fn bounds(&self) -> impl Iterator<Item = Bound<'_>> {
        let all = [
            (&self.at_least, "at least", Ordering::is_ge as Fits),
            (&self.at_most, "at most", Ordering::is_le),
            (&self.above, "more than", Ordering::is_gt),
            (&self.below, "less than", Ordering::is_lt),
        ];
        all.into_iter().filter_map(|(bound, words, fits)| Some((bound.as_ref()?, words, fits)))
    }

    fn texts(&self, environment: &dyn Environment) -> Result<Vec<Value>, Unresolved> {
        self.one_of.iter().map(|text| text.value.value(environment)).collect()
    }

    /// What is demanded, in words.
    fn words(&self, environment: &dyn Environment) -> Result<String, Unresolved> {
        if let Some(equals) = &self.equals {
            return Ok(quoted(&equals.value.text(environment)?));
        }
        if !self.one_of.is_empty() {
            let all = self.texts(environment)?;
            let all: Vec<_> = all.iter().map(|one| quoted(&one.text())).collect();
            return Ok(format!("one of {}", all.join(", ")));
        }
        let mut words = Vec::new();
        for (bound, of, _) in self.bounds() {
            words.push(format!("{of} {}", bound.value.text(environment)?));
        }
        words.extend(self.matches.as_ref().map(|pattern| format!("a match of /{}/", pattern.text)));
        Ok(if words.is_empty() { "any".to_owned() } else { words.join(" and ") })
    }
}

/// Compares a value of its own, such as that of a `value` step.
pub fn compare_value(
    what: &Located<Template>,
    expected: &ValueMatch,
    environment: &dyn Environment,
) -> Result<Vec<Mismatch>, Unresolved> {
    let value = what.value.value(environment)?;
    expected.compare(what.place.text(), Some(&value), environment)
}

fn equal(seen: &Value, wanted: &Value) -> bool {
    match (seen, wanted) {
        (Value::Time(seen), wanted) => wanted.time().is_ok_and(|wanted| wanted == *seen),
        _ => seen.text() == wanted.text(),
    }
}

/// Compares as times if one is a time, as numbers, or as versions: 1.10 is more than 1.9.
fn order(seen: &Value, bound: &Value) -> Option<Ordering> {
    let is_time = |value: &Value| match value {
        Value::Time(_) => true,
        Value::Number(_) => false,
        Value::Text(text) => !text.bytes().all(|b| b.is_ascii_digit() || b == b'.'),
    };
    if is_time(seen) || is_time(bound) {
        return Some(seen.time().ok()?.cmp(&bound.time().ok()?));
    }
    Some(version(&seen.text())?.cmp(&version(&bound.text())?))
}

/// The numbers of a version; those at its end that are 0 do not count.
fn version(text: &str) -> Option<Vec<i128>> {
    let mut numbers: Vec<i128> =
        text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

fn quoted(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        None => format!("`{text}`"),
        Some((at, _)) => format!("`{}…` ({} bytes)", &text[..at], text.len()),
    }
}
