//! Decides what the clients of a recording send next, and when. A machine without I/O: it is told what has come, and gives orders.
//!
//! An act is due when as much time has passed since the act before it, and since each thing of the server that it followed, as did in the
//! recording. So requests that overlapped do so again, and a pause after an answer is one after the answer that comes now.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::heard::{Heard, Learning, Marks};
use super::http;
use super::sasl::{Instead, Sasl};
use super::script::{Act, Attempt, Does, Needed, Script, count};
use super::texts::{contains, is_sasl, is_upgrade, number, shown, with_rids, words};
use crate::bosh::{Body, NS};
use crate::client::Who;
use crate::random::Random;
use crate::record::{Values, rewritten};
use crate::runner::Target;
use crate::trace::{How, Request, SessionId};
use crate::wire::websocket::{Opcode, frame};
use crate::xml::{Element, Limits, parse};
use crate::xmpp::ns;

/// What an act followed in the recording is waited for so much longer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Rids begin below this: no session gets near to the greatest that there is.
const FIRST: u64 = 1 << 40;

/// The greatest rid (XEP-0124 §14.1).
const MOST: u64 = (1 << 53) - 1;

/// What a replay is given.
pub struct Settings {
    /// The domain of the target.
    pub domain: String,
    /// Its domain for anonymous users.
    pub anonymous: String,
    /// Who logs in, by the bare address in the recording.
    pub accounts: BTreeMap<String, Who>,
    /// Who logs in where nobody got so far in the recording that their address is known.
    pub nobody: Option<Who>,
    /// Path and host of BOSH.
    pub bosh: (String, String),
    /// Path and host of WebSocket.
    pub websocket: (String, String),
    /// How much faster than in the recording.
    pub speed: f64,
    /// Nonces, masks and rids.
    pub random: Box<dyn Random>,
}

impl Settings {
    /// At a target, as fast as in the recording.
    pub fn at(
        target: &Target,
        accounts: BTreeMap<String, Who>,
        nobody: Option<Who>,
        random: Box<dyn Random>,
    ) -> Self {
        let websocket = target.websocket.as_ref().unwrap_or(&target.address);
        Self {
            domain: target.domain.clone(),
            anonymous: target.anonymous.clone().unwrap_or_else(|| target.domain.clone()),
            accounts,
            nobody,
            bosh: (target.address.path.clone(), target.address.authority()),
            websocket: (websocket.path.clone(), websocket.authority()),
            speed: 1.0,
            random,
        }
    }
}

/// Why a replay came to an end before its time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Stopped(pub String);

/// Something that has come from the server.
pub(super) enum News<'a> {
    /// The response to an exchange: its content, if it is a 200.
    Answer(u64, Option<&'a [u8]>),
    /// A part of a stream, whole: its element, if it is one.
    Came(u64, Option<&'a Element>),
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Bytes of a request, the answer to which is that of this exchange; none for one that is not in the recording.
    Request { conn: u64, exchange: Option<u64>, method: String, bytes: Vec<u8>, upgrade: bool },
    /// Bytes of a stream.
    Stream { conn: u64, bytes: Vec<u8> },
    /// TLS on a stream.
    Secure { conn: u64 },
    /// The end of a connection.
    End { conn: u64, how: How },
}

/// How a replay stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Acts that were due before what they followed had come.
    pub(super) early: usize,
    /// Acts of the recording that this server does not ask for.
    pub(super) skipped: usize,
    /// Requests whose cookies or other secrets are hidden in the recording.
    pub(super) hidden: usize,
    /// Attempts to log in that are made to fail, as they did in the recording.
    pub(super) failed: usize,
}

/// Plays the clients.
pub(super) struct Player {
    settings: Settings,
    acts: Vec<Act>,
    /// The next act.
    next: usize,
    /// When the act before it was done, and when it was in the recording.
    before: (Duration, Duration),
    sessions: BTreeMap<SessionId, Session>,
    answers: HashMap<u64, Duration>,
    /// Which session an exchange belongs to.
    of: HashMap<u64, SessionId>,
    /// When parts came on a connection, and which session it carries.
    came: HashMap<u64, Vec<Duration>>,
    carries: HashMap<u64, SessionId>,
    values: Values,
    marks: Marks,
    said: HashSet<String>,
    paths: BTreeMap<String, bool>,
    pub(super) tally: Tally,
}

/// A session of the replay.
struct Session {
    sasl: Sasl,
    heard: Heard,
    /// The recorded sid.
    sid: Option<String>,
    /// The first rid in the recording, and now.
    first: Option<(u64, u64)>,
    /// Rids are so far apart that they stay as they were.
    far: bool,
    /// How many more requests there were than in the recording.
    more: i64,
    received: u32,
    /// The last request of BOSH, after which one that is not in the recording is formed.
    form: Option<Request>,
}

