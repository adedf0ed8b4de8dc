//! How a session ends: by the client, by the server, by a broken rule, by silence, by shutdown
//! (XEP-0124 §10, §13, §17; XEP-0206 §6, §7).

use std::time::Duration;

use super::message::{Action, Input, Token};
use super::replays::Replays;
use super::state::{NOBODY, Session, State};
use crate::bosh::Condition;
use crate::cm::backend::Command;
use crate::cm::bounce::bounced;
use crate::cm::reply::{Payload, PayloadKind, Reply};

impl Session {
    /// A rule was broken, or the connection manager gives up: whoever did it is told why, all others that it was
    /// another request.
    pub(super) fn fail(
        &mut self,
        condition: Condition,
        culprit: Option<(Token, Option<u64>)>,
        out: &mut Vec<Action>,
    ) {
        for (token, rid) in self.release_all() {
            if culprit.is_none_or(|(guilty, _)| guilty != token) {
                let mut reply = Reply::terminate(Some(Condition::OtherRequest));
                self.acknowledge(rid, &mut reply);
                out.push(Action::Answer { token, rid: Some(rid), reply });
            }
        }
        if let Some((token, rid)) = culprit {
            // It has no `ack`: a rid that is too small must look like one that is too large (§14.3).
            let reply = self.terminal(Some(condition));
            out.push(Action::Answer { token, rid, reply });
        }
        self.die(out);
    }

    /// A terminal response, in the words that the client understands (§17.1).
    fn terminal(&self, condition: Option<Condition>) -> Reply {
        let mut reply = Reply::terminate(condition);
        reply.legacy = condition.filter(|_| self.terms.ver.is_none());
        reply
    }

    /// The client ends the session: the oldest request is told so, the others are answered (§13).
    pub(super) fn client_terminates(&mut self, out: &mut Vec<Action>) {
        let mut first = true;
        for (token, rid) in self.release_all() {
            let mut reply = Reply::empty();
            if std::mem::take(&mut first) {
                reply = Reply::terminate(None);
                if let Some(index) = self.streams.next(|_| true) {
                    reply.payloads = self.streams.take(index);
                }
            }
            self.acknowledge(rid, &mut reply);
            out.push(Action::Answer { token, rid: Some(rid), reply });
        }
        self.die(out);
    }

    /// The server, or a bound, has ended the session: the oldest request is told why, with what is left.
    pub(super) fn finish(&mut self, out: &mut Vec<Action>) {
        let State::Ending(condition) = self.state else { return };
        let connected = self.open.iter().any(|open| open.token.is_some());
        if !connected && self.parked.values().all(|parked| parked.request.token == NOBODY) {
            return;
        }
        let mut first = true;
        for (token, rid) in self.release_all() {
            let mut reply = Reply::empty();
            if std::mem::take(&mut first) {
                reply = self.terminal(condition);
                if let Some(index) = self.first_stream() {
                    reply.payloads = self.streams.take_all(index);
                }
            }
            self.acknowledge(rid, &mut reply);
            out.push(Action::Answer { token, rid: Some(rid), reply });
        }
        self.die(out);
    }

    /// The client has been silent for too long: it ends without a word (§10).
    pub(super) fn expire(&mut self, now: Duration, out: &mut Vec<Action>) {
        for (token, rid) in self.release_all() {
            let reply = self.terminal(Some(Condition::ItemNotFound));
            out.push(Action::Answer { token, rid: Some(rid), reply });
        }
        self.give_back_unsure(now, out);
        self.die(out);
    }

    /// What was answered after the client's last request may never have reached it.
    fn give_back_unsure(&mut self, now: Duration, out: &mut Vec<Action>) {
        let last = self.latest;
        let unsure: Vec<Payload> = self
            .replays
            .since(last)
            .filter(|sent| sent.at <= now)
            .flat_map(|sent| sent.reply.payloads.iter().cloned())
            .collect();
        if let Some(index) = self.first_stream() {
            self.bounce(index, &unsure, out);
        }
    }

