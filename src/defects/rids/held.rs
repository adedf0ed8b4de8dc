//! Requests that come again before they were answered, and connections that break (XEP-0124 §14.3).

use std::collections::HashMap;

use http::{Response, StatusCode};

use super::copies::is_copy;
use crate::cm::backend::Event;
use crate::cm::reply::{Payload, Reply};
use crate::cm::session::{Action, Input, Token};
use crate::defects::bend::{Bend, Cx, actions, inputs};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::body;
use crate::defects::steps::{Standing, empty, ends_with, forget, is_message, on_picked, standing};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-resend-after-broken-socket/lost",
        "messages that come while the connection of a held request is broken are lost",
        |parts| {
            parts.bend(|| {
                let mut broken = false;
                inputs(move |input, cx| {
                    match &input {
                        Input::Gone(_) => broken = true,
                        Input::Request(_) => broken = false,
                        Input::Server(_, Event::Element(element))
                            if broken && is_message(element) && cx.all_asked().next().is_none() =>
                        {
                            return None;
                        }
                        _ => {}
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-resend-after-broken-socket/refused",
        "a request that comes again after its connection broke is refused with item-not-found",
        |parts| {
            parts.bend(|| {
                inputs(move |mut input, cx| {
                    if let Input::Request(request) = &mut input
                        && standing(request.rid, cx.session()) == Standing::Waiting
                        && !is_copy(request, cx)
                    {
                        forget(request);
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-repeat-held-recoverable/hangs",
        "when a held request comes again its older copy gets no answer",
        |parts| {
            parts.bend(|| {
                actions(|action, _| match &action {
                    Action::Answer { reply, .. } if is_recoverable(reply) => None,
                    _ => Some(action),
                })
            });
        },
    ),
    defect(
        "bosh-repeat-held-recoverable/newer-refused",
        "when a held request comes again the newer copy gets type='error' and the older is held on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request) if is_copy(request, cx) => {
                        let mut reply = Reply::empty();
                        reply.set("type", "error");
                        cx.answer(request.token, reply);
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-repeat-held-recoverable/no-body",
        "when a held request comes again its older copy gets a 200 with nothing in it",
        |parts| on_picked(parts, |reply, _| is_recoverable(reply), empty),
    ),
    defect(
        "bosh-repeat-held-single-response/twice",
        "payloads that answer a request which came again come once more with the next response",
        |parts| parts.bend(|| Box::new(Twice::default())),
    ),
    defect(
        "bosh-repeat-held-single-response/sequence",
        "a repeat of a held request counts as one more, so that the next rid is taken for an old one",
        |parts| {
            parts.bend(|| {
                let mut counted = false;
                inputs(move |mut input, cx| {
                    if let Input::Request(request) = &mut input {
                        counted |= is_copy(request, cx);
                        if counted && standing(request.rid, cx.session()) == Standing::Next {
                            forget(request);
                        }
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-repeat-limit",
        "after a rid was repeated more than ten times requests of other sessions are turned away for a while",
        |parts| {
            let mut flood = Flood::default();
            parts.on_enter(move |request| {
                let body = body(request)?;
                let rid = body.attr("rid").unwrap_or_default();
                flood.turns_away(body.attr("sid").unwrap_or_default(), rid).then(|| {
                    let mut response = Response::new(bytes::Bytes::new());
                    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    response
                })
            });
        },
    ),
    defect(
        "bosh-repeat-limit-policy-violation/held",
        "a client that repeats a held request too often gets item-not-found",
        |parts| parts.bend(|| Box::new(Mislabelled { repeats: Standing::Waiting, of: None })),
    ),
    defect(
        "bosh-repeat-limit-policy-violation/answered",
        "a client that repeats an answered request too often gets item-not-found",
        |parts| parts.bend(|| Box::new(Mislabelled { repeats: Standing::Remembered, of: None })),
    ),
];

fn is_recoverable(reply: &Reply) -> bool {
    reply.get("type") == Some("error")
}

/// The rid of a held request that came again, and what has to come twice for it.
#[derive(Default)]
struct Twice {
    rid: Option<u64>,
    again: Vec<Payload>,
}

impl Bend for Twice {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input
            && is_copy(request, cx)
        {
            self.rid = Some(request.rid);
        }
        cx.pass(input);
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { rid, reply, .. } = &mut action
            && reply.get("type").is_none()
        {
            if self.rid.is_some() && self.rid == *rid {
                self.rid = None;
                self.again.clone_from(&reply.payloads);
            } else {
                reply.payloads.splice(..0, self.again.drain(..));
            }
        }
        cx.act(action);
    }
}

/// How often the latest rid of each session came, and how many requests are still turned away because of that.
#[derive(Default)]
struct Flood {
    seen: HashMap<String, (String, u32)>,
    sid: String,
    left: u32,
}

impl Flood {
    fn turns_away(&mut self, sid: &str, rid: &str) -> bool {
        if self.left > 0 && sid != self.sid {
            self.left -= 1;
            return true;
        }
        let (last, seen) = self.seen.entry(sid.to_owned()).or_default();
        if last != rid {
            (*last, *seen) = (rid.to_owned(), 0);
        }
        *seen += 1;
        if *seen > 10 && !sid.is_empty() {
            sid.clone_into(&mut self.sid);
            self.left = 10;
        }
        false
    }
}

/// A request that came again.
struct Mislabelled {
    repeats: Standing,
    of: Option<Token>,
}

impl Bend for Mislabelled {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input {
            let repeat = standing(request.rid, cx.session()) == self.repeats;
            self.of = repeat.then_some(request.token);
        }
        cx.pass(input);
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &mut action
            && self.of == Some(*token)
            && ends_with(reply, "policy-violation")
        {
            reply.set("condition", "item-not-found");
        }
        cx.act(action);
    }
}
