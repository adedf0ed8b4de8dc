//! Connections of clients for the stage: bytes are read as the proxy's tap reads them, and what the stage says is written.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

use super::stage::{Reply, Stage};
use crate::clock::Clock;
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::trace::{Event, Fact, How, Reading, Request, Story};
use crate::wire::Side;
use crate::wire::conversation::Expect;
use crate::wire::tap::{Queue, Tap};
use crate::wire::websocket::{Opcode, close, frame, is_upgrade};

/// How much may be read and not judged yet.
const ROOM: usize = 16 << 20;
/// How much of a request is kept.
const ENTITY: usize = 4 << 20;
/// More connections than this at a time are refused.
const MOST: usize = 1000;

/// What clients speak on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// BOSH and WebSocket.
    Http,
    /// A stream over TCP.
    Tcp,
}

/// Serves a recording.
pub struct Service {
    state: Mutex<State>,
    wake: Notify,
    clock: Clock,
    /// Where people watch.
    shown: Option<Arc<Queue>>,
    /// Hears what is not as it was recorded.
    told: Box<dyn Fn(&str) + Send + Sync>,
}

struct State {
    stage: Stage,
    /// What is read becomes facts here.
    queue: Arc<Queue>,
    recorder: Recorder,
    story: Story,
    conns: HashMap<u64, Line>,
    count: u64,
}

/// A connection.
struct Line {
    orders: mpsc::UnboundedSender<Order>,
    tcp: bool,
    websocket: bool,
    /// Requests that came, and responses that were given, in order.
    came: u64,
    given: u64,
    ready: BTreeMap<u64, Vec<u8>>,
}

enum Order {
    Write(Vec<u8>),
    End,
}

