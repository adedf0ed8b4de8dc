//! The handshake of a WebSocket for XMPP (RFC 6455 §4, RFC 7395 §3.1): requests, and what answers them. What a refusal
//! means is in `refused`, what is wrong with a 101 in `switched`.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::asked::Asked;
use super::refused::Path;
use super::{refused, switched};
use crate::clock::words;
use crate::rules::endpoint::{is_usual_websocket, names_websocket};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::view::HttpPart;
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::page::{Page, status};
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Exchange, Fact, Reading, Request, Response};
use crate::wire::Side;

/// Requests of a connection, and answers to others, that are remembered.
const REMEMBERED: usize = 16;

/// Judges handshakes.
#[derive(Debug, Default)]
pub struct Handshake {
    conns: FxHashMap<u64, Conn>,
    /// How requests were answered that ask for no WebSocket.
    plain: Vec<String>,
}

/// What is known of a connection.
#[derive(Debug, Default)]
struct Conn {
    asked: VecDeque<Asked>,
    /// Something else explains that there is no answer: the target failed, or what came was not HTTP.
    explained: bool,
}

impl Rule for Handshake {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        match &moment.event.fact {
            Fact::Request(_) | Fact::Response(_) => {
                let Some(view) = moment.http() else { return };
                match view.part {
                    HttpPart::Request(request) => self.request(request, view.exchange, moment),
                    HttpPart::Response(response, _) => {
                        let place = self.conns.get_mut(&conn).and_then(|known| {
                            let number = view.exchange.number;
                            let place = known.asked.iter().position(|asked| asked.number == number);
                            place.and_then(|place| known.asked.remove(place))
                        });
                        if let Some(asked) = place.filter(|_| !response.own) {
                            self.response(&asked, response, view.reading, moment, found);
                        }
                    }
                }
            }
            Fact::Failed { .. } | Fact::Raw(_) => {
                self.conns.entry(conn).or_default().explained = true;
            }
            Fact::Lost { .. } => {
                self.conns.insert(conn, Conn { explained: true, ..Conn::default() });
            }
            Fact::Closed { stopped, .. } => {
                let known = self.conns.remove(&conn).unwrap_or_default();
                if !stopped && !known.explained {
                    for exchange in &moment.effect.abandoned {
                        let number = exchange.number;
                        if let Some(asked) = known.asked.iter().find(|one| one.number == number) {
                            unanswered(asked, exchange, moment, found);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a request wants XMPP: by the subprotocol that it offers, or else by its path.
fn is_for_xmpp(asked: &Asked, moment: &Moment<'_>) -> bool {
    asked.means_xmpp()
        || names_websocket(&asked.whence.target)
        || (asked.offers.is_empty()
            // Deeper down, such names are usual for other things, too.
            && (moment.has_websocket_path(&asked.whence.target)
                || (moment.is_websocket_path(&asked.whence.target)
                    && asked.whence.target.trim_matches('/').matches('/').count() < 2)))
}

impl Handshake {
    fn request(&mut self, request: &Request, exchange: &Exchange, moment: &Moment<'_>) {
        // Most requests belong to a session of BOSH: nothing is to be read in them.
        if exchange.is_bosh() && !exchange.creates() {
            return;
        }
        let asked = Asked::of(exchange.number, request);
        let to_websocket = moment.is_websocket_path(&asked.whence.target);
        let concerns = if asked.is_handshake {
            is_for_xmpp(&asked, moment)
        } else {
            to_websocket && (asked.method == "GET" || exchange.creates())
        };
        if !concerns || exchange.answered_early {
            return;
        }
        let known = self.conns.entry(exchange.conn).or_default();
        if known.asked.len() >= REMEMBERED {
            known.asked.pop_front();
        }
        known.asked.push_back(asked);
    }

    fn response(
        &mut self,
        asked: &Asked,
        response: &Response,
        reading: &Reading,
        moment: &Moment<'_>,
        found: &mut Findings,
    ) {
        let Some(view) = moment.http() else { return };
        let held = moment.message().and_then(|message| message.held).unwrap_or_default();
        if response.status == 101 {
            return switched::judge(asked, response, view.exchange, found);
        }
        let page = Page::of(response);
        if asked.is_handshake {
            let before = found.len();
            let path = if matches!(reading, Reading::Body(_)) {
                Path::AnswersBosh { is_named: is_usual_websocket(&asked.whence.target) }
            } else if moment.has_websocket_path(&asked.whence.target) {
                Path::HadWebSocket
            } else if moment.is_bosh_path(&asked.whence.target) || page.is_of_bosh() {
                Path::Bosh
            } else {
                Path::Unknown
            };
            refused::judge(asked, response, &page, held, path, found);
            return found.again(before, &same(asked, response.status, &page));
        }
        if view.exchange.creates() {
            if !matches!(reading, Reading::Body(_)) {
                let before = found.len();
                bosh(asked, response, &page, found);
                found.again(before, &same(asked, response.status, &page));
            }
        } else if !moment.has_websocket_path(&asked.whence.target)
            && names_websocket_or_page(asked, &page)
        {
            let same = same(asked, response.status, &page);
            if self.plain.len() < REMEMBERED && !self.plain.contains(&same) {
                self.plain.push(same);
                plain(asked, response, &page, found);
            }
        }
    }
}

/// By what it is known that something was asked and answered as before.
fn same(asked: &Asked, status: u16, page: &Page) -> String {
    let said = page.sentence.as_deref().unwrap_or_default();
    format!("{status} {} {} {said}", asked.whence.target, asked.whence.words())
}

fn names_websocket_or_page(asked: &Asked, page: &Page) -> bool {
    names_websocket(&asked.whence.target) || page.is_of_websocket()
}

/// A request of BOSH to a path of WebSocket.
fn bosh(asked: &Asked, response: &Response, page: &Page, found: &mut Findings) {
    let words = format!(
        "The client sent BOSH (POST with <body/>) to {}, a path at which servers have WebSocket, \
         and got HTTP {}{}. Configure this URL with ws:// or wss:// as a WebSocket URL, or give the \
         client the path of BOSH, such as /http-bind.",
        short(&asked.whence.target),
        status(response),
        page.from(),
    );
    found.add(&kinds::BOSH_AT_WEBSOCKET, None, Level::Error, Party::Client, words);
}

/// A GET that does not ask for a WebSocket, at a path where none was seen to work.
fn plain(asked: &Asked, response: &Response, page: &Page, found: &mut Findings) {
    let right = if page.is_of_websocket() { " So the path is right." } else { "" };
    let before = if asked.whence.passed_on {
        " If a client did ask for a WebSocket, what passed the request on has removed Upgrade and the \
         Sec-WebSocket lines."
    } else {
        ""
    };
    let words = format!(
        "GET {} does not ask for a WebSocket (it has no Upgrade, no Connection: Upgrade and no \
         Sec-WebSocket-Key), and got HTTP {}{}.{}{right} A browser does this when the URL is opened in \
         its address bar, and Jitsi does it to stay on one node behind a load balancer; it is not a \
         handshake.{before}",
        short(&asked.whence.target),
        status(response),
        page.from(),
        page.quoted(),
    );
    found.add(&kinds::WS_PLAIN_GET, None, Level::Note, Party::Nobody, words);
}

/// The connection is gone, and nothing has answered.
fn unanswered(asked: &Asked, exchange: &Exchange, moment: &Moment<'_>, found: &mut Findings) {
    if !asked.is_handshake {
        return;
    }
    let (by, at) = moment.gone();
    let held = at.saturating_sub(exchange.at);
    let target = short(&asked.whence.target);
    let after = words(held);
    let (level, party, words) = match by {
        Some(Side::Server) => (
            Level::Error,
            Party::Nobody,
            format!(
                "The handshake at {target} got no answer: the server's side closed the connection \
                 after {after}. Ports that expect TLS and ports that are not HTTP do this, and proxies \
                 whose back end broke off; check the scheme and the port of the target."
            ),
        ),
        Some(Side::Client) if held.as_secs() >= 1 => (
            Level::Warning,
            Party::Nobody,
            format!(
                "The handshake at {target} got no answer in {after}, then the client closed the \
                 connection. Something accepts connections there and does not answer: check the port, \
                 and whether the server behind it runs."
            ),
        ),
        Some(Side::Client) => return,
        None => (
            Level::Warning,
            Party::Nobody,
            format!(
                "The handshake at {target} got no answer: the connection was lost after {after}; it is \
                 not known which side closed it first."
            ),
        ),
    };
    found.add(&kinds::WS_NO_ANSWER, None, level, party, words);
}

#[cfg(test)]
#[path = "handshake_tests.rs"]
mod tests;
