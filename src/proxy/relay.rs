//! The way of a connection under faults, in place of the tunnel: what each side sends is put together to messages, and a
//! [`Course`] says what is to be written, and when. No decision is made here.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use super::settings::Proxy;
use crate::clock::Clock;
use crate::fault::{Course, Faults, Next};
use crate::wire::Side;
use crate::wire::conversation::{Expect, StartTls};
use crate::wire::host::HostEditor;
use crate::wire::socket::Socket;
use crate::wire::tap::{How, Tap};
use crate::wire::tunnel::End;

const BUFFER: usize = 16 * 1024;
/// How long a client has to read what it was sent before its connection was cut in order, and to say goodbye.
const LINGER: Duration = Duration::from_secs(2);
/// How long the server has for the copy of a request.
const COPY: Duration = Duration::from_secs(30);

/// The way of a connection under faults.
pub(super) struct Relay {
    course: Course,
    clock: Clock,
    host: Option<Box<HostEditor>>,
    /// Makes connections for copies of requests.
    proxy: Option<Arc<Proxy>>,
    /// What the client has sent where it has to wait for TLS.
    behind: Vec<u8>,
    /// To each side, bytes were written that may still wait in TLS.
    unflushed: [bool; 2],
}

/// Both ends, taken apart.
struct Ends<'s> {
    from_client: ReadHalf<&'s mut Socket>,
    to_client: WriteHalf<&'s mut Socket>,
    from_server: ReadHalf<&'s mut Socket>,
    to_server: WriteHalf<&'s mut Socket>,
}

/// The server is gone: with an error, or in order.
struct Gone(Option<io::Error>);

/// What happened next.
enum Event {
    FromClient(io::Result<usize>),
    FromServer(io::Result<usize>),
    ToClient(io::Result<Written>, bool),
    ToServer(io::Result<Written>),
    Time,
}

/// What became of a step of writing.
enum Written {
    Bytes(usize),
    Flushed,
}

impl Relay {
    /// The relay of a connection from this client.
    pub(super) fn new(
        faults: Faults,
        expect: Expect,
        client: &Socket,
        proxy: Option<Arc<Proxy>>,
    ) -> Self {
        let clock = faults.clock();
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let address = client.tcp().peer_addr().unwrap_or(nowhere);
        let course = Course::new(faults, expect, address);
        let (behind, unflushed) = (Vec::new(), [false; 2]);
        Self { course, clock, host: None, proxy, behind, unflushed }
    }

    /// The same, with another `Host` for the server.
    pub(super) fn with_host(mut self, host: Option<Box<HostEditor>>) -> Self {
        self.host = host;
        self
    }

    /// TLS has begun.
    pub(super) fn secured(&mut self, passed: bool) {
        self.course.secured(passed, self.clock.now());
    }

