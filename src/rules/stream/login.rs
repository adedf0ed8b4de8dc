//! The login, on any carrier: mechanisms, SASL, resource binding (RFC 6120 §6 and §7).

use super::odd::is_other_kind;
use super::refusals::Attempt;
use super::said;
use super::view::StreamView;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::view::HttpPart;
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Link, Reading, Session};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{begins_login, bound_to_tls, ns};

/// So many mechanisms of an offer are remembered.
const MECHANISMS: usize = 32;

/// Judges logins.
#[derive(Debug, Default)]
pub struct Login {
    sessions: PerSession<Box<State>>,
}

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened or not
struct State {
    /// The request that opened the session says that it came over TLS to a reverse proxy.
    forwarded_https: bool,
    authenticated: bool,
    /// The login that was begun last.
    attempt: Attempt,
    /// The mechanisms that the server offers.
    offered: Vec<String>,
    /// Why a login cannot succeed, which was reported: it is bound to a TLS channel that ends at the proxy, or comes
    /// without the TLS that is required.
    doomed: Option<&'static str>,
    tls_required: bool,
    /// It is a stream between servers, or of a component: dialback or a handshake may take the place of SASL.
    other_kind: bool,
}

impl Rule for Login {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.stream() else { return };
        let state = self.sessions.of(view.session.id, moment.story);
        match view.from {
            Side::Client => {
                if view.opens {
                    state.forwarded_https = is_forwarded_https(moment);
                }
                if let (Reading::Header(_), Some(content)) =
                    (&view.message.reading, moment.event.fact.content())
                {
                    state.other_kind = is_other_kind(&content.bytes);
                }
                for element in view.elements() {
                    state.sent(element, &view);
                }
            }
            Side::Server => {
                for element in view.elements() {
                    state.received(element, &view, found);
                }
            }
        }
    }
}

