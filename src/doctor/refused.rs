//! What it means when an answer is not the one that was hoped for: the rules' words, and a cause by name.

use super::context::Context;
use super::endpoint::{Carrier, Endpoint, about};
use super::reach::{Place, Unmade, speaks_tls};
use super::talk::{Got, What};
use super::trouble::{self, Kind, Trouble, with_program};
use crate::clock::words;
use crate::rules::{Finding, Level, Meaning, Page, Role, status_words};
use crate::trace::Response;

/// A cause, and a sentence.
pub type Why = (Trouble, String);

/// Why something that was asked for did not come; `found` is what the rules say of it.
pub fn why(endpoint: &Endpoint, got: &Got, found: &[Finding]) -> Why {
    let (trouble, own) = match &got.what {
        What::Response(response, _) => {
            let kind = kind(endpoint, response, got.held.as_secs_f64());
            let page = Page::of(response);
            let mut words = format!("HTTP {}{}", status_words(response), page.from());
            if response.status == 200 {
                words += ", with a content that is no answer of an XMPP server";
            }
            (with_program(Trouble::new(kind), response), words)
        }
        What::Raw(why) => {
            let plain = !endpoint.address.is_tls() && why.contains("TLS");
            let kind = match plain {
                true => &trouble::TLS_ON_PLAIN_PORT,
                false if endpoint.carrier == Carrier::Bosh => &trouble::NOT_BOSH,
                false => &trouble::NOT_WEBSOCKET,
            };
            (Trouble::new(kind), why.clone())
        }
        What::Ended(how) => (
            Trouble::new(&trouble::REFUSED),
            format!(
                "the connection was {} without an answer after {}",
                how.past(),
                words(got.held)
            ),
        ),
        What::Late => (
            Trouble::new(&trouble::BACK_END_DOWN),
            format!(
                "no complete answer within {}: what accepts the connection may wait for a server that does not answer, or speak TLS \
                 to one that does not",
                words(got.held)
            ),
        ),
        What::Unmade(Unmade::Tcp(words)) => (Trouble::new(&trouble::UNREACHABLE), words.clone()),
        What::Unmade(Unmade::Tls(words, kind)) => (Trouble::new(kind), words.clone()),
    };
    let is_port_of_xmpp = found.iter().any(|finding| finding.name() == "client-port");
    let kind = if is_port_of_xmpp { &trouble::XMPP_PORT } else { trouble.kind };
    let trouble = Trouble { kind, ..trouble };
    let said = said(found).unwrap_or(own);
    (about(trouble, endpoint), said)
}

/// The same, where what the port speaks may tell more: TLS, or a wish for a certificate.
pub async fn why_at(context: &Context, place: &Place, got: &Got, why: Why) -> Why {
    if !matches!(got.what, What::Ended(_) | What::Raw(_) | What::Late) {
        return why;
    }
    let (trouble, words) = why;
    if place.asks && matches!(got.what, What::Ended(_)) {
        let words = "the server asks for a certificate of the client, and ends the connection when none comes";
        return (Trouble { kind: &trouble::CLIENT_CERTIFICATE, ..trouble }, words.to_owned());
    }
    if speaks_tls(context, place).await {
        let words = "what answers there speaks TLS, and not without".to_owned();
        return (Trouble { kind: &trouble::TLS_ON_PLAIN_PORT, ..trouble }, words);
    }
    (trouble, words)
}

/// Why a request is refused at an endpoint at which others pass.
pub fn limited(got: &Got, why: Why) -> Why {
    let (trouble, words) = why;
    match got.response() {
        Some(response) if is_limit(response) => {
            let words = format!(
                "while other requests pass, some get HTTP {}{}",
                status_words(response),
                Page::of(response).from()
            );
            (Trouble { kind: &trouble::LIMITED, ..trouble }, words)
        }
        _ => (trouble, words),
    }
}

/// What something in front says to more than it lets through.
pub fn is_limit(response: &Response) -> bool {
    response.status == 429 || response.status == 503 && Page::of(response).is_of_proxy()
}

/// The gravest finding, without the request that it is about.
pub fn said(found: &[Finding]) -> Option<String> {
    let mut grave = found.iter().filter(|finding| finding.level == Level::Error);
    let finding = grave.find(|finding| !is_of_cors(finding))?;
    let words = &finding.words;
    let about_rid = words.strip_prefix("rid ").and_then(|rest| rest.split_once(": "));
    let words = match about_rid {
        Some((rid, rest)) if rid.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => words,
    };
    // What a certain client does next is of no interest here.
    let words = words.split(" strophe.js ").next().unwrap_or(words);
    Some(words.to_owned())
}

