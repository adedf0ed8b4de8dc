//! The I/O of one stream: a task that connects, moves bytes, and does what the machine says.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout_at};

use super::address::secure;
use super::outbox::Outbox;
use super::settings::Settings;
use super::stream::{Step, Stream};
use crate::cm::backend::{Command, Opening};
use crate::wire::socket::Socket;

/// How long the server may take from the connection to its features, TLS included.
const MEETING: Duration = Duration::from_secs(15);
/// How long the server may take to end its stream after ours has ended.
const PARTING: Duration = Duration::from_secs(2);
/// Bytes read at once; they are on the stack, so an idle stream needs none.
const READ: usize = 8 << 10;

/// What the session wants, boxed since many streams wait for it. That it hears nothing any more means that it closes.
pub(super) type Commands = UnboundedReceiver<Box<Command>>;

/// Runs one stream to its end; why it failed, if it did.
pub(super) async fn run(
    opening: Opening,
    settings: &Settings,
    commands: Commands,
    out: Outbox,
) -> Option<String> {
    let domain = opening.to.clone();
    let stream = Stream::new(opening, settings.bounds);
    let mut link = Link { stream, commands, out, deaf: false };
    link.live(&domain, settings).await;
    link.tell();
    link.stream.reason().map(str::to_owned)
}

struct Link {
    stream: Stream,
    commands: Commands,
    out: Outbox,
    /// The session has closed the stream.
    deaf: bool,
}

/// What moved on a connection.
enum Moved {
    Sent,
    Received,
    Ended,
}

impl Link {
    async fn live(&mut self, domain: &str, settings: &Settings) {
        let tcp = match self.attend(Box::pin(settings.address.connect())).await {
            None => return,
            Some(Err(reason)) => return self.stream.fail(reason),
            Some(Ok(tcp)) => tcp,
        };
        let here = tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        self.stream.connected(here || settings.plain);
        let mut socket = Socket::Plain(tcp);
        let mut due = Some(Instant::now() + MEETING);
        loop {
            if let Some(Step::Secure) = self.tell() {
                let Socket::Plain(tcp) = socket else { return };
                match self.secure(tcp, domain, settings, due).await {
                    None => return,
                    Some(Err(reason)) => return self.stream.fail(reason),
                    Some(Ok(tls)) => socket = tls,
                }
                self.stream.secured();
            }
            if self.stream.is_over() {
                break;
            }
            due = match due {
                _ if self.stream.is_meeting() => due,
                Some(due) if self.stream.is_closing() => Some(due),
                None if self.stream.is_closing() => Some(Instant::now() + PARTING),
                _ => None,
            };
            self.turn(&mut socket, due).await;
        }
        // What is left to say is a stream error or an end; a server that does not read it misses it.
        let last = async {
            socket.write_all(self.stream.unsent()).await?;
            socket.shutdown().await
        };
        let _ = tokio::time::timeout(PARTING, last).await;
    }

    /// TLS, for which the server has the time until `due`.
    async fn secure(
        &mut self,
        tcp: TcpStream,
        domain: &str,
        settings: &Settings,
        due: Option<Instant>,
    ) -> Option<Result<Socket, String>> {
        let due = due.unwrap_or_else(|| Instant::now() + MEETING);
        let config = match &settings.tls {
            Ok(config) => Arc::clone(config),
            Err(reason) => return Some(Err(format!("STARTTLS is not possible: {reason}"))),
        };
        let handshake = timeout_at(due, secure(tcp, domain, config));
        let secured = self.attend(Box::pin(handshake)).await?;
        Some(secured.unwrap_or_else(|_| Err("the TLS handshake timed out".into())))
    }

    /// Waits for something, and takes in meanwhile what the session wants. Nothing if that is the end.
    async fn attend<T>(&mut self, mut work: Pin<Box<impl Future<Output = T>>>) -> Option<T> {
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                command = self.commands.recv() => self.command(command),
            }
            if self.stream.is_over() {
                return None;
            }
        }
    }

    fn command(&mut self, command: Option<Box<Command>>) {
        self.deaf = command.is_none();
        if let Some(command) = &command {
            self.out.took(command);
        }
        self.stream.command(command.map_or(Command::Close, |command| *command));
    }

    /// Waits until something happens, and takes it in.
    async fn turn(&mut self, socket: &mut Socket, due: Option<Instant>) {
        let reads = self.deaf || self.out.has_room();
        let late = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = self.commands.recv(), if !self.deaf => self.command(command),
            moved = std::future::poll_fn(|cx| move_bytes(socket, &mut self.stream, reads, cx)) => match moved {
                Ok(Moved::Sent | Moved::Received) => {}
                Ok(Moved::Ended) => self.stream.ended(),
                Err(error) => self.stream.fail(format!("the connection was lost: {error}")),
            },
            () = self.out.room(), if !reads => {}
            () = late => self.stream.fail("it did not send its stream features in time".into()),
        }
    }

    /// Tells the session what is to be told, up to a step that is for us.
    fn tell(&mut self) -> Option<Step> {
        while let Some(step) = self.stream.step() {
            match step {
                Step::Tell(event) => self.out.put(event),
                Step::Secure => return Some(step),
            }
        }
        None
    }
}

/// Writes what is unsent, and reads if that is wished.
fn move_bytes(
    socket: &mut Socket,
    stream: &mut Stream,
    reads: bool,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Moved>> {
    if !stream.unsent().is_empty() {
        if let Poll::Ready(sent) = Pin::new(&mut *socket).poll_write(cx, stream.unsent()) {
            let unsent = stream.unsent();
            unsent.drain(..sent?);
            if unsent.is_empty() {
                *unsent = Vec::new();
            }
            return Poll::Ready(Ok(Moved::Sent));
        }
    } else if let Poll::Ready(Err(error)) = Pin::new(&mut *socket).poll_flush(cx) {
        // TLS may have kept something back, which goes out whenever there is room.
        return Poll::Ready(Err(error));
    }
    if !reads {
        return Poll::Pending;
    }
    let mut bytes = [0; READ];
    let mut buffer = ReadBuf::new(&mut bytes);
    ready!(Pin::new(socket).poll_read(cx, &mut buffer))?;
    if buffer.filled().is_empty() {
        return Poll::Ready(Ok(Moved::Ended));
    }
    stream.received(buffer.filled());
    Poll::Ready(Ok(Moved::Received))
}
