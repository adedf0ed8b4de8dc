//! The TCP connections of a file, each followed by the tap of the proxy: what is framed, is framed there.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::flow::{Flow, Speaks};
use super::packets::Segment;
use super::speech::{self, Speech};
use super::tcp::Next;
use crate::clock::Clock;
use crate::trace::event::{Event, Fact};
use crate::trace::import::{paths, sorter::Sorter};
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::wire::Side;
use crate::wire::conversation::{Expect, StartTls};
use crate::wire::secured::Secured;
use crate::wire::tap::{How, Item, Lost, Queue, Tap, What};

/// So many connections are followed at once. Of more, those of which nothing was heard for the longest time end.
const MANY: usize = 50_000;

/// So many bytes of all connections wait for segments that are missing.
const WAITING: usize = 256 << 20;

/// All connections.
pub(super) struct Flows {
    all: HashMap<(SocketAddr, SocketAddr), Flow>,
    /// How many there may be, and how many bytes of all of them wait.
    many: usize,
    waiting: usize,
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

impl Flows {
    pub(super) fn new(intake: Intake) -> Self {
        Self {
            all: HashMap::new(),
            many: MANY,
            waiting: 0,
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
            if self.all.len() >= self.many {
                self.make_room(segment.at)?;
            }
            self.all.insert(key, Flow::new(segment));
        }
        let Some(mut flow) = self.all.remove(&key) else { return Ok(()) };
        self.waiting -= flow.waiting();
        let over = self.segment(&mut flow, segment)?;
        if matches!(flow.speaks, Speaks::Ignored) {
            flow.orders = Default::default();
        }
        if self.waiting + flow.waiting() > WAITING {
            self.release(&mut flow, segment.at)?;
        }
        if over || flow.ended == [true; 2] && !matches!(flow.speaks, Speaks::Clear(_)) {
            self.leave(&flow);
        } else {
            self.waiting += flow.waiting();
            self.all.insert(key, flow);
        }
        Ok(())
    }

    /// Forgets connections: those that are ignored, and of the others a quarter, if there are as many.
    fn make_room(&mut self, at: Duration) -> io::Result<()> {
        self.all.retain(|_, flow| !matches!(flow.speaks, Speaks::Ignored));
        let most = self.many / 4 * 3;
        if self.all.len() <= most {
            return Ok(());
        }
        let mut keys: Vec<_> = self.all.iter().map(|(key, flow)| (flow.heard, *key)).collect();
        keys.sort_unstable();
        keys.truncate(self.all.len() - most);
        keys.into_iter().try_for_each(|(_, key)| self.end(key, at))
    }

    /// All that is there was read.
    pub(super) fn finish(&mut self, at: Duration) -> io::Result<()> {
        let mut keys: Vec<_> = self.all.keys().copied().collect();
        keys.sort_unstable();
        keys.into_iter().try_for_each(|key| self.end(key, at))
    }

    fn end(&mut self, key: (SocketAddr, SocketAddr), at: Duration) -> io::Result<()> {
        let Some(mut flow) = self.all.remove(&key) else { return Ok(()) };
        self.waiting -= flow.waiting();
        self.release(&mut flow, at)?;
        self.leave(&flow);
        // Dropped, the tap says that it was stopped: the end was not seen.
        flow.speaks = Speaks::Ignored;
        self.drain(at, &flow, true)
    }

    /// Passes on what waits for segments that are missing.
    fn release(&mut self, flow: &mut Flow, at: Duration) -> io::Result<()> {
        for side in [Side::Client, Side::Server] {
            let mut next = Vec::new();
            flow.orders[side as usize].finish(&mut next);
            self.pass(flow, side, next, at)?;
        }
        Ok(())
    }

    /// A connection is over. Counts it if it said too little to be read.
    fn leave(&mut self, flow: &Flow) {
        self.counts.others += u64::from(!flow.first.is_empty());
    }

