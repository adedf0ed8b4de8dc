//! A 200 that is not BOSH: what came in its place, and why.

use std::time::Duration;

use super::status::{PATHS, capital};
use super::words::{page as describe, rid};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::page::{Carrier, Meaning, Page, Refused, Role, Whence, shared};
use crate::rules::words::short;
use crate::trace::{Exchange, Response};

/// Reports what came in place of a `<body/>`.
pub(super) fn explain(
    response: &Response,
    exchange: &Exchange,
    page: &Page,
    whence: &Whence,
    found: &mut Findings,
) {
    let refused = Refused { carrier: Carrier::Bosh, whence, response, page, held: Duration::ZERO };
    let (party, why) = match shared(&refused) {
        Some(cause) => (cause.party, cause.words),
        None => cause(page, whence),
    };
    let size = match page.sentence {
        Some(_) => String::new(),
        None => format!(" ({})", describe(response)),
    };
    let words = format!(
        "The response to {} is not BOSH: 200{}{size}.{} {why}",
        rid(exchange),
        page.from(),
        page.quoted(),
    );
    found.add(&kinds::NOT_BOSH, "bosh-single-body-root", Level::Error, party, words);
}

fn cause(page: &Page, whence: &Whence) -> (Party, String) {
    let target = short(&whence.target);
    match page.meaning() {
        Some(Meaning::PageOfBosh) => (
            Party::Between,
            format!(
                "That is the page that the connection manager shows to a browser, so {target} is right: something after this \
                 point has made a GET of the POST, as a redirect does, or has taken its content away."
            ),
        ),
        Some(Meaning::PageOfWebsocket) => (
            Party::Client,
            format!(
                "{target} is a path of WebSocket: give the client this URL with ws:// or wss:// as its WebSocket URL, or the \
                 path of BOSH; {PATHS}."
            ),
        ),
        Some(Meaning::StartPage) => (
            Party::Between,
            format!(
                "That is the start page of a web server, so {target} does not lead to the XMPP server: add a route for it."
            ),
        ),
        _ if page.role() == Some(Role::Application)
            || page.meaning() == Some(Meaning::ApplicationPage) =>
        {
            (
                Party::Between,
                format!(
                    "{} answers at {target} in place of the connection manager: it shows its page at every path. Add a route for \
                 this path that leads to the XMPP server, before that of the application; {PATHS}.",
                    capital(page.by().unwrap_or("a web application"))
                ),
            )
        }
        _ => (
            if page.is_of_server() { Party::Server } else { Party::Between },
            format!(
                "Something else answers at {target}, such as a web server or a login page, or the URL is not the connection \
                 manager's; {PATHS}."
            ),
        ),
    }
}
