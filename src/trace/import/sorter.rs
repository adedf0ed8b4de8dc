//! Events that a file has in another order than that of time: they are put in order outside of memory. What is kept
//! meanwhile has passed the intake, so no secret is in it.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use tempfile::SpooledTempFile;

use crate::trace::capture::{CaptureError, Events, line};
use crate::trace::event::{Event, Fact};

/// Up to this size all of it is kept in memory, beyond in a file without a name.
const MEMORY: usize = 16 << 20;

/// Takes events in any order, and gives them in order of time.
pub(super) struct Sorter {
    kept: SpooledTempFile,
    size: u64,
    places: Vec<Place>,
}

/// Where an event is kept.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: Duration,
    /// Of the same time, messages of HTTP come before what follows from them.
    rank: u8,
    offset: u64,
}

impl Default for Sorter {
    fn default() -> Self {
        Self { kept: SpooledTempFile::new(MEMORY), size: 0, places: Vec::new() }
    }
}

impl Sorter {
    /// Takes an event. Its times are since any beginning, the same for all, and zero if they are not known.
    pub(super) fn take(&mut self, event: &Event) -> io::Result<()> {
        self.take_as(event, 0)
    }

    /// The same; of events of one time, those of a lower rank come first.
    pub(super) fn take_as(&mut self, event: &Event, rank: u8) -> io::Result<()> {
        let mut text = serde_json::to_vec(event)?;
        text.push(b'\n');
        self.kept.write_all(&text)?;
        self.places.push(Place { at: event.at, rank, offset: self.size });
        self.size += text.len() as u64;
        Ok(())
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Keeps of the events those whose number, in the order in which they were taken, is wanted.
    pub(super) fn retain(&mut self, mut wanted: impl FnMut(usize) -> bool) {
        let mut number = 0;
        self.places.retain(|_| {
            number += 1;
            wanted(number - 1)
        });
    }

    /// The time of the first. Events whose time is not known have none, and come in front at that of the first which has one.
    pub(super) fn first(&self) -> Option<Duration> {
        let times = || self.places.iter().map(|place| place.at);
        times().filter(|at| !at.is_zero()).min().or_else(|| times().min())
    }

    /// The time of the last.
    fn last(&self) -> Option<Duration> {
        self.places.iter().map(|place| place.at).max()
    }

    /// All of a trace that begins at `start`: the events in order of time, their connections counted in this order, and behind them
    /// what went wrong.
    pub(super) fn trace(self, start: Duration, error: Option<CaptureError>) -> Events {
        let mut conns = HashMap::from([(0, 0)]);
        Box::new(self.in_order(start, error).map(move |event| {
            let mut event = event?;
            let next = conns.len() as u64;
            event.conn = *conns.entry(event.conn).or_insert(next);
            Ok(event)
        }))
    }

    /// The same with connections as they were taken.
    pub(super) fn in_order<E>(self, start: Duration, errors: E) -> Events
    where
        E: IntoIterator<Item = CaptureError, IntoIter: Send + 'static>,
    {
        let end = self.last().unwrap_or(start).saturating_sub(start);
        let finished = Event { at: end, conn: 0, fact: Fact::Finished };
        Box::new(self.events(start).chain(errors.into_iter().map(Err)).chain([Ok(finished)]))
    }

    /// The events in order of time, which begins at `start`; those of the same time as they were taken.
    fn events(
        mut self,
        start: Duration,
    ) -> impl Iterator<Item = Result<Event, CaptureError>> + Send {
        self.places.sort_by_key(|place| (place.at, place.rank));
        let mut kept = BufReader::new(self.kept);
        let mut at = self.size;
        self.places.into_iter().map(move |place| {
            // Unlike `seek`, this keeps what is read ahead.
            kept.seek_relative(place.offset.cast_signed() - at.cast_signed())?;
            let mut text = Vec::new();
            at = place.offset + kept.read_until(b'\n', &mut text)? as u64;
            let mut event = line(&text)?;
            shift(&mut event, start);
            Ok(event)
        })
    }
}

/// The same event with times since `start`.
fn shift(event: &mut Event, start: Duration) {
    event.at = event.at.saturating_sub(start);
    let first = match &mut event.fact {
        Fact::Request(request) => &mut request.first,
        Fact::Response(response) => &mut response.first,
        Fact::Frame(frame) => &mut frame.first,
        Fact::Part(part) => &mut part.first,
        _ => return,
    };
    *first = first.saturating_sub(start);
}
