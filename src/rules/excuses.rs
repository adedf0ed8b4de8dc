//! What was done on purpose is nobody's fault: findings about what came of it accuse neither the server nor anything in
//! between. What the client does in reaction is its own.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::finding::{Finding, Level, Party};
use super::kinds;
use super::memory::PerSession;
use crate::clock::words;
use crate::trace::{AppliedFault, Effect, Event, Fact, Message, SessionId, Story};
use crate::wire::Side;

/// What was done to a connection or a session last.
#[derive(Debug, Clone, Default)]
struct Excuse {
    at: Duration,
    fault: String,
    rid: Option<u64>,
}

/// Remembers what was done on purpose.
#[derive(Debug, Default)]
pub(super) struct Excuses {
    conns: FxHashMap<u64, Excuse>,
    sessions: PerSession<Option<Excuse>>,
}

impl Excuses {
    /// Takes the next event, with what was found at it.
    pub(super) fn take(
        &mut self,
        event: &Event,
        effect: &Effect,
        session: Option<SessionId>,
        story: &Story,
        findings: &mut [Finding],
    ) {
        if let Fact::Fault(applied) = &event.fact {
            self.remember(event, applied, session, story);
        }
        let here = self.conns.get(&event.conn).cloned();
        let is_here = here.is_some();
        if let Some(excuse) = here.or_else(|| self.of(session)) {
            let rid = effect.message.as_ref().and_then(Message::rid);
            let by = match &event.fact {
                Fact::Ended { by, .. } => Some(*by),
                Fact::Closed { .. } => effect.left.map(|(side, _)| side),
                // What the client claims when it resumes is judged when the server grants that, and is its own all the same.
                _ if effect.message.as_ref().is_some_and(|message| message.resumes.is_some()) => {
                    None
                }
                fact => fact.from(),
            };
            for finding in findings.iter_mut() {
                let surely = rid == excuse.rid && (is_here || rid.is_some());
                excuse.apply(finding, by, event.at, surely);
            }
        }
        if let Fact::Closed { .. } = event.fact {
            self.conns.remove(&event.conn);
        }
    }

    /// Something was found because time has passed.
    pub(super) fn wake(&mut self, at: Duration, session: Option<SessionId>, finding: &mut Finding) {
        if let Some(excuse) = self.of(session) {
            excuse.apply(finding, None, at, false);
        }
    }

    fn of(&mut self, session: Option<SessionId>) -> Option<Excuse> {
        self.sessions.get(session?).cloned().flatten()
    }

    fn remember(
        &mut self,
        event: &Event,
        applied: &AppliedFault,
        session: Option<SessionId>,
        story: &Story,
    ) {
        let excuse = Excuse { at: event.at, fault: applied.fault.clone(), rid: applied.rid };
        if let Some(id) = session {
            *self.sessions.of(id, story) = Some(excuse.clone());
        }
        self.conns.insert(event.conn, excuse);
    }
}

impl Excuse {
    /// A finding that accuses somebody for what was done on purpose, or looks for a cause of it, does so no more. `by`: whose
    /// doing the event is.
    fn apply(&self, finding: &mut Finding, by: Option<Side>, at: Duration, surely: bool) {
        let concerns = match finding.party {
            Party::Server | Party::Between => true,
            // What the server says to the client of it: it never got what the client sent, or got something else.
            Party::Client => by == Some(Side::Server),
            // The cause was looked for and not found; or the end of the session is the fault itself.
            Party::Nobody => {
                let ends = surely && *finding.kind == kinds::TERMINATED;
                by != Some(Side::Client) && (finding.level > Level::Note || ends)
            }
        };
        if !concerns {
            return;
        }
        let surely = if surely { "" } else { "probably " };
        let ago = at.saturating_sub(self.at);
        let ago = match ago.as_millis() {
            0..100 => String::new(),
            _ => format!(", {} before", words(ago)),
        };
        let words = super::incidents::first_sentence(&finding.words);
        finding.words =
            format!("{words} It {surely}follows from the fault \"{}\"{ago}.", self.fault);
        (finding.party, finding.level, finding.requirement) = (Party::Nobody, Level::Note, None);
        finding.by_fault = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, open};

