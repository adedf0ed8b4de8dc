//! A connection that becomes a WebSocket for XMPP (RFC 6455 §4.2, RFC 7395 §3.1), and its life from then on.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::pace::Pace;
use crate::cm::websocket::Output;
use crate::wire::Side;
use crate::wire::websocket::{
    self, Close, Endpoint, Opcode, Received, Violation, accept, is_upgrade,
};

/// Where the WebSocket is found, by custom.
pub const PATH: &str = "/xmpp-websocket";
/// How long a client may take for its Close frame.
const PATIENCE: Duration = Duration::from_secs(1);

/// The response to a request at the path of WebSocket: 101, or what is wrong with it.
pub(super) fn handshake<B>(request: &Request<B>) -> Response<Bytes> {
    let headers = request.headers();
    let refuse = |status: StatusCode, words: &'static str| {
        let mut response = Response::new(Bytes::from_static(words.as_bytes()));
        *response.status_mut() = status;
        response
    };
    let key = text(headers, "sec-websocket-key").next();
    let upgrades = text(headers, "upgrade").any(is_upgrade);
    let (true, Some(key)) = (request.method() == Method::GET && upgrades, key) else {
        let words = "This is a WebSocket for XMPP: ask for an upgrade.\n";
        let mut response = refuse(StatusCode::UPGRADE_REQUIRED, words);
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    if text(headers, "sec-websocket-version").next() != Some("13") {
        let mut response = refuse(StatusCode::UPGRADE_REQUIRED, "The version has to be 13.\n");
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    }
    let mut offered = text(headers, "sec-websocket-protocol").flat_map(|list| list.split(','));
    if !offered.any(|name| name.trim() == "xmpp") {
        return refuse(StatusCode::BAD_REQUEST, "The subprotocol xmpp is not offered.\n");
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("xmpp"));
    if let Ok(accept) = HeaderValue::from_str(&accept(key)) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// Serves a WebSocket to its end. What the connection manager has to say is taken from `output` when `ready` rings, what
/// the client says goes to `message`; one of more than `limit` bytes ends it.
pub(super) async fn serve(
    upgraded: Upgraded,
    ready: &Notify,
    output: impl FnMut() -> Option<Output>,
    limit: usize,
    message: impl FnMut(&str),
) {
    let mut io = TokioIo::new(upgraded);
    // An error is a client that is gone, whom nothing can be told.
    let _ = converse(&mut io, ready, output, limit, message).await;
    let _ = io.shutdown().await;
}

async fn converse(
    io: &mut TokioIo<Upgraded>,
    ready: &Notify,
    mut output: impl FnMut() -> Option<Output>,
    limit: usize,
    mut message: impl FnMut(&str),
) -> io::Result<()> {
    let mut endpoint = Endpoint::across_from(Side::Client, limit);
    let mut buffer = vec![0; 16 << 10];
    let mut received = Vec::new();
    // The message that is under way. The first one is due at once: it opens the stream.
    let (mut pace, mut began) = (Some(Pace::begin()), false);
    loop {
        let late = async {
            match pace {
                Some(pace) => sleep_until(pace.due()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ready.notified() => while let Some(output) = output() {
                match output {
                    Output::Send(text) => {
                        io.write_all(&websocket::frame(Opcode::TEXT, text.as_bytes(), None)).await?;
                    }
                    Output::Close(status) => {
                        io.write_all(&websocket::close(status, "", None)).await?;
                        // The client closes too; what else it says comes too late.
                        let rest = async { while io.read(&mut buffer).await.is_ok_and(|n| n > 0) {} };
                        let _ = tokio::time::timeout(PATIENCE, rest).await;
                        return Ok(());
                    }
                }
                io.flush().await?;
            },
            read = io.read(&mut buffer) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                let broken = endpoint.feed(&buffer[..read], &mut received);
                for what in received.drain(..) {
                    match what {
                        Received::Text(text) => {
                            began = true;
                            message(&text);
                        }
                        Received::Ping(content) => {
                            io.write_all(&websocket::frame(Opcode::PONG, &content, None)).await?;
                            io.flush().await?;
                        }
                        Received::Pong => {}
                        Received::Close(close) => {
                            let status = close.status().filter(|_| close.is_valid());
                            return answer(io, close, status.unwrap_or(1000)).await;
                        }
                    }
                }
                if let Err(Violation { status, words }) = broken {
                    return io.write_all(&websocket::close(status, words, None)).await;
                }
                if began && endpoint.is_between() {
                    pace = None;
                } else {
                    pace.get_or_insert_with(Pace::begin).passed(read);
                }
            }
            () = late => {
                return io.write_all(&websocket::close(1008, "too slow", None)).await;
            }
        }
    }
}

async fn answer(io: &mut TokioIo<Upgraded>, close: Close, status: u16) -> io::Result<()> {
    let frame = match close {
        Close::Bare => websocket::frame(Opcode::CLOSE, b"", None),
        Close::Status(..) => websocket::close(status, "", None),
        Close::Malformed => websocket::close(1002, "not a status", None),
    };
    io.write_all(&frame).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_answered_or_refused_with_what_is_wrong() {
        let status = |changes: &[(&'static str, &'static str)]| {
            let usual = [
                ("connection", "Upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ("sec-websocket-protocol", "foo, xmpp"),
            ];
            let mut request = Request::builder().uri(PATH);
            for (name, value) in usual {
                let change = changes.iter().find(|(changed, _)| *changed == name);
                request = request.header(name, change.map_or(value, |(_, value)| *value));
            }
            handshake(&request.body(()).unwrap())
        };
        let response = status(&[]);
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
        assert_eq!(status(&[("upgrade", "h2c")]).status(), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(
            status(&[("sec-websocket-version", "8")]).status(),
            StatusCode::UPGRADE_REQUIRED
        );
        assert_eq!(status(&[("sec-websocket-protocol", "mqtt")]).status(), StatusCode::BAD_REQUEST);
    }
}
