//! Steps of sessions in which only elements matter: streams over WebSocket and TCP, and sessions of BOSH whose requests are
//! nothing but a client's lawful polling.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::acts::{Act, Acts, Carrier, Request, Session, What, received, sent};
use super::cast::Actor;
use super::learned::Learned;
use super::login::{Login, Way};
use super::patterns::{Expected, Patterns};
use super::script::{Pairs, Step};
use crate::snapshot::{Leaf, Tree};
use crate::trace::{How, SessionId};
use crate::wire::Side;
use crate::xmpp::ns;

/// What came so soon after the act before it came at once.
const SOON: Duration = Duration::from_millis(500);

/// What all sessions share while steps are made.
pub(super) struct Making<'a> {
    pub(super) patterns: Patterns<'a>,
    pub(super) learned: &'a Learned,
    pub(super) steps: Vec<Step>,
    /// What was not written: how often, by kind.
    pub(super) left_out: BTreeMap<&'static str, usize>,
    /// When the last act was of which there are steps.
    pub(super) last: Duration,
    /// The last act in which each session is told something.
    pub(super) last_heard: BTreeMap<SessionId, usize>,
    /// How many requests have which kind of name.
    pub(super) requests: BTreeMap<String, u32>,
}

impl Making<'_> {
    pub(super) fn leave_out(&mut self, what: &'static str) {
        *self.left_out.entry(what).or_default() += 1;
    }

    /// A name for a request that no other has.
    pub(super) fn request_name(&mut self, kind: &str) -> String {
        let count = self.requests.entry(kind.to_owned()).or_default();
        *count += 1;
        if *count == 1 { kind.to_owned() } else { format!("{kind}-{count}") }
    }

    /// The elements of a client that are sent again.
    pub(super) fn sent(&mut self, act: &Act, login: &Login) -> Vec<Tree> {
        let mut stanzas = Vec::new();
        for element in sent(act).filter(|element| !login.takes(element)) {
            if only_counts(element) {
                continue; // the runner counts by itself
            }
            let stanza = self.patterns.sent(element);
            if is_hidden(&stanza) {
                self.leave_out("secret(s) of the client, which the recording hides");
            }
            stanzas.push(stanza);
        }
        stanzas
    }

    /// What is expected of the elements of a server.
    pub(super) fn expect(
        &mut self,
        number: usize,
        act: &Act,
        actor: Option<&String>,
        login: &Login,
    ) {
        let before = std::mem::replace(&mut self.last, act.at);
        let soon = act.at.saturating_sub(before) < SOON;
        let own = format!("${{{}.jid}}", actor.map_or("client", |name| name));
        for (place, element) in received(act).enumerate() {
            if login.takes(element) || only_counts(element) {
                continue;
            }
            let capture = self.learned.captures(number, place);
            match self.patterns.expected(element, &own) {
                Expected::LeftOut(why) if capture.is_empty() => self.leave_out(why),
                Expected::LeftOut(_) => {
                    let bare = Tree { nodes: Vec::new(), ..self.patterns.sent(element) };
                    self.push_expect(actor, bare, capture, soon);
                }
                Expected::Like(stanza) => self.push_expect(actor, stanza, capture, soon),
            }
        }
    }

    fn push_expect(
        &mut self,
        actor: Option<&String>,
        mut stanza: Tree,
        capture: Pairs,
        soon: bool,
    ) {
        for (variable, _) in &capture {
            forget(&mut stanza, &format!("${{{variable}}}"));
        }
        self.steps.push(Step::Expect { actor: actor.cloned(), stanza, capture, soon });
    }
}

/// Takes a value out of an element: it is not known before it is captured.
fn forget(element: &mut Tree, value: &str) {
    element.attributes.retain(|(_, known)| known != value);
    element.nodes.retain(|node| !matches!(node, Leaf::Text(text) if text.trim() == value));
    for node in &mut element.nodes {
        if let Leaf::Element(child) = node {
            forget(child, value);
        }
    }
}

