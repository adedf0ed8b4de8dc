//! What follows a resumption: the former connection is closed, the client keeps its address, and does not begin anew
//! (XEP-0198 §5).

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::view::ElementView;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Fact, Reading, SessionId, Step, Story};
use crate::wire::Side;
use crate::xmpp::{jid, ns};

/// For this time after a resumption, what a client does at a login is a sign that it begins anew.
const FIRST: Duration = Duration::from_secs(5);
/// Within this time the former connection is closed.
const SOON: Duration = Duration::from_secs(5);

/// Judges what follows a resumption.
#[derive(Debug, Default)]
pub struct Resumed {
    sessions: Timed<State>,
    /// The connection that carries, or has carried, the stream of each session, while it is open.
    conns: FxHashMap<u64, SessionId>,
    /// Those of them on which the server has sent the stream error conflict, which may come before `<resumed/>`.
    conflicts: FxHashSet<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that carries the stream.
    conn: Option<u64>,
    at: Option<Duration>,
    /// The former connection, while it is open.
    former: Option<u64>,
    /// The server has sent the stream error conflict on it.
    conflict: bool,
    repeats: bool,
    jid: bool,
}

impl Rule for Resumed {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        self.former(moment, found);
        if let Fact::Closed { .. } = moment.event.fact {
            self.conns.remove(&conn);
            self.conflicts.remove(&conn);
            return;
        }
        if is_conflict(moment) && self.conns.contains_key(&conn) {
            self.conflicts.insert(conn);
        }
        let Some(view) = ElementView::of(moment) else { return };
        self.conns.insert(conn, view.session.id);
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        if let Some(Step::Resumed { .. }) = view.step() {
            let before = state.conn.filter(|before| *before != conn);
            let former = before.filter(|before| self.conns.contains_key(before));
            let conflict = former.is_some_and(|former| self.conflicts.contains(&former));
            *state =
                State { conn: Some(conn), at: Some(view.at), former, conflict, ..State::default() };
            if former.is_some() {
                timer.set(view.at + SOON);
            }
            return;
        }
        state.conn = Some(conn);
        if view.from == Side::Client && view.is_stanza() && state.at.is_some() {
            state.sent(&view, found);
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if let Some(former) = state.former.take() {
            let error = if state.conflict {
                ", although it sent the stream error conflict there"
            } else {
                ""
            };
            let text = format!(
                "The session was resumed, but the server leaves the former connection #{former} open{error}: whoever is at \
                 that end waits in vain. It should get the stream error conflict and be closed."
            );
            let (kind, id) = (&kinds::SM_RESUME_CONFLICT, "sm-resume-conflict");
            found.add(kind, id, Level::Warning, Party::Server, text);
        }
        Some(session.id)
    }
}

/// Whether the server sends the stream error conflict.
fn is_conflict(moment: &Moment<'_>) -> bool {
    let message = moment.message().filter(|message| message.from == Side::Server);
    let Some(Reading::Element(element)) = message.map(|message| &message.reading) else {
        return false;
    };
    element.is(ns::STREAMS, "error") && element.child(ns::STREAM_ERRORS, "conflict").is_some()
}

impl Resumed {
    /// What happens on a connection that another one has replaced.
    fn former(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        let Some(&id) = self.conns.get(&conn) else { return };
        let Some((state, mut timer)) = self.sessions.get(id) else { return };
        if state.former != Some(conn) {
            return;
        }
        match &moment.event.fact {
            // The client leaves by itself.
            Fact::Ended { by: Side::Client, together: false, .. } if !state.conflict => {
                if moment.story.left(conn).is_none_or(|(side, _)| side == Side::Client) {
                    state.former = None;
                    timer.clear();
                }
            }
            Fact::Closed { .. } => {
                let by_server = moment.effect.left.or(moment.story.left(conn));
                let by_server = by_server.is_some_and(|(side, _)| side == Side::Server);
                if by_server && !state.conflict {
                    let text = "The server closed the former connection of the resumed session without the stream error \
                                conflict, so its owner may think that the network failed.";
                    let (kind, id) = (&kinds::SM_RESUME_CONFLICT, "sm-resume-conflict");
                    found.add(kind, id, Level::Note, Party::Server, text);
                }
                state.former = None;
                timer.clear();
            }
            _ => state.conflict |= is_conflict(moment),
        }
    }
}

impl State {
    fn sent(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        let again = matches!(view.step(), Some(Step::Counted(_, again)) if *again > 0);
        let early = self.at.is_some_and(|at| view.at.saturating_sub(at) < FIRST);
        if early && !again && !self.repeats {
            let attr = |name| view.element.attr(name);
            let what = match view.element.name() {
                "presence" if attr("type").is_none() && attr("to").is_none() => Some("presence"),
                "iq" if attr("type") == Some("get")
                    && view.element.child(ns::ROSTER, "query").is_some() =>
                {
                    Some("the request for the roster")
                }
                _ => None,
            };
            if let Some(what) = what {
                self.repeats = true;
                let text = format!(
                    "The client sends {what} right after the resumption, as after a new login. The session goes on, so it \
                     need not be repeated."
                );
                let (kind, id) = (&kinds::SM_RESUME_REPEATS, "sm-resume-no-presence-roster");
                found.add(kind, id, Level::Note, Party::Client, text);
            }
        }
        let (Some(from), Some(jid)) = (view.element.attr("from"), view.session.jid()) else {
            return;
        };
        let bare = jid::before_slash(jid);
        if !self.jid && from != jid && !from.eq_ignore_ascii_case(bare) && !same(from, jid) {
            self.jid = true;
            let text = format!(
                "The client sends from='{}' in the resumed session, which is that of {}: after a resumption stanzas have that \
                 address, or none.",
                short(from),
                short(jid)
            );
            let (kind, id) = (&kinds::SM_RESUME_JID, "sm-resume-same-jid");
            found.add(kind, id, Level::Error, Party::Client, text);
        }
    }
}

/// Whether two addresses differ in nothing but the case of what has none.
fn same(one: &str, other: &str) -> bool {
    let resource = jid::after_slash(one);
    resource.is_some()
        && resource == jid::after_slash(other)
        && jid::before_slash(one).eq_ignore_ascii_case(jid::before_slash(other))
}

#[cfg(test)]
#[path = "resumed_tests.rs"]
mod tests;
