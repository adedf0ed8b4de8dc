//! Plays the server of a recording: which act of its client a request is, what is answered, and when. A machine without I/O.
//!
//! A response comes as long after the act that it followed as it did in the recording. What proves a password is in no recording, so every user gets
//! in, with PLAIN or ANONYMOUS.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::kinds::{Kind, is_secret, only_counts};
use super::reply;
use super::scenes::{Act, Carrier, Reaction, Says, Scene, Scenes, asks};
use crate::bosh::{Body, NS};
use crate::random::Random;
use crate::record::{Values, rewritten};
use crate::trace::Request;
use crate::xml::Element;
use crate::xmpp::ns;

/// How far ahead in the recording an act may be that comes now, if only polls stand between.
const AHEAD: usize = 16;
/// How long a request is held that the recording does not answer, if it does not say.
const WAIT: Duration = Duration::from_secs(60);

/// A request of a connection, counted from 0.
pub(super) type Ticket = (u64, u64);

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// A response.
    Http(Ticket, Vec<u8>),
    /// A message of WebSocket, or a part of a stream over TCP.
    Text(u64, Vec<u8>),
    /// A Close frame.
    Close(u64, Option<u16>, String),
    /// The end of the connection.
    End(u64),
}

/// Plays the server.
pub struct Stage {
    scenes: VecDeque<Scene>,
    live: Vec<Live>,
    random: Box<dyn Random>,
    replies: Vec<Reply>,
    remarks: Vec<String>,
}

/// A session that is played.
struct Live {
    scene: Scene,
    sid: String,
    /// The connection that carries its stream, without BOSH.
    conn: Option<u64>,
    /// When each act of the client came that was recorded.
    came: Vec<Duration>,
    /// How many reactions were given.
    said: usize,
    /// Requests by the recorded exchange that they are.
    pending: HashMap<u64, (Ticket, Request)>,
    /// Requests that are in no recording, with their time.
    waiting: VecDeque<(Ticket, Request, Duration)>,
    /// Content that no request was open for.
    owed: VecDeque<Vec<u8>>,
    values: Values,
    domain: String,
    user: Option<String>,
    /// How far rids are from the recorded ones.
    rids: Option<(u64, u64)>,
    /// What ids are made of that the recording hides.
    secret: String,
    over: bool,
}

impl Stage {
    /// Plays these sessions, in order.
    pub fn new(scenes: Scenes, random: Box<dyn Random>) -> Self {
        let (live, replies, remarks) = (Vec::new(), Vec::new(), Vec::new());
        Self { scenes: scenes.all.into(), live, random, replies, remarks }
    }

