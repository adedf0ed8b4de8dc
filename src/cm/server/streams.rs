//! Streams: opened, restarted, bound to a resource, and what comes on them (RFC 6120).

use std::collections::BTreeSet;

use jid::{BareJid, FullJid, Jid};

use super::errors;
use super::mechanism::{self, Sasl};
use super::sasl2;
use super::state::{Said, Server, State, Stream};
use super::undelivered::Deliveries;
use crate::bosh::Condition;
use crate::cm::backend::{Event, Link, Opening};
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
            management: opening.management,
            managed: None,
            asked: None,
            carbons: false,
        };
        self.streams.insert(link, stream);
        self.header(link);
    }

    /// The stream header, and the features that fit how far the stream has come (RFC 6120 §4.3).
    pub(super) fn header(&mut self, link: Link) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let wants = stream.features;
        let from = Some(stream.domain.clone());
        match &mut stream.state {
            State::Fresh(sasl) => *sasl = Sasl::default(),
            State::Known { restarted, .. } => *restarted = true,
            State::Bound(_) => return self.stream_error(link, "policy-violation"),
        }
        let version = wants.then(|| "1.0".to_owned());
        self.say(link, Event::Opened { from, version });
        if wants {
            let features = self.features(link);
            self.element(link, features);
        }
    }

    /// What is left to negotiate on a stream.
    pub(super) fn features(&self, link: Link) -> Element {
        let mut features = Element::new(ns::STREAMS, "features");
        let Some(stream) = self.streams.get(&link) else { return features };
        match &stream.state {
            State::Fresh(_) => {
                features.push(mechanism::mechanisms(&self.setup));
                if stream.management && self.setup.sasl2 {
                    features.push(sasl2::authentication(&self.setup));
                }
                return features;
            }
            State::Known { .. } => {
                features.push(Element::new(ns::BIND, "bind"));
                let optional = Element::new(ns::SESSION, "optional");
                features.push(Element::new(ns::SESSION, "session").with_child(optional));
            }
            State::Bound(_) => {}
        }
        if stream.management && stream.managed.is_none() {
            features.push(Element::new(ns::SM3, "sm"));
        }
        features
    }

    /// The client sent an element.
    pub(super) fn receive(&mut self, link: Link, element: Element) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let stanza = element.namespace() == ns::CLIENT
            && matches!(element.name(), "iq" | "message" | "presence");
        if let Some(managed) = stream.managed.as_mut().filter(|_| stanza) {
            managed.receive();
        }
        match &stream.state {
            _ if element.namespace() == ns::SM3 => self.management(link, &element),
            State::Fresh(_) if element.namespace() == ns::SASL => self.authenticate(link, &element),
            State::Fresh(_) if element.namespace() == ns::SASL2 && stream.management => {
                self.authenticate_at_once(link, &element);
            }
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
        // What cannot be one is replaced rather than refused (RFC 6120 §7.7.2.1).
        let wanted = wanted.filter(|text| !text.trim().is_empty());
        let wanted = wanted.and_then(|wanted| user.with_resource_str(&wanted).ok());
        let full = match wanted {
            Some(full) => full,
            None => match user.with_resource_str(&self.random.token(9)) {
                Ok(full) => full,
                Err(_) => return self.stream_error(link, "internal-server-error"),
            },
        };
        if !self.bind(link, &full) {
            return self.element(link, errors::reply(iq, "wait", "resource-constraint"));
        }
        let jid = Element::new(ns::BIND, "jid").with_text(full.as_str());
        let bind = Element::new(ns::BIND, "bind").with_child(jid);
        self.element(link, errors::result(iq).with_child(bind));
    }

    /// Gives a stream its address, unless its user has too many.
    pub(super) fn bind(&mut self, link: Link, full: &FullJid) -> bool {
        let resources = self.users.entry(full.to_bare()).or_default();
        // Who comes later wins (RFC 6120 §7.7.2.2).
        let older = resources.get(full.resource().as_str()).copied();
        if older.is_none() && resources.len() >= self.setup.resources {
            return false;
        }
        if let Some(older) = older {
            self.stream_error(older, "conflict");
        }
        let resources = self.users.entry(full.to_bare()).or_default();
        resources.insert(full.resource().to_string(), link);
        if let Some(stream) = self.streams.get_mut(&link) {
            stream.state = State::Bound(full.clone());
        }
        true
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
        self.end(link, Self::stream_error_element(condition));
    }

    /// Ends a stream with this error.
    pub(super) fn end(&mut self, link: Link, error: Element) {
        let front = self.fronts.front(link);
        self.leave(link);
        if let Some(front) = front {
            self.said.push_back(Said::Front(front, Event::Error(error)));
        }
    }

    pub(super) fn stream_error_element(condition: &str) -> Element {
        let condition = Element::new(ns::STREAM_ERRORS, condition);
        Element::new(ns::STREAMS, "error").with_child(condition)
    }
}
