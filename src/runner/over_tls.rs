//! TLS on connections that carry streams over TCP: the handshake, and the end.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::byte_stream::{Dialling, Stream};
use super::offer::{Negotiated, Offer, Sni};
use crate::wire::presented::Watching;
use crate::wire::secured;
use crate::wire::tls;

/// A handshake that the server did not bring to its end: not one that failed since its certificate was refused.
#[derive(Debug)]
pub struct HandshakeFailed(io::Error);

impl HandshakeFailed {
    /// Whether this is why there is no TLS.
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Self>)
    }
}

impl fmt::Display for HandshakeFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the TLS handshake failed: {}", self.0)
    }
}

impl std::error::Error for HandshakeFailed {}

/// Puts TLS on a connection to a server of this domain.
pub fn put<'a>(
    stream: Box<dyn Stream>,
    domain: &'a str,
    verifier: &Arc<dyn ServerCertVerifier>,
    offer: &'a Offer,
) -> Dialling<'a> {
    let verifier = Arc::clone(verifier);
    let watching =
        if offer.verify { Watching::enforcing(verifier) } else { Watching::new(verifier) };
    Box::pin(async move {
        let named = |name: &str| {
            // A stream's domain may have letters that DNS has not (RFC 7622 §3.2).
            let name = idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_owned());
            ServerName::try_from(name).map_err(io::Error::other)
        };
        let name = named(domain)?;
        let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(&watching) as Arc<_>;
        let config = tls::for_name(name.clone(), verifier, offer.versions);
        let mut config = config.map_err(io::Error::other)?;
        config.alpn_protocols = offer.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.enable_sni = offer.sni != Sni::Absent;
        let asked = match &offer.sni {
            Sni::Name(name) => named(name)?,
            Sni::Domain | Sni::Absent => name,
        };
        let made = TlsConnector::from(Arc::new(config)).connect(asked, stream).await;
        let inner = made.map_err(|error| match tls::cause(&error) {
            Some(rustls::Error::InvalidCertificate(_)) => error,
            _ => io::Error::new(error.kind(), HandshakeFailed(error)),
        })?;
        let tls = secured::Tls::of(inner.get_ref().1);
        let negotiated = Negotiated { tls, presented: watching.presented(), notified: false };
        Ok(Box::new(OverTls { inner, negotiated, ending: Ending::Open }) as Box<dyn Stream>)
    })
}

/// A connection with TLS. It has ended when TCP has: who sends `close_notify` is answered, and has to end TCP after that
/// (RFC 6120 §4.4).
struct OverTls {
    inner: TlsStream<Box<dyn Stream>>,
    negotiated: Negotiated,
    ending: Ending,
}

/// How far the end of a connection has come.
enum Ending {
    Open,
    /// `close_notify` has come, and is answered.
    Notified,
    /// The end of TCP is awaited.
    Awaited,
    Over,
}

impl Stream for OverTls {
    fn reset(&mut self) {
        self.inner.get_mut().0.reset();
    }

    fn negotiated(&self) -> Option<&Negotiated> {
        Some(&self.negotiated)
    }
}

impl AsyncRead for OverTls {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, negotiated, ending } = self.get_mut();
        loop {
            match ending {
                Ending::Open => {
                    let before = buf.filled().len();
                    match ready!(Pin::new(&mut *inner).poll_read(cx, buf)) {
                        Ok(()) if buf.filled().len() == before => {
                            negotiated.notified = true;
                            *ending = Ending::Notified;
                        }
                        // The end of TCP alone.
                        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                            *ending = Ending::Over;
                        }
                        read => return Poll::Ready(read),
                    }
                }
                Ending::Notified => {
                    let _ = ready!(Pin::new(&mut *inner).poll_shutdown(cx)); // it may be gone
                    *ending = Ending::Awaited;
                }
                Ending::Awaited => {
                    let mut bytes = [0; 1024];
                    let mut rest = ReadBuf::new(&mut bytes);
                    let read = ready!(Pin::new(inner.get_mut().0).poll_read(cx, &mut rest));
                    if read.is_err() || rest.filled().is_empty() {
                        *ending = Ending::Over;
                    }
                }
                Ending::Over => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl AsyncWrite for OverTls {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
