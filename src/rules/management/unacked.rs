//! Messages that nobody had acknowledged when the connection ended.

use std::time::Duration;

use super::view::stanza;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::stream::line::LinePart;
use crate::rules::words::counted;
use crate::trace::{Count, Sent};
use crate::wire::Side;
use crate::xmpp::Kind;

/// So many messages of each side are named.
const NAMED: usize = 2;

/// Says what may be lost when a connection ends under stream management.
#[derive(Debug, Default)]
pub struct Unacked;

impl Rule for Unacked {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.line() else { return };
        let LinePart::Closed { stopped: false } = view.part else { return };
        let management = view.session.stream.management();
        // The client has closed its stream, and with it the session: it waits for nothing.
        if !management.enabled || view.line.closed[Side::Client as usize].is_some() {
            return;
        }
        let client = describe(Side::Client, &management.client, view.at);
        let server = describe(Side::Server, &management.server, view.at);
        if client.is_none() && server.is_none() {
            return;
        }
        let level =
            if client.is_some() && !management.resumable { Level::Warning } else { Level::Note };
        let then = if management.resumable {
            let max = management.max.map(|max| format!(" within {max} s")).unwrap_or_default();
            format!(
                "This is sent again if the session is resumed{max}. Otherwise it may be lost, or come twice if the client \
                 repeats it"
            )
        } else {
            "The session cannot be resumed, so this may be lost, or come twice if the client repeats it".to_owned()
        };
        let parts: Vec<_> = [client, server].into_iter().flatten().collect();
        let text = format!(
            "The connection ended before all was acknowledged: {}. {then}.",
            parts.join("; ")
        );
        found.add(&kinds::SM_UNACKED, None, level, Party::Nobody, text);
    }
}

/// `2 stanzas of the client (message m7 to bob, 0.2 s before)`; none if there is no message among them.
fn describe(side: Side, count: &Count, at: Duration) -> Option<String> {
    let messages: Vec<&Sent> =
        count.unacked.iter().filter(|sent| sent.kind == Kind::Message).collect();
    if messages.is_empty() {
        return None;
    }
    let age = |sent: &Sent| words(at.saturating_sub(sent.at));
    let mut named: Vec<_> = messages
        .iter()
        .take(NAMED)
        .map(|sent| format!("{}, {} before", stanza(sent), age(sent)))
        .collect();
    if messages.len() > NAMED {
        named.push(counted(messages.len() - NAMED, "more message"));
    }
    let all = counted(count.unacked.len() as u64, "stanza");
    Some(format!("{all} of the {} ({})", side.name(), named.join("; ")))
}

#[cfg(test)]
#[path = "unacked_tests.rs"]
mod tests;
