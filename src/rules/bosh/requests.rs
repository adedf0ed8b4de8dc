//! What a client's requests have that they should not, or in a wrong way: terms after the creation, unknown and historic
//! attributes, a malformed route, odd restarts (XEP-0124 §7 and §22, XEP-0206 §4).

use std::time::Duration;

use super::view::{BoshView, RequestView, ResponseView};
use crate::bosh::{Body, BodyType, XBOSH, parse_boolean};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{list, short};
use crate::trace::{BoshLink, Fact};
use crate::xmpp::ns;

/// Terms that only a creation request has; `to` and `xml:lang` a restart has, too.
const TERMS: [&str; 6] = ["ver", "wait", "hold", "content", "route", "from"];
/// Attributes that only a response has.
const OF_RESPONSES: [&str; 9] = [
    "requests",
    "polling",
    "inactivity",
    "maxpause",
    "accept",
    "charsets",
    "authid",
    "report",
    "time",
];

/// So many streams of a session are remembered.
const STREAMS: usize = 64;

/// Judges the attributes of requests. Each kind is reported once per session.
#[derive(Debug, Default)]
pub struct Requests {
    sessions: PerSession<State>,
    /// Until then, something may have passed without being seen.
    unseen: Option<Duration>,
}

#[derive(Debug, Default)]
struct State {
    told: Vec<&'static str>,
    restarts: Restarts,
    /// The streams that the server has named.
    streams: Vec<String>,
}

/// When a restart is due: once after each login.
#[derive(Debug, Default)]
struct Restarts {
    /// The rid of the last restart: what is sent again is not judged again.
    rid: u64,
    /// A login has succeeded since.
    due: bool,
    /// A restart has come that was due.
    done: bool,
    /// Something passed that was not seen or cannot be read: it may have been the success of a login.
    blind: bool,
}

impl Rule for Requests {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let Fact::Lost { .. } = moment.event.fact {
            self.unseen = Some(moment.event.at);
            return self.sessions.clear();
        }
        match moment.bosh() {
            Some(BoshView::Request(request)) => {
                let state = self.sessions.of(request.session.id, moment.story);
                let joined = self.unseen.is_some_and(|until| request.session.began <= until);
                state.restarts.blind |= joined || request.link.asked.is_none();
                state.request(&request, found);
            }
            Some(BoshView::Response(response)) => {
                let state = self.sessions.of(response.session.id, moment.story);
                state.response(&response);
            }
            None => {}
        }
    }
}

impl State {
    fn request(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let mut notes = Notes { told: &mut self.told, found };
        names(request.body, &mut notes);
        if request.asks.creates {
            creation(request.body, &mut notes);
        } else {
            later(request, &self.streams, &mut notes);
        }
        restart(request, &mut self.restarts, &mut notes);
    }

    fn response(&mut self, response: &ResponseView<'_>) {
        let Some(body) = response.body() else {
            self.restarts.blind |= response.http.status == 200;
            return;
        };
        self.restarts.due |= body.payloads().any(|it| it.is(ns::SASL, "success"));
        if let Some(stream) = body.stream().filter(|_| self.streams.len() < STREAMS)
            && !self.streams.iter().any(|known| known == stream)
        {
            self.streams.push(stream.to_owned());
        }
    }
}

/// Findings about the client, each once.
struct Notes<'a> {
    told: &'a mut Vec<&'static str>,
    found: &'a mut Findings,
}

impl Notes<'_> {
    fn add(
        &mut self,
        kind: &'static Kind,
        id: impl Into<Option<&'static str>>,
        level: Level,
        what: &'static str,
        words: String,
    ) {
        if !self.told.contains(&what) {
            self.told.push(what);
            self.found.add(kind, id, level, Party::Client, words);
        }
    }
}

