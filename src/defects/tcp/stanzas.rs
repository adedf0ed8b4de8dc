//! Stanzas: who may send them (RFC 6120 §4.3.5), and their language (§4.7.4).

use super::raw::{bent, heard};
use crate::cm::backend::Command;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Substitute, condition};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("tcp-not-authorized/ignored", "a stanza before the login is ignored", |parts| {
        heard(parts, |input, session| match &input {
            Input::Element(element) if is_stanza(element) && !session.is_known() => Vec::new(),
            _ => vec![input],
        });
    }),
    defect(
        "tcp-not-authorized/bound",
        "a message before a resource is bound is ignored",
        |parts| bent(parts, || Unbound(false)),
    ),
    defect(
        "tcp-not-authorized/condition",
        "a stanza before the login ends the stream with invalid-xml",
        |parts| {
            heard(parts, |input, session| match &input {
                Input::Element(element) if is_stanza(element) && !session.is_known() => {
                    vec![Input::Wrong("invalid-xml")]
                }
                _ => vec![input],
            });
        },
    ),
    defect(
        "tcp-not-authorized/websocket",
        "over WebSocket a stanza before its time ends the stream without an error",
        |parts| {
            parts.on_message(|| {
                |output, _: &Session| {
                    let tells = condition(&output) == Some("not-authorized");
                    if tells { Vec::new() } else { vec![output] }
                }
            });
        },
    ),
    defect("tcp-lang-inherited/presence", "presence gets no language", |parts| {
        without_language(parts, |name| name == "presence");
    }),
    defect("tcp-lang-inherited/iq", "an iq gets no language", |parts| {
        without_language(parts, |name| name == "iq");
    }),
    defect("tcp-lang-inherited/message", "a message gets no language", |parts| {
        without_language(parts, |name| name == "message");
    }),
    defect(
        "tcp-lang-inherited/own",
        "the language of a stream replaces that of a stanza",
        |parts| bent(parts, || Overwritten),
    ),
];

fn is_stanza(element: &Element) -> bool {
    element.namespace() == ns::CLIENT && matches!(element.name(), "iq" | "message" | "presence")
}

/// Ignores messages until a resource is asked for.
struct Unbound(bool);

impl Substitute for Unbound {
    fn come(&mut self, input: Input, session: &Session) -> Vec<Input> {
        let Input::Element(element) = &input else { return vec![input] };
        self.0 |= element.is(ns::CLIENT, "iq");
        let early = session.is_known() && !self.0 && element.is(ns::CLIENT, "message");
        if early { Vec::new() } else { vec![input] }
    }
}

/// Forgets the language of a stanza, so that it gets that of the stream.
struct Overwritten;

impl Substitute for Overwritten {
    fn tell(&mut self, command: Command, _: &Session) -> Vec<Command> {
        match command {
            Command::Send(mut stanza) => {
                stanza.set_attr(ns::XML, "lang", None);
                vec![Command::Send(stanza)]
            }
            other => vec![other],
        }
    }
}

fn without_language(parts: &mut crate::cm::parts::Parts, which: fn(&str) -> bool) {
    struct Without(fn(&str) -> bool);
    impl Substitute for Without {
        fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
            match output {
                Output::Element(mut stanza) if is_stanza(&stanza) && (self.0)(stanza.name()) => {
                    stanza.set_attr(ns::XML, "lang", None);
                    vec![Output::Element(stanza)]
                }
                other => vec![other],
            }
        }
    }
    bent(parts, move || Without(which));
}
