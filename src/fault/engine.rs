//! Which faults are due for a message. It follows all connections as an observer does, so that conditions know sessions, rids
//! and stanzas.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::condition::{CERTAIN, Counts};
use super::specification::Fault;
use super::unit::{LONGEST, Unit};
use crate::random::Random;
use crate::trace::filter::Subject;
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::trace::{Effect, Event, Fact, SessionId, Story};
use crate::wire::Side;
use crate::wire::tap::{Item, Queue, What};

/// So many sessions are counted by themselves; then counting begins anew.
const SESSIONS: usize = 10_000;
/// So many requests are remembered for their responses; then the earlier ones are forgotten.
const ASKED: usize = 10_000;
/// A message that is overtaken follows the other one by this time, so that it is second at the server too.
const BEHIND: Duration = Duration::from_millis(50);

/// Decides which faults are due.
pub(super) struct Engine {
    recorder: Recorder,
    queue: Arc<Queue>,
    story: Story,
    faults: Vec<Active>,
    random: Box<dyn Random>,
    /// Messages that are to be overtaken.
    overtaken: Vec<Overtaken>,
    tickets: u64,
    conns: u64,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles: Vec<&str> = self.faults.iter().map(|active| active.fault.title()).collect();
        f.debug_struct("Engine").field("faults", &titles).finish_non_exhaustive()
    }
}

/// What another list of faults changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The titles of those that are new.
    pub added: Vec<String>,
    /// The titles of those that are gone.
    pub removed: Vec<String>,
}

/// A fault in force.
struct Active {
    fault: Arc<Fault>,
    since: Duration,
    counts: Counts,
    sessions: FxHashMap<Key, Counts>,
    /// Exchanges whose request is what is asked for, if it is the response that something is done to.
    asked: FxHashSet<u64>,
}

/// What is counted, or ordered, by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Session(SessionId),
    Conn(u64),
}

struct Overtaken {
    ticket: u64,
    key: (Key, Side),
    due: Option<Duration>,
}

/// A message, read, with what is to be done to it.
pub(super) struct Seen {
    pub(super) event: Event,
    pub(super) effect: Effect,
    pub(super) key: Key,
    pub(super) due: Vec<Arc<Fault>>,
}

impl Engine {
    pub(super) fn new(random: Box<dyn Random>) -> Self {
        Self {
            // What is secret is looked for like everything else, and never leaves this room.
            recorder: Recorder::new(Intake::new(true, LONGEST)),
            queue: Queue::new(usize::MAX / 2),
            story: Story::default(),
            faults: Vec::new(),
            random,
            overtaken: Vec::new(),
            tickets: 0,
            conns: 0,
        }
    }

    pub(super) fn list(&self) -> impl Iterator<Item = &Arc<Fault>> {
        self.faults.iter().map(|active| &active.fault)
    }

    /// These are in force from now on. Those that were before go on counting.
    pub(super) fn set(&mut self, faults: Vec<Arc<Fault>>, now: Duration) -> Change {
        let mut old = std::mem::take(&mut self.faults);
        let mut change = Change::default();
        for fault in faults {
            let known = old.iter().position(|active| active.fault.is_same(&fault));
            let active = if let Some(index) = known {
                old.remove(index)
            } else {
                change.added.push(fault.title().to_owned());
                Active {
                    fault,
                    since: now,
                    counts: Counts::default(),
                    sessions: FxHashMap::default(),
                    asked: FxHashSet::default(),
                }
            };
            self.faults.push(active);
        }
        change.removed = old.iter().map(|active| active.fault.title().to_owned()).collect();
        change
    }

    /// A client has connected. Gives the number of its connection.
    pub(super) fn open(&mut self, client: SocketAddr, now: Duration) -> u64 {
        self.conns += 1;
        self.happens(self.conns, now, What::Opened { client });
        self.conns
    }

    /// TLS has begun on a connection.
    pub(super) fn secured(&mut self, conn: u64, now: Duration) {
        self.happens(conn, now, What::Secured(Box::default()));
    }

    /// A connection is gone.
    pub(super) fn close(&mut self, conn: u64, now: Duration) {
        let marks = [Vec::new(), Vec::new()];
        self.happens(conn, now, What::Closed { client: 0, server: 0, stopped: false, marks });
    }

