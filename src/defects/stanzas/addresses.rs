//! Addresses, ids and languages of stanzas (RFC 6120 §8.1).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::between::{
    ALL, BOSH, Between, Carrier, STREAMS, TCP, WEBSOCKET, asks, bent, come, each, go, is_error,
    is_full, with, without,
};
use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Session};
use crate::defects::carried::emptied;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::{before_slash, domain};
use crate::xmpp::ns;

/// What a false address is kept in, on its way through the server.
const CLAIM: &str = "urn:xmppscope:claim";

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "address-case-folded/user",
        "a message to a user in capitals is not delivered",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let other = stanza.attr("to").is_some_and(|to| has_capitals(local(to)));
                vec![if other && is(&stanza, "message") { elsewhere(stanza) } else { stanza }]
            });
        },
    ),
    defect(
        "address-case-folded/domain",
        "over WebSocket and TCP, a domain in capitals is another server",
        |parts| {
            come(parts, STREAMS, |stanza, _| {
                let other = stanza.attr("to").is_some_and(|to| has_capitals(domain(to)));
                vec![if other { elsewhere(stanza) } else { stanza }]
            });
        },
    ),
    defect(
        "address-case-folded/iq",
        "over BOSH, a request to an address in capitals is not delivered",
        |parts| {
            come(parts, BOSH, |stanza, _| {
                let other = stanza.attr("to").is_some_and(|to| has_capitals(before_slash(to)));
                vec![if other && asks(&stanza) { elsewhere(stanza) } else { stanza }]
            });
        },
    ),
    defect(
        "address-case-folded/from",
        "a client that writes its own address in capitals is taken for somebody else",
        |parts| {
            come(parts, STREAMS, |stanza, _| {
                let other =
                    stanza.attr("from").is_some_and(|from| has_capitals(before_slash(from)));
                vec![if other {
                    with(stanza, "from", Some("somebody@else.example"))
                } else {
                    stanza
                }]
            });
        },
    ),
    defect(
        "address-case-folded/header",
        "a domain in capitals in the stream header is unknown",
        |parts| {
            parts.on_input(|| {
                |mut input, _: &Session| {
                    if let Input::Header(header) = &mut input
                        && header.to.as_deref().is_some_and(has_capitals)
                    {
                        header.to = Some("else.example".to_owned());
                    }
                    vec![input]
                }
            });
        },
    ),
    defect(
        "address-resource-case/bound",
        "a resource in capitals is bound in small letters",
        |parts| {
            come(parts, STREAMS, |stanza, _| {
                let Some(bind) = stanza.child(ns::BIND, "bind") else { return vec![stanza] };
                let Some(wanted) = bind.child(ns::BIND, "resource") else { return vec![stanza] };
                let small =
                    Element::new(ns::BIND, "resource").with_text(&wanted.text().to_lowercase());
                let bind = Element::new(ns::BIND, "bind").with_child(small);
                vec![emptied(&stanza).with_child(bind)]
            });
        },
    ),
    defect(
        "address-resource-case/delivered",
        "a stanza to a resource in capitals goes to the one in small letters",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let to = stanza.attr("to").map(str::to_owned);
                let Some((bare, resource)) = to.as_deref().and_then(|to| to.split_once('/')) else {
                    return vec![stanza];
                };
                let small = format!("{bare}/{}", resource.to_lowercase());
                vec![with(stanza, "to", Some(&small))]
            });
        },
    ),
    defect(
        "stanza-to-kept/bare",
        "a message to a bare address arrives with the full address of who gets it",
        |parts| {
            go(parts, ALL, |stanza, me| {
                let bare = stanza.attr("to") == Some(before_slash(me));
                vec![if bare && is(&stanza, "message") {
                    with(stanza, "to", Some(me))
                } else {
                    stanza
                }]
            });
        },
    ),
    defect(
        "stanza-to-kept/presence",
        "over BOSH a presence to a full address arrives with the bare one",
        |parts| to_bare(parts, BOSH, |stanza| is(stanza, "presence")),
    ),
    defect(
        "stanza-to-kept/iq",
        "over a stream of its own a request arrives with the bare address of who gets it",
        |parts| to_bare(parts, STREAMS, asks),
    ),
    defect(
        "stanza-from-stamped/presence",
        "a presence without from is from the bare address of its sender",
        |parts| {
            go(parts, ALL, |stanza, me| {
                let other = stanza.attr("from").map(before_slash) != Some(before_slash(me));
                let directed = stanza.attr("to") == Some(me) && stanza.attr("type").is_none();
                if !(is(&stanza, "presence") && other && directed) {
                    return vec![stanza];
                }
                let bare = stanza.attr("from").map(|from| before_slash(from).to_owned());
                vec![with(stanza, "from", bare.as_deref())]
            });
        },
    ),
    defect(
        "stanza-from-stamped/first",
        "what any resource of a user sends is from the one that was heard of first",
        |parts| {
            let first = Arc::new(Mutex::new(HashMap::<String, String>::new()));
            bent(parts, STREAMS, move || First(Arc::clone(&first)));
        },
    ),
    defect(
        "stanza-from-stamped/bare",
        "a message whose sender wrote his bare address keeps it",
        |parts| {
            claimed(parts, ALL, |stanza, me| {
                is(stanza, "message") && stanza.attr("from") == Some(before_slash(me))
            });
        },
    ),
    defect(
        "stanza-from-stamped/resource",
        "a client may speak for another resource of its user",
        |parts| {
            claimed(parts, ALL, |stanza, me| {
                let from = stanza.attr("from").unwrap_or_default();
                is_full(from) && from != me && before_slash(from) == before_slash(me)
            });
        },
    ),
    defect(
        "stanza-from-stamped/bosh",
        "over BOSH the address that a client writes into a presence is passed on",
        |parts| claimed(parts, BOSH, |stanza, _| is(stanza, "presence")),
    ),
    defect(
        "stanza-from-stamped/websocket",
        "over WebSocket the address that a client writes into an iq is passed on",
        |parts| claimed(parts, WEBSOCKET, |stanza, _| asks(stanza)),
    ),
    defect(
        "stanza-from-stamped/tcp",
        "over TCP the address that a client writes into a message is passed on",
        |parts| claimed(parts, TCP, |stanza, _| is(stanza, "message")),
    ),
    defect(
        "stanza-from-of-server/none",
        "an answer of the server for itself has no from",
        |parts| {
            go(parts, ALL, |stanza, me| {
                let own = is_answer(&stanza) && stanza.attr("from") == Some(domain(me));
                vec![if own { with(stanza, "from", None) } else { stanza }]
            });
        },
    ),
    defect(
        "stanza-from-of-server/domain",
        "over WebSocket and TCP an answer for the account is from the domain",
        |parts| {
            go(parts, STREAMS, |stanza, me| {
                let account = is_answer(&stanza) && stanza.attr("from").is_none();
                vec![if account && !me.is_empty() {
                    with(stanza, "from", Some(domain(me)))
                } else {
                    stanza
                }]
            });
        },
    ),
    defect(
        "stanza-from-of-server/full",
        "over BOSH an error for the account is from the full address of the client",
        |parts| {
            go(parts, BOSH, |stanza, me| {
                let account = is_error(&stanza) && stanza.attr("from").is_none();
                vec![if account { with(stanza, "from", Some(me)) } else { stanza }]
            });
        },
    ),
    defect("stanza-id-kept/space", "an id ends at its first space", |parts| {
        ids(parts, ALL, |_| true, |id| id.split(' ').next().unwrap_or_default().to_owned());
    }),
    defect("stanza-id-kept/long", "the id of a message ends after 128 letters", |parts| {
        ids(parts, ALL, |stanza| is(stanza, "message"), |id| id.chars().take(128).collect());
    }),
    defect(
        "stanza-id-kept/escaped",
        "over BOSH quotation marks in the id of an answer stay escaped",
        |parts| ids(parts, BOSH, is_answer, |id| id.replace('"', "&quot;")),
    ),
    defect(
        "stanza-id-kept/ascii",
        "over WebSocket letters beyond ASCII are lost in ids",
        |parts| {
            ids(parts, WEBSOCKET, |_| true, |id| id.chars().filter(char::is_ascii).collect());
        },
    ),
    defect("stanza-id-kept/error", "over TCP an error about an iq has an id of its own", |parts| {
        ids(parts, TCP, |stanza| is_answer(stanza) && is_error(stanza), |id| format!("{id}-error"));
    }),
    defect("tcp-lang-inherited/bosh", "over BOSH a presence gets no language", |parts| {
        unnamed(parts, BOSH, |stanza| is(stanza, "presence"));
    }),
    defect("tcp-lang-inherited/websocket", "over WebSocket an iq gets no language", |parts| {
        unnamed(parts, WEBSOCKET, asks);
    }),
    defect("stanza-lang-kept/presence", "the language of a presence is lost", |parts| {
        come(parts, ALL, |mut stanza, _| {
            if is(&stanza, "presence") {
                stanza.set_attr(ns::XML, "lang", None);
            }
            vec![stanza]
        });
    }),
    defect(
        "stanza-lang-kept/region",
        "over BOSH the language of a message loses its region",
        |parts| {
            come(parts, BOSH, |mut stanza, _| {
                let lang = stanza.attr_ns(ns::XML, "lang").unwrap_or_default();
                if let Some((language, _)) = lang.split_once('-').filter(|_| is(&stanza, "message"))
                {
                    let language = language.to_owned();
                    stanza.set_attr(ns::XML, "lang", Some(&language));
                }
                vec![stanza]
            });
        },
    ),
    defect(
        "stanza-lang-kept/texts",
        "over WebSocket the languages of texts within a stanza are lost",
        |parts| {
            come(parts, WEBSOCKET, |stanza, _| {
                let lang = stanza.attr_ns(ns::XML, "lang").map(str::to_owned);
                let mut stanza = each(&stanza, &|mut element| {
                    element.set_attr(ns::XML, "lang", None);
                    element
                });
                stanza.set_attr(ns::XML, "lang", lang.as_deref());
                vec![stanza]
            });
        },
    ),
    defect(
        "stanza-lang-kept/iq",
        "over TCP an iq gets the language of its sender's stream in place of its own",
        |parts| {
            come(parts, TCP, |mut stanza, _| {
                if asks(&stanza) {
                    stanza.set_attr(ns::XML, "lang", None);
                }
                vec![stanza]
            });
        },
    ),
];

