//! Who is there, and what the server knows of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use jid::{BareJid, FullJid, Jid};

use super::errors;
use super::management::{Fronts, Managed, Resumptions};
use super::mechanism::Sasl;
use super::muc::Muc;
use super::setup::Setup;
use super::undelivered::Deliveries;
use crate::cm::backend::{Event, Link};
use crate::random::Random;
use crate::xml::Element;
use crate::xmpp::ns;

/// How far a stream has come.
#[derive(Debug)]
pub(super) enum State {
    /// Not authenticated; an exchange may be under way.
    Fresh(Sasl),
    /// Authenticated, waiting for its restart or its resource.
    Known { user: BareJid, restarted: bool },
    /// With a resource.
    Bound(FullJid),
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) domain: String,
    /// The language that the client declared for its stream.
    pub(super) lang: Option<String>,
    /// The client speaks XMPP 1.0 and wants features.
    pub(super) features: bool,
    pub(super) state: State,
    /// Whether the login was without an account.
    pub(super) anonymous: bool,
    pub(super) failures: u8,
    /// Its last available presence.
    pub(super) presence: Option<Element>,
    /// Whom it has sent directed presence.
    pub(super) directed: BTreeSet<Jid>,
    /// The messages that it was sent.
    pub(super) delivered: Deliveries,
    /// Stream management may be enabled.
    pub(super) management: bool,
    /// It is.
    pub(super) managed: Option<Box<Managed>>,
    /// What began the login that is under way, if it is one of SASL2.
    pub(super) asked: Option<Box<Element>>,
    /// The client wants copies of what other resources of its user send and get.
    pub(super) carbons: bool,
}

/// What the server said and nobody has heard yet.
#[derive(Debug)]
pub(super) enum Said {
    /// On a stream.
    To(Link, Event),
    /// On a link, whatever stream it belongs to: what is sent again, and the end of a connection.
    Front(Link, Event),
    /// The same to many, each with an address of its own, if it needs one. Copies are made as they are heard: an element
    /// takes many times its text.
    Copies(Element, VecDeque<(Link, Option<String>)>),
}

impl Said {
    /// The next event of it; nothing if it is all heard.
    pub(super) fn next(&mut self) -> Option<(Link, Event)> {
        match self {
            Self::To(..) | Self::Front(..) => None,
            Self::Copies(element, receivers) => {
                let (link, to) = receivers.pop_front()?;
                Some((link, Event::Element(copy(element, to.as_deref()))))
            }
        }
    }

    /// Nothing of it is for this stream any more. Whether something is left.
    pub(super) fn forget(&mut self, link: Link) -> bool {
        match self {
            Self::To(to, _) | Self::Front(to, _) => *to != link,
            Self::Copies(_, receivers) => {
                receivers.retain(|(to, _)| *to != link);
                !receivers.is_empty()
            }
        }
    }

    /// Takes out the elements of it that are for this stream.
    pub(super) fn split_off(&mut self, link: Link) -> Vec<Element> {
        match self {
            Self::To(to, event) if *to == link => {
                let event = std::mem::replace(event, Event::Closed);
                *self = Self::Copies(Element::new("", ""), VecDeque::new());
                match event {
                    Event::Element(element) => vec![element],
                    _ => Vec::new(),
                }
            }
            Self::To(..) | Self::Front(..) => Vec::new(),
            Self::Copies(element, receivers) => {
                let (own, others): (VecDeque<_>, _) =
                    std::mem::take(receivers).into_iter().partition(|(to, _)| *to == link);
                *receivers = others;
                own.into_iter().map(|(_, to)| copy(element, to.as_deref())).collect()
            }
        }
    }

    /// Whether something of it is left.
    pub(super) fn is_left(&self) -> bool {
        !matches!(self, Self::Copies(_, receivers) if receivers.is_empty())
    }
}

fn copy(element: &Element, to: Option<&str>) -> Element {
    let mut copy = element.clone();
    if to.is_some() {
        copy.set_attr("", "to", to);
    }
    copy
}

/// The embedded server.
pub struct Server {
    pub(super) setup: Setup,
    pub(super) random: Box<dyn Random>,
    /// Salts of accounts that are not there: they must look like those that are.
    pub(super) secret: [u8; 32],
    pub(super) streams: HashMap<Link, Stream>,
    /// The resources of every user that is logged in.
    pub(super) users: BTreeMap<BareJid, BTreeMap<String, Link>>,
    pub(super) offline: HashMap<BareJid, VecDeque<Element>>,
    pub(super) muc: Muc,
    pub(super) said: VecDeque<Said>,
    /// Where streams are heard, and which can be resumed.
    pub(super) fronts: Fronts,
    pub(super) resumptions: Resumptions,
    /// About how many bytes all clients have left unacknowledged.
    pub(super) unacknowledged: usize,
    /// When managed streams want something.
    pub(super) dues: BTreeSet<(Duration, Link)>,
    pub(super) now: Duration,
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
            said: VecDeque::new(),
            fronts: Fronts::default(),
            resumptions: Resumptions::default(),
            unacknowledged: 0,
            dues: BTreeSet::new(),
            now: Duration::ZERO,
        }
    }

    /// Answers with an error, unless the stanza is one itself, or answers something.
    pub(super) fn refuse(&mut self, link: Link, stanza: &Element, kind: &str, condition: &str) {
        let answers = match stanza.attr("type") {
            Some("error") => true,
            Some("result") => stanza.name() == "iq",
            _ => false,
        };
        if !answers {
            self.element(link, errors::reply(stanza, kind, condition));
        }
    }

    pub(super) fn say(&mut self, link: Link, event: Event) {
        self.said.push_back(Said::To(link, event));
    }

    /// Says the same to all of these.
    pub(super) fn copies(
        &mut self,
        element: Element,
        receivers: impl IntoIterator<Item = (Link, Option<String>)>,
    ) {
        self.said.push_back(Said::Copies(element, receivers.into_iter().collect()));
    }

    /// Whether an element is too large to be kept, or to be shown to many.
    pub(super) fn is_too_large(&self, element: &Element) -> bool {
        element.footprint() > self.setup.shown_bytes
    }

    pub(super) fn element(&mut self, link: Link, element: Element) {
        self.say(link, Event::Element(element));
    }

    pub(super) fn serves(&self, domain: &str) -> bool {
        self.setup.domains.iter().any(|known| known == domain)
    }

    /// Whether this is the address of an account.
    pub(super) fn has_account(&self, bare: &BareJid) -> bool {
        let user = bare.node().map(ToString::to_string);
        self.serves(bare.domain().as_str())
            && self.setup.accounts.iter().any(|account| Some(&account.user) == user.as_ref())
    }

    /// Whether this user exists: an account, or somebody anonymous who is here.
    pub(super) fn exists(&self, bare: &BareJid) -> bool {
        self.has_account(bare) || self.users.contains_key(bare)
    }

    /// The time now, as stamps are written (XEP-0082).
    pub(super) fn stamp(&self) -> String {
        let now = self.setup.started + self.now;
        now.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Marks a stanza as one that was sent earlier (XEP-0203).
    pub(super) fn stamped(&self, mut stanza: Element, from: &str) -> Element {
        let delay = Element::new(ns::DELAY, "delay")
            .with_attr("from", from)
            .with_attr("stamp", &self.stamp());
        stanza.push(delay);
        stanza
    }
}
