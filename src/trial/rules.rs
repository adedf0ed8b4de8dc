//! The rules of the proxy as judges of a client: what it breaks that the scenario covers fails it, what else it breaks is
//! noted.

use std::collections::BTreeSet;

use super::watch::Seen;
use crate::rules::{Finding, Level, Party};
use crate::runner::{Report, StepAt};
use crate::scenario::matching::FailureKind;
use crate::scenario::{ClientStepKind, Level as Demand, Scenario, ServerAct};
use crate::spec::{Level as Strength, catalogue};

/// Reports what the client has broken by now.
pub(super) fn judge(seen: &Seen, scenario: &Scenario, report: &mut Report) {
    let mut noted = BTreeSet::new();
    let ends = scenario.client.iter().flat_map(|test| &test.steps).any(|step| {
        matches!(
            step.kind,
            ClientStepKind::Server(ServerAct::Terminate(_) | ServerAct::Error { .. })
        )
    });
    for one in &seen.observations {
        for finding in one.findings.iter().filter(|finding| finding.party == Party::Client) {
            // Why a session ends that the scenario has ended is known.
            if ends && finding.requirement.is_none_or(|id| id.starts_with("bosh-cond-")) {
                continue;
            }
            let harmless = finding.level <= Level::Note;
            let Some(id) = finding.requirement.filter(|_| !harmless || counts(scenario, finding))
            else {
                if harmless {
                    continue;
                }
                if noted.insert(finding.name()) {
                    report.note(
                        &scenario.name.place,
                        format!("{}: {}", finding.name(), finding.words),
                    );
                }
                continue;
            };
            let steps = scenario.client.iter().flat_map(|test| &test.steps);
            let mut covers = scenario.covers.iter().chain(steps.flat_map(|step| &step.covers));
            let known = report.failures().iter().any(|failure| {
                failure.kind == FailureKind::Rule
                    && failure.covers.iter().any(|covered| covered == id)
            });
            match covers.find(|covered| covered.value == id) {
                Some(_) if known => {}
                Some(covered) => {
                    let place = covered.place.clone();
                    report.begin(StepAt {
                        place: place.clone(),
                        covers: vec![id.to_owned()],
                        level: level(finding),
                        says: None,
                        since: one.at,
                    });
                    let expected = format!("the client to keep {id}");
                    let seen = finding.words.clone();
                    let _ = report.fail(one.at, FailureKind::Rule, &place, expected, seen, None); // the run is over
                }
                None if noted.insert(id) => {
                    report.note(&scenario.name.place, format!("also {id}: {}", finding.words));
                }
                None => {}
            }
        }
    }
}

/// Whether the scenario is about what a finding says, and it is more than a note there: what is recommended is, though it
/// harms nobody.
fn counts(scenario: &Scenario, finding: &Finding) -> bool {
    let steps = scenario.client.iter().flat_map(|test| &test.steps);
    let mut covers = scenario.covers.iter().chain(steps.flat_map(|step| &step.covers));
    let Some(known) = finding.requirement.and_then(|id| catalogue().get(id)) else { return false };
    known.level.strength() == Strength::Should && covers.any(|covered| covered.value == known.id)
}

/// How grave a finding is, if the requirement does not say it: what may be done in one way alone has to be done so if it is
/// done.
fn level(finding: &Finding) -> Option<Demand> {
    let known = finding.requirement.and_then(|id| catalogue().get(id))?;
    let allowed = known.level.strength() == Strength::May;
    (allowed && finding.level == Level::Error).then_some(Demand::Must)
}
