//! How streams end, one or all (XEP-0124 §16.5, §16.6).

use std::collections::HashMap;
use std::time::Duration;

use super::super::bend::{Bend, Cx, actions, inputs, replies, with_payloads};
use super::names::{requests, terminates, with};
use crate::bosh::{Body, BodyType, Condition};
use crate::cm::backend::{Command, Event, Link};
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, LINKS, Session, Token};
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-multi-close-last",
        "a session whose streams are closed one by one is said to end with the last, and goes on",
        |parts| parts.bend(|| Box::<Streamless>::default()),
    ),
    defect(
        "bosh-multi-close-all/payloads",
        "what a request carries that ends the session goes over its first stream alone",
        |parts| {
            parts.bend(|| Box::<FirstAlone>::default());
        },
    ),
    defect(
        "bosh-multi-close-all/first",
        "a request that ends the session without naming a stream closes the first one alone",
        |parts| {
            requests(parts, |request, names| {
                if terminates(&request.body) && request.body.stream().is_none() && names.several() {
                    request.body = with(&request.body, "stream", names.first());
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-error-close-stream",
        "payloads for a stream that an error has closed go over the first of those that are left",
        |parts| {
            requests(parts, |request, names| {
                let failed = |name| names.failed.iter().any(|failed| failed == name);
                if !request.body.is_empty() && request.body.stream().is_some_and(failed) {
                    request.body = with(&request.body, "stream", names.first());
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-error-keeps-session/ends",
        "an error of one stream, which its response names, ends the session with the other streams",
        |parts| {
            parts.bend(|| {
                let mut over = false;
                actions(move |mut action, cx| {
                    if is_error_of_stream(&action) {
                        over = true;
                        cx.act(action);
                        cx.pass(Input::Shutdown);
                        return None;
                    }
                    if let Action::Answer { reply, .. } = &mut action
                        && over
                    {
                        reply.set("condition", Condition::OtherRequest.as_str());
                    }
                    Some(action)
                })
            });
        },
    ),
    defect(
        "bosh-multi-error-keeps-session/deaf",
        "after an error of one stream the session goes on, but payloads for the others are dropped",
        |parts| {
            parts.bend(|| {
                let mut over = false;
                actions(move |action, _| {
                    over |= is_error_of_stream(&action);
                    let dropped = over && matches!(action, Action::Command(_, Command::Send(_)));
                    Some(action).filter(|_| !dropped)
                })
            });
        },
    ),
    defect(
        "bosh-multi-error-all-streams",
        "when a request breaks a rule its session ends, but of its streams only the first is closed",
        |parts| parts.bend(|| Box::<LeftOpen>::default()),
    ),
    defect(
        "bosh-multi-error-all",
        "with several streams, a request that breaks a rule closes them and gets a terminal condition, but the session goes on",
        |parts| parts.bend(|| Box::<GoesOn>::default()),
    ),
    defect(
        "xbosh-stream-error-condition/one-of-two",
        "an error of one of two streams comes as a stanza does, and the response ends nothing",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if reply.is_terminal() && reply.get("stream").is_some() {
                        reply.remove("type");
                        reply.remove("condition");
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-remote-stream-error-content/last-of-two",
        "when the first of two streams is closed, an error of the other one is reported without its element",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Server(link, Event::Error(_))
                        if link % LINKS > 0 && !has_several(cx.session()) =>
                    {
                        Some(Input::Server(link, Event::Failed(Condition::RemoteStreamError)))
                    }
                    input => Some(input),
                })
            });
        },
    ),
];

/// Closes all streams at the server; the session does not know.
fn close_all(cx: &mut Cx<'_>) {
    for link in cx.session().links().collect::<Vec<_>>() {
        cx.act(Action::Command(link, Command::Close));
    }
}

/// Whether this tells the client that one stream of its session is over.
fn is_error_of_stream(action: &Action) -> bool {
    let Action::Answer { reply, .. } = action else { return false };
    reply.is_terminal() && reply.get("stream").is_some()
}

fn has_several(session: &Session) -> bool {
    session.links().nth(1).is_some()
}

/// The last stream is closed at the server, and the session lives on without one.
#[derive(Default)]
struct Streamless {
    closing: bool,
}

impl Bend for Streamless {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let Input::Request(mut request) = input else { return cx.pass(input) };
        let last = cx.session().links().next().filter(|_| !has_several(cx.session()));
        if let Some(link) = last
            && terminates(&request.body)
            && request.body.stream().is_some()
            && request.rid == cx.session().contiguous() + 1
        {
            let token = request.token;
            request.body = with(&request.body, "type", None);
            self.closing = true;
            cx.pass(Input::Request(request));
            cx.pass(Input::Hurry(token));
            cx.act_after(Duration::ZERO, Action::Command(link, Command::Close));
            return;
        }
        cx.pass(Input::Request(request));
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { reply, .. } = &mut action
            && std::mem::take(&mut self.closing)
        {
            reply.set("type", "terminate");
        }
        cx.act(action);
    }
}

/// The payloads of a request that ends the session go over its first stream.
#[derive(Default)]
struct FirstAlone {
    only: Option<Link>,
}

impl Bend for FirstAlone {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.only = match &input {
            Input::Request(request)
                if terminates(&request.body) && request.body.stream().is_none() =>
            {
                cx.session().links().next()
            }
            _ => None,
        };
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        match &action {
            Action::Command(link, Command::Send(_)) if self.only.is_some_and(|it| it != *link) => {}
            _ => cx.act(action),
        }
    }
}

/// Of the streams of a session that a request has broken only the first is closed.
#[derive(Default)]
struct LeftOpen {
    first: Option<Link>,
    /// What is done now is done for a request that does not end the session itself.
    asked: bool,
}

impl Bend for LeftOpen {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.first = self.first.or(cx.session().links().next());
        self.asked = match &input {
            Input::Request(request) => !terminates(&request.body),
            Input::Broken(_) => true,
            _ => false,
        };
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        match &action {
            Action::Command(link, Command::Close)
                if self.asked && cx.session().is_dead() && self.first != Some(*link) => {}
            _ => cx.act(action),
        }
    }
}

