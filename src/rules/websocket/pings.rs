//! Pings without their pong (RFC 6455 §5.5.2 and §5.5.3, RFC 7395 §3.8).

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::{ACK_DUE, PONG_DUE, Rule};
use crate::rules::stream::line::LinePart;
use crate::rules::words::short;
use crate::trace::{Fact, Frame, Session, SessionId, Story};
use crate::wire::Side;
use crate::wire::websocket::Opcode;

/// Pings of one side that are remembered.
const REMEMBERED: usize = 16;

/// Watches for pongs.
#[derive(Debug, Default)]
pub struct Pongs {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that the rest is about.
    conn: u64,
    /// Pings of each side that wait for their pong, the oldest first.
    waiting: [VecDeque<Ping>; 2],
    /// What came of each side with the data of no ping, while one waited.
    other: [Option<Vec<u8>>; 2],
    /// It was reported that this side does not answer; again only after it has answered.
    reported: [bool; 2],
    /// A side has sent a Close frame: after that, nothing has to be answered.
    closed: bool,
    /// Messages that each side has sent since the oldest ping that waits for an answer of the other side.
    messages: [u64; 2],
}

#[derive(Debug)]
struct Ping {
    at: Duration,
    data: Vec<u8>,
}

impl Rule for Pongs {
    fn look(&mut self, moment: &Moment<'_>, _: &mut Findings) {
        let ends = matches!(
            moment.event.fact,
            Fact::Lost { .. } | Fact::Closed { .. } | Fact::Ended { .. }
        );
        let Some(view) = moment.line() else { return };
        let (id, conn) = (view.session.id, moment.event.conn);
        let (state, mut timer) = self.sessions.of(id, moment.story);
        if ends || state.conn != conn {
            *state = State { conn, ..State::default() };
        }
        match view.part {
            LinePart::Control(frame) => state.control(frame, moment.event.at),
            LinePart::Message(message) => state.messages[message.from as usize] += 1,
            _ => {}
        }
        match state.due() {
            Some((_, at)) => timer.set(at),
            None => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        let id = session.id;
        if let Some((by, _)) = state.due() {
            state.overdue(by, session, now, found);
        }
        let next = state.due();
        if let (Some((_, at)), Some((_, mut timer))) = (next, self.sessions.get(id)) {
            timer.set(at);
        }
        Some(id)
    }
}

impl State {
    fn control(&mut self, frame: &Frame, at: Duration) {
        let (from, to) = (frame.from as usize, frame.from.other() as usize);
        match Opcode(frame.opcode) {
            Opcode::PING if !self.closed => {
                let waiting = &mut self.waiting[from];
                if waiting.is_empty() {
                    self.messages[from] = 0;
                }
                if waiting.len() == REMEMBERED {
                    // The oldest is the one that is overdue first.
                    waiting.remove(1);
                }
                waiting.push_back(Ping { at, data: frame.content.bytes.clone() });
            }
            Opcode::PONG => {
                let waiting = &mut self.waiting[to];
                // Only the latest of several pings has to be answered.
                match waiting.iter().rposition(|ping| ping.data == frame.content.bytes) {
                    Some(last) => {
                        waiting.drain(..=last);
                        self.other[from] = None;
                        self.reported[from] = false;
                    }
                    None if !waiting.is_empty() => {
                        self.other[from] = Some(frame.content.bytes.clone());
                    }
                    // A pong that nobody asked for may be sent.
                    None => {}
                }
            }
            Opcode::CLOSE => {
                self.closed = true;
                self.waiting = Default::default();
            }
            _ => {}
        }
    }

    /// Whose ping is overdue next, and when.
    fn due(&self) -> Option<(Side, Duration)> {
        let due = |side: Side| {
            let ping = self.waiting[side as usize].front()?;
            (!self.reported[side.other() as usize]).then_some((side, ping.at + PONG_DUE))
        };
        [Side::Client, Side::Server].into_iter().filter_map(due).min_by_key(|&(_, at)| at)
    }

