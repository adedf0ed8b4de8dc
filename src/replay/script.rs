//! What the clients of a trace did: when, on which connection, and what of the server they had heard before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::texts::is_sasl;
use crate::diag::counted_as;
use crate::trace::{Event, Fact, Frame, How, Link, Reading, Request, SessionId, Story};
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::wire::websocket::Opcode;
use crate::xml::Element;
use crate::xmpp::ns;

/// Rids of a session that are further apart than this have no room where others begin.
const FAR: u64 = 1 << 40;

/// What the clients of a trace did.
#[derive(Debug, Default)]
pub struct Script {
    /// In order of time.
    pub(super) acts: Vec<Act>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// What the server sent in each session, in order.
    pub(super) heard: BTreeMap<SessionId, Vec<Element>>,
    /// The domain of the first session that is not told that its host is unknown.
    pub(super) domain: Option<String>,
    /// Connections with TLS from the first byte.
    pub(super) direct: BTreeSet<u64>,
    /// Paths to which sessions sent something, and whether that was for WebSocket.
    pub(super) paths: BTreeMap<String, bool>,
    /// For how long something came after the last act.
    pub(super) rest: Duration,
    /// What cannot be replayed: how often, by kind.
    left_out: BTreeMap<&'static str, usize>,
}

/// A session of the recording.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools)] // they are independent of each other
pub(super) struct Session {
    pub(super) sid: Option<String>,
    pub(super) jid: Option<String>,
    pub(super) anonymous: bool,
    /// The user named by what the client sent, where no resource was bound.
    pub(super) carrier: &'static str,
    pub(super) authenticates: bool,
    /// The domain that it is opened to.
    asked: Option<String>,
    /// The server does not serve it.
    unknown: bool,
    /// Its first rid, and whether others are below it or so far above that they have no room elsewhere.
    first: Option<u64>,
    pub(super) far: bool,
}

/// Something that a client did.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) at: Duration,
    pub(super) conn: u64,
    pub(super) session: Option<SessionId>,
    pub(super) does: Does,
    /// What had come since the session's last act.
    pub(super) needs: Vec<Need>,
    /// Stanzas that had come since stream management was enabled.
    pub(super) received: u32,
    /// What becomes of the attempt to log in that it is part of.
    pub(super) attempt: Attempt,
}

/// What becomes of an attempt to log in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The recording does not say.
    #[default]
    Open,
    Fails,
    Succeeds,
}

/// What an act is.
#[derive(Debug, Clone)]
pub(super) enum Does {
    /// A request of HTTP, by its number among all exchanges.
    Request(u64, Box<Request>),
    /// A message of WebSocket, in the first byte of its frame, masked or not.
    Text { head: u8, masked: bool, payload: Vec<u8> },
    /// A control frame.
    Control { head: u8, masked: bool, status: Option<u16>, payload: Vec<u8> },
    /// A part of a stream over TCP.
    Part(Vec<u8>),
    /// TLS begins, as STARTTLS has agreed.
    Secure,
    /// The client ends its connection.
    End(How),
}

impl Does {
    /// What it says.
    pub(super) fn content(&self) -> &[u8] {
        match self {
            Self::Request(_, request) => &request.content.bytes,
            Self::Text { payload: bytes, .. } | Self::Part(bytes) => bytes,
            Self::Control { .. } | Self::Secure | Self::End(_) => &[],
        }
    }
}

/// Something of a server that an act follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) at: Duration,
    pub(super) what: Needed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    /// The response to this exchange.
    Answer(u64),
    /// So many elements on this connection.
    Came(u64, usize),
}

/// Why a trace cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotReplay {
    /// No client did anything that can be done again.
    #[error("no request, message or stanza of a client is in the recording")]
    Nothing,
    /// None is called so.
    #[error("--session: no session begins with `{wanted}`; the recording has {}", .names.join(", "))]
    NoSession {
        /// What was asked for.
        wanted: String,
        /// What there is.
        names: Vec<String>,
    },
    /// A login that is not known here.
    #[error(
        "a client logs in with SASL2 (XEP-0388), which cannot be done anew yet; its secrets are in no recording"
    )]
    Sasl2,
}

impl Script {
    /// Of a trace; with `session`, only of the sessions whose name or sid begins so.
    pub fn of(events: &[Event], session: Option<&str>) -> Result<Self, CannotReplay> {
        let mut reader = Reader::default();
        for event in events {
            reader.take(event);
        }
        reader.finish(session)
    }

