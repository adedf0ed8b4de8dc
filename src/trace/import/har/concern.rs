//! Which exchanges of a page concern XMPP. A page loads hundreds of images and scripts; who looks for the chat in it is not helped
//! by them.

use super::entry::Entry;

/// Whether an exchange concerns XMPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concern {
    /// What it says, or where it goes, is XMPP.
    Yes,
    /// If others that go to the same place do.
    Perhaps,
    No,
}

/// What only XMPP has in it.
const SIGNS: [&str; 4] = [
    "http://jabber.org/protocol/httpbind",
    "urn:ietf:params:xml:ns:xmpp-",
    "http://etherx.jabber.org/streams",
    "jabber:client",
];

/// Parts of a path at which there is XMPP.
const PATHS: [&str; 9] = [
    "http-bind",
    "http-bind.php",
    "http-poll",
    "bosh",
    "xmpp-websocket",
    "xmpp-httpbind",
    "ws-xmpp",
    "host-meta",
    "host-meta.json",
];

/// Types of content that no request of XMPP has.
const OTHERS: [&str; 7] = ["image/", "font/", "audio/", "video/", "text/css", "javascript", "wasm"];

/// A longer text is not searched to its end.
const SEARCHED: usize = 64 << 10;

/// Whether a text is one of XMPP.
pub(super) fn is_xmpp(text: &[u8]) -> bool {
    let text = &text[..text.len().min(SEARCHED)];
    SIGNS.iter().any(|sign| memchr::memmem::find(text, sign.as_bytes()).is_some())
}

impl Concern {
    /// Whether an entry with these contents concerns XMPP. `spoke`: whether its messages of WebSocket, if it has any, are XMPP.
    pub(super) fn of(entry: &Entry, contents: [Option<&[u8]>; 2], spoke: Option<bool>) -> Self {
        let url = entry.request.url.as_text();
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let mut lines = entry.request.headers.0.iter().chain(&entry.response.headers.0);
        let subprotocol = lines.any(|pair| {
            pair.name.as_text().eq_ignore_ascii_case("sec-websocket-protocol")
                && pair.value.as_text().contains("xmpp")
        });
        let mime = entry.response.content.0.mime_type.as_text();
        let other = OTHERS.iter().any(|other| mime.contains(other));
        // A script of a client has names of XMPP in it.
        let [asked, answered] = contents.map(|content| content.is_some_and(is_xmpp));
        if spoke == Some(true)
            || subprotocol
            || asked
            || answered && !other
            || path.split('/').skip(3).any(|part| PATHS.contains(&part))
            // A `<body/>` in the query (XEP-0252).
            || is_xmpp(url.as_bytes())
            || url.contains("protocol%2Fhttpbind")
        {
            return Self::Yes;
        }
        let large = contents.into_iter().flatten().any(|content| content.len() > SEARCHED);
        if spoke.is_some() || other || large { Self::No } else { Self::Perhaps }
    }
}
