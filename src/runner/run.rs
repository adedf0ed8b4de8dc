//! One run of a scenario from start to end, and its verdict.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::actor::{Actor, Session};
use super::dial::Dial;
use super::heart::Heart;
use super::outcome::{Chosen, Failure, Outcome, Verdict};
use super::target::{Target, skipped};
use super::wire::Wire;
use super::world::{Done, StepAt, Stop, World};
use crate::clock::Clock;
use crate::random::Random;
use crate::scenario::{Level, Need, Provision, Row, Scenario};

/// What a run is given.
pub(super) struct Given {
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
}

/// Runs a scenario.
pub(super) async fn run(given: Given) -> Outcome {
    let Given { scenario, row, target, dial, clock, random, heart, round_trip } = given;
    let began = clock.now();
    let wire = Wire::new(dial, clock);
    let mut world = World {
        at: StepAt {
            place: scenario.place.clone(),
            covers: scenario.covers.iter().map(|id| id.value.clone()).collect(),
            level: None,
            says: None,
            since: began,
        },
        scenario: Arc::clone(&scenario),
        target: Arc::clone(&target),
        wire: wire.clone(),
        actors: Vec::new(),
        sent: HashMap::default(),
        conns: HashMap::default(),
        vars: HashMap::default(),
        history: HashMap::default(),
        marks: HashMap::default(),
        failures: Vec::new(),
        notes: Vec::new(),
        random: std::sync::Mutex::new(random),
        made: std::sync::Mutex::default(),
        advertised: Vec::new(),
        heart,
        round_trip,
        set_up: 0,
    };
    let row = row.and_then(|row| Some((row, scenario.sweep.get(row)?)));
    let done = match skipped(&scenario, &target) {
        Some(why) => Err(Stop::Skipped(why)),
        None => world.live(row.map(|(_, row)| row)).await,
    };
    let row = row.map(|(number, row)| (number + 1, words(row)));
    let duration = clock.now().saturating_sub(began);
    world.all_written().await;
    let own = world.set_up..wire.events().len();
    world.leave().await;
    let done = done.map_err(|stop| match stop {
        Stop::NotXml(why) => Stop::Broken(world.at.place.clone(), why),
        other => other,
    });
    let (verdict, reason, broken_at) = verdict(&done, &world.failures);
    let mut failures = world.failures;
    let address = |account: &super::Account| format!("{}@{}", account.user, target.domain);
    let accounts = target.accounts.iter();
    let chosen = Chosen {
        texts: world.made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner),
        accounts: accounts.map(|(name, account)| (address(account), name.clone())).collect(),
    };
    if let (Verdict::Broken, Some(place), Some(why)) = (verdict, broken_at, &reason) {
        failures.push(Failure {
            covers: Vec::new(),
            level: Level::Must,
            place,
            says: None,
            expected: "the scenario to be carried out".to_owned(),
            seen: why.clone(),
            at: began + duration,
            during: (world.at.since, began + duration),
            lag: None,
            known: None,
        });
    }
    Outcome {
        scenario,
        row,
        verdict,
        failures,
        reason,
        notes: world.notes,
        duration,
        advertised: world.advertised,
        chosen,
        own,
        events: wire.events(),
        capture: None,
    }
}

/// The row in words.
pub(super) fn words(row: &Row) -> String {
    let one = |assignment: &crate::scenario::Assignment| {
        format!("{}={}", assignment.name.value, assignment.value.place.text().trim())
    };
    row.values.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// What the target lacks.
pub(super) fn missing(scenario: &Scenario, target: &Target) -> Option<String> {
    let lacks = |provision: &Provision| !target.provides.contains(provision);
    let first = scenario.provisions().into_iter().find(lacks)?;
    Some(format!("the target does not provide {}", provided(first)))
}

fn provided(provision: Provision) -> &'static str {
    match provision {
        Provision::Anonymous => "anonymous logins",
        Provision::Account => "the account alice",
        Provision::Accounts => "the accounts alice and bob",
        Provision::Rooms => "rooms",
        Provision::Tls => "an address with TLS",
        Provision::Plain => "an address without TLS",
        Provision::Certificates => "certificates for clients",
        Provision::Compression => "compression",
        Provision::Upstream => "a server of its own behind the connection manager",
        Provision::Control => "commands to stop and start it",
        Provision::Slow => "time for long waits",
    }
}

