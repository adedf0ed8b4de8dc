//! What an answer means for BOSH and WebSocket alike: by its page where that says more than the status (`meaning`), else
//! by the status.

use std::time::Duration;

use super::signature::{Meaning, Role};
use super::whence::{Slip, Whence};
use super::whose::Page;
use crate::clock::words;
use crate::rules::finding::Party;
use crate::rules::words::short;
use crate::trace::Response;

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Requests of BOSH.
    Bosh,
    /// The handshake of a WebSocket.
    WebSocket,
}

impl Carrier {
    /// What should have answered.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bosh => "the connection manager",
            Self::WebSocket => "the WebSocket",
        }
    }

    /// Where it often is.
    fn usual_path(self) -> &'static str {
        match self {
            Self::Bosh => "/http-bind",
            Self::WebSocket => "/xmpp-websocket",
        }
    }

    /// The beginning of its URL, with TLS.
    fn secure(self) -> &'static str {
        match self {
            Self::Bosh => "https://",
            Self::WebSocket => "wss://",
        }
    }
}

/// An answer other than what was asked for, and what is known about it.
#[derive(Debug)]
pub struct Refused<'a> {
    /// What was asked for.
    pub carrier: Carrier,
    /// Where the request wanted to go.
    pub whence: &'a Whence,
    /// The answer.
    pub response: &'a Response,
    /// Whose page it is.
    pub page: &'a Page,
    /// How long the request was held.
    pub held: Duration,
}

/// Who should look at it, why it happened, and what to do.
#[derive(Debug)]
pub struct Cause {
    /// Who should look at it.
    pub party: Party,
    /// Why it happened, and what to do.
    pub words: String,
}

pub(super) fn of(party: Party, words: impl Into<String>) -> Cause {
    Cause { party, words: words.into() }
}

/// Check what the reverse proxy connects to.
pub const BACK_END: &str = "check that the XMPP server runs, and that the address, port and scheme (http or https) in the \
    reverse proxy are those of its HTTP port, not of its port for TCP";

/// How to pass `Host` on.
pub(super) const PASS_HOST_ON: &str = "Let the reverse proxy pass Host on (proxy_set_header Host $host in nginx, ProxyPreserveHost On in \
    Apache), or use --host here";

/// What an answer means, if that does not depend on what was asked for.
pub fn shared(refused: &Refused<'_>) -> Option<Cause> {
    let by_page = || refused.page.meaning().and_then(|meaning| refused.by_page(meaning));
    if let Some(cause) = refused.by_path().or_else(by_page) {
        return Some(cause);
    }
    Some(match refused.response.status {
        300..=399 => return refused.login_elsewhere(),
        401 => refused.authentication(),
        407 => refused.own_proxy(),
        408 => of(
            Party::Nobody,
            "What answered stopped waiting for the rest of the request: it came too slowly, or not at all.",
        ),
        421 => of(
            Party::Between,
            format!(
                "What answered is not responsible for this host: {}. {PASS_HOST_ON}, and check that the name in TLS is \
                 the same.",
                refused.whence.words()
            ),
        ),
        429 => refused.too_many(),
        431 | 494 => head_too_large(),
        451 => of(
            Party::Between,
            "A rule or a law keeps this from the client, and not the XMPP server.",
        ),
        495 | 496 => refused.wants_certificate(),
        497 => refused.wants_tls(),
        444 | 499 => of(
            Party::Between,
            "nginx uses this status for itself when it or the client ends a connection without an answer; its log says more.",
        ),
        498 => {
            of(Party::Between, "Something in front wants a token that is missing or has expired.")
        }
        502..=504 => refused.gateway(),
        511 => return refused.by_page(Meaning::Portal),
        520..=530 => refused.cdn(),
        _ => return None,
    })
}

/// The header lines are too large.
pub(super) fn head_too_large() -> Cause {
    of(
        Party::Between,
        "The header lines of the request are larger than what answered allows, most often because of cookies: delete the \
         cookies of this host, or raise the limit (large_client_header_buffers in nginx, LimitRequestFieldSize in Apache).",
    )
}

