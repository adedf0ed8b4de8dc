//! The terms in force in a session: the granted ones, or the requested ones before any were granted (XEP-0124 §7).

use std::time::Duration;

use crate::bosh::Number;
use crate::trace::{BoshLink, BoshRequest};

/// `requests` in force.
pub fn requests(link: &BoshLink) -> Option<u64> {
    value(link.granted.as_ref()?.requests.as_ref())
}

/// `hold` in force.
pub fn hold(link: &BoshLink) -> u64 {
    let granted = link.granted.as_ref().and_then(|granted| value(granted.hold.as_ref()));
    let asked = || link.asked.as_ref().and_then(|asked| value(asked.hold.as_ref()));
    granted.or_else(asked).unwrap_or(1)
}

/// `wait` in force for a request: the granted one, or the requested one while the session is being created.
pub fn wait(link: &BoshLink, request: &BoshRequest) -> Option<Duration> {
    let asked = || link.asked.as_ref().and_then(|asked| value(asked.wait.as_ref()));
    let seconds = if request.creates { asked() } else { link.wait() };
    seconds.map(Duration::from_secs)
}

/// `polling` in force, in a session in which the client has to poll.
pub fn polling(link: &BoshLink) -> Option<Duration> {
    let granted = link.granted.as_ref()?;
    let polls = value(granted.wait.as_ref()) == Some(0)
        || hold(link) == 0
        || value(granted.requests.as_ref()) == Some(1);
    value(granted.polling.as_ref()).filter(|_| polls).map(Duration::from_secs)
}

fn value(number: Option<&Number>) -> Option<u64> {
    number.and_then(|number| number.value)
}
