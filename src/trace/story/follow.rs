//! The story as a whole: it takes the events of a trace in order, and has each part of it take what concerns it.

use std::sync::Arc;
use std::time::Duration;

use super::exchange::{BoshRequest, Exchange};
use super::exchanges::Exchanges;
use super::id::SessionId;
use super::message::{Effect, Message};
use super::session::{Link, Session};
use super::sessions::Sessions;
use crate::trace::event::{Event, Fact, Request, Response};
use crate::trace::reading::{Reading, read};
use crate::wire::Side;

/// Follows a trace.
#[derive(Debug, Default)]
pub struct Story {
    exchanges: Exchanges,
    sessions: Sessions,
}

impl Story {
    /// A session by its number; none if it is over and too many came after it.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(id)
    }

    /// All sessions that are remembered.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter()
    }

    /// Who ended this connection first, and when, as long as the connection is not gone.
    pub fn left(&self, conn: u64) -> Option<(Side, Duration)> {
        self.exchanges.left(conn)
    }

    /// How many sessions there were.
    pub fn begun(&self) -> u32 {
        self.sessions.begun()
    }

    /// How many requests there were.
    pub fn exchanges(&self) -> u64 {
        self.exchanges.count()
    }

    /// Marks a session as over that ended without a word, so that it can be forgotten some day.
    pub fn ended(&mut self, id: SessionId) {
        self.sessions.end(id);
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Event) -> Effect {
        match &event.fact {
            Fact::Request(request) => self.request(event, request).into(),
            Fact::Response(response) => self.response(event, response).into(),
            Fact::Ended { by, together, .. } => {
                self.exchanges.leave(event.conn, *by, *together, event.at);
                Effect::default()
            }
            Fact::Lost { .. } => {
                // Responses can't be matched any more.
                if let Some(conn) = self.exchanges.remove(event.conn) {
                    self.abandon(&conn.waiting, event.at);
                }
                Effect::default()
            }
            Fact::Closed { .. } => {
                let Some(conn) = self.exchanges.remove(event.conn) else {
                    return Effect::default();
                };
                self.abandon(&conn.waiting, conn.ended().unwrap_or(event.at));
                let left = conn.left();
                Effect { message: None, abandoned: conn.waiting.into(), left }
            }
            Fact::Opened { .. } | Fact::Failed { .. } | Fact::Raw(_) | Fact::Finished => {
                Effect::default()
            }
        }
    }

    /// These requests will get no response.
    fn abandon<'a>(&mut self, waiting: impl IntoIterator<Item = &'a Arc<Exchange>>, at: Duration) {
        for exchange in waiting {
            if let Some(session) = exchange.session().and_then(|id| self.sessions.get_mut(id)) {
                let Link::Bosh(link) = &mut session.link;
                link.abandon(exchange, at);
            }
        }
    }

    fn request(&mut self, event: &Event, request: &Request) -> Message {
        let mut exchange = self.exchanges.begin(event.conn, event.at, request);
        let reading = read(&request.content, request.headers.get("content-type"));
        let (mut since, mut gap, mut stanzas) = (None, None, Vec::new());
        if let Reading::Body(body) = &reading {
            let id = match body.sid() {
                Some(sid) => self.sessions.with_sid(sid, event.at),
                None => self.sessions.begin(event.at),
            };
            let bosh = exchange.bosh.insert(BoshRequest::new(id, body));
            if let Some(session) = self.sessions.get_mut(id) {
                since = event.at.checked_sub(session.last).filter(|_| !bosh.creates);
                session.last = event.at;
                let Link::Bosh(link) = &mut session.link;
                gap = link.request(bosh, body, event.at);
                stanzas = session.stream.take(Side::Client, body.payloads(), bosh.rid, event.at);
            }
        }
        let exchange = Arc::new(exchange);
        let session = exchange.session();
        if !exchange.answered_early {
            if let Some(session) = session.and_then(|id| self.sessions.get_mut(id)) {
                let Link::Bosh(link) = &mut session.link;
                link.wait_for(&exchange);
            }
            self.exchanges.wait(&exchange);
        }
        let exchange = Some(exchange);
        Message { from: Side::Client, reading, stanzas, exchange, session, since, gap, held: None }
    }

    fn response(&mut self, event: &Event, response: &Response) -> Message {
        let exchange = self.exchanges.end(event.conn, response);
        let reading = read(&response.content, response.headers.get("content-type"));
        let (mut since, mut stanzas) = (None, Vec::new());
        if let Some(exchange) = &exchange
            && let Some(id) = exchange.session()
            && let Some(session) = self.sessions.get_mut(id)
        {
            since = event.at.checked_sub(session.last);
            session.last = event.at;
            let body = match &reading {
                Reading::Body(body) => Some(&**body),
                _ => None,
            };
            if let Some(body) = body {
                stanzas =
                    session.stream.take(Side::Server, body.payloads(), exchange.rid(), event.at);
            }
            let Link::Bosh(link) = &mut session.link;
            let nameless = link.sid.is_none();
            let over = link.response(exchange, body, event.at);
            if nameless {
                self.sessions.learn_sid(id);
            }
            if over {
                self.sessions.end(id);
            }
        }
        self.sessions.forget();
        let session = exchange.as_ref().and_then(|exchange| exchange.session());
        let held = exchange.as_ref().map(|exchange| response.first.saturating_sub(exchange.at));
        Message { from: Side::Server, reading, stanzas, exchange, session, since, gap: None, held }
    }
}

impl From<Message> for Effect {
    fn from(message: Message) -> Self {
        Self { message: Some(message), ..Self::default() }
    }
}
