//! Stanzas that stream management counts (XEP-0198 §4): what a client says of them is made anew by whoever runs a scenario, unless it was
//! wrong.

use super::acts::{Act, received};
use crate::snapshot::Tree;
use crate::xmpp::ns;

/// The counts of a session.
#[derive(Debug, Default)]
pub(super) struct Counts {
    enabled: bool,
    received: i64,
    acknowledged: i64,
}

impl Counts {
    /// What the server says is counted.
    pub(super) fn heard(&mut self, act: &Act) {
        for element in received(act) {
            let managed = matches!(element.attr("xmlns"), Some(ns::SM2 | ns::SM3));
            if managed && element.name == "enabled" {
                *self = Self { enabled: true, ..Self::default() };
            } else if matches!(&*element.name, "message" | "presence" | "iq")
                && element.attr("xmlns") == Some(ns::CLIENT)
            {
                self.received += 1;
            }
        }
    }

    /// An element of the client, if it is one that has to be said.
    pub(super) fn said<'a>(&mut self, element: &'a Tree) -> Option<&'a Tree> {
        let ours = only_counts(element) && self.enabled && element.nodes.is_empty();
        if !ours {
            return Some(element);
        }
        if element.name == "r" {
            return None;
        }
        let count = element.attr("h").and_then(|h| h.parse::<i64>().ok());
        let lawful = count.filter(|count| (self.acknowledged..=self.received).contains(count));
        self.acknowledged = lawful.unwrap_or(self.acknowledged);
        lawful.is_none().then_some(element)
    }

    /// The counts that elements of the client name, as `actor` has them when it runs: what is wrong with one stays wrong.
    pub(super) fn name(&self, actor: &str, stanzas: &mut [Tree]) {
        let managed = |stanza: &Tree| matches!(stanza.attr("xmlns"), Some(ns::SM2 | ns::SM3));
        let stanzas = stanzas.iter_mut().filter(|stanza| self.enabled && managed(stanza));
        for stanza in stanzas.filter(|stanza| matches!(&*stanza.name, "a" | "resume")) {
            for (_, value) in stanza.attributes.iter_mut().filter(|(name, _)| name == "h") {
                let Ok(count) = value.parse::<u32>() else { continue };
                *value = match i64::from(count) - self.received {
                    0 => format!("${{{actor}.received}}"),
                    more @ 1.. => format!("${{{actor}.received + {more}}}"),
                    less => format!("${{{actor}.received - {}}}", -less),
                };
            }
        }
    }
}

/// Whether an element is about the count of stanzas alone (XEP-0198 §4).
pub(super) fn only_counts(element: &Tree) -> bool {
    matches!(element.attr("xmlns"), Some(ns::SM2 | ns::SM3)) && matches!(&*element.name, "r" | "a")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Leaf;

    fn read(text: &str) -> Tree {
        match Tree::read(&format!("<w>{text}</w>")).unwrap().nodes.remove(0) {
            Leaf::Element(tree) => tree,
            Leaf::Text(text) => panic!("{text}"),
        }
    }

    #[test]
    fn a_count_is_said_only_if_it_is_wrong() {
        let mut counts = Counts { enabled: true, received: 3, acknowledged: 1 };
        let a = |h: &str| read(&format!("<a h='{h}' xmlns='urn:xmpp:sm:3'/>"));
        assert!(
            counts.said(&a("2")).is_none()
                && counts.said(&read("<r xmlns='urn:xmpp:sm:3'/>")).is_none()
        );
        for wrong in ["1", "7", "x"] {
            assert!(counts.said(&a(wrong)).is_some(), "{wrong}");
        }
        assert!(Counts::default().said(&a("0")).is_some(), "nothing is counted yet");
        let mut stanzas =
            [a("7"), read("<resume h='1' previd='p' xmlns='urn:xmpp:sm:3'/>"), a("x")];
        counts.name("alice", &mut stanzas);
        let named: Vec<_> = stanzas.iter().map(|stanza| stanza.attr("h").unwrap()).collect();
        assert_eq!(named, ["${alice.received + 4}", "${alice.received - 2}", "x"]);
    }
}
