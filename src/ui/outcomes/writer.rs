//! What a way of writing hears of a run.

use std::io::{self, Write};

use super::plan::Plan;
use super::summary::Summary;
use crate::runner::Outcome;
use crate::snapshot::Diff;

/// A way of writing outcomes. It hears of a run in one line of events: it has begun, a scenario has ended (for each), it has
/// finished.
pub trait Writer: Send {
    /// The run has begun.
    fn begun(&mut self, plan: &Plan, out: &mut dyn Write) -> io::Result<()>;

    /// A scenario has ended; `differs` is what differs from its approved conversation, if that was compared.
    fn outcome(
        &mut self,
        outcome: &Outcome,
        differs: Option<&Diff>,
        out: &mut dyn Write,
    ) -> io::Result<()>;

    /// The run has finished.
    fn finished(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}
