//! Connections to a target, and what passes on them: bytes as they are told, times at the socket.
//!
//! All that passes goes into a trace, secrets hidden, for people; and beside it into responses for the scenario to
//! judge, whole. A response belongs to what was sent before it in the order of the connection, so that even bytes that
//! are no HTTP get theirs.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

use super::byte_stream::Stream;
use super::dial::{Controlling, Dial, Route};
use super::offer::{Negotiated, Offer};
use super::over_tls::HandshakeFailed;
use super::target::{Target, passwords};
use crate::clock::Clock;
use crate::scenario::Action;
use crate::trace::event::Secured;
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::trace::{Event, Fact, How, Reading, Response, Story};
use crate::wire::Side;
use crate::wire::address::Address;
use crate::wire::conversation::Expect;
use crate::wire::tap::{Item, Queue, Tap};

/// A connection, counted from 1.
pub type ConnId = u64;
/// Something that was sent and may get a response, counted from 1.
pub type SentId = u64;

/// A connection on which nothing has passed for so long is not used again unless it is named.
const IDLE: Duration = Duration::from_secs(10);
/// So many bytes may pass for one scenario.
const ROOM: usize = 256 << 20;
/// So many facts may be observed of one scenario.
const EVENTS: usize = 200_000;
/// How much of one entity is kept.
const ENTITY: usize = 32 << 20;
/// A connection that ends later after something was written did not end by itself at that time.
const CROSSED: Duration = Duration::from_millis(250);
/// A connection that takes no more may have so long to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A part of what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Bytes(Bytes),
    /// Nothing for so long.
    Pause(Duration),
}

/// How a connection is ended by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// In this way, once everything is written.
    AfterLast(How),
    /// In this way, so long after everything was written, unless it was answered before.
    Later(Duration, How),
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A request of HTTP with this method, on which the framing of the response depends.
    Request(String),
    /// A request of HTTP that asks for a WebSocket.
    Handshake,
    /// What is not answered: frames of a WebSocket, or pieces of a stream.
    Stream,
}

/// What is sent as one.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Its bytes, in pieces.
    pub parts: Vec<Part>,
    /// What it is.
    pub kind: Kind,
    /// Whether the connection is cut thereafter.
    pub cut: Option<Cut>,
    /// It is sent once more, on another connection, if its own ends at the time at which it is sent, and nothing of a response
    /// has come. A server may end an idle connection at any time (RFC 9112 §9.5), and a BOSH request may always be repeated
    /// (XEP-0124 §14.3).
    pub again: bool,
}

impl Sending {
    /// A message at once, which may be sent again.
    pub fn whole(bytes: Vec<u8>, method: String) -> Self {
        let kind = Kind::Request(method);
        Self { parts: vec![Part::Bytes(bytes.into())], kind, cut: None, again: true }
    }

    /// A request for a WebSocket.
    pub fn handshake(bytes: Vec<u8>) -> Self {
        let parts = vec![Part::Bytes(bytes.into())];
        Self { parts, kind: Kind::Handshake, cut: None, again: false }
    }

    /// A piece of a stream.
    pub fn stream(bytes: Vec<u8>) -> Self {
        let parts = vec![Part::Bytes(bytes.into())];
        Self { parts, kind: Kind::Stream, cut: None, again: false }
    }
}

/// What the server has sent on a stream, whole.
#[derive(Debug, Clone)]
pub struct Came {
    /// When its last byte came.
    pub at: Duration,
    /// What it is: a frame, a part of a stream, or bytes that are neither.
    pub fact: Fact,
    /// What its content is.
    pub reading: Reading,
}

/// A response that came.
#[derive(Debug)]
pub struct ReceivedResponse {
    /// When its last byte came; its first is in the response.
    pub at: Duration,
    /// Its place among all that came.
    pub order: u64,
    /// Head and entity, secrets included.
    pub response: Response,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Who ended it.
    pub by: Side,
    /// In which way.
    pub how: How,
    /// When.
    pub at: Duration,
}

