//! Requests that come again after they were answered (XEP-0124 §14.3).

use std::collections::BTreeSet;

use http::{HeaderValue, header};

use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Request, Session};
use crate::defects::bend::{Bend, Cx, PendingRequest, ReplyContext, inputs, replies, requests};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{
    Given, Standing, ends_with, first_link, forget, is_message, on_picked, standing, stanzas,
};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-response-buffer/empty",
        "responses without payloads are not remembered",
        |parts| {
            parts.bend(|| Box::new(Forgetful::new(|reply| reply.payloads.is_empty())));
        },
    ),
    defect(
        "bosh-response-buffer/payloads",
        "responses with payloads are not remembered",
        |parts| {
            parts.bend(|| Box::new(Forgetful::new(|reply| !reply.payloads.is_empty())));
        },
    ),
    defect(
        "bosh-response-buffer-size/one-less",
        "one response less than `requests` is remembered",
        |parts| remember(parts, false, |requests| requests - 1),
    ),
    defect(
        "bosh-response-buffer-size/unacknowledged",
        "only `requests` responses are remembered though the client has acknowledged none of them",
        |parts| remember(parts, true, |requests| requests),
    ),
    defect(
        "bosh-response-buffer-size/pause",
        "a pause takes the place of one of the responses that are remembered",
        |parts| crowded(parts, |request, _| request.body.pause().is_some()),
    ),
    defect(
        "bosh-response-buffer-size/repeats",
        "a response that was given again takes the place of another one",
        |parts| crowded(parts, |request, kept| kept.contains(&request.rid)),
    ),
    defect(
        "bosh-pause-not-buffered",
        "a repeat of a pause that was answered gets no answer at all",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.body.pause().is_some()
                            && standing(request.rid, cx.session()) == Standing::Old =>
                    {
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-resend-replays/empty",
        "a rid that was answered is answered again with an empty body",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    if given.again(told.rid, reply) {
                        reply.payloads.clear();
                    }
                })
            });
        },
    ),
    defect(
        "bosh-resend-replays/message",
        "a response with a message is given again without it",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    if given.again(told.rid, reply) {
                        reply.payloads.retain(|payload| !payload.xml.starts_with("<message"));
                    }
                })
            });
        },
    ),
    defect(
        "bosh-resend-replays/ack",
        "a response that is given again has the `ack` of the present in it",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    if given.again(told.rid, reply) {
                        reply.set("ack", told.session.contiguous());
                    }
                })
            });
        },
    ),
    defect(
        "bosh-resend-no-reprocessing/answered",
        "messages of a request that comes again after it was answered are handed on again",
        |parts| forward_again(parts, |standing, _| standing == Standing::Remembered),
    ),
    defect(
        "bosh-resend-no-reprocessing/held",
        "messages of a request that comes again while it is held are handed on again",
        |parts| forward_again(parts, |standing, ahead| standing == Standing::Waiting && !ahead),
    ),
    defect(
        "bosh-resend-no-reprocessing/echo",
        "a response that is given again repeats the `rid` and `sid` of the request",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    if given.again(told.rid, reply) {
                        reply.set("rid", told.rid.unwrap_or_default());
                        reply.set("sid", told.session.sid());
                    }
                })
            });
        },
    ),
    defect(
        "bosh-resend-not-in-buffer/hangs",
        "a repeat whose response is gone is kept waiting in place of being refused",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.body.pause().is_none()
                            && standing(request.rid, cx.session()) == Standing::Old =>
                    {
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-resend-no-reprocessing/gap",
        "messages of a request that comes again while it waits behind a gap are handed on twice",
        |parts| forward_again(parts, |standing, ahead| standing == Standing::Waiting && ahead),
    ),
    defect(
        "bosh-resend-not-in-buffer/forwarded",
        "a repeat whose response is gone is refused, but its messages are handed on",
        |parts| forward_again(parts, |standing, _| standing == Standing::Old),
    ),
    defect(
        "bosh-resend-not-in-buffer/wrong-response",
        "a repeat whose response is gone gets the oldest response that is left",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    if standing(request.rid, session) == Standing::Old
                        && let Some(&oldest) = kept(session).first()
                    {
                        request.rid = oldest;
                    }
                })
            });
        },
    ),
    defect(
        "bosh-resend-not-in-buffer/before-creation",
        "a rid below that of the creation request gets an empty body in place of an error",
        |parts| {
            parts.bend(|| {
                let mut first = None;
                inputs(move |input, cx| {
                    let first = *first.get_or_insert(cx.session().contiguous());
                    match &input {
                        Input::Request(request) if request.rid < first => {
                            cx.answer(request.token, Reply::empty());
                            None
                        }
                        _ => Some(input),
                    }
                })
            });
        },
    ),
    defect(
        "bosh-rid-small-large-same-error/ack",
        "the error for too large a rid has an `ack` with the last one, that for too small a rid has not",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if is_too_large(reply, told) {
                        reply.set("ack", told.session.contiguous());
                    }
                })
            });
        },
    ),
    defect(
        "bosh-rid-small-large-same-error/near",
        "a rid too small by less than a hundred is refused with an `ack`, and others are not",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let last = told.session.contiguous();
                    let near = |asked: &PendingRequest| {
                        (last.saturating_sub(100)..last).contains(&asked.rid)
                    };
                    if ends_with(reply, "item-not-found") && told.asked.is_some_and(near) {
                        reply.set("ack", last);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-rid-small-large-same-error/header",
        "the response for too large a rid closes the connection, that for too small a rid does not",
        |parts| {
            on_picked(parts, is_too_large, |response| {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            });
        },
    ),
];

