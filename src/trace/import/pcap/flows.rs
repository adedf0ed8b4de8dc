//! The TCP connections of a file, each followed by the tap of the proxy: what is framed, is framed there.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::packets::Segment;
use super::speech::{self, Speech};
use super::tcp::{Next, Order};
use crate::clock::Clock;
use crate::trace::event::{Event, Fact};
use crate::trace::import::{paths, sorter::Sorter};
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::wire::Side;
use crate::wire::conversation::{Expect, StartTls};
use crate::wire::secured::Secured;
use crate::wire::tap::{How, Item, Lost, Queue, Tap, What};

/// So many connections are followed at once.
const MANY: usize = 50_000;

/// Ports at which servers of XMPP listen; otherwise the lower one is the server's.
const PORTS: [u16; 8] = [5222, 5223, 5269, 5280, 5281, 5443, 7070, 7443];

/// All connections.
pub(super) struct Flows {
    all: HashMap<(SocketAddr, SocketAddr), Flow>,
    queue: Arc<Queue>,
    clock: Clock,
    recorder: Recorder,
    pub sorter: Sorter,
    /// Of each event its connection, and of each connection whether it has XMPP.
    pub conns: Vec<u64>,
    pub xmpp: Vec<bool>,
    pub counts: Counts,
}

/// What was found besides.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Connections with TLS from the first byte on, or from STARTTLS on.
    pub encrypted: u64,
    /// Connections that are neither HTTP nor XMPP.
    pub others: u64,
    /// Bytes that were not captured.
    pub gaps: u64,
    /// Connections that began before.
    pub middle: u64,
}

/// One connection.
struct Flow {
    client: SocketAddr,
    server: SocketAddr,
    began: Duration,
    conn: u64,
    orders: [Order; 2],
    speaks: Speaks,
    /// Nothing of it was seen before its first bytes.
    middle: bool,
}

/// What a connection speaks, as far as it is followed.
enum Speaks {
    /// Nothing was said.
    Nothing,
    Clear(Box<Tap>),
    /// Bytes are missing: it is followed again from the next request or element on.
    Lost(Expect),
    Ignored,
}

