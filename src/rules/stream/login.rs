//! The way to a bound resource: features, SASL, stream restart, binding (XEP-0206 §2 and §4, RFC 6120 §6).

use std::time::Duration;

use crate::bosh::BodyType;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Fact, Reading, Session};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::ns;

/// Answers without features, and a time, after which they are said to be missing.
const PATIENCE: (u32, Duration) = (3, Duration::from_secs(5));
/// A request so soon after `<success/>` may have been sent before the client saw it.
const CROSSING: Duration = Duration::from_secs(1);

/// Judges logins.
#[derive(Debug, Default)]
pub struct Login {
    sessions: PerSession<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The creation request says that it came over TLS to a reverse proxy.
    forwarded_https: bool,
    /// When the session was granted, for one whose features are due.
    waits_since: Option<Duration>,
    answers: u32,
    authenticated: bool,
    /// When `<success/>` passed, while no restart followed.
    restart_due: Option<Duration>,
    /// Requests without restart since then.
    without: u32,
    early_auth: bool,
}

impl Rule for Login {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(message) = moment.message() else { return };
        let (Reading::Body(body), Some(session)) = (&message.reading, moment.session()) else {
            return;
        };
        let state = self.sessions.of(session.id, moment.story);
        let at = moment.event.at;
        let creates = message.ask.as_ref().is_some_and(|ask| ask.creates);
        match &moment.event.fact {
            Fact::Request(request) => {
                if creates {
                    let scheme = request.headers.get("x-forwarded-proto");
                    state.forwarded_https = scheme.is_some_and(|s| s.eq_ignore_ascii_case("https"));
                }
                if body.is_restart() {
                    state.restart_due = None;
                } else if !matches!(message.from, Side::Server) {
                    state.no_restart(at, message.rid(), found);
                }
                for payload in body.payloads() {
                    state.sent(payload, found);
                }
            }
            Fact::Response(_) => {
                if creates && session.granted.is_some() && session.asked.is_some() {
                    state.waits_since = Some(at);
                    state.answers = 0;
                }
                for payload in body.payloads() {
                    state.received(payload, at, session, found);
                }
                if body.kind() == BodyType::Ordinary {
                    state.still_waiting(at, found);
                }
            }
            _ => {}
        }
    }
}

impl State {
    fn no_restart(&mut self, at: Duration, rid: Option<u64>, found: &mut Findings) {
        let Some(success) = self.restart_due else { return };
        self.without += 1;
        let since = at.saturating_sub(success);
        if self.without < 2 && since < CROSSING {
            return;
        }
        self.restart_due = None;
        let words = format!(
            "SASL succeeded {} ago, and rid {} still has no xmpp:restart='true': the server waits for \
             the restart, the login hangs.",
            words(since),
            rid.unwrap_or_default()
        );
        let id = "xbosh-client-restart-after-success";
        found.add(&kinds::RESTART_MISSING, id, Level::Error, Party::Client, words);
    }

    fn sent(&mut self, payload: &Element, found: &mut Findings) {
        if payload.is(ns::SASL, "auth") && self.waits_since.is_some() && !self.early_auth {
            self.early_auth = true;
            let words = "The client begins SASL before it has seen stream features; it is to send empty \
                         requests until they come.";
            let id = "xbosh-client-waits-features";
            found.add(&kinds::AUTH_TOO_EARLY, id, Level::Warning, Party::Client, words);
        }
    }

    fn received(
        &mut self,
        payload: &Element,
        at: Duration,
        session: &Session,
        found: &mut Findings,
    ) {
        match (payload.namespace(), payload.name()) {
            (ns::STREAMS, "features") => self.features(payload, at, session, found),
            (ns::SASL, "success") => {
                self.authenticated = true;
                self.restart_due = Some(at);
                self.without = 0;
            }
            (ns::SASL2, "success") => self.authenticated = true,
            (ns::SASL | ns::SASL2, "failure") => sasl_failure(payload, found),
            (ns::CLIENT, "iq") if payload.attr("type") == Some("error") => {
                bind_failure(payload, found);
            }
            _ => {}
        }
    }

