//! What an answer other than 101 to a handshake means: which hop answered, what is missing, what to do. What servers and
//! proxies say by 401, 403, 404 and 5xx is in `refused_by`.

use std::time::Duration;

use super::asked::Asked;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::page::{Carrier, Meaning, Page, Refused, shared, status};
use crate::rules::words::{list, short};
use crate::trace::Response;

/// How the header lines of a handshake get through a reverse proxy.
const PASS_ON: &str = "Let the reverse proxy pass them on (nginx: proxy_http_version 1.1, proxy_set_header \
    Upgrade $http_upgrade, proxy_set_header Connection \"upgrade\"; Apache: mod_proxy_wstunnel, or \
    upgrade=websocket)";

/// Where servers have WebSocket.
pub(super) const PATHS: &str = "usual paths are /xmpp-websocket (Prosody), /ws and /websocket (ejabberd), /ws/ (Openfire) and \
    /ws-xmpp (MongooseIM)";

/// An answer other than 101, and what is known about it.
pub(super) struct Refusal<'a> {
    pub(super) asked: &'a Asked,
    pub(super) response: &'a Response,
    pub(super) page: &'a Page,
    pub(super) held: Duration,
    pub(super) path: Path,
}

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// A WebSocket was opened there before.
    HadWebSocket,
    /// It is one of BOSH.
    Bosh,
    /// A `<body/>` of BOSH came from there, although it may have the name of one of WebSocket.
    AnswersBosh { is_named: bool },
    /// Nothing.
    Unknown,
}

/// What it means.
pub(super) struct Verdict {
    kind: &'static Kind,
    requirement: Option<&'static str>,
    party: Party,
    words: String,
}

impl Verdict {
    pub(super) fn new(party: Party, words: impl Into<String>) -> Self {
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
    path: Path,
    found: &mut Findings,
) {
    let refusal = Refusal { asked, response, page, held, path };
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
        short(&asked.whence.target),
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
        let (response, page, held) = (self.response, self.page, self.held);
        if let Path::AnswersBosh { is_named } = self.path {
            return Self::answers_bosh(is_named);
        }
        let carrier = Carrier::WebSocket;
        let whence = &self.asked.whence;
        if let Some(cause) = shared(&Refused { carrier, whence, response, page, held }) {
            return Verdict::new(cause.party, cause.words);
        }
        if matches!(status, 300..400) {
            return self.redirect();
        }
        if page.meaning() == Some(Meaning::NoRoute) {
            return self.not_found();
        }
        if self.path == Path::Bosh && matches!(status, 200..300 | 400 | 404..=406 | 426 | 501) {
            let words = format!(
                "That is a path of BOSH, and WebSocket has a path of its own: {PATHS}. Give the client that \
                 path, or use this URL, with http:// or https://, as its BOSH URL."
            );
            return Verdict::new(Party::Client, words);
        }
        if matches!(status, 200..300 | 400 | 404..=406 | 426 | 500 | 501 | 505)
            && let Some(verdict) = self.incomplete()
        {
            return verdict;
        }
        match status {
            200..300 => self.page_instead(),
            400 => self.bad_request(),
            403 => self.forbidden(),
            404 | 410 => self.not_found(),
            405 => Verdict::new(
                Party::Nobody,
                format!(
                    "GET is not allowed there: this is probably a path of BOSH, which accepts only \
                     POST, or of something else; {PATHS}."
                ),
            ),
            426 => self.upgrade_required(),
            500 => self.failed(),
            501 => self.not_implemented(),
            _ => self.other(),
        }
    }

    /// A connection manager answers.
    fn answers_bosh(is_named: bool) -> Verdict {
        let (party, or) = if is_named {
            (Party::Nobody, ", or let the route of this path lead to the server's WebSocket")
        } else {
            (Party::Client, ", or use this URL, with http:// or https://, as its BOSH URL")
        };
        let words = format!(
            "A <body/> of BOSH came, so a connection manager answers at this path, and WebSocket has a path of its own: \
             {PATHS}. Give the client that path{or}."
        );
        Verdict::new(party, words)
    }

    /// The request lacks something already where it was seen.
    fn incomplete(&self) -> Option<Verdict> {
        let lost = self.asked.lost();
        if !lost.is_empty() {
            let what = list(&lost);
            let words = if self.asked.whence.passed_on {
                format!(
                    "The request was no longer complete when it arrived here: {what}. Something in \
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
        if self.page.meaning() == Some(Meaning::OriginRefused) {
            return self.origin_by_another_status();
        }
        if self.page.meaning() == Some(Meaning::StartPage) {
            return Verdict::new(
                Party::Between,
                format!(
                    "That is the start page of a web server, so this path does not lead to the XMPP server: \
                     add a route for it that passes the handshake on. {PASS_ON}."
                ),
            );
        }
        if self.page.is_html() || self.page.is_empty() || self.path == Path::HadWebSocket {
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
        let to = short(location);
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

    fn bad_request(&self) -> Verdict {
        if self.page.meaning() == Some(Meaning::OriginRefused) {
            return self.origin_by_another_status();
        }
        if let Some(verdict) = self.without_subprotocol() {
            return verdict;
        }
        let others = ["subprotocol", "version", "extension"];
        if self.page.meaning() == Some(Meaning::WantsWebsocket)
            && !others.iter().any(|other| self.page.says(other))
        {
            return Verdict::lost(format!(
                "What answered speaks WebSocket, and found no handshake in what it got. The request was complete when it \
                 passed here (Upgrade, Connection, key, version 13), so something after this point took Upgrade or \
                 Connection away. {PASS_ON}."
            ));
        }
        Verdict::new(
            Party::Nobody,
            format!(
                "The request was complete when it passed here (Upgrade, Connection, key, version 13), so \
                 either something after this point took Upgrade or Connection away, or what answers is \
                 not the WebSocket. {PASS_ON}, and check the path; {}.",
                self.asked.whence.words()
            ),
        )
    }

    pub(super) fn origin_by_another_status(&self) -> Verdict {
        let words = format!(
            "The server does not accept the origin of the page. {}. Allow it in the server's settings; \
             the status for this is 403.",
            self.asked.whence.words()
        );
        Verdict::new(Party::Server, words).about("ws-origin-refused-as-403")
    }

    fn upgrade_required(&self) -> Verdict {
        let versions: Vec<&str> = self.response.headers.all("sec-websocket-version").collect();
        let knows_13 = versions.iter().any(|list| list.split(',').any(|one| one.trim() == "13"));
        if !versions.is_empty() && !knows_13 {
            return Verdict::new(
                Party::Server,
                format!(
                    "The server supports only version {} of the WebSocket protocol, not 13, which all \
                     clients use.",
                    short(&versions.join(", "))
                ),
            );
        }
        Verdict::lost(format!(
            "Upgrade, Connection and version 13 were there when the request passed here, so something \
             after this point took them away. {PASS_ON}."
        ))
    }

    fn not_implemented(&self) -> Verdict {
        if let Some(verdict) = self.without_subprotocol() {
            return verdict;
        }
        Verdict::new(
            Party::Nobody,
            "The request offered the subprotocol xmpp when it passed here. Servers answer 501 when that \
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

    fn other(&self) -> Verdict {
        if let Some(verdict) = self.incomplete() {
            return verdict;
        }
        Verdict::new(self.page.party(), format!("{}.", self.asked.whence.words()))
    }
}
