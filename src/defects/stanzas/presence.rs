//! Presence that the user's own clients see, and presence with an address (RFC 6121 §4.2 to §4.6, §8.5).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::between::{ALL, BOSH, Between, Carrier, STREAMS, bent, come, go, with, without};
use super::delivery::{absent, for_user};
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::before_slash;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("presence-initial-own/itself", "a client is not told of its own presence", |parts| {
        untold(parts, STREAMS, |told| told.itself && told.kind.is_none());
    }),
    defect(
        "presence-initial-own/others",
        "a client is not told that another one of its user is there",
        |parts| untold(parts, ALL, |told| !told.itself && told.kind.is_none() && told.before == 0),
    ),
    defect(
        "presence-initial-own/bosh",
        "over BOSH a client is not told of its own presence",
        |parts| untold(parts, BOSH, |told| told.itself),
    ),
    defect(
        "presence-initial-own/again",
        "a client that comes back is not seen by the others of its user",
        |parts| {
            struct Left(bool);
            impl Between for Left {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    let own = is_presence(&stanza) && stanza.attr("to").is_none();
                    if own && stanza.attr("type").is_none() && self.0 {
                        return Vec::new();
                    }
                    self.0 |= own && stanza.attr("type") == Some("unavailable");
                    vec![stanza]
                }
            }
            bent(parts, STREAMS, || Left(false));
        },
    ),
    defect(
        "presence-later-own/itself",
        "a client is told of the first presence of its own alone",
        |parts| untold(parts, STREAMS, |told| told.itself && told.before > 0),
    ),
    defect(
        "presence-later-own/others",
        "of another client of its user a client sees the first two presences alone",
        |parts| untold(parts, STREAMS, |told| !told.itself && told.before > 1),
    ),
    defect(
        "presence-later-own/extension",
        "from later presence of a client the others of its user are not told what is of another namespace",
        |parts| {
            own(parts, STREAMS, |told, stanza| {
                let later = !told.itself && told.before > 0;
                vec![if later {
                    without(&stanza, |it| it.namespace() != ns::CLIENT)
                } else {
                    stanza
                }]
            });
        },
    ),
    defect(
        "presence-unavailable-own/untold",
        "a client is not told that another one of its user is unavailable",
        |parts| untold(parts, ALL, |told| !told.itself && told.kind.is_some()),
    ),
    defect(
        "presence-unavailable-own/status",
        "a client is told that another one of its user is unavailable, and not what it said",
        |parts| {
            own(parts, STREAMS, |told, stanza| {
                let leaves = !told.itself && told.kind.is_some();
                vec![if leaves { without(&stanza, |it| it.name() == "status") } else { stanza }]
            });
        },
    ),
    defect("presence-directed/all", "presence to a client reaches all of its user", |parts| {
        come(parts, ALL, |stanza, _| {
            let bare = stanza.attr("to").map(|to| before_slash(to).to_owned());
            let there = is_presence(&stanza) && stanza.attr("type").is_none();
            vec![if there { with(stanza, "to", bare.as_deref()) } else { stanza }]
        });
    }),
    defect(
        "presence-directed/extension",
        "presence to a client arrives without what is of another namespace",
        |parts| {
            go(parts, ALL, |stanza, me| {
                let directed = is_presence(&stanza) && stanza.attr("to") == Some(me);
                vec![if directed {
                    without(&stanza, |it| it.namespace() != ns::CLIENT)
                } else {
                    stanza
                }]
            });
        },
    ),
    defect(
        "presence-directed-end/untold",
        "who got presence at a full address is not told of the end",
        |parts| {
            go(parts, ALL, |stanza, me| {
                let ends =
                    stanza.attr("type") == Some("unavailable") && stanza.attr("id").is_none();
                let directed = is_presence(&stanza) && stanza.attr("to") == Some(me);
                if ends && directed { Vec::new() } else { vec![stanza] }
            });
        },
    ),
    defect(
        "presence-directed-end/twice",
        "who got presence is told twice that the client is unavailable",
        |parts| bent(parts, ALL, Twice::default),
    ),
    defect(
        "presence-directed-apart/later",
        "later presence is sent to whoever got presence directed",
        |parts| {
            #[derive(Default)]
            struct Later(BTreeSet<String>);
            impl Between for Later {
                fn come(&mut self, stanza: Element, _: &str) -> Vec<Element> {
                    if !is_presence(&stanza) || stanza.attr("type").is_some() {
                        return vec![stanza];
                    }
                    if let Some(to) = stanza.attr("to") {
                        self.0.insert(to.to_owned());
                        return vec![stanza];
                    }
                    let copies = self.0.iter().map(|to| with(stanza.clone(), "to", Some(to)));
                    let copies: Vec<_> = copies.collect();
                    std::iter::once(stanza).chain(copies).collect()
                }
            }
            bent(parts, STREAMS, Later::default);
        },
    ),
    defect(
        "presence-bare-all/first",
        "presence to a bare address reaches one of the clients alone",
        |parts| once(parts, |stanza| stanza.attr("type").is_none()),
    ),
    defect(
        "presence-bare-all/unavailable",
        "unavailable presence to a bare address reaches one of the clients alone",
        |parts| once(parts, |stanza| stanza.attr("type") == Some("unavailable")),
    ),
    defect(
        "presence-absent-resource/user",
        "presence to a client that is not there reaches the others of its user",
        |parts| absent(parts, is_presence, for_user),
    ),
];

