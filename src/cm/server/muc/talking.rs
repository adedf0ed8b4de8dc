//! Messages in a room: to all, to one occupant, the subject, and invitations (XEP-0045 §7.4, §7.5, §7.8, §8.1).

use jid::{BareJid, FullJid, Jid};

use super::room::{Role, from_occupant};
use crate::cm::backend::Link;
use crate::cm::server::errors;
use crate::cm::server::state::Server;
use crate::xml::Element;
use crate::xmpp::ns;

impl Server {
    pub(in crate::cm::server) fn muc_message(
        &mut self,
        link: Link,
        from: &FullJid,
        to: &Jid,
        message: &Element,
    ) {
        let address = to.to_bare();
        let kind = message.attr("type");
        let Some(room) = self.muc.rooms.get(&address) else {
            return self.refuse(link, message, "cancel", "item-not-found");
        };
        let about = message.child(ns::MUC_USER, "x");
        let carries = |name: &str| about.and_then(|x| x.child(ns::MUC_USER, name)).cloned();
        if let Some(decline) = carries("decline") {
            return self.muc_carry(link, from, &address, message, &decline);
        }
        let Some(nick) = room.nick_of(link) else {
            return self.refuse(link, message, "modify", "not-acceptable");
        };
        if let Ok(full) = to.try_as_full() {
            if kind == Some("groupchat") {
                return self.refuse(link, message, "modify", "bad-request");
            }
            let Some(receiver) = room.occupants.get(full.resource().as_str()).cloned() else {
                return self.refuse(link, message, "cancel", "item-not-found");
            };
            // The mark by which a client knows a private message (§7.5).
            let private = match kind {
                // Many may come back at once: without what was sent.
                Some("error") => {
                    from_occupant(&errors::bare(message), &address, &nick, &receiver.jid)
                }
                _ => from_occupant(message, &address, &nick, &receiver.jid),
            };
            let private = private.with_child(Element::new(ns::MUC_USER, "x"));
            return self.element(receiver.link, private);
        }
        match kind {
            Some("groupchat") => self.muc_say(link, &address, &nick, message),
            Some("error") => {}
            _ => match carries("invite") {
                Some(invite) => self.muc_carry(link, from, &address, message, &invite),
                None => self.refuse(link, message, "modify", "bad-request"),
            },
        }
    }

    fn muc_say(&mut self, link: Link, address: &BareJid, nick: &str, message: &Element) {
        let Some(room) = self.muc.rooms.get(address) else { return };
        let Some(speaker) = room.occupants.get(nick) else { return };
        if speaker.role < Role::Participant {
            return self.refuse(link, message, "auth", "forbidden");
        }
        let has = |name: &str| message.child(ns::CLIENT, name).is_some();
        let is_subject = has("subject") && !has("body") && !has("thread");
        if is_subject && self.is_too_large(message) {
            return self.refuse(link, message, "modify", "policy-violation");
        }
        let said = from_occupant(message, address, nick, &speaker.jid);
        let everybody = room.occupants.values();
        let everybody = everybody.map(|who| (who.link, Some(who.jid.to_string())));
        let everybody: Vec<_> = everybody.collect();
        // It goes back to nobody: a room does not say who did not hear.
        self.remember(everybody.iter().map(|(link, _)| *link), &said, false);
        self.copies(said.clone(), everybody);
        let stamped = self.stamped(said.clone(), address.as_str());
        let (now, most) = (self.now, self.setup.history_bytes);
        let Some(room) = self.muc.rooms.get_mut(address) else { return };
        if has("body") {
            room.history.keep(now, &stamped, most);
        } else if is_subject {
            room.subject = Some(said.detached());
        }
    }

    /// An invitation, or what is answered to one, goes on in the name of the room (§7.8.2).
    fn muc_carry(
        &mut self,
        link: Link,
        from: &FullJid,
        address: &BareJid,
        message: &Element,
        content: &Element,
    ) {
        let Some(Ok(to)) = content.attr("to").map(Jid::new) else {
            return self.refuse(link, message, "modify", "jid-malformed");
        };
        let inviter = from.to_bare();
        let known = self.knows(&inviter, &to.to_bare());
        if self.is_room_address(&to) || !known && !self.users.contains_key(&to.to_bare()) {
            return self.refuse(link, message, "cancel", "item-not-found");
        }
        let mut content = content.clone();
        content.set_attr("", "to", None);
        content.set_attr("", "from", Some(from.as_str()));
        let carried = Element::new(ns::CLIENT, "message")
            .with_attr_if("id", message.attr("id"))
            .with_attr("from", address.as_str())
            .with_attr("to", to.as_str())
            .with_child(Element::new(ns::MUC_USER, "x").with_child(content));
        if let Err(condition) = self.route_message(&inviter, &to, &carried) {
            // Somebody who is not known must not learn more than of a name that nobody has.
            let condition = if known { condition } else { "item-not-found" };
            self.refuse(link, message, "cancel", condition);
        }
    }
}
