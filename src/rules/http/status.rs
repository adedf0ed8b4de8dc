//! Explains a status other than 200: what it means for BOSH, who sent it, what the client does next (XEP-0124 §17.1).

use std::time::Duration;

use super::words::{from_server, page, rid};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::words::{counted, short};
use crate::trace::{Exchange, Reading, Response, Session};

/// A response with a status other than 200, and what is known about it.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    pub(super) response: &'a Response,
    pub(super) exchange: &'a Exchange,
    /// How long the request was held.
    pub(super) held: Duration,
    pub(super) session: Option<&'a Session>,
    pub(super) reading: &'a Reading,
    /// `Server` of the last good response.
    pub(super) usual_server: Option<&'a str>,
    /// Size and stanzas of the request.
    pub(super) sent: Option<(u64, usize)>,
    /// The largest request that was accepted.
    pub(super) largest: u64,
}

struct Verdict {
    party: Party,
    level: Level,
    requirement: Option<&'static str>,
    words: String,
}

/// Reports what a status other than 200 means.
pub(super) fn explain(refusal: &Refusal<'_>, found: &mut Findings) {
    let Refusal { response, exchange, .. } = refusal;
    let verdict = match response.status {
        300..400 => redirect(refusal),
        400 | 403 | 404 => legacy(refusal),
        401 | 407 => plain(
            Party::Between,
            "Something in front of the connection manager requires authentication.",
        ),
        405 => plain(
            Party::Between,
            "POST is not allowed here: this is a static web server, or not the path of BOSH.",
        ),
        413 => too_large(refusal),
        429 => plain(Party::Between, "Something limits the request rate of the client."),
        500 => plain(Party::Server, "The server failed; check its log at this time."),
        502 | 503 if refusal.held.as_secs() >= 1 => plain(
            Party::Between,
            "A reverse proxy in front of the connection manager reports this: the connection \
             manager probably closed the connection without a response, or stopped. Check that it \
             is running.",
        ),
        502 | 503 => plain(
            Party::Between,
            "A reverse proxy in front of the connection manager reports this when it cannot \
             connect: nothing reached the connection manager. Check that it is running at the \
             address that the reverse proxy uses.",
        ),
        504 => time_out(refusal),
        _ => plain(Party::Server, "The response to a valid request has status 200."),
    };
    let after = match refusal.held.as_millis() {
        0..1000 => String::new(),
        _ => format!(" after {}", words(refusal.held)),
    };
    let reason = match response.reason.as_str() {
        "" => String::new(),
        reason => format!(" {}", short(reason)),
    };
    let what = match refusal.reading {
        Reading::Body(_) => String::new(),
        _ => format!(" ({})", page(response)),
    };
    let words = format!(
        "{}: HTTP {}{reason}{}{after}{what}. {}{}{}",
        rid(exchange),
        response.status,
        from_server(response),
        verdict.words,
        another_server(refusal),
        reaction(response.status),
    );
    found.add(&kinds::HTTP_STATUS, verdict.requirement, verdict.level, verdict.party, words);
}

fn plain(party: Party, words: &str) -> Verdict {
    let requirement = Some("bosh-respond-200");
    Verdict { party, level: Level::Error, requirement, words: words.to_owned() }
}

fn reaction(status: u16) -> &'static str {
    match status {
        400..500 => " strophe.js disconnects at once on any 4xx.",
        500..600 => " strophe.js sends the same rid again.",
        _ => "",
    }
}

/// Another back end, or something in front of it, names another server than earlier responses.
fn another_server(refusal: &Refusal<'_>) -> String {
    match (refusal.usual_server, refusal.response.headers.get("server")) {
        (Some(usual), Some(now)) if usual != now => {
            format!(" Earlier responses came from \"{}\".", short(usual))
        }
        (Some(usual), None) => {
            format!(
                " Earlier responses came from \"{}\", this one does not name a server.",
                short(usual)
            )
        }
        _ => String::new(),
    }
}

