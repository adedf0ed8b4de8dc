//! How a stream over WebSocket ended, and why: one finding that names the most likely cause (RFC 7395 §3.6 and §3.8).
//! What a stream error explains is left to it.

use std::collections::VecDeque;
use std::time::Duration;

use super::ending_course::Course;
use super::ending_cut::Cut;
use super::ending_left::{Leaving, complaint};
use super::view::WebSocketView;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::stream::line::{LinePart, LineView};
use crate::rules::words::short;
use crate::trace::{Fact, How, Reading, SessionId, Story};
use crate::wire::Side;
use crate::wire::websocket::{Close, Opcode};
use crate::xml::Element;
use crate::xmpp::ns;

/// A `<close/>` has this long to be answered: servers send what they still have before that.
const PATIENCE: Duration = Duration::from_secs(10);
/// An answer to `<open/>` that has not come after this time is reported.
const OVERDUE: Duration = Duration::from_secs(5);
/// Silences before earlier cuts that are remembered.
const REMEMBERED: usize = 8;

/// Explains endings.
#[derive(Debug, Default)]
pub struct Ending {
    sessions: Timed<State>,
    /// For how long nothing had passed on connections that were cut.
    silences: VecDeque<Duration>,
}

/// What is known of a connection that affects what its end means.
#[derive(Debug, Default)]
struct State {
    /// The connection that the rest is about.
    conn: u64,
    /// Something passed that was not seen.
    lost: bool,
    /// The end was reported, or needs no report.
    settled: bool,
    /// The first side that ended its direction: how it did so.
    how: Option<How>,
    /// What happened that may say why it ended.
    course: Course,
    /// A `<close/>` that waits for its answer: whose it is, and since when.
    closing: Option<(Side, Duration)>,
}

impl Rule for Ending {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let (Fact::Raw(raw), Some(id)) = (&moment.event.fact, moment.effect.session) {
            let (state, _) = self.sessions.of(id, moment.story);
            let what = "bytes that are no frame".to_owned();
            state.course.unusual[raw.from as usize] = Some((moment.event.at, what));
            return;
        }
        let Some(view) = moment.line() else { return };
        if view.session.websocket().is_none() {
            return;
        }
        let conn = moment.event.conn;
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        if state.conn != conn {
            *state = State { conn, ..State::default() };
        }
        if let Some(websocket) = moment.websocket() {
            state.frame(&websocket, found);
        }
        match view.part {
            LinePart::Message(_) | LinePart::Control(_) => {}
            LinePart::Ended(_, how) => {
                state.how.get_or_insert(how);
            }
            LinePart::Lost => state.lost = true,
            LinePart::Closed { stopped } => {
                if !stopped {
                    let silence = state.gone(&view, &self.silences, found);
                    // People leave at any time: only what the other side does repeats itself.
                    if view.line.left.is_none_or(|(side, _)| side == Side::Server) {
                        self.silences.extend(silence);
                    }
                    if self.silences.len() > REMEMBERED {
                        self.silences.pop_front();
                    }
                }
                state.settled = true;
            }
        }
        match state.closing {
            Some((_, since)) if !state.settled && view.line.left.is_none() => {
                timer.set(since + PATIENCE);
            }
            _ => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        let open = session.link.line().is_some_and(|line| line.conn == state.conn && !line.gone);
        if let Some((by, since)) = state.closing.take().filter(|_| open && !state.settled) {
            state.settled = true;
            let other = by.other();
            let words = format!(
                "The {}'s <close/> was not answered within {}. The {} has to answer with <close/>; \
                 until then the {} does not know whether everything arrived.",
                by.name(),
                words(now.saturating_sub(since)),
                other.name(),
                by.name(),
            );
            let id = "ws-close-element-answered";
            found.add(&kinds::WS_CLOSE_UNANSWERED, id, Level::Error, Party::from(other), words);
        }
        Some(session.id)
    }
}

impl State {
    /// A message or a control frame.
    fn frame(&mut self, view: &WebSocketView<'_>, found: &mut Findings) {
        self.course.take(view);
        if Opcode(view.frame.opcode) == Opcode::CLOSE {
            self.close_frame(view, found);
        } else if let Some(Reading::Element(element)) = view.message.map(|message| &message.reading)
            && element.is(ns::FRAMING, "close")
        {
            self.close_element(element, view, found);
        }
    }

    fn close_element(&mut self, close: &Element, view: &WebSocketView<'_>, found: &mut Findings) {
        let from = view.frame.from;
        let answered = view.link.line.closed[from.other() as usize].is_some();
        self.closing = if answered { None } else { self.closing.or(Some((from, view.at))) };
        if let Some(uri) = close.attr("see-other-uri") {
            see_other_uri(uri.trim(), view, found);
        }
    }

    fn close_frame(&mut self, view: &WebSocketView<'_>, found: &mut Findings) {
        let (line, from) = (&view.link.line, view.frame.from);
        // An answer to a Close frame, or a second one, says nothing new.
        if view.link.close[from.other() as usize].is_some() || self.settled {
            return;
        }
        let own = view.link.close[from as usize].as_ref().is_some_and(|close| close.at < view.at);
        if own || line.error.iter().any(Option::is_some) {
            self.settled = true; // a stream error has said why
            return;
        }
        // A status that may not be sent is reported as such, and says nothing.
        let status = view.frame.status;
        let valid = status.is_none_or(|status| Close::Status(status, String::new()).is_valid());
        if !valid || complaint(&self.course, view, found) {
            self.settled = true;
            return;
        }
        match self.closing {
            // It does not wait for the answer, as strophe.js, or nothing was left to say.
            Some((by, _)) if by == from => self.closing = None,
            Some((by, _)) => {
                self.settled = true;
                let words = format!(
                    "The {} answers the {}'s <close/> with a Close frame alone, without a <close/> \
                     of its own.",
                    from.name(),
                    by.name()
                );
                let (level, party) = match from {
                    // strophe.js does that.
                    Side::Client => (Level::Note, Party::Client),
                    Side::Server => (Level::Warning, Party::Server),
                };
                let id = "ws-close-element-answered";
                found.add(&kinds::WS_CLOSE_UNANSWERED, id, level, party, words);
            }
            None if line.closed.iter().any(Option::is_some) => {}
            None => {
                self.settled = true;
                // A WebSocket on which no stream was opened is closed as any other.
                if line.elements != [0, 0] && !self.lost {
                    Leaving { course: &self.course, view }.report(found);
                }
            }
        }
    }

