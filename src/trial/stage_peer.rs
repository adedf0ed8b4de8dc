//! The other user of a trial: it is logged in on a stream of the server that no connection carries, and says what it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::client::{Login, Step, Who};
use crate::cm::backend::{Backend, Command, Event, Link, Opening};
use crate::xml::Element;
use crate::xmpp::ns;

/// The stream of the other user; the connection manager's own are counted from below.
pub(super) const LINK: Link = Link::MAX;
/// Its resource.
pub(super) const RESOURCE: &str = "peer";

/// The texts of the messages that have come to the other user, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Mailbox(Arc<Mutex<Vec<String>>>);

impl Mailbox {
    /// How many messages with this text have come.
    pub(super) fn count(&self, text: &str) -> usize {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().filter(|one| *one == text).count()
    }

    fn take(&self, message: &Element) {
        if let Some(body) = message.child(ns::CLIENT, "body") {
            let text = body.text().into_owned();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }
}

/// The other user.
pub(super) struct Peer {
    domain: String,
    login: Login,
    opened: bool,
    online: bool,
    /// What it says as soon as it is there.
    waiting: VecDeque<Element>,
    mailbox: Mailbox,
}

impl Peer {
    /// A user of this domain.
    pub(super) fn new(
        domain: &str,
        user: &str,
        password: &str,
        nonce: String,
        mailbox: Mailbox,
    ) -> Self {
        let who = Who::Account { user: user.to_owned(), password: password.to_owned() };
        Self {
            domain: domain.to_owned(),
            login: Login::new(who, nonce).with_resource(RESOURCE),
            opened: false,
            online: false,
            waiting: VecDeque::new(),
            mailbox,
        }
    }

    /// It logs in, unless it did before.
    pub(super) fn arrive(&mut self, server: &mut dyn Backend, now: Duration) {
        if !std::mem::replace(&mut self.opened, true) {
            let opening = Opening {
                to: self.domain.clone(),
                version: Some("1.0".to_owned()),
                ..Opening::default()
            };
            server.command(LINK, Command::Open(opening), now);
        }
    }

    /// It says something.
    pub(super) fn say(&mut self, stanza: Element, server: &mut dyn Backend, now: Duration) {
        self.arrive(server, now);
        if self.online {
            server.command(LINK, Command::Send(stanza), now);
        } else {
            self.waiting.push_back(stanza);
        }
    }

    /// Something comes for it.
    pub(super) fn take(&mut self, event: Event, server: &mut dyn Backend, now: Duration) {
        let Event::Element(element) = event else { return };
        if element.is(ns::CLIENT, "message") {
            self.mailbox.take(&element);
        }
        match self.login.take(&element) {
            Step::Send(element) => server.command(LINK, Command::Send(element), now),
            Step::Restart => server.command(LINK, Command::Restart, now),
            Step::Done(_) => {
                self.online = true;
                server.command(LINK, Command::Send(Element::new(ns::CLIENT, "presence")), now);
                for stanza in std::mem::take(&mut self.waiting) {
                    server.command(LINK, Command::Send(stanza), now);
                }
            }
            Step::Wait => self.answer(&element, server, now),
            Step::Failed(why) => tracing::warn!("the other user of a trial cannot log in: {why}"),
        }
    }

    /// Every question is answered (RFC 6120 §8.2.3): pings well, others with an error.
    fn answer(&self, iq: &Element, server: &mut dyn Backend, now: Duration) {
        let asks = matches!(iq.attr("type"), Some("get" | "set"));
        let (Some(id), Some(from), true) = (iq.attr("id"), iq.attr("from"), asks) else { return };
        if !self.online || !iq.is(ns::CLIENT, "iq") {
            return;
        }
        let mut answer = Element::new(ns::CLIENT, "iq").with_attr("id", id).with_attr("to", from);
        if iq.child("urn:xmpp:ping", "ping").is_some() {
            answer = answer.with_attr("type", "result");
        } else {
            let condition = Element::new(ns::STANZA_ERRORS, "service-unavailable");
            let error =
                Element::new(ns::CLIENT, "error").with_attr("type", "cancel").with_child(condition);
            answer = answer.with_attr("type", "error").with_child(error);
        }
        server.command(LINK, Command::Send(answer), now);
    }
}
