//! Explains a status other than 200 where BOSH is expected: why it came, who sent it, what the client does next
//! (XEP-0124 §17.1). What it means whatever was asked for is in `page`; what a connection manager means by 400, 403 and
//! 404 in `legacy`.

use std::time::Duration;

use super::asked::Asked;
use super::redirect;
use super::words::rid;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::page::{
    BACK_END, Carrier, Cause, Meaning, Page, Refused, Role, Whence, shared, status,
};
use crate::rules::words::short;
use crate::trace::{Exchange, Reading, Response, Session};

/// A response with a status other than 200, and what is known about it.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    pub(super) response: &'a Response,
    pub(super) exchange: &'a Exchange,
    pub(super) reading: &'a Reading,
    /// How long the request was held.
    pub(super) held: Duration,
    pub(super) session: Option<&'a Session>,
    pub(super) page: &'a Page,
    pub(super) whence: &'a Whence,
    /// The request; none if it was not seen.
    pub(super) asked: Option<&'a Asked>,
    /// `Server` of the last good response.
    pub(super) usual_server: Option<&'a str>,
    /// The largest request that was accepted.
    pub(super) largest: u64,
}

/// What it means.
pub(super) struct Verdict {
    pub(super) party: Party,
    pub(super) level: Level,
    pub(super) requirement: Option<&'static str>,
    pub(super) words: String,
}

impl Verdict {
    /// A failure that has this cause.
    pub(super) fn new(party: Party, words: impl Into<String>) -> Self {
        let requirement = Some("bosh-respond-200");
        Self { party, level: Level::Error, requirement, words: words.into() }
    }
}

impl From<Cause> for Verdict {
    fn from(cause: Cause) -> Self {
        Self::new(cause.party, cause.words)
    }
}

/// Reports what a status other than 200 means.
pub(super) fn explain(refusal: &Refusal<'_>, found: &mut Findings) {
    let Refusal { response, exchange, page, .. } = refusal;
    let verdict = refusal.verdict();
    let after = match refusal.held.as_millis() {
        0..1000 => String::new(),
        _ => format!(" after {}", words(refusal.held)),
    };
    let words = format!(
        "{}: HTTP {}{}{after}.{} {}{}{}",
        capital(&rid(exchange)),
        status(response),
        page.from(),
        page.quoted(),
        verdict.words,
        refusal.another_server(),
        reaction(response.status),
    );
    found.add(&kinds::HTTP_STATUS, verdict.requirement, verdict.level, verdict.party, words);
}

/// What a client does next.
pub(super) fn reaction(status: u16) -> &'static str {
    match status {
        400..500 => " strophe.js disconnects at once on any 4xx.",
        500..600 => " strophe.js sends the same rid again.",
        _ => "",
    }
}