    /// What is to be sent.
    pub(super) fn replies(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.replies)
    }

    /// What is not as it was recorded, in words.
    pub(super) fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    fn begin(&mut self, carrier: Carrier, domain: Option<&str>) -> Option<usize> {
        let place = self.scenes.iter().position(|scene| scene.carrier == carrier)?;
        let scene = self.scenes.remove(place)?;
        let sid = self.random.token(12);
        let mut values = Values::default();
        let recorded = scene.jid.as_deref().map(|jid| jid.split('/').next().unwrap_or(jid));
        let recorded = recorded.map(|bare| bare.rsplit_once('@').map_or(bare, |(_, it)| it));
        let domain = domain.or(recorded).unwrap_or("localhost").to_owned();
        if let Some(recorded) = recorded {
            values.domain(recorded, domain.as_str());
        }
        if let Some(recorded) = &scene.sid {
            values.word(recorded, sid.as_str());
        }
        self.live.push(Live {
            scene,
            sid,
            conn: None,
            came: Vec::new(),
            said: 0,
            pending: HashMap::new(),
            waiting: VecDeque::new(),
            owed: VecDeque::new(),
            values,
            domain,
            user: None,
            rids: None,
            secret: self.random.token(18),
            over: false,
        });
        Some(self.live.len() - 1)
    }

    /// A request of HTTP has come.
    pub(super) fn request(&mut self, ticket: Ticket, request: &Request, now: Duration) {
        let root = crate::xml::parse(&request.content.bytes, &crate::xml::Limits::default()).ok();
        let Some(body) = root.and_then(|root| Body::new(root).ok()) else {
            return self.replies.push(Reply::Http(ticket, reply::other(request)));
        };
        let place = match body.sid() {
            None if body.is_creation() => self.begin(Carrier::Bosh, body.to()),
            sid => self.live.iter().position(|live| !live.over && sid == Some(&live.sid)),
        };
        let Some(place) = place else {
            let words = if body.is_creation() {
                "one more session over BOSH is asked for than the recording has"
            } else {
                "a request with a sid that is not that of a session here"
            };
            self.remarks.push(format!("{words}; it was answered by item-not-found"));
            let text = format!("<body xmlns='{NS}' type='terminate' condition='item-not-found'/>");
            return self.replies.push(Reply::Http(ticket, reply::body(&text, request)));
        };
        let elements: Vec<Element> = body.payloads().cloned().collect();
        let live = &mut self.live[place];
        if let Some(sasl) = elements.iter().find(|element| is_secret(element)) {
            let answer = live.log_in(sasl, &mut self.remarks);
            let text = format!("<body xmlns='{NS}' sid='{}'>{answer}</body>", live.sid);
            return self.replies.push(Reply::Http(ticket, reply::body(&text, request)));
        }
        let rid = body.rid().and_then(Result::ok);
        let kind = Kind::of(elements.iter(), asks(&body));
        match live.enter(&kind, &elements, rid, now, &mut self.remarks) {
            Some(exchange) => _ = live.pending.insert(exchange, (ticket, request.clone())),
            None => live.waiting.push_back((ticket, request.clone(), now)),
        }
        self.wake(now);
    }

    /// A WebSocket is asked for, or a connection for a stream over TCP is there.
    pub(super) fn upgrade(&mut self, ticket: Ticket, request: &Request) {
        self.replies.push(Reply::Http(ticket, reply::switch(request)));
    }

    /// Something has come on a stream: an element, or the end tag.
    pub(super) fn said(&mut self, conn: u64, tcp: bool, element: Option<&Element>, now: Duration) {
        let carrier = if tcp { Carrier::Tcp } else { Carrier::WebSocket };
        let known = self.live.iter().position(|live| live.conn == Some(conn));
        let domain = element.and_then(|element| element.attr("to"));
        // A stream that lost its connection may be resumed on this one.
        let lost =
            |live: &Live| live.scene.carrier == carrier && live.conn.is_none() && !live.is_over();
        let place = known
            .or_else(|| self.live.iter().position(lost))
            .or_else(|| self.begin(carrier, domain));
        let Some(place) = place else {
            self.remarks.push("one more stream is opened than the recording has".to_owned());
            return self.replies.push(Reply::End(conn));
        };
        let live = &mut self.live[place];
        live.conn = Some(conn);
        match element {
            Some(element) if only_counts(element) => return,
            Some(element) if is_secret(element) => {
                let answer = live.log_in(element, &mut self.remarks);
                return self.replies.push(Reply::Text(conn, answer.into_bytes()));
            }
            _ => {}
        }
        let elements: Vec<Element> = element.cloned().into_iter().collect();
        let ends = element.is_none().then_some("the end of the stream");
        let kind = Kind::of(elements.iter(), ends);
        live.enter(&kind, &elements, None, now, &mut self.remarks);
        self.wake(now);
    }

    /// A connection is gone.
    pub(super) fn gone(&mut self, conn: u64) {
        for live in &mut self.live {
            if live.conn == Some(conn) {
                live.conn = None;
            }
            live.waiting.retain(|((of, _), ..)| *of != conn);
        }
    }

    /// Time has passed.
    pub(super) fn wake(&mut self, now: Duration) {
        for live in &mut self.live {
            live.wake(now, &mut self.replies);
        }
    }

    /// When [`Stage::wake`] is to be called, if nothing comes before.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.live.iter().filter_map(Live::deadline).min()
    }
}

