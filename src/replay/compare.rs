//! What differs between a recording and its replay, as `xmppscope diff` says it.

use std::collections::BTreeSet;

use super::player::Settings;
use super::script::Script;
use crate::client::Who;
use crate::record::Values;
use crate::snapshot::{Diff, Varying, diff, transcript};
use crate::trace::{Event, Fact};
use crate::wire::websocket::Opcode;

/// What is to be compared.
#[derive(Debug)]
pub struct Compared {
    /// Values of the target, with those of the recording in their place.
    values: Values,
    conns: BTreeSet<u64>,
}

/// Prepares the comparison of a recording with what comes of its replay.
pub fn compare(script: &Script, settings: &Settings) -> Compared {
    let Settings { domain, anonymous, accounts, .. } = settings;
    let mut values = Values::default();
    for (bare, who) in accounts {
        let Who::Account { user, .. } = who else { continue };
        values.word(&format!("{user}@{domain}"), bare.as_str());
    }
    for session in script.sessions.values() {
        let Some(jid) = &session.jid else { continue };
        let bare = jid.split('/').next().unwrap_or(jid);
        let recorded = bare.rsplit_once('@').map_or(bare, |(_, domain)| domain);
        values.domain(if session.anonymous { anonymous } else { domain }, recorded);
    }
    if let Some(recorded) = &script.domain {
        values.domain(domain, recorded.as_str());
    }
    Compared { values, conns: script.conns() }
}

impl Compared {
    /// What differs.
    pub fn diff(&self, recorded: &[Event], replayed: &[Event], varying: &Varying) -> Diff {
        let own = |event: &&Event| self.conns.contains(&event.conn);
        let old: Vec<Event> = recorded.iter().filter(own).cloned().collect();
        let new: Vec<Event> = replayed.iter().map(|event| self.renamed(event)).collect();
        let (old, new) = (without_late_closes(old), without_late_closes(new));
        diff(&transcript(&old, None, varying), &transcript(&new, None, varying))
    }

    /// An event with the names of the recording.
    fn renamed(&self, event: &Event) -> Event {
        let mut event = event.clone();
        let content = match &mut event.fact {
            Fact::Request(request) => &mut request.content,
            Fact::Response(response) => &mut response.content,
            Fact::Frame(frame) => &mut frame.content,
            Fact::Part(part) => &mut part.content,
            _ => return event,
        };
        if let Ok(text) = std::str::from_utf8(&content.bytes) {
            content.bytes = self.values.text(text).into_bytes();
        }
        event
    }
}

/// Events without the Close frames behind the end of a stream or another Close frame. Many peers end the connection without waiting
/// for one, so whether it is sent is a race.
fn without_late_closes(mut events: Vec<Event>) -> Vec<Event> {
    let mut over = BTreeSet::new();
    events.retain(|event| {
        let Fact::Frame(frame) = &event.fact else { return true };
        let is_close = Opcode(frame.opcode) == Opcode::CLOSE;
        let is_late = is_close && over.contains(&event.conn);
        if is_close || frame.content.bytes.starts_with(b"<close") {
            over.insert(event.conn);
        }
        !is_late
    });
    events
}
