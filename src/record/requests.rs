//! Steps of sessions of BOSH whose requests matter: overlap, order, repeats, cuts, and what is answered otherwise than by a
//! 200 that goes on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::acts::{Act, Acts, Request, Response, Session, What};
use super::cast::Actor;
use super::counts::Counts;
use super::learned::what;
use super::login::{Login, Way};
use super::making::{Making, OWN};
use super::script::{self, ABSENT, Pairs, Step};
use super::stanzas::is_own;
use super::values::literal;
use crate::client::bosh::Rids;
use crate::snapshot::Tree;
use crate::trace::How;
use crate::wire::Side;

/// A silence of a client that is longer was meant.
const QUIET: Duration = Duration::from_secs(1);
/// Requests that are further apart overlap on purpose.
const APART: Duration = Duration::from_millis(100);
/// An answer that took longer was held, and not before this part of the time it may come again.
const HELD: Duration = Duration::from_secs(1);

const STRAY: &str = "requests that are not a <body/>, and what followed in their sessions";
const KEYS: &str =
    "refusals of requests with keys (XEP-0124 §15), and what followed in their sessions";

/// A session that is written in requests.
#[allow(clippy::struct_excessive_bools)] // they are independent of each other
pub(super) struct Requests {
    actor: Option<String>,
    login: Login,
    /// A step opens the session.
    opens: bool,
    /// All up to this exchange is part of the login.
    until: Option<u64>,
    logging_in: bool,
    rids: Option<Rids>,
    /// Requests by exchange, with their names.
    names: HashMap<u64, String>,
    /// By rid: the latest exchange with it, and what that was.
    by_rid: HashMap<u64, (u64, Request)>,
    /// Exchanges without an answer, with the times of their requests.
    open: BTreeMap<u64, Duration>,
    /// Connections on which a request was sent behind another.
    pipelined: HashSet<u64>,
    /// Whose connection the client ends: when, and how.
    cut: HashMap<u64, (Duration, How)>,
    /// Exchanges by which the client ends its session.
    ends: HashSet<u64>,
    /// The server knows no such session.
    foreign: bool,
    /// Its requests have keys (XEP-0124 §15), which are not written.
    keyed: bool,
    session: Session,
    counts: Counts,
    /// When requests came of which it is not known to which session they belong.
    strays: Vec<Duration>,
    last: Option<Duration>,
}

impl Requests {
    pub(super) fn new(actor: &Actor, named: bool, opens: bool, login: Login, acts: &Acts) -> Self {
        let session = &actor.session;
        let own = || acts.acts.iter().filter(|act| act.session == session.id);
        let until = login_ends(own(), &login);
        let mut cut = HashMap::new();
        let mut asked = HashMap::new();
        for act in own() {
            match &act.what {
                What::Request(request) => _ = asked.insert(request.exchange, act.at),
                What::Lost { exchange, left: Some((Side::Client, how)), .. } => {
                    let after = asked.get(exchange).map(|at| act.at.saturating_sub(*at));
                    cut.insert(*exchange, (after.unwrap_or_default(), *how));
                }
                _ => {}
            }
        }
        Self {
            actor: named.then(|| actor.name.clone()),
            opens: opens || login.way != Way::Login,
            login,
            logging_in: until.is_some(),
            until,
            rids: None,
            names: HashMap::new(),
            by_rid: HashMap::new(),
            open: BTreeMap::new(),
            pipelined: pipelined(own()),
            ends: HashSet::new(),
            cut,
            foreign: !own().any(|act| matches!(&act.what, What::Request(it) if it.creates)),
            keyed: own().any(|act| has(act, "key") || has(act, "newkey")),
            strays: acts.strays.clone(),
            session: session.clone(),
            counts: Counts::default(),
            last: None,
        }
    }

