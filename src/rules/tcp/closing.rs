//! How a stream over TCP ends: closed by both sides, or cut (RFC 6120 §4.4 and §4.6).

use std::time::Duration;

use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::stream::line::{LinePart, LineView};
use crate::rules::words::short;
use crate::trace::{How, Line, Reading, SessionId, Story};
use crate::wire::Side;
use crate::xmpp::ns;

/// A closing tag is answered within this time.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so long without anything, something in between may have forgotten the connection.
const IDLE: Duration = Duration::from_secs(30);

/// Judges how streams over TCP end.
#[derive(Debug, Default)]
pub struct Closing {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened or not
struct State {
    conn: u64,
    /// Both headers were seen on this connection.
    opened: bool,
    /// TLS or compression begins, so that closing tags cannot be seen.
    dark: bool,
    /// Something was reported of the end.
    told: bool,
    ended: bool,
}

impl Rule for Closing {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.line() else { return };
        if view.session.tcp().is_none() {
            return;
        }
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        if state.conn != view.line.conn {
            *state = State { conn: view.line.conn, ..State::default() };
        }
        match view.part {
            LinePart::Message(message) => {
                match &message.reading {
                    Reading::StreamEnd => match view.line.closed {
                        [Some(_), Some(_)] => timer.clear(),
                        _ => timer.set(view.at + PATIENCE),
                    },
                    Reading::Header(_) => {
                        // The server's follows the client's.
                        state.opened = message.from == Side::Server;
                        state.dark = false;
                        timer.clear();
                    }
                    Reading::Element(element) => {
                        let dark = element.is(ns::TLS, "proceed")
                            || element.is(ns::COMPRESS, "compressed");
                        state.dark |= dark;
                        state.after_end(&view, message.from, element.name(), found);
                    }
                    Reading::Other => state.dark = true,
                    _ => {}
                }
            }
            LinePart::Lost => state.dark = true,
            LinePart::Ended(by, how) => {
                timer.clear();
                state.ends(&view, by, how, found);
            }
            LinePart::Closed { .. } => timer.clear(),
            LinePart::Control(_) => {}
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if let Some(line) = session.link.line()
            && line.conn == state.conn
            && line.left.is_none()
            && !line.gone
            && !state.told
        {
            state.unanswered(line, now, found);
        }
        Some(session.id)
    }
}

/// The only side that has closed its stream, and when.
fn only_closed(line: &Line) -> Option<(Side, Duration)> {
    match line.closed {
        [Some(at), None] => Some((Side::Client, at)),
        [None, Some(at)] => Some((Side::Server, at)),
        _ => None,
    }
}

impl State {
    /// Nothing follows the closing tag.
    fn after_end(&mut self, view: &LineView<'_>, from: Side, what: &str, found: &mut Findings) {
        let Some(since) = view.line.closed[from as usize] else { return };
        if self.dark || std::mem::replace(&mut self.told, true) {
            return;
        }
        let words = format!(
            "The {} sends <{}/> {} after it closed its stream: nothing may follow </stream:stream>.",
            from.name(),
            short(what),
            words(view.at.saturating_sub(since))
        );
        let id = "tcp-close-reciprocal";
        found.add(&kinds::TCP_CLOSE, id, Level::Error, from.into(), words);
    }

    fn unanswered(&mut self, line: &Line, now: Duration, found: &mut Findings) {
        let Some((side, since)) = only_closed(line) else { return };
        self.told = true;
        let words = format!(
            "The {} closed its stream {} ago, and the {} has neither closed its own nor ended the \
             connection: </stream:stream> has to be answered with the same.",
            side.name(),
            words(now.saturating_sub(since)),
            side.other().name()
        );
        let id = "tcp-close-reciprocal";
        found.add(&kinds::TCP_CLOSE, id, Level::Warning, side.other().into(), words);
    }

    fn ends(&mut self, view: &LineView<'_>, by: Side, how: How, found: &mut Findings) {
        let line = view.line;
        if !self.opened || self.dark || std::mem::replace(&mut self.ended, true) || self.told {
            return;
        }
        // Errors have rules of their own.
        if line.error.iter().any(Option::is_some) {
            return;
        }
        let known = line.left.map(|(side, _)| side);
        match only_closed(line) {
            Some((side, _)) if side != by && known == Some(by) => {
                let words = format!(
                    "The {} ended the connection without </stream:stream>, though the {} had closed \
                     its own stream in order.",
                    by.name(),
                    side.name()
                );
                let id = "tcp-close-reciprocal";
                found.add(&kinds::TCP_CLOSE, id, Level::Note, by.into(), words);
            }
            // Whoever closes and leaves at once does not wait for the other; that is usual.
            Some(_) => {}
            None if line.closed[0].is_some() => {}
            None => cut(view, known, how, found),
        }
    }
}

/// Nobody ended the connection: the network has lost one side.
fn timed_out(view: &LineView<'_>, by: Option<Side>, found: &mut Findings) {
    let whom = by.map_or("one side", Side::name);
    let resumable = view.session.stream.management().resumable;
    let words = format!(
        "The network has lost the {whom}: it answers no packet any more (time-out of TCP). Nobody has closed the stream{}.",
        if resumable { ", and the server keeps the session until it is resumed" } else { "" }
    );
    found.add(&kinds::TCP_CUT, None, Level::Warning, Party::Nobody, words);
}

/// The connection ends while both streams are open.
fn cut(view: &LineView<'_>, by: Option<Side>, how: How, found: &mut Findings) {
    let idle = view.at.saturating_sub(view.line.last());
    if how == How::TimedOut {
        return timed_out(view, by, found);
    }
    let manner = if how == How::Reset { "reset" } else { "ended" };
    // It may have been something in between on that side.
    let who = by.map_or("The connection was".to_owned(), |by| format!("The {}'s side", by.name()));
    let object = if by.is_some() { " the connection" } else { "" };
    if idle >= IDLE {
        let words = format!(
            "{who} {manner}{object} after nothing had passed for {}, not even white space or a \
             ping. A NAT, firewall or proxy on the way may drop idle connections: let one side \
             ping more often than that.",
            words(idle)
        );
        let id = "tcp-idle-ping";
        found.add(&kinds::TCP_IDLE_CUT, id, Level::Note, Party::Nobody, words);
        return;
    }
    let resumable = view.session.stream.management().resumable;
    let words = format!(
        "{who} {manner}{object} without closing the stream: </stream:stream> is missing{}.",
        if resumable { ", so the server keeps the session until it is resumed" } else { "" }
    );
    let party = by.map_or(Party::Nobody, Party::from);
    let level =
        if how == How::Reset || by == Some(Side::Server) { Level::Warning } else { Level::Note };
    found.add(&kinds::TCP_CUT, "tcp-close-reciprocal", level, party, words);
}

#[cfg(test)]
#[path = "closing_tests.rs"]
mod tests;
