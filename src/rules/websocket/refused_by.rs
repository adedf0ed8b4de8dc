//! What servers and reverse proxies mean by 403, 404 and 500 in answer to a handshake.

use super::refused::{PATHS, Path, Refusal, Verdict};
use crate::rules::finding::Party;
use crate::rules::page::{Meaning, Role};

impl Refusal<'_> {
    /// 403: servers check where the page is from, or which host is wanted.
    pub(super) fn forbidden(&self) -> Verdict {
        let whence = self.asked.whence.words();
        if self.page.meaning() == Some(Meaning::OriginRefused) {
            return Verdict::new(
                Party::Server,
                format!(
                    "The server does not accept pages of this origin. {whence}. Allow that origin in \
                     the server's settings (cross_domain_websocket in Prosody, websocket_origin in \
                     ejabberd), or serve the page from the same host."
                ),
            );
        }
        if self.page.is_of_proxy() && self.page.author().is_some() {
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
        if self.page.is_from("Prosody") && self.asked.whence.origin.is_some() {
            return Verdict::new(
                Party::Server,
                format!(
                    "{whence}. Prosody answers 403 if the Origin of the page is not its own and not in \
                     cross_domain_websocket: add it there, or serve the page from the same host."
                ),
            );
        }
        let check = if self.asked.whence.origin.is_some() {
            "Servers that answer 403 check the Origin of the page, or the host. Allow that origin \
             (cross_domain_websocket in Prosody, websocket_origin in ejabberd), or pass the right Host \
             on; a rule of a reverse proxy can forbid the path, too."
        } else {
            "Servers that answer 403 check the host, or want an Origin, which only browsers send; a rule \
             of a reverse proxy can forbid the path, too."
        };
        Verdict::new(Party::Nobody, format!("{whence}. {check}"))
    }

    pub(super) fn not_found(&self) -> Verdict {
        let whence = self.asked.whence.words();
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
        Verdict::new(self.page.party(), format!("{who}. {whence}; {PATHS}."))
    }

    pub(super) fn failed(&self) -> Verdict {
        if self.page.is_of_proxy() {
            return Verdict::new(
                Party::Between,
                "That is the page of a reverse proxy: its own settings for this path fail, as Apache's do \
                 without mod_proxy_wstunnel. Its error log says why.",
            );
        }
        Verdict::new(self.page.party(), "What answered failed; its log says why at this time.")
    }
}
