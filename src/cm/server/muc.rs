//! Rooms (XEP-0045), as much as clients need to join, talk and leave. A room is there while somebody is in it.

use std::collections::{BTreeMap, VecDeque};

use jid::{BareJid, FullJid, Jid};

use super::iq::info;
use super::{Server, errors};
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

/// Messages that a room remembers.
const HISTORY: usize = 20;

/// All rooms.
#[derive(Debug, Default)]
pub(super) struct Muc {
    rooms: BTreeMap<BareJid, Room>,
}

#[derive(Debug, Default)]
struct Room {
    owner: Option<BareJid>,
    occupants: BTreeMap<String, Occupant>,
    history: VecDeque<Element>,
    subject: Option<Element>,
}

#[derive(Debug, Clone)]
struct Occupant {
    link: Link,
    jid: FullJid,
    presence: Element,
}

impl Room {
    fn nick_of(&self, link: Link) -> Option<String> {
        self.occupants.iter().find(|(_, who)| who.link == link).map(|(nick, _)| nick.clone())
    }

    /// What stands in the presence of an occupant: affiliation, role, codes.
    fn about(&self, who: &FullJid, gone: bool, codes: &[&str]) -> Element {
        let owns = self.owner.as_ref() == Some(&who.to_bare());
        let role = match (gone, owns) {
            (true, _) => "none",
            (false, true) => "moderator",
            (false, false) => "participant",
        };
        let item = Element::new(ns::MUC_USER, "item")
            .with_attr("affiliation", if owns { "owner" } else { "none" })
            .with_attr("role", role);
        let mut about = Element::new(ns::MUC_USER, "x").with_child(item);
        for code in codes {
            about.push(Element::new(ns::MUC_USER, "status").with_attr("code", code));
        }
        about
    }
}

/// A stanza as it comes from an occupant.
fn from_occupant(stanza: &Element, room: &BareJid, nick: &str, to: &FullJid) -> Element {
    let mut stanza = stanza.clone();
    stanza.set_attr("", "from", Some(&format!("{room}/{nick}")));
    stanza.set_attr("", "to", Some(to.as_str()));
    stanza
}

impl Server {
    /// Whether this is the room service or something in it.
    pub(super) fn is_room_address(&self, to: &Jid) -> bool {
        to.domain().as_str().strip_prefix("conference.").is_some_and(|domain| self.serves(domain))
    }

    /// Joining, changing the nickname, a new status, leaving (§7).
    pub(super) fn muc_presence(
        &mut self,
        link: Link,
        from: &FullJid,
        to: &Jid,
        presence: &Element,
    ) {
        let address = to.to_bare();
        let Ok(full) = to.try_as_full() else {
            return self.refuse(link, presence, "modify", "jid-malformed");
        };
        if address.node().is_none() {
            return self.refuse(link, presence, "cancel", "service-unavailable");
        }
        let nick = full.resource().to_string();
        let inside = self.muc.rooms.get(&address).and_then(|room| room.nick_of(link));
        if presence.attr("type") == Some("unavailable") {
            if inside.is_some() {
                self.muc_leave(&address, link, presence);
            }
            return;
        }
        let taken = |room: &Room| room.occupants.get(&nick).is_some_and(|who| who.link != link);
        if self.muc.rooms.get(&address).is_some_and(taken) {
            return self.refuse(link, presence, "cancel", "conflict");
        }
        match inside {
            Some(old) if old != nick => self.muc_rename(&address, &old, &nick, presence),
            Some(_) => self.muc_tell(&address, &nick, presence, &[]),
            None => self.muc_join(&address, &nick, link, from, presence),
        }
    }

