//! Exchanges: which response belongs to which request. On one connection, responses of HTTP/1 come in the order of
//! requests (RFC 9112 section 9.3.2); the recorder has counted both.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::exchange::{Exchange, Upgrade};
use super::id::SessionId;
use crate::trace::event::{Request, Response};
use crate::wire::Side;

/// Exchanges of all connections.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// Boxed: a table has room to spare, and connections are many.
    conns: FxHashMap<u64, Box<Connection>>,
    count: u64,
}

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Connection {
    /// Its requests without a response, in the order of arrival.
    pub(super) waiting: VecDeque<Arc<Exchange>>,
    /// The first end that was observed, and when.
    left: Option<(Side, Duration)>,
    /// Both sides had ended it when that was observed.
    together: bool,
    /// Number of the first request in `waiting` on this connection.
    first: u64,
    /// How many requests there were on this connection.
    count: u64,
    /// `Host` of the last one; they rarely differ.
    host: Option<Arc<str>>,
}

impl Connection {
    /// Which side ended it first, and when; none if that is not known.
    pub(super) fn left(&self) -> Option<(Side, Duration)> {
        self.left.filter(|_| !self.together)
    }

    /// When it ended, as far as that was observed.
    pub(super) fn ended(&self) -> Option<Duration> {
        self.left.map(|(_, at)| at)
    }
}

impl Exchanges {
    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The session whose request was the last on this connection that has no response.
    pub(super) fn asking(&self, conn: u64) -> Option<SessionId> {
        self.conns.get(&conn)?.waiting.back()?.session()
    }

    /// Which side ended this connection first, and when, as long as the connection is not gone; none if that is not known.
    pub(super) fn left(&self, conn: u64) -> Option<(Side, Duration)> {
        self.conns.get(&conn)?.left()
    }

    /// The exchange that a request begins, without what its content asks for.
    pub(super) fn begin(&mut self, conn: u64, at: Duration, request: &Request) -> Exchange {
        self.count += 1;
        let connection = self.conns.entry(conn).or_default();
        let answered_early = connection.count < connection.first;
        connection.count += 1;
        let host = request.headers.get("host").or_else(|| request.headers.get(":authority"));
        if connection.host.as_deref() != host {
            connection.host = host.map(Arc::from);
        }
        let preflight = || request.headers.get("access-control-request-method").map(str::to_owned);
        Exchange {
            number: self.count,
            conn,
            at,
            method: request.method.clone(),
            target: request.target.clone(),
            host: connection.host.clone(),
            origin: request.headers.get("origin").map(str::to_owned),
            preflight: (request.method == "OPTIONS").then(preflight).flatten(),
            answered_early,
            upgrade: Upgrade::of(request),
            bosh: None,
        }
    }

    /// A response to this exchange is to come.
    pub(super) fn wait(&mut self, exchange: &Arc<Exchange>) {
        self.conns.entry(exchange.conn).or_default().waiting.push_back(Arc::clone(exchange));
    }

    /// The exchange that a response ends. None if it is interim, or its request has not been seen to its end.
    pub(super) fn end(&mut self, conn: u64, response: &Response) -> Option<Arc<Exchange>> {
        if (100..200).contains(&response.status) && response.status != 101 {
            return None;
        }
        let number = response.answers?;
        let connection = self.conns.get_mut(&conn)?;
        let before = usize::try_from(number.checked_sub(connection.first)?).unwrap_or(usize::MAX);
        connection.waiting.drain(..before.min(connection.waiting.len()));
        connection.first = number.saturating_add(1);
        connection.waiting.pop_front()
    }

    /// One side sent the last byte of a connection. `together`: the other one had done so as well when this was observed.
    pub(super) fn leave(&mut self, conn: u64, by: Side, together: bool, at: Duration) {
        let connection = self.conns.entry(conn).or_default();
        connection.together |= together && connection.left.is_none();
        connection.left.get_or_insert((by, at));
    }

