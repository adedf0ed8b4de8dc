//! Rooms (XEP-0045): to create and configure one, to enter, talk and leave, to moderate and to destroy it. A room is
//! there while somebody is in it. Its creator owns it; there are no other affiliations, and so no bans.

mod asking;
mod entering;
mod history;
mod moderating;
mod owning;
mod talking;

use std::collections::BTreeMap;

use jid::{BareJid, FullJid, Jid};

use super::Server;
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;
use history::History;
use owning::Config;

/// All rooms.
#[derive(Debug, Default)]
pub(super) struct Muc {
    rooms: BTreeMap<BareJid, Room>,
}

#[derive(Debug)]
struct Room {
    owner: BareJid,
    /// Created and not configured: nobody else may enter (§10.1.1).
    locked: bool,
    config: Config,
    /// By their nicknames.
    occupants: BTreeMap<String, Occupant>,
    history: History,
    subject: Option<Element>,
}

#[derive(Debug, Clone)]
struct Occupant {
    link: Link,
    jid: FullJid,
    role: Role,
    presence: Element,
}

/// What an occupant may do (§5.1), the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Visitor,
    Participant,
    Moderator,
}

impl Role {
    const ALL: [Self; 3] = [Self::Visitor, Self::Participant, Self::Moderator];

    fn name(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }
}

/// What the room adds to the presence of an occupant.
#[derive(Debug, Default, Clone, Copy)]
struct News<'a> {
    /// The occupant is not in the room any more.
    gone: bool,
    /// Codes for everybody.
    codes: &'a [&'a str],
    /// Codes for the occupant alone, besides 110.
    own: &'a [&'a str],
    /// The nickname that the occupant has from now on.
    nick: Option<&'a str>,
    /// The nickname of who did it.
    actor: Option<&'a str>,
    /// Why, as it was given.
    reason: Option<&'a Element>,
}

impl Room {
    fn owns(&self, who: &FullJid) -> bool {
        self.owner == who.to_bare()
    }

    fn nick_of(&self, link: Link) -> Option<String> {
        self.occupants.iter().find(|(_, who)| who.link == link).map(|(nick, _)| nick.clone())
    }

    fn affiliation(&self, who: &FullJid) -> &'static str {
        if self.owns(who) { "owner" } else { "none" }
    }

    /// A presence of `who`, who has this nickname, as `to` is shown it (§7.2.2).
    fn shown(
        &self,
        (room, nick): (&BareJid, &str),
        who: &Occupant,
        to: &Occupant,
        presence: &Element,
        news: &News<'_>,
    ) -> Element {
        // One's own address is no secret, and converse.js looks for itself by it.
        let own = who.link == to.link;
        let sees = own || self.config.everybody_sees_addresses || to.role == Role::Moderator;
        let mut item = Element::new(ns::MUC_USER, "item")
            .with_attr("affiliation", self.affiliation(&who.jid))
            .with_attr("role", if news.gone { "none" } else { who.role.name() })
            .with_attr_if("jid", sees.then_some(who.jid.as_str()))
            .with_attr_if("nick", news.nick);
        if let Some(actor) = news.actor {
            item.push(Element::new(ns::MUC_USER, "actor").with_attr("nick", actor));
        }
        if let Some(reason) = news.reason {
            item.push(reason.clone());
        }
        let own = if own { [&["110"], news.own].concat() } else { Vec::new() };
        let mut about = Element::new(ns::MUC_USER, "x").with_child(item);
        for code in own.iter().chain(news.codes) {
            about.push(status(code));
        }
        from_occupant(presence, room, nick, &to.jid).with_child(about)
    }

    /// A presence of an occupant as everybody in the room is shown it.
    fn shown_to_all(
        &self,
        (room, nick): (&BareJid, &str),
        presence: &Element,
        news: &News<'_>,
    ) -> Vec<(Link, Element)> {
        let Some(who) = self.occupants.get(nick) else { return Vec::new() };
        let everybody = self.occupants.values();
        everybody.map(|to| (to.link, self.shown((room, nick), who, to, presence, news))).collect()
    }
}

/// A code of what happened (§15.6).
fn status(code: &str) -> Element {
    Element::new(ns::MUC_USER, "status").with_attr("code", code)
}

/// That an occupant is not there any more.
fn unavailable() -> Element {
    Element::new(ns::CLIENT, "presence").with_attr("type", "unavailable")
}

/// A stanza as it comes from an occupant, without what only the room may say.
fn from_occupant(stanza: &Element, room: &BareJid, nick: &str, to: &FullJid) -> Element {
    let mut from = Element::new(ns::CLIENT, stanza.name());
    for (namespace, name, value) in stanza.attributes() {
        from.set_attr(namespace, name, Some(value));
    }
    from.set_attr("", "from", Some(&format!("{room}/{nick}")));
    from.set_attr("", "to", Some(to.as_str()));
    let rooms_own = |child: &Element| {
        matches!(child.namespace(), ns::MUC | ns::MUC_USER) && stanza.name() != "iq"
    };
    for child in stanza.children().filter(|child| !rooms_own(child)) {
        from.push(child.clone());
    }
    from
}

impl Server {
    /// Whether this is the room service or something in it.
    pub(super) fn is_room_address(&self, to: &Jid) -> bool {
        to.domain().as_str().strip_prefix("conference.").is_some_and(|domain| self.serves(domain))
    }

    fn tell(&mut self, told: Vec<(Link, Element)>) {
        for (link, stanza) in told {
            self.element(link, stanza);
        }
    }

    /// Takes an occupant out of a room, and the room away with the last one.
    fn muc_remove(&mut self, address: &BareJid, nick: &str) {
        if let Some(room) = self.muc.rooms.get_mut(address) {
            room.occupants.remove(nick);
            if room.occupants.is_empty() {
                self.muc.rooms.remove(address);
            }
        }
    }

    /// A user has gone: it leaves every room.
    pub(super) fn muc_gone(&mut self, link: Link, presence: &Element) {
        let inside = self.muc.rooms.iter().filter(|(_, room)| room.nick_of(link).is_some());
        let inside: Vec<BareJid> = inside.map(|(address, _)| address.clone()).collect();
        for address in inside {
            self.muc_leave(&address, link, presence);
        }
    }

    /// Whether rooms know nobody but streams that are there.
    #[cfg(test)]
    pub(super) fn rooms_are_sound(&self) -> bool {
        let mut rooms = self.muc.rooms.values();
        rooms.all(|room| {
            let mut occupants = room.occupants.values();
            !room.occupants.is_empty()
                && occupants.all(|who| self.link_of(&who.jid) == Some(who.link))
        })
    }

    /// How many rooms there are.
    #[cfg(test)]
    pub(super) fn rooms(&self) -> usize {
        self.muc.rooms.len()
    }
}
