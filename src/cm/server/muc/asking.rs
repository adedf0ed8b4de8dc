//! Questions to the room service, to its rooms, and through them to occupants (XEP-0045 §6, XEP-0410).

use jid::{BareJid, FullJid, Jid};

use super::config::field;
use super::room::{Room, from_occupant};
use crate::cm::backend::Link;
use crate::cm::server::iq::{feature, info, question};
use crate::cm::server::state::Server;
use crate::xml::Element;
use crate::xmpp::ns;

/// The node at which a client asks for the nickname that is reserved for it (§7.12).
const RESERVED_NICK: &str = "x-roomuser-item";

impl Server {
    pub(in crate::cm::server) fn muc_iq(
        &mut self,
        link: Link,
        from: &FullJid,
        to: &Jid,
        iq: &Element,
    ) {
        let address = to.to_bare();
        if let Ok(full) = to.try_as_full() {
            return self.muc_ask_occupant(link, &address, full, iq);
        }
        let Some(question) = question(iq) else { return };
        let get = iq.attr("type") == Some("get");
        let at = question.attr("node");
        let Some(room) = self.muc.rooms.get(&address) else {
            return match address.node() {
                None => self.muc_ask_service(link, question, iq),
                Some(_) => self.refuse(link, iq, "cancel", "item-not-found"),
            };
        };
        // What owners and moderators give as a reason is shown to everybody.
        if matches!(question.namespace(), ns::MUC_OWNER | ns::MUC_ADMIN) && self.is_too_large(iq) {
            return self.refuse(link, iq, "modify", "policy-violation");
        }
        match question.namespace() {
            ns::PING if get => self.answer(link, iq, None),
            ns::DISCO_INFO if get && at == Some(RESERVED_NICK) => {
                let none = Element::new(ns::DISCO_INFO, "query").with_attr("node", RESERVED_NICK);
                self.answer(link, iq, Some(none));
            }
            ns::DISCO_INFO | ns::DISCO_ITEMS if get && at.is_some() => {
                self.refuse(link, iq, "cancel", "item-not-found");
            }
            ns::DISCO_INFO if get => {
                let described = room.about(&address);
                self.answer(link, iq, Some(described));
            }
            ns::DISCO_ITEMS if get => {
                let mut items = Element::new(ns::DISCO_ITEMS, "query");
                for nick in room.occupants.keys() {
                    let jid = format!("{address}/{nick}");
                    items.push(Element::new(ns::DISCO_ITEMS, "item").with_attr("jid", &jid));
                }
                self.answer(link, iq, Some(items));
            }
            ns::MUC_OWNER => self.muc_own(link, from, &address, iq),
            ns::MUC_ADMIN => self.muc_moderate(link, from, &address, iq),
            _ => self.refuse(link, iq, "cancel", "service-unavailable"),
        }
    }

    fn muc_ask_service(&mut self, link: Link, question: &Element, iq: &Element) {
        let get = iq.attr("type") == Some("get");
        match question.namespace() {
            ns::PING if get => self.answer(link, iq, None),
            ns::DISCO_INFO | ns::DISCO_ITEMS if get && question.attr("node").is_some() => {
                self.refuse(link, iq, "cancel", "item-not-found");
            }
            ns::DISCO_INFO if get => {
                let features = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING, ns::MUC].map(feature);
                self.answer(link, iq, Some(info("conference", "text", "Rooms", features)));
            }
            ns::DISCO_ITEMS if get => {
                let service = iq.attr("to").and_then(|to| Jid::new(to).ok());
                let mut items = Element::new(ns::DISCO_ITEMS, "query");
                for (address, room) in &self.muc.rooms {
                    if service.as_ref().is_some_and(|to| to.domain() == address.domain()) {
                        let item = Element::new(ns::DISCO_ITEMS, "item")
                            .with_attr("jid", address.as_str())
                            .with_attr("name", &room.name(address));
                        items.push(item);
                    }
                }
                self.answer(link, iq, Some(items));
            }
            _ => self.refuse(link, iq, "cancel", "service-unavailable"),
        }
    }

    /// Goes on to the occupant, in the asker's nickname; so do answers. To ask oneself whether one is still in the room
    /// is answered here (XEP-0410 §3.3).
    fn muc_ask_occupant(&mut self, link: Link, address: &BareJid, to: &FullJid, iq: &Element) {
        let room = self.muc.rooms.get(address);
        let Some((room, nick)) = room.and_then(|room| Some((room, room.nick_of(link)?))) else {
            return self.refuse(link, iq, "modify", "not-acceptable");
        };
        let Some(receiver) = room.occupants.get(to.resource().as_str()) else {
            return self.refuse(link, iq, "cancel", "item-not-found");
        };
        let asks = question(iq).map(Element::namespace);
        match asks {
            Some(ns::PING) if receiver.link == link && iq.attr("type") == Some("get") => {
                self.answer(link, iq, None);
            }
            // A vCard is a matter of the account, and none has one.
            Some(ns::VCARD) => self.refuse(link, iq, "cancel", "service-unavailable"),
            _ => {
                let stanza = from_occupant(iq, address, &nick, &receiver.jid);
                let receiver = receiver.link;
                self.element(receiver, stanza);
            }
        }
    }
}

impl Room {
    /// What people call it.
    fn name(&self, address: &BareJid) -> String {
        match self.config.name.as_str() {
            "" => address.node().map(ToString::to_string).unwrap_or_default(),
            name => name.to_owned(),
        }
    }

    /// What it is and can do (§6.4).
    fn about(&self, address: &BareJid) -> Element {
        let features = [
            ns::DISCO_INFO,
            ns::DISCO_ITEMS,
            ns::PING,
            ns::MUC,
            ns::MUC_STABLE_ID,
            ns::MUC_SELF_PING,
            "muc_open",
            "muc_public",
            "muc_temporary",
            "muc_unsecured",
            if self.config.moderated { "muc_moderated" } else { "muc_unmoderated" },
            if self.config.everybody_sees_addresses {
                "muc_nonanonymous"
            } else {
                "muc_semianonymous"
            },
        ];
        // More about it (§6.4): who has voice may change the subject.
        let count = self.occupants.len().to_string();
        let form = Element::new(ns::DATA_FORMS, "x")
            .with_attr("type", "result")
            .with_child(field("FORM_TYPE", "hidden", "", "http://jabber.org/protocol/muc#roominfo"))
            .with_child(field("muc#roominfo_occupants", "text-single", "", &count))
            .with_child(field("muc#roominfo_changesubject", "boolean", "", "1"));
        info("conference", "text", &self.name(address), features.map(feature)).with_child(form)
    }
}
