//! The client ends the session (XEP-0124 §13).

use std::collections::HashSet;
use std::time::Duration;

use http::StatusCode;

use crate::bosh::BodyType;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Token};
use crate::defects::bend::{Bend, Cx, changed, inputs, requests, with_payloads};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::{bare, body};
use crate::defects::steps::{
    Standing, empty, ends_with, held, is_message, on_picked, standing, unheard,
};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-terminate-payload-forwarded/none",
        "payloads in the request that ends a session are not handed on",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    if request.body.kind() == BodyType::Terminate {
                        request.body = changed(&request.body, clear);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-terminate-payload-forwarded/first",
        "of several payloads in the request that ends a session the first alone is handed on",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    if request.body.kind() == BodyType::Terminate {
                        let first = request.body.payloads().next().cloned();
                        request.body = with_payloads(&request.body, first);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-terminate-payload-forwarded/held",
        "payloads in the request that ends a session are not handed on where another one is held",
        |parts| {
            parts.bend(|| {
                inputs(|mut input, cx| {
                    if let Input::Request(request) = &mut input
                        && request.body.kind() == BodyType::Terminate
                        && held(cx, Some(request.token)) > 0
                    {
                        request.body = changed(&request.body, clear);
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-terminate-payload-forwarded/again",
        "what the request that ends a session carries is handed on twice",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    if request.body.kind() == BodyType::Terminate {
                        let messages = request.body.payloads().filter(|it| is_message(it)).cloned();
                        let twice = request.body.payloads().cloned().chain(messages);
                        request.body = with_payloads(&request.body, twice.collect::<Vec<_>>());
                    }
                })
            });
        },
    ),
    defect(
        "bosh-terminate-own-response/repeat",
        "a request that ends a session and comes again is answered by a 500",
        |parts| {
            let mut ends = HashSet::new();
            parts.on_enter(move |request| {
                let body = body(request)?;
                let sid = body.attr("sid").filter(|_| body.attr("type") == Some("terminate"))?;
                let again = !ends.insert((sid.to_owned(), body.attr("rid").map(str::to_owned)));
                again.then(|| bare(StatusCode::INTERNAL_SERVER_ERROR))
            });
        },
    ),
    defect(
        "bosh-terminate-own-response/late",
        "the request that ends a session is answered three seconds late if no other is open",
        |parts| {
            parts.bend(|| {
                Ended::new(|answer, cx| match answer {
                    Place::Only(action) => {
                        cx.act_after(Duration::from_secs(3), action);
                        None
                    }
                    Place::Oldest(action) | Place::Own(action) | Place::Other(action) => {
                        Some(action)
                    }
                })
            });
        },
    ),
    defect(
        "bosh-terminate-own-response/condition",
        "the response to a request that ends a session has a condition, as if there were an error",
        |parts| {
            parts.bend(|| {
                Ended::new(|answer, _| match answer {
                    Place::Only(action) => Some(with_condition(action, "item-not-found")),
                    Place::Oldest(action) | Place::Own(action) | Place::Other(action) => {
                        Some(action)
                    }
                })
            });
        },
    ),
    defect(
        "bosh-terminate-oldest-ack/newest",
        "type='terminate' is on the response to the request that ends the session, not on the oldest",
        |parts| {
            parts.bend(|| {
                Ended::new(|answer, _| match answer {
                    Place::Oldest(action) => Some(with_type(action, None)),
                    Place::Own(action) => Some(with_type(action, Some("terminate"))),
                    Place::Only(action) | Place::Other(action) => Some(action),
                })
            });
        },
    ),
    defect(
        "bosh-terminate-oldest-ack/other-request",
        "when the client ends a session the oldest request gets other-request",
        |parts| {
            parts.bend(|| {
                Ended::new(|answer, _| match answer {
                    Place::Oldest(action) => Some(with_condition(action, "other-request")),
                    Place::Own(action) | Place::Only(action) | Place::Other(action) => Some(action),
                })
            });
        },
    ),
    defect(
        "bosh-terminate-others-empty/hanging",
        "the request that ends a session gets no answer where an older one was open",
        |parts| {
            parts.bend(|| {
                Ended::new(|answer, _| match answer {
                    Place::Own(_) => None,
                    Place::Oldest(action) | Place::Only(action) | Place::Other(action) => {
                        Some(action)
                    }
                })
            });
        },
    ),
    defect(
        "bosh-terminate-others-empty/no-body",
        "the request that ends a session gets a 200 with nothing in it where an older one was open",
        |parts| {
            on_picked(
                parts,
                |reply, told| {
                    let ends = |body: &crate::bosh::Body| body.kind() == BodyType::Terminate;
                    reply.get("type").is_none()
                        && told.asked.is_some_and(|asked| ends(&asked.body))
                        && told.session.is_dead()
                },
                empty,
            );
        },
    ),
    defect(
        "bosh-terminate-ends-session/held",
        "the end of a session while another request is held is confirmed, but the session lives on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Request(mut request)
                        if request.body.kind() == BodyType::Terminate
                            && request.body.stream().is_none()
                            && standing(request.rid, cx.session()) == Standing::Next
                            && held(cx, Some(request.token)) > 0 =>
                    {
                        let token = request.token;
                        let oldest = cx.all_asked().filter(|(other, _)| *other != token);
                        let oldest = oldest.min_by_key(|(_, asked)| asked.rid).map(|(old, _)| old);
                        request.body =
                            changed(&request.body, |body| body.set_attr("", "type", None));
                        cx.pass(Input::Request(request));
                        cx.pass(Input::Hurry(token));
                        if let Some(oldest) = oldest {
                            cx.answer(oldest, Reply::terminate(None));
                            cx.pass(Input::Gone(oldest));
                        }
                        None
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-terminate-ends-session/paused",
        "the end of a session during a pause is confirmed, but the session lives on",
        |parts| {
            parts.bend(|| {
                let mut paused = false;
                inputs(move |input, cx| match input {
                    Input::Request(mut request)
                        if request.body.kind() == BodyType::Terminate && paused =>
                    {
                        let token = request.token;
                        request.body =
                            changed(&request.body, |body| body.set_attr("", "type", None));
                        cx.pass(Input::Request(request));
                        cx.answer(token, Reply::terminate(None));
                        cx.pass(Input::Gone(token));
                        None
                    }
                    input => {
                        if let Input::Request(request) = &input {
                            paused = request.body.pause().is_some();
                        }
                        Some(input)
                    }
                })
            });
        },
    ),
    defect(
        "bosh-terminate-ends-session/server",
        "when the client ends its session its server does not hear of it",
        |parts| {
            unheard(parts, |input, _| {
                matches!(input, Input::Request(request)
                    if request.body.kind() == BodyType::Terminate && request.body.stream().is_none())
            });
        },
    ),
    defect(
        "bosh-terminate-ends-session/twice",
        "a session that its client has ended can be ended again",
        |parts| {
            let mut ended = HashSet::new();
            parts.on_answer(move |answer, request| {
                let Some(body) = body(request) else { return };
                let terminates = body.attr("type") == Some("terminate");
                let Some(sid) = body.attr("sid").filter(|_| terminates) else { return };
                if !ended.insert(sid.to_owned()) && ends_with(&answer.reply, "item-not-found") {
                    answer.reply = Reply::terminate(None);
                }
            });
        },
    ),
    defect(
        "bosh-terminate-ends-session/alone",
        "the end of a session with no other request open is confirmed, but the session lives on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Request(mut request)
                        if request.body.kind() == BodyType::Terminate
                            && request.body.stream().is_none()
                            && standing(request.rid, cx.session()) == Standing::Next
                            && held(cx, Some(request.token)) == 0 =>
                    {
                        let token = request.token;
                        request.body =
                            changed(&request.body, |body| body.set_attr("", "type", None));
                        cx.pass(Input::Request(request));
                        cx.answer(token, Reply::terminate(None));
                        cx.pass(Input::Gone(token));
                        None
                    }
                    input => Some(input),
                })
            });
        },
    ),
];

