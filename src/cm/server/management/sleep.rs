//! What is sent, kept and asked for on managed streams, and those that have lost their connection.

use std::time::Duration;

use super::account::Managed;
use crate::cm::backend::{Event, Link};
use crate::cm::bounce::bounced;
use crate::cm::server::setup::Setup;
use crate::cm::server::state::{Said, Server, State, Stream};
use crate::xml::Element;
use crate::xmpp::ns;

impl Server {
    /// Does something with the account of a stream, if it is managed.
    pub(super) fn managed<T>(
        &mut self,
        link: Link,
        what: impl FnOnce(&mut Managed) -> T,
    ) -> Option<T> {
        let managed = self.streams.get_mut(&link)?.managed.as_mut()?;
        let before = managed.bytes();
        let done = what(managed);
        self.unacknowledged = self.unacknowledged + managed.bytes() - before;
        Some(done)
    }

    /// The connection of a stream is gone. Whether it waits to be resumed.
    pub(in crate::cm::server) fn lose(&mut self, link: Link) -> bool {
        let id = self.managed(link, |managed| managed.id.clone()).flatten();
        let most = id.and_then(|id| self.resumptions.most(&id));
        let Some(most) = most.filter(|_| self.fronts.asleep() < self.setup.asleep) else {
            return false;
        };
        let until = self.now + most;
        self.fronts.lose(link);
        self.set_due(link, Some(until));
        true
    }

    /// A stream is about to end: what its client has not acknowledged goes back.
    pub(in crate::cm::server) fn settle(&mut self, link: Link) {
        self.account(link);
        self.set_due(link, None);
        self.fronts.forget(link);
        let Some(stanzas) = self.managed(link, Managed::take_unacknowledged) else { return };
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let Some(mut managed) = stream.managed.take() else { return };
        let State::Bound(from) = &stream.state else { return };
        let from = from.clone();
        if let Some(id) = managed.id.take() {
            self.resumptions.end(id, from.to_bare(), managed.handled);
        }
        for back in stanzas.iter().filter_map(bounced) {
            self.stanza(link, &from, back);
        }
    }

    /// Counts what was said to a managed stream and not heard as sent.
    pub(super) fn account(&mut self, link: Link) {
        let mut said = std::mem::take(&mut self.said);
        self.managed(link, |managed| {
            said.retain_mut(|said| {
                let elements = said.split_off(link).into_iter();
                elements.filter(is_stanza).for_each(|stanza| managed.send(&stanza));
                said.is_left()
            });
        });
        self.said = said;
    }

    /// Something is about to be heard on a stream: whether it has a link to be heard on.
    pub(in crate::cm::server) fn sends(&mut self, stream: Link, event: &Event) -> Option<Link> {
        let front = self.fronts.front(stream);
        let Event::Element(element) = event else { return front };
        if !is_stanza(element) {
            return front;
        }
        let sent = self.managed(stream, |managed| {
            managed.send(element);
            (managed.count(), managed.bytes(), managed.asked)
        });
        let Some((count, bytes, asked)) = sent else { return front };
        let Setup { unacknowledged, unacknowledged_bytes, unacknowledged_of_all, .. } = self.setup;
        if count > unacknowledged || bytes > unacknowledged_bytes {
            self.give_up(stream);
            return None;
        }
        if self.unacknowledged > unacknowledged_of_all {
            let worst = self.worst();
            if let Some(worst) = worst {
                self.give_up(worst);
            }
            if worst == Some(stream) {
                return None;
            }
        }
        if front.is_some() {
            if count >= self.setup.ask_stanzas && !asked {
                self.ask(stream);
            } else {
                self.ask_later(stream);
            }
        }
        front
    }

    /// The stream whose client has left most unacknowledged.
    fn worst(&self) -> Option<Link> {
        let bytes = |stream: &Stream| stream.managed.as_ref().map_or(0, |one| one.bytes());
        let most = self.streams.iter().map(|(link, stream)| (bytes(stream), *link)).max();
        most.map(|(_, link)| link)
    }

    /// A client leaves more unacknowledged than may be.
    fn give_up(&mut self, stream: Link) {
        if self.fronts.front(stream).is_none() {
            self.leave(stream);
        } else {
            self.stream_error(stream, "policy-violation");
        }
    }

    /// Asks the client for an acknowledgement.
    pub(in crate::cm::server) fn ask(&mut self, stream: Link) {
        let Some(front) = self.fronts.front(stream) else { return };
        if self.managed(stream, |managed| managed.asked = true).is_none() {
            return;
        }
        let asks = Event::Element(Element::new(ns::SM3, "r"));
        // Before all else that is said: it is about what was heard.
        self.said.push_front(Said::Front(front, asks));
        self.set_due(stream, None);
    }

    /// Asks it after a while, if there is something to acknowledge.
    pub(super) fn ask_later(&mut self, stream: Link) {
        let soon = self.now + self.setup.ask_after;
        let due = self.managed(stream, |managed| {
            let waits = managed.count() > 0 && !managed.asked;
            waits.then(|| managed.due.unwrap_or(soon))
        });
        self.set_due(stream, due.flatten());
    }

    /// A client may be gone without a sign of it: it is asked for one.
    pub(in crate::cm::server) fn ping(&mut self, link: Link) {
        let Some(stream) = self.streams.get(&link) else { return };
        if stream.managed.is_some() {
            return self.ask(link);
        }
        let State::Bound(to) = &stream.state else { return };
        let ping = Element::new(ns::CLIENT, "iq")
            .with_attr("type", "get")
            .with_attr("id", &self.random.token(6))
            .with_attr("from", &stream.domain)
            .with_attr("to", to.as_str())
            .with_child(Element::new(ns::PING, "ping"));
        self.element(link, ping);
    }

    pub(super) fn set_due(&mut self, link: Link, due: Option<Duration>) {
        let before = self.managed(link, |managed| std::mem::replace(&mut managed.due, due));
        let Some(before) = before else { return };
        if let Some(before) = before {
            self.dues.remove(&(before, link));
        }
        if let Some(due) = due {
            self.dues.insert((due, link));
        }
    }

    /// Those streams are over that were not resumed in time, and clients are asked that are due.
    pub(in crate::cm::server) fn pass(&mut self) {
        while let Some(&(due, link)) = self.dues.first()
            && due <= self.now
        {
            self.dues.pop_first();
            if self.fronts.front(link).is_none() {
                self.leave(link);
            } else {
                self.ask(link);
            }
        }
    }
}

fn is_stanza(element: &Element) -> bool {
    element.namespace() == ns::CLIENT && matches!(element.name(), "iq" | "message" | "presence")
}
