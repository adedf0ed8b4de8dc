//! What is to be written to one side, and when.

use std::collections::VecDeque;
use std::time::Duration;

use crate::wire::tap::How;

/// A slow message is written in so many steps a second.
const STEPS: u64 = 20;

/// Bytes to be written.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// Not before this time.
    pub(super) due: Duration,
    /// No more than so many bytes a second.
    pub(super) rate: Option<u64>,
    /// They are not what the other side sent.
    pub(super) own: bool,
    /// Then the connection ends.
    pub(super) cut: Option<How>,
}

/// What is to be done next on the way to one side.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Write these bytes, or some of them. `own`: they were made in the server's place.
    Write {
        /// The bytes.
        bytes: &'a [u8],
        /// They were made in the server's place.
        own: bool,
    },
    /// Nothing, until this time if there is one.
    Wait(Option<Duration>),
    /// No more bytes will come: end this direction in order.
    Shut,
    /// End the connection, both directions, in this way.
    Cut(How),
}

/// The way to one side.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pieces: VecDeque<Piece>,
    /// Of the first piece.
    written: usize,
    /// Pieces that others overtake; with a ticket, by which it is known when that has happened.
    aside: Vec<(Option<u64>, Piece)>,
    /// Nothing is written before this time.
    stalled: Duration,
    /// The sender has ended.
    ended: bool,
    shut: bool,
}

impl Lane {
    /// Behind everything else.
    pub(super) fn push(&mut self, piece: Piece) {
        if !piece.bytes.is_empty() || piece.cut.is_some() {
            self.pieces.push_back(piece);
        }
    }

    /// To be overtaken.
    pub(super) fn put_aside(&mut self, ticket: Option<u64>, piece: Piece) {
        self.aside.push((ticket, piece));
    }

    /// Nothing is written until this time.
    pub(super) fn stall(&mut self, until: Duration) {
        self.stalled = self.stalled.max(until);
    }

    /// The sender will send nothing more.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// What waits is given up.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.aside.clear();
        self.written = 0;
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.aside.is_empty()
    }

    /// Bytes that wait.
    pub(super) fn size(&self) -> usize {
        let all = self.pieces.iter().chain(self.aside.iter().map(|(_, piece)| piece));
        all.map(|piece| piece.bytes.len()).sum()
    }

    /// The tickets of what has been put aside.
    pub(super) fn tickets(&self) -> impl Iterator<Item = u64> {
        self.aside.iter().filter_map(|(ticket, _)| *ticket)
    }

    /// What was put aside under this ticket is due at this time.
    pub(super) fn release(&mut self, ticket: u64, due: Duration) {
        for (known, piece) in &mut self.aside {
            if *known == Some(ticket) {
                *known = None;
                piece.due = piece.due.min(due);
            }
        }
    }

    /// What was put aside takes its place if it is due.
    pub(super) fn tick(&mut self, now: Duration) {
        let mut index = 0;
        while index < self.aside.len() {
            if self.aside[index].1.due <= now {
                let (_, piece) = self.aside.remove(index);
                self.pieces.push_back(piece);
            } else {
                index += 1;
            }
        }
    }

    /// What is to be done now.
    pub(super) fn next(&self, now: Duration) -> Next<'_> {
        let aside = self.aside.iter().map(|(_, piece)| piece.due).min();
        let Some(piece) = self.pieces.front() else {
            let done = self.ended && !self.shut && aside.is_none() && self.stalled <= now;
            return if done { Next::Shut } else { Next::Wait(aside) };
        };
        let due = piece.due.max(self.stalled);
        if due > now {
            let due = Some(due).filter(|&due| due < Duration::MAX);
            return Next::Wait(due.into_iter().chain(aside).min());
        }
        let rest = &piece.bytes[self.written..];
        let step = piece.rate.map_or(rest.len(), |rate| (rate / STEPS).max(1) as usize);
        match (rest, piece.cut) {
            ([], Some(how)) => Next::Cut(how),
            _ => Next::Write { bytes: &rest[..step.min(rest.len())], own: piece.own },
        }
    }

    /// So many bytes were written.
    pub(super) fn wrote(&mut self, bytes: usize, now: Duration) {
        let Some(piece) = self.pieces.front_mut() else { return };
        self.written += bytes;
        if let Some(rate) = piece.rate {
            piece.due = now + Duration::from_secs_f64(bytes as f64 / rate as f64);
        }
        if self.written >= piece.bytes.len() && piece.cut.is_none() {
            // Its last bytes take their time too.
            let due = piece.due;
            self.pieces.pop_front();
            self.written = 0;
            if let Some(next) = self.pieces.front_mut() {
                next.due = next.due.max(due);
            }
        }
    }

    /// Its direction was ended in order.
    pub(super) fn was_shut(&mut self) {
        self.shut = true;
    }

    /// Whether its direction was ended.
    pub(super) fn is_shut(&self) -> bool {
        self.shut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn piece(text: &str, due: Duration) -> Piece {
        Piece { bytes: text.as_bytes().to_vec(), due, ..Piece::default() }
    }

    fn writes(lane: &mut Lane, now: Duration) -> String {
        let mut all = String::new();
        loop {
            lane.tick(now);
            let Next::Write { bytes, .. } = lane.next(now) else { return all };
            all += std::str::from_utf8(bytes).unwrap();
            let len = bytes.len();
            lane.wrote(len, now);
        }
    }

    #[test]
    fn what_is_delayed_holds_up_what_is_behind_it_and_what_is_put_aside_does_not() {
        let mut lane = Lane::default();
        lane.push(piece("a", ms(10)));
        lane.push(piece("b", ms(0)));
        assert_eq!(lane.next(ms(0)), Next::Wait(Some(ms(10))));
        assert_eq!(writes(&mut lane, ms(10)), "ab");
        lane.put_aside(None, piece("c", ms(30)));
        lane.push(piece("d", ms(0)));
        lane.end();
        assert_eq!(writes(&mut lane, ms(10)), "d");
        assert_eq!(lane.next(ms(10)), Next::Wait(Some(ms(30))));
        assert_eq!(writes(&mut lane, ms(30)), "c");
        assert_eq!(lane.next(ms(30)), Next::Shut);
    }

    #[test]
    fn a_rate_is_kept() {
        let mut lane = Lane::default();
        lane.push(Piece { rate: Some(100), ..piece(&"x".repeat(50), ms(0)) });
        lane.push(piece("behind", ms(0)));
        let mut now = ms(0);
        let mut came = 0;
        while came < 50 {
            came += writes(&mut lane, now).len();
            now += ms(50);
        }
        assert_eq!((came, now), (50, ms(500)));
        assert_eq!(writes(&mut lane, now), "behind");
    }

    #[test]
    fn a_stall_may_end() {
        let mut lane = Lane::default();
        lane.stall(ms(100));
        lane.push(piece("a", ms(0)));
        assert_eq!(lane.next(ms(99)), Next::Wait(Some(ms(100))));
        assert_eq!(writes(&mut lane, ms(100)), "a");
        lane.stall(Duration::MAX);
        lane.push(piece("b", ms(0)));
        assert_eq!(lane.next(ms(1_000_000)), Next::Wait(None));
    }
}
