//! Between the connection manager and the server: what a scenario has the server do by itself, and its other user. The
//! strict server knows of neither.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::stage_peer::{LINK, Peer};
use crate::bosh::Condition;
use crate::clock::Clock;
use crate::cm::backend::{Backend, Command, Event, Link};
use crate::xml::Element;
use crate::xmpp::ns;

/// Something that the server does by itself.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// The other user sends this stanza.
    Send(Element),
    /// These elements come on each stream of the client, which nobody has sent.
    Say(Vec<Element>),
    /// The sessions end with this condition.
    Fail(Condition),
    /// The streams end with this error.
    Error(Element),
    /// The streams are closed in order.
    Close,
}

/// The way to the stage.
#[derive(Debug, Clone)]
pub(super) struct Director {
    orders: Arc<Mutex<VecDeque<Order>>>,
    wake: Arc<Notify>,
}

impl Director {
    /// `wake` has the connection manager look what there is.
    pub(super) fn new(wake: Arc<Notify>) -> Self {
        Self { orders: Arc::default(), wake }
    }

    /// Has the server do this.
    pub(super) fn order(&self, order: Order) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push_back(order);
        self.wake.notify_one();
    }
}

/// A server with a director.
pub(super) struct Stage {
    pub(super) server: Box<dyn Backend>,
    pub(super) director: Director,
    pub(super) peer: Peer,
    pub(super) clock: Clock,
    /// The streams of the client that are open.
    pub(super) open: BTreeSet<Link>,
    /// What comes next.
    pub(super) due: VecDeque<(Link, Event)>,
    /// Whether mechanisms to log in with are offered.
    pub(super) mechanisms: bool,
}

impl Stage {
    fn carry_out(&mut self, order: Order) {
        let now = self.clock.now();
        match order {
            Order::Send(stanza) => self.peer.say(stanza, &mut *self.server, now),
            Order::Say(elements) => {
                for link in &self.open {
                    let each = elements.iter().cloned();
                    self.due.extend(each.map(|element| (*link, Event::Element(element))));
                }
            }
            Order::Fail(condition) => self.end(&Event::Failed(condition)),
            Order::Error(error) => self.end(&Event::Error(error)),
            Order::Close => self.end(&Event::Closed),
        }
    }

    /// Every stream of the client ends so.
    fn end(&mut self, event: &Event) {
        let now = self.clock.now();
        for link in std::mem::take(&mut self.open) {
            self.server.command(link, Command::Close, now);
            self.due.push_back((link, event.clone()));
        }
    }
}

impl Backend for Stage {
    fn command(&mut self, link: Link, command: Command, now: Duration) {
        match &command {
            Command::Open(_) => {
                self.peer.arrive(&mut *self.server, now);
                self.open.insert(link);
            }
            Command::Close | Command::Lost => _ = self.open.remove(&link),
            _ => {}
        }
        self.server.command(link, command, now);
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        loop {
            if let Some(due) = self.due.pop_front() {
                return Some(due);
            }
            match self.server.next() {
                Some((LINK, event)) => {
                    let now = self.clock.now();
                    self.peer.take(event, &mut *self.server, now);
                }
                Some((link, event)) => {
                    if matches!(event, Event::Error(_) | Event::Closed | Event::Failed(_)) {
                        self.open.remove(&link);
                    }
                    return Some((link, if self.mechanisms { event } else { without(event) }));
                }
                None => {
                    let orders = &self.director.orders;
                    let order = orders.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    self.carry_out(order?);
                }
            }
        }
    }

    fn behind(&self) -> Option<&dyn Backend> {
        Some(&*self.server)
    }

    fn behind_mut(&mut self) -> Option<&mut dyn Backend> {
        Some(&mut *self.server)
    }
}

/// Features without anything to log in with.
fn without(event: Event) -> Event {
    match event {
        Event::Element(features) if features.is(ns::STREAMS, "features") => {
            let logs_in = |child: &Element| {
                child.is(ns::SASL, "mechanisms") || child.is(ns::SASL2, "authentication")
            };
            let others = features.into_children().filter(|child| !logs_in(child));
            let bare = Element::new(ns::STREAMS, "features");
            Event::Element(others.fold(bare, Element::with_child))
        }
        event => event,
    }
}
