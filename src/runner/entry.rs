//! The first steps at a target as every scenario needs them: a session, its features, a login. Where one of them fails, a whole
//! run would say so hundreds of times.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::dial::Dial;
use super::execute::{Inputs, live, prepare};
use super::judge;
use super::opening::leave;
use super::provided::skipped;
use super::run::Run;
use super::schedule::Job;
use super::stop::Stop;
use super::target::{Target, passwords};
use crate::bosh::Condition;
use crate::clock::{Clock, words};
use crate::diag::sanitise::one_line;
use crate::random::Secure;
use crate::rules::page_lines;
use crate::scenario::{CLIENT, Login, Transport};
use crate::trace::Fact;
use crate::trace::redact::Known;

/// Nobody waits longer for the first steps of one login.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much is shown of what was sent and received.
const SHOWN: usize = 400;

/// A step that every session takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstStep {
    /// A session is created.
    Create,
    /// The features of its stream come.
    Features,
    /// Somebody logs in, and a resource is bound.
    Login,
    /// A stanza is answered.
    Stanza,
}

impl FirstStep {
    /// What does not happen if it fails.
    fn missing(self) -> &'static str {
        match self {
            Self::Create => "it creates no session",
            Self::Features => "its sessions get no stream features",
            Self::Login => "nobody can log in",
            Self::Stanza => "it answers no stanza",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Create => "a <body/> with a `sid` (XEP-0124 §7.2)",
            Self::Features => "<stream:features/> (XEP-0206 §4)",
            Self::Login => "a login and a bound resource (XEP-0206 §5, RFC 6120 §6 and §7)",
            Self::Stanza => "an answer to <iq type='get'/> (RFC 6120 §8.2.3)",
        }
    }
}

/// Why scenarios cannot be run against a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The first step that failed.
    pub step: FirstStep,
    /// Why, in a few words.
    pub why: String,
    target: String,
    sent: Option<String>,
    received: String,
    /// The reason says more than what was received.
    explains: bool,
    meaning: Option<String>,
    remedies: Vec<String>,
    url: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot run scenarios against {}: {}", self.target, self.step.missing())?;
        let mut line = |label: &str, text: &str| write!(f, "\n    {label:<9} {text}");
        if let Some(sent) = &self.sent {
            line("sent", sent)?;
        }
        line("received", &self.received)?;
        line("expected", self.step.expected())?;
        if self.explains {
            line("reason", &self.why)?;
        }
        if let Some(meaning) = &self.meaning {
            line("meaning", meaning)?;
        }
        for remedy in &self.remedies {
            line("try", remedy)?;
        }
        line("more", &format!("xmppscope doctor {}", self.url))
    }
}

/// Takes the first steps with each login that these jobs need.
///
/// # Errors
/// The first of them that fails.
pub async fn enter(
    dial: &Arc<dyn Dial>,
    target: &Arc<Target>,
    jobs: &[Job],
    round_trip: Duration,
) -> Result<(), Unusable> {
    for login in logins(jobs, target) {
        let Some(job) = job(&login) else { continue };
        let inputs = Inputs {
            scenario: job.scenario,
            row: None,
            target: Arc::clone(target),
            dial: Arc::clone(dial),
            clock: Clock::start(),
            random: Box::new(Secure::default()),
            heart: None,
            round_trip,
        };
        let mut run = prepare(inputs);
        let mut set_up = 0;
        let done = tokio::time::timeout(PATIENCE, live(&mut run, None, &mut set_up)).await;
        let why = match done {
            Ok(Ok(())) => None,
            Ok(Err(Stop::Broken(_, why) | Stop::Skipped(why) | Stop::NotXml(why))) => Some(why),
            Ok(Err(Stop::Failed)) => Some("a step failed".to_owned()),
            Err(_) => Some(format!("it was not done within {}", words(PATIENCE))),
        };
        let unusable = why.map(|why| unusable(&run, &login, why));
        leave(&mut run).await;
        if let Some(unusable) = unusable {
            return Err(unusable);
        }
    }
    Ok(())
}

/// The logins of sessions, each of which is tried once; who logs in has all that a session without a login has.
fn logins(jobs: &[Job], target: &Target) -> Vec<Login> {
    let mut logins = Vec::new();
    for job in jobs.iter().filter(|job| skipped(&job.scenario, target).is_none()) {
        let sessions = job.scenario.actors.iter().filter_map(|actor| actor.session.as_ref());
        for session in sessions.filter(|session| session.transport() == Some(Transport::Bosh)) {
            let login = match &session.login.value {
                // One stands for all.
                Login::Account(_) => Login::Account("alice".to_owned()),
                other => other.clone(),
            };
            if !logins.contains(&login) {
                logins.push(login);
            }
        }
    }
    let same = target.anonymous.as_ref() == Some(&target.domain);
    let account = logins.iter().any(|login| matches!(login, Login::Account(_)));
    if account || same && logins.contains(&Login::Anonymous) {
        logins.retain(|login| *login != Login::None);
    }
    logins
}

/// A session of a short wait, so that nobody has to be patient.
fn job(login: &Login) -> Option<Job> {
    let login = match login {
        Login::None => "none",
        Login::Anonymous => "anonymous",
        Login::Account(name) => name,
    };
    let text = format!(
        "name: the first steps\ncovers: xbosh-bind-roundtrip\nsession: {{ login: {login}, wait: 5 }}\nsteps: [drain: ]\n"
    );
    Job::built_in("entry.yaml", text)
}

