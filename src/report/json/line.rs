//! One line: an event, and what is known of it.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::ndjson::{is_false, is_zero, later, millis, rfc_3339};
use crate::bosh::{Body, GrantedTerms, Number, RequestedTerms, XBOSH};
use crate::report::words;
use crate::rules::{Finding, Incident, Observation};
use crate::trace::filter::Selection;
use crate::trace::{
    Content, Event, Exchange, Fact, How, Message, Reading, Secured, Session, SessionId, Stanza,
    Step, Story,
};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xmpp::ns;

/// Of a content that is not BOSH, this many bytes are written.
const TEXT: usize = 1024;

#[derive(Serialize)]
pub(super) struct Line<'a> {
    event: &'static str,
    at: u64,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn: Option<u64>,
    #[serde(flatten)]
    fact: Details<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Who<'a>>,
    #[serde(flatten)]
    message: Option<MessageFields<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    abandoned: Vec<Abandoned<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingFields<'a>>,
}

/// What an event itself says.
#[allow(clippy::struct_excessive_bools)] // they are fields of the format
#[derive(Default, Serialize)]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<How>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    own: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_bytes: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    stopped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved: Option<u8>,
    #[serde(skip_serializing_if = "is_false")]
    padded: bool,
    #[serde(skip_serializing_if = "is_false")]
    unfinished: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<&'a Secured>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coding: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unannounced: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undecoded: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    clipped: bool,
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Who<'a> {
    number: u32,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jid: Option<&'a str>,
}

/// What a message says, or the request that it answers.
#[derive(Serialize)]
struct MessageFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap_ms: Option<f64>,
    reading: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mistake: Option<Mistake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Attributes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<Terms<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    granted: Option<Terms<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stanzas: Option<Vec<Payload<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management: Option<Managed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumes: Option<u32>,
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
}

/// What an element means for stream management.
#[derive(Default, Serialize)]
struct Managed {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handled: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<[usize; 2]>,
}

impl Managed {
    fn of(step: &Step) -> Self {
        let none = Self::default();
        match step {
            Step::Counted(number, again) => {
                let again = Some(*again).filter(|&again| again > 0);
                Self { number: Some(*number), again, ..none }
            }
            Step::Acknowledged(ack) => {
                let (handled, sent, exact) = (Some(ack.h), Some(ack.sent), Some(ack.exact));
                Self { handled, sent, exact, ..none }
            }
            Step::Resumed { due, .. } => Self { due: Some(*due), ..none },
        }
    }
}

/// Why a content is not a body, and where.
#[derive(Serialize)]
struct Mistake {
    words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
}

#[derive(Serialize)]
struct Payload<'a> {
    kind: &'static str,
    #[serde(rename = "type")]
    type_: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    subject: &'a str,
    detail: &'a str,
    namespaces: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    mechanisms: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Answers<'a>>,
    xml: Cow<'a, str>,
}

/// The question of an answer.
#[derive(Serialize)]
struct Answers<'a> {
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<f64>,
}

/// A request that will get no answer.
#[derive(Serialize)]
struct Abandoned<'a> {
    exchange: u64,
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Who<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<u64>,
}

#[derive(Serialize)]
struct FindingFields<'a> {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    requirement: Option<&'static str>,
    level: &'static str,
    party: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    follows: bool,
    words: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn of(
        seen: &'a Observation,
        story: &'a Story,
        kept: &Selection,
        started: DateTime<FixedOffset>,
    ) -> Self {
        let fact = seen.event.as_ref().map(|event| &event.fact);
        let content = fact.and_then(Fact::content).map_or(&[][..], |content| &content.bytes);
        let message = seen.effect.message.as_ref();
        let session = seen.session.and_then(|id| story.session(id));
        Self {
            event: fact.map_or("finding", Fact::name),
            at: seen.at.as_micros() as u64,
            time: rfc_3339(later(started, seen.at)),
            conn: seen.event.as_ref().and_then(conn),
            fact: fact.map(|fact| Details::of(fact, seen)).unwrap_or_default(),
            session: seen.session.and_then(|id| who(story, id)),
            message: message.map(|message| MessageFields::of(message, session, content, kept)),
            abandoned: seen
                .effect
                .abandoned
                .iter()
                .map(|exchange| abandoned(exchange, story))
                .collect(),
            findings: seen.findings.iter().map(FindingFields::of).collect(),
        }
    }
}