/// What is known of something sent.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// When its last byte was written.
    pub written: Option<Duration>,
    /// The status of the latest interim response that came before it (RFC 9110 §15.2).
    pub interim: Option<u16>,
    /// Its response.
    pub got: Option<Arc<ReceivedResponse>>,
    /// The end of its connection, if there was no response before.
    pub ended: Option<Ended>,
    /// How its first connection ended, if it was sent again on another.
    pub before: Option<Ended>,
}

impl Progress {
    /// Nothing more comes of it.
    pub fn is_settled(&self) -> bool {
        self.got.is_some() || self.ended.is_some()
    }
}

#[derive(Debug)]
enum Order {
    Send(SentId, Sending),
    Secure,
    End(How),
}

/// Why there is no connection, or no TLS on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMade {
    /// In words.
    pub why: String,
    /// The server did not bring the TLS handshake to its end.
    pub handshake: bool,
}

impl NotMade {
    fn of(error: &io::Error) -> Self {
        Self { why: error.to_string(), handshake: HandshakeFailed::is(error) }
    }
}

#[derive(Debug, Default)]
struct Conn {
    route: Route,
    orders: Option<mpsc::UnboundedSender<Order>>,
    /// It is made.
    connected: bool,
    /// The address that was learned, if it is not one of the target's.
    learned: Option<Address>,
    /// What is offered when TLS begins on it.
    offer: Offer,
    /// What TLS on it is.
    negotiated: Option<Negotiated>,
    /// TLS is on it since STARTTLS, or why not.
    secured: Option<Result<(), NotMade>>,
    /// Why it could not be made.
    refused: Option<NotMade>,
    /// What was given to it, in order.
    sent: Vec<SentId>,
    answered: usize,
    /// When its latest response came.
    latest: Option<Duration>,
    /// Something has come since then.
    heard: bool,
    /// One side has said that nothing more is to be sent on it.
    closing: bool,
    /// What the server has sent on the stream that it carries.
    came: Vec<Came>,
    ended: Option<Ended>,
}

/// Something that was sent.
struct Sent {
    conn: ConnId,
    progress: Progress,
    /// What is sent if it is sent again.
    again: Option<Sending>,
}

struct Shared {
    shown: (Arc<Queue>, Recorder),
    judged: (Arc<Queue>, Recorder),
    events: Vec<Event>,
    /// What streams that are carried without BOSH mean.
    story: Story,
    conns: BTreeMap<ConnId, Conn>,
    sent: BTreeMap<SentId, Sent>,
    order: u64,
    items: Vec<Item>,
    /// How many bytes have passed.
    passed: usize,
}

impl Conn {
    /// Is given something to send; how it ended, if it has.
    fn take(&mut self, id: SentId, sending: Sending) -> Option<Ended> {
        self.sent.push(id);
        let told = self.orders.as_ref().map(|orders| orders.send(Order::Send(id, sending)));
        if matches!(told, Some(Ok(()))) { None } else { self.ended }
    }
}

/// All connections of one scenario.
#[derive(Clone)]
pub struct Wire {
    shared: Arc<Mutex<Shared>>,
    changed: Arc<Notify>,
    clock: Clock,
    dial: Arc<dyn Dial>,
}

impl Wire {
    /// No connection yet.
    pub fn new(dial: Arc<dyn Dial>, clock: Clock, target: &Target, secrets: Secrets) -> Self {
        let recorder = |intake| (Queue::new(ROOM), Recorder::new(intake));
        let shown = match secrets {
            Secrets::Hidden => Intake::new(false, ENTITY).knowing(passwords(target)),
            Secrets::Kept => Intake::new(true, ENTITY),
        };
        let shared = Shared {
            shown: recorder(shown),
            judged: recorder(Intake::new(true, ENTITY)),
            events: Vec::new(),
            story: Story::default(),
            conns: BTreeMap::new(),
            sent: BTreeMap::new(),
            order: 0,
            items: Vec::new(),
            passed: 0,
        };
        Self { shared: Arc::new(Mutex::new(shared)), changed: Arc::new(Notify::new()), clock, dial }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the target do something, if it is in reach.
    pub fn control(&self, action: Action) -> Option<Controlling<'_>> {
        self.dial.control(action)
    }

