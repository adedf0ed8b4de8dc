//! Sessions, the connections that they use, and each other (XEP-0124 §2).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};

use super::super::bend::inputs;
use super::super::edge::{BendHttp, bare, body, in_session};
use crate::bosh::Condition;
use crate::cm::http::Delivery;
use crate::cm::machine::Answer;
use crate::cm::parts::Parts;
use crate::cm::session::{self, Input};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-http10-compatible/in-a-session",
        "a request of a session is answered with 505 if it comes by HTTP/1.0, though a session may be created so",
        |parts| {
            parts.on_enter(|request| {
                let old = request.version() == Version::HTTP_10 && in_session(request);
                old.then(|| bare(StatusCode::HTTP_VERSION_NOT_SUPPORTED))
            });
        },
    ),
    defect(
        "bosh-http10-compatible/chunks",
        "a response to an HTTP/1.0 request comes in chunks, whose sizes its client takes for content",
        |parts| {
            parts.on_text(|text, request| {
                if request.version() == Version::HTTP_10 {
                    *text = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
                }
            });
        },
    ),
    defect(
        "bosh-session-not-bound-to-connection/ends",
        "a session ends when the connection of a held request is lost",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Gone(_) => {
                        cx.pass(input);
                        Some(Input::Shutdown)
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-session-not-bound-to-connection/another",
        "when the connection of one of two open requests is lost, the other is the one that gets no answer",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Gone(lost) => {
                        let others = cx.all_asked().map(|(token, _)| token);
                        Some(Input::Gone(
                            others.filter(|token| *token != lost).min().unwrap_or(lost),
                        ))
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-session-not-bound-to-connection/repeat-unknown",
        "a request whose connection was lost is not found when it comes again, unless something has come for it meanwhile",
        repeat_unknown,
    ),
    defect(
        "bosh-session-not-bound-to-connection/broken-upload",
        "after a request whose connection broke in its content the next one, on any connection, is taken for the rest of it",
        |parts| parts.bend_http(Rest(false)),
    ),
    defect(
        "bosh-large-request-limit/server-error",
        "a request that is too large is answered with 500",
        |parts| {
            parts.on_leave(|response, _| {
                if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                }
            });
        },
    ),
    defect(
        "bosh-large-request-limit/cut",
        "the connection of a request that is too large is closed without a response",
        |parts| {
            parts.on_leave(|response, _| {
                if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    response.extensions_mut().insert(Delivery::Cut);
                }
            });
        },
    ),
    defect(
        "bosh-session-isolation/next-response",
        "the first response of another session after one that failed says that it failed too",
        |parts| parts.bend_http(Spread(None)),
    ),
    defect(
        "bosh-session-isolation/bad-request",
        "one bad request, in whatever session or none, ends all others with their next request",
        bad_request_ends_all,
    ),
    defect(
        "bosh-no-header-dependency/terminate",
        "a session can be ended only with the cookie that came when it was created: otherwise 403",
        |parts| {
            parts.bend_http(Cookie {
                needed: |_, body| body.attr("type") == Some("terminate"),
                created: false,
            });
        },
    ),
    defect(
        "bosh-no-header-dependency/connection-close",
        "requests that say `Connection: close` find their session only by the cookie that came when it was created",
        |parts| {
            parts.bend_http(Cookie {
                needed: |request, _| says(request, &header::CONNECTION, "close"),
                created: false,
            });
        },
    ),
];

/// Whether a header of a request contains this, in whatever case.
pub(super) fn says(request: &Request<Bytes>, name: &header::HeaderName, what: &str) -> bool {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.to_ascii_lowercase().contains(what))
}

fn repeat_unknown(parts: &mut Parts) {
    parts.bend(|| {
        let (mut rids, mut lost) = (HashMap::new(), HashSet::new());
        inputs(move |input, cx| {
            match &input {
                Input::Request(session::Request { token, rid, .. }) => {
                    if lost.contains(rid) {
                        cx.refuse(*token, Condition::ItemNotFound);
                        return None;
                    }
                    rids.insert(*token, *rid);
                }
                Input::Gone(token) => lost.extend(rids.remove(token)),
                Input::Server(..) => lost.clear(),
                _ => {}
            }
            Some(input)
        })
    });
}

/// A request follows that is taken for the rest of another.
struct Rest(bool);

impl BendHttp for Rest {
    fn enter(&mut self, _: &mut Request<Bytes>) -> Option<Response<Bytes>> {
        std::mem::take(&mut self.0).then(|| bare(StatusCode::BAD_REQUEST))
    }

    fn leave(&mut self, response: &mut Response<Bytes>, request: Option<&Request<Bytes>>) {
        self.0 |= request.is_none() && response.status() == StatusCode::BAD_REQUEST;
    }
}

/// The session that failed, if the request that did it named one, and its condition.
struct Spread(Option<(Option<String>, String)>);

impl BendHttp for Spread {
    fn answer(&mut self, answer: &mut Answer, request: &Request<Bytes>) {
        let sid = body(request).and_then(|body| body.attr("sid").map(str::to_owned));
        if let Some(condition) = answer.reply.get("condition") {
            self.0 = Some((sid, condition.to_owned()));
        } else if sid.is_some()
            && let Some((_, condition)) = self.0.take_if(|(failed, _)| *failed != sid)
        {
            answer.reply.set("type", "terminate");
            answer.reply.set("condition", condition);
        }
    }
}

fn bad_request_ends_all(parts: &mut Parts) {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    parts.on_answer(move |answer, _| {
        if answer.reply.get("condition") == Some("bad-request") {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    parts.bend(move || {
        let count = Arc::clone(&count);
        let before = count.load(Ordering::Relaxed);
        inputs(move |input, _| match input {
            Input::Request(session::Request { token, .. })
                if count.load(Ordering::Relaxed) != before =>
            {
                Some(Input::Broken(token))
            }
            input => Some(input),
        })
    });
}

/// A cookie comes with every session; some requests need it.
struct Cookie {
    needed: fn(&Request<Bytes>, &Element) -> bool,
    created: bool,
}

impl BendHttp for Cookie {
    fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
        let body = body(request).filter(|body| body.attr("sid").is_some())?;
        let missing = !request.headers().contains_key(header::COOKIE);
        (missing && (self.needed)(request, &body)).then(|| bare(StatusCode::FORBIDDEN))
    }

    fn answer(&mut self, answer: &mut Answer, _: &Request<Bytes>) {
        self.created = answer.reply.get("sid").is_some();
    }

    fn leave(&mut self, response: &mut Response<Bytes>, _: Option<&Request<Bytes>>) {
        if std::mem::take(&mut self.created) {
            let cookie = HeaderValue::from_static("BOSH=1; Path=/http-bind");
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
}