/// Gives stanzas the full address that was seen first of their sender.
struct First(Arc<Mutex<HashMap<String, String>>>);

impl Between for First {
    fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
        let Some(from) = stanza.attr("from").filter(|from| is_full(from)) else {
            return vec![stanza];
        };
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = first.entry(before_slash(from).to_owned()).or_insert_with(|| from.to_owned());
        let known = known.clone();
        vec![with(stanza, "from", Some(&known))]
    }
}

fn is(stanza: &Element, name: &str) -> bool {
    stanza.name() == name
}

/// Whether a stanza answers an iq.
fn is_answer(stanza: &Element) -> bool {
    is(stanza, "iq") && matches!(stanza.attr("type"), Some("result" | "error"))
}

/// Some stanzas arrive with the bare address of who gets them.
fn to_bare(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Element) -> bool) {
    struct ToBare(fn(&Element) -> bool);
    impl Between for ToBare {
        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let full = stanza.attr("to") == Some(me) && (self.0)(&stanza);
            vec![if full { with(stanza, "to", Some(before_slash(me))) } else { stanza }]
        }
    }
    bent(parts, carriers, move || ToBare(which));
}

/// What a client claims to be its address is passed on in some stanzas: the server does not see it.
fn claimed(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Element, &str) -> bool) {
    struct Hidden(fn(&Element, &str) -> bool);
    impl Between for Hidden {
        fn come(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let Some(from) = stanza.attr("from").map(str::to_owned) else { return vec![stanza] };
            if from == me || !(self.0)(&stanza, me) {
                return vec![stanza];
            }
            let claim = Element::new(CLAIM, "claim").with_attr("from", &from);
            vec![with(stanza, "from", None).with_child(claim)]
        }
    }
    bent(parts, carriers, move || Hidden(which));
    go(parts, ALL, |stanza, _| {
        let claim = stanza.child(CLAIM, "claim").and_then(|claim| claim.attr("from"));
        let Some(from) = claim.map(str::to_owned) else { return vec![stanza] };
        let stanza = without(&stanza, |child| child.is(CLAIM, "claim"));
        vec![with(stanza, "from", Some(&from))]
    });
}

