//! By what the answers of programs are known: the list in `signatures.yaml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::trace::Headers;

const FILE: &str = include_str!("signatures.yaml");

/// What wrote or sent an answer, as far as that can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// An XMPP server, or what it speaks HTTP with.
    Server,
    /// A reverse proxy, a load balancer or a web server.
    Proxy,
    /// A content delivery network.
    Cdn,
    /// A firewall for web applications, a bot check, a captive portal.
    Guard,
    /// A single sign-on.
    Login,
    /// A web application, or what serves files.
    Application,
}

/// What an answer means, where it says more than its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// No such host: `Host` is not one that is served.
    UnknownHost,
    /// No such domain: `to` is not one that is served.
    UnknownDomain,
    /// No such session.
    UnknownSession,
    /// The request has no `rid`, or none that counts.
    RidMissing,
    /// The name in TLS is not that in `Host`.
    WrongSni,
    /// HTTP came to a port for TLS.
    WantsTls,
    /// A certificate of the client is wanted.
    WantsCertificate,
    /// A `Content-Length` is wanted, and no chunks.
    WantsLength,
    /// The header lines are too large.
    HeadTooLarge,
    /// The content is too large.
    TooLarge,
    /// There are too many requests.
    RateLimit,
    /// A login is wanted.
    Login,
    /// Logins have failed too often.
    LoginsFailed,
    /// The token of the request has expired.
    TokenExpired,
    /// The token of the request, or its signature, is not accepted.
    TokenInvalid,
    /// A token or a key is wanted.
    TokenMissing,
    /// Pages of this origin are not accepted.
    OriginRefused,
    /// A web application wants its token against forged requests.
    Csrf,
    /// A person has to show to be one.
    BotCheck,
    /// A firewall has refused the request.
    Blocked,
    /// A rule has refused the request.
    ForbiddenByRule,
    /// A rule has refused the method.
    MethodByRule,
    /// A network wants its terms accepted first.
    Portal,
    /// Nothing is routed to this path.
    NoRoute,
    /// What answers only serves files.
    FilesOnly,
    /// The page of a web application, which it shows at every path.
    ApplicationPage,
    /// The web application failed.
    ApplicationFailed,
    /// The page that a web server shows as long as nobody has put anything there.
    StartPage,
    /// The page of a WebSocket module, which it shows to whatever does not ask for a WebSocket.
    PageOfWebsocket,
    /// The page of a connection manager, which it shows to a browser.
    PageOfBosh,
    /// What answers only speaks WebSocket.
    WantsWebsocket,
    /// Work is being done on the service.
    Maintenance,
    /// The XMPP server failed.
    ServerFailed,
    /// The reverse proxy itself failed.
    ProxyFailed,
    /// The reverse proxy could not connect to the back end.
    BackEndRefused,
    /// The reverse proxy has no back end that it may use.
    BackEndNone,
    /// The back end broke off, or did not speak HTTP.
    BackEndBroke,
    /// TLS between the reverse proxy and the back end failed.
    BackEndTls,
    /// The name of the back end has no address.
    BackEndName,
    /// The program that holds the other end of a tunnel is not connected.
    TunnelDown,
    /// The content delivery network does not serve this host.
    CdnHost,
}

/// By what the answer of a program is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    pub(super) by: String,
    pub(super) role: Role,
    #[serde(default)]
    page: Vec<String>,
    #[serde(default)]
    title: Vec<String>,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    status: Vec<u16>,
    #[serde(default)]
    pub(super) means: Option<Meaning>,
    #[cfg_attr(not(test), allow(dead_code))] // the tests read it
    example: String,
}

