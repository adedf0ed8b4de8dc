//! What an answer of one kind does to what comes after it (XEP-0124 §8 to §14), and what is wrong with it alone.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{HeaderValue, header};

use crate::bosh::BodyType;
use crate::cm::backend::Event;
use crate::cm::http::Delivery;
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, PayloadKind, Reply};
use crate::cm::session::{Action, Input, Request};
use crate::defects::bend::{Bend, Cx, ReplyContext, inputs, replies, requests};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{Given, Standing, forget, is_message, is_poll, on_picked, standing};

pub(super) const DEFECTS: &[Defect] = &[
    defect("bosh-ack-consistent/paused", "after a pause no response has an ack", |parts| {
        parts.bend(|| {
            let mut paused = false;
            replies(move |reply, told| {
                if paused && reply.get("type").is_none() {
                    reply.remove("ack");
                }
                paused |= told.asked.is_some_and(|asked| asked.body.pause().is_some());
            })
        });
    }),
    defect(
        "bosh-wait-not-exceeded/message",
        "the request after one that a message has answered is held for four seconds too long",
        |parts| parts.bend(|| Box::<Longer>::default()),
    ),
    defect(
        "bosh-long-polling/repeat",
        "an empty request that follows a repeat of one that was answered is not held",
        |parts| {
            after(parts, Standing::Remembered, |request, cx| {
                let token = request.token;
                if is_poll(&request.body) {
                    cx.pass(Input::Request(request));
                    cx.pass(Input::Hurry(token));
                } else {
                    cx.pass(Input::Request(request));
                }
            });
        },
    ),
    defect(
        "bosh-rid-window/copies",
        "the window is one less after a request came again while it was held",
        |parts| {
            parts.bend(|| {
                let mut copies = false;
                requests(move |request, session| match standing(request.rid, session) {
                    Standing::Waiting => copies = true,
                    Standing::Ahead
                        if copies
                            && request.rid - session.contiguous() == session.terms().requests =>
                    {
                        forget(request);
                    }
                    _ => {}
                })
            });
        },
    ),
    defect(
        "bosh-rid-out-of-window-terminates/end",
        "a request that ends the session does so whatever its rid is, if that is above the window",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    if request.body.kind() == BodyType::Terminate
                        && standing(request.rid, session) == Standing::Beyond
                    {
                        request.rid = session.contiguous() + 1;
                    }
                })
            });
        },
    ),
    defect(
        "bosh-inactivity-not-early/copies",
        "after a request came again while it was held inactivity is half as long",
        |parts| parts.bend(|| Box::<Hasty>::default()),
    ),
    defect(
        "bosh-inactivity-terminate/repeat",
        "a session does not end of inactivity if its last request was a repeat",
        |parts| {
            parts.bend(|| {
                let mut repeated = false;
                inputs(move |input, cx| {
                    if let Input::Request(request) = &input {
                        repeated = standing(request.rid, cx.session()) == Standing::Remembered;
                    }
                    let idle = cx.session().waiting().next().is_none();
                    let over = repeated && idle && cx.all_asked().next().is_none();
                    Some(input).filter(|input| !over || !matches!(input, Input::Settle))
                })
            });
        },
    ),
    defect(
        "bosh-resend-replays/queue",
        "a request that comes again gets the message that waits in place of its response",
        |parts| {
            parts.bend(|| {
                let mut waits = None;
                inputs(move |input, cx| match input {
                    Input::Server(_, Event::Element(element))
                        if is_message(&element)
                            && waits.is_none()
                            && cx.session().waiting().next().is_none() =>
                    {
                        waits = Some(element);
                        None
                    }
                    Input::Request(request) => {
                        let link = cx.session().links().next();
                        match (waits.take(), link) {
                            (Some(element), _)
                                if standing(request.rid, cx.session()) == Standing::Remembered =>
                            {
                                let mut reply = Reply::empty();
                                reply.payloads.push(Payload::new(&element));
                                cx.answer(request.token, reply);
                                return None;
                            }
                            (Some(element), Some(link)) => {
                                cx.pass(Input::Server(link, Event::Element(element)));
                            }
                            _ => {}
                        }
                        Some(Input::Request(request))
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-resend-replays/report",
        "a response that reports another one is given again without that",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    if given.again(told.rid, reply) {
                        reply.remove("report");
                        reply.remove("time");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-content-type-default/stream",
        "the response to a request for another stream is text/html",
        |parts| {
            on_picked(
                parts,
                |reply, told| {
                    let adds = told.asked.is_some_and(|asked| asked.body.to().is_some());
                    adds && reply.get("stream").is_some() && !told.creation()
                },
                |response| {
                    let html = HeaderValue::from_static("text/html; charset=utf-8");
                    response.headers_mut().insert(header::CONTENT_TYPE, html);
                },
            );
        },
    ),
    defect(
        "bosh-no-chunked/reported",
        "a response that reports another one comes in chunks",
        |parts| {
            on_picked(
                parts,
                |reply, _| reply.get("report").is_some(),
                |response| {
                    response.extensions_mut().insert(Delivery::Chunked);
                },
            );
        },
    ),
    defect(
        "bosh-cors-on-response/polled",
        "in a session that polls an empty response lacks Access-Control-Allow-Origin",
        |parts| {
            on_picked(parts, is_polled, |response| {
                response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            });
        },
    ),
    defect(
        "bosh-no-character-data/polled",
        "in a session that polls an empty response has a text",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if is_polled(reply, told) {
                        let text = Payload { kind: PayloadKind::Stanza, xml: "nothing".into() };
                        reply.payloads.push(text);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-resp-mandatory-attrs-only-once/paused",
        "the response to the request after a pause has the number of requests",
        |parts| {
            parts.bend(|| {
                let mut paused = false;
                replies(move |reply, told| {
                    let pauses = told.asked.is_some_and(|asked| asked.body.pause().is_some());
                    if std::mem::replace(&mut paused, pauses) {
                        reply.set("requests", told.session.terms().requests);
                    }
                })
            });
        },
    ),
];

/// Whether an empty response goes out in a session that polls.
fn is_polled(reply: &Reply, told: &ReplyContext<'_>) -> bool {
    told.session.terms().is_polling()
        && !told.creation()
        && reply.payloads.is_empty()
        && reply.get("type").is_none()
}

/// Does something else with the new request that comes after a repeat that stood like this.
fn after(parts: &mut Parts, repeat: Standing, act: fn(Request, &mut Cx<'_>)) {
    parts.bend(move || {
        let mut repeated = false;
        inputs(move |input, cx| match input {
            Input::Request(request) if standing(request.rid, cx.session()) == repeat => {
                repeated = true;
                Some(Input::Request(request))
            }
            Input::Request(request) if std::mem::take(&mut repeated) => {
                act(request, cx);
                None
            }
            input => Some(input),
        })
    });
}

/// An empty response after one with a message that was held comes four seconds later.
#[derive(Default)]
struct Longer {
    pushed: bool,
}

impl Bend for Longer {
    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &action
            && let Some(asked) = cx.asked(*token)
        {
            let held = cx.now > asked.at;
            let empty = reply.payloads.is_empty() && is_poll(&asked.body);
            if std::mem::take(&mut self.pushed) && empty && held && reply.get("type").is_none() {
                return cx.act_after(Duration::from_secs(4), action);
            }
            self.pushed = held && reply.payloads.iter().any(|it| it.xml.starts_with("<message"));
        }
        cx.act(action);
    }
}

/// Ends a session in which a request came again when half of inactivity is over.
#[derive(Default)]
struct Hasty {
    copies: BTreeSet<u64>,
    since: Duration,
}

impl Bend for Hasty {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match &input {
            Input::Request(request) if standing(request.rid, cx.session()) == Standing::Waiting => {
                self.copies.insert(request.rid);
            }
            Input::Settle if !self.copies.is_empty() => {
                let half = cx.session().terms().inactivity / 2;
                if cx.session().waiting().next().is_none() && cx.now >= self.since + half {
                    return cx.pass(Input::Shutdown);
                }
                cx.wake_after(half);
            }
            _ => {}
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if matches!(action, Action::Answer { .. }) {
            self.since = cx.now;
        }
        cx.act(action);
    }
}
