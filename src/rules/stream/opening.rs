//! How a stream is opened, answered with features, and opened anew, over WebSocket and TCP (RFC 7395 §3.4 and §3.7, RFC
//! 6120 §4.2 and §4.3). What is due is said when it is due.

use std::time::Duration;

use super::course::{Course, Progress, Restart};
use super::line::{LinePart, LineView};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::{Timed, Timer};
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Message, Reading, Session, SessionId, Story};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xml::Element;
use crate::xmpp::ns;

/// What should come at once is reported as missing after this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Judges how streams are opened.
#[derive(Debug, Default)]
pub struct Opening {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    course: Course,
    /// What has been due since when.
    due: Option<(Due, Duration)>,
    /// The present stream is the first one after a restart.
    restarted: bool,
    /// The client opened with version 1.0 or higher, so features follow.
    expects_features: bool,
}

/// What has to come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Answer,
    Features,
    Restart,
}

impl Rule for Opening {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.line() else { return };
        let (state, timer) = self.sessions.of(view.session.id, moment.story);
        state.course.follow(&view);
        let before = state.due;
        state.judge(&view, found);
        state.course.take(&view);
        if before != state.due {
            schedule(state.due, timer);
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        state.overdue(session, now, found);
        Some(session.id)
    }
}

fn schedule(due: Option<(Due, Duration)>, mut timer: Timer<'_>) {
    match due {
        Some((_, since)) => timer.set(since + PATIENCE),
        None => timer.clear(),
    }
}

impl State {
    fn judge(&mut self, view: &LineView<'_>, found: &mut Findings) {
        match view.part {
            LinePart::Message(message) => match message.from {
                Side::Client => self.client(view, message, found),
                Side::Server => self.server(view, message, found),
            },
            LinePart::Ended(by, _) => self.ended(view, by, found),
            LinePart::Closed { .. } | LinePart::Lost => self.due = None,
            // What is due will not come any more; a Close frame is told elsewhere.
            LinePart::Control(frame) if Opcode(frame.opcode) == Opcode::CLOSE => self.due = None,
            LinePart::Control(_) => {}
        }
    }

    fn client(&mut self, view: &LineView<'_>, message: &Message, found: &mut Findings) {
        if let Some(open) = Course::opens(view, message) {
            self.opens(view, open, found);
            return;
        }
        let Reading::Element(element) = &message.reading else {
            if matches!(message.reading, Reading::Header(_) | Reading::StreamEnd) {
                self.due = None;
            }
            return;
        };
        if element.is(ns::FRAMING, "close") {
            self.due = None;
            return;
        }
        let course = &self.course;
        if view.is_websocket()
            && course.whole
            && course.opens == 0
            && view.line.elements[0] == 1
            && !course.old_framing
            // Without its namespace, which is reported.
            && element.name() != "open"
        {
            let words = format!(
                "The client begins with <{}/>, not with <open/>: there is no stream yet that could \
                 carry it.",
                short(element.name())
            );
            found.add(
                &kinds::STREAM_NOT_OPENED,
                "ws-open-first",
                Level::Error,
                Party::Client,
                words,
            );
        }
        if let Some((since, Restart::Login)) = course.restart
            && !course.old_framing
            && matches!(self.due, Some((Due::Restart, _)))
        {
            self.due = None;
            let words = format!(
                "SASL succeeded {} ago, but the client sends <{}/> and has not opened the stream \
                 anew. It has to send {} first; servers refuse anything else here.",
                words(view.at.saturating_sub(since)),
                short(element.name()),
                view.either("another <open/>", "another stream header"),
            );
            let id = view.either("ws-restart-by-open", "tcp-restart-new-id");
            found.add(&kinds::RESTART_MISSING, id, Level::Error, Party::Client, words);
        }
    }

    /// The client opens a stream.
    fn opens(&mut self, view: &LineView<'_>, open: &Element, found: &mut Findings) {
        let course = &self.course;
        self.restarted = course.restart.is_some();
        let closed = course.closed[0];
        if self.restarted {
            if closed.is_some() {
                let words = format!(
                    "The client closed its stream with {} in order to open it anew. A restart \
                     needs no close: a server that takes it for the end closes the connection.",
                    view.either("<close/>", "</stream:stream>")
                );
                let id = view.either("ws-no-restart-by-close", "tcp-restart-new-id");
                found.add(&kinds::RESTART_BY_CLOSE, id, Level::Error, Party::Client, words);
            }
        } else if let Some(since) = course.opened[0]
            && closed.is_none()
            && course.closed[1].is_none()
            && !course.blind
            && !course.sasl2
            && !course.old_framing
            && course.login != Progress::Asked
        {
            let words = format!(
                "The client opens a second stream {} after the first, and no restart is due. A \
                 connection carries one stream: another one needs a connection of its own.",
                words(view.at.saturating_sub(since))
            );
            let id = view.is_websocket().then_some("ws-no-multiplexing");
            found.add(&kinds::STREAM_MULTIPLEXED, id, Level::Error, Party::Client, words);
        }
        let version = open.attr("version").and_then(major);
        self.expects_features = version.is_some_and(|version| version >= 1);
        self.due = Some((Due::Answer, view.at));
    }

