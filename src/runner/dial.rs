//! How connections to a target are made: over the network, or in memory to the embedded connection manager.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};

use crate::cm::http::serve::Service;
use crate::wire::socket::Socket;

/// Which of a target's addresses a connection goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// The one that it is known by.
    #[default]
    Usual,
    /// The one without TLS.
    Plain,
    /// The one with TLS.
    Tls,
}

/// A byte stream to a target.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Ends it with a reset, where there is such a thing.
    fn reset(&mut self);
}

impl Stream for DuplexStream {
    fn reset(&mut self) {}
}

impl Stream for Socket {
    fn reset(&mut self) {
        Socket::reset(self);
    }
}

/// A stream that is being made.
pub type Dialling<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections.
pub trait Dial: Send + Sync {
    /// Makes one.
    fn dial(&self, route: Route) -> Dialling<'_>;
}

/// Connections in memory.
pub struct Memory {
    service: Arc<Service>,
    peer: SocketAddr,
}

impl Memory {
    /// To this connection manager, which sees clients at `peer`.
    pub fn new(service: Arc<Service>, peer: SocketAddr) -> Self {
        Self { service, peer }
    }
}

/// What one direction of a connection in memory holds before its writer waits.
const PIPE: usize = 256 << 10;

impl Dial for Memory {
    fn dial(&self, _route: Route) -> Dialling<'_> {
        Box::pin(async {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            tokio::spawn(Arc::clone(&self.service).connection(theirs, self.peer));
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}
