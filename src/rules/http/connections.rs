//! Connections that end within a request or before the response, and responses without a request.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::view::HttpView;
use super::words::{from_server, rid};
use crate::bosh::Body;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::idle::fits;
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{nth, short};
use crate::trace::{Content, Exchange, Fact, How, Reading, Request, Response, Session};
use crate::wire::Side;
use crate::xml::{self, Limits};

/// What ends a connection this soon after a request does not wait for anything.
const SOON: Duration = Duration::from_millis(100);

/// Judges connections that end within a request or before the response, and responses without a request.
#[derive(Debug, Default)]
pub struct Connections {
    /// Connections of which something is known that affects what their end means.
    known: FxHashMap<u64, Course>,
    /// How many connections in a row ended with their first request, and without an answer.
    in_vain: u32,
    /// A request was answered as BOSH is.
    served: bool,
}

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened, in any order
struct Course {
    /// The target failed, which was reported: what ends because of it is not reported again.
    failed: bool,
    /// Messages were not recorded or could not be read, so a response may have had its request.
    unseen: bool,
    /// It ended within a request, which was reported: such a request gets no response.
    cut: bool,
    /// Something was answered on it.
    answered: bool,
    /// How client and server ended it.
    how: [Option<How>; 2],
}

impl Rule for Connections {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        match &moment.event.fact {
            Fact::Failed { .. } => self.known.entry(conn).or_default().failed = true,
            Fact::Lost { .. } => {
                let known = self.known.entry(conn).or_default();
                (known.unseen, known.answered) = (true, true);
            }
            // What came in place of a request, which was reported, may be answered.
            Fact::Raw(raw) if raw.from == Side::Client => {
                self.known.entry(conn).or_default().unseen = true;
            }
            Fact::Ended { by, how, .. } => {
                self.known.entry(conn).or_default().how[*by as usize].get_or_insert(*how);
            }
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
            Fact::Response(response) => {
                self.in_vain = 0;
                let reading = moment.message().map(|message| &message.reading);
                self.served |= response.status == 200 && matches!(reading, Some(Reading::Body(_)));
                let known = self.known.entry(conn).or_default();
                known.answered = true;
            }
            Fact::Closed { stopped, .. } => {
                let course = self.known.remove(&conn).unwrap_or_default();
                if !stopped {
                    self.closed(moment, &course, found);
                }
            }
            _ => {}
        }
    }
}

/// Whether all of a `<body/>` is there.
fn is_whole(content: &Content) -> bool {
    let limits = Limits::default();
    content.undecoded.is_none()
        && xml::parse(&content.bytes, &limits).is_ok_and(|root| Body::new(root).is_ok())
}

impl Connections {
    /// A request that is incomplete.
    fn cut(&mut self, request: &Request, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        let Some(HttpView { exchange, expects_bosh, .. }) = moment.http() else { return };
        // A client that has the response, or the cause, has no reason to send the rest.
        let settled =
            exchange.answered_early || self.known.get(&conn).is_some_and(|known| known.failed);
        if settled || !expects_bosh {
            return;
        }
        let came = request.content.size;
        let length = request.headers.get("content-length");
        let of = length.map(|length| format!(" of {}", short(length))).unwrap_or_default();
        let left = moment.story.left(conn);
        let waited = left.map(|(_, at)| at.saturating_sub(request.first)).unwrap_or_default();
        let ended = match left {
            Some((side, _)) if waited >= SOON => {
                format!("The {} closed the connection after {}", side.name(), words(waited))
            }
            Some((side, _)) => format!("The {} closed the connection", side.name()),
            None => "The connection ended".to_owned(),
        };
        let (party, why) = match left {
            _ if length.is_some() && is_whole(&request.content) => (
                Party::Client,
                " The content is whole all the same, so the client announces more in Content-Length than it sends, and \
                 servers wait for the rest.",
            ),
            Some((Side::Client, _)) => {
                (Party::Client, " That happens on a reload, a closed page or a change of network.")
            }
            Some((Side::Server, _)) => (Party::Server, ""),
            None => (Party::Nobody, ""),
        };
        let words = format!("{ended} within a request: {came}{of} B arrived.{why}");
        self.known.entry(conn).or_default().cut = true;
        found.add(&kinds::REQUEST_CUT, None, Level::Warning, party, words);
    }

    /// Requests whose connection was lost before their response arrived.
    fn closed(&mut self, moment: &Moment<'_>, course: &Course, found: &mut Findings) {
        // The request that is not whole was reported.
        let mut abandoned = &moment.effect.abandoned[..];
        if course.cut {
            abandoned = abandoned.split_last().map(|(_, before)| before).unwrap_or_default();
        }
        for exchange in abandoned.iter().filter(|exchange| moment.expects_bosh(exchange)) {
            let session = exchange.session().and_then(|id| moment.story.session(id));
            let (by, at) = moment.gone();
            let held = at.saturating_sub(exchange.at);
            match by {
                Some(Side::Client) => gave_up(exchange, held, session, course, found),
                _ if course.failed => {}
                Some(Side::Server) => {
                    if !course.answered {
                        self.in_vain = self.in_vain.saturating_add(1);
                    }
                    let before = found.len();
                    let fresh = Fresh { in_vain: self.in_vain, served: self.served };
                    unanswered(exchange, held, session, course, &fresh, found);
                    if !course.answered {
                        found.thread(before, "first requests without an answer");
                    }
                }
                None => lost(exchange, held, found),
            }
        }
    }
}