    /// A segment of a connection. Gives whether that is over.
    fn segment(&mut self, flow: &mut Flow, segment: &Segment<'_>) -> io::Result<bool> {
        let at = segment.at;
        let side = flow.side(segment.from);
        flow.heard = at;
        if matches!(flow.speaks, Speaks::Ignored) {
            flow.ended[side as usize] |= segment.fin;
            return Ok(segment.reset);
        }
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.syn {
            flow.orders[side as usize].begin(first);
        }
        if let Some(number) = segment.acknowledged.filter(|_| !segment.syn) {
            let mut next = Vec::new();
            flow.orders[side.other() as usize].acknowledge(number, &mut next);
            self.pass(flow, side.other(), next, at)?;
        }
        let side = flow.side(segment.from);
        let mut next = Vec::new();
        flow.orders[side as usize].take(first, segment.data, &mut next);
        self.pass(flow, side, next, at)?;
        if segment.fin || segment.reset {
            let side = flow.side(segment.from);
            let mut next = Vec::new();
            if segment.reset {
                flow.orders[side as usize].finish(&mut next);
                self.pass(flow, side, next, at)?;
            }
            if flow.orders[side as usize].is_complete() {
                flow.ended[side as usize] = true;
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
        let from = flow.address(side);
        for next in next {
            match next {
                Next::Bytes(bytes) => self.bytes(flow, flow.side(from), &bytes, at)?,
                Next::Gap(bytes) => self.gap(flow, bytes, at)?,
            }
        }
        Ok(())
    }

    fn bytes(&mut self, flow: &mut Flow, side: Side, bytes: &[u8], at: Duration) -> io::Result<()> {
        match &flow.speaks {
            Speaks::Nothing => return self.begin(flow, side, bytes, at),
            Speaks::Lost(expect) => {
                let expect = *expect;
                if matches!(speech::of(bytes), Speech::Clear(speech, _) if speech == expect) {
                    self.speak(flow, expect, at)?;
                }
            }
            Speaks::Clear(_) | Speaks::Ignored => {}
        }
        self.tap(flow, side, bytes, at)
    }

    /// The first bytes of a connection, as far as it takes to tell what it speaks.
    fn begin(&mut self, flow: &mut Flow, side: Side, bytes: &[u8], at: Duration) -> io::Result<()> {
        flow.first.push((side, bytes.to_vec(), at));
        let of_side = flow.first.iter().filter(|(from, ..)| *from == side);
        let begin: Vec<u8> = of_side.flat_map(|(_, bytes, _)| bytes).copied().collect();
        match speech::of(&begin) {
            Speech::Short => return Ok(()),
            Speech::Clear(expect, by) => {
                let first = std::mem::take(&mut flow.first);
                let turned = by.is_some_and(|by| by != side);
                if turned {
                    flow.turn();
                }
                let spoke = first.first().map_or(at, |(.., at)| *at);
                self.speak(flow, expect, spoke)?;
                for (from, bytes, at) in first {
                    let from = if turned { from.other() } else { from };
                    self.tap(flow, from, &bytes, at)?;
                }
                return Ok(());
            }
            Speech::Tls => {
                self.counts.encrypted += 1;
                flow.speaks = Speaks::Ignored;
            }
            Speech::Other => {
                self.counts.others += 1;
                flow.speaks = Speaks::Ignored;
            }
            Speech::Middle => {
                flow.first.retain(|(from, ..)| *from != side);
                return Ok(());
            }
        }
        flow.first.clear();
        Ok(())
    }

    /// Bytes of a connection that is followed, if it is.
    fn tap(&mut self, flow: &mut Flow, side: Side, bytes: &[u8], at: Duration) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> SocketAddr {
        SocketAddr::from((number.to_be_bytes(), 40_000))
    }

    /// What the client with this number sends to a server, in a connection that began before.
    fn segment(number: u32, sequence: u32, data: &[u8]) -> Segment<'_> {
        Segment {
            at: Duration::from_millis(u64::from(sequence)),
            from: address(number),
            to: SocketAddr::from(([192, 0, 2, 1], 80)),
            sequence,
            acknowledged: Some(1),
            syn: false,
            fin: false,
            reset: false,
            data,
        }
    }

    const ASKS: &[u8] = b"GET /http-bind HTTP/1.1\r\n\r\n";

    fn flows(many: usize) -> Flows {
        Flows { many, ..Flows::new(Intake::new(false, 1000)) }
    }

    #[test]
    fn who_goes_on_speaking_stays_whatever_else_begins() {
        let mut flows = flows(8);
        let mut sequence = 1;
        for number in 2..200 {
            flows.take(&segment(1, sequence, ASKS)).unwrap();
            sequence += ASKS.len() as u32;
            let other = if number % 2 == 0 { ASKS } else { &b"\x17\x03\x03\x01\x00"[..] };
            flows.take(&segment(number, sequence, other)).unwrap();
            assert!(flows.all.len() <= 8);
        }
        // All that it asked is on one connection.
        assert_eq!(flows.conns.iter().filter(|conn| **conn == 1).count(), 198);
    }

    #[test]
    fn what_is_ignored_is_forgotten_when_it_ends() {
        let mut flows = flows(1000);
        for (number, first) in [(1, &b"\x17\x03\x03\x01\x00"[..]), (2, b"SSH-2.0-x\r\n"), (3, b"G")]
        {
            flows.take(&segment(number, 1, first)).unwrap();
            let fin = segment(number, 1 + first.len() as u32, b"");
            flows.take(&Segment { fin: true, ..fin }).unwrap();
            assert_eq!(flows.all.len(), 1);
            let (from, to) = (fin.to, fin.from);
            flows.take(&Segment { fin: true, from, to, sequence: 1, ..fin }).unwrap();
            assert_eq!(flows.all.len(), 0);
        }
        assert_eq!((flows.counts.encrypted, flows.counts.others), (1, 2));
        // Of what waits for a segment that is missing, nothing is kept.
        flows.take(&segment(1, 1, b"\x17\x03\x03\x01\x00")).unwrap();
        flows.take(&segment(1, 1000, &[0; 1000])).unwrap();
        assert_eq!(flows.waiting, 0);
        flows.take(&segment(2, 1, ASKS)).unwrap();
        flows.take(&segment(2, 1000, &[0; 1000])).unwrap();
        assert_eq!(flows.waiting, 1000);
        let reset = segment(2, 3000, b"");
        flows.take(&Segment { reset: true, ..reset }).unwrap();
        assert_eq!((flows.waiting, flows.all.len()), (0, 1));
    }
}
