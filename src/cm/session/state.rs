//! How a session stands, and how it takes in what comes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::creation::Terms;
use super::keys::Keys;
use super::message::{Action, Input, Request, Token};
use super::replays::Replays;
use super::streams::Streams;
use crate::bosh::Condition;
use crate::cm::backend::{Command, Link, Opening};
use crate::cm::policy::Policy;
use crate::cm::reply::Reply;

/// A request that was taken in, in its order, and has no response yet.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) rid: u64,
    /// Nothing when its connection is gone: it may come again.
    pub(super) token: Option<Token>,
    pub(super) since: Duration,
    pub(super) role: Role,
    /// Its key, by which it is known when it comes again.
    pub(super) key: Option<Box<str>>,
    /// It is not to be held.
    pub(super) hurried: bool,
    /// How often it came again.
    pub(super) repeats: u32,
}

/// What a request asks beside carrying payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Ordinary,
    Creation,
    Pause,
    /// It opens the stream with this index.
    AddStream(usize),
}

/// A request that came before another with a lower rid.
#[derive(Debug, Clone)]
pub(super) struct Parked {
    pub(super) request: Request,
    pub(super) since: Duration,
    pub(super) repeats: u32,
    /// About how much memory it takes.
    pub(super) bytes: usize,
}

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Alive,
    /// It is over; the client is told with its next request.
    Ending(Option<Condition>),
    /// The client has not fetched what came for it: the session is over for the server and holds nothing any more; the
    /// client is told so with its next request, if one comes in time.
    Overrun,
    Dead,
}

/// A BOSH session.
#[derive(Debug)]
pub struct Session {
    pub(super) sid: Arc<str>,
    pub(super) policy: Arc<Policy>,
    pub(super) terms: Terms,
    pub(super) state: State,
    /// Every request up to this rid was taken in.
    pub(super) contiguous: u64,
    /// Requests above a gap.
    pub(super) parked: BTreeMap<u64, Parked>,
    /// Requests without a response, lowest rid first.
    pub(super) open: VecDeque<Open>,
    pub(super) replays: Replays,
    pub(super) streams: Streams,
    pub(super) keys: Keys,
    /// The pause in force.
    pub(super) pause: Option<Duration>,
    /// Since when no request is open.
    pub(super) quiet_since: Duration,
    /// When the latest new request came.
    pub(super) latest: Duration,
    /// When the latest new request came if it was empty, and whether its response had payloads.
    pub(super) polled: Option<(Duration, bool)>,
    /// What the next response reports: the rid of a response that did not arrive, and when it was sent.
    pub(super) report: Option<(u64, Duration)>,
}

impl Session {
    /// Opens a session for a creation request. Its streams get the links from `first_link` on.
    pub fn create(
        sid: &str,
        first_link: Link,
        request: &Request,
        policy: &Arc<Policy>,
        now: Duration,
        out: &mut Vec<Action>,
    ) -> Result<Self, Condition> {
        let (terms, opening) = Terms::of(&request.body, policy)?;
        let mut session = Self {
            sid: sid.into(),
            policy: Arc::clone(policy),
            terms,
            state: State::Alive,
            contiguous: request.rid,
            parked: BTreeMap::new(),
            open: VecDeque::with_capacity(1),
            replays: Replays::default(),
            streams: Streams::new(first_link),
            keys: Keys::new(request.body.newkey()),
            pause: None,
            quiet_since: now,
            latest: now,
            polled: None,
            report: None,
        };
        session.open_stream(opening, out);
        session.hold(request, Role::Creation, now);
        Ok(session)
    }