fn verdict(
    done: &Done,
    failures: &[Failure],
) -> (Verdict, Option<String>, Option<crate::scenario::Place>) {
    let worst = failures.iter().map(|failure| failure.level).max();
    let excused = failures.iter().filter(|failure| failure.level == Level::Must);
    let lag = excused.clone().filter_map(|failure| failure.lag).max();
    let all_excused =
        excused.clone().count() > 0 && excused.clone().all(|failure| failure.lag.is_some());
    match done {
        Err(Stop::Skipped(why)) if worst.is_none_or(|worst| worst < Level::Must) => {
            (Verdict::Skipped, Some(why.clone()), None)
        }
        Err(Stop::Broken(place, why)) if worst != Some(Level::Must) => {
            (Verdict::Broken, Some(why.clone()), Some(place.clone()))
        }
        _ => match worst {
            Some(Level::Must) if all_excused => {
                let lag = crate::clock::words(lag.unwrap_or_default());
                (Verdict::Inconclusive, Some(format!("host lag {lag}")), None)
            }
            Some(Level::Must) => (Verdict::Failed, None, None),
            // The response that a recommendation asks for never came, so nothing behind it was looked at.
            Some(Level::Should) => (Verdict::Warned, None, None),
            _ => (Verdict::Passed, None, None),
        },
    }
}

impl World {
    async fn live(&mut self, row: Option<&Row>) -> Done {
        let scenario = Arc::clone(&self.scenario);
        let values = scenario.set.iter().chain(row.iter().flat_map(|row| &row.values));
        for actor in &scenario.actors {
            let count = actor.count.as_ref().map(|count| count.resolve(self)).transpose()?;
            let names: Vec<String> = match count {
                None => vec![actor.name.value.clone()],
                Some(count) => (1..=count).map(|n| format!("{}[{n}]", actor.name.value)).collect(),
            };
            for name in names {
                self.actors.push(Actor {
                    name,
                    terms: actor.session.clone(),
                    session: Session::default(),
                    conns: Vec::new(),
                    inbox: VecDeque::default(),
                    quiet: Vec::new(),
                    ready: false,
                });
            }
        }
        for assignment in values {
            let value = assignment.value.value.value(self)?;
            self.assign(&assignment.name.value, value);
        }
        self.open_all().await?;
        for need in &scenario.needs {
            if let Need::Condition(condition) = &need.value {
                let condition =
                    crate::scenario::Located::new((**condition).clone(), need.place.clone());
                if let Some(why) = self.unmet(&condition)? {
                    return Err(Stop::Skipped(why));
                }
            }
        }
        self.steps(&scenario.setup).await?;
        self.set_up = self.wire.events().len();
        self.steps(&scenario.steps).await
    }

    /// Ends the sessions that are still alive, as a guest should.
    async fn leave(&mut self) {
        let mut last = Vec::new();
        for actor in 0..self.actors.len() {
            let session = &self.actors[actor].session;
            if session.sid.is_some() && !session.over {
                last.push(self.ask(actor, &[("type", "terminate")], "").id);
            }
        }
        let wire = self.wire.clone();
        let answered = |id: &u64| {
            let progress = wire.progress(*id);
            progress.got.is_some() || progress.ended.is_some()
        };
        let deadline = wire.now() + Duration::from_secs(1);
        wire.until(deadline, || last.iter().all(answered).then_some(())).await;
    }
}
