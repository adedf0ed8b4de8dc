//! Single values: texts, names, times, numbers, words.

use std::ops::Range;

use super::fields::is;
use super::reader::Reader;
use crate::diag::nearest;
use crate::scenario::model::{Assignment, Count, Expr, Pattern, Reference, Template, Timespan};
use crate::scenario::source::{Located, Place};
use crate::scenario::template::{self, Wrong, is_name};
use crate::scenario::yaml::{Text, Value, Yaml};

impl Reader {
    /// A text as it is written.
    pub(super) fn text<'a>(&mut self, yaml: &'a Yaml) -> Option<&'a Text> {
        if let Value::Text(text) = &yaml.value {
            return Some(text);
        }
        self.wrong(&yaml.place, "a text is expected here", is(yaml));
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
        let help = "a letter, then letters, digits, `-` and `_`";
        self.wrong_with_help(&name.place, format!("`{}` is no name", name.value), "", help);
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
                let message = format!("`{}` is no name", text.value);
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
        let help = match nearest(&text, all.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", all.collect::<Vec<_>>().join(", ")),
        };
        self.wrong_with_help(&text.place, format!("`{}` is no {what}", text.value), "", help);
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

    /// A whole number from 0.
    pub(super) fn count(&mut self, yaml: &Yaml) -> Option<Located<Count>> {
        let template = self.template(yaml)?;
        let count = match template.as_plain() {
            None => Count::Computed(template.value),
            Some(text) => {
                let Ok(number) = text.parse() else {
                    self.wrong(&template.place, format!("`{text}` is no whole number from 0"), "");
                    return None;
                };
                Count::Fixed(number)
            }
        };
        Some(Located::new(count, template.place))
    }

    pub(super) fn pattern(&mut self, yaml: &Yaml) -> Option<Located<Pattern>> {
        let text = self.string(yaml)?;
        match regex_lite::Regex::new(&text) {
            Ok(regex) => Some(Located::new(Pattern { text: text.value, regex }, text.place)),
            Err(error) => {
                let message = format!("not a regular expression: {error}");
                if text.contains("${") {
                    let help = "a pattern holds no variables; `equals` and `one-of` do";
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
                self.wrong(&name.place, format!("`{}` is no name", name.value), "");
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
        self.wrong(&yaml.place, format!("{what} are written as keys with values"), is(yaml));
        &[]
    }
}

/// The items of a list; a single value stands for a list of one.
pub(super) fn items(yaml: &Yaml) -> &[Yaml] {
    match &yaml.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(yaml),
    }
}