    /// Takes in what came.
    pub fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        match self.state {
            State::Dead => return,
            State::Overrun => return self.tell_of_overrun(&input, now, out),
            State::Alive | State::Ending(_) => {}
        }
        match input {
            Input::Request(request) => self.receive(request, now, out),
            Input::Broken(token) => {
                self.fail(Condition::BadRequest, Some((token, None)), out);
            }
            Input::Gone(token) => self.gone(token, now),
            Input::Hurry(token) => self.hurry(token, out),
            Input::Server(link, event) => self.server(link, event, now, out),
            Input::Full => {
                // A request that waits takes what it can first.
                let before = self.burden();
                self.answer_due(now, out);
                if self.burden() >= before {
                    self.overrun(now, out);
                }
            }
            Input::Shutdown => self.shut_down(out),
            Input::Settle => self.settle(now, out),
        }
    }

    /// When [`Input::Settle`] is due if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        if self.state == State::Dead {
            return None;
        }
        let answer = self.open.iter().map(|open| open.since + self.terms.wait).min();
        let connected = self.open.iter().any(|open| open.token.is_some());
        let expiry = (!connected).then(|| self.expires());
        [answer, expiry].into_iter().flatten().min()
    }

    /// When it is over, unless a request comes.
    pub(super) fn expires(&self) -> Duration {
        // A request above a gap is pending too, for as long as it could be held.
        let parked = self.parked.values().filter(|parked| parked.request.token != NOBODY);
        let pending = parked.map(|parked| parked.since + self.terms.wait).max();
        let quiet_since = pending.map_or(self.quiet_since, |until| self.quiet_since.max(until));
        quiet_since + self.pause.unwrap_or(self.terms.inactivity) + self.policy.grace
    }

    /// The connection of a request is gone: the request stays, and waits for its repeat.
    pub(super) fn gone(&mut self, token: Token, now: Duration) {
        if let Some(open) = self.open.iter_mut().find(|open| open.token == Some(token)) {
            open.token = None;
            self.quiet_since = now;
        } else if let Some(rid) = self.parked_at(token) {
            // It was taken in: its payloads count though nobody waits for the answer.
            self.quiet_since = now;
            if let Some(parked) = self.parked.get_mut(&rid) {
                parked.request.token = NOBODY;
            }
        }
    }

    /// A request is not to be held any longer. Where it waits for one with a lower rid, that one may be the very request
    /// that can't be read before this one is answered: it is told to come again (XEP-0124 §17.3).
    pub(super) fn hurry(&mut self, token: Token, out: &mut Vec<Action>) {
        if let Some(open) = self.open.iter_mut().find(|open| open.token == Some(token)) {
            open.hurried = true;
        } else if let Some(rid) = self.parked_at(token)
            && let Some(parked) = self.parked.get_mut(&rid)
        {
            parked.request.token = NOBODY;
            let mut reply = Reply::empty();
            reply.set("type", "error");
            out.push(Action::Answer { token, rid: Some(rid), reply });
        }
    }

    pub(super) fn parked_at(&self, token: Token) -> Option<u64> {
        self.parked.iter().find(|(_, parked)| parked.request.token == token).map(|(&rid, _)| rid)
    }

    pub(super) fn hold(&mut self, request: &Request, role: Role, since: Duration) {
        let token = (request.token != NOBODY).then_some(request.token);
        self.open.push_back(Open {
            rid: request.rid,
            token,
            since,
            role,
            key: request.body.key().map(Into::into),
            hurried: false,
            repeats: 0,
        });
    }

    pub(super) fn open_stream(&mut self, opening: Opening, out: &mut Vec<Action>) -> usize {
        let (index, link) = self.streams.add(&opening, &self.sid);
        out.push(Action::Command(link, Command::Open(opening)));
        index
    }

    /// The session's identifier.
    pub fn sid(&self) -> &Arc<str> {
        &self.sid
    }

    /// What it was granted.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Every request up to this rid was taken in.
    pub fn contiguous(&self) -> u64 {
        self.contiguous
    }

    /// The rids of the requests that wait for a response, lowest first, those above a gap last.
    pub fn waiting(&self) -> impl Iterator<Item = u64> + '_ {
        self.open.iter().map(|open| open.rid).chain(self.parked.keys().copied())
    }

    /// Whether the response to this rid is kept for a repeat.
    pub fn remembers(&self, rid: u64) -> bool {
        self.replays.get(rid).is_some()
    }

    /// Whether it is over.
    pub fn is_dead(&self) -> bool {
        self.state == State::Dead
    }

    /// Whether so much waits for the client that the server should wait too.
    pub fn is_crowded(&self) -> bool {
        self.streams.are_crowded(&self.policy.bounds)
    }

    /// About how many bytes it holds that its client, or a request that is missing, could release.
    pub fn queued(&self) -> usize {
        let parked = self.parked.values().map(|parked| parked.bytes);
        self.streams.bytes() + self.replays.bytes() + parked.sum::<usize>()
    }

    /// How much of that its client is to blame for: what it does not fetch, or acknowledge, rather than what it was sent
    /// last, which every session keeps.
    pub fn burden(&self) -> usize {
        self.queued() - self.replays.bytes().min(USUALLY_KEPT)
    }

    /// The streams that are open.
    pub fn links(&self) -> impl Iterator<Item = Link> + '_ {
        self.streams.live()
    }
}

/// Bytes of its latest responses that are no burden.
const USUALLY_KEPT: usize = 1 << 20;

/// The token of a request whose connection is gone.
pub(super) const NOBODY: Token = Token::MAX;
