//! Responses that pages of any origin may read.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

/// The Content-Type of responses, unless the client chose another (XEP-0124 §7.1).
pub(super) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

pub(super) fn allow(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

pub(super) fn response(status: StatusCode, kind: &str, content: Bytes) -> Response<Bytes> {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fallback = HeaderValue::from_static(CONTENT_TYPE);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap_or(fallback));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    allow(headers);
    response
}

pub(super) fn plain(status: StatusCode, words: &'static str) -> Response<Bytes> {
    response(status, "text/plain; charset=utf-8", Bytes::from_static(words.as_bytes()))
}
