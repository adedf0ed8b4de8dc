//! What comes for a client that is there no more (XEP-0206 §7).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::bend::{Bend, Cx};
use super::restarts::bound;
use crate::cm::backend::{Backend, Command, Event, Link};
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "xbosh-recipient-unavailable-presence/late",
        "directed presence for an address whose session is over comes back with an error",
        |parts| parts.wrap_backend(|inner| Box::new(Returned::new(inner, true))),
    ),
    defect(
        "xbosh-recipient-unavailable-presence/waiting",
        "presence that still waits for a client when its session dies comes back with an error",
        |parts| {
            parts.wrap_backend(|inner| Box::new(Returned::new(inner, false)));
            parts.bend(|| Box::<Waiting>::default());
        },
    ),
    defect(
        "xbosh-recipient-unavailable-iq/waiting",
        "an iq that still waits for a client when its session dies is never answered",
        |parts| bounced(parts, |iq, _| Some(iq).filter(|iq| iq.name() != "iq")),
    ),
    defect(
        "xbosh-recipient-unavailable-iq/condition",
        "an iq for a client whose session is over, or dies, is answered with item-not-found",
        |parts| {
            bounced(parts, |stanza, _| Some(with_condition(stanza, "item-not-found")));
            let dead = deaths(parts);
            parts.on_event(move |_, event| {
                let Event::Element(iq) = &event else { return Some(event) };
                let dead = dead.lock().unwrap_or_else(PoisonError::into_inner);
                if iq.attr("from").is_some_and(|from| dead.gone.contains(from)) {
                    return Some(Event::Element(with_condition(iq.clone(), "item-not-found")));
                }
                Some(event)
            });
        },
    ),
    defect(
        "xbosh-recipient-unavailable-message/lost",
        "messages that still wait for a client when its session dies are lost",
        |parts| bounced(parts, |stanza, _| Some(stanza).filter(|it| it.name() != "message")),
    ),
    defect(
        "xbosh-recipient-unavailable-message/first-alone",
        "of several messages that wait for a client when its session dies only the first is given back",
        |parts| {
            bounced(parts, |stanza, before| {
                Some(stanza).filter(|stanza| stanza.name() != "message" || before == 0)
            });
        },
    ),
    defect(
        "xbosh-offline-storage/no-stamp",
        "a message that was stored comes without its delay stamp",
        |parts| stored(parts, |message| Some(without(&message, |it| it.is(ns::DELAY, "delay")))),
    ),
    defect(
        "xbosh-offline-storage/lost",
        "a message that was stored is not delivered at the next login",
        |parts| stored(parts, |_| None),
    ),
];

/// An element without some of its children; of what it holds only elements matter.
fn without(element: &Element, which: fn(&Element) -> bool) -> Element {
    let mut rest = Element::new(element.namespace(), element.name());
    for (namespace, name, value) in element.attributes() {
        rest.set_attr(namespace, name, Some(value));
    }
    element.children().filter(|child| !which(child)).cloned().for_each(|child| rest.push(child));
    rest
}

/// An error of an iq says something else than service-unavailable.
fn with_condition(stanza: Element, condition: &str) -> Element {
    let said = |stanza: &Element| {
        let error = stanza.child(ns::CLIENT, "error")?;
        error.child(ns::STANZA_ERRORS, "service-unavailable").map(drop)
    };
    if stanza.name() != "iq" || said(&stanza).is_none() {
        return stanza;
    }
    let error = Element::new(ns::CLIENT, "error")
        .with_attr("type", "cancel")
        .with_child(Element::new(ns::STANZA_ERRORS, condition));
    without(&stanza, |child| child.is(ns::CLIENT, "error")).with_child(error)
}

/// Messages that the server kept for its user.
fn stored(parts: &mut Parts, change: fn(Element) -> Option<Element>) {
    parts.on_event(move |_, event| match event {
        Event::Element(message) if message.name() == "message" => {
            let delay = message.child(ns::DELAY, "delay");
            // Rooms stamp their history with their own address.
            let domain =
                delay.and_then(|delay| delay.attr("from")).filter(|from| !from.contains('@'));
            let message = if domain.is_some() { change(message) } else { Some(message) };
            message.map(Event::Element)
        }
        event => Some(event),
    });
}

/// What a session gives back to the server when it dies of silence, with the number of messages before it.
fn bounced(parts: &mut Parts, change: fn(Element, u64) -> Option<Element>) {
    struct Bounced {
        change: fn(Element, u64) -> Option<Element>,
        silent: bool,
        messages: u64,
    }
    impl Bend for Bounced {
        fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
            self.silent = matches!(input, Input::Settle);
            cx.pass(input);
        }

        fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
            match action {
                Action::Command(link, Command::Send(stanza)) if self.silent => {
                    let message = stanza.name() == "message";
                    if let Some(stanza) = (self.change)(stanza, self.messages) {
                        cx.act(Action::Command(link, Command::Send(stanza)));
                    }
                    self.messages += u64::from(message);
                }
                action => cx.act(action),
            }
        }
    }
    parts.bend(move || Box::new(Bounced { change, silent: false, messages: 0 }));
}

