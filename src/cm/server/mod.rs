//! The embedded XMPP server: what stands behind the connection manager when there is no other (RFC 6120, RFC 6121).
//!
//! A machine without I/O: commands in, events out, at a time that is told. It serves a few accounts that know each
//! other, anonymous users, and one service for rooms; it keeps everything in memory, within [`Setup`]'s bounds.

mod errors;
mod iq;
mod muc;
mod presence;
mod route;
mod sasl;
mod scram;
#[cfg(test)]
mod tests;
mod undelivered;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use jid::{BareJid, FullJid, Jid};

use super::backend::{Backend, Command, Event, Link, Opening};
use crate::bosh::Condition;
use crate::random::Random;
use crate::xml::Element;
use crate::xmpp::ns;
use muc::Muc;
use sasl::Sasl;
use undelivered::Deliveries;

/// A password, which does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a text as a password, prepared as logins prepare what they are given (RFC 4013).
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self(sasl::prepared(&text).unwrap_or(text))
    }

    /// Whether anybody can log in with it: RFC 4013 forbids control characters, for one.
    pub fn is_usable(&self) -> bool {
        sasl::prepared(&self.0).is_some()
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The local part of the address, prepared.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// What the server serves, and its bounds.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The domains served.
    pub domains: Vec<String>,
    /// The accounts; each exists in every domain, and those of one domain know each other.
    pub accounts: Vec<Account>,
    /// Whether anybody may log in without an account (XEP-0175).
    pub anonymous: bool,
    /// The wall-clock time at which the machine's time is zero, for stamps.
    pub started: DateTime<FixedOffset>,
    /// Messages kept for an account that is away.
    pub offline: usize,
    /// Addresses that one stream may have sent directed presence to.
    pub directed: usize,
    /// Rooms at once.
    pub rooms: usize,
    /// Occupants of one room.
    pub occupants: usize,
}

impl Setup {
    /// A server for one domain without accounts, with the usual bounds.
    pub fn new(domain: &str, started: DateTime<FixedOffset>) -> Self {
        Self {
            domains: vec![domain.to_owned()],
            accounts: Vec::new(),
            anonymous: false,
            started,
            offline: 100,
            directed: 100,
            rooms: 100,
            occupants: 200,
        }
    }
}

/// How far a stream has come.
#[derive(Debug)]
enum State {
    /// Not authenticated; an exchange may be under way.
    Fresh(Sasl),
    /// Authenticated, waiting for its restart or its resource.
    Known { user: BareJid, restarted: bool },
    /// With a resource.
    Bound(FullJid),
}

#[derive(Debug)]
struct Stream {
    domain: String,
    /// The language that the client declared for its stream.
    lang: Option<String>,
    /// The client speaks XMPP 1.0 and wants features.
    features: bool,
    state: State,
    /// Whether the login was without an account.
    anonymous: bool,
    failures: u8,
    /// Its last available presence.
    presence: Option<Element>,
    /// Whom it has sent directed presence.
    directed: BTreeSet<Jid>,
    /// The messages that it was sent.
    delivered: Deliveries,
}

/// The embedded server.
pub struct Server {
    setup: Setup,
    random: Box<dyn Random>,
    /// Salts of accounts that are not there: they must look like those that are.
    secret: [u8; 32],
    streams: HashMap<Link, Stream>,
    /// The resources of every user that is logged in.
    users: BTreeMap<BareJid, BTreeMap<String, Link>>,
    offline: HashMap<BareJid, VecDeque<Element>>,
    muc: Muc,
    events: VecDeque<(Link, Event)>,
    now: Duration,
}

impl Server {
    /// A server with nobody logged in.
    pub fn new(setup: Setup, mut random: Box<dyn Random>) -> Self {
        let mut secret = [0; 32];
        random.fill(&mut secret);
        Self {
            setup,
            random,
            secret,
            streams: HashMap::new(),
            users: BTreeMap::new(),
            offline: HashMap::new(),
            muc: Muc::default(),
            events: VecDeque::new(),
            now: Duration::ZERO,
        }
    }

