//! What the owner does: configure the room, which opens it, and destroy it (XEP-0045 §10.1, §10.2, §10.9).

use jid::{BareJid, FullJid};

use super::room::{Room, status, unavailable};
use crate::cm::backend::Link;
use crate::cm::server::iq::question;
use crate::cm::server::state::Server;
use crate::xml::Element;
use crate::xmpp::ns;

impl Server {
    /// A question or a demand of muc#owner.
    pub(super) fn muc_own(&mut self, link: Link, from: &FullJid, address: &BareJid, iq: &Element) {
        let Some(room) = self.muc.rooms.get_mut(address) else { return };
        if !room.owns(from) {
            return self.refuse(link, iq, "auth", "forbidden");
        }
        let query = question(iq).filter(|query| query.name() == "query");
        let content = query.and_then(|query| query.children().next());
        match (iq.attr("type"), content) {
            (Some("get"), None) => {
                let query = Element::new(ns::MUC_OWNER, "query").with_child(room.config.form());
                self.answer(link, iq, Some(query));
            }
            (Some("set"), Some(destroy)) if destroy.is(ns::MUC_OWNER, "destroy") => {
                self.muc_destroy(address, Some(destroy));
                self.answer(link, iq, None);
            }
            (Some("set"), Some(form)) if form.is(ns::DATA_FORMS, "x") => match form.attr("type") {
                // Who does not want to configure a new room does not want the room (§10.1.3).
                Some("cancel") if room.locked => {
                    self.muc_destroy(address, None);
                    self.answer(link, iq, None);
                }
                Some("cancel") => self.answer(link, iq, None),
                Some("submit") => match room.config.with(form) {
                    None => self.refuse(link, iq, "modify", "not-acceptable"),
                    Some(config) => {
                        room.locked = false;
                        let before = std::mem::replace(&mut room.config, config);
                        let codes = room.config.changes(&before);
                        let told = room.told_of_change(address, codes);
                        self.answer(link, iq, None);
                        self.tell(told);
                    }
                },
                _ => self.refuse(link, iq, "modify", "bad-request"),
            },
            _ => self.refuse(link, iq, "modify", "bad-request"),
        }
    }

    /// Everybody is told once, of nobody but oneself, and the room is no more.
    fn muc_destroy(&mut self, address: &BareJid, destroy: Option<&Element>) {
        let Some(room) = self.muc.rooms.remove(address) else { return };
        let mut destroy =
            destroy.cloned().unwrap_or_else(|| Element::new(ns::MUC_OWNER, "destroy"));
        destroy.move_namespace(ns::MUC_OWNER, ns::MUC_USER);
        for (nick, who) in &room.occupants {
            let item = Element::new(ns::MUC_USER, "item")
                .with_attr("affiliation", "none")
                .with_attr("role", "none");
            let about = Element::new(ns::MUC_USER, "x")
                .with_child(item)
                .with_child(destroy.clone())
                .with_child(status("110"));
            let gone = unavailable()
                .with_attr("from", &format!("{address}/{nick}"))
                .with_attr("to", who.jid.as_str())
                .with_child(about);
            self.element(who.link, gone);
        }
    }
}

impl Room {
    fn told_of_change(&self, address: &BareJid, codes: &[&str]) -> Vec<(Link, Element)> {
        if codes.is_empty() {
            return Vec::new();
        }
        let mut about = Element::new(ns::MUC_USER, "x");
        for code in codes {
            about.push(status(code));
        }
        let message = Element::new(ns::CLIENT, "message")
            .with_attr("type", "groupchat")
            .with_attr("from", address.as_str())
            .with_child(about);
        let told = |to: &FullJid| message.clone().with_attr("to", to.as_str());
        self.occupants.values().map(|who| (who.link, told(&who.jid))).collect()
    }
}
