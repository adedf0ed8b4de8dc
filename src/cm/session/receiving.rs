//! Requests as they come: repeats, the rid window, gaps, and what each asks for.

use std::time::Duration;

use super::message::{Action, LINKS, Request};
use super::state::{NOBODY, Parked, Role, Session, State};
use crate::bosh::{Body, BodyType, Condition, NS};
use crate::cm::backend::{Command, Link, Opening};
use crate::cm::reply::Reply;
use crate::xml::Element;
use crate::xmpp::ns;

impl Session {
    /// A request: a repeat (XEP-0124 §14.3), one outside the window, one above a gap, or the next (§14.2).
    pub(super) fn receive(&mut self, request: Request, now: Duration, out: &mut Vec<Action>) {
        let Request { token, rid, .. } = request;
        let culprit = Some((token, Some(rid)));
        let before = self.key_of(rid);
        if self.keys.are_used() && before.is_some_and(|key| key != request.body.key()) {
            return self.fail(Condition::ItemNotFound, culprit, out);
        }
        if let Some(sent) = self.replays.get_mut(rid) {
            sent.repeats += 1;
            if sent.repeats > self.policy.repeats {
                return self.fail(Condition::PolicyViolation, culprit, out);
            }
            let reply = sent.reply.clone();
            self.quiet_since = now;
            out.push(Action::Answer { token, rid: Some(rid), reply });
        } else if self.open.iter().any(|open| open.rid == rid) || self.parked.contains_key(&rid) {
            self.receive_again(&request, out);
        } else if rid <= self.contiguous || rid - self.contiguous > self.terms.requests {
            self.fail(Condition::ItemNotFound, culprit, out);
        } else {
            self.receive_new(request, now, out);
        }
    }

    /// The key of a request that came before, as far as it is remembered.
    #[allow(clippy::option_option)] // it may be remembered, and have had no key
    fn key_of(&self, rid: u64) -> Option<Option<&str>> {
        let sent = || Some(self.replays.get(rid)?.key.as_deref());
        let open = || Some(self.open.iter().find(|open| open.rid == rid)?.key.as_deref());
        let parked = || Some(self.parked.get(&rid)?.request.body.key());
        sent().or_else(open).or_else(parked)
    }

    /// A repeat of a request that is held: its older copy is told so, the newer one gets the response.
    fn receive_again(&mut self, request: &Request, out: &mut Vec<Action>) {
        let Request { token, rid, .. } = *request;
        let (older, repeats) = match self.open.iter_mut().find(|open| open.rid == rid) {
            Some(open) => {
                open.repeats += 1;
                (open.token.replace(token), open.repeats)
            }
            None => match self.parked.get_mut(&rid) {
                Some(parked) => {
                    parked.repeats += 1;
                    let older = std::mem::replace(&mut parked.request.token, token);
                    ((older != NOBODY).then_some(older), parked.repeats)
                }
                None => return,
            },
        };
        if let Some(older) = older {
            let mut reply = Reply::empty();
            reply.set("type", "error");
            self.acknowledge(rid, &mut reply);
            out.push(Action::Answer { token: older, rid: Some(rid), reply });
        }
        if repeats > self.policy.repeats {
            self.fail(Condition::PolicyViolation, Some((token, Some(rid))), out);
        }
    }

    fn receive_new(&mut self, request: Request, now: Duration, out: &mut Vec<Action>) {
        self.pause = None;
        let hasty = now.saturating_sub(self.latest) < self.terms.polling;
        self.latest = now;
        if request.rid > self.contiguous + 1 {
            // Behind a gap nothing can be answered, so only here more than `requests` can be open (§11).
            let unanswered = (self.open.len() + self.parked.len() + 1) as u64;
            let exempt =
                request.body.kind() == BodyType::Terminate || request.body.pause().is_some();
            let empty = request.body.is_empty();
            let most = self.terms.requests;
            if !exempt && (unanswered > most || unanswered == most && empty && hasty) {
                let culprit = Some((request.token, Some(request.rid)));
                return self.fail(Condition::PolicyViolation, culprit, out);
            }
            let bytes = request.body.element().footprint();
            self.parked.insert(request.rid, Parked { request, since: now, repeats: 0, bytes });
            return;
        }
        self.accept(&request, now, out);
        while let Some(Parked { request, since, .. }) = self.parked.remove(&(self.contiguous + 1)) {
            if self.state == State::Dead {
                return;
            }
            self.accept(&request, since, out);
        }
    }

    /// Takes in the next request in order.
    fn accept(&mut self, request: &Request, since: Duration, out: &mut Vec<Action>) {
        self.contiguous = request.rid;
        if self.state != State::Alive {
            return self.hold(request, Role::Ordinary, since);
        }
        if !self.keys.accept(&request.body) {
            let culprit = Some((request.token, Some(request.rid)));
            return self.fail(Condition::ItemNotFound, culprit, out);
        }
        match self.obey(request, since, out) {
            Ok(role) => {
                self.hold(request, role, since);
                if request.body.kind() == BodyType::Terminate && self.over() {
                    self.client_terminates(out);
                }
            }
            Err(condition) => self.fail(condition, Some((request.token, Some(request.rid))), out),
        }
    }

