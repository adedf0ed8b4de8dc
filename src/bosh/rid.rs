//! The request ids of one session as an observer between client and connection manager sees them
//! (XEP-0124 §14).
//!
//! Either side may err and a request may never have passed here, so nothing is enforced: each
//! request is classed, and an answer shows what the connection manager must have received.
//! Memory is bounded by [`REMEMBERED`] requests.

use std::collections::VecDeque;
use std::hash::Hasher;

use rustc_hash::FxHasher;

/// How many of the latest requests are remembered, answered or not.
pub const REMEMBERED: usize = 32;

/// What a request is, judged by its rid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The next rid, or one that fills a gap.
    New,
    /// A rid seen before.
    Repeat {
        /// Which sending of this rid it is: 2 for the first repeat.
        n: u32,
        /// Whether it is the same request as the first one (by fingerprint).
        identical: bool,
        /// Whether an earlier copy is still open.
        held: bool,
    },
    /// Inside the window, but requests before it have not been seen.
    Gap {
        /// The lowest rid not seen.
        first: u64,
        /// How many below this request have not been seen.
        missing: u64,
    },
    /// Above the highest rid the connection manager has to accept now.
    BeyondWindow {
        /// That highest rid: last contiguous rid plus `requests`.
        highest: u64,
    },
    /// Below all that is remembered, or below the rid that created the session.
    TooOld,
    /// Below the first rid seen here, in a session whose creation was not seen: nothing is known.
    BeforeObservation,
}

/// What an answer is, judged by the rid of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// No lower rid is open.
    InOrder,
    /// A lower rid is still open.
    OutOfOrder {
        /// The lowest of those open.
        waiting: u64,
    },
    /// Answered although lower rids have not been seen here: they took another way, or the
    /// connection manager did not wait for them. Counting goes on above this rid.
    PastGap {
        /// The lowest rid not seen.
        first: u64,
        /// How many have not been seen.
        missing: u64,
    },
    /// No such request is open, as far as is remembered.
    NotOpen,
}

#[derive(Debug, Clone)]
struct Request {
    rid: u64,
    fingerprint: u64,
    sends: u32,
    /// Copies sent and neither answered nor dropped.
    open: u32,
}

/// The rids of one session.
#[derive(Debug, Clone, Default)]
pub struct RidWindow {
    /// The first rid seen, and whether it created the session.
    first: Option<(u64, bool)>,
    contiguous: u64,
    requests: Option<u64>,
    /// By rid, the lowest first.
    seen: VecDeque<Request>,
}

/// A fingerprint of a request's bytes, to compare within one run of the program only.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

impl RidWindow {
    /// A session whose creation request has this rid.
    pub fn created(rid: u64, fingerprint: u64) -> Self {
        let mut window = Self { first: Some((rid, true)), contiguous: rid, ..Self::default() };
        window.remember(rid, fingerprint);
        window
    }

    /// A session that was under way already: the first request seen sets the base.
    pub fn joined() -> Self {
        Self::default()
    }

    /// Set the window size once the creation response granted `requests`. Without it no request is
    /// said to be beyond the window.
    pub fn grant(&mut self, requests: u64) {
        self.requests = Some(requests);
    }

    /// The window size granted.
    pub fn requests(&self) -> Option<u64> {
        self.requests
    }

    /// The highest rid below which none is missing.
    pub fn contiguous(&self) -> Option<u64> {
        self.first.map(|_| self.contiguous)
    }

