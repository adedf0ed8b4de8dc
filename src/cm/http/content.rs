//! What hyper is given of a response.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use super::edge::Delivery;

/// The content of a response. Its length is told, unless it is to go in chunks.
pub(super) struct Content {
    bytes: Full<Bytes>,
    chunked: bool,
}

impl Body for Content {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.bytes).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked { SizeHint::default() } else { self.bytes.size_hint() }
    }
}

/// Gives a response to hyper; an error makes it close the connection.
pub(super) fn deliver(response: Response<Bytes>) -> io::Result<Response<Content>> {
    let delivery = response.extensions().get::<Delivery>().copied();
    if delivery == Some(Delivery::Cut) {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    let chunked = delivery == Some(Delivery::Chunked);
    Ok(response.map(|bytes| Content { bytes: Full::new(bytes), chunked }))
}