/// Which addresses have sessions, and which had one.
#[derive(Debug, Default)]
struct Dead {
    bound: HashMap<Link, String>,
    gone: HashSet<String>,
}

impl Dead {
    fn told(&mut self, link: Link, command: &Command) {
        if matches!(command, Command::Close) {
            self.gone.extend(self.bound.remove(&link));
        }
    }

    fn heard(&mut self, link: Link, event: &Event) {
        if let Event::Element(element) = event
            && let Some(jid) = bound(element)
        {
            self.gone.remove(&jid);
            self.bound.insert(link, jid);
        }
    }

    fn link_of(&self, jid: Option<&str>) -> Option<Link> {
        self.bound.iter().find(|(_, bound)| Some(bound.as_str()) == jid).map(|(link, _)| *link)
    }
}

/// Looks on who comes and goes.
fn deaths(parts: &mut Parts) -> Arc<Mutex<Dead>> {
    let dead = Arc::new(Mutex::new(Dead::default()));
    let (told, heard) = (Arc::clone(&dead), Arc::clone(&dead));
    parts.on_command(move |link, command| {
        told.lock().unwrap_or_else(PoisonError::into_inner).told(link, &command);
        vec![command]
    });
    parts.on_event(move |link, event| {
        heard.lock().unwrap_or_else(PoisonError::into_inner).heard(link, &event);
        Some(event)
    });
    dead
}

/// Presence that is an error, and any for the dead, comes back to who sent it.
struct Returned {
    inner: Box<dyn Backend>,
    /// Not only what is an error already.
    late: bool,
    dead: Dead,
    events: VecDeque<(Link, Event)>,
}

impl Returned {
    fn new(inner: Box<dyn Backend>, late: bool) -> Self {
        Self { inner, late, dead: Dead::default(), events: VecDeque::new() }
    }

    /// What comes back, and to whom.
    fn returned(&self, link: Link, presence: &Element) -> Option<(Link, Element)> {
        if presence.name() != "presence" {
            return None;
        }
        let to = presence.attr("to");
        match presence.attr("type") {
            Some("error") => Some((self.dead.link_of(to)?, presence.clone())),
            None if self.late && to.is_some_and(|to| self.dead.gone.contains(to)) => {
                let mut back = undelivered(presence);
                let from = self.dead.bound.get(&link).map(String::as_str);
                back.set_attr("", "to", from);
                back.set_attr("", "from", to);
                Some((link, back))
            }
            _ => None,
        }
    }
}

impl Backend for Returned {
    fn command(&mut self, link: Link, command: Command, now: Duration) {
        self.dead.told(link, &command);
        if let Command::Send(stanza) = &command
            && let Some((receiver, back)) = self.returned(link, stanza)
        {
            self.events.push_back((receiver, Event::Element(back)));
            return;
        }
        self.inner.command(link, command, now);
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        let (link, event) = self.events.pop_front().or_else(|| self.inner.next())?;
        self.dead.heard(link, &event);
        Some((link, event))
    }

    fn behind(&self) -> Option<&dyn Backend> {
        Some(&*self.inner)
    }

    fn behind_mut(&mut self) -> Option<&mut dyn Backend> {
        Some(&mut *self.inner)
    }
}

/// Presence as an error, with its addresses turned round.
fn undelivered(presence: &Element) -> Element {
    let condition = Element::new(ns::STANZA_ERRORS, "recipient-unavailable");
    let error = Element::new(ns::CLIENT, "error").with_attr("type", "wait").with_child(condition);
    let mut back = presence.clone().with_attr("type", "error").with_child(error);
    back.set_attr("", "to", presence.attr("from"));
    back.set_attr("", "from", presence.attr("to"));
    back
}

/// Gives back directed presence that waits when a session dies.
#[derive(Default)]
struct Waiting {
    /// What presence was not yet delivered; only stanzas of that kind are counted, and they keep their order.
    waiting: VecDeque<Element>,
    silent: bool,
}

impl Bend for Waiting {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.silent = matches!(input, Input::Settle);
        if let Input::Server(_, Event::Element(element)) = &input
            && element.name() == "presence"
        {
            self.waiting.push_back(element.clone());
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        match &action {
            Action::Answer { reply, .. } => {
                let presence = |xml: &str| xml.starts_with("<presence");
                let count = reply.payloads.iter().filter(|it| presence(&it.xml)).count();
                self.waiting.drain(..count.min(self.waiting.len()));
            }
            Action::Command(link, Command::Close) if self.silent => {
                let full = |it: &Element| it.attr("to").is_some_and(|to| to.contains('/'));
                let back =
                    self.waiting.drain(..).filter(|it| it.attr("type").is_none() && full(it));
                for presence in back {
                    cx.act(Action::Command(*link, Command::Send(undelivered(&presence))));
                }
            }
            _ => {}
        }
        cx.act(action);
    }
}
