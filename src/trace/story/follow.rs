//! The story as a whole: it takes the events of a trace in order, and has each part of it take what concerns it.

use std::sync::Arc;
use std::time::Duration;

use super::carriers::{Line, TcpLink, WebSocketLink};
use super::exchange::{BoshRequest, Exchange};
use super::exchanges::Exchanges;
use super::id::SessionId;
use super::lines::Lines;
use super::management::{Management, Step, is_management};
use super::message::{Effect, Message};
use super::session::{Link, Session};
use super::sessions::Sessions;
use crate::trace::event::{Event, Fact, Frame, Part, Request, Response};
use crate::trace::reading::{Reading, Stanza, read, read_element};
use crate::trace::scope::Scope;
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::wire::websocket::{Deflate, Opcode};
use crate::xml::Element;
use crate::xmpp::ns;

/// Follows a trace.
#[derive(Debug, Default)]
pub struct Story {
    exchanges: Exchanges,
    sessions: Sessions,
    lines: Lines,
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

    /// The session whose stream this connection carries; none if it is not a WebSocket and not a stream over TCP.
    pub fn carried(&self, conn: u64) -> Option<&Session> {
        self.lines.session(conn).and_then(|id| self.sessions.get(id))
    }

    /// How many sessions there were.
    pub fn begun(&self) -> u32 {
        self.sessions.begun()
    }

