//! Features, stream errors and stanzas in the wrapper (XEP-0206 §2).

use super::super::bend::{Bend, Cx, replies};
use crate::bosh::NS;
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, PayloadKind};
use crate::cm::session::{Action, Input};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "xbosh-features-stream-ns/on-child",
        "the prefix of `<stream:features/>` is declared on that element instead of on the wrapper",
        |parts| declared_on(parts, "<stream:features"),
    ),
    defect(
        "xbosh-features-stream-ns/default",
        "the features have their namespace without a prefix, and the wrapper declares none",
        |parts| {
            parts.on_text(|text, _| {
                if text.contains("<stream:features") {
                    *text = text
                        .replacen(&declaration(), "", 1)
                        .replace("<stream:features", &format!("<features xmlns='{}'", ns::STREAMS))
                        .replace("</stream:features", "</features");
                }
            });
        },
    ),
    defect(
        "xbosh-features-complete",
        "features that are several come as two elements, the first in one and the others in the next",
        features_in_two,
    ),
    defect(
        "xbosh-jabber-client-ns/presence",
        "presence has no namespace of its own, and falls into that of the wrapper",
        |parts| unqualified(parts, "<presence"),
    ),
    defect(
        "xbosh-jabber-client-ns/in-kind",
        "once a stanza came without a namespace of its own, answers to an iq have none either",
        |parts| parts.bend(|| Box::<InKind>::default()),
    ),
    defect(
        "xbosh-stream-error-ns/on-child",
        "the prefix of `<stream:error/>` is declared on that element instead of on the wrapper",
        |parts| declared_on(parts, "<stream:error"),
    ),
    defect(
        "xbosh-stream-error-ns/undeclared",
        "the prefix of `<stream:error/>` is declared nowhere",
        |parts| {
            parts.on_text(|text, _| {
                if text.contains("<stream:error") {
                    *text = text.replacen(&declaration(), "", 1);
                }
            });
        },
    ),
    defect(
        "xbosh-stream-error-condition/name",
        "`condition` has the name of the stream error instead of remote-stream-error",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    let error =
                        reply.payloads.iter().find(|it| it.kind == PayloadKind::StreamError);
                    let error = error.and_then(Payload::element);
                    if let Some(name) = error.as_ref().and_then(|error| error.children().next()) {
                        reply.set("condition", name.name());
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-stream-error-condition/type",
        "a response with a stream error has no `type`",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if reply.payloads.iter().any(|it| it.kind == PayloadKind::StreamError) {
                        reply.remove("type");
                    }
                })
            });
        },
    ),
];

fn declaration() -> String {
    format!(" xmlns:stream='{}'", ns::STREAMS)
}

/// The prefix `stream` is declared on an element instead of on the wrapper.
fn declared_on(parts: &mut Parts, start: &'static str) {
    parts.on_text(move |text, _| {
        if text.contains(start) {
            let declaration = declaration();
            let without = text.replacen(&declaration, "", 1);
            *text = without.replacen(start, &format!("{start}{declaration}"), 1);
        }
    });
}

fn features_in_two(parts: &mut Parts) {
    parts.bend(|| {
        replies(|reply, _| {
            let place = reply.payloads.iter().position(|it| it.kind == PayloadKind::Features);
            let Some(place) = place else { return };
            let features = reply.payloads[place].element();
            let Some(features) = features.filter(|it| it.children().count() > 1) else { return };
            let part = |of: &[&Element]| {
                let empty = Element::new(ns::STREAMS, "features");
                let whole = of.iter().fold(empty, |part, &child| part.with_child(child.clone()));
                Payload { kind: PayloadKind::Features, ..Payload::new(&whole) }
            };
            let children: Vec<&Element> = features.children().collect();
            let (first, others) = children.split_at(1);
            reply.payloads.splice(place..=place, [part(first), part(others)]);
        })
    });
}

/// Stanzas of a kind have the namespace of the wrapper.
fn unqualified(parts: &mut Parts, start: &'static str) {
    parts.bend(move || {
        replies(move |reply, _| {
            for payload in reply.payloads.iter_mut().filter(|it| it.xml.starts_with(start)) {
                payload.xml = without_namespace(&payload.xml);
            }
        })
    });
}

fn without_namespace(xml: &str) -> Box<str> {
    xml.replacen(&format!(" xmlns='{}'", ns::CLIENT), "", 1).into()
}

/// Answers as the client asks.
#[derive(Default)]
struct InKind {
    bare: bool,
}

impl Bend for InKind {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input {
            self.bare |= request.body.payloads().any(|payload| payload.namespace() == NS);
        }
        cx.pass(input);
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { reply, .. } = &mut action
            && self.bare
        {
            for payload in reply.payloads.iter_mut().filter(|it| it.xml.starts_with("<iq")) {
                payload.xml = without_namespace(&payload.xml);
            }
        }
        cx.act(action);
    }
}
