//! Pieces of what is said about the end of a WebSocket: who had waited in vain, and what may be lost.

use std::time::Duration;

use super::ending_course::{Course, Sent};
use crate::clock::words;
use crate::rules::finding::Level;
use crate::rules::rule::{ACK_DUE, PONG_DUE};
use crate::rules::words::short;
use crate::trace::{Session, WebSocketLink};
use crate::wire::Side;
use crate::xmpp::Kind;

/// A message that was sent this short a time before the end may not have been handled.
pub(super) const IN_FLIGHT: Duration = Duration::from_secs(5);
/// A question that waits for so long shows that nobody answers.
pub(super) const UNANSWERED: Duration = Duration::from_secs(5);

/// What this side had asked, and for how long it has waited in vain, if that shows that the other side is dead; and how
/// serious that is: a note, if it was reported when it was due.
pub(super) fn unanswered(
    course: &Course,
    link: &WebSocketLink,
    by: Side,
    at: Duration,
) -> Option<(String, Level)> {
    let waits = |since: Duration| at.saturating_sub(since);
    let dead = |since: &Duration| {
        waits(*since) >= UNANSWERED
            && link.line.last[by.other() as usize].is_none_or(|last| last <= *since)
    };
    let not_answered = |what: String, since: Duration| {
        format!("the {what} {} before was not answered", words(waits(since)))
    };
    let name = by.name();
    if let Some(since) = link.pings[by as usize].waiting.filter(dead) {
        let reported = waits(since) >= PONG_DUE;
        let level = if reported { Level::Note } else { Level::Warning };
        return Some((not_answered(format!("{name}'s ping"), since), level));
    }
    if let Some(since) = course.asked[by as usize].filter(dead) {
        let level = if waits(since) >= ACK_DUE { Level::Note } else { Level::Warning };
        return Some((not_answered(format!("{name}'s <r/>"), since), level));
    }
    let question = course.unanswered.iter().find(|sent| sent.kind == Kind::Iq && dead(&sent.at))?;
    let what = stanza(question.kind, question.id.as_deref());
    (by == Side::Client).then(|| (not_answered(what, question.at), Level::Warning))
}

/// `message m7`
fn stanza(kind: Kind, id: Option<&str>) -> String {
    match id {
        Some(id) => format!("{} {}", kind.as_str(), short(id)),
        None => format!("{} without id", kind.as_str()),
    }
}

/// What of the client's stanzas may be lost, as sentences with a space in front.
pub(super) fn pending(course: &Course, session: &Session, at: Duration) -> String {
    // Under stream management, what is not acknowledged is reported by itself.
    if session.stream.management().enabled {
        return String::new();
    }
    let ago = |then: Duration| words(at.saturating_sub(then));
    let fresh = |sent: &&Sent| match sent.kind {
        Kind::Iq => true,
        _ => at.saturating_sub(sent.at) <= IN_FLIGHT,
    };
    let sent: Vec<_> = course.unanswered.iter().filter(fresh).collect();
    match &sent[..] {
        [] => String::new(),
        [one] => format!(
            " {} was sent {} before, and nothing acknowledged it: it may be lost.",
            capital(&stanza(one.kind, one.id.as_deref())),
            ago(one.at)
        ),
        [first, .., last] => format!(
            " {} stanzas of the client, from {} ({} before) to {} ({} before), were not answered: they may \
             be lost.",
            sent.len(),
            stanza(first.kind, first.id.as_deref()),
            ago(first.at),
            stanza(last.kind, last.id.as_deref()),
            ago(last.at),
        ),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// `60 s`
pub(super) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}
