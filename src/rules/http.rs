//! The HTTP below BOSH: status, redirects, pages in place of answers (XEP-0124 §17.1), and connections that
//! fail, break off or speak something else.

use std::collections::HashMap;
use std::time::Duration;

use super::memory::PerSession;
use super::status::{self, Refusal};
use super::words::{from_server, is_page, page, rid, short};
use super::{Findings, Level, Moment, Party, Rule};
use crate::bosh::NotBody;
use crate::clock::words;
use crate::trace::{Exchange, Fact, Raw, Reading, Request, Response, Session};
use crate::wire::Side;

/// Request sizes remembered until their answer comes.
const PENDING: usize = 8;

/// Judges messages as HTTP.
#[derive(Debug, Default)]
pub(super) struct Http {
    sessions: PerSession<Known>,
}

/// What is known of the answers in a session.
#[derive(Debug, Default)]
struct Known {
    /// `Server` of the last good answer.
    server: Option<String>,
    /// Exchange, size and stanzas of requests that wait for their answer.
    pending: Vec<(u64, u64, usize)>,
    /// Size of the largest request that got a good answer.
    largest: u64,
}

impl Rule for Http {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        match &moment.event.fact {
            Fact::Request(_) => self.request(moment, found),
            Fact::Response(response) => self.response(response, moment, found),
            Fact::Failed { cause } => failed(cause, found),
            Fact::Raw(raw) => not_http(raw, found),
            Fact::Lost { messages, bytes } => {
                let words = format!(
                    "{messages} messages ({bytes} B) passed unseen, because reading them here was \
                     too slow. They reached the other side; what is said next may lack them."
                );
                found.add("unobserved", None, Level::Warning, Party::Nobody, words);
            }
            _ => {}
        }
    }
}

impl Http {
    fn request(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let (Some(message), Fact::Request(request)) = (moment.message(), &moment.event.fact) else {
            return;
        };
        let Some(exchange) = &message.exchange else { return };
        if exchange.is_bosh() && exchange.method != "POST" {
            let words = format!(
                "{} came with {}, BOSH is spoken with POST.",
                rid(exchange),
                exchange.method
            );
            found.add("not-post", "bosh-client-post-only", Level::Error, Party::Client, words);
        }
        if let Some(id) = message.session {
            let known = self.sessions.of(id, moment.story);
            if known.pending.len() >= PENDING {
                known.pending.remove(0);
            }
            known.pending.push((exchange.number, request.content.size, message.stanzas.len()));
        }
    }

    fn response(&mut self, response: &Response, moment: &Moment<'_>, found: &mut Findings) {
        let Some(message) = moment.message() else { return };
        let Some(exchange) =
            message.exchange.as_ref().filter(|exchange| moment.expects_bosh(exchange))
        else {
            return;
        };
        if response.own {
            let words =
                format!("xmppscope itself answered {} in the target's place.", rid(exchange));
            return found.add("own-answer", None, Level::Note, Party::Nobody, words);
        }
        let session = message.session.and_then(|id| moment.story.session(id));
        let mut nobody = Known::default();
        let known = match message.session {
            Some(id) => self.sessions.of(id, moment.story),
            None => &mut nobody,
        };
        let place = known.pending.iter().position(|&(number, ..)| number == exchange.number);
        let sent = place.map(|place| known.pending.remove(place));
        let server = response.headers.get("server");
        if response.content.cut {
            if let Some((Side::Client, at)) = moment.story.left(moment.event.conn) {
                return left_within(response, exchange, at, found);
            }
            let words = format!(
                "The connection ended within the answer to {}{}: {} B came. The client sees a \
                 network error and sends the request again.",
                rid(exchange),
                from_server(response),
                response.content.size
            );
            return found.add("answer-cut", None, Level::Error, Party::Between, words);
        }
        if response.status != 200 {
            let refusal = Refusal {
                response,
                exchange,
                held: message.held.unwrap_or_default(),
                session,
                reading: &message.reading,
                usual_server: known.server.as_deref(),
                sent: sent.map(|(_, size, stanzas)| (size, stanzas)),
                largest: known.largest,
            };
            return status::explain(&refusal, found);
        }
        match &message.reading {
            Reading::Body(_) => {
                known.server = server.map(str::to_owned);
                known.largest = known.largest.max(sent.map_or(0, |(_, size, _)| size));
            }
            Reading::Empty => empty(response, exchange, session, found),
            reading if is_other(reading, response) => {
                let words = format!(
                    "The answer to {} is not BOSH: 200{}, {}. Something else answers at {}: a page \
                     of a web server or a login, or the URL is not that of the connection manager.",
                    rid(exchange),
                    from_server(response),
                    page(response),
                    short(&exchange.target),
                );
                let id = "bosh-single-body-root";
                found.add("not-bosh", id, Level::Error, Party::Between, words);
            }
            Reading::Partial if response.content.undecoded.is_some() => {
                let why = response.content.undecoded.as_deref().unwrap_or_default();
                let words = format!(
                    "The answer to {} can't be read here: its content coding can't be removed: {}.",
                    rid(exchange),
                    short(why)
                );
                found.add("undecodable", None, Level::Warning, Party::Server, words);
            }
            _ => {}
        }
    }
}

