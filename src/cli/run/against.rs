//! What scenarios are run against: the built-in server, or a target on the network.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use tokio::sync::watch;

use super::args::Args;
use super::named::Named;
use super::results::{End, Results};
use crate::cli::Failure;
use crate::cli::console::eprint;
use crate::cli::defects::chosen;
use crate::clock::{Clock, words};
use crate::defects::Defect;
use crate::runner::dial::Dial;
use crate::runner::{
    self, Doubts, EMBEDDED, FirstStep, Job, Knowledge, Outcome, Software, Target, Tolerance,
};
use crate::scenario::Provision;
use crate::trace::redact;

/// Default number of scenarios to run in parallel against a network target; docs/reference/run.md has the measurement.
const JOBS: usize = 32;
/// No more failures than this are run again beside each other: what failed because much ran at a time is not to fail again.
const AGAIN: usize = 16;
/// Default number of times that a failure is run again.
const CONFIRM: u8 = 2;
/// Failures are run again for as long as the whole run took, but at least for this long.
const CONFIRMING: Duration = Duration::from_secs(60);

pub(super) enum Against {
    Embedded(Vec<&'static Defect>),
    Network {
        target: Arc<Target>,
        dial: Arc<dyn Dial>,
        started: DateTime<FixedOffset>,
        /// It is a URL or a domain: that it allows anonymous login is only a guess.
        guessed: bool,
    },
}

impl Against {
    /// What the command line says.
    pub(super) fn of(args: &Args) -> Result<Self, Failure> {
        let Some(Named { target, guessed }) = Named::of(&args.server, args.reporting.color)? else {
            return Ok(Self::Embedded(chosen(&args.defect)?));
        };
        let dial = args.server.dial(&target)?;
        let started = Clock::start().started();
        Ok(Self::Network { target: Arc::new(target), dial, started, guessed })
    }

    /// A description for people and reports.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Network { target, .. } => {
                let at = match &target.websocket {
                    Some(address) if *address == target.address => address.of_websocket(),
                    _ => target.address.to_string(),
                };
                let name =
                    if target.name == at { String::new() } else { format!("{} at ", target.name) };
                format!("{name}{at}{}", redact::target(&target.address.path))
            }
            Self::Embedded(defects) => {
                let names: Vec<_> = defects.iter().map(|defect| defect.name).collect();
                let with = match names.as_slice() {
                    [] => String::new(),
                    names => format!(" with {}", names.join(", ")),
                };
                format!("{EMBEDDED}{with}, in virtual time")
            }
        }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Network { target, .. } => &target.name,
            Self::Embedded(_) => EMBEDDED,
        }
    }

    /// What the target's file says about it.
    pub(super) fn about(&self) -> Option<&str> {
        match self {
            Self::Network { target, .. } => target.about.as_deref(),
            Self::Embedded(_) => None,
        }
    }

    /// The time of the day at which traces begin.
    pub(super) fn started(&self) -> DateTime<FixedOffset> {
        match self {
            Self::Embedded(_) => runner::embedded_started(),
            Self::Network { started, .. } => *started,
        }
    }

    /// Why a scenario would not be run.
    pub(super) fn skips(&self, job: &Job) -> Option<String> {
        match self {
            Self::Embedded(_) => runner::skipped(&job.scenario, &runner::embedded_target()),
            Self::Network { target, .. } => runner::skipped(&job.scenario, target),
        }
    }

    /// Runs all of them, until `stop` is true.
    pub(super) fn run(
        &self,
        args: &Args,
        jobs: &[Job],
        results: &mut Results,
        stop: &watch::Receiver<bool>,
    ) -> Result<End, Failure> {
        match self {
            Self::Embedded(defects) => {
                let processors =
                    || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
                let threads = args.jobs.map_or_else(processors, usize::from);
                results.begin(runner::embedded_software());
                embedded(defects, threads, jobs, results, stop)
            }
            Self::Network { target, dial, guessed, .. } => {
                let how = Pace {
                    at_once: args.jobs.map(usize::from).or(target.jobs).unwrap_or(JOBS),
                    confirm: args.confirm.unwrap_or(CONFIRM).into(),
                };
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
                // Reporting takes time, which would make the clients late: it has its own thread.
                let end = std::thread::scope(|scope| {
                    let (send, news) = mpsc::channel::<News>();
                    scope.spawn(move || {
                        for news in news {
                            news.report(results);
                        }
                    });
                    let stop = runner::stopped(stop.clone());
                    runtime.block_on(network(target, dial, how, jobs, &send, *guessed, stop))
                });
                // A name that is still being looked up is not waited for.
                runtime.shutdown_background();
                end
            }
        }
    }
}

/// How scenarios are run against a network target.
#[derive(Clone, Copy)]
struct Pace {
    /// How many in parallel.
    at_once: usize,
    /// How often a failure is run again.
    confirm: usize,
}

/// News from a run against a network target.
enum News {
    /// What came of the job at this place.
    Outcome(usize, Box<Outcome>),
    /// The run begins, against a server that says that it is this.
    Begin(Option<Software>),
}

impl News {
    fn report(self, results: &mut Results) {
        match self {
            Self::Outcome(place, outcome) => results.take(place, *outcome),
            Self::Begin(software) => results.begin(software),
        }
    }
}

