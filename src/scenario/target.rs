//! What scenarios run against: a connection manager, and what is known of it. A file says it
//! (docs/reference/targets.md); what comes of it is the runner's to say.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::model::{Action, Provision, Scenario};
use crate::wire::address::Address;

/// A connection manager under test.
#[derive(Debug, Clone)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// What it is, in prose.
    pub about: Option<String>,
    /// Where it is known to be: at the first of its addresses.
    pub address: Address,
    /// Where it is with TLS, if both are known.
    pub tls: Option<Address>,
    /// Where it serves WebSocket.
    pub websocket: Option<Address>,
    /// Where it serves streams over TCP.
    pub tcp: Option<Address>,
    /// The same with TLS from the first byte.
    pub direct_tls: Option<Address>,
    /// The CA certificates that are trusted in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The domain of its accounts.
    pub domain: String,
    /// The domain at which anybody may log in.
    pub anonymous: Option<String>,
    /// Its accounts, by the names that scenarios give them.
    pub accounts: BTreeMap<String, Account>,
    /// Further accounts of the same names, so that several scenarios that need them run at once.
    pub more_accounts: Vec<BTreeMap<String, Account>>,
    /// Hosts beside its own to which links of it may lead.
    pub hosts: Vec<String>,
    /// The service for rooms.
    pub rooms: Option<String>,
    /// Attributes with which its sessions are asked for, unless a scenario sets them; without a value, one that is left out.
    pub create: Vec<(String, Option<String>)>,
    /// What it provides.
    pub provides: Vec<Provision>,
    /// How many scenarios it bears at a time.
    pub jobs: Option<usize>,
    /// How exactly times are judged.
    pub tolerance: Tolerance,
    /// What stops and starts it: a command with its arguments.
    pub control: BTreeMap<Action, Vec<String>>,
    /// Scenarios that are not run, and why.
    pub skip: Vec<Skip>,
    /// What it is known to do otherwise.
    pub deviations: Vec<Deviation>,
}

impl Target {
    /// All sets of accounts.
    pub fn account_sets(&self) -> Vec<BTreeMap<String, Account>> {
        let first = std::iter::once(&self.accounts).filter(|accounts| !accounts.is_empty());
        first.chain(&self.more_accounts).cloned().collect()
    }
}

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The local part of its address.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({:?}, …)", self.user)
    }
}

/// How exactly times are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// What may come early by so much.
    pub early: Duration,
    /// What may come late by so much.
    pub late: Duration,
}

impl Tolerance {
    /// Of virtual time, which passes only when nobody has anything to do.
    pub const VIRTUAL: Self = Self { early: Duration::ZERO, late: Duration::from_millis(5) };
    /// Of a network nearby.
    pub const USUAL: Self =
        Self { early: Duration::from_millis(2), late: Duration::from_millis(50) };
    /// Of a machine that does much else.
    pub const BUSY: Self =
        Self { early: Duration::from_millis(2), late: Duration::from_millis(250) };
}

/// What is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// What it is about: any of these.
    pub what: Vec<What>,
    /// Why.
    pub why: String,
}

/// What a target is known to do otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// What it is about: any of these.
    pub what: Vec<What>,
    /// A piece of the failure's text, without which it is another failure.
    pub seen: Option<String>,
    /// It is a race: it happens or not, and neither is news.
    pub sometimes: bool,
    /// What it does instead, and where the specification says otherwise.
    pub why: String,
}

/// What a skip or a deviation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A requirement, by its id.
    Requirement(String),
    /// A scenario, or all of a folder.
    Path(PathBuf),
}

impl What {
    /// Whether a scenario is meant: it covers the requirement, or its path goes through this one.
    pub fn names(&self, scenario: &Scenario) -> bool {
        match self {
            Self::Requirement(id) => scenario.covers.iter().any(|covered| covered.value == *id),
            Self::Path(path) => goes_through(&scenario.place.source.path, path),
        }
    }
}

/// Whether the parts of one path stand one after the other in another, so that it does not matter from which folder a
/// scenario was named.
fn goes_through(path: &Path, part: &Path) -> bool {
    fn parts(path: &Path) -> Vec<Component<'_>> {
        path.components().filter(|part| *part != Component::CurDir).collect()
    }
    let (path, part) = (parts(path), parts(part));
    !part.is_empty() && path.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests;
