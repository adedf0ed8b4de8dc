//! What a scenario has sent by name, and the connections that it has named.

use std::collections::HashMap;

use super::wire::{ConnId, Sending, SentId};

/// Something that was sent.
#[derive(Debug, Clone)]
pub(super) struct SentRequest {
    pub(super) id: SentId,
    /// Whose it is: a place in the [`Cast`](super::cast::Cast).
    pub(super) actor: usize,
    pub(super) sending: Sending,
    /// Its rid as it was sent.
    pub(super) rid: Option<String>,
    pub(super) conn: ConnId,
    /// It asks for a session.
    pub(super) creates: bool,
}

/// What was sent, in the order it was sent, and named connections.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sent: HashMap<String, Vec<SentRequest>>,
    /// What of it had its response taken in.
    taken: std::collections::HashSet<SentId>,
    conns: HashMap<String, ConnId>,
}

impl Ledger {
    pub(super) fn enter(&mut self, name: &str, sent: SentRequest) {
        self.sent.entry(name.to_owned()).or_default().push(sent);
    }

    /// The latest of this name, or the one of this number, from 1.
    pub(super) fn find(&self, name: &str, nth: Option<u64>) -> Option<&SentRequest> {
        let all = self.sent.get(name)?;
        match nth {
            None => all.last(),
            Some(nth) => all.get(usize::try_from(nth).ok()?.checked_sub(1)?),
        }
    }

    /// All that was sent, with its name, in the order in which it was sent.
    pub(super) fn in_order(&self) -> Vec<(String, SentRequest)> {
        let named = |(name, all): (&String, &Vec<SentRequest>)| {
            all.iter().map(|sent| (name.clone(), sent.clone())).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.sent.iter().flat_map(named).collect();
        all.sort_by_key(|(_, sent)| sent.id);
        all
    }

    pub(super) fn all(&self) -> impl Iterator<Item = SentId> {
        self.sent.values().flatten().map(|sent| sent.id)
    }

    /// The response to this is taken in: true the first time.
    pub(super) fn take(&mut self, sent: SentId) -> bool {
        self.taken.insert(sent)
    }

    pub(super) fn name_conn(&mut self, name: &str, conn: ConnId) {
        self.conns.insert(name.to_owned(), conn);
    }

    pub(super) fn conn(&self, name: &str) -> Option<ConnId> {
        self.conns.get(name).copied()
    }
}
