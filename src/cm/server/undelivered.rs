//! Messages that a connection manager could not deliver and gives back (XEP-0206 §7).
//!
//! What comes back is an error: the type that the message had is not in it. So each stream remembers a little of the
//! messages it was sent; only these can be given back.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use jid::{FullJid, Jid};

use super::Server;
use super::route::Kind;
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

/// Messages that a stream remembers: as many as may wait for a client, unless it is told otherwise.
const REMEMBERED: usize = 1000;

/// A message that a stream was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivered {
    key: u64,
    kind: Kind,
    /// Other streams of the user were sent it too.
    shared: bool,
}

impl Delivered {
    pub(super) fn new(message: &Element, shared: bool) -> Self {
        let key = key(message, message.attr("from"));
        Self { key, kind: Kind::of(message), shared }
    }
}

/// The latest messages that a stream was sent.
#[derive(Debug, Default)]
pub(super) struct Deliveries(VecDeque<Delivered>);

impl Deliveries {
    pub(super) fn push(&mut self, delivered: Delivered) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(delivered);
    }

    /// The earliest with this key; it does not come back twice.
    fn take(&mut self, key: u64) -> Option<Delivered> {
        let place = self.0.iter().position(|delivered| delivered.key == key)?;
        self.0.remove(place)
    }
}

/// What a message and the error that gives it back have in common.
fn key(message: &Element, sender: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    let body = message.child(ns::CLIENT, "body").map(Element::text);
    (sender, message.attr("id"), body).hash(&mut hasher);
    hasher.finish()
}

/// Whether this error says that its receiver was not there any more.
pub(super) fn is_undelivered(message: &Element) -> bool {
    let error = message.child(ns::CLIENT, "error");
    message.attr("type") == Some("error")
        && error
            .is_some_and(|error| error.child(ns::STANZA_ERRORS, "recipient-unavailable").is_some())
}

impl Server {
    /// What is remembered of the message that this error gives back.
    pub(super) fn recall(&mut self, link: Link, error: &Element) -> Option<Delivered> {
        self.streams.get_mut(&link)?.delivered.take(key(error, error.attr("to")))
    }

    /// The message goes to the user's other resources, or is kept for the user, or its sender is told.
    pub(super) fn give_back(
        &mut self,
        link: Link,
        from: &FullJid,
        sender: &Jid,
        error: &Element,
        delivered: Delivered,
    ) {
        let bare = from.to_bare();
        let mut others = self.willing(&bare);
        others.retain(|other| *other != link);
        if delivered.shared && !others.is_empty() {
            return;
        }
        let kind = match delivered.kind {
            Kind::Chat => Some("chat"),
            Kind::Normal => None,
            Kind::Groupchat | Kind::Headline | Kind::Error => {
                return self.tell_sender(sender, error);
            }
        };
        // The resource is gone; it is the user who still wants it.
        let mut original = Element::new(ns::CLIENT, "message")
            .with_attr_if("type", kind)
            .with_attr_if("id", error.attr("id"))
            .with_attr_if("from", error.attr("to"))
            .with_attr("to", bare.as_str());
        original.set_attr(ns::XML, "lang", error.attr_ns(ns::XML, "lang"));
        for child in error.children().filter(|child| !child.is(ns::CLIENT, "error")) {
            original.push(child.clone());
        }
        if !others.is_empty() {
            self.deliver(&others, &original);
        } else if !self.store(&bare, &original) {
            self.tell_sender(sender, error);
        }
    }

    fn tell_sender(&mut self, sender: &Jid, error: &Element) {
        // An error that can't be delivered is answered by nobody.
        let _ = self.route_message(sender, error);
    }
}
