//! Messages, and whatever else goes from one user to another (RFC 6121 §8).

use jid::{BareJid, FullJid, Jid};

use super::carbons::Copied;
use super::errors;
use super::setup::Setup;
use super::state::Server;
use super::undelivered::{Delivered, Kind, is_undelivered};
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
        if is_undelivered(&message)
            && let Some(delivered) = self.recall(link, &message)
        {
            return self.give_back(link, from, &to, &message, delivered);
        }
        if self.is_room_address(&to) {
            return self.muc_message(link, from, &to, &message);
        }
        match self.route_message(&from.to_bare(), &to, &message) {
            // Who writes to oneself gets it anyway.
            Ok(()) if to.to_bare() == from.to_bare() => {}
            Ok(()) => self.copy_to_own(&from.to_bare(), &[link], &message, Copied::Sent),
            Err(condition) => self.refuse(link, &message, "cancel", condition),
        }
    }

    /// Delivers a message by the rules of RFC 6121 §8.5. For an account that is away it is kept only if it knows who
    /// wrote it (`by`): others must not tell accounts from names that nobody has.
    ///
    /// # Errors
    /// The condition with which it has to be refused.
    pub(super) fn route_message(
        &mut self,
        by: &BareJid,
        to: &Jid,
        message: &Element,
    ) -> Result<(), &'static str> {
        let bare = to.to_bare();
        if !self.serves(bare.domain().as_str()) {
            return Err("remote-server-not-found");
        }
        if bare.node().is_none() {
            return Err("service-unavailable");
        }
        let full = to.try_as_full().ok();
        if let Some(link) = full.and_then(|full| self.link_of(full)) {
            self.deliver(&[link], message);
            self.copy_to_own(&bare, &[link], message, Copied::Received);
            return Ok(());
        }
        match (Kind::of(message), full.is_some()) {
            // To a resource that is not there: only chat goes on as if it were for the user (§8.5.3.2.1).
            (Kind::Error, _) | (Kind::Headline, true) => {}
            (Kind::Groupchat, _) | (Kind::Normal, true) => return Err("service-unavailable"),
            // If nobody is there to read it now, it is worth nothing later.
            (Kind::Headline, false) => self.deliver(&self.willing(&bare), message),
            (Kind::Chat, _) | (Kind::Normal, false) => {
                let links = self.willing(&bare);
                if !links.is_empty() {
                    self.deliver(&links, message);
                } else if !self.knows(by, &bare) || !self.store(&bare, message) {
                    return Err("service-unavailable");
                }
            }
        }
        Ok(())
    }

    /// Sends a message to streams, and remembers what may come back from each.
    pub(super) fn deliver(&mut self, links: &[Link], message: &Element) {
        self.remember(links.iter().copied(), message, links.len() > 1);
        self.copies(message.clone(), links.iter().map(|link| (*link, None)));
    }

    /// Remembers what may come back from these streams; `shared`, if any of them is enough.
    pub(super) fn remember(
        &mut self,
        links: impl Iterator<Item = Link>,
        message: &Element,
        shared: bool,
    ) {
        let delivered = Delivered::new(message, shared);
        for link in links {
            if let Some(stream) = self.streams.get_mut(&link) {
                stream.delivered.push(delivered);
            }
        }
    }

    /// The resources that want messages for the user: those whose priority is not negative.
    pub(super) fn willing(&self, bare: &BareJid) -> Vec<Link> {
        let all = self.resources(bare).into_iter();
        let willing = |presence: &Element| priority(presence).is_some_and(|p| p >= 0);
        all.filter(|(_, presence)| willing(presence)).map(|(link, _)| link).collect()
    }

    /// Keeps a message until its receiver is there (XEP-0160). False if it is not to be kept, or there is no room.
    pub(super) fn store(&mut self, bare: &BareJid, message: &Element) -> bool {
        if !self.has_account(bare) || !is_worth_keeping(message) {
            return false;
        }
        let domain = bare.domain().as_str();
        let is_stamp =
            |child: &Element| child.is(ns::DELAY, "delay") && child.attr("from") == Some(domain);
        let message = if message.children().any(is_stamp) {
            message.clone()
        } else {
            self.stamped(message.clone(), domain)
        };
        let Setup { offline, offline_bytes, .. } = self.setup;
        let stored = self.offline.entry(bare.clone()).or_default();
        let bytes = stored.iter().map(Element::footprint).sum::<usize>() + message.footprint();
        if stored.len() >= offline || bytes > offline_bytes {
            return false;
        }
        stored.push_back(message.detached());
        true
    }

    pub(super) fn deliver_offline(&mut self, link: Link, bare: &BareJid) {
        for message in self.offline.remove(bare).into_iter().flatten() {
            self.deliver(&[link], &message);
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

/// The priority of an available presence; none where it is no number from -128 to 127.
pub(super) fn priority(presence: &Element) -> Option<i8> {
    match presence.child(ns::CLIENT, "priority") {
        None => Some(0),
        Some(priority) => priority.text().trim().parse().ok(),
    }
}

/// Whether a message says something that is still of interest later (XEP-0160 §3): a chat state alone does not, and
/// a sender may ask that a message is not kept (XEP-0334).
fn is_worth_keeping(message: &Element) -> bool {
    let passing = |child: &Element| {
        matches!(child.namespace(), ns::CHAT_STATES | ns::HINTS) || child.is(ns::CLIENT, "thread")
    };
    matches!(Kind::of(message), Kind::Normal | Kind::Chat)
        && message.child(ns::HINTS, "no-store").is_none()
        && message.children().any(|child| !passing(child))
}