impl Live {
    /// The client has done something: the recorded exchange that it is; none if it is not in the recording.
    fn enter(
        &mut self,
        kind: &Kind,
        elements: &[Element],
        rid: Option<u64>,
        now: Duration,
        remarks: &mut Vec<String>,
    ) -> Option<u64> {
        let next = self.came.len();
        let rest = self.scene.client.get(next..).unwrap_or_default();
        let place = rest.iter().take(AHEAD).position(|act| act.kind == *kind);
        let polls = |place: usize| rest[..place].iter().all(|act| act.kind.is_poll());
        let Some(place) = place.filter(|&place| polls(place)) else {
            if !kind.is_poll() {
                let expected = rest.iter().find(|act| !act.kind.is_poll());
                let expected =
                    expected.map_or_else(|| "nothing more".to_owned(), |act| act.kind.words());
                remarks.push(format!("expected next: {expected}; came: {}", kind.words()));
            }
            return None;
        };
        self.came.extend(std::iter::repeat_n(now, place + 1));
        let act = self.scene.client[next + place].clone();
        if let (Some(recorded), Some(rid)) = (act.rid, rid) {
            self.rids.get_or_insert((recorded, rid));
        }
        self.learn(&act, elements);
        Some(act.exchange)
    }

    /// Learns what the client calls things now.
    fn learn(&mut self, act: &Act, elements: &[Element]) {
        for (recorded, element) in act.elements.iter().zip(elements) {
            learn(recorded, element, &mut self.values);
            let Some(bind) = element.child(ns::BIND, "bind") else { continue };
            let Some(old) = self.scene.jid.clone() else { continue };
            let wanted = bind.child(ns::BIND, "resource").map(|it| it.text().trim().to_owned());
            let recorded = old.split_once('/').map(|(_, resource)| resource.to_owned());
            let user = self.user.clone().unwrap_or_else(|| "anonymous".to_owned());
            if let Some(resource) = wanted.or(recorded) {
                self.values.word(&old, format!("{user}@{}/{resource}", self.domain));
            }
        }
    }

    /// An element of SASL: whoever it is gets in.
    fn log_in(&mut self, element: &Element, remarks: &mut Vec<String>) -> String {
        let sasl = ns::SASL;
        let mechanism = element.attr("mechanism").unwrap_or_default();
        let user = match (element.name(), mechanism) {
            ("auth", "ANONYMOUS") => None,
            ("auth", "PLAIN") => {
                let bytes = STANDARD.decode(element.text().trim()).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                text.split('\0').nth(1).map(str::to_owned)
            }
            _ => {
                remarks.push(format!(
                    "the client logs in with {mechanism}; only PLAIN can be served, with any password"
                ));
                return format!("<failure xmlns='{sasl}'><invalid-mechanism/></failure>");
            }
        };
        if element.name() == "auth"
            && let Some(Some(condition)) = self.scene.attempts.pop_front()
        {
            remarks
                .push(format!("the login was refused with {condition}, as the recorded one was"));
            return format!("<failure xmlns='{sasl}'><{condition}/></failure>");
        }
        let recorded = self.scene.jid.clone().unwrap_or_default();
        let bare = recorded.split('/').next().unwrap_or_default().to_owned();
        let local = bare.split('@').next().unwrap_or_default().to_owned();
        let user = user.unwrap_or(local);
        self.values.word(&bare, format!("{user}@{}", self.domain));
        self.user = Some(user);
        format!("<success xmlns='{sasl}'/>")
    }

    /// When a reaction is due, if what it follows has come.
    fn due(&self, reaction: &Reaction) -> Option<Duration> {
        match reaction.after.checked_sub(1) {
            None => Some(Duration::ZERO),
            Some(last) => {
                let (came, act) = (self.came.get(last)?, self.scene.client.get(last)?);
                Some(*came + reaction.at.saturating_sub(act.at))
            }
        }
    }

    /// Whether the recording has nothing more of it.
    fn is_over(&self) -> bool {
        self.over || self.came.len() >= self.scene.client.len()
    }

    fn wait(&self) -> Duration {
        self.scene.wait.map_or(WAIT, Duration::from_secs)
    }

    fn deadline(&self) -> Option<Duration> {
        let reaction = self.scene.server.get(self.said).and_then(|it| self.due(it));
        let held = self.waiting.front().map(|(_, _, since)| *since + self.wait());
        reaction.into_iter().chain(held).min()
    }

