//! What is said in the server's place: responses of HTTP, ends of sessions, Close frames.

use super::page;
use super::what::Answer;
use crate::bosh;
use crate::trace::{Event, Fact};
use crate::wire::websocket::{Head, Opcode};
use crate::xml::write_attribute as attribute;
use crate::xmpp::ns;

/// What a response has to know of its request.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Its `Origin`.
    pub(super) origin: Option<String>,
    /// A response has no content.
    pub(super) head: bool,
}

/// What carries the session that is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Bosh,
    WebSocket,
    Tcp,
}

impl Carrier {
    /// What carries a message.
    pub(super) fn of(event: &Event) -> Self {
        match event.fact {
            Fact::Frame(_) => Self::WebSocket,
            Fact::Part(_) => Self::Tcp,
            _ => Self::Bosh,
        }
    }
}

/// A response of HTTP.
pub(super) fn response(answer: &Answer, asked: &Asked) -> Vec<u8> {
    let sheet = page::sheet(answer.status, &answer.page);
    let reason = page::reason(answer.status, &answer.page);
    let mut lines = String::new();
    if let Some(server) = sheet.server {
        lines += &format!("Server: {server}\r\n");
    }
    if let Some(to) = &answer.to {
        lines += &format!("Location: {to}\r\n");
    }
    if answer.cors {
        lines += &readable(asked);
    }
    write(&format!("{} {reason}", answer.status), &lines, sheet.media_type, &sheet.content, asked)
}

/// A `<body/>` that ends a session (XEP-0124 §17.2).
fn bosh_end(condition: &str, payload: &str, asked: &Asked) -> Vec<u8> {
    let mut body = format!("<body xmlns='{}' type='terminate'", bosh::NS);
    attribute("condition", condition, &mut body);
    body += &match payload {
        "" => "/>".to_owned(),
        payload => format!(">{payload}</body>"),
    };
    write("200 OK", &readable(asked), "text/xml; charset=utf-8", &body, asked)
}

/// The header lines by which a page of another origin may read a response.
fn readable(asked: &Asked) -> String {
    match &asked.origin {
        Some(origin) => format!(
            "Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Allow-Credentials: true\r\n"
        ),
        None => "Access-Control-Allow-Origin: *\r\n".to_owned(),
    }
}

fn write(status: &str, lines: &str, media_type: &str, content: &str, asked: &Asked) -> Vec<u8> {
    let media_type = match media_type {
        "" => String::new(),
        media_type => format!("Content-Type: {media_type}\r\n"),
    };
    let length = match status.get(..3) {
        Some("204" | "304") => String::new(),
        _ => format!("Content-Length: {}\r\n", content.len()),
    };
    let sent = if asked.head || length.is_empty() { "" } else { content };
    format!("HTTP/1.1 {status}\r\n{media_type}{lines}{length}\r\n{sent}").into_bytes()
}

/// The end of a session with a condition.
pub(super) fn end(carrier: Carrier, condition: &str, asked: &Asked) -> Vec<u8> {
    match carrier {
        Carrier::Bosh => bosh_end(condition, "", asked),
        _ => stream_error(carrier, &format!("<{condition} xmlns='{}'/>", ns::STREAM_ERRORS)),
    }
}

/// The end of a session whose server is elsewhere.
pub(super) fn elsewhere(carrier: Carrier, uri: &str, asked: &Asked) -> Vec<u8> {
    let text = escape(uri);
    match carrier {
        Carrier::Bosh => bosh_end("see-other-uri", &format!("<uri>{text}</uri>"), asked),
        Carrier::WebSocket => {
            let mut close = format!("<close xmlns='{}'", ns::FRAMING);
            attribute("see-other-uri", uri, &mut close);
            frame(Opcode::TEXT, (close + "/>").as_bytes())
        }
        Carrier::Tcp => stream_error(
            carrier,
            &format!("<see-other-host xmlns='{}'>{text}</see-other-host>", ns::STREAM_ERRORS),
        ),
    }
}

fn stream_error(carrier: Carrier, condition: &str) -> Vec<u8> {
    if carrier == Carrier::Tcp {
        // The prefix is that of the header, which has declared it (RFC 6120 §4.8.5).
        return format!("<stream:error>{condition}</stream:error></stream:stream>").into_bytes();
    }
    let error = format!("<stream:error xmlns:stream='{}'>{condition}</stream:error>", ns::STREAMS);
    let close = format!("<close xmlns='{}'/>", ns::FRAMING);
    [error, close].iter().flat_map(|text| frame(Opcode::TEXT, text.as_bytes())).collect()
}

/// A Close frame.
pub(super) fn close(status: u16, reason: &str) -> Vec<u8> {
    frame(Opcode::CLOSE, &[&status.to_be_bytes(), reason.as_bytes()].concat())
}

fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Head::new(opcode, payload.len() as u64, None).write_with(payload, &mut out);
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
