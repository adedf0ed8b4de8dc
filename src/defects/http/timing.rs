//! How long requests are held, and what they are answered with, after answers of rare kinds (XEP-0124 §8, §17).

use std::collections::HashSet;
use std::time::Duration;

use http::StatusCode;

use super::super::bend::{Bend, Cx, actions, inputs, replies};
use super::super::edge::body;
use super::super::steps::{
    Given, Standing, first_link, is_message, is_poll, is_timeout, lost_in_pauses, on_answered,
    standing, stanzas,
};
use crate::bosh::{BodyType, Condition};
use crate::cm::backend::{Command, Event};
use crate::cm::reply::{PayloadKind, Reply};
use crate::cm::session::{Action, Input, Request};
use crate::defects::bend::ReplyContext;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-wait-not-much-early/together",
        "when the wait of one request is over all that are held are answered",
        |parts| parts.bend(|| Box::new(Together)),
    ),
    defect(
        "bosh-wait-not-exceeded/after-pause",
        "after a pause requests are held for ten seconds more",
        |parts| {
            parts.bend(|| {
                let mut paused = false;
                actions(move |action, cx| {
                    late(action, cx, &mut paused, |told| {
                        told.asked.is_some_and(|asked| asked.body.pause().is_some())
                    })
                })
            });
        },
    ),
    defect(
        "bosh-wait-not-exceeded/after-replay",
        "after a repeat requests are held for ten seconds more",
        |parts| {
            parts.bend(|| {
                let (mut given, mut again) = (Given::default(), false);
                actions(move |action, cx| {
                    if let Action::Answer { rid, reply, .. } = &action {
                        again |= given.again(*rid, reply);
                    }
                    late(action, cx, &mut again, |_| false)
                })
            });
        },
    ),
    defect(
        "bosh-long-polling/after-replay",
        "after a repeat the next empty request is answered at once",
        |parts| {
            parts.bend(|| {
                let mut repeated = false;
                inputs(move |input, cx| {
                    let Input::Request(request) = &input else { return Some(input) };
                    if standing(request.rid, cx.session()) == Standing::Remembered {
                        repeated = true;
                    } else if is_poll(&request.body) && std::mem::take(&mut repeated) {
                        let token = request.token;
                        cx.pass(input);
                        return Some(Input::Hurry(token));
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/again",
        "the empty response of a request whose wait is over has the stanzas of the response before it",
        |parts| {
            parts.bend(|| {
                let mut last = Vec::new();
                replies(move |reply, told| {
                    if is_timeout(reply, told) {
                        reply.payloads = std::mem::take(&mut last);
                    } else if reply.payloads.iter().all(|it| it.kind == PayloadKind::Stanza) {
                        last.clone_from(&reply.payloads);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/stream-error",
        "stanzas that wait when the stream fails are lost",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if reply.payloads.iter().any(|it| it.kind == PayloadKind::StreamError) {
                        reply.payloads.retain(|it| it.kind == PayloadKind::StreamError);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/paused",
        "stanzas that come in a pause are lost",
        lost_in_pauses,
    ),
    defect(
        "bosh-push-asap/second",
        "the second message and all behind it come with the next request, though one is held",
        |parts| {
            parts.bend(|| {
                let (mut count, mut kept) = (0, Vec::new());
                inputs(move |input, cx| {
                    match &input {
                        Input::Request(_) => {
                            for kept in kept.drain(..) {
                                cx.pass(kept);
                            }
                        }
                        Input::Server(_, Event::Element(element)) if is_message(element) => {
                            count += 1;
                            if count > 1 && cx.session().waiting().next().is_some() {
                                kept.push(input);
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
        "bosh-forward-asap/polling",
        "messages of a client that polls are sent on two seconds late",
        |parts| {
            parts.bend(|| {
                actions(|action, cx| {
                    let message = matches!(&action, Action::Command(_, Command::Send(stanza)) if is_message(stanza));
                    if message && cx.session().terms().is_polling() {
                        cx.act_after(Duration::from_secs(2), action);
                        return None;
                    }
                    Some(action)
                })
            });
        },
    ),
    defect(
        "bosh-terminal-ends-session/policy",
        "a client that polls too often gets policy-violation, and its session lives on",
        |parts| {
            parts.bend(|| {
                let mut last = None;
                inputs(move |input, cx| {
                    let Input::Request(Request { token, body, .. }) = &input else {
                        return Some(input);
                    };
                    let terms = cx.session().terms();
                    let hasty = last.is_some_and(|last| cx.now < last + terms.polling);
                    if terms.is_polling() && is_poll(body) && hasty {
                        cx.refuse(*token, Condition::PolicyViolation);
                        return None;
                    }
                    last = is_poll(body).then_some(cx.now);
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-terminal-ends-session/stream-error",
        "a session whose stream has failed answers further requests with an empty body",
        |parts| {
            let mut failed = HashSet::new();
            parts.on_answer(move |answer, request| {
                let sid = body(request);
                let Some(sid) = sid.and_then(|body| body.attr("sid").map(str::to_owned)) else {
                    return;
                };
                match answer.reply.get("condition") {
                    Some("remote-stream-error") => {
                        failed.insert(sid);
                    }
                    Some("item-not-found") if failed.contains(&sid) => {
                        answer.reply = Reply::empty();
                    }
                    _ => {}
                }
            });
        },
    ),
    defect(
        "bosh-cond-bad-request/done",
        "a request with an unknown type is refused, and what it carries is sent on all the same",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    if let Input::Request(request) = &input
                        && matches!(request.body.kind(), BodyType::Other(_))
                        && let Some(link) = first_link(cx)
                    {
                        let stanzas: Vec<_> = stanzas(&request.body).collect();
                        for stanza in stanzas {
                            cx.act(Action::Command(link, Command::Send(stanza)));
                        }
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-cond-bad-request/prefix",
        "of a `wait` or `hold` the digits at its beginning are taken",
        |parts| {
            parts.on_body(|body| {
                for name in ["wait", "hold"] {
                    let value = body.attr(name).unwrap_or_default().to_owned();
                    let end = value.find(|c: char| !c.is_ascii_digit());
                    if let Some(end) = end.filter(|end| *end > 0) {
                        body.set_attr("", name, Some(&value[..end]));
                    }
                }
            });
        },
    ),
    defect(
        "bosh-cond-host-unknown/suffix",
        "a domain that ends as one that is served is taken for it",
        |parts| {
            parts.on_body(|body| {
                let to = body.attr("to").unwrap_or_default();
                if body.attr("sid").is_none() && to.ends_with("localhost") {
                    body.set_attr("", "to", Some("localhost"));
                }
            });
        },
    ),
    defect("bosh-to-is-domain/case", "a domain in capitals is another one", |parts| {
        parts.on_body(|body| {
            let to = body.attr("to").unwrap_or_default();
            if to.contains(|c: char| c.is_ascii_uppercase()) {
                body.set_attr("", "to", Some("unknown.invalid"));
            }
        });
    }),
    defect("bosh-type-values/case", "`Terminate` is taken for `terminate`", |parts| {
        parts.on_body(|body| {
            let kind = body.attr("type").map(str::to_ascii_lowercase);
            if kind.as_deref() == Some("terminate") {
                body.set_attr("", "type", kind.as_deref());
            }
        });
    }),
    defect(
        "bosh-type-values/released",
        "an empty response that the next request releases has the type `result`",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let ordinary = reply.payloads.is_empty() && reply.get("type").is_none();
                    if ordinary && !told.held().is_zero() && !is_timeout(reply, told) {
                        reply.set("type", "result");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-error-is-binding-not-http/creation",
        "a creation request with `ver` that is refused is answered with 400",
        |parts| {
            on_answered(
                parts,
                |reply, request| {
                    let known = body(request);
                    let new = known.is_some_and(|body| {
                        body.attr("sid").is_none() && body.attr("ver").is_some()
                    });
                    new && reply.get("condition").is_some()
                },
                |response| *response.status_mut() = StatusCode::BAD_REQUEST,
            );
        },
    ),
    defect(
        "bosh-error-is-binding-not-http/stream",
        "the error of a stream comes with status 500",
        |parts| {
            on_answered(
                parts,
                |reply, _| reply.get("condition") == Some("remote-stream-error"),
                |response| *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
            );
        },
    ),
];

/// Answers of requests whose wait is over come late once something has been asked or answered.
fn late(
    action: Action,
    cx: &mut Cx<'_>,
    since: &mut bool,
    begins: fn(&ReplyContext<'_>) -> bool,
) -> Option<Action> {
    let Action::Answer { token, rid, reply } = &action else { return Some(action) };
    let told = ReplyContext {
        asked: cx.asked(*token),
        rid: *rid,
        nth: cx.answered(),
        now: cx.now,
        session: cx.session(),
    };
    let over = is_timeout(reply, &told);
    let before = std::mem::replace(since, *since || begins(&told));
    if before && over {
        cx.act_after(Duration::from_secs(10), action);
        return None;
    }
    Some(action)
}

/// A request whose wait is over takes the others with it.
struct Together;

impl Bend for Together {
    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        let mut others = Vec::new();
        if let Action::Answer { token, rid, reply } = &action {
            let told = ReplyContext {
                asked: cx.asked(*token),
                rid: *rid,
                nth: cx.answered(),
                now: cx.now,
                session: cx.session(),
            };
            if is_timeout(reply, &told) {
                others
                    .extend(cx.all_asked().map(|(other, _)| other).filter(|other| other != token));
            }
        }
        cx.act(action);
        others.sort_unstable();
        for &other in &others {
            cx.pass(Input::Hurry(other));
        }
        if !others.is_empty() {
            cx.pass(Input::Settle);
        }
    }
}
