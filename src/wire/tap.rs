//! The tap of the tunnel: copies of what passes, marked with what they are, handed to an observer through a queue that is
//! bounded in bytes. The tunnel never waits for it. When the queue is full, whole messages are left out and counted, and
//! the connection is observed again from its next request, frame or element on.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Side;
use super::conversation::{Conversation, Expect, Mark};
use super::fault::AppliedFault;
use super::http1::Dialogue;
use super::secured::Secured;
use crate::clock::Clock;

/// What one item costs beyond its bytes; small chunks must not cheat the bound.
const ITEM_COST: usize = 128;

/// Small copies share an allocation of this size: the observer frees one thing instead of a hundred.
const SHELF: usize = 64 << 10;

/// Something that happened on a connection.
#[derive(Debug)]
pub struct Item {
    /// The connection, counted from 1.
    pub conn: u64,
    /// When it happened.
    pub at: Duration,
    /// What happened.
    pub what: What,
}

/// How one side ended its direction of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// In order: FIN.
    Fin,
    /// By a reset, or another error of the connection.
    Reset,
    /// It did not: the network reports that the peer does not answer any more.
    #[serde(rename = "timeout")]
    TimedOut,
}

impl How {
    /// What an error of a connection says.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Self::TimedOut,
            _ => Self::Reset,
        }
    }

    /// What a connection did that ended so: `was closed`, without the `was`.
    pub fn past(self) -> &'static str {
        match self {
            Self::Fin => "closed",
            Self::Reset => "reset",
            Self::TimedOut => "timed out",
        }
    }
}

/// What happened on a connection.
#[derive(Debug)]
pub enum What {
    /// A client connected.
    Opened {
        /// The client's address.
        client: SocketAddr,
    },
    /// The connection to the target could not be made, or was lost before an answer came.
    Failed {
        /// A sentence with the cause.
        cause: String,
    },
    /// Bytes passed.
    Bytes {
        /// Who sent them.
        from: Side,
        /// The bytes.
        bytes: Chunk,
        /// What they are.
        marks: Vec<Mark>,
        /// They are not the target's: the proxy answered in its place.
        own: bool,
    },
    /// One side sent its last byte.
    Ended {
        /// Which side.
        by: Side,
        /// In which way.
        how: How,
        /// The other side had ended as well when this was seen: which one was first is not known.
        together: bool,
        /// What this makes of the message that was coming.
        marks: Vec<Mark>,
    },
    /// TLS has begun.
    Secured(Box<Secured>),
    /// Something was done on purpose to what passes.
    Fault(Box<AppliedFault>),
    /// What could not be observed because the queue was full: of one side, or, in HTTP, of both.
    Lost(Lost, Option<Side>),
    /// The connection is gone.
    Closed {
        /// Bytes that the client sent.
        client: u64,
        /// Bytes that the client was sent.
        server: u64,
        /// The proxy itself ended the connection, because it was told to stop.
        stopped: bool,
        /// What this makes of the messages that were coming from each side.
        marks: [Vec<Mark>; 2],
    },
}

/// A count of what could not be observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// Requests, responses, frames and elements, whole or in part.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Lost {
    /// So many bytes with these marks cannot be observed.
    pub fn add(&mut self, bytes: usize, marks: &[Mark]) {
        let begins = |mark: &&Mark| {
            matches!(mark, Mark::Request(_) | Mark::Response(..) | Mark::Frame(..) | Mark::Item(..))
        };
        let begun = marks.iter().filter(begins).count() as u64;
        // The message that is lost first is lost too where it began before.
        let first = u64::from(begun == 0 && *self == Self::default());
        self.messages += begun + first;
        self.bytes += bytes as u64;
    }
}

/// Observed bytes; while they live they count against the queue's bound.
#[derive(Debug)]
pub struct Chunk {
    bytes: Bytes,
    cost: usize,
    queue: Arc<Queue>,
}

