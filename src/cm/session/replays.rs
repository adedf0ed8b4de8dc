//! The responses kept for requests that come again (XEP-0124 §14.3).

use std::collections::VecDeque;
use std::time::Duration;

use crate::cm::reply::Reply;

/// Of responses that are not given again, so many are remembered.
const UNKEPT: usize = 4;

/// A response that was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) rid: u64,
    pub(super) at: Duration,
    /// The key of its request.
    pub(super) key: Option<Box<str>>,
    pub(super) reply: Reply,
    /// How often its request came again.
    pub(super) repeats: u32,
    /// A pause is not answered again.
    pub(super) kept: bool,
}

impl Sent {
    fn bytes(&self) -> usize {
        self.reply.payloads.iter().map(|payload| payload.xml.len()).sum()
    }
}

/// The latest responses, lowest rid first.
#[derive(Debug, Clone, Default)]
pub(super) struct Replays {
    sent: VecDeque<Sent>,
    /// The highest rid that was answered.
    answered: Option<u64>,
    /// The client has acknowledged the responses up to this rid.
    acknowledged: u64,
    bytes: usize,
}

impl Replays {
    /// Keeps a response; the oldest goes when there are more than `most`, or more bytes in them than `most_bytes`.
    pub(super) fn push(&mut self, sent: Sent, most: usize, most_bytes: usize) {
        self.answered = self.answered.max(Some(sent.rid));
        // What is not kept takes no place of what is; it only tells when something was sent.
        let kept = |all: &VecDeque<Sent>| all.iter().filter(|sent| sent.kept).count();
        self.bytes += sent.bytes();
        self.sent.push_back(sent);
        while kept(&self.sent) > most
            || self.sent.len() > most + UNKEPT
            || self.bytes > most_bytes && self.sent.len() > 1
        {
            self.drop_oldest();
        }
        if self.sent.capacity() > 8 && self.sent.len() < 4 {
            self.sent.shrink_to(4);
        }
    }

    /// The client has the responses up to `rid`: those before it need not be kept.
    pub(super) fn acknowledge(&mut self, rid: u64, least: usize) {
        self.acknowledged = self.acknowledged.max(rid);
        while self.sent.len() > least && self.sent.front().is_some_and(|sent| sent.rid <= rid) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        self.bytes -= self.sent.pop_front().map_or(0, |sent| sent.bytes());
    }

    /// Bytes of the payloads that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn answered(&self) -> Option<u64> {
        self.answered
    }

    pub(super) fn get(&self, rid: u64) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.rid == rid && sent.kept)
    }

    pub(super) fn get_mut(&mut self, rid: u64) -> Option<&mut Sent> {
        self.sent.iter_mut().find(|sent| sent.rid == rid && sent.kept)
    }

    /// The responses sent at or after this time.
    pub(super) fn since(&self, time: Duration) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(move |sent| sent.at >= time)
    }
}
