//! Messages to the bare address of a user, and to absent clients (RFC 6121 §8.5).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::between::{ALL, Between, STREAMS, WEBSOCKET, bent, come, go, is_full, with, without};
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::before_slash;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "message-bare-delivered/second",
        "the second message to a bare address is lost",
        |parts| {
            struct Second(u32);
            impl Between for Second {
                fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
                    let counts = is_message(&stanza) && stanza.attr("to") == Some(before_slash(me));
                    self.0 += u32::from(counts);
                    if counts && self.0 == 2 { Vec::new() } else { vec![stanza] }
                }
            }
            bent(parts, STREAMS, || Second(0));
        },
    ),
    defect(
        "message-bare-delivered/websocket",
        "over WebSocket, messages to a bare address are lost",
        |parts| {
            go(parts, WEBSOCKET, |stanza, me| {
                let bare = is_message(&stanza) && stanza.attr("to") == Some(before_slash(me));
                if bare { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect("message-negative-priority/zero", "a negative priority counts as zero", |parts| {
        come(parts, ALL, |stanza, _| {
            let negative = priority_of(&stanza).is_some_and(|priority| priority < 0);
            vec![if negative { prioritised(&stanza, "0") } else { stanza }]
        });
    }),
    defect(
        "message-negative-priority/first",
        "a client's first priority counts for the whole session",
        |parts| {
            struct First(Option<i32>);
            impl Between for First {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    let Some(priority) = priority_of(&stanza) else { return vec![stanza] };
                    let first = *self.0.get_or_insert(priority);
                    vec![prioritised(&stanza, &first.to_string())]
                }
            }
            bent(parts, STREAMS, || First(None));
        },
    ),
    defect(
        "message-negative-priority/lowest",
        "the lowest priority is read as the highest",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let lowest = priority_of(&stanza) == Some(-128);
                vec![if lowest { prioritised(&stanza, "127") } else { stanza }]
            });
        },
    ),
    defect(
        "message-headline-all/positive",
        "headlines are delivered only to clients with a positive priority",
        |parts| {
            struct Positive(i32);
            impl Between for Positive {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    self.0 = priority_of(&stanza).unwrap_or(self.0);
                    vec![stanza]
                }

                fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    let headline = is_message(&stanza) && stanza.attr("type") == Some("headline");
                    if headline && self.0 <= 0 { Vec::new() } else { vec![stanza] }
                }
            }
            bent(parts, STREAMS, || Positive(0));
        },
    ),
    defect(
        "message-groupchat-refused/delivered",
        "a message of type groupchat to a user is delivered",
        |parts| kinds(parts, "groupchat", "normal"),
    ),
    defect(
        "message-groupchat-refused/silent",
        "a message of type groupchat to a user is ignored",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let room = of_kind(&stanza, "groupchat") && !stanza.attr("to").is_some_and(is_room);
                if room { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "message-error-ignored/delivered",
        "a message of type error to a user is delivered",
        |parts| kinds(parts, "error", "chat"),
    ),
    defect(
        "message-error-ignored/answered",
        "a message of type error to an absent client is answered",
        |parts| {
            absent(
                parts,
                |stanza| of_kind(stanza, "error"),
                |stanza| with(with(stanza, "type", None), "to", Some("nobody@else.example/x")),
            );
        },
    ),
    defect(
        "message-absent-resource/user",
        "a message to an absent client is delivered to the other clients of the user",
        |parts| absent(parts, is_message, for_user),
    ),
];

/// Changes what is sent to absent clients.
pub(super) fn absent(
    parts: &mut Parts,
    which: fn(&Element) -> bool,
    instead: fn(Element) -> Element,
) {
    struct Absent {
        which: fn(&Element) -> bool,
        instead: fn(Element) -> Element,
        there: Arc<Mutex<HashSet<String>>>,
    }
    impl Between for Absent {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = stanza.attr("to").is_some_and(|to| is_full(to) && !there.contains(to));
            vec![if gone && (self.which)(&stanza) { (self.instead)(stanza) } else { stanza }]
        }

        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
            there.insert(me.to_owned());
            vec![stanza]
        }
    }
    let there = Arc::new(Mutex::new(HashSet::new()));
    bent(parts, ALL, move || Absent { which, instead, there: Arc::clone(&there) });
}

/// The stanza, addressed to all clients of its recipient.
pub(super) fn for_user(stanza: Element) -> Element {
    let bare = stanza.attr("to").map(|to| before_slash(to).to_owned());
    with(stanza, "to", bare.as_deref())
}

/// Messages of one type are treated as those of another, except to rooms.
fn kinds(parts: &mut Parts, from: &'static str, to: &'static str) {
    struct Kinds(&'static str, &'static str);
    impl Between for Kinds {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let other = of_kind(&stanza, self.0) && !stanza.attr("to").is_some_and(is_room);
            vec![if other { with(stanza, "type", Some(self.1)) } else { stanza }]
        }
    }
    bent(parts, ALL, move || Kinds(from, to));
}

fn is_message(stanza: &Element) -> bool {
    stanza.name() == "message"
}

fn of_kind(stanza: &Element, kind: &str) -> bool {
    is_message(stanza) && stanza.attr("type") == Some(kind)
}

fn is_room(to: &str) -> bool {
    to.contains("@conference.")
}

/// The priority in available presence without an address.
fn priority_of(stanza: &Element) -> Option<i32> {
    if stanza.name() != "presence" || stanza.attr("type").is_some() || stanza.attr("to").is_some() {
        return None;
    }
    let said = stanza.child(ns::CLIENT, "priority").map(|it| it.text().trim().parse().ok());
    said.unwrap_or(Some(0))
}

/// The presence with another priority.
fn prioritised(stanza: &Element, priority: &str) -> Element {
    let bare = without(stanza, |it| it.name() == "priority");
    bare.with_child(Element::new(ns::CLIENT, "priority").with_text(priority))
}
