//! How a connection becomes a WebSocket for XMPP (RFC 6455 §4.2, RFC 7395 §3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};

use super::frames::Frames;
use crate::cm::stream::Codec;
use crate::wire::websocket::{Deflate, accept, is_upgrade};
use crate::xml::Limits;

/// Where the WebSocket is found, by custom.
pub const PATH: &str = "/xmpp-websocket";

/// The answer to a request for a WebSocket.
pub struct Upgrade {
    /// 101, or what is wrong with the request.
    pub response: Response<Bytes>,
    /// What reads and writes the connection from then on.
    pub codec: Option<Box<dyn Codec>>,
}

/// How the messages of a WebSocket are sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sending {
    /// They may be compressed, if the client can.
    pub(super) deflate: bool,
    /// The most bytes in one frame; zero for whole messages.
    pub(super) fragments: usize,
}

/// The answer to a request at the path of the WebSocket.
pub(super) fn handshake<B>(request: &Request<B>, limits: Limits, sending: Sending) -> Upgrade {
    let headers = request.headers();
    let key = text(headers, "sec-websocket-key").next().filter(|key| is_key(key));
    let tokens = text(headers, "connection").flat_map(|list| list.split(','));
    let upgrades = text(headers, "upgrade").any(is_upgrade)
        && tokens.map(str::trim).any(|token| token.eq_ignore_ascii_case("upgrade"));
    let (true, Some(key)) = (request.method() == Method::GET && upgrades, key) else {
        let words = "This is a WebSocket for XMPP: ask for an upgrade.\n";
        let with = (header::UPGRADE, "websocket");
        return refuse(StatusCode::UPGRADE_REQUIRED, words, Some(with));
    };
    if request.version() < Version::HTTP_11 || !headers.contains_key(header::HOST) {
        let words = "A WebSocket begins with HTTP/1.1 and a Host.\n";
        return refuse(StatusCode::BAD_REQUEST, words, None);
    }
    if text(headers, "sec-websocket-version").next() != Some("13") {
        let with = (header::SEC_WEBSOCKET_VERSION, "13");
        return refuse(StatusCode::UPGRADE_REQUIRED, "The version has to be 13.\n", Some(with));
    }
    let mut offered = text(headers, "sec-websocket-protocol").flat_map(|list| list.split(','));
    if !offered.any(|name| name.trim() == "xmpp") {
        let words = "The subprotocol xmpp is not offered.\n";
        return refuse(StatusCode::BAD_REQUEST, words, None);
    }
    let agreed =
        sending.deflate.then(|| Deflate::of_offers(text(headers, "sec-websocket-extensions")));
    let agreed = agreed.flatten();
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("xmpp"));
    if let Ok(accept) = HeaderValue::from_str(&accept(key)) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(Ok(said)) = agreed.map(|agreed| HeaderValue::from_str(&agreed.response())) {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, said);
    }
    let frames = Frames::new(limits, agreed).in_fragments(sending.fragments);
    Upgrade { response, codec: Some(Box::new(frames)) }
}

/// Whether it is 16 bytes in base64 (RFC 6455 §4.2.1).
fn is_key(key: &str) -> bool {
    STANDARD.decode(key.trim()).is_ok_and(|bytes| bytes.len() == 16)
}

fn refuse(
    status: StatusCode,
    words: &'static str,
    with: Option<(header::HeaderName, &'static str)>,
) -> Upgrade {
    let mut response = Response::new(Bytes::from_static(words.as_bytes()));
    *response.status_mut() = status;
    if let Some((name, value)) = with {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Upgrade { response, codec: None }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(changes: &[(&'static str, &'static str)], deflate: bool) -> Response<Bytes> {
        let usual = [
            ("host", "localhost"),
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "foo, xmpp"),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ];
        let mut request = Request::builder().uri(PATH);
        for (name, value) in usual {
            let change = changes.iter().find(|(changed, _)| *changed == name);
            request = request.header(name, change.map_or(value, |(_, value)| *value));
        }
        let sending = Sending { deflate, fragments: 0 };
        handshake(&request.body(()).unwrap(), Limits::default(), sending).response
    }

    #[test]
    fn a_handshake_is_answered_or_refused_with_what_is_wrong() {
        let response = answer(&[], false);
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers();
        assert_eq!(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(headers["sec-websocket-protocol"], "xmpp");
        assert!(!headers.contains_key("sec-websocket-extensions"));
        let status = |name, value| answer(&[(name, value)], false).status();
        assert_eq!(status("upgrade", "h2c"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status("connection", "keep-alive"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status("connection", "keep-alive, upgrade"), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(status("sec-websocket-key", ""), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status("sec-websocket-key", "YQ=="), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status("sec-websocket-version", "8"), StatusCode::UPGRADE_REQUIRED);
        let mut old = Request::builder().version(Version::HTTP_10).uri(PATH).body(()).unwrap();
        old.headers_mut().insert("upgrade", HeaderValue::from_static("websocket"));
        old.headers_mut().insert("connection", HeaderValue::from_static("upgrade"));
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        old.headers_mut().insert("sec-websocket-key", key);
        old.headers_mut().insert("host", HeaderValue::from_static("localhost"));
        let refused = |request: &Request<()>| {
            handshake(request, Limits::default(), Sending::default()).response.status()
        };
        assert_eq!(refused(&old), StatusCode::BAD_REQUEST);
        *old.version_mut() = Version::HTTP_11;
        old.headers_mut().remove("host");
        assert_eq!(refused(&old), StatusCode::BAD_REQUEST);
        for offer in ["mqtt", "xmppx", "XMPP", ""] {
            assert_eq!(status("sec-websocket-protocol", offer), StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn compression_is_agreed_on_where_both_want_it() {
        let said = |offer| {
            let response = answer(&[("sec-websocket-extensions", offer)], true);
            let said = response.headers().get("sec-websocket-extensions");
            said.map(|said| said.to_str().unwrap().to_owned())
        };
        let offer = "permessage-deflate; server_no_context_takeover";
        assert_eq!(said(offer).as_deref(), Some(offer));
        assert_eq!(said("bbf-usp-protocol"), None);
    }
}
