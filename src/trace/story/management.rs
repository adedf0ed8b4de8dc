//! Stream management (XEP-0198): what was agreed, and the two counts of stanzas as they pass here, held against what each
//! side says that it has handled.
//!
//! Whoever sees all of a stream knows how many stanzas each side has sent; so if a count parts from that, it is the
//! count that is wrong. If the beginning was not seen, nothing but differences can be judged: the first count that comes is
//! taken for right.

use std::collections::VecDeque;
use std::time::Duration;

use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{Kind, Summary, ns};

/// So many stanzas without an acknowledgement are remembered of each side.
const REMEMBERED: usize = 1024;
/// So many requests without an answer are remembered of each side.
const REQUESTS: usize = 64;
/// A request that is older is answered, if anything was acknowledged since.
const PAST: Duration = Duration::from_secs(10);

/// What is known of the stream management of a session.
#[derive(Debug, Clone, Default)]
pub struct Management {
    /// The server has enabled it.
    pub enabled: bool,
    /// The client has asked for it, and has got no answer yet.
    pub asked: bool,
    /// What the server calls the session, so that it can be resumed.
    pub id: Option<String>,
    /// The session can be resumed.
    pub resumable: bool,
    /// For how many seconds after a cut, if the server says so.
    pub max: Option<u64>,
    /// How often it was resumed.
    pub resumed: u32,
    /// What the client has sent.
    pub client: Count,
    /// What the server has sent.
    pub server: Count,
    /// The client asks to resume this one, with the `h` that it says.
    pub(super) resuming: Option<(String, Option<u32>)>,
}

/// The stanzas that one side has sent.
#[derive(Debug, Clone, Default)]
pub struct Count {
    /// They are counted: stream management is enabled in this direction.
    pub counting: bool,
    /// Whether the count began with the stream management of this stream. Otherwise it rests on what the other side said.
    pub exact: bool,
    /// How many were sent, modulo 2^32.
    pub sent: u32,
    /// How many the other side has acknowledged, modulo 2^32.
    pub acked: u32,
    /// When the other side has last acknowledged anything.
    pub acked_at: Option<Duration>,
    /// Those that were not acknowledged, the oldest first.
    pub unacked: VecDeque<Sent>,
    /// The oldest request since the last acknowledgement, and how many stanzas had been sent before it.
    pub request: Option<(Duration, u32)>,
    /// The requests that answers are due for, the oldest first: one answer each, as XEP-0198 has it. Requests and answers cross.
    requests: VecDeque<Requests>,
    /// Stanzas that were unacknowledged when the stream was cut, and are due again.
    pub due: VecDeque<Sent>,
}

/// A stanza that was sent and not acknowledged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its number, modulo 2^32.
    pub number: u32,
    /// When it passed.
    pub at: Duration,
    /// `message`, `presence` or `iq`.
    pub kind: Kind,
    /// Its `id`.
    pub id: Option<String>,
    /// Its `to`.
    pub to: Option<String>,
    /// How often it was sent again.
    pub again: u32,
}

/// Requests for an acknowledgement with no stanza in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Requests {
    /// When the first of them passed.
    at: Duration,
    /// How many stanzas had been sent before.
    sent: u32,
    /// How many they are.
    number: u32,
}

/// What stream management makes of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A stanza was counted: its number, and how often it was sent before.
    Counted(u32, u32),
    /// An acknowledgement.
    Acknowledged(Ack),
    /// The session goes on, on this connection: what each side acknowledges of the other's stanzas, and how many are due
    /// again (client's, server's).
    Resumed {
        /// The server's acknowledgement of the client's stanzas.
        client: Option<Ack>,
        /// The client's of the server's.
        server: Option<Ack>,
        /// How many stanzas of the client and of the server are due again.
        due: [usize; 2],
    },
}

/// An acknowledgement, beside what passed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Who acknowledges.
    pub by: Side,
    /// The `h` it says.
    pub h: u32,
    /// How many stanzas the other side has sent, as far as that is known.
    pub sent: u32,
    /// What it had acknowledged before, and when.
    pub before: u32,
    /// When it had acknowledged that.
    pub before_at: Option<Duration>,
    /// If it answers a request: when that was, and how many stanzas were sent before it.
    pub request: Option<(Duration, u32)>,
    /// Whether `sent` is known, and not derived from earlier acknowledgements.
    pub exact: bool,
}

