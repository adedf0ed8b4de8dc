//! Entering a room, changing the nickname or the status, leaving (XEP-0045 §7.2, §7.6, §7.7, §7.14).

use std::collections::BTreeMap;

use jid::{BareJid, FullJid, Jid};

use super::config::Config;
use super::history::History;
use super::room::{News, Occupant, Role, Room, from_occupant, status, unavailable};
use crate::cm::backend::Link;
use crate::cm::server::state::Server;
use crate::xml::Element;
use crate::xmpp::ns;

impl Server {
    /// Presence that is available or unavailable.
    pub(in crate::cm::server) fn muc_presence(
        &mut self,
        link: Link,
        from: &FullJid,
        to: &Jid,
        presence: &Element,
    ) {
        let address = to.to_bare();
        if address.node().is_none() {
            return self.refuse(link, presence, "cancel", "service-unavailable");
        }
        let room = self.muc.rooms.get(&address);
        let inside = room.and_then(|room| room.nick_of(link));
        if presence.attr("type") == Some("unavailable") {
            if inside.is_some() {
                self.muc_leave(&address, link, presence);
            }
            return;
        }
        let Ok(full) = to.try_as_full() else {
            // A nickname is missing (§7.2.1).
            return self.refuse(link, presence, "modify", "jid-malformed");
        };
        let nick = full.resource().to_string();
        let holder = room.and_then(|room| room.occupants.get(&nick));
        let enters = presence.child(ns::MUC, "x").is_some();
        if (inside.is_some() || enters) && holder.is_some_and(|who| who.link != link) {
            return self.refuse(link, presence, "cancel", "conflict");
        }
        match inside {
            Some(old) if old != nick => self.muc_rename(&address, &old, &nick, presence),
            Some(_) if enters => self.muc_welcome(&address, &nick, presence, &[]),
            Some(_) => self.muc_update(&address, &nick, presence, &[]),
            None if enters => self.muc_enter(&address, &nick, link, from, presence),
            None => self.muc_not_inside(link, from, full),
        }
    }

    fn muc_enter(
        &mut self,
        address: &BareJid,
        nick: &str,
        link: Link,
        from: &FullJid,
        presence: &Element,
    ) {
        let most = self.setup.occupants;
        let fresh = match self.muc.rooms.get(address) {
            None if self.muc.rooms.len() >= self.setup.rooms => {
                return self.refuse(link, presence, "wait", "resource-constraint");
            }
            None => true,
            Some(room) if room.locked && !room.owns(from) => {
                return self.refuse(link, presence, "cancel", "item-not-found");
            }
            Some(room) if room.occupants.len() >= most => {
                return self.refuse(link, presence, "wait", "service-unavailable");
            }
            Some(_) => false,
        };
        let room = self.muc.rooms.entry(address.clone()).or_insert_with(|| Room {
            owner: from.to_bare(),
            locked: true,
            config: Config::default(),
            occupants: BTreeMap::new(),
            history: History::default(),
            subject: None,
        });
        let role = match (room.owns(from), room.config.moderated) {
            (true, _) => Role::Moderator,
            (false, true) => Role::Visitor,
            (false, false) => Role::Participant,
        };
        let mut own = Vec::new();
        if room.config.everybody_sees_addresses {
            own.push("100");
        }
        if fresh {
            own.push("201");
        }
        let who = Occupant { link, jid: from.clone(), role, presence: presence.detached() };
        room.occupants.insert(nick.to_owned(), who);
        self.muc_welcome(address, nick, presence, &own);
    }

    /// Tells who enters of everybody, everybody of who enters, and then what was said before and the subject.
    fn muc_welcome(&mut self, address: &BareJid, nick: &str, presence: &Element, own: &[&str]) {
        let Some(room) = self.muc.rooms.get(address) else { return };
        let Some(who) = room.occupants.get(nick) else { return };
        let (link, jid) = (who.link, who.jid.clone());
        let others = room.occupants.iter().filter(|(other, _)| *other != nick);
        let present = others.map(|(other, is)| {
            room.shown((address, other), is, who, &is.presence, &News::default())
        });
        let present: Vec<_> = present.map(|stanza| (link, stanza)).collect();
        self.tell(present);
        self.muc_update(address, nick, presence, own);

        let Some(room) = self.muc.rooms.get(address) else { return };
        let wanted = presence.child(ns::MUC, "x").and_then(|x| x.child(ns::MUC, "history"));
        let silence = || {
            Element::new(ns::CLIENT, "message")
                .with_attr("type", "groupchat")
                .with_attr("from", address.as_str())
                .with_child(Element::new(ns::CLIENT, "subject"))
        };
        let mut said = room.history.chosen(wanted, self.setup.started, self.now);
        said.push(room.subject.clone().unwrap_or_else(silence));
        for mut stanza in said {
            stanza.set_attr("", "to", Some(jid.as_str()));
            self.element(link, stanza);
        }
    }

    /// Tells everybody of an occupant's new presence.
    fn muc_update(&mut self, address: &BareJid, nick: &str, presence: &Element, own: &[&str]) {
        let Some(room) = self.muc.rooms.get_mut(address) else { return };
        let Some(who) = room.occupants.get_mut(nick) else { return };
        let mut presence = from_occupant(presence, address, nick, &who.jid);
        presence.set_attr("", "id", None);
        who.presence = presence.detached();
        let news = News { own, ..News::default() };
        let told = room.shown_to_all((address, nick), &presence, &news);
        self.tell(told);
    }

    fn muc_rename(&mut self, address: &BareJid, old: &str, new: &str, presence: &Element) {
        let Some(room) = self.muc.rooms.get_mut(address) else { return };
        let news = News { codes: &["303"], nick: Some(new), ..News::default() };
        let told = room.shown_to_all((address, old), &unavailable(), &news);
        if let Some(who) = room.occupants.remove(old) {
            room.occupants.insert(new.to_owned(), who);
        }
        self.tell(told);
        self.muc_update(address, new, presence, &[]);
    }

    pub(super) fn muc_leave(&mut self, address: &BareJid, link: Link, presence: &Element) {
        let Some(room) = self.muc.rooms.get(address) else { return };
        let Some(nick) = room.nick_of(link) else { return };
        let mut gone = unavailable();
        if let Some(status) = presence.child(ns::CLIENT, "status") {
            gone.push(status.clone());
        }
        let news = News { gone: true, ..News::default() };
        let told = room.shown_to_all((address, &nick), &gone, &news);
        self.tell(told);
        self.muc_remove(address, &nick);
    }

    /// A status for a room that the sender is not in: it seems to believe that it is, and is told (§7.2.1, since
    /// version 1.32).
    fn muc_not_inside(&mut self, link: Link, from: &FullJid, to: &FullJid) {
        let reason = Element::new(ns::MUC_USER, "reason").with_text("You are not in the room.");
        let item = Element::new(ns::MUC_USER, "item")
            .with_attr("affiliation", "none")
            .with_attr("role", "none")
            .with_child(reason);
        let mut about = Element::new(ns::MUC_USER, "x").with_child(item);
        for code in ["110", "307", "333"] {
            about.push(status(code));
        }
        let kick = unavailable()
            .with_attr("from", to.as_str())
            .with_attr("to", from.as_str())
            .with_child(about);
        self.element(link, kick);
    }
}