fn clear(body: &mut Element) {
    let mut without = Element::new(body.namespace(), body.name());
    for (namespace, name, value) in body.attributes() {
        without.set_attr(namespace, name, Some(value));
    }
    *body = without;
}

fn with_type(mut action: Action, kind: Option<&'static str>) -> Action {
    if let Action::Answer { reply, .. } = &mut action {
        reply.remove("type");
        if let Some(kind) = kind {
            reply.set("type", kind);
        }
    }
    action
}

fn with_condition(mut action: Action, condition: &str) -> Action {
    if let Action::Answer { reply, .. } = &mut action {
        reply.set("condition", condition);
    }
    action
}

/// A response that goes out when the client ends the session.
enum Place {
    /// To the request that ends it, where no other is open.
    Only(Action),
    /// To the oldest request.
    Oldest(Action),
    /// To the request that ends it, where older ones are open.
    Own(Action),
    /// To another one.
    Other(Action),
}

type Decide = fn(Place, &mut Cx<'_>) -> Option<Action>;

/// Decides on each response that goes out when the client ends the session.
struct Ended {
    by: Option<Token>,
    first: bool,
    decide: Decide,
}

impl Ended {
    #[allow(clippy::new_ret_no_self)] // it is of use as a bend alone
    fn new(decide: Decide) -> Box<dyn Bend> {
        Box::new(Self { by: None, first: true, decide })
    }
}

impl Bend for Ended {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.by = match &input {
            Input::Request(request) if request.body.kind() == BodyType::Terminate => {
                Some(request.token)
            }
            _ => None,
        };
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        let place = match (&action, self.by) {
            (Action::Answer { token, .. }, Some(by)) if cx.session().is_dead() => {
                match (std::mem::take(&mut self.first), *token == by) {
                    (true, true) => Place::Only(action),
                    (true, false) => Place::Oldest(action),
                    (false, true) => Place::Own(action),
                    (false, false) => Place::Other(action),
                }
            }
            _ => return cx.act(action),
        };
        if let Some(action) = (self.decide)(place, cx) {
            cx.act(action);
        }
    }
}