impl Flows {
    pub(super) fn new(intake: Intake) -> Self {
        Self {
            all: HashMap::new(),
            queue: Queue::new(usize::MAX / 2),
            clock: Clock::start(),
            recorder: Recorder::new(intake),
            sorter: Sorter::default(),
            conns: Vec::new(),
            xmpp: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Takes the next segment.
    pub(super) fn take(&mut self, segment: &Segment<'_>) -> io::Result<()> {
        let (from, to) = (segment.from, segment.to);
        let key = (from.min(to), from.max(to));
        if segment.syn && segment.acknowledged.is_none() {
            // The same ports again.
            if let Some(flow) = self.all.get(&key).filter(|flow| flow.has_begun(segment)) {
                let began = flow.began;
                self.end(key, began.max(segment.at))?;
            }
        }
        if !self.all.contains_key(&key) {
            if segment.reset || segment.data.is_empty() && !segment.syn {
                return Ok(());
            }
            if self.all.len() >= MANY {
                self.finish(segment.at)?;
            }
            self.all.insert(key, Flow::new(segment));
        }
        let Some(mut flow) = self.all.remove(&key) else { return Ok(()) };
        let over = self.segment(&mut flow, segment)?;
        if !over {
            self.all.insert(key, flow);
        }
        Ok(())
    }

    /// All that is there was read.
    pub(super) fn finish(&mut self, at: Duration) -> io::Result<()> {
        let mut keys: Vec<_> = self.all.keys().copied().collect();
        keys.sort_unstable();
        keys.into_iter().try_for_each(|key| self.end(key, at))
    }

    fn end(&mut self, key: (SocketAddr, SocketAddr), at: Duration) -> io::Result<()> {
        let Some(mut flow) = self.all.remove(&key) else { return Ok(()) };
        for side in [Side::Client, Side::Server] {
            let mut next = Vec::new();
            flow.orders[side as usize].finish(&mut next);
            self.pass(&mut flow, side, next, at)?;
        }
        // Dropped, the tap says that it was stopped: the end was not seen.
        flow.speaks = Speaks::Ignored;
        self.drain(at, &flow, true)
    }

    /// A segment of a connection. Gives whether that is over.
    fn segment(&mut self, flow: &mut Flow, segment: &Segment<'_>) -> io::Result<bool> {
        let at = segment.at;
        let side = if segment.from == flow.client { Side::Client } else { Side::Server };
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.syn {
            flow.orders[side as usize].begin(first);
        }
        if let Some(number) = segment.acknowledged.filter(|_| !segment.syn) {
            let mut next = Vec::new();
            flow.orders[side.other() as usize].acknowledge(number, &mut next);
            self.pass(flow, side.other(), next, at)?;
        }
        let mut next = Vec::new();
        flow.orders[side as usize].take(first, segment.data, &mut next);
        self.pass(flow, side, next, at)?;
        if segment.fin || segment.reset {
            let mut next = Vec::new();
            if segment.reset {
                flow.orders[side as usize].finish(&mut next);
                self.pass(flow, side, next, at)?;
            }
            if flow.orders[side as usize].is_complete() {
                let how = if segment.reset { How::Reset } else { How::Fin };
                if let Speaks::Clear(tap) = &mut flow.speaks {
                    tap.ended(side, how);
                    if how == How::Reset || tap.has_ended(side.other()) {
                        if let Speaks::Clear(tap) =
                            std::mem::replace(&mut flow.speaks, Speaks::Ignored)
                        {
                            tap.close();
                        }
                        self.drain(at, flow, true)?;
                        return Ok(true);
                    }
                }
                self.drain(at, flow, true)?;
                return Ok(segment.reset);
            }
        }
        Ok(false)
    }

    /// The next bytes of a direction, and what was missing in it.
    fn pass(
        &mut self,
        flow: &mut Flow,
        side: Side,
        next: Vec<Next>,
        at: Duration,
    ) -> io::Result<()> {
        for next in next {
            match next {
                Next::Bytes(bytes) => self.bytes(flow, side, &bytes, at)?,
                Next::Gap(bytes) => self.gap(flow, bytes, at)?,
            }
        }
        Ok(())
    }

    fn bytes(&mut self, flow: &mut Flow, side: Side, bytes: &[u8], at: Duration) -> io::Result<()> {
        let mut side = side;
        let begins = match &flow.speaks {
            Speaks::Nothing => Some(None),
            Speaks::Lost(expect) => Some(Some(*expect)),
            Speaks::Clear(_) | Speaks::Ignored => None,
        };
        if let Some(expected) = begins {
            match speech::of(bytes) {
                Speech::Clear(expect, by) if expected.is_none_or(|before| before == expect) => {
                    if let Some(by) = by.filter(|by| *by != side && flow.conn == 0) {
                        flow.turn();
                        side = by;
                    }
                    self.speak(flow, expect, at)?;
                }
                Speech::Tls if expected.is_none() => {
                    self.counts.encrypted += 1;
                    flow.speaks = Speaks::Ignored;
                }
                Speech::Other if expected.is_none() => {
                    self.counts.others += 1;
                    flow.speaks = Speaks::Ignored;
                }
                _ => {}
            }
        }
        let mut rest = bytes;
        while let Speaks::Clear(tap) = &mut flow.speaks
            && !rest.is_empty()
        {
            let used = tap.passed(side, rest);
            rest = &rest[used..];
            if tap.conversation().starttls() == StartTls::Proceeds {
                tap.secured(Secured { starttls: true, passed: true, ..Secured::default() });
                self.counts.encrypted += 1;
            } else if used == 0 {
                break;
            }
        }
        self.drain(at, flow, true)
    }

    /// Begins to follow a connection, or does so again.
    fn speak(&mut self, flow: &mut Flow, expect: Expect, at: Duration) -> io::Result<()> {
        let is_new = flow.conn == 0;
        if is_new {
            self.xmpp.push(expect == Expect::Stream);
            flow.conn = self.xmpp.len() as u64;
            self.counts.middle += u64::from(flow.middle);
        }
        let (queue, clock) = (Arc::clone(&self.queue), self.clock);
        let tap = Tap::expecting(expect, flow.conn, flow.client, queue, clock);
        flow.speaks = Speaks::Clear(Box::new(tap));
        let began = if is_new { flow.began } else { at };
        self.drain(began, flow, is_new)
    }

    /// Bytes are missing.
    fn gap(&mut self, flow: &mut Flow, bytes: u64, at: Duration) -> io::Result<()> {
        self.counts.gaps += bytes;
        let Speaks::Clear(tap) = &flow.speaks else { return Ok(()) };
        let is_stream = tap.conversation().is_duplex();
        let expect = if is_stream { Expect::Stream } else { Expect::Http };
        flow.speaks = Speaks::Lost(expect);
        self.drain(at, flow, false)?;
        let what = What::Lost(Lost { messages: 1, bytes }, None);
        self.item(Item { conn: flow.conn, at, what })
    }

    /// Takes what the taps have seen; it happened at this time. `whole`: how the connection begins and ends is part of it.
    fn drain(&mut self, at: Duration, flow: &Flow, whole: bool) -> io::Result<()> {
        let mut items = Vec::new();
        self.queue.take(&mut items, Some(Duration::ZERO));
        for item in items {
            let is_edge = matches!(item.what, What::Opened { .. } | What::Closed { .. });
            // What began before the file did was not opened in it.
            let unseen = matches!(item.what, What::Opened { .. }) && flow.middle;
            if !unseen && (whole || !is_edge) {
                self.item(Item { at, ..item })?;
            }
        }
        Ok(())
    }

    fn item(&mut self, item: Item) -> io::Result<()> {
        let mut events = Vec::new();
        self.recorder.take(item, &mut events);
        for event in events {
            if is_xmpp(&event) {
                self.xmpp[event.conn as usize - 1] = true;
            }
            self.conns.push(event.conn);
            self.sorter.take(&event)?;
        }
        Ok(())
    }
}

impl Flow {
    fn new(segment: &Segment<'_>) -> Self {
        let (from, to) = (segment.from, segment.to);
        let is_server = |address: SocketAddr, other: SocketAddr| {
            let known = |address: SocketAddr| PORTS.contains(&address.port());
            known(address) && !known(other)
                || known(address) == known(other) && address.port() < other.port()
        };
        let from_server = match (segment.syn, segment.acknowledged) {
            (true, acknowledged) => acknowledged.is_some(),
            (false, _) => is_server(from, to),
        };
        let (client, server) = if from_server { (to, from) } else { (from, to) };
        Self {
            client,
            server,
            began: segment.at,
            conn: 0,
            orders: Default::default(),
            speaks: Speaks::Nothing,
            middle: !segment.syn,
        }
    }

    /// Whether this SYN begins another connection.
    fn has_begun(&self, segment: &Segment<'_>) -> bool {
        segment.at > self.began && !matches!(self.speaks, Speaks::Nothing)
    }

    /// The sides are the other way round.
    fn turn(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        self.orders.swap(0, 1);
    }
}

/// Whether an event shows that its connection has XMPP.
fn is_xmpp(event: &Event) -> bool {
    let holds =
        |text: &[u8]| memchr::memmem::find(text, b"http://jabber.org/protocol/httpbind").is_some();
    match &event.fact {
        Fact::Request(request) => {
            let protocol = request.headers.get("sec-websocket-protocol");
            holds(&request.content.bytes)
                || protocol.is_some_and(|protocol| protocol.to_ascii_lowercase().contains("xmpp"))
                || paths::is_xmpp(&request.target)
        }
        Fact::Response(response) => holds(&response.content.bytes),
        Fact::Frame(_) | Fact::Part(_) => true,
        _ => false,
    }
}
