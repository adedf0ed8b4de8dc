//! What varies in elements, for whoever writes them down otherwise than a transcript does.

use super::names::{Facts, Names, Varying, split};
use super::tree::{Leaf, Tree};

/// Knows what varies from run to run in the elements of a trace.
#[derive(Debug)]
pub struct Naming {
    names: Names<'static>,
}

impl Naming {
    /// Learns from all elements of a trace, in order.
    pub fn of<'a>(elements: impl Iterator<Item = &'a Tree>) -> Self {
        static NOTHING: Varying = Varying { replace: Vec::new(), accounts: Vec::new() };
        let mut facts = Facts::new(&NOTHING);
        let mut anonymous = false;
        elements.for_each(|element| facts.learn_element(element, &mut anonymous));
        Self { names: Names::new(&NOTHING, facts) }
    }

    /// The same element with names such as `[id-3]` for what varies: its shape stays as it is.
    pub fn named(&mut self, element: &Tree) -> Tree {
        let mut around = Tree { nodes: vec![Leaf::Element(element.clone())], ..Tree::default() };
        self.names.nodes(&mut around, &mut Vec::new());
        match around.nodes.pop() {
            Some(Leaf::Element(named)) => named,
            _ => Tree::default(),
        }
    }

    /// Whether a text that was [named](Self::named) holds anything that varies, or was cut since it is long.
    pub fn varies(named: &str) -> bool {
        let mut places = named.match_indices('[').map(|(at, _)| &named[at..]);
        places.any(|text| split(text).is_some() || FIXED.iter().any(|name| text.starts_with(name)))
            || named.ends_with("…)")
    }
}

/// Names without a number.
const FIXED: [&str; 5] = ["[stamp]", "[port]", "[hidden", "[rid]", "[sid…]"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_known_and_the_shape_stays() {
        let read = |text| Tree::read(text).unwrap();
        let bound = read(
            "<iq id='b-2' type='result' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>alice@a/0123456789</jid></bind></iq>",
        );
        let message = read(
            "<message from='alice@a/0123456789' to='bob@a' id='x' xmlns='jabber:client'><body>hello</body>\
             <delay stamp='2026-01-01T00:00:00Z' xmlns='urn:xmpp:delay'/></message>",
        );
        let mut naming = Naming::of([&bound, &message].into_iter());
        let named = naming.named(&message);
        let varies = |name| Naming::varies(named.attr(name).unwrap());
        assert!(varies("from") && varies("id") && !varies("to"));
        let children: Vec<&Tree> = named.children().collect();
        assert_eq!(children[0].text(), "hello");
        assert!(Naming::varies(children[1].attr("stamp").unwrap()));
        assert!(!Naming::varies("a [note] in brackets"));
    }
}