    /// Joins two sockets until both directions have ended, or TLS begins.
    pub(super) async fn join(
        &mut self,
        client: &mut Socket,
        server: &mut Socket,
        tap: &mut Tap,
    ) -> End {
        let (from_client, to_client) = tokio::io::split(client);
        let (from_server, to_server) = tokio::io::split(server);
        let mut ends = Ends { from_client, to_client, from_server, to_server };
        let mut buffers = [vec![0; BUFFER], vec![0; BUFFER]];
        let (mut client_open, mut server_open) = (true, true);
        // How the server ended, while what it sent before is still to be written.
        let mut gone: Option<Gone> = None;
        loop {
            let now = self.clock.now();
            self.course.tick(now);
            self.report(tap);
            if let Some(end) = self.ending(tap, &mut gone) {
                return end;
            }
            match (self.course.next(Side::Client, now), self.course.next(Side::Server, now)) {
                (Next::Cut(how), _) | (_, Next::Cut(how)) => return cut(how, ends, tap).await,
                (Next::Shut, _) => {
                    // A peer that is gone sees no end.
                    let _ = ends.to_client.shutdown().await;
                    self.course.was_shut(Side::Client);
                    continue;
                }
                (_, Next::Shut) => {
                    let _ = ends.to_server.shutdown().await;
                    self.course.was_shut(Side::Server);
                    continue;
                }
                _ => {}
            }
            if self.course.is_done() {
                return End::Fin;
            }
            let [from_client, from_server] = &mut buffers;
            let reads = (
                client_open && self.course.takes(Side::Client) && self.behind.len() < BUFFER,
                server_open && self.course.takes(Side::Server),
            );
            match self.event(&mut ends, (from_client, from_server), reads, now).await {
                Event::FromClient(Ok(0)) => {
                    client_open = false;
                    self.client_ends(tap);
                }
                Event::FromClient(Ok(len)) => self.heard(&buffers[0][..len], tap),
                Event::FromClient(Err(error)) | Event::ToClient(Err(error), _) => {
                    tap.ended(Side::Client, How::of(&error));
                    return End::Reset;
                }
                Event::FromServer(Ok(0)) => {
                    (server_open, gone) = (false, Some(Gone(None)));
                    self.course.ended(Side::Server, self.clock.now());
                }
                Event::FromServer(Err(error)) => {
                    (server_open, gone) = (false, Some(Gone(Some(error))));
                    self.course.ended(Side::Server, self.clock.now());
                }
                Event::FromServer(Ok(len)) => {
                    self.course.receive(Side::Server, &buffers[1][..len], self.clock.now());
                }
                Event::ToClient(Ok(Written::Bytes(len)), own) => self.gave(len, own, tap),
                Event::ToClient(Ok(Written::Flushed), _) => {
                    self.unflushed[Side::Client as usize] = false;
                }
                Event::ToServer(Ok(Written::Flushed)) => {
                    self.unflushed[Side::Server as usize] = false;
                }
                Event::ToServer(Ok(Written::Bytes(len))) => {
                    self.unflushed[Side::Server as usize] = true;
                    self.course.wrote(Side::Server, len, self.clock.now());
                }
                // What the server already sent still belongs to the client.
                Event::ToServer(Err(_)) => self.course.refuses(Side::Server),
                Event::Time => {}
            }
        }
    }