impl Ack {
    /// It acknowledges so many stanzas more than were sent.
    pub fn beyond(&self) -> Option<u32> {
        let beyond = self.h.wrapping_sub(self.sent);
        (1..1 << 31).contains(&beyond).then_some(beyond)
    }

    /// It acknowledges so many stanzas less than before.
    pub fn back(&self) -> Option<u32> {
        let back = self.before.wrapping_sub(self.h);
        (1..1 << 31).contains(&back).then_some(back)
    }

    /// It answers a request, and so many stanzas that came before that are missing.
    pub fn behind(&self) -> Option<u32> {
        let behind = self.request?.1.wrapping_sub(self.h);
        (1..1 << 31).contains(&behind).then_some(behind)
    }
}

impl Management {
    /// The session that the client asks to resume on this connection, until it is answered.
    pub fn resuming(&self) -> Option<&str> {
        self.resuming.as_ref().map(|(previd, _)| previd.as_str())
    }
}

impl Count {
    fn begin(&mut self) {
        *self = Self { counting: true, exact: true, ..Self::default() };
    }

    fn count(&mut self, at: Duration, summary: &Summary) -> Step {
        self.sent = self.sent.wrapping_add(1);
        let same = |sent: &Sent| sent.kind == summary.kind && sent.id == summary.id;
        let again = match self.due.iter().position(same) {
            Some(place) => self.due.drain(..=place).next_back().map_or(0, |sent| sent.again + 1),
            None => 0,
        };
        if self.unacked.len() == REMEMBERED {
            self.unacked.pop_front();
        }
        let (number, kind, id, to) =
            (self.sent, summary.kind, summary.id.clone(), summary.to.clone());
        self.unacked.push_back(Sent { number, at, kind, id, to, again });
        Step::Counted(number, again)
    }

    fn acknowledge(&mut self, by: Side, h: u32, at: Duration) -> Ack {
        let request = self.answered(at);
        if !self.exact && self.acked_at.is_none() {
            // Nothing was known before: this is where counting begins.
            self.sent = h.wrapping_add(self.unacked.len() as u32);
            for (sent, number) in self.unacked.iter_mut().zip(1..) {
                sent.number = h.wrapping_add(number);
            }
            self.acked = h;
        }
        let ack = Ack {
            by,
            h,
            sent: self.sent,
            before: self.acked,
            before_at: self.acked_at,
            request,
            exact: self.exact,
        };
        if ack.beyond().is_none() && ack.back().is_none() {
            let handled = |sent: &Sent| h.wrapping_sub(sent.number) < 1 << 31;
            while self.unacked.front().is_some_and(handled) {
                self.unacked.pop_front();
            }
            self.acked = h;
            self.acked_at = Some(at);
        }
        ack
    }

    /// Takes a request.
    fn requested(&mut self, at: Duration) {
        self.counting = true;
        let sent = self.sent;
        self.request.get_or_insert((at, sent));
        let is_full = self.requests.len() == REQUESTS;
        match self.requests.back_mut() {
            // With an older count too much may be taken for answered, but nothing for missing.
            Some(last) if last.sent == sent || is_full => last.number += 1,
            _ => self.requests.push_back(Requests { at, sent, number: 1 }),
        }
    }

    /// Takes the request that an answer is for: when it passed, and how many stanzas had been sent before it.
    fn answered(&mut self, at: Duration) -> Option<(Duration, u32)> {
        self.request = None;
        // One answer may have been for all that came before it.
        let acked_at = self.acked_at.unwrap_or_default();
        let is_past = |old: &Requests| old.at + PAST < at && old.at <= acked_at;
        while self.requests.front().is_some_and(is_past) {
            self.requests.pop_front();
        }
        let oldest = self.requests.front_mut()?;
        oldest.number -= 1;
        let request = (oldest.at, oldest.sent);
        if oldest.number == 0 {
            self.requests.pop_front();
        }
        Some(request)
    }

