//! A connection of ours: it is written to as bytes, read as facts, and observed as any other traffic.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::doctor::context::Context;
use crate::doctor::endpoint::{Carrier, Endpoint};
use crate::doctor::reach::{Secure, Unmade, connect, secure};
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::trace::{Event, Fact, How, Raw, Reading, Secured, Story};
use crate::wire::Side;
use crate::wire::conversation::Expect;
use crate::wire::presented::Presented;
use crate::wire::socket::Socket;
use crate::wire::tap::{Queue, Tap};

/// How much of one content is kept.
const KEPT: usize = 1 << 20;
/// How much may wait to be recorded.
const ROOM: usize = 64 << 20;
/// What a server sends on one connection, decoded, is less, and so is the number of its messages.
const ENOUGH: usize = 16 << 20;
const MESSAGES: usize = 20_000;
/// A peer that takes nothing may keep us waiting for so long.
const STALLED: Duration = Duration::from_secs(10);
/// A peer that takes no more may have so long to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection of ours.
pub struct Line {
    socket: Socket,
    /// The certificate of the server, with TLS.
    presented: Option<Presented>,
    clock: Clock,
    /// With secrets, for us.
    known: Box<Seen>,
    /// Without, for everybody else.
    shown: Box<Seen>,
    /// What it means, as far as it was taken.
    story: Box<Story>,
    /// How many of the facts were taken.
    taken: usize,
    /// How much the server has sent, or what that became, if that is more.
    received: usize,
    /// Why it was broken off.
    endless: Option<String>,
    over: bool,
}

/// Something that came.
#[derive(Debug)]
pub struct Came {
    /// When its last byte came.
    pub at: Duration,
    /// What it is: a response, a frame, a part of a stream, other bytes, or the end.
    pub fact: Fact,
    /// What its content is.
    pub reading: Reading,
}

/// What was recorded.
struct Seen {
    tap: Tap,
    queue: Arc<Queue>,
    recorder: Recorder,
    events: Vec<Event>,
}

impl Seen {
    fn new(intake: Intake, expect: Expect, conn: u64, socket: &Socket, clock: Clock) -> Self {
        let queue = Queue::new(ROOM);
        let peer = socket.tcp().local_addr().unwrap_or_else(|_| ([127, 0, 0, 1], 0).into());
        let tap = Tap::expecting(expect, conn, peer, Arc::clone(&queue), clock);
        Self { tap, queue, recorder: Recorder::new(intake), events: Vec::new() }
    }

    fn settle(&mut self) {
        let mut items = Vec::new();
        self.queue.take(&mut items, Some(Duration::ZERO));
        for item in items {
            self.recorder.take(item, &mut self.events);
        }
    }
}

impl Line {
    /// Takes over a socket on which nothing was said yet.
    fn new(
        context: &Context,
        socket: Socket,
        presented: Option<Presented>,
        expect: Expect,
    ) -> Self {
        let (conn, clock) = (context.next_conn(), context.clock);
        let known = Box::new(Seen::new(Intake::new(true, KEPT), expect, conn, &socket, clock));
        let account = context.settings.account.as_ref();
        let passwords = account.map(|one| (&*one.user, &*one.password));
        let hiding = Intake::new(false, KEPT).knowing(passwords);
        let shown = Box::new(Seen::new(hiding, expect, conn, &socket, clock));
        let story = Box::default();
        Self {
            socket,
            presented,
            clock,
            known,
            shown,
            story,
            taken: 0,
            received: 0,
            endless: None,
            over: false,
        }
    }

    /// The certificate of the server, with TLS.
    pub fn presented(&self) -> Option<&Presented> {
        self.presented.as_ref()
    }

    /// Why it was broken off, if the server did not end.
    pub fn endless(&self) -> Option<&str> {
        self.endless.as_deref()
    }

