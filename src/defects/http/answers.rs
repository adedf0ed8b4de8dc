//! Answers of rare kinds, as HTTP has them: repeats, pauses, errors (XEP-0124 §5, §7, §8, §17).

use http::{HeaderValue, Response, StatusCode, header};

use bytes::Bytes;

use super::super::bend::ReplyContext;
use super::super::steps::{Given, on_answered, on_chosen, on_picked};
use crate::cm::http::Delivery;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-single-body-root/paused",
        "a pause is answered with 200 without content",
        |parts| {
            on_picked(
                parts,
                |_, told| pauses(told),
                |response| *response.body_mut() = Bytes::new(),
            );
        },
    ),
    defect(
        "bosh-body-namespace/late",
        "a request of a session that is over is answered by a body in no namespace",
        |parts| {
            on_answered(
                parts,
                |reply, _| reply.get("condition") == Some("item-not-found"),
                |response| {
                    let text = String::from_utf8_lossy(response.body());
                    let bare = text.replacen(&format!(" xmlns='{}'", crate::bosh::NS), "", 1);
                    *response.body_mut() = bare.into();
                },
            );
        },
    ),
    defect(
        "bosh-http-conformance/errors",
        "a response that ends a session with a condition has its Date in seconds",
        |parts| {
            on_answered(
                parts,
                |reply, _| reply.get("condition").is_some(),
                |response| set(response, &header::DATE, "1767225600"),
            );
        },
    ),
    defect(
        "bosh-http-conformance/replayed",
        "the answer to a repeat has its Content-Type twice",
        |parts| {
            repeats(parts, |response| {
                let again = HeaderValue::from_static("text/xml; charset=utf-8");
                response.headers_mut().append(header::CONTENT_TYPE, again);
            });
        },
    ),
    defect("bosh-no-chunked/errors", "responses that end a session come in chunks", |parts| {
        on_answered(
            parts,
            |reply, _| reply.is_terminal(),
            |response| {
                response.extensions_mut().insert(Delivery::Chunked);
            },
        );
    }),
    defect("bosh-no-chunked/replayed", "the answer to a repeat comes in chunks", |parts| {
        repeats(parts, |response| {
            response.extensions_mut().insert(Delivery::Chunked);
        });
    }),
    defect(
        "bosh-caching-headers/timeout",
        "an empty response may be kept by caches for five minutes",
        |parts| {
            on_picked(
                parts,
                |reply, _| reply.payloads.is_empty() && reply.get("type").is_none(),
                |response| set(response, &header::CACHE_CONTROL, "public, max-age=300"),
            );
        },
    ),
    defect("bosh-caching-headers/replayed", "the answer to a repeat has an ETag", |parts| {
        repeats(parts, |response| set(response, &header::ETAG, "\"replay\""));
    }),
    defect(
        "bosh-http-200/replayed",
        "a repeat is answered with 208 Already Reported in place of 200",
        |parts| repeats(parts, |response| *response.status_mut() = StatusCode::ALREADY_REPORTED),
    ),
    defect(
        "bosh-cors-on-response/replayed",
        "the answer to a repeat lacks Access-Control-Allow-Origin",
        |parts| repeats(parts, closed_to_others),
    ),
    defect(
        "bosh-cors-on-response/legacy",
        "an error that is sent as an HTTP status lacks Access-Control-Allow-Origin",
        |parts| on_answered(parts, |reply, _| reply.legacy.is_some(), closed_to_others),
    ),
    defect(
        "bosh-cors-on-response/paused",
        "the answer to a pause lacks Access-Control-Allow-Origin",
        |parts| on_picked(parts, |_, told| pauses(told), closed_to_others),
    ),
    defect(
        "bosh-content-type-default/replayed",
        "the answer to a repeat is application/xml",
        |parts| {
            repeats(parts, |response| {
                set(response, &header::CONTENT_TYPE, "application/xml; charset=utf-8");
            });
        },
    ),
    defect(
        "bosh-content-type-default/replaced",
        "the answer to a held request that is replaced by its repeat names no charset",
        |parts| {
            on_picked(
                parts,
                |reply, told| {
                    reply.get("type") == Some("error") && told.session.terms().content.is_none()
                },
                |response| set(response, &header::CONTENT_TYPE, "text/xml"),
            );
        },
    ),
    defect(
        "bosh-content-honoured/replayed",
        "the answer to a repeat has not the Content-Type that the client chose",
        |parts| {
            on_chosen(
                parts,
                || {
                    let mut given = Given::default();
                    move |reply: &Reply, told: &ReplyContext<'_>| {
                        let chosen = told.session.terms().content.is_some();
                        given.again(told.rid, reply) && chosen
                    }
                },
                |response| set(response, &header::CONTENT_TYPE, "text/xml; charset=utf-8"),
            );
        },
    ),
];

fn set(response: &mut Response<Bytes>, name: &header::HeaderName, value: &'static str) {
    response.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
}

fn closed_to_others(response: &mut Response<Bytes>) {
    response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
}

fn pauses(told: &ReplyContext<'_>) -> bool {
    told.asked.is_some_and(|asked| asked.body.pause().is_some())
}

/// Changes the HTTP responses to requests that were answered before.
fn repeats(parts: &mut Parts, change: fn(&mut Response<Bytes>)) {
    on_chosen(
        parts,
        || {
            let mut given = Given::default();
            move |reply: &Reply, told: &ReplyContext<'_>| given.again(told.rid, reply)
        },
        change,
    );
}
