//! One run of a scenario: who acts, what was sent, what is known. The files beside this one are its steps.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::actor::{Actor, Session};
use super::heart::Heart;
use super::outcome::{Failure, Note};
use super::target::Target;
use super::wire::{ConnId, Got, Sending, SentId, Wire};
use crate::random::Random;
use crate::scenario::FragmentError;
use crate::scenario::vars::{Environment, Unresolved, Value};
use crate::scenario::{CLIENT, Level, Located, Place, Reference, Scenario, names};
use crate::spec::{Level as Demand, catalogue};

/// Why a run does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// An expectation was not met, and nothing behind it makes sense.
    Failed,
    /// It is skipped, for this reason.
    Skipped(String),
    /// It can't be carried out, for this reason.
    Broken(Place, String),
    /// What a step says is no XML, once its variables have values.
    NotXml(String),
}

impl From<Unresolved> for Stop {
    fn from(unresolved: Unresolved) -> Self {
        Self::Broken(unresolved.place, unresolved.message)
    }
}

impl From<FragmentError> for Stop {
    fn from(error: FragmentError) -> Self {
        match error {
            FragmentError::Unresolved(unresolved) => unresolved.into(),
            FragmentError::NotXml(not) => Self::NotXml(not.to_string()),
        }
    }
}

pub(super) type Done<T = ()> = Result<T, Stop>;

/// Something that was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) id: SentId,
    /// Whose it is: a place in [`World::actors`].
    pub(super) actor: usize,
    pub(super) sending: Sending,
    /// Its rid as it was sent.
    pub(super) rid: Option<String>,
    pub(super) conn: ConnId,
    /// It asks for a session.
    pub(super) creates: bool,
    /// What it brought was taken in.
    pub(super) taken: bool,
}

/// A run.
pub(super) struct World {
    pub(super) scenario: Arc<Scenario>,
    pub(super) target: Arc<Target>,
    pub(super) wire: Wire,
    pub(super) actors: Vec<Actor>,
    /// Everything sent by name, in the order it was sent.
    pub(super) sent: HashMap<String, Vec<Sent>>,
    pub(super) conns: HashMap<String, ConnId>,
    pub(super) vars: HashMap<String, Value>,
    /// All values that a captured variable had.
    pub(super) history: HashMap<String, Vec<String>>,
    /// When named steps were done.
    pub(super) marks: HashMap<String, Duration>,
    pub(super) failures: Vec<Failure>,
    pub(super) notes: Vec<Note>,
    pub(super) random: std::sync::Mutex<Box<dyn Random>>,
    /// The texts that were made at random for the scenario.
    pub(super) made: std::sync::Mutex<Vec<String>>,
    /// The attributes of the first creation response.
    pub(super) advertised: Vec<(String, String)>,
    /// Where time is real.
    pub(super) heart: Option<Arc<Heart>>,
    /// Time that a round trip takes.
    pub(super) round_trip: Duration,
    /// How much had passed when its set-up was done, in events.
    pub(super) set_up: usize,
    /// The step that is being done.
    pub(super) at: StepAt,
}

/// What of a step its failures need.
#[derive(Debug, Clone)]
pub(super) struct StepAt {
    pub(super) place: Place,
    pub(super) covers: Vec<String>,
    pub(super) level: Option<Level>,
    pub(super) says: Option<String>,
    /// When what it is about began.
    pub(super) since: Duration,
}

impl World {
    /// The actor that is named, or the client.
    pub(super) fn actor(&self, by: Option<&Reference>) -> Done<usize> {
        let Some(by) = by else { return Ok(0) };
        self.actor_named(by)
    }

    pub(super) fn actor_named(&self, by: &Reference) -> Done<usize> {
        let nth = self.nth(by)?;
        let name = match nth {
            None => by.name.value.clone(),
            Some(nth) => format!("{}[{nth}]", by.name.value),
        };
        let place = self.actors.iter().position(|actor| actor.name == name);
        place.ok_or_else(|| {
            Stop::Broken(by.name.place.clone(), format!("there is no actor `{name}`"))
        })
    }

    fn nth(&self, reference: &Reference) -> Done<Option<u64>> {
        let Some(nth) = &reference.nth else { return Ok(None) };
        let value = nth.evaluate(self)?;
        value.count().map(Some).map_err(|why| Stop::Broken(nth.place.clone(), why))
    }

