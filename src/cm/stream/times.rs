//! What a session does when nothing comes: it waits for a login, for a client that is silent, and for the end.

use std::time::Duration;

use super::framing::Framing;
use super::message::{Action, Output};
use super::session::{Session, State};
use crate::cm::backend::Command;

impl Session {
    /// When the client has to have logged in.
    fn login_due(&self) -> Option<Duration> {
        (!self.known).then(|| self.begun + self.policy.login)
    }

    /// When the client has been silent for too long.
    fn idle_due(&self) -> Option<Duration> {
        // Over TCP a client need not say anything that it is not asked for.
        let asked = self.framing == Framing::Framed || self.served.pings;
        (asked && !self.policy.idle.is_zero()).then(|| self.heard + self.policy.idle)
    }

    /// When the client is asked whether it is there.
    fn ping_due(&self) -> Option<Duration> {
        (!self.policy.ping.is_zero()).then(|| self.sent + self.policy.ping)
    }

    /// When [`Wake`](super::Input::Wake) is due if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Over => None,
            State::Parting(due) => Some(due),
            State::Securing => self.login_due(),
            State::Fresh | State::Open => {
                [self.login_due(), self.idle_due(), self.ping_due()].into_iter().flatten().min()
            }
        }
    }

    pub(super) fn wake(&mut self, now: Duration, out: &mut Vec<Action>) {
        let due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        match self.state {
            State::Parting(at) if at <= now => self.close(out),
            State::Over | State::Parting(_) => {}
            _ if due(self.login_due()) => self.fail("connection-timeout", now, out),
            State::Securing => {}
            State::Open if due(self.idle_due()) => {
                // A client that was silent may have lost its connection, and come back for its session.
                self.command(Command::Lost, out);
                self.refuse("connection-timeout", now, out);
            }
            _ if due(self.idle_due()) => self.fail("connection-timeout", now, out),
            _ if due(self.ping_due()) => {
                if self.framing == Framing::Raw && self.known {
                    self.command(Command::Ping, out);
                }
                out.push(Action::Send(Output::Ping));
            }
            _ => {}
        }
    }
}
