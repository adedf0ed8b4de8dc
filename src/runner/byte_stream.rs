//! The bytes of a connection to a target: over the network, or in memory.

use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};

use super::offer::Negotiated;
use crate::wire::socket::Socket;

/// A byte stream to a target.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Ends it with a reset, where there is such a thing.
    fn reset(&mut self);

    /// What TLS on it is, if there is some that streams are told of.
    fn negotiated(&self) -> Option<&Negotiated> {
        None
    }
}

impl Stream for DuplexStream {
    fn reset(&mut self) {}
}

impl Stream for Box<dyn Stream> {
    fn reset(&mut self) {
        (**self).reset();
    }

    fn negotiated(&self) -> Option<&Negotiated> {
        (**self).negotiated()
    }
}

impl Stream for Socket {
    fn reset(&mut self) {
        Socket::reset(self);
    }
}

/// A stream that is being made.
pub type Dialling<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;