    fn open(&mut self, link: Link, opening: &Opening) {
        self.leave(link);
        let domain = match BareJid::new(&opening.to) {
            Ok(jid) if jid.node().is_none() => jid.to_string(),
            _ => return self.say(link, Event::Failed(Condition::HostUnknown)),
        };
        if !self.setup.domains.contains(&domain) {
            return self.say(link, Event::Failed(Condition::HostUnknown));
        }
        let stream = Stream {
            domain,
            lang: opening.lang.clone(),
            features: opening.version.is_some(),
            state: State::Fresh(Sasl::default()),
            anonymous: false,
            failures: 0,
            presence: None,
            directed: BTreeSet::new(),
            delivered: Deliveries::default(),
        };
        self.streams.insert(link, stream);
        self.header(link);
    }

    /// The stream header, and the features that fit how far the stream has come (RFC 6120 §4.3).
    fn header(&mut self, link: Link) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let wants = stream.features;
        let from = Some(stream.domain.clone());
        let mut features = Element::new(ns::STREAMS, "features");
        match &mut stream.state {
            State::Fresh(sasl) => {
                *sasl = Sasl::default();
                features.push(sasl::mechanisms(&self.setup));
            }
            State::Known { restarted, .. } => {
                *restarted = true;
                features.push(Element::new(ns::BIND, "bind"));
                let optional = Element::new(ns::SESSION, "optional");
                features.push(Element::new(ns::SESSION, "session").with_child(optional));
            }
            State::Bound(_) => return self.stream_error(link, "policy-violation"),
        }
        let version = wants.then(|| "1.0".to_owned());
        self.say(link, Event::Opened { from, version });
        if wants {
            self.element(link, features);
        }
    }

    /// The client sent an element.
    fn receive(&mut self, link: Link, element: Element) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let stanza = element.namespace() == ns::CLIENT
            && matches!(element.name(), "iq" | "message" | "presence");
        match &stream.state {
            State::Fresh(_) if element.namespace() == ns::SASL => self.authenticate(link, &element),
            State::Fresh(_) | State::Known { restarted: false, .. } if stanza => {
                self.stream_error(link, "not-authorized");
            }
            _ if !stanza => self.stream_error(link, "unsupported-stanza-type"),
            State::Known { user, .. } => {
                let user = user.clone();
                self.before_binding(link, &user, &element);
            }
            State::Bound(from) => {
                let from = from.clone();
                self.stanza(link, &from, element);
            }
            State::Fresh(_) => self.stream_error(link, "not-authorized"),
        }
    }

    /// Only a resource can be asked for (RFC 6120 §7).
    fn before_binding(&mut self, link: Link, user: &BareJid, iq: &Element) {
        let Some(bind) = iq.child(ns::BIND, "bind").filter(|_| iq.name() == "iq") else {
            return self.stream_error(link, "not-authorized");
        };
        if iq.attr("type") != Some("set") || iq.attr("id").is_none() {
            return self.element(link, errors::reply(iq, "modify", "bad-request"));
        }
        let wanted = bind.child(ns::BIND, "resource").map(|resource| resource.text().into_owned());
        let wanted = wanted.filter(|text| !text.trim().is_empty());
        let resource = wanted.unwrap_or_else(|| self.random.token(9));
        let Ok(full) = user.with_resource_str(&resource) else {
            return self.element(link, errors::reply(iq, "modify", "bad-request"));
        };
        let resources = self.users.entry(user.clone()).or_default();
        // Who comes later wins (RFC 6120 §7.7.2.2).
        let older = resources.get(full.resource().as_str()).copied();
        if let Some(older) = older {
            self.stream_error(older, "conflict");
        }
        let resources = self.users.entry(user.clone()).or_default();
        resources.insert(full.resource().to_string(), link);
        if let Some(stream) = self.streams.get_mut(&link) {
            stream.state = State::Bound(full.clone());
        }
        let jid = Element::new(ns::BIND, "jid").with_text(full.as_str());
        let bind = Element::new(ns::BIND, "bind").with_child(jid);
        self.element(link, errors::result(iq).with_child(bind));
    }

    fn stanza(&mut self, link: Link, from: &FullJid, mut stanza: Element) {
        // A client speaks for itself alone (RFC 6120 §8.1.2.1). An error that gives back what was not delivered
        // names itself the same way.
        let claimed = stanza.attr("from").map(Jid::new);
        match claimed {
            None => {}
            Some(Ok(jid)) if jid == *from || jid == from.to_bare() => {}
            Some(_) => return self.stream_error(link, "invalid-from"),
        }
        stanza.set_attr("", "from", Some(from.as_str()));
        let lang = self.streams.get(&link).and_then(|stream| stream.lang.as_deref());
        if stanza.attr_ns(ns::XML, "lang").is_none() && lang.is_some() {
            // Whoever gets it has another stream, with another default (RFC 6120 §8.1.5).
            stanza.set_attr(ns::XML, "lang", lang);
        }
        let to = match stanza.attr("to").map(Jid::new) {
            None => None,
            Some(Ok(to)) => Some(to),
            Some(Err(_)) => {
                stanza.set_attr("", "to", None);
                return self.refuse(link, &stanza, "modify", "jid-malformed");
            }
        };
        match stanza.name() {
            "iq" => self.iq(link, from, to, &stanza),
            "message" => self.message(link, from, to, stanza),
            _ => self.presence(link, from, to, &stanza),
        }
    }

    /// Answers with an error, unless the stanza is one itself, or answers something.
    fn refuse(&mut self, link: Link, stanza: &Element, kind: &str, condition: &str) {
        let answers = match stanza.attr("type") {
            Some("error") => true,
            Some("result") => stanza.name() == "iq",
            _ => false,
        };
        if !answers {
            self.element(link, errors::reply(stanza, kind, condition));
        }
    }

    /// Ends a stream with an error (RFC 6120 §4.9).
    fn stream_error(&mut self, link: Link, condition: &str) {
        self.leave(link);
        let condition = Element::new(ns::STREAM_ERRORS, condition);
        self.say(link, Event::Error(Element::new(ns::STREAMS, "error").with_child(condition)));
    }

    fn say(&mut self, link: Link, event: Event) {
        self.events.push_back((link, event));
    }

    fn element(&mut self, link: Link, element: Element) {
        self.say(link, Event::Element(element));
    }

    fn serves(&self, domain: &str) -> bool {
        self.setup.domains.iter().any(|known| known == domain)
    }

    /// Whether this is the address of an account.
    fn has_account(&self, bare: &BareJid) -> bool {
        let user = bare.node().map(ToString::to_string);
        self.serves(bare.domain().as_str())
            && self.setup.accounts.iter().any(|account| Some(&account.user) == user.as_ref())
    }

    /// Whether this user exists: an account, or somebody anonymous who is here.
    fn exists(&self, bare: &BareJid) -> bool {
        self.has_account(bare) || self.users.contains_key(bare)
    }

    /// The time now, as stamps are written (XEP-0082).
    fn stamp(&self) -> String {
        let now = self.setup.started + self.now;
        now.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Marks a stanza as one that was sent earlier (XEP-0203).
    fn stamped(&self, mut stanza: Element, from: &str) -> Element {
        let delay = Element::new(ns::DELAY, "delay")
            .with_attr("from", from)
            .with_attr("stamp", &self.stamp());
        stanza.push(delay);
        stanza
    }
}

impl Backend for Server {
    fn command(&mut self, link: Link, command: Command, now: Duration) {
        self.now = now;
        match command {
            Command::Open(opening) => self.open(link, &opening),
            Command::Send(element) => self.receive(link, element),
            Command::Restart => self.header(link),
            Command::Close => {
                self.leave(link);
                // What was said to it is not heard any more.
                self.events.retain(|(to, _)| *to != link);
            }
        }
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        self.events.pop_front()
    }
}