fn redirect(refusal: &Refusal<'_>) -> Verdict {
    let location = refusal.response.headers.get("location").map(short);
    let repeats_as_get = matches!(refusal.response.status, 301..=303);
    let words = match location {
        Some(location) => format!(
            "It redirects to {location}. {}Configure the client with that URL.",
            if repeats_as_get {
                "Most clients repeat the request there with GET and without its content. "
            } else {
                ""
            }
        ),
        None => "It does not name a destination.".to_owned(),
    };
    Verdict { words, ..plain(Party::Between, "") }
}

/// 400, 403 and 404 represent conditions if one side is older than version 1.6.
fn legacy(refusal: &Refusal<'_>) -> Verdict {
    let status = refusal.response.status;
    let asked = refusal.session.and_then(|session| session.asked());
    let has_ver = asked.is_some_and(|asked| asked.ver.is_some());
    let begun = refusal.session.is_some_and(|session| session.granted().is_some());
    let sid_unknown = refusal.session.is_some_and(|session| session.granted().is_none());
    let mut words = match status {
        404 if refusal.exchange.creates() || !refusal.exchange.is_bosh() => {
            "Nothing is served at this path; connection managers are usually at /http-bind, \
             /http-bind/, /bosh or /bosh/."
                .to_owned()
        }
        404 => {
            let before =
                if sid_unknown { " The trace does not contain its creation either." } else { "" };
            format!(
                "The connection manager does not know this session (any more), or the rid is \
                 outside its window: this is the legacy form of item-not-found.{before}"
            )
        }
        403 => "This is the legacy form of policy-violation (too many requests, too often, or too \
             large), or a web server forbids this path."
            .to_owned(),
        _ => "This is the legacy form of bad-request: the request could not be parsed, or an \
             attribute is missing."
            .to_owned(),
    };
    if status == 403 {
        words += &size(refusal);
    }
    let id = if has_ver {
        "bosh-error-is-binding-not-http"
    } else {
        match status {
            400 => "bosh-http-400-legacy",
            403 => "bosh-http-403-legacy",
            _ => "bosh-http-404-legacy",
        }
    };
    if has_ver && begun {
        words += " A client that sent `ver` should get HTTP 200 with a condition.";
    }
    if status == 404 && !begun && (refusal.exchange.creates() || !refusal.exchange.is_bosh()) {
        // This is not from a connection manager: the URL is wrong, or whatever serves it.
        return plain(Party::Between, &words);
    }
    Verdict { party: Party::Server, level: Level::Warning, requirement: Some(id), words }
}

fn too_large(refusal: &Refusal<'_>) -> Verdict {
    let words = format!(
        "The request is larger than a reverse proxy or the server allows (client_max_body_size in \
         nginx, or the server's stanza size limit).{}",
        size(refusal)
    );
    let requirement = Some("bosh-large-request-limit");
    Verdict { party: Party::Between, level: Level::Error, requirement, words }
}

fn size(refusal: &Refusal<'_>) -> String {
    match refusal.sent {
        Some((size, stanzas)) if size > 1000 => format!(
            " This request has {size} B ({}); the largest accepted so far had {} B.",
            counted(stanzas, "stanza"),
            refusal.largest
        ),
        _ => String::new(),
    }
}

fn time_out(refusal: &Refusal<'_>) -> Verdict {
    let wait = refusal.session.and_then(Session::wait);
    let seconds = refusal.held.as_secs_f64();
    let words = match wait {
        Some(wait) if seconds >= 5.0 && seconds < wait as f64 + 2.0 => format!(
            "wait={wait} {}: the read timeout of the reverse proxy (about {} s) must be longer \
             than wait. Raise it (proxy_read_timeout in nginx), or let the client request a \
             shorter wait.",
            if seconds < wait as f64 { "was still running" } else { "ran out at the same time" },
            seconds.round()
        ),
        _ => "A reverse proxy got no response from the connection manager in time.".to_owned(),
    };
    Verdict { words, ..plain(Party::Between, "") }
}
