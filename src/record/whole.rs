//! From events to the text of a scenario.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::acts::{Acts, Carrier, Session, What, received, sent};
use super::cast::{Cast, Login as Who};
use super::covers::covers;
use super::learned::Learned;
use super::login::{Login, Way};
use super::making::Making;
use super::patterns::Patterns;
use super::requests::{Requests, is_granted};
use super::script::{ABSENT, Pairs, Script, Step};
use super::stanzas::{Stanzas, polls_lawfully};
use super::tidy::tidy;
use super::write::{ATTRIBUTES, flow, step, text};
use crate::diag::{counted, counted_as};
use crate::scenario::limits;
use crate::snapshot::Naming;
use crate::trace::{Event, SessionId};
use crate::wire::Side;

/// What is wanted.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Only sessions whose name or sid begins so.
    pub session: Option<String>,
    /// Everything that came is expected.
    pub strict: bool,
    /// Requests of BOSH are spelled out, even where a client's own polling would do.
    pub requests: bool,
    /// The name of the scenario; otherwise it says what was recorded.
    pub name: Option<String>,
    /// What it was recorded from, for the comment at its head.
    pub source: String,
}

/// A scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The file.
    pub text: String,
    /// How many steps it has.
    pub steps: usize,
    /// What of the trace is not in it, in words.
    pub left_out: Vec<String>,
}

/// Why there is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotRecord {
    /// There is no session of XMPP in the trace.
    #[error("there is no session of XMPP in the recording")]
    Nothing,
    /// None is called so.
    #[error("--session: no session begins with `{wanted}`; the recording has {}", .names.join(", "))]
    NoSession {
        /// What was asked for.
        wanted: String,
        /// What there is.
        names: Vec<String>,
    },
    /// Nothing of what there is can be written.
    #[error("nothing of the recording can be written as a scenario: {}", .0.join("; "))]
    NothingLeft(Vec<String>),
    /// A file of a scenario has a limit.
    #[error("the scenario would have {0} steps, more than {max}; choose a part with --session", max = limits::STEPS)]
    TooLong(usize),
}

/// Makes a scenario of a trace.
pub fn record(events: &[Event], wishes: &Wishes) -> Result<Recorded, CannotRecord> {
    let acts = Acts::of(events);
    let mut left_out = Vec::new();
    let chosen = choose(&acts, wishes, &mut left_out)?;
    let logins: BTreeMap<SessionId, Login> =
        chosen.iter().map(|session| (session.id, Login::of(&acts, session))).collect();
    let asked: usize = logins.values().map(|login| login.capabilities.len()).sum();
    if asked > 0 {
        let words = "question(s) of the server about what the client can do, which it asks only until it knows";
        left_out.push(counted_as(asked, words));
    }
    let mut cast = Cast::new(&acts, &chosen, &logins);
    left_out.append(&mut cast.left_out);
    let learned = Learned::of(&acts, &mut cast, &logins);
    let elements = acts.acts.iter().flat_map(|act| sent(act).chain(received(act)));
    let naming = Naming::of(elements);
    let making = Making {
        patterns: Patterns {
            values: &cast.values,
            naming,
            contacts: &cast.contacts,
            spoilt: BTreeSet::new(),
            strict: wishes.strict,
        },
        learned: &learned,
        steps: Vec::new(),
        left_out: BTreeMap::new(),
        last: Duration::ZERO,
        reached: Duration::ZERO,
        spoilt: HashSet::new(),
        last_heard: acts
            .acts
            .iter()
            .enumerate()
            .filter(|(_, act)| received(act).next().is_some())
            .map(|(number, act)| (act.session, number))
            .collect(),
        requests: BTreeMap::new(),
    };
    let mut script = script(&acts, &cast, logins, making, wishes, &mut left_out);
    tidy(&mut script);
    left_out.extend(acts.others.iter().map(|(what, count)| counted_as(*count, what)));
    let opens = script
        .actors
        .iter()
        .any(|(_, terms)| !terms.is_empty() && terms.iter().all(|(key, _)| key != "opened"));
    if script.steps.is_empty() && !opens {
        left_out.push("its sessions do nothing that a scenario can express".to_owned());
        return Err(CannotRecord::NothingLeft(left_out));
    }
    if script.steps.len() as u64 > limits::STEPS {
        return Err(CannotRecord::TooLong(script.steps.len()));
    }
    let steps = script.steps.len();
    Ok(Recorded { text: text(&with_comment(script, wishes, &left_out)), steps, left_out })
}

