//! A session that is carried without BOSH, as the connection manager keeps it: with what waits for its client.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::conduct::Conduct;
use super::framing::{Framing, Outbound};
use super::message::{Action, Input, Output};
use crate::cm::backend::{Command, Link};
use crate::cm::policy::Bounds;
use crate::xml::{Element, Limits};
use crate::xmpp::ns;

/// A session and what waits for its client.
pub struct Entry {
    conduct: Box<dyn Conduct>,
    framing: Framing,
    /// Whose it is.
    pub peer: IpAddr,
    /// When it is woken.
    pub due: Option<Duration>,
    waiting: VecDeque<Outbound>,
    bytes: usize,
    /// The server was asked to wait.
    crowded: bool,
}

impl Entry {
    /// A session for which nothing waits.
    pub fn new(conduct: Box<dyn Conduct>, peer: IpAddr) -> Self {
        let framing = conduct.session().framing();
        Self {
            conduct,
            framing,
            peer,
            due: None,
            waiting: VecDeque::new(),
            bytes: 0,
            crowded: false,
        }
    }

    /// When it wants to be woken.
    pub fn deadline(&self) -> Option<Duration> {
        self.conduct.deadline()
    }

    /// Bytes that wait until the client reads.
    pub fn queued(&self) -> usize {
        self.bytes
    }

    /// What is to be sent next; it waits no longer.
    pub fn output(&mut self) -> Option<Outbound> {
        let output = self.waiting.pop_front()?;
        self.bytes -= output.size();
        if self.waiting.is_empty() && self.waiting.capacity() > 64 {
            self.waiting.shrink_to(0);
        }
        Some(output)
    }

    /// Whether more of the server is wanted, if that has changed.
    pub fn regulate(&mut self, bounds: &Bounds) -> Option<(Link, bool)> {
        let crowded =
            self.waiting.len() > bounds.waiting / 2 || self.bytes > bounds.waiting_bytes / 2;
        let changed = std::mem::replace(&mut self.crowded, crowded) != crowded;
        changed.then(|| (self.conduct.session().link(), !crowded))
    }

    /// Something came; what the server is to be told goes to `out`.
    pub fn handle(
        &mut self,
        input: Input,
        bounds: &Bounds,
        now: Duration,
        out: &mut Vec<(Link, Command)>,
    ) {
        self.pass(input, now, out);
        let Bounds { waiting, waiting_bytes, .. } = *bounds;
        if self.waiting.len() > waiting || self.bytes > waiting_bytes {
            self.overrun(now, out);
        }
    }

    /// The client does not read: what waits for it goes back.
    pub fn overrun(&mut self, now: Duration, out: &mut Vec<(Link, Command)>) {
        let stanzas = self.take_back();
        self.pass(Input::Full(stanzas), now, out);
    }

    /// The connection is gone.
    pub fn gone(&mut self, now: Duration, out: &mut Vec<(Link, Command)>) {
        let stanzas = self.take_back();
        self.pass(Input::Gone(stanzas), now, out);
    }

    fn pass(&mut self, input: Input, now: Duration, out: &mut Vec<(Link, Command)>) {
        let mut actions = Vec::new();
        self.conduct.handle(input, now, &mut actions);
        for action in actions {
            match action {
                Action::Command(link, command) => out.push((link, command)),
                Action::Send(output) => self.send(&output),
            }
        }
    }

    fn send(&mut self, output: &Output) {
        let outbound = self.framing.write(output);
        self.bytes += outbound.size();
        self.waiting.push_back(outbound);
    }

    /// The stanzas that wait, which wait no longer.
    fn take_back(&mut self) -> Vec<Element> {
        let limits = Limits { bytes: usize::MAX, ..Limits::default() };
        let mut stanzas = Vec::new();
        while let Some(outbound) = self.output() {
            let Outbound::Text(text) = outbound else { continue };
            let element = self.framing.read(&text, &limits);
            stanzas.extend(element.filter(|element| element.namespace() == ns::CLIENT));
        }
        stanzas
    }
}
