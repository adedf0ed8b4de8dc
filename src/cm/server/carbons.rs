//! Copies of messages for the other resources of a user (XEP-0280).

use jid::BareJid;

use super::state::Server;
use super::undelivered::Kind;
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

/// Whose copy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    Sent,
    Received,
}

impl Server {
    /// A client wants copies, or does not want them any more. Whether the question is one of these.
    pub(super) fn want_carbons(&mut self, link: Link, question: &Element) -> bool {
        let wants = question.name() == "enable";
        let known = wants || question.name() == "disable";
        if let Some(stream) = self.streams.get_mut(&link).filter(|_| known) {
            stream.carbons = wants;
        }
        known
    }

    /// Copies a message to those resources of a user that want it and are not among `others`.
    pub(super) fn copy_to_own(
        &mut self,
        user: &BareJid,
        others: &[Link],
        message: &Element,
        copied: Copied,
    ) {
        if !is_eligible(message) {
            return;
        }
        let resources = self.resources(user).into_iter().map(|(link, _)| link);
        let wants = |link: &Link| {
            !others.contains(link) && self.streams.get(link).is_some_and(|stream| stream.carbons)
        };
        let links: Vec<Link> = resources.filter(wants).collect();
        if links.is_empty() {
            return;
        }
        let name = if copied == Copied::Sent { "sent" } else { "received" };
        let forwarded = Element::new(ns::FORWARD, "forwarded").with_child(message.clone());
        let copy = Element::new(ns::CLIENT, "message")
            .with_attr("from", user.as_str())
            .with_attr_if("type", message.attr("type"))
            .with_child(Element::new(ns::CARBONS, name).with_child(forwarded));
        let to = links.into_iter().map(|link| (link, self.bound_address(link)));
        let to: Vec<_> = to.collect();
        self.copies(copy, to);
    }
}

/// Whether a message is copied: a chat, or a message that says something, unless its sender does not want that.
fn is_eligible(message: &Element) -> bool {
    let said = match Kind::of(message) {
        Kind::Chat => true,
        Kind::Normal => message.child(ns::CLIENT, "body").is_some(),
        Kind::Groupchat | Kind::Headline | Kind::Error => false,
    };
    said && message.child(ns::CARBONS, "private").is_none()
        && message.child(ns::HINTS, "no-copy").is_none()
}
