//! What an answer other than 101 to a handshake means: which hop answered, what is missing, what to do.

use std::time::Duration;

use super::asked::Asked;
use super::handshake::status;
use super::page::{Page, Role};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::words::{list, short};
use crate::trace::Response;

/// How the header lines of a handshake get through a reverse proxy.
const PASS_ON: &str = "Let the reverse proxy pass them on (nginx: proxy_http_version 1.1, proxy_set_header \
    Upgrade $http_upgrade, proxy_set_header Connection \"upgrade\"; Apache: mod_proxy_wstunnel, or \
    upgrade=websocket)";

/// Where servers have WebSocket.
const PATHS: &str = "usual paths are /xmpp-websocket (Prosody), /ws and /websocket (ejabberd), /ws/ (Openfire) and \
    /ws-xmpp (MongooseIM)";

/// An answer other than 101, and what is known about it.
struct Refusal<'a> {
    asked: &'a Asked,
    response: &'a Response,
    page: &'a Page,
    held: Duration,
    /// A WebSocket was opened at this path before.
    had: bool,
}

/// What it means.
struct Verdict {
    kind: &'static Kind,
    requirement: Option<&'static str>,
    party: Party,
    words: String,
}

impl Verdict {
    fn new(party: Party, words: impl Into<String>) -> Self {
        Self { kind: &kinds::WS_REFUSED, requirement: None, party, words: words.into() }
    }

    fn about(self, requirement: &'static str) -> Self {
        Self { requirement: Some(requirement), ..self }
    }

    /// The header lines of the handshake were lost on the way.
    fn lost(words: impl Into<String>) -> Self {
        Self { kind: &kinds::WS_UPGRADE_LOST, ..Self::new(Party::Between, words) }
    }
}

/// Reports what an answer other than 101 means.
pub(super) fn judge(
    asked: &Asked,
    response: &Response,
    page: &Page,
    held: Duration,
    had: bool,
    found: &mut Findings,
) {
    let refusal = Refusal { asked, response, page, held, had };
    let verdict = refusal.verdict();
    let after = match held.as_millis() {
        0..1000 => String::new(),
        _ => format!(" after {}", words(held)),
    };
    let what = match response.status {
        200..300 => "The WebSocket did not open at",
        300..400 => "The WebSocket was redirected at",
        _ => "The WebSocket was refused at",
    };
    let words = format!(
        "{what} {}: HTTP {}{}{after}.{} {}",
        short(&asked.target),
        status(response),
        page.from(),
        page.quoted(),
        verdict.words,
    );
    found.add(verdict.kind, verdict.requirement, Level::Error, verdict.party, words);
}

