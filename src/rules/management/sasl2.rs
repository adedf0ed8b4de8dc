//! SASL2 (XEP-0388): what is offered, what a client may send meanwhile, and what follows success.

use std::time::Duration;

use super::view::{ElementView, is_closing, unseen};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{SessionId, Story};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::ns;

/// Features that follow "immediately" are there by then.
const SOON: Duration = Duration::from_secs(5);

/// Judges logins by SASL2.
#[derive(Debug, Default)]
pub struct Sasl2 {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that this is about.
    conn: u64,
    phase: Phase,
    noisy: bool,
    restarted: bool,
    misoffered: bool,
}

/// Where the login stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Before,
    /// The client has sent `<authenticate/>`, and waits for the outcome.
    During,
    /// It has succeeded, and features are due.
    FeaturesDue,
    /// It has succeeded, and a session was resumed with it: no features follow.
    Resumed,
    /// It has succeeded, and the features are there.
    Done,
}

impl Rule for Sasl2 {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = ElementView::of(moment) else {
            if let Some(id) = unseen(moment) {
                let (state, mut timer) = self.sessions.of(id, moment.story);
                *state = State { conn: state.conn, ..State::default() };
                timer.clear();
            }
            return;
        };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        if state.conn != view.line.conn {
            *state = State { conn: view.line.conn, ..State::default() };
        }
        match view.from {
            Side::Client => state.client(&view, found),
            Side::Server => {
                state.server(&view, found);
                if state.phase == Phase::FeaturesDue {
                    timer.set(view.at + SOON);
                } else {
                    timer.clear();
                }
            }
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if state.phase == Phase::FeaturesDue && !is_closing(session) {
            state.phase = Phase::Done;
            let text = "No stream features came within 5 s of the success of SASL2: they follow it immediately, and the client \
                        waits for them.";
            after(Level::Error, Party::Server, text, found);
        }
        Some(session.id)
    }
}

impl State {
    fn client(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        let element = view.element;
        if element.is(ns::SASL2, "authenticate") && self.phase != Phase::During {
            self.phase = Phase::During;
            user_agent(element, found);
            return;
        }
        match self.phase {
            Phase::During => {
                let allowed = matches!(element.name(), "response" | "abort" | "next")
                    && element.namespace() == ns::SASL2;
                if allowed || element.is(ns::FRAMING, "close") || self.noisy {
                    return;
                }
                self.noisy = true;
                let text = format!(
                    "The client sends <{}/> while SASL2 waits for its outcome. Between <authenticate/> and <success/> or \
                     <failure/> it may send nothing but <response/> and <abort/>.",
                    short(element.name())
                );
                let (kind, id) = (&kinds::SASL2_NOT_QUIET, "sasl2-quiet-during-auth");
                found.add(kind, id, Level::Error, Party::Client, text);
            }
            Phase::FeaturesDue | Phase::Resumed | Phase::Done
                if view.is_header() && !self.restarted =>
            {
                self.restarted = true;
                let text = "The client opens the stream again after the success of SASL2, after which there is no restart \
                            (unlike SASL in RFC 6120). The server may end the stream.";
                after(Level::Error, Party::Client, text, found);
            }
            _ => {}
        }
    }

    fn server(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        let element = view.element;
        let is_features = element.is(ns::STREAMS, "features");
        if is_features {
            self.offered(element, found);
        }
        match (element.namespace(), element.name(), self.phase) {
            (ns::SASL2, "success", _) => {
                let resumed = view.inner("resumed").is_some();
                self.phase = if resumed { Phase::Resumed } else { Phase::FeaturesDue };
            }
            (ns::SASL2, "failure", _) => self.phase = Phase::Before,
            (ns::STREAMS, "error", Phase::FeaturesDue) | (ns::FRAMING, "close", _) => {
                self.phase = Phase::Done;
            }
            // If the client began it, that was reported.
            (_, _, Phase::FeaturesDue) if view.is_header() => self.restarts(found),
            (_, _, Phase::FeaturesDue) => {
                if !is_features && !self.restarted {
                    let text = format!(
                        "<{}/> follows the success of SASL2, where stream features are due.",
                        short(element.name())
                    );
                    after(Level::Error, Party::Server, text, found);
                }
                self.phase = Phase::Done;
            }
            (_, _, Phase::Resumed) => {
                if is_features && !self.restarted {
                    let text = "Stream features follow a login that has resumed a session, where none are sent.";
                    after(Level::Note, Party::Server, text, found);
                }
                self.phase = Phase::Done;
            }
            _ => {}
        }
    }

    /// The server opens the stream again.
    fn restarts(&mut self, found: &mut Findings) {
        if std::mem::replace(&mut self.restarted, true) {
            return;
        }
        let text = "The server opens the stream again after the success of SASL2, which is followed by features, not by a \
                    restart.";
        after(Level::Error, Party::Server, text, found);
    }

    fn offered(&mut self, features: &Element, found: &mut Findings) {
        let Some(authentication) = features.child(ns::SASL2, "authentication") else { return };
        if authentication.child(ns::SASL2, "mechanism").is_some() || self.misoffered {
            return;
        }
        self.misoffered = true;
        let text = "The server offers SASL2 without any mechanism, so nobody can log in with it.";
        found.add(&kinds::SASL2_FEATURES, "sasl2-features", Level::Error, Party::Server, text);
    }
}

fn after(level: Level, party: Party, text: impl Into<String>, found: &mut Findings) {
    found.add(&kinds::SASL2_AFTER_SUCCESS, "sasl2-no-restart", level, party, text);
}

fn user_agent(authenticate: &Element, found: &mut Findings) {
    let agent = authenticate.child(ns::SASL2, "user-agent");
    let (level, text) = match agent.map(|agent| agent.attr("id")) {
        None => (
            Level::Note,
            "<authenticate/> has no user-agent: the server cannot tell the user's devices apart, and tokens (FAST) need it."
                .to_owned(),
        ),
        Some(None) => (
            Level::Note,
            "user-agent has no id: the server cannot tell the user's devices apart, and tokens (FAST) need it.".to_owned(),
        ),
        Some(Some(id)) if !id.starts_with("[hidden") && !is_uuid(id) => {
            (Level::Error, format!("The id of user-agent is '{}', which is not a UUID of version 4.", short(id)))
        }
        Some(Some(_)) => return,
    };
    found.add(&kinds::SASL2_USER_AGENT, "sasl2-user-agent-id", level, Party::Client, text);
}

/// Whether this is a UUID of version 4 (RFC 9562).
fn is_uuid(id: &str) -> bool {
    let parts: Vec<_> = id.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(hex)
        && parts[2].starts_with('4')
        && parts[3].starts_with(['8', '9', 'a', 'b', 'A', 'B'])
}

#[cfg(test)]
#[path = "sasl2_tests.rs"]
mod tests;
