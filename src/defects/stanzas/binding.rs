//! Resource binding (RFC 6120 §7).

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::between::{
    ALL, BOSH, Between, Carrier, STREAMS, TCP, WEBSOCKET, bent, come, with, with_nodes, without,
};
use crate::cm::backend::Event;
use crate::cm::parts::Parts;
use crate::cm::stream::Session;
use crate::defects::carried::{condition, error, is_error};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::before_slash;
use crate::xmpp::ns;

/// The longest resource there may be, in bytes (RFC 7622 §3.4).
const LONGEST: usize = 1023;

pub(super) const DEFECTS: &[Defect] = &[
    defect("bind-advertised/early", "bind is offered before the login, too", |parts| {
        features(parts, |features| {
            let early = features.child(ns::SASL, "mechanisms").is_some();
            if early { features.with_child(Element::new(ns::BIND, "bind")) } else { features }
        });
    }),
    defect("bind-advertised/missing", "bind is not offered after the login", |parts| {
        features(parts, |features| without(&features, |it| it.is(ns::BIND, "bind")));
    }),
    defect(
        "bind-generated/refused",
        "over WebSocket a client that asks for no resource gets an error",
        |parts| {
            requests(parts, WEBSOCKET, |iq| match resource(&iq) {
                None => with(iq, "type", Some("get")),
                Some(_) => iq,
            });
        },
    ),
    defect("bind-generated/id", "the id of the result of bind is in lower case", |parts| {
        results(parts, ALL, |iq, _| {
            let lower = iq.attr("id").map(str::to_lowercase);
            with(iq, "id", lower.as_deref())
        });
    }),
    defect("bind-generated/bare", "the result of bind has the bare address", |parts| {
        results(parts, ALL, |iq, jid| readdressed(&iq, before_slash(jid)));
    }),
    defect("bind-generated/empty", "over BOSH the result of bind has no address", |parts| {
        results(parts, BOSH, |iq, _| with_nodes(&iq, []));
    }),
    defect(
        "bind-address/other",
        "the result of bind has a resource that is not that of the session",
        |parts| results(parts, ALL, |iq, jid| readdressed(&iq, &format!("{jid}-0"))),
    ),
    defect(
        "bind-address/case",
        "over WebSocket the address in the result of bind is in lower case",
        |parts| results(parts, WEBSOCKET, |iq, jid| readdressed(&iq, &jid.to_lowercase())),
    ),
    defect(
        "bind-address/account",
        "over BOSH the address in the result of bind is of another account",
        |parts| results(parts, BOSH, |iq, jid| readdressed(&iq, &format!("x{jid}"))),
    ),
    defect(
        "bind-submitted/ignored",
        "over TCP it does not matter which resource a client asks for",
        |parts| asked(parts, TCP, |_| String::new()),
    ),
    defect("bind-submitted/case", "resources are in lower case", |parts| {
        asked(parts, ALL, str::to_lowercase);
    }),
    defect("bind-submitted/word", "over WebSocket a resource is one word", |parts| {
        asked(parts, WEBSOCKET, |resource| {
            resource.split(' ').next().unwrap_or_default().to_owned()
        });
    }),
    defect("bind-submitted/ascii", "over BOSH resources are of ASCII", |parts| {
        asked(parts, BOSH, |resource| resource.chars().filter(char::is_ascii).collect());
    }),
    defect("bind-submitted/markup", "of a resource with markup the first part is taken", |parts| {
        asked(parts, STREAMS, |resource| {
            resource.split(['<', '&']).next().unwrap_or_default().to_owned()
        });
    }),
    defect("bind-unusable/empty", "an empty resource is refused", |parts| {
        requests(parts, ALL, |iq| {
            let empty = resource(&iq).is_some_and(|text| text.trim().is_empty());
            if empty { with(iq, "type", Some("get")) } else { iq }
        });
    }),
    defect("bind-unusable/long", "a resource that is too long is not answered", |parts| {
        come(parts, ALL, |stanza, _| {
            let long = is_request(&stanza) && resource(&stanza).is_some_and(|it| is_long(&it));
            if long { Vec::new() } else { vec![stanza] }
        });
    }),
    defect(
        "bind-unusable/taken",
        "over WebSocket and TCP a resource that is too long is in the result as it was asked for",
        |parts| {
            struct Taken(Option<String>);
            impl Between for Taken {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    if is_request(&stanza) {
                        self.0 = resource(&stanza).filter(|it| is_long(it));
                    }
                    vec![stanza]
                }

                fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    let (Some(long), Some(jid)) = (&self.0, jid(&stanza)) else {
                        return vec![stanza];
                    };
                    vec![readdressed(&stanza, &format!("{}/{long}", before_slash(&jid)))]
                }
            }
            bent(parts, STREAMS, || Taken(None));
        },
    ),
    defect(
        "bind-unguessable",
        "resources that the server chooses are numbers that count up",
        |parts| {
            struct Counted(Arc<AtomicUsize>);
            impl Between for Counted {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    if !is_request(&stanza) || resource(&stanza).is_some() {
                        return vec![stanza];
                    }
                    let number = self.0.fetch_add(1, Ordering::Relaxed);
                    vec![asking(&stanza, &format!("client-{number:08}"))]
                }
            }
            let number = Arc::new(AtomicUsize::new(1));
            bent(parts, ALL, move || Counted(Arc::clone(&number)));
        },
    ),
    defect(
        "bind-unique/generated",
        "the second session of a user that asks for no resource is told the address of the first",
        |parts| {
            let known: Known = Arc::default();
            bent(parts, ALL, move || Same { known: Arc::clone(&known), asked: None });
        },
    ),
    defect(
        "bind-conflict/both",
        "two sessions that ask for the same resource are told the same address, and both go on",
        |parts| {
            let known: Known = Arc::default();
            bent(parts, ALL, move || Both { known: Arc::clone(&known), asked: None });
        },
    ),
    defect(
        "bind-conflict/refused",
        "who asks for a resource that another session has is refused with bad-request",
        |parts| {
            struct Refused(Known);
            impl Between for Refused {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    let taken = is_request(&stanza)
                        && resource(&stanza).is_some_and(|it| !lock(&self.0).insert(it));
                    vec![if taken { with(stanza, "type", Some("get")) } else { stanza }]
                }
            }
            let known: Known = Arc::default();
            bent(parts, ALL, move || Refused(Arc::clone(&known)));
        },
    ),
    defect(
        "bind-conflict/condition",
        "over WebSocket and TCP a session whose resource another one gets ends with internal-server-error",
        |parts| {
            parts.on_output(|| {
                |output, _: &Session| {
                    let taken = is_error(&output) && condition(&output) == Some("conflict");
                    vec![if taken { error("internal-server-error") } else { output }]
                }
            });
        },
    ),
];