    fn notes(script: &str) -> Vec<String> {
        at_least(Level::Note, &format!("{}{script}", open()))
    }

    #[test]
    fn what_was_done_on_purpose_accuses_nobody() {
        let poll = "1000 1 C> <body rid='100001' sid='s1'/>\n";
        let page = "1500 1 S> 502 | Server: nginx | <html>502 Bad Gateway</html>\n";
        let without = notes(&format!("{poll}{page}"));
        assert!(without[0].contains("Between") || without[0].contains("Server"), "{without:?}");
        let with = notes(&format!(
            "{poll}1100 1 !fault S 100001 poll: answer 502 | answered the request with rid 100001 with 502\n{page}"
        ));
        assert!(with[0].starts_with("1500 Note http-status Nobody: "), "{with:?}");
        assert!(
            with[0].ends_with("It follows from the fault \"poll: answer 502\", 400 ms before."),
            "{with:?}"
        );
    }

    #[test]
    fn what_the_client_does_in_reaction_is_its_own() {
        let script = "1000 1 C> <body rid='100001' sid='s1'/>
            1100 1 !fault C 100001 poll: drop | dropped the request with rid 100001
            2000 2 C> <body rid='100001' sid='s1' type='terminal'/>\n";
        let found = notes(script);
        assert!(found.iter().any(|line| line.contains(" Client: ")), "{found:?}");
        assert!(!found.iter().any(|line| line.contains("Server")), "{found:?}");
    }

    #[test]
    fn what_has_no_other_cause_follows_from_the_fault() {
        let request = "1000 1 C> <body rid='100001' sid='s1'/>\n";
        let gone = "1200 1 S> <body type='terminate' condition='item-not-found'/>\n";
        let without = notes(&format!("{request}{gone}"));
        assert!(without[0].contains("Error terminated Nobody: "), "{without:?}");
        let set =
            "1100 1 !fault C 100001 poll: set sid=z | set sid='z' in the request with rid 100001\n";
        let with = notes(&format!("{request}{set}{gone}"));
        assert!(with[0].starts_with("1200 Note terminated Nobody: "), "{with:?}");
        assert!(with[0].contains("It follows from the fault \"poll: set sid=z\""), "{with:?}");
        // What the client has done before is not the cause, and what it does afterwards is its own.
        let restart = "900 1 C> <body rid='100001' sid='s1' xmpp:restart='true'/>\n";
        let cut =
            "1100 1 !fault C 100001 poll: truncate 3 | truncated the request with rid 100001\n";
        let refused = "1200 1 S> <body type='terminate' condition='bad-request'/>\n";
        let after = "1300 1 C> <body rid='100002' sid='s1'/>\n";
        let with = notes(&format!("{restart}{cut}{refused}{after}"));
        let of_end: Vec<_> = with.iter().filter(|line| line.starts_with("1200 ")).collect();
        assert!(of_end[0].starts_with("1200 Note terminated Nobody: "), "{with:?}");
        assert!(of_end[0].contains("follows from the fault"), "{with:?}");
        assert!(
            with.iter().any(|line| line.starts_with("1300 ") && line.contains("Client")),
            "{with:?}"
        );
    }

    #[test]
    fn another_session_is_judged_as_ever() {
        let script = "1000 1 C> <body rid='100001' sid='s1'/>
            1100 1 !fault C 100001 poll: drop | dropped the request with rid 100001
            1200 2 C> <body rid='200000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en'/>
            1300 2 S> 502 | Server: nginx | <html>502 Bad Gateway</html>\n";
        let found = notes(script);
        let of_page: Vec<_> = found.iter().filter(|line| line.starts_with("1300 ")).collect();
        assert!(
            of_page.iter().any(|line| line.contains("Between") || line.contains("Server")),
            "{found:?}"
        );
    }
}
