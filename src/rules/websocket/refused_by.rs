//! What servers, reverse proxies and content delivery networks mean by 401, 403, 404 and 5xx in answer to a handshake.

use super::page::Role;
use super::refused::{PATHS, Path, Refusal, Verdict};
use crate::clock::words;
use crate::rules::finding::Party;
use crate::rules::words::short;

impl Refusal<'_> {
    pub(super) fn authentication(&self) -> Verdict {
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

    /// 403: servers check where the page is from, or which host is wanted.
    pub(super) fn forbidden(&self) -> Verdict {
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
                    "The XMPP server did not send this: a rule of whatever answered forbids this path or \
                     this client. {whence}."
                ),
            );
        }
        if self.page.is_empty() && self.page.is_from("Envoy") {
            return Verdict::new(
                Party::Between,
                "Envoy answers 403 to an upgrade that its route does not allow: add websocket to \
                 upgrade_configs.",
            );
        }
        if self.page.is_from("Prosody") && self.asked.origin.is_some() {
            return Verdict::new(
                Party::Server,
                format!(
                    "{whence}. Prosody answers 403 if the Origin of the page is not its own and not in \
                     cross_domain_websocket: add it there, or serve the page from the same host."
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

    pub(super) fn host(&self) -> Verdict {
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

    pub(super) fn not_found(&self) -> Verdict {
        if self.page.says("unknown host") || self.page.says("host not") {
            return self.host();
        }
        let whence = self.asked.whence();
        if self.path == Path::HadWebSocket {
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

    /// A reverse proxy speaks TLS to a back end that does not, or does not trust it.
    pub(super) fn without_tls(&self) -> Option<Verdict> {
        (self.page.says("ssl handshake") || self.page.says("tls handshake")).then(|| {
            Verdict::new(
                Party::Between,
                "The reverse proxy speaks TLS to a back end that has none there, or whose certificate it does \
                 not trust: check scheme and port of the back end in its settings.",
            )
        })
    }

    pub(super) fn failed(&self) -> Verdict {
        if let Some(verdict) = self.without_tls() {
            return verdict;
        }
        if self.page.is_of_proxy() {
            return Verdict::new(
                Party::Between,
                "That is the page of a reverse proxy: its own settings for this path fail, as Apache's do \
                 without mod_proxy_wstunnel. Its error log says why.",
            );
        }
        Verdict::new(self.proxy_or_nobody(), "What answered failed; its log says why at this time.")
    }

    /// 502, 503 and 504.
    pub(super) fn gateway(&self) -> Verdict {
        if let Some(verdict) = self.without_tls() {
            return verdict;
        }
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
    pub(super) fn cdn(&self) -> Verdict {
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
}
