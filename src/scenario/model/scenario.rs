//! A scenario as a whole, and what it needs.

use std::collections::BTreeSet;

use super::response::{Expectation, ValueMatch};
use super::session::{Actor, Login};
use super::step::{Action, Reference, Step, StepKind};
use super::value::Template;
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
}

impl Scenario {
    /// All that a target has to provide: what `needs` says, and what the sessions and steps rest on.
    pub fn provisions(&self) -> BTreeSet<Provision> {
        let mut all = BTreeSet::new();
        all.extend(self.needs.iter().filter_map(|need| match need.value {
            Need::Provided(provision) => Some(provision),
            Need::Condition(_) => None,
        }));
        for session in self.actors.iter().filter_map(|actor| actor.session.as_ref()) {
            all.extend(match &session.login.value {
                Login::None => None,
                Login::Anonymous => Some(Provision::Anonymous),
                Login::Account(name) if name == ACCOUNTS[0] => Some(Provision::Account),
                Login::Account(_) => Some(Provision::Accounts),
            });
            all.extend(session.via.as_ref().map(|via| via.provision()));
            all.extend(session.certificate.as_ref().map(|_| Provision::Certificates));
        }
        for steps in [&self.setup, &self.steps] {
            rest_on(steps, &mut all);
        }
        all
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

/// `NAME: VALUE`
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The variable.
    pub name: Located<String>,
    /// What it is to be.
    pub value: Located<Template>,
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

/// What a target may provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provision {
    /// Anonymous logins.
    Anonymous,
    /// The account `alice`.
    Account,
    /// The accounts `alice` and `bob`.
    Accounts,
    /// Multi-user chat rooms.
    Rooms,
    /// An address with TLS.
    Tls,
    /// An address without TLS.
    Plain,
    /// Certificates of clients.
    Certificates,
    /// Compressed requests and responses.
    Compression,
    /// A server of its own behind the connection manager.
    Upstream,
    /// Commands that stop and start it.
    Control,
    /// Time: the scenario waits for more than half a minute.
    Slow,
}

/// Something that holds or doesn't.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The response that created the actor's session had this attribute.
    Advertised {
        /// The attribute, named as in [`Attribute::name`](super::Attribute::name).
        attribute: Located<String>,
        /// Whose session; the client's if nothing is said.
        by: Option<Reference>,
        /// Whether it is to hold that it had none.
        not: bool,
    },
    /// A value is as demanded.
    Value {
        /// The value.
        value: Located<Template>,
        /// What is demanded of it.
        expected: Box<ValueMatch>,
    },
    /// A response that was awaited is as demanded.
    Response {
        /// To which request.
        request: Reference,
        /// What is demanded.
        expected: Box<Expectation>,
    },
}
