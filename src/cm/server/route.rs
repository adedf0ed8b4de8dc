//! Messages, and whatever else goes from one user to another (RFC 6121 §8).

use jid::{BareJid, FullJid, Jid};

use super::presence::priority;
use super::{Server, errors};
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

impl Server {
    pub(super) fn message(
        &mut self,
        link: Link,
        from: &FullJid,
        to: Option<Jid>,
        mut message: Element,
    ) {
        let to = to.unwrap_or_else(|| Jid::from(from.to_bare()));
        if message.attr("to").is_none() {
            message.set_attr("", "to", Some(to.as_str()));
        }
        if self.is_room_address(&to) {
            return self.muc_message(link, &to, &message);
        }
        if message.attr("type") == Some("error") && is_undelivered(&message) {
            return self.give_back(from, message);
        }
        self.route_message(Some(link), &to, message);
    }

    /// Delivers a message by the table of RFC 6121 §8.5.
    pub(super) fn route_message(&mut self, sender: Option<Link>, to: &Jid, message: Element) {
        let refuse = |server: &mut Self, condition: &str| {
            if let Some(sender) = sender {
                server.refuse(sender, &message, "cancel", condition);
            }
        };
        let bare = to.to_bare();
        if bare.node().is_none() || !self.serves(bare.domain().as_str()) {
            let known = self.serves(bare.domain().as_str());
            return refuse(
                self,
                if known { "service-unavailable" } else { "remote-server-not-found" },
            );
        }
        if let Ok(full) = to.try_as_full()
            && let Some(link) = self.link_of(full)
        {
            return self.element(link, message);
        }
        let kind = message.attr("type").unwrap_or("normal");
        let to_full = to.try_as_full().is_ok();
        match kind {
            "error" => {}
            "groupchat" => refuse(self, "service-unavailable"),
            // To a resource that is not there only chat goes to the others (§8.5.3.2.1).
            "normal" | "headline" if to_full && !self.has_account(&bare) => {
                refuse(self, "service-unavailable");
            }
            _ => {
                let willing = |stanza: &Element| priority(stanza).is_some_and(|p| p >= 0);
                let links: Vec<Link> = self
                    .resources(&bare)
                    .into_iter()
                    .filter(|(_, presence)| willing(presence))
                    .map(|(link, _)| link)
                    .collect();
                let deaf = to_full && kind == "headline";
                if !deaf && !links.is_empty() {
                    for link in links {
                        self.element(link, message.clone());
                    }
                } else if kind == "headline" {
                    // Nobody is there to read it now, and later it is worth nothing.
                } else if !self.has_account(&bare) || !self.store(&bare, message.clone()) {
                    refuse(self, "service-unavailable");
                }
            }
        }
    }

    /// Keeps a message until its receiver is there. False if there is no room.
    fn store(&mut self, bare: &BareJid, message: Element) -> bool {
        let stamped = self.stamped(message, bare.domain().as_str());
        let most = self.setup.offline;
        let stored = self.offline.entry(bare.clone()).or_default();
        if stored.len() >= most {
            return false;
        }
        stored.push_back(stamped);
        true
    }

    pub(super) fn deliver_offline(&mut self, link: Link, bare: &BareJid) {
        for message in self.offline.remove(bare).into_iter().flatten() {
            self.element(link, message);
        }
    }

    /// The connection manager gives back a message that it could not deliver (XEP-0206 §7): it is kept for the user,
    /// or else its sender is told.
    fn give_back(&mut self, from: &FullJid, error: Element) {
        let bare = from.to_bare();
        let mut original = Element::new(ns::CLIENT, "message")
            .with_attr_if("id", error.attr("id"))
            .with_attr_if("from", error.attr("to"))
            .with_attr("to", from.as_str());
        let content = error.children().filter(|child| !child.is(ns::CLIENT, "error"));
        for child in content.cloned() {
            original.push(child);
        }
        let worth = original.child(ns::CLIENT, "body").is_some();
        if worth {
            original.set_attr("", "type", Some("chat"));
        }
        let sender = error.attr("to").and_then(|to| Jid::new(to).ok());
        let from_room = sender.as_ref().is_some_and(|to| self.is_room_address(to));
        if from_room {
            return;
        }
        let elsewhere: Vec<Link> = {
            let others = self.resources(&bare).into_iter().map(|(link, _)| link);
            others.filter(|link| self.link_of(from) != Some(*link)).collect()
        };
        if worth && !elsewhere.is_empty() {
            for link in elsewhere {
                self.element(link, original.clone());
            }
        } else if !(worth && self.has_account(&bare) && self.store(&bare, original))
            && let Some(sender) = sender.as_ref().and_then(|to| to.try_as_full().ok())
            && let Some(sender) = self.link_of(sender)
        {
            self.element(sender, error);
        }
    }

    /// An iq for another user's resource, or an answer to one.
    pub(super) fn route_iq(&mut self, link: Link, to: &FullJid, iq: &Element) {
        match self.link_of(to) {
            Some(receiver) => self.element(receiver, iq.clone()),
            None => self.refuse(link, iq, "cancel", "service-unavailable"),
        }
    }

    /// Answers an iq with a payload.
    pub(super) fn answer(&mut self, link: Link, iq: &Element, payload: Option<Element>) {
        let mut result = errors::result(iq);
        if let Some(payload) = payload {
            result.push(payload);
        }
        self.element(link, result);
    }
}

fn is_undelivered(message: &Element) -> bool {
    let error = message.child(ns::CLIENT, "error");
    error.is_some_and(|error| error.child(ns::STANZA_ERRORS, "recipient-unavailable").is_some())
}
