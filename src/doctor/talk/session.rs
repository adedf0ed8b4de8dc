//! A session of BOSH of ours that nobody logs in to, request by request.

use std::net::SocketAddr;
use std::time::Duration;

use super::http::{Got, Http, Request, What, findings};
use crate::bosh::{Body, BodyType};
use crate::client::bosh::{Book, Terms, Wrapper, first_rid};
use crate::doctor::context::Context;
use crate::doctor::endpoint::Endpoint;
use crate::rules::Finding;
use crate::trace::{Event, Reading};

/// A session of BOSH that nobody logs in to.
pub struct Session<'a> {
    context: &'a Context,
    endpoint: &'a Endpoint,
    book: Book,
    /// Another session was granted the same sid.
    repeated: bool,
    /// The origin of the page; none if it is a native client.
    origin: Option<&'a str>,
    /// What was seen of it, secrets hidden.
    seen: Vec<Event>,
}

/// The answer to a request of a session.
pub enum Reply {
    /// As it should be.
    Body(Box<Body>),
    /// It is none.
    Other(Got),
}

impl Reply {
    /// What came of a request, if it is a body of a session that goes on.
    pub fn of(got: Got) -> Self {
        match got.what {
            What::Response(response, Reading::Body(body))
                if response.status == 200 && body.kind() == BodyType::Ordinary =>
            {
                Self::Body(body)
            }
            what => Self::Other(Got { what, ..got }),
        }
    }
}

impl<'a> Session<'a> {
    /// Opens one on this connection, with this `wait`, as a page does.
    pub async fn open(
        context: &'a Context,
        endpoint: &'a Endpoint,
        http: &mut Http<'_>,
        wait: u64,
    ) -> (Self, Got) {
        Self::open_as(context.settings.origin.as_deref(), context, endpoint, http, wait).await
    }

    /// The same as a page of this origin does, or as a native client.
    pub async fn open_as(
        origin: Option<&'a str>,
        context: &'a Context,
        endpoint: &'a Endpoint,
        http: &mut Http<'_>,
        wait: u64,
    ) -> (Self, Got) {
        let rid = first_rid(context.number());
        let terms = Terms { wait: Some(wait), ..Terms::new(&*context.settings.domain) };
        let mut book = Book::new(rid, None);
        book.ask(terms.creation(rid));
        let mut session =
            Self { context, endpoint, book, repeated: false, origin, seen: Vec::new() };
        let creation = session.book.asked().clone();
        session.book.mark_used(rid);
        let request = session.request(&creation).with("Accept-Encoding", "gzip, deflate, br");
        let got = http.ask(&request).await;
        if let What::Response(response, Reading::Body(body)) = &got.what
            && response.status == 200
            && body.kind() == BodyType::Ordinary
        {
            session.book.open((**body).clone());
            session.repeated = session.book.sid().is_some_and(|sid| !context.is_new(sid));
        }
        (session, got)
    }

    /// Where it is.
    pub fn endpoint(&self) -> &Endpoint {
        self.endpoint
    }

    /// Whether it was granted.
    pub fn is_open(&self) -> bool {
        self.book.sid().is_some_and(|sid| !sid.is_empty())
    }

    /// Whether another session was granted the same sid.
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// What was granted.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// A request as a page sends it.
    fn request(&self, body: &Wrapper) -> Request {
        Request::bosh(&self.endpoint.address.path, body.to_xml()).from(self.origin)
    }

    /// The next request, empty.
    pub fn poll(&mut self) -> Request {
        let body = self.book.draft();
        self.book.mark_used(self.book.rids().next());
        self.request(&body)
    }

    /// What was seen on a connection of it.
    pub fn keep(&mut self, seen: Vec<Event>) {
        self.seen.extend(seen);
    }

    /// What the rules say of it.
    pub fn findings(&self) -> Vec<Finding> {
        findings(self.seen.clone())
    }

    /// Ends it. Whether anybody hears of that is of no interest.
    pub async fn end(&mut self, at: SocketAddr) {
        if !self.is_open() || self.book.is_over() {
            return;
        }
        let body = self.book.draft().with("type", "terminate");
        let request = self.request(&body);
        if let Ok(mut http) = Http::open(self.context, self.endpoint, at).await {
            let sent = http.send(&request).await;
            http.receive(sent, Duration::from_secs(2)).await;
            self.keep(http.finish().await);
        }
    }
}
