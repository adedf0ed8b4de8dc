//! Which `<body/>` answers which, and what connections may have carried them. A log knows no connections. Requests that are open
//! at the same time get different numbers, and those that follow each other the same, as a browser would do it.

use std::collections::VecDeque;

/// So many requests may be open; of more, the oldest is given up.
const OPEN: usize = 1024;

/// The exchanges of BOSH.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    open: VecDeque<Open>,
    /// Connections on which nothing is open, and how many requests they had.
    free: Vec<Place>,
    /// What strophe.js calls the request that comes next.
    posted: Option<u64>,
    /// A response came whose request is not in the log.
    pub unasked: bool,
}

/// The request of a connection that has this number, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub conn: u64,
    pub number: u64,
    /// It neither opens nor ends a session, so that a response says nothing but its stanzas.
    pub plain: bool,
}

#[derive(Debug)]
struct Open {
    place: Place,
    sid: Option<String>,
    id: Option<u64>,
    rid: Option<String>,
}

impl Exchanges {
    /// strophe.js says what it calls the next request.
    pub(super) fn post(&mut self, id: u64) {
        self.posted = Some(id);
    }

    /// A request came. Gives where; `conns` is how many connections there are.
    pub(super) fn request(
        &mut self,
        sid: Option<&str>,
        rid: Option<&str>,
        plain: bool,
        conns: &mut u64,
    ) -> Place {
        if self.open.len() == OPEN {
            let given_up = self.open.pop_front();
            self.free.extend(given_up.map(|open| open.place.next()));
        }
        let place = self.free.pop().unwrap_or_else(|| {
            *conns += 1;
            Place { conn: *conns, number: 0, plain }
        });
        let place = Place { plain, ..place };
        let [sid, rid] = [sid, rid].map(|text| text.map(str::to_owned));
        self.open.push_back(Open { place, sid, id: self.posted.take(), rid });
        place
    }

    /// A response came in this session. Gives the request that it answers: the oldest that is open.
    pub(super) fn response(&mut self, sid: Option<&str>) -> Option<Place> {
        let is_its = |open: &Open| match (sid, &open.sid) {
            (Some(sid), Some(other)) => sid == other,
            _ => true,
        };
        let at = self.open.iter().position(is_its);
        self.close(at)
    }

    /// A response to the request with this rid came. Gives where that was; none if it is not open.
    pub(super) fn answer(&mut self, rid: &str) -> Option<Place> {
        let at = self.open.iter().position(|open| open.rid.as_deref() == Some(rid))?;
        self.close(Some(at))
    }

    /// The request that strophe.js calls so was answered, though not with 200. Gives where it was.
    pub(super) fn refused(&mut self, id: u64) -> Option<Place> {
        let at = self.called(id);
        self.close(at)
    }

    /// It got no response. Gives where it was; nothing comes on this connection any more.
    pub(super) fn lost(&mut self, id: u64) -> Option<Place> {
        let at = self.called(id);
        self.take(at)
    }

    fn called(&self, id: u64) -> Option<usize> {
        let by_id = self.open.iter().position(|open| open.id == Some(id));
        by_id.or_else(|| self.open.iter().position(|open| open.id.is_none()))
    }

    fn close(&mut self, at: Option<usize>) -> Option<Place> {
        let place = self.take(at)?;
        self.free.push(place.next());
        Some(place)
    }

    fn take(&mut self, at: Option<usize>) -> Option<Place> {
        let open = at.and_then(|at| self.open.remove(at));
        self.unasked |= open.is_none();
        open.map(|open| open.place)
    }
}

impl Place {
    fn next(self) -> Self {
        Self { number: self.number + 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_answers_the_oldest_request_of_its_session() {
        let (mut exchanges, mut conns) = (Exchanges::default(), 0);
        let place = |conn, number| Place { conn, number, plain: true };
        assert_eq!(exchanges.request(None, None, true, &mut conns), place(1, 0));
        assert_eq!(exchanges.response(Some("a")), Some(place(1, 0)));
        assert_eq!(exchanges.request(Some("a"), None, true, &mut conns), place(1, 1));
        assert_eq!(exchanges.request(Some("a"), None, true, &mut conns), place(2, 0));
        assert_eq!(exchanges.request(Some("b"), None, true, &mut conns), place(3, 0));
        assert_eq!(exchanges.response(Some("b")), Some(place(3, 0)));
        assert_eq!(exchanges.response(None), Some(place(1, 1)));
        assert!(!exchanges.unasked);
        assert_eq!(exchanges.response(Some("c")), None);
        assert!(exchanges.unasked);
        assert_eq!(conns, 3);
    }

    #[test]
    fn strophe_says_which_request_failed() {
        let (mut exchanges, mut conns) = (Exchanges::default(), 0);
        exchanges.post(1);
        exchanges.request(Some("a"), None, true, &mut conns);
        exchanges.post(2);
        let second = exchanges.request(Some("a"), None, true, &mut conns);
        assert_eq!(exchanges.refused(2), Some(second));
        assert_eq!(exchanges.refused(7), None);
        assert_eq!(exchanges.response(None).map(|place| place.conn), Some(1));
        // A connection is not used again after it was lost.
        exchanges.post(3);
        let third = exchanges.request(Some("a"), None, true, &mut conns);
        assert_eq!(exchanges.lost(3), Some(third));
        for _ in 0..3 {
            let next = exchanges.request(Some("a"), None, true, &mut conns);
            assert_ne!(next.conn, third.conn);
        }
    }

    #[test]
    fn open_requests_are_bounded() {
        let (mut exchanges, mut conns) = (Exchanges::default(), 0);
        for _ in 0..10 * OPEN {
            exchanges.request(None, None, true, &mut conns);
        }
        assert_eq!((exchanges.open.len(), conns), (OPEN, OPEN as u64));
    }
}
