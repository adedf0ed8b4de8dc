//! The first steps at a target as every scenario needs them: a session, its features, a login. Where one of them fails, a whole
//! run would say so hundreds of times.

use std::sync::Arc;
use std::time::Duration;

use super::dial::Dial;
use super::execute::{Inputs, live, prepare};
use super::opening::leave;
use super::provided::skipped;
use super::schedule::Job;
use super::stop::Stop;
use super::target::Target;
use super::unusable::{Unusable, unusable, unusable_stream};
use super::wire::Secrets;
use crate::clock::{Clock, words};
use crate::random::Secure;
use crate::scenario::{Login, Transport};

/// Nobody waits longer for the first steps of one login.
const PATIENCE: Duration = Duration::from_secs(30);

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
    let each = [Transport::Bosh, Transport::WebSocket, Transport::Tcp];
    let logins = each
        .into_iter()
        .flat_map(|one| logins(jobs, target, one).into_iter().map(move |it| (one, it)));
    for (transport, login) in logins {
        let Some(job) = job(transport, &login) else { continue };
        let inputs = Inputs {
            scenario: job.scenario,
            row: None,
            target: Arc::clone(target),
            dial: Arc::clone(dial),
            clock: Clock::start(),
            random: Box::new(Secure::default()),
            heart: None,
            round_trip,
            secrets: Secrets::Hidden,
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
        let unusable = why.map(|why| match transport {
            Transport::Bosh => unusable(&run, &login, why),
            _ => unusable_stream(&run, transport, &login, why),
        });
        leave(&mut run).await;
        if let Some(unusable) = unusable {
            return Err(unusable);
        }
    }
    Ok(())
}

/// The logins of sessions, each of which is tried once; who logs in has all that a session without a login has.
fn logins(jobs: &[Job], target: &Target, transport: Transport) -> Vec<Login> {
    let mut logins = Vec::new();
    for job in jobs.iter().filter(|job| skipped(&job.scenario, target).is_none()) {
        let sessions = job.scenario.actors.iter().filter_map(|actor| actor.session.as_ref());
        for session in sessions.filter(|session| session.transport() == Some(transport)) {
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
fn job(transport: Transport, login: &Login) -> Option<Job> {
    let login = match login {
        Login::None => "none",
        Login::Anonymous => "anonymous",
        Login::Account(name) => name,
    };
    let carrier = match transport {
        Transport::Bosh => "wait: 5",
        Transport::WebSocket => "transport: websocket",
        Transport::Tcp => "transport: tcp",
    };
    let text = format!(
        "name: the first steps\ncovers: xbosh-bind-roundtrip\nsession: {{ login: {login}, {carrier} }}\nsteps: [drain: ]\n"
    );
    Job::built_in("entry.yaml", text)
}