    fn wake(&mut self, now: Duration, replies: &mut Vec<Reply>) {
        while let Some(reaction) = self.scene.server.get(self.said).cloned() {
            if self.due(&reaction).is_none_or(|due| due > now) {
                break;
            }
            self.said += 1;
            self.react(reaction.says, replies);
        }
        // What is owed goes with the oldest request that is in no recording.
        while let (Some(_), Some(_)) = (self.owed.front(), self.waiting.front()) {
            let (Some(content), Some((ticket, request, _))) =
                (self.owed.pop_front(), self.waiting.pop_front())
            else {
                break;
            };
            let text = String::from_utf8_lossy(&content).into_owned();
            replies.push(Reply::Http(ticket, reply::body(&text, &request)));
        }
        let crowd = |live: &Self| live.waiting.len() + live.pending.len() > 1;
        let late = |live: &Self| {
            live.waiting.front().is_some_and(|(_, _, since)| *since + live.wait() <= now)
        };
        while crowd(self) && !self.waiting.is_empty() || late(self) {
            let Some((ticket, request, _)) = self.waiting.pop_front() else { break };
            let text = format!("<body xmlns='{NS}' sid='{}'/>", self.sid);
            replies.push(Reply::Http(ticket, reply::body(&text, &request)));
        }
    }

    fn react(&mut self, says: Says, replies: &mut Vec<Reply>) {
        match says {
            Says::Response { exchange, status, reason, headers, content } => {
                let content = self.written(&content);
                self.over |= memchr::memmem::find(&content, b"type='terminate'").is_some()
                    || memchr::memmem::find(&content, b"type=\"terminate\"").is_some();
                let pending = self.pending.remove(&exchange);
                let waiting =
                    || self.waiting.pop_front().map(|(ticket, request, _)| (ticket, request));
                let carries = |content: &[u8]| memchr::memchr_iter(b'<', content).count() > 1;
                match pending {
                    Some((ticket, request)) => {
                        let reason = (status, &*reason);
                        let bytes = reply::recorded(reason, &headers, &content, &request);
                        replies.push(Reply::Http(ticket, bytes));
                    }
                    None if status == 200 && carries(&content) => {
                        let mut waiting = waiting;
                        match waiting() {
                            Some((ticket, request)) => {
                                let reason = (status, &*reason);
                                let bytes = reply::recorded(reason, &headers, &content, &request);
                                replies.push(Reply::Http(ticket, bytes));
                            }
                            None => self.owed.push_back(content),
                        }
                    }
                    None => {}
                }
            }
            Says::Lost(exchange) => {
                if let Some(((conn, _), _)) = self.pending.remove(&exchange) {
                    replies.push(Reply::End(conn));
                }
            }
            Says::Text(text) => {
                if let Some(conn) = self.conn {
                    replies.push(Reply::Text(conn, self.written(&text)));
                }
            }
            Says::Close(status, reason) => {
                if let Some(conn) = self.conn {
                    let reason = String::from_utf8_lossy(&reason).into_owned();
                    replies.push(Reply::Close(conn, status, reason));
                }
            }
            Says::End => {
                if let Some(conn) = self.conn.take() {
                    replies.push(Reply::End(conn));
                }
            }
        }
    }

    /// What the server said, with the names that things have now.
    fn written(&self, content: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(content) else { return content.to_vec() };
        let text = reply::named(&reply::plain(text), &self.secret);
        let text = self.values.text(&text).into_bytes();
        let Some((recorded, now)) = self.rids else { return text };
        let rid = |old: u64| now.wrapping_add(old.wrapping_sub(recorded));
        rewritten(&text, &["ack", "report"], rid).unwrap_or(text)
    }
}

fn learn(recorded: &Element, element: &Element, values: &mut Values) {
    for name in ["id", "to", "jid"] {
        if let (Some(old), Some(new)) = (recorded.attr(name), element.attr(name))
            && old != new
        {
            values.word(old, new);
        }
    }
    for child in recorded.children() {
        if let Some(new) = element.child(child.namespace(), child.name()) {
            learn(child, new, values);
        }
    }
}
