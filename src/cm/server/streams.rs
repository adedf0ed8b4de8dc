//! Streams: opened, restarted, bound to a resource, and what comes on them (RFC 6120).

use std::collections::BTreeSet;
use std::time::Duration;

use jid::{BareJid, FullJid, Jid};

use super::errors;
use super::mechanism::{self, Sasl};
use super::state::{Said, Server, State, Stream};
use super::undelivered::Deliveries;
use crate::bosh::Condition;
use crate::cm::backend::{Backend, Command, Event, Link, Opening};
use crate::xml::Element;
use crate::xmpp::ns;

impl Server {
    pub(super) fn open(&mut self, link: Link, opening: &Opening) {
        self.leave(link);
        let domain = match BareJid::new(&opening.to) {
            Ok(jid) if jid.node().is_none() => jid.to_string(),
            _ => return self.say(link, Event::Failed(Condition::HostUnknown)),
        };
        if !self.setup.domains.contains(&domain) {
            return self.say(link, Event::Failed(Condition::HostUnknown));
        }
        let stream = Stream {
            domain,
            lang: opening.lang.clone(),
            features: opening.version.is_some(),
            state: State::Fresh(Sasl::default()),
            anonymous: false,
            failures: 0,
            presence: None,
            directed: BTreeSet::new(),
            delivered: Deliveries::default(),
        };
        self.streams.insert(link, stream);
        self.header(link);
    }

    /// The stream header, and the features that fit how far the stream has come (RFC 6120 §4.3).
    pub(super) fn header(&mut self, link: Link) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let wants = stream.features;
        let from = Some(stream.domain.clone());
        let mut features = Element::new(ns::STREAMS, "features");
        match &mut stream.state {
            State::Fresh(sasl) => {
                *sasl = Sasl::default();
                features.push(mechanism::mechanisms(&self.setup));
            }
            State::Known { restarted, .. } => {
                *restarted = true;
                features.push(Element::new(ns::BIND, "bind"));
                let optional = Element::new(ns::SESSION, "optional");
                features.push(Element::new(ns::SESSION, "session").with_child(optional));
            }
            State::Bound(_) => return self.stream_error(link, "policy-violation"),
        }
        let version = wants.then(|| "1.0".to_owned());
        self.say(link, Event::Opened { from, version });
        if wants {
            self.element(link, features);
        }
    }

    /// The client sent an element.
    pub(super) fn receive(&mut self, link: Link, element: Element) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let stanza = element.namespace() == ns::CLIENT
            && matches!(element.name(), "iq" | "message" | "presence");
        match &stream.state {
            State::Fresh(_) if element.namespace() == ns::SASL => self.authenticate(link, &element),
            State::Fresh(_) | State::Known { restarted: false, .. } if stanza => {
                self.stream_error(link, "not-authorized");
            }
            _ if !stanza => self.stream_error(link, "unsupported-stanza-type"),
            State::Known { user, .. } => {
                let user = user.clone();
                self.before_binding(link, &user, &element);
            }
            State::Bound(from) => {
                let from = from.clone();
                self.stanza(link, &from, element);
            }
            State::Fresh(_) => self.stream_error(link, "not-authorized"),
        }
    }

    /// Only a resource can be asked for (RFC 6120 §7).
    pub(super) fn before_binding(&mut self, link: Link, user: &BareJid, iq: &Element) {
        let Some(bind) = iq.child(ns::BIND, "bind").filter(|_| iq.name() == "iq") else {
            return self.stream_error(link, "not-authorized");
        };
        if iq.attr("type") != Some("set") || iq.attr("id").is_none() {
            return self.element(link, errors::reply(iq, "modify", "bad-request"));
        }
        let wanted = bind.child(ns::BIND, "resource").map(|resource| resource.text().into_owned());
        let wanted = wanted.filter(|text| !text.trim().is_empty());
        let resource = wanted.unwrap_or_else(|| self.random.token(9));
        let Ok(full) = user.with_resource_str(&resource) else {
            return self.element(link, errors::reply(iq, "modify", "bad-request"));
        };
        let resources = self.users.entry(user.clone()).or_default();
        // Who comes later wins (RFC 6120 §7.7.2.2).
        let older = resources.get(full.resource().as_str()).copied();
        if older.is_none() && resources.len() >= self.setup.resources {
            return self.element(link, errors::reply(iq, "wait", "resource-constraint"));
        }
        if let Some(older) = older {
            self.stream_error(older, "conflict");
        }
        let resources = self.users.entry(user.clone()).or_default();
        resources.insert(full.resource().to_string(), link);
        if let Some(stream) = self.streams.get_mut(&link) {
            stream.state = State::Bound(full.clone());
        }
        let jid = Element::new(ns::BIND, "jid").with_text(full.as_str());
        let bind = Element::new(ns::BIND, "bind").with_child(jid);
        self.element(link, errors::result(iq).with_child(bind));
    }

    pub(super) fn stanza(&mut self, link: Link, from: &FullJid, mut stanza: Element) {
        // A client speaks for itself alone (RFC 6120 §8.1.2.1). An error that gives back what was not delivered
        // names itself the same way.
        let claimed = stanza.attr("from").map(Jid::new);
        match claimed {
            None => {}
            Some(Ok(jid)) if jid == *from || jid == from.to_bare() => {}
            Some(_) => return self.stream_error(link, "invalid-from"),
        }
        stanza.set_attr("", "from", Some(from.as_str()));
        let lang = self.streams.get(&link).and_then(|stream| stream.lang.as_deref());
        if stanza.attr_ns(ns::XML, "lang").is_none() && lang.is_some() {
            // Whoever gets it has another stream, with another default (RFC 6120 §8.1.5).
            stanza.set_attr(ns::XML, "lang", lang);
        }
        let to = match stanza.attr("to").map(Jid::new) {
            None => None,
            Some(Ok(to)) => Some(to),
            Some(Err(_)) => {
                stanza.set_attr("", "to", None);
                return self.refuse(link, &stanza, "modify", "jid-malformed");
            }
        };
        match stanza.name() {
            "iq" => self.iq(link, from, to, &stanza),
            "message" => self.message(link, from, to, stanza),
            _ => self.presence(link, from, to, &stanza),
        }
    }

    /// Ends a stream with an error (RFC 6120 §4.9).
    pub(super) fn stream_error(&mut self, link: Link, condition: &str) {
        self.leave(link);
        let condition = Element::new(ns::STREAM_ERRORS, condition);
        self.say(link, Event::Error(Element::new(ns::STREAMS, "error").with_child(condition)));
    }
}

impl Backend for Server {
    fn command(&mut self, link: Link, command: Command, now: Duration) {
        self.now = now;
        match command {
            Command::Open(opening) => self.open(link, &opening),
            Command::Send(element) => self.receive(link, element),
            Command::Restart => self.header(link),
            Command::Close => {
                self.leave(link);
                // What was said to it is not heard any more.
                self.said.retain_mut(|said| said.forget(link));
            }
        }
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        loop {
            let next = self.said.front_mut()?.next();
            if next.is_some() {
                return next;
            }
            if let Some(Said::To(link, event)) = self.said.pop_front() {
                return Some((link, event));
            }
            self.said.shrink_to(64);
        }
    }
}
