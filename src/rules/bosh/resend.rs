//! Requests that are sent again: which of them the connection manager still has to answer (XEP-0124 §9 and §14.3).

use std::collections::VecDeque;
use std::time::Duration;

use super::terms::requests;
use super::view::RequestView;
use crate::bosh::fingerprint;
use crate::trace::{BoshLink, Exchange};

/// Requests whose fate is remembered.
const REMEMBERED: usize = 16;
/// If `inactivity` is not known, a client that was silent for less than this has not lost its session.
const AWAKE: Duration = Duration::from_secs(10);

/// The latest requests of a session, each rid once.
#[derive(Debug, Default)]
pub(super) struct Resends {
    sent: VecDeque<SentRequest>,
    /// The latest exchange if it repeats an earlier one, and that one.
    again: Option<(u64, SentRequest)>,
    /// Up to this rid, no response needs to be kept.
    done: u64,
}

#[derive(Debug, Clone, Copy)]
struct SentRequest {
    exchange: u64,
    rid: u64,
    print: u64,
    fate: Fate,
}

/// What happened to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is open, or was refused.
    Unsettled,
    /// It got a good response, which the connection manager has to keep.
    Answered,
    /// Its connection was lost before the response was complete.
    Cut,
}

/// A request that is refused with `item-not-found`.
#[derive(Debug)]
pub(super) struct Refused<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) link: &'a BoshLink,
    /// How long no request was open before it.
    pub(super) silent: Duration,
    /// The highest rid seen.
    pub(super) highest: u64,
    /// Up to this exchange, requests may have passed without being recorded.
    pub(super) unseen: u64,
}

impl Resends {
    /// Remembers a request, and whether it came before.
    pub(super) fn keep(&mut self, request: &RequestView<'_>) {
        let RequestView { http, body, exchange, asks, link, .. } = request;
        self.again = None;
        let Some(rid) = asks.rid.filter(|_| !http.content.clipped) else { return };
        // With acknowledgements, a request without `ack` acknowledges all responses before it.
        if link.asked.as_ref().is_some_and(|asked| asked.ack.is_some()) && !asks.creates {
            let ack = body.text("ack").and_then(|ack| ack.trim().parse().ok());
            self.done = self.done.max(ack.unwrap_or(rid.saturating_sub(1)));
        }
        let print = fingerprint(&http.content.bytes);
        if let Some(sent) = self.sent.iter().find(|sent| sent.rid == rid) {
            self.again = (sent.print == print).then_some((exchange.number, *sent));
            return;
        }
        // With a pause the client is done with what it sent before, and how long it may be silent changes.
        if body.pause().is_some() {
            self.done = self.done.max(rid);
        }
        if asks.creates || asks.terminates {
            return;
        }
        if self.sent.len() >= REMEMBERED {
            self.sent.pop_front();
        } else if self.sent.is_empty() {
            self.sent.reserve_exact(1);
        }
        self.sent.push_back(SentRequest {
            exchange: exchange.number,
            rid,
            print,
            fate: Fate::Unsettled,
        });
    }

    /// Notes what happened to a request.
    pub(super) fn settle(&mut self, exchange: u64, fate: Fate) {
        if let Some(sent) = self.sent.iter_mut().find(|sent| sent.exchange == exchange) {
            sent.fate = fate;
        }
    }

    /// Whether this request, the latest one, repeats an earlier one.
    pub(super) fn is_copy(&self, exchange: &Exchange) -> bool {
        self.again.is_some_and(|(number, _)| number == exchange.number)
    }

    /// Why the connection manager may not refuse this request, if so.
    pub(super) fn explain(&self, refused: &Refused<'_>) -> Option<String> {
        let Refused { exchange, link, silent, highest, unseen } = refused;
        let (_, sent) = self.again.filter(|_| self.is_copy(exchange))?;
        let requests = requests(link)?;
        let in_window = highest.saturating_sub(sent.rid) < requests && sent.rid > self.done;
        let expired = *silent >= link.inactivity().map_or(AWAKE, Duration::from_secs);
        if !in_window || expired || sent.exchange <= *unseen {
            return None;
        }
        let (fate, owed) = match sent.fate {
            Fate::Answered => {
                ("it was answered", "the connection manager must still have that response")
            }
            Fate::Cut => ("its connection was lost", "the connection manager must still answer it"),
            Fate::Unsettled => return None,
        };
        Some(format!(
            "The same request was sent before, and {fate}. The highest rid is {highest}, so with \
             requests={requests} {owed}. This way, a client whose connection breaks loses its \
             session."
        ))
    }
}
