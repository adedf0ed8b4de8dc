//! iqs and their answers (RFC 6120 §8.2.3, §8.4, §10.3.3).

use super::between::{
    ALL, BOSH, Between, Carrier, STREAMS, TCP, WEBSOCKET, asks, bent, come, go, is_error,
    is_extended, is_full, with, with_nodes,
};
use super::errors::{condition, with_condition};
use crate::cm::parts::Parts;
use crate::defects::bend::{requests, with_payloads};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::{before_slash, domain};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "stanza-iq-answered/second",
        "of two iqs in a row that are the same the second is not answered",
        |parts| {
            struct Last(Option<Element>);
            impl Between for Last {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    let again = asks(&stanza) && self.0.as_ref() == Some(&stanza);
                    self.0 = Some(stanza.clone());
                    if again { Vec::new() } else { vec![stanza] }
                }
            }
            bent(parts, ALL, || Last(None));
        },
    ),
    defect(
        "stanza-iq-answered/body",
        "of several iqs in one <body/> only the first is answered",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    let mut asked = false;
                    let kept = request.body.element().children().filter(|payload| {
                        let again = asks(payload) && asked;
                        asked |= asks(payload);
                        !again
                    });
                    let kept: Vec<Element> = kept.cloned().collect();
                    if kept.len() < request.body.element().children().count() {
                        request.body = with_payloads(&request.body, kept);
                    }
                })
            });
        },
    ),
    defect(
        "stanza-iq-answered/away",
        "an iq to a resource that is not there is not answered",
        |parts| {
            go(parts, ALL, |stanza, _| {
                let away = stanza.name() == "iq"
                    && is_error(&stanza)
                    && stanza.attr("from").is_some_and(is_full)
                    && stanza.children().count() == 1;
                if away { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "stanza-iq-answered/set",
        "over WebSocket a set that the server does not understand is not answered",
        |parts| {
            come(parts, WEBSOCKET, |stanza, _| {
                let set = stanza.attr("type") == Some("set") && is_extended(&stanza);
                let own = !stanza.attr("to").is_some_and(is_full);
                if set && own { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect("stanza-iq-answered/empty", "over TCP an iq without a child is not answered", |parts| {
        come(parts, TCP, |stanza, _| {
            let empty = asks(&stanza) && stanza.children().next().is_none();
            if empty { Vec::new() } else { vec![stanza] }
        });
    }),
    defect(
        "stanza-iq-type/get",
        "an iq of an unknown type is taken for one of type get",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let known =
                    matches!(stanza.attr("type"), None | Some("get" | "set" | "result" | "error"));
                let unknown = stanza.name() == "iq" && !known;
                vec![if unknown { with(stanza, "type", Some("get")) } else { stanza }]
            });
        },
    ),
    defect("stanza-iq-type/ignored", "an iq without a type is ignored", |parts| {
        come(parts, STREAMS, |stanza, _| {
            let ignored = stanza.name() == "iq" && stanza.attr("type").is_none();
            if ignored { Vec::new() } else { vec![stanza] }
        });
    }),
    defect(
        "stanza-iq-type/condition",
        "over BOSH an iq that is not sound is answered with feature-not-implemented",
        |parts| {
            go(parts, BOSH, |stanza, _| {
                let unsound = stanza.name() == "iq" && condition(&stanza) == Some("bad-request");
                vec![if unsound {
                    with_condition(&stanza, "feature-not-implemented")
                } else {
                    stanza
                }]
            });
        },
    ),
    defect(
        "stanza-answers-unanswered/result",
        "a result that the server does not expect is answered with an error",
        |parts| {
            answered(parts, ALL, |stanza, _| {
                stanza.attr("type") == Some("result") && !to_user(stanza)
            });
        },
    ),
    defect(
        "stanza-answers-unanswered/account",
        "over BOSH a result for the account is answered with an error",
        |parts| {
            answered(parts, BOSH, |stanza, me| {
                let own = stanza.attr("to").is_none_or(|to| to == before_slash(me));
                stanza.attr("type") == Some("result") && own
            });
        },
    ),
    defect(
        "stanza-answers-unanswered/away",
        "over WebSocket and TCP a result for a resource or a user that is not there is answered with an error",
        |parts| {
            answered(parts, STREAMS, |stanza, _| {
                stanza.attr("type") == Some("result")
                    && stanza.attr("to").is_some_and(|to| to.contains("nobody"))
            });
        },
    ),
    defect(
        "stanza-answers-unanswered/error",
        "an error of an iq for the server is answered with an error",
        |parts| answered(parts, ALL, |stanza, _| is_error(stanza) && !to_user(stanza)),
    ),
    defect(
        "stanza-extension-refused/domain",
        "over BOSH a request to the domain that is not understood gets feature-not-implemented",
        |parts| {
            refused(
                parts,
                BOSH,
                |from, me| from == Some(domain(me)),
                |stanza| with_condition(&stanza, "feature-not-implemented"),
            );
        },
    ),
    defect(
        "stanza-extension-refused/account",
        "over WebSocket and TCP a request to the account that is not understood gets item-not-found",
        |parts| {
            refused(
                parts,
                STREAMS,
                |from, me| from == Some(before_slash(me)),
                |stanza| with_condition(&stanza, "item-not-found"),
            );
        },
    ),
    defect(
        "stanza-extension-refused/none",
        "a request without an address that is not understood gets an empty result",
        |parts| {
            refused(
                parts,
                ALL,
                |from, _| from.is_none(),
                |stanza| {
                    let result = with(stanza, "type", Some("result"));
                    with_nodes(&result, [])
                },
            );
        },
    ),
    defect(
        "stanza-iq-without-to/domain",
        "an iq without an address is taken for one to the domain",
        |parts| {
            come(parts, ALL, |stanza, me| {
                let bare = asks(&stanza) && stanza.attr("to").is_none() && !me.is_empty();
                vec![if bare { with(stanza, "to", Some(domain(me))) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-iq-without-to/ignored",
        "over WebSocket and TCP an iq without an address that is not understood is ignored",
        |parts| {
            come(parts, STREAMS, |stanza, _| {
                let ignored = asks(&stanza) && stanza.attr("to").is_none() && is_extended(&stanza);
                if ignored { Vec::new() } else { vec![stanza] }
            });
        },
    ),
];

/// Whether a stanza is for somebody else than the server and the own account.
fn to_user(stanza: &Element) -> bool {
    stanza.attr("to").is_some_and(|to| to.contains('@'))
}

/// Some answers of a client are answered as a question is that nobody understands.
fn answered(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Element, &str) -> bool) {
    struct Answered(fn(&Element, &str) -> bool);
    impl Between for Answered {
        fn come(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            if stanza.name() != "iq" || !(self.0)(&stanza, me) {
                return vec![stanza];
            }
            let question = Element::new(ns::CLIENT, "iq")
                .with_attr("type", "get")
                .with_attr_if("id", stanza.attr("id"))
                .with_attr_if("to", stanza.attr("to"));
            vec![question.with_child(Element::new("urn:xmpp:unknown", "query"))]
        }
    }
    bent(parts, carriers, move || Answered(which));
}

/// Changes what refuses a request that the server does not understand, by who says so.
fn refused(
    parts: &mut Parts,
    carriers: &'static [Carrier],
    whose: fn(Option<&str>, &str) -> bool,
    change: fn(Element) -> Element,
) {
    struct Refused(fn(Option<&str>, &str) -> bool, fn(Element) -> Element);
    impl Between for Refused {
        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let refused = stanza.name() == "iq"
                && condition(&stanza) == Some("service-unavailable")
                && (self.0)(stanza.attr("from"), me);
            vec![if refused { (self.1)(stanza) } else { stanza }]
        }
    }
    bent(parts, carriers, move || Refused(whose, change));
}