/// Outcomes are reported in the order of the scenarios, whichever ends first.
fn embedded(
    defects: &[&'static Defect],
    threads: usize,
    jobs: &[Job],
    results: &mut Results,
    stop: &watch::Receiver<bool>,
) -> Result<End, Failure> {
    let mut waiting: BTreeMap<usize, Outcome> = BTreeMap::new();
    let mut next = 0;
    runner::run_all_embedded(jobs, defects, threads, stop, |place, outcome| {
        waiting.insert(place, outcome);
        while let Some(outcome) = waiting.remove(&next) {
            results.take(next, outcome);
            next += 1;
        }
    });
    for (place, outcome) in waiting {
        results.take(place, outcome);
    }
    match results.count() == jobs.len() {
        true => Ok(End::Whole),
        false if *stop.borrow() => Ok(End::Interrupted),
        false => Err(Failure::Environment(
            "a scenario crashed the program (see above), so that not all were run; please report this bug".to_owned(),
        )),
    }
}

async fn network(
    target: &Arc<Target>,
    dial: &Arc<dyn Dial>,
    how: Pace,
    jobs: &[Job],
    news: &mpsc::Sender<News>,
    guessed: bool,
    stop: impl Future<Output = ()>,
) -> Result<End, Failure> {
    // The receiver lives as long as there is something to send.
    let tell = |item| _ = news.send(item);
    tokio::pin!(stop);
    let round_trip = tokio::select! {
        reached = runner::reach(dial, target) => reached.map_err(Failure::Environment)?,
        () = &mut stop => {
            tell(News::Begin(None));
            return Ok(End::Interrupted);
        }
    };
    let Tolerance { early, late } = target.tolerance;
    eprint(&format!(
        "round trip: {}; tolerance for times: {} early, {} late",
        words(round_trip),
        words(early),
        words(late + round_trip)
    ));
    let entered = tokio::select! {
        entered = runner::enter(dial, target, jobs, round_trip) => entered,
        () = &mut stop => {
            tell(News::Begin(None));
            return Ok(End::Interrupted);
        }
    };
    let refused = match entered {
        Ok(()) => None,
        // Only guessed is that anybody may log in.
        Err(unusable) if guessed && unusable.step == FirstStep::Login => Some(unusable.why),
        Err(unusable) => return Err(Failure::Environment(unusable.to_string())),
    };
    let software = tokio::select! {
        software = runner::about(dial, target, round_trip) => software,
        () = &mut stop => {
            tell(News::Begin(None));
            return Ok(End::Interrupted);
        }
    };
    if let Some(Software { name, version }) = &software {
        eprint(&format!("server software: {name} {version}"));
    }
    tell(News::Begin(software));
    let target = &refused.map_or_else(|| Arc::clone(target), |why| without_login(target, &why));
    let outcome = |(place, outcome)| tell(News::Outcome(place, Box::new(outcome)));
    let clock = Clock::start();
    let knowledge = RefCell::new(Knowledge::new(Arc::clone(target)));
    let doubts = RefCell::new(Doubts::new(how.confirm));
    let all = runner::run_all(
        jobs,
        Arc::clone(target),
        Arc::clone(dial),
        how.at_once,
        round_trip,
        |place, ended| {
            let Some((place, ended)) = knowledge.borrow_mut().take(place, ended) else { return };
            if how.confirm > 0 && ended.verdict.accuses() {
                doubts.borrow_mut().add(place, ended);
            } else {
                outcome((place, ended));
            }
        },
    );
    let mut end = tokio::select! {
        () = all => End::Whole,
        () = &mut stop => End::Interrupted,
    };
    let complete = end == End::Whole;
    let again = doubts.borrow_mut().jobs(jobs);
    if complete && !again.is_empty() {
        let count = again.len() / how.confirm;
        let what = if count == 1 { "failure" } else { "failures" };
        eprint(&format!("running {count} {what} again ({}×)", how.confirm));
        let repeats = runner::run_all(
            &again,
            Arc::clone(target),
            Arc::clone(dial),
            how.at_once.min(AGAIN),
            round_trip,
            |run, ended| {
                let ended = knowledge.borrow().judged(ended);
                doubts.borrow_mut().take(run, ended).into_iter().for_each(outcome);
            },
        );
        tokio::select! {
            () = repeats => {}
            () = tokio::time::sleep(clock.now().max(CONFIRMING)) => {
                eprint("not all failures were run again: that took as long as the run itself");
            }
            () = &mut stop => end = End::Interrupted,
        }
    }
    doubts.into_inner().finish().into_iter().for_each(outcome);
    knowledge.into_inner().finish(complete).into_iter().for_each(outcome);
    Ok(end)
}

/// The same target where nobody may log in, for this reason.
fn without_login(target: &Arc<Target>, why: &str) -> Arc<Target> {
    eprint(&format!("the server does not allow anonymous login: {why}"));
    eprint(
        "skipping scenarios that need a login; to run them, list accounts in a target file (docs/reference/targets.md)",
    );
    let mut target = Arc::clone(target);
    Arc::make_mut(&mut target).provides.retain(|known| *known != Provision::Anonymous);
    target
}
