//! What a page means, where it says more than the status.

use super::cause::{BACK_END, Carrier, Cause, PASS_HOST_ON, Refused, head_too_large, of};
use super::signature::Meaning;
use super::whence::Whence;
use crate::rules::finding::Party;
use crate::rules::words::short;

impl Refused<'_> {
    /// What the page says.
    pub(super) fn by_page(&self, meaning: Meaning) -> Option<Cause> {
        let (who, name) = (self.who(), self.carrier.name());
        Some(match meaning {
            Meaning::UnknownHost => self.unknown_host(),
            Meaning::WrongSni => of(
                Party::Between,
                format!(
                    "The name in TLS (SNI) is not that in Host, or the certificate of what answered does not have it: {}. \
                     Connect with the name that is in Host and in the certificate.",
                    self.whence.words()
                ),
            ),
            Meaning::WantsTls => self.wants_tls(),
            Meaning::WantsCertificate => self.wants_certificate(),
            Meaning::HeadTooLarge => head_too_large(),
            Meaning::RateLimit => self.too_many(),
            Meaning::Login => {
                let by = self.page.by().filter(|by| !by.starts_with("a "));
                let by = by.map(|by| format!(" ({by})")).unwrap_or_default();
                self.login(&format!("A login{by} stands"))
            }
            Meaning::BotCheck => of(
                Party::Between,
                format!(
                    "{who} checks whether the client is a person in a browser, which no XMPP client can pass. Except this \
                     path from that check."
                ),
            ),
            Meaning::Blocked => of(
                Party::Between,
                format!(
                    "A firewall for web applications ({who}) has blocked the request, and nothing reached {name}: except \
                     this path from its rules; XML in a POST is what they often take for an attack."
                ),
            ),
            Meaning::ForbiddenByRule => of(
                Party::Between,
                format!("The XMPP server did not send this: a rule of {} refuses this path or client.", self.whom()),
            ),
            Meaning::MethodByRule => of(
                Party::Between,
                format!(
                    "The XMPP server did not send this: {} is not set up to pass POST on. Allow all methods at this path, and \
                     switch caching off.",
                    self.whom()
                ),
            ),
            Meaning::Portal => of(
                Party::Between,
                "The network answers with its own page (a captive portal): log in to the network first, or use https://, \
                 which it cannot answer."
                    .to_owned(),
            ),
            Meaning::FilesOnly => of(
                Party::Between,
                format!(
                    "What answers ({who}) only serves files, and {name} is not there: this host or path does not lead to the \
                     XMPP server. Give the client the server's URL, or add a route for this path."
                ),
            ),
            Meaning::ApplicationFailed => of(
                Party::Between,
                format!("A script ({who}) answers at this path, and it failed: its log says why at this time."),
            ),
            Meaning::Maintenance => of(
                Party::Between,
                format!("A page for maintenance was sent in place of the answer.{}", self.retry_after()),
            ),
            Meaning::ServerFailed => {
                of(Party::Server, "The XMPP server itself says so: its log says why at this time.")
            }
            Meaning::ProxyFailed => of(
                Party::Between,
                format!("{who} failed, and not the XMPP server: its own settings for this path. Its error log says why."),
            ),
            Meaning::CdnHost => of(
                Party::Between,
                format!(
                    "{who} does not serve this host: {}. Use the host name that is set up there, not an address.",
                    self.whence.words()
                ),
            ),
            _ => return self.by_admission(meaning).or_else(|| self.back_end(meaning)),
        })
    }

    /// What a page says of what lets a request in: logins, tokens, the page that it comes from.
    fn by_admission(&self, meaning: Meaning) -> Option<Cause> {
        let name = self.carrier.name();
        Some(match meaning {
            Meaning::LoginsFailed => self.logins_failed(),
            Meaning::TokenExpired => of(
                Party::Client,
                "The token that the request carries has expired: let the client, or the page that it runs in, get a new one \
                 before it connects, and compare the clocks if it was new.",
            ),
            Meaning::TokenInvalid => of(
                Party::Nobody,
                "What answered does not accept the token or the signature that the request carries: compare key, issuer and \
                 audience of the token with those in its settings, and whether the token got there whole.",
            ),
            Meaning::TokenMissing => of(
                self.in_front(),
                format!(
                    "What answered wants a token or a key before it lets a request through to {name}, and this request has \
                     none that it knows. Let this path through without it, as XMPP has a login of its own, or give the client a URL with it."
                ),
            ),
            Meaning::OriginRefused if self.carrier == Carrier::Bosh => of(
                self.page.party(),
                format!(
                    "What answered does not accept pages of this origin: {}. Allow that origin in its settings, or serve the \
                     page from the same host.",
                    self.whence.words()
                ),
            ),
            Meaning::Csrf => of(
                Party::Between,
                format!(
                    "A web application{} answers in place of {name}: with each POST it wants a token against forged requests \
                     (CSRF), which no XMPP client has. Add a route for this path that leads to the XMPP server, before that \
                     of the application.",
                    self.page.by().map(|by| format!(" ({by})")).unwrap_or_default()
                ),
            ),
            _ => return None,
        })
    }

    /// Logins from this address have failed too often.
    fn logins_failed(&self) -> Cause {
        let (party, shared) = if self.whence.passed_on {
            let shared = " If everybody has this address, it is that of the reverse proxy: let it pass on that of the client \
                          (X-Forwarded-For), and the server trust it.";
            (Party::Nobody, shared)
        } else {
            (Party::Client, "")
        };
        of(
            party,
            format!(
                "Too many logins from this address have failed, so it is shut out for a time: check the user name and the \
                 password that the client repeats, then wait, or lift the block.{shared}"
            ),
        )
    }

    /// Whoever stands before what was asked for.
    pub(super) fn in_front(&self) -> Party {
        if self.page.is_of_server() { Party::Server } else { Party::Between }
    }

    /// What a reverse proxy says of its back end.
    fn back_end(&self, meaning: Meaning) -> Option<Cause> {
        if self.page.is_of_server() {
            return None;
        }
        let who = self.who();
        Some(match meaning {
            Meaning::BackEndRefused => {
                of(Party::Between, format!("{who} could not connect to the back end: {BACK_END}."))
            }
            Meaning::BackEndNone => of(
                Party::Between,
                format!(
                    "{who} has no back end that it may use: either its health check fails, or no server is configured. \
                     Check that the XMPP server runs, and what the health check asks for."
                ),
            ),
            Meaning::BackEndBroke => of(
                Party::Between,
                format!(
                    "{who} reached the back end, which ended the connection or did not speak HTTP: {BACK_END}; or the \
                     server crashed, which its log says."
                ),
            ),
            Meaning::BackEndTls => of(
                Party::Between,
                format!(
                    "{who} failed, and not the XMPP server: it speaks TLS to a back end that has none there, or whose \
                     certificate it does not trust. Check scheme and port of the back end in its settings."
                ),
            ),
            Meaning::BackEndName => of(
                Party::Between,
                format!(
                    "{who} finds no address for the name of the back end: check that name in its settings, and, with \
                     containers, that both are in the same network."
                ),
            ),
            Meaning::TunnelDown => of(
                Party::Between,
                format!(
                    "The tunnel to this host has no other end ({}): start its program where the XMPP server is, and compare \
                     the host name, which is often another one after a restart.",
                    self.whom()
                ),
            ),
            _ => return None,
        })
    }

    /// The program that answered, within a sentence.
    fn whom(&self) -> &'static str {
        self.page.by().unwrap_or("what answered")
    }

    pub(super) fn unknown_host(&self) -> Cause {
        let Whence { host, .. } = self.whence;
        let host = host.as_deref().map_or("missing".to_owned(), short);
        if let Some(named) = self.named_host()
            && self.whence.bare_host().is_some_and(|host| !host.eq_ignore_ascii_case(&named))
        {
            return of(
                Party::Between,
                format!(
                    "The server got Host {}, which it does not serve, although Host is {host} here: something after this point \
                     replaces it. {PASS_HOST_ON}.",
                    short(&named)
                ),
            );
        }
        let Some(other) = self.whence.other_host() else {
            return of(
                Party::Server,
                format!(
                    "The server does not serve this host. {}. Add it to the server's settings (in Prosody a VirtualHost, \
                     http_host or http_default_host).",
                    self.whence.words()
                ),
            );
        };
        let from = match (&self.whence.forwarded_host, &self.whence.to) {
            (Some(forwarded), Some(to)) if forwarded == to => {
                "X-Forwarded-Host and `to` say".to_owned()
            }
            (Some(_), _) => "X-Forwarded-Host says".to_owned(),
            _ => "`to` says".to_owned(),
        };
        let origin = match &self.whence.origin {
            Some(origin) => format!(" (Origin is {})", short(origin)),
            None => String::new(),
        };
        of(
            Party::Between,
            format!(
                "The server knows no such host: Host is {host} in this request, while {from} {}{origin}. {PASS_HOST_ON}; \
                 else add this host to the server's settings.",
                short(other)
            ),
        )
    }

    /// The host that the page says is not known.
    fn named_host(&self) -> Option<String> {
        let said = self.page.sentence.as_deref()?;
        let rest = said.split_once("Unknown host: ")?.1;
        let name = rest.split_whitespace().next()?.trim_end_matches(['.', ',', '"']);
        Some(name.rsplit_once(':').map_or(name, |(name, _)| name).to_owned())
    }
}
