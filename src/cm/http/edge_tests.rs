use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use super::{Edge, Entry, Return, Strict};
use crate::bosh::Condition;
use crate::cm::machine::Answer;
use crate::cm::policy::Policy;
use crate::cm::reply::Reply;

fn strict() -> Strict {
    Strict::new(&Policy::default())
}

fn enter(method: Method, path: &str, headers: &[(&str, &str)]) -> Entry {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    strict().enter(&request.body(Bytes::from_static(b"<body/>")).unwrap())
}

fn response(entry: Entry) -> Response<Bytes> {
    match entry {
        Entry::Response(response) => response,
        Entry::Bosh(..) => panic!("this is no BOSH"),
    }
}

#[test]
fn only_a_post_to_its_path_is_bosh() {
    for path in ["/http-bind", "/http-bind/", "/bosh"] {
        assert!(matches!(enter(Method::POST, path, &[]), Entry::Bosh(..)), "{path}");
        assert_eq!(response(enter(Method::GET, path, &[])).status(), StatusCode::OK);
        assert_eq!(
            response(enter(Method::PUT, path, &[])).status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
    assert_eq!(response(enter(Method::POST, "/other", &[])).status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_request_has_one_host() {
    let hosts = [("host", "a.example"), ("host", "b.example")];
    assert!(matches!(enter(Method::POST, "/http-bind", &hosts[..1]), Entry::Bosh(..)));
    let refused = response(enter(Method::POST, "/http-bind", &hosts));
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn a_browser_may_send_from_anywhere() {
    let asked = [("origin", "http://a"), ("access-control-request-headers", "content-type,x-y")];
    let granted = response(enter(Method::OPTIONS, "/http-bind", &asked));
    assert_eq!(granted.status(), StatusCode::NO_CONTENT);
    assert_eq!(granted.headers()["access-control-allow-origin"], "*");
    assert_eq!(granted.headers()["access-control-allow-headers"], "content-type,x-y");
    for other in [enter(Method::GET, "/", &[]), enter(Method::DELETE, "/bosh", &[])] {
        assert_eq!(response(other).headers()["access-control-allow-origin"], "*");
    }
}

#[test]
fn legacy_clients_are_told_in_the_words_of_http() {
    let status = |condition, legacy| {
        let mut reply = Reply::terminate(Some(condition));
        reply.legacy = Some(condition).filter(|_| legacy);
        let answer = Answer { token: 1, reply, content: None };
        strict().leave(&answer, &Return::default()).status().as_u16()
    };
    assert_eq!(status(Condition::BadRequest, true), 400);
    assert_eq!(status(Condition::PolicyViolation, true), 403);
    assert_eq!(status(Condition::ItemNotFound, true), 404);
    assert_eq!(status(Condition::HostUnknown, true), 200);
    assert_eq!(status(Condition::ItemNotFound, false), 200);
}

#[test]
fn content_and_compression_are_as_the_client_wishes() {
    let mut reply = Reply::empty();
    reply.set("from", "x".repeat(500));
    let answer = Answer { token: 1, reply, content: Some("text/plain; charset=utf-8".into()) };
    let leave = |accept: Option<&'static str>| {
        let accept_encoding = accept.map(http::HeaderValue::from_static);
        strict().leave(&answer, &Return { accept_encoding, request: None })
    };
    let plain = leave(None);
    assert_eq!(plain.headers()["content-type"], "text/plain; charset=utf-8");
    assert!(!plain.headers().contains_key("content-encoding"));
    let gzip = leave(Some("deflate, gzip"));
    assert_eq!(gzip.headers()["content-encoding"], "gzip");
    assert!(gzip.body().len() < plain.body().len());
    assert!(!leave(Some("gzip;q=0")).headers().contains_key("content-encoding"));
}
