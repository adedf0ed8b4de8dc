//! The I/O of the connection manager: connections, waiting responses, and the timer that wakes the machine.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout_at;

use super::content::{Content, deliver};
use super::count::{Count, Place};
use super::edge::{Edge, Entry, Return};
use super::handshake::{PATH, Upgrade};
use super::socket::{Ahead, Watched};
use crate::clock::Clock;
use crate::cm::machine::Machine;
use crate::cm::pace::{self, Pace};
use crate::cm::session::Token;
use crate::cm::stream::Outbound;
use crate::cm::tls::Terms;
use crate::wire::conversation::Expect;
use crate::wire::tap::{Queue, Tap};
use crate::xml::Limits;

/// How long answers that are under way may take at the end.
const GRACE: Duration = Duration::from_secs(1);
/// hyper's buffer for one connection; longer heads are refused.
const BUFFER: usize = 32 << 10;
/// What a client is told that comes when there are too many connections.
const CROWDED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nAccess-Control-Allow-Origin: *\r\n\
    Content-Type: text/plain\r\nContent-Length: 39\r\nConnection: close\r\n\r\n\
    There are too many connections at once.";

/// A connection manager that serves connections.
pub struct Service {
    state: Mutex<State>,
    /// The server behind has something to tell, or an earlier deadline stands.
    wake: Arc<Notify>,
    clock: Clock,
    limit: usize,
    connections: Count,
    /// Bytes of requests that have not come whole.
    unread: Count,
    queue: Option<Arc<Queue>>,
    stopped: watch::Sender<bool>,
}

struct State {
    machine: Machine,
    edge: Box<dyn Edge>,
    waiting: HashMap<Token, Waiting>,
    /// Rung when the connection manager has something to say on a stream without BOSH.
    carried: HashMap<u64, Arc<Notify>>,
    next: Token,
    conns: u64,
    /// What the timer waits for.
    armed: Option<Duration>,
}

struct Waiting {
    response: oneshot::Sender<Response<Bytes>>,
    back: Return,
}

impl Service {
    /// Serves `machine`. `wake` is rung by its backend when that has something to tell; what passes goes to `queue`.
    pub fn new(
        machine: Machine,
        edge: Box<dyn Edge>,
        wake: Arc<Notify>,
        clock: Clock,
        queue: Option<Arc<Queue>>,
    ) -> Arc<Self> {
        let bounds = &machine.policy().bounds;
        let limit = bounds.xml.bytes;
        let (connections, unread) =
            (Count::up_to(bounds.connections()), Count::up_to(bounds.unread_bytes.max(limit)));
        let (waiting, carried) = (HashMap::new(), HashMap::new());
        let state = State { machine, edge, waiting, carried, next: 1, conns: 0, armed: None };
        let stopped = watch::Sender::new(false);
        let state = Mutex::new(state);
        Arc::new(Self { state, wake, clock, limit, connections, unread, queue, stopped })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts clients until `stop` is done; then every session is told, and answers under way may finish.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        let timer = tokio::spawn(Arc::clone(&self).keep_time());
        tokio::select! {
            () = stop => {}
            () = self.accept(listener) => {}
        }
        self.shut_down().await;
        timer.abort();
    }

