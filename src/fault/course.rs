//! One connection under faults: bytes of both sides go in, and what is to be written to each of them comes out.

use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

use super::answer::{Asked, Carrier};
use super::apply::{Instead, Plan};
use super::control::Faults;
use super::draft::Draft;
use super::engine::{Engine, Seen};
use super::lane::{Lane, Next, Piece};
use super::unit::{LONGEST, Unit, Units};
use crate::trace::{Fact, Request};
use crate::wire::Side;
use crate::wire::conversation::{Conversation, Expect, StartTls};
use crate::wire::fault::AppliedFault;
use crate::wire::tap::How;

/// A message that is to be overtaken waits no longer than this for another one.
const OVERTAKEN: Duration = Duration::from_secs(10);

/// One connection under faults.
#[derive(Debug)]
pub struct Course {
    faults: Faults,
    /// The number under which the engine knows the connection.
    conn: u64,
    /// What the client sends, and what the server sends or what is said in its place.
    conversation: Conversation,
    units: [Units; 2],
    /// What is to be written to each side.
    lanes: [Lane; 2],
    /// What the server has sent where TLS is to begin.
    behind: Vec<u8>,
    /// Messages of a side are passed on without compression, as later ones refer to one that was changed.
    inflates: [bool; 2],
    /// Nothing more is passed on.
    over: bool,
    /// A request was dropped: the server owes no response to it.
    dropped: bool,
    reports: Vec<AppliedFault>,
    copies: Vec<Vec<u8>>,
}

impl Course {
    /// The course of a connection from this client.
    pub fn new(faults: Faults, expect: Expect, client: SocketAddr) -> Self {
        let conn = faults.engine().open(client, faults.clock.now());
        Self {
            faults,
            conn,
            conversation: Conversation::new(expect),
            units: [Units::new(Side::Client), Units::new(Side::Server)],
            lanes: [Lane::default(), Lane::default()],
            behind: Vec::new(),
            inflates: [false; 2],
            over: false,
            dropped: false,
            reports: Vec::new(),
            copies: Vec::new(),
        }
    }

    /// One side has sent these bytes.
    pub fn receive(&mut self, from: Side, bytes: &[u8], now: Duration) {
        let mut rest = if from == Side::Server { mem::take(&mut self.behind) } else { Vec::new() };
        rest.extend_from_slice(bytes);
        while !rest.is_empty() {
            if from == Side::Server && self.conversation.starttls() == StartTls::Proceeds {
                self.behind = rest;
                return;
            }
            let mut marks = Vec::new();
            let len = self.conversation.feed(from, &rest, &mut marks);
            let mut units = Vec::new();
            self.units[from as usize].take(&rest[..len], &marks, &mut units);
            rest.drain(..len);
            for unit in units {
                self.unit(unit, now);
            }
        }
    }

    /// One side will send nothing more.
    pub fn ended(&mut self, from: Side, now: Duration) {
        let (mut marks, mut units) = (Vec::new(), Vec::new());
        self.conversation.finish(from, &mut marks);
        self.units[from as usize].take(&[], &marks, &mut units);
        // A message that was cut has its bytes all the same.
        self.units[from as usize].give_up(&mut units);
        for unit in units {
            self.unit(unit, now);
        }
        self.lane(from.other()).end();
    }

    fn lane(&mut self, to: Side) -> &mut Lane {
        &mut self.lanes[to as usize]
    }

    fn unit(&mut self, unit: Unit, now: Duration) {
        if self.over {
            return;
        }
        let faults = self.faults.clone();
        let mut engine = faults.engine();
        let from = unit.from;
        let Some(seen) = engine.see(self.conn, now, &unit, false) else {
            let piece = Piece { bytes: unit.bytes, due: now, ..Piece::default() };
            return self.lane(from.other()).push(piece);
        };
        if engine.passes((seen.key, from), now) {
            faults.wake();
        }
        if seen.due.is_empty() && !self.inflates[from as usize] {
            let piece = Piece { bytes: unit.bytes, due: now, ..Piece::default() };
            return self.lane(from.other()).push(piece);
        }
        let plan = Plan::of(&seen, unit, &asked(&seen), &mut engine);
        self.carry_out(plan, &seen, from, now, &mut engine);
    }

    fn carry_out(
        &mut self,
        mut plan: Plan,
        seen: &Seen,
        from: Side,
        now: Duration,
        engine: &mut Engine,
    ) {
        self.reports.append(&mut plan.reports);
        let is_http = Carrier::of(&seen.event) == Carrier::Bosh;
        let to = from.other();
        if let Some(time) = plan.stall {
            let until = now.saturating_add(time);
            self.lane(to).stall(until);
        }
        if let Some(instead) = plan.instead {
            return self.say(instead, plan.delay, (from, is_http), now, engine);
        }
        let Some(mut draft) = plan.pass else {
            self.dropped |= is_http && from == Side::Client;
            let is_data =
                matches!(&seen.event.fact, Fact::Frame(frame) if frame.content.coding.is_some());
            self.inflates[from as usize] |= is_data;
            return;
        };
        let is_moved = plan.twice || plan.swap || plan.hold.is_some() || draft.is_changed();
        if draft.is_compressed() && (is_moved || self.inflates[from as usize]) {
            self.inflates[from as usize] = true;
            draft.inflate();
        }
        let bytes = Draft::into_bytes(draft);
        if plan.twice && is_http && from == Side::Client {
            // On a connection of its own, as a reverse proxy repeats it.
            self.copies.push(bytes.clone());
        }
        let (due, rate) = (now + plan.delay, plan.rate);
        if let Some((how, at)) = plan.cut {
            let bytes = bytes[..at.min(bytes.len())].to_vec();
            self.lane(to).push(Piece { bytes, due, rate, own: false, cut: Some(how) });
            self.over = true;
            return;
        }
        let again = (plan.twice && !(is_http && from == Side::Client)).then(|| bytes.clone());
        let piece = |bytes, due| Piece { bytes, due, rate, ..Piece::default() };
        let ordered = is_http && from == Side::Server;
        match (plan.swap, plan.hold) {
            (true, _) => {
                let ticket = engine.overtake((seen.key, from));
                self.lane(to).put_aside(Some(ticket), piece(bytes, due + OVERTAKEN));
            }
            // Responses on one connection have the order of their requests.
            (false, Some(time)) if ordered => self.lane(to).push(piece(bytes, due + time)),
            (false, Some(time)) => self.lane(to).put_aside(None, piece(bytes, due + time)),
            (false, None) => self.lane(to).push(piece(bytes, due)),
        }
        if let Some(bytes) = again {
            self.lane(to).push(piece(bytes, due));
        }
    }

