//! A TCP connection, as far as it is followed.

use std::net::SocketAddr;
use std::time::Duration;

use super::packets::Segment;
use super::tcp::Order;
use crate::wire::Side;
use crate::wire::conversation::Expect;
use crate::wire::tap::Tap;

/// Ports at which servers of XMPP listen; otherwise the lower one is the server's.
const PORTS: [u16; 8] = [5222, 5223, 5269, 5280, 5281, 5443, 7070, 7443];

/// One connection.
pub(super) struct Flow {
    pub client: SocketAddr,
    pub server: SocketAddr,
    pub began: Duration,
    /// When something was heard of it last, and which sides have ended.
    pub heard: Duration,
    pub ended: [bool; 2],
    pub conn: u64,
    pub orders: [Order; 2],
    pub speaks: Speaks,
    /// Its first bytes, which are too few to tell what it speaks: who sent them, and when.
    pub first: Vec<(Side, Vec<u8>, Duration)>,
    /// Nothing of it was seen before its first bytes.
    pub middle: bool,
}

/// What a connection speaks, as far as it is followed.
pub(super) enum Speaks {
    /// Nothing was said.
    Nothing,
    Clear(Box<Tap>),
    /// Bytes are missing: it is followed again from the next request or element on.
    Lost(Expect),
    Ignored,
}

impl Flow {
    pub(super) fn new(segment: &Segment<'_>) -> Self {
        let (from, to) = (segment.from, segment.to);
        let is_server = |address: SocketAddr, other: SocketAddr| {
            let known = |address: SocketAddr| PORTS.contains(&address.port());
            known(address) && !known(other)
                || known(address) == known(other) && address.port() < other.port()
        };
        let from_server = match (segment.syn, segment.acknowledged) {
            (true, acknowledged) => acknowledged.is_some(),
            (false, _) => is_server(from, to),
        };
        let (client, server) = if from_server { (to, from) } else { (from, to) };
        Self {
            client,
            server,
            began: segment.at,
            heard: segment.at,
            ended: [false; 2],
            conn: 0,
            orders: Default::default(),
            speaks: Speaks::Nothing,
            first: Vec::new(),
            middle: !segment.syn,
        }
    }

    /// Whether this SYN begins another connection.
    pub(super) fn has_begun(&self, segment: &Segment<'_>) -> bool {
        segment.at > self.began && !matches!(self.speaks, Speaks::Nothing)
    }

    pub(super) fn side(&self, address: SocketAddr) -> Side {
        if address == self.client { Side::Client } else { Side::Server }
    }

    pub(super) fn address(&self, side: Side) -> SocketAddr {
        if side == Side::Client { self.client } else { self.server }
    }

    /// The sides are the other way round.
    pub(super) fn turn(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        self.orders.swap(0, 1);
        self.ended.swap(0, 1);
    }

    /// How many of its bytes wait for segments that are missing.
    pub(super) fn waiting(&self) -> usize {
        self.orders.iter().map(Order::waiting).sum()
    }
}