impl Player {
    pub(super) fn new(script: Script, mut settings: Settings) -> Self {
        let mut values = Values::default();
        let Script { acts, sessions, mut heard, domain, paths, .. } = script;
        for session in sessions.values() {
            let Some(jid) = &session.jid else { continue };
            let bare = jid.split('/').next().unwrap_or(jid);
            let at = bare.rsplit_once('@').map_or(bare, |(_, domain)| domain);
            let new = if session.anonymous { &settings.anonymous } else { &settings.domain };
            values.domain(at, new.as_str());
            if let Some(Who::Account { user, .. }) = settings.accounts.get(bare) {
                values.word(bare, format!("{user}@{new}"));
            }
        }
        if let Some(domain) = domain {
            values.domain(&domain, settings.domain.as_str());
        }
        let said = acts.iter().flat_map(|act| words(act.does.content())).collect();
        let mut of = HashMap::new();
        let mut carries = HashMap::new();
        for act in &acts {
            let Some(session) = act.session else { continue };
            match &act.does {
                Does::Request(exchange, request) if !is_upgrade(request) => {
                    of.insert(*exchange, session);
                }
                _ => _ = carries.insert(act.conn, session),
            }
        }
        let sessions = sessions.into_iter().map(|(id, session)| {
            let bare = session.jid.as_ref().map(|jid| jid.split('/').next().unwrap_or(jid));
            let who = match bare {
                _ if session.anonymous => Some(Who::Anonymous),
                Some(bare) => settings.accounts.get(bare).cloned(),
                // Whoever did not get in is somebody all the same.
                None => settings.nobody.clone().or(settings.accounts.values().next().cloned()),
            };
            let sasl = Sasl::new(who, settings.random.token(24));
            let heard = Heard::new(heard.remove(&id).unwrap_or_default());
            let session = Session {
                sasl,
                heard,
                sid: session.sid,
                first: None,
                far: session.far,
                more: 0,
                received: 0,
                form: None,
            };
            (id, session)
        });
        let sessions = sessions.collect();
        let start = acts.first().map_or(Duration::ZERO, |act| act.at);
        Self {
            settings,
            acts,
            next: 0,
            before: (Duration::ZERO, start),
            sessions,
            answers: HashMap::new(),
            of,
            came: HashMap::new(),
            carries,
            values,
            marks: Marks::default(),
            said,
            paths,
            tally: Tally::default(),
        }
    }

    /// Whether everything was done.
    pub(super) fn is_done(&self) -> bool {
        self.next >= self.acts.len()
    }

    /// How many acts were done.
    pub(super) fn done(&self) -> usize {
        self.next
    }

    /// Something has come.
    pub(super) fn take(&mut self, news: &News<'_>, now: Duration) {
        match news {
            News::Answer(exchange, content) => {
                self.answers.insert(*exchange, now);
                let Some(&id) = self.of.get(exchange) else { return };
                let root = content.and_then(|content| parse(content, &Limits::default()).ok());
                let Some(body) = root.and_then(|root| Body::new(root).ok()) else { return };
                self.learn_sid(id, &body);
                for payload in body.payloads() {
                    let mut payload = payload.clone();
                    if matches!(payload.name(), "message" | "presence" | "iq") {
                        payload.move_namespace(NS, ns::CLIENT);
                    }
                    self.heard(id, &payload);
                }
            }
            News::Came(conn, element) => {
                self.came.entry(*conn).or_default().push(now);
                if let (Some(&id), Some(element)) = (self.carries.get(conn), element) {
                    self.heard(id, element);
                }
            }
        }
    }

    fn learn_sid(&mut self, id: SessionId, body: &Body) {
        let recorded = self.sessions.get(&id).and_then(|session| session.sid.clone());
        if let (Some(recorded), Some(sid)) = (recorded, body.sid()) {
            self.values.word(&recorded, sid);
        }
    }

