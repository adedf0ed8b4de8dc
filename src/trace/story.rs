//! What follows from the events alone: which request an answer belongs to, which session both are part of, what
//! was asked and granted, who is logged in. Sessions are found by `sid`, never by connection: a reload, another
//! socket or a request sent again stay one story. Nothing is judged here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::event::{Content, Event, Fact, Request, Response};
use super::reading::{Pair, Reading, Stanza, read};
use crate::bosh::{Asked, Body, BodyType, Granted};
use crate::wire::Side;
use crate::xmpp::Kind;

/// Sessions that are over are remembered as long as there are not more than this.
const REMEMBERED: usize = 1000;
/// Sessions that are remembered before those of which nothing was heard the longest are forgotten.
const MANY: usize = 16_384;
/// Questions without an answer that are remembered in one session.
const QUESTIONS: usize = 256;

/// A session's number in this trace, counted from 1 in the order of appearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u32);

/// An XMPP session between a client and a server: a stream, and what carries it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// The full JID that was bound.
    pub jid: Option<String>,
    /// When the first event of the session was seen.
    pub began: Duration,
    /// When its last event was seen.
    pub last: Duration,
    /// It ended, by either side's word or by silence, or it never began.
    pub over: bool,
    /// What carries the stream.
    pub link: Link,
    questions: HashMap<(Side, String), Question>,
    question_order: VecDeque<(Side, String)>,
}

/// What carries the stream of a session.
#[derive(Debug, Clone)]
pub enum Link {
    /// Requests and responses of BOSH.
    Bosh(BoshLink),
}

/// The BOSH session that carries a stream.
#[derive(Debug, Clone, Default)]
pub struct BoshLink {
    /// Its `sid`; none until the connection manager has named it.
    pub sid: Option<String>,
    /// What the client asked for; none if the trace began after that.
    pub asked: Option<Box<Asked>>,
    /// What the connection manager granted.
    pub granted: Option<Box<Granted>>,
    /// When the last byte of its last response passed.
    pub answered: Option<Duration>,
    /// Since when no request is open: the last response, or the loss of the connection that waited for one.
    pub idle: Option<Duration>,
    /// Requests that wait for their response, in the order of arrival.
    pub open: Vec<Arc<Exchange>>,
}

/// An iq that waits for its answer.
#[derive(Debug, Clone)]
struct Question {
    subject: String,
    namespaces: Vec<String>,
    noise: Option<&'static str>,
    rid: Option<u64>,
    at: Duration,
}

/// A request, and the response that it waits or waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its number among all exchanges of the trace, from 1.
    pub number: u64,
    /// The connection it came on.
    pub conn: u64,
    /// When the last byte of the request passed.
    pub at: Duration,
    /// HTTP method.
    pub method: String,
    /// Request target.
    pub target: String,
    /// The `Origin` of the request: a browser sent it.
    pub origin: Option<String>,
    /// Method that a CORS preflight asks for.
    pub preflight: Option<String>,
    /// The response came before the request was complete, as the refusal of a large one does.
    pub answered_early: bool,
    /// What the request asks of BOSH; none if its content is not a `<body/>`.
    pub bosh: Option<BoshRequest>,
}

/// What a `<body/>` in a request asks of the connection manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoshRequest {
    /// The session it belongs to.
    pub session: SessionId,
    /// Its `rid`.
    pub rid: Option<u64>,
    /// It asks for a session.
    pub creates: bool,
    /// It carries payloads, or does anything else but wait.
    pub acts: bool,
    /// It ends the session.
    pub terminates: bool,
}

impl Exchange {
    /// Whether the request is one of BOSH.
    pub fn is_bosh(&self) -> bool {
        self.bosh.is_some()
    }

    /// The session that the request belongs to.
    pub fn session(&self) -> Option<SessionId> {
        self.bosh.as_ref().map(|bosh| bosh.session)
    }