fn unusable(run: &Run, login: &Login, why: String) -> Unusable {
    let target = run.target();
    let actor = run.cast.named(CLIENT);
    let book = actor.map(|actor| actor.link().book());
    let created = book.is_some_and(|book| book.sid().is_some());
    let step = match actor {
        Some(actor) if actor.jid().is_some() => FirstStep::Stanza,
        Some(actor) if actor.has_features() => FirstStep::Login,
        _ if created => FirstStep::Features,
        _ => FirstStep::Create,
    };
    let last = actor.and_then(|actor| actor.link().all_sent().last().copied());
    let got = last.and_then(|last| run.got(last));
    let body = got.as_ref().and_then(|got| judge::body(got));
    let events = run.wire().events();
    let mut facts = events.iter().rev().map(|event| &event.fact);
    let sent = facts.clone().find_map(|fact| match fact {
        Fact::Request(request) => Some(shown(&String::from_utf8_lossy(&request.content.bytes))),
        _ => None,
    });
    // As it is shown, without secrets.
    let response = got.as_ref().and_then(|_| {
        facts.find_map(
            |fact| if let Fact::Response(response) = fact { Some(response) } else { None },
        )
    });
    let received = match (response, last.and_then(|last| run.wire().progress(last).ended)) {
        (Some(response), _) => {
            let text = String::from_utf8_lossy(&response.content.bytes);
            let text =
                if body.is_some() { text.into_owned() } else { page_lines(&text).join(" / ") };
            format!("{} {}", response.status, shown(&text)).trim().to_owned()
        }
        (None, Some(_)) => "the connection was closed without a response".to_owned(),
        (None, None) => "no response".to_owned(),
    };
    let status = got.as_ref().map(|got| got.response.status);
    let condition = body.as_ref().and_then(|body| body.text("condition"));
    let condition: Option<Condition> = condition.and_then(|condition| condition.parse().ok());
    let location = got.as_ref().and_then(|got| got.response.headers.get("location"));
    let domain = run.domain_of(0);
    let remedies = match (against(condition, &domain), step) {
        (Some(remedies), _) => remedies,
        (None, FirstStep::Create) => creation(status, body.is_some(), location),
        (None, FirstStep::Features) => features(),
        (None, FirstStep::Login | FirstStep::Stanza) => logging_in(login, &domain),
    };
    let meaning = condition.map(|condition| format!("{condition}: {}", condition.explain()));
    let url = format!("{}{}", target.address, target.address.path);
    // The server may repeat a password anywhere.
    let known = Known::of(passwords(target));
    let hidden = |text: String| known.hide(&text).unwrap_or(text);
    let (why, received) = (hidden(why), hidden(received));
    let remedies = remedies.into_iter().map(hidden).collect();
    let explains = got.is_none() || matches!(step, FirstStep::Login | FirstStep::Stanza);
    let target = target.name.clone();
    Unusable { step, why, target, sent, received, explains, meaning, remedies, url }
}

/// A text on one line, of a length that is read.
fn shown(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.into_owned(),
    }
}

const LOG: &str = "the log of the connection manager: it may say what it lacks";
const ROUTE: &str = "the address of the XMPP server, if the connection manager is a separate program: in a target file, \
     `create: { attributes: { route: 'xmpp:HOST:5222' } }`";
const ATTRIBUTES: &str = "attributes that this server insists on, or does not accept: in a target file, \
     `create: { attributes: { content: 'text/xml; charset=utf-8', ack: '1', hold: ~ } }` sets two and leaves one out";

/// What helps against conditions whose cause is known.
fn against(condition: Option<Condition>, domain: &str) -> Option<Vec<String>> {
    let remedies = match condition? {
        Condition::HostUnknown | Condition::HostGone | Condition::ImproperAddressing => {
            let names = "`domain` and `anonymous` in a target file, `--domain` with a URL";
            vec![format!("another domain than {domain}: {names}"), ROUTE.to_owned()]
        }
        Condition::RemoteConnectionFailed => vec![ROUTE.to_owned(), LOG.to_owned()],
        Condition::SeeOtherUri => vec!["the URL that the response names".to_owned()],
        _ => return None,
    };
    Some(remedies)
}

/// What may help where no session is created.
fn creation(status: Option<u16>, is_body: bool, location: Option<&str>) -> Vec<String> {
    let remedies: &[&str] = match status {
        None => &[LOG, ATTRIBUTES, ROUTE],
        Some(300..=399) => {
            let to = location.map_or_else(String::new, |to| format!(": {}", one_line(to)));
            return vec![format!("the URL to which it redirects{to}")];
        }
        Some(401 | 407) => &["a path without a login of HTTP, which scenarios do not have"],
        Some(500..) => {
            &["whether the connection manager runs, if a reverse proxy is before it", LOG]
        }
        Some(_) if is_body => &[ATTRIBUTES, LOG],
        Some(_) => {
            &["another path: that of BOSH is often /http-bind, /http-bind/ or /bosh", ATTRIBUTES]
        }
    };
    remedies.iter().map(|&remedy| remedy.to_owned()).collect()
}

/// What may help where a session has no features.
fn features() -> Vec<String> {
    vec![
        "whether the server behind speaks XMPP 1.0, and was asked to: `xmpp:version='1.0'` (XEP-0206 §4)".to_owned(),
        "an https:// URL, if the server wants TLS before it offers a login".to_owned(),
    ]
}

/// What may help where a login fails.
fn logging_in(login: &Login, domain: &str) -> Vec<String> {
    let encrypted =
        "an https:// URL, or a setting of the server that regards BOSH as secure (Prosody: consider_bosh_secure = true), \
         if it offers no mechanism"
            .to_owned();
    let who = match login {
        Login::Account(name) => {
            format!("whether the account {name} exists at {domain}, and its password")
        }
        _ => format!(
            "whether {domain} allows anonymous logins; without `anonymous` in the target file, scenarios that need them are skipped"
        ),
    };
    vec![who, encrypted]
}
