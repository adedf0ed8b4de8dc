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

/// A BOSH session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Its `sid`; none until the connection manager has named it.
    pub sid: Option<String>,
    /// The full JID that was bound.
    pub jid: Option<String>,
    /// What the client asked for; none if the trace began after that.
    pub asked: Option<Box<Asked>>,
    /// What the connection manager granted.
    pub granted: Option<Box<Granted>>,
    /// When the first event of the session was seen.
    pub began: Duration,
    /// When its last event was seen.
    pub last: Duration,
    /// When the last byte of its last response passed.
    pub answered: Option<Duration>,
    /// Since when nothing is open: the last answer, or the loss of the connection that waited for one.
    pub idle: Option<Duration>,
    /// Requests that wait for their answer, in the order of arrival.
    pub open: Vec<Arc<Ask>>,
    /// A terminating body was answered or sent by the connection manager, the session never began, or it ended
    /// by silence.
    pub over: bool,
    questions: HashMap<(Side, String), Question>,
    question_order: VecDeque<(Side, String)>,
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

/// A request that waits, or waited, for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // independent facts, not a state
pub struct Ask {
    /// Its number among all requests of the trace, from 1.
    pub exchange: u64,
    /// The connection it came on.
    pub conn: u64,
    /// When its last byte passed.
    pub at: Duration,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// Its `rid`.
    pub rid: Option<u64>,
    /// It is a `<body/>` of BOSH.
    pub is_bosh: bool,
    /// It asks for a session.
    pub creates: bool,
    /// It carries payloads, or does anything else but wait.
    pub acts: bool,
    /// It ends the session.
    pub terminates: bool,
    /// HTTP method.
    pub method: String,
    /// Request target.
    pub target: String,
    /// The `Origin` it came from: it is a browser's.
    pub origin: Option<String>,
    /// Method that a CORS preflight asks for.
    pub preflight: Option<String>,
    /// Its answer came before the request was complete, as a refusal of a large one does.
    pub answered_early: bool,
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
    /// For a request: itself. For a response: the request that it answers.
    pub ask: Option<Arc<Ask>>,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// Time since the session's previous event.
    pub since: Option<Duration>,
    /// For a request: how long the client had no request open before it. For a
    /// response: how long the request was held, from its last byte to the first of the answer.
    pub waited: Option<Duration>,
}

impl Message {
    /// The rid of the request, or of the request that is answered.
    pub fn rid(&self) -> Option<u64> {
        self.ask.as_ref().and_then(|ask| ask.rid)
    }
}

/// What an event means in the story.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The message, if the event is one.
    pub message: Option<Message>,
    /// Requests that will get no answer any more, because their connection is gone.
    pub abandoned: Vec<Arc<Ask>>,
    /// Who ended the connection first, for a connection that is gone; none if that is not known.
    pub left: Option<(Side, Duration)>,
}

#[derive(Debug, Default)]
struct Conn {
    asks: VecDeque<Arc<Ask>>,
    /// Number of the first request in `asks` on this connection.
    first: u64,
    /// How many requests there were on this connection.
    count: u64,
    left: Option<(Side, Duration)>,
    /// Both sides had left when that was seen.
    together: bool,
}

impl Conn {
    /// Who left first, if that is known.
    fn first_to_leave(&self) -> Option<(Side, Duration)> {
        self.left.filter(|_| !self.together)
    }
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

