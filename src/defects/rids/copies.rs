//! Requests that come again while they are held, or wait behind a gap, and what that does to others (XEP-0124 §14.3).

use std::collections::BTreeSet;

use crate::bosh::Condition;
use crate::cm::backend::Event;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Request};
use crate::defects::bend::{Cx, actions, inputs};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{Standing, held, is_message, standing};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-repeat-held-recoverable/second",
        "when a held request comes again for the second time the copy before gets no answer",
        |parts| {
            parts.bend(|| {
                let mut told = BTreeSet::new();
                actions(move |action, _| match &action {
                    Action::Answer { rid: Some(rid), reply, .. }
                        if reply.get("type") == Some("error") && !told.insert(*rid) =>
                    {
                        None
                    }
                    _ => Some(action),
                })
            });
        },
    ),
    defect(
        "bosh-repeat-held-recoverable/gap",
        "when a request behind a gap comes again the older copy gets no answer",
        |parts| {
            parts.bend(|| {
                actions(|action, cx| match &action {
                    Action::Answer { rid: Some(rid), reply, .. }
                        if reply.get("type") == Some("error")
                            && *rid > cx.session().contiguous() =>
                    {
                        None
                    }
                    _ => Some(action),
                })
            });
        },
    ),
    defect(
        "bosh-repeat-held-recoverable/both",
        "when one of two held requests comes again, the other one gets the recoverable error, too",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    let Input::Request(request) = &input else { return Some(input) };
                    let rid = request.rid;
                    if is_copy(request, cx) && held(cx, None) > 2 {
                        let other = cx.all_asked().find(|(_, asked)| asked.rid != rid);
                        if let Some(token) = other.map(|(token, _)| token) {
                            cx.answer(token, recoverable());
                            cx.pass(Input::Gone(token));
                        }
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-repeat-held-single-response/gap",
        "when a request behind a gap comes again neither copy gets a response but the older an error",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.rid > cx.session().contiguous() && is_copy(request, cx) =>
                    {
                        let token = request.token;
                        cx.pass(input);
                        Some(Input::Gone(token))
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-wait-not-exceeded/copies",
        "a request that came again while it was held is held for twice the wait",
        |parts| {
            parts.bend(|| {
                let mut copies = BTreeSet::new();
                actions(move |action, cx| {
                    if let Action::Answer { token, rid: Some(rid), reply } = &action {
                        if reply.get("type") == Some("error") {
                            copies.insert(*rid);
                        } else if reply.payloads.is_empty()
                            && reply.get("type").is_none()
                            && cx.asked(*token).is_some_and(|asked| asked.body.is_empty())
                            && copies.remove(rid)
                        {
                            cx.act_after(cx.session().terms().wait, action);
                            return None;
                        }
                    }
                    Some(action)
                })
            });
        },
    ),
    defect(
        "bosh-response-buffer/copies",
        "what an older copy of a request was told is kept as the response to its rid",
        |parts| {
            parts.bend(|| {
                let mut copies = BTreeSet::new();
                inputs(move |input, cx| {
                    if let Input::Request(request) = &input {
                        if is_copy(request, cx) {
                            copies.insert(request.rid);
                        } else if standing(request.rid, cx.session()) == Standing::Remembered
                            && copies.contains(&request.rid)
                        {
                            cx.answer(request.token, recoverable());
                            return None;
                        }
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-resend-after-broken-socket/second",
        "of several messages that come while the connection of a held request is broken the first alone arrives",
        |parts| {
            parts.bend(|| {
                let (mut broken, mut messages) = (false, 0);
                inputs(move |input, cx| {
                    match &input {
                        Input::Gone(_) => (broken, messages) = (true, 0),
                        Input::Request(_) => broken = false,
                        Input::Server(_, Event::Element(element))
                            if broken && is_message(element) && cx.all_asked().next().is_none() =>
                        {
                            messages += 1;
                            if messages > 1 {
                                return None;
                            }
                        }
                        _ => {}
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-resend-replays/releases",
        "when a request that was answered comes again the one that is held is answered too",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    if let Input::Request(request) = &input
                        && standing(request.rid, cx.session()) == Standing::Remembered
                    {
                        let own = request.token;
                        let others = cx.all_asked().map(|(token, _)| token);
                        let others: Vec<_> = others.filter(|token| *token != own).collect();
                        cx.pass(input);
                        for token in others {
                            cx.pass(Input::Hurry(token));
                        }
                        return None;
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-terminal-ends-session/repeats",
        "a request that is repeated more than ten times is refused with policy-violation, and the session lives on",
        |parts| {
            parts.bend(|| {
                let (mut rid, mut repeats) = (0, 0);
                inputs(move |input, cx| {
                    if let Input::Request(request) = &input {
                        repeats = if request.rid == rid { repeats + 1 } else { 0 };
                        rid = request.rid;
                        if repeats > 9 {
                            cx.refuse(request.token, Condition::PolicyViolation);
                            return None;
                        }
                    }
                    Some(input)
                })
            });
        },
    ),
];

fn recoverable() -> Reply {
    let mut reply = Reply::empty();
    reply.set("type", "error");
    reply
}

/// Whether another copy of this request waits for its response, on a connection that is well.
pub(super) fn is_copy(request: &Request, cx: &Cx<'_>) -> bool {
    cx.all_asked().any(|(token, asked)| asked.rid == request.rid && token != request.token)
}
