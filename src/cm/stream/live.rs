//! The I/O of one connection: bytes go to and fro, and whatever they mean is left to the codec and the session.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{sleep_until, timeout};

use super::codec::{Codec, Received};
use super::framing::Outbound;
use super::message::Input;
use crate::cm::pace::Pace;

/// What is written is taken from the session while less than this waits to be sent.
const ROOM: usize = 64 << 10;
/// Bytes read at once; they are on the stack, so an idle connection needs none.
const READ: usize = 8 << 10;
/// How long a client may take to end its side of the connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// The session of a connection.
pub trait Front {
    /// Something came.
    fn input(&self, input: Input);
    /// What is to be sent next.
    fn output(&self) -> Option<Outbound>;
}

/// Why a connection is not served any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is over.
    Over,
    /// TLS begins on it.
    StartTls,
}

/// What moved.
enum Moved {
    Sent(usize),
    Received(usize),
    Ended,
}

/// Serves a connection until it ends, or TLS begins. `ready` rings when the session has something to send.
///
/// # Errors
/// The client is gone.
pub async fn live<S>(
    io: &mut S,
    codec: &mut dyn Codec,
    ready: &Notify,
    front: &impl Front,
) -> io::Result<Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut unsent, mut received) = (Vec::new(), Vec::new());
    let mut end = None;
    // What is under way. A client that has said nothing has begun too: it has to open its stream.
    let (mut reading, mut writing) = (Some(Pace::begin()), None::<Pace>);
    loop {
        while end.is_none() && unsent.len() < ROOM {
            let Some(outbound) = front.output() else { break };
            codec.write(&outbound, &mut unsent);
            end = match outbound {
                Outbound::Close(_) => Some(Ended::Over),
                Outbound::StartTls => Some(Ended::StartTls),
                Outbound::Text(_) | Outbound::Ping => None,
            };
        }
        if let Some(ended) = end.filter(|_| unsent.is_empty()) {
            io.flush().await?;
            if ended == Ended::Over {
                part(io).await;
            }
            return Ok(ended);
        }
        if unsent.is_empty() {
            writing = None;
        } else {
            writing.get_or_insert_with(Pace::begin);
        }
        tokio::select! {
            () = ready.notified(), if end.is_none() => {}
            moved = std::future::poll_fn(|cx| shift(io, codec, &mut unsent, &mut received, cx)) => match moved? {
                Moved::Ended => return Ok(Ended::Over),
                Moved::Sent(bytes) => if let Some(writing) = &mut writing {
                    writing.passed(bytes);
                },
                Moved::Received(bytes) => {
                    if codec.is_between() {
                        reading = None;
                    } else {
                        reading.get_or_insert_with(Pace::begin).passed(bytes);
                    }
                    for what in received.drain(..) {
                        match what {
                            Received::Input(input) => front.input(input),
                            Received::Reply(bytes) => unsent.extend(bytes),
                            Received::End => end = Some(Ended::Over),
                        }
                    }
                }
            },
            () = late(reading) => {
                reading = None;
                front.input(Input::Wrong("connection-timeout"));
            }
            () = late(writing) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

async fn late(pace: Option<Pace>) {
    match pace {
        Some(pace) => sleep_until(pace.due()).await,
        None => std::future::pending().await,
    }
}

/// Ends our side of the connection, and waits for the client's: what was not read would end it with a reset.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S) {
    let rest = async {
        let mut rest = [0; 1024];
        let _ = io.shutdown().await;
        while io.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    let _ = timeout(PATIENCE, rest).await;
}

/// Writes what is unsent, and reads.
fn shift<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    codec: &mut dyn Codec,
    unsent: &mut Vec<u8>,
    received: &mut Vec<Received>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Moved>> {
    if unsent.is_empty() {
        if let Poll::Ready(Err(error)) = Pin::new(&mut *io).poll_flush(cx) {
            return Poll::Ready(Err(error));
        }
    } else if let Poll::Ready(sent) = Pin::new(&mut *io).poll_write(cx, unsent) {
        let sent = sent?;
        unsent.drain(..sent);
        if unsent.is_empty() {
            *unsent = Vec::new(); // idle connections are many
        }
        return Poll::Ready(Ok(Moved::Sent(sent)));
    }
    let mut bytes = [0; READ];
    let mut buffer = ReadBuf::new(&mut bytes);
    ready!(Pin::new(io).poll_read(cx, &mut buffer))?;
    let read = buffer.filled();
    if read.is_empty() {
        return Poll::Ready(Ok(Moved::Ended));
    }
    codec.read(read, received);
    Poll::Ready(Ok(Moved::Received(read.len())))
}
