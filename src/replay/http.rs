//! A recorded request as bytes for another server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::trace::Request;

/// Header fields that say how the content was sent, or to whom: they are made anew.
const ANEW: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "expect",
    "cookie",
    "authorization",
];

/// The bytes of a request with this content, for this path of this host. Of a recording in HTTP/2, its pseudo header fields are left out.
pub(super) fn bytes(request: &Request, host: &str, path: &str, content: &[u8]) -> Vec<u8> {
    let version = if request.version == 0 { "1.0" } else { "1.1" };
    let mut head = format!("{} {path} HTTP/{version}\r\nHost: {host}\r\n", request.method);
    for (name, value) in request.headers.iter() {
        let anew = ANEW.iter().any(|known| name.eq_ignore_ascii_case(known));
        if anew || name.starts_with(':') || value.contains("[hidden ") {
            continue;
        }
        head += &format!("{name}: {value}\r\n");
    }
    let bodiless = matches!(&*request.method, "GET" | "HEAD" | "OPTIONS" | "DELETE");
    if !content.is_empty() || !bodiless {
        head += &format!("Content-Length: {}\r\n", content.len());
    }
    head += "\r\n";
    [head.as_bytes(), content].concat()
}

/// Whether a request for a WebSocket has nothing of what makes it one beside `Upgrade`: browsers' developer tools keep only what the page
/// had asked for.
pub(super) fn is_provisional(request: &Request) -> bool {
    ["sec-websocket-key", "sec-websocket-version"]
        .iter()
        .all(|name| request.headers.get(name).is_none())
}

/// Such a request with what is the connection's own.
pub(super) fn completed(bytes: &[u8], random: &str) -> Vec<u8> {
    let key = STANDARD.encode(&random.as_bytes()[..random.len().min(16)]);
    let text = String::from_utf8_lossy(bytes);
    let connection = if text.to_ascii_lowercase().contains("\r\nconnection:") {
        ""
    } else {
        "Connection: Upgrade\r\n"
    };
    let fields =
        format!("{connection}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n");
    text.replacen("\r\n\r\n", &format!("\r\n{fields}"), 1).into_bytes()
}

/// What of a request is not sent again, since it was hidden.
pub(super) fn hides(request: &Request) -> bool {
    let secret = |name: &str| {
        name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("authorization")
    };
    request.headers.iter().any(|(name, value)| secret(name) || value.contains("[hidden "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Content, Headers};

    #[test]
    fn a_request_is_written_for_another_host() {
        let mut headers = Headers::default();
        for (name, value) in [
            (":authority", "old"),
            ("Host", "old"),
            ("Origin", "http://page"),
            ("Content-Length", "99"),
            ("X-Token", "[hidden 9 bytes]"),
        ] {
            headers.push(name, value);
        }
        let request = Request {
            first: std::time::Duration::ZERO,
            method: "POST".to_owned(),
            target: "/old".to_owned(),
            version: 1,
            headers,
            content: Content::default(),
        };
        assert!(hides(&request));
        assert_eq!(
            String::from_utf8(bytes(&request, "new:1", "/bind", b"<a/>")).unwrap(),
            "POST /bind HTTP/1.1\r\nHost: new:1\r\nOrigin: http://page\r\nContent-Length: 4\r\n\r\n<a/>"
        );
    }
}