    /// The carriers that the target has to have: `bosh`, `websocket`, `tcp`.
    pub fn carriers(&self) -> BTreeSet<&'static str> {
        self.sessions.values().map(|session| session.carrier).collect()
    }

    /// The accounts that log in, by their bare addresses, in order.
    pub fn accounts(&self) -> Vec<String> {
        let mut accounts: Vec<String> = Vec::new();
        for session in self.sessions.values() {
            let Some(jid) = &session.jid else { continue };
            let bare = jid.split('/').next().unwrap_or(jid);
            if !session.anonymous && !accounts.iter().any(|known| known == bare) {
                accounts.push(bare.to_owned());
            }
        }
        accounts
    }

    /// How many acts there are.
    pub fn len(&self) -> usize {
        self.acts.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.acts.is_empty()
    }

    /// The connections that it uses.
    pub(super) fn conns(&self) -> BTreeSet<u64> {
        self.acts.iter().map(|act| act.conn).collect()
    }

    /// What cannot be replayed, in words.
    pub fn left_out(&self) -> Vec<String> {
        self.left_out.iter().map(|(what, count)| counted_as(*count, what)).collect()
    }
}

#[derive(Default)]
struct Reader {
    story: Story,
    script: Script,
    names: BTreeMap<SessionId, String>,
    /// What came since the last act, by session or else by connection.
    news: HashMap<(Option<SessionId>, u64), Vec<Need>>,
    /// Responses that came on a connection.
    answers: HashMap<u64, Vec<Need>>,
    /// Elements that came on a connection.
    came: HashMap<u64, usize>,
    /// Stanzas that came in a session since stream management was enabled.
    received: HashMap<SessionId, u32>,
    ended: BTreeSet<u64>,
    last: Duration,
    sasl2: bool,
}

impl Reader {
    fn take(&mut self, event: &Event) {
        let effect = self.story.take(event);
        self.last = self.last.max(event.at);
        let message = effect.message.as_ref();
        let session = message.and_then(|message| message.session).or(effect.session);
        if let Some(message) = message
            && let (Some(new), Some(old)) = (message.resumes, message.session)
        {
            self.join(new, old);
        }
        if let Some(id) = session {
            self.know(id);
        }
        let exchange = message.and_then(|message| message.exchange.as_ref());
        let key = (session, if session.is_none() { event.conn } else { 0 });
        if let (Some(message), Some(id)) = (message, session) {
            self.elements(id, message.from, &message.reading);
        }
        match &event.fact {
            Fact::Request(request) => {
                let (Some(message), Some(exchange)) = (message, exchange) else { return };
                if request.content.cut || request.content.clipped {
                    return self.leave_out("request(s) that the recording does not hold whole");
                }
                if let (Some(id), Some(rid)) = (session, exchange.rid()) {
                    self.rid(id, rid, &message.reading);
                }
                if session.is_some() || exchange.upgrade.is_some() {
                    let websocket = exchange.upgrade.is_some();
                    self.script.paths.entry(request.target.clone()).or_insert(websocket);
                }
                let does = Does::Request(exchange.number, Box::new(request.clone()));
                self.act(event, session, key, does);
            }
            Fact::Response(response) if response.status >= 200 || response.status == 101 => {
                if let Some(exchange) = exchange {
                    let what = Needed::Answer(exchange.number);
                    self.need(key, event.at, what);
                    self.answers.entry(event.conn).or_default().push(Need { at: event.at, what });
                }
            }
            // Pongs are given by themselves.
            Fact::Frame(frame)
                if Opcode(frame.opcode).is_control()
                    && frame.from == Side::Client
                    && Opcode(frame.opcode) != Opcode::PONG =>
            {
                let (head, masked) = head(frame);
                let (status, payload) = (frame.status, frame.content.bytes.clone());
                self.act(event, session, key, Does::Control { head, masked, status, payload });
            }
            Fact::Frame(frame) if Opcode(frame.opcode).is_control() => {}
            Fact::Frame(frame) => match frame.from {
                Side::Client if frame.content.cut || frame.content.clipped => {
                    self.leave_out("message(s) that the recording does not hold whole");
                }
                Side::Client => {
                    let (head, masked) = head(frame);
                    let payload = frame.content.bytes.clone();
                    self.act(event, session, key, Does::Text { head, masked, payload });
                }
                Side::Server => self.heard(event, key),
            },
            Fact::Part(part) if part.kind == Kind::Space => {}
            Fact::Part(part) => match part.from {
                Side::Client => {
                    self.act(event, session, key, Does::Part(part.content.bytes.clone()));
                }
                Side::Server => self.heard(event, key),
            },
            Fact::Secured(secured) if secured.starttls => {
                self.act(event, session, key, Does::Secure);
            }
            Fact::Secured(_) => _ = self.script.direct.insert(event.conn),
            Fact::Ended { by, how, .. } => {
                let first = self.ended.insert(event.conn);
                if *by == Side::Client && first {
                    self.act(event, session, key, Does::End(*how));
                    let answers = self.answers.remove(&event.conn).unwrap_or_default();
                    if let Some(act) = self.script.acts.last_mut() {
                        act.needs.extend(answers);
                    }
                }
            }
            Fact::Raw(raw) if raw.from == Side::Client => {
                self.leave_out("piece(s) of something other than HTTP, WebSocket or XMPP");
            }
            Fact::Lost { .. } => self.leave_out("gap(s) in the recording"),
            Fact::Fault(_) => {
                self.leave_out("fault(s) of xmppscope: what they did shows as a difference");
            }
            _ => {}
        }
    }

