//! What is sent, kept and asked for on managed streams, and those that have lost their connection.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jid::BareJid;

use crate::cm::backend::{Event, Link};
use crate::cm::bounce::bounced;
use crate::cm::server::state::{Said, Server, State};
use crate::xml::Element;
use crate::xmpp::ns;

/// Ended streams of which it is remembered how much they had received.
const REMEMBERED: usize = 1000;

/// The streams that can be resumed, and some that could be.
#[derive(Debug, Default)]
pub(in crate::cm::server) struct Resumptions {
    streams: HashMap<String, (Link, Duration)>,
    ended: VecDeque<(String, BareJid, u32)>,
}

impl Resumptions {
    pub(super) fn enabled(&mut self, id: String, stream: Link, most: Duration) {
        self.streams.insert(id, (stream, most));
    }

    /// The stream of this id.
    pub(super) fn stream(&self, id: &str) -> Option<Link> {
        self.streams.get(id).map(|(stream, _)| *stream)
    }

    /// How much a stream had received that is over.
    pub(super) fn ended(&self, id: &str, user: &BareJid) -> Option<u32> {
        let found = self.ended.iter().find(|(known, of, _)| known == id && of == user);
        found.map(|(_, _, handled)| *handled)
    }

    fn end(&mut self, id: String, user: BareJid, handled: u32) {
        self.streams.remove(&id);
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back((id, user, handled));
    }
}

impl Server {
    /// The connection of a stream is gone. Whether it waits to be resumed.
    pub(in crate::cm::server) fn lose(&mut self, link: Link) -> bool {
        let managed = self.streams.get(&link).and_then(|stream| stream.managed.as_ref());
        let id = managed.and_then(|managed| managed.id.as_deref());
        let Some((_, most)) = id.and_then(|id| self.resumptions.streams.get(id)) else {
            return false;
        };
        let until = self.now + *most;
        self.fronts.lose(link);
        self.set_due(link, Some(until));
        true
    }

    /// A stream is about to end: what its client has not acknowledged goes back.
    pub(in crate::cm::server) fn settle(&mut self, link: Link) {
        self.account(link);
        self.set_due(link, None);
        self.fronts.forget(link);
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let Some(mut managed) = stream.managed.take() else { return };
        let State::Bound(from) = &stream.state else { return };
        let from = from.clone();
        if let Some(id) = managed.id.take() {
            self.resumptions.end(id, from.to_bare(), managed.handled);
        }
        for back in managed.take_unacknowledged().iter().filter_map(bounced) {
            self.stanza(link, &from, back);
        }
    }

    /// Counts what was said to a managed stream and not heard as sent.
    pub(super) fn account(&mut self, link: Link) {
        let Some(managed) = self.streams.get_mut(&link).and_then(|stream| stream.managed.as_mut())
        else {
            return;
        };
        self.said.retain_mut(|said| {
            let elements = said.split_off(link).into_iter();
            elements.filter(is_stanza).for_each(|stanza| managed.send(&stanza));
            said.is_left()
        });
    }

    /// Something is about to be heard on a stream: whether it has a link to be heard on.
    pub(in crate::cm::server) fn sends(&mut self, stream: Link, event: &Event) -> Option<Link> {
        let front = self.fronts.front(stream);
        let Some(managed) = self.streams.get_mut(&stream).and_then(|one| one.managed.as_mut())
        else {
            return front;
        };
        let Event::Element(element) = event else { return front };
        if !is_stanza(element) {
            return front;
        }
        managed.send(element);
        let (count, bytes) = managed.burden();
        if count > self.setup.unacknowledged || bytes > self.setup.unacknowledged_bytes {
            if front.is_none() {
                self.leave(stream);
            } else {
                self.stream_error(stream, "policy-violation");
            }
            return None;
        }
        if front.is_some() {
            if count >= self.setup.ask_stanzas && !managed.asked {
                self.ask(stream);
            } else {
                self.ask_later(stream);
            }
        }
        front
    }

    /// Asks the client for an acknowledgement.
    pub(in crate::cm::server) fn ask(&mut self, stream: Link) {
        let Some(front) = self.fronts.front(stream) else { return };
        let Some(managed) = self.streams.get_mut(&stream).and_then(|one| one.managed.as_mut())
        else {
            return;
        };
        managed.asked = true;
        let asks = Event::Element(Element::new(ns::SM3, "r"));
        // Before all else that is said: it is about what was heard.
        self.said.push_front(Said::Front(front, asks));
        self.set_due(stream, None);
    }

    /// Asks it after a while, if there is something to acknowledge.
    pub(super) fn ask_later(&mut self, stream: Link) {
        let Some(managed) = self.streams.get_mut(&stream).and_then(|one| one.managed.as_mut())
        else {
            return;
        };
        let waits = managed.burden().0 > 0 && !managed.asked;
        match (waits, managed.due) {
            (false, _) => self.set_due(stream, None),
            (true, None) => self.set_due(stream, Some(self.now + self.setup.ask_after)),
            (true, Some(_)) => {}
        }
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
        let Some(managed) = self.streams.get_mut(&link).and_then(|stream| stream.managed.as_mut())
        else {
            return;
        };
        if let Some(before) = std::mem::replace(&mut managed.due, due) {
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
