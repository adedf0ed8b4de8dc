//! How an actor reaches the server: the client of a carrier, with the connections that it uses. BOSH is the one carrier
//! there is; what stands here is what another would bring along too.

use std::time::Duration;

use super::wire::{ConnId, SentId, Wire};
use crate::client::bosh::{Action, Book, Request, Session};
use crate::xml::Element;

/// A BOSH session over connections of HTTP.
#[derive(Debug)]
pub(super) struct Link {
    session: Session,
    /// Connections that it uses again.
    conns: Vec<ConnId>,
    /// All that was sent in its session, by whomever.
    sent: Vec<SentId>,
    /// Requests on their way whose responses no step awaits.
    flights: Vec<Flight>,
}

/// A request on its way.
#[derive(Debug, Clone, Copy)]
struct Flight {
    id: SentId,
    /// The rid of one that the session has decided on, and which sending of it this is.
    request: Option<(u64, u32)>,
}

/// What came on a link that no step awaits.
#[derive(Debug)]
pub(super) enum Arrival {
    /// The response to a request of which the session knows nothing.
    Response(SentId),
    /// An element that the session delivers, with the response that it came with.
    Element(SentId, Element),
}

impl Link {
    /// Without a session.
    pub(super) fn new() -> Self {
        Self {
            session: Session::manual(Book::default()),
            conns: Vec::new(),
            sent: Vec::new(),
            flights: Vec::new(),
        }
    }

    /// A session begins, with requests that are made by hand.
    pub(super) fn begin(&mut self, book: Book) {
        self.session = Session::manual(book);
        self.sent.clear();
    }

    /// From now on a request is kept open.
    pub(super) fn automate(&mut self) {
        self.session.automate();
    }

    pub(super) fn book(&self) -> &Book {
        self.session.book()
    }

    pub(super) fn book_mut(&mut self) -> &mut Book {
        self.session.book_mut()
    }

    /// Whether a session is open, as far as the client knows.
    pub(super) fn is_alive(&self) -> bool {
        self.session.sid().is_some() && !self.session.is_over()
    }

    pub(super) fn is_over(&self) -> bool {
        self.session.is_over()
    }

    /// Whether one more request may be open.
    pub(super) fn has_room(&self) -> bool {
        self.session.has_room()
    }

    /// The latest request on its way whose response no step awaits.
    pub(super) fn latest_flight(&self) -> Option<SentId> {
        self.flights.last().map(|flight| flight.id)
    }

    /// Something is sent in its session.
    pub(super) fn enter(&mut self, id: SentId) {
        self.sent.push(id);
    }

    /// All that was sent in its session, in order.
    pub(super) fn all_sent(&self) -> &[SentId] {
        &self.sent
    }

    /// The request that brings this content at once.
    pub(super) fn send_now(&mut self, content: &str, now: Duration) -> Vec<Request> {
        let mut actions = Vec::new();
        self.session.send_now(content, now, &mut actions);
        requests(actions)
    }

    /// What the session sends by itself now.
    pub(super) fn settle(&mut self, now: Duration) -> Vec<Request> {
        let mut actions = Vec::new();
        self.session.settle(now, &mut actions);
        requests(actions)
    }

    /// The session sends no empty request by itself before this time.
    pub(super) fn rest_until(&mut self, time: Duration) {
        self.session.rest_until(time);
    }

    /// When [`Link::settle`] is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }

    /// No step awaits the response to this; with the request, if the session has decided on it.
    pub(super) fn fly(&mut self, id: SentId, request: Option<&Request>) {
        let request = request.map(|request| (request.rid, request.sending));
        self.flights.push(Flight { id, request });
    }

    /// What has come for requests on their way.
    pub(super) fn arrivals(&mut self, wire: &Wire) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for flight in std::mem::take(&mut self.flights) {
            let progress = wire.progress(flight.id);
            match (progress.got, flight.request) {
                (Some(_), None) => arrivals.push(Arrival::Response(flight.id)),
                (Some(got), Some((rid, sending))) => {
                    let (status, content) = (got.response.status, &got.response.content.bytes);
                    let mut actions = Vec::new();
                    self.session.response(rid, sending, status, content, got.at, &mut actions);
                    arrivals.extend(actions.into_iter().filter_map(|action| match action {
                        Action::Deliver(element) => Some(Arrival::Element(flight.id, element)),
                        _ => None,
                    }));
                }
                (None, request) => match (progress.ended, request) {
                    (Some(ended), Some((rid, sending))) => {
                        self.session.lost(rid, sending, ended.at);
                    }
                    (Some(_), None) => {}
                    (None, _) => self.flights.push(flight),
                },
            }
        }
        arrivals
    }

    /// A connection that may carry a request now, and is not this one.
    pub(super) fn free_conn(&self, wire: &Wire, not: Option<ConnId>) -> Option<ConnId> {
        self.conns.iter().copied().find(|&conn| Some(conn) != not && wire.is_free(conn))
    }

    pub(super) fn free_conns(&self, wire: &Wire) -> usize {
        self.conns.iter().filter(|&&conn| wire.is_free(conn)).count()
    }

    /// This connection is used again.
    pub(super) fn keep_conn(&mut self, conn: ConnId) {
        self.conns.push(conn);
    }
}

fn requests(actions: Vec<Action>) -> Vec<Request> {
    let sent = actions.into_iter().filter_map(|action| match action {
        Action::Send(request) => Some(request),
        _ => None,
    });
    sent.collect()
}
