//! The connection manager as a machine without I/O: all its sessions, and the server behind them.
//!
//! It is told of requests, of lost connections and of time; it gives responses, and says when it wants to be woken.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;

use super::backend::{Backend, Event, Link};
use super::policy::{Policy, Version};
use super::reply::Reply;
use super::session::{Action, Input, LINKS, Request, Session, Token};
use super::{stream, tls};
use crate::bosh::{Body, Condition};
use crate::random::Random;
use crate::xml::{self, Error, ErrorKind};

/// A session, or what behaves like one.
pub trait Conduct: Send {
    /// Takes in what came, and says what is to be done.
    fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>);
    /// When [`Input::Settle`] is due if nothing comes before.
    fn deadline(&self) -> Option<Duration>;
    /// The session itself.
    fn session(&self) -> &Session;
}

impl Conduct for Session {
    fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        Session::handle(self, input, now, out);
    }

    fn deadline(&self) -> Option<Duration> {
        Session::deadline(self)
    }

    fn session(&self) -> &Session {
        self
    }
}

/// What makes a session behave; by default nothing does.
pub type Conductor = Box<dyn FnMut(Session) -> Box<dyn Conduct> + Send>;

/// A response, and what HTTP has to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// To whom.
    pub token: Token,
    /// What.
    pub reply: Reply,
    /// The Content-Type that the client of the session chose.
    pub content: Option<Arc<str>>,
}

/// Why a creation is refused without a word of BOSH: 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

struct Entry {
    conduct: Box<dyn Conduct>,
    due: Option<Duration>,
    peer: IpAddr,
    /// Its server was asked to wait.
    crowded: bool,
    /// About how many bytes it holds for its client.
    queued: usize,
}

/// The longest value of an attribute of a `<body/>`: some are kept as long as the session lives.
const VALUE: usize = 4096;

/// A connection manager.
pub struct Machine {
    pub(super) policy: Arc<Policy>,
    pub(super) backend: Box<dyn Backend>,
    pub(super) random: Box<dyn Random>,
    conductor: Conductor,
    pub(super) stream_conductor: stream::Conductor,
    tls: Vec<tls::Change>,
    /// Sessions by number.
    sessions: HashMap<u64, Entry>,
    by_sid: HashMap<Arc<str>, u64>,
    /// Sessions of each address.
    pub(super) peers: HashMap<IpAddr, usize>,
    tokens: HashMap<Token, u64>,
    dues: BTreeSet<(Duration, u64)>,
    pub(super) next: u64,
    answers: Vec<Answer>,
    /// Streams without BOSH by number, and those that have something to send.
    pub(super) carried: HashMap<u64, stream::Entry>,
    pub(super) ready: Vec<u64>,
    /// What sessions want done, in order.
    pub(super) wanted: VecDeque<(u64, Action)>,
    /// What they want done because of what the server said, which comes first.
    urgent: VecDeque<(u64, Action)>,
    /// The sessions that have heard of their server and have not decided since.
    heard: BTreeSet<u64>,
    /// About how many bytes all sessions hold for their clients.
    pub(super) queued: usize,
    pub(super) stopping: bool,
}

impl Machine {
    /// A connection manager before `backend`.
    pub fn new(policy: Policy, backend: Box<dyn Backend>, random: Box<dyn Random>) -> Self {
        Self {
            policy: Arc::new(policy),
            backend,
            random,
            conductor: Box::new(|session| Box::new(session)),
            stream_conductor: Box::new(|session| Box::new(session)),
            tls: Vec::new(),
            sessions: HashMap::new(),
            by_sid: HashMap::new(),
            peers: HashMap::new(),
            tokens: HashMap::new(),
            dues: BTreeSet::new(),
            next: 1,
            answers: Vec::new(),
            carried: HashMap::new(),
            ready: Vec::new(),
            wanted: VecDeque::new(),
            urgent: VecDeque::new(),
            heard: BTreeSet::new(),
            queued: 0,
            stopping: false,
        }
    }

    /// Every session from now on is given to `conductor`, which may change how it behaves.
    pub fn conduct(&mut self, conductor: Conductor) {
        self.conductor = conductor;
    }

    /// The same for every stream without BOSH.
    pub fn conduct_streams(&mut self, conductor: stream::Conductor) {
        self.stream_conductor = conductor;
    }

