//! Two sockets joined: bytes are passed on as they come, in both directions, and the tap sees a copy.
//!
//! Nothing is kept per connection but what one side could not take yet: all connections of the thread read
//! into one buffer, and only when there is something to read.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Side;
use super::conversation::StartTls;
use super::host::HostEditor;
use super::socket::Socket;
use super::tap::{How, Tap};

const BUFFER: usize = 64 * 1024;
/// Reads in one direction before other connections get their turn.
const TURN: usize = 4;

thread_local! {
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into());
}

/// How a tunnel ended.
#[derive(Debug)]
pub enum End {
    /// Both directions ended in order.
    Fin,
    /// One side reset the connection; the other one has to see that too.
    Reset,
    /// The server went away while the client waits for an answer of which no byte has come.
    Unanswered(Option<io::Error>),
    /// The server has sent `<proceed/>`, and the client has it: TLS begins (RFC 6120 §5.4.2.3).
    StartTls {
        /// What the client had already sent behind its `<starttls/>`.
        client: Vec<u8>,
        /// What the server sent behind its `<proceed/>`.
        server: Vec<u8>,
    },
}

/// One direction of the tunnel.
#[derive(Debug, Default)]
struct Pipe {
    /// Read but not yet written.
    held: Vec<u8>,
    written: usize,
    unflushed: bool,
    ended: bool,
    shut: bool,
    /// Nothing is passed on until it is clear whether TLS begins: what has come meanwhile.
    behind: Option<Vec<u8>>,
}

enum Step {
    Done,
    /// The sending side failed.
    From(How),
    /// The receiving side failed.
    To(How),
    /// The server ended in order, or failed, and owes an answer that it has not begun.
    Unanswered(Option<io::Error>),
    /// Both sides have ended, at least one of them by a reset, and the tap knows.
    Reset,
    /// The server wants TLS to begin.
    StartTls,
}

/// Joins two sockets until both directions have ended.
pub async fn join(
    client: &mut Socket,
    server: &mut Socket,
    tap: &mut Tap,
    mut host: Option<Box<HostEditor>>,
) -> End {
    let mut up = Pipe::default();
    let mut down = Pipe::default();
    let mut up_open = true;
    let mut down_open = true;
    poll_fn(|cx| {
        if up_open {
            match pass(cx, Side::Client, client, server, &mut up, tap, host.as_deref_mut()) {
                Poll::Pending => {}
                // Where the server takes no more, what it already sent still belongs to the client.
                Poll::Ready(Step::Done | Step::To(_)) => up_open = false,
                Poll::Ready(Step::From(how)) => {
                    ended(tap, Side::Client, how, server);
                    return Poll::Ready(End::Reset);
                }
                Poll::Ready(Step::Unanswered(_) | Step::StartTls) => {
                    ended(tap, Side::Client, How::Reset, server);
                    return Poll::Ready(End::Reset);
                }
                Poll::Ready(Step::Reset) => return Poll::Ready(End::Reset),
            }
        }
        if down_open {
            match pass(cx, Side::Server, server, client, &mut down, tap, None) {
                Poll::Pending => {}
                Poll::Ready(Step::Done) => down_open = false,
                Poll::Ready(Step::Unanswered(error)) => {
                    let how = error.as_ref().map_or(How::Fin, How::of);
                    let left = if up.ended { None } else { its_end(client) };
                    match left {
                        None if !up.ended => return Poll::Ready(End::Unanswered(error)),
                        None => tap.ended(Side::Server, how),
                        Some(left) => tap.both_ended(left, how),
                    }
                    // The client has left as well: nobody waits for this answer.
                    if how != How::Fin || left.is_some_and(|left| left != How::Fin) {
                        return Poll::Ready(End::Reset);
                    }
                    (up.ended, down.ended) = (true, true);
                    cx.waker().wake_by_ref();
                }
                Poll::Ready(Step::From(how)) => {
                    ended(tap, Side::Server, how, client);
                    return Poll::Ready(End::Reset);
                }
                Poll::Ready(Step::To(how)) => {
                    ended(tap, Side::Client, how, server);
                    return Poll::Ready(End::Reset);
                }
                Poll::Ready(Step::Reset) => return Poll::Ready(End::Reset),
                Poll::Ready(Step::StartTls) => {
                    let behind = |pipe: &mut Pipe| pipe.behind.take().unwrap_or_default();
                    let (client, server) = (behind(&mut up), behind(&mut down));
                    return Poll::Ready(End::StartTls { client, server });
                }
            }
        }
        if up_open || down_open { Poll::Pending } else { Poll::Ready(End::Fin) }
    })
    .await
}

/// Tells the tap that one side has ended. It is said to be the first only if the other one is still there now, before
/// any of this is passed on to it. Whether the other one has ended by a reset.
fn ended(tap: &mut Tap, by: Side, how: How, other: &Socket) -> bool {
    let too = if tap.has_ended(by.other()) { None } else { its_end(other) };
    match (by, too) {
        (_, None) => tap.ended(by, how),
        (Side::Client, Some(too)) => tap.both_ended(how, too),
        (Side::Server, Some(too)) => tap.both_ended(too, how),
    }
    too.is_some_and(|too| too != How::Fin)
}

