//! What was said in a room before somebody entered it (XEP-0045 §7.2.13, §7.2.14).

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use crate::xml::{Element, Scope, write};
use crate::xmpp::ns;

/// Messages that a room remembers.
const MOST: usize = 20;

/// The latest messages with the times at which they came.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<(Duration, Element)>);

impl History {
    /// Keeps a message; the oldest go when there are too many, or more bytes in them than `most`.
    pub(super) fn keep(&mut self, at: Duration, message: &Element, most: usize) {
        self.0.push_back((at, message.detached()));
        let bytes = |all: &VecDeque<(Duration, Element)>| -> usize {
            all.iter().map(|(_, message)| message.footprint()).sum()
        };
        while self.0.len() > MOST || bytes(&self.0) > most {
            self.0.pop_front();
        }
    }

    /// The latest that fit all bounds of a `<history/>`; a bound that can't be read is none.
    pub(super) fn chosen(
        &self,
        wanted: Option<&Element>,
        started: DateTime<FixedOffset>,
        now: Duration,
    ) -> Vec<Element> {
        let attr = |name: &str| wanted.and_then(|history| history.attr(name));
        let number = |name: &str| attr(name).and_then(|text| text.parse::<u64>().ok());
        let stanzas = number("maxstanzas").unwrap_or(u64::MAX);
        let mut chars = number("maxchars").unwrap_or(u64::MAX);
        let oldest =
            number("seconds").map(|seconds| now.saturating_sub(Duration::from_secs(seconds)));
        let since = attr("since").and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let mut chosen = Vec::new();
        for (at, message) in self.0.iter().rev() {
            let late = oldest.is_none_or(|oldest| *at >= oldest)
                && since.is_none_or(|since| started + *at >= since);
            let size = size(message);
            if !late || chosen.len() as u64 >= stanzas || size > chars {
                break;
            }
            chars -= size;
            chosen.push(message.clone());
        }
        chosen.reverse();
        chosen
    }
}

/// The characters of a stanza, tags included.
fn size(message: &Element) -> u64 {
    let mut text = String::new();
    write(message, &Scope { default: ns::CLIENT, prefixes: &[] }, &mut text);
    text.chars().count() as u64
}