    /// Adds the steps of an act.
    pub(super) fn take(&mut self, number: usize, act: &Act, making: &mut Making<'_>) {
        match &act.what {
            What::Request(request) => self.request(act, request, making),
            What::Response(response) => self.response(number, act, response, making),
            What::Lost { exchange, left, faulty } => {
                let open = self.open.remove(exchange).is_some();
                let by_server = left.is_none_or(|(side, _)| side == Side::Server) && !faulty;
                if open && self.cut.contains_key(exchange) {
                    // What comes next comes when the connection is gone.
                    let gap = self.since(act, making) + APART;
                    making.steps.push(Step::Wait(round(gap)));
                    making.reached = act.at;
                }
                if let Some(name) = self.names.get(exchange).filter(|_| by_server) {
                    let name = name.clone();
                    let closed = script::Response { name, closed: true, ..Default::default() };
                    making.steps.push(Step::Response(closed));
                }
            }
            _ => {}
        }
        self.last = Some(act.at);
    }

    /// Whether a step is to log it in before it does anything else, which is done now.
    pub(super) fn takes_login(&mut self) -> bool {
        let can = self.opens && self.login.way == Way::Login;
        self.opens &= !can;
        can
    }

    /// How much time has passed of which the steps do not know.
    fn since(&self, act: &Act, making: &Making<'_>) -> Duration {
        let last = self.last.unwrap_or(act.at);
        act.at.saturating_sub(last.max(making.reached))
    }

    fn request(&mut self, act: &Act, request: &Request, making: &mut Making<'_>) {
        if self.logging_in {
            self.note(request);
            return;
        }
        if self.opens && (self.until.is_some() || self.foreign) {
            self.opens = false;
            making.steps.push(Step::Login(self.actor.clone()));
        }
        if self.login.way == Way::Open && request.elements.iter().any(Login::is_secret) {
            making.leave_out("failed login(s) (a recording contains no passwords)");
            return self.note(request);
        }
        let gap = match (request.rid, &self.rids) {
            (Some(rid), Some(rids)) => rid > rids.highest() + 1,
            _ => false,
        };
        let stray = |at: &Duration| *at <= act.at && self.last.is_some_and(|last| *at >= last);
        if gap && !request.creates && self.strays.iter().any(stray) {
            return making.spoil(&self.session, STRAY);
        }
        self.pause(act, making);
        let on = self.pipelined.contains(&request.conn).then(|| format!("line-{}", request.conn));
        let repeated = request.rid.and_then(|rid| self.by_rid.get(&rid));
        let repeated = repeated.filter(|(_, before)| {
            before.elements == request.elements && before.attributes == request.attributes
        });
        if let Some(name) = repeated.and_then(|(exchange, _)| self.names.get(exchange)).cloned() {
            let again = self.name(request.exchange, &format!("{name}-again"), making);
            making.steps.push(Step::Resend { name, again, on });
        } else {
            let payload = making.sent(act, &self.login, &mut self.counts);
            let attributes = self.attributes(request, making);
            let rid = self.rid(request);
            let method = (request.method != "POST").then(|| request.method.clone());
            let kind = match &payload[..] {
                _ if request.creates => "session",
                [] if request.attr("type") == Some("terminate") => "end",
                [] => "poll",
                [first, ..] => what(first),
            };
            let name = self.name(request.exchange, kind, making);
            let sid = self.foreign.then(|| {
                request.attr("sid").map_or_else(|| "absent".to_owned(), |_| "unknown".to_owned())
            });
            let cut = self.cut.get(&request.exchange).copied();
            let creates = request.creates;
            let by = self.actor.clone();
            making.steps.push(Step::Request(script::Request {
                name,
                by,
                creates,
                method,
                rid,
                sid,
                attributes,
                payload,
                on,
                cut,
            }));
        }
        if request.attr("type") == Some("terminate") {
            self.ends.insert(request.exchange);
        }
        self.note(request);
        self.open.insert(request.exchange, act.at);
    }

    /// Time that passed on purpose.
    fn pause(&self, act: &Act, making: &mut Making<'_>) {
        let gap = self.since(act, making);
        let named = |exchange: &u64| self.names.get(exchange).cloned();
        let open: Vec<String> = self.open.keys().filter_map(named).collect();
        if !open.is_empty() && gap >= APART {
            making.steps.push(Step::Silent { requests: open, during: round(gap) });
            making.reached = act.at;
        } else if open.is_empty() && gap >= QUIET {
            making.steps.push(Step::Wait(round(gap)));
            making.reached = act.at;
        }
    }