    /// The `rid` of the request.
    pub fn rid(&self) -> Option<u64> {
        self.bosh.as_ref()?.rid
    }

    /// Whether the request asks for a session.
    pub fn creates(&self) -> bool {
        self.bosh.as_ref().is_some_and(|bosh| bosh.creates)
    }

    /// Whether the request is one of BOSH that does anything else but wait.
    pub fn acts(&self) -> bool {
        self.bosh.as_ref().is_some_and(|bosh| bosh.acts)
    }

    /// Whether the request ends its session.
    pub fn terminates(&self) -> bool {
        self.bosh.as_ref().is_some_and(|bosh| bosh.terminates)
    }
}

/// A request or a response, read.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who sent it.
    pub from: Side,
    /// What its content is.
    pub reading: Reading,
    /// The stanzas (and other payloads) in it.
    pub stanzas: Vec<Stanza>,
    /// The exchange it is part of; none for a response to no known request.
    pub exchange: Option<Arc<Exchange>>,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// Time since the session's previous event.
    pub since: Option<Duration>,
    /// Of a request: how long the client had no request open before it.
    pub gap: Option<Duration>,
    /// Of a response: how long its request was held, from its last byte to the first of the response.
    pub held: Option<Duration>,
}

impl Message {
    /// The rid of the request, or of the request that is answered.
    pub fn rid(&self) -> Option<u64> {
        self.exchange.as_ref()?.rid()
    }

    /// What the request, or the request that is answered, asks of BOSH.
    pub fn bosh(&self) -> Option<&BoshRequest> {
        self.exchange.as_ref()?.bosh.as_ref()
    }
}

/// What an event changes in the story.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// The message, if the event is one.
    pub message: Option<Message>,
    /// Exchanges whose request will get no response any more, because their connection is gone.
    pub abandoned: Vec<Arc<Exchange>>,
    /// Who ended the connection first, for a connection that is gone.
    pub left: Option<(Side, Duration)>,
}

#[derive(Debug, Default)]
struct Conn {
    waiting: VecDeque<Arc<Exchange>>,
    /// Number of the first request in `waiting` on this connection.
    first: u64,
    /// How many requests there were on this connection.
    count: u64,
    left: Option<(Side, Duration)>,
}

/// Follows a trace.
#[derive(Debug)]
pub struct Story {
    conns: HashMap<u64, Conn>,
    sessions: HashMap<SessionId, Session>,
    by_sid: HashMap<String, SessionId>,
    over: VecDeque<SessionId>,
    /// When so many sessions are remembered, some are forgotten.
    many: usize,
    exchanges: u64,
    begun: u32,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            conns: HashMap::new(),
            sessions: HashMap::new(),
            by_sid: HashMap::new(),
            over: VecDeque::new(),
            many: MANY,
            exchanges: 0,
            begun: 0,
        }
    }
}

impl Story {
    /// A session by its number; none if it is over and too many came after it.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// All sessions that are remembered.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// Who ended this connection first, and when, as long as the connection is not gone.
    pub fn left(&self, conn: u64) -> Option<(Side, Duration)> {
        self.conns.get(&conn)?.left
    }

