//! Which connection carried what. A browser may send several requests at once over one connection (HTTP/2), and often it is not
//! known which connection it was; here, as with HTTP/1, a connection carries one exchange at a time. So each connection of the
//! file becomes as many as there were exchanges at the same time, counted in the order of events.

use std::collections::HashMap;

use crate::trace::capture::CaptureError;
use crate::trace::event::{Event, Fact};

/// A connection that carries one exchange at a time.
#[derive(Debug, Clone, Copy)]
struct Lane {
    conn: u64,
    /// How many requests it has carried.
    requests: u64,
}

/// Gives events in order of time the numbers of connections. What comes has the number of its entry instead, from 1.
pub(super) struct Lanes<I> {
    events: I,
    /// The connection of each entry, as a number. Those that have none are of one.
    groups: Vec<u32>,
    /// Lanes that wait for a request, by connection.
    free: HashMap<u32, Vec<Lane>>,
    /// The lanes of entries that are not over.
    busy: HashMap<u64, Lane>,
    count: u64,
}

impl<I> Lanes<I> {
    pub(super) fn new(events: I, groups: Vec<u32>) -> Self {
        Self { events, groups, free: HashMap::new(), busy: HashMap::new(), count: 0 }
    }

    fn group(&self, entry: u64) -> u32 {
        usize::try_from(entry)
            .ok()
            .and_then(|entry| self.groups.get(entry).copied())
            .unwrap_or_default()
    }

    fn place(&mut self, event: &mut Event) {
        if event.fact == Fact::Finished {
            return;
        }
        let entry = event.conn;
        let group = self.group(entry);
        let lane = if let Some(lane) = self.busy.get(&entry) {
            *lane
        } else {
            let lane = self.free.get_mut(&group).and_then(Vec::pop).unwrap_or_else(|| {
                self.count += 1;
                Lane { conn: self.count, requests: 0 }
            });
            self.busy.insert(entry, lane);
            lane
        };
        event.conn = lane.conn;
        match &mut event.fact {
            Fact::Response(response) => {
                response.answers = Some(lane.requests);
                if response.status != 101 {
                    self.busy.remove(&entry);
                    let next = Lane { requests: lane.requests + 1, ..lane };
                    self.free.entry(group).or_default().push(next);
                }
            }
            // What comes next is on another connection.
            Fact::Closed { .. } => {
                self.busy.remove(&entry);
            }
            _ => {}
        }
    }
}

impl<I: Iterator<Item = Result<Event, CaptureError>>> Iterator for Lanes<I> {
    type Item = Result<Event, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut event = self.events.next()?;
        if let Ok(event) = &mut event {
            self.place(event);
        }
        Some(event)
    }
}
