//! An event in a row of the page: what it is in words, and its content.

use std::borrow::Cow;

use serde::Serialize;

use crate::diag::sanitise;
use crate::report::carriers;
use crate::report::json::{is_false, is_zero, millis};
use crate::report::words::{self, count};
use crate::rules::{Finding, Incident, Observation, kinds};
use crate::trace::{Content, Fact, Headers, How, Message, Reading, Response, Session, Story};
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::wire::websocket::Opcode;
use crate::xml::{Pretty, pretty};

/// Of one content, a page holds so many bytes.
pub(super) const CONTENT: usize = 16 << 10;
/// Start tags are broken beyond this column.
const WIDTH: usize = 68;
/// Of a line in words, and of a header's value, so many bytes are shown.
const LINE: usize = 400;
const HEADER: usize = 2000;
/// So many stanzas of a message are named.
const STANZAS: usize = 50;

/// An event. Times are milliseconds.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    kind: &'static str,
    at: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<u64>,
    /// To be shown and searched, not to be counted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<String>,
    /// Who sent it, where that is not clear from its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    /// A stanza that nobody has acknowledged, though stream management is enabled.
    #[serde(skip_serializing_if = "is_false")]
    unacked: bool,
    /// In words, without its stanzas.
    #[serde(skip_serializing_if = "String::is_empty")]
    what: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stanzas: Vec<Payload>,
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
    /// How long, how large.
    #[serde(skip_serializing_if = "String::is_empty")]
    measures: String,
    #[serde(skip_serializing_if = "is_false")]
    empty: bool,
    #[serde(skip_serializing_if = "is_false")]
    again: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Head>,
    #[serde(skip_serializing_if = "String::is_empty")]
    content: String,
    /// How much of the content is not in the page.
    #[serde(skip_serializing_if = "String::is_empty")]
    rest: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    abandoned: Vec<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingRow>,
}

#[derive(Debug, Serialize)]
struct Payload {
    kind: &'static str,
    line: String,
}

#[derive(Debug, Serialize)]
struct Head {
    line: String,
    headers: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct FindingRow {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    requirement: Option<&'static str>,
    level: &'static str,
    party: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    follows: bool,
    words: String,
}

impl Row {
    /// What an event says. Of its content, no more than `room` is taken.
    pub(super) fn of(seen: &Observation, story: &Story, judged: bool, room: &mut usize) -> Self {
        let exchange = seen.effect.message.as_ref().and_then(|message| message.exchange.as_ref());
        let mut row = Self {
            kind: "finding",
            at: millis(seen.at),
            conn: seen.event.as_ref().map(|event| event.conn).filter(|&conn| conn > 0),
            session: seen.session.map(|id| id.0),
            exchange: exchange.map(|exchange| exchange.number),
            rid: exchange.and_then(|exchange| exchange.rid()).map(|rid| rid.to_string()),
            abandoned: seen.effect.abandoned.iter().map(|exchange| exchange.number).collect(),
            again: seen.findings.iter().any(|finding| *finding.kind == kinds::RID_REPEAT),
            findings: seen.findings.iter().filter(|_| judged).map(FindingRow::of).collect(),
            ..Self::default()
        };
        let content = match seen.event.as_ref().map(|event| &event.fact) {
            None => None,
            Some(fact) => row.fact(fact, seen, story),
        };
        if let (Some(message), Some(content)) = (&seen.effect.message, content) {
            (row.content, row.rest) = shown(message, content, (*room).min(CONTENT));
            *room = room.saturating_sub(row.content.len());
        }
        row
    }

