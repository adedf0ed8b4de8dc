//! What of an HTTP request is BOSH, and how an answer becomes an HTTP response.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};

use super::coding;
use super::handshake::{Sending, Upgrade, handshake};
use super::host_meta::host_meta;
use super::page::PAGE;
use super::respond::{CONTENT_TYPE, allow, plain, response};
use crate::bosh::Condition;
use crate::cm::machine::Answer;
use crate::cm::policy::Policy;
use crate::xml::Limits;

/// Where the connection manager is found: `/http-bind` by custom, and `/bosh`, which Openfire and others use.
pub const PATHS: [&str; 2] = ["/http-bind", "/bosh"];

/// What to do with an HTTP request.
#[derive(Debug)]
pub enum Entry {
    /// It is no BOSH: this is its response.
    Response(Response<Bytes>),
    /// Its content, in UTF-8, is for the connection manager.
    Bosh(Bytes, Return),
}

/// What a response has to know of its request.
#[derive(Debug, Clone, Default)]
pub struct Return {
    /// The content codings that the client accepts.
    pub accept_encoding: Option<HeaderValue>,
    /// The request itself, if an edge around the strict one wants to see it again.
    pub request: Option<Arc<Request<Bytes>>>,
}

/// How a response is to go over its connection, if not as usual: an extension of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// In chunks, its length untold.
    Chunked,
    /// Not at all: the connection is closed.
    Cut,
}

/// The way from HTTP to the connection manager and back.
pub trait Edge: Send {
    /// A request has come, whole.
    fn enter(&mut self, request: &Request<Bytes>) -> Entry;
    /// Its answer goes back.
    fn leave(&mut self, answer: &Answer, request: &Return) -> Response<Bytes>;
    /// A client asks for a WebSocket.
    fn upgrade(&mut self, request: &Request<()>) -> Upgrade;
    /// No answer can be had: there are too many sessions, or the content is too long.
    fn refuse(&mut self, status: StatusCode) -> Response<Bytes>;
}

/// The edge that keeps the rules.
#[derive(Debug, Clone)]
pub struct Strict {
    /// Bounds of what comes, after its coding was removed.
    limits: Limits,
    /// How messages of WebSocket are sent.
    sending: Sending,
}

impl Edge for Strict {
    fn enter(&mut self, request: &Request<Bytes>) -> Entry {
        if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
            // Whoever else reads the request may take the other one (RFC 9112 §3.2).
            let words = "A request has one Host.\n";
            return Entry::Response(plain(StatusCode::BAD_REQUEST, words));
        }
        if let Some(response) = host_meta(request) {
            return Entry::Response(response);
        }
        if !PATHS.contains(&request.uri().path().trim_end_matches('/')) {
            let words = "This is a BOSH connection manager; it is found at /http-bind.\n";
            return Entry::Response(plain(StatusCode::NOT_FOUND, words));
        }
        match *request.method() {
            Method::POST => self.content(request),
            Method::OPTIONS => Entry::Response(preflight(request.headers())),
            Method::GET | Method::HEAD => Entry::Response(response(
                StatusCode::OK,
                "text/html; charset=utf-8",
                Bytes::from_static(PAGE.as_bytes()),
            )),
            _ => {
                let mut response =
                    plain(StatusCode::METHOD_NOT_ALLOWED, "BOSH requests are sent with POST.\n");
                response
                    .headers_mut()
                    .insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS, GET, HEAD"));
                Entry::Response(response)
            }
        }
    }

    fn leave(&mut self, answer: &Answer, request: &Return) -> Response<Bytes> {
        let status = match answer.reply.legacy {
            Some(Condition::BadRequest) => StatusCode::BAD_REQUEST,
            Some(Condition::PolicyViolation) => StatusCode::FORBIDDEN,
            Some(Condition::ItemNotFound) => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        let content_type = answer.content.as_deref().unwrap_or(CONTENT_TYPE);
        let xml = coding::encode_charset(answer.reply.to_xml(), content_type);
        let (content, coding) = coding::compress(xml, request.accept_encoding.as_ref());
        let mut response = response(status, content_type, content);
        if let Some(coding) = coding {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        response
    }

    fn upgrade(&mut self, request: &Request<()>) -> Upgrade {
        handshake(request, self.limits, self.sending)
    }

    fn refuse(&mut self, status: StatusCode) -> Response<Bytes> {
        let words = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "The request is longer than this server takes.\n",
            StatusCode::SERVICE_UNAVAILABLE => "There are too many sessions; try later.\n",
            StatusCode::REQUEST_TIMEOUT => "The request did not come in time.\n",
            _ => "The request cannot be served.\n",
        };
        plain(status, words)
    }
}

impl Strict {
    /// With these settings.
    pub fn new(policy: &Policy) -> Self {
        let sending = Sending { deflate: policy.deflate, fragments: policy.fragments };
        Self { limits: policy.bounds.xml, sending }
    }

    /// The content of a POST. Its Content-Type decides nothing but the character encoding (XEP-0124 §5, §7.2).
    fn content(&mut self, request: &Request<Bytes>) -> Entry {
        let headers = request.headers();
        let coded = headers.get(header::CONTENT_ENCODING);
        let content = match coding::decompress(request.body().clone(), coded, self.limits.bytes) {
            Ok(content) => content,
            Err(coding::Undecodable::TooLong) => {
                return Entry::Response(self.refuse(StatusCode::PAYLOAD_TOO_LARGE));
            }
            Err(coding::Undecodable::Unknown) => {
                let mut response = plain(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "Content may be coded with gzip or deflate.\n",
                );
                let offered = HeaderValue::from_static("gzip, deflate");
                response.headers_mut().insert(header::ACCEPT_ENCODING, offered);
                return Entry::Response(response);
            }
            // What is no XML at all is refused as such.
            Err(coding::Undecodable::Broken) => Bytes::new(),
        };
        let content = coding::decode_charset(content, headers.get(header::CONTENT_TYPE));
        let accept_encoding = headers.get(header::ACCEPT_ENCODING).cloned();
        Entry::Bosh(content, Return { accept_encoding, request: None })
    }
}

/// A browser asks whether a page of another origin may send requests (the Fetch standard; no part of BOSH).
fn preflight(asked: &HeaderMap) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    allow(headers);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST, OPTIONS, GET"),
    );
    let wanted = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let wanted = wanted.unwrap_or_else(|| HeaderValue::from_static("Content-Type"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
