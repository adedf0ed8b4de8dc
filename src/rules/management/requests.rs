//! `<r/>`, and the `<a/>` that answers it (XEP-0198 §4).

use std::time::Duration;

use super::view::{ElementView, is_closing};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::{ACK_DUE, PONG_DUE, Rule};
use crate::rules::words::{counted, short};
use crate::trace::{Session, SessionId, Story};
use crate::wire::Side;

/// Who goes on talking for this time without an answer does not answer.
const SOON: Duration = Duration::from_secs(10);
/// What arrives within this time may have been sent before the request came.
const FLIGHT: Duration = Duration::from_secs(2);

/// Judges requests for acknowledgements, and their answers.
#[derive(Debug, Default)]
pub struct Requests {
    sessions: Timed<State>,
}

/// The oldest request of the client, and that of the server.
#[derive(Debug, Default)]
struct State {
    sides: [Asked; 2],
}

/// A request without an answer.
#[derive(Debug, Default)]
struct Asked {
    at: Option<Duration>,
    /// The other side has sent so many elements since that are no answer.
    others: u32,
    said: bool,
    /// A malformed acknowledgement of this side was reported.
    malformed: bool,
}

impl Rule for Requests {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = ElementView::of(moment) else { return };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        if view.is("a") {
            state.sides[view.from as usize].check(&view, found);
        }
        for side in [Side::Client, Side::Server] {
            let open = view.session.stream.management().of(side).request.map(|(at, _)| at);
            let asked = &mut state.sides[side as usize];
            if asked.at != open {
                let said = asked.said && asked.at.is_some() && open.is_some();
                *asked = Asked { at: open, said, malformed: asked.malformed, ..Asked::default() };
            } else if view.from != side && open.is_some_and(|at| at + FLIGHT < view.at) {
                asked.others += 1;
            }
        }
        match state.next(view.at) {
            Some(at) => timer.set(at),
            None => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        let id = session.id;
        if !is_closing(session) {
            for side in [Side::Client, Side::Server] {
                let open = session.stream.management().of(side).request.map(|(at, _)| at);
                let asked = &mut state.sides[side as usize];
                if asked.at.is_some() && open == asked.at {
                    asked.overdue(side, session, now, found);
                }
            }
            if let Some(next) = state.next(now) {
                self.sessions.get(id)?.1.set(next);
            }
        }
        Some(id)
    }
}

impl State {
    /// When something is due.
    fn next(&self, now: Duration) -> Option<Duration> {
        let waiting = self.sides.iter().filter(|asked| !asked.said);
        let times = waiting.filter_map(|asked| asked.at).flat_map(|at| [at + SOON, at + ACK_DUE]);
        times.filter(|&at| at > now).min()
    }
}

impl Asked {
    fn overdue(&mut self, side: Side, session: &Session, now: Duration, found: &mut Findings) {
        let Some(at) = self.at.filter(|_| !self.said) else { return };
        let (age, other) = (now.saturating_sub(at), side.other());
        let count = session.stream.management().of(side);
        let unacked = count.unacked.len() as u64;
        let (who, them) = (side.name(), other.name());
        let heard = session.link.line().and_then(|line| line.last[other as usize]);
        let heard = heard.is_some_and(|last| last > at + FLIGHT);
        let left = match unacked {
            0 => String::new(),
            n => format!(" Not acknowledged: {} of the {who}.", counted(n, "stanza")),
        };
        if self.others > 0 && age >= SOON {
            self.said = true;
            let elements = counted(self.others, "element");
            let words = format!(
                "The <r/> of the {who} is unanswered after {}, although the {them} has sent {elements} since: it has to be \
                 answered with <a/> as soon as possible.{left}",
                words(age),
            );
            let (kind, id) = (&kinds::SM_REQUEST_UNANSWERED, "sm-request-answered");
            found.add(kind, id, Level::Warning, other.into(), words);
        } else if age >= ACK_DUE {
            self.said = true;
            // A ping has said the same.
            let pinged = session.websocket().and_then(|link| link.pings[side as usize].waiting);
            let pinged = pinged.is_some_and(|at| at + PONG_DUE <= now);
            let (party, why) = if heard {
                (Party::from(other), format!("The {them} still answers pings, but not this"))
            } else {
                let why = format!(
                    "Nothing at all came from the {them} since: the connection is likely dead (sleep, a change of network), \
                     and nobody has closed it"
                );
                (Party::Nobody, why)
            };
            let words = format!(
                "The <r/> of the {who} has been unanswered for {}. {why}.{left}",
                words(age)
            );
            let (kind, id) = (&kinds::SM_REQUEST_UNANSWERED, "sm-unacked-warning");
            let level = if pinged && !heard { Level::Note } else { Level::Warning };
            found.add(kind, id, level, party, words);
        }
    }

    /// Checks the `h` of an acknowledgement.
    fn check(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        let h = view.element.attr("h");
        if h.is_some_and(|h| h.trim().parse::<u32>().is_ok()) || self.malformed {
            return;
        }
        self.malformed = true;
        let what = match h {
            None => "<a/> has no h".to_owned(),
            Some(h) => {
                format!("<a/> has h='{}', which is not a number from 0 to 4294967295", short(h))
            }
        };
        let words = format!(
            "{what}: it acknowledges nothing, and the {} cannot know what was handled.",
            view.from.other().name()
        );
        let (kind, id) = (&kinds::SM_ACK_MALFORMED, "sm-ack-has-h");
        found.add(kind, id, Level::Error, view.from.into(), words);
    }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