    /// Something that was sent.
    pub(super) fn sent(&self, reference: &Reference) -> Done<&Sent> {
        let name = &reference.name;
        let all = self.sent.get(&name.value).map_or(&[][..], Vec::as_slice);
        let found = match self.nth(reference)? {
            None => all.last(),
            Some(nth) => usize::try_from(nth).ok().and_then(|nth| all.get(nth.checked_sub(1)?)),
        };
        found.ok_or_else(|| {
            Stop::Broken(name.place.clone(), format!("`{}` was not sent", name.value))
        })
    }

    /// When something that is named was done: the last byte of a request written, a stanza given away.
    pub(super) fn time_of(&self, reference: &Reference) -> Done<Duration> {
        if let Some(at) = self.marks.get(&reference.name.value) {
            return Ok(*at);
        }
        let sent = self.sent(reference)?;
        self.wire.progress(sent.id).written.ok_or_else(|| {
            let name = &reference.name;
            Stop::Broken(name.place.clone(), format!("`{}` was not sent to its end", name.value))
        })
    }

    /// A text with its variables.
    pub(super) fn text(&self, template: &Located<crate::scenario::Template>) -> Done<String> {
        Ok(template.text(self)?)
    }

    pub(super) fn session(&mut self, actor: usize) -> &mut Session {
        &mut self.actors[actor].session
    }

    /// How grave a failure of this step is: what it says itself, or else what the requirements say.
    pub(super) fn level(&self) -> Level {
        let demanded = |id: &String| match catalogue().get(id).map(|requirement| requirement.level)
        {
            Some(Demand::Must | Demand::MustNot) => Level::Must,
            Some(Demand::Should | Demand::ShouldNot) => Level::Should,
            _ => Level::May,
        };
        let strongest = || self.at.covers.iter().map(demanded).max();
        self.at.level.or_else(strongest).unwrap_or(Level::Must)
    }

    /// An expectation was not met: noted; the run goes on unless it is demanded.
    pub(super) fn fail(
        &mut self,
        place: &Place,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Done {
        let level = self.level();
        let at = self.wire.now();
        self.failures.push(Failure {
            covers: self.at.covers.clone(),
            level,
            place: place.clone(),
            says: self.at.says.clone(),
            expected: expected.into(),
            seen: seen.into(),
            at,
            during: (self.at.since, at),
            lag: None,
            known: None,
        });
        if level == Level::Must { Err(Stop::Failed) } else { Ok(()) }
    }

    pub(super) fn note(&mut self, place: &Place, text: impl Into<String>) {
        self.notes.push(Note { place: place.clone(), text: text.into() });
    }

    /// A variable gets a value.
    pub(super) fn assign(&mut self, name: &str, value: Value) {
        self.history.entry(name.to_owned()).or_default().push(value.text().into_owned());
        self.vars.insert(name.to_owned(), value);
    }

    pub(super) fn token(&self, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut random = self.random.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut bytes = vec![0; length];
        random.fill(&mut bytes);
        bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
    }

    pub(super) fn number(&self) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The response to something sent, if it has come.
    pub(super) fn got(&self, sent: SentId) -> Option<Arc<Got>> {
        self.wire.progress(sent).got
    }

    fn field_of_actor(&self, actor: &Actor, fields: &[String]) -> Option<Value> {
        let session = &actor.session;
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        match fields {
            [field] => match field.as_str() {
                "jid" => session.jid.as_deref().and_then(text),
                "bare" => {
                    let jid = session.jid.as_deref()?;
                    text(jid.split('/').next().unwrap_or(jid))
                }
                "resource" => session.jid.as_deref()?.split_once('/').and_then(|(_, r)| text(r)),
                "user" => session.jid.as_deref()?.split_once('@').and_then(|(user, _)| text(user)),
                "sid" => session.sid.as_deref().and_then(text),
                "rid" => Some(Value::Number(i128::from(session.base))),
                "key" => session.keys.as_ref().and_then(|keys| text(keys.peek())),
                "newkey" => session.keys.as_ref()?.peek_newkey().and_then(text),
                "domain" => text(&self.domain_of(actor)),
                _ => None,
            },
            [terms, name] => {
                let worth = match terms.as_str() {
                    "granted" => session.granted(term(name)),
                    "asked" => session.asked(term(name)),
                    _ => None,
                };
                worth.map(|worth| term_value(name, worth))
            }
            _ => None,
        }
    }

    fn field_of_account(&self, name: &str, fields: &[String]) -> Option<Value> {
        let account = self.target.accounts.get(name)?;
        let [field] = fields else { return None };
        let text = match field.as_str() {
            "user" => account.user.clone(),
            "password" => account.password.clone(),
            "bare" => format!("{}@{}", account.user, self.target.domain),
            "plain" => base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                format!("\0{}\0{}", account.user, account.password),
            ),
            _ => return None,
        };
        Some(Value::Text(text))
    }

