//! Paths at which servers offer XMPP over HTTP.

const BOSH: [&str; 4] = ["http-bind", "httpbind", "bosh", "http_bind"];
const WEBSOCKET: [&str; 4] = ["/ws", "/websocket", "/xmpp-websocket", "/ws-xmpp"];

/// Whether a request target looks like that of BOSH or of XMPP over WebSocket.
pub(super) fn is_xmpp(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let path = path.trim_end_matches('/');
    BOSH.iter().any(|name| path.contains(name)) || WEBSOCKET.iter().any(|name| path.ends_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_xmpp() {
        for (target, is) in [
            ("/http-bind", true),
            ("/http-bind/?room=a", true),
            ("http://a:5280/bosh", true),
            ("/xmpp-websocket?room=a", true),
            ("/ws/", true),
            ("/", false),
            ("/news", false),
            ("/a?next=/http-bind", false),
        ] {
            assert_eq!(is_xmpp(target), is, "{target}");
        }
    }
}
