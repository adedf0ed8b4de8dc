//! The elements of stream management, and the accounts that they are about.

use jid::BareJid;

use super::account::{Managed, TooHigh};
use crate::cm::backend::{Event, Link};
use crate::cm::server::state::{Said, Server, State};
use crate::xml::Element;
use crate::xmpp::ns;

/// An element of stream management.
fn element(name: &str) -> Element {
    Element::new(ns::SM3, name)
}

/// What comes of a wish to resume a stream.
pub(in crate::cm::server) enum Resumption {
    /// It is: this is what the client is told.
    Done(Element),
    /// It is not, for this reason.
    Failed(Element),
    /// The wish ended the stream on which it came.
    Ended,
}

/// A count of stanzas.
fn count(element: &Element) -> Option<u32> {
    element.attr("h")?.parse().ok()
}

/// Why something of stream management is not done.
pub(in crate::cm::server) fn failed(condition: &str, handled: Option<u32>) -> Element {
    let condition = Element::new(ns::STANZA_ERRORS, condition);
    let handled = handled.map(|handled| handled.to_string());
    element("failed").with_attr_if("h", handled.as_deref()).with_child(condition)
}

impl Server {
    /// An element of stream management came.
    pub(in crate::cm::server) fn management(&mut self, link: Link, asked: &Element) {
        let Some(stream) = self.streams.get(&link) else { return };
        let bound = matches!(stream.state, State::Bound(_));
        match (asked.name(), &stream.managed) {
            ("enable", Some(_)) => self.stream_error(link, "policy-violation"),
            ("enable", None) if bound && stream.management => self.enable(link, asked),
            ("resume", None) if !bound && stream.management => self.resume(link, asked),
            ("r", Some(managed)) => {
                let handled = managed.handled.to_string();
                self.element(link, element("a").with_attr("h", &handled));
            }
            ("a", Some(_)) => match count(asked).map(|count| self.acknowledged(link, count)) {
                None => self.stream_error(link, "bad-format"),
                Some(Err(too_high)) => self.too_high(link, asked, too_high),
                Some(Ok(())) => self.ask_later(link),
            },
            ("enable" | "resume" | "r" | "a", _) => {
                self.element(link, failed("unexpected-request", None));
            }
            _ => self.stream_error(link, "unsupported-stanza-type"),
        }
    }

    /// The client of a stream has received so many stanzas.
    fn acknowledged(&mut self, link: Link, count: u32) -> Result<(), TooHigh> {
        let acknowledged = self.managed(link, |managed| {
            managed.asked = false;
            managed.acknowledge(count)
        });
        acknowledged.unwrap_or(Ok(()))
    }

    fn enable(&mut self, link: Link, asked: &Element) {
        let enabled = self.enabled(link, asked);
        self.element(link, enabled);
    }

    /// Enables stream management on a stream: what the client is told.
    pub(in crate::cm::server) fn enabled(&mut self, link: Link, asked: &Element) -> Element {
        let longest = self.setup.resumption;
        let wanted = asked.attr("max").and_then(|max| max.parse().ok());
        let wanted = wanted.map(std::time::Duration::from_secs);
        let most = wanted.map_or(longest, |wanted| wanted.min(longest));
        let resumes = matches!(asked.attr("resume"), Some("true" | "1")) && !most.is_zero();
        let id = resumes.then(|| self.random.token(15));
        let Some(stream) = self.streams.get_mut(&link) else { return element("failed") };
        stream.managed = Some(Box::new(Managed::new(id.clone())));
        let mut enabled = element("enabled");
        if let Some(id) = id {
            enabled = enabled
                .with_attr("id", &id)
                .with_attr("resume", "true")
                .with_attr("max", &most.as_secs().to_string());
            self.resumptions.enabled(id, link, most);
        }
        enabled
    }

    fn resume(&mut self, link: Link, asked: &Element) {
        let Some(State::Known { user, restarted: true }) =
            self.streams.get(&link).map(|stream| &stream.state)
        else {
            return self.element(link, failed("unexpected-request", None));
        };
        let user = user.clone();
        match self.resumed(link, &user, asked) {
            Resumption::Done(resumed) => {
                self.said.push_back(Said::Front(link, Event::Element(resumed)));
                self.send_again(link);
            }
            Resumption::Failed(failed) => self.element(link, failed),
            Resumption::Ended => {}
        }
    }

    /// Gives an existing stream of a user this link.
    pub(in crate::cm::server) fn resumed(
        &mut self,
        link: Link,
        user: &BareJid,
        asked: &Element,
    ) -> Resumption {
        let (Some(id), Some(count)) = (asked.attr("previd"), count(asked)) else {
            self.stream_error(link, "bad-format");
            return Resumption::Ended;
        };
        let Some(old) = self.resumptions.stream(id).filter(|old| self.is_of(*old, user)) else {
            let handled = self.resumptions.ended(id, user);
            return Resumption::Failed(failed("item-not-found", handled));
        };
        // What waits to be heard is sent again with the rest.
        self.account(old);
        if let Err(too_high) = self.acknowledged(old, count) {
            self.too_high(link, asked, too_high);
            return Resumption::Ended;
        }
        let handled = self.managed(old, |managed| managed.handled).unwrap_or_default().to_string();
        if let Some(front) = self.fronts.front(old) {
            let conflict = Self::stream_error_element("conflict");
            self.said.push_back(Said::Front(front, Event::Error(conflict)));
        }
        self.streams.remove(&link);
        self.set_due(old, None);
        self.fronts.resume(old, link);
        self.ask_later(old);
        Resumption::Done(element("resumed").with_attr("h", &handled).with_attr("previd", id))
    }

    /// Sends again what the client of this link has not acknowledged.
    pub(in crate::cm::server) fn send_again(&mut self, link: Link) {
        let Some(stream) = self.fronts.stream(link).and_then(|stream| self.streams.get(&stream))
        else {
            return;
        };
        let stanzas = stream.managed.iter().flat_map(|managed| managed.unacknowledged());
        let again = stanzas.map(|stanza| Said::Front(link, Event::Element(stanza.clone())));
        self.said.extend(again.collect::<Vec<_>>());
    }

    fn is_of(&self, stream: Link, user: &BareJid) -> bool {
        match self.streams.get(&stream).map(|stream| &stream.state) {
            Some(State::Bound(full)) => full.to_bare() == *user,
            _ => false,
        }
    }

    /// The client acknowledges what was never sent (XEP-0198 §4).
    fn too_high(&mut self, link: Link, asked: &Element, TooHigh { sent }: TooHigh) {
        let detail = element("handled-count-too-high")
            .with_attr_if("h", asked.attr("h"))
            .with_attr("send-count", &sent.to_string());
        let error = Self::stream_error_element("undefined-condition").with_child(detail);
        self.end(link, error);
    }
}
