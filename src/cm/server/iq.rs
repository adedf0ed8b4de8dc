//! Questions that the server answers itself, for itself and for its users.

use jid::{FullJid, Jid};

use super::state::{Server, State};
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

/// What the server can do (XEP-0030).
const FEATURES: [&str; 8] = [
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::PING,
    ns::ROSTER,
    ns::VERSION,
    ns::TIME,
    ns::CARBONS,
    "msgoffline",
];

impl Server {
    pub(super) fn iq(&mut self, link: Link, from: &FullJid, to: Option<Jid>, iq: &Element) {
        let kind = iq.attr("type");
        let children = iq.children().count();
        let sound = iq.attr("id").is_some()
            && match kind {
                Some("get" | "set") => children == 1,
                Some("result") => children <= 1,
                Some("error") => true,
                _ => false,
            };
        if !sound {
            // An answer is never answered.
            return self.refuse(link, iq, "modify", "bad-request");
        }
        let own = from.to_bare();
        match to {
            Some(to) if self.is_room_address(&to) => self.muc_iq(link, from, &to, iq),
            Some(to) if !self.serves(to.domain().as_str()) => {
                self.refuse(link, iq, "cancel", "remote-server-not-found");
            }
            Some(to) => match to.try_into_full() {
                Ok(full) => self.route_iq(link, &full, iq),
                Err(bare) if bare.node().is_none() => self.ask_server(link, iq),
                Err(bare) => self.ask_account(link, iq, bare == own, self.knows(&own, &bare)),
            },
            None => {
                let server =
                    iq.children().next().is_some_and(|child| child.namespace() == ns::PING);
                if server {
                    self.ask_server(link, iq);
                } else {
                    self.ask_account(link, iq, true, true);
                }
            }
        }
    }

    fn ask_server(&mut self, link: Link, iq: &Element) {
        let Some(question) = question(iq) else { return };
        let domain =
            self.streams.get(&link).map(|stream| stream.domain.clone()).unwrap_or_default();
        match (question.namespace(), iq.attr("type")) {
            // The session of RFC 3921 §3 is asked for at the domain. A stream that is bound has all it needs.
            (ns::PING, Some("get")) | (ns::SESSION, Some("set")) => self.answer(link, iq, None),
            (ns::DISCO_INFO | ns::DISCO_ITEMS, Some("get")) if question.attr("node").is_some() => {
                self.refuse(link, iq, "cancel", "item-not-found");
            }
            (ns::DISCO_INFO, Some("get")) => {
                let features = FEATURES.map(feature);
                let info = info("server", "im", "xmppscope", features);
                self.answer(link, iq, Some(info));
            }
            (ns::DISCO_ITEMS, Some("get")) => {
                let room_service = Element::new(ns::DISCO_ITEMS, "item")
                    .with_attr("jid", &format!("conference.{domain}"))
                    .with_attr("name", "Rooms");
                let items = Element::new(ns::DISCO_ITEMS, "query").with_child(room_service);
                self.answer(link, iq, Some(items));
            }
            (ns::VERSION, Some("get")) => {
                let text = |name: &str, text: &str| Element::new(ns::VERSION, name).with_text(text);
                let version = Element::new(ns::VERSION, "query")
                    .with_child(text("name", "xmppscope"))
                    .with_child(text("version", env!("CARGO_PKG_VERSION")));
                self.answer(link, iq, Some(version));
            }
            (ns::TIME, Some("get")) => {
                let text = |name: &str, text: &str| Element::new(ns::TIME, name).with_text(text);
                let time = Element::new(ns::TIME, "time")
                    .with_child(text("tzo", "+00:00"))
                    .with_child(text("utc", &self.stamp()));
                self.answer(link, iq, Some(time));
            }
            _ => self.refuse(link, iq, "cancel", "service-unavailable"),
        }
    }

    /// A question to a user's account, which the server answers for it. Who is not known there learns nothing, not even
    /// whether there is such an account (XEP-0030 §8).
    fn ask_account(&mut self, link: Link, iq: &Element, own: bool, known: bool) {
        let Some(question) = question(iq) else { return };
        let get = iq.attr("type") == Some("get");
        match (question.namespace(), own) {
            _ if !known => self.refuse(link, iq, "cancel", "service-unavailable"),
            (ns::SESSION, true) if !get => self.answer(link, iq, None),
            (ns::ROSTER, true) if get => {
                let roster = self.roster(link);
                self.answer(link, iq, Some(roster));
            }
            // The accounts know each other, whatever a client would like; and a stream has one resource.
            (ns::ROSTER | ns::BIND, true) => self.refuse(link, iq, "cancel", "not-allowed"),
            (ns::ROSTER, false) => self.refuse(link, iq, "auth", "forbidden"),
            (ns::PING, _) if get => self.answer(link, iq, None),
            (ns::DISCO_INFO | ns::DISCO_ITEMS, _) if get && question.attr("node").is_some() => {
                self.refuse(link, iq, "cancel", "item-not-found");
            }
            (ns::DISCO_INFO, _) if get => {
                let features = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING].map(feature);
                let anonymous = self.streams.get(&link).is_some_and(|stream| stream.anonymous);
                let kind = if own && anonymous { "anonymous" } else { "registered" };
                self.answer(link, iq, Some(info("account", kind, "", features)));
            }
            (ns::DISCO_ITEMS, _) if get => {
                let items = Element::new(ns::DISCO_ITEMS, "query");
                self.answer(link, iq, Some(items));
            }
            (ns::CARBONS, true) if !get => {
                let question = question.clone();
                if self.want_carbons(link, &question) {
                    self.answer(link, iq, None);
                } else {
                    self.refuse(link, iq, "modify", "bad-request");
                }
            }
            (ns::PRIVATE, true) if get => {
                let nothing = question.clone();
                self.answer(link, iq, Some(nothing));
            }
            // No vCard (XEP-0054: the same for who has none and for who is not there), no PEP, and nothing else.
            _ => self.refuse(link, iq, "cancel", "service-unavailable"),
        }
    }

    fn roster(&self, link: Link) -> Element {
        let mut roster = Element::new(ns::ROSTER, "query");
        let Some(State::Bound(from)) = self.streams.get(&link).map(|stream| &stream.state) else {
            return roster;
        };
        for contact in self.contacts(&from.to_bare()) {
            let name = contact.node().map(ToString::to_string);
            let item = Element::new(ns::ROSTER, "item")
                .with_attr("jid", contact.as_str())
                .with_attr_if("name", name.as_deref())
                .with_attr("subscription", "both");
            roster.push(item);
        }
        roster
    }
}

/// What an iq asks; answers ask nothing.
pub(super) fn question(iq: &Element) -> Option<&Element> {
    iq.children().next().filter(|_| matches!(iq.attr("type"), Some("get" | "set")))
}

pub(super) fn feature(var: &str) -> Element {
    Element::new(ns::DISCO_INFO, "feature").with_attr("var", var)
}

/// An answer to disco#info.
pub(super) fn info(
    category: &str,
    kind: &str,
    name: &str,
    features: impl IntoIterator<Item = Element>,
) -> Element {
    let identity = Element::new(ns::DISCO_INFO, "identity")
        .with_attr("category", category)
        .with_attr("type", kind)
        .with_attr_if("name", Some(name).filter(|name| !name.is_empty()));
    let mut info = Element::new(ns::DISCO_INFO, "query").with_child(identity);
    features.into_iter().for_each(|feature| info.push(feature));
    info
}