/// Whether the request says that it came over TLS to a reverse proxy.
fn is_forwarded_https(moment: &Moment<'_>) -> bool {
    let Some(HttpPart::Request(request)) = moment.http().map(|view| view.part) else {
        return false;
    };
    let scheme = request.headers.get("x-forwarded-proto");
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

impl State {
    fn sent(&mut self, element: &Element, view: &StreamView<'_>) {
        if begins_login(element) {
            self.attempt = Attempt::of(element);
        }
        let Some(tcp) = view.session.tcp().filter(|_| begins_login(element)) else { return };
        let bound = bound_to_tls(element).is_some();
        self.doomed = match &tcp.secured {
            Some(secured) if !secured.passed && bound => {
                Some("follows from the channel binding, which cannot hold through this proxy")
            }
            None if self.tls_required => Some("follows from the missing TLS"),
            _ => None,
        };
    }

    fn received(&mut self, element: &Element, view: &StreamView<'_>, found: &mut Findings) {
        match (element.namespace(), element.name()) {
            (ns::STREAMS, "features") => self.features(element, view, found),
            (ns::SASL | ns::SASL2, "success") => self.authenticated = true,
            (ns::SASL | ns::SASL2, "challenge") => self.attempt.challenged = true,
            (ns::SASL | ns::SASL2, "failure") => self.failure(element, view, found),
            (ns::CLIENT, "iq") if element.attr("type") == Some("error") => {
                let pairs = view.message.stanzas.iter().filter_map(|it| it.pair.as_ref());
                // The request need not be in it.
                let binds = pairs.flat_map(|pair| &pair.namespaces).any(|it| it == ns::BIND);
                if binds || element.child(ns::BIND, "bind").is_some() {
                    bind_failure(element, view.session, found);
                }
            }
            _ => {}
        }
    }

    fn features(&mut self, features: &Element, view: &StreamView<'_>, found: &mut Findings) {
        let mechanisms: Vec<_> = view.mechanisms().take(MECHANISMS).map(str::to_owned).collect();
        let login = !mechanisms.is_empty();
        if login {
            self.offered = mechanisms;
        }
        let has =
            |names: &[(&str, &str)]| names.iter().any(|(n, e)| features.child(n, e).is_some());
        let other_way = has(&[(ns::BIND, "bind"), (ns::IQ_AUTH_FEATURE, "auth")]);
        let tls = features.child(ns::TLS, "starttls");
        self.tls_required = tls.is_some_and(|tls| tls.child(ns::TLS, "required").is_some());
        // Over TCP they may come only after TLS.
        let starttls = tls.is_some();
        // SASL2 without any mechanism is reported as that.
        let sasl2 = features.child(ns::SASL2, "authentication").is_some()
            && view.session.link.line().is_some();
        let other_way = other_way || starttls || sasl2 || self.other_kind;
        if login || other_way || self.authenticated || !view.from_opening {
            return;
        }
        let setting = match view.session.link {
            Link::Bosh(_) => "consider_bosh_secure",
            Link::WebSocket(_) => "consider_websocket_secure",
            Link::Tcp(_) => "c2s_require_encryption",
        };
        let secured = view.session.tcp().is_some_and(|tcp| tcp.secured.is_some());
        if secured {
            let words = "The stream features offer no SASL mechanism, though TLS is there, so nobody \
                         can log in. The server's modules for SASL, or its settings for this domain, \
                         are the place to look.";
            return found.add(&kinds::NO_MECHANISMS, None, Level::Warning, Party::Server, words);
        }
        let why = if self.forwarded_https {
            "X-Forwarded-Proto is https, but the server considers the connection insecure"
        } else if matches!(view.session.link, Link::Tcp(_)) {
            "the server considers the connection insecure, and offers no TLS"
        } else {
            "the server considers plain HTTP insecure, even if a reverse proxy in front of it uses \
             TLS"
        };
        let words = format!(
            "The stream features offer no SASL mechanism, so nobody can log in. Usual cause: {why} \
             (Prosody: {setting})."
        );
        found.add(&kinds::NO_MECHANISMS, None, Level::Warning, Party::Server, words);
    }
}

impl State {
    /// The server refuses the login.
    fn failure(&self, failure: &Element, view: &StreamView<'_>, found: &mut Findings) {
        let condition = failure.children().find(|child| child.name() != "text");
        let condition = condition.map_or("no condition", Element::name);
        if let Some(why) = self.doomed {
            let words = format!("The login failed with {}: that {why}.", short(condition));
            // Where the cause is not reported, this is all that is.
            let (level, party) = if found.leaves_out(&kinds::STARTTLS_SKIPPED) {
                (Level::Warning, Party::Client)
            } else {
                (Level::Note, Party::Nobody)
            };
            return found.add(&kinds::LOGIN_FAILED, None, level, party, words);
        }
        let by_mechanism = match condition {
            "not-authorized" => Some(self.attempt.not_authorized(&self.offered, view.session)),
            "invalid-mechanism" => Some(self.attempt.invalid(&self.offered)),
            _ => None,
        };
        let general = by_mechanism.as_deref().unwrap_or(meaning(condition));
        let text = failure.children().find(|child| child.name() == "text").map(Element::text);
        let text = text.unwrap_or_default();
        let meaning = said::or_general(&text, condition, general);
        let meaning = meaning.map(|meaning| format!(": {meaning}")).unwrap_or_default();
        let text = match text.trim() {
            "" => String::new(),
            text => format!(" The server says: \"{}\"", short(text)),
        };
        let words = format!("The login failed with {}{meaning}.{text}", short(condition));
        let party = match condition {
            "temporary-auth-failure" => Party::Server,
            _ => Party::Client,
        };
        found.add(&kinds::LOGIN_FAILED, None, Level::Warning, party, words);
    }
}

/// What the condition of a refused login means in general.
fn meaning(condition: &str) -> &'static str {
    match condition {
        "account-disabled" => "the account is disabled",
        "credentials-expired" => "the password has expired",
        "encryption-required" => "the server requires TLS, and considers this connection insecure",
        "invalid-authzid" => "the client may not use this authorization identity",
        "mechanism-too-weak" => "the server requires a stronger mechanism",
        "malformed-request" | "incorrect-encoding" => {
            "the server cannot read the data that the client sent"
        }
        "temporary-auth-failure" => "the server cannot check the login at the moment",
        "aborted" => "the client aborted it",
        _ => "the server's text or log may say why",
    }
}

fn bind_failure(iq: &Element, session: &Session, found: &mut Findings) {
    let error = iq.children().find(|child| child.name() == "error");
    let condition = error
        .and_then(|error| error.children().find(|child| child.namespace() == ns::STANZA_ERRORS))
        .map_or("no condition", Element::name);
    let meaning = match condition {
        "conflict" => "the resource is in use",
        "resource-constraint" => "the account already has too many resources",
        "not-allowed" if session.jid().is_some() => {
            "a stream has one resource, and this one has it already"
        }
        "not-allowed" => "the client may not bind a resource",
        _ => "the server gives no further reason",
    };
    let words = format!("Resource binding failed with {}: {meaning}.", short(condition));
    found.add(&kinds::BIND_FAILED, None, Level::Warning, Party::Client, words);
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
