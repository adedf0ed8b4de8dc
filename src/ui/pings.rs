//! Runs of ping and pong frames: nothing to look at as long as each ping is answered, so they are one line.

use std::time::Duration;

use crate::clock::words;
use crate::report::words::count;
use crate::trace::Frame;
use crate::wire::Side;
use crate::wire::websocket::Opcode;

/// Pings and pongs of one connection, with nothing else between them.
#[derive(Debug, Clone)]
pub(super) struct Pings {
    began: Duration,
    last: Duration,
    sent: [u64; 2],
    answered: [u64; 2],
    waiting: [Option<Duration>; 2],
    slowest: Duration,
}

impl Pings {
    pub(super) fn new(began: Duration) -> Self {
        Self {
            began,
            last: began,
            sent: [0; 2],
            answered: [0; 2],
            waiting: [None; 2],
            slowest: Duration::ZERO,
        }
    }

    pub(super) fn add(&mut self, frame: &Frame, at: Duration) {
        self.last = at;
        if Opcode(frame.opcode) == Opcode::PING {
            let from = frame.from as usize;
            self.sent[from] += 1;
            self.waiting[from].get_or_insert(at);
        } else {
            let to = frame.from.other() as usize;
            self.answered[to] += 1;
            if let Some(since) = self.waiting[to].take() {
                self.slowest = self.slowest.max(at.saturating_sub(since));
            }
        }
    }

    /// When the last one passed.
    pub(super) fn ended(&self) -> Duration {
        self.last
    }

    /// What they were.
    pub(super) fn sentence(&self) -> String {
        let of = |side: Side| {
            let (sent, answered) = (self.sent[side as usize], self.answered[side as usize]);
            let pings = count(sent, "ping");
            let name = side.name();
            match (sent, answered) {
                (0, 0) => None,
                (0, alone) => Some(format!("{} to the {name}", count(alone, "pong"))),
                (_, 0) => Some(format!("{pings} of the {name}, not answered")),
                (1, _) => Some(format!("{pings} of the {name}, answered")),
                _ if sent == answered => Some(format!("{pings} of the {name}, all answered")),
                _ => Some(format!("{pings} of the {name}, {answered} answered")),
            }
        };
        let parts = [of(Side::Client), of(Side::Server)].into_iter().flatten();
        let mut text = parts.collect::<Vec<_>>().join("; ");
        if self.slowest > Duration::ZERO {
            text += &format!(" within {}", words(self.slowest));
        }
        let time = self.last.saturating_sub(self.began);
        if self.sent.iter().sum::<u64>() > 1 {
            text += &format!(", in {}", words(time));
        }
        text
    }
}
