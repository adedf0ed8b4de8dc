//! Presence (RFC 6121 §4): who is there, and who is told.

use std::collections::BTreeSet;

use jid::{BareJid, FullJid, Jid};

use super::route::priority;
use super::state::{Server, State};
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

impl Server {
    pub(super) fn presence(
        &mut self,
        link: Link,
        from: &FullJid,
        to: Option<Jid>,
        presence: &Element,
    ) {
        if self.is_too_large(presence) {
            return self.refuse(link, presence, "modify", "policy-violation");
        }
        let kind = presence.attr("type").map(str::to_owned);
        if let Some(to) = &to
            && !self.is_room_address(to)
            && !self.serves(to.domain().as_str())
        {
            return self.refuse(link, presence, "cancel", "remote-server-not-found");
        }
        match (kind.as_deref(), to) {
            (None | Some("unavailable"), Some(to)) => self.directed(link, from, &to, presence),
            (None, None) => self.available(link, from, presence),
            (Some("unavailable"), None) => self.unavailable(link, presence),
            (Some("probe"), Some(to)) => self.probe(link, from, &to),
            (Some("subscribe"), Some(to)) => self.subscribe(link, from, &to.to_bare()),
            (Some("error"), Some(to)) => {
                if let Some(receiver) = to.try_as_full().ok().and_then(|full| self.link_of(full)) {
                    self.element(receiver, presence.clone());
                }
            }
            // What would have to be answered or withdrawn is settled: see `subscribe`.
            (Some("subscribed" | "unsubscribe" | "unsubscribed" | "error"), _) => {}
            _ => self.refuse(link, presence, "modify", "bad-request"),
        }
    }

    /// The accounts know each other, and nobody else can be subscribed to. Whoever is not known says nothing, as who is
    /// not there does (RFC 6121 §8.5.1): so accounts cannot be told from names that nobody has.
    fn subscribe(&mut self, link: Link, from: &FullJid, to: &BareJid) {
        if !self.knows(&from.to_bare(), to) {
            return;
        }
        let answer = Element::new(ns::CLIENT, "presence")
            .with_attr("type", "subscribed")
            .with_attr("from", to.as_str())
            .with_attr("to", from.to_bare().as_str());
        self.element(link, answer);
    }

    fn available(&mut self, link: Link, from: &FullJid, presence: &Element) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let first = stream.presence.is_none();
        if priority(presence).is_none() {
            return self.refuse(link, presence, "modify", "bad-request");
        }
        stream.presence = Some(presence.detached());
        self.broadcast(from, presence);
        if first {
            let bare = from.to_bare();
            for contact in self.contacts(&bare) {
                self.probe(link, from, &Jid::from(contact));
            }
            let own = self.resources(&bare);
            for (_, stanza) in own.into_iter().filter(|(other, _)| *other != link) {
                self.element(link, addressed(stanza, from.as_str()));
            }
        }
        if priority(presence).is_some_and(|priority| priority >= 0) {
            self.deliver_offline(link, &from.to_bare());
        }
    }

    /// Tells the contacts, and the user's own resources, this one included. Returns who was told.
    fn broadcast(&mut self, from: &FullJid, presence: &Element) -> BTreeSet<Link> {
        let mut told = BTreeSet::new();
        let mut copies = Vec::new();
        let mut receivers = self.contacts(&from.to_bare());
        receivers.push(from.to_bare());
        for receiver in receivers {
            for (other, _) in self.resources(&receiver) {
                told.insert(other);
                copies.push((other, Some(receiver.to_string())));
            }
        }
        self.copies(presence.clone(), copies);
        told
    }

    fn unavailable(&mut self, link: Link, presence: &Element) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let State::Bound(from) = &stream.state else { return };
        let from = from.clone();
        let was = stream.presence.take().is_some();
        let directed = std::mem::take(&mut stream.directed);
        let mut told = if was { self.broadcast(&from, presence) } else { BTreeSet::new() };
        // Who was addressed besides is told as well (RFC 6121 §4.6.3), but nobody twice.
        for to in directed {
            for other in self.links_at(&to) {
                if told.insert(other) {
                    self.element(other, addressed(presence.clone(), to.as_str()));
                }
            }
        }
        self.muc_gone(link, presence);
    }

    fn directed(&mut self, link: Link, from: &FullJid, to: &Jid, presence: &Element) {
        if self.is_room_address(to) {
            return self.muc_presence(link, from, to, presence);
        }
        let exists = self.exists(&to.to_bare());
        let Some(stream) = self.streams.get_mut(&link) else { return };
        if presence.attr("type").is_some() {
            stream.directed.remove(to);
        } else if stream.directed.len() >= self.setup.directed && !stream.directed.contains(to) {
            return self.refuse(link, presence, "wait", "resource-constraint");
        } else if exists {
            stream.directed.insert(to.clone());
        }
        for other in self.links_at(to) {
            self.element(other, presence.clone());
        }
    }

    /// Who hears what is addressed to this user, or to this resource.
    fn links_at(&self, to: &Jid) -> Vec<Link> {
        match to.try_as_full() {
            Ok(full) => self.link_of(full).into_iter().collect(),
            Err(bare) => self.resources(bare).into_iter().map(|(link, _)| link).collect(),
        }
    }

    fn probe(&mut self, link: Link, from: &FullJid, to: &Jid) {
        let to = to.to_bare();
        if !self.knows(&from.to_bare(), &to) {
            return;
        }
        for (_, stanza) in self.resources(&to) {
            self.element(link, addressed(stanza, from.as_str()));
        }
    }

    /// The stream is over: whoever saw the client is told, once.
    pub(super) fn leave(&mut self, link: Link) {
        self.settle(link);
        let Some(stream) = self.streams.get(&link) else { return };
        if let State::Bound(from) = &stream.state {
            let from = from.clone();
            let gone = Element::new(ns::CLIENT, "presence")
                .with_attr("type", "unavailable")
                .with_attr("from", from.as_str());
            self.unavailable(link, &gone);
            let bare = from.to_bare();
            if let Some(resources) = self.users.get_mut(&bare) {
                if resources.get(from.resource().as_str()) == Some(&link) {
                    resources.remove(from.resource().as_str());
                }
                if resources.is_empty() {
                    self.users.remove(&bare);
                }
            }
        }
        self.streams.remove(&link);
    }

    /// The accounts that an account knows: all others of its domain.
    pub(super) fn contacts(&self, bare: &BareJid) -> Vec<BareJid> {
        if !self.has_account(bare) {
            return Vec::new();
        }
        let others = self.setup.accounts.iter().filter_map(|account| {
            BareJid::new(&format!("{}@{}", account.user, bare.domain())).ok()
        });
        others.filter(|other| other != bare).collect()
    }

    pub(super) fn knows(&self, one: &BareJid, other: &BareJid) -> bool {
        one == other || self.contacts(one).contains(other)
    }

    /// The available resources of a user with their presences.
    pub(super) fn resources(&self, bare: &BareJid) -> Vec<(Link, Element)> {
        let Some(resources) = self.users.get(bare) else { return Vec::new() };
        let presence = |link: &Link| self.streams.get(link)?.presence.clone();
        resources.values().filter_map(|link| Some((*link, presence(link)?))).collect()
    }

    /// The stream of a full address.
    pub(super) fn link_of(&self, full: &FullJid) -> Option<Link> {
        self.users.get(&full.to_bare())?.get(full.resource().as_str()).copied()
    }
}

fn addressed(mut stanza: Element, to: &str) -> Element {
    stanza.set_attr("", "to", Some(to));
    stanza
}
