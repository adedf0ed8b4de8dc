//! The HTTP messages themselves: methods, headers, codings (XEP-0124 §5).

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};

use super::super::edge::bare;
use super::connections::says;
use crate::cm::http::Delivery;
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-http-conformance/date",
        "`Date` has the format of RFC 3339, which HTTP does not allow",
        |parts| {
            parts.on_leave(|response, _| {
                let date = HeaderValue::from_static("2026-01-01T00:00:00Z");
                response.headers_mut().insert(header::DATE, date);
            });
        },
    ),
    defect(
        "bosh-http-conformance/two-content-types",
        "a response has a second Content-Type, which a header that may come once must not",
        |parts| {
            parts.on_leave(|response, _| {
                if response.headers().contains_key(header::CONTENT_TYPE) {
                    let second = HeaderValue::from_static("application/xml; charset=utf-8");
                    response.headers_mut().append(header::CONTENT_TYPE, second);
                }
            });
        },
    ),
    defect("bosh-http-conformance/allow", "405 does not say which methods are allowed", |parts| {
        parts.on_leave(|response, _| {
            response.headers_mut().remove(header::ALLOW);
        });
    }),
    defect(
        "bosh-extra-headers-ignored/range",
        "`Range` is obeyed: 206 with a part of the content",
        |parts| {
            parts.on_leave(|response, request| {
                let range = request.and_then(|request| range(request, response.body().len()));
                if let Some((first, behind)) = range {
                    let whole = response.body().len();
                    *response.body_mut() = response.body().slice(first..behind);
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                    let told = format!("bytes {first}-{}/{whole}", behind - 1);
                    if let Ok(told) = HeaderValue::from_str(&told) {
                        response.headers_mut().insert(header::CONTENT_RANGE, told);
                    }
                }
            });
        },
    ),
    defect(
        "bosh-extra-headers-ignored/if-none-match",
        "a request with `If-None-Match` is answered with 304",
        |parts| {
            parts.on_leave(|response, request| {
                let conditional = |request: &Request<Bytes>| {
                    request.headers().contains_key(header::IF_NONE_MATCH)
                };
                if request.is_some_and(conditional) {
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                    *response.body_mut() = Bytes::new();
                }
            });
        },
    ),
    defect(
        "bosh-omit-optional-headers",
        "a request with none of Content-Type, User-Agent and Accept is refused with 400",
        |parts| {
            parts.on_enter(|request| {
                let expected = [header::CONTENT_TYPE, header::USER_AGENT, header::ACCEPT];
                let any = expected.iter().any(|name| request.headers().contains_key(name));
                (!any && request.method() == Method::POST).then(|| bare(StatusCode::BAD_REQUEST))
            });
        },
    ),
    defect(
        "bosh-cm-accepts-chunked-request/empty",
        "a request that comes in chunks counts as empty, since it has no Content-Length",
        |parts| {
            parts.on_enter(|request| {
                if says(request, &header::TRANSFER_ENCODING, "chunked") {
                    *request.body_mut() = Bytes::new();
                }
                None
            });
        },
    ),
    defect(
        "bosh-cm-accepts-chunked-request/server-error",
        "a request that comes in chunks is answered with 500",
        |parts| {
            parts.on_enter(|request| {
                says(request, &header::TRANSFER_ENCODING, "chunked")
                    .then(|| bare(StatusCode::INTERNAL_SERVER_ERROR))
            });
        },
    ),
    defect("bosh-cm-rejects-non-post/put", "PUT is taken for POST", |parts| {
        as_post(parts, Method::PUT);
    }),
    defect(
        "bosh-cm-rejects-non-post/get-with-content",
        "a GET that has content is taken for POST",
        |parts| as_post(parts, Method::GET),
    ),
    defect("bosh-no-chunked/payloads", "responses with payloads come in chunks", |parts| {
        chunk(parts, |content, coded| !coded && !content.ends_with(b"/>"));
    }),
    defect("bosh-no-chunked/large", "responses of more than 64 KiB come in chunks", |parts| {
        chunk(parts, |content, _| content.len() > 64 << 10);
    }),
    defect("bosh-no-chunked/compressed", "compressed responses come in chunks", |parts| {
        chunk(parts, |_, coded| coded);
    }),
    defect(
        "bosh-cors-preflight/headers",
        "the answer to a preflight does not allow the header Content-Type",
        |parts| {
            preflight(parts, header::ACCESS_CONTROL_ALLOW_HEADERS, "X-Requested-With");
        },
    ),
    defect(
        "bosh-cors-preflight/methods",
        "the answer to a preflight does not allow POST",
        |parts| {
            preflight(parts, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, OPTIONS");
        },
    ),
    defect("bosh-cors-preflight/refused", "OPTIONS is answered with 405", |parts| {
        parts.on_enter(|request| {
            (request.method() == Method::OPTIONS).then(|| {
                let mut response = bare(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, GET"));
                response
            })
        });
    }),
    defect(
        "bosh-response-compression/identity",
        "a response is compressed where only `identity` is offered",
        |parts| {
            accepted(parts, |offered| (offered.trim() == "identity").then(|| "gzip".to_owned()));
        },
    ),
    defect(
        "bosh-response-compression/weight",
        "a coding that is refused with `q=0` is used all the same",
        |parts| {
            accepted(parts, |offered| {
                let without = offered.replace(";q=0", "").replace("; q=0", "");
                (offered.contains("q=0") && !offered.contains("q=0.")).then_some(without)
            });
        },
    ),
    defect(
        "bosh-response-compression/unlabelled",
        "a compressed response has no Content-Encoding",
        |parts| {
            parts.on_leave(|response, _| {
                response.headers_mut().remove(header::CONTENT_ENCODING);
            });
        },
    ),
    defect(
        "bosh-ignore-content-type/form",
        "the content of a request that comes as a form is read as one, and lost",
        |parts| {
            parts.on_enter(|request| {
                if says(request, &header::CONTENT_TYPE, "application/x-www-form-urlencoded") {
                    *request.body_mut() = Bytes::new();
                }
                None
            });
        },
    ),
    defect(
        "bosh-ignore-content-type/plain",
        "a request that comes as text/plain is refused with 415",
        |parts| {
            parts.on_enter(|request| {
                says(request, &header::CONTENT_TYPE, "text/plain")
                    .then(|| bare(StatusCode::UNSUPPORTED_MEDIA_TYPE))
            });
        },
    ),
];

/// The bytes that a request asks for, the last one excluded, if there are so many.
fn range(request: &Request<Bytes>, whole: usize) -> Option<(usize, usize)> {
    let value = request.headers().get(header::RANGE)?.to_str().ok()?;
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && last < whole).then_some((first, last + 1))
}

