//! Stream errors over WebSocket and TCP: whether they are complete and end the stream, and what came before (RFC 6120
//! §4.9, RFC 7395 §3.5).

use std::time::Duration;

use super::causes::{self, History};
use super::conflicts::Conflicts;
use super::errors;
use super::line::{LinePart, LineView};
use super::suspect::Asking;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::memory::{PerLine, Timed};
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Fact, Message, Reading, SessionId, Story};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{ns, stream_condition};

/// So long after a stream error, the stream should be closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Kinds of findings that explain this very error, with its condition and its text.
const SAID: [Kind; 3] =
    [kinds::WS_XML_DECLARATION, kinds::WS_OLD_FRAMING, kinds::SM_HANDLED_TOO_HIGH];

/// Judges and explains stream errors.
#[derive(Debug, Default)]
pub struct Failures {
    sessions: Timed<State>,
    /// What came before the stream, by connection.
    lines: PerLine<Before>,
    conflicts: Conflicts,
}

/// What came on a connection before the stream.
#[derive(Debug, Default)]
struct Before {
    /// What the client sent is no XML stream, which was reported.
    foreign: bool,
}

#[derive(Debug, Default)]
struct State {
    history: History,
    /// The connection on which one side sent a stream error, which, and when.
    error: Option<(u64, Side, Duration)>,
    /// What came after that was reported.
    told: bool,
}

impl Rule for Failures {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        match &moment.event.fact {
            Fact::Raw(raw) if raw.from == Side::Client && raw.why.is_some() => {
                self.lines.of(moment.event.conn).foreign = true;
            }
            Fact::Closed { .. } => {
                self.close(moment);
                self.lines.take(moment.event.conn);
                return;
            }
            _ => {}
        }
        let Some(view) = moment.line() else { return };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        state.history.course.follow(&view);
        if state.error.is_some_and(|(conn, ..)| conn != view.line.conn) {
            (state.error, state.told) = (None, false);
        }
        match view.part {
            LinePart::Message(message) => {
                if let Some(error) = stream_error(message) {
                    if state.error.is_none() {
                        let before = self.lines.of(view.line.conn);
                        let seen = Seen { view, message, error, before };
                        state.failed(&seen, moment, &mut self.conflicts, found);
                        if !is_closed(&view, message.from) {
                            timer.set(view.at + PATIENCE);
                        }
                    }
                } else {
                    state.after(&view, message, found);
                }
            }
            LinePart::Ended(by, _) => {
                timer.clear();
                state.ended(&view, by, found);
            }
            LinePart::Lost => (state.error, state.told) = (None, false),
            LinePart::Control(_) | LinePart::Closed { .. } => {}
        }
        state.history.take(&view, moment);
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        let line = session.link.line()?;
        let (conn, from, since) = state.error?;
        let leaving = session.websocket().is_some_and(|link| link.close[from as usize].is_some());
        if conn == line.conn && line.closed[from as usize].is_none() && !line.gone && !leaving {
            let websocket = session.websocket().is_some();
            let words = format!(
                "{} sent a stream error {} ago and has not closed the stream. After an error, {} \
                 and the end of the connection follow; until then the other side hangs.",
                causes::side(from),
                words(now.saturating_sub(since)),
                if websocket { "<close/>" } else { "</stream:stream>" }
            );
            state.unclosed(from, websocket, Level::Error, words, found);
        }
        Some(session.id)
    }
}

impl Failures {
    /// A connection is gone.
    fn close(&mut self, moment: &Moment<'_>) {
        let Some(view) = moment.line() else { return };
        if let Some((state, mut timer)) = self.sessions.get(view.session.id) {
            timer.clear();
            (state.error, state.told) = (None, false);
        }
    }
}

/// A stream error that is being judged.
struct Seen<'a> {
    view: LineView<'a>,
    message: &'a Message,
    error: &'a Element,
    before: &'a Before,
}

/// A stream error, or what was meant as one.
fn stream_error(message: &Message) -> Option<&Element> {
    match &message.reading {
        Reading::Element(element) if element.name() == "error" => {
            matches!(element.namespace(), ns::STREAMS | ns::CLIENT | ns::FRAMING | "")
                .then_some(&**element)
        }
        _ => None,
    }
}

fn is_closed(view: &LineView<'_>, from: Side) -> bool {
    view.line.closed[from as usize].is_some()
}

/// A server that does not know a domain does not answer in its name.
fn unknown_host(seen: &Seen<'_>, condition: Option<&str>, found: &mut Findings) {
    let [client, server] = &seen.view.session.stream.headers;
    let (Some(client), Some(server), Some("host-unknown")) = (client, server, condition) else {
        return;
    };
    if let (Some(to), Some(by)) = (&client.to, &server.from)
        && !to.is_empty()
        && to.eq_ignore_ascii_case(by)
        && !seen.view.is_websocket()
    {
        let words = format!(
            "The server answered with from='{}', a domain that it then says it does not serve. It \
             has to name one of its own domains, or none.",
            short(by)
        );
        let id = "tcp-unknown-host-from";
        found.add(&kinds::STREAM_HEADER_WRONG, id, Level::Note, Party::Server, words);
    }
}