    /// How many sessions were asked for and refused.
    pub fn refused(&self) -> u32 {
        self.sessions.refused()
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
            Fact::Frame(frame) => self.frame(event, frame),
            Fact::Part(part) => self.part(event, part),
            Fact::Ended { by, together, .. } => {
                self.exchanges.leave(event.conn, *by, *together, event.at);
                let left = self.exchanges.left(event.conn);
                let line = self.line(event.conn);
                if let Some((_, line)) = line {
                    line.left = line.left.or(left);
                }
                Effect { session: self.lines.session(event.conn), ..Effect::default() }
            }
            Fact::Lost { .. } => {
                // Responses can't be matched any more.
                if let Some(conn) = self.exchanges.remove(event.conn) {
                    self.abandon(&conn.waiting, event.at);
                }
                let session = self.lines.session(event.conn);
                if let Some(session) = session.and_then(|id| self.sessions.get_mut(id)) {
                    session.stream.management_mut().lose();
                }
                Effect { session, ..Effect::default() }
            }
            Fact::Closed { .. } => {
                let session = self.gone(event.conn);
                let Some(conn) = self.exchanges.remove(event.conn) else {
                    return Effect { session, ..Effect::default() };
                };
                self.abandon(&conn.waiting, conn.ended().unwrap_or(event.at));
                let left = conn.left();
                Effect { message: None, abandoned: conn.waiting.into(), left, session }
            }
            Fact::Secured(secured) => {
                let secured = Some(Arc::new(secured.clone()));
                let session = self.lines.session(event.conn);
                match session.and_then(|id| self.sessions.get_mut(id)).map(|s| &mut s.link) {
                    Some(Link::Tcp(link)) => link.secured = secured,
                    _ => self.lines.entry(event.conn).secured = secured,
                }
                Effect { session, ..Effect::default() }
            }
            Fact::Fault(_) => {
                let session = self.lines.session(event.conn);
                let session = session.or_else(|| self.exchanges.asking(event.conn));
                Effect { session, ..Effect::default() }
            }
            Fact::Raw(_) => Effect { session: self.lines.session(event.conn), ..Effect::default() },
            Fact::Opened { .. } | Fact::Failed { .. } | Fact::Finished => Effect::default(),
        }
    }

    /// The session that a connection carries, and its line; none if another connection has taken the session over.
    fn line(&mut self, conn: u64) -> Option<(SessionId, &mut Line)> {
        let id = self.lines.session(conn)?;
        let line = self.sessions.get_mut(id)?.link.line_mut()?;
        (line.conn == conn).then_some((id, line))
    }

    /// A connection is gone. Gives the session that it carried.
    fn gone(&mut self, conn: u64) -> Option<SessionId> {
        let current = self.line(conn).map(|(id, line)| {
            line.gone = true;
            (id, line.closed.iter().any(Option::is_some))
        });
        if let Some((id, closed)) = current
            && let Some(session) = self.sessions.get_mut(id)
        {
            session.stream.management_mut().cut();
            if closed || !session.stream.management().resumable {
                self.sessions.end(id);
            }
            self.sessions.forget();
        }
        self.lines.remove(conn)?.session
    }

    /// A WebSocket begins: the session that it carries, if it is one of XMPP.
    fn switch(
        &mut self,
        event: &Event,
        exchange: &Arc<Exchange>,
        response: &Response,
    ) -> Option<SessionId> {
        let carried = self.lines.entry(event.conn);
        carried.handshake = Some(Arc::clone(exchange));
        carried.subprotocol = response.headers.get("sec-websocket-protocol").map(str::to_owned);
        carried.deflate =
            Deflate::agreed(response.headers.all("sec-websocket-extensions")).is_some();
        let is_xmpp = |protocol: &String| protocol.eq_ignore_ascii_case("xmpp");
        let upgrade = exchange.upgrade.as_ref()?;
        if upgrade.subprotocols.iter().chain(&carried.subprotocol).any(is_xmpp) {
            Some(self.begin_websocket(event))
        } else {
            None
        }
    }

    fn begin_websocket(&mut self, event: &Event) -> SessionId {
        let carried = self.lines.entry(event.conn);
        let link = WebSocketLink {
            handshake: carried.handshake.clone(),
            subprotocol: carried.subprotocol.clone(),
            deflate: carried.deflate,
            ..WebSocketLink::new(Line::new(event.conn, event.at))
        };
        let id = self.sessions.begin_on(Link::WebSocket(Box::new(link)), event.at);
        self.lines.entry(event.conn).session = Some(id);
        id
    }

    fn frame(&mut self, event: &Event, frame: &Frame) -> Effect {
        if Opcode(frame.opcode).is_control() {
            let session = self.lines.session(event.conn);
            if let Some(session) = session.and_then(|id| self.sessions.get_mut(id))
                && let Link::WebSocket(link) = &mut session.link
                && link.line.conn == event.conn
            {
                link.line.last[frame.from as usize] = Some(event.at);
                link.control(frame, event.at);
            }
            return Effect { session, ..Effect::default() };
        }
        let reading = read_element(&frame.content, &Scope::default());
        if self.lines.session(event.conn).is_none() && is_xmpp(&reading) {
            self.begin_websocket(event);
        }
        self.said(event, frame.from, reading, frame.content.bytes.len())
    }

    fn part(&mut self, event: &Event, part: &Part) -> Effect {
        let carried = self.lines.entry(event.conn);
        if part.kind == Kind::Header {
            carried.scopes[part.from as usize] = Scope::of(&part.content.bytes);
        }
        let reading = read_element(&part.content, &carried.scopes[part.from as usize]);
        if carried.session.is_none() {
            let secured = carried.secured.take();
            let link = TcpLink { line: Line::new(event.conn, event.at), secured };
            let id = self.sessions.begin_on(Link::Tcp(Box::new(link)), event.at);
            self.lines.entry(event.conn).session = Some(id);
        }
        self.said(event, part.from, reading, part.content.bytes.len())
    }

    /// One side says something on a connection that may carry a stream. `size`: how much of it there is.
    fn said(&mut self, event: &Event, from: Side, reading: Reading, size: usize) -> Effect {
        let at = event.at;
        let mut message = Message { reading, ..Message::new(from) };
        let Some(mut id) = self.lines.session(event.conn) else { return message.into() };
        if let Some(session) = self.sessions.get_mut(id) {
            message.since = at.checked_sub(session.last);
            session.last = at;
            let Session { stream, link, .. } = session;
            // What comes on a connection that another one has replaced is told, and changes nothing.
            if let Some(line) = link.line_mut().filter(|line| line.conn == event.conn) {
                line.last[from as usize] = Some(at);
                match &message.reading {
                    Reading::StreamEnd => {
                        line.closed[from as usize].get_or_insert(at);
                    }
                    Reading::Element(element) | Reading::Header(element) => {
                        line.take(from, element, at);
                        let (stanza, step) = stream.take_whole(from, element, size, at);
                        message.stanzas.push(stanza);
                        message.management = step;
                    }
                    // It may have been a stanza.
                    Reading::Partial | Reading::Malformed(_) => stream.management_mut().lose(),
                    _ => {}
                }
            } else if let Reading::Element(element) = &message.reading {
                message.stanzas.push(Stanza::whole(element, size));
            }
        }
        if let (Side::Server, Reading::Element(element)) = (from, &message.reading) {
            if let Some(resumed) = inner(element, "resumed") {
                let (old, step) = self.resume(event, id, resumed);
                message.resumes = Some(id).filter(|_| old != id);
                id = old;
                message.management = Some(step);
            }
            if inner(element, "enabled").is_some() {
                self.sessions.learn_previd(id);
            }
        }
        message.session = Some(id);
        message.into()
    }

    /// The server says that the stream on this connection resumes a session. Gives that, and what becomes of the counts.
    fn resume(&mut self, event: &Event, new: SessionId, resumed: &Element) -> (SessionId, Step) {
        let session = self.sessions.get_mut(new);
        let asked = session.and_then(|session| session.stream.management_mut().resuming.take());
        let (asked, by_client) = asked.unzip();
        let previd = resumed.attr("previd").map(str::to_owned).or(asked);
        let known = previd.as_ref().and_then(|previd| self.sessions.with_previd(previd));
        let old = known.unwrap_or(new);
        if old != new {
            self.sessions.join(new, old);
            self.lines.entry(event.conn).session = Some(old);
        }
        let by_server = resumed.attr("h").and_then(|h| h.trim().parse().ok());
        let mut nobody = Management::default();
        let session = self.sessions.get_mut(old);
        let management = session.map_or(&mut nobody, |session| session.stream.management_mut());
        let step = management.resume(by_server, by_client.flatten(), event.at);
        if management.id.is_none() {
            // It began where it was not seen, and may be resumed again.
            (management.id, management.resumable) = (previd, true);
            self.sessions.learn_previd(old);
        }
        (old, step)
    }

    /// These requests will get no response.
    fn abandon<'a>(&mut self, waiting: impl IntoIterator<Item = &'a Arc<Exchange>>, at: Duration) {
        for exchange in waiting {
            let Some(id) = exchange.session() else { continue };
            let Some(link) = self.sessions.get_mut(id).and_then(Session::bosh_mut) else {
                continue;
            };
            link.abandon(exchange, at);
            if link.is_refused(exchange) {
                self.sessions.refuse(id);
            }
        }
    }

    fn request(&mut self, event: &Event, request: &Request) -> Message {
        let mut exchange = self.exchanges.begin(event.conn, event.at, request);
        let reading = read(&request.content, request.headers.get("content-type"));
        let (mut since, mut gap, mut stanzas) = (None, None, Vec::new());
        if let Reading::Body(body) = &reading {
            let id = match body.sid().filter(|sid| !sid.is_empty()) {
                Some(sid) => self.sessions.with_sid(sid, event.at),
                None => self.sessions.begin(event.at),
            };
            let bosh = exchange.bosh.insert(BoshRequest::new(id, body));
            if let Some(session) = self.sessions.get_mut(id) {
                since = event.at.checked_sub(session.last).filter(|_| !bosh.creates);
                session.last = event.at;
                gap = session.bosh_mut().and_then(|link| link.request(bosh, body, event.at));
                stanzas = session.stream.take(Side::Client, body.payloads(), bosh.rid, event.at);
            }
        }
        let exchange = Arc::new(exchange);
        let session = exchange.session();
        if !exchange.answered_early {
            let session = session.and_then(|id| self.sessions.get_mut(id));
            if let Some(link) = session.and_then(Session::bosh_mut) {
                link.wait_for(&exchange);
            }
            self.exchanges.wait(&exchange);
        }
        let exchange = Some(exchange);
        let message = Message::new(Side::Client);
        Message { reading, stanzas, exchange, session, since, gap, ..message }
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
            if let Some(link) = session.bosh_mut() {
                let nameless = link.sid.is_none();
                let over = link.response(exchange, body, event.at);
                let refused = link.is_refused(exchange);
                if nameless {
                    self.sessions.learn_sid(id);
                }
                if refused {
                    self.sessions.refuse(id);
                } else if over {
                    self.sessions.end(id);
                }
            }
        }
        self.sessions.forget();
        let mut session = exchange.as_ref().and_then(|exchange| exchange.session());
        if let Some(exchange) = exchange.as_ref().filter(|_| response.status == 101) {
            session = session.or_else(|| self.switch(event, exchange, response));
        }
        let held = exchange.as_ref().map(|exchange| response.first.saturating_sub(exchange.at));
        let message = Message::new(Side::Server);
        Message { reading, stanzas, exchange, session, since, held, ..message }
    }
}

impl From<Message> for Effect {
    fn from(message: Message) -> Self {
        let session = message.session;
        Self { message: Some(message), session, ..Self::default() }
    }
}

/// Whether a WebSocket that says this first is one of XMPP: of RFC 7395, or of the drafts before it.
fn is_xmpp(reading: &Reading) -> bool {
    match reading {
        Reading::Header(_) => true,
        Reading::Element(element) => {
            matches!(element.namespace(), ns::FRAMING | ns::STREAMS | ns::CLIENT)
        }
        _ => false,
    }
}

/// An element of stream management with this name: the element itself, or one that is inlined in SASL2.
fn inner<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    let is_it = |element: &&Element| is_management(element) && element.name() == name;
    if element.namespace() == ns::SASL2 {
        element.descendants().find(is_it)
    } else {
        Some(element).filter(is_it)
    }
}