impl<'a> Details<'a> {
    fn of(fact: &'a Fact, seen: &'a Observation) -> Self {
        let none = Self::default();
        let of_content = |side: Side, content: &'a Content| Self {
            direction: Some(side.name()),
            bytes: Some(content.size),
            coding: content.coding.as_deref(),
            undecoded: content.undecoded.as_deref(),
            clipped: content.clipped,
            cut: content.cut,
            text: match seen.effect.message.as_ref().map(|message| &message.reading) {
                None | Some(Reading::Body(_) | Reading::Element(_) | Reading::Empty) => None,
                Some(_) => Some(beginning(&content.bytes)),
            },
            ..Self::default()
        };
        match fact {
            Fact::Opened { client } => Self { client: Some(client.to_string()), ..none },
            Fact::Failed { cause } => Self { cause: Some(cause), ..none },
            Fact::Request(request) => Self {
                unannounced: request.content.unannounced(&request.headers),
                ..of_content(Side::Client, &request.content)
            },
            Fact::Response(response) => {
                let message = seen.effect.message.as_ref();
                let exchange = message.and_then(|message| {
                    let exchange = message.exchange.as_ref()?;
                    words::is_other(exchange, message, response).then_some(exchange)
                });
                Self {
                    status: Some(response.status),
                    reason: Some(response.reason.as_str()),
                    host: exchange.and_then(|exchange| exchange.host.as_deref()),
                    origin: exchange.and_then(|exchange| exchange.origin.as_deref()),
                    own: response.own,
                    unannounced: response.content.unannounced(&response.headers),
                    ..of_content(Side::Server, &response.content)
                }
            }
            Fact::Frame(frame) => Self {
                opcode: Some(Opcode(frame.opcode).to_string()),
                frames: Some(frame.frames).filter(|count| *count > 0),
                masked: (frame.frames > 0).then_some(frame.masked),
                reserved: Some(frame.reserved).filter(|&bits| bits != 0),
                padded: frame.padded,
                unfinished: frame.unfinished,
                status: frame.status,
                ..of_content(frame.from, &frame.content)
            },
            Fact::Part(part) => {
                let (part_kind, own) = (Some(part.kind.name()), part.own);
                Self { part: part_kind, own, ..of_content(part.from, &part.content) }
            }
            Fact::Secured(secured) => Self { tls: Some(secured), ..none },
            Fact::Fault(fault) => Self {
                direction: Some(fault.from.name()),
                fault: Some(&fault.fault),
                did: Some(&fault.did),
                rid: fault.rid,
                ..none
            },
            Fact::Raw(raw) => Self {
                direction: Some(raw.from.name()),
                bytes: Some(raw.size),
                why: raw.why.as_deref(),
                text: Some(beginning(&raw.bytes)),
                ..none
            },
            Fact::Ended { by, how, .. } => {
                Self { direction: Some(by.name()), how: Some(*how), ..none }
            }
            Fact::Lost { messages, bytes } => {
                Self { messages: Some(*messages), bytes: Some(*bytes), ..none }
            }
            Fact::Closed { client, server, stopped } => Self {
                client_bytes: Some(*client),
                server_bytes: Some(*server),
                stopped: *stopped,
                left: seen.effect.left.map(|(side, _)| side.name()),
                ..none
            },
            Fact::Finished => none,
        }
    }
}

