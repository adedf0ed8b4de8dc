//! Requests without a response, as far as a refusal needs them.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::rules::page::Whence;
use crate::trace::{Exchange, Headers, Session};

/// Requests that are remembered of a connection until their response arrives.
const PENDING: usize = 8;

/// A request.
#[derive(Debug)]
pub(super) struct Asked {
    number: u64,
    pub(super) headers: Headers,
    /// Size of its content.
    pub(super) size: u64,
    pub(super) stanzas: usize,
}

impl Asked {
    /// Whether its content came in chunks.
    pub(super) fn is_chunked(&self) -> bool {
        self.headers.are_chunked()
    }
}

/// The requests of all connections that have no response yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    conns: FxHashMap<u64, VecDeque<Asked>>,
}

impl Pending {
    /// Takes a request.
    pub(super) fn ask(
        &mut self,
        exchange: &Exchange,
        headers: &Headers,
        size: u64,
        stanzas: usize,
    ) {
        // Rarely more than one: room for one.
        let asked = self.conns.entry(exchange.conn).or_insert_with(|| VecDeque::with_capacity(1));
        if asked.len() >= PENDING {
            asked.pop_front();
        }
        asked.push_back(Asked { number: exchange.number, headers: headers.clone(), size, stanzas });
    }

    /// Takes the request that is answered.
    pub(super) fn answer(&mut self, exchange: &Exchange) -> Option<Asked> {
        let asked = self.conns.get_mut(&exchange.conn)?;
        let place = asked.iter().position(|asked| asked.number == exchange.number)?;
        asked.remove(place)
    }

    /// A connection is gone, or cannot be followed any more.
    pub(super) fn close(&mut self, conn: u64) {
        self.conns.remove(&conn);
    }
}

/// Where a request of BOSH wants to go.
pub(super) fn whence(
    exchange: &Exchange,
    asked: Option<&Asked>,
    session: Option<&Session>,
) -> Whence {
    let none = Headers::default();
    let headers = asked.map_or(&none, |asked| &asked.headers);
    let to = session.and_then(Session::asked).and_then(|asked| asked.to.as_deref());
    let to = to.map(str::to_owned);
    Whence { to, ..Whence::of(&exchange.target, headers) }
}