    /// The time.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Opens a connection, and returns at once: what it is given to send goes out when it is made.
    pub fn connect(&self, route: Route) -> ConnId {
        self.connect_offering(route, Offer::default())
    }

    /// The same, with what is offered when TLS begins on a connection that carries a stream over TCP.
    pub fn connect_offering(&self, route: Route, offer: Offer) -> ConnId {
        self.begin(Conn { route, offer, ..Conn::default() })
    }

    /// The same to an address that was learned, as on this route.
    pub fn connect_to(&self, address: Address, route: Route) -> ConnId {
        self.begin(Conn { route, learned: Some(address), ..Conn::default() })
    }

    fn begin(&self, mut conn: Conn) -> ConnId {
        let (orders, told) = mpsc::unbounded_channel();
        let (route, offer, learned) = (conn.route, conn.offer.clone(), conn.learned.clone());
        conn.orders = Some(orders);
        let mut shared = self.lock();
        let id = shared.conns.len() as ConnId + 1;
        shared.conns.insert(id, conn);
        drop(shared);
        let wire = self.clone();
        tokio::spawn(async move {
            let made = match &learned {
                Some(address) => wire.dial.learned(address).await,
                None => wire.dial.dial(route, &offer).await,
            };
            wire.open(id, route, made, told).await;
        });
        id
    }

    async fn open(
        self,
        id: ConnId,
        route: Route,
        made: io::Result<Box<dyn Stream>>,
        told: mpsc::UnboundedReceiver<Order>,
    ) {
        let stream = match made {
            Ok(stream) => stream,
            Err(error) => {
                let mut shared = self.lock();
                if let Some(conn) = shared.conns.get_mut(&id) {
                    conn.refused = Some(NotMade::of(&error));
                }
                drop(shared);
                return self.over(id, Ended { by: Side::Server, how: How::Reset, at: self.now() });
            }
        };
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let streams = matches!(route, Route::Tcp | Route::DirectTls);
        let expect = if streams { Expect::Stream } else { Expect::Http };
        let taps = {
            let mut shared = self.lock();
            if let Some(conn) = shared.conns.get_mut(&id) {
                conn.connected = true;
                conn.negotiated = stream.negotiated().cloned();
            }
            let mut taps = Taps {
                conn: id,
                shown: Tap::expecting(expect, id, peer, Arc::clone(&shared.shown.0), self.clock),
                judged: Tap::expecting(expect, id, peer, Arc::clone(&shared.judged.0), self.clock),
            };
            if route == Route::DirectTls {
                for tap in [&mut taps.shown, &mut taps.judged] {
                    tap.secured(Secured::default());
                }
            }
            taps
        };
        self.changed.notify_waiters();
        self.run(id, stream, told, taps).await;
    }

    /// Gives a connection something to send, and returns at once.
    pub fn send(&self, conn: ConnId, sending: Sending) -> SentId {
        let mut shared = self.lock();
        let id = shared.sent.len() as SentId + 1;
        let again = sending.again.then(|| sending.clone());
        let mut progress = Progress::default();
        if let Some(conn) = shared.conns.get_mut(&conn) {
            progress.ended = conn.take(id, sending);
        }
        shared.sent.insert(id, Sent { conn, progress, again });
        id
    }

    /// The connection that something was sent on, the last time.
    pub fn conn_of(&self, sent: SentId) -> Option<ConnId> {
        self.lock().sent.get(&sent).map(|sent| sent.conn)
    }

    /// Ends a connection once what it was given is written.
    pub fn end(&self, conn: ConnId, how: How) {
        if let Some(orders) = self.lock().conns.get(&conn).and_then(|conn| conn.orders.clone()) {
            let _ = orders.send(Order::End(how)); // it has ended by itself
        }
    }

