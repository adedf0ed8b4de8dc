//! Responses of HTTP, from the recording or made here.

use crate::trace::{Headers, Request};
use crate::wire::websocket::accept;

/// Header fields that are made anew.
const ANEW: [&str; 9] = [
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "date",
    "connection",
    "keep-alive",
    "set-cookie",
    "sec-websocket-accept",
    "sec-websocket-extensions",
];

/// A recorded response with this content, to this request.
pub(super) fn recorded(
    (status, reason): (u16, &str),
    headers: &Headers,
    content: &[u8],
    request: &Request,
) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
    let origin = request.headers.get("origin");
    for (name, value) in headers.iter() {
        if name.starts_with(':') || ANEW.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            continue;
        }
        let allows = name.eq_ignore_ascii_case("access-control-allow-origin") && value != "*";
        let value = origin.filter(|_| allows).unwrap_or(value);
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", content.len());
    [head.as_bytes(), content].concat()
}

/// A `<body/>` that is not in the recording.
pub(super) fn body(content: &str, request: &Request) -> Vec<u8> {
    let mut headers = Headers::default();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    headers.push("Access-Control-Allow-Origin", request.headers.get("origin").unwrap_or("*"));
    recorded((200, "OK"), &headers, content.as_bytes(), request)
}

/// What a request that is not BOSH gets: a preflight is allowed, and nothing else is there.
pub(super) fn other(request: &Request) -> Vec<u8> {
    let mut headers = Headers::default();
    headers.push("Access-Control-Allow-Origin", request.headers.get("origin").unwrap_or("*"));
    headers.push("Access-Control-Allow-Methods", "POST, OPTIONS");
    headers.push("Access-Control-Allow-Headers", "Content-Type");
    if request.method == "OPTIONS" {
        return recorded((200, "OK"), &headers, b"", request);
    }
    headers.push("Content-Type", "text/plain");
    let words = b"This replays a recording: BOSH (POST) and WebSocket are served.";
    recorded((404, "Not Found"), &headers, words, request)
}

/// The answer to a request for a WebSocket.
pub(super) fn switch(request: &Request) -> Vec<u8> {
    let accept = accept(request.headers.get("sec-websocket-key").unwrap_or_default());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// Features without what cannot be served: STARTTLS, and every mechanism that proves a password.
pub(super) fn plain(text: &str) -> String {
    let text = without(text, "starttls");
    let Some(start) = text.find("<mechanisms") else { return text };
    let Some(end) = text[start..].find("</mechanisms>").map(|end| start + end) else { return text };
    let anonymous = text[start..end].contains("ANONYMOUS");
    let Some(open) = text[start..end].find('>').map(|at| start + at + 1) else { return text };
    let mut list = "<mechanism>PLAIN</mechanism>".to_owned();
    if anonymous {
        list += "<mechanism>ANONYMOUS</mechanism>";
    }
    format!("{}{list}{}", &text[..open], &text[end..])
}

/// A text with another word for each that the recording hides, the same for the same.
pub(super) fn named(text: &str, secret: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, hidden)) = rest.split_once("[hidden ") {
        let Some((what, after)) = hidden.split_once(']') else { break };
        out += before;
        out += secret;
        out += what.split_once('#').map_or("", |(_, mark)| mark);
        rest = after;
    }
    out + rest
}

/// A text without the first element of this name.
fn without(text: &str, name: &str) -> String {
    let Some(start) = text.find(&format!("<{name}")) else { return text.to_owned() };
    let closing = format!("</{name}>");
    let tag = text[start..].find('>').map_or(text.len(), |end| start + end + 1);
    let end = if text[start..tag].ends_with("/>") {
        tag
    } else {
        text[start..].find(&closing).map_or(tag, |end| start + end + closing.len())
    };
    format!("{}{}", &text[..start], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_gets_a_word_that_stays() {
        let text = "<enabled id='[hidden 9 bytes #ab]'/><resumed previd='[hidden 9 bytes #ab]'/>[x";
        assert_eq!(named(text, "s"), "<enabled id='sab'/><resumed previd='sab'/>[x");
    }

    #[test]
    fn features_hold_what_can_be_served() {
        let text = "<f><starttls xmlns='t'><required/></starttls><mechanisms xmlns='s'>\
                    <mechanism>SCRAM-SHA-1</mechanism><mechanism>ANONYMOUS</mechanism></mechanisms><x/></f>";
        assert_eq!(
            plain(text),
            "<f><mechanisms xmlns='s'><mechanism>PLAIN</mechanism><mechanism>ANONYMOUS</mechanism></mechanisms><x/></f>"
        );
        assert_eq!(plain("<a><starttls/></a>"), "<a></a>");
    }
}
