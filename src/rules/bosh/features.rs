//! What BOSH adds to a login: features that come in a response, and a restart that the client requests (XEP-0206 §2
//! and §4).

use std::time::Duration;

use super::view::{BoshView, RequestView, ResponseView};
use crate::bosh::{Body, BodyType};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::xmpp::ns;

/// After this many responses without features, and this time, they are reported as missing.
const PATIENCE: (u32, Duration) = (3, Duration::from_secs(5));
/// A request so soon after `<success/>` may have been sent before the client saw it.
const CROSSING: Duration = Duration::from_secs(1);

/// Judges when features come and whether the stream is restarted.
#[derive(Debug, Default)]
pub struct Features {
    sessions: PerSession<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the session was created, while its features are missing.
    waits_since: Option<Duration>,
    answers: u32,
    /// When `<success/>` passed, until a restart follows it.
    restart_due: Option<Duration>,
    /// Requests without restart since then.
    without: u32,
    early_auth: bool,
}

impl Rule for Features {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        match moment.bosh() {
            Some(BoshView::Request(request)) => {
                let state = self.sessions.of(request.session.id, moment.story);
                state.request(&request, found);
            }
            Some(BoshView::Response(response)) => {
                if let Some(body) = response.body() {
                    let state = self.sessions.of(response.session.id, moment.story);
                    state.response(&response, body, found);
                }
            }
            None => {}
        }
    }
}

impl State {
    fn request(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        if request.body.is_restart() {
            self.restart_due = None;
        } else {
            self.no_restart(request.exchange.at, request.asks.rid, found);
        }
        if request.body.payloads().any(|payload| payload.is(ns::SASL, "auth")) {
            self.auth(found);
        }
    }

    fn response(&mut self, response: &ResponseView<'_>, body: &Body, found: &mut Findings) {
        let ResponseView { at, asked, link, .. } = *response;
        if asked.creates && link.granted.is_some() && link.asked.is_some() {
            self.waits_since = Some(at);
            self.answers = 0;
        }
        for payload in body.payloads() {
            match (payload.namespace(), payload.name()) {
                (ns::STREAMS, "features") => self.features(at, found),
                (ns::SASL, "success") => {
                    self.restart_due = Some(at);
                    self.without = 0;
                }
                _ => {}
            }
        }
        if body.kind() == BodyType::Ordinary {
            self.still_waiting(at, found);
        }
    }

    fn no_restart(&mut self, at: Duration, rid: Option<u64>, found: &mut Findings) {
        let Some(success) = self.restart_due else { return };
        self.without += 1;
        let since = at.saturating_sub(success);
        if self.without < 2 && since < CROSSING {
            return;
        }
        self.restart_due = None;
        let words = format!(
            "SASL succeeded {} ago, but the client has not restarted the stream: rid {} has no \
             xmpp:restart='true'. The server waits for the restart, so the login hangs.",
            words(since),
            rid.unwrap_or_default()
        );
        let id = "xbosh-client-restart-after-success";
        found.add(&kinds::RESTART_MISSING, id, Level::Error, Party::Client, words);
    }

    fn auth(&mut self, found: &mut Findings) {
        if self.waits_since.is_some() && !self.early_auth {
            self.early_auth = true;
            let words = "The client started SASL before the stream features arrived. It should \
                 send empty requests until they do.";
            let id = "xbosh-client-waits-features";
            found.add(&kinds::AUTH_TOO_EARLY, id, Level::Warning, Party::Client, words);
        }
    }

    fn features(&mut self, at: Duration, found: &mut Findings) {
        if let Some(granted) = self.waits_since.take()
            && self.answers > 0
        {
            let words = format!(
                "The response that created the session had no stream features; they arrived {} \
                 later, in response {} after it.",
                words(at.saturating_sub(granted)),
                self.answers
            );
            found.add(
                &kinds::FEATURES_LATE,
                "xbosh-features-asap",
                Level::Note,
                Party::Server,
                words,
            );
        }
    }

    fn still_waiting(&mut self, at: Duration, found: &mut Findings) {
        let Some(granted) = self.waits_since else { return };
        self.answers += 1;
        let (answers, time) = PATIENCE;
        if self.answers >= answers && at.saturating_sub(granted) >= time {
            self.waits_since = None;
            let words = format!(
                "{} responses brought no stream features, so the client cannot log in. The \
                 connection manager may have no stream to the XMPP server.",
                self.answers
            );
            found.add(
                &kinds::FEATURES_MISSING,
                "xbosh-features-asap",
                Level::Warning,
                Party::Server,
                words,
            );
        }
    }
}

#[cfg(test)]
#[path = "features_tests.rs"]
mod tests;
