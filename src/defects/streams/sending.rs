//! Which stream payloads belong to (XEP-0124 §16.4).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::bend::{actions, inputs, replies, with_payloads};
use super::names::{Names, is_poll, requests, with};
use crate::bosh::{Body, BodyType, Condition};
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, PayloadKind};
use crate::cm::session::{Action, Input};
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-multi-cm-stream-attr/first",
        "payloads of the first stream come without its name, as they did before there was another",
        |parts| {
            parts.bend(|| {
                let mut first = None;
                replies(move |reply, told| {
                    if told.creation() {
                        first = reply.get("stream").map(str::to_owned);
                    } else if reply.get("stream") == first.as_deref()
                        && !reply.payloads.is_empty()
                        && !reply.is_terminal()
                    {
                        reply.remove("stream");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-cm-stream-attr/of-request",
        "a response names the stream of the request that it answers, whosever its payloads are",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let named = told.asked.filter(|asked| !asked.body.is_empty());
                    if let Some(name) = named.and_then(|asked| asked.body.stream())
                        && !reply.payloads.is_empty()
                        && !reply.is_terminal()
                        && reply.get("stream").is_some()
                    {
                        reply.set("stream", name);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-cm-stream-attr/last",
        "when one stream is left of several, its payloads come without its name",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let left = told.session.links().nth(1).is_none();
                    if left
                        && !told.creation()
                        && !reply.payloads.is_empty()
                        && !reply.is_terminal()
                    {
                        reply.remove("stream");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-unknown-stream/broadcast",
        "payloads for a stream that the session never had go over all that it has",
        |parts| {
            requests(parts, |request, names| {
                if !request.body.is_empty() && names.lack(&request.body) {
                    request.body = with(&request.body, "stream", None);
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-unknown-stream/dropped",
        "payloads for a stream that the session never had are dropped, and the session goes on",
        |parts| {
            requests(parts, |request, names| {
                if !request.body.is_empty() && names.lack(&request.body) {
                    request.body = with_payloads(&request.body, []);
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-just-closed/broadcast",
        "payloads for a stream that was closed a moment ago go over the others",
        |parts| {
            requests(parts, |request, names| {
                if for_closed(&request.body, names) {
                    request.body = with(&request.body, "stream", None);
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-just-closed/refused",
        "payloads for a stream that was closed a moment ago end the session with bad-request",
        |parts| {
            requests(parts, |request, names| {
                for_closed(&request.body, names).then_some(Condition::BadRequest)
            });
        },
    ),
    defect(
        "bosh-multi-empty-stream-ignored/refused",
        "an empty request that names a stream which the session never had ends it",
        |parts| {
            requests(parts, |request, names| {
                let refused = is_poll(&request.body) && names.lack(&request.body);
                refused.then_some(Condition::ItemNotFound)
            });
        },
    ),
    defect(
        "bosh-multi-empty-stream-ignored/at-once",
        "an empty request that names a stream is not held",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Request(request)
                        if is_poll(&request.body) && request.body.stream().is_some() =>
                    {
                        let token = request.token;
                        cx.pass(Input::Request(request));
                        Some(Input::Hurry(token))
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-response-same-session/stanzas",
        "with five sessions or more, stanzas sent to one are sent again to the next that gets any within a second",
        leaking,
    ),
    defect(
        "bosh-multi-broadcast/first",
        "payloads without the name of a stream go over the first one alone",
        |parts| {
            requests(parts, |request, names| {
                if is_broadcast(&request.body) && names.several() {
                    request.body = with(&request.body, "stream", names.first());
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-broadcast/latest",
        "payloads without the name of a stream go over the one that was opened last",
        |parts| {
            requests(parts, |request, names| {
                if is_broadcast(&request.body) && names.several() {
                    let last = names.open.last().map(String::as_str);
                    request.body = with(&request.body, "stream", last);
                }
                None
            });
        },
    ),
];

/// Whether a request has payloads for a stream that its client has closed.
fn for_closed(body: &Body, names: &Names) -> bool {
    let closed = |name| names.closed.iter().any(|closed| closed == name);
    !body.is_empty() && body.stream().is_some_and(closed)
}

/// Whether a request has payloads for all streams, and does not end them.
fn is_broadcast(body: &Body) -> bool {
    !body.is_empty() && body.kind() == BodyType::Ordinary && body.stream().is_none()
}

/// Stanzas that were sent a moment ago come again in the response to another session.
fn leaking(parts: &mut Parts) {
    const SESSIONS: usize = 5;
    const MOMENT: Duration = Duration::from_secs(1);
    type Sent = Option<(Arc<str>, Duration, Vec<Payload>)>;
    let sent: Arc<Mutex<Sent>> = Arc::default();
    parts.bend(move || {
        let sent = Arc::clone(&sent);
        actions(move |mut action, cx| {
            if let Action::Answer { reply, .. } = &mut action
                && reply.payloads.first().is_some_and(|first| first.kind == PayloadKind::Stanza)
            {
                let sid = Arc::clone(cx.session().sid());
                // Beside the sessions, this closure's maker has one.
                let many = Arc::strong_count(&sent) > SESSIONS;
                let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
                let now = (sid, cx.now, reply.payloads.clone());
                let before = sent.replace(now);
                if let Some((other, at, payloads)) = before
                    && many
                    && other != *cx.session().sid()
                    && cx.now < at + MOMENT
                {
                    reply.payloads.extend(payloads);
                }
            }
            Some(action)
        })
    });
}