    /// How many sessions there were.
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// How many requests there were.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Event) -> Effect {
        let mut effect = Effect::default();
        match &event.fact {
            Fact::Request(request) => effect.message = Some(self.request(event, request)),
            Fact::Response(response) => effect.message = Some(self.response(event, response)),
            Fact::Ended { by, .. } => {
                let conn = self.conns.entry(event.conn).or_default();
                conn.left.get_or_insert((*by, event.at));
            }
            Fact::Lost { .. } => {
                // Answers can't be matched any more.
                if let Some(conn) = self.conns.remove(&event.conn) {
                    self.abandon(&conn.waiting, event.at);
                }
            }
            Fact::Closed { .. } => {
                if let Some(conn) = self.conns.remove(&event.conn) {
                    self.abandon(&conn.waiting, conn.left.map_or(event.at, |(_, at)| at));
                    effect.abandoned = conn.waiting.into();
                    effect.left = conn.left;
                }
            }
            Fact::Opened { .. } | Fact::Failed { .. } | Fact::Raw(_) | Fact::Finished => {}
        }
        effect
    }

    /// These requests will get no response. A gap that follows counts from the loss.
    fn abandon(&mut self, waiting: &VecDeque<Arc<Exchange>>, at: Duration) {
        for exchange in waiting {
            if let Some(session) = exchange.session().and_then(|id| self.sessions.get_mut(&id)) {
                let Link::Bosh(link) = &mut session.link;
                link.open.retain(|open| open.number != exchange.number);
                link.idle = Some(at);
            }
        }
    }

    fn request(&mut self, event: &Event, request: &Request) -> Message {
        self.exchanges += 1;
        let reading = read(&request.content, request.headers.get("content-type"));
        let preflight = || request.headers.get("access-control-request-method").map(str::to_owned);
        let mut exchange = Exchange {
            number: self.exchanges,
            conn: event.conn,
            at: event.at,
            method: request.method.clone(),
            target: request.target.clone(),
            origin: request.headers.get("origin").map(str::to_owned),
            preflight: (request.method == "OPTIONS").then(preflight).flatten(),
            answered_early: false,
            bosh: None,
        };
        let conn = self.conns.entry(event.conn).or_default();
        exchange.answered_early = conn.count < conn.first;
        conn.count += 1;
        let mut since = None;
        let mut gap = None;
        let mut stanzas = Vec::new();
        if let Reading::Body(body) = &reading {
            let id = match body.sid() {
                Some(sid) => self.known(sid, event.at),
                None => self.begin(event.at),
            };
            let bosh = BoshRequest {
                session: id,
                rid: body.rid().and_then(Result::ok),
                creates: body.is_creation(),
                acts: !is_poll(body),
                terminates: body.kind() == BodyType::Terminate,
            };
            if let Some(session) = self.sessions.get_mut(&id) {
                let Link::Bosh(link) = &mut session.link;
                if bosh.creates {
                    link.asked = Some(Box::new(Asked::of(body)));
                } else {
                    since = event.at.checked_sub(session.last);
                }
                if link.open.is_empty() {
                    gap = link.idle.and_then(|at| event.at.checked_sub(at));
                }
                session.last = event.at;
                stanzas = session.stanzas(Side::Client, &reading, bosh.rid, event.at);
            }
            exchange.bosh = Some(bosh);
        }
        let exchange = Arc::new(exchange);
        if !exchange.answered_early {
            if let Some(session) = exchange.session().and_then(|id| self.sessions.get_mut(&id)) {
                let Link::Bosh(link) = &mut session.link;
                link.open.push(Arc::clone(&exchange));
            }
            self.conns.entry(event.conn).or_default().waiting.push_back(Arc::clone(&exchange));
        }
        let session = exchange.session();
        let exchange = Some(exchange);
        Message { from: Side::Client, reading, stanzas, exchange, session, since, gap, held: None }
    }

    fn response(&mut self, event: &Event, response: &Response) -> Message {
        let interim = (100..200).contains(&response.status) && response.status != 101;
        let exchange = match response.answers {
            Some(number) if !interim => self.answered(event.conn, number),
            _ => None,
        };
        let reading = read(&response.content, response.headers.get("content-type"));
        let mut since = None;
        let mut stanzas = Vec::new();
        let session_id = exchange.as_ref().and_then(|exchange| exchange.session());
        if let Some(session) = session_id.and_then(|id| self.sessions.get_mut(&id)) {
            let number = exchange.as_ref().map(|exchange| exchange.number);
            since = event.at.checked_sub(session.last);
            session.last = event.at;
            let rid = exchange.as_ref().and_then(|exchange| exchange.rid());
            stanzas = session.stanzas(Side::Server, &reading, rid, event.at);
            let Link::Bosh(link) = &mut session.link;
            link.open.retain(|open| Some(open.number) != number);
            link.answered = Some(event.at);
            link.idle = Some(event.at);
            if let Reading::Body(body) = &reading {
                if let (true, Some(sid)) = (link.granted.is_none(), body.sid()) {
                    link.granted = Some(Box::new(Granted::of(body)));
                    if link.sid.is_none() {
                        link.sid = Some(sid.to_owned());
                        self.by_sid.insert(sid.to_owned(), session.id);
                    }
                }
                if body.kind() == BodyType::Terminate && !session.over {
                    session.over = true;
                    self.over.push_back(session.id);
                }
            }
            if exchange.as_ref().is_some_and(|exchange| exchange.creates())
                && link.granted.is_none()
                && !session.over
            {
                session.over = true;
                self.over.push_back(session.id);
            }
        }
        let held = exchange.as_ref().map(|exchange| response.first.saturating_sub(exchange.at));
        self.forget();
        let session = session_id;
        Message { from: Side::Server, reading, stanzas, exchange, session, since, gap: None, held }
    }

    /// Takes the request with this number off its connection.
    fn answered(&mut self, conn: u64, number: u64) -> Option<Arc<Exchange>> {
        let conn = self.conns.get_mut(&conn)?;
        let before = usize::try_from(number.checked_sub(conn.first)?).unwrap_or(usize::MAX);
        conn.waiting.drain(..before.min(conn.waiting.len()));
        conn.first = number.saturating_add(1);
        conn.waiting.pop_front()
    }

    fn begin(&mut self, at: Duration) -> SessionId {
        self.begun += 1;
        let id = SessionId(self.begun);
        let session = Session {
            id,
            jid: None,
            began: at,
            last: at,
            over: false,
            link: Link::Bosh(BoshLink::default()),
            questions: HashMap::new(),
            question_order: VecDeque::new(),
        };
        if self.sessions.len() >= self.many {
            self.forget_quiet();
        }
        self.sessions.insert(id, session);
        id
    }

    /// Forgets the half of the sessions of which nothing was heard the longest, but none with an open request.
    fn forget_quiet(&mut self) {
        let mut last: Vec<_> = self.sessions.values().map(|session| session.last).collect();
        let middle = last.len() / 2;
        let (_, &mut since, _) = last.select_nth_unstable(middle);
        self.sessions.retain(|_, session| session.last >= since || !session.open().is_empty());
        self.by_sid.retain(|_, id| self.sessions.contains_key(id));
        self.over.retain(|id| self.sessions.contains_key(id));
        self.many = MANY.max(2 * self.sessions.len());
    }

    /// The session with this sid; a new one where the trace has not seen it before.
    fn known(&mut self, sid: &str, at: Duration) -> SessionId {
        if let Some(&id) = self.by_sid.get(sid) {
            return id;
        }
        let id = self.begin(at);
        self.by_sid.insert(sid.to_owned(), id);
        if let Some(session) = self.sessions.get_mut(&id) {
            let Link::Bosh(link) = &mut session.link;
            link.sid = Some(sid.to_owned());
        }
        id
    }

    /// Marks a session as over that ended without a word, so that it can be forgotten some day.
    pub fn ended(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id)
            && !session.over
        {
            session.over = true;
            self.over.push_back(id);
        }
    }

    fn forget(&mut self) {
        while self.over.len() > REMEMBERED {
            let Some(id) = self.over.pop_front() else { return };
            if let Some(sid) = self.sessions.remove(&id).as_ref().and_then(Session::sid) {
                self.by_sid.remove(sid);
            }
        }
    }
}