    /// Does what a request asks, and tells what its response is for.
    fn obey(
        &mut self,
        request: &Request,
        since: Duration,
        out: &mut Vec<Action>,
    ) -> Result<Role, Condition> {
        let body = &request.body;
        let payloads = payloads(body)?;
        let terminates = match body.kind() {
            BodyType::Other(_) => return Err(Condition::BadRequest),
            kind => kind == BodyType::Terminate,
        };
        let pause = self.pause_of(body)?;
        let restarts = body.is_restart();
        let plain = payloads.is_empty() && !terminates && !restarts && pause.is_none();
        self.acknowledged(request.rid, body)?;
        let adds = plain && body.to().is_some() && self.policy.streams > 1;
        self.keep_pace(plain && !adds, since)?;
        if adds {
            let live = self.streams.indices().count();
            if live >= self.policy.streams || self.streams.len() as Link >= LINKS {
                return Err(Condition::PolicyViolation);
            }
            let index = self.open_stream(opening(body), out);
            return Ok(Role::AddStream(index));
        }
        let targets = if plain { Vec::new() } else { self.targets(body)? };
        for &index in &targets {
            if self.streams.get(index).over.is_some() {
                continue;
            }
            let link = self.streams.link(index);
            if restarts {
                // What a restart request carries is ignored (XEP-0206 §5).
                out.push(Action::Command(link, Command::Restart));
                continue;
            }
            for payload in &payloads {
                out.push(Action::Command(link, Command::Send(payload.clone())));
            }
        }
        if terminates {
            for index in targets {
                self.close_stream(index, out);
            }
        }
        if let Some(pause) = pause {
            self.pause = Some(pause);
            return Ok(Role::Pause);
        }
        Ok(Role::Ordinary)
    }

    /// The streams that a request is for: the one it names, or all (XEP-0124 §16.4).
    fn targets(&self, body: &Body) -> Result<Vec<usize>, Condition> {
        match body.stream() {
            Some(name) if self.policy.streams > 1 => match self.streams.named(name) {
                Some(index) => Ok(vec![index]),
                // Closed a moment ago, or never there.
                None if self.streams.had(name) => Ok(Vec::new()),
                None => Err(Condition::ItemNotFound),
            },
            _ => Ok(self.streams.indices().collect()),
        }
    }

    fn pause_of(&self, body: &Body) -> Result<Option<Duration>, Condition> {
        match body.pause() {
            None => Ok(None),
            Some(Ok(0) | Err(_)) => Err(Condition::BadRequest),
            Some(Ok(seconds)) => {
                let pause = Duration::from_secs(seconds);
                let permitted = pause <= self.terms.maxpause;
                if permitted { Ok(Some(pause)) } else { Err(Condition::PolicyViolation) }
            }
        }
    }

    /// The client tells which response it has (XEP-0124 §9.2).
    fn acknowledged(&mut self, rid: u64, body: &Body) -> Result<(), Condition> {
        let told = match body.ack() {
            None => None,
            Some(Ok(ack)) => Some(ack),
            Some(Err(_)) => return Err(Condition::BadRequest),
        };
        if !self.terms.client_acks {
            return Ok(());
        }
        // Without the attribute it has the response to the request before this one.
        let ack = told.unwrap_or(rid - 1);
        self.replays.acknowledge(ack, 0);
        if told.is_some()
            && self.replays.answered().is_some_and(|answered| answered > ack)
            && let Some(lost) = self.replays.get(ack + 1)
        {
            self.report = Some((ack + 1, lost.at));
        }
        Ok(())
    }

    /// Empty requests of a polling session keep a distance, unless there was something to fetch (XEP-0124 §12).
    fn keep_pace(&mut self, empty: bool, since: Duration) -> Result<(), Condition> {
        if !self.terms.is_polling() {
            return Ok(());
        }
        let last = self.polled.take();
        if !empty {
            return Ok(());
        }
        if let Some((before, false)) = last
            && since + self.policy.grace < before + self.terms.polling
        {
            return Err(Condition::PolicyViolation);
        }
        self.polled = Some((since, false));
        Ok(())
    }

    /// How many responses are kept.
    pub(super) fn kept_replies(&self) -> usize {
        let unacknowledged = if self.terms.client_acks { self.policy.unacknowledged } else { 0 };
        unacknowledged.max(self.terms.requests as usize)
    }
}

fn opening(body: &Body) -> Opening {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Opening {
        to: body.to().unwrap_or_default().to_owned(),
        from: owned(body.from()),
        lang: owned(body.lang()),
        version: owned(body.xbosh("version")),
        management: false,
    }
}

/// What a request carries for the server, if it carries nothing that it must not (XEP-0124 §6, XEP-0206 §2).
fn payloads(body: &Body) -> Result<Vec<Element>, Condition> {
    if body.stray_text().next().is_some() {
        return Err(Condition::BadRequest);
    }
    let stanza = |payload: &Element| {
        let mut payload = payload.clone();
        match (payload.namespace(), payload.name()) {
            // Many clients leave the namespace away; XEP-0206 §2 tolerates it.
            (NS, "message" | "presence" | "iq") => payload.move_namespace(NS, ns::CLIENT),
            (NS, _) | (ns::STREAMS, "stream") => return Err(Condition::BadRequest),
            _ => {}
        }
        Ok(payload)
    };
    body.payloads().map(stanza).collect()
}