/// A presence that one of the user's clients is told of one of them.
struct Told<'a> {
    /// It is its own.
    itself: bool,
    kind: Option<&'a str>,
    /// How many available presences of that client came before.
    before: u32,
}

/// Changes what clients are told of those of their user.
fn own<F>(parts: &mut Parts, carriers: &'static [Carrier], change: F)
where
    F: Fn(&Told<'_>, Element) -> Vec<Element> + Clone + Send + 'static,
{
    struct OwnPresence<F> {
        seen: HashMap<String, u32>,
        change: F,
    }
    impl<F: Fn(&Told<'_>, Element) -> Vec<Element> + Send> Between for OwnPresence<F> {
        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let from = stanza.attr("from").unwrap_or_default().to_owned();
            if !is_presence(&stanza) || before_slash(&from) != before_slash(me) || me.is_empty() {
                return vec![stanza];
            }
            let kind = stanza.attr("type").map(str::to_owned);
            let itself = from == me;
            let seen = self.seen.entry(from).or_default();
            let told = Told { itself, kind: kind.as_deref(), before: *seen };
            *seen += u32::from(kind.is_none());
            (self.change)(&told, stanza)
        }
    }
    bent(parts, carriers, move || OwnPresence { seen: HashMap::new(), change: change.clone() });
}

/// Clients are not told of this.
fn untold(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Told<'_>) -> bool) {
    own(parts, carriers, move |told, stanza| if which(told) { Vec::new() } else { vec![stanza] });
}

/// Of the presence that is sent to a bare address no more than one client of the user gets this.
fn once(parts: &mut Parts, which: fn(&Element) -> bool) {
    struct Once {
        which: fn(&Element) -> bool,
        delivered: Arc<Mutex<HashSet<(String, String)>>>,
    }
    impl Between for Once {
        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let bare = stanza.attr("to") == Some(before_slash(me));
            let (Some(from), Some(id)) = (stanza.attr("from"), stanza.attr("id")) else {
                return vec![stanza];
            };
            if !is_presence(&stanza) || !bare || !(self.which)(&stanza) {
                return vec![stanza];
            }
            let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
            if delivered.insert((from.to_owned(), id.to_owned())) {
                vec![stanza]
            } else {
                Vec::new()
            }
        }
    }
    let delivered = Arc::new(Mutex::new(HashSet::new()));
    bent(parts, ALL, move || Once { which, delivered: Arc::clone(&delivered) });
}

/// Tells whoever got presence with an id twice of the end.
#[derive(Default)]
struct Twice(HashSet<String>);

impl Between for Twice {
    fn go(&mut self, stanza: Element, _: &str) -> Vec<Element> {
        let from = stanza.attr("from").unwrap_or_default();
        if !is_presence(&stanza) {
            return vec![stanza];
        }
        match (stanza.attr("type"), stanza.attr("id")) {
            (None, Some(_)) => {
                self.0.insert(from.to_owned());
            }
            (Some("unavailable"), None) if self.0.contains(from) => {
                return vec![stanza.clone(), stanza];
            }
            _ => {}
        }
        vec![stanza]
    }
}

fn is_presence(stanza: &Element) -> bool {
    stanza.name() == "presence"
}