impl<'a> MessageFields<'a> {
    fn of(
        message: &'a Message,
        session: Option<&'a Session>,
        content: &'a [u8],
        kept: &Selection,
    ) -> Self {
        let exchange = message.exchange.as_ref();
        let is_request = message.from == Side::Client;
        let creation = session.filter(|_| exchange.is_some_and(|exchange| exchange.creates()));
        let is_read =
            matches!(message.reading, Reading::Body(_) | Reading::Element(_) | Reading::Header(_));
        let stanzas = message.stanzas.iter().enumerate().filter(|(index, _)| kept.stanza(*index));
        Self {
            exchange: exchange.map(|exchange| exchange.number),
            method: exchange.map(|exchange| exchange.method.as_str()),
            path: exchange.map(|exchange| exchange.target.as_str()),
            rid: message.rid(),
            held_ms: message.held.map(millis),
            gap_ms: message.gap.map(millis),
            reading: reading(&message.reading),
            mistake: mistake(&message.reading),
            body: match &message.reading {
                Reading::Body(body) => Some(Attributes(body)),
                _ => None,
            },
            asked: creation.and_then(|session| session.asked()).map(Terms::asked),
            granted: creation
                .filter(|_| !is_request)
                .and_then(|session| session.granted())
                .map(Terms::granted),
            management: message.management.as_ref().map(Managed::of),
            resumes: message.resumes.map(|id| id.0),
            stanzas: is_read
                .then(|| stanzas.map(|(_, stanza)| Payload::of(stanza, content)).collect()),
            left_out: kept.left_out(),
        }
    }
}

impl<'a> Payload<'a> {
    fn of(stanza: &'a Stanza, content: &'a [u8]) -> Self {
        let summary = &stanza.summary;
        let xml = content.get(stanza.span.clone()).unwrap_or_default();
        Self {
            kind: summary.kind.as_str(),
            type_: &summary.type_,
            id: summary.id.as_deref(),
            from: summary.from.as_deref(),
            to: summary.to.as_deref(),
            subject: &summary.subject,
            detail: &summary.detail,
            namespaces: &summary.namespaces,
            noise: summary.noise,
            bound: summary.bound.as_deref(),
            mechanisms: &summary.mechanisms,
            answers: stanza.pair.as_ref().map(|pair| Answers {
                subject: &pair.subject,
                rid: pair.rid,
                ms: pair.after.map(millis),
            }),
            xml: String::from_utf8_lossy(xml),
        }
    }
}

impl<'a> FindingFields<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            name: finding.name(),
            requirement: finding.requirement,
            level: finding.level.name(),
            party: finding.party.name(),
            incident: finding.incident.map(Incident::number),
            follows: matches!(finding.incident, Some(Incident::Follows(_))),
            words: &finding.words,
        }
    }
}

/// The attributes of a `<body/>`, as text.
struct Attributes<'a>(&'a Body);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (namespace, name, value) in self.0.element().attributes() {
            match namespace {
                "" => map.serialize_entry(name, value)?,
                XBOSH => map.serialize_entry(&format!("xmpp:{name}"), value)?,
                ns::XML => map.serialize_entry(&format!("xml:{name}"), value)?,
                _ => map.serialize_entry(&format!("{{{namespace}}}{name}"), value)?,
            }
        }
        map.end()
    }
}

/// What was asked for, or granted: numbers where they are numbers, else the text that stands there.
struct Terms<'a> {
    numbers: Vec<(&'static str, &'a Number)>,
    texts: Vec<(&'static str, &'a str)>,
}

impl<'a> Terms<'a> {
    fn asked(asked: &'a RequestedTerms) -> Self {
        let RequestedTerms { wait, hold, requests, polling, inactivity, ack, .. } = asked;
        let RequestedTerms { to, from, route, ver, lang, content, secure, version, .. } = asked;
        Self {
            numbers: present([
                ("wait", wait),
                ("hold", hold),
                ("requests", requests),
                ("polling", polling),
                ("inactivity", inactivity),
                ("ack", ack),
            ]),
            texts: texts([
                ("ver", ver),
                ("to", to),
                ("from", from),
                ("route", route),
                ("lang", lang),
                ("content", content),
                ("secure", secure),
                ("version", version),
            ]),
        }
    }

