//! Messages that a client gives back as undelivered (XEP-0206 §7) find another way, or are told to their sender.

use jid::{FullJid, Jid};

use super::errors;
use super::state::Server;
use super::undelivered::{Delivered, Kind, key};
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

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
        } else if !self.knows(&sender.to_bare(), &bare) || !self.store(&bare, &original) {
            self.tell_sender(sender, error);
        }
    }

    /// The error goes to its sender, without what was sent: many of them may come back at once.
    fn tell_sender(&mut self, sender: &Jid, error: &Element) {
        // An error that can't be delivered is answered by nobody.
        let _ = self.route_message(&sender.to_bare(), sender, &errors::bare(error));
    }
}
