//! What is refused, or waits behind a gap, and what becomes of it (XEP-0124 §14.2).

use crate::bosh::{BodyType, Condition};
use crate::cm::backend::{Command, Event};
use crate::cm::reply::{Payload, Reply};
use crate::cm::session::{Action, Input};
use crate::defects::bend::inputs;
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{
    Standing, first_link, is_message, parked, standing, stanzas, unanswered_behind_gaps, unheard,
};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-rid-gap-not-answered/message",
        "a message is delivered with a request ahead of a gap if no other is open",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    let Input::Server(_, Event::Element(element)) = &input else {
                        return Some(input);
                    };
                    let waiting = parked(cx, None);
                    if let [first, ..] = *waiting.as_slice()
                        && is_message(element)
                        && waiting.len() == cx.all_asked().count()
                    {
                        let mut reply = Reply::empty();
                        reply.payloads.push(Payload::new(element));
                        cx.answer(first, reply);
                        cx.pass(Input::Gone(first));
                        return None;
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-rid-gap-not-answered/end",
        "a request that ends the session does so at once, though one before it is missing",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.body.kind() == BodyType::Terminate
                            && standing(request.rid, cx.session()) == Standing::Ahead =>
                    {
                        if let Some(link) = first_link(cx) {
                            for stanza in stanzas(&request.body) {
                                cx.act(Action::Command(link, Command::Send(stanza)));
                            }
                        }
                        cx.answer(request.token, Reply::terminate(None));
                        cx.pass(Input::Gone(request.token));
                        Some(Input::Shutdown)
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-rid-gap-not-answered/pause",
        "a pause ahead of a gap is answered at once",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.body.pause().is_some()
                            && standing(request.rid, cx.session()) == Standing::Ahead =>
                    {
                        let token = request.token;
                        cx.pass(input);
                        cx.answer(token, Reply::empty());
                        Some(Input::Gone(token))
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-rid-out-of-window-terminates/forwarded",
        "a request with a rid above the window is refused, but its messages are handed on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    if let Input::Request(request) = &input
                        && standing(request.rid, cx.session()) == Standing::Beyond
                        && let Some(link) = first_link(cx)
                    {
                        for message in stanzas(&request.body).filter(is_message) {
                            cx.act(Action::Command(link, Command::Send(message)));
                        }
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-rid-out-of-window-session-dead/first",
        "the first rid above the window is refused with item-not-found, but its session lives on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.rid
                            == cx.session().contiguous() + cx.session().terms().requests + 1 =>
                    {
                        cx.refuse(request.token, Condition::ItemNotFound);
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-rid-out-of-window-session-dead/waiting",
        "when a rid above the window ends a session those that wait behind a gap get no answer",
        |parts| unanswered_behind_gaps(parts, 0),
    ),
    defect(
        "bosh-rid-out-of-window-session-dead/server",
        "when a rid above the window ends a session its server does not hear of it",
        |parts| {
            unheard(parts, |input, cx| {
                matches!(input, Input::Request(request)
                    if standing(request.rid, cx.session()) == Standing::Beyond)
            });
        },
    ),
];