    /// The domain that an actor's session is opened to.
    pub(super) fn domain_of(&self, actor: &Actor) -> String {
        use crate::scenario::Login;
        let login = actor.terms.as_ref().map(|terms| &terms.login.value);
        match (login, &self.target.anonymous) {
            (Some(Login::Anonymous), Some(domain)) => domain.clone(),
            _ => self.target.domain.clone(),
        }
    }

    fn field_of_sent(&self, sent: &Sent, fields: &[String]) -> Option<Value> {
        let [field] = fields else { return None };
        let progress = self.wire.progress(sent.id);
        match field.as_str() {
            "rid" => sent.rid.clone().map(Value::Text),
            "held" => {
                let got = progress.got?;
                Some(Value::Time(got.response.first.saturating_sub(progress.written?)))
            }
            "status" => Some(Value::Number(progress.got?.response.status.into())),
            _ => None,
        }
    }
}

/// The attribute that a term is, by the name that it is written with on the wire.
fn term(name: &str) -> &str {
    match name {
        "lang" => "xml:lang",
        "version" => "xmpp:version",
        "restartlogic" => "xmpp:restartlogic",
        other => other,
    }
}

/// Terms that are times are times, other numbers are numbers.
fn term_value(name: &str, text: &str) -> Value {
    match text.parse::<u64>() {
        Ok(seconds) if names::TIMES.contains(&name) => Value::Time(Duration::from_secs(seconds)),
        Ok(number) => Value::Number(number.into()),
        Err(_) => Value::Text(text.to_owned()),
    }
}

impl Environment for World {
    fn value(&self, base: &str, nth: Option<u64>, fields: &[String]) -> Option<Value> {
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        if let Some(value) = self.vars.get(base).filter(|_| nth.is_none() && fields.is_empty()) {
            return Some(value.clone());
        }
        let numbered = nth.map_or_else(|| base.to_owned(), |nth| format!("{base}[{nth}]"));
        match (base, fields) {
            ("domain", []) => {
                let client = self.actors.iter().find(|actor| actor.name == CLIENT);
                text(
                    &client
                        .map_or_else(|| self.target.domain.clone(), |actor| self.domain_of(actor)),
                )
            }
            ("rooms", []) => self.target.rooms.as_deref().and_then(text),
            ("path", []) => text(&self.target.address.path),
            ("host", []) => text(&self.target.address.authority()),
            ("url", []) => text(&format!("{}{}", self.target.address, self.target.address.path)),
            (terms @ ("granted" | "asked"), [name]) => {
                self.field_of_actor(self.actors.first()?, &[terms.to_owned(), name.clone()])
            }
            _ => {
                if let Some(actor) = self.actors.iter().find(|actor| actor.name == numbered) {
                    let field = self.field_of_actor(actor, fields);
                    return field.or_else(|| self.field_of_account(base, fields));
                }
                if let Some(field) = self.field_of_account(base, fields) {
                    return Some(field);
                }
                let all = self.sent.get(base)?;
                let sent = match nth {
                    None => all.last()?,
                    Some(nth) => all.get(usize::try_from(nth).ok()?.checked_sub(1)?)?,
                };
                self.field_of_sent(sent, fields)
            }
        }
    }

    fn random(&self, length: usize) -> String {
        let text = self.token(length);
        let mut made = self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        made.push(text.clone());
        text
    }
}

/// All attributes of an element, by the names that they are written with.
pub(super) fn attributes(element: &crate::xml::Element) -> Vec<(String, String)> {
    let name = |namespace: &str, name: &str| match namespace {
        "" => name.to_owned(),
        crate::bosh::XBOSH => format!("xmpp:{name}"),
        crate::xmpp::ns::XML => format!("xml:{name}"),
        other => format!("{{{other}}}{name}"),
    };
    let all = element.attributes().map(|(of, local, value)| (name(of, local), value.to_owned()));
    all.collect()
}