    async fn accept(self: &Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
                    tokio::spawn(Arc::clone(self).admit(tcp, peer));
                }
                Err(error) => {
                    tracing::warn!("cannot accept a client: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn admit(self: Arc<Self>, tcp: TcpStream, peer: SocketAddr) {
        let Some(_place) = self.place() else {
            tracing::warn!("too many connections at once: {peer} is refused");
            let _ = tcp.try_write(CROWDED); // who does not read it sees the connection end
            return;
        };
        Arc::clone(&self).connection(tcp, peer).await;
    }

    /// Ends every session, and lets the connections finish what they have to say.
    pub async fn shut_down(&self) {
        {
            let mut state = self.lock();
            let now = self.clock.now();
            state.machine.shut_down(now);
            state.deliver();
        }
        let _ = self.stopped.send(true); // without connections nobody listens
        let _ = tokio::time::timeout(GRACE, self.stopped.closed()).await;
    }

    /// Wakes the machine when it is due, or when its server has something to tell.
    pub async fn keep_time(self: Arc<Self>) {
        loop {
            let due = {
                let mut state = self.lock();
                state.armed = state.machine.deadline();
                state.armed
            };
            let now = self.clock.now();
            match due {
                Some(due) if due <= now => {}
                Some(due) => {
                    tokio::select! {
                        () = tokio::time::sleep(due.saturating_sub(now)) => {}
                        () = self.wake.notified() => {}
                    }
                }
                None => self.wake.notified().await,
            }
            let mut state = self.lock();
            let now = self.clock.now();
            state.machine.server(now);
            state.machine.wake(now);
            state.deliver();
        }
    }

    /// Serves one connection to its end.
    pub async fn connection<S>(self: Arc<Self>, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let ahead = Arc::new(Ahead::default());
        let tap = self.tap(Expect::Http, peer);
        let watched = Watched::new(stream, tap, Arc::clone(&ahead));
        let mut stopped = self.stopped.subscribe();
        let service = service_fn(|request| self.answer(request, peer.ip(), &ahead));
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .half_close(false)
                .preserve_header_case(true)
                .max_buf_size(BUFFER)
                .timer(TokioTimer::new())
                .header_read_timeout(pace::TIME)
                .serve_connection(TokioIo::new(watched), service)
                .with_upgrades()
        );
        tokio::select! {
            // A client that goes away ends its connection with an error; there is nobody to tell.
            _ = connection.as_mut() => return,
            _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    /// What watches a connection, if anybody does.
    pub(in crate::cm) fn tap(&self, expect: Expect, peer: SocketAddr) -> Option<Tap> {
        let conn = {
            let mut state = self.lock();
            state.conns += 1;
            state.conns
        };
        let queue = Arc::clone(self.queue.as_ref()?);
        Some(Tap::expecting(expect, conn, peer, queue, self.clock))
    }

    /// A place for a connection, unless there are too many.
    pub(in crate::cm) fn place(&self) -> Option<Place<'_>> {
        self.connections.take(1)
    }

    /// How TLS is spoken on a connection whose listener has these settings.
    pub(in crate::cm) fn terms(&self, config: Arc<ServerConfig>, starttls: bool) -> Terms {
        self.lock().machine.terms(config, starttls)
    }

    /// Bounds of what comes.
    pub(in crate::cm) fn limits(&self) -> Limits {
        self.lock().machine.policy().bounds.xml
    }

    async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        ahead: &Ahead,
    ) -> io::Result<Response<Content>> {
        if request.uri().path() == PATH {
            ahead.took();
            return deliver(self.upgrade(request, peer));
        }
        let entered = self.take(request, peer).await;
        ahead.took();
        let (mut response, mut guard) = match entered {
            Ok(response) => return deliver(response),
            Err(waiting) => waiting,
        };
        let response = tokio::select! {
            response = &mut response => response,
            () = ahead.pipelined() => {
                // Its client has sent another request on this connection, which is read after this response.
                self.hurry(guard.token);
                response.await
            }
        };
        guard.answered = true;
        let response =
            response.unwrap_or_else(|_| self.lock().edge.refuse(StatusCode::INTERNAL_SERVER_ERROR));
        deliver(response)
    }

