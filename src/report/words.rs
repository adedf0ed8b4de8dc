//! Describes a message: the part of its line after session, direction and rid. The terminal and the HTML page use the
//! same words.

use std::time::Duration;

use crate::bosh::{Body, BodyType, compared_terms};
use crate::clock::words;
use crate::diag::sanitise::one_line;
use crate::trace::redact::is_hidden;
use crate::trace::{AppliedFault, Content, Exchange, Headers, Message, Reading, Response, Session};
use crate::wire::Side;

/// What was done on purpose, and by which fault.
pub fn fault(applied: &AppliedFault) -> String {
    format!("FAULT {} ({})", one_line(&applied.did), one_line(&applied.fault))
}

/// A size for people.
pub fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        _ => format!("{:.1} MB", size as f64 / 1e6),
    }
}

/// `1 stanza`, `2 stanzas`.
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", plural(number))
}

/// The last boundary between characters that is not beyond `at`.
pub fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The plural ending for a number of things.
pub fn plural(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// A request of a session.
pub fn request(message: &Message, content: &Content) -> Vec<String> {
    let mut parts = what_request(message, content);
    parts.push(if is_missing(content) { size(content) } else { bytes(content.size) });
    if let Some(gap) = message.gap {
        parts.push(format!("gap {}", words(gap)));
    }
    parts
}

/// What a request of a session does.
pub fn what_request(message: &Message, content: &Content) -> Vec<String> {
    let body = match &message.reading {
        Reading::Body(body) => body,
        reading => return other(reading, content).into_iter().collect(),
    };
    let mut parts = Vec::new();
    if body.is_creation() {
        let to = body.to().map(|to| format!(" with {}", one_line(to))).unwrap_or_default();
        parts.push(format!("opens a session{to}"));
    }
    if body.is_restart() {
        parts.push("restarts the stream".to_owned());
    }
    if let Some(pause) = body.text("pause") {
        parts.push(format!("pauses for {} s", one_line(pause)));
    }
    parts.extend(kind(body, 200));
    if !message.stanzas.is_empty() {
        parts.push(count(message.stanzas.len() as u64, "stanza"));
    } else if parts.is_empty() {
        parts.push("empty".to_owned());
    }
    parts
}

/// Whether something else came than what was asked for: no 101, or no 200 with a `<body/>`.
pub fn is_other(exchange: &Exchange, message: &Message, response: &Response) -> bool {
    match response.status {
        100..200 => false,
        _ if exchange.upgrade.is_some() => true,
        300.. => true,
        _ => {
            exchange.preflight.is_none()
                && !matches!(message.reading, Reading::Body(_) | Reading::Empty)
        }
    }
}

/// What kind of body it is, if it came with this status.
fn kind(body: &Body, status: u16) -> Option<String> {
    let condition = body.text("condition").map(|c| format!(" {}", one_line(c))).unwrap_or_default();
    match body.kind() {
        BodyType::Ordinary => None,
        BodyType::Terminate => Some(format!("terminate{condition}")),
        // An error of which the session recovers comes with 200 (XEP-0124 §17.3).
        BodyType::Error if status != 200 => Some(format!("error{condition}")),
        BodyType::Error => Some(format!("recoverable error{condition}")),
        BodyType::Other(other) => Some(format!("type {:?}{condition}", one_line(other))),
    }
}

/// A response within a session.
pub fn response(message: &Message, response: &Response, session: Option<&Session>) -> Vec<String> {
    let mut parts = Vec::new();
    let is_bosh = message.bosh().is_some();
    if response.status != 200 || !is_bosh {
        parts.push(status(response));
    }
    parts.extend(unreadable(&response.content, &response.headers));
    parts.extend(message.held.map(|held| held_for(held, session)));
    if message.exchange.is_none() && !(100..200).contains(&response.status) {
        let early = response.answers.is_some();
        let what = if early { "before the request was complete" } else { "without a request" };
        parts.push(what.to_owned());
    }
    let asks_for_websocket =
        message.exchange.as_ref().is_some_and(|exchange| exchange.upgrade.is_some());
    match response.headers.get("content-type") {
        Some(kind) if asks_for_websocket => {
            parts.push(one_line(kind.split(';').next().unwrap_or(kind).trim()).into_owned());
        }
        _ => parts.extend(what_response(message, response)),
    }
    let is_plain = matches!(message.reading, Reading::Body(_)) && message.stanzas.is_empty();
    if !is_plain && response.content.size > 0 {
        parts.push(size(&response.content));
    }
    parts
}

/// What a response within a session brings.
pub fn what_response(message: &Message, response: &Response) -> Vec<String> {
    let body = match &message.reading {
        Reading::Body(body) => body,
        reading => return other(reading, &response.content).into_iter().collect(),
    };
    let mut parts: Vec<String> = kind(body, response.status).into_iter().collect();
    if !message.stanzas.is_empty() {
        parts.push(count(message.stanzas.len() as u64, "stanza"));
    } else if body.kind() == BodyType::Ordinary {
        parts.push("empty".to_owned());
    }
    parts
}

/// Whether it is an empty response.
pub fn is_empty(message: &Message, response: &Response) -> bool {
    let Reading::Body(body) = &message.reading else { return false };
    response.status == 200 && body.is_empty() && body.kind() == BodyType::Ordinary
}

/// `held 59.9 s of wait 60`, or the time that a response took whose request was not held.
pub fn held_for(held: Duration, session: Option<&Session>) -> String {
    if held.as_millis() < 100 {
        return format!("after {}", words(held));
    }
    let wait = session.and_then(Session::wait).map(|wait| format!(" of wait {wait}"));
    format!("held {}{}", words(held), wait.unwrap_or_default())
}

/// What keeps the receiver from reading a content that is read here.
pub fn unreadable(content: &Content, headers: &Headers) -> Option<String> {
    let coding = content.unannounced(headers)?;
    Some(format!("unreadable: {} without Content-Encoding", one_line(&coding)))
}

/// `504 Gateway Time-out`
pub fn status(response: &Response) -> String {
    format!("{} {}", response.status, one_line(&response.reason)).trim_end().to_owned()
}

/// `POST /http-bind`, with what a CORS preflight requests.
pub fn asked(exchange: &Exchange) -> String {
    let mut text = format!("{} {}", one_line(&exchange.method), one_line(&exchange.target));
    if let Some(method) = &exchange.preflight {
        let origin = exchange.origin.as_deref().unwrap_or("nowhere");
        text += &format!(" (CORS preflight from {} for {})", one_line(origin), one_line(method));
    }
    text
}

/// The size on the wire, and what was decoded or left out.
pub fn size(content: &Content) -> String {
    let mut text = bytes(content.size);
    let hidden = is_hidden(&content.bytes);
    if let Some(coding) = &content.coding {
        text += &format!(" {}", one_line(coding));
        if content.undecoded.is_none() && !hidden {
            text += &format!(" of {}", bytes(content.bytes.len() as u64));
        }
    }
    if hidden {
        let why = content.undecoded.as_deref().map_or("not text".into(), one_line);
        text += &format!(" (hidden: {why})");
    } else if is_missing(content) {
        text += ", content not recorded";
    } else if content.clipped {
        text += &format!(" (first {} kept)", bytes(content.bytes.len() as u64));
    }
    if content.cut {
        text += ", cut off";
    }
    text
}

/// Whether there was a content of which nothing was recorded: a log of requests has only its size.
fn is_missing(content: &Content) -> bool {
    content.size > 0 && content.clipped && content.bytes.is_empty()
}

/// What is read that is not BOSH; nothing of a content that was not recorded.
fn other(reading: &Reading, content: &Content) -> Option<String> {
    let words = match reading {
        Reading::Partial if is_missing(content) => return None,
        Reading::Body(_) => return None,
        Reading::Empty => "no content",
        Reading::Malformed(_) => "not well-formed",
        Reading::Partial => "incomplete content",
        // The last four are carried by other means than HTTP.
        Reading::OtherXml(_)
        | Reading::Other
        | Reading::Element(_)
        | Reading::Header(_)
        | Reading::StreamEnd
        | Reading::Space => "not BOSH",
    };
    Some(words.to_owned())
}

/// The requested and the granted terms of a session: `wait 60 → 30 s`.
pub fn terms(session: &Session) -> Vec<String> {
    let (Some(asked), Some(granted)) = (session.asked(), session.granted()) else {
        return Vec::new();
    };
    let terms = compared_terms(asked, granted);
    let governing = ["wait", "hold", "requests", "polling", "inactivity", "ver", "maxpause", "ack"];
    let shown = terms.iter().filter(|term| {
        governing.contains(&term.name) && (term.asked.is_some() || term.granted.is_some())
    });
    shown
        .map(|term| {
            let side = |value: &Option<String>| {
                value.as_deref().map_or("–".to_owned(), |value| one_line(value).into_owned())
            };
            let unit = term.unit.filter(|_| term.granted.is_some());
            let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
            format!("{} {} → {}{unit}", term.name, side(&term.asked), side(&term.granted))
        })
        .collect()
}

/// `C>` or `S>`.
pub fn arrow(side: Side) -> &'static str {
    match side {
        Side::Client => "C>",
        Side::Server => "S>",
    }
}