    /// What a fact says of itself; gives the content of a message.
    fn fact<'a>(
        &mut self,
        fact: &'a Fact,
        seen: &Observation,
        story: &Story,
    ) -> Option<&'a Content> {
        (self.kind, self.what) = match fact {
            Fact::Opened { client } => ("opened", format!("connected from {client}")),
            Fact::Failed { cause } => ("failed", cause.clone()),
            Fact::Ended { by, how: How::Fin, .. } => {
                ("ended", format!("the {} closed its side", by.name()))
            }
            Fact::Ended { by, how: How::Reset, .. } => {
                ("reset", format!("the {} reset the connection", by.name()))
            }
            Fact::Ended { by, how: How::TimedOut, .. } => {
                ("reset", format!("the {} does not answer any more (time-out of TCP)", by.name()))
            }
            Fact::Lost { messages, bytes } => {
                let (messages, bytes) = (count(*messages, "message"), words::bytes(*bytes));
                ("lost", format!("{messages} ({bytes}) passed without being recorded"))
            }
            Fact::Closed { client, server, stopped } => {
                let (client, server) = (words::bytes(*client), words::bytes(*server));
                let by = match (stopped, seen.effect.left) {
                    (true, _) => " by xmppscope, which was stopped".to_owned(),
                    (_, Some((side, _))) => format!(", by the {} first", side.name()),
                    _ => String::new(),
                };
                ("closed", format!("closed{by}: {client} from the client, {server} to it"))
            }
            Fact::Fault(fault) => ("fault", words::fault(fault)),
            Fact::Secured(secured) => ("secured", carriers::secured(secured).join("; ")),
            Fact::Raw(raw) => {
                let why = raw.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
                let from = raw.from.name();
                let size = count(raw.size, "byte");
                let bytes = sanitise::bytes(&raw.bytes);
                (
                    "raw",
                    format!("{size} from the {from} that are not what was expected{why}: {bytes}"),
                )
            }
            Fact::Frame(frame) => {
                let message = seen.effect.message.as_ref();
                let opcode = Opcode(frame.opcode);
                self.empty = matches!(opcode, Opcode::PING | Opcode::PONG);
                let words = carriers::frame(frame, message);
                let kind = if opcode.is_control() { "control" } else { "frame" };
                self.spoken(kind, frame.from, words, &frame.content, seen, story);
                return message.map(|_| &frame.content);
            }
            Fact::Part(part) => {
                let message = seen.effect.message.as_ref()?;
                self.empty = part.kind == Kind::Space;
                let words = carriers::part(part, message);
                self.spoken("stream", part.from, words, &part.content, seen, story);
                return Some(&part.content);
            }
            Fact::Finished => ("finished", String::new()),
            Fact::Request(request) => {
                let line =
                    format!("{} {} HTTP/1.{}", request.method, request.target, request.version);
                self.head = Some(Head::new(&line, &request.headers));
                let message = seen.effect.message.as_ref()?;
                let exchange = message.exchange.as_ref()?;
                self.message(message);
                self.empty = exchange.is_bosh() && !exchange.acts();
                self.gap = message.gap.map(millis);
                self.kind = "request";
                self.what = if exchange.is_bosh() {
                    list(words::what_request(message, &request.content), message)
                } else {
                    words::asked(exchange)
                };
                self.measures = words::size(&request.content);
                return Some(&request.content);
            }
            Fact::Response(response) => {
                let status = words::status(response);
                let line = format!("HTTP/1.{} {status}", response.version);
                self.head = Some(Head::new(&line, &response.headers));
                let message = seen.effect.message.as_ref()?;
                self.message(message);
                self.empty = words::is_empty(message, response);
                self.held = message.held.map(millis);
                self.status = Some(response.status);
                self.kind = "response";
                let session = seen.session.and_then(|id| story.session(id));
                self.what = answer(message, response);
                self.measures = measures(message, &response.content, session);
                return Some(&response.content);
            }
        };
        if self.what.len() > LINE {
            self.what = cut(&self.what, LINE).into_owned();
        }
        None
    }

    /// What passes on a connection that carries a stream.
    fn spoken(
        &mut self,
        kind: &'static str,
        from: Side,
        mut words: Vec<String>,
        content: &Content,
        seen: &Observation,
        story: &Story,
    ) {
        self.kind = kind;
        self.from = Some(from.name());
        self.measures = words::size(content);
        // The size stands elsewhere in the row.
        words.retain(|part| !part.is_empty() && *part != self.measures);
        if let Some(message) = &seen.effect.message {
            self.message(message);
            let session = seen.session.and_then(|id| story.session(id));
            let step = message.management.as_ref().zip(session);
            words.extend(step.and_then(|(step, session)| {
                carriers::management(step, session.stream.management(), from)
            }));
        }
        self.what = cut(&words.join(", "), LINE).into_owned();
    }

    /// Nobody has acknowledged it.
    pub(super) fn unacked(&mut self) {
        self.unacked = true;
    }

    fn message(&mut self, message: &Message) {
        let stanzas = message.stanzas.iter().take(STANZAS).map(|stanza| {
            let answers = stanza.pair.as_ref().map_or_else(String::new, |pair| {
                let after = pair.after.map(|after| format!(", {}", crate::clock::words(after)));
                format!(" (answers {}{})", pair.subject, after.unwrap_or_default())
            });
            let line = stanza.summary.line() + &answers;
            Payload { kind: stanza.summary.kind.as_str(), line: cut(&line, LINE).into_owned() }
        });
        self.stanzas = stanzas.collect();
        self.more = message.stanzas.len().saturating_sub(STANZAS);
    }
}

