//! Forms that requests of HTTP may have, and what of their header is obeyed (XEP-0124 §5; RFC 9110, RFC 9112).

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use super::super::edge::{BendHttp, bare, body};
use super::super::steps::{is_message, on_chosen};
use super::connections::says;
use super::messages::as_post;
use super::polls::{close, late_release};
use crate::bosh::Body;
use crate::cm::http::Delivery;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::defects::bend::ReplyContext;
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::Given;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-http-conformance/absolute-form",
        "a request whose target is an absolute URI is answered with 404",
        |parts| {
            parts.on_enter(|request| {
                request.uri().authority().is_some().then(|| bare(StatusCode::NOT_FOUND))
            });
        },
    ),
    defect(
        "bosh-http-conformance/hosts",
        "a request with two Host header fields is served, for the last of them",
        |parts| {
            parts.on_enter(|request| {
                let last = request.headers().get_all(header::HOST).iter().next_back().cloned();
                if let Some(last) = last {
                    request.headers_mut().insert(header::HOST, last);
                }
                None
            });
        },
    ),
    defect(
        "bosh-response-compression/remembered",
        "a coding that a request has offered is used for all that come later",
        |parts| {
            let mut offered = None;
            parts.on_enter(move |request| {
                match request.headers().get(header::ACCEPT_ENCODING) {
                    Some(coding) if coding == "gzip" => offered = Some(coding.clone()),
                    Some(_) => {}
                    None => {
                        if let Some(coding) = offered.clone() {
                            request.headers_mut().insert(header::ACCEPT_ENCODING, coding);
                        }
                    }
                }
                None
            });
        },
    ),
    defect(
        "bosh-http-conformance/expect",
        "a request that expects 100 Continue is answered with 400 once it has come",
        |parts| refused(parts, &header::EXPECT, StatusCode::BAD_REQUEST),
    ),
    defect("bosh-http-conformance/head", "the connection is cut in answer to HEAD", |parts| {
        cut(parts, |request| request.method() == Method::HEAD);
    }),
    defect(
        "bosh-http-conformance/close",
        "a request that says `Connection: close` gets no response but the end of its connection",
        |parts| cut(parts, |request| says(request, &header::CONNECTION, "close")),
    ),
    defect(
        "bosh-http-conformance/length",
        "of a response as many bytes are sent as it has characters",
        |parts| {
            parts.on_text(|text, _| {
                let mut length = text.chars().count();
                while !text.is_char_boundary(length) {
                    length -= 1;
                }
                text.truncate(length);
            });
        },
    ),
    defect(
        "bosh-extra-headers-ignored/if-match",
        "a request with `If-Match` is answered with 412",
        |parts| refused(parts, &header::IF_MATCH, StatusCode::PRECONDITION_FAILED),
    ),
    defect(
        "bosh-extra-headers-ignored/override",
        "a request with `X-HTTP-Method-Override` is taken for one by another method, and answered with 405",
        |parts| {
            let name = header::HeaderName::from_static("x-http-method-override");
            refused(parts, &name, StatusCode::METHOD_NOT_ALLOWED);
        },
    ),
    defect(
        "bosh-extra-headers-ignored/accept",
        "a request that accepts nothing but JSON is answered with 406",
        |parts| {
            parts.on_enter(|request| {
                let accept = request.headers().get(header::ACCEPT);
                (accept == Some(&HeaderValue::from_static("application/json")))
                    .then(|| bare(StatusCode::NOT_ACCEPTABLE))
            });
        },
    ),
    defect(
        "bosh-cm-rejects-non-post/delete",
        "a DELETE that has content is taken for POST",
        |parts| as_post(parts, Method::DELETE),
    ),
    defect(
        "bosh-cm-rejects-non-post/patch",
        "a PATCH that has content is taken for POST",
        |parts| as_post(parts, Method::PATCH),
    ),
    defect(
        "bosh-response-compression/kept",
        "the answer to a repeat has the coding that the first request offered",
        |parts| parts.bend_http(Kept::default()),
    ),
    defect(
        "bosh-ignore-content-type/json",
        "a request that comes as application/json is refused with 415",
        |parts| {
            parts.on_enter(|request| {
                says(request, &header::CONTENT_TYPE, "application/json")
                    .then(|| bare(StatusCode::UNSUPPORTED_MEDIA_TYPE))
            });
        },
    ),
    defect(
        "bosh-ignore-content-type/decoded",
        "in the content of a request that comes as a form each `+` is a space",
        |parts| {
            parts.on_enter(|request| {
                if says(request, &header::CONTENT_TYPE, "x-www-form-urlencoded")
                    && let Ok(text) = std::str::from_utf8(request.body())
                {
                    *request.body_mut() = text.replace('+', " ").into();
                }
                None
            });
        },
    ),
    defect(
        "bosh-keepalive/replayed",
        "the connection is closed after the answer to a repeat",
        |parts| {
            on_chosen(
                parts,
                || {
                    let mut given = Given::default();
                    move |reply: &Reply, told: &ReplyContext<'_>| given.again(told.rid, reply)
                },
                close,
            );
        },
    ),
    defect(
        "bosh-cm-accepts-chunked-request/case",
        "the content of a request is not read if `chunked` is written in another case",
        |parts| {
            parts.on_enter(|request| {
                let coding = request.headers().get(header::TRANSFER_ENCODING);
                if coding.is_some_and(|coding| coding != "chunked") {
                    *request.body_mut() = Bytes::new();
                }
                None
            });
        },
    ),
    defect(
        "bosh-resp-accept/case",
        "a request is refused with 415 if its coding is written in upper case",
        |parts| {
            parts.on_enter(|request| {
                let coding = request.headers().get(header::CONTENT_ENCODING)?.to_str().ok()?;
                let upper = coding.contains(|letter: char| letter.is_ascii_uppercase());
                upper.then(|| bare(StatusCode::UNSUPPORTED_MEDIA_TYPE))
            });
        },
    ),
    defect("bosh-resp-accept/brotli", "`accept` names br, which is not understood", |parts| {
        parts.on_answer(|answer, _| {
            if let Some(accept) = answer.reply.get("accept").map(str::to_owned) {
                answer.reply.set("accept", format!("{accept},br"));
            }
        });
    }),
    defect(
        "bosh-cors-on-response/twice",
        "a response with a message allows its origin twice, which no browser takes",
        |parts| {
            parts.on_leave(|response, _| {
                if response.body().windows(8).any(|text| text == b"<message") {
                    let anyone = HeaderValue::from_static("*");
                    response.headers_mut().append(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
                }
            });
        },
    ),
    defect(
        "bosh-long-poll-release-oldest/messages",
        "a request over `hold` that carries messages releases the oldest only after 4 seconds",
        |parts| {
            late_release(parts, |body: &Body| !body.is_empty() && body.payloads().all(is_message));
        },
    ),
];

/// Requests with a header field are refused.
fn refused(parts: &mut Parts, name: &header::HeaderName, status: StatusCode) {
    let name = name.clone();
    parts.on_enter(move |request| request.headers().contains_key(&name).then(|| bare(status)));
}

/// The connection of some requests is cut instead of an answer.
pub(super) fn cut(parts: &mut Parts, which: fn(&Request<Bytes>) -> bool) {
    parts.on_leave(move |response, request| {
        if request.is_some_and(which) {
            response.extensions_mut().insert(Delivery::Cut);
        }
    });
}

/// What each request offered first, by sid and rid.
#[derive(Default)]
struct Kept(HashMap<(String, String), Option<HeaderValue>>);

impl BendHttp for Kept {
    fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
        let body = body(request)?;
        let place = (body.attr("sid")?.to_owned(), body.attr("rid")?.to_owned());
        let offered = request.headers_mut().remove(header::ACCEPT_ENCODING);
        let first = self.0.entry(place).or_insert(offered);
        if let Some(first) = first {
            request.headers_mut().insert(header::ACCEPT_ENCODING, first.clone());
        }
        None
    }
}