    fn server(&mut self, view: &LineView<'_>, message: &Message, found: &mut Findings) {
        if let Some(open) = Course::opens(view, message) {
            self.first_word(view, view.either("<open/>", "a stream header"), found);
            // A server without a version, which is reported, has no features: the client may log in by XEP-0078.
            let features = self.expects_features && open.attr("version").is_some();
            self.due = features.then_some((Due::Features, view.at));
            return;
        }
        let element = match &message.reading {
            Reading::Element(element) => element,
            Reading::Space | Reading::Empty => return,
            _ => {
                self.due = None;
                return;
            }
        };
        match (element.namespace(), element.name()) {
            (ns::STREAMS, "features") => {
                self.first_word(view, "stream features", found);
                self.no_header(view, "stream features", found);
                self.due = None;
            }
            (ns::SASL, "success") if self.course.ahead => self.due = None,
            (ns::SASL, "success") => {
                self.due = (!self.course.old_framing).then_some((Due::Restart, view.at));
            }
            (ns::STREAMS, "error") | (ns::FRAMING, "close") => self.due = None,
            (_, name) => {
                let name = format!("<{}/>", short(name));
                self.first_word(view, &name, found);
                if matches!(self.due, Some((Due::Answer, _))) {
                    self.no_header(view, &name, found);
                    self.due = None;
                }
            }
        }
    }

    /// On a WebSocket, the first word is the client's.
    fn first_word(&self, view: &LineView<'_>, what: &str, found: &mut Findings) {
        // An answer to what is no element, such as a stream error, begins with <open/> too (RFC 6120 §4.9.1.2).
        let line = view.line;
        let first = line.elements == [0, 1] && line.last[Side::Client as usize].is_none();
        if view.is_websocket() && self.course.whole && first && !self.course.old_framing {
            let words = format!(
                "The server begins with {what} before the client has opened a stream: the first \
                 message is the client's <open/>."
            );
            found.add(
                &kinds::STREAM_NOT_OPENED,
                "ws-open-first",
                Level::Error,
                Party::Server,
                words,
            );
        }
    }

    /// The server goes on without having answered what opens the stream.
    fn no_header(&self, view: &LineView<'_>, what: &str, found: &mut Findings) {
        let course = &self.course;
        // An element may still belong to the stream before a restart that the client made ahead of time.
        if course.opened[0].is_none()
            || course.opened[1].is_some()
            || course.blind
            || course.old_framing
            || course.ahead
        {
            return;
        }
        let words = format!(
            "The server answers with {what}, but has not opened its own stream: {} comes first.",
            view.either("its <open/>", "its stream header")
        );
        let id = view.either("ws-open-first", "tcp-response-header");
        found.add(&kinds::STREAM_NOT_OPENED, id, Level::Error, Party::Server, words);
    }

    fn ended(&mut self, view: &LineView<'_>, by: Side, found: &mut Findings) {
        let due = self.due.take();
        let closing = |link: &crate::trace::WebSocketLink| link.close.iter().any(Option::is_some);
        if let Some((Due::Answer, since)) = due
            && by == Side::Server
            && view.line.left.is_none_or(|(side, _)| side == Side::Server)
            && !view.session.websocket().is_some_and(closing)
            && !self.course.blind
        {
            let words = format!(
                "The server ended the connection {} after the client had opened the stream, \
                 without {}. Its log may say why.",
                words(view.at.saturating_sub(since)),
                view.either("<open/> or <close/>", "a stream header"),
            );
            let id = view.either("ws-open-first", "tcp-response-header");
            found.add(&kinds::STREAM_UNANSWERED, id, Level::Error, Party::Server, words);
        }
    }

    fn overdue(&mut self, session: &Session, now: Duration, found: &mut Findings) {
        let Some((due, since)) = self.due.take() else { return };
        let is_websocket = session.websocket().is_some();
        let either = |websocket, tcp| if is_websocket { websocket } else { tcp };
        let ago = words(now.saturating_sub(since));
        match due {
            Due::Answer => {
                let words = format!(
                    "The client opened the stream {ago} ago, and the server has not answered with \
                     {}. The client can only wait.",
                    either("<open/>", "a stream header"),
                );
                let id = either("ws-open-first", "tcp-response-header");
                found.add(&kinds::STREAM_UNANSWERED, id, Level::Error, Party::Server, words);
            }
            Due::Features => {
                let restarted = self.restarted;
                let words = format!(
                    "The server opened the stream{} {ago} ago, and has sent no stream features. The \
                     client waits for them and cannot go on.",
                    if restarted { " anew" } else { "" }
                );
                let id = match (is_websocket, restarted) {
                    (true, true) => Some("ws-restart-by-open"),
                    (true, false) => None,
                    (false, true) => Some("tcp-features-after-restart"),
                    (false, false) => Some("tcp-features-after-header"),
                };
                found.add(&kinds::FEATURES_MISSING, id, Level::Warning, Party::Server, words);
            }
            Due::Restart => {
                let words = format!(
                    "SASL succeeded {ago} ago, but the client has not opened the stream anew. The \
                     server waits for {}, so the login hangs.",
                    either("another <open/>", "another stream header"),
                );
                let id = either("ws-restart-by-open", "tcp-restart-new-id");
                found.add(&kinds::RESTART_MISSING, id, Level::Error, Party::Client, words);
            }
        }
    }
}

/// The major number of a version.
fn major(version: &str) -> Option<u64> {
    version.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
#[path = "opening_tests.rs"]
mod tests;
