//! A connection as its stream is seen, inside of TLS if there is some: what passes is told to the trace.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::Side;
use crate::wire::tap::{How, Tap};

/// A connection with its tap, if somebody watches.
pub(super) struct Tapped<S> {
    inner: S,
    tap: Option<Tap>,
}

impl<S> Tapped<S> {
    pub(super) fn new(inner: S, tap: Option<Tap>) -> Self {
        Self { inner, tap }
    }

    /// The connection and its tap, to be put together anew.
    pub(super) fn into_parts(mut self) -> (Option<Tap>, S)
    where
        S: Unpin,
    {
        (self.tap.take(), self.inner)
    }

    fn saw(&mut self, from: Side, mut bytes: &[u8]) {
        let Some(tap) = &mut self.tap else { return };
        while !bytes.is_empty() {
            let passed = tap.passed(from, bytes);
            if passed == 0 {
                return; // TLS may begin here: what else came in the clear counts for nothing
            }
            bytes = &bytes[passed..];
        }
    }

    fn ended(&mut self, by: Side, how: How) {
        if let Some(tap) = &mut self.tap
            && !tap.has_ended(by)
        {
            tap.ended(by, how);
        }
    }

    /// Nothing passes any more.
    pub(super) fn close(mut self) {
        self.ended(Side::Server, How::Fin);
        if let Some(tap) = self.tap {
            tap.close();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        match &read {
            Ok(()) if buf.filled().len() > before => {
                self.saw(Side::Client, &buf.filled()[before..]);
            }
            Ok(()) => self.ended(Side::Client, How::Fin),
            Err(error) => self.ended(Side::Client, How::of(error)),
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes));
        match &written {
            Ok(written) => self.saw(Side::Server, &bytes[..*written]),
            Err(error) => self.ended(Side::Client, How::of(error)),
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = ready!(Pin::new(&mut self.inner).poll_shutdown(cx));
        self.ended(Side::Server, How::Fin);
        Poll::Ready(shut)
    }
}