    /// Says something to the client in the server's place.
    fn say(
        &mut self,
        instead: Instead,
        delay: Duration,
        (from, is_http): (Side, bool),
        now: Duration,
        engine: &mut Engine,
    ) {
        let Instead { bytes, after, ends } = instead;
        if is_http && from == Side::Client {
            // From here on, the server's next response is that to the next request.
            let (mut marks, mut units) = (Vec::new(), Vec::new());
            self.conversation.feed(Side::Server, &bytes, &mut marks);
            self.units[Side::Server as usize].take(&bytes, &marks, &mut units);
            for unit in &units {
                engine.see(self.conn, now, unit, true);
            }
        }
        let cut = ends.then_some(How::Fin);
        let due = now + delay + after;
        self.lane(Side::Client).push(Piece { bytes, due, own: true, cut, ..Piece::default() });
        if ends {
            self.over = true;
            self.lane(Side::Server).clear();
        }
    }

    /// Time has passed: what was put aside may be due.
    pub fn tick(&mut self, now: Duration) {
        for lane in &mut self.lanes {
            let tickets: Vec<u64> = lane.tickets().collect();
            for ticket in tickets {
                if let Some(due) = self.faults.engine().released(ticket) {
                    lane.release(ticket, due);
                }
            }
            lane.tick(now);
        }
    }

    /// What is to be done now on the way to this side.
    pub fn next(&self, to: Side, now: Duration) -> Next<'_> {
        self.lanes[to as usize].next(now)
    }

    /// So many bytes were written to this side.
    pub fn wrote(&mut self, to: Side, bytes: usize, now: Duration) {
        self.lane(to).wrote(bytes, now);
    }

    /// The direction to this side was ended in order.
    pub fn was_shut(&mut self, to: Side) {
        self.lane(to).was_shut();
    }

    /// This side takes nothing more.
    pub fn refuses(&mut self, to: Side) {
        let lane = self.lane(to);
        lane.clear();
        lane.was_shut();
    }

    /// Whether both directions were ended.
    pub fn is_done(&self) -> bool {
        self.lanes.iter().all(Lane::is_shut)
    }

    /// Whether nothing waits to be written to this side.
    pub fn is_empty(&self, to: Side) -> bool {
        self.lanes[to as usize].is_empty()
    }

    /// Whether more should be read of what this side sends: so much waits already.
    pub fn takes(&self, from: Side) -> bool {
        let waiting = self.lanes[from.other() as usize].size() + self.units[from as usize].kept();
        waiting <= 2 * LONGEST && (from == Side::Client || self.behind.len() < LONGEST)
    }

    /// Whether a request was dropped, so that the server owes no response to it.
    pub fn has_dropped(&self) -> bool {
        self.dropped
    }

    /// What was done since this was asked last.
    pub fn reports(&mut self) -> Vec<AppliedFault> {
        mem::take(&mut self.reports)
    }

    /// Requests that are to be sent on a connection of their own; nobody waits for the responses.
    pub fn copies(&mut self) -> Vec<Vec<u8>> {
        mem::take(&mut self.copies)
    }

    /// What the server has sent behind `<proceed/>`.
    pub fn take_behind(&mut self) -> Vec<u8> {
        mem::take(&mut self.behind)
    }

    /// TLS has begun. What comes out of it is another stream; if it is `passed` on, no fault concerns it.
    pub fn secured(&mut self, passed: bool, now: Duration) {
        self.conversation.secured(passed);
        self.faults.engine().secured(self.conn, now);
        self.lanes = [Lane::default(), Lane::default()];
    }

    /// Done when a message that waits to be overtaken may be due.
    pub async fn woken(&self) {
        if self.lanes.iter().any(|lane| lane.tickets().next().is_some()) {
            self.faults.woken().await;
        } else {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        let tickets: Vec<u64> = self.lanes.iter().flat_map(Lane::tickets).collect();
        let mut engine = self.faults.engine();
        for ticket in tickets {
            engine.forget(ticket);
        }
        engine.close(self.conn, self.faults.clock.now());
    }
}

/// What a response in the server's place has to know of the request.
fn asked(seen: &Seen) -> Asked {
    let exchange = seen.effect.message.as_ref().and_then(|message| message.exchange.as_ref());
    let of_exchange = exchange.and_then(|exchange| exchange.origin.clone());
    let of_request = match &seen.event.fact {
        Fact::Request(Request { headers, .. }) => headers.get("origin").map(str::to_owned),
        _ => None,
    };
    let head = exchange.is_some_and(|exchange| exchange.method == "HEAD");
    Asked { origin: of_request.or(of_exchange), head }
}
