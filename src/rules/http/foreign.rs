//! Connections that speak something else than what is expected on them: what it is, and which address or setting is wrong.
//! The reasons are those of `wire`, as the trace records them.

use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::words::around;
use crate::trace::Raw;
use crate::wire::Side;
use crate::wire::protocol::Protocol;

/// How much of what is not known is quoted.
const QUOTED: usize = 40;

/// Reports bytes that are not what was expected.
pub(super) fn judge(raw: &Raw, found: &mut Findings) {
    let Some(why) = &raw.why else { return };
    let (from, party) = (raw.from, Party::from(raw.from));
    if why.starts_with("frames of a WebSocket") {
        let words = "The client sent frames of a WebSocket without waiting for the 101, which did not come: nobody reads \
             them. It has to wait for the answer to its handshake (RFC 6455 §4.1).";
        return found.add(&kinds::WS_FRAMES_EARLY, None, Level::Warning, Party::Client, words);
    }
    if why.starts_with("a frame") {
        let words = format!(
            "The {} sends {why}, which no frame may have: nothing after it can be read.",
            from.name()
        );
        return found.add(&kinds::WS_FRAME_INVALID, None, Level::Error, party, words);
    }
    // Where the first bytes decided, those behind them may say more.
    let greets = match Protocol::of(&raw.bytes) {
        Some(greeting @ Protocol::Greeting(_)) => Some(greeting.to_string()),
        _ => None,
    };
    let named = |speaks| greets.as_deref().unwrap_or(speaks);
    if let Some(speaks) = why.strip_suffix(" where HTTP/1 was expected").map(named) {
        let (party, words) = on_http(from, speaks);
        return add(&kinds::NOT_HTTP, party, words, found);
    }
    if let Some(speaks) = why.strip_suffix(" where an XML stream was expected").map(named) {
        let (party, words) = on_xmpp(from, speaks);
        return add(&kinds::NOT_XMPP, party, words, found);
    }
    if why == "an unusable Content-Length" {
        let words = format!(
            "The {}'s Content-Length is not a number, or there are several that differ, so nobody can tell where the message \
             ends: servers answer that with 400 (RFC 9112 §6.3). The data is forwarded unchanged.",
            from.name()
        );
        return add(&kinds::NOT_HTTP, party, words, found);
    }
    if why == "not an XML stream" || why.starts_with("an end tag") {
        let words = format!(
            "The {} sends something that is not an XML stream ({why}): \"{}\". The data is forwarded unchanged.",
            from.name(),
            around(&raw.bytes, 0, QUOTED)
        );
        return add(&kinds::NOT_XMPP, party, words, found);
    }
    if is_rest_of_content(&raw.bytes) {
        let words = format!(
            "The {} sends more than it has announced: after the end by its Content-Length comes \"{}\". It probably counts \
             characters, where bytes count (RFC 9110 §8.6).",
            from.name(),
            around(&raw.bytes, 0, QUOTED)
        );
        return add(&kinds::NOT_HTTP, party, words, found);
    }
    if why.contains("ended") {
        let words = format!("The data of the {} is incomplete: {why}.", from.name());
        let id = "bosh-http-conformance";
        return found.add(&kinds::NOT_HTTP, id, Level::Warning, party, words);
    }
    let words = format!(
        "The {} sends data that is not HTTP/1: {why}. The data is forwarded unchanged.",
        from.name()
    );
    add(&kinds::NOT_HTTP, party, words, found);
}

/// Whether these bytes are the end of XML, whose beginning came before.
fn is_rest_of_content(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let begins = bytes.starts_with(b"<") && !bytes.starts_with(b"</");
    !begins && line.iter().take(200).any(|byte| *byte == b'>') && line.is_ascii()
}

fn add(kind: &'static Kind, party: Party, words: String, found: &mut Findings) {
    let id = kind.requirements.first().copied();
    found.add(kind, id, Level::Error, party, words);
}

/// What a load balancer puts in front.
const PROXY_HEADER: &str = "The connection begins with a PROXY protocol header. The load balancer in front adds it: switch \
    it off there (send-proxy in HAProxy, proxy_protocol in nginx), this proxy does not read it.";

