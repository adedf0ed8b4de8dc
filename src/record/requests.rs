//! Steps of sessions of BOSH whose requests matter: overlap, order, repeats, cuts, and what is answered otherwise than by a
//! 200 that goes on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::acts::{Act, Acts, Request, Response, Session, What};
use super::cast::Actor;
use super::learned::what;
use super::login::{Login, Way};
use super::script::{self, Pairs, Step};
use super::stanzas::Making;
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

/// A session that is written in requests.
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
    last: Duration,
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
                What::Lost { exchange, left: Some((Side::Client, how)) } => {
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
            last: Duration::ZERO,
        }
    }

    /// Adds the steps of an act.
    pub(super) fn take(&mut self, number: usize, act: &Act, making: &mut Making<'_>) {
        match &act.what {
            What::Request(request) => self.request(act, request, making),
            What::Response(response) => self.response(number, act, response, making),
            What::Lost { exchange, left } => {
                self.open.remove(exchange);
                let by_server = left.is_none_or(|(side, _)| side == Side::Server);
                if let Some(name) = self.names.get(exchange).filter(|_| by_server) {
                    let name = name.clone();
                    let closed = script::Response { name, closed: true, ..Default::default() };
                    making.steps.push(Step::Response(closed));
                }
            }
            _ => {}
        }
        self.last = act.at;
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
            let payload = making.sent(act, &self.login);
            let attributes = Self::attributes(request, making);
            let rid = self.rid(request);
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
        let gap = act.at.saturating_sub(self.last);
        let named = |exchange: &u64| self.names.get(exchange).cloned();
        let open: Vec<String> = self.open.keys().filter_map(named).collect();
        if !open.is_empty() && gap >= APART {
            making.steps.push(Step::Silent { requests: open, during: round(gap) });
        } else if open.is_empty() && !self.last.is_zero() && gap >= QUIET {
            making.steps.push(Step::Wait(round(gap)));
        }
    }

    fn attributes(request: &Request, making: &mut Making<'_>) -> Pairs {
        let usual = |name: &str| matches!(name, "rid" | "sid" | "ack" | "key" | "newkey" | "xmlns");
        let own = request.attributes.iter().filter(|(name, _)| !usual(name));
        if request.attr("key").is_some() || request.attr("newkey").is_some() {
            making.leave_out("request key(s) (XEP-0124 §15)");
        }
        own.map(|(name, value)| (name.clone(), making.patterns.values.text(value))).collect()
    }

    /// The rid as a step writes it; none if it is the next one.
    fn rid(&self, request: &Request) -> Option<String> {
        if request.creates {
            return None;
        }
        let Some(rid) = request.rid else {
            let text = request.attr("rid").map_or_else(|| "absent".to_owned(), literal);
            return Some(text);
        };
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
            self.last = act.at;
            // The login may have brought more than it asked for.
            return self.expect(number, act, making);
        }
        let Some(name) = self.names.get(&got.exchange).cloned() else {
            return self.expect(number, act, making);
        };
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
        let idle =
            got.elements.is_empty() && since.is_some() && act.at.saturating_sub(self.last) >= HELD;
        if idle && got.held >= HELD && self.open.is_empty() {
            // Nothing else was said meanwhile: it was held to the end.
            response.not_before = Some(round(got.held.saturating_sub(HELD / 2)));
        }
        making.steps.push(Step::Response(response));
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
