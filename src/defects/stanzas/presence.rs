//! Presence among the clients of a user, and directed presence (RFC 6121 §4.2 to §4.6, §8.5).

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
    defect("presence-initial-own/itself", "a client does not receive its own presence", |parts| {
        dropped(parts, STREAMS, |notice| notice.from_self && notice.kind.is_none());
    }),
    defect(
        "presence-initial-own/others",
        "a client does not receive the initial presence of another client of its user",
        |parts| {
            dropped(parts, ALL, |notice| {
                !notice.from_self && notice.kind.is_none() && notice.before == 0
            });
        },
    ),
    defect(
        "presence-initial-own/bosh",
        "over BOSH, a client does not receive its own presence",
        |parts| dropped(parts, BOSH, |notice| notice.from_self),
    ),
    defect(
        "presence-initial-own/again",
        "presence sent after unavailable presence does not reach the other clients of the user",
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
        "of its own presence a client receives only the first",
        |parts| dropped(parts, STREAMS, |notice| notice.from_self && notice.before > 0),
    ),
    defect(
        "presence-later-own/others",
        "of the presence of another client of its user, a client receives only the first two",
        |parts| dropped(parts, STREAMS, |notice| !notice.from_self && notice.before > 1),
    ),
    defect(
        "presence-later-own/extension",
        "later presence reaches the other clients of the user without its extensions",
        |parts| {
            own(parts, STREAMS, |notice, stanza| {
                let later = !notice.from_self && notice.before > 0;
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
        "a client does not receive unavailable presence of another client of its user",
        |parts| dropped(parts, ALL, |notice| !notice.from_self && notice.kind.is_some()),
    ),
    defect(
        "presence-unavailable-own/status",
        "unavailable presence reaches the other clients of the user without its status",
        |parts| {
            own(parts, STREAMS, |notice, stanza| {
                let leaves = !notice.from_self && notice.kind.is_some();
                vec![if leaves { without(&stanza, |it| it.name() == "status") } else { stanza }]
            });
        },
    ),
    defect(
        "presence-directed/all",
        "presence to a full address reaches all clients of the user",
        |parts| {
            come(parts, ALL, |stanza, _| {
                let bare = stanza.attr("to").map(|to| before_slash(to).to_owned());
                let there = is_presence(&stanza) && stanza.attr("type").is_none();
                vec![if there { with(stanza, "to", bare.as_deref()) } else { stanza }]
            });
        },
    ),
    defect(
        "presence-directed/extension",
        "presence to a full address arrives without its extensions",
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
        "whoever received presence at a full address receives no unavailable presence",
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
        "whoever received directed presence receives unavailable presence twice",
        |parts| bent(parts, ALL, Twice::default),
    ),
    defect(
        "presence-directed-apart/later",
        "later presence is sent to whoever received directed presence",
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
        "presence to a bare address reaches only one of the clients",
        |parts| once(parts, |stanza| stanza.attr("type").is_none()),
    ),
    defect(
        "presence-bare-all/unavailable",
        "unavailable presence to a bare address reaches only one of the clients",
        |parts| once(parts, |stanza| stanza.attr("type") == Some("unavailable")),
    ),
    defect(
        "presence-absent-resource/user",
        "presence to an absent client reaches the other clients of the user",
        |parts| absent(parts, is_presence, for_user),
    ),
];

/// Presence of a client that one of the clients of its user receives.
struct Notice<'a> {
    /// It is the client's own.
    from_self: bool,
    kind: Option<&'a str>,
    /// How many available presences of that client came before.
    before: u32,
}

/// Changes the presence of the user's clients on its way to one of them.
fn own<F>(parts: &mut Parts, carriers: &'static [Carrier], change: F)
where
    F: Fn(&Notice<'_>, Element) -> Vec<Element> + Clone + Send + 'static,
{
    struct OwnPresence<F> {
        seen: HashMap<String, u32>,
        change: F,
    }
    impl<F: Fn(&Notice<'_>, Element) -> Vec<Element> + Send> Between for OwnPresence<F> {
        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            let from = stanza.attr("from").unwrap_or_default().to_owned();
            if !is_presence(&stanza) || before_slash(&from) != before_slash(me) || me.is_empty() {
                return vec![stanza];
            }
            let kind = stanza.attr("type").map(str::to_owned);
            let from_self = from == me;
            let seen = self.seen.entry(from).or_default();
            let notice = Notice { from_self, kind: kind.as_deref(), before: *seen };
            *seen += u32::from(kind.is_none());
            (self.change)(&notice, stanza)
        }
    }
    bent(parts, carriers, move || OwnPresence { seen: HashMap::new(), change: change.clone() });
}

/// Drops some of it.
fn dropped(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Notice<'_>) -> bool) {
    own(
        parts,
        carriers,
        move |notice, stanza| if which(notice) { Vec::new() } else { vec![stanza] },
    );
}

/// Such presence to a bare address reaches only one client of the user.
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

/// Doubles unavailable presence of whoever has sent presence with an id.
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