    /// Why a password is not sent over it; none if nobody but the server can read it there.
    pub fn exposed(&self) -> Option<&'static str> {
        match &self.socket {
            Socket::Tls(_) => {
                let trusted = self.presented().is_some_and(Presented::is_trusted);
                exposed(Some(trusted), None)
            }
            Socket::Plain(tcp) => exposed(None, tcp.peer_addr().ok().map(|at| at.ip())),
        }
    }

    fn passed(&mut self, from: Side, bytes: &[u8]) {
        for seen in [&mut self.known, &mut self.shown] {
            seen.tap.passed(from, bytes);
            seen.settle();
        }
    }

    fn ended(&mut self, by: Side, how: How) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        for seen in [&mut self.known, &mut self.shown] {
            seen.tap.ended(by, how);
            seen.settle();
        }
    }

    /// Writes all of this; while that takes, what comes is read.
    pub async fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        let mut buffer = vec![0; 16 << 10];
        while !rest.is_empty() && !self.over {
            let (mut reader, mut writer) = tokio::io::split(&mut self.socket);
            tokio::select! {
                biased;
                written = writer.write(rest) => match written {
                    Ok(size) if size > 0 => {
                        self.passed(Side::Client, &rest[..size]);
                        rest = &rest[size..];
                    }
                    _ => return self.hear_out(&mut buffer).await,
                },
                read = reader.read(&mut buffer) => self.took(read, &buffer),
                () = sleep(STALLED) => return self.ended(Side::Server, How::TimedOut),
            }
        }
        match timeout(STALLED, self.socket.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.hear_out(&mut buffer).await,
            Err(_) => self.ended(Side::Server, How::TimedOut),
        }
    }

    /// It takes no more; but why, it may have said.
    async fn hear_out(&mut self, buffer: &mut [u8]) {
        let until = self.clock.now() + LAST_WORDS;
        while !self.over && self.read(until, buffer).await {}
        self.ended(Side::Server, How::Reset);
    }

    fn took(&mut self, read: io::Result<usize>, buffer: &[u8]) {
        match read {
            Ok(0) => self.ended(Side::Server, How::Fin),
            Ok(size) => {
                let known = self.known.events.len();
                self.passed(Side::Server, &buffer[..size]);
                let new = self.known.events[known..].iter();
                let contents = new.filter_map(|event| event.fact.content());
                let became = contents.map(|content| content.bytes.len()).sum::<usize>();
                self.received += became.max(size);
                if self.received > ENOUGH || self.known.events.len() > MESSAGES {
                    self.break_off();
                }
            }
            Err(error) => self.ended(Side::Server, How::of(&error)),
        }
    }

    /// Ends it because it does not end by itself.
    fn break_off(&mut self) {
        self.ended(Side::Client, How::Reset);
        let conn = self.known.events.first().map_or(0, |event| event.conn);
        let at = self.clock.now();
        let why = format!(
            "it was broken off: more comes than anybody asked for ({} MiB or {MESSAGES} messages)",
            ENOUGH >> 20
        );
        self.endless = Some(why.clone());
        let raw = Raw { from: Side::Server, why: Some(why), size: 0, bytes: Vec::new() };
        self.known.events.push(Event { conn, at, fact: Fact::Raw(raw) });
    }

    /// Reads once; false if it is too late.
    async fn read(&mut self, until: Duration, buffer: &mut [u8]) -> bool {
        let left = until.saturating_sub(self.clock.now());
        match timeout(left, self.socket.read(buffer)).await {
            Ok(read) => {
                self.took(read, buffer);
                true
            }
            Err(_) => false,
        }
    }

    /// The next thing that comes; none if it is `until`, or nothing more can come.
    pub async fn next(&mut self, until: Duration) -> Option<Came> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            if self.clock.now() > until + LAST_WORDS {
                return None;
            }
            while let Some(Event { at, fact, .. }) = self.known.events.get(self.taken).cloned() {
                let effect = self.story.take(&self.known.events[self.taken]);
                self.taken += 1;
                let theirs = match &fact {
                    Fact::Ended { by, .. } => *by == Side::Server,
                    fact => fact.from() == Some(Side::Server),
                };
                if theirs {
                    let reading = effect.message.map_or(Reading::Empty, |message| message.reading);
                    return Some(Came { at, fact, reading });
                }
            }
            // Whoever sends without end must hold up nobody.
            tokio::task::yield_now().await;
            if self.over || !self.read(until, &mut buffer).await {
                return None;
            }
        }
    }

    /// Whether it is known to have ended.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Puts TLS on it; what was seen stays.
    pub async fn secure(mut self, context: &Context) -> Result<Self, Unmade> {
        let Socket::Plain(tcp) = self.socket else { return Ok(self) };
        let domain = &context.settings.domain;
        let Secure { socket, presented, .. } =
            secure(context, tcp, domain, &["xmpp-client"]).await?;
        for seen in [&mut self.known, &mut self.shown] {
            seen.tap.secured(Secured { starttls: true, ..Secured::default() });
            seen.settle();
        }
        Ok(Self { socket, presented, ..self })
    }

    /// Ends it, and gives what was seen, secrets hidden.
    pub async fn finish(mut self) -> Vec<Event> {
        if !self.over {
            let _ = timeout(LAST_WORDS, self.socket.shutdown()).await; // its peer may be gone
            self.ended(Side::Client, How::Fin);
        }
        let Seen { tap, queue, mut recorder, mut events } = *self.shown;
        tap.close();
        let mut items = Vec::new();
        queue.take(&mut items, Some(Duration::ZERO));
        for item in items {
            recorder.take(item, &mut events);
        }
        events
    }

    /// Ends it by a reset, as when the network is gone, and gives what was seen, secrets hidden.
    pub async fn reset(self) -> Vec<Event> {
        self.socket.reset();
        self.finish().await
    }
}