/// Changes the ids of some stanzas that go to clients.
fn ids(
    parts: &mut Parts,
    carriers: &'static [Carrier],
    which: fn(&Element) -> bool,
    change: fn(&str) -> String,
) {
    struct Ids(fn(&Element) -> bool, fn(&str) -> String);
    impl Between for Ids {
        fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let id = stanza.attr("id").filter(|_| (self.0)(&stanza)).map(self.1);
            vec![match id {
                Some(id) => with(stanza, "id", Some(&id)),
                None => stanza,
            }]
        }
    }
    bent(parts, carriers, move || Ids(which, change));
}

/// Some stanzas go to clients without a language.
fn unnamed(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Element) -> bool) {
    struct Unnamed(fn(&Element) -> bool);
    impl Between for Unnamed {
        fn go(&mut self, mut stanza: Element, _: &str) -> Vec<Element> {
            if (self.0)(&stanza) {
                stanza.set_attr(ns::XML, "lang", None);
            }
            vec![stanza]
        }
    }
    bent(parts, carriers, move || Unnamed(which));
}

/// The user of an address.
fn local(jid: &str) -> &str {
    before_slash(jid).split_once('@').map_or("", |(local, _)| local)
}

fn has_capitals(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

/// A stanza for an address that nobody has.
fn elsewhere(stanza: Element) -> Element {
    with(stanza, "to", Some("nobody@else.example/x"))
}