/// How a peer has ended its direction, if all that it sent before has been read. The end stays to be read, but a reset
/// is reported only once.
fn its_end(peer: &Socket) -> Option<How> {
    match socket2::SockRef::from(peer.tcp()).peek(&mut [MaybeUninit::uninit()]) {
        Ok(0) => Some(How::Fin),
        Ok(_) => None,
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => None,
            _ => Some(How::of(&error)),
        },
    }
}

fn pass(
    cx: &mut Context<'_>,
    side: Side,
    from: &mut Socket,
    to: &mut Socket,
    pipe: &mut Pipe,
    tap: &mut Tap,
    mut host: Option<&mut HostEditor>,
) -> Poll<Step> {
    let (mut from, mut to) = (Pin::new(from), Pin::new(to));
    for _ in 0..TURN {
        while pipe.written < pipe.held.len() {
            match ready!(to.as_mut().poll_write(cx, &pipe.held[pipe.written..])) {
                Ok(0) => return Poll::Ready(Step::To(How::Reset)),
                Err(error) => return Poll::Ready(Step::To(How::of(&error))),
                Ok(n) => pipe.written += n,
            }
        }
        if pipe.written > 0 {
            pipe.held = Vec::new();
            pipe.written = 0;
        }
        if pipe.unflushed {
            match ready!(to.as_mut().poll_flush(cx)) {
                Ok(()) => pipe.unflushed = false,
                Err(error) => return Poll::Ready(Step::To(How::of(&error))),
            }
        }
        if pipe.ended {
            if !pipe.shut
                && let Err(error) = ready!(to.as_mut().poll_shutdown(cx))
            {
                return Poll::Ready(Step::To(How::of(&error)));
            }
            pipe.shut = true;
            return Poll::Ready(Step::Done);
        }
        if pipe.behind.is_some() {
            match tap.conversation().starttls() {
                StartTls::Proceeds if side == Side::Server => return Poll::Ready(Step::StartTls),
                // The server's direction goes on, and wakes this one too.
                StartTls::Proceeds => return Poll::Pending,
                // It is read on, so that its end is noticed.
                StartTls::Asked if !tap.has_ended(Side::Server) => {
                    if pipe.behind.as_ref().is_some_and(|behind| behind.len() >= BUFFER) {
                        return Poll::Pending;
                    }
                }
                StartTls::Asked | StartTls::Idle => {
                    let behind = pipe.behind.take().unwrap_or_default();
                    give(cx, side, &behind, to.as_mut(), pipe, tap, host.as_deref_mut());
                    continue;
                }
            }
        }
        let read = READ.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(from.as_mut().poll_read(cx, &mut buffer))?;
            let bytes = buffer.filled();
            if let Some(behind) = &mut pipe.behind {
                behind.extend_from_slice(bytes);
            } else if !bytes.is_empty() {
                give(cx, side, bytes, to.as_mut(), pipe, tap, host.as_deref_mut());
            }
            Poll::Ready(io::Result::Ok(bytes.len()))
        });
        match ready!(read) {
            Ok(0) => {
                // An answer that is still owed decides what the client gets to see.
                if side == Side::Server && tap.dialogue().unanswered() {
                    return Poll::Ready(Step::Unanswered(None));
                }
                if let Some(behind) = pipe.behind.take() {
                    // Who has ended begins no TLS.
                    give(cx, side, &behind, to.as_mut(), pipe, tap, host.as_deref_mut());
                }
                if ended(tap, side, How::Fin, to.as_ref().get_ref()) {
                    return Poll::Ready(Step::Reset);
                }
                if side == Side::Server && tap.conversation().starttls() == StartTls::Asked {
                    // No answer will come: what the client was held back for is passed on.
                    cx.waker().wake_by_ref();
                }
                if let Some(host) = &mut host {
                    pipe.held.extend_from_slice(&host.finish());
                }
                pipe.ended = true;
            }
            Ok(_) => {}
            Err(error) if side == Side::Server && tap.dialogue().unanswered() => {
                return Poll::Ready(Step::Unanswered(Some(error)));
            }
            Err(error) => return Poll::Ready(Step::From(How::of(&error))),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Gives what one side sent to the tap and to the other side, as far as it takes it now.
fn give(
    cx: &mut Context<'_>,
    side: Side,
    bytes: &[u8],
    mut to: Pin<&mut Socket>,
    pipe: &mut Pipe,
    tap: &mut Tap,
    mut host: Option<&mut HostEditor>,
) {
    let before = tap.conversation().starttls();
    let (bytes, behind) = bytes.split_at(tap.passed(side, bytes));
    let now = tap.conversation().starttls();
    if now != before {
        if now == StartTls::Idle {
            // Refused: what the client was held back for comes now.
            cx.waker().wake_by_ref();
        } else {
            pipe.behind = Some(behind.to_vec());
        }
    }
    let edited;
    let out = match &mut host {
        Some(host) => {
            edited = if tap.dialogue().is_switched() {
                // What follows is no HTTP: nothing in it is ours to edit or to wait for.
                [&host.finish()[..], bytes].concat()
            } else {
                host.edit(bytes)
            };
            &edited[..]
        }
        None => bytes,
    };
    let sent = match to.as_mut().poll_write(cx, out) {
        Poll::Ready(Ok(n)) => n,
        // A failure shows again at the next attempt, with the bytes still held.
        Poll::Ready(Err(_)) | Poll::Pending => 0,
    };
    pipe.unflushed = matches!(to.as_ref().get_ref(), Socket::Tls(_));
    if sent < out.len() {
        pipe.held.extend_from_slice(&out[sent..]);
    }
}
