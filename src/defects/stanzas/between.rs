//! What stands between a carrier and the server and changes stanzas that pass, in one way for all carriers.

use std::time::Duration;

use crate::cm::backend::{Command, Event};
use crate::cm::parts::Parts;
use crate::cm::session;
use crate::cm::stream::{Action, Framing, Input};
use crate::defects::bend::{Bend, Cx};
use crate::defects::bend_stream::{StreamBend, StreamCx};
use crate::xml::{Element, Node};
use crate::xmpp::ns;

/// What carries a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Bosh,
    WebSocket,
    Tcp,
}

pub(super) const ALL: &[Carrier] = &[Carrier::Bosh, Carrier::WebSocket, Carrier::Tcp];
pub(super) const BOSH: &[Carrier] = &[Carrier::Bosh];
pub(super) const WEBSOCKET: &[Carrier] = &[Carrier::WebSocket];
pub(super) const TCP: &[Carrier] = &[Carrier::Tcp];
/// Those that carry one stream on one connection.
pub(super) const STREAMS: &[Carrier] = &[Carrier::WebSocket, Carrier::Tcp];

/// How much later something is done that is done late.
const LATE: Duration = Duration::from_millis(20);

/// What changes the stanzas of one session. By default everything passes as it is.
pub(super) trait Between: Send {
    /// A stanza of the client, whose address is `me`, goes to the server: these go instead.
    fn come(&mut self, stanza: Element, _me: &str) -> Vec<Element> {
        vec![stanza]
    }

    /// A stanza of the server goes to the client: these go instead.
    fn go(&mut self, stanza: Element, _me: &str) -> Vec<Element> {
        vec![stanza]
    }

    /// Whether a stanza of the client reaches the server late.
    fn is_late(&self, _stanza: &Element) -> bool {
        false
    }
}

/// Every session over these carriers is bent by what `make` makes for it.
pub(super) fn bent<B: Between + 'static>(
    parts: &mut Parts,
    carriers: &'static [Carrier],
    make: impl Fn() -> B + Send + Clone + 'static,
) {
    if carriers.contains(&Carrier::Bosh) {
        let make = make.clone();
        parts.bend(move || Box::new(Own { between: make(), me: String::new(), carriers }));
    }
    if carriers != BOSH {
        parts.bend_streams(move || Box::new(Own { between: make(), me: String::new(), carriers }));
    }
}

/// Changes what comes from clients.
pub(super) fn come(
    parts: &mut Parts,
    carriers: &'static [Carrier],
    change: fn(Element, &str) -> Vec<Element>,
) {
    struct Come(fn(Element, &str) -> Vec<Element>);
    impl Between for Come {
        fn come(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            (self.0)(stanza, me)
        }
    }
    bent(parts, carriers, move || Come(change));
}

/// Changes what goes to clients.
pub(super) fn go(
    parts: &mut Parts,
    carriers: &'static [Carrier],
    change: fn(Element, &str) -> Vec<Element>,
) {
    struct Go(fn(Element, &str) -> Vec<Element>);
    impl Between for Go {
        fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
            (self.0)(stanza, me)
        }
    }
    bent(parts, carriers, move || Go(change));
}

/// Lets some of what comes from clients reach the server late.
pub(super) fn late(parts: &mut Parts, carriers: &'static [Carrier], which: fn(&Element) -> bool) {
    struct Late(fn(&Element) -> bool);
    impl Between for Late {
        fn is_late(&self, stanza: &Element) -> bool {
            (self.0)(stanza)
        }
    }
    bent(parts, carriers, move || Late(which));
}

/// One session's, and the address of its client, once it has one.
struct Own<B> {
    between: B,
    me: String,
    carriers: &'static [Carrier],
}

impl<B: Between> Own<B> {
    fn go(&mut self, stanza: Element) -> Vec<Element> {
        let bind = stanza.child(ns::BIND, "bind").and_then(|bind| bind.child(ns::BIND, "jid"));
        if let Some(jid) = bind {
            self.me = jid.text().into_owned();
        }
        self.between.go(stanza, &self.me)
    }
}

impl<B: Between> Bend for Own<B> {
    fn come(&mut self, input: session::Input, cx: &mut Cx<'_>) {
        match input {
            session::Input::Server(link, Event::Element(stanza)) if is_stanza(&stanza) => {
                for stanza in self.go(stanza) {
                    cx.pass(session::Input::Server(link, Event::Element(stanza)));
                }
            }
            input => cx.pass(input),
        }
    }

