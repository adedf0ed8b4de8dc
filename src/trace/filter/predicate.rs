//! What can be asked of a message or of a stanza.

use std::ops::RangeInclusive;

use regex_lite::Regex;

use super::subject::Subject;
use crate::bosh::BodyType;
use crate::trace::{Exchange, Fact, Frame, Message, Reading, Stanza, Step};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xmpp::{Kind, Summary};

/// The values that `kind` takes.
pub(super) const KINDS: [Kind; 9] = [
    Kind::Message,
    Kind::Presence,
    Kind::Iq,
    Kind::Sasl,
    Kind::Features,
    Kind::StreamError,
    Kind::StreamManagement,
    Kind::Tls,
    Kind::Other,
];

/// The values that `level` takes, the least serious first.
pub(super) const LEVELS: [&str; 3] = ["note", "warning", "error"];

/// The values that `noise` takes: the names that [`Summary::noise`](crate::xmpp::Summary::noise) can have.
pub(super) const NOISES: [&str; 19] = [
    "roster",
    "disco",
    "pep",
    "omemo",
    "vcard",
    "ping",
    "chat-state",
    "receipt",
    "marker",
    "carbons",
    "mam-prefs",
    "blocking",
    "private",
    "push",
    "version",
    "last",
    "time",
    "sm",
    "csi",
];

/// The values that `transport` takes.
pub(super) const TRANSPORTS: [&str; 3] = ["bosh", "websocket", "tcp"];

/// The values that `frame` takes.
pub(super) const FRAMES: [&str; 7] =
    ["text", "binary", "close", "ping", "pong", "fragmented", "compressed"];

/// The values that `sm` takes: elements of XEP-0198, and stanzas that are counted or sent again.
pub(super) const MANAGEMENT: [&str; 9] =
    ["enable", "enabled", "resume", "resumed", "failed", "r", "a", "counted", "again"];

