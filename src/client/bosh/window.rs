//! The requests of a session that wait for their responses: what is sent again, and in which order responses are taken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::action::Request;
use crate::bosh::Body;

/// One request is sent this often at most.
const SENDS: u32 = 5;
/// From the second repeat of a request on there is so much time before it, and each time twice as much.
const PATIENCE: Duration = Duration::from_secs(1);

/// A request was sent as often as it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// A request that was sent and whose response has not been taken yet.
#[derive(Debug)]
struct Open {
    content: Arc<str>,
    empty: bool,
    sent: Duration,
    sending: u32,
    /// Its connection was lost, and then it is sent again.
    again: Option<Duration>,
    /// Its response, which waits for those before it.
    answer: Option<Body>,
}

/// A response whose turn it is.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Body,
    /// Its request was an empty one.
    pub(super) to_empty: bool,
    /// When that was sent first.
    pub(super) sent: Duration,
}

/// The requests whose responses have not been taken, by rid.
#[derive(Debug, Default)]
pub(super) struct Window {
    open: BTreeMap<u64, Open>,
}

impl Window {
    /// A request is sent for the first time.
    pub(super) fn send(
        &mut self,
        rid: u64,
        content: String,
        empty: bool,
        now: Duration,
    ) -> Request {
        let content: Arc<str> = content.into();
        let request = Request { rid, sending: 1, content: Arc::clone(&content) };
        let open = Open { content, empty, sent: now, sending: 1, again: None, answer: None };
        self.open.insert(rid, open);
        request
    }

    /// The rids of the requests that wait for a response.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.open.iter().filter(|(_, open)| open.answer.is_none()).map(|(&rid, _)| rid)
    }

    /// Whether a response to this request is due.
    pub(super) fn awaits(&self, rid: u64) -> bool {
        self.open.get(&rid).is_some_and(|open| open.answer.is_none())
    }

    /// The lowest rid whose response has not been taken.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.open.first_key_value().map(|(&rid, _)| rid)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether nothing is on its way that could still be answered.
    pub(super) fn is_still(&self) -> bool {
        self.open.values().all(|open| open.answer.is_some() || open.again.is_some())
    }

    /// The response to this request has come.
    pub(super) fn answer(&mut self, rid: u64, body: Body) {
        if let Some(open) = self.open.get_mut(&rid) {
            open.answer = Some(body);
        }
    }

    /// The next response to be taken. What came ahead of others waits for them (XEP-0124 §14.2), unless the session ends
    /// here and nothing more can be expected.
    pub(super) fn take(&mut self, ending: bool) -> Option<Answer> {
        let (&rid, _) = self.open.iter().find(|(_, open)| !ending || open.answer.is_some())?;
        let answered = self.open.get(&rid).is_some_and(|open| open.answer.is_some());
        let Open { answer, empty, sent, .. } =
            answered.then(|| self.open.remove(&rid)).flatten()?;
        answer.map(|body| Answer { body, to_empty: empty, sent })
    }

    /// Whether this sending of a request still counts: it is the latest, and has neither a response nor been lost.
    pub(super) fn is_current(&self, rid: u64, sending: u32) -> bool {
        self.open.get(&rid).is_some_and(|open| {
            open.sending == sending && open.answer.is_none() && open.again.is_none()
        })
    }

    /// The latest sendings of this request and of all before it.
    pub(super) fn sendings_up_to(&self, rid: u64) -> Vec<(u64, u32)> {
        self.open.range(..=rid).map(|(&rid, open)| (rid, open.sending)).collect()
    }

    /// The latest sending of a request, or of all before its response was complete, was lost: it will be sent again.
    pub(super) fn repeat(&mut self, rid: u64, now: Duration) -> Result<(), Exhausted> {
        let Some(open) = self.open.get_mut(&rid) else { return Ok(()) };
        if open.sending >= SENDS {
            return Err(Exhausted);
        }
        let patience =
            if open.sending == 1 { Duration::ZERO } else { PATIENCE * (1 << (open.sending - 2)) };
        open.again = Some(now + patience);
        Ok(())
    }

    /// The requests that are to be sent again now, the same to the byte.
    pub(super) fn repeats(&mut self, now: Duration) -> Vec<Request> {
        let due = self.open.iter_mut().filter(|(_, open)| open.again.is_some_and(|at| at <= now));
        let again = due.map(|(&rid, open)| {
            open.again = None;
            open.sending += 1;
            Request { rid, sending: open.sending, content: Arc::clone(&open.content) }
        });
        again.collect()
    }

    /// When the next request is to be sent again.
    pub(super) fn next_repeat(&self) -> Option<Duration> {
        self.open.values().filter_map(|open| open.again).min()
    }
}