impl Refusal<'_> {
    fn verdict(&self) -> Verdict {
        let status = self.response.status;
        if self.page.says("plain http request was sent to https port") {
            let words = "This port expects TLS: use wss:// (an https:// target).";
            return Verdict::new(Party::Client, words);
        }
        if matches!(status, 300..400) {
            return self.redirect();
        }
        if matches!(status, 200..300 | 400 | 404..=406 | 426 | 500 | 501 | 505) {
            if let Some(verdict) = self.incomplete() {
                return verdict;
            }
        }
        match status {
            200..300 => self.page_instead(),
            401 | 407 => self.authentication(),
            400 => self.bad_request(),
            403 => self.forbidden(),
            404 | 410 => self.not_found(),
            405 => Verdict::new(
                Party::Nobody,
                format!(
                    "GET is not allowed there, as at a path of BOSH, which takes POST alone, or of \
                     something else: {PATHS}."
                ),
            ),
            421 => Verdict::new(
                Party::Nobody,
                format!("The server is not responsible for this host: {}.", self.asked.whence()),
            ),
            426 => self.upgrade_required(),
            429 => {
                Verdict::new(Party::Nobody, "Something limits how often this client may connect.")
            }
            500 => self.failed(),
            501 => self.not_implemented(),
            502..=504 => self.gateway(),
            520..=530 => self.cdn(),
            _ => self.other(),
        }
    }

    /// The request lacks something already where it was seen.
    fn incomplete(&self) -> Option<Verdict> {
        let lost = self.asked.lost();
        if !lost.is_empty() {
            let what = list(&lost);
            let words = if self.asked.passed_on {
                format!(
                    "The request was not complete any more when it came here: {what}. Something in \
                     front of this point took that away. {PASS_ON}."
                )
            } else {
                format!(
                    "The request was not complete when it came here: {what}. Every WebSocket client \
                     sends these lines, so something between the client and this point probably took \
                     them away. {PASS_ON}."
                )
            };
            return Some(Verdict::lost(words));
        }
        let lacks = self.asked.lacks();
        if lacks.is_empty() {
            return None;
        }
        let words = format!(
            "The request is not a complete handshake: {} (RFC 6455 section 4.1).",
            list(&lacks)
        );
        let unknown = self.asked.version.as_deref().is_some_and(|version| version != "13");
        let silent = self.response.headers.get("sec-websocket-version").is_none();
        let verdict = Verdict::new(Party::Client, words);
        if unknown && silent {
            let words = format!(
                "{} The refusal does not say in Sec-WebSocket-Version which versions are known.",
                verdict.words
            );
            return Some(Verdict { words, ..verdict }.about("ws-handshake-status"));
        }
        Some(verdict)
    }

    /// 2xx.
    fn page_instead(&self) -> Verdict {
        let where_lost = "Upgrade and Connection were complete when the request passed here, so something \
            after this point took them away";
        if self.page.is_of_websocket() {
            return Verdict::lost(format!(
                "That is the page of the WebSocket module itself, so the path is right. {where_lost}. \
                 {PASS_ON}."
            ));
        }
        if self.page.says("origin") && self.page.says("not allowed") {
            return self.origin_by_another_status();
        }
        if self.page.is_html() || self.page.is_empty() || self.had {
            let page = if self.page.is_empty() { "An empty response" } else { "A web page" };
            return Verdict::lost(format!(
                "{page} came in place of 101: either a web server answers at this path, with the \
                 web application for example, or a reverse proxy passed the request on without Upgrade \
                 and Connection. {PASS_ON}, and check that this path leads to the XMPP server; {PATHS}."
            ));
        }
        Verdict::new(
            Party::Nobody,
            format!("Something that is not a WebSocket answers at this path; {PATHS}."),
        )
    }

    fn redirect(&self) -> Verdict {
        let Some(location) = self.response.headers.get("location") else {
            return Verdict::new(
                Party::Nobody,
                "It does not say where to; clients do not follow a redirect of a WebSocket anyway.",
            );
        };
        let lower = location.to_ascii_lowercase();
        let is_login = ["login", "signin", "sign-in", "sso", "auth", "saml", "openid", "/cas/"]
            .iter()
            .any(|word| lower.contains(word));
        let to = short(location);
        if is_login {
            return Verdict::new(
                Party::Between,
                format!(
                    "It leads to {to}: a login stands in front of the WebSocket, which a client cannot \
                     pass. Let this path through without it."
                ),
            );
        }
        let url = lower
            .strip_prefix("http")
            .map_or_else(|| location.to_owned(), |_| format!("ws{}", &location[4..]));
        let insecure = url.to_ascii_lowercase().starts_with("ws://");
        let words = format!(
            "It leads to {to}, and browsers do not follow a redirect of a WebSocket. Configure the \
             client with {}{}.",
            short(&url),
            if insecure { ", with wss:// if that has TLS" } else { "" }
        );
        Verdict::new(Party::Nobody, words)
    }

    fn authentication(&self) -> Verdict {
        let scheme = ["www-authenticate", "proxy-authenticate"]
            .iter()
            .find_map(|name| self.response.headers.get(name))
            .map(|value| format!(" ({})", short(value)))
            .unwrap_or_default();
        let words = format!(
            "Something asks for authentication by HTTP{scheme} before it lets the WebSocket through; XMPP \
             authenticates within the WebSocket, and a page cannot add Authorization to a handshake. \
             Let this path through without it."
        );
        Verdict::new(self.proxy_or_nobody(), words)
    }

    fn bad_request(&self) -> Verdict {
        if self.page.says("origin") {
            return self.origin_by_another_status();
        }
        if let Some(verdict) = self.without_subprotocol() {
            return verdict;
        }
        if self.page.says("unknown host") || self.page.says("invalid host") {
            return self.host();
        }
        Verdict::new(
            Party::Nobody,
            format!(
                "The request was complete when it passed here (Upgrade, Connection, key, version 13), so \
                 either something after this point took Upgrade or Connection away, or what answers is \
                 not the WebSocket. {PASS_ON}, and check the path; {}.",
                self.asked.whence()
            ),
        )
    }

    /// 403: servers check where the page is from, or which host is wanted.
    fn forbidden(&self) -> Verdict {
        let whence = self.asked.whence();
        if self.page.says("origin") {
            return Verdict::new(
                Party::Server,
                format!(
                    "The server does not accept pages of this origin. {whence}. Allow that origin in \
                     the server's settings (cross_domain_websocket in Prosody, websocket_origin in \
                     ejabberd), or serve the page from the same host."
                ),
            );
        }
        if self.page.says("unknown host") || self.page.says("host not") {
            return self.host();
        }
        if self.page.is_of_proxy() && self.page.author.is_some() {
            return Verdict::new(
                Party::Between,
                format!(
                    "That is not the XMPP server's word: a rule of what answered forbids this path or this \
                     client. {whence}."
                ),
            );
        }
        let check = if self.asked.origin.is_some() {
            "Servers that answer 403 check the Origin of the page, or the host. Allow that origin \
             (cross_domain_websocket in Prosody, websocket_origin in ejabberd), or pass the right Host \
             on; a rule of a reverse proxy can forbid the path, too."
        } else {
            "Servers that answer 403 check the host, or want an Origin, which only browsers send; a rule \
             of a reverse proxy can forbid the path, too."
        };
        Verdict::new(Party::Nobody, format!("{whence}. {check}"))
    }

    fn origin_by_another_status(&self) -> Verdict {
        let words = format!(
            "The server does not accept the origin of the page. {}. Allow it in the server's settings; \
             the status for this is 403.",
            self.asked.whence()
        );
        Verdict::new(Party::Server, words).about("ws-origin-refused-as-403")
    }

    fn host(&self) -> Verdict {
        Verdict::new(
            Party::Between,
            format!(
                "The server does not serve this host. {}. Let the reverse proxy pass the Host of the \
                 client on (proxy_set_header Host $host in nginx, ProxyPreserveHost On in Apache; \
                 --host here), or add the host to the server's settings.",
                self.asked.whence()
            ),
        )
    }

    fn not_found(&self) -> Verdict {
        if self.page.says("unknown host") || self.page.says("host not") {
            return self.host();
        }
        let whence = self.asked.whence();
        if self.had {
            return Verdict::new(
                Party::Nobody,
                format!(
                    "A WebSocket was opened at this path before: the server was restarted without its \
                     WebSocket module, or another back end answers. {whence}."
                ),
            );
        }
        let who = match self.page.role() {
            Some(Role::Proxy | Role::Cdn) if self.page.is_of_proxy() => {
                "What answered has no route for this path, so nothing reached the XMPP server: add one"
            }
            Some(Role::Server) => {
                "The XMPP server has no WebSocket at this path or for this host: enable its module, and \
                 check the path and the Host"
            }
            _ => {
                "Nothing is served at this path, or not for this host: check the path, the route of the \
                 reverse proxy and the server's WebSocket module"
            }
        };
        Verdict::new(self.proxy_or_nobody(), format!("{who}. {whence}; {PATHS}."))
    }

    fn upgrade_required(&self) -> Verdict {
        let versions: Vec<&str> = self.response.headers.all("sec-websocket-version").collect();
        let knows_13 = versions.iter().any(|list| list.split(',').any(|one| one.trim() == "13"));
        if !versions.is_empty() && !knows_13 {
            return Verdict::new(
                Party::Server,
                format!(
                    "The server knows version {} of the protocol alone, and not 13, which all clients \
                     have.",
                    short(&versions.join(", "))
                ),
            );
        }
        Verdict::lost(format!(
            "Upgrade, Connection and version 13 were there when the request passed here, so something \
             after this point took them away. {PASS_ON}."
        ))
    }

    fn failed(&self) -> Verdict {
        if self.page.is_of_proxy() {
            return Verdict::new(
                Party::Between,
                "That is the page of a reverse proxy: its own settings for this path fail, as Apache's do \
                 without mod_proxy_wstunnel. Its error log says why.",
            );
        }
        Verdict::new(self.proxy_or_nobody(), "What answered failed; its log says why at this time.")
    }

    fn not_implemented(&self) -> Verdict {
        if let Some(verdict) = self.without_subprotocol() {
            return verdict;
        }
        Verdict::new(
            Party::Nobody,
            "The request offers the subprotocol xmpp where it passed here. Servers answer 501 when that \
             does not reach them, or when what answers does not know WebSocket: check that \
             Sec-WebSocket-Protocol is passed on.",
        )
    }

    /// The request does not offer `xmpp`.
    fn without_subprotocol(&self) -> Option<Verdict> {
        if self.asked.offers_xmpp() {
            return None;
        }
        let words = format!(
            "The request offers {}, and a server for XMPP refuses that: the client has to send \
             Sec-WebSocket-Protocol: xmpp (new WebSocket(url, 'xmpp')).",
            self.asked.offered()
        );
        let verdict = Verdict::new(Party::Client, words).about("ws-client-offers-subprotocol");
        Some(Verdict { kind: &kinds::WS_SUBPROTOCOL_NOT_OFFERED, ..verdict })
    }

    /// 502, 503 and 504.
    fn gateway(&self) -> Verdict {
        if self.page.author.is_some_and(|(_, role)| role == Role::Server) {
            return Verdict::new(
                Party::Server,
                "The XMPP server itself says so: its log says why.",
            );
        }
        let slow = self.held.as_secs() >= 2;
        let who = match self.response.status {
            504 if slow => format!(
                "The reverse proxy waited {} for an answer of the back end, and got none",
                words(self.held)
            ),
            504 => "The reverse proxy got no answer of the back end in time".to_owned(),
            503 if self.page.is_of_proxy() || self.page.role().is_some() => {
                "The reverse proxy has no back end that it can use for this path".to_owned()
            }
            _ if slow => "The reverse proxy reached the back end, which broke off or could not be \
                understood, or could not connect to it in time"
                .to_owned(),
            _ => "The reverse proxy could not connect to the back end, or the back end broke off"
                .to_owned(),
        };
        Verdict::new(
            Party::Between,
            format!(
                "{who}: check that the XMPP server runs, and that the address, port and scheme (http or \
                 https) in the reverse proxy are those of its HTTP port, not of its port for TCP."
            ),
        )
    }

    /// What a content delivery network says of its own.
    fn cdn(&self) -> Verdict {
        let what = match self.response.status {
            520 | 502 => {
                "got an answer from the origin server that it could not understand, or none"
            }
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
        Verdict::new(
            Party::Between,
            format!(
                "The content delivery network {what}. The XMPP server did not say this: check the way \
                 from there to it, and that WebSocket is enabled there."
            ),
        )
    }

    fn other(&self) -> Verdict {
        if let Some(verdict) = self.incomplete() {
            return verdict;
        }
        Verdict::new(self.proxy_or_nobody(), format!("{}.", self.asked.whence()))
    }

    /// In between, if that is who wrote the page.
    fn proxy_or_nobody(&self) -> Party {
        match self.page.role() {
            _ if self.page.is_of_proxy() => Party::Between,
            Some(Role::Server) => Party::Server,
            _ => Party::Nobody,
        }
    }
}
