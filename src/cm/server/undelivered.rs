//! Messages that a connection manager could not deliver and gives back (XEP-0206 §7).
//!
//! What comes back is an error: the type that the message had is not in it. So each stream remembers a little of the
//! messages it was sent; only these can be given back.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use crate::xml::Element;
use crate::xmpp::ns;

/// Messages that a stream remembers: as many as may wait for a client, unless it is told otherwise.
const REMEMBERED: usize = 1000;

/// A message that a stream was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivered {
    key: u64,
    pub(super) kind: Kind,
    /// Other streams of the user were sent it too.
    pub(super) shared: bool,
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
    pub(super) fn take(&mut self, key: u64) -> Option<Delivered> {
        let place = self.0.iter().position(|delivered| delivered.key == key)?;
        self.0.remove(place)
    }
}

/// What a message and the error that gives it back have in common.
pub(super) fn key(message: &Element, sender: Option<&str>) -> u64 {
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

/// The type of a message (RFC 6121 §5.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Chat,
    Groupchat,
    Headline,
    Error,
}

impl Kind {
    /// A message without a type, or with one that is not known, is a normal one.
    pub(super) fn of(message: &Element) -> Self {
        match message.attr("type") {
            Some("chat") => Self::Chat,
            Some("groupchat") => Self::Groupchat,
            Some("headline") => Self::Headline,
            Some("error") => Self::Error,
            _ => Self::Normal,
        }
    }
}
