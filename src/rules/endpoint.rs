//! Paths: which exchanges have to be BOSH, even if they do not look like it, and where WebSocket is served.

use rustc_hash::FxHashSet;

use crate::trace::{Exchange, Message, Reading};
use crate::wire::Side;

/// Paths remembered, apart from those with the usual names.
const REMEMBERED: usize = 64;

/// Names that the paths of WebSocket for XMPP usually end in, at Prosody, ejabberd, Openfire and others.
const WEBSOCKETS: [&str; 9] = [
    "ws",
    "wss",
    "websocket",
    "websockets",
    "ws-xmpp",
    "xmpp-ws",
    "http-ws",
    "xmpp-websocket",
    "ws-client",
];

/// The paths of BOSH: those with the usual names, and those that carried BOSH before. Likewise those of WebSocket.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    paths: FxHashSet<String>,
    /// Where BOSH was answered with BOSH.
    answered: FxHashSet<String>,
    /// Where a WebSocket for XMPP was opened.
    websockets: FxHashSet<String>,
}

impl Endpoints {
    /// Learns from a message.
    pub(super) fn learn(&mut self, message: &Message) {
        if let (Side::Client, Reading::Body(_), Some(exchange)) =
            (message.from, &message.reading, &message.exchange)
            && self.paths.len() < REMEMBERED
            && !self.knows(&exchange.target)
        {
            self.paths.insert(path(&exchange.target).to_owned());
        }
        if message.from == Side::Server
            && let Some(exchange) = &message.exchange
        {
            let path = path(&exchange.target);
            // A response to a handshake that belongs to a session has opened it.
            let learned = match &message.reading {
                Reading::Body(_) => Some(&mut self.answered),
                _ if exchange.upgrade.is_some() && message.session.is_some() => {
                    Some(&mut self.websockets)
                }
                _ => None,
            };
            let is_new =
                |paths: &&mut FxHashSet<String>| paths.len() < REMEMBERED && !paths.contains(path);
            if let Some(paths) = learned.filter(is_new) {
                paths.insert(path.to_owned());
            }
        }
    }

    /// Whether a WebSocket for XMPP was opened at this path.
    pub(super) fn has_websocket(&self, target: &str) -> bool {
        self.websockets.contains(path(target))
    }

    /// Whether this target is one at which servers have WebSocket, or had it before, and nothing else.
    pub(super) fn is_websocket(&self, target: &str) -> bool {
        let path = path(target);
        (is_usual_websocket(path) || self.websockets.contains(path))
            && !self.answered.contains(path)
    }

    /// Whether this target is a path of BOSH.
    pub(super) fn knows(&self, target: &str) -> bool {
        let path = path(target);
        let last = path.trim_end_matches('/').rsplit('/').next();
        matches!(last, Some("http-bind" | "bosh")) || self.paths.contains(path)
    }

    /// Whether this exchange has to be BOSH: it is, or it is a POST to a path of BOSH.
    pub(super) fn expects(&self, exchange: &Exchange) -> bool {
        exchange.is_bosh() || (exchange.method == "POST" && self.knows(&exchange.target))
    }
}

/// Whether servers have WebSocket at a path of this name.
pub(super) fn is_usual_websocket(target: &str) -> bool {
    let path = path(target);
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    WEBSOCKETS.iter().any(|name| name.eq_ignore_ascii_case(last)) || names_websocket(path)
}

/// Whether a path says by its name that it is a WebSocket for XMPP, so that nothing else is expected there.
pub(super) fn names_websocket(target: &str) -> bool {
    let path = path(target).to_ascii_lowercase();
    let mut words = path.split(|one: char| !one.is_ascii_alphanumeric());
    let is_ws = |word| matches!(word, "ws" | "wss" | "xmppws" | "wsxmpp" | "xmppwss");
    path.contains("xmpp") && (path.contains("websocket") || words.any(is_ws))
}

fn path(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_websocket_by_a_word_of_its_own() {
        for path in ["/xmpp-websocket", "/ws-xmpp/", "/XMPP/ws?a=b", "/xmpp_ws", "/wss/xmpp"] {
            assert!(names_websocket(path), "{path}");
        }
        for path in ["/xmpp-news", "/xmpp/browser", "/ws", "/rows/xmpp", "/xmpp?ws"] {
            assert!(!names_websocket(path), "{path}");
        }
    }
}
