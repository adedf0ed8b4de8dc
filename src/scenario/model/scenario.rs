//! A scenario as a whole, and what it needs.

use std::collections::BTreeSet;

use super::client::ClientTest;
use super::condition::{Assignment, Condition};
use super::session::{Actor, Login};
use super::step::{Step, StepKind};
use super::stream::Transport;
use super::target::{Action, Provision};
use crate::scenario::source::{Located, Place};

/// The actor that acts where a step names none.
pub const CLIENT: &str = "client";

/// The accounts that a target may provide.
pub const ACCOUNTS: [&str; 2] = ["alice", "bob"];

/// One scenario, its shared set-up included.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its whole file.
    pub place: Place,
    /// What it demands, in a sentence.
    pub name: Located<String>,
    /// Ids of the requirements that it checks; never empty.
    pub covers: Vec<Located<String>>,
    /// Prose for the reader.
    pub about: Option<Located<String>>,
    /// What must be provided, or it is skipped.
    pub needs: Vec<Located<Need>>,
    /// Who acts, the client first.
    pub actors: Vec<Actor>,
    /// Variables with their values, in order; those of shared files first.
    pub set: Vec<Assignment>,
    /// One run for each row; one run without values if there is none.
    pub sweep: Vec<Row>,
    /// Steps of the shared files, which go before its own.
    pub setup: Vec<Step>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What it says of a client, if it tests one: then it has no actors and no steps.
    pub client: Option<Box<ClientTest>>,
}

impl Scenario {
    /// All that a target has to provide: what `needs` says, and what the sessions and steps rest on.
    pub fn provisions(&self) -> BTreeSet<Provision> {
        let mut all = BTreeSet::new();
        if self.client.is_some() {
            return all; // the server is made for it
        }
        all.extend(self.needs.iter().filter_map(|need| match need.value {
            Need::Provided(provision) => Some(provision),
            Need::Condition(_) => None,
        }));
        // Whoever has no session does raw work over HTTP, which need not be that of BOSH if the scenario says so.
        let any = all.contains(&Provision::Http);
        if !any && self.actors.iter().any(|actor| actor.session.is_none()) {
            all.insert(Provision::Bosh);
        }
        for session in self.actors.iter().filter_map(|actor| actor.session.as_ref()) {
            all.extend(match &session.login.value {
                Login::None => None,
                Login::Anonymous => Some(Provision::Anonymous),
                Login::Account(name) if name == ACCOUNTS[0] => Some(Provision::Account),
                Login::Account(_) => Some(Provision::Accounts),
            });
            all.extend(session.carrier_provision());
            // Over TCP, `via` chooses among addresses of its own.
            let via = session.via.as_ref().filter(|_| session.transport() != Some(Transport::Tcp));
            all.extend(via.map(|via| via.provision()));
            all.extend(session.certificate.as_ref().map(|_| Provision::Certificates));
        }
        for steps in [&self.setup, &self.steps] {
            rest_on(steps, &mut all);
        }
        all
    }

    /// Whether it tests a client, and not a server.
    pub fn is_about_client(&self) -> bool {
        self.client.is_some()
    }

    /// Whether all of its sessions are carried by BOSH.
    pub fn is_over_bosh(&self) -> bool {
        let sessions = self.actors.iter().filter_map(|actor| actor.session.as_ref());
        sessions.into_iter().all(|session| session.transport() == Some(Transport::Bosh))
    }

    /// One that says nothing yet.
    pub(in crate::scenario) fn unnamed(place: Place) -> Self {
        Self {
            name: Located::new(String::new(), place.clone()),
            place,
            covers: Vec::new(),
            about: None,
            needs: Vec::new(),
            actors: Vec::new(),
            set: Vec::new(),
            sweep: Vec::new(),
            setup: Vec::new(),
            steps: Vec::new(),
            client: None,
        }
    }
}

fn rest_on(steps: &[Step], all: &mut BTreeSet<Provision>) {
    for step in steps {
        match &step.kind {
            StepKind::Request(request) | StepKind::Create(request) => {
                all.extend(request.via.as_ref().map(|via| via.provision()));
                all.extend(request.encoding.as_ref().map(|_| Provision::Compression));
            }
            StepKind::Raw(raw) => all.extend(raw.via.as_ref().map(|via| via.provision())),
            StepKind::Connect(connect) => {
                all.extend(connect.via.as_ref().map(|via| via.provision()));
                all.extend(connect.certificate.as_ref().map(|_| Provision::Certificates));
            }
            StepKind::Control { action, .. } => {
                all.insert(Provision::Control);
                if matches!(action.value, Action::StopUpstream | Action::StartUpstream) {
                    all.insert(Provision::Upstream);
                }
            }
            StepKind::Together(steps) | StepKind::Repeat { steps, .. } => rest_on(steps, all),
            StepKind::If { steps, otherwise, .. } => {
                rest_on(steps, all);
                rest_on(otherwise, all);
            }
            _ => {}
        }
    }
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it stands.
    pub place: Place,
    /// The variables of this run.
    pub values: Vec<Assignment>,
}

/// What a scenario needs.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// Something of the target or of its operator.
    Provided(Provision),
    /// Something of the default actor's session, judged when that is open.
    Condition(Box<Condition>),
}
