//! The shortest part of a trace that still shows something: delta debugging over its messages.
//!
//! A message of HTTP is left out with its response, and a session as a whole before any of its messages. What a login needs stays with
//! its session, so that what is left can be run. Rids are counted anew, without the gaps that would be findings of their own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::acts::{Acts, What, received, sent};
use super::login::Login;
use super::renumber::Rids;
use crate::trace::{Event, Fact, SessionId, Story};

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shrinking {
    /// Messages that are left.
    pub left: usize,
    /// How often it was tried whether something can be left out.
    pub tries: u64,
}

/// What is left of a trace.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The events.
    pub events: Vec<Event>,
    /// How many messages there were; a request and its response count as one.
    pub before: usize,
    /// How many are left.
    pub left: usize,
    /// Nothing more can be left out; otherwise the time was over.
    pub finished: bool,
}

/// Takes messages out of a trace for as long as it `shows` what is looked for. `go_on` hears how far it is, and says whether there is time
/// for more. None if the whole trace does not show it.
pub fn shrink(
    events: &[Event],
    shows: &mut dyn FnMut(&[Event]) -> bool,
    go_on: &mut dyn FnMut(Shrinking) -> bool,
) -> Option<Shrunk> {
    let units = Units::of(events);
    let before = units.all.len();
    let mut tries = 0;
    let mut time = true;
    let all: Vec<usize> = (0..before).collect();
    if !shows(events) {
        return None;
    }
    // With rids counted anew, which changes nothing yet but what was odd from the start.
    if !shows(&units.events(events, &all)) {
        let (events, left) = (events.to_vec(), before);
        return Some(Shrunk { events, before, left, finished: true });
    }
    let mut kept = all;
    for pass in [Units::sessions, Units::messages] {
        let mut groups = pass(&units, &kept);
        let mut size = groups.len().div_ceil(2).max(1);
        while time && !groups.is_empty() {
            let mut at = 0;
            let mut changed = false;
            while at < groups.len() && time {
                let end = (at + size).min(groups.len());
                let out: BTreeSet<usize> = groups[at..end].iter().flatten().copied().collect();
                let rest: Vec<usize> =
                    kept.iter().copied().filter(|unit| !out.contains(unit)).collect();
                tries += 1;
                if shows(&units.events(events, &rest)) {
                    kept = rest;
                    groups.drain(at..end);
                    changed = true;
                } else {
                    at = end;
                }
                time = go_on(Shrinking { left: kept.len(), tries });
            }
            if size == 1 && !changed {
                break;
            }
            size = if size > 1 { size.div_ceil(2) } else { 1 };
        }
    }
    let events = units.events(events, &kept);
    Some(Shrunk { events, before, left: kept.len(), finished: time })
}

/// The messages of a trace, which are left out or kept.
struct Units {
    all: Vec<Unit>,
    /// The unit that an event belongs to.
    of: HashMap<usize, usize>,
}

#[derive(Default)]
struct Unit {
    session: Option<SessionId>,
    conn: u64,
    /// It stays as long as its session does.
    needed: bool,
}

impl Units {
    fn of(events: &[Event]) -> Self {
        let mut story = Story::default();
        let mut units = Self { all: Vec::new(), of: HashMap::new() };
        let mut exchanges: HashMap<u64, usize> = HashMap::new();
        let mut joined: HashMap<SessionId, SessionId> = HashMap::new();
        for (number, event) in events.iter().enumerate() {
            let effect = story.take(event);
            let message = effect.message.as_ref();
            if let Some(message) = message
                && let (Some(new), Some(old)) = (message.resumes, message.session)
            {
                joined.insert(new, old);
            }
            let session = message.and_then(|message| message.session).or(effect.session);
            let exchange = message.and_then(|message| message.exchange.as_ref());
            let unit = match (&event.fact, exchange) {
                (Fact::Request(_) | Fact::Response(_), Some(exchange)) => {
                    *exchanges.entry(exchange.number).or_insert_with(|| units.add(event.conn))
                }
                (Fact::Request(_) | Fact::Response(_) | Fact::Frame(_) | Fact::Part(_), _) => {
                    units.add(event.conn)
                }
                _ => continue,
            };
            units.all[unit].session = units.all[unit].session.or(session);
            units.of.insert(number, unit);
        }
        for unit in &mut units.all {
            while let Some(old) = unit.session.and_then(|session| joined.get(&session)) {
                unit.session = Some(*old);
            }
        }
        units.need(events, &exchanges);
        units
    }

