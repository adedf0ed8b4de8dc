//! Terminal conditions (XEP-0124 §17.2).

use std::collections::HashSet;

use crate::bosh::{BodyType, Condition};
use crate::cm::backend::Event;
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input};
use crate::defects::bend::{actions, inputs, replies};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::body;
use crate::defects::steps::{Standing, ends_with, standing};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-terminal-ends-session/bad-request",
        "an invalid request is refused with bad-request, but its session lives on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Broken(token) => {
                        cx.refuse(token, Condition::BadRequest);
                        None
                    }
                    Input::Request(request)
                        if matches!(request.body.kind(), BodyType::Other(_))
                            && standing(request.rid, cx.session()) == Standing::Next =>
                    {
                        cx.refuse(request.token, Condition::BadRequest);
                        None
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-xmpp-errors-as-remote-stream-error/condition",
        "a stream error of the server ends the session with undefined-condition",
        |parts| {
            relabel(parts, "remote-stream-error", "undefined-condition");
        },
    ),
    defect(
        "bosh-xmpp-errors-as-remote-stream-error/ordinary",
        "a stream error of the server comes in a body that does not end the session",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if ends_with(reply, "remote-stream-error") {
                        reply.remove("type");
                        reply.remove("condition");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cond-bad-request/condition",
        "what is malformed is refused with undefined-condition in place of bad-request",
        |parts| relabel(parts, "bad-request", "undefined-condition"),
    ),
    defect(
        "bosh-cond-bad-request/rid",
        "a request of a session whose rid is not a number is refused with item-not-found",
        |parts| {
            miscalled(parts, |body| {
                let letters = body.attr("rid").is_some_and(|rid| rid.contains(char::is_alphabetic));
                letters && body.attr("sid").is_some()
            });
        },
    ),
    defect(
        "bosh-cond-bad-request/root",
        "a document whose root has another name is refused with item-not-found in place of bad-request",
        |parts| miscalled(parts, |root| root.name() != "body"),
    ),
    defect(
        "bosh-cond-bad-request/accepted",
        "a creation request with a `wait` or `hold` that is not a number is granted",
        |parts| {
            parts.on_body(|body| {
                for name in ["wait", "hold"] {
                    if body.attr(name).is_some_and(|number| number.parse::<u64>().is_err()) {
                        body.set_attr("", name, None);
                    }
                }
            });
        },
    ),
    defect(
        "bosh-cond-host-unknown/condition",
        "an unknown domain is refused with item-not-found in place of host-unknown",
        |parts| relabel(parts, "host-unknown", "item-not-found"),
    ),
    defect(
        "bosh-cond-host-unknown/session",
        "a creation request for an unknown domain gets a session when its wait is over",
        |parts| {
            parts.on_event(|_, event| {
                (event != Event::Failed(Condition::HostUnknown)).then_some(event)
            });
        },
    ),
    defect(
        "bosh-cond-improper-addressing",
        "a creation request without a domain is refused with bad-request",
        |parts| relabel(parts, "improper-addressing", "bad-request"),
    ),
    defect(
        "bosh-cond-item-not-found/sid",
        "a sid that was never given is refused with bad-request in place of item-not-found",
        |parts| {
            let mut known = HashSet::new();
            parts.on_answer(move |answer, request| {
                if let Some(sid) = answer.reply.get("sid") {
                    known.insert(sid.to_owned());
                }
                let sid = body(request).and_then(|body| body.attr("sid").map(str::to_owned));
                if sid.is_some_and(|sid| !known.contains(&sid))
                    && ends_with(&answer.reply, "item-not-found")
                {
                    answer.reply.set("condition", "bad-request");
                }
            });
        },
    ),
    defect(
        "bosh-cond-item-not-found/stream",
        "an unknown stream is refused with bad-request in place of item-not-found",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let names = told.asked.is_some_and(|asked| {
                        asked.body.stream().is_some() && asked.rid == told.session.contiguous()
                    });
                    if names && ends_with(reply, "item-not-found") {
                        reply.set("condition", "bad-request");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cond-other-request/hanging",
        "when another request ends a session those that are held get no answer",
        |parts| drop_all(parts, "other-request"),
    ),
    defect(
        "bosh-cond-other-request/recoverable",
        "held requests get other-request with type='error', as if the session went on",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if ends_with(reply, "other-request") {
                        reply.set("type", "error");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cond-policy-violation",
        "a client that polls too often gets undefined-condition",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if told.session.terms().is_polling() && ends_with(reply, "policy-violation") {
                        reply.set("condition", "undefined-condition");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cond-system-shutdown/condition",
        "when the connection manager goes down held requests get item-not-found",
        |parts| relabel(parts, "system-shutdown", "item-not-found"),
    ),
    defect(
        "bosh-cond-system-shutdown/hanging",
        "when the connection manager goes down held requests get no answer",
        |parts| drop_all(parts, "system-shutdown"),
    ),
];

/// Gives another condition for this one, whether a session is there or not.
fn relabel(parts: &mut Parts, condition: &'static str, other: &'static str) {
    parts.on_answer(move |answer, _| {
        if ends_with(&answer.reply, condition) {
            answer.reply.set("condition", other);
        }
    });
}

/// Some bad requests, of clients that know conditions, are told that something is not found.
fn miscalled(parts: &mut Parts, which: fn(&Element) -> bool) {
    parts.on_answer(move |answer, request| {
        if ends_with(&answer.reply, "bad-request")
            && answer.reply.legacy.is_none()
            && body(request).is_some_and(|body| which(&body))
        {
            answer.reply.set("condition", "item-not-found");
        }
    });
}

/// Requests whose session ends with this condition get no answer.
fn drop_all(parts: &mut Parts, condition: &'static str) {
    parts.bend(move || {
        actions(move |action, _| match &action {
            Action::Answer { reply, .. } if ends_with(reply, condition) => None,
            _ => Some(action),
        })
    });
}
