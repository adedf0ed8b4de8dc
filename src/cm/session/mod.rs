//! One BOSH session as a machine without I/O: what comes in is an [`Input`] and the time, what goes out are
//! [`Action`]s and the next [deadline](Session::deadline) (XEP-0124 §7–§17, XEP-0206).
//!
//! Inputs are taken in as they come; who is answered, and with what, is decided at [`Input::Settle`], when all
//! that happens at one time has been taken in.

mod answering;
mod creation;
mod ending;
#[cfg(test)]
mod histories;
mod keys;
mod receiving;
mod replays;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use creation::Terms;
use keys::Keys;
use replays::Replays;
use streams::Streams;

use super::backend::{Command, Event, Link, Opening};
use super::policy::Policy;
use super::reply::Reply;
use crate::bosh::{Body, Condition};

/// One HTTP request that waits for its response; never used twice.
pub type Token = u64;

/// As many links has a session, from the first one it is given: so many streams in all its life.
pub const LINKS: Link = 256;

/// A request that names a session.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where its response goes.
    pub token: Token,
    /// Its rid.
    pub rid: u64,
    /// Its content.
    pub body: Body,
}

/// What comes to a session.
#[derive(Debug, Clone)]
pub enum Input {
    /// The client sent a request.
    Request(Request),
    /// The client sent something in this session that is no sound request: XEP-0124 §6.
    Broken(Token),
    /// The connection of a request that waits for its response is gone.
    Gone(Token),
    /// On the connection of this request another one waits to be read, which can be done only after its response.
    Hurry(Token),
    /// Something happened on a stream.
    Server(Link, Event),
    /// The connection manager is going down.
    Shutdown,
    /// Time has passed, or all that came at this time has been told: decide what is answered.
    Settle,
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send this response.
    Answer {
        /// To whom.
        token: Token,
        /// Which request is answered; nothing if it had none that could be read.
        rid: Option<u64>,
        /// What.
        reply: Reply,
    },
    /// Tell the server.
    Command(Link, Command),
    /// The session is over and knows nothing more.
    Ended,
}

/// A request that was taken in, in its order, and has no response yet.
#[derive(Debug, Clone)]
struct Open {
    rid: u64,
    /// Nothing when its connection is gone: it may come again.
    token: Option<Token>,
    since: Duration,
    role: Role,
    /// It is not to be held.
    hurried: bool,
    /// How often it came again.
    repeats: u32,
}

/// What a request asks beside carrying payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Ordinary,
    Creation,
    Pause,
    /// It opens the stream with this index.
    AddStream(usize),
}

/// A request that came before another with a lower rid.
#[derive(Debug, Clone)]
struct Parked {
    request: Request,
    since: Duration,
    repeats: u32,
}

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Alive,
    /// It is over; the client is told with its next request.
    Ending(Option<Condition>),
    Dead,
}

/// A BOSH session.
#[derive(Debug)]
pub struct Session {
    sid: Arc<str>,
    policy: Arc<Policy>,
    terms: Terms,
    state: State,
    /// Every request up to this rid was taken in.
    contiguous: u64,
    /// Requests above a gap.
    parked: BTreeMap<u64, Parked>,
    /// Requests without a response, lowest rid first.
    open: VecDeque<Open>,
    replays: Replays,
    streams: Streams,
    keys: Keys,
    /// The pause in force.
    pause: Option<Duration>,
    /// Since when no request is open.
    quiet_since: Duration,
    /// When the latest new request came.
    latest: Duration,
    /// When the latest new request came if it was empty, and whether its response had payloads.
    polled: Option<(Duration, bool)>,
    /// What the next response reports: the rid of a response that did not arrive, and when it was sent.
    report: Option<(u64, Duration)>,
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
        if self.state == State::Dead {
            return;
        }
        match input {
            Input::Request(request) => self.receive(request, now, out),
            Input::Broken(token) => {
                self.fail(Condition::BadRequest, Some((token, None)), out);
            }
            Input::Gone(token) => self.gone(token, now),
            Input::Hurry(token) => self.hurry(token, out),
            Input::Server(link, event) => self.server(link, event),
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
    fn expires(&self) -> Duration {
        // A request above a gap is pending too, for as long as it could be held.
        let parked = self.parked.values().filter(|parked| parked.request.token != NOBODY);
        let pending = parked.map(|parked| parked.since + self.terms.wait).max();
        let quiet_since = pending.map_or(self.quiet_since, |until| self.quiet_since.max(until));
        quiet_since + self.pause.unwrap_or(self.terms.inactivity) + self.policy.grace
    }

    /// The connection of a request is gone: the request stays, and waits for its repeat.
    fn gone(&mut self, token: Token, now: Duration) {
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
    fn hurry(&mut self, token: Token, out: &mut Vec<Action>) {
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

    fn parked_at(&self, token: Token) -> Option<u64> {
        self.parked.iter().find(|(_, parked)| parked.request.token == token).map(|(&rid, _)| rid)
    }

    fn hold(&mut self, request: &Request, role: Role, since: Duration) {
        let token = (request.token != NOBODY).then_some(request.token);
        self.open.push_back(Open {
            rid: request.rid,
            token,
            since,
            role,
            hurried: false,
            repeats: 0,
        });
    }

    fn open_stream(&mut self, opening: Opening, out: &mut Vec<Action>) -> usize {
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

    /// The streams that are open.
    pub fn links(&self) -> impl Iterator<Item = Link> + '_ {
        self.streams.live()
    }
}

/// The token of a request whose connection is gone.
const NOBODY: Token = Token::MAX;
