//! How far a run is: a line on a terminal that is written again and again, and gone when something else is printed.

use std::io::{self, IsTerminal, Write};

use crate::clock::{Clock, words};

pub(super) struct Progress {
    terminal: bool,
    shown: bool,
    clock: Clock,
    all: usize,
    done: usize,
    bad: usize,
}

impl Progress {
    pub(super) fn new(all: usize) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { terminal, shown: false, clock: Clock::start(), all, done: 0, bad: 0 }
    }

    /// One more is done.
    pub(super) fn done(&mut self, bad: bool) {
        self.done += 1;
        self.bad += usize::from(bad);
        self.show();
    }

    pub(super) fn show(&mut self) {
        if !self.terminal || self.done == self.all {
            return;
        }
        let bad = if self.bad > 0 { format!(", {} failed", self.bad) } else { String::new() };
        let time = words(self.clock.now());
        let line = format!("\r\x1b[K{} of {} done{bad}, {time}", self.done, self.all);
        let _ = io::stderr().write_all(line.as_bytes());
        self.shown = true;
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