    /// Who ended this connection first, and when, as long as the connection is not gone; none if that is not known.
    pub fn left(&self, conn: u64) -> Option<(Side, Duration)> {
        self.conns.get(&conn)?.first_to_leave()
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
    pub fn take(&mut self, event: &Event) -> Told {
        let mut told = Told::default();
        match &event.fact {
            Fact::Request(request) => told.message = Some(self.request(event, request)),
            Fact::Response(response) => told.message = Some(self.response(event, response)),
            Fact::Ended { by, together, .. } => {
                let conn = self.conns.entry(event.conn).or_default();
                conn.together |= *together && conn.left.is_none();
                conn.left.get_or_insert((*by, event.at));
            }
            Fact::Lost { .. } => {
                // Answers can't be matched any more.
                if let Some(conn) = self.conns.remove(&event.conn) {
                    self.abandon(&conn.asks, event.at);
                }
            }
            Fact::Closed { .. } => {
                if let Some(conn) = self.conns.remove(&event.conn) {
                    self.abandon(&conn.asks, conn.left.map_or(event.at, |(_, at)| at));
                    told.left = conn.first_to_leave();
                    told.abandoned = conn.asks.into();
                }
            }
            Fact::Opened { .. } | Fact::Failed { .. } | Fact::Raw(_) | Fact::Finished => {}
        }
        told
    }

    /// These requests will get no answer. A gap that follows counts from the loss.
    fn abandon(&mut self, asks: &VecDeque<Arc<Ask>>, at: Duration) {
        for ask in asks {
            if let Some(session) = ask.session.and_then(|id| self.sessions.get_mut(&id)) {
                session.open.retain(|open| open.exchange != ask.exchange);
                session.idle = Some(at);
            }
        }
    }

    fn request(&mut self, event: &Event, request: &Request) -> Message {
        self.exchanges += 1;
        let reading = read(&request.content, request.headers.get("content-type"));
        let mut ask = Ask {
            exchange: self.exchanges,
            conn: event.conn,
            at: event.at,
            session: None,
            rid: None,
            is_bosh: false,
            creates: false,
            acts: false,
            terminates: false,
            method: request.method.clone(),
            target: request.target.clone(),
            origin: request.headers.get("origin").map(str::to_owned),
            preflight: match request.method.as_str() {
                "OPTIONS" => {
                    request.headers.get("access-control-request-method").map(str::to_owned)
                }
                _ => None,
            },
            answered_early: false,
        };
        let conn = self.conns.entry(event.conn).or_default();
        ask.answered_early = conn.count < conn.first;
        conn.count += 1;
        let mut since = None;
        let mut waited = None;
        let mut stanzas = Vec::new();
        if let Reading::Body(body) = &reading {
            let id = match body.sid() {
                Some(sid) => self.known(sid, event.at),
                None => self.begin(event.at),
            };
            ask.is_bosh = true;
            ask.session = Some(id);
            ask.rid = body.rid().and_then(Result::ok);
            ask.creates = body.is_creation();
            ask.acts = !is_poll(body);
            ask.terminates = body.kind() == BodyType::Terminate;
            if let Some(session) = self.sessions.get_mut(&id) {
                if ask.creates {
                    session.asked = Some(Box::new(Asked::of(body)));
                } else {
                    since = event.at.checked_sub(session.last);
                }
                if session.open.is_empty() {
                    waited = session.idle.and_then(|at| event.at.checked_sub(at));
                }
                session.last = event.at;
                stanzas = session.stanzas(Side::Client, &reading, ask.rid, event.at);
            }
        }
        let ask = Arc::new(ask);
        if !ask.answered_early {
            if let Some(session) = ask.session.and_then(|id| self.sessions.get_mut(&id)) {
                session.open.push(Arc::clone(&ask));
            }
            self.conns.entry(event.conn).or_default().asks.push_back(Arc::clone(&ask));
        }
        let session = ask.session;
        Message { from: Side::Client, reading, stanzas, ask: Some(ask), session, since, waited }
    }

    fn response(&mut self, event: &Event, response: &Response) -> Message {
        let interim = (100..200).contains(&response.status) && response.status != 101;
        let ask = match response.answers {
            Some(number) if !interim => self.asked(event.conn, number),
            _ => None,
        };
        let reading = read(&response.content, response.headers.get("content-type"));
        let mut since = None;
        let mut stanzas = Vec::new();
        let session_id = ask.as_ref().and_then(|ask| ask.session);
        if let Some(session) = session_id.and_then(|id| self.sessions.get_mut(&id)) {
            let exchange = ask.as_ref().map(|ask| ask.exchange);
            session.open.retain(|open| Some(open.exchange) != exchange);
            since = event.at.checked_sub(session.last);
            session.last = event.at;
            session.answered = Some(event.at);
            session.idle = Some(event.at);
            let rid = ask.as_ref().and_then(|ask| ask.rid);
            stanzas = session.stanzas(Side::Server, &reading, rid, event.at);
            if let Reading::Body(body) = &reading {
                if let (true, Some(sid)) = (session.granted.is_none(), body.sid()) {
                    session.granted = Some(Box::new(Granted::of(body)));
                    if session.sid.is_none() {
                        session.sid = Some(sid.to_owned());
                        self.by_sid.insert(sid.to_owned(), session.id);
                    }
                }
                if body.kind() == BodyType::Terminate && !session.over {
                    session.over = true;
                    self.over.push_back(session.id);
                }
            }
            if ask.as_ref().is_some_and(|ask| ask.creates)
                && session.granted.is_none()
                && !session.over
            {
                session.over = true;
                self.over.push_back(session.id);
            }
        }
        let waited = ask.as_ref().map(|ask| response.first.saturating_sub(ask.at));
        self.forget();
        Message { from: Side::Server, reading, stanzas, ask, session: session_id, since, waited }
    }

    /// Takes the request with this number off its connection.
    fn asked(&mut self, conn: u64, number: u64) -> Option<Arc<Ask>> {
        let conn = self.conns.get_mut(&conn)?;
        let before = usize::try_from(number.checked_sub(conn.first)?).unwrap_or(usize::MAX);
        conn.asks.drain(..before.min(conn.asks.len()));
        conn.first = number.saturating_add(1);
        conn.asks.pop_front()
    }

    fn begin(&mut self, at: Duration) -> SessionId {
        self.begun += 1;
        let id = SessionId(self.begun);
        let session = Session {
            id,
            sid: None,
            jid: None,
            asked: None,
            granted: None,
            began: at,
            last: at,
            answered: None,
            idle: None,
            open: Vec::new(),
            over: false,
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
        self.sessions.retain(|_, session| session.last >= since || !session.open.is_empty());
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
            session.sid = Some(sid.to_owned());
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
            if let Some(sid) = self.sessions.remove(&id).and_then(|session| session.sid) {
                self.by_sid.remove(&sid);
            }
        }
    }
}

impl Session {
    /// What a person calls the session: the first characters of its sid.
    pub fn name(&self) -> &str {
        let sid = self.sid.as_deref().unwrap_or("new");
        sid.char_indices().nth(4).map_or(sid, |(end, _)| &sid[..end])
    }

    /// `wait` in force, in seconds.
    pub fn wait(&self) -> Option<u64> {
        self.granted.as_ref()?.wait.as_ref()?.value
    }

    /// `inactivity` in force, in seconds.
    pub fn inactivity(&self) -> Option<u64> {
        self.granted.as_ref()?.inactivity.as_ref()?.value
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
