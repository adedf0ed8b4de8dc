//! To whom a stanza goes: the sender, another domain, a user, a resource (RFC 6120 §10.3 to §10.5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::between::{
    ALL, BOSH, Between, Carrier, STREAMS, TCP, WEBSOCKET, bent, come, go, is_full, with,
};
use super::errors::{condition, with_condition};
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::{before_slash, domain};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("stanza-message-without-to/lost", "a message without an address is lost", |parts| {
        come(parts, ALL, |stanza, _| if is_homeless(&stanza) { Vec::new() } else { vec![stanza] });
    }),
    defect(
        "stanza-message-without-to/type",
        "over BOSH a message without an address and a type is lost",
        |parts| {
            come(parts, BOSH, |stanza, _| {
                let lost = is_homeless(&stanza) && stanza.attr("type").is_none();
                if lost { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "stanza-message-without-to/domain",
        "over WebSocket and TCP a message without an address is taken for one to the domain",
        |parts| {
            come(parts, STREAMS, |stanza, me| {
                vec![if is_homeless(&stanza) {
                    with(stanza, "to", Some(domain(me)))
                } else {
                    stanza
                }]
            });
        },
    ),
    defect("stanza-to-resource/self", "a message to one's own full address is lost", |parts| {
        come(parts, ALL, |stanza, me| {
            let own = stanza.name() == "message" && stanza.attr("to") == Some(me);
            if own { Vec::new() } else { vec![stanza] }
        });
    }),
    defect(
        "stanza-remote-unresolved/message",
        "a message to a domain that is not found is lost",
        |parts| {
            go(parts, ALL, |stanza, _| {
                let lost = stanza.name() == "message" && is_remote(&stanza);
                if lost { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "stanza-remote-unresolved/bosh",
        "over BOSH an iq to a domain that is not found gets service-unavailable",
        |parts| remote(parts, BOSH, "iq", "service-unavailable"),
    ),
    defect(
        "stanza-remote-unresolved/streams",
        "over WebSocket and TCP a message to a domain that is not found gets item-not-found",
        |parts| remote(parts, STREAMS, "message", "item-not-found"),
    ),
    defect(
        "stanza-no-such-user/iq",
        "an iq to a user who does not exist gets item-not-found",
        |parts| {
            nobody(parts, ALL, |stanza| {
                let iq = stanza.name() == "iq";
                vec![if iq { with_condition(&stanza, "item-not-found") } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-no-such-user/resource",
        "over TCP an iq to a resource of a user who does not exist is not answered",
        |parts| {
            nobody(parts, TCP, |stanza| {
                let full = stanza.attr("from").is_some_and(is_full);
                if full { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "stanza-no-such-user/message",
        "over BOSH a message to a user who does not exist gets recipient-unavailable",
        |parts| {
            nobody(parts, BOSH, |stanza| {
                let message = stanza.name() == "message";
                vec![if message {
                    with_condition(&stanza, "recipient-unavailable")
                } else {
                    stanza
                }]
            });
        },
    ),
    defect(
        "stanza-no-such-user/presence",
        "over WebSocket presence to a user who does not exist is answered with an error",
        |parts| {
            come(parts, WEBSOCKET, |stanza, _| {
                let nobody =
                    stanza.name() == "presence" && stanza.attr("to").is_some_and(is_nobody);
                vec![if nobody { with(stanza, "type", Some("unknown")) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-to-resource/message",
        "a message does not reach a resource that is not available",
        |parts| available(parts, ALL, "message"),
    ),
    defect(
        "stanza-to-resource/iq",
        "over BOSH an iq does not reach a resource that is not available",
        |parts| available(parts, BOSH, "iq"),
    ),
    defect(
        "stanza-to-resource/latest",
        "over TCP a message to a resource goes to the one that its user has logged in last",
        |parts| {
            let latest: Latest = Arc::default();
            let learned = Arc::clone(&latest);
            bent(parts, ALL, move || Learns(Arc::clone(&learned)));
            bent(parts, TCP, move || ToLatest(Arc::clone(&latest)));
        },
    ),
];

fn is_homeless(stanza: &Element) -> bool {
    stanza.name() == "message" && stanza.attr("to").is_none()
}

/// Whether an error says that a domain is not found.
fn is_remote(stanza: &Element) -> bool {
    condition(stanza) == Some("remote-server-not-found")
}

fn is_nobody(jid: &str) -> bool {
    jid.starts_with("nobody")
}

/// Another condition for a domain that is not found.
fn remote(parts: &mut Parts, carriers: &'static [Carrier], kind: &'static str, says: &'static str) {
    struct Remote(&'static str, &'static str);
    impl Between for Remote {
        fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let changed = stanza.name() == self.0 && is_remote(&stanza);
            vec![if changed { with_condition(&stanza, self.1) } else { stanza }]
        }
    }
    bent(parts, carriers, move || Remote(kind, says));
}

/// Changes errors about users who do not exist.
fn nobody(parts: &mut Parts, carriers: &'static [Carrier], change: fn(Element) -> Vec<Element>) {
    struct Nobody(fn(Element) -> Vec<Element>);
    impl Between for Nobody {
        fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let nobody = condition(&stanza).is_some() && stanza.attr("from").is_some_and(is_nobody);
            if nobody { (self.0)(stanza) } else { vec![stanza] }
        }
    }
    bent(parts, carriers, move || Nobody(change));
}

/// What others send of this kind is for who is available.
fn available(parts: &mut Parts, carriers: &'static [Carrier], kind: &'static str) {
    struct Available(&'static str, bool);
    impl Between for Available {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            if stanza.name() == "presence" && stanza.attr("to").is_none() {
                self.1 = stanza.attr("type").is_none();
            }
            vec![stanza]
        }

        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let from = stanza.attr("from").unwrap_or(me);
            let other = before_slash(from) != before_slash(me) && from.contains('@');
            let lost = !self.1 && other && stanza.name() == self.0;
            if lost { Vec::new() } else { vec![stanza] }
        }
    }
    bent(parts, carriers, move || Available(kind, false));
}

/// The resource that each user has logged in last.
type Latest = Arc<Mutex<HashMap<String, String>>>;

/// Learns who logs in.
struct Learns(Latest);

impl Between for Learns {
    fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
        if stanza.child(ns::BIND, "bind").is_some() {
            let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            latest.insert(before_slash(me).to_owned(), me.to_owned());
        }
        vec![stanza]
    }
}

/// Sends to the latest resource what is for another one.
struct ToLatest(Latest);

impl Between for ToLatest {
    fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let to = stanza.attr("to").filter(|to| stanza.name() == "message" && is_full(to));
        let other = to.and_then(|to| latest.get(before_slash(to))).cloned();
        vec![match other {
            Some(other) => with(stanza, "to", Some(&other)),
            None => stanza,
        }]
    }
}