/// Something else where HTTP/1 was expected.
fn on_http(from: Side, speaks: &str) -> (Party, String) {
    let party = Party::from(from);
    let words = match (from, speaks) {
        (Side::Client, "a TLS handshake") => {
            "The client speaks TLS to a port without TLS. Configure it with the http:// or ws:// URL, or start the proxy \
             with --tls."
                .to_owned()
        }
        (Side::Server, "a TLS handshake") => {
            "The target answers with TLS. Use an https:// URL in --target.".to_owned()
        }
        (Side::Client, alert) if alert.starts_with("a TLS alert") => format!(
            "The client sends {alert} to a port without TLS: it tried TLS and gave up. Configure it with the http:// or \
             ws:// URL, or start the proxy with --tls."
        ),
        (Side::Server, alert) if alert.starts_with("a TLS alert") => format!(
            "The target answers with {alert}, so it expects TLS. Use an https:// URL in --target."
        ),
        (Side::Client, http) if http.starts_with("HTTP/2") => {
            "The client begins with HTTP/2 without TLS, which neither this proxy nor BOSH and WebSocket servers \
             understand. Set it, or the load balancer in front, to HTTP/1.1."
                .to_owned()
        }
        (Side::Server, http) if http.starts_with("HTTP/2") => {
            "The target answers with HTTP/2 to a request of HTTP/1: this port does not serve HTTP/1. Use another one in \
             --target."
                .to_owned()
        }
        (_, "a PROXY protocol header") => return (Party::Between, PROXY_HEADER.to_owned()),
        (_, "TLS records") => return tls_goes_on(from),
        (Side::Client, "frames of WebSocket") => {
            "The client sends frames of WebSocket on a connection that is none: it did not ask for one here (no handshake with \
             Upgrade), or something in front has used the connection for another request. Check what passes the handshake on."
                .to_owned()
        }
        (Side::Server, "frames of WebSocket") => {
            "The target sends frames of WebSocket on a connection that it did not switch with 101: something after this point \
             mixes up connections, or the port is one for WebSocket without HTTP. Check host and port in --target."
                .to_owned()
        }
        (Side::Client, "an XMPP stream") => {
            "The client begins an XMPP stream over TCP on a port for HTTP. Give it the URL of BOSH or WebSocket, or point \
             the proxy at the XMPP port (--target xmpp://…)."
                .to_owned()
        }
        (side, speaks) => wrong_server(side, speaks, "HTTP"),
    };
    (party, words)
}

/// Something else where an XML stream was expected.
fn on_xmpp(from: Side, speaks: &str) -> (Party, String) {
    let words = match (from, speaks) {
        (Side::Client, "a TLS handshake") => {
            "The client begins with TLS at once, on a port where TLS comes by STARTTLS: use an xmpps:// target, or have the \
             client use STARTTLS."
                .to_owned()
        }
        (Side::Server, "a TLS handshake") => {
            "The target speaks TLS at once, without STARTTLS: use an xmpps:// target.".to_owned()
        }
        (Side::Client, alert) if alert.starts_with("a TLS alert") => {
            format!(
                "The client sends {alert} in place of a stream header: it tried TLS at once and gave up. Use an xmpps:// \
                 target, or have the client use STARTTLS."
            )
        }
        (Side::Server, alert) if alert.starts_with("a TLS alert") => format!(
            "The target answers with {alert}, so it expects TLS at once, without STARTTLS: use an xmpps:// target."
        ),
        (Side::Client, "an HTTP/1 request") => {
            "The client sends an HTTP request. This is a port for XMPP over TCP: an HTTP client or browser was given its \
             address."
                .to_owned()
        }
        (Side::Client, http) if http.starts_with("HTTP/2") => {
            "The client begins with HTTP/2. This is a port for XMPP over TCP: an HTTP client was given its address."
                .to_owned()
        }
        (Side::Server, http) if http.starts_with("HTTP/2") || http == "an HTTP/1 response" => {
            "The target answers with HTTP, so it is a web server or the HTTP port of the XMPP server. Use the port for XMPP \
             clients in --target (usually 5222, or 5223 with xmpps://), or an http:// URL for BOSH and WebSocket."
                .to_owned()
        }
        (_, "a PROXY protocol header") => return (Party::Between, PROXY_HEADER.to_owned()),
        (_, "TLS records") => return tls_goes_on(from),
        (Side::Client, "frames of WebSocket") => {
            "The client sends frames of WebSocket. This is a port for XMPP over TCP: give it the ws:// or wss:// URL of the \
             server, which is on its HTTP port."
                .to_owned()
        }
        (Side::Server, "frames of WebSocket") => {
            "The target answers with frames of WebSocket, so it is an HTTP port of the XMPP server. Use the port for XMPP \
             clients in --target (usually 5222, or 5223 with xmpps://), or an http:// URL."
                .to_owned()
        }
        (side, speaks) => wrong_server(side, speaks, "XMPP"),
    };
    (Party::from(from), words)
}

/// TLS without its beginning: this side goes on with what the other one has not seen.
fn tls_goes_on(from: Side) -> (Party, String) {
    let words = format!(
        "The {} sends records of TLS without a handshake before them: it goes on with TLS on a connection that has none here. \
         Use TLS on both sides of the proxy (--tls, and an https:// or xmpps:// target), or on neither.",
        from.name()
    );
    (Party::from(from), words)
}