    fn attributes(&self, request: &Request, making: &mut Making<'_>) -> Pairs {
        let usual = |name: &str| matches!(name, "rid" | "sid" | "ack" | "key" | "newkey" | "xmlns");
        let own = request.attributes.iter().filter(|(name, _)| !usual(name));
        if request.attr("key").is_some() || request.attr("newkey").is_some() {
            making.leave_out("request key(s) (XEP-0124 §15)");
        }
        let mut own: Pairs = own
            .map(|(name, value)| {
                let value = if name.starts_with("xmlns:") {
                    value.clone()
                } else {
                    making.patterns.values.text(value)
                };
                (name.clone(), value)
            })
            .collect();
        for name in ["to", "wait", "hold", "ver", "xml:lang", "xmpp:version"] {
            if request.creates && request.attr(name).is_none() {
                own.push((name.to_owned(), ABSENT.to_owned()));
            }
        }
        if let Some(rid) = request.attr("rid").filter(|rid| is_relative(rid)) {
            own.push(("rid".to_owned(), literal(rid)));
        }
        // The rid of the request itself counts.
        let highest = self.rids.as_ref().filter(|_| !request.creates).map(|rids| {
            let next = rids.highest() + 1;
            if request.rid == Some(next) { next } else { rids.highest() }
        });
        if let (Some(ack), Some(highest)) = (request.attr("ack"), highest) {
            let actor = self.actor.as_deref().unwrap_or("client");
            own.push(("ack".to_owned(), acknowledged(ack, highest, actor)));
        }
        own
    }

    /// The rid as a step writes it; none if it is the next one.
    fn rid(&self, request: &Request) -> Option<String> {
        let usual = request.rid.is_some_and(|rid| (1000..1 << 53).contains(&rid));
        if request.creates && usual {
            return None;
        }
        let written = request.attr("rid");
        let Some(rid) = request.rid.filter(|_| !request.creates) else {
            let text = written.map_or_else(|| "absent".to_owned(), literal);
            // One that a scenario would count from another is an attribute.
            if is_relative(&text) {
                return (!request.creates).then(|| "+0".to_owned());
            }
            return Some(text);
        };
        if rid == 0 || rid >= 1 << 53 {
            return Some(rid.to_string()); // which is none
        }
        let by = i128::from(rid) - i128::from(self.rids.as_ref()?.highest());
        (by != 1).then(|| format!("{by:+}"))
    }

    fn note(&mut self, request: &Request) {
        let Some(rid) = request.rid else { return };
        self.rids.get_or_insert_with(|| Rids::starting_at(rid)).mark_used(rid);
        self.by_rid.insert(rid, (request.exchange, request.clone()));
    }

    fn name(&mut self, exchange: u64, kind: &str, making: &mut Making<'_>) -> String {
        let name = making.request_name(kind);
        self.names.insert(exchange, name.clone());
        name
    }

    fn response(&mut self, number: usize, act: &Act, got: &Response, making: &mut Making<'_>) {
        let since = self.open.remove(&got.exchange);
        if self.logging_in {
            self.logging_in = self.until != Some(got.exchange);
            self.last = Some(act.at);
            // The login may have brought more than it asked for.
            return self.expect(number, act, making);
        }
        let Some(name) = self.names.get(&got.exchange).cloned() else {
            return self.expect(number, act, making);
        };
        let fails = got.status != 200 || got.attr("type").is_some();
        if fails && self.keyed && !self.ends.contains(&got.exchange) {
            return making.spoil(&self.session, KEYS);
        }
        if got.attr("condition").is_some_and(is_own) {
            return making.spoil(&self.session, OWN);
        }
        if got.faulty {
            return; // which is no doing of the server
        }
        let mut response = script::Response { name, ..Default::default() };
        let ends = self.ends.contains(&got.exchange);
        match (&got.body, got.attr("type")) {
            // Whether the response to the end says so as well is the server's choice (XEP-0124 §13).
            (Some(_), _) if ends => response.status = Some(got.status),
            (None, _) => response.status = Some(got.status),
            (Some(_), Some("terminate")) => {
                let condition = got.attr("condition");
                response.terminal = Some(condition.unwrap_or("plain").to_owned());
                response.status = Some(got.status).filter(|status| *status != 200);
            }
            (Some(_), Some(kind)) => {
                response.attributes.push(("type".to_owned(), literal(kind)));
            }
            (Some(_), None) => response.status = Some(got.status).filter(|status| *status != 200),
        }
        let silent = act.at.saturating_sub(self.last.unwrap_or_default()) >= HELD;
        let idle = got.elements.is_empty() && since.is_some() && silent;
        if idle && got.held >= HELD && self.open.is_empty() {
            // Nothing else was said meanwhile: it was held to the end.
            response.not_before = Some(round(got.held.saturating_sub(HELD / 2)));
        }
        making.steps.push(Step::Response(response));
        making.reached = act.at;
        self.expect(number, act, making);
    }