    fn granted(granted: &'a GrantedTerms) -> Self {
        let GrantedTerms { wait, hold, requests, polling, inactivity, maxpause, ack, .. } = granted;
        let GrantedTerms { ver, from, accept, charsets, authid, .. } = granted;
        let GrantedTerms { secure, version, restartlogic, stream, .. } = granted;
        Self {
            numbers: present([
                ("wait", wait),
                ("hold", hold),
                ("requests", requests),
                ("polling", polling),
                ("inactivity", inactivity),
                ("maxpause", maxpause),
                ("ack", ack),
            ]),
            texts: texts([
                ("ver", ver),
                ("from", from),
                ("accept", accept),
                ("charsets", charsets),
                ("authid", authid),
                ("secure", secure),
                ("version", version),
                ("restartlogic", restartlogic),
                ("stream", stream),
            ]),
        }
    }
}

impl Serialize for Terms<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (name, number) in &self.numbers {
            match number.value {
                Some(value) => map.serialize_entry(name, &value)?,
                None => map.serialize_entry(name, &number.text)?,
            }
        }
        for (name, text) in &self.texts {
            map.serialize_entry(name, text)?;
        }
        map.end()
    }
}

type Named<'a, T, const N: usize> = [(&'static str, &'a Option<T>); N];

fn present<T, const N: usize>(list: Named<'_, T, N>) -> Vec<(&'static str, &T)> {
    list.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect()
}

fn texts<const N: usize>(list: Named<'_, Box<str>, N>) -> Vec<(&'static str, &str)> {
    present(list).into_iter().map(|(name, text)| (name, &**text)).collect()
}

fn conn(event: &Event) -> Option<u64> {
    Some(event.conn).filter(|&conn| conn > 0)
}

fn beginning(bytes: &[u8]) -> Cow<'_, str> {
    let mut end = bytes.len().min(TEXT);
    // Don't make a character look broken that is only cut.
    while end < bytes.len() && end > TEXT - 4 && bytes[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    String::from_utf8_lossy(&bytes[..end])
}

fn reading(reading: &Reading) -> &'static str {
    match reading {
        Reading::Empty => "empty",
        Reading::Body(_) => "body",
        Reading::OtherXml(_) => "xml",
        Reading::Malformed(_) => "malformed",
        Reading::Element(_) => "element",
        Reading::Header(_) => "header",
        Reading::StreamEnd => "end",
        Reading::Space => "space",
        Reading::Other => "other",
        Reading::Partial => "partial",
    }
}

fn mistake(reading: &Reading) -> Option<Mistake> {
    match reading {
        Reading::Malformed(error) => Some(Mistake {
            words: error.kind.to_string(),
            line: Some(error.at.line),
            column: Some(error.at.column),
            offset: Some(error.at.offset),
        }),
        Reading::OtherXml(not) => {
            Some(Mistake { words: not.to_string(), line: None, column: None, offset: None })
        }
        _ => None,
    }
}

fn who(story: &Story, id: SessionId) -> Option<Who<'_>> {
    let session = story.session(id)?;
    Some(Who {
        number: id.0,
        transport: session.link.transport(),
        name: Some(session.name()).filter(|_| session.bosh().is_none()),
        sid: session.sid(),
        jid: session.jid(),
    })
}

fn abandoned<'a>(exchange: &'a Exchange, story: &'a Story) -> Abandoned<'a> {
    Abandoned {
        exchange: exchange.number,
        method: &exchange.method,
        path: &exchange.target,
        session: exchange.session().and_then(|id| who(story, id)),
        rid: exchange.rid(),
    }
}
