//! Login in one exchange: SASL2 (XEP-0388), with a resource (Bind 2, XEP-0386) or a resumed stream (XEP-0198 §9) inside.

use jid::BareJid;

use super::management::{Resumption, failed};
use super::mechanism::offered;
use super::setup::Setup;
use super::state::{Said, Server, State};
use crate::cm::backend::{Event, Link};
use crate::xml::Element;
use crate::xmpp::ns;

/// The longest tag of a client that becomes part of its resource.
const TAG: usize = 64;

/// The feature of a stream that may be managed.
pub(super) fn authentication(setup: &Setup) -> Element {
    let feature = |var| Element::new(ns::BIND2, "feature").with_attr("var", var);
    let within = Element::new(ns::BIND2, "inline")
        .with_child(feature(ns::SM3))
        .with_child(feature(ns::CARBONS));
    let inline = Element::new(ns::SASL2, "inline")
        .with_child(Element::new(ns::BIND2, "bind").with_child(within))
        .with_child(Element::new(ns::SM3, "sm"));
    let mut authentication = Element::new(ns::SASL2, "authentication");
    for (name, _) in offered(setup) {
        authentication.push(Element::new(ns::SASL2, "mechanism").with_text(name));
    }
    authentication.with_child(inline)
}

impl Server {
    /// An element of SASL2 has come. The exchange is that of SASL in other words.
    pub(super) fn authenticate_at_once(&mut self, link: Link, element: &Element) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let said = |name, text: &str| Element::new(ns::SASL, name).with_text(text);
        let same = match element.name() {
            "authenticate" => {
                stream.asked = Some(Box::new(element.detached()));
                let first = element.child(ns::SASL2, "initial-response");
                let first = first.map(|first| first.text().trim().to_owned());
                let first = first.map(|text| if text.is_empty() { "=".to_owned() } else { text });
                said("auth", first.as_deref().unwrap_or_default())
                    .with_attr_if("mechanism", element.attr("mechanism"))
            }
            name @ ("response" | "abort") if stream.asked.is_some() => said(name, &element.text()),
            _ => return self.stream_error(link, "unsupported-stanza-type"),
        };
        self.exchange(link, &same);
    }

    /// A user has shown to be one: what else was asked for is done, and the features that are left follow.
    pub(super) fn succeed(&mut self, link: Link, user: &BareJid, last: &str, asked: &Element) {
        let mut success = Element::new(ns::SASL2, "success");
        if !last.is_empty() {
            success.push(Element::new(ns::SASL2, "additional-data").with_text(last));
        }
        let identity =
            |jid: &str| Element::new(ns::SASL2, "authorization-identifier").with_text(jid);
        let mut refused = None;
        if let Some(resume) = asked.child(ns::SM3, "resume") {
            match self.resumed(link, user, resume) {
                Resumption::Done(resumed) => {
                    let jid = self.jid(link).unwrap_or_else(|| user.to_string());
                    let success = success.with_child(identity(&jid)).with_child(resumed);
                    self.said.push_back(Said::Front(link, Event::Element(success)));
                    return self.send_again(link);
                }
                Resumption::Failed(failed) => refused = Some(failed),
                Resumption::Ended => return,
            }
        }
        let bound = asked.child(ns::BIND2, "bind").map(|bind| self.bind_inline(link, user, bind));
        let jid = self.jid(link).unwrap_or_else(|| user.to_string());
        success.push(identity(&jid));
        success = refused.into_iter().chain(bound.flatten()).fold(success, Element::with_child);
        self.element(link, success);
        let features = self.features(link);
        self.element(link, features);
    }

    /// Binds a resource: what the client is told of it; nothing if it cannot have one.
    fn bind_inline(&mut self, link: Link, user: &BareJid, bind: &Element) -> Option<Element> {
        let random = self.random.token(9);
        let tag = bind.child(ns::BIND2, "tag").map(|tag| tag.text().trim().to_owned());
        let tag = tag.filter(|tag| !tag.is_empty() && tag.len() <= TAG);
        let resource = tag.map_or_else(|| random.clone(), |tag| format!("{tag}~{random}"));
        let full = user.with_resource_str(&resource).or_else(|_| user.with_resource_str(&random));
        if !self.bind(link, &full.ok()?) {
            return None;
        }
        let mut bound = Element::new(ns::BIND2, "bound");
        if bind.child(ns::CARBONS, "enable").is_some()
            && let Some(stream) = self.streams.get_mut(&link)
        {
            stream.carbons = true;
        }
        if let Some(enable) = bind.child(ns::SM3, "enable") {
            let managed = self.streams.get(&link).is_some_and(|stream| stream.management);
            bound.push(if managed {
                self.enabled(link, enable)
            } else {
                failed("unexpected-request", None)
            });
        }
        Some(bound)
    }

    /// The full address of the stream that is heard on this link.
    fn jid(&self, link: Link) -> Option<String> {
        self.bound_address(self.fronts.stream(link)?)
    }

    /// The full address of a stream.
    pub(super) fn bound_address(&self, stream: Link) -> Option<String> {
        match &self.streams.get(&stream)?.state {
            State::Bound(full) => Some(full.to_string()),
            _ => None,
        }
    }
}