    /// The events, of which the last one is the message if there is one.
    fn happens(&mut self, conn: u64, at: Duration, what: What) -> Option<(Event, Effect)> {
        let mut events = Vec::new();
        self.recorder.take(Item { conn, at, what }, &mut events);
        let story = &mut self.story;
        events.into_iter().fold(None, |_, event| {
            let effect = story.take(&event);
            Some((event, effect))
        })
    }

    /// One side has sent these bytes; or, if they are `own`, they are said in the server's place.
    pub(super) fn see(&mut self, conn: u64, now: Duration, unit: &Unit, own: bool) -> Option<Seen> {
        let bytes = self.queue.chunk(&unit.bytes, &unit.marks)?;
        let (from, marks) = (unit.from, unit.marks.clone());
        let (event, effect) = self.happens(conn, now, What::Bytes { from, bytes, marks, own })?;
        let is_message = matches!(
            event.fact,
            Fact::Request(_) | Fact::Response(_) | Fact::Frame(_) | Fact::Part(_)
        );
        if !unit.whole || !is_message {
            return None;
        }
        let session = effect.message.as_ref().and_then(|message| message.session);
        let session = session.or(effect.session);
        let key = session.map_or(Key::Conn(conn), Key::Session);
        let mut seen = Seen { event, effect, key, due: Vec::new() };
        if !own {
            let subject = Subject::new(Some(&seen.event), &seen.effect, session, &self.story);
            let random = &mut self.random;
            let due = self.faults.iter_mut().filter_map(|active| {
                active
                    .is_due(&seen, &subject, now, random.as_mut())
                    .then(|| Arc::clone(&active.fault))
            });
            seen.due = due.collect();
        }
        Some(seen)
    }

    /// A message of this kind is to be overtaken by the next one. Gives a ticket for it.
    pub(super) fn overtake(&mut self, key: (Key, Side)) -> u64 {
        self.tickets += 1;
        self.overtaken.push(Overtaken { ticket: self.tickets, key, due: None });
        self.tickets
    }

    /// A message of this kind is passed on. Whether it overtakes another one.
    pub(super) fn passes(&mut self, key: (Key, Side), now: Duration) -> bool {
        let mut any = false;
        for other in
            self.overtaken.iter_mut().filter(|other| other.key == key && other.due.is_none())
        {
            other.due = Some(now + BEHIND);
            any = true;
        }
        any
    }

    /// When what was to be overtaken is due, if that has happened. The ticket is used up then.
    pub(super) fn released(&mut self, ticket: u64) -> Option<Duration> {
        let index = self.overtaken.iter().position(|other| other.ticket == ticket)?;
        let due = self.overtaken[index].due?;
        self.overtaken.remove(index);
        Some(due)
    }

    /// Nobody asks for this ticket any more.
    pub(super) fn forget(&mut self, ticket: u64) {
        self.overtaken.retain(|other| other.ticket != ticket);
    }

    /// A random time between two.
    pub(super) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_micros() as u64;
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        least + Duration::from_micros(u64::from_le_bytes(bytes) % (span + 1))
    }
}

impl Active {
    fn is_due(
        &mut self,
        seen: &Seen,
        subject: &Subject<'_>,
        now: Duration,
        random: &mut dyn Random,
    ) -> bool {
        let Fault { when, what, side, .. } = &*self.fault;
        if now.saturating_sub(self.since) < when.after {
            return false;
        }
        let sides = [*side, what.side()];
        let from = seen.event.fact.from();
        let exchange = seen.effect.message.as_ref().and_then(|message| message.exchange.as_ref());
        let exchange = exchange.filter(|_| sides.contains(&Some(Side::Server)));
        let of_request = match (exchange, from) {
            (Some(exchange), Some(Side::Client)) if when.matches(subject) => {
                if self.asked.len() >= ASKED {
                    self.asked.clear();
                }
                self.asked.insert(exchange.number);
                false
            }
            (Some(exchange), Some(Side::Server)) => self.asked.remove(&exchange.number),
            _ => false,
        };
        if sides.into_iter().flatten().any(|side| from != Some(side))
            || !what.fits(&seen.event.fact, &seen.effect)
            || !(of_request || when.matches(subject))
        {
            return false;
        }
        let counts = if when.per_session {
            if self.sessions.len() >= SESSIONS && !self.sessions.contains_key(&seen.key) {
                self.sessions.clear();
            }
            self.sessions.entry(seen.key).or_default()
        } else {
            &mut self.counts
        };
        counts.is_due(when, || {
            let mut bytes = [0; 4];
            random.fill(&mut bytes);
            u32::from_le_bytes(bytes) % CERTAIN
        })
    }
}