/// Requests that break a rule are told so, and taken for empty ones. The streams are closed at the server.
#[derive(Default)]
struct GoesOn {
    refused: HashMap<Token, Condition>,
}

impl GoesOn {
    /// Why a request is refused that comes in its order.
    fn condition(body: &Body, session: &Session) -> Option<Condition> {
        match body.pause() {
            Some(Ok(0) | Err(_)) => return Some(Condition::BadRequest),
            Some(Ok(pause)) if Duration::from_secs(pause) > session.terms().maxpause => {
                return Some(Condition::PolicyViolation);
            }
            _ => {}
        }
        let nonsense =
            matches!(body.kind(), BodyType::Other(_)) || body.stray_text().next().is_some();
        nonsense.then_some(Condition::BadRequest)
    }
}

impl Bend for GoesOn {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if !has_several(cx.session()) {
            return cx.pass(input);
        }
        match input {
            Input::Broken(token) => {
                cx.refuse(token, Condition::BadRequest);
                close_all(cx);
            }
            Input::Request(request)
                if request.rid > cx.session().contiguous() + cx.session().terms().requests =>
            {
                cx.refuse(request.token, Condition::ItemNotFound);
                close_all(cx);
            }
            Input::Request(mut request) if request.rid == cx.session().contiguous() + 1 => {
                let Some(condition) = Self::condition(&request.body, cx.session()) else {
                    return cx.pass(Input::Request(request));
                };
                let token = request.token;
                self.refused.insert(token, condition);
                let empty = with_payloads(&request.body, []);
                request.body = with(&with(&empty, "type", None), "pause", None);
                cx.pass(Input::Request(request));
                cx.pass(Input::Hurry(token));
                close_all(cx);
            }
            input => cx.pass(input),
        }
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &mut action
            && let Some(condition) = self.refused.remove(token)
        {
            *reply = Reply::terminate(Some(condition));
        }
        cx.act(action);
    }
}
