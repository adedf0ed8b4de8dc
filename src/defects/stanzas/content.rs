//! What is in stanzas (RFC 6120 §8.2.1, §8.4, §13.12).

use super::between::{
    ALL, BOSH, Between, Carrier, STREAMS, TCP, WEBSOCKET, asks, bent, come, each, go, is_extended,
    is_full, is_unknown, reworded, with, with_nodes, without,
};
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::xml::{Element, Node};
use crate::xmpp::jid::domain;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "stanza-content-kept/white-space",
        "over BOSH white space around texts is lost",
        |parts| {
            texts(parts, BOSH, |text| text.trim().to_owned());
        },
    ),
    defect(
        "stanza-content-kept/beyond",
        "over WebSocket a character beyond the basic plane arrives as U+FFFD",
        |parts| {
            texts(parts, WEBSOCKET, |text| {
                text.chars().map(|char| if char > '\u{ffff}' { '\u{fffd}' } else { char }).collect()
            });
        },
    ),
    defect(
        "stanza-content-kept/escapes",
        "over TCP what is written as an escape twice is resolved twice",
        |parts| texts(parts, TCP, |text| text.replace("&amp;", "&")),
    ),
    defect("stanza-content-kept/composed", "letters and their accents are composed", |parts| {
        texts(parts, ALL, |text| text.replace("e\u{301}", "\u{e9}"));
    }),
    defect("stanza-content-kept/joiners", "characters without a width are lost", |parts| {
        texts(parts, ALL, |text| text.replace(['\u{200d}', '\u{feff}', '\u{200f}'], ""));
    }),
    defect("stanza-content-kept/lines", "line ends in texts become spaces", |parts| {
        texts(parts, ALL, |text| text.replace('\n', " "));
    }),
    defect("stanza-content-kept/returns", "carriage returns become line breaks", |parts| {
        texts(parts, ALL, |text| text.replace('\r', "\n"));
    }),
    defect(
        "stanza-content-kept/second",
        "of several elements of one name within an extension the first arrives alone",
        |parts| {
            come(parts, ALL, |stanza, _| {
                vec![each(&stanza, &|element| {
                    if !is_unknown(element.namespace()) {
                        return element;
                    }
                    let mut names = Vec::new();
                    let kept = element.nodes().iter().filter(|node| {
                        let Some(child) = node.element() else { return true };
                        let is_new = !names.contains(&child.name().to_owned());
                        names.push(child.name().to_owned());
                        is_new
                    });
                    with_nodes(&element, kept.cloned().collect::<Vec<_>>())
                })]
            });
        },
    ),
    defect(
        "stanza-content-kept/order",
        "the body of a message arrives as its first element",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let is_body =
                    |node: &&Node| node.element().is_some_and(|child| child.is(ns::CLIENT, "body"));
                let bodies = stanza.nodes().iter().filter(is_body);
                let others = stanza.nodes().iter().filter(|node| !is_body(node));
                vec![with_nodes(&stanza, bodies.chain(others).cloned().collect::<Vec<_>>())]
            });
        },
    ),
    defect("stanza-content-kept/attributes", "empty attributes are lost", |parts| {
        come(parts, STREAMS, |stanza, _| {
            vec![each(&stanza, &|mut element| {
                let empty: Vec<(String, String)> = element
                    .attributes()
                    .filter(|(_, _, value)| value.is_empty())
                    .map(|(namespace, name, _)| (namespace.to_owned(), name.to_owned()))
                    .collect();
                for (namespace, name) in empty {
                    element.set_attr(&namespace, &name, None);
                }
                element
            })]
        });
    }),
    defect(
        "stanza-extension-delivered/alone",
        "a message that has nothing but what the server does not know is dropped",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let known = stanza.children().any(|child| !is_unknown(child.namespace()));
                let dropped = stanza.name() == "message" && is_extended(&stanza) && !known;
                if dropped { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "stanza-extension-delivered/attributes",
        "attributes of namespaces that the server does not know are lost",
        |parts| {
            come(parts, ALL, |stanza, _| {
                vec![each(&stanza, &|mut element| {
                    let unknown: Vec<(String, String)> = element
                        .attributes()
                        .filter(|(namespace, ..)| is_unknown(namespace))
                        .map(|(namespace, name, _)| (namespace.to_owned(), name.to_owned()))
                        .collect();
                    for (namespace, name) in unknown {
                        element.set_attr(&namespace, &name, None);
                    }
                    element
                })]
            });
        },
    ),
    defect(
        "stanza-extension-delivered/presence",
        "over BOSH a presence arrives without what the server does not know",
        |parts| {
            come(parts, BOSH, |stanza, _| {
                let presence = stanza.name() == "presence";
                let unknown = |child: &Element| is_unknown(child.namespace());
                vec![if presence { without(&stanza, unknown) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-extension-delivered/iq",
        "over WebSocket the server refuses an iq for another client that it does not understand",
        |parts| {
            come(parts, WEBSOCKET, |stanza, me| {
                let refused =
                    asks(&stanza) && is_extended(&stanza) && stanza.attr("to").is_some_and(is_full);
                vec![if refused { with(stanza, "to", Some(domain(me))) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-extension-delivered/deep",
        "over TCP elements of no namespace are lost within an extension",
        |parts| {
            come(parts, TCP, |stanza, _| {
                vec![each(&stanza, &|element| {
                    without(&element, |child| child.namespace().is_empty())
                })]
            });
        },
    ),
    defect(
        "stanza-size/body",
        "over BOSH a text arrives without what is behind its 8192nd letter",
        |parts| texts(parts, BOSH, |text| text.chars().take(8192).collect()),
    ),
    defect(
        "stanza-size/frame",
        "over WebSocket a message of more than 8192 bytes is lost",
        |parts| {
            large(parts, WEBSOCKET, 8192);
        },
    ),
    defect("stanza-size/tcp", "over TCP a message of more than 9000 bytes is lost", |parts| {
        large(parts, TCP, 9000);
    }),
    defect(
        "stanza-size/received",
        "a message of more than 8192 bytes does not reach its client",
        |parts| {
            go(
                parts,
                ALL,
                |stanza, _| if text_bytes(&stanza) > 8192 { Vec::new() } else { vec![stanza] },
            );
        },
    ),
];

/// Changes the texts of what clients send to others.
fn texts(parts: &mut Parts, carriers: &'static [Carrier], change: fn(&str) -> String) {
    struct Texts(fn(&str) -> String);
    impl Between for Texts {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let change: &dyn Fn(&str) -> String = &self.0;
            vec![if stanza.name() == "iq" { stanza } else { reworded(&stanza, change) }]
        }
    }
    bent(parts, carriers, move || Texts(change));
}

/// Loses messages of clients whose texts are longer.
fn large(parts: &mut Parts, carriers: &'static [Carrier], most: usize) {
    struct Large(usize);
    impl Between for Large {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let lost = stanza.name() == "message" && text_bytes(&stanza) > self.0;
            if lost { Vec::new() } else { vec![stanza] }
        }
    }
    bent(parts, carriers, move || Large(most));
}

/// How long the texts of an element are.
pub(super) fn text_bytes(element: &Element) -> usize {
    let of = |node: &Node| match node {
        Node::Element(child) => text_bytes(child),
        Node::Text { text, .. } => text.len(),
    };
    element.nodes().iter().map(of).sum()
}