/// Attributes that do not exist, or no longer.
fn names(body: &Body, notes: &mut Notes<'_>) {
    let unknown: Vec<_> = body.unknown_attributes().collect();
    let others: Vec<_> = unknown
        .iter()
        .filter(|name| !["secure", "restart", "version", "restartlogic"].contains(name))
        .map(|name| short(name))
        .collect();
    if !others.is_empty() {
        let words = format!(
            "BOSH does not define the attribute {}; one of another specification has a prefix. It \
             is ignored at best. Reported once per session.",
            list(&others)
        );
        let id = "bosh-schema-known-attrs";
        notes.add(&kinds::ATTRIBUTE_UNKNOWN, id, Level::Warning, "unknown", words);
    }
    if unknown.contains(&"secure") {
        let words = "`secure` was dropped in version 1.8 of BOSH, because it secures nothing: TLS \
             does. Reported once per session."
            .to_owned();
        let id = "bosh-historic-secure";
        notes.add(&kinds::ATTRIBUTE_UNKNOWN, id, Level::Note, "secure", words);
    }
    for bare in ["restart", "version"] {
        if unknown.contains(&bare) {
            let words = format!(
                "`{bare}` has no prefix, so that it is another attribute than xmpp:{bare} in the \
                 namespace {XBOSH}, which is meant: servers ignore it."
            );
            let id = if bare == "restart" { "xbosh-restart-attr" } else { "xbosh-namespace" };
            notes.add(&kinds::RESTART_ODD, id, Level::Error, bare, words);
        }
    }
    let of_responses: Vec<_> = OF_RESPONSES
        .into_iter()
        .filter(|name| body.text(name).is_some())
        .map(str::to_owned)
        .collect();
    if !of_responses.is_empty() {
        let words = format!(
            "The request has {}, which only a response has: the connection manager decides that. \
             Reported once per session.",
            list(&of_responses)
        );
        notes.add(&kinds::ATTRIBUTE_MISPLACED, None, Level::Note, "response", words);
    }
}

/// The creation request.
fn creation(body: &Body, notes: &mut Notes<'_>) {
    if let Some(route) = body.text("route").filter(|route| !is_route(route)) {
        let words = format!(
            "route='{}' is not PROTOCOL:HOST:PORT, such as xmpp:chat.example:5222.",
            short(route)
        );
        let id = "bosh-route-syntax";
        notes.add(&kinds::ROUTE_MALFORMED, id, Level::Error, "route", words);
    }
    if let Some(ver) = body.text("ver").filter(|ver| !is_version(ver)) {
        let words = format!("ver='{}' is not MAJOR.MINOR, such as 1.11.", short(ver));
        let id = "bosh-ver-format";
        notes.add(&kinds::VERSION_MALFORMED, id, Level::Error, "ver", words);
    }
    if let Some(version) = body.xbosh("version").filter(|version| !is_version(version)) {
        let words = format!("xmpp:version='{}' is not MAJOR.MINOR: it is 1.0.", short(version));
        let id = "xbosh-version-format";
        notes.add(&kinds::VERSION_MALFORMED, id, Level::Error, "xmpp:version", words);
    }
}

fn is_route(route: &str) -> bool {
    let mut fields = route.splitn(2, ':');
    let protocol = fields.next().unwrap_or_default();
    let rest = fields.next().and_then(|rest| rest.rsplit_once(':'));
    let is_protocol = !protocol.is_empty() && protocol.bytes().all(|b| b.is_ascii_alphanumeric());
    is_protocol
        && rest.is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok()
        })
}