    /// Puts TLS on a connection once what it was given is written.
    pub fn secure(&self, conn: ConnId) {
        let mut shared = self.lock();
        let Some(conn) = shared.conns.get_mut(&conn) else { return };
        let told = conn.orders.as_ref().is_some_and(|orders| orders.send(Order::Secure).is_ok());
        if !told {
            let why = "the connection was ended".to_owned();
            conn.secured = Some(Err(NotMade { why, handshake: false }));
        }
    }

    /// Whether TLS is on a connection since [`Wire::secure`]; none while that is not known.
    pub fn secured(&self, conn: ConnId) -> Option<Result<(), NotMade>> {
        self.lock().conns.get(&conn).and_then(|conn| conn.secured.clone())
    }

    /// What TLS on a connection that carries a stream over TCP is; none without TLS.
    pub fn negotiated(&self, conn: ConnId) -> Option<Negotiated> {
        self.lock().conns.get(&conn).and_then(|conn| conn.negotiated.clone())
    }

    /// The address that a connection leads to, if that was learned.
    pub fn learned(&self, conn: ConnId) -> Option<Address> {
        self.lock().conns.get(&conn).and_then(|conn| conn.learned.clone())
    }

    /// Whether a connection was not made since the server did not bring the TLS handshake to its end.
    pub fn handshake_failed(&self, conn: ConnId) -> bool {
        let shared = self.lock();
        let refused = shared.conns.get(&conn).and_then(|conn| conn.refused.as_ref());
        refused.is_some_and(|refused| refused.handshake)
    }

    /// How something sent stands.
    pub fn progress(&self, sent: SentId) -> Progress {
        self.lock().sent.get(&sent).map(|sent| sent.progress.clone()).unwrap_or_default()
    }

    /// Whether a connection may carry a further request: it owes no response, has not ended and is not about to, nor has it
    /// been idle for so long that the other side may be about to end it.
    pub fn is_free(&self, conn: ConnId) -> bool {
        let now = self.now();
        self.lock().conns.get(&conn).is_some_and(|conn| {
            let idle = conn.latest.is_some_and(|latest| now >= latest + IDLE);
            let over = conn.ended.is_some() || conn.closing;
            !over && conn.answered == conn.sent.len() && !idle
        })
    }

    /// How a connection ended.
    pub fn ended(&self, conn: ConnId) -> Option<Ended> {
        self.lock().conns.get(&conn).and_then(|conn| conn.ended)
    }

    /// What the server has sent on the stream of a connection, beginning with this number, from 0.
    pub fn came(&self, conn: ConnId, from: usize) -> Vec<Came> {
        let shared = self.lock();
        let came = shared.conns.get(&conn).and_then(|conn| conn.came.get(from..));
        came.unwrap_or_default().to_vec()
    }

    /// Whether a connection is made, or why it could not be.
    pub fn connected(&self, conn: ConnId) -> Result<bool, String> {
        let shared = self.lock();
        let Some(conn) = shared.conns.get(&conn) else { return Ok(false) };
        match &conn.refused {
            Some(refused) => Err(refused.why.clone()),
            None => Ok(conn.connected),
        }
    }

