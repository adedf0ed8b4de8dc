//! What a rule on BOSH sees of a moment: a request or a response that belongs to a session.

use std::time::Duration;

use crate::bosh::{Body, BodyType};
use crate::rules::moment::Moment;
use crate::trace::{BoshLink, BoshRequest, Exchange, Fact, Reading, Request, Response, Session};

/// A request or a response in a BOSH session.
#[derive(Debug, Clone, Copy)]
pub enum BoshView<'a> {
    /// A request, which is a `<body/>`.
    Request(RequestView<'a>),
    /// Its response.
    Response(ResponseView<'a>),
}

/// A request in a BOSH session.
#[derive(Debug, Clone, Copy)]
pub struct RequestView<'a> {
    /// The request.
    pub http: &'a Request,
    /// Its content.
    pub body: &'a Body,
    /// The exchange that it begins.
    pub exchange: &'a Exchange,
    /// What it requests of the connection manager.
    pub asks: &'a BoshRequest,
    /// The session it belongs to.
    pub session: &'a Session,
    /// What is known of the session in BOSH.
    pub link: &'a BoshLink,
}

/// A response in a BOSH session. It may be anything: a `<body/>`, another status, a web page.
#[derive(Debug, Clone, Copy)]
pub struct ResponseView<'a> {
    /// When its last byte passed.
    pub at: Duration,
    /// The response.
    pub http: &'a Response,
    /// What its content is.
    pub reading: &'a Reading,
    /// How long the request was held; none if the response came before the end of the request.
    pub held: Option<Duration>,
    /// The exchange that it ends.
    pub exchange: &'a Exchange,
    /// What the request requested of the connection manager.
    pub asked: &'a BoshRequest,
    /// The session it belongs to.
    pub session: &'a Session,
    /// What is known of the session in BOSH.
    pub link: &'a BoshLink,
}

impl<'a> BoshView<'a> {
    /// The session it belongs to.
    pub fn session(&self) -> &'a Session {
        match self {
            Self::Request(request) => request.session,
            Self::Response(response) => response.session,
        }
    }

    /// What is known of the session in BOSH.
    pub fn link(&self) -> &'a BoshLink {
        match self {
            Self::Request(request) => request.link,
            Self::Response(response) => response.link,
        }
    }

    /// The `<body/>`, if its content is one.
    pub fn body(&self) -> Option<&'a Body> {
        match self {
            Self::Request(request) => Some(request.body),
            Self::Response(response) => response.body(),
        }
    }
}

impl<'a> ResponseView<'a> {
    /// The `<body/>`, if its content is one.
    pub fn body(&self) -> Option<&'a Body> {
        match self.reading {
            Reading::Body(body) => Some(body),
            _ => None,
        }
    }

    /// The `<body/>` of a good response: a 200 that neither ends the session nor reports an error.
    pub fn good(&self) -> Option<&'a Body> {
        self.body().filter(|body| self.http.status == 200 && body.kind() == BodyType::Ordinary)
    }
}

impl<'a> Moment<'a> {
    /// The request or the response, if it belongs to a BOSH session.
    pub fn bosh(&self) -> Option<BoshView<'a>> {
        let message = self.message()?;
        let exchange = message.exchange.as_deref()?;
        let bosh = exchange.bosh.as_ref()?;
        let session = self.session()?;
        let link = session.bosh()?;
        match (&self.event.fact, &message.reading) {
            (Fact::Request(http), Reading::Body(body)) => {
                let asks = bosh;
                let view = RequestView { http, body, exchange, asks, session, link };
                Some(BoshView::Request(view))
            }
            (Fact::Response(http), reading) => {
                let (at, held, asked) = (self.event.at, message.held, bosh);
                let view = ResponseView { at, http, reading, held, exchange, asked, session, link };
                Some(BoshView::Response(view))
            }
            _ => None,
        }
    }

    /// The request, if it belongs to a BOSH session.
    pub fn bosh_request(&self) -> Option<RequestView<'a>> {
        match self.bosh()? {
            BoshView::Request(request) => Some(request),
            BoshView::Response(_) => None,
        }
    }

    /// The BOSH requests that will not get a response, because their connection is gone.
    pub fn abandoned(&self) -> impl Iterator<Item = (&'a Exchange, &'a BoshRequest)> + use<'a> {
        let exchanges = self.effect.abandoned.iter();
        exchanges.filter_map(|exchange| Some((&**exchange, exchange.bosh.as_ref()?)))
    }
}
