//! The checks over a trace: who broke which rule, in words. One file per family.
//!
//! A [`Rule`] is a small state machine: it is shown every event with what the [`Story`] makes of it, may ask to be
//! woken at a later time, and reports [`Finding`]s. To add one, write a type that implements [`Rule`] in the file of
//! its family and name it in `all`.

mod cors;
mod counts;
mod crowd;
mod endpoint;
mod grant;
mod hold;
mod http;
mod kinds;
mod lint;
mod login;
mod memory;
mod pace;
#[cfg(test)]
pub(crate) mod playbook;
mod resend;
mod rid;
mod session;
mod silence;
mod status;
mod words;
mod xml;

use std::time::Duration;

use self::endpoint::Endpoints;
use crate::trace::filter::{Mark, Subject};
use crate::trace::{Effect, Event, Exchange, Fact, Message, Reading, Session, SessionId, Story};
use crate::wire::Side;
pub use counts::Counts;
pub use kinds::{KINDS, Kind, about};

/// Who is to look at a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The client broke a rule.
    Client,
    /// The connection manager, or the server behind it, broke a rule.
    Server,
    /// Something between the two: a reverse proxy, a load balancer, the network.
    Between,
    /// Nobody: it is a fact worth knowing.
    Nobody,
}

impl Party {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Between => "between",
            Self::Nobody => "nobody",
        }
    }
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not normal, but nobody's fault, or nothing is lost by it.
    Note,
    /// A SHOULD is not kept, or a problem is likely.
    Warning,
    /// A MUST is not kept, or something failed.
    Error,
}

impl Level {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that is not normal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Short name of the kind of finding, such as `rid-repeat`.
    pub name: &'static str,
    /// The id of the requirement in the catalogue, where there is one.
    pub requirement: Option<&'static str>,
    /// How serious it is.
    pub level: Level,
    /// Who is to look at it.
    pub party: Party,
    /// What happened, what it means and what to do, in words.
    pub words: String,
}

/// An event, with what is known at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The event.
    pub event: &'a Event,
    /// What it means in the story.
    pub effect: &'a Effect,
    /// The story, this event included.
    pub story: &'a Story,
    endpoints: &'a Endpoints,
}

impl<'a> Moment<'a> {
    /// The message, if the event is one.
    pub fn message(&self) -> Option<&'a Message> {
        self.effect.message.as_ref()
    }

    /// The session that the message belongs to.
    pub fn session(&self) -> Option<&'a Session> {
        self.message()?.session.and_then(|id| self.story.session(id))
    }

    /// Whether this is a request of some session, but can't be read: its rid is not known.
    pub fn is_unread_request(&self) -> bool {
        let Some(message) = self.message() else { return false };
        message.from == Side::Client
            && !matches!(message.reading, Reading::Body(_))
            && message.exchange.as_ref().is_some_and(|exchange| self.expects_bosh(exchange))
    }

    /// Whether the exchange of this request has to be BOSH, be it or not.
    pub fn expects_bosh(&self, exchange: &Exchange) -> bool {
        self.endpoints.expects(exchange)
    }
}

/// Where findings go.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds a finding.
    pub fn add(
        &mut self,
        name: &'static str,
        requirement: impl Into<Option<&'static str>>,
        level: Level,
        party: Party,
        words: impl Into<String>,
    ) {
        let (requirement, words) = (requirement.into(), words.into());
        self.0.push(Finding { name, requirement, level, party, words });
    }
}

/// One check, or a few that share their state.
pub trait Rule: Send {
    /// Looks at an event.
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings);

    /// When it wants to be woken, if nothing happens before.
    fn deadline(&self) -> Option<Duration> {
        None
    }

    /// Its deadline has passed. Findings belong to the session that is returned with them.
    fn wake(&mut self, _now: Duration, _story: &Story) -> Vec<(SessionId, Finding)> {
        Vec::new()
    }
}

/// Every rule there is.
fn all() -> Vec<Box<dyn Rule>> {
    vec![
        Box::new(xml::Content::default()),
        Box::new(lint::Attributes::default()),
        Box::new(http::Http::default()),
        Box::new(http::Connections::default()),
        Box::new(cors::Cors::default()),
        Box::new(rid::Order::default()),
        Box::new(crowd::Crowd::default()),
        Box::new(grant::Grant),
        Box::new(login::Login::default()),
        Box::new(hold::Hold::default()),
        Box::new(pace::Pace::default()),
        Box::new(session::Ends::default()),
        Box::new(silence::Silence::default()),
    ]
}

/// An event that was read and judged.
#[derive(Debug)]
pub struct Seen {
    /// When.
    pub at: Duration,
    /// The event; none where only time passed.
    pub event: Option<Event>,
    /// What it means in the story.
    pub effect: Effect,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// What is not normal about it.
    pub findings: Vec<Finding>,
}

impl Seen {
    /// What a filter needs to know of it.
    pub fn subject<'a>(&'a self, story: &'a Story) -> Subject<'a> {
        let marks = self.findings.iter().map(|finding| Mark {
            name: finding.name,
            requirement: finding.requirement,
            level: finding.level as u8,
        });
        Subject::new(self.event.as_ref(), &self.effect, self.session, story).with(marks)
    }
}

/// Reads and judges a trace.
pub struct Judge {
    story: Story,
    endpoints: Endpoints,
    rules: Vec<Box<dyn Rule>>,
}

impl Default for Judge {
    fn default() -> Self {
        Self { story: Story::default(), endpoints: Endpoints::default(), rules: all() }
    }
}

impl Judge {
    /// The story so far.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Takes the next event; what was due before it comes first.
    pub fn take(&mut self, event: Event, seen: &mut Vec<Seen>) {
        self.wake(event.at, seen);
        let effect = self.story.take(&event);
        if let Some(message) = &effect.message {
            self.endpoints.learn(message);
        }
        let mut found = Findings::default();
        let (story, endpoints) = (&self.story, &self.endpoints);
        let moment = Moment { event: &event, effect: &effect, story, endpoints };
        for rule in &mut self.rules {
            rule.look(&moment, &mut found);
        }
        let abandoned = || effect.abandoned.iter().find_map(|exchange| exchange.session());
        let session =
            effect.message.as_ref().and_then(|message| message.session).or_else(abandoned);
        let (at, findings) = (event.at, found.0);
        if event.fact == Fact::Finished && findings.is_empty() {
            return;
        }
        seen.push(Seen { at, event: Some(event), effect, session, findings });
    }

    /// When [`Judge::wake`] has something to say, if nothing happens before.
    pub fn deadline(&self) -> Option<Duration> {
        self.rules.iter().filter_map(|rule| rule.deadline()).min()
    }

    /// Time has passed.
    pub fn wake(&mut self, now: Duration, seen: &mut Vec<Seen>) {
        while let Some(due) = self.deadline().filter(|&due| due <= now) {
            for rule in &mut self.rules {
                if rule.deadline() != Some(due) {
                    continue;
                }
                for (session, finding) in rule.wake(due, &self.story) {
                    if finding.name == silence::NAME {
                        self.story.ended(session);
                    }
                    let findings = vec![finding];
                    let effect = Effect::default();
                    seen.push(Seen {
                        at: due,
                        event: None,
                        effect,
                        session: Some(session),
                        findings,
                    });
                }
            }
        }
    }
}
