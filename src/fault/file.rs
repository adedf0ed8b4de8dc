//! Files of faults: a YAML list of texts, or of mappings of a name to a text.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::specification::Fault;
use crate::diag::Diagnostic;

/// No file may have more.
const MOST: usize = 1000;
/// What the texts in a file are called where a mistake is shown.
const OPTION: &str = "fault";

/// An entry of a file.
struct Entry {
    name: Option<String>,
    text: String,
}

/// Reads the text of a file. A mistake in a fault is shown in the fault; one in the YAML at its line.
pub fn read_file(file: &str, text: &str) -> Result<Vec<Fault>, Box<Diagnostic>> {
    let mistake = |span: Range<usize>, message: String| {
        let help = Some("a file of faults is a YAML list of texts, or of NAME: TEXT".to_owned());
        let (name, source) = (file.to_owned(), text.into());
        Box::new(Diagnostic { message, name, source, span, label: String::new(), help })
    };
    let entries: Vec<Entry> = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line() as usize);
        let start = text.split_inclusive('\n').take(line.max(1) - 1).map(str::len).sum::<usize>();
        let end = text[start.min(text.len())..].find('\n').map_or(text.len(), |end| start + end);
        let words = error.to_string();
        let words = words.lines().next().unwrap_or("not YAML").to_owned();
        mistake(start.min(text.len())..end, words)
    })?;
    if entries.len() > MOST {
        return Err(mistake(0..0, format!("more than {MOST} faults")));
    }
    let entries = entries.into_iter().enumerate();
    let faults = entries.map(|(index, Entry { name, text })| {
        let fault = Fault::parse(OPTION, &text).map_err(|mistake| {
            let name = format!("{file}, {OPTION} {}", index + 1);
            Box::new(Diagnostic { name, ..*mistake })
        })?;
        Ok(match name {
            Some(name) => fault.named(name),
            None => fault,
        })
    });
    faults.collect()
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a fault, or NAME: FAULT")
            }

            fn visit_str<E>(self, text: &str) -> Result<Entry, E> {
                Ok(Entry { name: None, text: text.to_owned() })
            }

            /// What is not in quotes is a mapping: `the 2nd poll: drop`.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let expected = || serde::de::Error::custom("expected a fault, or NAME: FAULT");
                let (key, value) = map.next_entry::<String, String>()?.ok_or_else(expected)?;
                if map.next_key::<String>()?.is_some() {
                    return Err(expected());
                }
                // A value that is a fault itself has a name in front of it.
                if Fault::parse(OPTION, &value).is_ok() {
                    return Ok(Entry { name: Some(key), text: value });
                }
                Ok(Entry { name: None, text: format!("{key}: {value}") })
            }
        }
        deserializer.deserialize_any(Either)
    }
}
