//! Describes what passes over WebSocket and TCP: frames, parts of a stream, what was agreed, how it ended. The terminal
//! and the HTML page use the same words.

use std::time::Duration;

use super::words::{bytes, count, size};
use crate::clock::words;
use crate::diag::sanitise::one_line;
use crate::trace::{
    Ack, Frame, Line, Link, Management, Message, Part, Reading, Secured, Session, Step, Tls,
};
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::wire::websocket::{Close, Opcode};
use crate::xmpp::Header;

/// What a control frame says, or a message that is not an element.
pub fn frame(frame: &Frame, message: Option<&Message>) -> Vec<String> {
    let opcode = Opcode(frame.opcode);
    let mut parts = Vec::new();
    match opcode {
        Opcode::CLOSE => parts.push(close(frame.status, &frame.content.bytes)),
        Opcode::TEXT if message.is_some_and(|message| !message.stanzas.is_empty()) => {}
        Opcode::TEXT => parts.extend(message.map(|message| reading(&message.reading))),
        Opcode::BINARY => {
            parts.push("binary message".to_owned());
            parts.extend(message.map(|message| reading(&message.reading)));
        }
        other => parts.push(format!("{other} frame")),
    }
    if !opcode.is_control() || frame.content.size > 0 && opcode != Opcode::CLOSE {
        parts.push(size(&frame.content));
    }
    parts.extend(bits(frame));
    parts
}

