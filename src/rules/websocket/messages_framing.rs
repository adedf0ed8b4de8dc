//! Which framing the two sides speak: that of RFC 7395, where `<open/>` opens a stream, or the one from before it, where
//! `<stream:stream>` does; and XML declarations, which come from there (RFC 7395 §3.3).

use std::time::Duration;

use super::view::WebSocketView;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Fact, Reading, SessionId, Story};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xml::{Element, TokenKind, local_name, tokens};
use crate::xmpp::{ns, stream_condition};

/// A server that has not answered the opening of a stream after this time does not understand it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Compares the framing of the two sides.
#[derive(Debug, Default)]
pub struct Framing {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that the rest is about.
    conn: u64,
    /// How each side opens its stream.
    opens: [Option<Opening>; 2],
    /// When the client first opened the stream in the old way.
    since: Duration,
    /// The framing was reported.
    reported: bool,
    /// How often each side has opened its stream.
    opened: [u32; 2],
    /// The message of each side that began with an XML declaration, until the other side says something.
    declared: [Option<Declared>; 2],
    /// An XML declaration of this side was reported.
    reported_declaration: [bool; 2],
}

/// A message that began with an XML declaration.
#[derive(Debug, Clone, Copy)]
struct Declared {
    at: Duration,
    /// What it is.
    what: &'static str,
    /// Its side has said nothing since.
    last: bool,
}

/// How a side opens its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// `<open/>`
    Open,
    /// `<stream:stream>`
    Stream,
}

impl Rule for Framing {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        let Some(line) = moment.line() else { return };
        let (state, mut timer) = self.sessions.of(line.session.id, moment.story);
        if state.conn != conn {
            *state = State { conn, ..State::default() };
        }
        match (&moment.event.fact, moment.websocket()) {
            (Fact::Lost { .. }, _) => state.reported = true,
            (Fact::Frame(frame), Some(view)) => match view.message {
                Some(_) => state.message(&view, found),
                None if Opcode(frame.opcode) == Opcode::CLOSE && frame.from == Side::Server => {
                    state.unanswered("closes the WebSocket", found);
                }
                None => {}
            },
            (Fact::Closed { stopped: false, .. }, _)
                if line.line.left.is_none_or(|(side, _)| side == Side::Server) =>
            {
                state.unanswered("ends the connection", found);
            }
            _ => {}
        }
        if state.waits() {
            timer.set(state.since + PATIENCE);
        } else {
            timer.clear();
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if session.link.line().is_some_and(|line| line.conn == state.conn && !line.gone) {
            let silent = format!("has not answered for {}", words(PATIENCE));
            state.unanswered(&silent, found);
        }
        Some(session.id)
    }
}

/// Whether a message opens a stream as was done before RFC 7395, well-formed or not.
pub(super) fn opens_stream(content: &[u8]) -> bool {
    let first = tokens(content).find_map(|token| match token.kind {
        TokenKind::Start { name, self_closing } => Some((name, self_closing)),
        _ => None,
    });
    first.is_some_and(|(name, self_closing)| !self_closing && local_name(name) == b"stream")
}

/// Whether a message begins with an XML declaration.
pub(super) fn is_declared(content: &[u8]) -> bool {
    content
        .strip_prefix(b"<?xml")
        .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
}

impl State {
    /// The client has opened the stream in the old way, and the server has said nothing to that.
    fn waits(&self) -> bool {
        !self.reported && self.opens == [Some(Opening::Stream), None]
    }

    fn message(&mut self, view: &WebSocketView<'_>, found: &mut Findings) {
        let Some(message) = view.message else { return };
        let (from, content) = (message.from, &view.frame.content.bytes);
        let element = match &message.reading {
            Reading::Element(element) | Reading::Header(element) => Some(&**element),
            _ => None,
        };
        let opening = if element.is_some_and(|element| element.is(ns::FRAMING, "open")) {
            Some(Opening::Open)
        } else if opens_stream(content) {
            Some(Opening::Stream)
        } else {
            None
        };
        if let Some(opening) = opening {
            if from == Side::Client && self.opens[0].is_none() {
                self.since = view.at;
            }
            self.opens[from as usize] = Some(opening);
            self.opened[from as usize] += 1;
        }
        // A server opens its stream before it refuses the client's (RFC 7395 §3.5).
        if opening.is_none() {
            self.answered(from, element, view.at, found);
        }
        self.framing(from, element, found);
        let what = match (opening, self.opened[from as usize]) {
            (Some(_), 2..) => "restart of the stream",
            (Some(_), _) => "opening of the stream",
            (None, _) => "message",
        };
        // What is wrong in other ways as well is refused for that.
        if is_declared(content) && element.is_some() {
            self.declared[from as usize] = Some(Declared { at: view.at, what, last: true });
        } else if let Some(declared) = &mut self.declared[from as usize] {
            declared.last = false;
        }
    }