impl Session {
    /// What a person calls the session: the first characters of its sid.
    pub fn name(&self) -> &str {
        let sid = self.sid().unwrap_or("new");
        sid.char_indices().nth(4).map_or(sid, |(end, _)| &sid[..end])
    }

    /// The BOSH session that carries it; none if something else does.
    pub fn bosh(&self) -> Option<&BoshLink> {
        let Link::Bosh(link) = &self.link;
        Some(link)
    }

    /// Its `sid`; none until the connection manager has named it.
    pub fn sid(&self) -> Option<&str> {
        self.bosh()?.sid.as_deref()
    }

    /// What the client asked for; none if the trace began after that.
    pub fn asked(&self) -> Option<&Asked> {
        self.bosh()?.asked.as_deref()
    }

    /// What the connection manager granted.
    pub fn granted(&self) -> Option<&Granted> {
        self.bosh()?.granted.as_deref()
    }

    /// Requests of BOSH that wait for their response, in the order of arrival.
    pub fn open(&self) -> &[Arc<Exchange>] {
        self.bosh().map_or(&[], |link| &link.open)
    }

    /// `wait` in force, in seconds.
    pub fn wait(&self) -> Option<u64> {
        self.bosh()?.wait()
    }

    /// `inactivity` in force, in seconds.
    pub fn inactivity(&self) -> Option<u64> {
        self.bosh()?.inactivity()
    }

