//! The closing handshake of WebSocket: Close frames, their statuses, their answers, and the end of TCP behind them
//! (RFC 6455 §5.5.1, §7.1 and §7.4).

use std::time::Duration;

use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Fact, Frame, Line, SessionId, Story};
use crate::wire::Side;
use crate::wire::websocket::{Close, Opcode};

/// What has to follow a Close frame has this long to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Judges closing handshakes.
#[derive(Debug, Default)]
pub struct CloseFrames {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that the rest is about.
    conn: u64,
    /// Frames were not seen.
    lost: bool,
    /// The first Close frame of each side: when, and its status.
    close: [Option<(Duration, Option<u16>)>; 2],
    /// It was reported that this side sends data after its Close frame.
    after: [bool; 2],
    /// What is missing after a Close frame was reported.
    missing: bool,
}

impl Rule for CloseFrames {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let (conn, at) = (moment.event.conn, moment.event.at);
        let Some(view) = moment.line() else { return };
        if view.session.websocket().is_none() {
            return;
        }
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        if state.conn != conn {
            *state = State { conn, ..State::default() };
        }
        match &moment.event.fact {
            Fact::Frame(frame) if Opcode(frame.opcode) == Opcode::CLOSE => {
                status(frame, found);
                state.close[frame.from as usize].get_or_insert((at, frame.status));
            }
            Fact::Frame(frame) => state.data(frame, found),
            Fact::Lost { .. } => state.lost = true,
            Fact::Closed { stopped, .. } => {
                if !stopped {
                    state.gone(view.line, found);
                }
                state.missing = true;
            }
            _ => {}
        }
        match state.due() {
            Some(due) if view.line.left.is_none() => timer.set(due),
            _ => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if let Some(line) = session.link.line()
            && line.conn == state.conn
            && !line.gone
        {
            state.overdue(line, now, found);
        }
        Some(session.id)
    }
}

/// ` 1001 (going away, "bye")`, or nothing for a Close frame without a status.
pub(super) fn status_words(status: Option<u16>, reason: &str) -> String {
    let Some(status) = status else { return String::new() };
    let quoted = (!reason.is_empty()).then(|| format!("\"{}\"", short(reason)));
    let parts: Vec<_> =
        Close::meaning(status).map(str::to_owned).into_iter().chain(quoted).collect();
    match &parts[..] {
        [] => format!(" {status}"),
        parts => format!(" {status} ({})", parts.join(", ")),
    }
}

/// Whether a Close frame may have this status, or this content in place of one.
fn status(frame: &Frame, found: &mut Findings) {
    let name = frame.from.name();
    let why = match frame.status {
        Some(status) if Close::Status(status, String::new()).is_valid() => {
            if std::str::from_utf8(&frame.content.bytes).is_ok() {
                return;
            }
            "has a reason that is not UTF-8".to_owned()
        }
        Some(status @ (1005 | 1006 | 1015)) => {
            let what = match status {
                1005 => "that no status was received",
                1006 => "that a connection broke without a Close frame",
                _ => "that TLS failed",
            };
            format!(
                "has the status {status}, which is never sent: it stands for {what}. Something has \
                 probably passed on what happened on another connection of its own"
            )
        }
        Some(status @ 0..=999) => format!("has the status {status}; the lowest is 1000"),
        Some(status @ 5000..) => format!("has the status {status}; the highest is 4999"),
        Some(status) => format!("has the status {status}, which is reserved"),
        None if frame.content.size == 0 => return,
        None if frame.content.size == 1 => "has one byte of content, half a status".to_owned(),
        None => "has a reason that is not UTF-8".to_owned(),
    };
    let words = format!(
        "The Close frame of the {name} {why}. The receiver treats it as a protocol error (1002), \
         and cannot know why the connection was closed."
    );
    let party = Party::from(frame.from);
    found.add(&kinds::WS_CLOSE_STATUS, "ws-close-status-valid", Level::Error, party, words);
}

