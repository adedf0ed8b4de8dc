//! The HTTP below BOSH: status, redirects, web pages instead of BOSH (XEP-0124 §17.1), and connections that fail or
//! carry another protocol.

use std::time::Duration;

use super::asked::{Pending, whence};
use super::beside::ends_session;
use super::status::{self, Refusal};
use super::view::{HttpPart, HttpView};
use super::words::{from_server, is_page, rid};
use super::{foreign, instead};
use crate::bosh::NotBody;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::page::Page;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Exchange, Fact, Reading, Request, Response, Session, Story, UNKNOWN_CODING};
use crate::wire::Side;
use crate::wire::protocol::Protocol;

/// Judges messages as HTTP.
#[derive(Debug, Default)]
pub struct Exchanges {
    sessions: PerSession<Endpoint>,
    pending: Pending,
}

/// What is known of the responses in a session.
#[derive(Debug, Default)]
struct Endpoint {
    /// `Server` of the last good response.
    server: Option<String>,
    /// Size of the largest request that got a good response.
    largest: u64,
}

impl Rule for Exchanges {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        match &moment.event.fact {
            Fact::Request(_) | Fact::Response(_) => {
                let Some(view) = moment.http() else { return };
                match view.part {
                    HttpPart::Request(request) => self.request(request, &view, found),
                    // What BOSH gets at a path of WebSocket is judged there.
                    HttpPart::Response(response, _)
                        if view.exchange.creates()
                            && !response.own
                            && !matches!(view.reading, Reading::Body(_))
                            && moment.is_websocket_path(&view.exchange.target) => {}
                    HttpPart::Response(response, held) if view.expects_bosh => {
                        let held = held.unwrap_or_default();
                        self.response(response, held, &view, moment.story, found);
                    }
                    HttpPart::Response(..) => {}
                }
            }
            Fact::Failed { cause } => failed(cause, found),
            Fact::Closed { .. } => self.pending.close(moment.event.conn),
            // An XMPP stream in answer to HTTP is judged as the wrong port.
            Fact::Raw(raw)
                if raw.from == Side::Server
                    && Protocol::of(&raw.bytes) == Some(Protocol::XmppStream) => {}
            Fact::Raw(raw) => foreign::judge(raw, found),
            Fact::Lost { messages, bytes } => {
                self.pending.close(moment.event.conn);
                let words = format!(
                    "{messages} messages ({bytes} B) were not recorded, because xmppscope could \
                     not keep up. They reached the other side; the findings that follow may not \
                     take them into account."
                );
                found.add(&kinds::UNOBSERVED, None, Level::Warning, Party::Nobody, words);
            }
            _ => {}
        }
    }
}

impl Exchanges {
    fn request(&mut self, request: &Request, view: &HttpView<'_>, found: &mut Findings) {
        let exchange = view.exchange;
        if exchange.is_bosh() && exchange.method != "POST" {
            let words = format!(
                "{} was sent with {}, but BOSH requires POST.",
                rid(exchange),
                exchange.method
            );
            found.add(
                &kinds::NOT_POST,
                "bosh-client-post-only",
                Level::Error,
                Party::Client,
                words,
            );
        }
        if view.expects_bosh {
            let (size, stanzas) = (request.content.size, view.stanzas.len());
            self.pending.ask(exchange, &request.headers, size, stanzas);
        }
    }