/// What CORS hides is told by checks of its own.
fn is_of_cors(finding: &Finding) -> bool {
    finding.name().starts_with("cors")
}

fn kind(endpoint: &Endpoint, response: &Response, held: f64) -> &'static Kind {
    let page = Page::of(response);
    let meant = page.meaning().and_then(|meaning| by_meaning(meaning, endpoint.carrier));
    if let Some(kind) = meant {
        return kind;
    }
    if response.status == 200 && page.is_empty() && page.by() == Some("Caddy") {
        return &trouble::PATH_WRONG;
    }
    let hosts = ["unknown host", "invalid host", "host not"];
    let websocket = endpoint.carrier == Carrier::WebSocket;
    match response.status {
        400 | 403 | 404 | 421 if hosts.iter().any(|words| page.says(words)) => {
            &trouble::HOST_NOT_PASSED
        }
        300..=399 => redirect(endpoint, response),
        401 | 407 | 511 => &trouble::LOGIN_PAGE,
        421 => &trouble::HOST_NOT_PASSED,
        404 | 410 if page.role() != Some(Role::Server) || page.is_html() => &trouble::PATH_WRONG,
        413 => &trouble::BODY_LIMIT,
        429 | 451 => &trouble::BLOCKED,
        403 if page.is_of_proxy() => &trouble::BLOCKED,
        504 if held >= 0.5 => &trouble::READ_TIMEOUT,
        502..=504 | 520..=530 => &trouble::BACK_END_DOWN,
        400 | 426 | 501 if websocket => &trouble::UPGRADE_DROPPED,
        200 if websocket => {
            if page.is_of_websocket() {
                &trouble::UPGRADE_DROPPED
            } else {
                &trouble::NOT_WEBSOCKET
            }
        }
        200..=299 if page.is_html() => &trouble::PATH_WRONG,
        200..=299 => &trouble::NOT_BOSH,
        405 => &trouble::PATH_WRONG,
        _ => &trouble::REFUSED,
    }
}

fn by_meaning(meaning: Meaning, carrier: Carrier) -> Option<&'static Kind> {
    Some(match meaning {
        Meaning::UnknownHost | Meaning::WrongSni | Meaning::CdnHost => &trouble::HOST_NOT_PASSED,
        Meaning::UnknownDomain => &trouble::DOMAIN_UNKNOWN,
        Meaning::UnknownSession => &trouble::NOT_STICKY,
        Meaning::WantsTls => &trouble::TLS_ON_PLAIN_PORT,
        Meaning::WantsCertificate => &trouble::CLIENT_CERTIFICATE,
        Meaning::Login | Meaning::Portal => &trouble::LOGIN_PAGE,
        Meaning::RateLimit
        | Meaning::BotCheck
        | Meaning::Blocked
        | Meaning::ForbiddenByRule
        | Meaning::MethodByRule => &trouble::BLOCKED,
        Meaning::PageOfWebsocket if carrier == Carrier::WebSocket => &trouble::UPGRADE_DROPPED,
        Meaning::NoRoute
        | Meaning::FilesOnly
        | Meaning::ApplicationPage
        | Meaning::ApplicationFailed
        | Meaning::StartPage
        | Meaning::PageOfBosh
        | Meaning::PageOfWebsocket => &trouble::PATH_WRONG,
        Meaning::Maintenance
        | Meaning::ServerFailed
        | Meaning::ProxyFailed
        | Meaning::BackEndRefused
        | Meaning::BackEndNone
        | Meaning::BackEndBroke
        | Meaning::BackEndTls
        | Meaning::BackEndName => &trouble::BACK_END_DOWN,
        _ => return None,
    })
}

/// A redirect to another host is most often that of a login.
fn redirect(endpoint: &Endpoint, response: &Response) -> &'static Kind {
    let Some(location) = response.headers.get("location") else { return &trouble::REDIRECTED };
    let uri: http::Uri = location.parse().unwrap_or_default();
    let elsewhere =
        uri.host().is_some_and(|host| !host.eq_ignore_ascii_case(endpoint.address.name()));
    let same_path = uri.path().trim_end_matches('/') == endpoint.path().trim_end_matches('/');
    if elsewhere && !same_path { &trouble::LOGIN_PAGE } else { &trouble::REDIRECTED }
}