    /// Reads a request and hands it to the machine: its response, or a place to wait for it.
    async fn take(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Response<Bytes>, (oneshot::Receiver<Response<Bytes>>, Guard)> {
        let (head, content) = request.into_parts();
        let content = match self.read(content).await {
            Ok(content) => content,
            Err(status) => {
                let mut response = self.lock().edge.refuse(status);
                // What is left of the request is not read.
                response
                    .headers_mut()
                    .insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
                return Ok(response);
            }
        };
        self.enter(Request::from_parts(head, content), peer)
    }

    /// Reads the content of a request, or gives the status with which it has to be refused. The content is copied: hyper's
    /// buffer must not live as long as the request is held.
    async fn read(&self, mut content: Incoming) -> Result<Bytes, StatusCode> {
        let mut pace = Pace::begin();
        let (mut whole, mut places) = (Vec::new(), Vec::new());
        loop {
            let frame = timeout_at(pace.due(), content.frame()).await;
            let data = match frame.map_err(|_| StatusCode::REQUEST_TIMEOUT)? {
                None => return Ok(whole.into()),
                Some(Err(_)) => return Err(StatusCode::BAD_REQUEST),
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            if whole.len() + data.len() > self.limit {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            places.push(self.unread.take(data.len()).ok_or(StatusCode::SERVICE_UNAVAILABLE)?);
            whole.extend_from_slice(&data);
            pace.passed(data.len());
        }
    }

    /// Hands a request to the machine: its response, or a place to wait for it.
    fn enter(
        self: &Arc<Self>,
        request: Request<Bytes>,
        peer: IpAddr,
    ) -> Result<Response<Bytes>, (oneshot::Receiver<Response<Bytes>>, Guard)> {
        let mut state = self.lock();
        let (content, back) = match state.edge.enter(&request) {
            Entry::Response(response) => return Ok(response),
            Entry::Bosh(content, back) => (content, back),
        };
        drop(request);
        let token = state.next;
        state.next += 1;
        let (sender, receiver) = oneshot::channel();
        state.waiting.insert(token, Waiting { response: sender, back });
        let guard = Guard { service: Arc::clone(self), token, answered: false };
        let now = self.clock.now();
        if state.machine.request(token, peer, &content, now).is_err() {
            state.waiting.remove(&token);
            let response = state.edge.refuse(StatusCode::SERVICE_UNAVAILABLE);
            drop(state);
            return Ok(response);
        }
        state.deliver();
        if state.machine.deadline() < state.armed || state.armed.is_none() {
            self.wake.notify_one();
        }
        drop(state);
        Err((receiver, guard))
    }

    fn hurry(&self, token: Token) {
        self.tell(|machine, now| machine.hurry(token, now));
    }

    /// Tells the machine something, and does what follows from it.
    pub(super) fn tell<T>(&self, what: impl FnOnce(&mut Machine, Duration) -> T) -> T {
        let mut state = self.lock();
        let told = what(&mut state.machine, self.clock.now());
        state.deliver();
        if state.machine.deadline() < state.armed || state.armed.is_none() {
            self.wake.notify_one();
        }
        told
    }

    /// The answer to a request for a WebSocket.
    pub(super) fn handshake(&self, request: &Request<()>) -> Upgrade {
        self.lock().edge.upgrade(request)
    }

    /// The response to what cannot be served.
    pub(super) fn refuse(&self, status: StatusCode) -> Response<Bytes> {
        self.lock().edge.refuse(status)
    }

    /// What is to be sent next on a stream without BOSH.
    pub(super) fn output(&self, number: u64) -> Option<Outbound> {
        self.lock().machine.output(number)
    }

    /// What is rung when something is to be sent on a stream.
    pub(super) fn remember(&self, number: u64) -> Arc<Notify> {
        Arc::clone(self.lock().carried.entry(number).or_default())
    }

    /// The connection of a stream is gone.
    pub(super) fn forget(&self, number: u64) {
        self.lock().carried.remove(&number);
    }

    /// Tells whether the service stops; it waits until this is dropped.
    pub(in crate::cm) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopped.subscribe()
    }
}

impl State {
    fn deliver(&mut self) {
        let Self { machine, edge, waiting, carried, .. } = self;
        for number in machine.ready() {
            if let Some(ready) = carried.get(&number) {
                ready.notify_one();
            }
        }
        for answer in machine.answers() {
            if let Some(Waiting { response, back }) = waiting.remove(&answer.token) {
                let _ = response.send(edge.leave(&answer, &back)); // the client may have left
            }
        }
    }
}

/// Tells the machine when a client goes away before it got its response.
struct Guard {
    service: Arc<Service>,
    token: Token,
    answered: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        self.service.lock().waiting.remove(&self.token);
        self.service.tell(|machine, now| machine.gone(self.token, now));
    }
}
