//! Steps of sessions in which only elements matter: streams over WebSocket and TCP, and sessions of BOSH whose requests are
//! nothing but a client's lawful polling.

use std::collections::HashSet;
use std::time::Duration;

use super::acts::{Act, Acts, Carrier, Frame, Request, Session, What, received, sent};
use super::cast::Actor;
use super::counts::Counts;
use super::login::{Login, Way};
use super::making::{Making, OWN};
use super::opening::attributes;
use super::script::Step;
use crate::snapshot::Tree;
use crate::trace::How;
use crate::wire::Side;
use crate::xmpp::ns;

/// A client of BOSH without a request for so long does not poll.
const ASLEEP: Duration = Duration::from_secs(5);
const OVERTAKEN: &str =
    "what comes on a connection whose stream goes on on another, and what followed in its session";
const UNOPENED: &str = "streams that do not begin with a stream header, and what followed";

/// A session that is written in stanzas.
#[allow(clippy::struct_excessive_bools)] // they are independent of each other
pub(super) struct Stanzas {
    /// As steps name it; none for the client.
    actor: Option<String>,
    carrier: Carrier,
    login: Login,
    /// How a step is to open the session, or to go on with it, before it does anything else.
    opening: Option<Way>,
    /// The connection that carries its stream.
    conn: Option<u64>,
    closed: bool,
    /// Its client has said that it is available, as the runner does by itself for one that polls.
    available: bool,
    last: Duration,
    terminated: bool,
    counts: Counts,
    session: Session,
    /// Connections that carried its stream before.
    former: HashSet<u64>,
}

impl Stanzas {
    /// `opens`: a step opens the session.
    pub(super) fn new(actor: &Actor, named: bool, opens: bool, login: Login) -> Self {
        Self {
            actor: named.then(|| actor.name.clone()),
            carrier: actor.session.carrier,
            opening: (opens || login.way != Way::Login).then_some(login.way),
            login,
            conn: None,
            closed: false,
            available: false,
            last: Duration::ZERO,
            terminated: false,
            counts: Counts::default(),
            session: actor.session.clone(),
            former: HashSet::new(),
        }
    }

    /// Whether a step is to log it in before it does anything else, which is done now.
    pub(super) fn takes_login(&mut self) -> bool {
        self.opening.take_if(|way| *way == Way::Login).is_some()
    }

    /// Adds the steps of an act.
    pub(super) fn take(&mut self, number: usize, act: &Act, making: &mut Making<'_>) {
        let before = std::mem::replace(&mut self.last, act.at);
        match &act.what {
            What::Request(request) if self.terminated || request.creates => return,
            What::Lost { .. } | What::Unsaid(_) => return,
            What::Frame { conn, frame } => {
                self.carried(*conn, making);
                if making.spoilt.contains(&act.session) {
                    return;
                }
                return self.frame(frame, making);
            }
            What::Ended { conn, by, how } => {
                if self.conn == Some(*conn) && !std::mem::replace(&mut self.closed, true) {
                    let gap = act.at.saturating_sub(before);
                    let within = Duration::from_secs(2 * gap.as_secs() + 5);
                    let actor = self.actor.clone();
                    making.steps.push(match by {
                        Side::Client => Step::Disconnect { actor, how: *how },
                        Side::Server => Step::Ended { actor, within },
                    });
                    making.reached = act.at;
                }
                return;
            }
            What::Element { conn, tree, from } => {
                self.carried(*conn, making);
                if making.spoilt.contains(&act.session) {
                    return;
                }
                if *from == Side::Server && tree.children().any(|it| is_own(&it.name)) {
                    return making.spoil(&self.session, OWN);
                }
                let secret = Login::is_secret(tree) && *from == Side::Client;
                if secret && self.login.way == Way::Open {
                    making.leave_out("failed login(s) (a recording contains no passwords)");
                }
            }
            _ => {}
        }
        self.open(act, making);
        let mut stanzas = making.sent(act, &self.login, &mut self.counts);
        self.counts.name(self.actor.as_deref().unwrap_or("client"), &mut stanzas);
        self.counts.heard(act);
        if self.carrier == Carrier::Bosh {
            stanzas.retain(|stanza| !self.is_first_presence(stanza));
        }
        if matches!(&act.what, What::Request(it) if it.attr("type") == Some("terminate")) {
            self.terminated = true;
            self.end(number, act, stanzas, making);
        } else if stanzas.iter().any(closes) {
            self.closed = true;
            making.steps.push(Step::Close(self.actor.clone()));
        } else if !stanzas.is_empty() {
            making.steps.push(Step::Send { actor: self.actor.clone(), stanzas });
        }
        self.closed |= received(act).any(closes);
        making.expect(number, act, self.actor.as_ref(), &self.login);
    }

    /// The client ends its session of BOSH. A session that polls is ended by the runner, at the end of all; what others see of it,
    /// they see of its presence.
    fn end(&self, number: usize, act: &Act, mut payload: Vec<Tree>, making: &mut Making<'_>) {
        let is_last = making
            .last_heard
            .iter()
            .all(|(session, last)| *session == act.session || *last < number);
        if payload.is_empty() && self.available && !is_last {
            making.leave_out("end(s) of BOSH sessions; unavailable presence takes their place");
            let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            payload.push(Tree {
                name: "presence".to_owned(),
                attributes: vec![attribute("type", "unavailable"), attribute("xmlns", ns::CLIENT)],
                nodes: Vec::new(),
            });
        }
        if !payload.is_empty() {
            making.steps.push(Step::Send { actor: self.actor.clone(), stanzas: payload });
        }
    }

