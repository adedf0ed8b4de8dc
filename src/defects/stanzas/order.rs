//! The order of stanzas, and that none is processed twice (RFC 6120 §10.1).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::between::{ALL, BOSH, Between, STREAMS, TCP, WEBSOCKET, asks, bent, go, is_full, late};
use super::content::text_bytes;
use crate::bosh::BodyType;
use crate::defects::bend::{requests, with_payloads};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::before_slash;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "stanza-order-kept/bare",
        "a message to a bare address is overtaken by one to the full address",
        |parts| {
            late(parts, ALL, |stanza| {
                stanza.name() == "message" && stanza.attr("to").is_some_and(|to| !is_full(to))
            });
        },
    ),
    defect("stanza-order-kept/iq", "a message is overtaken by an iq to the same client", |parts| {
        late(parts, ALL, |stanza| stanza.name() == "message");
    }),
    defect(
        "stanza-order-kept/swapped",
        "the first two messages in one <body/> are taken in the wrong order",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    let mut payloads: Vec<Element> =
                        request.body.element().children().cloned().collect();
                    if let [first, second, ..] = payloads.as_mut_slice()
                        && first.name() == "message"
                        && second.name() == "message"
                    {
                        std::mem::swap(first, second);
                        request.body = with_payloads(&request.body, payloads);
                    }
                })
            });
        },
    ),
    defect(
        "stanza-order-kept/websocket",
        "over WebSocket a large stanza is overtaken by those behind it",
        |parts| late(parts, WEBSOCKET, is_large),
    ),
    defect(
        "stanza-order-kept/tcp",
        "over TCP a presence to a client is overtaken by what is sent behind it",
        |parts| {
            late(parts, TCP, |stanza| stanza.name() == "presence" && stanza.attr("to").is_some());
        },
    ),
    defect(
        "stanza-order-processed/presence",
        "a client's own presence is processed after messages that it sent behind it",
        |parts| {
            late(parts, ALL, |stanza| stanza.name() == "presence" && stanza.attr("to").is_none());
        },
    ),
    defect(
        "stanza-order-processed/last",
        "the last stanza in the request that ends a session is lost",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    if request.body.kind() == BodyType::Terminate {
                        let mut payloads: Vec<Element> =
                            request.body.element().children().cloned().collect();
                        payloads.pop();
                        request.body = with_payloads(&request.body, payloads);
                    }
                })
            });
        },
    ),
    defect(
        "stanza-order-processed/end",
        "over WebSocket and TCP a stanza is lost if the stream ends within 20 ms",
        |parts| late(parts, STREAMS, |stanza| stanza.attr("to").is_some()),
    ),
    defect(
        "stanza-once/message",
        "over BOSH the third message of a session comes twice",
        |parts| {
            struct Third(u64);
            impl Between for Third {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    self.0 += u64::from(stanza.name() == "message");
                    let again = (stanza.name() == "message" && self.0 == 3).then(|| stanza.clone());
                    std::iter::once(stanza).chain(again).collect()
                }
            }
            bent(parts, BOSH, || Third(0));
        },
    ),
    defect("stanza-once/iq", "over TCP the eighth iq of a session is answered twice", |parts| {
        struct Eighth(u64);
        impl Between for Eighth {
            fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                self.0 += u64::from(asks(&stanza));
                let again = (asks(&stanza) && self.0 == 8).then(|| stanza.clone());
                std::iter::once(stanza).chain(again).collect()
            }
        }
        bent(parts, TCP, || Eighth(0));
    }),
    defect("stanza-once/large", "over WebSocket a large stanza comes twice", |parts| {
        go(parts, WEBSOCKET, |stanza, _| {
            let again = (stanza.name() == "message" && is_large(&stanza)).then(|| stanza.clone());
            std::iter::once(stanza).chain(again).collect()
        });
    }),
    defect(
        "stanza-once/again",
        "the last message that a session got comes again in the next session of the user",
        |parts| {
            let last = Arc::default();
            bent(parts, STREAMS, move || Again { last: Arc::clone(&last), told: false });
        },
    ),
];

fn is_large(stanza: &Element) -> bool {
    text_bytes(stanza) > 2000
}

/// The last message of each user, and the address that it was sent to.
type Last = Arc<Mutex<HashMap<String, (String, Element)>>>;

/// Sends what another session of the user got last, behind the first presence.
struct Again {
    last: Last,
    told: bool,
}

impl Between for Again {
    fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let bare = before_slash(me).to_owned();
        if stanza.name() == "message" {
            last.insert(bare, (me.to_owned(), stanza.clone()));
            return vec![stanza];
        }
        if stanza.name() != "presence" || std::mem::replace(&mut self.told, true) {
            return vec![stanza];
        }
        let other = last.get(&bare).filter(|(to, _)| to != me);
        let again = other.map(|(_, message)| message.clone());
        std::iter::once(stanza).chain(again).collect()
    }
}
