//! Recoverable conditions, and errors of what is carried (XEP-0124 §17.3, §17.4).

use std::time::Duration;

use crate::cm::reply::Payload;
use crate::cm::session::{Action, Input};
use crate::defects::bend::{Bend, Cx, replies};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{Standing, forget, standing};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-recoverable-session-alive",
        "a request that comes again at once after it was answered with type='error' is refused and the session ends",
        |parts| parts.bend(|| Box::new(Unrecovered(None))),
    ),
    defect(
        "bosh-type-values/iq",
        "a response that carries an empty iq of type result has that type too",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    let result = |payload: &Payload| {
                        let element = payload.element();
                        element.is_some_and(|element| {
                            (element.name(), element.attr("type")) == ("iq", Some("result"))
                                && element.children().next().is_none()
                        })
                    };
                    if reply.get("type").is_none() && reply.payloads.iter().any(result) {
                        reply.set("type", "result");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-payload-errors-transparent/type",
        "a response that carries a stanza of type error has type='error' too",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if reply.get("type").is_none() && reply.payloads.iter().any(is_error) {
                        reply.set("type", "error");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-payload-errors-transparent/stripped",
        "stanzas of type error come without their `<error/>`",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    for payload in reply.payloads.iter_mut().filter(|payload| is_error(payload)) {
                        if let Some(element) = payload.element() {
                            *payload = Payload::new(&stripped(&element));
                        }
                    }
                })
            });
        },
    ),
];

fn is_error(payload: &Payload) -> bool {
    payload.element().is_some_and(|element| element.attr("type") == Some("error"))
}

/// A stanza without what says why it failed.
fn stripped(stanza: &Element) -> Element {
    let mut without = Element::new(stanza.namespace(), stanza.name());
    for (namespace, name, value) in stanza.attributes() {
        without.set_attr(namespace, name, Some(value));
    }
    stanza.children().filter(|child| child.name() != "error").for_each(|child| {
        without.push(child.clone());
    });
    without
}

/// The rid that was answered with type='error', and when.
struct Unrecovered(Option<(u64, Duration)>);

/// A request that comes within it comes at once.
const ONCE: Duration = Duration::from_millis(50);

impl Bend for Unrecovered {
    fn come(&mut self, mut input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &mut input
            && self.0.is_some_and(|(rid, at)| rid == request.rid && cx.now < at + ONCE)
            && standing(request.rid, cx.session()) == Standing::Waiting
        {
            forget(request);
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { rid, reply, .. } = &action
            && reply.get("type") == Some("error")
        {
            self.0 = rid.map(|rid| (rid, cx.now));
        }
        cx.act(action);
    }
}