    fn leave_out(&mut self, what: &'static str) {
        *self.script.left_out.entry(what).or_default() += 1;
    }

    fn need(&mut self, key: (Option<SessionId>, u64), at: Duration, what: Needed) {
        self.news.entry(key).or_default().push(Need { at, what });
    }

    /// Something came on a stream.
    fn heard(&mut self, event: &Event, key: (Option<SessionId>, u64)) {
        let count = self.came.entry(event.conn).or_default();
        *count += 1;
        let what = Needed::Came(event.conn, *count);
        self.need(key, event.at, what);
    }

    fn act(
        &mut self,
        event: &Event,
        session: Option<SessionId>,
        key: (Option<SessionId>, u64),
        does: Does,
    ) {
        let mut needs = self.news.remove(&key).unwrap_or_default();
        // What was asked for on this connection before the session was known.
        needs.extend(self.news.remove(&(None, event.conn)).unwrap_or_default());
        let received = session.and_then(|id| self.received.get(&id)).copied().unwrap_or_default();
        let (at, conn) = (event.at, event.conn);
        let attempt = Attempt::Open;
        self.script.acts.push(Act { at, conn, session, does, needs, received, attempt });
    }

    fn elements(&mut self, id: SessionId, from: Side, reading: &Reading) {
        if let Reading::Body(body) = reading {
            let condition = body.element().attr("condition").unwrap_or_default();
            if from == Side::Server && matches!(condition, "host-unknown" | "host-gone") {
                self.unserved(id);
            }
        }
        let elements: Vec<&Element> = match reading {
            Reading::Body(body) => body.payloads().collect(),
            Reading::Element(element) => vec![element],
            _ => Vec::new(),
        };
        for element in elements {
            match from {
                Side::Server => {
                    let heard = self.script.heard.entry(id).or_default();
                    heard.push(element.clone());
                    if element.is(ns::SASL, "failure") {
                        self.attempted(id, Attempt::Fails);
                    } else if element.is(ns::SASL, "success") {
                        self.attempted(id, Attempt::Succeeds);
                    }
                    let unknown = |it: &Element| matches!(it.name(), "host-unknown" | "host-gone");
                    if element.is(ns::STREAMS, "error") && element.children().any(unknown) {
                        self.unserved(id);
                    }
                    count(self.received.entry(id).or_default(), element);
                }
                Side::Client => {
                    let Some(session) = self.script.sessions.get_mut(&id) else { continue };
                    if element.is(ns::SASL, "auth") {
                        session.authenticates = true;
                        session.anonymous = element.attr("mechanism") == Some("ANONYMOUS");
                    }
                    self.sasl2 |= element.is(ns::SASL2, "authenticate");
                }
            }
        }
    }

    fn know(&mut self, id: SessionId) {
        let Some(found) = self.story.session(id) else { return };
        self.names.insert(id, found.name().to_owned());
        let session = self.script.sessions.entry(id).or_default();
        session.sid = found.sid().map(str::to_owned).or(session.sid.take());
        session.jid = found.jid().map(str::to_owned).or(session.jid.take());
        session.carrier = match found.link {
            Link::Bosh(_) => "bosh",
            Link::WebSocket(_) => "websocket",
            Link::Tcp(_) => "tcp",
        };
        if session.asked.is_none() {
            let asked = found.asked().and_then(|asked| asked.to.as_deref());
            let opened = found.stream.headers[Side::Client as usize].as_ref();
            let asked = asked.or(opened.and_then(|header| header.to.as_deref()));
            session.asked = asked.map(str::to_owned);
        }
    }