    /// A connection carries the stream; perhaps another than before.
    fn carried(&mut self, conn: u64, making: &mut Making<'_>) {
        if self.former.contains(&conn) {
            return making.spoil(&self.session, OVERTAKEN);
        }
        let before = self.conn.replace(conn);
        self.former.extend(before.filter(|before| *before != conn));
        if before.is_none_or(|before| before == conn) {
            return;
        }
        if !std::mem::replace(&mut self.closed, false) {
            let actor = self.actor.clone();
            making.steps.push(Step::Disconnect { actor, how: How::Reset });
        }
        if self.login.way != Way::Open {
            self.opening = Some(Way::Authenticate);
        }
    }

    /// The client sends what is no element.
    fn frame(&mut self, frame: &Frame, making: &mut Making<'_>) {
        let ping = frame.opcode == Some("ping");
        if self.closed || ping && self.opening.is_some() {
            return;
        }
        let actor = self.actor.clone();
        match self.opening.take() {
            None => {}
            Some(Way::Login) => making.steps.push(Step::Login(actor)),
            Some(Way::Authenticate) => making.steps.push(Step::Authenticate(actor)),
            Some(Way::Open) => return making.spoil(&self.session, UNOPENED),
        }
        let actor = self.actor.clone();
        let payload = making.patterns.values.text(&frame.payload);
        let step = if self.carrier == Carrier::Tcp {
            let name = making.request_name("raw");
            Step::Raw { name, actor, text: payload }
        } else {
            Step::Frame { actor, frame: Frame { payload, ..frame.clone() } }
        };
        making.steps.push(step);
    }

    /// The step that opens the session, before its first act that is not part of its login.
    fn open(&mut self, act: &Act, making: &mut Making<'_>) {
        let Some(way) = self.opening else { return };
        let mut all = sent(act).chain(received(act));
        let actor = self.actor.clone();
        let step = match way {
            Way::Open => {
                let header = if self.carrier == Carrier::Tcp { "stream:stream" } else { "open" };
                match sent(act).find(|it| it.name == header) {
                    Some(it) => {
                        let attributes = attributes(it, self.carrier, making.patterns.values);
                        Some(Step::Open { actor, attributes })
                    }
                    None if sent(act).next().is_none() => None,
                    None => return making.spoil(&self.session, UNOPENED),
                }
            }
            _ if all.all(|element| self.login.takes(element)) => None,
            Way::Login => Some(Step::Login(actor)),
            Way::Authenticate => Some(Step::Authenticate(actor)),
        };
        if let Some(step) = step {
            self.opening = None;
            making.steps.push(step);
        }
    }

    /// Whether this is the presence that the runner sends by itself for a client that polls.
    fn is_first_presence(&mut self, stanza: &Tree) -> bool {
        let plain = stanza.name == "presence"
            && stanza.attributes.iter().all(|(name, _)| name == "xmlns")
            && stanza.nodes.is_empty();
        let first = is_available(stanza) && !std::mem::replace(&mut self.available, true);
        first && plain
    }
}

/// Whether a server ends a stream with this condition when it wants, whatever its client did.
pub(super) fn is_own(condition: &str) -> bool {
    condition == "system-shutdown"
}

/// `<close/>`, which also stands for the end tag of a stream over TCP.
fn closes(element: &Tree) -> bool {
    element.name == "close" && element.attr("xmlns") == Some(ns::FRAMING)
}

fn is_available(stanza: &Tree) -> bool {
    stanza.name == "presence" && stanza.attr("type").is_none() && stanza.attr("to").is_none()
}

/// Whether the requests of a session of BOSH do nothing that its own polling would not do as well.
pub(super) fn polls_lawfully(acts: &Acts, session: &Session, login: &Login) -> bool {
    let own: Vec<&Act> = acts.acts.iter().filter(|act| act.session == session.id).collect();
    let (mut rids, mut next, mut over) = (HashSet::new(), None, false);
    let usual = |request: &Request| {
        request.attributes.iter().all(|(name, value)| match &**name {
            "type" => value == "terminate",
            _ if request.method != "POST" => false,
            "rid" | "sid" | "ack" | "to" | "from" | "xml:lang" | "xmpp:restart"
            | "xmpp:version" | "key" | "newkey" | "route" => true,
            _ => request.creates,
        })
    };
    let mut available = false;
    let (mut open, mut idle) = (HashSet::new(), None);
    let end = acts.acts.last().map_or(Duration::ZERO, |act| act.at);
    let asleep = |idle: Option<Duration>, at: Duration| {
        idle.is_some_and(|since: Duration| at.saturating_sub(since) > ASLEEP)
    };
    for act in &own {
        if asleep(idle, act.at) && !over {
            return false;
        }
        match &act.what {
            What::Unsaid(_) => break,
            What::Request(request) => {
                open.insert(request.exchange);
                idle = None;
                let Some(rid) = request.rid else { return false };
                let in_order = next.is_none_or(|next| next == rid);
                if !rids.insert(rid) || !in_order || over || !usual(request) {
                    return false;
                }
                next = Some(rid + 1);
                over |= request.attr("type") == Some("terminate");
                available |= request.elements.iter().any(is_available);
            }
            What::Response(response) => {
                open.remove(&response.exchange);
                idle = open.is_empty().then_some(act.at);
                let ends = response.attr("type").is_some();
                if response.faulty
                    || response.status != 200
                    || response.body.is_none()
                    || ends && !over
                {
                    return false;
                }
            }
            What::Lost { .. } if !over => return false,
            _ => {}
        }
    }
    available && (over || !asleep(idle, end)) && login.way == Way::Login
}