fn is_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.trim().split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// A request in a session.
fn later(request: &RequestView<'_>, streams: &[String], notes: &mut Notes<'_>) {
    let body = request.body;
    let has_streams =
        |link: &BoshLink| link.granted.as_ref().is_some_and(|granted| granted.stream.is_some());
    // Adding a stream has terms of its own (§16.3).
    let adds = has_streams(request.link) && body.is_empty() && body.to().is_some();
    let mut terms: Vec<_> =
        TERMS.into_iter().filter(|name| body.text(name).is_some()).map(str::to_owned).collect();
    // One without its prefix is reported as that.
    let bare = body.unknown_attributes().any(|name| name == "restart");
    if body.xbosh("restart").is_none() && !bare {
        terms.extend(body.to().map(|_| "to".to_owned()));
        terms.extend(body.lang().map(|_| "xml:lang".to_owned()));
    } else {
        // With EXTERNAL a restart has `from`.
        terms.retain(|name| name != "from");
    }
    if !adds && !terms.is_empty() {
        let words = format!(
            "The request has {}, although the session exists: terms are for the request that \
             creates it, and are not changed by later ones. Reported once per session.",
            list(&terms)
        );
        // A language for its content changes no term.
        let level = if terms == ["xml:lang"] { Level::Note } else { Level::Warning };
        let id = "bosh-creation-attrs-only-first";
        notes.add(&kinds::TERMS_LATE, id, level, "terms", words);
    }
    if body.text("condition").is_some() && body.kind() == BodyType::Ordinary {
        let words = "The request has a condition, but is no terminate: it means nothing.";
        notes.add(&kinds::ATTRIBUTE_MISPLACED, None, Level::Note, "condition", words.to_owned());
    }
    if body.stream().is_some() && request.link.granted.is_some() && !has_streams(request.link) {
        let words = "The request names a stream, but the server has not offered several streams: \
             its response to the creation had no `stream`.";
        let id = "bosh-multi-client-assume";
        notes.add(&kinds::STREAM_NOT_OFFERED, id, Level::Error, "stream", words.to_owned());
    } else if let Some(stream) = body.stream()
        && has_streams(request.link)
        && streams.len() < STREAMS
        && !streams.iter().any(|known| known == stream)
    {
        let words = format!(
            "The request names the stream '{}', which no response has named: the streams of this \
             session are {}. Expect item-not-found.",
            short(stream),
            list(&streams.iter().map(|stream| short(stream)).collect::<Vec<_>>())
        );
        notes.add(&kinds::STREAM_NOT_OFFERED, None, Level::Error, "stream", words);
    }
    if body.payloads().any(|payload| payload.is(ns::TLS, "starttls")) {
        let words = "The client asks for STARTTLS, which BOSH does not have: encryption is a matter of \
            HTTP (https://). Servers refuse it.";
        let id = "xbosh-client-ignores-starttls";
        notes.add(&kinds::BOSH_STARTTLS, id, Level::Warning, "starttls", words.to_owned());
    }
}

/// A restart of the stream.
fn restart(request: &RequestView<'_>, restarts: &mut Restarts, notes: &mut Notes<'_>) {
    let body = request.body;
    let kind = &kinds::RESTART_ODD;
    let Some(text) = body.xbosh("restart") else { return };
    if parse_boolean(text).is_none() {
        let words = format!("xmpp:restart='{}' is neither true nor false.", short(text));
        return notes.add(kind, "xbosh-schema-booleans", Level::Error, "boolean", words);
    }
    if !body.is_restart() {
        return;
    }
    if !body.is_empty() {
        let words = "The request restarts the stream and has stanzas, which servers ignore: a \
             restart is empty.";
        notes.add(kind, "xbosh-restart-empty", Level::Warning, "full", words.to_owned());
    }
    if body.to().is_none() {
        let words =
            "The restart lacks `to`, by which a server of several domains knows the stream.";
        notes.add(kind, "xbosh-restart-to", Level::Warning, "to", words.to_owned());
    }
    if body.lang().is_none() {
        let words = "The restart lacks xml:lang: texts may come in another language.";
        notes.add(kind, "xbosh-restart-lang", Level::Note, "lang", words.to_owned());
    }
    let again = request.asks.rid.is_none_or(|rid| rid <= restarts.rid);
    restarts.rid = restarts.rid.max(request.asks.rid.unwrap_or_default());
    if again || restarts.blind || !body.is_empty() {
        return;
    }
    match (std::mem::take(&mut restarts.due), restarts.done) {
        (true, _) => restarts.done = true,
        (false, done) => {
            let words = format!(
                "The client restarts the stream {}: a restart is due once, after the login has \
                 succeeded.",
                if done { "a second time" } else { "before it has logged in" }
            );
            notes.add(kind, None, Level::Warning, "undue", words);
        }
    }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