    fn heard(&mut self, id: SessionId, element: &Element) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.sasl.heard(element);
        count(&mut session.received, element);
        let (values, marks, said) = (&mut self.values, &mut self.marks, &self.said);
        session.heard.take(element, &mut Learning { values, marks, said });
    }

    /// What is to be done now.
    pub(super) fn orders(&mut self, now: Duration) -> Result<Vec<Order>, Stopped> {
        let mut orders = Vec::new();
        while let Some((due, early)) = self.due() {
            if due > now {
                break;
            }
            let act = self.acts[self.next].clone();
            if let Some(more) = self.more(&act)? {
                // What it follows has to be waited for again.
                orders.push(more);
                self.before.0 = now;
                return Ok(orders);
            }
            self.next += 1;
            self.before = (now, act.at);
            self.tally.early += usize::from(early);
            orders.extend(self.perform(&act)?);
        }
        Ok(orders)
    }

    /// When the next act is due, if nothing else comes.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due().map(|(due, _)| due)
    }

    /// When the next act is due, and whether that is before what it follows has come.
    fn due(&self) -> Option<(Duration, bool)> {
        let act = self.acts.get(self.next)?;
        let (done, at) = self.before;
        let since =
            |recorded: Duration| act.at.saturating_sub(recorded).div_f64(self.settings.speed);
        let mut due = done + since(at);
        let mut missing = false;
        for need in &act.needs {
            let came = match need.what {
                Needed::Answer(exchange) => self.answers.get(&exchange).copied(),
                Needed::Came(conn, count) => {
                    self.came.get(&conn).and_then(|came| came.get(count - 1)).copied()
                }
            };
            match came {
                Some(came) => due = due.max(came + since(need.at)),
                None => missing = true,
            }
        }
        // During a login nothing goes on without the server.
        let login = act.session.and_then(|id| self.sessions.get(&id)).map(|it| &it.sasl);
        missing |= login.is_some_and(Sasl::waits);
        let under_way = login.is_some_and(Sasl::is_under_way);
        let patience = if under_way { 3 * PATIENCE } else { PATIENCE };
        Some(if missing { (due + patience, true) } else { (due, false) })
    }

    /// A step of a login that this server asks for and the recorded one did not.
    fn more(&mut self, act: &Act) -> Result<Option<Order>, Stopped> {
        let own = match &act.does {
            Does::Request(_, request) => is_sasl(&String::from_utf8_lossy(&request.content.bytes)),
            Does::Text { .. } | Does::Part(_) => {
                is_sasl(&String::from_utf8_lossy(act.does.content()))
            }
            _ => return Ok(None),
        };
        let Some(id) = act.session.filter(|_| !own) else { return Ok(None) };
        let Some(session) = self.sessions.get_mut(&id) else { return Ok(None) };
        if !session.sasl.is_under_way() {
            return Ok(None);
        }
        match session.sasl.more() {
            Some(Instead::Text(text)) => {
                let conn = act.conn;
                Ok(Some(match &act.does {
                    Does::Request(..) => {
                        session.more += 1;
                        let Some(form) = session.form.clone() else { return Ok(None) };
                        let content = String::from_utf8_lossy(&form.content.bytes).into_owned();
                        let head = content.find('>').map_or(content.len(), |end| end + 1);
                        let head = content[..head].replace("/>", ">");
                        let content = format!("{head}{text}</body>");
                        let content = self.content(Some(id), content.as_bytes(), 0);
                        let (path, host) = self.settings.bosh.clone();
                        let bytes = http::bytes(&form, &host, &path, &content);
                        let method = form.method.clone();
                        Order::Request { conn, exchange: None, method, bytes, upgrade: false }
                    }
                    Does::Text { .. } => {
                        let mask = Some(self.mask());
                        Order::Stream { conn, bytes: frame(Opcode::TEXT, text.as_bytes(), mask) }
                    }
                    _ => Order::Stream { conn, bytes: text.into_bytes() },
                }))
            }
            Some(Instead::Failed(why)) => Err(Stopped(format!("cannot log in: {why}"))),
            _ => Ok(None),
        }
    }

    fn perform(&mut self, act: &Act) -> Result<Option<Order>, Stopped> {
        let conn = act.conn;
        let order = match &act.does {
            Does::Request(exchange, request) => {
                let upgrade = is_upgrade(request);
                self.tally.hidden += usize::from(http::hides(request));
                let Some(content) = self.said(act, &request.content.bytes)? else {
                    return Ok(None);
                };
                if let Some(session) = act.session.and_then(|id| self.sessions.get_mut(&id)) {
                    session.form = Some((**request).clone());
                }
                let (path, host) =
                    if upgrade { &self.settings.websocket } else { &self.settings.bosh };
                // What was asked of something else is asked of that.
                let (websocket, _) = &self.settings.websocket;
                let path = match self.paths.get(&request.target) {
                    _ if act.session.is_some() || upgrade => path,
                    Some(false) => path,
                    Some(true) => websocket,
                    None => &request.target,
                };
                let mut bytes = http::bytes(request, host, path, &content);
                if upgrade && http::is_provisional(request) {
                    bytes = http::completed(&bytes, &self.settings.random.token(16));
                }
                let method = request.method.clone();
                Order::Request { conn, exchange: Some(*exchange), method, bytes, upgrade }
            }
            Does::Text { head, masked, payload } => match self.said(act, payload)? {
                Some(text) => {
                    let mask = masked.then(|| self.mask());
                    let mut bytes = frame(Opcode(head & 15), &text, mask);
                    bytes[0] = *head;
                    Order::Stream { conn, bytes }
                }
                None => return Ok(None),
            },
            Does::Part(bytes) => match self.said(act, bytes)? {
                Some(bytes) => Order::Stream { conn, bytes },
                None => return Ok(None),
            },
            Does::Control { head, masked, status, payload } => {
                let mask = masked.then(|| self.mask());
                let status = status.map_or(Vec::new(), |status| status.to_be_bytes().to_vec());
                let mut bytes = frame(Opcode(head & 15), &[&status[..], payload].concat(), mask);
                bytes[0] = *head;
                Order::Stream { conn, bytes }
            }
            Does::Secure => Order::Secure { conn },
            Does::End(how) => Order::End { conn, how: *how },
        };
        Ok(Some(order))
    }

    /// What a client said, as it says it now; none if this server does not ask for it.
    fn said(&mut self, act: &Act, bytes: &[u8]) -> Result<Option<Vec<u8>>, Stopped> {
        let text = String::from_utf8_lossy(bytes);
        if !is_sasl(&text) {
            return Ok(Some(self.content(act.session, bytes, act.received)));
        }
        let session = act.session.and_then(|id| self.sessions.get_mut(&id));
        let Some(session) = session else { return Ok(Some(bytes.to_vec())) };
        let fails = act.attempt == Attempt::Fails && text.contains("<auth");
        self.tally.failed += usize::from(fails);
        match session.sasl.instead(&text, act.attempt) {
            Instead::Same => Ok(Some(self.content(act.session, bytes, act.received))),
            Instead::Text(text) => Ok(Some(self.content(act.session, text.as_bytes(), 0))),
            Instead::Nothing => {
                session.more -= 1;
                self.tally.skipped += 1;
                if let Does::Request(exchange, _) = &act.does {
                    // Nobody is to wait for its answer.
                    self.answers.insert(*exchange, self.before.0);
                }
                Ok(None)
            }
            Instead::Failed(why) => Err(Stopped(format!("cannot log in: {why}"))),
        }
    }

    /// A content with new values in the place of the recorded ones. `received`: how many stanzas had come in the recording.
    fn content(&mut self, id: Option<SessionId>, bytes: &[u8], received: u32) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            // In another encoding, which has the same letters for what is put in.
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            let text = self.content(id, text.as_bytes(), received);
            let text = String::from_utf8_lossy(&text).into_owned();
            return text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        };
        let mut text = self.marks.text(text);
        if let Some(rest) = shown(&text) {
            self.tally.hidden += 1;
            text = rest;
        }
        let text = self.values.text(&text).into_bytes();
        // A request that is not BOSH may be meant for a session all the same.
        let named = |session: &&mut Session| {
            session.sid.as_ref().is_some_and(|sid| contains(bytes, sid.as_bytes()))
        };
        let session = match id {
            Some(id) => self.sessions.get_mut(&id),
            None => self.sessions.values_mut().find(named),
        };
        let Some(session) = session else { return text };
        if text.windows(5).any(|it| it == b"<body") {
            let (more, random) = (session.more, &mut self.settings.random);
            let rid = |old: u64| {
                if old == 0 || old > MOST {
                    return old; // which is none
                }
                let far = session.far;
                let mut new = || if far { old } else { number(random.as_mut()) % FIRST + 1000 };
                let (base, new) = *session.first.get_or_insert_with(|| (old, new()));
                let rid = i128::from(new) + i128::from(old) - i128::from(base) + i128::from(more);
                u64::try_from(rid).unwrap_or(old)
            };
            return with_rids(&text, rid);
        }
        let counts = [ns::SM2, ns::SM3].iter().any(|it| contains(&text, it.as_bytes()));
        if counts && (contains(&text, b"<a ") || contains(&text, b"<resume ")) {
            // What is wrong with the count stays wrong.
            let now = session.received;
            let h = |old: u64| u64::from(now.wrapping_add((old as u32).wrapping_sub(received)));
            return rewritten(&text, &["h"], h).unwrap_or(text);
        }
        text
    }

    fn mask(&mut self) -> [u8; 4] {
        let mut mask = [0; 4];
        self.settings.random.fill(&mut mask);
        mask
    }
}