/// What is unusual about the bits of a frame.
fn bits(frame: &Frame) -> Vec<String> {
    let mut parts = Vec::new();
    if frame.frames > 1 {
        parts.push(format!("in {} frames", frame.frames));
    }
    match (frame.from, frame.masked) {
        (Side::Client, masked) if masked < frame.frames => parts.push("not masked".to_owned()),
        (Side::Server, 1..) => parts.push("masked".to_owned()),
        _ => {}
    }
    if frame.reserved != 0 {
        let names = [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")];
        let set = names.iter().filter(|(bit, _)| frame.reserved & bit != 0).map(|(_, name)| *name);
        parts.push(format!("{} set", set.collect::<Vec<_>>().join(" and ")));
    }
    if frame.padded {
        parts.push("length not written as short as possible".to_owned());
    }
    if frame.unfinished {
        parts.push("without FIN".to_owned());
    }
    parts
}

/// `Close 1001 going away "Bye"`
pub fn close(status: Option<u16>, reason: &[u8]) -> String {
    let mut text = "Close".to_owned();
    if let Some(status) = status {
        text += &format!(" {status}");
        text += &Close::meaning(status).map(|words| format!(" {words}")).unwrap_or_default();
    }
    let reason = String::from_utf8_lossy(reason);
    if !reason.is_empty() {
        text += &format!(" \"{}\"", one_line(&reason));
    }
    text
}

/// What a part of a stream says that is not an element.
pub fn part(part: &Part, message: &Message) -> Vec<String> {
    let mut parts = Vec::new();
    if message.stanzas.is_empty() {
        parts.push(match part.kind {
            Kind::Other => "text, comment or instruction between elements".to_owned(),
            _ => reading(&message.reading),
        });
    }
    if part.kind != Kind::Space {
        parts.push(size(&part.content));
    }
    if part.own {
        parts.push("sent by xmppscope in the target's place".to_owned());
    }
    parts
}

/// What TLS was agreed, on each side.
pub fn secured(secured: &Secured) -> Vec<String> {
    let how = if secured.starttls { "by STARTTLS" } else { "from the first byte" };
    if secured.passed {
        return vec![format!("TLS {how}, passed on: nothing that follows can be seen")];
    }
    let agreed = |tls: &Tls| {
        let mut text = one_line(&tls.version).into_owned();
        text += &tls.alpn.as_deref().map(|alpn| format!(" {}", one_line(alpn))).unwrap_or_default();
        text
    };
    let mut parts = vec![format!("TLS {how}, taken over")];
    if let Some(tls) = &secured.client {
        let sni =
            tls.sni.as_deref().map_or("without SNI".into(), |sni| format!("SNI {}", one_line(sni)));
        parts.push(format!("client {}, {sni}", agreed(tls)));
    }
    if let Some(tls) = &secured.server {
        let verified = match &tls.verified {
            Some(name) => format!("certificate verified for {}", one_line(name)),
            None => "certificate not verified (--insecure)".to_owned(),
        };
        parts.push(format!("server {}, {verified}", agreed(tls)));
    }
    parts
}

fn reading(reading: &Reading) -> String {
    match reading {
        Reading::Empty => "empty message".to_owned(),
        Reading::Malformed(_) => "not well-formed".to_owned(),
        Reading::Space => "white space".to_owned(),
        Reading::StreamEnd => "end of the stream".to_owned(),
        Reading::Partial => "incomplete".to_owned(),
        Reading::Other | Reading::Body(_) | Reading::OtherXml(_) => "not XMPP".to_owned(),
        Reading::Element(_) | Reading::Header(_) => String::new(),
    }
}

/// What was requested and granted when a stream was opened: `domain a → a`, `version 1.0 → 1.0`.
pub fn opened(session: &Session) -> Vec<String> {
    let [Some(asked), Some(granted)] = &session.stream.headers else { return Vec::new() };
    let side = |value: &Option<String>| {
        value.as_deref().map_or("–".to_owned(), |value| one_line(value).into_owned())
    };
    let Header { to, version, lang, .. } = &**asked;
    let mut terms = vec![
        format!("domain {} → {}", side(to), side(&granted.from)),
        format!("version {} → {}", side(version), side(&granted.version)),
        format!("lang {} → {}", side(lang), side(&granted.lang)),
    ];
    terms.extend(granted.id.as_deref().map(|id| format!("id {}", one_line(id))));
    terms
}

/// What an element of this side means for stream management: the number of a stanza, or what an acknowledgement covers.
pub fn management(step: &Step, management: &Management, from: Side) -> Option<String> {
    match step {
        Step::Counted(number, again) => {
            let count = management.of(from);
            // If the beginning was not seen, the first acknowledgement gives the numbers.
            let known = count.exact || count.acked_at.is_some();
            let number = known.then(|| format!("SM {number}"));
            let again = match again {
                0 => None,
                1 => Some("sent again".to_owned()),
                again => Some(format!("sent again, {again} times")),
            };
            let parts: Vec<_> = [number, again].into_iter().flatten().collect();
            Some(parts.join(", ")).filter(|text| !text.is_empty())
        }
        Step::Acknowledged(ack) => acknowledged(ack),
        Step::Resumed { client, server, due } => {
            let of = |ack: &Option<Ack>, side: &str| {
                ack.and_then(|ack| handled(&ack))
                    .map(|words| format!("{words} {side} stanzas handled"))
            };
            let mut parts: Vec<String> =
                [of(client, "client"), of(server, "server")].into_iter().flatten().collect();
            for (due, side) in due.iter().zip(["client", "server"]) {
                if *due > 0 {
                    parts.push(format!("the {side} has to send {due} again"));
                }
            }
            Some(parts.join(", "))
        }
    }
}

/// `10 of 12`; none if it is not known how many were sent.
fn handled(ack: &Ack) -> Option<String> {
    (ack.exact || ack.before_at.is_some()).then(|| format!("{} of {}", ack.h, ack.sent))
}

fn acknowledged(ack: &Ack) -> Option<String> {
    let handled = handled(ack)?;
    if ack.beyond().is_some() {
        return Some(format!("but {} sent", ack.sent));
    }
    if ack.back().is_some() {
        return Some(format!("but {} acked before", ack.before));
    }
    Some(if ack.h == ack.sent { "all acked".to_owned() } else { format!("acked {handled}") })
}

/// ` after 2.0 s`, or nothing if no time passed: where times are not known, everything is at once.
pub fn after(age: Duration) -> String {
    if age.is_zero() { String::new() } else { format!(" after {}", words(age)) }
}

/// What the line says of a connection that carried a stream and is gone.
pub fn ended(session: &Session, left: Option<Side>, at: Duration, sizes: [u64; 2]) -> String {
    let Some(line) = session.link.line() else { return String::new() };
    let age = at.saturating_sub(line.began);
    let mut parts = vec![format!(
        "{} closed{}{}",
        what(session),
        after(age),
        left.map(|side| format!(" by the {}", side.name())).unwrap_or_default()
    )];
    // Of TLS that is passed on, nothing but the number of bytes is known.
    let unseen = match &session.link {
        Link::Tcp(tcp) => tcp.secured.as_ref().is_some_and(|secured| secured.passed),
        _ => false,
    };
    if !unseen {
        parts.extend(closing(session, line));
        let last = |side: Side| words(line.silent(side, at));
        if !age.is_zero() {
            parts.push(format!(
                "last heard from the client {} and from the server {} before",
                last(Side::Client),
                last(Side::Server)
            ));
        }
    }
    let [client, server] = line.elements;
    let elements = count(client, "element");
    let [from_client, from_server] = sizes.map(bytes);
    parts.push(if unseen {
        format!(
            "{elements} from the client and {server} to it before TLS; {from_client} and {from_server} in all"
        )
    } else {
        format!("{elements} from the client ({from_client}), {server} to it ({from_server})")
    });
    parts.extend(kept(session));
    parts.join("; ")
}

fn what(session: &Session) -> String {
    match &session.link {
        Link::WebSocket(link) => {
            let target = link.handshake.as_ref().map(|exchange| one_line(&exchange.target));
            target.map_or("WebSocket".to_owned(), |target| format!("WebSocket {target}"))
        }
        Link::Tcp(_) => "TCP connection".to_owned(),
        Link::Bosh(_) => "session".to_owned(),
    }
}

/// How the stream and its carrier were closed.
fn closing(session: &Session, on: &Line) -> Option<String> {
    let who = |given: [bool; 2]| match given {
        [true, true] => Some("both sides"),
        [true, false] => Some("the client"),
        [false, true] => Some("the server"),
        [false, false] => None,
    };
    let stream = who([on.closed[0].is_some(), on.closed[1].is_some()]);
    match &session.link {
        Link::WebSocket(link) => {
            let frames = [0, 1].map(|side| link.close[side].as_ref());
            let element = match stream {
                Some(who) => format!("<close/> from {who}"),
                None => "no <close/>".to_owned(),
            };
            let close = |status: Option<u16>| {
                status.map_or("Close".to_owned(), |status| format!("Close {status}"))
            };
            let frame = match frames.map(|frame| frame.map(|frame| frame.status)) {
                [Some(client), Some(server)] if client == server => {
                    format!("{} from both sides", close(client))
                }
                [Some(client), Some(server)] => {
                    format!("{} from the client, {} from the server", close(client), close(server))
                }
                [Some(client), None] => format!("{} from the client", close(client)),
                [None, Some(server)] => format!("{} from the server", close(server)),
                [None, None] => "no Close frame".to_owned(),
            };
            Some(format!("{element}, {frame}"))
        }
        Link::Tcp(_) => Some(match stream {
            Some(who) => format!("stream closed by {who}"),
            None => "stream not closed".to_owned(),
        }),
        Link::Bosh(_) => None,
    }
}

/// What is left of a session whose connection is gone.
fn kept(session: &Session) -> Option<String> {
    let management = session.stream.management();
    if !management.enabled {
        return None;
    }
    let left = |side: Side| management.of(side).unacked.len();
    let mut text = match (left(Side::Client), left(Side::Server)) {
        (0, 0) => "everything acknowledged".to_owned(),
        (client, server) => format!(
            "not acknowledged: {} of the client, {server} of the server",
            count(client as u64, "stanza")
        ),
    };
    if session.is_detached() {
        let max = management.max.map(|max| format!(" for {max} s")).unwrap_or_default();
        text += &format!("; can be resumed{max}");
    }
    Some(text)
}