    fn expect(&mut self, number: usize, act: &Act, making: &mut Making<'_>) {
        let actor = self.actor.clone();
        if self.opens {
            return; // which a step cannot have before it
        }
        making.expect(number, act, actor.as_ref(), &self.login);
    }
}

/// The exchange that brings the login to its end; none without a login.
fn login_ends<'a>(own: impl Iterator<Item = &'a Act>, login: &Login) -> Option<u64> {
    let features = |element: &Tree| element.name == "stream:features";
    let takes = |elements: &[Tree]| {
        elements
            .iter()
            .any(|it| if login.way == Way::Open { features(it) } else { login.takes(it) })
    };
    let mut last = None;
    for act in own {
        match &act.what {
            What::Unsaid(_) => break,
            What::Response(response) if takes(&response.elements) => last = Some(response.exchange),
            // Without features yet: they come later.
            What::Response(response) if last.is_none() && response.attr("sid").is_some() => {
                last = Some(response.exchange);
            }
            _ => {}
        }
    }
    last
}

/// Connections on which a request was sent while another was not answered.
fn pipelined<'a>(own: impl Iterator<Item = &'a Act>) -> HashSet<u64> {
    let mut waiting: HashMap<u64, HashSet<u64>> = HashMap::new();
    let mut found = HashSet::new();
    for act in own {
        match &act.what {
            What::Request(request) => {
                let open = waiting.entry(request.conn).or_default();
                if !open.is_empty() {
                    found.insert(request.conn);
                }
                open.insert(request.exchange);
            }
            What::Response(Response { exchange, .. }) | What::Lost { exchange, .. } => {
                for open in waiting.values_mut() {
                    open.remove(exchange);
                }
            }
            _ => {}
        }
    }
    found
}

fn has(act: &Act, name: &str) -> bool {
    matches!(&act.what, What::Request(request) if request.attr(name).is_some())
}

/// Whether a scenario would take a rid for one that is relative to others.
fn is_relative(rid: &str) -> bool {
    rid.strip_prefix(['+', '-']).is_some_and(|digits| digits.bytes().all(|it| it.is_ascii_digit()))
}

/// An acknowledgement as far from the highest rid as it was.
fn acknowledged(ack: &str, highest: u64, actor: &str) -> String {
    let Ok(rid) = ack.parse::<u64>() else { return literal(ack) };
    match i128::from(rid) - i128::from(highest) {
        0 => format!("${{{actor}.rid}}"),
        more @ 1.. => format!("${{{actor}.rid + {more}}}"),
        less => format!("${{{actor}.rid - {}}}", -less),
    }
}

/// To a tenth of a second.
fn round(time: Duration) -> Duration {
    Duration::from_millis(time.as_millis() as u64 / 100 * 100)
}

/// Whether a session was granted.
pub(super) fn is_granted(acts: &Acts, session: &Session) -> bool {
    acts.acts.iter().filter(|act| act.session == session.id).any(|act| {
        matches!(&act.what, What::Response(it) if it.status == 200 && it.attr("sid").is_some()
            && it.attr("type").is_none())
    })
}
