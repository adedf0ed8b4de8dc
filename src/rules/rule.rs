//! The interface of a rule.

use std::time::Duration;

use super::finding::Findings;
use super::moment::Moment;
use crate::trace::{SessionId, Story};

/// A pong has this long to come before it is reported: phones on slow networks need a few seconds.
pub(super) const PONG_DUE: Duration = Duration::from_secs(15);
/// The answer to an `<r/>` has this long to come from a party that says nothing else.
pub(super) const ACK_DUE: Duration = Duration::from_secs(30);

/// One check, or a few that share their state.
pub trait Rule: Send {
    /// Looks at an event.
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings);

    /// When it wants to be woken, if nothing happens before.
    fn deadline(&self) -> Option<Duration> {
        None
    }

    /// Its deadline has passed: it handles one thing that is due, which moves the deadline. Its findings belong to the
    /// session that it returns.
    fn wake(&mut self, _now: Duration, _story: &Story, _found: &mut Findings) -> Option<SessionId> {
        None
    }
}