    fn response(
        &mut self,
        response: &Response,
        held: Duration,
        view: &HttpView<'_>,
        story: &Story,
        found: &mut Findings,
    ) {
        let HttpView { exchange, reading, session, .. } = *view;
        let asked = self.pending.answer(exchange);
        let asked = asked.as_ref();
        if response.own {
            let words = format!("xmppscope answered {} in place of the target.", rid(exchange));
            return found.add(&kinds::OWN_ANSWER, None, Level::Note, Party::Nobody, words);
        }
        let mut nobody = Endpoint::default();
        let known = match session {
            Some(session) => self.sessions.of(session.id, story),
            None => &mut nobody,
        };
        let server = response.headers.get("server");
        if response.content.cut {
            let (level, party) = match story.left(exchange.conn) {
                Some((Side::Client, at)) => return left_within(response, exchange, at, found),
                Some((Side::Server, _)) => (Level::Error, Party::Between),
                None => (Level::Warning, Party::Nobody),
            };
            let words = format!(
                "The connection ended within the response to {}{}: {} B arrived. The client sees a \
                 network error and sends the request again.",
                rid(exchange),
                from_server(response),
                response.content.size
            );
            return found.add(&kinds::ANSWER_CUT, None, level, party, words);
        }
        if response.status != 200 && ends_session(reading) {
            return;
        }
        if response.status != 200 {
            let page = Page::of(response);
            let refusal = Refusal {
                response,
                exchange,
                reading,
                held,
                session,
                page: &page,
                whence: &whence(exchange, asked, session),
                asked,
                usual_server: known.server.as_deref(),
                largest: known.largest,
            };
            let before = found.len();
            status::explain(&refusal, found);
            // In a session, each refusal may have a history of its own.
            if session.is_none_or(|session| session.granted().is_none()) {
                found.again(before, &same(response, exchange, &page));
            }
            return;
        }
        match reading {
            Reading::Body(_) => {
                if known.server.as_deref() != server {
                    known.server = server.map(str::to_owned);
                }
                known.largest = known.largest.max(asked.map_or(0, |asked| asked.size));
            }
            Reading::Empty => empty(response, exchange, session, found),
            reading if is_other(reading, response) => {
                let (page, whence) = (Page::of(response), whence(exchange, asked, session));
                instead::explain(response, exchange, &page, &whence, found);
            }
            Reading::Partial if response.content.undecoded.is_some() => {
                let why = response.content.undecoded.as_deref().unwrap_or_default();
                let what = match response.content.coding {
                    Some(_) => "its content coding cannot be decoded",
                    None => "its content is no text",
                };
                let words = format!(
                    "The response to {} cannot be judged, because {what}: {}.",
                    rid(exchange),
                    short(why)
                );
                // Browsers may know more codings than are known here.
                let (level, party) = if why.ends_with(UNKNOWN_CODING) {
                    (Level::Note, Party::Nobody)
                } else {
                    (Level::Warning, Party::Server)
                };
                found.add(&kinds::UNDECODABLE, None, level, party, words);
            }
            _ => {}
        }
    }
}

/// By what it is known that a request is refused as one before.
fn same(response: &Response, exchange: &Exchange, page: &Page) -> String {
    let said = page.sentence.as_deref().unwrap_or_default();
    let Response { status, reason, .. } = response;
    format!("{status} {reason} {} {} {said}", exchange.target, exchange.creates())
}

/// Whether it is a web page, or anything else that was not meant to be BOSH.
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
        "The same rid is open a second time; some connection managers release the older copy this \
         way."
    } else {
        "Some connection managers release a request this way when a newer one replaces it; \
         otherwise check the server's log."
    };
    let words = format!(
        "{} got HTTP 200{} with 0 bytes, not even a <body/>. {why}",
        rid(exchange),
        from_server(response)
    );
    let level = if again { Level::Warning } else { Level::Error };
    found.add(&kinds::EMPTY_ANSWER, "bosh-single-body-root", level, Party::Server, words);
}

fn failed(cause: &str, found: &mut Findings) {
    let of_client = ["TLS: the client", "TLS: the handshake with the client"];
    // Another program has recorded it, which knows its own side alone.
    let party = if cause.starts_with("No response: ") {
        Party::Nobody
    } else if of_client.iter().any(|start| cause.starts_with(start)) {
        Party::Client
    } else {
        Party::Server
    };
    let end = if cause.ends_with(['.', '?', '!']) { "" } else { "." };
    found.add(&kinds::TARGET_FAILED, None, Level::Error, party, format!("{cause}{end}"));
}

/// The client left while a response was being sent to it.
fn left_within(response: &Response, exchange: &Exchange, at: Duration, found: &mut Findings) {
    let words = format!(
        "The client closed the connection within the response to {}, {} after it began and after \
         {} B, as on a reload, a closed page or a change of network.",
        rid(exchange),
        words(at.saturating_sub(response.first)),
        response.content.size
    );
    found.add(&kinds::CLIENT_GAVE_UP, None, Level::Note, Party::Nobody, words);
}

#[cfg(test)]
#[path = "exchanges_tests.rs"]
mod tests;