    /// Looks again whenever something has changed, until there is a result or it is `deadline`.
    pub async fn until<T>(
        &self,
        deadline: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(result) = look() {
                return Some(result);
            }
            let left = deadline.saturating_sub(self.now());
            if left.is_zero() {
                return None;
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Done when more has passed than one scenario may have; in words.
    pub async fn overflow(&self) -> String {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let (passed, events) = {
                let shared = self.lock();
                (shared.passed, shared.events.len())
            };
            if passed > ROOM {
                return format!(
                    "more than {} MiB were sent and received, the limit for one run",
                    ROOM >> 20
                );
            }
            if events > EVENTS {
                return format!("more than {EVENTS} events were observed, the limit for one run");
            }
            changed.await;
        }
    }

    /// All that passed, secrets hidden.
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// What was observed of a connection is taken in, after so many bytes.
    fn take_in(&self, size: usize) {
        let mut shared = self.lock();
        let Shared { shown, judged, events, story, conns, sent, order, items, passed } =
            &mut *shared;
        *passed += size;
        shown.0.take(items, Some(Duration::ZERO));
        let known = events.len();
        for item in items.drain(..) {
            shown.1.take(item, events);
        }
        for event in &events[known..] {
            if let (Fact::Request(request), Some(conn)) = (&event.fact, conns.get_mut(&event.conn))
            {
                conn.closing |= request.headers.close_connection(request.version);
            }
        }
        judged.0.take(items, Some(Duration::ZERO));
        let mut facts = Vec::new();
        for item in items.drain(..) {
            judged.1.take(item, &mut facts);
        }
        for event in facts {
            let Some(conn) = conns.get_mut(&event.conn) else { continue };
            if conn.route.is_stream() {
                let effect = story.take(&event);
                let streams = matches!(event.fact, Fact::Frame(_) | Fact::Part(_) | Fact::Raw(_));
                if streams && event.fact.from() == Some(Side::Server) {
                    let reading = effect.message.map_or(Reading::Empty, |message| message.reading);
                    conn.came.push(Came { at: event.at, fact: event.fact.clone(), reading });
                }
            }
            let Event { at, fact, .. } = event;
            match fact {
                Fact::Response(response) => {
                    let Some(&to) = conn.sent.get(conn.answered) else { continue };
                    // A 100 Continue or the like is no answer yet.
                    if response.status < 200 && response.status != 101 {
                        if let Some(sent) = sent.get_mut(&to) {
                            sent.progress.interim = Some(response.status);
                        }
                        continue;
                    }
                    conn.answered += 1;
                    conn.latest = Some(at);
                    conn.heard = false;
                    conn.closing |= response.headers.close_connection(response.version);
                    *order += 1;
                    let got = Arc::new(ReceivedResponse { at, order: *order, response });
                    if let Some(sent) = sent.get_mut(&to) {
                        sent.progress.got = Some(got);
                    }
                }
                Fact::Ended { by, how, .. } if conn.ended.is_none() => {
                    conn.ended = Some(Ended { by, how, at });
                    conn.orders = None;
                }
                _ => {}
            }
        }
        drop(shared);
        self.changed.notify_waiters();
    }

    /// What is offered when TLS begins on a connection.
    fn offer(&self, id: ConnId) -> Offer {
        self.lock().conns.get(&id).map(|conn| conn.offer.clone()).unwrap_or_default()
    }

    /// Serves one connection to its end.
    async fn run(
        self,
        id: ConnId,
        mut stream: Box<dyn Stream>,
        mut orders: mpsc::UnboundedReceiver<Order>,
        mut taps: Taps,
    ) {
        let mut buffer = vec![0; 64 << 10];
        let mut queue: std::collections::VecDeque<Step> = std::collections::VecDeque::new();
        let (by, how) = loop {
            let step = queue.pop_front();
            match step {
                None => {
                    tokio::select! {
                        biased;
                        read = stream.read(&mut buffer) => {
                            if let Some(how) = self.read(read, &buffer, &mut taps) {
                                break (Side::Server, how);
                            }
                        }
                        order = orders.recv() => match order {
                            Some(order) => queue.extend(steps(order)),
                            // The scenario is over.
                            None => break (Side::Client, How::Fin),
                        },
                    }
                }
                Some(Step::Begin(kind)) => taps.stand_in(&kind),
                Some(Step::Write(bytes)) => {
                    let ended = self.write(&mut stream, &bytes, &mut buffer, &mut taps).await;
                    if let Some(how) = ended {
                        break (Side::Server, how);
                    }
                }
                Some(Step::Written(sent)) => {
                    if let Some(sent) = self.lock().sent.get_mut(&sent) {
                        sent.progress.written = Some(self.clock.now());
                    }
                    self.changed.notify_waiters();
                }
                Some(Step::Pause(time)) => {
                    let mut pause = std::pin::pin!(tokio::time::sleep(time));
                    let ended = loop {
                        tokio::select! {
                            biased;
                            () = &mut pause => break None,
                            read = stream.read(&mut buffer) => {
                                if let Some(how) = self.read(read, &buffer, &mut taps) {
                                    break Some(how);
                                }
                            }
                        }
                    };
                    if let Some(how) = ended {
                        break (Side::Server, how);
                    }
                }
                Some(Step::EndUnlessAnswered(sent, how)) => {
                    if self.progress(sent).got.is_none() {
                        break (Side::Client, how);
                    }
                }
                Some(Step::Secure) => match self.dial.secure(stream, &self.offer(id)).await {
                    Ok(tls) => {
                        stream = tls;
                        self.put_tls(&mut taps, stream.negotiated().cloned());
                    }
                    Err(error) => {
                        self.no_tls(&taps, NotMade::of(&error));
                        stream = Box::new(tokio::io::duplex(1).0);
                        break (Side::Client, How::Reset);
                    }
                },
                Some(Step::End(how)) => break (Side::Client, how),
            }
        };
        if by == Side::Client {
            match how {
                How::Fin => {
                    let _ = stream.shutdown().await; // its peer may be gone
                }
                How::Reset | How::TimedOut => stream.reset(),
            }
        }
        if let Some(conn) = self.lock().conns.get_mut(&id) {
            conn.negotiated = stream.negotiated().cloned();
        }
        drop(stream);
        taps.shown.ended(by, how);
        taps.judged.ended(by, how);
        taps.shown.close();
        taps.judged.close();
        self.take_in(0);
        self.over(id, Ended { by, how, at: self.now() });
    }

    /// TLS is on a connection.
    fn put_tls(&self, taps: &mut Taps, negotiated: Option<Negotiated>) {
        for tap in [&mut taps.shown, &mut taps.judged] {
            tap.secured(Secured { starttls: true, ..Secured::default() });
        }
        if let Some(conn) = self.lock().conns.get_mut(&taps.conn) {
            conn.secured = Some(Ok(()));
            conn.negotiated = negotiated;
        }
        self.take_in(0);
    }

    /// There is no TLS on a connection, for this reason.
    fn no_tls(&self, taps: &Taps, why: NotMade) {
        if let Some(conn) = self.lock().conns.get_mut(&taps.conn) {
            conn.secured = Some(Err(why));
        }
        self.changed.notify_waiters();
    }

    /// Writes bytes while it reads, as an answer may come before all is written; how the connection ended, if it has.
    async fn write(
        &self,
        stream: &mut Box<dyn Stream>,
        bytes: &[u8],
        buffer: &mut [u8],
        taps: &mut Taps,
    ) -> Option<How> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut rest = bytes;
        loop {
            let write = async {
                if rest.is_empty() {
                    writer.flush().await.map(|()| None)
                } else {
                    writer.write(rest).await.map(Some)
                }
            };
            tokio::select! {
                biased;
                written = write => match written {
                    Ok(None) => return None,
                    Ok(Some(size)) if size > 0 => {
                        taps.shown.passed(Side::Client, &rest[..size]);
                        self.take_in(size);
                        rest = &rest[size..];
                    }
                    // It takes no more; but why, it may have said.
                    _ => break,
                },
                read = reader.read(buffer) => {
                    if let Some(how) = self.read(read, buffer, taps) {
                        return Some(how);
                    }
                }
            }
        }
        let listen = async {
            loop {
                let read = reader.read(buffer).await;
                if let Some(how) = self.read(read, buffer, taps) {
                    return how;
                }
            }
        };
        Some(tokio::time::timeout(LAST_WORDS, listen).await.unwrap_or(How::Reset))
    }