    fn stanzas(
        &mut self,
        from: Side,
        reading: &Reading,
        rid: Option<u64>,
        at: Duration,
    ) -> Vec<Stanza> {
        let Reading::Body(body) = reading else { return Vec::new() };
        body.payloads().map(|element| self.stanza(from, Stanza::of(element), rid, at)).collect()
    }

    fn stanza(&mut self, from: Side, mut stanza: Stanza, rid: Option<u64>, at: Duration) -> Stanza {
        let summary = &stanza.summary;
        if let (Side::Server, Some(jid)) = (from, &summary.bound) {
            self.jid = Some(jid.clone());
        }
        let Some(id) = summary.id.as_ref().filter(|_| summary.kind == Kind::Iq) else {
            return stanza;
        };
        if summary.type_ == "get" || summary.type_ == "set" {
            let key = (from, id.clone());
            let question = Question {
                subject: summary.subject.clone(),
                namespaces: summary.namespaces.clone(),
                noise: summary.noise,
                rid,
                at,
            };
            if self.questions.insert(key.clone(), question).is_none() {
                self.question_order.push_back(key);
            }
            if self.question_order.len() > QUESTIONS
                && let Some(oldest) = self.question_order.pop_front()
            {
                self.questions.remove(&oldest);
            }
        } else if let Some(question) = self.questions.remove(&(from.other(), id.clone())) {
            self.question_order.retain(|key| key.0 == from || key.1 != *id);
            if summary.type_ == "result" {
                // Most answers to chatter are empty: they are chatter as well.
                stanza.summary.noise = stanza.summary.noise.or(question.noise);
            }
            stanza.pair = Some(Pair {
                subject: question.subject,
                namespaces: question.namespaces,
                rid: question.rid,
                after: at.saturating_sub(question.at),
            });
        }
        stanza
    }
}

impl BoshLink {
    /// `wait` in force, in seconds.
    pub fn wait(&self) -> Option<u64> {
        self.granted.as_ref()?.wait.as_ref()?.value
    }

    /// `inactivity` in force, in seconds.
    pub fn inactivity(&self) -> Option<u64> {
        self.granted.as_ref()?.inactivity.as_ref()?.value
    }
}

/// Whether a content is worth reading as XML at all.
pub(super) fn looks_like_xml(content: &Content, content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    let start = content.bytes.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if kind.contains("html") || kind.contains("javascript") || kind.starts_with("image/") {
        return false;
    }
    kind.contains("xml") || start.first() == Some(&b'<')
}

/// A request that carries nothing and does nothing: it only waits.
fn is_poll(body: &Body) -> bool {
    !body.is_creation()
        && body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && !body.is_restart()
}
