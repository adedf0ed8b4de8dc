//! Keys of a map, each taken once; what nobody took is a mistake.

use super::reader::Reader;
use crate::scenario::source::{Located, Place};
use crate::scenario::yaml::{Value, Yaml};

pub(super) struct Fields<'a> {
    /// What it is, for messages: "a session".
    of: String,
    pub(super) place: Place,
    rest: Vec<&'a (Located<String>, Yaml)>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The value of a key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'a Yaml> {
        self.take_with_key(key).map(|(_, value)| value)
    }

    /// The same with the key itself.
    pub(super) fn take_with_key(
        &mut self,
        key: &'static str,
    ) -> Option<(&'a Located<String>, &'a Yaml)> {
        self.known.push(key);
        let at = self.rest.iter().position(|(name, _)| name.value == key)?;
        let (name, value) = self.rest.remove(at);
        Some((name, value))
    }

    /// The key that is written first.
    pub(super) fn take_first(&mut self) -> Option<(&'a Located<String>, &'a Yaml)> {
        if self.rest.is_empty() {
            return None;
        }
        let (name, value) = self.rest.remove(0);
        Some((name, value))
    }

    /// The keys that nobody has taken yet.
    pub(super) fn left(&self) -> impl Iterator<Item = &'a Located<String>> {
        self.rest.iter().map(|(name, _)| name)
    }

    /// Changes what it is called in messages.
    pub(super) fn rename(&mut self, of: impl Into<String>) {
        self.of = of.into();
    }
}

impl Reader {
    /// The keys of a map; a mistake if it is none.
    pub(super) fn fields<'a>(&mut self, yaml: &'a Yaml, of: &str) -> Option<Fields<'a>> {
        let Value::Map(pairs) = &yaml.value else {
            self.wrong(&yaml.place, format!("{of} must be a mapping of keys to values"), is(yaml));
            return None;
        };
        Some(Fields {
            of: of.to_owned(),
            place: yaml.place.clone(),
            rest: pairs.iter().collect(),
            known: Vec::new(),
        })
    }

    /// A value that has to be there.
    pub(super) fn required<'a>(
        &mut self,
        fields: &mut Fields<'a>,
        key: &'static str,
    ) -> Option<&'a Yaml> {
        let value = fields.take(key);
        if value.is_none() {
            let line = fields.place.text().find('\n').unwrap_or(fields.place.span.len());
            let message = format!("{} needs `{key}`", fields.of);
            self.wrong(&fields.place.part(0..line), message, "it is missing here");
        }
        value
    }

    /// All keys have been asked for: what is left is unknown.
    pub(super) fn finish(&mut self, fields: &Fields<'_>) {
        let mut known = fields.known.clone();
        known.sort_unstable();
        known.dedup();
        for name in fields.left() {
            let message = format!("`{}` is not a key of {}", name.value, fields.of);
            let help = self.mistakes.suggest(&name.value, known.iter().copied(), || {
                if known.is_empty() {
                    "it has no keys".to_owned()
                } else {
                    format!("the keys are {}", known.join(", "))
                }
            });
            self.wrong_with_help(&name.place, message, "unknown key", help);
        }
    }
}

/// What a value is, for labels.
pub(super) fn is(yaml: &Yaml) -> &'static str {
    match yaml.value {
        Value::Null => "this is empty",
        Value::Text(_) => "this is a string",
        Value::List(_) => "this is a list",
        Value::Map(_) => "this is a mapping",
    }
}
