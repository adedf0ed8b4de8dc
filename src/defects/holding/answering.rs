//! What is answered, in which order, and how HTTP tells it (XEP-0124 §8).

use http::{HeaderValue, StatusCode, header};

use crate::cm::session::{Action, Input};
use crate::defects::bend::{Bend, Cx, replies};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{
    Disorder, Exchange, empty, held, is_timeout, logs_in, on_answered, on_picked,
};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-respond-200/early",
        "a request with payloads whose wait ends early, with nothing, is answered with 202 in place of 200",
        |parts| {
            on_picked(
                parts,
                |reply, told| {
                    let early = reply.payloads.is_empty()
                        && reply.get("type").is_none()
                        && !told.held().is_zero()
                        && told.held() < told.session.terms().wait;
                    early && told.asked.is_some_and(|asked| asked.body.payloads().next().is_some())
                },
                |response| *response.status_mut() = StatusCode::ACCEPTED,
            );
        },
    ),
    defect(
        "bosh-cors-on-response/errors",
        "a response that ends a session with a condition lacks Access-Control-Allow-Origin",
        |parts| {
            on_answered(
                parts,
                |reply, _| reply.get("condition").is_some(),
                |response| {
                    response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
                },
            );
        },
    ),
    defect(
        "bosh-cors-on-response/credentials",
        "responses allow credentials together with any origin, which browsers refuse",
        |parts| {
            parts.on_leave(|response, request| {
                if request.is_some_and(|request| request.method() == http::Method::POST) {
                    let allowed = HeaderValue::from_static("true");
                    let headers = response.headers_mut();
                    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
                }
            });
        },
    ),
    defect(
        "bosh-respond-in-rid-order/after-gap",
        "a request that waited behind a gap is answered before the one that closes it",
        |parts| {
            parts.bend(|| Box::new(Disorder { parked: 1, exchange: Exchange::default() }));
        },
    ),
    defect(
        "bosh-respond-in-rid-order/newest-held",
        "of several held requests the newest gets the payloads, and the oldest waits on",
        |parts| parts.bend(|| Box::new(Newest(Exchange::default()))),
    ),
    defect(
        "bosh-empty-response-on-timeout/no-content",
        "a request whose wait is over is answered with 204 and nothing in it",
        |parts| {
            on_picked(parts, is_timeout, |response| {
                empty(response);
                *response.status_mut() = StatusCode::NO_CONTENT;
            });
        },
    ),
    defect(
        "bosh-empty-response-on-timeout/error",
        "the empty body for a request whose wait is over has type='error' until the client has logged in",
        |parts| {
            parts.bend(|| {
                let mut known = false;
                replies(move |reply, told| {
                    known |= logs_in(reply);
                    if !known && is_timeout(reply, told) {
                        reply.set("type", "error");
                    }
                })
            });
        },
    ),
];

struct Newest(Exchange);

impl Bend for Newest {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        cx.pass(self.0.input(input));
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &action
            && !reply.payloads.is_empty()
            && !self.0.is_exchanged(*token)
            && let Some(rid) = cx.asked(*token).map(|asked| asked.rid)
        {
            let contiguous = cx.session().contiguous();
            let newest = cx
                .all_asked()
                .filter(|(_, asked)| (rid + 1..=contiguous).contains(&asked.rid))
                .max_by_key(|(_, asked)| asked.rid);
            if let Some((newest, _)) = newest
                && held(cx, None) <= cx.session().terms().hold
            {
                self.0.exchange(*token, newest);
            }
        }
        cx.act(self.0.action(action));
    }
}