/// Another method does what POST does, if it has content.
pub(super) fn as_post(parts: &mut Parts, method: Method) {
    parts.on_enter(move |request| {
        if *request.method() == method && !request.body().is_empty() {
            *request.method_mut() = Method::POST;
        }
        None
    });
}

/// Responses of BOSH go in chunks if `which` says so of their content, and of its being coded.
fn chunk(parts: &mut Parts, which: fn(&[u8], bool) -> bool) {
    parts.on_leave(move |response, request| {
        let coded = response.headers().contains_key(header::CONTENT_ENCODING);
        let post = request.is_some_and(|request| request.method() == Method::POST);
        if post && which(response.body(), coded) {
            response.extensions_mut().insert(Delivery::Chunked);
        }
    });
}

/// The answer to a preflight says something else.
fn preflight(parts: &mut Parts, name: header::HeaderName, value: &'static str) {
    parts.on_leave(move |response, _| {
        if response.headers().contains_key(&name) {
            response.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
        }
    });
}

/// What a client offers is understood otherwise.
fn accepted(parts: &mut Parts, change: fn(&str) -> Option<String>) {
    parts.on_enter(move |request| {
        let offered = request.headers().get(header::ACCEPT_ENCODING);
        let offered = offered.and_then(|offered| offered.to_str().ok());
        let changed = offered.and_then(change).and_then(|text| HeaderValue::from_str(&text).ok());
        if let Some(changed) = changed {
            request.headers_mut().insert(header::ACCEPT_ENCODING, changed);
        }
        None
    });
}