    /// A connection has ended: what it still owes will not come, unless it is sent again.
    fn over(&self, id: ConnId, ended: Ended) {
        let mut shared = self.lock();
        let Some(conn) = shared.conns.get_mut(&id) else { return };
        conn.orders = None;
        let ended = *conn.ended.get_or_insert(ended);
        let route = conn.route;
        let owed = conn.sent[conn.answered..].to_vec();
        // A server that ends a new connection in order has decided to.
        let by_itself = conn.connected
            && ended.by == Side::Server
            && !conn.heard
            && conn.learned.is_none()
            && (conn.answered > 0 || ended.how == How::Reset);
        let mut again = None;
        for id in &owed {
            let Some(sent) = shared.sent.get_mut(id) else { continue };
            let crossed = sent.progress.written.is_none_or(|written| ended.at <= written + CROSSED);
            match sent.again.take() {
                Some(sending) if by_itself && crossed && owed.len() == 1 => {
                    again = Some((*id, sending));
                }
                _ => sent.progress.ended = Some(ended),
            }
        }
        drop(shared);
        if let Some((id, sending)) = again {
            self.send_again(id, sending, route, ended);
        }
        self.changed.notify_waiters();
    }

    /// Sends something again, on a new connection.
    fn send_again(&self, id: SentId, sending: Sending, route: Route, before: Ended) {
        let new = self.connect(route);
        let mut shared = self.lock();
        let ended = shared.conns.get_mut(&new).and_then(|conn| conn.take(id, sending));
        if let Some(sent) = shared.sent.get_mut(&id) {
            sent.conn = new;
            sent.progress = Progress { before: Some(before), ended, ..Progress::default() };
        }
    }