    /// What holds for connections with TLS is changed by these from now on.
    pub fn change_tls(&mut self, changes: Vec<tls::Change>) {
        self.tls = changes;
    }

    /// How TLS is spoken on a connection whose listener has these settings.
    pub fn terms(&mut self, config: Arc<ServerConfig>, starttls: bool) -> tls::Terms {
        let mut terms = tls::Terms { config, starttls, parting: tls::Parting::default() };
        self.tls.iter_mut().for_each(|change| change(&mut terms));
        terms
    }

    /// The settings.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// About how many bytes all sessions hold for their clients.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// The responses that are due.
    pub fn answers(&mut self) -> std::vec::Drain<'_, Answer> {
        self.answers.drain(..)
    }

    /// The streams without BOSH on which something can be sent since this was last asked: see [`Machine::output`].
    pub fn ready(&mut self) -> std::vec::Drain<'_, u64> {
        self.ready.drain(..)
    }

    pub(super) fn is_full(&self) -> bool {
        self.sessions.len() + self.carried.len() >= self.policy.bounds.sessions
    }

    pub(super) fn is_full_for(&self, peer: IpAddr) -> bool {
        let of_peer = self.peers.get(&peer).copied().unwrap_or_default();
        of_peer >= self.policy.bounds.sessions_per_address
    }

    /// A session of this address is no more.
    pub(super) fn leaves(&mut self, peer: IpAddr) {
        if let Some(count) = self.peers.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&peer);
            }
        }
    }

    /// When [`Machine::wake`] is due.
    pub fn deadline(&self) -> Option<Duration> {
        let first = self.dues.first().map(|(due, _)| *due);
        [first, self.backend.deadline()].into_iter().flatten().min()
    }

    /// A request came from `peer` with this content.
    pub fn request(
        &mut self,
        token: Token,
        peer: IpAddr,
        content: &[u8],
        now: Duration,
    ) -> Result<(), Full> {
        let parsed = xml::parse(content, &self.policy.bounds.xml);
        // Each element takes many times the memory of its text.
        if let Err(Error { kind: ErrorKind::TooManyNodes(_), .. }) = parsed {
            self.refuse(token, Condition::PolicyViolation, None);
            return Ok(());
        }
        let body = parsed.map_err(drop).and_then(|root| Body::new(root).map_err(drop));
        let Ok(body) = body else {
            self.refuse(token, Condition::BadRequest, None);
            return Ok(());
        };
        let sound = body.element().attributes().all(|(_, _, value)| value.len() <= VALUE);
        match body.sid() {
            None if !sound => self.refuse(token, Condition::BadRequest, None),
            None => return self.create(token, peer, body, now),
            Some(sid) => match self.by_sid.get(sid) {
                // Whether the client is older than versions cannot be known.
                None => self.refuse(token, Condition::ItemNotFound, None),
                Some(&number) => {
                    let input = match body.rid() {
                        Some(Ok(rid)) if sound => Input::Request(Request { token, rid, body }),
                        _ => Input::Broken(token),
                    };
                    self.tokens.insert(token, number);
                    self.tell(number, input, now);
                    self.settle(number, now);
                }
            },
        }
        Ok(())
    }

    fn create(
        &mut self,
        token: Token,
        peer: IpAddr,
        body: Body,
        now: Duration,
    ) -> Result<(), Full> {
        let legacy = body.text("ver").is_none();
        let Some(Ok(rid)) = body.rid() else {
            self.refuse(token, Condition::BadRequest, Some(legacy));
            return Ok(());
        };
        if self.stopping {
            self.refuse(token, Condition::SystemShutdown, Some(legacy));
            return Ok(());
        }
        if self.is_full() {
            return Err(Full);
        }
        if self.is_full_for(peer) {
            self.refuse(token, Condition::PolicyViolation, Some(legacy));
            return Ok(());
        }
        let number = self.next;
        let sid = self.random.token(16);
        let request = Request { token, rid, body };
        let mut actions = Vec::new();
        let links = number * LINKS;
        match Session::create(&sid, links, &request, &self.policy, now, &mut actions) {
            Err(condition) => self.refuse(token, condition, Some(legacy)),
            Ok(session) => {
                *self.peers.entry(peer).or_default() += 1;
                self.next += 1;
                self.by_sid.insert(Arc::clone(session.sid()), number);
                let conduct = (self.conductor)(session);
                let entry = Entry { conduct, due: None, peer, crowded: false, queued: 0 };
                self.sessions.insert(number, entry);
                self.tokens.insert(token, number);
                self.wanted.extend(actions.into_iter().map(|action| (number, action)));
                self.pump(now);
                self.settle(number, now);
            }
        }
        Ok(())
    }

    /// Refuses a request that belongs to no session. A client is legacy only if it is known to be.
    fn refuse(&mut self, token: Token, condition: Condition, legacy: Option<bool>) {
        let mut reply = Reply::terminate(Some(condition));
        reply.legacy = legacy.unwrap_or(false).then_some(condition);
        self.answers.push(Answer { token, reply, content: None });
    }

    /// The connection of a request that has no response yet is gone.
    pub fn gone(&mut self, token: Token, now: Duration) {
        if let Some(number) = self.tokens.remove(&token) {
            self.tell(number, Input::Gone(token), now);
            self.settle(number, now);
        }
    }

    /// The client waits for the response to this request before it goes on: it is not held any longer.
    pub fn hurry(&mut self, token: Token, now: Duration) {
        if let Some(&number) = self.tokens.get(&token) {
            self.tell(number, Input::Hurry(token), now);
            self.settle(number, now);
        }
    }

    /// The server may have something to tell.
    pub fn server(&mut self, now: Duration) {
        self.pump(now);
    }

    /// Time has passed.
    pub fn wake(&mut self, now: Duration) {
        if self.backend.deadline().is_some_and(|due| due <= now) {
            self.backend.wake(now);
            self.pump(now);
        }
        while let Some(&(due, number)) = self.dues.first() {
            if due > now {
                break;
            }
            if self.carried.contains_key(&number) {
                self.carried(number, stream::Input::Wake, now);
            } else {
                self.settle(number, now);
            }
            if self.dues.contains(&(due, number)) {
                // It is due and has nothing to do: it must not keep the others waiting.
                self.set_due(number, None);
            }
        }
    }

    /// Ends every session, and opens no new one.
    pub fn shut_down(&mut self, now: Duration) {
        self.stopping = true;
        let mut numbers: Vec<u64> = self.sessions.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            self.tell(number, Input::Shutdown, now);
        }
        let mut carried: Vec<u64> = self.carried.keys().copied().collect();
        carried.sort_unstable();
        for number in carried {
            self.hand_carried(number, stream::Input::Shutdown, now);
        }
        self.pump(now);
    }

    fn tell(&mut self, number: u64, input: Input, now: Duration) {
        self.hand(number, input, now);
        self.work(now);
    }

    /// Gives a session what came; what it wants done is for [`Machine::work`].
    fn hand(&mut self, number: u64, input: Input, now: Duration) {
        let Some(entry) = self.sessions.get_mut(&number) else { return };
        let mut actions = Vec::new();
        entry.conduct.handle(input, now, &mut actions);
        let queued = entry.conduct.session().queued();
        self.queued = self.queued + queued - std::mem::replace(&mut entry.queued, queued);
        self.wanted.extend(actions.into_iter().map(|action| (number, action)));
    }

    /// Lets a session decide who is answered, once the server has said all that it has to say at this time.
    fn settle(&mut self, number: u64, now: Duration) {
        self.pump(now);
        self.tell(number, Input::Settle, now);
        self.pump(now);
        self.settled(number);
    }

    /// What follows from how a session stands now: when it wakes, and whether its server goes on.
    fn settled(&mut self, number: u64) {
        let Some(entry) = self.sessions.get_mut(&number) else { return };
        let session = entry.conduct.session();
        let crowded = session.is_crowded();
        if crowded != entry.crowded {
            for link in session.links() {
                self.backend.flow(link, !crowded);
            }
            entry.crowded = crowded;
        }
        let due = entry.conduct.deadline();
        self.set_due(number, due);
    }

    pub(super) fn set_due(&mut self, number: u64, due: Option<Duration>) {
        let session = self.sessions.get_mut(&number).map(|entry| &mut entry.due);
        let carried = self.carried.get_mut(&number).map(|entry| &mut entry.due);
        let Some(known) = session.or(carried) else { return };
        if let Some(before) = std::mem::replace(known, due) {
            self.dues.remove(&(before, number));
        }
        if let Some(due) = due {
            self.dues.insert((due, number));
        }
    }

    /// Does what sessions want. What the server says to one thing, and what follows from that, comes before the next, so
    /// that nothing piles up in between, and nothing is sent to a session that is over.
    fn work(&mut self, now: Duration) {
        loop {
            if let Some((number, action)) = self.urgent.pop_front() {
                self.act(number, action, now);
            } else if let Some((link, event)) = self.backend.next() {
                self.urgently(|machine| machine.listen(link, event, now));
            } else if self.makes_room(now) {
                // What that wants comes first too.
            } else if let Some((number, action)) = self.wanted.pop_front() {
                self.act(number, action, now);
            } else {
                break;
            }
        }
        release(&mut self.tokens);
        self.wanted.shrink_to(64);
        self.urgent.shrink_to(64);
    }

    /// Whatever is wanted because of this comes before all else that is.
    fn urgently(&mut self, what: impl FnOnce(&mut Self)) {
        let before = self.wanted.len();
        what(self);
        self.urgent.extend(self.wanted.drain(before..));
    }

    fn act(&mut self, number: u64, action: Action, now: Duration) {
        match action {
            Action::Answer { token, reply, .. } => {
                let entry = self.sessions.get(&number);
                let content =
                    entry.and_then(|entry| entry.conduct.session().terms().content.clone());
                self.tokens.remove(&token);
                self.answers.push(Answer { token, reply, content });
            }
            Action::Command(link, command) => self.backend.command(link, command, now),
            Action::Ended => self.forget(number),
        }
    }

    /// Hands on what the server says.
    fn listen(&mut self, link: Link, event: Event, now: Duration) {
        let number = number_of(link);
        if self.carried.contains_key(&number) {
            self.hand_carried(number, stream::Input::Server(link, event), now);
        } else {
            self.hand(number, Input::Server(link, event), now);
            self.heard.insert(number);
        }
    }

    /// Where all sessions together hold more than may be, the one that is the largest burden gives out what it can, or
    /// ends.
    fn makes_room(&mut self, now: Duration) -> bool {
        let before = self.queued;
        if before <= self.policy.bounds.queued_bytes {
            return false;
        }
        let burdens = self
            .sessions
            .iter()
            .map(|(number, entry)| (entry.conduct.session().burden(), entry.queued, *number));
        let session = burdens.max().map(|(burden, _, number)| (burden, number));
        let carried = self.carried.iter().map(|(number, entry)| (entry.queued(), *number)).max();
        match (session, carried) {
            (Some((most, number)), other) if other.is_none_or(|(queued, _)| queued <= most) => {
                self.urgently(|machine| machine.hand(number, Input::Full, now));
                self.heard.insert(number);
                let entry = self.sessions.get(&number);
                let burden = entry.map_or(0, |entry| entry.conduct.session().burden());
                // One that a defect keeps as it is must not be asked for ever.
                return burden < most;
            }
            (_, Some((_, number))) => {
                self.urgently(|machine| {
                    machine.carried_does(number, |entry, _, commands| {
                        entry.overrun(now, commands);
                    });
                });
            }
            _ => {}
        }
        self.queued < before
    }

    fn forget(&mut self, number: u64) {
        self.set_due(number, None);
        let Some(entry) = self.sessions.remove(&number) else { return };
        self.by_sid.remove(entry.conduct.session().sid());
        self.queued -= entry.queued;
        self.leaves(entry.peer);
        release(&mut self.sessions);
        release(&mut self.by_sid);
    }

    /// Lets everything be done that the server's words lead to; sessions that hear something decide anew.
    pub(super) fn pump(&mut self, now: Duration) {
        self.work(now);
        // Deciding may end a session, of which the server then tells others.
        while let Some(number) = self.heard.pop_first() {
            self.tell(number, Input::Settle, now);
            self.settled(number);
        }
    }

    /// The version spoken.
    pub fn ver(&self) -> Version {
        self.policy.ver
    }
}

fn number_of(link: Link) -> u64 {
    link / LINKS
}

/// Gives back what a map needed for a crowd that is gone.
fn release<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>) {
    if map.capacity() > 1024 && map.len() < map.capacity() / 8 {
        map.shrink_to(map.len() * 2);
    }
}
