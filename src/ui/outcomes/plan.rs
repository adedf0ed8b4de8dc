//! What is known of a run before the first scenario ends.

use chrono::{DateTime, FixedOffset};

use crate::runner::Software;

/// A run of scenarios, as it is planned.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What they are run against, in words.
    pub target: String,
    /// What it is called.
    pub name: String,
    /// What the target's file says about it.
    pub about: Option<String>,
    /// What the server says that it is.
    pub software: Option<Software>,
    /// When the run began.
    pub started: DateTime<FixedOffset>,
    /// How many runs there are to be: one of each scenario, or of each row of its sweep.
    pub runs: usize,
    /// How many scenarios they are of.
    pub scenarios: usize,
    /// What is only recommended counts as what is demanded.
    pub strict: bool,
}