/// Whether an element is about the count of stanzas alone (XEP-0198 §4).
fn only_counts(element: &Tree) -> bool {
    matches!(element.attr("xmlns"), Some(ns::SM2 | ns::SM3)) && matches!(&*element.name, "r" | "a")
}

fn is_hidden(element: &Tree) -> bool {
    let hidden = |text: &str| text.starts_with("[hidden");
    element.attributes.iter().any(|(_, value)| hidden(value))
        || element.nodes.iter().any(|node| match node {
            Leaf::Text(text) => hidden(text),
            Leaf::Element(child) => is_hidden(child),
        })
}

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
    /// It is resumed on another connection than before.
    resumes: bool,
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
            resumes: false,
        }
    }

    /// Adds the steps of an act.
    pub(super) fn take(&mut self, number: usize, act: &Act, making: &mut Making<'_>) {
        let before = std::mem::replace(&mut self.last, act.at);
        match &act.what {
            What::Request(request) if self.terminated || request.creates => return,
            What::Lost { .. } => return,
            What::Ended { conn, by, how } => {
                if self.conn == Some(*conn) && !std::mem::replace(&mut self.closed, true) {
                    let gap = act.at.saturating_sub(before);
                    let within = Duration::from_secs(2 * gap.as_secs() + 5);
                    let actor = self.actor.clone();
                    making.steps.push(match by {
                        Side::Client => Step::Disconnect { actor, how: *how },
                        Side::Server => Step::Ended { actor, within },
                    });
                }
                return;
            }
            What::Element { conn, tree, from } => {
                self.carried(*conn, making);
                let secret = Login::is_secret(tree) && *from == Side::Client;
                if secret && self.login.way == Way::Open {
                    making.leave_out("failed login(s) (a recording contains no passwords)");
                }
            }
            _ => {}
        }
        self.open(act, making);
        let mut stanzas = making.sent(act, &self.login);
        self.count(&mut stanzas);
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
            making.leave_out("end(s) of a BOSH session (unavailable presence is sent instead)");
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
        let before = self.conn.replace(conn);
        if before.is_none_or(|before| before == conn) {
            return;
        }
        if !std::mem::replace(&mut self.closed, false) {
            let actor = self.actor.clone();
            making.steps.push(Step::Disconnect { actor, how: How::Reset });
        }
        if self.login.way != Way::Open {
            self.opening = Some(Way::Authenticate);
            self.resumes = true;
        }
    }

    /// What a resumption says of how much was received is counted anew.
    fn count(&self, stanzas: &mut [Tree]) {
        let name = self.actor.as_deref().unwrap_or("client");
        for stanza in stanzas.iter_mut().filter(|stanza| self.resumes && stanza.name == "resume") {
            for (_, value) in stanza.attributes.iter_mut().filter(|(name, _)| name == "h") {
                *value = format!("${{{name}.received}}");
            }
        }
    }

    /// The step that opens the session, before its first act that is not part of its login.
    fn open(&mut self, act: &Act, making: &mut Making<'_>) {
        let Some(way) = self.opening else { return };
        let mut all = sent(act).chain(received(act));
        let actor = self.actor.clone();
        let step = match way {
            Way::Open => {
                let other = |tree: &Tree| {
                    let to = tree.attr("to").map(|to| making.patterns.values.text(to));
                    to.filter(|to| to != "${domain}").map(|to| ("to".to_owned(), to))
                };
                let opens = sent(act).find(|it| matches!(&*it.name, "open" | "stream:stream"));
                opens.map(|it| Step::Open { actor, attributes: other(it).into_iter().collect() })
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
            "rid" | "sid" | "ack" | "to" | "from" | "xml:lang" | "xmpp:restart"
            | "xmpp:version" | "key" | "newkey" | "route" => true,
            _ => request.creates,
        })
    };
    let mut available = false;
    for act in &own {
        match &act.what {
            What::Request(request) => {
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
                let ends = response.attr("type").is_some();
                if response.status != 200 || response.body.is_none() || ends && !over {
                    return false;
                }
            }
            What::Lost { .. } if !over => return false,
            _ => {}
        }
    }
    available && login.way == Way::Login
}
