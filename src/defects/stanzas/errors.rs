//! Errors about stanzas (RFC 6120 §8.3).

use super::between::{
    ALL, BOSH, Between, Carrier, STREAMS, TCP, WEBSOCKET, bent, come, go, is_error, is_full, with,
    without,
};
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::{before_slash, domain};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("stanza-error-complete/condition", "an error about an iq has no condition", |parts| {
        changed(parts, ALL, |stanza| stanza.name() == "iq", |error| without(&error, |_| true));
    }),
    defect(
        "stanza-error-complete/namespace",
        "over WebSocket the condition of an error is in the namespace of stream errors",
        |parts| {
            changed(
                parts,
                WEBSOCKET,
                |_| true,
                |error| {
                    let condition = error.children().next().map_or("", Element::name).to_owned();
                    without(&error, |_| true)
                        .with_child(Element::new(ns::STREAM_ERRORS, &condition))
                },
            );
        },
    ),
    defect("stanza-error-complete/type", "over BOSH an error about an iq has no type", |parts| {
        changed(parts, BOSH, |stanza| stanza.name() == "iq", |error| with(error, "type", None));
    }),
    defect(
        "stanza-error-complete/message",
        "over TCP the type of an error about a message is none of those there are",
        |parts| {
            changed(
                parts,
                TCP,
                |stanza| stanza.name() == "message",
                |error| with(error, "type", Some("fatal")),
            );
        },
    ),
    defect(
        "stanza-error-complete/undefined",
        "over TCP an error of the domain has a condition that is not defined",
        |parts| {
            changed(
                parts,
                TCP,
                |stanza| stanza.attr("from").is_some_and(|from| !from.contains('@')),
                |error| {
                    let unknown = Element::new(ns::STANZA_ERRORS, "not-supported");
                    without(&error, |_| true).with_child(unknown)
                },
            );
        },
    ),
    defect("stanza-error-complete/kind", "an error about a message comes as a presence", |parts| {
        go(parts, ALL, |stanza, _| {
            if !is_error(&stanza) || stanza.name() != "message" {
                return vec![stanza];
            }
            let mut presence = Element::new(ns::CLIENT, "presence");
            for (namespace, name, value) in stanza.attributes() {
                presence.set_attr(namespace, name, Some(value));
            }
            vec![stanza.children().cloned().fold(presence, Element::with_child)]
        });
    }),
    defect(
        "stanza-error-addresses/from",
        "an error is from the domain, whatever address it is about",
        |parts| {
            go(parts, ALL, |stanza, me| {
                let local = is_error(&stanza) && stanza.attr("from").is_some();
                vec![if local { with(stanza, "from", Some(domain(me))) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-error-addresses/resource",
        "over BOSH an error about a resource is from the user",
        |parts| {
            go(parts, BOSH, |stanza, _| {
                let from = stanza.attr("from").filter(|from| is_error(&stanza) && is_full(from));
                let Some(bare) = from.map(|from| before_slash(from).to_owned()) else {
                    return vec![stanza];
                };
                vec![with(stanza, "from", Some(&bare))]
            });
        },
    ),
    defect(
        "stanza-error-addresses/to",
        "over WebSocket and TCP an error is to the bare address of the client",
        |parts| {
            go(parts, STREAMS, |stanza, me| {
                let bare = is_error(&stanza) && !me.is_empty();
                vec![if bare { with(stanza, "to", Some(before_slash(me))) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-error-unanswered/resource",
        "an error of a message to a resource that is not there is answered with an error",
        |parts| {
            untyped(parts, ALL, |stanza| {
                stanza.name() == "message" && stanza.attr("to").is_some_and(is_full)
            });
        },
    ),
    defect(
        "stanza-error-unanswered/user",
        "over BOSH an error of a message to a user who is not there is answered with an error",
        |parts| {
            untyped(parts, BOSH, |stanza| {
                stanza.name() == "message"
                    && stanza.attr("to").is_some_and(|to| to.starts_with("nobody"))
            });
        },
    ),
    defect(
        "stanza-error-unanswered/domain",
        "over WebSocket an error of a message to a domain that is not found is answered with an error",
        |parts| {
            untyped(parts, WEBSOCKET, |stanza| {
                stanza.name() == "message"
                    && stanza.attr("to").is_some_and(|to| to.ends_with(".invalid"))
            });
        },
    ),
    defect(
        "stanza-error-unanswered/presence",
        "over TCP an error of a presence is answered with an error",
        |parts| {
            come(parts, TCP, |stanza, _| {
                let error = stanza.name() == "presence" && is_error(&stanza);
                vec![if error { with(stanza, "type", Some("failure")) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-error-type-fits/service",
        "who gets service-unavailable is to wait and try again",
        |parts| typed(parts, ALL, "service-unavailable", "wait"),
    ),
    defect(
        "stanza-error-type-fits/request",
        "over WebSocket and TCP who gets bad-request is not to try again",
        |parts| typed(parts, STREAMS, "bad-request", "cancel"),
    ),
    defect(
        "stanza-error-type-fits/remote",
        "over BOSH who gets remote-server-not-found is to wait and try again",
        |parts| typed(parts, BOSH, "remote-server-not-found", "wait"),
    ),
    defect(
        "stanza-error-type-fits/address",
        "over WebSocket who gets jid-malformed is to log in",
        |parts| typed(parts, WEBSOCKET, "jid-malformed", "auth"),
    ),
    defect(
        "stanza-jid-malformed/condition",
        "a stanza to what is no address is answered with bad-request",
        |parts| malformed(parts, ALL, |stanza| vec![with_condition(&stanza, "bad-request")]),
    ),
    defect(
        "stanza-jid-malformed/message",
        "over WebSocket and TCP a message to what is no address is lost",
        |parts| {
            malformed(parts, STREAMS, |stanza| {
                if stanza.name() == "message" { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "stanza-jid-malformed/taken",
        "over BOSH a stanza to what is no address is taken for one without an address",
        |parts| {
            come(parts, BOSH, |stanza, _| {
                let broken = stanza.attr("to").is_some_and(|to| jid::Jid::new(to).is_err());
                vec![if broken { with(stanza, "to", None) } else { stanza }]
            });
        },
    ),
];

/// The condition of an error that the server made.
pub(super) fn condition(stanza: &Element) -> Option<&str> {
    let error = stanza.child(ns::CLIENT, "error").filter(|_| is_error(stanza))?;
    error.children().find(|child| child.namespace() == ns::STANZA_ERRORS).map(Element::name)
}

/// The same error with another condition.
pub(super) fn with_condition(stanza: &Element, condition: &str) -> Element {
    let error = Element::new(ns::CLIENT, "error")
        .with_attr("type", "cancel")
        .with_child(Element::new(ns::STANZA_ERRORS, condition));
    without(stanza, |child| child.is(ns::CLIENT, "error")).with_child(error)
}

/// Errors with this condition have this type.
fn typed(parts: &mut Parts, carriers: &'static [Carrier], which: &'static str, kind: &'static str) {
    struct Typed(&'static str, &'static str);
    impl Between for Typed {
        fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            if condition(&stanza) != Some(self.0) {
                return vec![stanza];
            }
            let Some(error) = stanza.child(ns::CLIENT, "error").cloned() else {
                return vec![stanza];
            };
            let rest = without(&stanza, |child| child.is(ns::CLIENT, "error"));
            vec![rest.with_child(with(error, "type", Some(self.1)))]
        }
    }
    bent(parts, carriers, move || Typed(which, kind));
}

/// Changes errors about addresses that are none.
fn malformed(parts: &mut Parts, carriers: &'static [Carrier], change: fn(Element) -> Vec<Element>) {
    struct Malformed(fn(Element) -> Vec<Element>);
    impl Between for Malformed {
        fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let malformed = condition(&stanza) == Some("jid-malformed");
            if malformed { (self.0)(stanza) } else { vec![stanza] }
        }
    }
    bent(parts, carriers, move || Malformed(change));
}

/// Changes the `<error/>` of errors about some stanzas.
fn changed(
    parts: &mut Parts,
    carriers: &'static [Carrier],
    which: fn(&Element) -> bool,
    change: fn(Element) -> Element,
) {
    struct Changed(fn(&Element) -> bool, fn(Element) -> Element);
    impl Between for Changed {
        fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let error = stanza
                .child(ns::CLIENT, "error")
                .filter(|_| is_error(&stanza) && (self.0)(&stanza));
            let Some(error) = error.cloned() else { return vec![stanza] };
            let rest = without(&stanza, |child| child.is(ns::CLIENT, "error"));
            vec![rest.with_child((self.1)(error))]
        }
    }
    bent(parts, carriers, move || Changed(which, change));
}

/// Some errors of clients are taken for messages of type groupchat, which are answered if nobody takes them.
fn untyped(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Element) -> bool) {
    struct Untyped(fn(&Element) -> bool);
    impl Between for Untyped {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let taken = is_error(&stanza) && (self.0)(&stanza);
            vec![if taken { with(stanza, "type", Some("groupchat")) } else { stanza }]
        }
    }
    bent(parts, carriers, move || Untyped(which));
}
