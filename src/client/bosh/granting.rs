//! What of the terms granted governs a client (XEP-0124 §7.2).

use std::time::Duration;

use super::terms::Terms;
use crate::bosh::{Granted, Number};

/// The terms in force.
#[derive(Debug)]
pub(super) struct Granting {
    /// The session.
    pub(super) sid: String,
    /// How many requests may be open at once.
    pub(super) requests: u64,
    /// The time between two empty requests, where the client has to poll (XEP-0124 §12).
    pub(super) polling: Option<Duration>,
    /// The longest pause, in seconds; 0 where none is offered.
    pub(super) maxpause: u64,
    /// The connection manager is older than versions: errors come as HTTP's (XEP-0124 §17.1).
    pub(super) legacy: bool,
}

impl Granting {
    /// Reads the response that opened a session.
    ///
    /// # Errors
    /// What it lacks, in words.
    pub(super) fn new(granted: &Granted, asked: &Terms) -> Result<Self, String> {
        let value = |number: &Option<Number>| number.as_ref().and_then(|number| number.value);
        let sid = granted.sid.clone().filter(|sid| !sid.is_empty());
        let sid = sid.ok_or_else(|| "the response that opens the session has no sid".to_owned())?;
        let hold = value(&granted.hold).or(asked.hold).unwrap_or(1);
        let requests = value(&granted.requests).unwrap_or(hold.saturating_add(1)).max(1);
        let polls = value(&granted.wait).or(asked.wait) == Some(0) || hold == 0 || requests == 1;
        // Where no distance is named, none is asked for; but no client needs to ask more often.
        let polling = Duration::from_secs(value(&granted.polling).unwrap_or(0).max(1));
        Ok(Self {
            sid,
            requests,
            polling: polls.then_some(polling),
            maxpause: value(&granted.maxpause).unwrap_or(0),
            legacy: granted.ver.is_none(),
        })
    }
}
