//! The I/O of the connection manager: connections, waiting responses, and the timer that wakes the machine.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::body::{Body, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout_at;

use super::count::Count;
use super::edge::{Delivery, Edge, Entry, Return};
use super::pace::{self, Pace};
use super::socket::{Ahead, Watched};
use super::upgrade;
use crate::clock::Clock;
use crate::cm::machine::Machine;
use crate::cm::session::Token;
use crate::wire::tap::{Queue, Tap};

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
    /// XMPP over WebSocket is served too.
    websocket: bool,
}

struct State {
    machine: Machine,
    edge: Box<dyn Edge>,
    waiting: HashMap<Token, Waiting>,
    /// Rung when the connection manager has something to say over a WebSocket.
    sockets: HashMap<u64, Arc<Notify>>,
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
        Arc::new(Self::make(machine, edge, wake, clock, queue))
    }

    /// The same, with XMPP over WebSocket beside BOSH.
    pub fn with_websocket(
        machine: Machine,
        edge: Box<dyn Edge>,
        wake: Arc<Notify>,
        clock: Clock,
        queue: Option<Arc<Queue>>,
    ) -> Arc<Self> {
        Arc::new(Self { websocket: true, ..Self::make(machine, edge, wake, clock, queue) })
    }

    fn make(
        machine: Machine,
        edge: Box<dyn Edge>,
        wake: Arc<Notify>,
        clock: Clock,
        queue: Option<Arc<Queue>>,
    ) -> Self {
        let bounds = &machine.policy().bounds;
        let limit = bounds.xml.bytes;
        let (connections, unread) =
            (Count::up_to(bounds.connections()), Count::up_to(bounds.unread_bytes.max(limit)));
        let (waiting, sockets) = (HashMap::new(), HashMap::new());
        let state = State { machine, edge, waiting, sockets, next: 1, conns: 0, armed: None };
        let stopped = watch::Sender::new(false);
        let state = Mutex::new(state);
        let websocket = false;
        Self { state, wake, clock, limit, connections, unread, queue, stopped, websocket }
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
        let Some(_place) = self.connections.take(1) else {
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
        let conn = {
            let mut state = self.lock();
            state.conns += 1;
            state.conns
        };
        let tap =
            self.queue.as_ref().map(|queue| Tap::new(conn, peer, Arc::clone(queue), self.clock));
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

    async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        ahead: &Ahead,
    ) -> io::Result<Response<Content>> {
        if self.websocket && request.uri().path() == upgrade::PATH {
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

    /// A request for a WebSocket: its response, after which the connection is one.
    fn upgrade(self: &Arc<Self>, request: Request<Incoming>, peer: IpAddr) -> Response<Bytes> {
        let response = upgrade::handshake(&request);
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return response;
        }
        let mut state = self.lock();
        let Some(number) = state.machine.socket(peer) else {
            return state.edge.refuse(StatusCode::SERVICE_UNAVAILABLE);
        };
        let ready = Arc::new(Notify::new());
        state.sockets.insert(number, Arc::clone(&ready));
        drop(state);
        let (service, stopped) = (Arc::clone(self), self.stopped.subscribe());
        tokio::spawn(async move {
            match hyper::upgrade::on(request).await {
                Ok(upgraded) => {
                    let message = |text: &str| service.socket_message(number, text);
                    let output = || service.lock().machine.output(number);
                    upgrade::serve(upgraded, &ready, output, service.limit, message).await;
                }
                Err(error) => tracing::debug!("no upgrade: {error}"),
            }
            service.socket_gone(number);
            // The service waits for those who hold this when it stops.
            drop(stopped);
        });
        response
    }

    /// A message came over a WebSocket.
    fn socket_message(&self, number: u64, text: &str) {
        let mut state = self.lock();
        let now = self.clock.now();
        state.machine.message(number, text, now);
        state.deliver();
        if state.machine.deadline() < state.armed || state.armed.is_none() {
            self.wake.notify_one();
        }
    }

    /// A WebSocket is gone.
    fn socket_gone(&self, number: u64) {
        let mut state = self.lock();
        state.sockets.remove(&number);
        let now = self.clock.now();
        state.machine.socket_gone(number, now);
        state.deliver();
    }

    fn hurry(&self, token: Token) {
        let mut state = self.lock();
        let now = self.clock.now();
        state.machine.hurry(token, now);
        state.deliver();
    }
}

/// The content of a response. Its length is told, unless it is to go in chunks.
struct Content {
    bytes: Full<Bytes>,
    chunked: bool,
}

impl Body for Content {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.bytes).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked { SizeHint::default() } else { self.bytes.size_hint() }
    }
}

/// Gives a response to hyper; an error makes it close the connection.
fn deliver(response: Response<Bytes>) -> io::Result<Response<Content>> {
    let delivery = response.extensions().get::<Delivery>().copied();
    if delivery == Some(Delivery::Cut) {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    let chunked = delivery == Some(Delivery::Chunked);
    Ok(response.map(|bytes| Content { bytes: Full::new(bytes), chunked }))
}

impl State {
    fn deliver(&mut self) {
        let Self { machine, edge, waiting, sockets, .. } = self;
        for number in machine.ready() {
            if let Some(ready) = sockets.get(&number) {
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
        let mut state = self.service.lock();
        state.waiting.remove(&self.token);
        let now = self.service.clock.now();
        state.machine.gone(self.token, now);
        state.deliver();
        if state.machine.deadline() < state.armed || state.armed.is_none() {
            self.service.wake.notify_one();
        }
    }
}
