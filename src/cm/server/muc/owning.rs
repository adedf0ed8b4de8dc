//! What the owner does: configure the room, which opens it, and destroy it (XEP-0045 §10.1, §10.2, §10.9).

use jid::{BareJid, FullJid};

use super::{Room, Server, status, unavailable};
use crate::cm::backend::Link;
use crate::cm::server::iq::question;
use crate::xml::Element;
use crate::xmpp::ns;

const FORM_TYPE: &str = "http://jabber.org/protocol/muc#roomconfig";
const NAME: &str = "muc#roomconfig_roomname";
const MODERATED: &str = "muc#roomconfig_moderatedroom";
const WHOIS: &str = "muc#roomconfig_whois";

/// The longest name that a room can have, in bytes.
const NAME_LENGTH: usize = 1000;

/// What can be chosen for a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// What people call it; empty where the address says it all.
    pub(super) name: String,
    /// Who enters has no voice.
    pub(super) moderated: bool,
    /// Everybody sees the addresses behind the nicknames, not only moderators.
    pub(super) everybody_sees_addresses: bool,
}

pub(super) fn field(var: &str, kind: &str, label: &str, value: &str) -> Element {
    Element::new(ns::DATA_FORMS, "field")
        .with_attr("var", var)
        .with_attr("type", kind)
        .with_attr_if("label", Some(label).filter(|label| !label.is_empty()))
        .with_child(Element::new(ns::DATA_FORMS, "value").with_text(value))
}

fn option(label: &str, value: &str) -> Element {
    let value = Element::new(ns::DATA_FORMS, "value").with_text(value);
    Element::new(ns::DATA_FORMS, "option").with_attr("label", label).with_child(value)
}

impl Config {
    fn form(&self) -> Element {
        let whois = if self.everybody_sees_addresses { "anyone" } else { "moderators" };
        let whois = field(WHOIS, "list-single", "Who sees the addresses of occupants", whois)
            .with_child(option("Moderators", "moderators"))
            .with_child(option("Anyone", "anyone"));
        let moderated = if self.moderated { "1" } else { "0" };
        let title = Element::new(ns::DATA_FORMS, "title").with_text("The room");
        Element::new(ns::DATA_FORMS, "x")
            .with_attr("type", "form")
            .with_child(title)
            .with_child(field("FORM_TYPE", "hidden", "", FORM_TYPE))
            .with_child(field(NAME, "text-single", "Name", &self.name))
            .with_child(field(MODERATED, "boolean", "Who enters has no voice", moderated))
            .with_child(whois)
    }

    /// With what a form says; none where it says what can't be. Fields that are not known are left aside.
    fn with(&self, form: &Element) -> Option<Self> {
        let mut config = self.clone();
        for field in form.children().filter(|child| child.is(ns::DATA_FORMS, "field")) {
            let value = field.child(ns::DATA_FORMS, "value").map(Element::text).unwrap_or_default();
            match (field.attr("var"), value.as_ref()) {
                (Some("FORM_TYPE"), FORM_TYPE) => {}
                (Some(NAME), name) if name.len() <= NAME_LENGTH => {
                    name.clone_into(&mut config.name);
                }
                (Some(MODERATED), "1" | "true") => config.moderated = true,
                (Some(MODERATED), "0" | "false") => config.moderated = false,
                (Some(WHOIS), "anyone") => config.everybody_sees_addresses = true,
                (Some(WHOIS), "moderators") => config.everybody_sees_addresses = false,
                (Some("FORM_TYPE" | NAME | MODERATED | WHOIS), _) => return None,
                _ => {}
            }
        }
        Some(config)
    }

    /// The codes by which occupants learn that the room is another one now (§10.2.1).
    fn changes(&self, before: &Self) -> &'static [&'static str] {
        match (before.everybody_sees_addresses, self.everybody_sees_addresses) {
            (false, true) => &["104", "172"],
            (true, false) => &["104", "173"],
            _ if self != before => &["104"],
            _ => &[],
        }
    }
}

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
