//! What a server says in a replay, held against what one said in the recording: which value is which.

use std::collections::HashSet;

use crate::record::Values;
use crate::xml::Element;
use crate::xmpp::ns;

/// How many elements of the recording may have come earlier or later than in the replay.
const AHEAD: usize = 32;

/// Attributes that name something, by a value that is another each time.
const NAMES: [&str; 4] = ["id", "previd", "sid", "url"];

/// The elements of a server in one session of the recording, as far as they have not come again.
#[derive(Debug, Default)]
pub(super) struct Heard {
    recorded: Vec<Element>,
}

/// Values that were hidden in the recording, and known again by a mark: `[hidden 12 bytes #0a1b2c]`.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<(String, String)>);

impl Marks {
    /// A text with what was hidden, as far as it is known.
    pub(super) fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
    }
}

/// What is learned goes here.
pub(super) struct Learning<'a> {
    pub(super) values: &'a mut Values,
    pub(super) marks: &'a mut Marks,
    /// Words that clients say in the recording: only those need others in their place.
    pub(super) said: &'a HashSet<String>,
}

impl Heard {
    pub(super) fn new(recorded: Vec<Element>) -> Self {
        Self { recorded }
    }

    /// An element has come.
    pub(super) fn take(&mut self, element: &Element, learning: &mut Learning<'_>) {
        let ahead = &self.recorded[..self.recorded.len().min(AHEAD)];
        let place = ahead.iter().position(|recorded| is_same(recorded, element, learning.values));
        if let Some(place) = place {
            let recorded = self.recorded.remove(place);
            learn(&recorded, element, learning);
        }
    }
}

/// Whether an element is what another was.
fn is_same(recorded: &Element, element: &Element, values: &Values) -> bool {
    let kind = |element: &Element| {
        let first = element.children().next();
        let first = first.map(|child| (child.namespace().to_owned(), child.name().to_owned()));
        (element.attr("type").map(str::to_owned), first)
    };
    if !element.is(recorded.namespace(), recorded.name()) {
        return false;
    }
    let answer = |element: &Element| {
        element.name() == "iq" && matches!(element.attr("type"), Some("result" | "error"))
    };
    if answer(recorded) || answer(element) {
        // Clients keep their ids.
        return answer(recorded) && answer(element) && recorded.attr("id") == element.attr("id");
    }
    let from = recorded.attr("from").map(|from| values.text(from));
    kind(recorded) == kind(element) && from.as_deref() == element.attr("from")
}

/// Learns from an element what stands in the place of values in the recorded one.
fn learn(recorded: &Element, element: &Element, learning: &mut Learning<'_>) {
    if recorded.is(ns::STREAMS, "features") || recorded.namespace() == ns::SASL {
        return; // what is offered has no other name for anything
    }
    let bound = recorded.is(ns::BIND, "jid");
    for name in NAMES {
        if let (Some(value), Some(new)) = (recorded.attr(name), element.attr(name)) {
            pair(value, new, false, learning);
        }
    }
    pair(recorded.text().trim(), element.text().trim(), bound, learning);
    for child in recorded.children() {
        if let Some(new) = element.child(child.namespace(), child.name()) {
            learn(child, new, learning);
        }
    }
}

fn pair(old: &str, new: &str, bound: bool, learning: &mut Learning<'_>) {
    if old == new || old.is_empty() || new.is_empty() {
        return;
    }
    if old.starts_with("[hidden ") && old.contains('#') {
        if learning.marks.0.iter().all(|(mark, _)| mark != old) {
            learning.marks.0.push((old.to_owned(), new.to_owned()));
        }
    } else if bound || learning.said.contains(old) {
        learning.values.word(old, new);
        if let (true, Some((old, _)), Some((new, _))) =
            (bound, old.split_once('/'), new.split_once('/'))
        {
            learning.values.word(old, new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    fn element(text: &str) -> Element {
        parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn values_that_clients_repeat_are_learned_from_what_is_the_same_element() {
        let recorded = vec![
            element("<message xmlns='jabber:client' from='a@b'><body>x</body></message>"),
            element(
                "<iq xmlns='jabber:client' type='get' id='old' from='b'><ping xmlns='urn:xmpp:ping'/></iq>",
            ),
            element("<enabled xmlns='urn:xmpp:sm:3' id='[hidden 4 bytes #0a]'/>"),
        ];
        let mut heard = Heard::new(recorded);
        let (mut values, mut marks) = (Values::default(), Marks::default());
        let said = HashSet::from(["old".to_owned()]);
        let mut take = |text: &str| {
            let mut learning = Learning { values: &mut values, marks: &mut marks, said: &said };
            heard.take(&element(text), &mut learning);
        };
        take(
            "<iq xmlns='jabber:client' type='get' id='new' from='b'><ping xmlns='urn:xmpp:ping'/></iq>",
        );
        take("<enabled xmlns='urn:xmpp:sm:3' id='n1'/>");
        assert_eq!(values.text("<iq id='old' type='result'/>"), "<iq id='new' type='result'/>");
        assert_eq!(marks.text("previd='[hidden 4 bytes #0a]'"), "previd='n1'");
    }
}