    /// Waits for what happens next.
    async fn event(
        &self,
        ends: &mut Ends<'_>,
        (from_client, from_server): (&mut [u8], &mut [u8]),
        (client, server): (bool, bool),
        now: Duration,
    ) -> Event {
        let Self { course, .. } = self;
        let Ends { from_client: read_client, to_client, from_server: read_server, to_server } =
            ends;
        let (down, up) = (course.next(Side::Client, now), course.next(Side::Server, now));
        let own = matches!(down, Next::Write { own: true, .. });
        let wait = [&down, &up].into_iter().filter_map(|next| match next {
            Next::Wait(due) => *due,
            _ => None,
        });
        let wait = wait.min().map(|due| due.saturating_sub(now));
        let time = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = read_client.read(from_client), if client => Event::FromClient(read),
            read = read_server.read(from_server), if server => Event::FromServer(read),
            written = write(to_client, down, self.unflushed[0]) => Event::ToClient(written, own),
            written = write(to_server, up, self.unflushed[1]) => Event::ToServer(written),
            () = time => Event::Time,
            () = course.woken() => Event::Time,
        }
    }

    /// Tells the tap what was done, and has copies sent.
    fn report(&mut self, tap: &Tap) {
        self.course.reports().into_iter().for_each(|fault| tap.fault(fault));
        for copy in self.course.copies() {
            if let Some(proxy) = &self.proxy {
                tokio::spawn(send_copy(Arc::clone(proxy), copy));
            }
        }
    }

    /// Whether this is the end, or the beginning of TLS: nothing that came before it waits any more.
    fn ending(&mut self, tap: &mut Tap, gone: &mut Option<Gone>) -> Option<End> {
        if tap.conversation().starttls() == StartTls::Proceeds
            && self.course.is_empty(Side::Client)
            && self.course.is_empty(Side::Server)
        {
            let (client, server) = (std::mem::take(&mut self.behind), self.course.take_behind());
            return Some(End::StartTls { client, server });
        }
        if !self.course.is_empty(Side::Client) {
            return None;
        }
        let Gone(error) = gone.take()?;
        if tap.dialogue().unanswered() && !self.course.has_dropped() && !tap.has_ended(Side::Client)
        {
            return Some(End::Unanswered(error));
        }
        tap.ended(Side::Server, error.as_ref().map_or(How::Fin, How::of));
        error.map(|_| End::Reset)
    }

    fn heard(&mut self, bytes: &[u8], tap: &mut Tap) {
        self.behind.extend_from_slice(bytes);
        self.pass_on(tap);
    }

    /// Passes on what the client has sent, unless it has to wait for TLS.
    fn pass_on(&mut self, tap: &mut Tap) {
        while !self.behind.is_empty() && tap.conversation().starttls() == StartTls::Idle {
            let behind = std::mem::take(&mut self.behind);
            let len = tap.passed(Side::Client, &behind);
            self.behind = behind[len..].to_vec();
            let now = self.clock.now();
            let bytes = match &mut self.host {
                // What follows is no HTTP: nothing in it is ours to edit.
                Some(host) if tap.dialogue().is_switched() => {
                    [&host.finish()[..], &behind[..len]].concat()
                }
                Some(host) => host.edit(&behind[..len]),
                None => behind[..len].to_vec(),
            };
            self.course.receive(Side::Client, &bytes, now);
        }
    }

    fn client_ends(&mut self, tap: &mut Tap) {
        let now = self.clock.now();
        while !self.behind.is_empty() {
            // Who has ended begins no TLS.
            let behind = std::mem::take(&mut self.behind);
            let len = tap.passed(Side::Client, &behind).max(1);
            self.behind = behind[len..].to_vec();
            self.course.receive(Side::Client, &behind[..len], now);
        }
        if let Some(host) = &mut self.host {
            let rest = host.finish();
            self.course.receive(Side::Client, &rest, now);
        }
        tap.ended(Side::Client, How::Fin);
        self.course.ended(Side::Client, now);
    }

    /// The client was given so many of the bytes that were next.
    fn gave(&mut self, len: usize, own: bool, tap: &mut Tap) {
        let now = self.clock.now();
        if let Next::Write { bytes, .. } = self.course.next(Side::Client, now) {
            if own {
                tap.answered(&bytes[..len]);
            } else {
                tap.passed(Side::Server, &bytes[..len]);
            }
        }
        self.course.wrote(Side::Client, len, now);
        self.unflushed[Side::Client as usize] = true;
        self.pass_on(tap);
    }
}

/// Writes what is next, if anything is; what was written before is flushed first.
async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    next: Next<'_>,
    unflushed: bool,
) -> io::Result<Written> {
    if unflushed {
        return to.flush().await.map(|()| Written::Flushed);
    }
    let Next::Write { bytes, .. } = next else { return std::future::pending().await };
    match to.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        len => Ok(Written::Bytes(len)),
    }
}

/// Ends the connection. In order, the client can still read what it was sent, and say goodbye.
async fn cut(how: How, ends: Ends<'_>, tap: &mut Tap) -> End {
    let Ends { mut from_client, mut to_client, mut to_server, .. } = ends;
    tap.ended(Side::Server, how);
    if how != How::Fin {
        return End::Reset;
    }
    // Who is gone sees no end.
    let _ = tokio::join!(to_client.shutdown(), to_server.shutdown());
    let mut buffer = vec![0; BUFFER];
    let rest = async {
        while let Ok(len @ 1..) = from_client.read(&mut buffer).await {
            tap.passed(Side::Client, &buffer[..len]);
        }
        tap.ended(Side::Client, How::Fin);
    };
    // An error here is the patience running out.
    let _ = tokio::time::timeout(LINGER, rest).await;
    End::Fin
}

/// Sends a request once more, on a connection of its own; the response is read, and nobody gets it.
async fn send_copy(proxy: Arc<Proxy>, copy: Vec<u8>) {
    let send = async {
        let mut server = proxy.reach().await?;
        server.write_all(&copy).await.map_err(|error| error.to_string())?;
        server.flush().await.map_err(|error| error.to_string())?;
        drain(&mut server).await;
        Ok::<(), String>(())
    };
    if let Ok(Err(cause)) = tokio::time::timeout(COPY, send).await {
        tracing::warn!("the copy of a request was not sent: {cause}");
    }
}

async fn drain(server: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(1..) = server.read(&mut buffer).await {}
}
