//! What a rule is.

use std::time::Duration;

use super::finding::{Finding, Findings};
use super::moment::Moment;
use crate::trace::{SessionId, Story};

/// One check, or a few that share their state.
pub trait Rule: Send {
    /// Looks at an event.
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings);

    /// When it wants to be woken, if nothing happens before.
    fn deadline(&self) -> Option<Duration> {
        None
    }

    /// Its deadline has passed. Findings belong to the session that is returned with them.
    fn wake(&mut self, _now: Duration, _story: &Story) -> Vec<(SessionId, Finding)> {
        Vec::new()
    }
}
