//! What scenarios run against: a connection manager, and what is known of it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::proxy::Target as Address;
use crate::scenario::{Action, Provision};

/// A connection manager under test.
#[derive(Debug, Clone)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// Where it is with TLS, if both are known.
    pub tls: Option<Address>,
    /// The domain of its accounts.
    pub domain: String,
    /// The domain at which anybody may log in.
    pub anonymous: Option<String>,
    /// Its accounts, by the names that scenarios give them.
    pub accounts: BTreeMap<String, Account>,
    /// Further accounts of the same names, so that several scenarios that need them run at once.
    pub more_accounts: Vec<BTreeMap<String, Account>>,
    /// The service for rooms.
    pub rooms: Option<String>,
    /// What it provides.
    pub provides: Vec<Provision>,
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
    pub(super) fn account_sets(&self) -> Vec<BTreeMap<String, Account>> {
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
    /// A requirement's id, or the path of a scenario or of a folder of them.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What a target is known to do otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// A requirement's id, or the path of a scenario.
    pub what: String,
    /// What it does instead, and where the specification says otherwise.
    pub why: String,
}
