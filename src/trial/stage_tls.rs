//! STARTTLS that a scenario has refused, or behind which something stands that nobody protects. The strict server does
//! neither.

use std::time::Duration;

use crate::cm::stream::{Action, Conduct, Input, Output, Session};
use crate::scenario::ServerTls;
use crate::xml::Element;
use crate::xmpp::ns;

/// The status of an orderly end.
const NORMAL: u16 = 1000;

/// What becomes of STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoiled {
    /// It is refused.
    Refused,
    /// A ping stands behind `<proceed/>`, in the clear.
    Injected,
}

impl Spoiled {
    /// What a scenario wants, if it is that.
    pub(super) fn of(tls: ServerTls) -> Option<Self> {
        match tls {
            ServerTls::Refused => Some(Self::Refused),
            ServerTls::Injected => Some(Self::Injected),
            _ => None,
        }
    }
}

/// A stream on which STARTTLS is spoiled.
pub(super) struct Spoiling {
    pub(super) inner: Box<dyn Conduct>,
    pub(super) how: Spoiled,
}

impl Conduct for Spoiling {
    fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        let mut actions = Vec::new();
        self.inner.handle(input, now, &mut actions);
        for action in actions {
            match (action, self.how) {
                (Action::Send(Output::Element(element)), Spoiled::Refused)
                    if element.is(ns::TLS, "proceed") =>
                {
                    let failure = Element::new(ns::TLS, "failure");
                    out.extend([Output::Element(failure), Output::End].map(Action::Send));
                }
                (Action::Send(Output::StartTls), Spoiled::Refused) => {
                    out.push(Action::Send(Output::Close(NORMAL)));
                }
                (Action::Send(Output::StartTls), Spoiled::Injected) => {
                    out.extend([Output::Element(ping()), Output::StartTls].map(Action::Send));
                }
                (action, _) => out.push(action),
            }
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.inner.deadline()
    }

    fn session(&self) -> &Session {
        self.inner.session()
    }
}

fn ping() -> Element {
    let asked = Element::new(ns::CLIENT, "iq").with_attr("type", "get").with_attr("id", "injected");
    asked.with_child(Element::new("urn:xmpp:ping", "ping"))
}