    /// Nothing that was requested will be answered.
    fn forget_requests(&mut self) {
        self.request = None;
        self.requests.clear();
    }

    /// The stream is resumed: what was not handled is due again, and counted again when it comes.
    fn resume(&mut self, by: Side, h: Option<u32>, at: Duration) -> Option<Ack> {
        self.forget_requests();
        let ack = h.map(|h| self.acknowledge(by, h, at));
        self.due = std::mem::take(&mut self.unacked);
        self.sent = h.unwrap_or(self.acked);
        self.counting = true;
        ack
    }
}

impl Management {
    /// What one side has sent.
    pub fn of(&self, side: Side) -> &Count {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn of_mut(&mut self, side: Side) -> &mut Count {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Elements were not seen: from now on counts rest on what the other side says.
    pub(super) fn lose(&mut self) {
        for count in [&mut self.client, &mut self.server] {
            *count = Count { counting: count.counting, ..Count::default() };
        }
    }

    /// The connection is gone: nothing that was asked on it will be answered.
    pub(super) fn cut(&mut self) {
        self.client.forget_requests();
        self.server.forget_requests();
        self.asked = false;
    }

    /// Takes an element at the first level of the stream.
    pub(super) fn take(
        &mut self,
        from: Side,
        element: &Element,
        summary: &Summary,
        at: Duration,
    ) -> Option<Step> {
        match summary.kind {
            Kind::Message | Kind::Presence | Kind::Iq => {
                let count = self.of_mut(from);
                count.counting.then(|| count.count(at, summary))
            }
            Kind::StreamManagement => self.said(from, element, at),
            // What is inlined in SASL2 (XEP-0388, XEP-0198 §8).
            Kind::Sasl if element.namespace() == ns::SASL2 => element
                .descendants()
                .filter(|inner| is_management(inner))
                .filter_map(|inner| self.said(from, inner, at))
                .last(),
            _ => None,
        }
    }

    fn said(&mut self, from: Side, element: &Element, at: Duration) -> Option<Step> {
        let h = element.attr("h").and_then(|h| h.trim().parse().ok());
        let text = |name| element.attr(name).map(str::to_owned);
        match (from, element.name()) {
            (Side::Client, "enable") => {
                self.asked = true;
                if !self.enabled {
                    self.client.begin();
                }
                None
            }
            (Side::Server, "enabled") => {
                (self.asked, self.enabled) = (false, true);
                self.id = text("id");
                self.resumable = matches!(element.attr("resume"), Some("true" | "1"));
                self.max = element.attr("max").and_then(|max| max.parse().ok());
                if !self.client.counting {
                    self.client.begin();
                }
                self.server.begin();
                None
            }
            (Side::Server, "failed") => {
                if std::mem::take(&mut self.asked) && !self.enabled {
                    self.client = Count::default();
                }
                self.resuming = None;
                None
            }
            (Side::Client, "resume") => {
                self.resuming = Some((text("previd").unwrap_or_default(), h));
                None
            }
            (_, "r") => {
                self.of_mut(from).requested(at);
                None
            }
            (_, "a") => {
                let count = self.of_mut(from.other());
                count.counting = true;
                let Some(h) = h else {
                    count.answered(at);
                    return None;
                };
                Some(Step::Acknowledged(count.acknowledge(from, h, at)))
            }
            _ => None,
        }
    }

    /// The session is resumed by these two counts: what the server has handled, and what the client has.
    pub(super) fn resume(
        &mut self,
        by_server: Option<u32>,
        by_client: Option<u32>,
        at: Duration,
    ) -> Step {
        self.enabled = true;
        self.resumed += 1;
        let client = self.client.resume(Side::Server, by_server, at);
        let server = self.server.resume(Side::Client, by_client, at);
        Step::Resumed { client, server, due: [self.client.due.len(), self.server.due.len()] }
    }
}

/// Whether an element belongs to stream management.
pub(super) fn is_management(element: &Element) -> bool {
    matches!(element.namespace(), ns::SM3 | ns::SM2)
}

#[cfg(test)]
#[path = "management_tests.rs"]
mod tests;
