//! What the connection manager granted, as far as it governs a client (XEP-0124 §7.2).

use std::time::Duration;

use super::wrapper::Wrapper;
use crate::bosh::{Body, GrantedTerms, Number, XBOSH};
use crate::xmpp::ns;

/// A server may name any number of seconds; nobody waits longer than a day.
const LONGEST: u64 = 24 * 60 * 60;

/// The terms in force: the response that opened a session.
#[derive(Debug)]
pub struct Grant {
    body: Body,
    wait: Option<u64>,
    requests: u64,
    /// `polling` as it was announced.
    spacing: Option<Duration>,
    polls: bool,
    inactivity: Option<u64>,
    maxpause: u64,
    legacy: bool,
}

impl Grant {
    /// Reads the response to a request that asked for a session with these attributes. What it does not say is as it was
    /// asked for.
    pub(super) fn new(body: Body, asked: &Wrapper) -> Self {
        let granted = GrantedTerms::of(&body);
        let value = |number: &Option<Number>| number.as_ref().and_then(|number| number.value);
        let wanted = |name| asked.get(name).and_then(|text| text.parse::<u64>().ok());
        let wait = value(&granted.wait);
        let hold = value(&granted.hold).or(wanted("hold")).unwrap_or(1);
        let requests = value(&granted.requests).unwrap_or(hold.saturating_add(1)).max(1);
        let polls = wait.or(wanted("wait")) == Some(0) || hold == 0 || requests == 1;
        let spacing = value(&granted.polling);
        Self {
            wait,
            requests,
            spacing: spacing.map(|spacing| Duration::from_secs(spacing.min(LONGEST))),
            polls,
            inactivity: value(&granted.inactivity),
            maxpause: value(&granted.maxpause).unwrap_or(0),
            legacy: granted.ver.is_none(),
            body,
        }
    }

    /// The response as it came.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// An attribute of the response, by the name that it is usually written with: `wait`, `xmpp:version`, `xml:lang`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let element = self.body.element();
        match name.split_once(':') {
            None => element.attr(name),
            Some(("xmpp", name)) => element.attr_ns(XBOSH, name),
            Some(("xml", name)) => element.attr_ns(ns::XML, name),
            Some(_) => None,
        }
    }

    /// How long a request may be held, if that was said.
    pub fn wait(&self) -> Option<Duration> {
        self.wait.map(|wait| Duration::from_secs(wait.min(LONGEST)))
    }

    /// How many requests may be open at once.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The time between two empty requests, where the client has to poll (XEP-0124 §12).
    pub fn polling(&self) -> Option<Duration> {
        // Where no distance is named, none is asked for; but no client needs to ask more often.
        let least = Duration::from_secs(1);
        self.polls.then(|| self.spacing.unwrap_or_default().max(least))
    }

    /// The `polling` that was announced: without one, an empty request never comes too soon (XEP-0124 §11).
    pub fn spacing(&self) -> Option<Duration> {
        self.spacing
    }

    /// How long the session may be without a request, if that is limited.
    pub fn inactivity(&self) -> Option<Duration> {
        self.inactivity.map(|inactivity| Duration::from_secs(inactivity.min(LONGEST)))
    }

    /// The longest pause, in seconds; 0 where none is offered.
    pub fn maxpause(&self) -> u64 {
        self.maxpause
    }

    /// Whether the connection manager is older than versions: errors come as HTTP's (XEP-0124 §17.1).
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }
}