/// What an answer is, without its status and its stanzas.
fn answer(message: &Message, response: &Response) -> String {
    let is_bosh = message.bosh().is_some();
    let mut parts = Vec::new();
    if response.own {
        parts.push("from xmppscope in place of the target".to_owned());
    }
    parts.extend(words::unreadable(&response.content, &response.headers));
    if message.exchange.is_none() && response.status >= 200 {
        parts.push("without a request".to_owned());
    }
    if response.status == 101 {
        let protocol = response.headers.get("sec-websocket-protocol");
        let protocol = protocol.map(|name| format!(" ({name})")).unwrap_or_default();
        parts.push(format!("WebSocket{protocol} from here on"));
    } else if is_bosh {
        parts.push(list(words::what_response(message, response), message));
    } else {
        parts.extend(response.headers.get("content-type").map(str::to_owned));
    }
    if let Some(exchange) = &message.exchange
        && words::is_other(exchange, message, response)
    {
        let host = exchange.host.as_deref().map(|host| format!(" at {host}")).unwrap_or_default();
        parts.push(format!("to {}{host}", words::asked(exchange)));
    }
    parts.retain(|part| !part.is_empty());
    cut(&parts.join(", "), LINE).into_owned()
}

/// How long an answer was held, and its size.
fn measures(message: &Message, content: &Content, session: Option<&Session>) -> String {
    let held = message.held.map(|held| words::held_for(held, session));
    held.into_iter().chain([words::size(content)]).collect::<Vec<_>>().join(", ")
}

/// The words of a message, without the number of its stanzas, which stand for themselves.
fn list(mut parts: Vec<String>, message: &Message) -> String {
    if !message.stanzas.is_empty() {
        parts.pop();
    }
    cut(&parts.join(", "), LINE).into_owned()
}

impl Head {
    fn new(line: &str, headers: &Headers) -> Self {
        let line = cut(line, HEADER).into_owned();
        let headers = headers
            .iter()
            .map(|(name, value)| (cut(name, HEADER).into_owned(), cut(value, HEADER).into_owned()));
        Self { line, headers: headers.collect() }
    }
}

impl FindingRow {
    fn of(finding: &Finding) -> Self {
        Self {
            name: finding.name(),
            requirement: finding.requirement,
            level: finding.level.name(),
            party: finding.party.name(),
            incident: finding.incident.map(Incident::number),
            follows: matches!(finding.incident, Some(Incident::Follows(_))),
            words: finding.words.clone(),
        }
    }
}

/// A content as it is shown, and how much is not.
fn shown(message: &Message, content: &Content, room: usize) -> (String, String) {
    let bytes = &content.bytes[..];
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(&text[..words::boundary(text, room)]),
        Err(_) => Cow::Owned(sanitise::bytes(&bytes[..bytes.len().min(room / 4)])),
    };
    let whole = text.len() >= bytes.len();
    let mut out = String::new();
    match message.reading {
        Reading::Body(_)
        | Reading::OtherXml(_)
        | Reading::Malformed(_)
        | Reading::Element(_)
        | Reading::Header(_) => {
            pretty(&text, &Pretty { width: Some(WIDTH), ..Pretty::default() }, &mut out);
        }
        _ => out = text.into_owned(),
    }
    // Deep elements are indented far.
    let end = words::boundary(&out, 2 * room);
    let whole = whole && end == out.len();
    out.truncate(end);
    let kept = bytes.len() as u64;
    let rest = match (whole, room < CONTENT) {
        (true, _) => String::new(),
        (_, true) => format!("{}: left out, this page is full", words::bytes(kept)),
        _ => format!("only the beginning: all {} are in the capture", words::bytes(kept)),
    };
    (out, rest)
}

/// The beginning of a text, with a mark if there was more.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..words::boundary(text, most)]))
}
