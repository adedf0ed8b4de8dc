//! A connection as hyper reads it, with an eye on what passes: who sends what for the trace, and whether a client
//! has sent a further request before it got its answer (pipelining), which hyper reads only afterwards.
//!
//! hyper gives up whatever it serves as soon as it hears that the client sends no more. A client may say so right behind
//! its last request, so that is told only when all requests that came whole have been taken in.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep_until};

use crate::cm::pace::Pace;
use crate::wire::Side;
use crate::wire::http1::Dialogue;
use crate::wire::tap::{How, Tap};

/// What is known of a connection's further requests.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    pipelined: AtomicBool,
    changed: Notify,
    /// How many requests were taken in.
    taken: AtomicU64,
    /// Who waits for more of them.
    waits: Mutex<Option<Waker>>,
}

impl Ahead {
    /// A request was taken in, or refused.
    pub(super) fn took(&self) {
        self.taken.fetch_add(1, Ordering::Release);
        if let Some(waker) = self.waits.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }

    /// Ready when so many requests were taken in.
    fn poll_taken(&self, asked: u64, cx: &Context<'_>) -> Poll<()> {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if self.taken.load(Ordering::Acquire) >= asked {
            return Poll::Ready(());
        }
        *waits = Some(cx.waker().clone());
        Poll::Pending
    }

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
    /// The client was seen to end the connection: what follows is not told.
    ended: bool,
    /// The connection manager was.
    parted: bool,
    /// The client has sent its last byte, which is told when so many requests were taken in.
    closing: Option<(How, u64)>,
    /// The client has yet to read what was written since: how long it may take.
    writing: Option<(Pace, Pin<Box<Sleep>>)>,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, tap: Option<Tap>, ahead: Arc<Ahead>) -> Self {
        let watch = match tap {
            Some(tap) => Watch::Tap(Box::new(tap)),
            None => Watch::Alone(Box::default()),
        };
        Self { inner, watch, ahead, ended: false, parted: false, closing: None, writing: None }
    }

    fn saw(&mut self, from: Side, bytes: &[u8]) {
        match &mut self.watch {
            Watch::Tap(tap) => {
                tap.passed(from, bytes);
            }
            Watch::Alone(dialogue) => dialogue.feed(from, bytes, &mut |_| {}),
        }
        // The beginning of a further request is enough: hyper reads no more of it until then.
        let dialogue = self.dialogue();
        let pipelined = dialogue.owed() > usize::from(dialogue.client_is_between());
        if self.ahead.pipelined.swap(pipelined, Ordering::Relaxed) != pipelined && pipelined {
            self.ahead.changed.notify_waiters();
        }
    }

    fn dialogue(&self) -> &Dialogue {
        match &self.watch {
            Watch::Tap(tap) => tap.dialogue(),
            Watch::Alone(dialogue) => dialogue,
        }
    }

    /// How many requests came whole.
    fn whole(&self) -> u64 {
        let dialogue = self.dialogue();
        dialogue.asked() - u64::from(!dialogue.client_is_between() && dialogue.asked() > 0)
    }

    /// The client does not read now: an error when it has had time enough.
    fn poll_patience<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let (pace, sleep) = self.writing.get_or_insert_with(|| {
            let pace = Pace::begin();
            (pace, Box::pin(sleep_until(pace.due())))
        });
        if sleep.deadline() != pace.due() {
            sleep.as_mut().reset(pace.due());
        }
        ready!(sleep.as_mut().poll(cx));
        self.ended(Side::Server, How::Reset);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn ended(&mut self, by: Side, how: How) {
        if let Watch::Tap(tap) = &mut self.watch
            && !self.ended
        {
            match by {
                Side::Client => self.ended = true,
                Side::Server => self.parted = true,
            }
            tap.ended(by, how);
        }
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        if !self.parted {
            // Nobody has ended it until now, or its client has, which stands.
            self.ended(Side::Server, How::Fin);
        }
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
        if self.closing.is_none() {
            let before = buf.filled().len();
            let how = match ready!(Pin::new(&mut self.inner).poll_read(cx, buf)) {
                Ok(()) if buf.filled().len() > before => {
                    self.saw(Side::Client, &buf.filled()[before..]);
                    return Poll::Ready(Ok(()));
                }
                Ok(()) => How::Fin,
                Err(error) => How::of(&error),
            };
            self.closing = Some((how, self.whole()));
            self.ended(Side::Client, how);
        }
        let Some((how, whole)) = self.closing else { return Poll::Ready(Ok(())) };
        ready!(self.ahead.poll_taken(whole, cx));
        Poll::Ready(match how {
            How::Reset | How::TimedOut => Err(io::ErrorKind::ConnectionReset.into()),
            How::Fin => Ok(()),
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = Pin::new(&mut self.inner).poll_write(cx, bytes) else {
            return self.poll_patience(cx);
        };
        match &written {
            Ok(written) => {
                if let Some((pace, _)) = &mut self.writing {
                    pace.passed(*written);
                }
                self.saw(Side::Server, &bytes[..*written]);
            }
            // Its client has closed the connection, with something in it that it did not read.
            Err(_) => self.ended(Side::Client, How::Reset),
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.inner).poll_flush(cx));
        self.writing = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = ready!(Pin::new(&mut self.inner).poll_shutdown(cx));
        self.ended(Side::Server, How::Fin);
        Poll::Ready(shut)
    }
}
