//! Responses that are whole, connections that stay, and long polls (XEP-0124 §2, §4).

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};

use super::super::bend::{Bend, Cx, PendingRequest, ReplyContext, actions, inputs};
use super::super::steps::{is_timeout, on_chosen, on_picked};
use super::connections::says;
use crate::bosh::{Body, BodyType};
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Token};
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-single-body-root/session-over",
        "once a request came again those open when the session ends get 200 without content, but for the one that is told why",
        |parts| {
            on_chosen(
                parts,
                || {
                    let mut repeated = false;
                    move |reply: &Reply, told: &ReplyContext<'_>| {
                        repeated |= reply.get("type") == Some("error");
                        repeated && told.session.is_dead() && reply.get("type").is_none()
                    }
                },
                void,
            );
        },
    ),
    defect(
        "bosh-single-body-root/wait-over",
        "a request whose `wait` is over gets 200 without content",
        |parts| on_picked(parts, is_timeout, void),
    ),
    defect(
        "bosh-single-body-root/replaced",
        "a held request that is replaced by its repeat gets 200 without content",
        |parts| on_picked(parts, |reply, _| reply.get("type") == Some("error"), void),
    ),
    defect(
        "bosh-single-body-root/stopped",
        "when the connection manager stops the newest of several open requests gets 200 without content",
        |parts| {
            on_picked(
                parts,
                |reply, told| {
                    let several = told.session.terms().hold > 1;
                    several
                        && reply.get("condition") == Some("system-shutdown")
                        && told.rid == Some(told.session.contiguous())
                },
                void,
            );
        },
    ),
    defect("bosh-keepalive/empty", "the connection is closed after an empty response", |parts| {
        parts.on_leave(|response, _| {
            if response.body().ends_with(b"/>") && response.body().starts_with(b"<body") {
                close(response);
            }
        });
    }),
    defect(
        "bosh-keepalive/http10",
        "`Connection: keep-alive` of an HTTP/1.0 request is disregarded",
        |parts| {
            parts.on_leave(|response, request| {
                let asks = |request: &Request<Bytes>| {
                    request.version() == Version::HTTP_10
                        && says(request, &header::CONNECTION, "keep-alive")
                };
                if request.is_some_and(asks) {
                    close(response);
                }
            });
        },
    ),
    defect(
        "bosh-long-poll-release-oldest/late",
        "an empty request over `hold` releases the oldest only after 4 seconds, if that was held for more than one",
        |parts| {
            parts.bend(|| {
                actions(|action, cx| {
                    let oldest = released(&action, cx).and_then(|_| cx.asked(token_of(&action)?));
                    let held = oldest.map(|oldest| cx.now.saturating_sub(oldest.at));
                    if held > Some(Duration::from_secs(1)) {
                        cx.act_after(Duration::from_secs(4), action);
                        return None;
                    }
                    Some(action)
                })
            });
        },
    ),
    defect(
        "bosh-long-poll-release-oldest/newest",
        "an empty request over `hold` is answered itself, and the oldest stays held",
        |parts| parts.bend(|| Box::new(Newest::default())),
    ),
    defect(
        "bosh-long-poll-release-oldest/both",
        "an empty request over `hold` releases the oldest and is not held either",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if is_poll(&request.body)
                            && cx.session().waiting().count() as u64
                                >= cx.session().terms().hold =>
                    {
                        let token = request.token;
                        cx.pass(input);
                        Some(Input::Hurry(token))
                    }
                    _ => Some(input),
                })
            });
        },
    ),
];

pub(super) fn close(response: &mut Response<Bytes>) {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// A response whose content was forgotten, but not its type.
fn void(response: &mut Response<Bytes>) {
    *response.body_mut() = Bytes::new();
}

/// A new request that is as `which` says releases the oldest only after 4 seconds.
pub(super) fn late_release(parts: &mut Parts, which: fn(&Body) -> bool) {
    parts.bend(move || {
        actions(move |action, cx| {
            if released_by(&action, cx, which).is_some() {
                cx.act_after(Duration::from_secs(4), action);
                return None;
            }
            Some(action)
        })
    });
}

/// Whether a request asks for nothing but what there is.
fn is_poll(body: &Body) -> bool {
    body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && body.to().is_none()
        && !body.is_restart()
}

/// The request that is answered.
fn token_of(action: &Action) -> Option<Token> {
    let Action::Answer { token, .. } = action else { return None };
    Some(*token)
}

/// If this is the response to a request that an empty one has just released: the latter's token.
fn released(action: &Action, cx: &Cx<'_>) -> Option<Token> {
    released_by(action, cx, is_poll)
}

/// The same for one that is as `which` says.
fn released_by(action: &Action, cx: &Cx<'_>, which: fn(&Body) -> bool) -> Option<Token> {
    let Action::Answer { token, reply, .. } = action else { return None };
    let newest = cx.all_asked().max_by_key(|(_, asked)| asked.rid);
    let just = |(newest, asked): &(Token, &PendingRequest)| {
        newest != token && asked.at == cx.now && which(&asked.body)
    };
    let (newest, _) = newest.filter(just)?;
    (reply.payloads.is_empty() && reply.get("type").is_none()).then_some(newest)
}

/// Who waits in the place of whom.
#[derive(Default)]
struct Newest {
    instead: HashMap<Token, Token>,
}

impl Bend for Newest {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let of = |token: Token| {
            let place = self.instead.iter().find(|(_, waits)| **waits == token);
            place.map_or(token, |(place, _)| *place)
        };
        cx.pass(match input {
            Input::Gone(token) => Input::Gone(of(token)),
            Input::Hurry(token) => Input::Hurry(of(token)),
            input => input,
        });
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        let newest = released(&action, cx);
        let Action::Answer { token, rid, reply } = action else { return cx.act(action) };
        let waits = self.instead.remove(&token).unwrap_or(token);
        if let Some(newest) = newest {
            self.instead.insert(newest, waits);
        }
        cx.act(Action::Answer { token: newest.unwrap_or(waits), rid, reply });
    }
}