    fn overdue(&mut self, by: Side, session: &Session, now: Duration, found: &mut Findings) {
        let silent = by.other();
        self.reported[silent as usize] = true;
        let (name, silent_name) = (by.name(), silent.name());
        let Some(line) = session.link.line().filter(|line| line.conn == self.conn && !line.gone)
        else {
            return;
        };
        let waiting = &self.waiting[by as usize];
        let Some(ping) = waiting.front() else { return };
        let age = words(now.saturating_sub(ping.at));
        let pings = match waiting.len() {
            1 => format!("The {name}'s ping was not answered within {age}"),
            n => format!("{n} pings of the {name} were not answered within {age}"),
        };
        if let Some(other) = &self.other[silent as usize] {
            let words = format!(
                "{pings}: a pong came, but with other data (\"{}\" for \"{}\"). A pong repeats the \
                 data of its ping; a peer that compares them considers the connection dead.",
                short(&String::from_utf8_lossy(other)),
                short(&String::from_utf8_lossy(&ping.data)),
            );
            let party = Party::from(silent);
            found.add(&kinds::WS_PING_UNANSWERED, "ws-pong", Level::Error, party, words);
            return;
        }
        if line.last[silent as usize].is_some_and(|last| last > ping.at) {
            let words = format!(
                "{pings}, although the {silent_name} sends other things. Every ping needs a pong; the \
                 {name} may consider the connection dead and cut it."
            );
            let party = Party::from(silent);
            found.add(&kinds::WS_PING_UNANSWERED, "ws-pong", Level::Error, party, words);
            return;
        }
        let management = session.stream.management();
        let lost = match self.messages[by as usize] {
            // Under stream management, what is not acknowledged is reported at the end.
            _ if management.enabled => String::new(),
            0 => String::new(),
            1 => format!(" 1 message that the {name} has sent since then may be lost."),
            n => format!(" {n} messages that the {name} has sent since then may be lost."),
        };
        let why = match silent {
            Side::Client => "the device sleeps, or its network has changed",
            Side::Server => "the server hangs, or something on the way has dropped the connection",
        };
        let words = format!(
            "{pings}, and nothing else came from the {silent_name} for {}: {why}. TCP does not notice \
             that by itself (half-open connection).{lost}",
            words(line.silent(silent, now)),
        );
        // An `<r/>` has said the same.
        let asked = management.of(by).request.map(|(at, _)| at + ACK_DUE);
        let level = if asked.is_some_and(|at| at <= now) { Level::Note } else { Level::Warning };
        found.add(&kinds::WS_PING_UNANSWERED, None, level, Party::Nobody, words);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::Level;
    use crate::rules::playbook::{at_least, names, websocket, words};

    fn after(script: &str) -> String {
        websocket(0, 1) + script
    }

    fn found(script: &str) -> Vec<String> {
        words("ws-ping-unanswered", &after(script))
    }

    #[test]
    fn a_ping_without_a_pong_is_reported_when_it_is_due() {
        let script = after(
            "1000 1 S= ping | a\n2000 1 S= <message xmlns='jabber:client'/>\n\
             90000 1 S= ping | b\n91000 tick",
        );
        let found = at_least(Level::Note, &script);
        assert_eq!(
            found,
            ["16000 Warning ws-ping-unanswered Nobody: The server's ping was not answered within \
              15.0 s, and nothing else came from the client for 16.0 s: the device sleeps, or its \
              network has changed. TCP does not notice that by itself (half-open connection). 1 \
              message that the server has sent since then may be lost."]
        );
    }

    #[test]
    fn who_sends_other_things_has_no_excuse() {
        let script = "1000 1 C= ping\n2000 1 S= <message xmlns='jabber:client'/>\n20000 tick";
        assert!(found(script)[0].contains("although the server sends other things"));
        let script = "1000 1 C= ping | abc\n2000 1 S= pong\n20000 tick";
        assert!(found(script)[0].contains("with other data (\"\" for \"abc\")"));
    }

    #[test]
    fn what_is_answered_in_time_or_need_not_be_is_no_finding() {
        for script in [
            "1000 1 S= ping | a\n1400 1 C= pong | a\n90000 tick",
            "1000 1 S= ping | a\n1400 1 S= ping | b\n1500 1 C= pong | b\n90000 tick",
            "1000 1 S= ping | a\n1400 1 C= close 1001\n90000 tick",
            "1000 1 S= ping | a\n1400 1 C. fin\n90000 tick",
            "1000 1 S= ping | a\n1400 1 !lost 3\n90000 tick",
            "1000 1 C= pong | a\n90000 tick",
            "1000 1 S= ping | a\n1100 1 C= pong\n1400 1 C= pong | a\n90000 tick",
        ] {
            assert_eq!(found(script), [""; 0], "{script}");
        }
    }

    #[test]
    fn silence_is_reported_again_only_after_an_answer() {
        let script = "1000 1 S= ping\n40000 1 S= ping\n70000 1 S= ping\n90000 1 C= pong\n\
                      100000 1 S= ping\n900000 tick";
        assert_eq!(found(script).len(), 2);
        assert!(!names(&after("1000 1 C= pong\n90000 tick")).contains(&"ws-ping-unanswered"));
    }
}
