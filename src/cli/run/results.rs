//! The results of a run so far, and everybody who hears of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::output::Outputs;
use super::snapshots::Snapshots;
use crate::cli::console::eprint;
use crate::cli::progress::progress;
use crate::cli::{Failure, exit};
use crate::runner::{Outcome, Software, Verdict};
use crate::ui::outcomes::{Bearing, Plan, Report, Summary, bearing};
use crate::ui::{Progress, Unit};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum End {
    /// All was run.
    Whole,
    /// A person, or the system, wanted it to end.
    Interrupted,
}

/// The results of a run.
pub(in crate::cli) struct Results {
    plan: Plan,
    snapshots: Option<Snapshots>,
    /// What the files of each scenario are called, by place.
    stems: Vec<PathBuf>,
    /// Of the run, once it has begun.
    progress: Option<Progress>,
    /// How many scenarios failed, or could not be carried out.
    bad: usize,
    counts: BTreeMap<Verdict, usize>,
    /// The outcomes by place, without their events, which are written at once or never.
    outcomes: BTreeMap<usize, Outcome>,
    outputs: Outputs,
}

impl Results {
    pub(in crate::cli) fn new(
        plan: Plan,
        snapshots: Option<Snapshots>,
        stems: Vec<PathBuf>,
        outputs: Outputs,
    ) -> Self {
        let (counts, outcomes) = (BTreeMap::new(), BTreeMap::new());
        Self { plan, snapshots, stems, progress: None, bad: 0, counts, outcomes, outputs }
    }

    /// The run begins, against a server that says that it is this.
    pub(in crate::cli) fn begin(&mut self, software: Option<Software>) {
        self.plan.software = software;
        self.outputs.begin(&self.plan);
        let all = self.plan.runs as u64;
        self.progress = Some(progress("running", Unit::Items("runs"), Some(all)));
    }

    /// How many scenarios have ended.
    pub(in crate::cli) fn count(&self) -> usize {
        self.outcomes.len()
    }

    /// The scenario at this place has ended.
    pub(in crate::cli) fn take(&mut self, place: usize, mut outcome: Outcome) {
        let stem = &self.stems[place];
        let snapshots = self.snapshots.as_mut();
        let differs = snapshots.and_then(|snapshots| snapshots.compare(&mut outcome, stem));
        *self.counts.entry(outcome.verdict).or_default() += 1;
        let outputs = &mut self.outputs;
        let mut print = || outputs.take(&mut outcome, stem, differs.as_ref());
        match &self.progress {
            Some(progress) => progress.aside(print),
            None => print(),
        }
        outcome.events = Vec::new();
        self.bad += usize::from(matches!(outcome.verdict, Verdict::Failed | Verdict::Broken));
        self.outcomes.insert(place, outcome);
        if let Some(progress) = &self.progress {
            progress.one();
            if self.bad > 0 {
                progress.note(&format!("{} failed", self.bad));
            }
        }
    }

    /// The run has finished: gives its exit code.
    pub(in crate::cli) fn finish(mut self, end: End, time: Duration) -> Result<u8, Failure> {
        self.progress = None;
        let worst = self.counts.keys().map(|verdict| bearing(*verdict, self.plan.strict)).max();
        let summary = Summary {
            runs: self.plan.runs,
            scenarios: self.plan.scenarios,
            counts: self.counts,
            interrupted: end == End::Interrupted,
            time,
        };
        let outcomes = self.outcomes.into_values().collect();
        self.outputs.finish(&Report { plan: self.plan, outcomes, summary })?;
        if let Some(snapshots) = &self.snapshots {
            eprint(&snapshots.summary());
        }
        Ok(match (end, worst) {
            (End::Interrupted, _) => exit::INTERRUPTED,
            (_, Some(Bearing::Bad)) => exit::DIFFERS,
            (_, Some(Bearing::Broken)) => exit::ENVIRONMENT,
            _ => exit::OK,
        })
    }
}