    fn muc_join(
        &mut self,
        address: &BareJid,
        nick: &str,
        link: Link,
        from: &FullJid,
        presence: &Element,
    ) {
        let fresh = !self.muc.rooms.contains_key(address);
        let full = self
            .muc
            .rooms
            .get(address)
            .is_some_and(|room| room.occupants.len() >= self.setup.occupants);
        if full || fresh && self.muc.rooms.len() >= self.setup.rooms {
            return self.refuse(link, presence, "wait", "service-unavailable");
        }
        let room = self.muc.rooms.entry(address.clone()).or_default();
        if fresh {
            room.owner = Some(from.to_bare());
        }
        let present: Vec<(String, Occupant)> =
            room.occupants.iter().map(|(nick, who)| (nick.clone(), who.clone())).collect();
        let mut told: Vec<Element> = Vec::new();
        for (other, who) in &present {
            let mut stanza = from_occupant(&who.presence, address, other, from);
            stanza.push(room.about(&who.jid, false, &[]));
            told.push(stanza);
        }
        let mut shown = Element::new(ns::CLIENT, "presence");
        for child in presence.children().filter(|child| child.namespace() != ns::MUC) {
            shown.push(child.clone());
        }
        let who = Occupant { link, jid: from.clone(), presence: shown.clone() };
        room.occupants.insert(nick.to_owned(), who);
        for stanza in told {
            self.element(link, stanza);
        }
        self.muc_tell(address, nick, &shown, if fresh { &["201"] } else { &[] });
        let Some(room) = self.muc.rooms.get(address) else { return };
        let wanted = presence.child(ns::MUC, "x").and_then(|x| x.child(ns::MUC, "history"));
        let most =
            wanted.and_then(|history| history.attr("maxstanzas")?.parse().ok()).unwrap_or(HISTORY);
        let mut last: Vec<Element> = room.history.iter().rev().take(most).cloned().collect();
        last.reverse();
        let silence = Element::new(ns::CLIENT, "message")
            .with_attr("type", "groupchat")
            .with_attr("from", address.as_str())
            .with_child(Element::new(ns::CLIENT, "subject"));
        last.push(room.subject.clone().unwrap_or(silence));
        for mut stanza in last {
            stanza.set_attr("", "to", Some(from.as_str()));
            self.element(link, stanza);
        }
    }

    /// Tells everybody of an occupant's presence, and the occupant that it is its own (code 110).
    fn muc_tell(&mut self, address: &BareJid, nick: &str, presence: &Element, codes: &[&str]) {
        let Some(room) = self.muc.rooms.get_mut(address) else { return };
        let Some(subject) = room.occupants.get_mut(nick) else { return };
        subject.presence = presence.clone();
        let subject = subject.clone();
        let gone = presence.attr("type") == Some("unavailable");
        let mut told = Vec::new();
        for who in room.occupants.values() {
            let own = who.link == subject.link;
            let codes: Vec<&str> = if own { [&["110"], codes].concat() } else { Vec::new() };
            let mut stanza = from_occupant(presence, address, nick, &who.jid);
            stanza.push(room.about(&subject.jid, gone, &codes));
            told.push((who.link, stanza));
        }
        for (link, stanza) in told {
            self.element(link, stanza);
        }
    }

    fn muc_rename(&mut self, address: &BareJid, old: &str, new: &str, presence: &Element) {
        let Some(room) = self.muc.rooms.get_mut(address) else { return };
        let Some(subject) = room.occupants.get(old).cloned() else { return };
        let gone = Element::new(ns::CLIENT, "presence").with_attr("type", "unavailable");
        let mut told = Vec::new();
        for who in room.occupants.values() {
            let own: &[&str] = if who.link == subject.link { &["303", "110"] } else { &["303"] };
            let mut about = room.about(&subject.jid, false, own);
            about.push(Element::new(ns::MUC_USER, "item").with_attr("nick", new));
            told.push((who.link, from_occupant(&gone, address, old, &who.jid).with_child(about)));
        }
        room.occupants.remove(old);
        room.occupants.insert(new.to_owned(), subject);
        for (link, stanza) in told {
            self.element(link, stanza);
        }
        let mut presence = presence.clone();
        presence.set_attr("", "id", None);
        self.muc_tell(address, new, &presence, &[]);
    }