impl Signature {
    /// The one by which it is known who wrote an answer; `text` is its reason phrase and its page, in lower case.
    pub(super) fn of_page(status: u16, text: &str) -> Option<&'static Self> {
        all().iter().find(|signature| signature.fits_page(status, text))
    }

    /// The one by which it is known who sent an answer, or which login it leads to.
    pub(super) fn of_headers(headers: &Headers) -> Option<&'static Self> {
        all().iter().find(|signature| signature.fits_headers(headers))
    }

    fn fits_page(&self, status: u16, text: &str) -> bool {
        let title =
            || text.split_once("<title>").and_then(|(_, rest)| rest.split("</title>").next());
        let has_title =
            || title().is_some_and(|title| self.title.iter().all(|part| title.contains(&**part)));
        !(self.page.is_empty() && self.title.is_empty())
            && (self.title.is_empty() || has_title())
            && (self.status.is_empty() || self.status.contains(&status))
            && self.page.iter().all(|part| text.contains(&**part))
    }

    fn fits_headers(&self, headers: &Headers) -> bool {
        let Some((name, part)) = self.header.as_deref().and_then(|line| line.split_once(": "))
        else {
            return false;
        };
        headers.all(name).any(|value| value.to_ascii_lowercase().contains(part))
    }
}

/// The list; read at the first use.
fn all() -> &'static [Signature] {
    static ALL: LazyLock<Vec<Signature>> = LazyLock::new(|| {
        serde_saphyr::from_str(FILE)
            .expect("what is compiled in does not change, and a test has read it")
    });
    &ALL
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rules::page::{Page, status};
    use crate::trace::{Content, Response};

    /// An example as a response.
    fn response(example: &str) -> Response {
        let (head, content) = example.split_once("\n\n").unwrap_or((example.trim_end(), ""));
        let mut lines = head.lines();
        let line = lines.next().unwrap();
        let (status, reason) = line.split_once(' ').unwrap_or((line, ""));
        let mut headers = Headers::default();
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a header line");
            headers.push(name, value);
        }
        let (bytes, size) = (content.as_bytes().to_vec(), content.len() as u64);
        Response {
            first: Duration::ZERO,
            answers: Some(0),
            version: 1,
            status: status.parse().expect("a status"),
            reason: reason.to_owned(),
            headers,
            content: Content { bytes, size, ..Content::default() },
            own: false,
        }
    }

    #[test]
    fn every_example_is_told_and_by_no_other_program() {
        assert!(all().len() > 150, "{}", all().len());
        let mut wrong = Vec::new();
        for signature in all() {
            let by = &signature.by;
            let of_page = !(signature.page.is_empty() && signature.title.is_empty());
            assert!(of_page || signature.header.is_some(), "{by}");
            for part in signature.page.iter().chain(&signature.title).chain(&signature.header) {
                assert!(!part.chars().any(|char| char.is_ascii_uppercase()), "{by}: {part}");
            }
            let response = response(&signature.example);
            let page = Page::of(&response);
            let what = format!("{by}: {}", status(&response));
            if of_page {
                let found = page.signature();
                if !found.is_some_and(|found| std::ptr::eq(found, signature)) {
                    wrong.push(format!("{what}: told as {found:?}"));
                }
                let text = page.text();
                for other in all().iter().filter(|other| other.fits_page(response.status, text)) {
                    // These fit what belongs to nobody in particular, or what something else is built on.
                    let general = ["a maintenance page", "a login page", "Jetty"];
                    let is_general = general.contains(&&*other.by);
                    if other.by != *by && !is_general {
                        wrong.push(format!("{what}: {} fits, too", other.by));
                    }
                }
            } else {
                let found =
                    Signature::of_headers(&response.headers).map(|found| (&found.by, found.means));
                if found != Some((by, signature.means)) {
                    wrong.push(format!("{what}: told as {found:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn what_nobody_signs_is_told_of_nobody() {
        for example in
            ["404 Not Found", "404 Not Found\nServer: mine\n\n<html><h1>Nothing</h1></html>"]
        {
            let page = Page::of(&response(example));
            assert!(page.role().is_none() && page.meaning().is_none(), "{example}");
        }
    }
}