impl State {
    fn data(&mut self, frame: &Frame, found: &mut Findings) {
        let from = frame.from as usize;
        let Some((closed, _)) = self.close[from] else { return };
        if Opcode(frame.opcode).is_control() || frame.first < closed || self.after[from] {
            return;
        }
        self.after[from] = true;
        let words = format!(
            "The {} sends a message {} after its own Close frame. Nothing may follow that, and the \
             other side ignores it: it is lost. Reported once.",
            frame.from.name(),
            words(frame.first.saturating_sub(closed)),
        );
        let (id, party) = ("ws-nothing-after-close-frame", Party::from(frame.from));
        found.add(&kinds::WS_AFTER_CLOSE, id, Level::Error, party, words);
    }

    /// When what follows a Close frame is overdue.
    fn due(&self) -> Option<Duration> {
        if self.missing || self.lost {
            return None;
        }
        let last = self.close.iter().flatten().map(|&(at, _)| at).max()?;
        Some(last + PATIENCE)
    }

    /// The one side that has sent a Close frame, when, and its status.
    fn single(&self) -> Option<(Side, Duration, Option<u16>)> {
        match self.close {
            [Some((at, status)), None] => Some((Side::Client, at, status)),
            [None, Some((at, status))] => Some((Side::Server, at, status)),
            _ => None,
        }
    }

    fn overdue(&mut self, line: &Line, now: Duration, found: &mut Findings) {
        self.missing = true;
        let Some((by, at, status)) = self.single() else {
            let words = format!(
                "Both sides have sent a Close frame, and {} later the TCP connection is still open. \
                 The server has to end it at once; until then it holds a socket for nothing.",
                words(PATIENCE)
            );
            let id = "ws-close-ends-tcp";
            return found.add(&kinds::WS_TCP_LEFT_OPEN, id, Level::Error, Party::Server, words);
        };
        let other = by.other();
        let begun = format!(
            "The {}'s Close frame{} was not answered within {}",
            by.name(),
            status_words(status, ""),
            words(now.saturating_sub(at))
        );
        let (kind, id) = (&kinds::WS_CLOSE_FRAME_UNANSWERED, "ws-close-answered");
        if line.last[other as usize].is_some_and(|last| last > at) {
            let words = format!(
                "{begun}, although the {} sends other things. It has to answer with a Close frame.",
                other.name()
            );
            return found.add(kind, id, Level::Error, Party::from(other), words);
        }
        let words = format!(
            "{begun}, and nothing at all has come from the {} for {}: it may have vanished \
             (half-open connection), or it ignores Close frames.",
            other.name(),
            words(line.silent(other, now))
        );
        found.add(kind, id, Level::Warning, Party::Nobody, words);
    }

    /// The connection is gone.
    fn gone(&self, line: &Line, found: &mut Findings) {
        let Some((by, at, status)) = self.single() else { return };
        // Whoever has sent it need not wait for ever, and does not have to be answered any more when it has left.
        let Some((left, left_at)) = line.left else { return };
        if left == by || self.lost || self.missing || left_at < at {
            return;
        }
        // A page that is gone does not see it.
        let reload = by == Side::Client && status == Some(1001);
        let level = if reload { Level::Note } else { Level::Error };
        let words = format!(
            "The {} ended the TCP connection {} after the {}'s Close frame{}, and did not answer it \
             with one of its own. To the {}, that is an unclean close (1006 in browsers).",
            left.name(),
            words(left_at.saturating_sub(at)),
            by.name(),
            status_words(status, ""),
            by.name(),
        );
        let (kind, party) = (&kinds::WS_CLOSE_FRAME_UNANSWERED, Party::from(left));
        found.add(kind, "ws-close-answered", level, party, words);
    }
}

#[cfg(test)]
#[path = "ending_frames_tests.rs"]
mod tests;