    fn muc_leave(&mut self, address: &BareJid, link: Link, presence: &Element) {
        let Some(room) = self.muc.rooms.get(address) else { return };
        let Some(nick) = room.nick_of(link) else { return };
        let mut gone = Element::new(ns::CLIENT, "presence").with_attr("type", "unavailable");
        if let Some(status) = presence.child(ns::CLIENT, "status") {
            gone.push(status.clone());
        }
        self.muc_tell(address, &nick, &gone, &[]);
        if let Some(room) = self.muc.rooms.get_mut(address) {
            room.occupants.remove(&nick);
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

    /// Messages to all, to one occupant, and the subject (§7.4, §7.5, §8.1).
    pub(super) fn muc_message(&mut self, link: Link, _from: &FullJid, to: &Jid, message: &Element) {
        if message.attr("type") == Some("error") {
            return;
        }
        let address = to.to_bare();
        let Some(room) = self.muc.rooms.get_mut(&address) else {
            return self.refuse(link, message, "cancel", "item-not-found");
        };
        let Some(nick) = room.nick_of(link) else {
            return self.refuse(link, message, "modify", "not-acceptable");
        };
        if let Ok(full) = to.try_as_full() {
            if message.attr("type") == Some("groupchat") {
                return self.refuse(link, message, "modify", "bad-request");
            }
            let Some(receiver) = room.occupants.get(full.resource().as_str()).cloned() else {
                return self.refuse(link, message, "cancel", "item-not-found");
            };
            let private = from_occupant(message, &address, &nick, &receiver.jid);
            return self.element(receiver.link, private);
        }
        if message.attr("type") != Some("groupchat") {
            return self.refuse(link, message, "modify", "bad-request");
        }
        let told: Vec<(Link, Element)> = room
            .occupants
            .values()
            .map(|who| (who.link, from_occupant(message, &address, &nick, &who.jid)))
            .collect();
        let kept = told.first().map(|(_, stanza)| stanza.clone());
        for (link, stanza) in told {
            self.element(link, stanza);
        }
        let Some(kept) = kept else { return };
        let has = |name: &str| message.child(ns::CLIENT, name).is_some();
        let (subject, body) = (has("subject"), has("body"));
        let stamped = self.stamped(kept.clone(), address.as_str());
        let Some(room) = self.muc.rooms.get_mut(&address) else { return };
        if subject && !body {
            room.subject = Some(kept);
        } else if body {
            room.history.push_back(stamped);
            while room.history.len() > HISTORY {
                room.history.pop_front();
            }
        }
    }

    /// Questions to the service and to its rooms.
    pub(super) fn muc_iq(&mut self, link: Link, from: &FullJid, to: &Jid, iq: &Element) {
        let Some(question) =
            iq.children().next().filter(|_| matches!(iq.attr("type"), Some("get" | "set")))
        else {
            return;
        };
        let get = iq.attr("type") == Some("get");
        let address = to.to_bare();
        let service = address.node().is_none();
        let room = self.muc.rooms.get(&address);
        let feature = |var: &str| Element::new(ns::DISCO_INFO, "feature").with_attr("var", var);
        if to.try_as_full().is_ok() {
            return self.refuse(link, iq, "cancel", "service-unavailable");
        }
        match (question.namespace(), service, room) {
            (ns::PING, _, _) if get => self.answer(link, iq, None),
            (ns::DISCO_INFO, true, _) if get => {
                let features = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC].map(feature);
                self.answer(link, iq, Some(info("conference", "text", "Rooms", features)));
            }
            (ns::DISCO_INFO, false, Some(_)) if get => {
                let open = [
                    "muc_open",
                    "muc_public",
                    "muc_temporary",
                    "muc_unmoderated",
                    "muc_semianonymous",
                ];
                let features = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC].into_iter().chain(open);
                let name = address.node().map(ToString::to_string).unwrap_or_default();
                let info = info("conference", "text", &name, features.map(feature));
                self.answer(link, iq, Some(info));
            }
            (ns::DISCO_ITEMS, true, _) if get => {
                let mut items = Element::new(ns::DISCO_ITEMS, "query");
                for room in self.muc.rooms.keys() {
                    items.push(
                        Element::new(ns::DISCO_ITEMS, "item").with_attr("jid", room.as_str()),
                    );
                }
                self.answer(link, iq, Some(items));
            }
            (ns::DISCO_ITEMS, false, Some(room)) if get => {
                let mut items = Element::new(ns::DISCO_ITEMS, "query");
                for nick in room.occupants.keys() {
                    let jid = format!("{address}/{nick}");
                    items.push(Element::new(ns::DISCO_ITEMS, "item").with_attr("jid", &jid));
                }
                self.answer(link, iq, Some(items));
            }
            (_, false, None) => self.refuse(link, iq, "cancel", "item-not-found"),
            (ns::MUC_OWNER, false, Some(room)) => {
                let owns = room.owner.as_ref() == Some(&from.to_bare());
                if !owns {
                    return self.refuse(link, iq, "auth", "forbidden");
                }
                // There is nothing to configure: an empty form, and whatever comes back changes nothing.
                let form = Element::new(ns::DATA_FORMS, "x").with_attr("type", "form");
                let query = Element::new(ns::MUC_OWNER, "query").with_child(form);
                self.answer(link, iq, get.then_some(query));
            }
            (ns::MUC_ADMIN, false, Some(_)) if get => {
                self.answer(link, iq, Some(Element::new(ns::MUC_ADMIN, "query")));
            }
            _ => self.element(link, errors::reply(iq, "cancel", "feature-not-implemented")),
        }
    }
}