    fn go(&mut self, action: session::Action, cx: &mut Cx<'_>) {
        match action {
            session::Action::Command(link, Command::Send(stanza)) if is_stanza(&stanza) => {
                for stanza in self.between.come(stanza, &self.me) {
                    let late = self.between.is_late(&stanza);
                    let action = session::Action::Command(link, Command::Send(stanza));
                    if late { cx.act_after(LATE, action) } else { cx.act(action) }
                }
            }
            action => cx.act(action),
        }
    }
}

impl<B: Between> StreamBend for Own<B> {
    fn come(&mut self, input: Input, cx: &mut StreamCx<'_>) {
        match input {
            Input::Server(link, Event::Element(stanza)) if is_stanza(&stanza) && self.is_on(cx) => {
                for stanza in self.go(stanza) {
                    cx.pass(Input::Server(link, Event::Element(stanza)));
                }
            }
            input => cx.pass(input),
        }
    }

    fn go(&mut self, action: Action, cx: &mut StreamCx<'_>) {
        match action {
            Action::Command(link, Command::Send(stanza))
                if is_stanza(&stanza) && self.is_on(cx) =>
            {
                for stanza in self.between.come(stanza, &self.me) {
                    let late = self.between.is_late(&stanza);
                    let action = Action::Command(link, Command::Send(stanza));
                    if late { cx.act_after(LATE, action) } else { cx.act(action) }
                }
            }
            action => cx.act(action),
        }
    }
}

impl<B> Own<B> {
    fn is_on(&self, cx: &StreamCx<'_>) -> bool {
        let carrier = match cx.session().framing() {
            Framing::Framed => Carrier::WebSocket,
            Framing::Raw => Carrier::Tcp,
        };
        self.carriers.contains(&carrier)
    }
}

pub(super) fn is_stanza(element: &Element) -> bool {
    element.namespace() == ns::CLIENT && matches!(element.name(), "iq" | "message" | "presence")
}

/// Whether an iq asks.
pub(super) fn asks(stanza: &Element) -> bool {
    stanza.name() == "iq" && matches!(stanza.attr("type"), Some("get" | "set"))
}

/// Whether a stanza is an error.
pub(super) fn is_error(stanza: &Element) -> bool {
    stanza.attr("type") == Some("error")
}

/// Whether one of a stanza's children is of a namespace that nobody knows.
pub(super) fn is_extended(stanza: &Element) -> bool {
    stanza.children().any(|child| is_unknown(child.namespace()))
}

pub(super) fn is_unknown(namespace: &str) -> bool {
    namespace.starts_with("urn:example:")
}

/// Whether this is the address of a resource.
pub(super) fn is_full(jid: &str) -> bool {
    jid.contains('/')
}

/// The stanza with another value of an attribute, or without it.
pub(super) fn with(mut stanza: Element, name: &str, value: Option<&str>) -> Element {
    stanza.set_attr("", name, value);
    stanza
}

/// The element with other content.
pub(super) fn with_nodes(element: &Element, nodes: impl IntoIterator<Item = Node>) -> Element {
    let mut copy = Element::new(element.namespace(), element.name());
    for (namespace, name, value) in element.attributes() {
        copy.set_attr(namespace, name, Some(value));
    }
    nodes.into_iter().fold(copy, |copy, node| match node {
        Node::Element(child) => copy.with_child(child),
        Node::Text { text, .. } => copy.with_text(&text),
    })
}

/// The element without some of its children.
pub(super) fn without(element: &Element, which: fn(&Element) -> bool) -> Element {
    let drops = |node: &Node| node.element().is_some_and(which);
    with_nodes(element, element.nodes().iter().filter(|node| !drops(node)).cloned())
}

/// The element with each of its elements changed, the innermost first.
pub(super) fn each(element: &Element, change: &dyn Fn(Element) -> Element) -> Element {
    let nodes = element.nodes().iter().map(|node| match node {
        Node::Element(child) => Node::Element(each(child, change)),
        text @ Node::Text { .. } => text.clone(),
    });
    change(with_nodes(element, nodes))
}

/// The element with other texts.
pub(super) fn reworded(element: &Element, change: &dyn Fn(&str) -> String) -> Element {
    let mut copy = with_nodes(element, []);
    for node in element.nodes() {
        copy = match node {
            Node::Element(child) => copy.with_child(reworded(child, change)),
            Node::Text { text, .. } => copy.with_text(&change(text)),
        };
    }
    copy
}
