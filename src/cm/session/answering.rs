//! Who is answered, when, and with what (XEP-0124 §8).

use std::time::Duration;

use super::message::Action;
use super::replays::Sent;
use super::state::{Open, Role, Session, State};
use super::streams::Over;
use crate::cm::backend::{Event, Link};
use crate::cm::reply::Reply;

impl Session {
    /// Something happened on a stream.
    pub(super) fn server(
        &mut self,
        link: Link,
        event: Event,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        self.streams.happened(link, event);
        if self.streams.are_over(&self.policy.bounds) && self.state == State::Alive {
            // A request that waits takes what it can before it is said that there is too much.
            self.answer_due(now, out);
            if self.streams.are_over(&self.policy.bounds) {
                self.overrun(now, out);
            }
        }
    }

    /// All that came has been taken in: answers whoever is due.
    pub(super) fn settle(&mut self, now: Duration, out: &mut Vec<Action>) {
        let connected = self.open.iter().any(|open| open.token.is_some());
        if !connected && now >= self.expires() {
            return self.expire(now, out);
        }
        if self.state == State::Alive
            && let Some(Over(over)) = self.last_stream_over()
        {
            self.state = State::Ending(over);
        }
        if matches!(self.state, State::Ending(_)) {
            return self.finish(out);
        }
        self.answer_due(now, out);
    }

    pub(super) fn answer_due(&mut self, now: Duration, out: &mut Vec<Action>) {
        while self.is_front_due(now) {
            if let Some(open) = self.open.pop_front() {
                self.answer(&open, now, out);
            }
        }
    }

    /// Whether the oldest open request is to be answered now.
    fn is_front_due(&self, now: Duration) -> bool {
        let Some(front) = self.open.front() else { return false };
        let connected = front.token.is_some();
        let deliverable = match (self.next_stream(), front.role) {
            (None, _) | (Some(_), Role::Pause) => false,
            (Some(index), Role::AddStream(added)) => index == added,
            // Without a connection the payloads wait, for its repeat or for a request behind it.
            _ => connected || self.open.iter().any(|open| open.token.is_some()),
        };
        let opened = match front.role {
            Role::Creation => {
                let stream = self.streams.get(0);
                stream.opened.is_some() && !stream.expects_features
            }
            Role::AddStream(index) => self.streams.get(index).opened.is_some(),
            Role::Ordinary | Role::Pause => false,
        };
        deliverable
            || opened
            || self.terms.is_polling()
            || self.open.len() as u64 > self.terms.hold
            || self.open.iter().any(|open| open.role == Role::Pause)
            || self.open.iter().any(|open| open.since + self.terms.wait <= now)
            || self.open.iter().any(|open| open.hurried)
            || connected && (self.report.is_some() || self.stream_over().is_some())
    }

    /// Answers a request; with no connection the answer is kept for its repeat, and payloads go elsewhere.
    fn answer(&mut self, open: &Open, now: Duration, out: &mut Vec<Action>) {
        let mut reply = Reply::empty();
        let mut told = None;
        if let (Some(_), Some(index)) = (open.token, self.stream_over())
            && open.role == Role::Ordinary
        {
            let condition = self.streams.get(index).over.and_then(|Over(condition)| condition);
            reply = Reply::terminate(condition);
            reply.payloads = self.streams.take_all(index);
            self.streams.get_mut(index).closed = true;
            told = Some(index);
        } else {
            let next = self.next_stream_for(open);
            told = match open.role {
                Role::Creation => Some(0),
                Role::AddStream(index) => Some(index),
                _ => told,
            };
            let takes = match (open.role, next) {
                (_, None) | (Role::Pause, _) => None,
                _ if open.token.is_none() => None,
                (Role::AddStream(added), Some(index)) => (index == added).then_some(index),
                (_, next) => next,
            };
            if let Some(index) = takes {
                reply.payloads = self.streams.take(index);
                told = Some(index);
            }
        }
        if open.role == Role::Creation {
            self.terms.announce(&self.sid, open.rid, &self.policy, &mut reply);
        }
        self.introduce(open, told, &mut reply);
        if open.role != Role::Creation {
            self.acknowledge(open.rid, &mut reply);
        }
        if let (Some(_), Some((lost, sent))) = (open.token, self.report) {
            self.report = None;
            reply.set("report", lost);
            reply.set("time", now.saturating_sub(sent).as_millis());
        }
        if let Some((_, fruitful)) = &mut self.polled {
            *fruitful |= !reply.payloads.is_empty();
        }
        let kept = open.role != Role::Pause;
        if let Some(token) = open.token {
            self.quiet_since = now;
            let answer = Action::Answer { token, rid: Some(open.rid), reply: reply.clone() };
            out.push(answer);
        }
        let Open { rid, ref key, repeats, .. } = *open;
        let sent = Sent { rid, at: now, key: key.clone(), reply, repeats, kept };
        self.replays.push(sent, self.kept_replies(), self.policy.bounds.kept_bytes);
    }

    /// Tells which requests have come, unless the response itself does (XEP-0124 §9.1).
    pub(super) fn acknowledge(&self, rid: u64, reply: &mut Reply) {
        if self.terms.acks && self.contiguous > rid {
            reply.set("ack", self.contiguous);
        }
    }

    /// The stream of the payloads that are next. Those of a stream that was added wait for the response to the request
    /// that did so, which tells its name (XEP-0124 §16.3).
    fn next_stream(&self) -> Option<usize> {
        self.streams.next(|index| {
            let mut later = self.open.iter().skip(1);
            !later.any(|open| open.role == Role::AddStream(index))
        })
    }

    /// The same for a request that is being answered, and not among the open ones any more.
    fn next_stream_for(&self, answered: &Open) -> Option<usize> {
        self.streams.next(|index| {
            answered.role == Role::AddStream(index)
                || !self.open.iter().any(|open| open.role == Role::AddStream(index))
        })
    }

    /// Names the stream that a response is about, and says once what the server's header said.
    fn introduce(&mut self, open: &Open, told: Option<usize>, reply: &mut Reply) {
        let late = |session: &Self| {
            let unheard = |&index: &usize| {
                let stream = session.streams.get(index);
                let added = session.open.iter().any(|open| open.role == Role::AddStream(index));
                stream.opened.is_some() && !stream.announced && !added
            };
            session.streams.indices().find(unheard).filter(|_| open.role == Role::Ordinary)
        };
        let Some(index) = told.or_else(|| late(self)) else { return };
        if open.token.is_none() {
            return;
        }
        let several = self.streams.len() > 1;
        let stream = self.streams.get_mut(index);
        let name = match open.role {
            Role::Creation => self.policy.streams > 1,
            _ => several,
        };
        if name {
            reply.set("stream", &stream.name);
        }
        if let Some(header) = stream.opened.as_ref().filter(|_| !stream.announced) {
            if let Some(from) = &header.from {
                reply.set("from", from);
            }
            if let Some(version) = &header.version {
                reply.set("xmpp:version", version);
            }
            reply.set("xmpp:restartlogic", "true");
            stream.announced = true;
        }
    }

    /// A stream that the server has ended, while others go on.
    fn stream_over(&self) -> Option<usize> {
        self.streams.indices().find(|&index| self.streams.get(index).over.is_some())
    }

    /// Why the server has ended the last stream, if it has.
    fn last_stream_over(&self) -> Option<Over> {
        let mut indices = self.streams.indices();
        let (Some(index), None) = (indices.next(), indices.next()) else { return None };
        self.streams.get(index).over
    }
}