impl State {
    fn failed(
        &mut self,
        seen: &Seen<'_>,
        moment: &Moment<'_>,
        conflicts: &mut Conflicts,
        found: &mut Findings,
    ) {
        let Seen { view, message, error, .. } = seen;
        let from = message.from;
        let party = Party::from(from);
        self.error = Some((view.line.conn, from, view.at));
        self.told = false;
        let condition = stream_condition(error).map(Element::name);
        let asking = Asking {
            view,
            from,
            error,
            condition: condition.unwrap_or_default(),
            story: moment.story,
        };
        let (words, level, by) = self.history.explain(&asking, conflicts);
        let read_nothing = view.line.elements[Side::Client as usize] == 0;
        let answers_other = seen.before.foreign && read_nothing && from == Side::Server;
        if !found.has(&SAID) && !answers_other {
            let before = found.len();
            found.add(&kinds::STREAM_ERROR, None, level, by, words);
            if let (Some("conflict"), Some(jid)) = (condition, view.session.jid()) {
                found.thread(before, &format!("conflict {jid}"));
            }
        }
        let problem = match condition {
            _ if error.namespace() != ns::STREAMS => Some(format!(
                "in the namespace '{}' instead of {}",
                short(error.namespace()),
                ns::STREAMS
            )),
            None => Some("without a defined condition".to_owned()),
            Some(name) if !errors::is_defined(name) => {
                Some(format!("with the condition {}, which is not defined", short(name)))
            }
            Some(_) => match errors::conditions(error) {
                0 | 1 => None,
                many => Some(format!("with {many} conditions, of which one is allowed")),
            },
        };
        if let Some(problem) = problem {
            let words = format!(
                "The stream error comes {problem}: the other side cannot tell what went wrong."
            );
            let id = view.either("ws-error-complete", "tcp-stream-error-closes");
            found.add(&kinds::STREAM_ERROR_MALFORMED, id, Level::Error, party, words);
        }
        if from == Side::Server {
            self.before_open(view, found);
            unknown_host(seen, condition, found);
        }
    }

    /// An error comes after what opens the server's stream.
    fn before_open(&self, view: &LineView<'_>, found: &mut Findings) {
        let course = &self.history.course;
        let nothing = course.opens == 0 && course.opened[1].is_none();
        let first = view.is_websocket() && course.whole && nothing;
        let unanswered = course.opened[0].is_some() && course.opened[1].is_none();
        if course.blind || course.old_framing || course.ahead || !(first || unanswered) {
            return;
        }
        let words = format!(
            "The server sends a stream error without having opened its stream: {} comes first, \
             and a client that waits for it never reads the error.",
            view.either("<open/>", "its stream header")
        );
        let id = view.either("ws-error-after-open", "tcp-response-header");
        found.add(&kinds::STREAM_ERROR_EARLY, id, Level::Error, Party::Server, words);
    }

    /// Something comes after a stream error.
    fn after(&mut self, view: &LineView<'_>, message: &Message, found: &mut Findings) {
        let Some((_, from, since)) = self.error.filter(|_| !self.told) else { return };
        let Reading::Element(element) = &message.reading else { return };
        // A last count of what was handled may follow.
        let counts = matches!(element.namespace(), ns::SM3 | ns::SM2);
        let closes = element.is(ns::FRAMING, "close");
        if from != message.from || closes || counts || is_closed(view, from) {
            return;
        }
        let words = format!(
            "{} sends <{}/> {} after its stream error. An error ends the stream: only {} may \
             follow.",
            causes::side(from),
            short(element.name()),
            words(view.at.saturating_sub(since)),
            view.either("<close/>", "</stream:stream>")
        );
        self.unclosed(from, view.is_websocket(), Level::Error, words, found);
    }

    /// The connection ends.
    fn ended(&mut self, view: &LineView<'_>, by: Side, found: &mut Findings) {
        let Some((_, from, _)) = self.error else { return };
        // Whoever left first may have kept the other from closing.
        let first = view.line.left.is_none_or(|(side, _)| side == from);
        if by == from && first && !is_closed(view, from) && !self.told {
            let websocket = view.is_websocket();
            let words = format!(
                "{} ended the connection after its stream error without {}, so the other side may \
                 take it for a broken connection.",
                causes::side(from),
                view.either("<close/>", "</stream:stream>")
            );
            self.unclosed(from, websocket, Level::Warning, words, found);
        }
        self.error = None;
    }

    fn unclosed(
        &mut self,
        from: Side,
        websocket: bool,
        level: Level,
        words: String,
        found: &mut Findings,
    ) {
        self.told = true;
        let id = if websocket { "ws-error-then-close" } else { "tcp-stream-error-closes" };
        found.add(&kinds::STREAM_ERROR_UNCLOSED, id, level, Party::from(from), words);
    }
}

#[cfg(test)]
#[path = "failures_tests.rs"]
mod tests;