    fn features(
        &mut self,
        features: &Element,
        at: Duration,
        session: &Session,
        found: &mut Findings,
    ) {
        if let Some(granted) = self.waits_since.take()
            && self.answers > 0
        {
            let words = format!(
                "The answer that opened the session carried no stream features; they come {} later, \
                 in the answer to request {} after it.",
                words(at.saturating_sub(granted)),
                self.answers
            );
            found.add(
                &kinds::FEATURES_LATE,
                "xbosh-features-asap",
                Level::Note,
                Party::Server,
                words,
            );
        }
        let has =
            |names: &[(&str, &str)]| names.iter().any(|(n, e)| features.child(n, e).is_some());
        let login = features.children().any(|child| {
            matches!(child.namespace(), ns::SASL | ns::SASL2)
                && child.children().any(|mechanism| mechanism.name() == "mechanism")
        });
        let other_way = has(&[(ns::BIND, "bind"), (ns::IQ_AUTH_FEATURE, "auth")]);
        if login || other_way || self.authenticated || session.asked.is_none() {
            return;
        }
        let why = if self.forwarded_https {
            "X-Forwarded-Proto says https, yet the server takes the connection for insecure"
        } else {
            "the server takes a connection over plain HTTP for insecure, though there may be TLS before \
             it"
        };
        let words = format!(
            "The stream features offer no SASL mechanism, so nobody can log in. Usual cause: {why} \
             (Prosody: consider_bosh_secure)."
        );
        found.add(&kinds::NO_MECHANISMS, None, Level::Warning, Party::Server, words);
    }

    fn still_waiting(&mut self, at: Duration, found: &mut Findings) {
        let Some(granted) = self.waits_since else { return };
        self.answers += 1;
        let (answers, time) = PATIENCE;
        if self.answers >= answers && at.saturating_sub(granted) >= time {
            self.waits_since = None;
            let words = format!(
                "{} answers, and no stream features among them: the client can't log in. The \
                 connection manager may have no stream to the server.",
                self.answers
            );
            found.add(
                &kinds::FEATURES_MISSING,
                "xbosh-features-asap",
                Level::Warning,
                Party::Server,
                words,
            );
        }
    }
}

fn sasl_failure(failure: &Element, found: &mut Findings) {
    let condition = failure.children().find(|child| child.name() != "text");
    let condition = condition.map_or("no condition", Element::name);
    let meaning = match condition {
        "not-authorized" => "wrong user name or password, or an account that does not exist",
        "account-disabled" => "the account is disabled",
        "credentials-expired" => "the password has expired",
        "encryption-required" => "the server wants TLS; it takes this connection for insecure",
        "invalid-authzid" => "the client asks to act as somebody else",
        "invalid-mechanism" => "the server does not offer this mechanism here",
        "mechanism-too-weak" => "the server wants a stronger mechanism",
        "malformed-request" | "incorrect-encoding" => "the client sent data that can't be read",
        "temporary-auth-failure" => "the server could not check it just now",
        "aborted" => "the client broke it off",
        _ => "see the text of the server",
    };
    let text = failure.children().find(|child| child.name() == "text").map(|text| text.text());
    let text =
        text.map(|text| format!(" The server says: \"{}\"", short(&text))).unwrap_or_default();
    let words = format!("Login failed, {}: {meaning}.{text}", short(condition));
    let party = match condition {
        "temporary-auth-failure" => Party::Server,
        _ => Party::Client,
    };
    found.add(&kinds::LOGIN_FAILED, None, Level::Warning, party, words);
}

fn bind_failure(iq: &Element, found: &mut Findings) {
    if iq.child(ns::BIND, "bind").is_none() {
        return;
    }
    let error = iq.children().find(|child| child.name() == "error");
    let condition = error
        .and_then(|error| error.children().find(|child| child.namespace() == ns::STANZA_ERRORS))
        .map_or("no condition", Element::name);
    let meaning = match condition {
        "conflict" => "this resource is in use",
        "resource-constraint" => "the account has too many resources already",
        "not-allowed" => "the client may not bind a resource",
        _ => "the server says no more",
    };
    let words = format!("Binding a resource failed, {}: {meaning}.", short(condition));
    found.add(&kinds::BIND_FAILED, None, Level::Warning, Party::Client, words);
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
