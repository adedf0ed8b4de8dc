//! What rules report.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::kinds::Kind;
use crate::wire::Side;

/// Who should look at a finding first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The client broke a rule.
    Client,
    /// The connection manager, or the server behind it, broke a rule.
    Server,
    /// Something between the two: a reverse proxy, a load balancer, the network.
    Between,
    /// Nobody: it is for information.
    Nobody,
}

impl From<Side> for Party {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
        }
    }
}

impl Party {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Between => "between",
            Self::Nobody => "nobody",
        }
    }
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not normal, but nobody's fault, or without consequences.
    Note,
    /// A SHOULD is violated, or a problem is likely.
    Warning,
    /// A MUST is violated, or something failed.
    Error,
}

impl Level {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that is not normal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is.
    pub kind: &'static Kind,
    /// The id of the violated requirement, one of those of its kind, if there is one.
    pub requirement: Option<&'static str>,
    /// How serious it is.
    pub level: Level,
    /// Who should look at it first.
    pub party: Party,
    /// What happened, why it matters, and what to do.
    pub words: String,
    /// The incident that it is part of; none for a note that stands alone.
    pub incident: Option<Incident>,
    /// Findings with the same thread are one incident.
    pub thread: Option<Thread>,
    /// It follows from what was done on purpose, as its words say.
    pub by_fault: bool,
}

/// What holds findings together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Thread {
    /// It goes on, and each finding has words of its own.
    On(String),
    /// It is the same again: the first one says what it means.
    Again(String),
}

/// The incident that a finding is part of: its number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// This finding begins it, and explains it.
    Begins(u32),
    /// An earlier finding began it.
    Follows(u32),
}

impl Incident {
    /// Its number.
    pub fn number(self) -> u32 {
        match self {
            Self::Begins(number) | Self::Follows(number) => number,
        }
    }
}

impl Finding {
    /// Its level, and the number of the incident that it begins: `error #3`.
    pub fn title(&self) -> String {
        match self.incident {
            Some(Incident::Begins(number)) => format!("{} #{number}", self.level.name()),
            _ => self.level.name().to_owned(),
        }
    }

    /// Short name of its kind, such as `rid-repeat`.
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// Times are not known, so it cannot say how long anything took.
    pub(super) fn forget_times(&mut self) {
        for (timed, timeless) in TIMELESS {
            if self.words.contains(timed) {
                self.words = self.words.replace(timed, timeless);
            }
        }
    }
}

/// What is said of no time at all, and the same where times are not known; the longest first.
const TIMELESS: [(&str, &str); 7] = [
    (
        ", and the client had no request open for only 0.0 ms: neither explains it",
        ": that does not explain it",
    ),
    (" 0.0 ms before", " before"),
    (" 0.0 ms after", " after"),
    (" 0.0 ms ago", " before"),
    (" after 0.0 ms", ""),
    (" within 0.0 ms", ""),
    (" for 0.0 ms", ""),
];

/// Collects findings.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    /// The kinds that have no ground, since what they rest on is not known.
    unfounded: Option<Arc<BTreeSet<&'static str>>>,
}

impl Findings {
    /// Collects findings but those of these kinds.
    pub(super) fn without(unfounded: Option<Arc<BTreeSet<&'static str>>>) -> Self {
        Self { unfounded, ..Self::default() }
    }

    /// Adds a finding. The requirement has to be one of those that its kind lists.
    pub fn add(
        &mut self,
        kind: &'static Kind,
        requirement: impl Into<Option<&'static str>>,
        level: Level,
        party: Party,
        words: impl Into<String>,
    ) {
        let (requirement, words) = (requirement.into(), words.into());
        debug_assert!(
            requirement.is_none_or(|id| kind.requirements.contains(&id)),
            "{} is not about {requirement:?}: add that in kinds.rs",
            kind.name
        );
        if self.leaves_out(kind) {
            return;
        }
        let (incident, thread) = (None, None);
        let by_fault = false;
        let finding =
            Finding { kind, requirement, level, party, words, incident, thread, by_fault };
        self.found.push(finding);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// The findings that were added since there were so many belong to this thread.
    pub(super) fn thread(&mut self, since: usize, thread: &str) {
        for finding in &mut self.found[since..] {
            finding.thread = Some(Thread::On(thread.to_owned()));
        }
    }

    /// The same, of what is the same each time, although its words may differ.
    pub(super) fn again(&mut self, since: usize, what: &str) {
        for finding in &mut self.found[since..] {
            finding.thread = Some(Thread::Again(what.to_owned()));
        }
    }

    /// Whether findings of this kind are left out, since what they rest on is not known.
    pub(super) fn leaves_out(&self, kind: &Kind) -> bool {
        self.unfounded.as_ref().is_some_and(|kinds| kinds.contains(kind.name))
    }

    /// Whether a rule before this one has reported one of these kinds about the same event: it knows the cause better.
    pub(super) fn has(&self, kinds: &[Kind]) -> bool {
        self.found.iter().any(|finding| kinds.contains(finding.kind))
    }

    /// All findings that were added.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_times_nothing_took_any() {
        for (words, timeless) in [
            ("the response 0.0 ms before.", "the response before."),
            (
                "closed a connection 0.0 ms after its first request",
                "closed a connection after its first request",
            ),
            ("SASL succeeded 0.0 ms ago, but", "SASL succeeded before, but"),
            ("The session ended after 0.0 ms with", "The session ended with"),
            ("1 iq has had no answer for 0.0 ms: ping", "1 iq has had no answer: ping"),
            (
                "The rid is the next one, and the client had no request open for only 0.0 ms: neither explains it. The",
                "The rid is the next one: that does not explain it. The",
            ),
            ("after 10.0 ms", "after 10.0 ms"),
        ] {
            let mut found = Findings::default();
            found.add(&crate::rules::kinds::TERMINATED, None, Level::Note, Party::Nobody, words);
            let mut finding = found.into_vec().remove(0);
            finding.forget_times();
            assert_eq!(finding.words, timeless);
        }
    }
}
