//! Single values: texts, names, times, numbers, words.

use std::ops::Range;

use super::fields::is;
use super::reader::Reader;
use crate::scenario::limits;
use crate::scenario::model::{Assignment, Count, Expr, Pattern, Reference, Template, Timespan};
use crate::scenario::source::{Located, Place};
use crate::scenario::template::{self, Wrong, is_name};
use crate::scenario::vars::at_most;
use crate::scenario::yaml::{Text, Value, Yaml};

impl Reader {
    /// A text as it is written.
    pub(super) fn text<'a>(&mut self, yaml: &'a Yaml) -> Option<&'a Text> {
        if let Value::Text(text) = &yaml.value {
            return Some(text);
        }
        self.wrong(&yaml.place, "expected a string", is(yaml));
        None
    }

    pub(super) fn string(&mut self, yaml: &Yaml) -> Option<Located<String>> {
        let text = self.text(yaml)?;
        Some(Located::new(text.value.clone(), yaml.place.clone()))
    }

    /// A text in which there may be variables.
    pub(super) fn template(&mut self, yaml: &Yaml) -> Option<Located<Template>> {
        let text = self.text(yaml)?;
        let template = self.template_of(text)?;
        Some(Located::new(template, yaml.place.clone()))
    }

    pub(super) fn template_of(&mut self, text: &Text) -> Option<Template> {
        let read = template::template(&text.value, &|bytes| text.place(bytes));
        self.right(read, |bytes| text.place(bytes))
    }

    /// Notes what is wrong with a template or expression.
    fn right<T>(
        &mut self,
        read: Result<T, Wrong>,
        place: impl Fn(Range<usize>) -> Place,
    ) -> Option<T> {
        read.map_err(|wrong| self.wrong(&place(wrong.at), wrong.message, "")).ok()
    }

    /// Something that is named here for the first time.
    pub(super) fn name(&mut self, yaml: &Yaml) -> Option<Located<String>> {
        let name = self.string(yaml)?;
        if is_name(&name) {
            return Some(name);
        }
        let help = "a name is a letter, followed by letters, digits, `-` and `_`";
        self.wrong_with_help(
            &name.place,
            format!("`{}` is not a valid name", name.value),
            "",
            help,
        );
        None
    }

    /// A name, with the number of one of several behind it: `poll`, `poll[n]`.
    pub(super) fn reference(&mut self, yaml: &Yaml) -> Option<Reference> {
        let text = self.text(yaml)?;
        let read = template::expression(&text.value, &|bytes| text.place(bytes));
        let expr = self.right(read, |bytes| text.place(bytes))?;
        match expr.value {
            Expr::Name(name) if name.fields.is_empty() && is_name(&name.base) => {
                let place = text.place(0..name.base.len());
                let nth = name.nth.map(|nth| *nth);
                Some(Reference { name: Located::new(name.base, place), nth })
            }
            _ => {
                let message = format!("`{}` is not a valid name", text.value);
                let help = "write `poll`, or `poll[3]` for one of several";
                self.wrong_with_help(&yaml.place, message, "", help);
                None
            }
        }
    }

    /// One of these words.
    pub(super) fn word<T: Clone>(
        &mut self,
        yaml: &Yaml,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<Located<T>> {
        let text = self.string(yaml)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(Located::new(value.clone(), text.place));
        }
        let all = words.iter().map(|(word, _)| *word);
        let otherwise =
            || format!("expected one of {}", all.clone().collect::<Vec<_>>().join(", "));
        let help = self.mistakes.suggest(&text, all.clone(), otherwise);
        self.wrong_with_help(
            &text.place,
            format!("`{}` is not a valid {what}", text.value),
            "",
            help,
        );
        None
    }

    pub(super) fn boolean(&mut self, yaml: &Yaml) -> Option<bool> {
        let words = [("true", true), ("false", false)];
        self.word(yaml, "`true` or `false`", &words).map(|word| word.value)
    }

    /// A time with its unit.
    pub(super) fn timespan(&mut self, yaml: &Yaml) -> Option<Located<Timespan>> {
        let template = self.template(yaml)?;
        let timespan = match template.as_plain() {
            None => Timespan::Computed(template.value),
            Some(text) => match template::duration(text) {
                Ok(duration) => Timespan::Fixed(duration),
                Err(message) => {
                    self.wrong(&template.place, message, "");
                    return None;
                }
            },
        };
        Some(Located::new(timespan, template.place))
    }

    /// A whole number from 0 to `most`.
    pub(super) fn count(&mut self, yaml: &Yaml, most: u64) -> Option<Located<Count>> {
        let template = self.template(yaml)?;
        let count = match template.as_plain() {
            None => Count::Computed(template.value),
            Some(text) => match whole(text).and_then(|number| at_most(number, most)) {
                Ok(number) => Count::Fixed(number),
                Err(message) => {
                    self.wrong(&template.place, message, "");
                    return None;
                }
            },
        };
        Some(Located::new(count, template.place))
    }

    pub(super) fn pattern(&mut self, yaml: &Yaml) -> Option<Located<Pattern>> {
        let text = self.string(yaml)?;
        self.patterns += 1;
        if self.patterns > limits::PATTERNS {
            let message = format!("a file has at most {} regular expressions", limits::PATTERNS);
            self.wrong(&text.place, message, "");
            return None;
        }
        let regex = regex_lite::RegexBuilder::new(&text).size_limit(limits::PATTERN).build();
        match regex {
            Ok(regex) => Some(Located::new(Pattern { text: text.value, regex }, text.place)),
            Err(error) => {
                let message = format!("not a regular expression: {error}");
                if text.contains("${") {
                    let help = "a pattern cannot contain variables; use `equals` or `one-of`";
                    self.wrong_with_help(&text.place, message, "", help);
                } else {
                    self.wrong(&text.place, message, "");
                }
                None
            }
        }
    }

    /// Names with their values.
    pub(super) fn assignments(&mut self, yaml: &Yaml) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        for (name, value) in self.pairs(yaml, "variables") {
            if !is_name(name) {
                self.wrong(&name.place, format!("`{}` is not a valid name", name.value), "");
            }
            if let Some(value) = self.template(value) {
                assignments.push(Assignment { name: name.clone(), value });
            }
        }
        assignments
    }

    /// A map whose keys are the author's own.
    pub(super) fn pairs<'a>(
        &mut self,
        yaml: &'a Yaml,
        what: &str,
    ) -> &'a [(Located<String>, Yaml)] {
        if let Value::Map(pairs) = &yaml.value {
            return pairs;
        }
        self.wrong(&yaml.place, format!("{what} must be a mapping of keys to values"), is(yaml));
        &[]
    }
}

/// A whole number from 0; one that is too large for its type is the largest.
pub(super) fn whole(text: &str) -> Result<u64, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{text}` is not a whole number"));
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// The items of a list; a single value stands for a list of one.
pub(super) fn items(yaml: &Yaml) -> &[Yaml] {
    match &yaml.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(yaml),
    }
}
