//! Connections that end within a request or before the answer, and answers that belong to no request.

use std::collections::HashMap;
use std::time::Duration;

use super::view::HttpView;
use super::words::{from_server, rid};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Exchange, Fact, Request, Response, Session};
use crate::wire::Side;

/// Connections that end within a request, or before the answer; answers that belong to no request.
#[derive(Debug, Default)]
pub struct Connections {
    /// Connections of which something is known that decides what their end means.
    known: HashMap<u64, Course>,
}

#[derive(Debug, Default)]
struct Course {
    /// The target failed, which was said: what ends because of it is not said again.
    failed: bool,
    /// Messages passed unseen, so an answer may have had its request.
    unseen: bool,
}

impl Rule for Connections {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        match &moment.event.fact {
            Fact::Failed { .. } => self.known.entry(conn).or_default().failed = true,
            Fact::Lost { .. } => self.known.entry(conn).or_default().unseen = true,
            Fact::Request(request) if request.content.cut => self.cut(request, moment, found),
            Fact::Response(response) if response.own => {
                self.known.entry(conn).or_default().failed = true;
            }
            Fact::Response(response)
                if response.answers.is_none()
                    && response.status >= 200
                    && !self.known.get(&conn).is_some_and(|course| course.unseen) =>
            {
                unasked(response, found);
            }
            Fact::Closed { stopped, .. } => {
                let course = self.known.remove(&conn).unwrap_or_default();
                if !stopped {
                    closed(moment, &course, found);
                }
            }
            _ => {}
        }
    }
}

impl Connections {
    /// A request that did not come to its end.
    fn cut(&self, request: &Request, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        let Some(HttpView { exchange, expects_bosh, .. }) = moment.http() else { return };
        // With the answer, or the cause, at hand a client has no reason to send the rest.
        let settled =
            exchange.answered_early || self.known.get(&conn).is_some_and(|known| known.failed);
        if settled || !expects_bosh {
            return;
        }
        let came = request.content.size;
        let of = request.headers.get("content-length");
        let of = of.map(|length| format!(" of {}", short(length))).unwrap_or_default();
        let words = format!("The connection ended within a request: {came}{of} B came.");
        let party = match moment.story.left(conn) {
            Some((Side::Server, _)) => Party::Server,
            _ => Party::Client,
        };
        found.add(&kinds::REQUEST_CUT, None, Level::Warning, party, words);
    }
}

/// An answer without a request.
fn unasked(response: &Response, found: &mut Findings) {
    let status = response.status;
    let from = from_server(response);
    if status == 408 {
        let words = format!(
            "HTTP 408{from} on an idle connection: the server waited for a request and gives up. \
             Nothing is lost by it."
        );
        return found.add(&kinds::UNASKED_ANSWER, None, Level::Note, Party::Server, words);
    }
    let words = format!(
        "An answer that nobody asked for: HTTP {status}{from}, {} B. A client may take it for the \
         answer to its next request.",
        response.content.size
    );
    let id = "bosh-http-conformance";
    found.add(&kinds::UNASKED_ANSWER, id, Level::Warning, Party::Server, words);
}

/// Requests whose connection went away before their answer came.
fn closed(moment: &Moment<'_>, course: &Course, found: &mut Findings) {
    let (by, at) = moment.gone();
    for exchange in moment.effect.abandoned.iter().filter(|exchange| moment.expects_bosh(exchange))
    {
        let session = exchange.session().and_then(|id| moment.story.session(id));
        let held = at.saturating_sub(exchange.at);
        match by {
            Some(Side::Client) => gave_up(exchange, held, session, found),
            _ if course.failed => {}
            _ => unanswered(exchange, held, by.is_some(), found),
        }
    }
}

fn gave_up(exchange: &Exchange, held: Duration, session: Option<&Session>, found: &mut Findings) {
    let rid = rid(exchange);
    let wait = session.and_then(Session::wait);
    let closed =
        format!("The client closed the connection after {} while {rid} was held", words(held));
    match wait {
        Some(wait) if held.as_secs_f64() > wait as f64 * 1.05 => {
            let words = format!(
                "{closed}; wait is {wait}, so its answer was overdue. strophe.js gives up after \
                 1.1 × wait and sends the same rid again."
            );
            let id = "bosh-wait-not-exceeded";
            found.add(&kinds::CLIENT_GAVE_UP, id, Level::Warning, Party::Server, words);
        }
        _ => {
            let lives = session.filter(|session| !session.over).and_then(Session::inactivity);
            let lives = lives
                .map(|seconds| format!(" The session lives on for {seconds} s (inactivity)."))
                .unwrap_or_default();
            let words = format!("{closed}: a reload, a closed page or another network.{lives}");
            found.add(&kinds::CLIENT_GAVE_UP, None, Level::Note, Party::Nobody, words);
        }
    }
}

fn unanswered(exchange: &Exchange, held: Duration, known: bool, found: &mut Findings) {
    let rid = rid(exchange);
    if held.as_millis() < 100 && known {
        let words = format!(
            "The server closed the connection {} after {rid} came, without an answer. If it had \
             been idle, that is a race; browsers then send the request again.",
            words(held)
        );
        return found.add(&kinds::NO_ANSWER, None, Level::Warning, Party::Server, words);
    }
    let words = format!(
        "{} after {} without answering {rid}. The client will send it again; a time-out of \
         something before the connection manager, or a crash, does this.",
        if known { "The server closed the connection" } else { "The connection was lost" },
        words(held)
    );
    found.add(&kinds::NO_ANSWER, "bosh-respond-200", Level::Error, Party::Server, words);
}

#[cfg(test)]
#[path = "connections_tests.rs"]
mod tests;