    /// What becomes of the attempt to log in that a session has begun last.
    fn attempted(&mut self, id: SessionId, became: Attempt) {
        let own = self.script.acts.iter_mut().rev().filter(|act| act.session == Some(id));
        for act in own {
            let text = String::from_utf8_lossy(act.does.content());
            let begins = text.contains("<auth");
            if is_sasl(&text) {
                act.attempt = became;
            }
            if begins {
                return;
            }
        }
    }

    fn unserved(&mut self, id: SessionId) {
        self.script.sessions.entry(id).or_default().unknown = true;
    }

    /// A request has this rid.
    fn rid(&mut self, id: SessionId, rid: u64, reading: &Reading) {
        let written = match reading {
            Reading::Body(body) => body.element().attr("rid"),
            _ => None,
        };
        let session = self.script.sessions.entry(id).or_default();
        let first = *session.first.get_or_insert(rid);
        // Or written so that it would not be known for a number.
        let odd = written.is_some_and(|written| written != rid.to_string());
        session.far |= odd || rid < first || rid - first > FAR;
    }

    /// A stream resumes a session: it belongs to that.
    fn join(&mut self, new: SessionId, old: SessionId) {
        let received = self.received.get(&old).copied().unwrap_or_default();
        for act in &mut self.script.acts {
            if act.session == Some(new) {
                act.session = Some(old);
                // Which is what the client counts from, whatever its stream was called until now.
                act.received = received;
            }
        }
        self.script.sessions.remove(&new);
        let heard = self.script.heard.remove(&new).unwrap_or_default();
        self.script.heard.entry(old).or_default().extend(heard);
        let news = self.news.remove(&(Some(new), 0)).unwrap_or_default();
        self.news.entry((Some(old), 0)).or_default().extend(news);
    }

    fn finish(mut self, wanted: Option<&str>) -> Result<Script, CannotReplay> {
        let mut script = self.script;
        let mut served = script.sessions.values().filter(|session| !session.unknown);
        let asked = |session: &Session| session.asked.clone().filter(|it| !it.is_empty());
        script.domain = served.find_map(asked);
        if let Some(wanted) = wanted {
            let is = |id: &SessionId| {
                let sid = script.sessions.get(id).and_then(|session| session.sid.as_ref());
                self.names.get(id).is_some_and(|name| name.starts_with(wanted))
                    || sid.is_some_and(|sid| sid.starts_with(wanted))
            };
            let chosen: BTreeSet<SessionId> = script.sessions.keys().copied().filter(is).collect();
            if chosen.is_empty() {
                let names = std::mem::take(&mut self.names).into_values().collect();
                return Err(CannotReplay::NoSession { wanted: wanted.to_owned(), names });
            }
            let conns: BTreeSet<u64> = script
                .acts
                .iter()
                .filter(|act| act.session.is_some_and(|id| chosen.contains(&id)))
                .map(|act| act.conn)
                .collect();
            script.acts.retain(|act| match act.session {
                Some(id) => chosen.contains(&id),
                None => conns.contains(&act.conn),
            });
            script.sessions.retain(|id, _| chosen.contains(id));
        }
        // What carries nothing is nobody's loss.
        let used: BTreeSet<u64> = script
            .acts
            .iter()
            .filter(|act| !matches!(act.does, Does::End(_) | Does::Secure))
            .map(|act| act.conn)
            .collect();
        script.acts.retain(|act| used.contains(&act.conn));
        match script.acts.last() {
            None => return Err(CannotReplay::Nothing),
            Some(_) if self.sasl2 => return Err(CannotReplay::Sasl2),
            Some(last) => script.rest = self.last.saturating_sub(last.at),
        }
        Ok(script)
    }
}

/// The first byte of a frame, and whether it is masked.
fn head(frame: &Frame) -> (u8, bool) {
    let fin = if frame.unfinished { 0 } else { 0x80 };
    let masked = frame.masked == frame.frames;
    (fin | (frame.reserved & 7) << 4 | frame.opcode & 15, masked)
}

/// Stream management counts stanzas since it was enabled (XEP-0198 §4).
pub(super) fn count(received: &mut u32, element: &Element) {
    let stanza = matches!(element.name(), "message" | "presence" | "iq");
    if element.is(ns::SM3, "enabled") || element.is(ns::SM2, "enabled") {
        *received = 0;
    } else if stanza && element.namespace() == ns::CLIENT {
        *received = received.wrapping_add(1);
    }
}