    /// Forgets a connection that is gone, or of which a part was not observed. What waits there, waits in vain.
    pub(super) fn remove(&mut self, conn: u64) -> Option<Box<Connection>> {
        self.conns.remove(&conn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::event::{Content, Headers};

    fn request(method: &str, headers: &[(&str, &str)]) -> Request {
        let mut lines = Headers::default();
        for (name, value) in headers {
            lines.push(name, value);
        }
        Request {
            first: Duration::ZERO,
            method: method.to_owned(),
            target: "/http-bind".to_owned(),
            version: 1,
            headers: lines,
            content: Content::default(),
        }
    }

    fn response(status: u16, answers: Option<u64>) -> Response {
        Response {
            first: Duration::ZERO,
            answers,
            version: 1,
            status,
            reason: String::new(),
            headers: Headers::default(),
            content: Content::default(),
            own: false,
        }
    }

    /// Begins an exchange on a connection, and waits.
    fn begin(exchanges: &mut Exchanges, conn: u64) -> u64 {
        let exchange = Arc::new(exchanges.begin(conn, Duration::ZERO, &request("POST", &[])));
        exchanges.wait(&exchange);
        exchange.number
    }

    #[test]
    fn responses_are_paired_by_their_connection_and_place() {
        let mut exchanges = Exchanges::default();
        let numbers = [1, 2, 1].map(|conn| begin(&mut exchanges, conn));
        assert_eq!((numbers, exchanges.count()), ([1, 2, 3], 3));
        let mut end = |conn, status, answers| {
            exchanges.end(conn, &response(status, answers)).map(|exchange| exchange.number)
        };
        assert_eq!(end(1, 100, Some(0)), None, "interim");
        assert_eq!(end(1, 200, None), None, "asked for by nobody");
        assert_eq!(end(2, 101, Some(0)), Some(2), "a switch of protocols is final");
        assert_eq!(end(1, 200, Some(1)), Some(3), "the response before it was not seen");
        assert_eq!(end(1, 200, Some(1)), None);
        assert_eq!(end(3, 200, Some(0)), None);
        assert_eq!(end(1, 200, Some(u64::MAX)), None);
    }

    #[test]
    fn a_request_that_ends_after_its_response_was_answered_early() {
        let mut exchanges = Exchanges::default();
        begin(&mut exchanges, 1);
        assert!(exchanges.end(1, &response(200, Some(0))).is_some());
        assert!(exchanges.end(1, &response(413, Some(1))).is_none());
        assert!(exchanges.begin(1, Duration::ZERO, &request("POST", &[])).answered_early);
        assert!(!exchanges.begin(1, Duration::ZERO, &request("POST", &[])).answered_early);
    }

    #[test]
    fn what_a_browser_says_is_kept() {
        let mut exchanges = Exchanges::default();
        let headers = [("Origin", "http://a"), ("Access-Control-Request-Method", "POST")];
        let mut begin = |method| exchanges.begin(1, Duration::ZERO, &request(method, &headers));
        let options = begin("OPTIONS");
        assert_eq!(options.origin.as_deref(), Some("http://a"));
        assert_eq!(options.preflight.as_deref(), Some("POST"));
        assert_eq!(begin("POST").preflight, None);
    }

    #[test]
    fn who_ends_a_connection_first_has_left() {
        let mut exchanges = Exchanges::default();
        begin(&mut exchanges, 1);
        exchanges.leave(1, Side::Server, false, Duration::from_secs(1));
        exchanges.leave(1, Side::Client, false, Duration::from_secs(2));
        let left = Some((Side::Server, Duration::from_secs(1)));
        assert_eq!(exchanges.left(1), left);
        let gone = exchanges.remove(1).unwrap();
        assert_eq!((gone.left(), gone.waiting.len()), (left, 1));
        assert_eq!(exchanges.left(1), None);
        assert!(exchanges.remove(1).is_none());
    }
}