    /// A side says something: perhaps it refuses an XML declaration.
    fn answered(
        &mut self,
        from: Side,
        element: Option<&Element>,
        at: Duration,
        found: &mut Findings,
    ) {
        let other = from.other();
        let Some(declared) = self.declared[other as usize].take() else { return };
        let (what, before) = (declared.what, words(at.saturating_sub(declared.at)));
        let Some(error) = element.filter(|element| element.is(ns::STREAMS, "error")) else {
            return self.accepted(from, what, &before, found);
        };
        if !declared.last {
            return; // what came after it is nearer
        }
        let (condition, text) = said(error);
        let names_it = ["declaration", "prolog", "<?xml", "processing instruction"]
            .iter()
            .any(|word| text.to_lowercase().contains(word));
        let xml = matches!(
            condition,
            "not-well-formed"
                | "xml-not-well-formed"
                | "invalid-xml"
                | "restricted-xml"
                | "bad-format"
        );
        // A server that does not speak this framing may refuse that.
        let in_kind = self.opens[0] == self.opens[1] || self.opens[0] == Some(Opening::Open);
        if !(names_it || (xml && in_kind)) {
            return; // it refuses something else
        }
        self.reported |= self.opens[1].is_none();
        self.reported_declaration[other as usize] = true;
        let text = if text.is_empty() { String::new() } else { format!(" (\"{}\")", short(&text)) };
        let words = format!(
            "The {} refuses the {}'s {what}, which began with an XML declaration {before} before: \
             {}{text}. The rest of that message is well-formed, so the declaration is the likely \
             cause: send it without (RFC 7395, section 3.3.3).",
            from.name(),
            other.name(),
            short(condition),
        );
        let party = Party::from(other);
        let id = "ws-no-xml-declaration";
        found.add(&kinds::WS_XML_DECLARATION, id, Level::Error, party, words);
    }

    /// A message with a declaration did no harm.
    fn accepted(&mut self, by: Side, what: &str, before: &str, found: &mut Findings) {
        let other = by.other();
        if std::mem::replace(&mut self.reported_declaration[other as usize], true) {
            return;
        }
        let words = format!(
            "The {}'s {what} {before} before began with an XML declaration. The {} does not mind, \
             but others refuse it: over WebSocket it should not be there. Reported once.",
            other.name(),
            by.name()
        );
        let (id, party) = ("ws-no-xml-declaration", Party::from(other));
        found.add(&kinds::WS_XML_DECLARATION, id, Level::Note, party, words);
    }

    fn framing(&mut self, from: Side, element: Option<&Element>, found: &mut Findings) {
        if self.reported {
            return;
        }
        match self.opens {
            [Some(Opening::Stream), Some(Opening::Stream)] => {
                self.reported = true;
                let words = "The client opens the stream with <stream:stream>, the framing from \
                     before RFC 7395, and the server answers in kind. Current servers and clients \
                     expect <open/>: update the client, or set it to RFC 7395.";
                report(Party::Client, words, found);
            }
            [Some(Opening::Open), Some(Opening::Stream)] => {
                self.reported = true;
                let words = "The client opens the stream with <open/> (RFC 7395), and the server \
                     answers with <stream:stream>, the framing from before that. The client waits \
                     for an <open/> that never comes: update the server.";
                report(Party::Server, words, found);
            }
            [Some(Opening::Stream), Some(Opening::Open)] => {
                self.reported = true;
                let words = "The client opens the stream with <stream:stream>, the framing from \
                     before RFC 7395; the server speaks RFC 7395 and answers with <open/>, which \
                     such a client does not understand. Update the client, or set it to RFC 7395.";
                report(Party::Client, words, found);
            }
            [Some(Opening::Stream), None] if from == Side::Server => match element {
                Some(error) if error.is(ns::STREAMS, "error") => {
                    let what = format!("answers with the stream error {}", short(said(error).0));
                    self.unanswered(&what, found);
                }
                Some(close) if close.is(ns::FRAMING, "close") => {
                    self.unanswered("answers with <close/>", found);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// The server does something else than to open its stream, although the client has done so.
    fn unanswered(&mut self, what: &str, found: &mut Findings) {
        if self.waits() {
            self.unanswered_by(what, found);
        }
    }

    fn unanswered_by(&mut self, what: &str, found: &mut Findings) {
        self.reported = true;
        let words = format!(
            "The client opens the stream with <stream:stream>, the framing from before RFC 7395; the \
             server, which probably expects <open/>, {what}. Nobody can log in like this: update \
             the client, or set it to RFC 7395."
        );
        report(Party::Client, &words, found);
    }
}

fn report(party: Party, words: &str, found: &mut Findings) {
    found.add(&kinds::WS_OLD_FRAMING, "ws-header-namespace", Level::Error, party, words);
}

/// The condition of a stream error, and its text.
fn said(error: &Element) -> (&str, String) {
    let text = error.child(ns::STREAM_ERRORS, "text").map(Element::text).unwrap_or_default();
    (stream_condition(error).map_or("no condition", Element::name), text.trim().to_owned())
}

#[cfg(test)]
#[path = "messages_framing_tests.rs"]
mod tests;