impl Refused<'_> {
    /// The program that answered, at the beginning of a sentence.
    pub(super) fn who(&self) -> String {
        match self.page.by() {
            Some(by) if by.starts_with("a ") => format!("A {}", &by[2..]),
            Some(by) => by.to_owned(),
            None => "The reverse proxy".to_owned(),
        }
    }

    /// The path shows that it was made by mistake, and nothing that answers there speaks against that.
    fn by_path(&self) -> Option<Cause> {
        let refuses = matches!(self.response.status, 200..300 | 400 | 403..=405 | 410 | 419 | 501);
        let is_elsewhere = matches!(
            self.page.meaning(),
            None | Some(
                Meaning::NoRoute
                    | Meaning::FilesOnly
                    | Meaning::ApplicationPage
                    | Meaning::StartPage
                    | Meaning::Csrf
            )
        );
        let slip = self.whence.slip().filter(|_| refuses && is_elsewhere)?;
        let party = if self.whence.passed_on { Party::Between } else { Party::Client };
        let name = self.carrier.name();
        let path = short(&self.whence.target);
        let (party, words) = match slip {
            Slip::Unset => (
                Party::Client,
                format!(
                    "{} answers at {path}: the client has no URL of one, because the setting for it is empty or has another \
                     name. Give it the URL, such as {}.",
                    name.replacen("the", "No", 1),
                    self.carrier.usual_path()
                ),
            ),
            Slip::Url => (
                Party::Client,
                format!(
                    "The path {path} has a URL or a host in it: the client took its URL for a path, because the scheme is \
                     missing, or put it behind another URL. Give it the whole URL, which begins with {}.",
                    self.carrier.secure()
                ),
            ),
            Slip::Slashes => (
                party,
                format!(
                    "The path {path} has two slashes in a row, so a URL that ends in a slash was put before a path that \
                     begins with one, and {name} is not at that path. Remove one of them."
                ),
            ),
            Slip::Twice => (
                party,
                format!(
                    "The path {path} has the same part twice: it is added to a URL, or by the route of a reverse proxy, that \
                     has it already, and {name} is not at that path. Remove one of them."
                ),
            ),
        };
        Some(of(party, words))
    }

    pub(super) fn wants_tls(&self) -> Cause {
        let (party, what) = if self.whence.passed_on {
            (Party::Between, "the reverse proxy")
        } else {
            (Party::Client, "the client")
        };
        of(
            party,
            format!(
                "This port expects TLS: use {} in {what}, or an https:// target here.",
                self.carrier.secure()
            ),
        )
    }

    pub(super) fn wants_certificate(&self) -> Cause {
        of(
            Party::Between,
            format!(
                "What answered wants a TLS certificate of the client before it lets anything through to {}: give the client \
                 one, or do not ask for it at this path.",
                self.carrier.name()
            ),
        )
    }

    pub(super) fn too_many(&self) -> Cause {
        of(
            self.in_front(),
            format!(
                "Something limits how often this client may send requests.{} BOSH and reconnecting clients need more: except \
                 this path, or raise the limit.",
                self.retry_after()
            ),
        )
    }

    /// ` It says to come back after 30 s (Retry-After).`
    pub(super) fn retry_after(&self) -> String {
        let Some(value) = self.response.headers.get("retry-after") else { return String::new() };
        let unit = if value.bytes().all(|byte| byte.is_ascii_digit()) { " s" } else { "" };
        format!(" It says to come back after {}{unit} (Retry-After).", short(value))
    }

    /// A redirect to something that is called a login.
    fn login_elsewhere(&self) -> Option<Cause> {
        let location = self.response.headers.get("location")?;
        let lower = location.to_ascii_lowercase();
        let mut parts = lower.split(|char: char| !char.is_ascii_alphanumeric() && char != '-');
        let is_login = parts.any(|part| {
            matches!(
                part,
                "login"
                    | "log-in"
                    | "signin"
                    | "sign-in"
                    | "sso"
                    | "auth"
                    | "authorize"
                    | "saml"
                    | "saml2"
                    | "openid"
                    | "openid-connect"
                    | "oauth2"
                    | "oauth"
                    | "cas"
                    | "idp"
                    | "anmelden"
            )
        });
        if !is_login {
            return None;
        }
        Some(self.login(&format!("It leads to {}: a login stands", short(location))))
    }

    pub(super) fn login(&self, stands: &str) -> Cause {
        of(
            Party::Between,
            format!(
                "{stands} in front of {}, which no XMPP client can pass. Let this path through without it: XMPP has a login \
                 of its own.",
                self.carrier.name()
            ),
        )
    }

    fn authentication(&self) -> Cause {
        let scheme = self.scheme("www-authenticate");
        let why = match self.carrier {
            Carrier::Bosh => "XMPP authenticates within BOSH, and most clients cannot do both",
            Carrier::WebSocket => {
                "XMPP authenticates within the WebSocket, and a page cannot add Authorization to a handshake"
            }
        };
        of(
            self.in_front(),
            format!(
                "Something asks for authentication by HTTP{scheme} before it lets a request through to {}; {why}. Let this \
                 path through without it.",
                self.carrier.name()
            ),
        )
    }

    /// ` (Basic realm="a")`, by the header line that asks for it.
    fn scheme(&self, name: &str) -> String {
        let value = self.response.headers.get(name);
        value.map(|value| format!(" ({})", short(value))).unwrap_or_default()
    }

    /// 407: the client's own way out wants a login.
    fn own_proxy(&self) -> Cause {
        let scheme = self.scheme("proxy-authenticate");
        of(
            Party::Between,
            format!(
                "The proxy that the client uses for its way out asks for a login of its own{scheme}, so nothing reached \
                 {}: log in to that proxy, or let the client connect without it.",
                self.carrier.name()
            ),
        )
    }

    /// 502, 503 and 504.
    fn gateway(&self) -> Cause {
        if self.page.is_of_server() {
            return of(
                Party::Server,
                "The XMPP server itself says so: its log says why at this time.",
            );
        }
        let slow = self.held.as_secs() >= 2;
        let who = self.who();
        let retry = if self.response.status == 503 { self.retry_after() } else { String::new() };
        let what = match self.response.status {
            504 if slow => {
                format!(
                    "{who} waited {} for an answer of the back end, and got none",
                    words(self.held)
                )
            }
            504 => format!("{who} got no answer of the back end in time"),
            503 if self.page.is_of_proxy() || self.page.role().is_some() => {
                format!("{who} has no back end that it can use for this path, or limits requests")
            }
            _ if slow => format!(
                "{who} reached the back end, which broke off or could not be understood, or could not connect to it in \
                 time"
            ),
            _ => format!("{who} could not connect to the back end, or the back end broke off"),
        };
        of(Party::Between, format!("{what}: {BACK_END}.{retry}"))
    }

    /// What a content delivery network says of its own.
    fn cdn(&self) -> Cause {
        let what = match self.response.status {
            520 => "got an answer from the origin server that it could not understand, or none",
            521 => {
                "was refused by the origin server: nothing listens on that port, or a firewall is there"
            }
            522 => "could not connect to the origin server in time",
            523 => "found no way to the origin server",
            524 => "connected to the origin server, and got no answer in time",
            525 => "could not agree on TLS with the origin server",
            526 => "does not trust the certificate of the origin server",
            530 => "could not find the address of the origin server",
            _ => "reports a failure of its own",
        };
        let who = match self.page.role() {
            Some(Role::Cdn) => self.who(),
            _ => "The content delivery network".to_owned(),
        };
        let websocket = match self.carrier {
            Carrier::WebSocket => ", and that WebSocket is enabled there",
            Carrier::Bosh => "",
        };
        of(
            Party::Between,
            format!(
                "{who} {what}. The XMPP server did not send this: check the way from there to it{websocket}."
            ),
        )
    }
}
