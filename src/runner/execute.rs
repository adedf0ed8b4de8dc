//! One run of a scenario from start to end, and its verdict.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::cast::Cast;
use super::chance::Chance;
use super::compare::unmet;
use super::conclude::{Ended, conclude};
use super::dial::Dial;
use super::heart::Heart;
use super::ledger::Ledger;
use super::open_stream::carry;
use super::opening::{leave, open_all};
use super::outcome::{Chosen, Outcome};
use super::provided::skipped;
use super::report::{Report, StepAt};
use super::run::{Run, Setting};
use super::spent::{self, Spent};
use super::steps::run_steps;
use super::stop::{Done, Stop};
use super::target::Target;
use super::variables::Variables;
use super::waiting::all_written;
use super::wire::{Secrets, Wire};
use crate::clock::Clock;
use crate::random::Random;
use crate::scenario::{Located, Need, Row, Scenario, limits};

/// What a run is given.
pub(super) struct Inputs {
    pub(super) scenario: Arc<Scenario>,
    /// The row of the sweep, from 0.
    pub(super) row: Option<usize>,
    pub(super) target: Arc<Target>,
    pub(super) dial: Arc<dyn Dial>,
    pub(super) clock: Clock,
    pub(super) random: Box<dyn Random>,
    /// Where time is real.
    pub(super) heart: Option<Arc<Heart>>,
    pub(super) round_trip: Duration,
    pub(super) secrets: Secrets,
}

/// A run before its first step.
pub(super) fn prepare(given: Inputs) -> Run {
    let Inputs { scenario, target, dial, clock, random, heart, round_trip, secrets, .. } = given;
    let at = StepAt {
        place: scenario.place.clone(),
        covers: scenario.covers.iter().map(|id| id.value.clone()).collect(),
        level: None,
        says: None,
        since: clock.now(),
    };
    let wire = Wire::new(dial, clock, &target, secrets);
    Run {
        setting: Setting { scenario, target, wire, heart, round_trip },
        cast: Cast::default(),
        ledger: Ledger::default(),
        variables: Variables::default(),
        chance: Chance::new(random),
        report: Report::new(at),
        spent: Spent::default(),
    }
}

/// Runs a scenario.
pub(super) async fn run(given: Inputs) -> Outcome {
    let (row, clock) = (given.row, given.clock);
    let began = clock.now();
    let mut run = prepare(given);
    let (scenario, target) = (&run.setting.scenario.clone(), &run.setting.target.clone());
    let wire = run.wire().clone();
    let values = row.and_then(|row| scenario.sweep.get(row));
    // How much had passed when its set-up was done, in events.
    let mut set_up = 0;
    let done = if let Some(why) = skipped(scenario, target) {
        Err(Stop::Skipped(why))
    } else {
        tokio::select! {
            biased;
            done = live(&mut run, values, &mut set_up) => done,
            why = wire.overflow() => Err(Stop::Broken(scenario.place.clone(), why)),
            () = tokio::time::sleep(spent::TIME) => {
                let why = "it took a week, the limit for one run".to_owned();
                Err(Stop::Broken(scenario.place.clone(), why))
            }
        }
    };
    let duration = clock.now().saturating_sub(began);
    all_written(&mut run).await;
    let own = set_up..wire.events().len();
    leave(&mut run).await;
    outcome(run, done, row, own, (began, duration))
}

fn outcome(
    run: Run,
    done: Done,
    row: Option<usize>,
    own: Range<usize>,
    (began, duration): (Duration, Duration),
) -> Outcome {
    let Setting { scenario, target, wire, .. } = run.setting;
    let address = |account: &super::Account| format!("{}@{}", account.user, target.domain);
    let accounts = target.accounts.iter();
    let chosen = Chosen {
        texts: run.chance.texts(),
        accounts: accounts.map(|(name, account)| (address(account), name.clone())).collect(),
    };
    let (report, events) = (run.report, wire.events());
    conclude(Ended { scenario, row, done, report, began, duration, chosen, own, events })
}

/// The scenario from its actors to its last step.
pub(super) async fn live(run: &mut Run, row: Option<&Row>, set_up: &mut usize) -> Done {
    let scenario = Arc::clone(&run.setting.scenario);
    for actor in &scenario.actors {
        let name = &actor.name.value;
        let count = actor.count.as_ref();
        let count = count.map(|count| count.resolve(run, limits::ACTORS)).transpose()?;
        if run.cast.len() as u64 + count.unwrap_or(1) > limits::ACTORS {
            let why = format!("there are more than {} actors in all, the limit", limits::ACTORS);
            return Err(Stop::Broken(actor.name.place.clone(), why));
        }
        match count {
            None => run.cast.add(name.clone(), actor.session.clone()),
            Some(count) => {
                for n in 1..=count {
                    run.cast.add(format!("{name}[{n}]"), actor.session.clone());
                }
            }
        }
    }
    for assignment in scenario.set.iter().chain(row.iter().flat_map(|row| &row.values)) {
        let value = assignment.value.value.value(run)?;
        run.variables.assign(&assignment.name.value, value);
    }
    carry(run)?;
    open_all(run).await?;
    for need in &scenario.needs {
        if let Need::Condition(condition) = &need.value {
            let condition = Located::new((**condition).clone(), need.place.clone());
            if let Some(why) = unmet(run, &condition)? {
                return Err(Stop::Skipped(why));
            }
        }
    }
    run_steps(run, &scenario.setup).await?;
    *set_up = run.wire().events().len();
    run_steps(run, &scenario.steps).await
}