impl Refusal<'_> {
    fn verdict(&self) -> Verdict {
        if let Some(verdict) = self.time_out() {
            return verdict;
        }
        let (whence, response, page, held) = (self.whence, self.response, self.page, self.held);
        let refused = Refused { carrier: Carrier::Bosh, whence, response, page, held };
        if let Some(cause) = shared(&refused) {
            return cause.into();
        }
        match page.meaning() {
            Some(Meaning::UnknownDomain) => return self.unknown_domain(),
            Some(Meaning::UnknownSession) if !self.exchange.creates() => return self.legacy(404),
            Some(Meaning::NoRoute) => return self.no_route(),
            Some(Meaning::WantsWebsocket | Meaning::PageOfWebsocket) => return self.upgrade(),
            Some(Meaning::RidMissing) => {
                return Verdict::new(
                    Party::Client,
                    "The request has no rid, or one that is not a positive whole number.",
                );
            }
            Some(Meaning::WantsLength) => return self.length(),
            Some(Meaning::TooLarge) => return self.too_large(),
            _ => {}
        }
        match response.status {
            201..300 => self.no_content(),
            300..400 => self.redirect(),
            400 if self.is_chunked() => self.length(),
            400 | 403 => self.legacy(response.status),
            404 | 410 => self.not_found(),
            405 | 501 => self.method(),
            406 | 415 => self.media_type(),
            411 => self.length(),
            413 => self.too_large(),
            414 => Verdict::new(
                Party::Client,
                "The path is longer than what answered allows: BOSH goes into the content of a POST.",
            ),
            417 => Verdict::new(
                self.page.party(),
                "What answered does not accept Expect: 100-continue, which the client sends before its content: switch that \
                 off in the client.",
            ),
            426 => self.upgrade(),
            500..600 => self.failed(),
            _ => Verdict::new(
                self.page.party(),
                format!(
                    "A connection manager does not answer with this status. {}.",
                    whence.words()
                ),
            ),
        }
    }

    /// The program that answered.
    pub(super) fn who(&self) -> &'static str {
        self.page.by().unwrap_or("what answered")
    }

    pub(super) fn is_chunked(&self) -> bool {
        self.asked.is_some_and(Asked::is_chunked)
    }

    /// Another back end, or something in front of it, names another server than earlier responses.
    fn another_server(&self) -> String {
        match (self.usual_server, self.response.headers.get("server")) {
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

    fn unknown_domain(&self) -> Verdict {
        let to = match &self.whence.to {
            Some(to) => format!("the domain {} in `to`", short(to)),
            None => "the domain in `to`".to_owned(),
        };
        Verdict {
            requirement: Some("bosh-error-is-binding-not-http"),
            ..Verdict::new(
                Party::Client,
                format!(
                    "The server does not serve {to} (host-unknown): check the domain that the client is given, or add it to \
                     the server. The server says so by HTTP {} in place of 200 and a condition (XEP-0124 §17.2).",
                    self.response.status
                ),
            )
        }
    }

    fn no_content(&self) -> Verdict {
        Verdict::new(
            self.page.party(),
            "The response to a valid request has status 200 and a <body/>: what answers is not a connection manager, or a \
             script in front of it changes the status.",
        )
    }

    fn redirect(&self) -> Verdict {
        Verdict::new(Party::Between, redirect::explain(self.response, self.whence))
    }

    fn method(&self) -> Verdict {
        if self.exchange.method != "POST" {
            let words =
                format!("BOSH is sent with POST, and this was {}.", short(&self.exchange.method));
            return Verdict::new(Party::Client, words);
        }
        let allow = self.response.headers.get("allow");
        let allow = allow.map(|allow| format!(" (only {})", short(allow))).unwrap_or_default();
        Verdict::new(
            Party::Between,
            format!(
                "POST is not allowed at {}{allow}: {} serves files or something else there, and no connection manager. Check \
                 the path and the route of the reverse proxy; {PATHS}.",
                short(&self.whence.target),
                self.who(),
            ),
        )
    }

    /// Another protocol is wanted.
    fn upgrade(&self) -> Verdict {
        let wanted = self.response.headers.get("upgrade").unwrap_or("websocket");
        if !wanted.to_ascii_lowercase().contains("websocket") {
            let words = format!("What answers wants another protocol here: {}.", short(wanted));
            return Verdict::new(self.page.party(), words);
        }
        Verdict::new(
            Party::Client,
            format!(
                "{} is a path of WebSocket: give the client this URL with ws:// or wss:// as its WebSocket URL, or the path of \
                 BOSH; {PATHS}.",
                short(&self.whence.target)
            ),
        )
    }

    fn media_type(&self) -> Verdict {
        let kind = self.asked.and_then(|asked| asked.headers.get("content-type"));
        let is_xml = kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("xml"));
        let has = kind
            .map_or("no Content-Type".to_owned(), |kind| format!("Content-Type {}", short(kind)));
        if is_xml {
            return Verdict::new(
                self.page.party(),
                format!(
                    "The request has {has}, as BOSH should, so what answers is not a connection manager but something that \
                     wants another format: check the path."
                ),
            );
        }
        Verdict::new(
            Party::Client,
            format!(
                "The request has {has}, which {} refuses: BOSH is text/xml; charset=utf-8 (XEP-0124 §5).",
                self.who()
            ),
        )
    }

    /// A `Content-Length` is wanted.
    fn length(&self) -> Verdict {
        if !self.is_chunked() {
            let words = format!(
                "{} wants a Content-Length, and the request has none that it accepts.",
                capital(self.who())
            );
            return Verdict::new(self.page.party(), words);
        }
        let (party, from) = if self.whence.passed_on {
            (
                Party::Between,
                "what passed it on has made it so (proxy_request_buffering on in nginx undoes that)",
            )
        } else {
            (Party::Client, "the client, or something between it and this point, has made it so")
        };
        Verdict::new(
            party,
            format!(
                "The request is chunked (Transfer-Encoding) and has no Content-Length, which BOSH should not do (XEP-0124 §5) \
                 and servers refuse: {from}. Send Content-Length."
            ),
        )
    }

    fn failed(&self) -> Verdict {
        let party = self.page.party();
        let words = match party {
            Party::Between => format!(
                "{} failed, and not the XMPP server: its error log says why.",
                capital(self.who())
            ),
            Party::Server => "The server failed; check its log at this time.".to_owned(),
            _ => "What answered failed; its log says why at this time.".to_owned(),
        };
        Verdict::new(party, words)
    }

    /// Something in between has waited for a shorter time than `wait`.
    fn time_out(&self) -> Option<Verdict> {
        if !matches!(self.response.status, 504 | 524 | 598 | 599) || self.page.is_of_server() {
            return None;
        }
        let wait = self.session.and_then(Session::wait);
        let seconds = self.held.as_secs_f64();
        // A creation is answered at once.
        let is_poll = match wait {
            Some(wait) => seconds < wait as f64 + 2.0,
            None => !self.exchange.creates(),
        };
        if seconds < 5.0 || !is_poll {
            return None;
        }
        let what = match self.page.role() {
            Some(Role::Cdn) => "content delivery network",
            _ => "reverse proxy",
        };
        let raise = match self.page.by() {
            Some("Cloudflare") => "Cloudflare waits for 100 s, and longer for few customers only: let the client request a shorter wait".to_owned(),
            by => format!("Raise it ({}), or let the client request a shorter wait", setting(by)),
        };
        let timeout = format!("the read timeout of the {what} (about {} s)", seconds.round());
        let words = match wait {
            Some(wait) => format!(
                "wait={wait} {}: {timeout} must be longer than wait. {raise}.",
                if seconds < wait as f64 {
                    "was still running"
                } else {
                    "ran out at the same time"
                }
            ),
            None => format!(
                "A poll is held for up to `wait`, often 60 s, which is not known here: if it is not shorter, {timeout} ran out \
                 first. {raise}. If the other requests get no answer either, {BACK_END}."
            ),
        };
        Some(Verdict::new(Party::Between, words))
    }
}

/// Where connection managers usually are.
pub(super) const PATHS: &str =
    "connection managers are usually at /http-bind, /http-bind/, /bosh or /bosh/";

/// The setting of the time that a program waits for an answer.
fn setting(by: Option<&str>) -> &'static str {
    match by {
        Some("Apache") => "ProxyTimeout, or timeout= of ProxyPass, in Apache",
        Some("HAProxy") => "timeout server in HAProxy",
        Some("Envoy") => "timeout of the route in Envoy",
        Some("AWS's load balancer") => "the idle timeout of the load balancer",
        Some("Varnish") => "first_byte_timeout in Varnish",
        Some("IIS") => "the proxy's time-out in IIS",
        _ => "proxy_read_timeout in nginx",
    }
}

/// At the beginning of a sentence; a name stays as it is.
pub(super) fn capital(text: &str) -> String {
    if !text.starts_with("a ") && !text.starts_with("what ") {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