/// A response without a request.
fn unasked(response: &Response, found: &mut Findings) {
    let status = response.status;
    let from = from_server(response);
    if status == 408 {
        let words = format!(
            "HTTP 408{from} on an idle connection: the server stopped waiting for a request. \
             Nothing was lost."
        );
        return found.add(&kinds::UNASKED_ANSWER, None, Level::Note, Party::Server, words);
    }
    let words = format!(
        "The server sent a response without a request: HTTP {status}{from}, {} B. The client may \
         take it for the response to its next request.",
        response.content.size
    );
    let id = "bosh-http-conformance";
    found.add(&kinds::UNASKED_ANSWER, id, Level::Warning, Party::Server, words);
}

fn gave_up(
    exchange: &Exchange,
    held: Duration,
    session: Option<&Session>,
    course: &Course,
    found: &mut Findings,
) {
    let rid = rid(exchange);
    let wait = session.and_then(Session::wait);
    if course.how[Side::Client as usize] == Some(How::TimedOut) {
        let words = format!(
            "The network has lost the client {} after {rid} arrived: it answers no packet any more (time-out of TCP), as when \
             a phone loses its network or a computer sleeps.",
            words(held)
        );
        return found.add(&kinds::CLIENT_GAVE_UP, None, Level::Note, Party::Nobody, words);
    }
    let closed =
        format!("The client closed the connection after {} while {rid} was held", words(held));
    match wait {
        Some(wait) if held.as_secs_f64() > wait as f64 * 1.05 => {
            let words = format!(
                "{closed}; wait is {wait}, so the response was overdue. strophe.js gives up after \
                 1.1 × wait and sends the same rid again."
            );
            let id = "bosh-wait-not-exceeded";
            found.add(&kinds::CLIENT_GAVE_UP, id, Level::Warning, Party::Server, words);
        }
        _ => {
            let lives = session.filter(|session| !session.over).and_then(Session::inactivity);
            let lives = lives
                .map(|seconds| format!(" The session stays open for {seconds} s (inactivity)."))
                .unwrap_or_default();
            let words =
                format!("{closed}, as on a reload, a closed page or a change of network.{lives}");
            found.add(&kinds::CLIENT_GAVE_UP, None, Level::Note, Party::Nobody, words);
        }
    }
}

/// What is known where a new connection ends with its first request.
struct Fresh {
    /// How many in a row did.
    in_vain: u32,
    /// BOSH was answered on another one.
    served: bool,
}

fn unanswered(
    exchange: &Exchange,
    held: Duration,
    session: Option<&Session>,
    course: &Course,
    fresh: &Fresh,
    found: &mut Findings,
) {
    let rid = rid(exchange);
    let how = course.how[Side::Server as usize].unwrap_or(How::Fin);
    if how == How::TimedOut {
        let words = format!(
            "The network has lost the server {} after {rid} arrived: it answers no packet any more (time-out of TCP). A \
             firewall or NAT on the way may have forgotten the connection, or the machine is gone.",
            words(held)
        );
        return found.add(&kinds::NO_ANSWER, None, Level::Error, Party::Nobody, words);
    }
    let did = how.past();
    if held < SOON && !course.answered {
        let why = if fresh.served {
            "BOSH was answered before, so the port is right: the server may be restarting, or crash on this request. Check its \
             log."
        } else {
            "A port that expects something else, such as TLS or XMPP over TCP, does that, and so does a server that crashes. \
             Check the scheme (https://) and port of the target, then the server's log."
        };
        let times = match fresh.in_vain {
            0 | 1 => String::new(),
            times => format!(" This is the {} time in a row.", nth(times)),
        };
        let words = format!(
            "The server's side {did} a new connection {} after its first request ({rid}), without a response: that is no \
             race of an idle connection.{times} {why}",
            words(held)
        );
        return found.add(
            &kinds::NO_ANSWER,
            "bosh-respond-200",
            Level::Error,
            Party::Nobody,
            words,
        );
    }
    if held < SOON {
        let words = format!(
            "The server {did} the connection {} after {rid} arrived, without a response. If the \
             connection had been idle, this is a race; browsers then send the request again.",
            words(held)
        );
        return found.add(&kinds::NO_ANSWER, None, Level::Warning, Party::Server, words);
    }
    if let Some(usual) = fits(held)
        && session.and_then(Session::wait).is_some_and(|wait| wait >= usual.as_secs())
    {
        let words = format!(
            "The server's side {did} the connection after {} without a response to {rid}, which fits a timeout of {} s \
             in between (reverse proxy, load balancer) that is not longer than wait. Raise it, or let the client request a \
             shorter wait.",
            words(held),
            usual.as_secs()
        );
        let id = "bosh-respond-200";
        return found.add(&kinds::NO_ANSWER, id, Level::Error, Party::Between, words);
    }
    let words = format!(
        "The server {did} the connection after {} without a response to {rid}. The cause may be a \
         crash, or a timeout of something in front of the connection manager; the client will send \
         the request again.",
        words(held)
    );
    found.add(&kinds::NO_ANSWER, "bosh-respond-200", Level::Error, Party::Server, words);
}

/// It is not known which side ended the connection, so no side is named.
fn lost(exchange: &Exchange, held: Duration, found: &mut Findings) {
    let words = format!(
        "The connection was lost {} after {} arrived, without a response; it is not known which side \
         closed it first. A client that is still there sends the request again.",
        words(held),
        rid(exchange)
    );
    found.add(&kinds::NO_ANSWER, None, Level::Warning, Party::Nobody, words);
}

#[cfg(test)]
#[path = "connections_tests.rs"]
mod tests;
