//! A connection that becomes a WebSocket, and its life from then on.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::serve::Service;
use crate::cm::stream::{Framing, Security, live};

impl Service {
    /// A request for a WebSocket: its response, after which the connection is one.
    pub(super) fn upgrade(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Response<Bytes> {
        let upgrade = self.handshake(&head(&request));
        let response = upgrade.response;
        let codec = upgrade.codec.filter(|_| response.status() == StatusCode::SWITCHING_PROTOCOLS);
        let Some(mut codec) = codec else { return response };
        let Some(carried) = self.carry(peer, Framing::Framed, Security::Settled) else {
            return self.refuse(StatusCode::SERVICE_UNAVAILABLE);
        };
        tokio::spawn(async move {
            match hyper::upgrade::on(request).await {
                Ok(upgraded) => {
                    let mut io = TokioIo::new(upgraded);
                    // An error is a client that is gone, whom nothing can be told.
                    let _ = live(&mut io, &mut *codec, carried.ready(), &carried).await;
                }
                Err(error) => tracing::debug!("no upgrade: {error}"),
            }
        });
        response
    }
}

/// A request without its content.
fn head<B>(request: &Request<B>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    head
}
