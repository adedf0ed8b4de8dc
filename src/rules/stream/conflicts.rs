//! What ends one stream after the other: sessions that take each other's place, and stanzas that are too big (RFC 6120
//! §4.9.3.3 and §4.9.3.14).

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use super::errors;
use super::suspect::{Asking, Big, Cause, NEAR};
use crate::clock::words;
use crate::rules::finding::Party;
use crate::rules::words::{nth, short};
use crate::trace::{Session, Story};
use crate::xmpp::jid;

/// Conflicts that lie closer together are one quarrel.
const QUARREL: Duration = Duration::from_secs(120);
/// Streams that end for the same stanza within this time ended for its repetition.
const AGAIN: Duration = Duration::from_secs(600);
/// So many conflicts are remembered.
const REMEMBERED: usize = 64;

/// Sessions that were replaced by others.
#[derive(Debug, Default)]
pub struct Conflicts {
    seen: VecDeque<(Duration, String)>,
    /// Stanzas that ended a stream: when, whose, and which.
    blamed: VecDeque<(Duration, String, Big)>,
}

impl Conflicts {
    /// This stanza ends a stream. Gives how long ago the same stanza of the same client ended another.
    pub(super) fn blame(&mut self, jid: &str, big: &Big, at: Duration) -> Option<Duration> {
        let same = |(when, whose, known): &&(Duration, String, Big)| {
            let alike = match (&known.id, &big.id) {
                (Some(known), Some(id)) => known == id,
                _ => known.size == big.size,
            };
            whose == jid && alike && at.saturating_sub(*when) <= AGAIN
        };
        let before = self.blamed.iter().rev().find(same).map(|(when, ..)| at.saturating_sub(*when));
        if self.blamed.len() == REMEMBERED {
            self.blamed.pop_front();
        }
        self.blamed.push_back((at, jid.to_owned(), big.clone()));
        before
    }

    /// How often this address had a conflict lately, this one included.
    fn count(&mut self, jid: &str, at: Duration) -> (u32, Duration) {
        let lately = |(when, known): &&(Duration, String)| {
            known == jid && at.saturating_sub(*when) <= QUARREL
        };
        let before: Vec<_> = self.seen.iter().filter(lately).map(|(when, _)| *when).collect();
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((at, jid.to_owned()));
        (before.len() as u32 + 1, before.first().copied().unwrap_or(at))
    }
}

/// Who has taken the place of this session.
pub(super) fn conflict(asking: &Asking<'_>, conflicts: &mut Conflicts) -> Cause {
    replaced(asking.view.session, asking.story, asking.view.at, conflicts)
}

/// The same in a sentence, for a stream that BOSH carries.
pub fn explain(
    session: &Session,
    story: &Story,
    at: Duration,
    conflicts: &mut Conflicts,
) -> String {
    replaced(session, story, at, conflicts).words
}

fn replaced(session: &Session, story: &Story, at: Duration, conflicts: &mut Conflicts) -> Cause {
    let own = session.id;
    let ago = |since: Duration| words(at.saturating_sub(since));
    let Some(jid) = session.jid() else {
        let meaning = errors::meaning("conflict").unwrap_or_default();
        return Cause::plain(format!("{meaning}."));
    };
    let later = || {
        let sessions = story.sessions();
        sessions.filter(|it| it.id != own && it.began > session.began)
    };
    let own_name = session.stream.management().id.as_deref();
    let resumes = |it: &Session| {
        own_name.is_some() && it.stream.management().resuming() == own_name && it.id != own
    };
    if let Some(resuming) = story.sessions().find(|it| resumes(it)) {
        let place =
            resuming.link.line().map(|line| format!(" on #{}", line.conn)).unwrap_or_default();
        let words =
            format!("the client resumes this session{place}, so its former connection is closed.");
        return Cause { words, party: Some(Party::Nobody), reported: true };
    }
    let bare = jid::before_slash(jid);
    let rival = later()
        .filter(|it| it.jid() == Some(jid))
        .max_by_key(|it| it.began)
        // Some servers let an account log in once.
        .or_else(|| {
            let same = |it: &&Session| it.jid().map(jid::before_slash) == Some(bare);
            later()
                .filter(same)
                .filter(|it| at.saturating_sub(it.last) <= NEAR)
                .max_by_key(|it| it.began)
        });
    let mut said = match rival {
        Some(rival) => format!(
            "{} logged in again as session {}, which began {} before.",
            short(rival.jid().unwrap_or(jid)),
            Session::name(rival),
            ago(rival.began)
        ),
        None => format!(
            "{} logged in elsewhere, not through here (another tab or device, or a reload).",
            short(jid)
        ),
    };
    let (count, first) = conflicts.count(jid, at);
    if count > 1 {
        let _ = write!(
            said,
            " It is the {} conflict of this address within {}: two clients keep disconnecting each \
             other. Give each its own resource, or let the server choose it.",
            nth(count),
            ago(first)
        ); // a String takes it
    }
    Cause::plain(said)
}