    /// The connection is gone. Gives for how long nothing had passed, if it was cut.
    fn gone(
        &self,
        view: &LineView<'_>,
        silences: &VecDeque<Duration>,
        found: &mut Findings,
    ) -> Option<Duration> {
        let (line, websocket) = (view.line, view.session.websocket()?);
        if self.settled
            || self.lost
            || line.error.iter().any(Option::is_some)
            || line.elements == [0, 0]
            || (self.course.old && line.closed.iter().any(Option::is_some))
            || websocket.close.iter().any(Option::is_some)
            || is_unanswered(view)
        {
            return None;
        }
        let at = line.left.map_or(view.at, |(_, at)| at);
        match line.closed {
            [None, None] => {
                let (course, session) = (&self.course, view.session);
                let by = line.left.map(|(side, _)| side);
                let cut = Cut { course, session, link: websocket, at, by, how: self.how };
                Some(cut.report(silences, found))
            }
            [Some(_), Some(_)] => {
                let by = line.left.map(|(side, _)| side);
                let (who, party) = match by {
                    Some(side) => (format!("The {}", side.name()), Party::from(side)),
                    None => ("One side".to_owned(), Party::Nobody),
                };
                let words = format!(
                    "{who} ended the TCP connection after both <close/> without a Close frame. The \
                     stream ended cleanly, but browsers report an unclean close (1006)."
                );
                let id = "ws-close-handshake";
                found.add(&kinds::WS_CUT, id, Level::Warning, party, words);
                None
            }
            [client, _] => {
                let by = if client.is_some() { Side::Client } else { Side::Server };
                half_closed(by, view, found);
                None
            }
        }
    }
}

/// `<open/>` got no answer in time, or the end of the connection in place of one, which is reported as that.
fn is_unanswered(view: &LineView<'_>) -> bool {
    let (line, by_server) = (view.line, view.line.left.map(|(side, _)| side) == Some(Side::Server));
    let overdue = view.at.saturating_sub(line.began) > OVERDUE;
    line.elements[Side::Server as usize] == 0 && view.opened(Side::Client) && (by_server || overdue)
}

/// One side has sent `<close/>`, then the connection ended without an answer and without a Close frame.
fn half_closed(by: Side, view: &LineView<'_>, found: &mut Findings) {
    let Some((left, _)) = view.line.left else { return };
    if left == by {
        let words = format!(
            "The {} ended the TCP connection right after its <close/>, without waiting for the \
             answer and without a Close frame. Everything it had sent before may still be \
             handled.",
            by.name()
        );
        let (id, party) = ("ws-close-handshake", Party::from(by));
        return found.add(&kinds::WS_CUT, id, Level::Warning, party, words);
    }
    let words = format!(
        "The {} ended the TCP connection without an answer to the {}'s <close/>, and without a \
         Close frame.",
        left.name(),
        by.name()
    );
    let (id, party) = ("ws-close-element-answered", Party::from(left));
    found.add(&kinds::WS_CLOSE_UNANSWERED, id, Level::Error, party, words);
}

/// The server moves the client to another endpoint.
fn see_other_uri(uri: &str, view: &WebSocketView<'_>, found: &mut Findings) {
    let (kind, from) = (&kinds::WS_SEE_OTHER_URI, view.frame.from);
    let scheme = uri.split_once("://").filter(|(scheme, rest)| {
        scheme.chars().all(|char| char.is_ascii_alphanumeric())
            && !scheme.is_empty()
            && !rest.is_empty()
    });
    let Some((scheme, _)) = scheme else {
        let words = format!(
            "The {} refers to another endpoint by see-other-uri='{}', which is not an absolute URI, \
             so the client cannot go there.",
            from.name(),
            short(uri)
        );
        let (id, party) = ("ws-see-other-uri", Party::from(from));
        return found.add(kind, id, Level::Error, party, words);
    };
    let origin = view.link.handshake.as_ref().and_then(|handshake| handshake.origin.as_deref());
    // A page that came over TLS opens a WebSocket only over TLS.
    let secure = origin.is_some_and(|origin| origin.starts_with("https://"));
    let plain = matches!(&*scheme.to_ascii_lowercase(), "ws" | "http");
    if secure && plain {
        let words = format!(
            "The {} moves the client to {}, an endpoint without TLS, although the page came over \
             https. A client must not follow that; give a wss or https URL.",
            from.name(),
            short(uri)
        );
        let (id, party) = ("ws-see-other-uri-no-downgrade", Party::from(from));
        return found.add(kind, id, Level::Error, party, words);
    }
    let words = format!(
        "The {} closes the stream and moves the client to {}. What was not acknowledged on this one \
         may be lost.",
        from.name(),
        short(uri)
    );
    found.add(kind, None, Level::Note, Party::Nobody, words);
}

#[cfg(test)]
#[path = "ending_tests.rs"]
mod tests;
