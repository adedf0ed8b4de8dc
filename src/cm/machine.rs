//! The connection manager as a machine without I/O: all its sessions, over BOSH or WebSocket, and the server behind them.
//!
//! It is told of requests, of lost connections and of time; it gives responses, and says when it wants to be woken.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::backend::{Backend, Command, Link};
use super::policy::{Policy, Version};
use super::reply::Reply;
use super::session::{Action, Input, LINKS, Request, Session, Token};
use super::websocket;
use crate::bosh::{Body, Condition};
use crate::random::Random;
use crate::xml;

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
}

/// A connection manager.
pub struct Machine {
    policy: Arc<Policy>,
    backend: Box<dyn Backend>,
    random: Box<dyn Random>,
    conductor: Conductor,
    /// Sessions by number.
    sessions: HashMap<u64, Entry>,
    by_sid: HashMap<Arc<str>, u64>,
    /// Sessions of each address.
    peers: HashMap<IpAddr, usize>,
    tokens: HashMap<Token, u64>,
    dues: BTreeSet<(Duration, u64)>,
    next: u64,
    answers: Vec<Answer>,
    /// Sessions over WebSocket by number, and what is to be sent over them.
    sockets: HashMap<u64, websocket::Session>,
    outputs: Vec<(u64, websocket::Output)>,
    stopping: bool,
}

impl Machine {
    /// A connection manager before `backend`.
    pub fn new(policy: Policy, backend: Box<dyn Backend>, random: Box<dyn Random>) -> Self {
        Self {
            policy: Arc::new(policy),
            backend,
            random,
            conductor: Box::new(|session| Box::new(session)),
            sessions: HashMap::new(),
            by_sid: HashMap::new(),
            peers: HashMap::new(),
            tokens: HashMap::new(),
            dues: BTreeSet::new(),
            next: 1,
            answers: Vec::new(),
            sockets: HashMap::new(),
            outputs: Vec::new(),
            stopping: false,
        }
    }

    /// Every session from now on is given to `conductor`, which may change how it behaves.
    pub fn conduct(&mut self, conductor: Conductor) {
        self.conductor = conductor;
    }

    /// The settings.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The responses that are due.
    pub fn answers(&mut self) -> std::vec::Drain<'_, Answer> {
        self.answers.drain(..)
    }

    /// What is to be sent over WebSocket, each with the number of the session.
    pub fn outputs(&mut self) -> std::vec::Drain<'_, (u64, websocket::Output)> {
        self.outputs.drain(..)
    }

    /// A WebSocket begins: its number, unless there are too many sessions, or the end is near.
    pub fn socket(&mut self) -> Option<u64> {
        let full = self.sessions.len() + self.sockets.len() >= self.policy.bounds.sessions;
        if self.stopping || full {
            return None;
        }
        let number = self.next;
        self.next += 1;
        let session = websocket::Session::new(number * LINKS, Arc::clone(&self.policy));
        self.sockets.insert(number, session);
        Some(number)
    }

    /// A message came over a WebSocket.
    pub fn message(&mut self, number: u64, text: &str, now: Duration) {
        let id = self.random.token(12);
        self.socket_does(number, now, |session, out| session.message(text, &id, out));
        self.pump(now);
    }

    /// A WebSocket is gone.
    pub fn socket_gone(&mut self, number: u64, now: Duration) {
        if let Some(session) = self.sockets.remove(&number) {
            self.backend.command(session.link(), Command::Close, now);
            self.pump(now);
        }
    }

    fn socket_does(
        &mut self,
        number: u64,
        now: Duration,
        what: impl FnOnce(&mut websocket::Session, &mut Vec<websocket::Action>),
    ) {
        let Some(session) = self.sockets.get_mut(&number) else { return };
        let mut actions = Vec::new();
        what(session, &mut actions);
        let link = session.link();
        for action in actions {
            match action {
                websocket::Action::Output(output) => self.outputs.push((number, output)),
                websocket::Action::Command(command) => self.backend.command(link, command, now),
            }
        }
    }

    /// When [`Machine::wake`] is due.
    pub fn deadline(&self) -> Option<Duration> {
        self.dues.first().map(|(due, _)| *due)
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
        let body = parsed.map_err(drop).and_then(|root| Body::new(root).map_err(drop));
        let Ok(body) = body else {
            self.refuse(token, Condition::BadRequest, None);
            return Ok(());
        };
        match body.sid() {
            None => return self.create(token, peer, body, now),
            Some(sid) => match self.by_sid.get(sid) {
                // Whether the client is older than versions cannot be known.
                None => self.refuse(token, Condition::ItemNotFound, None),
                Some(&number) => {
                    let input = match body.rid() {
                        Some(Ok(rid)) => Input::Request(Request { token, rid, body }),
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
        if self.sessions.len() >= self.policy.bounds.sessions {
            return Err(Full);
        }
        let of_peer = self.peers.entry(peer).or_default();
        if *of_peer >= self.policy.bounds.sessions_per_address {
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
                *of_peer += 1;
                self.next += 1;
                self.by_sid.insert(Arc::clone(session.sid()), number);
                let conduct = (self.conductor)(session);
                self.sessions.insert(number, Entry { conduct, due: None, peer, crowded: false });
                self.tokens.insert(token, number);
                self.act(number, actions, now);
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
        while let Some(&(due, number)) = self.dues.first() {
            if due > now {
                break;
            }
            self.settle(number, now);
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
        let mut sockets: Vec<u64> = self.sockets.keys().copied().collect();
        sockets.sort_unstable();
        for number in sockets {
            let id = self.random.token(12);
            self.socket_does(number, now, |session, out| session.shut_down(&id, out));
        }
        self.pump(now);
    }

    fn tell(&mut self, number: u64, input: Input, now: Duration) {
        let Some(entry) = self.sessions.get_mut(&number) else { return };
        let mut actions = Vec::new();
        entry.conduct.handle(input, now, &mut actions);
        self.act(number, actions, now);
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

    fn set_due(&mut self, number: u64, due: Option<Duration>) {
        let Some(entry) = self.sessions.get_mut(&number) else { return };
        if let Some(before) = entry.due {
            self.dues.remove(&(before, number));
        }
        entry.due = due;
        if let Some(due) = due {
            self.dues.insert((due, number));
        }
    }

    fn act(&mut self, number: u64, actions: Vec<Action>, now: Duration) {
        for action in actions {
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
    }

    fn forget(&mut self, number: u64) {
        self.set_due(number, None);
        let Some(entry) = self.sessions.remove(&number) else { return };
        self.by_sid.remove(entry.conduct.session().sid());
        if let Some(count) = self.peers.get_mut(&entry.peer) {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&entry.peer);
            }
        }
    }

    /// Hands on what the server says; sessions that hear something decide anew.
    fn pump(&mut self, now: Duration) {
        let mut heard = BTreeSet::new();
        loop {
            while let Some((link, event)) = self.backend.next() {
                let number = number_of(link);
                if self.sockets.contains_key(&number) {
                    let id = self.random.token(12);
                    self.socket_does(number, now, |session, out| session.server(event, &id, out));
                    continue;
                }
                self.tell(number, Input::Server(link, event), now);
                heard.insert(number);
            }
            // Deciding may end a session, of which the server then tells others.
            let Some(number) = heard.pop_first() else { break };
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
