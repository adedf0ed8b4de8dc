//! A run as a whole.

use std::io::{self, Write};

use super::plan::Plan;
use super::summary::Summary;
use super::writer::Writer;
use crate::runner::Outcome;

/// A run that has finished.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was planned.
    pub plan: Plan,
    /// The outcomes, in the order of the scenarios.
    pub outcomes: Vec<Outcome>,
    /// How it ended.
    pub summary: Summary,
}

impl Report {
    /// Tells a writer all of it, in the order of the scenarios.
    pub fn write(&self, writer: &mut dyn Writer, out: &mut dyn Write) -> io::Result<()> {
        writer.begun(&self.plan, out)?;
        for outcome in &self.outcomes {
            writer.outcome(outcome, None, out)?;
        }
        writer.finished(&self.summary, out)
    }
}