/// The sessions that are wanted, and can be.
fn choose(
    acts: &Acts,
    wishes: &Wishes,
    left_out: &mut Vec<String>,
) -> Result<Vec<Session>, CannotRecord> {
    if acts.sessions.is_empty() {
        return Err(CannotRecord::Nothing);
    }
    let wanted = |session: &&Session| {
        let Some(start) = &wishes.session else { return true };
        session.name.starts_with(&**start)
            || session.sid.as_ref().is_some_and(|sid| sid.starts_with(&**start))
    };
    let chosen: Vec<Session> = acts.sessions.iter().filter(wanted).cloned().collect();
    if chosen.is_empty() {
        let names = acts.sessions.iter().map(|session| session.name.clone()).collect();
        let wanted = wishes.session.clone().unwrap_or_default();
        return Err(CannotRecord::NoSession { wanted, names });
    }
    let began_before = |session: &Session| {
        let own = || acts.acts.iter().filter(|act| act.session == session.id);
        let created = own().any(|act| match &act.what {
            What::Request(request) => request.creates,
            What::Element { tree, .. } => matches!(&*tree.name, "open" | "stream:stream"),
            _ => false,
        });
        let goes_on = own().any(|act| match &act.what {
            What::Response(got) => {
                got.status == 200 && got.body.is_some() && got.attr("type").is_none()
            }
            What::Element { .. } => true,
            _ => false,
        });
        let begun = session.begun && session.carrier != Carrier::Bosh;
        !created && goes_on && !begun
    };
    let (before, whole): (Vec<Session>, Vec<Session>) =
        chosen.into_iter().partition(|session| began_before(session));
    for session in &before {
        left_out.push(format!(
            "session {}: it began before the recording, or in a way that cannot be read, so its login is not known",
            session.name
        ));
    }
    let speaks = |session: &Session| {
        acts.acts.iter().filter(|act| act.session == session.id).any(|act| match &act.what {
            What::Element { from, .. } => *from == Side::Client,
            What::Request(_) | What::Frame { .. } | What::Unsaid(_) => true,
            What::Response(_) | What::Lost { .. } | What::Ended { .. } => false,
        })
    };
    let (whole, silent): (Vec<Session>, Vec<Session>) = whole.into_iter().partition(speaks);
    for session in &silent {
        left_out.push(format!("session {}: its client sent nothing", session.name));
    }
    if whole.is_empty() {
        return Err(CannotRecord::NothingLeft(std::mem::take(left_out)));
    }
    Ok(whole)
}

enum Style {
    Stanzas(Box<Stanzas>),
    Requests(Box<Requests>),
}

impl Style {
    fn takes_login(&mut self) -> bool {
        match self {
            Self::Stanzas(stanzas) => stanzas.takes_login(),
            Self::Requests(requests) => requests.takes_login(),
        }
    }
}

fn script(
    acts: &Acts,
    cast: &Cast,
    mut logins: BTreeMap<SessionId, Login>,
    mut making: Making<'_>,
    wishes: &Wishes,
    left_out: &mut Vec<String>,
) -> Script {
    let named = cast.actors.len() > 1;
    let mut styles: HashMap<SessionId, Style> = HashMap::new();
    let mut actors = Vec::new();
    for actor in &cast.actors {
        let session = &actor.session;
        let Some(login) = logins.remove(&session.id) else { continue };
        let bosh = session.carrier == Carrier::Bosh;
        let lawful = !bosh || !wishes.requests && polls_lawfully(acts, session, &login);
        let later = named || login.way != Way::Login && !bosh;
        let created = acts.acts.iter().any(|act| {
            act.session == session.id && matches!(&act.what, What::Request(it) if it.creates)
        });
        let terms = if bosh && created && !is_granted(acts, session) {
            Pairs::new()
        } else {
            let mut terms = terms(acts, cast, session, later && (named || !bosh));
            let place = usize::from(!bosh);
            terms.insert(place, ("login".to_owned(), actor.login().to_owned()));
            if bosh && lawful {
                terms.insert(place + 1, ("polls".to_owned(), "true".to_owned()));
            }
            terms
        };
        // Without a login, a session of BOSH is opened by its terms.
        let opened_by_step = named && !terms.is_empty();
        let style = if lawful {
            Style::Stanzas(Box::new(Stanzas::new(actor, named, opened_by_step, login)))
        } else {
            Style::Requests(Box::new(Requests::new(actor, named, opened_by_step, login, acts)))
        };
        actors.push((actor.name.clone(), terms));
        styles.insert(session.id, style);
    }
    let own = |id| cast.actors.iter().find(|actor| actor.session.id == id);
    for (number, act) in acts.acts.iter().enumerate() {
        let at = making.steps.len();
        if let (What::Unsaid(why), Some(actor)) = (&act.what, own(act.session)) {
            making.spoil(&actor.session, why);
        }
        if making.spoilt.contains(&act.session) {
            continue;
        }
        match styles.get_mut(&act.session) {
            Some(Style::Stanzas(stanzas)) => stanzas.take(number, act, &mut making),
            Some(Style::Requests(requests)) => requests.take(number, act, &mut making),
            None => {}
        }
        if sent(act).next().is_some() {
            making.last = act.at;
        }
        // Whoever is named has logged in.
        let new: String = making.steps[at..].iter().map(step).collect();
        for actor in &cast.actors {
            if !named || !new.contains(&format!("${{{}.", actor.name)) {
                continue;
            }
            let style = styles.get_mut(&actor.session.id);
            if style.is_some_and(Style::takes_login) {
                making.steps.insert(at, Step::Login(Some(actor.name.clone())));
            }
        }
    }
    left_out.extend(making.left_out.iter().map(|(what, count)| counted_as(*count, what)));
    let carriers: Vec<Carrier> = cast.actors.iter().map(|actor| actor.session.carrier).collect();
    let covers = covers(&making.steps, &carriers);
    Script {
        name: wishes.name.clone().unwrap_or_else(|| title(cast)),
        comment: Vec::new(),
        covers,
        needs: cast.needs.clone(),
        set: cast.set.clone(),
        actors,
        steps: trimmed(making.steps),
    }
}

