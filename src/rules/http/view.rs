//! What a rule on HTTP sees of a moment: a request or a response of a known exchange.

use std::time::Duration;

use crate::rules::moment::Moment;
use crate::trace::{Content, Exchange, Fact, Reading, Request, Response, Session, Stanza};
use crate::wire::Side;

/// A request or a response of a known exchange.
#[derive(Debug, Clone, Copy)]
pub struct HttpView<'a> {
    /// The exchange it is part of.
    pub exchange: &'a Exchange,
    /// Which part of it.
    pub part: HttpPart<'a>,
    /// What its content is.
    pub reading: &'a Reading,
    /// The stanzas in its content.
    pub stanzas: &'a [Stanza],
    /// The session it belongs to, if its content names one.
    pub session: Option<&'a Session>,
    /// Whether the exchange has to be BOSH.
    pub expects_bosh: bool,
}

/// A part of an exchange.
#[derive(Debug, Clone, Copy)]
pub enum HttpPart<'a> {
    /// The request.
    Request(&'a Request),
    /// The response, and how long its request was held; none if it came before the end of the request.
    Response(&'a Response, Option<Duration>),
}

impl<'a> HttpView<'a> {
    /// Who sent it.
    pub fn from(&self) -> Side {
        match self.part {
            HttpPart::Request(_) => Side::Client,
            HttpPart::Response(..) => Side::Server,
        }
    }

    /// Its content.
    pub fn content(&self) -> &'a Content {
        match self.part {
            HttpPart::Request(request) => &request.content,
            HttpPart::Response(response, _) => &response.content,
        }
    }
}

impl<'a> Moment<'a> {
    /// The request or the response, if the event is one of a known exchange.
    pub fn http(&self) -> Option<HttpView<'a>> {
        let message = self.message()?;
        let exchange = message.exchange.as_deref()?;
        let part = match &self.event.fact {
            Fact::Request(request) => HttpPart::Request(request),
            Fact::Response(response) => HttpPart::Response(response, message.held),
            _ => return None,
        };
        Some(HttpView {
            exchange,
            part,
            reading: &message.reading,
            stanzas: &message.stanzas,
            session: self.session(),
            expects_bosh: self.expects_bosh(exchange),
        })
    }
}