    /// Takes what was read; how the connection ended, if it has.
    #[allow(clippy::needless_pass_by_value)] // it is what a read gives
    fn read(&self, read: io::Result<usize>, buffer: &[u8], taps: &mut Taps) -> Option<How> {
        match read {
            Ok(0) => Some(How::Fin),
            Err(error) => Some(How::of(&error)),
            Ok(size) => {
                taps.shown.passed(Side::Server, &buffer[..size]);
                taps.judged.passed(Side::Server, &buffer[..size]);
                if let Some(conn) = self.lock().conns.get_mut(&taps.conn) {
                    conn.heard = true;
                }
                self.take_in(size);
                None
            }
        }
    }
}

/// What a connection does next.
enum Step {
    Begin(Kind),
    Write(Bytes),
    Written(SentId),
    Pause(Duration),
    Secure,
    EndUnlessAnswered(SentId, How),
    End(How),
}

fn steps(order: Order) -> Vec<Step> {
    match order {
        Order::End(how) => vec![Step::End(how)],
        Order::Secure => vec![Step::Secure],
        Order::Send(id, sending) => {
            let mut steps = vec![Step::Begin(sending.kind)];
            steps.extend(sending.parts.into_iter().map(|part| match part {
                Part::Bytes(bytes) => Step::Write(bytes),
                Part::Pause(time) => Step::Pause(time),
            }));
            steps.push(Step::Written(id));
            match sending.cut {
                None => {}
                Some(Cut::AfterLast(how)) => steps.push(Step::End(how)),
                Some(Cut::Later(time, how)) => {
                    steps.extend([Step::Pause(time), Step::EndUnlessAnswered(id, how)]);
                }
            }
            steps
        }
    }
}

/// What becomes of secrets in what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// They are hidden, the passwords of the target's accounts among them.
    Hidden,
    /// They are left, since nobody is shown anything.
    Kept,
}

/// What asks for a WebSocket.
const HANDSHAKE: &str = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// One connection is observed twice: as it is, and with a sound request in place of each that is sent, so that
/// responses are read as such whatever was sent.
struct Taps {
    conn: ConnId,
    shown: Tap,
    judged: Tap,
}

impl Taps {
    fn stand_in(&mut self, kind: &Kind) {
        let request = match kind {
            Kind::Request(method) if method == "HEAD" => "HEAD / HTTP/1.1\r\n\r\n",
            Kind::Request(_) => "POST / HTTP/1.1\r\n\r\n",
            Kind::Handshake => HANDSHAKE,
            Kind::Stream => return,
        };
        self.judged.passed(Side::Client, request.as_bytes());
    }
}