/// What was asked for, of all sessions.
type Known = Arc<Mutex<HashSet<String>>>;

fn lock(known: &Known) -> std::sync::MutexGuard<'_, HashSet<String>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Two sessions with one address: the second is told what the first was.
struct Both {
    known: Known,
    asked: Option<String>,
}

impl Between for Both {
    fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
        if is_request(&stanza)
            && let Some(wanted) = resource(&stanza).filter(|it| !it.is_empty())
            && !lock(&self.known).insert(wanted.clone())
        {
            self.asked = Some(wanted);
            return vec![asking(&stanza, "")];
        }
        vec![stanza]
    }

    fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
        match (jid(&stanza), self.asked.take()) {
            (Some(jid), Some(wanted)) => {
                vec![readdressed(&stanza, &format!("{}/{wanted}", before_slash(&jid)))]
            }
            _ => vec![stanza],
        }
    }
}

/// The same for who asks for nothing.
struct Same {
    known: Known,
    asked: Option<()>,
}

impl Between for Same {
    fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
        if is_request(&stanza) && resource(&stanza).is_none() {
            self.asked = Some(());
        }
        vec![stanza]
    }

    fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
        let (Some(own), Some(())) = (jid(&stanza), self.asked.take()) else { return vec![stanza] };
        let mut known = lock(&self.known);
        let bare = before_slash(&own);
        if let Some(first) = known.iter().find(|jid| before_slash(jid) == bare) {
            return vec![readdressed(&stanza, first)];
        }
        known.insert(own);
        vec![stanza]
    }
}

/// Whether a stanza asks for a resource.
fn is_request(stanza: &Element) -> bool {
    stanza.attr("type") == Some("set") && stanza.child(ns::BIND, "bind").is_some()
}

fn is_long(resource: &str) -> bool {
    resource.len() > LONGEST
}

/// The resource that is asked for.
fn resource(iq: &Element) -> Option<String> {
    let bind = iq.child(ns::BIND, "bind")?;
    Some(bind.child(ns::BIND, "resource")?.text().into_owned())
}

/// The same request for this resource; for none, if it is empty.
fn asking(iq: &Element, resource: &str) -> Element {
    let bind = Element::new(ns::BIND, "bind");
    let bind = if resource.is_empty() {
        bind
    } else {
        bind.with_child(Element::new(ns::BIND, "resource").with_text(resource))
    };
    with_nodes(iq, []).with_child(bind)
}

/// The address in a result of bind.
fn jid(iq: &Element) -> Option<String> {
    let bind = iq.child(ns::BIND, "bind")?;
    Some(bind.child(ns::BIND, "jid")?.text().into_owned())
}

/// The result with another address.
fn readdressed(iq: &Element, jid: &str) -> Element {
    let jid = Element::new(ns::BIND, "jid").with_text(jid);
    with_nodes(iq, []).with_child(Element::new(ns::BIND, "bind").with_child(jid))
}

/// Changes requests for a resource.
fn requests(parts: &mut Parts, carriers: &'static [Carrier], change: fn(Element) -> Element) {
    struct Requests(fn(Element) -> Element);
    impl Between for Requests {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            vec![if is_request(&stanza) { (self.0)(stanza) } else { stanza }]
        }
    }
    bent(parts, carriers, move || Requests(change));
}

/// Changes the resource that is asked for, if one is.
fn asked(parts: &mut Parts, carriers: &'static [Carrier], change: fn(&str) -> String) {
    struct Asked(fn(&str) -> String);
    impl Between for Asked {
        fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            let wanted = resource(&stanza).filter(|_| is_request(&stanza));
            vec![wanted.map_or(stanza.clone(), |it| asking(&stanza, &(self.0)(&it)))]
        }
    }
    bent(parts, carriers, move || Asked(change));
}

/// Changes results of bind.
fn results(parts: &mut Parts, carriers: &'static [Carrier], change: fn(Element, &str) -> Element) {
    struct Results(fn(Element, &str) -> Element);
    impl Between for Results {
        fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
            vec![match jid(&stanza) {
                Some(jid) => (self.0)(stanza, &jid),
                None => stanza,
            }]
        }
    }
    bent(parts, carriers, move || Results(change));
}

/// Changes the features of streams.
fn features(parts: &mut Parts, change: fn(Element) -> Element) {
    parts.on_event(move |_, event| {
        Some(match event {
            Event::Element(it) if it.is(ns::STREAMS, "features") => Event::Element(change(it)),
            other => other,
        })
    });
}
