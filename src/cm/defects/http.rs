//! Defects of HTTP around BOSH (XEP-0124 §2, §4, §5).

use http::{HeaderValue, StatusCode, Version, header};

use super::{Defect, defect};
use crate::cm::http::Delivery;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-http10-compatible",
        "a response to an HTTP/1.0 request is not delimited by its length until the session is created",
        |parts| {
            parts.on_leave(|response, request| {
                if request.is_some_and(|request| request.version() == Version::HTTP_10) {
                    *response.status_mut() = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
                }
            });
        },
    ),
    defect("bosh-no-chunked", "every second response is chunked", |parts| {
        let mut count = 0_u64;
        parts.on_leave(move |response, _| {
            count += 1;
            if count.is_multiple_of(2) {
                response.extensions_mut().insert(Delivery::Chunked);
            }
        });
    }),
    defect("bosh-content-type-default", "responses are text/html after the first", |parts| {
        let mut first = true;
        parts.on_leave(move |response, _| {
            if !std::mem::take(&mut first) {
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                response.headers_mut().insert(header::CONTENT_TYPE, html);
            }
        });
    }),
];
