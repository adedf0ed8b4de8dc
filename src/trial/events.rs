//! Looking for something in what has been seen.

use std::time::Duration;

use super::watch::Seen;
use crate::rules::Observation;
use crate::trace::filter::Filter;
use crate::trace::{Fact, Reading, Session};
use crate::wire::Side;

/// From where on something is looked for: a time, and a place in what was observed, since much of it has the same time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) at: Duration,
    place: usize,
}

impl Mark {
    /// From this time on.
    pub(super) fn at(at: Duration) -> Self {
        Self { at, place: 0 }
    }

    /// What was observed from there on, each with the mark behind it.
    fn on(self, seen: &Seen) -> impl DoubleEndedIterator<Item = (Self, &Observation)> {
        let rest = seen.observations.iter().enumerate().skip(self.place);
        let rest = rest.map(|(place, one)| (Self { at: one.at, place: place + 1 }, one));
        rest.filter(move |(_, one)| one.at >= self.at)
    }
}

/// Where the client has sent something that a filter keeps.
pub(super) fn sent(seen: &Seen, filter: &Filter, since: Mark) -> Vec<Mark> {
    let story = seen.judge.story();
    since
        .on(seen)
        .filter(|(_, one)| is_clients(one) && filter.keep(&one.subject(story)).message)
        .map(|(mark, _)| mark)
        .collect()
}

/// Whether the client has done it: sent something, come, or gone.
fn is_clients(one: &Observation) -> bool {
    let Some(event) = &one.event else { return false };
    match &event.fact {
        Fact::Ended { by, .. } => *by == Side::Client,
        Fact::Opened { .. } => true,
        // It is done on the way, not by the client.
        Fact::Fault(_) => false,
        fact => fact.from() == Some(Side::Client),
    }
}

/// The session that has begun last.
pub(super) fn latest(seen: &Seen) -> Option<&Session> {
    let story = seen.judge.story();
    let sessions = seen.observations.iter().rev().filter_map(|one| one.session);
    sessions.filter_map(|id| story.session(id)).max_by_key(|session| session.began)
}

/// Whether the client has bound a resource since a time: when it was told which.
pub(super) fn logged_in(seen: &Seen, since: Duration) -> Option<String> {
    let session = latest(seen)?;
    let bound = session.jid().filter(|_| session.began >= since && !session.over);
    bound.map(str::to_owned)
}

/// Where the client has ended its session in order: with `type='terminate'`, `<close/>`, or the end of its stream.
pub(super) fn left(seen: &Seen, since: Mark) -> Option<Mark> {
    since.on(seen).find(|(_, one)| is_end(one)).map(|(mark, _)| mark)
}

fn is_end(one: &Observation) -> bool {
    let Some(message) = one.effect.message.as_ref().filter(|one| one.from == Side::Client) else {
        return false;
    };
    match &message.reading {
        Reading::Body(_) => message.bosh().is_some_and(|bosh| bosh.terminates),
        Reading::Element(element) => element.is(crate::xmpp::ns::FRAMING, "close"),
        Reading::StreamEnd => true,
        _ => false,
    }
}

/// What the client has sent, in a few words, for a failure.
pub(super) fn in_short(seen: &Seen, since: Mark) -> String {
    let of_client = since.on(seen).map(|(_, one)| one).filter(|one| is_clients(one));
    let words: Vec<String> = of_client.filter_map(words).collect();
    let more = words.len().saturating_sub(SHOWN);
    let shown = words[more..].join(", ");
    match (words.len(), more) {
        (0, _) => "the client sent nothing in this time".to_owned(),
        (_, 0) => format!("the client sent {shown}"),
        _ => format!("the client last sent {shown}, and {more} other messages before"),
    }
}

/// So many messages are named.
const SHOWN: usize = 5;

fn words(one: &Observation) -> Option<String> {
    let fact = &one.event.as_ref()?.fact;
    let stanzas = one.effect.message.iter().flat_map(|message| &message.stanzas);
    let stanzas: Vec<String> = stanzas.map(|stanza| stanza.summary.line()).collect();
    Some(match fact {
        Fact::Opened { .. } | Fact::Fault(_) => return None,
        Fact::Ended { how, .. } => format!("the end of a connection ({})", how.past()),
        _ if !stanzas.is_empty() => stanzas.join(" and "),
        Fact::Request(request) => {
            let rid = one.effect.message.as_ref().and_then(crate::trace::Message::rid);
            rid.map_or_else(
                || format!("{} {}", request.method, request.target),
                |rid| format!("rid {rid}"),
            )
        }
        Fact::Frame(frame) => crate::wire::websocket::Opcode(frame.opcode).to_string(),
        fact => format!("a {}", fact.name()),
    })
}
