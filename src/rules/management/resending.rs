//! Stanzas that are due again after a resumption (XEP-0198 §5): those that were not handled come again, and no others.

use std::collections::VecDeque;
use std::time::Duration;

use super::view::{ElementView, is_closing, stanza, unseen};
use crate::clock::words;
use crate::rules::finding::{Findings, Level};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Count, Sent, SessionId, Step, Story};
use crate::wire::Side;
use crate::xmpp::Kind;

/// What is due comes within this time.
const SOON: Duration = Duration::from_secs(10);
/// So many messages of each side are remembered.
const REMEMBERED: usize = 256;
/// So many messages are named.
const NAMED: usize = 3;

/// Judges what is sent again.
#[derive(Debug, Default)]
pub struct Resending {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the session was resumed.
    at: Option<Duration>,
    /// The client, and the server.
    sides: [Sender; 2],
}

#[derive(Debug, Default)]
struct Sender {
    /// Messages that it has sent: their numbers and ids.
    messages: VecDeque<(u32, String)>,
    /// The other side has handled so many of them when the session was resumed.
    handled: Option<u32>,
    /// Messages that are due again.
    due: Vec<Sent>,
    /// Messages that it has sent since, and that were not due.
    others: usize,
    /// A message that had been handled was sent again.
    said: bool,
}

impl Rule for Resending {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = ElementView::of(moment) else {
            if let Some(id) = unseen(moment) {
                let (state, mut timer) = self.sessions.of(id, moment.story);
                *state = State::default();
                timer.clear();
            }
            return;
        };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        match view.step() {
            Some(Step::Resumed { client, server, .. }) => {
                state.at = Some(view.at);
                for (side, ack) in [(Side::Client, client), (Side::Server, server)] {
                    // A count that is wrong says nothing about what was handled.
                    let handled = ack.filter(|ack| ack.beyond().is_none() && ack.back().is_none());
                    let count = view.session.stream.management().of(side);
                    state.sides[side as usize].resume(handled.map(|ack| ack.h), count);
                }
                if state.sides.iter().any(|sender| !sender.due.is_empty()) {
                    timer.set(view.at + SOON);
                }
            }
            Some(Step::Counted(number, _)) if view.element.name() == "message" => {
                let early = state.at.is_some_and(|at| view.at.saturating_sub(at) < SOON);
                state.sides[view.from as usize].sent(*number, &view, early, found);
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        for side in [Side::Client, Side::Server] {
            let sender = &mut state.sides[side as usize];
            let due = std::mem::take(&mut sender.due);
            // With another id, one of these may have been among them.
            if due.is_empty() || sender.others >= due.len() || is_closing(session) {
                continue;
            }
            let named: Vec<_> = due.iter().take(NAMED).map(stanza).collect();
            let more = due.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let at = state.at.map_or(Duration::ZERO, |at| now.saturating_sub(at));
            let text = format!(
                "The {} has not sent again what the {} had not handled when the session was resumed {} ago: {}{more}. {} lost.",
                side.name(),
                side.other().name(),
                words(at),
                named.join(", "),
                if due.len() == 1 { "It is" } else { "They are" }
            );
            let (kind, id) = (&kinds::SM_NOT_RESENT, "sm-resume-resends");
            found.add(kind, id, Level::Error, side.into(), text);
        }
        Some(session.id)
    }
}

impl Sender {
    fn resume(&mut self, handled: Option<u32>, count: &Count) {
        (self.handled, self.others, self.said) = (handled, 0, false);
        let messages = count.due.iter().filter(|sent| sent.kind == Kind::Message);
        self.due = if handled.is_some() {
            messages.take(REMEMBERED).cloned().collect()
        } else {
            Vec::new()
        };
        if let Some(h) = handled {
            // What is due again gets its number anew.
            self.messages.retain(|(number, _)| h.wrapping_sub(*number) < 1 << 31);
        }
    }

    fn sent(&mut self, number: u32, view: &ElementView<'_>, early: bool, found: &mut Findings) {
        let id = view.element.attr("id");
        if let Some(place) = self.due.iter().position(|sent| sent.id.as_deref() == id) {
            self.due.remove(place);
        } else {
            self.others += 1;
            let handled = self.handled.filter(|_| early && !self.said);
            let before = |id: &str| self.messages.iter().find(|(_, sent)| sent == id);
            if let (Some(h), Some(id)) = (handled, id)
                && let Some((before, _)) = before(id).filter(|(n, _)| h.wrapping_sub(*n) < 1 << 31)
            {
                let text = format!(
                    "The {from} sends message {} again after the resumption, although the {other} had handled it (stanza {before}, \
                     h='{h}'): it arrives twice. Only what is beyond h is sent again.",
                    short(id),
                    from = view.from.name(),
                    other = view.from.other().name()
                );
                self.said = true;
                let (kind, id) = (&kinds::SM_RESENT_HANDLED, "sm-resume-resends");
                found.add(kind, id, Level::Error, view.from.into(), text);
            }
        }
        if let Some(id) = id {
            if self.messages.len() == REMEMBERED {
                self.messages.pop_front();
            }
            self.messages.push_back((number, id.to_owned()));
        }
    }
}

#[cfg(test)]
#[path = "resending_tests.rs"]
mod tests;
