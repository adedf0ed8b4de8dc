//! A room, who is in it, and what they are shown.

use std::collections::BTreeMap;

use jid::{BareJid, FullJid};

use super::config::Config;
use super::history::History;
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

/// All rooms.
#[derive(Debug, Default)]
pub(in crate::cm::server) struct Muc {
    pub(super) rooms: BTreeMap<BareJid, Room>,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) owner: BareJid,
    /// Created and not configured: nobody else may enter (§10.1.1).
    pub(super) locked: bool,
    pub(super) config: Config,
    /// By their nicknames.
    pub(super) occupants: BTreeMap<String, Occupant>,
    pub(super) history: History,
    pub(super) subject: Option<Element>,
}

#[derive(Debug, Clone)]
pub(super) struct Occupant {
    pub(super) link: Link,
    pub(super) jid: FullJid,
    pub(super) role: Role,
    pub(super) presence: Element,
}

/// What an occupant may do (§5.1), the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Visitor,
    Participant,
    Moderator,
}

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::Visitor, Self::Participant, Self::Moderator];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }
}

/// What the room adds to the presence of an occupant.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct News<'a> {
    /// The occupant is not in the room any more.
    pub(super) gone: bool,
    /// Codes for everybody.
    pub(super) codes: &'a [&'a str],
    /// Codes for the occupant alone, besides 110.
    pub(super) own: &'a [&'a str],
    /// The nickname that the occupant has from now on.
    pub(super) nick: Option<&'a str>,
    /// The nickname of who did it.
    pub(super) actor: Option<&'a str>,
    /// Why, as it was given.
    pub(super) reason: Option<&'a Element>,
}

impl Room {
    pub(super) fn owns(&self, who: &FullJid) -> bool {
        self.owner == who.to_bare()
    }

    pub(super) fn nick_of(&self, link: Link) -> Option<String> {
        self.occupants.iter().find(|(_, who)| who.link == link).map(|(nick, _)| nick.clone())
    }

    pub(super) fn affiliation(&self, who: &FullJid) -> &'static str {
        if self.owns(who) { "owner" } else { "none" }
    }

    /// A presence of `who`, who has this nickname, as `to` is shown it (§7.2.2).
    pub(super) fn shown(
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
    pub(super) fn shown_to_all(
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
pub(super) fn status(code: &str) -> Element {
    Element::new(ns::MUC_USER, "status").with_attr("code", code)
}

/// That an occupant is not there any more.
pub(super) fn unavailable() -> Element {
    Element::new(ns::CLIENT, "presence").with_attr("type", "unavailable")
}

/// A stanza as it comes from an occupant, without what only the room may say.
pub(super) fn from_occupant(stanza: &Element, room: &BareJid, nick: &str, to: &FullJid) -> Element {
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