impl std::ops::Deref for Chunk {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Chunk {
    /// A charge of nothing yet, on the queue that this chunk came through.
    pub fn charge(&self) -> Charge {
        Charge { bytes: 0, queue: Arc::clone(&self.queue) }
    }
}

/// Bytes that an observer keeps beyond the chunk they came in; they count against the queue's bound too.
#[derive(Debug)]
pub struct Charge {
    bytes: usize,
    queue: Arc<Queue>,
}

impl Charge {
    /// Charges `bytes` more.
    pub fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.queue.used.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.queue.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.queue.used.fetch_sub(self.cost, Ordering::Relaxed);
    }
}

/// A queue from many taps to one observer, bounded by the bytes it holds.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    shelf: Mutex<BytesMut>,
    used: AtomicUsize,
    limit: usize,
    owed: AtomicUsize,
    conns: AtomicU64,
    hurried: AtomicBool,
    unheard: bool,
}

#[derive(Debug, Default)]
struct State {
    items: Vec<Item>,
    waiting: bool,
    nudged: bool,
    closed: bool,
}

impl Queue {
    /// A queue that holds at most `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self::with(limit, false))
    }

    /// A queue from which nobody takes anything: it stays empty.
    pub fn unheard() -> Arc<Self> {
        Arc::new(Self::with(0, true))
    }

    fn with(limit: usize, unheard: bool) -> Self {
        Self {
            state: Mutex::default(),
            ready: Condvar::new(),
            shelf: Mutex::default(),
            used: AtomicUsize::new(0),
            limit,
            owed: AtomicUsize::new(0),
            conns: AtomicU64::new(0),
            hurried: AtomicBool::new(false),
            unheard,
        }
    }

    /// A number for the next connection, from 1: several listeners may report to one observer.
    pub fn number(&self) -> u64 {
        1 + self.conns.fetch_add(1, Ordering::Relaxed)
    }

    /// How many requests wait for the end of their answer, on all connections.
    pub fn owed(&self) -> usize {
        self.owed.load(Ordering::Relaxed)
    }

    /// Copies bytes if there is room for them and their marks, of which tiny frames need more than they have bytes.
    pub fn chunk(self: &Arc<Self>, bytes: &[u8], marks: &[Mark]) -> Option<Chunk> {
        let cost = bytes.len() + ITEM_COST + size_of_val(marks);
        // Between the look and the addition the observer may charge something: the bound is soft by that much.
        if self.used.load(Ordering::Relaxed) + cost > self.limit {
            return None;
        }
        self.used.fetch_add(cost, Ordering::Relaxed);
        Some(Chunk { bytes: self.copy(bytes), cost, queue: Arc::clone(self) })
    }

    fn copy(&self, bytes: &[u8]) -> Bytes {
        if bytes.len() > SHELF / 8 {
            return Bytes::copy_from_slice(bytes);
        }
        let mut room = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if room.capacity() < bytes.len() {
            *room = BytesMut::with_capacity(SHELF);
        }
        room.extend_from_slice(bytes);
        room.split().freeze()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, item: Item) {
        if self.unheard {
            return;
        }
        let mut state = self.lock();
        state.items.push(item);
        if state.waiting {
            state.waiting = false;
            self.ready.notify_one();
        }
    }

    /// No further items will come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_one();
    }

    /// The observer has no time left: what waits is to be counted, and no more.
    pub fn hurry(&self) {
        self.hurried.store(true, Ordering::Relaxed);
    }

    /// Whether the observer has no time left.
    pub fn is_hurried(&self) -> bool {
        self.hurried.load(Ordering::Relaxed)
    }

    /// Has [`Queue::take`] return though there may be no items: its observer has something else to look at.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.ready.notify_one();
    }

    /// Takes all items into `into` (which must be empty), waiting at most for `patience` if there are none.
    /// False when the queue is closed and empty.
    pub fn take(&self, into: &mut Vec<Item>, patience: Option<Duration>) -> bool {
        let mut state = self.lock();
        let nudged = std::mem::take(&mut state.nudged);
        if state.items.is_empty() && !state.closed && !nudged {
            state.waiting = true;
            state = match patience {
                Some(patience) => {
                    let waited = self.ready.wait_timeout(state, patience);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting = false;
        }
        std::mem::swap(&mut state.items, into);
        if state.items.capacity() > 4096 {
            state.items = Vec::new(); // what a burst needed is given back
        }
        !(state.closed && into.is_empty())
    }
}

/// The tap on one connection. Dropping it reports the connection as gone.
#[derive(Debug)]
pub struct Tap {
    conn: u64,
    queue: Arc<Queue>,
    clock: Clock,
    conversation: Conversation,
    bytes: [u64; 2],
    /// What is being lost of each side; in HTTP, the first is that of both.
    lost: [Option<Lost>; 2],
    /// How each side has ended, as far as that was seen.
    ends: [Option<How>; 2],
    done: bool,
}

impl Tap {
    /// A tap on connection number `conn`, which begins with HTTP.
    pub fn new(conn: u64, client: SocketAddr, queue: Arc<Queue>, clock: Clock) -> Self {
        Self::expecting(Expect::Http, conn, client, queue, clock)
    }

    /// A tap on connection number `conn`.
    pub fn expecting(
        expect: Expect,
        conn: u64,
        client: SocketAddr,
        queue: Arc<Queue>,
        clock: Clock,
    ) -> Self {
        let tap = Self {
            conn,
            queue,
            clock,
            conversation: Conversation::new(expect),
            bytes: [0; 2],
            lost: [None; 2],
            ends: [None; 2],
            done: false,
        };
        tap.push(What::Opened { client });
        tap
    }

    /// The HTTP in what has passed so far.
    pub fn dialogue(&self) -> &Dialogue {
        self.conversation.http()
    }

    fn push(&self, what: What) {
        self.push_at(self.clock.now(), what);
    }

    fn push_at(&self, at: Duration, what: What) {
        self.queue.push(Item { conn: self.conn, at, what });
    }

    /// `from` sent these bytes. Returns how many of them are to be passed on now: all, or those up to a point where TLS may
    /// begin (see [`Conversation::feed`]); the others are to be given again, or to TLS.
    pub fn passed(&mut self, from: Side, bytes: &[u8]) -> usize {
        self.observe(from, bytes, false)
    }

    /// The XML stream, or what else the connection speaks.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// TLS has begun.
    pub fn secured(&mut self, secured: Secured) {
        self.conversation.secured(secured.passed);
        self.push(What::Secured(Box::new(secured)));
    }

    /// Something was done on purpose to what passes.
    pub fn fault(&self, fault: AppliedFault) {
        self.push(What::Fault(Box::new(fault)));
    }

    /// The proxy answered the client with these bytes in the target's place.
    pub fn answered(&mut self, bytes: &[u8]) {
        self.observe(Side::Server, bytes, true);
    }

    fn observe(&mut self, from: Side, bytes: &[u8], own: bool) -> usize {
        if self.conversation.is_over() {
            self.bytes[from as usize] += bytes.len() as u64;
            return bytes.len();
        }
        let duplex = self.conversation.is_duplex();
        let between = self.conversation.is_between(from);
        let before = self.dialogue().owed();
        // Most often a head, content, and the end.
        let mut marks = Vec::with_capacity(4);
        let len = self.conversation.feed(from, bytes, &mut marks);
        self.bytes[from as usize] += len as u64;
        self.owes(before);
        self.report(from, &bytes[..len], marks, own, (between, duplex));
        len
    }

    /// Hands marked bytes to the observer, or counts them as lost. `between` and `duplex` are those of before them.
    fn report(
        &mut self,
        from: Side,
        bytes: &[u8],
        mut marks: Vec<Mark>,
        own: bool,
        (between, duplex): (bool, bool),
    ) {
        let place = if duplex { from as usize } else { 0 };
        if self.lost[place].is_some() {
            let Some((mark, start)) = found_again(&marks, between, duplex) else {
                return self.lose(place, bytes.len(), &marks);
            };
            let rest = marks.split_off(mark);
            self.lose(place, start, &marks);
            let Some(chunk) = self.queue.chunk(&bytes[start..], &rest) else {
                return self.lose(place, bytes.len() - start, &rest);
            };
            let lost = self.lost[place].take().unwrap_or_default();
            self.push(What::Lost(lost, duplex.then_some(from)));
            let marks = self.conversation.introduction().into_iter().chain(rest).collect();
            return self.push(What::Bytes { from, bytes: chunk, marks, own });
        }
        match self.queue.chunk(bytes, &marks) {
            Some(bytes) => self.push(What::Bytes { from, bytes, marks, own }),
            None => self.lose(place, bytes.len(), &marks),
        }
    }

    /// So many bytes cannot be observed.
    fn lose(&mut self, place: usize, bytes: usize, marks: &[Mark]) {
        self.lost[place].get_or_insert_default().add(bytes, marks);
        if place == 0 && marks.iter().any(|mark| matches!(mark, Mark::WebSocket(_))) {
            // From now on each side is lost, and found again, on its own.
            self.lost[1] = Some(Lost::default());
        }
    }

    /// The connection owes another number of answers than before.
    fn owes(&self, before: usize) {
        // Wraps around where the difference is negative, as atomic additions do.
        let more = self.dialogue().owed().wrapping_sub(before);
        self.queue.owed.fetch_add(more, Ordering::Relaxed);
    }

    /// The `Origin` of the client's requests: it is a browser.
    pub fn origin(&self) -> Option<&str> {
        self.conversation.origin()
    }

    /// One side sent its last byte.
    pub fn ended(&mut self, by: Side, how: How) {
        self.end(self.clock.now(), by, how, false);
    }

    /// Both sides had sent their last byte when that was seen: which one was first is not known.
    pub fn both_ended(&mut self, client: How, server: How) {
        let at = self.clock.now();
        self.end(at, Side::Client, client, true);
        self.end(at, Side::Server, server, true);
    }

    /// Whether this side was seen to end.
    pub fn has_ended(&self, side: Side) -> bool {
        self.ends[side as usize].is_some()
    }

    fn end(&mut self, at: Duration, by: Side, how: How, together: bool) {
        let known = &mut self.ends[by as usize];
        // A reset may follow the last byte; anything else is the same end, seen again.
        if known.is_some_and(|known| known != How::Fin || how == How::Fin) {
            return;
        }
        *known = Some(how);
        let marks = self.finish(by);
        self.push_at(at, What::Ended { by, how, together, marks });
    }

    /// Nothing more comes from this side: what this makes of the message that was coming, if that was observed.
    fn finish(&mut self, from: Side) -> Vec<Mark> {
        let before = self.dialogue().owed();
        let mut marks = Vec::new();
        self.conversation.finish(from, &mut marks);
        self.owes(before);
        let place = if self.conversation.is_duplex() { from as usize } else { 0 };
        if self.lost[place].is_some() { Vec::new() } else { marks }
    }

    /// The target could not be reached, or went away before it answered.
    pub fn failed(&self, cause: String) {
        self.push(What::Failed { cause });
    }

    /// The connection came to its end.
    pub fn close(mut self) {
        self.done = true;
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let duplex = self.conversation.is_duplex();
        let marks = [Side::Client, Side::Server].map(|side| self.finish(side));
        for (side, lost) in [Side::Client, Side::Server].into_iter().zip(self.lost) {
            if let Some(lost) = lost.filter(|lost| lost.bytes > 0) {
                self.push(What::Lost(lost, duplex.then_some(side)));
            }
        }
        self.queue.owed.fetch_sub(self.dialogue().owed(), Ordering::Relaxed);
        let [client, server] = self.bytes;
        self.push(What::Closed { client, server, stopped: !self.done, marks });
    }
}

/// Where observing can begin anew in a chunk: at which of its marks, and at which of its bytes. `between`: nothing was begun
/// in front of it. A dialogue begins anew only between two chunks.
fn found_again(marks: &[Mark], between: bool, duplex: bool) -> Option<(usize, usize)> {
    if between || !duplex {
        return between.then_some((0, 0));
    }
    let (mut at, mut in_message) = (0, true);
    for (index, mark) in marks.iter().enumerate() {
        at += mark.len();
        let ends = match mark {
            Mark::Frame(_, head) => {
                if !head.opcode.is_control() {
                    in_message = !head.fin;
                }
                false
            }
            Mark::FrameEnd => !in_message,
            Mark::Item(..) => true,
            _ => false,
        };
        if ends && index + 1 < marks.len() {
            return Some((index + 1, at));
        }
    }
    None
}
