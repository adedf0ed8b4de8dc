//! The incidents of a trace, as a list: the gravest first, with the number of their findings and the time of the first.

use std::collections::BTreeMap;
use std::time::Duration;

use super::finding::{Finding, Level, Party};
use super::incidents::first_sentence;

/// So many incidents are listed.
const LISTED: usize = 1000;

/// Counts findings by incident.
#[derive(Debug, Default)]
pub struct Tally {
    incidents: BTreeMap<u32, Tallied>,
}

/// An incident of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallied {
    /// Its number.
    pub number: u32,
    /// How serious its gravest finding is.
    pub level: Level,
    /// Who should look at it first.
    pub party: Party,
    /// The kind of its first finding.
    pub name: &'static str,
    /// The requirement that its first finding is about.
    pub requirement: Option<&'static str>,
    /// How often it came.
    pub count: u64,
    /// When the first came.
    pub first: Duration,
    /// What was said of it first.
    pub words: String,
}

impl Tallied {
    /// The first sentence of what was said of it.
    pub fn sentence(&self) -> &str {
        first_sentence(&self.words)
    }
}

impl Tally {
    /// Counts a finding.
    pub fn count(&mut self, at: Duration, finding: &Finding) {
        let Some(number) = finding.incident.map(super::Incident::number) else { return };
        if let Some(known) = self.incidents.get_mut(&number) {
            // What follows from it is part of it, but no further occurrence.
            known.count += u64::from(known.name == finding.name());
            known.level = known.level.max(finding.level);
            return;
        }
        if self.incidents.len() >= LISTED {
            return;
        }
        let Finding { level, party, requirement, .. } = *finding;
        let (name, words) = (finding.name(), finding.words.clone());
        let first = Tallied { number, level, party, name, requirement, count: 1, first: at, words };
        self.incidents.insert(number, first);
    }

    /// The incidents: the gravest first, of those the most frequent, of those the earliest.
    pub fn gravest_first(&self) -> Vec<&Tallied> {
        let mut list: Vec<_> = self.incidents.values().collect();
        list.sort_by(|one, other| {
            let grave = other.level.cmp(&one.level).then(other.count.cmp(&one.count));
            grave.then(one.number.cmp(&other.number))
        });
        list
    }

    /// Whether the list says more than the findings did: there are several incidents, or one that came again.
    pub fn is_worth_a_list(&self) -> bool {
        self.incidents.len() > 1 || self.incidents.values().any(|incident| incident.count > 1)
    }
}