/// A connection on which the endpoint's protocol can begin.
pub async fn open(context: &Context, endpoint: &Endpoint, at: SocketAddr) -> Result<Line, Unmade> {
    let tcp = connect(at).await?;
    let stream = endpoint.carrier == Carrier::Tcp;
    let (socket, presented) = if endpoint.address.is_tls() {
        let (name, alpn) = if stream {
            (&*context.settings.domain, "xmpp-client")
        } else {
            (endpoint.address.name(), "http/1.1")
        };
        let Secure { socket, presented, .. } = secure(context, tcp, name, &[alpn]).await?;
        (socket, presented)
    } else {
        (Socket::Plain(tcp), None)
    };
    Ok(Line::new(context, socket, presented, if stream { Expect::Stream } else { Expect::Http }))
}

/// Why a password is not sent: to a server whose certificate is trusted or not, or to this address without TLS.
fn exposed(trusted: Option<bool>, peer: Option<IpAddr>) -> Option<&'static str> {
    match trusted {
        Some(true) => None,
        Some(false) => {
            Some("the password is not sent to a server whose certificate is not trusted")
        }
        None if peer.is_some_and(|ip| ip.to_canonical().is_loopback()) => None,
        None => Some("the password is not sent without encryption"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_over_trusted_tls_or_stays_on_this_machine() {
        let plain = |ip: &str| exposed(None, Some(ip.parse().unwrap())).is_none();
        for here in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(plain(here), "{here}");
        }
        for elsewhere in
            ["192.0.2.1", "10.0.0.1", "192.168.1.1", "::ffff:192.0.2.1", "fe80::1", "0.0.0.0"]
        {
            assert!(!plain(elsewhere), "{elsewhere}");
        }
        assert!(exposed(None, None).is_some(), "a peer that is gone");
        assert!(exposed(Some(true), None).is_none());
        assert!(exposed(Some(false), Some("127.0.0.1".parse().unwrap())).is_some());
    }
}