    fn add(&mut self, conn: u64) -> usize {
        self.all.push(Unit { conn, ..Unit::default() });
        self.all.len() - 1
    }

    /// Notes what logins need.
    fn need(&mut self, events: &[Event], exchanges: &HashMap<u64, usize>) {
        let acts = Acts::of(events);
        let logins: BTreeMap<SessionId, Login> =
            acts.sessions.iter().map(|session| (session.id, Login::of(&acts, session))).collect();
        for act in &acts.acts {
            let Some(login) = logins.get(&act.session) else { continue };
            let part = sent(act).chain(received(act)).any(|element| login.takes(element));
            match &act.what {
                What::Request(request) if part || request.creates || is_restart(request) => {
                    if let Some(&unit) = exchanges.get(&request.exchange) {
                        self.all[unit].needed = true;
                    }
                }
                What::Response(response) if part => {
                    if let Some(&unit) = exchanges.get(&response.exchange) {
                        self.all[unit].needed = true;
                    }
                }
                What::Element { conn, .. } if part => {
                    // Found by its time: the act is an event of this connection.
                    let place = events.iter().position(|event| {
                        event.conn == *conn
                            && event.at == act.at
                            && matches!(event.fact, Fact::Frame(_) | Fact::Part(_))
                    });
                    if let Some(unit) = place.and_then(|number| self.of.get(&number)) {
                        self.all[*unit].needed = true;
                    }
                }
                _ => {}
            }
        }
        // A handshake carries its session.
        for number in 0..self.all.len() {
            let conn = self.all[number].conn;
            let carries = |unit: &Unit| unit.conn == conn && unit.needed;
            if self.all[number].session.is_none() && self.all.iter().any(carries) {
                self.all[number].needed = true;
                self.all[number].session =
                    self.all.iter().find(|unit| carries(unit)).and_then(|unit| unit.session);
            }
        }
    }

    /// Each session with all of its messages.
    fn sessions(&self, kept: &[usize]) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<SessionId, Vec<usize>> = BTreeMap::new();
        for &unit in kept {
            if let Some(session) = self.all[unit].session {
                groups.entry(session).or_default().push(unit);
            }
        }
        groups.into_values().collect()
    }

    /// Each message that may be left out by itself.
    fn messages(&self, kept: &[usize]) -> Vec<Vec<usize>> {
        kept.iter().filter(|&&unit| !self.all[unit].needed).map(|&unit| vec![unit]).collect()
    }

    /// The trace with these messages alone.
    fn events(&self, events: &[Event], kept: &[usize]) -> Vec<Event> {
        let kept: BTreeSet<usize> = kept.iter().copied().collect();
        let conns: BTreeSet<u64> = kept.iter().map(|&unit| self.all[unit].conn).collect();
        let stays = |number: usize, event: &Event| match self.of.get(&number) {
            Some(unit) => kept.contains(unit),
            None => conns.contains(&event.conn) || event.fact == Fact::Finished,
        };
        // Which request of its connection each is, before and now.
        let mut places: HashMap<u64, (u64, HashMap<u64, u64>)> = HashMap::new();
        let mut counts: HashMap<u64, u64> = HashMap::new();
        let mut out = Vec::new();
        for (number, event) in events.iter().enumerate() {
            let stays = stays(number, event);
            if matches!(event.fact, Fact::Request(_)) {
                let before = counts.entry(event.conn).or_default();
                let (now, places) = places.entry(event.conn).or_default();
                if stays {
                    places.insert(*before, *now);
                    *now += 1;
                }
                *before += 1;
            }
            if !stays {
                continue;
            }
            let mut event = event.clone();
            if let Fact::Response(response) = &mut event.fact {
                let place = |before| places.get(&event.conn)?.1.get(&before).copied();
                response.answers = response.answers.and_then(place);
            }
            out.push(event);
        }
        Rids::of(events, &out).apply(&mut out);
        out
    }
}

fn is_restart(request: &super::acts::Request) -> bool {
    request.attr("xmpp:restart").is_some()
}

#[cfg(test)]
#[path = "shrink_tests.rs"]
mod tests;
