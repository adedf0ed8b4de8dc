//! How a room is configured (XEP-0045 §10).

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
    pub(super) fn form(&self) -> Element {
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
    pub(super) fn with(&self, form: &Element) -> Option<Self> {
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
    pub(super) fn changes(&self, before: &Self) -> &'static [&'static str] {
        match (before.everybody_sees_addresses, self.everybody_sees_addresses) {
            (false, true) => &["104", "172"],
            (true, false) => &["104", "173"],
            _ if self != before => &["104"],
            _ => &[],
        }
    }
}