/// Without what ends the connections of those who do nothing any more: the runner leaves as a guest should.
fn trimmed(mut steps: Vec<Step>) -> Vec<Step> {
    while matches!(steps.last(), Some(Step::Disconnect { .. } | Step::Wait(_))) {
        steps.pop();
    }
    steps
}

/// The terms on which a session was opened.
fn terms(acts: &Acts, cast: &Cast, session: &Session, later: bool) -> Pairs {
    let mut terms = Pairs::new();
    if session.carrier != Carrier::Bosh {
        terms.push(("transport".to_owned(), session.carrier.word().to_owned()));
        if session.direct_tls {
            terms.push(("via".to_owned(), "tls".to_owned()));
        }
    }
    let asked =
        acts.acts.iter().filter(|act| act.session == session.id).find_map(|act| match &act.what {
            What::Request(request) if request.creates => Some(request),
            _ => None,
        });
    if let Some(asked) = asked {
        let mut others = Pairs::new();
        for (name, key, most) in [
            ("wait", "wait", 65535),
            ("hold", "hold", 255),
            ("ver", "ver", 0),
            ("ack", "ack", 0),
            ("xml:lang", "lang", 0),
        ] {
            let usual =
                matches!((key, asked.attr(name)), ("lang", Some("en")) | ("ver", Some("1.11")));
            let can = |value: &str| most == 0 || value.parse().is_ok_and(|it: u32| it <= most);
            match asked.attr(name) {
                Some(_) if usual => {}
                Some(value) if can(value) => {
                    terms.push((key.to_owned(), cast.values.text(value)));
                }
                Some(value) => others.push((name.to_owned(), cast.values.text(value))),
                None if name == "ack" => {}
                None => others.push((name.to_owned(), ABSENT.to_owned())),
            }
        }
        for name in ["to", "xmpp:version"] {
            if asked.attr(name).is_none() {
                others.push((name.to_owned(), ABSENT.to_owned()));
            }
        }
        if !others.is_empty() {
            terms.push((ATTRIBUTES.to_owned(), flow(&others)));
        }
    }
    if later {
        terms.push(("opened".to_owned(), "later".to_owned()));
    }
    terms
}

/// What was recorded, in a sentence.
fn title(cast: &Cast) -> String {
    let who = |actor: &super::cast::Actor| {
        let carrier = match actor.session.carrier {
            Carrier::Bosh => "BOSH",
            Carrier::WebSocket => "WebSocket",
            Carrier::Tcp => "TCP",
        };
        let user = match actor.login {
            Who::None => "a client that does not log in",
            Who::Anonymous => "an anonymous user",
            Who::Account(name) => name,
        };
        format!("{user} over {carrier}")
    };
    let mut all: Vec<String> = cast.actors.iter().map(who).collect();
    let count = all.len();
    all.dedup();
    match &all[..] {
        [one] if count == 1 => format!("recorded session of {one}"),
        [one, other] if count == 2 => format!("recorded sessions of {one} and {other}"),
        _ => counted(count, "recorded session"),
    }
}

fn with_comment(mut script: Script, wishes: &Wishes, left_out: &[String]) -> Script {
    script.comment.push(format!("Recorded from {}.", wishes.source));
    if !left_out.is_empty() {
        script.comment.push("Left out:".to_owned());
        script.comment.extend(left_out.iter().map(|what| format!("- {what}")));
    }
    script
}
