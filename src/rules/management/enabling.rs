//! `<enable/>` and its answer (XEP-0198 §3, §5).

use std::time::Duration;

use super::view::{ElementView, condition, is_closing, unseen};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{SessionId, Story};
use crate::wire::Side;
use crate::xmpp::ns;

/// A server answers within this time.
const SOON: Duration = Duration::from_secs(10);

/// Judges how stream management is enabled.
#[derive(Debug, Default)]
pub struct Enabling {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when an answer is due.
    asked: Option<Duration>,
    /// What the server has sent since.
    others: u32,
    binding: Binding,
    /// Whether the features that came last offer stream management.
    offered: Option<bool>,
    /// The client has asked to resume a session, and has got no answer yet.
    resuming: bool,
    /// Something that explains a refusal was reported.
    explained: bool,
}

/// Whether the client has asked to bind a resource.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Binding {
    #[default]
    NotAsked,
    Asked,
    /// Something was not seen: it may have bound one.
    Unknown,
}

impl Rule for Enabling {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = ElementView::of(moment) else {
            if let Some(id) = unseen(moment) {
                let (state, mut timer) = self.sessions.of(id, moment.story);
                *state = State { binding: Binding::Unknown, ..State::default() };
                timer.clear();
            }
            return;
        };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        match view.from {
            Side::Client if view.is("enable") => {
                state.enable(&view, found);
                timer.set(view.at + SOON);
            }
            Side::Client => {
                if view.binds() && state.binding == Binding::NotAsked {
                    state.binding = Binding::Asked;
                }
                state.resuming |= view.is("resume");
            }
            Side::Server => {
                state.answered(&view, found);
                if state.asked.is_none() {
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
        if let Some(asked) = state.asked.take().filter(|_| !is_closing(session)) {
            let mut text = format!(
                "<enable/> is unanswered after {}: a server answers it with <enabled/> or <failed/>.",
                words(now.saturating_sub(asked))
            );
            if state.offered == Some(false) {
                text += " The stream features did not offer stream management.";
            }
            let level = if state.others > 0 { Level::Error } else { Level::Warning };
            let (kind, id) = (&kinds::SM_ENABLE_UNANSWERED, "sm-enable-answered");
            found.add(kind, id, level, Party::Server, text);
        }
        Some(session.id)
    }
}

impl State {
    fn enable(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        let management = view.session.stream.management();
        self.explained = false;
        if management.enabled || self.asked.is_some() {
            self.explained = true;
            let before =
                if management.enabled { "is enabled already" } else { "was asked for already" };
            let text = format!(
                "A second <enable/>: stream management {before} on this stream. The server may end the stream, or count \
                 anew."
            );
            let (kind, id) = (&kinds::SM_ENABLE_TWICE, "sm-enable-once");
            found.add(kind, id, Level::Error, Party::Client, text);
        } else if view.session.jid().is_none() && view.opened() {
            self.early(found);
        }
        self.asked = Some(view.at);
        self.others = 0;
    }

    fn early(&mut self, found: &mut Findings) {
        let (kind, id) = (&kinds::SM_ENABLE_EARLY, "sm-enable-after-bind");
        if self.binding == Binding::Unknown {
            return;
        }
        if self.binding == Binding::Asked {
            let text = "<enable/> was sent before the answer to the bind request. Servers that process requests in order \
                        accept that; if binding fails, this fails too.";
            found.add(kind, id, Level::Note, Party::Client, text);
        } else {
            self.explained = true;
            let text = "<enable/> was sent before a resource was bound: the client has to bind first, and may only send \
                        <resume/> before that.";
            found.add(kind, id, Level::Error, Party::Client, text);
        }
    }

    fn answered(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        if view.element.is(ns::STREAMS, "features") {
            self.offered = Some(view.element.descendants().any(|feature| {
                matches!(feature.namespace(), ns::SM3 | ns::SM2)
                    || feature.attr("var").is_some_and(|var| matches!(var, ns::SM3 | ns::SM2))
            }));
        } else if view.element.is(ns::STREAMS, "error") {
            self.asked = None;
        } else if view.is("failed") {
            // If both were asked for, the answer to the resumption comes first.
            if !std::mem::take(&mut self.resuming) {
                self.refused(view, found);
            }
        } else if let Some(enabled) = view.inner("enabled") {
            self.asked = None;
            let resumable = matches!(enabled.attr("resume"), Some("true" | "1"));
            if resumable && enabled.attr("id").is_none_or(str::is_empty) {
                let text = "<enabled/> says that the session can be resumed, but has no id to resume it by: after a cut the \
                            client has to log in anew.";
                let (kind, id) = (&kinds::SM_ENABLED_LACKS, "sm-enabled-resume-id");
                found.add(kind, id, Level::Error, Party::Server, text);
            }
        } else {
            self.others += 1;
        }
    }

    fn refused(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        if self.asked.take().is_none() || self.explained {
            return;
        }
        let why = condition(view.element).unwrap_or("no condition");
        let text = format!(
            "The server refuses stream management ({}): stanzas are not acknowledged, and the session cannot be resumed.",
            short(why)
        );
        found.add(&kinds::SM_ENABLE_FAILED, None, Level::Note, Party::Nobody, text);
    }
}

#[cfg(test)]
#[path = "enabling_tests.rs"]
mod tests;