    /// The rids with an open request, lowest first. Copies of one rid count once.
    pub fn open(&self) -> impl Iterator<Item = u64> + '_ {
        self.seen.iter().filter(|request| request.open > 0).map(|request| request.rid)
    }

    /// The lowest rid missing and how many are missing below the highest one seen.
    pub fn gap(&self) -> Option<(u64, u64)> {
        let highest = self.seen.back()?.rid;
        self.gap_below(highest)
    }

    /// Whether the connection manager should still hold the answer to this rid, when the client
    /// acknowledges nothing: it keeps those to the last `requests` rids. `None` if the size is unknown.
    pub fn should_be_buffered(&self, rid: u64) -> Option<bool> {
        let requests = self.requests?;
        Some(rid <= self.contiguous && self.contiguous - rid < requests)
    }

    /// A request was seen.
    pub fn request(&mut self, rid: u64, fingerprint: u64) -> Arrival {
        let Some((first, created)) = self.first else {
            self.first = Some((rid, false));
            self.contiguous = rid;
            self.remember(rid, fingerprint);
            return Arrival::New;
        };
        if let Some(request) = self.sent(rid) {
            let held = request.open > 0;
            request.sends = request.sends.saturating_add(1);
            request.open = request.open.saturating_add(1);
            let identical = request.fingerprint == fingerprint;
            return Arrival::Repeat { n: request.sends, identical, held };
        }
        if rid < first && !created {
            self.remember(rid, fingerprint);
            return Arrival::BeforeObservation;
        }
        if rid <= self.contiguous {
            return Arrival::TooOld;
        }
        // Judged before it is remembered, so that a full memory does not change the verdict.
        let arrival = match (self.requests, self.gap_below(rid)) {
            (_, None) => Arrival::New,
            (Some(requests), Some(_)) if rid - self.contiguous > requests => {
                Arrival::BeyondWindow { highest: self.contiguous.saturating_add(requests) }
            }
            (_, Some((first, _))) if rid == first => Arrival::New,
            (_, Some((first, missing))) => Arrival::Gap { first, missing },
        };
        self.remember(rid, fingerprint);
        self.advance();
        arrival
    }

    /// A request was answered, and not with an error that refuses it.
    pub fn answered(&mut self, rid: u64) -> Answer {
        if !self.close(rid) {
            return Answer::NotOpen;
        }
        if let Some((first, missing)) = self.gap_below(rid) {
            self.contiguous = rid;
            self.advance();
            return Answer::PastGap { first, missing };
        }
        match self.open().next() {
            Some(waiting) if waiting < rid => Answer::OutOfOrder { waiting },
            _ => Answer::InOrder,
        }
    }

    /// A request ended without an answer, or was refused with an error: this does not show that the
    /// connection manager took it.
    pub fn dropped(&mut self, rid: u64) {
        self.close(rid);
    }

    fn close(&mut self, rid: u64) -> bool {
        match self.sent(rid) {
            Some(request) if request.open > 0 => {
                request.open -= 1;
                true
            }
            _ => false,
        }
    }

    /// The lowest rid missing below `rid`, and how many are missing there.
    fn gap_below(&self, rid: u64) -> Option<(u64, u64)> {
        let first = self.contiguous.checked_add(1)?;
        if rid <= first {
            return None;
        }
        let seen = (self.place(rid) - self.place(first)) as u64;
        let missing = rid - first - seen;
        (missing > 0).then_some((first, missing))
    }

    /// Where a rid stands among those seen, or would stand.
    fn place(&self, rid: u64) -> usize {
        self.seen.partition_point(|request| request.rid < rid)
    }

    fn sent(&mut self, rid: u64) -> Option<&mut Request> {
        let place = self.place(rid);
        self.seen.get_mut(place).filter(|request| request.rid == rid)
    }

    fn advance(&mut self) {
        while let Some(next) = self.contiguous.checked_add(1)
            && self.sent(next).is_some()
        {
            self.contiguous = next;
        }
    }

    /// Remembers a request that was not seen before.
    fn remember(&mut self, rid: u64, fingerprint: u64) {
        let request = Request { rid, fingerprint, sends: 1, open: 1 };
        self.seen.insert(self.place(rid), request);
        if self.seen.len() > REMEMBERED {
            let oldest = self.seen.iter().position(|request| request.open == 0);
            self.seen.remove(oldest.unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session created with rid 100 whose creation is answered.
    fn session(requests: u64) -> RidWindow {
        let mut window = RidWindow::created(100, 0);
        assert_eq!(window.answered(100), Answer::InOrder);
        window.grant(requests);
        window
    }

    #[test]
    fn an_ordinary_session_has_two_open_at_most() {
        let mut w = session(2);
        assert_eq!(w.request(101, 1), Arrival::New);
        assert_eq!(w.request(102, 2), Arrival::New);
        assert_eq!(w.open().collect::<Vec<_>>(), [101, 102]);
        assert_eq!(w.answered(101), Answer::InOrder);
        assert_eq!(w.request(103, 3), Arrival::New);
        assert_eq!(w.open().collect::<Vec<_>>(), [102, 103]);
        assert_eq!(w.contiguous(), Some(103));
    }

    #[test]
    fn a_resend_after_a_lost_answer_is_an_identical_repeat() {
        let mut w = session(2);
        w.request(101, 7);
        w.dropped(101);
        assert_eq!(w.request(101, 7), Arrival::Repeat { n: 2, identical: true, held: false });
        w.answered(101);
        assert_eq!(w.request(101, 8), Arrival::Repeat { n: 3, identical: false, held: false });
    }

    #[test]
    fn a_repeat_of_a_held_request_leaves_two_copies_and_one_open_rid() {
        let mut w = session(2);
        w.request(101, 7);
        assert_eq!(w.request(101, 7), Arrival::Repeat { n: 2, identical: true, held: true });
        assert_eq!(w.open().count(), 1);
        w.dropped(101); // the older copy, answered with type='error'
        assert_eq!(w.open().count(), 1);
        assert_eq!(w.answered(101), Answer::InOrder);
        assert_eq!(w.answered(101), Answer::NotOpen);
    }

    #[test]
    fn requests_out_of_order_open_and_fill_a_gap() {
        let mut w = session(3);
        assert_eq!(w.request(103, 3), Arrival::Gap { first: 101, missing: 2 });
        assert_eq!(w.request(102, 2), Arrival::Gap { first: 101, missing: 1 });
        assert_eq!(w.gap(), Some((101, 1)));
        assert_eq!(w.contiguous(), Some(100));
        assert_eq!(w.request(101, 1), Arrival::New);
        assert_eq!(w.gap(), None);
        assert_eq!(w.contiguous(), Some(103));
    }

    #[test]
    fn filling_the_first_of_two_gaps_moves_the_base_up_to_the_second() {
        let mut w = session(5);
        w.request(102, 2);
        w.request(104, 4);
        assert_eq!(w.request(101, 1), Arrival::New);
        assert_eq!(w.contiguous(), Some(102));
        assert_eq!(w.gap(), Some((103, 1)));
    }

    #[test]
    fn last_plus_requests_is_inside_and_one_more_is_beyond() {
        let mut w = session(2);
        assert_eq!(w.request(102, 2), Arrival::Gap { first: 101, missing: 1 });
        assert_eq!(session(2).request(103, 3), Arrival::BeyondWindow { highest: 102 });
        assert_eq!(session(1).request(102, 2), Arrival::BeyondWindow { highest: 101 });
        assert_eq!(session(2).request(u64::MAX, 3), Arrival::BeyondWindow { highest: 102 });
    }

    #[test]
    fn a_refused_request_beyond_the_window_does_not_move_the_base() {
        let mut w = session(2);
        w.request(1101, 3);
        w.dropped(1101);
        assert_eq!(w.request(101, 1), Arrival::New);
        assert_eq!(w.contiguous(), Some(101));
    }

    #[test]
    fn without_a_granted_size_nothing_is_beyond() {
        let mut w = RidWindow::created(100, 0);
        assert_eq!(w.request(150, 1), Arrival::Gap { first: 101, missing: 49 });
        assert_eq!(w.should_be_buffered(100), None);
    }

    #[test]
    fn an_answer_past_a_gap_shows_that_requests_took_another_way() {
        let mut w = session(2);
        assert_eq!(w.request(102, 2), Arrival::Gap { first: 101, missing: 1 });
        assert_eq!(w.answered(102), Answer::PastGap { first: 101, missing: 1 });
        assert_eq!(w.request(103, 3), Arrival::New);
    }

    #[test]
    fn an_answer_out_of_order_names_the_request_still_waiting() {
        let mut w = session(2);
        w.request(101, 1);
        w.request(102, 2);
        assert_eq!(w.answered(102), Answer::OutOfOrder { waiting: 101 });
        assert_eq!(w.answered(101), Answer::InOrder);
    }

    #[test]
    fn a_rid_below_creation_is_too_old() {
        assert_eq!(session(2).request(99, 1), Arrival::TooOld);
        assert_eq!(session(2).request(0, 1), Arrival::TooOld);
    }

    #[test]
    fn a_session_joined_midway_says_when_it_does_not_know() {
        let mut w = RidWindow::joined();
        assert_eq!(w.contiguous(), None);
        assert_eq!(w.request(501, 1), Arrival::New);
        assert_eq!(w.request(500, 2), Arrival::BeforeObservation);
        assert_eq!(w.request(502, 3), Arrival::New);
        assert_eq!(w.answered(500), Answer::InOrder);
    }

    #[test]
    fn the_buffer_covers_the_last_requests_rids() {
        let mut w = session(2);
        for rid in 101..=105 {
            w.request(rid, rid);
            w.answered(rid);
        }
        assert_eq!(w.should_be_buffered(105), Some(true));
        assert_eq!(w.should_be_buffered(104), Some(true));
        assert_eq!(w.should_be_buffered(103), Some(false));
    }

    #[test]
    fn memory_stays_bounded_and_the_forgotten_are_too_old() {
        let mut w = session(2);
        for rid in 101..=300 {
            assert_eq!(w.request(rid, rid), Arrival::New);
            w.answered(rid);
        }
        assert_eq!(w.seen.len(), REMEMBERED);
        assert_eq!(w.request(150, 150), Arrival::TooOld);
        assert!(matches!(w.request(299, 299), Arrival::Repeat { n: 2, .. }));
    }

    #[test]
    fn a_held_request_is_not_forgotten_for_answered_ones() {
        let mut w = session(255);
        w.request(101, 1);
        for rid in 102..=200 {
            w.request(rid, rid);
            w.answered(rid);
        }
        assert_eq!(w.open().collect::<Vec<_>>(), [101]);
    }

    #[test]
    fn a_flood_of_open_requests_stays_bounded() {
        let mut w = session(2);
        for rid in (1000..100_000).step_by(7) {
            w.request(rid, rid);
        }
        assert_eq!(w.seen.len(), REMEMBERED);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let mut w = RidWindow::created(u64::MAX, 0);
        w.grant(u64::MAX);
        assert_eq!(w.answered(u64::MAX), Answer::InOrder);
        assert_eq!(w.request(1, 1), Arrival::TooOld);
        assert_eq!(w.gap(), None);
    }

    #[test]
    fn equal_bytes_have_equal_fingerprints() {
        assert_eq!(fingerprint(b"<body/>"), fingerprint(b"<body/>"));
        assert_ne!(fingerprint(b"<body/>"), fingerprint(b"<body />"));
    }
}
