//! A connection as hyper reads it, with an eye on what passes: who sends what for the trace, and whether a client
//! has sent a further request before it got its answer (pipelining), which hyper reads only afterwards.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::wire::Side;
use crate::wire::http1::Dialogue;
use crate::wire::tap::{How, Tap};

/// What is known of a connection's further requests.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    pipelined: AtomicBool,
    changed: Notify,
}

impl Ahead {
    /// Done when a further request waits behind the one that is served.
    pub(super) async fn pipelined(&self) {
        loop {
            let changed = self.changed.notified();
            if self.pipelined.load(Ordering::Relaxed) {
                return;
            }
            changed.await;
        }
    }
}

enum Watch {
    Tap(Box<Tap>),
    Alone(Box<Dialogue>),
}

/// A watched connection.
pub(super) struct Watched<S> {
    inner: S,
    watch: Watch,
    ahead: Arc<Ahead>,
    ended: bool,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, tap: Option<Tap>, ahead: Arc<Ahead>) -> Self {
        let watch = match tap {
            Some(tap) => Watch::Tap(Box::new(tap)),
            None => Watch::Alone(Box::default()),
        };
        Self { inner, watch, ahead, ended: false }
    }

    fn saw(&mut self, from: Side, bytes: &[u8]) {
        let owed = match &mut self.watch {
            Watch::Tap(tap) => {
                tap.passed(from, bytes);
                tap.dialogue().owed()
            }
            Watch::Alone(dialogue) => {
                dialogue.feed(from, bytes, &mut |_| {});
                dialogue.owed()
            }
        };
        let pipelined = owed > 1;
        if self.ahead.pipelined.swap(pipelined, Ordering::Relaxed) != pipelined && pipelined {
            self.ahead.changed.notify_waiters();
        }
    }

    fn ended(&mut self, by: Side, how: How) {
        if let Watch::Tap(tap) = &mut self.watch
            && !self.ended
        {
            self.ended = by == Side::Client;
            tap.ended(by, how);
        }
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        // A tap that is dropped would say that it was stopped.
        let alone = Watch::Alone(Box::default());
        if let Watch::Tap(tap) = std::mem::replace(&mut self.watch, alone) {
            tap.close();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        match &read {
            Ok(()) if buf.filled().len() == before => self.ended(Side::Client, How::Fin),
            Ok(()) => self.saw(Side::Client, &buf.filled()[before..]),
            Err(_) => self.ended(Side::Client, How::Reset),
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.saw(Side::Server, &bytes[..written]);
        Poll::Ready(Ok(written))
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