/// A server or a client of something else.
fn wrong_server(from: Side, speaks: &str, expected: &str) -> String {
    match from {
        Side::Client => {
            format!(
                "The client sends {speaks} to a port for {expected}: it was given the address of \
                 something else."
            )
        }
        Side::Server => format!(
            "The target answers with {speaks}, so it does not speak {expected}: check host and port \
             in --target."
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::Level;
    use crate::rules::playbook::at_least;

    fn one(raw: &str) -> String {
        let found = at_least(Level::Note, &format!("0 1 !raw {raw}"));
        assert_eq!(found.len(), 1, "{raw}: {found:?}");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn what_speaks_decides_what_to_do() {
        let (http, xml) = (" where HTTP/1 was expected", " where an XML stream was expected");
        for (raw, begins, has) in [
            (format!("C a TLS handshake{http}"), "0 Error not-http Client", "--tls"),
            (format!("S a TLS handshake{http}"), "0 Error not-http Server", "https://"),
            (
                format!("S a TLS alert (unknown_ca){http}"),
                "0 Error not-http Server",
                "(unknown_ca)",
            ),
            (
                format!("C HTTP/2 (its connection preface){http}"),
                "0 Error not-http Client",
                "HTTP/1.1",
            ),
            (format!("C a PROXY protocol header{http}"), "0 Error not-http Between", "send-proxy"),
            (
                format!("S the banner of an SSH server{http}"),
                "0 Error not-http Server",
                "check host",
            ),
            (format!("C an XMPP stream{http}"), "0 Error not-http Client", "xmpp://"),
            (
                format!("C a TLS handshake{xml}"),
                "0 Error not-xmpp Client",
                "xmpps:// target, or have",
            ),
            (format!("S a TLS handshake{xml}"), "0 Error not-xmpp Server", "xmpps://"),
            (format!("C a TLS alert (48){xml}"), "0 Error not-xmpp Client", "(48)"),
            (format!("C an HTTP/1 request{xml}"), "0 Error not-xmpp Client", "browser"),
            (format!("S an HTTP/1 response{xml}"), "0 Error not-xmpp Server", "5222"),
            (
                format!("C a PROXY protocol header{xml}"),
                "0 Error not-xmpp Between",
                "does not read it",
            ),
            (
                format!("S the greeting of an IMAP server{xml}"),
                "0 Error not-xmpp Server",
                "the greeting of an IMAP server, so it does not speak XMPP: check host",
            ),
            (
                format!("S the greeting of an SMTP server{http}"),
                "0 Error not-http Server",
                "the greeting of an SMTP server, so it does not speak HTTP: check host",
            ),
            (format!("C the banner of an SSH server{xml}"), "0 Error not-xmpp Client", "SSH"),
            (format!("C TLS records{http}"), "0 Error not-http Client", "without a handshake"),
            (format!("S TLS records{xml}"), "0 Error not-xmpp Server", "without a handshake"),
            (format!("C frames of WebSocket{http}"), "0 Error not-http Client", "no handshake"),
            (format!("S frames of WebSocket{http}"), "0 Error not-http Server", "101"),
            (format!("C frames of WebSocket{xml}"), "0 Error not-xmpp Client", "ws://"),
            (format!("S frames of WebSocket{xml}"), "0 Error not-xmpp Server", "5222"),
            (
                format!("S HTTP/2 (a SETTINGS frame){http}"),
                "0 Error not-http Server",
                "does not serve HTTP/1",
            ),
            (format!("S HTTP/2 (a SETTINGS frame){xml}"), "0 Error not-xmpp Server", "web server"),
            (
                format!("C HTTP/2 (its connection preface){xml}"),
                "0 Error not-xmpp Client",
                "HTTP client",
            ),
            (format!("C a TLS alert (unknown_ca){http}"), "0 Error not-http Client", "gave up"),
            (format!("S a TLS alert (40){xml}"), "0 Error not-xmpp Server", "xmpps://"),
            (
                format!("S a PROXY protocol header{http}"),
                "0 Error not-http Between",
                "proxy_protocol",
            ),
            (
                format!("S the greeting of a mail or FTP server{xml} | 220 mail.example.org ESMTP"),
                "0 Error not-xmpp Server",
                "an SMTP server",
            ),
            ("C not an XML stream | hello".to_owned(), "0 Error not-xmpp Client", "\"hello\""),
            (
                "C an end tag without a start tag | </stream:stream>".to_owned(),
                "0 Error not-xmpp Client",
                "an end tag without a start tag",
            ),
            (
                "C frames of a WebSocket that the server did not open".to_owned(),
                "0 Warning ws-frames-early Client",
                "101",
            ),
            ("S invalid HTTP version".to_owned(), "0 Error not-http Server", "not HTTP/1"),
            (
                "C the connection ended inside a head".to_owned(),
                "0 Warning not-http Client",
                "incomplete",
            ),
        ] {
            let found = one(&raw);
            assert!(found.starts_with(begins) && found.contains(has), "{raw}: {found}");
            assert!(!found.contains("not-xmpp") || !found.contains("HTTP/1:"), "{found}");
        }
    }

    #[test]
    fn a_length_that_is_wrong_is_named() {
        for (raw, begins, has) in [
            (
                "C an unusable Content-Length | POST / HTTP/1.1".to_owned(),
                "0 Error not-http Client",
                "several that differ",
            ),
            (
                "C invalid HTTP token | /body>POST /http-bind HTTP/1.1".to_owned(),
                "0 Error not-http Client",
                "counts characters",
            ),
            ("C invalid HTTP token | > ".to_owned(), "0 Error not-http Client", "more than it has"),
        ] {
            let found = one(&raw);
            assert!(found.starts_with(begins) && found.contains(has), "{raw}: {found}");
        }
    }
}