    /// More waits for the client than may: whoever has a request open is told at once, with what is left. Otherwise all
    /// of it goes back to the server now, and nothing more is taken.
    pub(super) fn overrun(&mut self, now: Duration, out: &mut Vec<Action>) {
        self.state = State::Ending(Some(Condition::PolicyViolation));
        self.finish(out);
        if self.state == State::Dead {
            return;
        }
        self.give_back_unsure(now, out);
        self.part(out);
        self.state = State::Overrun;
        self.replays = Replays::default();
        self.open.clear();
        self.parked.clear();
    }

    /// Something comes to a session that is overrun: the first request is told, and it is no more.
    pub(super) fn tell_of_overrun(&mut self, input: &Input, now: Duration, out: &mut Vec<Action>) {
        let (token, rid) = match input {
            Input::Request(request) => (request.token, Some(request.rid)),
            Input::Broken(token) => (*token, None),
            Input::Settle if now >= self.expires() => return self.die(out),
            Input::Shutdown => return self.die(out),
            _ => return,
        };
        let reply = self.terminal(Some(Condition::PolicyViolation));
        out.push(Action::Answer { token, rid, reply });
        self.die(out);
    }

    /// The connection manager is going down: every request is told (§17.2).
    pub(super) fn shut_down(&mut self, out: &mut Vec<Action>) {
        for (token, rid) in self.release_all() {
            let mut reply = Reply::terminate(Some(Condition::SystemShutdown));
            self.acknowledge(rid, &mut reply);
            out.push(Action::Answer { token, rid: Some(rid), reply });
        }
        self.die(out);
    }

    /// Whether the client has closed every stream.
    pub(super) fn over(&self) -> bool {
        self.streams.indices().next().is_none()
    }

    fn first_stream(&self) -> Option<usize> {
        self.streams.indices().next()
    }

    /// Closes one stream; what waits on it stays for the response.
    pub(super) fn close_stream(&mut self, index: usize, out: &mut Vec<Action>) {
        let stream = self.streams.get_mut(index);
        stream.closed = true;
        if stream.over.is_none() {
            out.push(Action::Command(self.streams.link(index), Command::Close));
        }
    }

    /// Takes every request that waits for a response and has a connection, lowest rid first.
    fn release_all(&mut self) -> Vec<(Token, u64)> {
        let open = self.open.drain(..).filter_map(|open| Some((open.token?, open.rid)));
        let mut all: Vec<_> = open.collect();
        let parked = std::mem::take(&mut self.parked);
        let parked = parked.into_iter().map(|(rid, parked)| (parked.request.token, rid));
        all.extend(parked.filter(|(token, _)| *token != NOBODY));
        all
    }

    /// Gives back what was not delivered, closes the streams, and is no more.
    fn die(&mut self, out: &mut Vec<Action>) {
        self.part(out);
        self.state = State::Dead;
        out.push(Action::Ended);
    }

    /// Gives back what waits, and closes the streams.
    fn part(&mut self, out: &mut Vec<Action>) {
        let indices: Vec<usize> = self.streams.indices().collect();
        for index in indices {
            let left = self.streams.take_all(index);
            self.bounce(index, &left, out);
            self.close_stream(index, out);
        }
    }

    /// Stanzas for a client that is not there any more go back to the server (XEP-0206 §7).
    fn bounce(&mut self, index: usize, payloads: &[Payload], out: &mut Vec<Action>) {
        let stream = self.streams.get(index);
        if stream.over.is_some() || stream.closed {
            return;
        }
        let link = self.streams.link(index);
        let stanzas = payloads.iter().filter(|payload| payload.kind == PayloadKind::Stanza);
        for error in stanzas.filter_map(Payload::element).filter_map(|stanza| bounced(&stanza)) {
            out.push(Action::Command(link, Command::Send(error)));
        }
    }
}
