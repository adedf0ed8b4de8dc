//! What BOSH adds to a login: features that come in a response, and a restart that the client requests (XEP-0206 §2
//! and §4).

use std::time::Duration;

use super::view::{BoshView, RequestView, ResponseView};
use crate::bosh::{Body, BodyType};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::{SessionId, Story};
use crate::xmpp::ns;

/// After this many responses without features, and this time, they are reported as missing.
const PATIENCE: (u32, Duration) = (3, Duration::from_secs(5));
/// A request so soon after `<success/>` may have been sent before the client saw it.
const CROSSING: Duration = Duration::from_secs(1);
/// After this time, a restart is reported as missing while the client waits for a response.
const RESTART: Duration = Duration::from_secs(5);

/// Judges when features come and whether the stream is restarted.
#[derive(Debug, Default)]
pub struct Features {
    sessions: Timed<State>,
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
        let Some(view) = moment.bosh() else { return };
        let (state, mut timer) = self.sessions.of(view.session().id, moment.story);
        match view {
            BoshView::Request(request) => state.request(&request, found),
            BoshView::Response(response) => {
                if let Some(body) = response.body() {
                    state.response(&response, body, found);
                }
            }
        }
        match state.restart_due {
            Some(success) => timer.set(success.saturating_add(RESTART)),
            None => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if session.is_alive() {
            state.hangs(now, "has sent no request with xmpp:restart='true'", found);
        }
        Some(session.id)
    }
}

impl State {
    fn request(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        // One without its prefix is reported as that.
        let bare = || request.body.unknown_attributes().any(|name| name == "restart");
        if request.body.is_restart() || request.asks.terminates || bare() {
            self.restart_due = None;
        } else {
            self.no_restart(request, found);
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

    /// A request that crosses `<success/>` is empty: stanzas come after the login.
    fn no_restart(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let (Some(success), at) = (self.restart_due, request.exchange.at) else { return };
        self.without += 1;
        let crosses = self.without < 2 && at.saturating_sub(success) < CROSSING;
        let stanza = request.body.payloads().find(|payload| payload.namespace() == ns::CLIENT);
        let sent = match stanza {
            Some(stanza) => format!("sends <{}/> instead", stanza.name()),
            None if crosses => return,
            None => format!(
                "sends rid {} without xmpp:restart='true'",
                request.asks.rid.unwrap_or_default()
            ),
        };
        self.hangs(at, &sent, found);
    }

    /// The server waits for a restart, and this is what the client does.
    fn hangs(&mut self, now: Duration, does: &str, found: &mut Findings) {
        let Some(success) = self.restart_due.take() else { return };
        let words = format!(
            "SASL succeeded {} ago, but the client has not restarted the stream: it {does}. The \
             server waits for the restart: it answers nothing else, or refuses it.",
            words(now.saturating_sub(success)),
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