/// Whether it is a page or anything else that never was meant to be BOSH.
fn is_other(reading: &Reading, response: &Response) -> bool {
    match reading {
        Reading::Other => true,
        Reading::Malformed(_) => is_page(&response.content.bytes),
        Reading::OtherXml(NotBody::Name { name, .. }) => name == "html",
        _ => false,
    }
}

/// 200 without a single byte.
fn empty(
    response: &Response,
    exchange: &Exchange,
    session: Option<&Session>,
    found: &mut Findings,
) {
    let again = exchange.rid().is_some()
        && session
            .is_some_and(|session| session.open().iter().any(|open| open.rid() == exchange.rid()));
    let why = if again {
        "The same rid is open a second time: this is how some connection managers let go of the \
         older copy."
    } else {
        "Some connection managers let go of a request that a newer one replaced in this way; else \
         look into the server's log."
    };
    let words = format!(
        "{} got HTTP 200{} with 0 bytes, not even a <body/>. {why}",
        rid(exchange),
        from_server(response)
    );
    let level = if again { Level::Warning } else { Level::Error };
    found.add("empty-answer", "bosh-single-body-root", level, Party::Server, words);
}

fn failed(cause: &str, found: &mut Findings) {
    let of_client = ["TLS: the client", "TLS: the handshake with the client"];
    let party = if of_client.iter().any(|start| cause.starts_with(start)) {
        Party::Client
    } else {
        Party::Server
    };
    let end = if cause.ends_with(['.', '?', '!']) { "" } else { "." };
    found.add("target-failed", None, Level::Error, party, format!("{cause}{end}"));
}

fn not_http(raw: &Raw, found: &mut Findings) {
    let Some(why) = &raw.why else { return };
    let party = match raw.from {
        Side::Client => Party::Client,
        Side::Server => Party::Server,
    };
    let (level, words) = match (raw.from, why.contains("TLS handshake"), why.contains("ended")) {
        (Side::Client, true, _) => (
            Level::Error,
            "The client speaks TLS to a plain port. Give it the http:// URL, or start the proxy \
             with --tls."
                .to_owned(),
        ),
        (Side::Server, true, _) => (
            Level::Error,
            "The target answers with TLS. Name it with https:// in --target.".to_owned(),
        ),
        (side, _, true) => {
            (Level::Warning, format!("What the {} sent breaks off: {why}.", side.name()))
        }
        (side, ..) => (
            Level::Error,
            format!(
                "What the {} sends is not HTTP/1: {why}. It is passed on as it is.",
                side.name()
            ),
        ),
    };
    found.add("not-http", "bosh-http-conformance", level, party, words);
}

/// The client went away while it was sent an answer.
fn left_within(response: &Response, exchange: &Exchange, at: Duration, found: &mut Findings) {
    let words = format!(
        "The client closed the connection within the answer to {}, {} after that began; {} B had \
         come: a reload, a closed page or another network.",
        rid(exchange),
        words(at.saturating_sub(response.first)),
        response.content.size
    );
    found.add("client-gave-up", None, Level::Note, Party::Nobody, words);
}

/// Connections that end within a request, or before the answer; answers that belong to no request.
#[derive(Debug, Default)]
pub(super) struct Connections {
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
        let Some(exchange) = moment.message().and_then(|message| message.exchange.as_ref()) else {
            return;
        };
        // With the answer, or the cause, at hand a client has no reason to send the rest.
        let settled =
            exchange.answered_early || self.known.get(&conn).is_some_and(|known| known.failed);
        if settled || !moment.expects_bosh(exchange) {
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
        found.add("request-cut", None, Level::Warning, party, words);
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
        return found.add("unasked-answer", None, Level::Note, Party::Server, words);
    }
    let words = format!(
        "An answer that nobody asked for: HTTP {status}{from}, {} B. A client may take it for the \
         answer to its next request.",
        response.content.size
    );
    let id = "bosh-http-conformance";
    found.add("unasked-answer", id, Level::Warning, Party::Server, words);
}

/// Requests whose connection went away before their answer came.
fn closed(moment: &Moment<'_>, course: &Course, found: &mut Findings) {
    for exchange in moment.effect.abandoned.iter().filter(|exchange| moment.expects_bosh(exchange))
    {
        let (by, at) = match moment.effect.left {
            Some((by, at)) => (Some(by), at),
            None => (None, moment.event.at),
        };
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
            found.add("client-gave-up", id, Level::Warning, Party::Server, words);
        }
        _ => {
            let lives = session.filter(|session| !session.over).and_then(Session::inactivity);
            let lives = lives
                .map(|seconds| format!(" The session lives on for {seconds} s (inactivity)."))
                .unwrap_or_default();
            let words = format!("{closed}: a reload, a closed page or another network.{lives}");
            found.add("client-gave-up", None, Level::Note, Party::Nobody, words);
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
        return found.add("no-answer", None, Level::Warning, Party::Server, words);
    }
    let words = format!(
        "{} after {} without answering {rid}. The client will send it again; a time-out of \
         something before the connection manager, or a crash, does this.",
        if known { "The server closed the connection" } else { "The connection was lost" },
        words(held)
    );
    found.add("no-answer", "bosh-respond-200", Level::Error, Party::Server, words);
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
