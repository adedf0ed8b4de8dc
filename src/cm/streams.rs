//! The streams of a connection manager that are carried without BOSH.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::backend::{Command, Link};
use super::machine::Machine;
use super::policy::Bounds;
use super::session::{Action, LINKS};
use super::stream::{Entry, Framing, Ids, Input, Outbound, Security, Served, Session};

impl Machine {
    /// A connection of a client at `peer` begins that carries a stream: its number, unless there are too many sessions, or
    /// the end is near.
    pub fn carry(
        &mut self,
        peer: IpAddr,
        framing: Framing,
        security: Security,
        now: Duration,
    ) -> Option<u64> {
        if self.stopping || self.is_full() || self.is_full_for(peer) {
            return None;
        }
        let number = self.next;
        self.next += 1;
        let domain = self.backend.domain().map(str::to_owned);
        let served = Served { domain, pings: self.backend.pings() };
        let ids = Ids::new(&mut *self.random);
        let how = (number * LINKS, framing, security);
        let session = Session::new(how, served, Arc::clone(&self.policy), ids, now);
        let conduct = (self.stream_conductor)(session);
        self.carried.insert(number, Entry::new(conduct, peer));
        *self.peers.entry(peer).or_default() += 1;
        self.carried_does(number, |_, _, _| {});
        Some(number)
    }

    /// Something came on a stream.
    pub fn carried(&mut self, number: u64, input: Input, now: Duration) {
        self.hand_carried(number, input, now);
        self.pump(now);
    }

    /// What is to be sent next on a stream. It counts as waiting until it is taken.
    pub fn output(&mut self, number: u64) -> Option<Outbound> {
        let entry = self.carried.get_mut(&number)?;
        let before = entry.queued();
        let output = entry.output();
        self.queued = self.queued + entry.queued() - before;
        self.regulate(number);
        output
    }

    /// The connection of a stream is gone.
    pub fn carried_gone(&mut self, number: u64, now: Duration) {
        self.carried_does(number, |entry, _, commands| entry.gone(now, commands));
        self.set_due(number, None);
        if let Some(entry) = self.carried.remove(&number) {
            self.queued -= entry.queued();
            self.leaves(entry.peer);
        }
        self.pump(now);
    }

    /// Gives a stream what came; what the server is to be told is for later.
    pub(super) fn hand_carried(&mut self, number: u64, input: Input, now: Duration) {
        self.carried_does(number, |entry, bounds, commands| {
            entry.handle(input, bounds, now, commands);
        });
    }

    /// The server waits while much waits for the client.
    fn regulate(&mut self, number: u64) {
        let Some(entry) = self.carried.get_mut(&number) else { return };
        if let Some((link, wanted)) = entry.regulate(&self.policy.bounds) {
            self.backend.flow(link, wanted);
        }
    }

    /// Does something with a stream, and what follows from it.
    pub(super) fn carried_does(
        &mut self,
        number: u64,
        what: impl FnOnce(&mut Entry, &Bounds, &mut Vec<(Link, Command)>),
    ) {
        let Some(entry) = self.carried.get_mut(&number) else { return };
        let before = entry.queued();
        let mut commands = Vec::new();
        what(entry, &self.policy.bounds, &mut commands);
        self.queued = self.queued + entry.queued() - before;
        if entry.queued() > 0 {
            self.ready.push(number);
        }
        let due = entry.deadline();
        self.set_due(number, due);
        self.regulate(number);
        let wanted = commands.into_iter();
        self.wanted.extend(wanted.map(|(link, command)| (number, Action::Command(link, command))));
    }
}