impl Service {
    /// Serves what the stage plays. What passes goes to `shown`, and `told` hears what is not as it was recorded.
    pub fn new(
        stage: Stage,
        clock: Clock,
        shown: Option<Arc<Queue>>,
        told: Box<dyn Fn(&str) + Send + Sync>,
    ) -> Arc<Self> {
        let inner = State {
            stage,
            queue: Queue::new(ROOM),
            recorder: Recorder::new(Intake::new(true, ENTITY)),
            story: Story::default(),
            conns: HashMap::new(),
            count: 0,
        };
        Arc::new(Self { state: Mutex::new(inner), wake: Notify::new(), clock, shown, told })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts clients, for ever.
    pub async fn accept(self: Arc<Self>, listener: TcpListener, front: Front) {
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
                    if self.lock().conns.len() < MOST {
                        tokio::spawn(Arc::clone(&self).connection(tcp, peer, front));
                    }
                }
                Err(error) => {
                    tracing::warn!("cannot accept a client: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Wakes the stage when it is due.
    pub async fn keep_time(self: Arc<Self>) {
        loop {
            let due = self.lock().stage.deadline();
            let wait = due.map(|due| due.saturating_sub(self.clock.now()));
            tokio::select! {
                () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {}
                () = self.wake.notified() => {}
            }
            let mut state = self.lock();
            let now = self.clock.now();
            state.stage.wake(now);
            self.deliver(&mut state);
        }
    }

    async fn connection(self: Arc<Self>, mut tcp: TcpStream, peer: SocketAddr, front: Front) {
        let expect = if front == Front::Tcp { Expect::Stream } else { Expect::Http };
        let (orders, mut told) = mpsc::unbounded_channel();
        let (conn, judged) = {
            let mut state = self.lock();
            state.count += 1;
            let conn = state.count;
            let line = Line {
                orders,
                tcp: front == Front::Tcp,
                websocket: false,
                came: 0,
                given: 0,
                ready: BTreeMap::new(),
            };
            state.conns.insert(conn, line);
            (conn, Tap::expecting(expect, conn, peer, Arc::clone(&state.queue), self.clock))
        };
        let shown = self
            .shown
            .as_ref()
            .map(|queue| Tap::expecting(expect, conn, peer, Arc::clone(queue), self.clock));
        let mut taps: Vec<Tap> = std::iter::once(judged).chain(shown).collect();
        let mut buffer = vec![0; 16 << 10];
        let (by, how) = loop {
            tokio::select! {
                read = tcp.read(&mut buffer) => match read {
                    Ok(0) => break (Side::Client, How::Fin),
                    Err(error) => break (Side::Client, How::of(&error)),
                    Ok(size) => {
                        passed(&mut taps, Side::Client, &buffer[..size]);
                        self.judge();
                    }
                },
                order = told.recv() => match order {
                    Some(Order::Write(bytes)) => {
                        if let Err(error) = tcp.write_all(&bytes).await {
                            break (Side::Client, How::of(&error));
                        }
                        passed(&mut taps, Side::Server, &bytes);
                        self.judge();
                    }
                    Some(Order::End) | None => {
                        let _ = tcp.shutdown().await; // its peer may be gone
                        break (Side::Server, How::Fin);
                    }
                },
            }
        };
        for mut tap in taps {
            tap.ended(by, how);
            tap.close();
        }
        self.judge();
        let mut state = self.lock();
        state.conns.remove(&conn);
        state.stage.gone(conn);
        drop(state);
        self.wake.notify_one();
    }

    /// What was read becomes facts, and these are told to the stage.
    fn judge(&self) {
        let mut state = self.lock();
        let mut items = Vec::new();
        let queue = Arc::clone(&state.queue);
        queue.take(&mut items, Some(Duration::ZERO));
        let mut events = Vec::new();
        for item in items {
            state.recorder.take(item, &mut events);
        }
        let now = self.clock.now();
        for event in &events {
            state.fact(event, now);
        }
        self.deliver(&mut state);
        drop(state);
        self.wake.notify_one();
    }

    fn deliver(&self, state: &mut State) {
        for reply in state.stage.replies() {
            state.send(reply);
        }
        for remark in state.stage.remarks() {
            (self.told)(&remark);
        }
    }
}

impl State {
    fn fact(&mut self, event: &Event, now: Duration) {
        let effect = self.story.take(event);
        let conn = event.conn;
        match &event.fact {
            Fact::Request(request) => {
                let Some(line) = self.conns.get_mut(&conn) else { return };
                let ticket = (conn, line.came);
                line.came += 1;
                if asks_for_websocket(request) {
                    line.websocket = true;
                    self.stage.upgrade(ticket, request);
                } else {
                    self.stage.request(ticket, request, now);
                }
            }
            Fact::Frame(it) if it.from == Side::Client && Opcode(it.opcode).is_control() => {
                let answer = match Opcode(it.opcode) {
                    Opcode::PING => frame(Opcode::PONG, &it.content.bytes, None),
                    Opcode::CLOSE => close(it.status.unwrap_or(1000), "", None),
                    _ => return,
                };
                self.write(conn, answer);
                if Opcode(it.opcode) == Opcode::CLOSE {
                    self.send(Reply::End(conn));
                }
            }
            Fact::Frame(_) | Fact::Part(_) => {
                let Some(message) = effect.message.filter(|it| it.from == Side::Client) else {
                    return;
                };
                let tcp = self.conns.get(&conn).is_some_and(|line| line.tcp);
                match &message.reading {
                    Reading::Element(element) | Reading::Header(element) => {
                        self.stage.said(conn, tcp, Some(element), now);
                    }
                    Reading::StreamEnd => self.stage.said(conn, tcp, None, now),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn write(&self, conn: u64, bytes: Vec<u8>) {
        if let Some(line) = self.conns.get(&conn) {
            let _ = line.orders.send(Order::Write(bytes)); // it may be gone
        }
    }

    fn send(&mut self, reply: Reply) {
        match reply {
            Reply::Http((conn, place), bytes) => {
                let Some(line) = self.conns.get_mut(&conn) else { return };
                line.ready.insert(place, bytes);
                // Responses come in the order of their requests.
                while let Some(bytes) = line.ready.remove(&line.given) {
                    line.given += 1;
                    let _ = line.orders.send(Order::Write(bytes)); // it may be gone
                }
            }
            Reply::Text(conn, text) => {
                let websocket = self.conns.get(&conn).is_some_and(|line| line.websocket);
                let bytes = if websocket { frame(Opcode::TEXT, &text, None) } else { text };
                self.write(conn, bytes);
            }
            Reply::Close(conn, status, reason) => {
                let bytes = match status {
                    Some(status) => close(status, &reason, None),
                    None => frame(Opcode::CLOSE, b"", None),
                };
                self.write(conn, bytes);
            }
            Reply::End(conn) => {
                if let Some(line) = self.conns.get(&conn) {
                    let _ = line.orders.send(Order::End); // it may be gone
                }
            }
        }
    }
}

fn passed(taps: &mut [Tap], from: Side, bytes: &[u8]) {
    for tap in taps {
        tap.passed(from, bytes);
    }
}

fn asks_for_websocket(request: &Request) -> bool {
    request.headers.all("upgrade").any(is_upgrade)
}