/// The rids whose responses are kept, the oldest first.
fn kept(session: &Session) -> Vec<u64> {
    let last = session.contiguous();
    (last.saturating_sub(64)..=last).filter(|&rid| session.remembers(rid)).collect()
}

/// Of sessions whose client acknowledges responses, or of the others, only the latest responses are remembered.
fn remember(parts: &mut Parts, acknowledging: bool, most: fn(u64) -> u64) {
    parts.bend(move || {
        requests(move |request, session| {
            let terms = session.terms();
            let kept = kept(session);
            let latest = &kept[kept.len().saturating_sub(most(terms.requests) as usize)..];
            if terms.client_acks == acknowledging
                && kept.contains(&request.rid)
                && !latest.contains(&request.rid)
            {
                forget(request);
            }
        })
    });
}

fn is_too_large(reply: &Reply, told: &ReplyContext<'_>) -> bool {
    let beyond = |asked: &PendingRequest| standing(asked.rid, told.session) == Standing::Beyond;
    ends_with(reply, "item-not-found") && told.asked.is_some_and(beyond)
}

/// Hands on the messages of repeats that `picks` picks by how they stand, and whether they are ahead of a gap.
fn forward_again(parts: &mut Parts, picks: fn(Standing, bool) -> bool) {
    parts.bend(move || {
        inputs(move |input, cx| {
            if let Input::Request(request) = &input
                && picks(
                    standing(request.rid, cx.session()),
                    request.rid > cx.session().contiguous(),
                )
                && let Some(link) = first_link(cx)
            {
                for message in stanzas(&request.body).filter(is_message) {
                    cx.act(Action::Command(link, Command::Send(message)));
                }
            }
            Some(input)
        })
    });
}

/// Requests that `counts` counts take the place of a response that is remembered; it knows which rids are.
fn crowded(parts: &mut Parts, counts: fn(&Request, &[u64]) -> bool) {
    parts.bend(move || {
        let mut counted = BTreeSet::new();
        requests(move |request, session| {
            let kept = kept(session);
            let full = kept.len() as u64 >= session.terms().requests;
            if full
                && kept.first() == Some(&request.rid)
                && counted.iter().any(|rid| *rid > request.rid)
            {
                forget(request);
            } else if counts(request, &kept) {
                counted.insert(request.rid);
            }
        })
    });
}

/// The rids whose responses are of a kind that is not remembered.
struct Forgetful {
    kind: fn(&Reply) -> bool,
    rids: BTreeSet<u64>,
}

impl Forgetful {
    fn new(kind: fn(&Reply) -> bool) -> Self {
        Self { kind, rids: BTreeSet::new() }
    }
}

impl Bend for Forgetful {
    fn come(&mut self, mut input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &mut input
            && self.rids.contains(&request.rid)
        {
            forget(request);
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { rid: Some(rid), reply, .. } = &action
            && reply.get("type").is_none()
            && (self.kind)(reply)
        {
            self.rids.insert(*rid);
            if self.rids.len() > 64 {
                self.rids.pop_first();
            }
        }
        cx.act(action);
    }
}
