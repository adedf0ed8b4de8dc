//! TLS on a connection of the server, which ends as its terms say.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use crate::cm::tls::Parting;

/// How long a connection is left open that is not ended.
const LEFT: Duration = Duration::from_secs(3600);

/// A connection with TLS.
pub(super) struct Parted<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    /// Always there, until this is dropped.
    tls: Option<TlsStream<S>>,
    parting: Parting,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Parted<S> {
    pub(super) fn new(tls: TlsStream<S>, parting: Parting) -> Self {
        Self { tls: Some(tls), parting }
    }

    fn with<T>(
        mut self: Pin<&mut Self>,
        poll: impl FnOnce(Pin<&mut TlsStream<S>>, Parting) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let parting = self.parting;
        match &mut self.tls {
            Some(tls) => poll(Pin::new(tls), parting),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for Parted<S> {
    fn drop(&mut self) {
        if self.parting == Parting::Left
            && let (Some(tls), Ok(runtime)) =
                (self.tls.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                tokio::time::sleep(LEFT).await;
                drop(tls);
            });
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncRead for Parted<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|tls, _| tls.poll_read(cx, buf))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncWrite for Parted<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|tls, _| tls.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|tls, _| tls.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|mut tls, parting| match parting {
            Parting::Notified => tls.poll_shutdown(cx),
            Parting::Bare => {
                ready!(tls.as_mut().poll_flush(cx))?;
                Pin::new(tls.get_mut().get_mut().0).poll_shutdown(cx)
            }
            Parting::Left => {
                tls.as_mut().get_mut().get_mut().1.send_close_notify();
                tls.poll_flush(cx)
            }
        })
    }
}
