//! Rids without the gaps that messages which were left out would leave.

use std::collections::{BTreeMap, BTreeSet};

use crate::bosh::Body;
use crate::trace::{Event, Fact, Reading, Story};
use crate::xml::{TokenKind, tokens};

/// What attributes of a `<body/>` hold rids.
const HOLD: [&str; 3] = ["rid", "ack", "report"];

/// The rids of each session before, by its sid, and those that are left.
#[derive(Debug, Default)]
pub(super) struct Rids {
    sessions: BTreeMap<String, Session>,
}

#[derive(Debug, Default)]
struct Session {
    /// Rids that are gone.
    gone: BTreeSet<u64>,
}

impl Session {
    /// A rid as it is now.
    fn now(&self, rid: u64) -> u64 {
        rid - self.gone.range(..rid).count() as u64
    }
}

impl Rids {
    /// Of a trace, and of what is left of it.
    pub(super) fn of(before: &[Event], left: &[Event]) -> Self {
        let (before, left) = (used(before), used(left));
        let mut sessions = BTreeMap::new();
        for (sid, rids) in before {
            let Some(still) = left.get(&sid) else { continue };
            let gone = rids.difference(still).copied().collect();
            sessions.insert(sid, Session { gone });
        }
        Self { sessions }
    }

    /// Writes the rids of a trace as they are now.
    pub(super) fn apply(&self, events: &mut [Event]) {
        if self.sessions.values().all(|session| session.gone.is_empty()) {
            return;
        }
        let mut story = Story::default();
        for event in events {
            let effect = story.take(event);
            let id = effect.message.as_ref().and_then(|message| message.session);
            let sid = id.and_then(|id| story.session(id)?.sid().map(str::to_owned));
            let Some(session) = sid.and_then(|sid| self.sessions.get(&sid)) else { continue };
            let (Fact::Request(_) | Fact::Response(_)) = &event.fact else { continue };
            let content = match &mut event.fact {
                Fact::Request(request) => &mut request.content,
                Fact::Response(response) => &mut response.content,
                _ => continue,
            };
            let before = content.bytes.len();
            let now = |rid| session.now(rid);
            if let Some(bytes) = rewritten(&content.bytes, &HOLD, now) {
                content.bytes = bytes;
                content.size =
                    (content.size + content.bytes.len() as u64).saturating_sub(before as u64);
            }
        }
    }
}

/// The rids that requests of each session have.
fn used(events: &[Event]) -> BTreeMap<String, BTreeSet<u64>> {
    let mut story = Story::default();
    let mut of: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
    for event in events {
        let effect = story.take(event);
        if let Some(message) = &effect.message
            && let (Fact::Request(_), Some(id)) = (&event.fact, message.session)
            && let Reading::Body(body) = &message.reading
            && let Some(Ok(rid)) = Body::rid(body)
        {
            of.entry(id).or_default().insert(rid);
        }
    }
    let sid = |id| story.session(id)?.sid().map(str::to_owned);
    of.into_iter().filter_map(|(id, rids)| Some((sid(id)?, rids))).collect()
}

/// A content whose first start tag has these attributes as numbers: with other numbers.
pub fn rewritten(bytes: &[u8], names: &[&str], now: impl Fn(u64) -> u64) -> Option<Vec<u8>> {
    let tag = tokens(bytes).find(|token| matches!(token.kind, TokenKind::Start { .. }))?;
    let (start, end) = (tag.span.start, tag.span.end);
    let mut head = String::from_utf8(bytes[start..end].to_vec()).ok()?;
    let mut changed = false;
    for name in names {
        for quote in ['\'', '"'] {
            let opening = format!(" {name}={quote}");
            let Some(at) = head.find(&opening).map(|at| at + opening.len()) else { continue };
            let Some(length) = head[at..].find(quote) else { continue };
            let Ok(number) = head[at..at + length].parse::<u64>() else { continue };
            // Whatever form of a number it is stays.
            let form = head[at..at + length].find(|c| !matches!(c, '+' | '0'));
            let form = form.unwrap_or(length.saturating_sub(1));
            let text = format!("{}{}", &head[at..at + form], now(number));
            changed |= text != head[at..at + length];
            head.replace_range(at..at + length, &text);
        }
    }
    changed.then(|| [&bytes[..start], head.as_bytes(), &bytes[end..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_the_first_tag_alone_are_written_anew() {
        let text = b"<?xml version='1.0'?><body rid='7' ack=\"6\" x-rid='1'><a rid='7'/></body>";
        let now = rewritten(text, &HOLD, |rid| rid - 2).unwrap();
        let expected = "<?xml version='1.0'?><body rid='5' ack=\"4\" x-rid='1'><a rid='7'/></body>";
        assert_eq!(String::from_utf8(now).unwrap(), expected);
        assert_eq!(rewritten(b"<body/>", &HOLD, |rid| rid), None);
    }

    #[test]
    fn rids_close_up() {
        let session = Session { gone: BTreeSet::from([3, 4, 8]) };
        assert_eq!([2, 5, 9].map(|rid| session.now(rid)), [2, 3, 6]);
    }
}
