//! What the server of a target says that it is (XEP-0092), asked by a scenario as any other.

use std::sync::Arc;
use std::time::Duration;

use super::dial::Dial;
use super::embedded;
use super::outcome::Outcome;
use super::schedule::{Job, run_all, run_embedded};
use super::target::Target;
use crate::diag::sanitise::one_line;
use crate::scenario::Transport;

const SCENARIO: &str = include_str!("about.yaml");
/// Whoever has not told it until then is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer names and versions are cut.
const LONGEST: usize = 60;

/// A program, as it calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Software {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Logs in, and asks the server what it is: nothing if it does not say, or nobody can log in.
pub async fn about(
    dial: &Arc<dyn Dial>,
    target: &Arc<Target>,
    round_trip: Duration,
) -> Option<Software> {
    let login = if target.anonymous.is_some() { "anonymous" } else { "alice" };
    let job = job(transport(target), login)?;
    let mut software = None;
    let asking = run_all(
        std::slice::from_ref(&job),
        Arc::clone(target),
        Arc::clone(dial),
        1,
        round_trip,
        |_, outcome| software = said(&outcome),
    );
    let _ = tokio::time::timeout(PATIENCE, asking).await; // then it has not said it
    software
}

/// What the embedded connection manager says that it is.
pub fn embedded_software() -> Option<Software> {
    said(&run_embedded(&job(Transport::Bosh, "anonymous")?, &Arc::new(embedded::target()), &[]))
}

/// What carries the session in which a target is asked: the first that it has.
fn transport(target: &Target) -> Transport {
    let all = [Transport::Bosh, Transport::WebSocket];
    let has = |transport: &Transport| target.provides.contains(&transport.provision());
    all.into_iter().find(has).unwrap_or(Transport::Tcp)
}

fn job(transport: Transport, login: &str) -> Option<Job> {
    let session = match transport {
        Transport::Bosh => format!("login: {login}, wait: 5, polls: true"),
        Transport::WebSocket => format!("transport: websocket, login: {login}"),
        Transport::Tcp => format!("transport: tcp, login: {login}"),
    };
    Job::built_in("about.yaml", SCENARIO.replace("SESSION", &session))
}

fn said(outcome: &Outcome) -> Option<Software> {
    let [name, version] = outcome.notes.as_slice() else { return None };
    let short = |text: &str| one_line(text).trim().chars().take(LONGEST).collect::<String>();
    let told = Software { name: short(&name.text), version: short(&version.text) };
    (!told.name.is_empty() && !told.version.is_empty()).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_one_says_what_it_is() {
        let told = embedded_software().unwrap();
        assert_eq!(
            (told.name.as_str(), told.version.as_str()),
            ("xmppscope", env!("CARGO_PKG_VERSION"))
        );
    }

    #[test]
    fn it_is_asked_by_a_scenario_without_mistakes() {
        for (_, transport) in Transport::ALL {
            assert!(job(transport, "anonymous").is_some() && job(transport, "alice").is_some());
        }
    }
}