/// A question with its value.
#[derive(Debug, Clone)]
pub(super) enum Predicate {
    Kind(Kind),
    Type(Pattern),
    Namespace(Pattern),
    Jid(Pattern),
    From(Pattern),
    To(Pattern),
    Id(Pattern),
    Sid(Pattern),
    Session(Pattern),
    Transport(&'static str),
    Frame(Option<&'static str>),
    Management(Option<&'static str>),
    Rid(RangeInclusive<u64>),
    /// Counted from the first rid of the session.
    RidAfter(RangeInclusive<u64>),
    Conn(u64),
    Direction(Side),
    Text(Pattern),
    Status(RangeInclusive<u16>),
    Path(Pattern),
    Empty,
    Poll,
    Finding(Option<Pattern>),
    Level(u8),
    Noise(Option<&'static str>),
    Http,
    Fault(Option<Pattern>),
}

/// A text to look for. Case never matters.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// In lower case.
    Text(String),
    Regex(Regex),
}

impl Pattern {
    fn found_in(&self, text: &str) -> bool {
        match self {
            Self::Text(part) => text.to_lowercase().contains(part),
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Self::Text(whole) => text.to_lowercase() == *whole,
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    fn begins(&self, text: &str) -> bool {
        match self {
            Self::Text(start) => text.to_lowercase().starts_with(start),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Predicate {
    pub(super) fn holds(&self, subject: &Subject<'_>, stanza: Option<&Stanza>) -> bool {
        let summary = stanza.map(|stanza| &stanza.summary);
        let message = subject.message();
        match self {
            Self::Kind(kind) => summary.is_some_and(|summary| summary.kind == *kind),
            Self::Type(type_) => {
                let of_body = message.and_then(type_of_body);
                summary.is_some_and(|summary| type_.is(&summary.type_))
                    || of_body.is_some_and(|text| type_.is(text))
            }
            Self::Namespace(part) => stanza.is_some_and(|stanza| {
                let asked = stanza.pair.iter().flat_map(|pair| &pair.namespaces);
                stanza.summary.namespaces.iter().chain(asked).any(|ns| part.found_in(ns))
            }),
            Self::Jid(part) => {
                let bound = subject.sessions.iter().filter_map(|session| session.jid());
                let named = summary.into_iter().flat_map(|s| [&s.from, &s.to]);
                bound.chain(named.filter_map(Option::as_deref)).any(|jid| part.found_in(jid))
            }
            Self::From(part) => {
                party(subject, stanza, Side::Client).is_some_and(|jid| part.found_in(jid))
            }
            Self::To(part) => {
                party(subject, stanza, Side::Server).is_some_and(|jid| part.found_in(jid))
            }
            Self::Id(id) => summary.and_then(|s| s.id.as_deref()).is_some_and(|text| id.is(text)),
            Self::Sid(start) => {
                let mut sids = subject.sessions.iter().filter_map(|session| session.sid());
                sids.any(|sid| start.begins(sid))
            }
            Self::Session(start) => subject.sessions.iter().any(|session| {
                start.begins(session.name()) || session.sid().is_some_and(|sid| start.begins(sid))
            }),
            Self::Transport(name) => {
                subject.sessions.iter().any(|session| session.link.transport() == *name)
            }
            Self::Frame(name) => subject.frame().is_some_and(|frame| is_frame(frame, *name)),
            Self::Management(name) => manages(subject, summary, *name),
            Self::Rid(rids) => {
                subject.exchanges().filter_map(Exchange::rid).any(|rid| rids.contains(&rid))
            }
            Self::RidAfter(steps) => subject.exchanges().any(|exchange| {
                let first = subject.first_rid(exchange);
                let step =
                    exchange.rid().zip(first).and_then(|(rid, first)| rid.checked_sub(first));
                step.is_some_and(|step| steps.contains(&step))
            }),
            Self::Conn(conn) => subject.event.is_some_and(|event| event.conn == *conn),
            Self::Direction(side) => subject.direction() == Some(*side),
            Self::Text(part) => said_in(subject, stanza, part),
            Self::Status(range) => match subject.event.map(|event| &event.fact) {
                Some(Fact::Response(response)) => range.contains(&response.status),
                Some(Fact::Frame(frame)) => frame.status.is_some_and(|code| range.contains(&code)),
                _ => false,
            },
            Self::Path(part) => subject.requests().any(|exchange| part.found_in(&exchange.target)),
            Self::Empty => message.is_some_and(is_empty),
            Self::Poll => message.is_some_and(is_poll),
            Self::Finding(None) => !subject.findings.is_empty(),
            Self::Finding(Some(part)) => subject.findings.iter().any(|mark| {
                part.found_in(mark.name) || mark.requirement.is_some_and(|id| part.found_in(id))
            }),
            Self::Level(least) => subject.findings.iter().any(|mark| mark.level >= *least),
            Self::Noise(name) => {
                noise(subject, summary).is_some_and(|noise| name.is_none_or(|name| name == noise))
            }
            Self::Fault(part) => match subject.event.map(|event| &event.fact) {
                Some(Fact::Fault(applied)) => part.as_ref().is_none_or(|part| {
                    part.found_in(&applied.fault) || part.found_in(&applied.did)
                }),
                _ => false,
            },
            Self::Http => message
                .is_some_and(|message| message.session.is_none() && message.exchange.is_some()),
        }
    }
}

fn is_frame(frame: &Frame, name: Option<&str>) -> bool {
    match name {
        None => true,
        Some("text") => Opcode(frame.opcode) == Opcode::TEXT,
        Some("binary") => Opcode(frame.opcode) == Opcode::BINARY,
        Some("close") => Opcode(frame.opcode) == Opcode::CLOSE,
        Some("ping") => Opcode(frame.opcode) == Opcode::PING,
        Some("pong") => Opcode(frame.opcode) == Opcode::PONG,
        Some("fragmented") => frame.frames > 1,
        Some(_) => frame.content.coding.is_some(),
    }
}

/// Stream management: its elements, stanzas that it counts, stanzas that are sent again.
fn manages(subject: &Subject<'_>, summary: Option<&Summary>, name: Option<&str>) -> bool {
    let is_element = summary.is_some_and(|summary| summary.kind == Kind::StreamManagement);
    let step = subject.message().and_then(|message| message.management.as_ref());
    match (name, step) {
        (None, _) => is_element || step.is_some(),
        (Some("counted"), step) => matches!(step, Some(Step::Counted(..))),
        (Some("again"), step) => matches!(step, Some(Step::Counted(_, 1..))),
        (Some(name), _) => is_element && summary.is_some_and(|summary| summary.type_ == name),
    }
}

/// Which background chatter it is: of a stanza, or a ping of WebSocket.
fn noise(subject: &Subject<'_>, summary: Option<&Summary>) -> Option<&'static str> {
    let is_ping = |frame: &Frame| matches!(Opcode(frame.opcode), Opcode::PING | Opcode::PONG);
    match summary {
        Some(summary) => summary.noise,
        None => subject.frame().is_some_and(is_ping).then_some("ping"),
    }
}

fn type_of_body(message: &Message) -> Option<&str> {
    match &message.reading {
        Reading::Body(body) => body.text("type"),
        _ => None,
    }
}

/// Who a stanza is from, or to. Where it does not say, it is the user whose session it is: what the client sends is
/// from them, what it receives is for them (RFC 6120 §8.1).
fn party<'a>(subject: &Subject<'a>, stanza: Option<&'a Stanza>, user: Side) -> Option<&'a str> {
    let summary = &stanza?.summary;
    let named = if user == Side::Client { &summary.from } else { &summary.to };
    let implied = || {
        let is_stanza = matches!(summary.kind, Kind::Message | Kind::Presence | Kind::Iq);
        let session = subject.sessions.first().filter(|_| is_stanza)?;
        session.jid().filter(|_| subject.direction() == Some(user))
    };
    named.as_deref().or_else(implied)
}

/// Looks in the stanza and in the start tag of the body around it; in all of the content where there is no stanza.
fn said_in(subject: &Subject<'_>, stanza: Option<&Stanza>, part: &Pattern) -> bool {
    let content = subject.content();
    let Some(stanza) = stanza else { return part.found_in(&String::from_utf8_lossy(content)) };
    let first = subject.message().and_then(|message| message.stanzas.first());
    let tag = first.map_or(0..0, |first| 0..first.span.start);
    [tag, stanza.span.clone()]
        .into_iter()
        .filter_map(|span| content.get(span))
        .any(|bytes| part.found_in(&String::from_utf8_lossy(bytes)))
}

/// A request of BOSH that only waits.
fn is_poll(message: &Message) -> bool {
    let exchange = message.exchange.as_ref();
    message.from == Side::Client
        && exchange.is_some_and(|exchange| exchange.is_bosh() && !exchange.acts())
}

/// A body that carries nothing and says nothing, or white space between the elements of a stream.
fn is_empty(message: &Message) -> bool {
    if matches!(message.reading, Reading::Space | Reading::Empty) {
        return message.exchange.is_none();
    }
    let Reading::Body(body) = &message.reading else { return false };
    message.stanzas.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && !body.is_restart()
        && !message.exchange.as_ref().is_some_and(|exchange| exchange.creates())
}
