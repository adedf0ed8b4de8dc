//! `--list`: what would be run.

use std::sync::Arc;

use crate::cli::Failure;
use crate::cli::console::{out_is_terminal, print, width};
use crate::diag::name;
use crate::diag::sanitise::sanitise;
use crate::runner::{Job, scenarios};
use crate::spec::catalogue;
use crate::ui::outcomes::runs_of;
use crate::ui::wrapped;

/// Each scenario with its requirements, and why it would be skipped.
pub(in crate::cli) fn list(
    jobs: &[Job],
    skips: &dyn Fn(&Job) -> Option<String>,
) -> Result<u8, Failure> {
    let mut text = String::new();
    for (place, job) in jobs.iter().enumerate() {
        let scenario = &job.scenario;
        if place > 0 && Arc::ptr_eq(scenario, &jobs[place - 1].scenario) {
            continue;
        }
        let rows = jobs.iter().filter(|other| Arc::ptr_eq(scenario, &other.scenario)).count();
        let rows = match (job.row, rows) {
            (None, _) => String::new(),
            (Some(row), 1) => format!(" (row {})", row + 1),
            (_, rows) => format!(" ({rows} rows)"),
        };
        let path = name(&scenario.place.source.path);
        let line = scenario.name.place.line_and_column().0;
        text += &format!("{path}:{line}: {}{rows}\n", scenario.name.value);
        for id in &scenario.covers {
            let Some(known) = catalogue().get(id) else { continue };
            let specification = catalogue().specification(&known.spec);
            let specification =
                specification.map_or_else(String::new, crate::spec::Specification::name);
            let section = &known.section.number;
            text += &format!("    {specification} §{section} {} {}\n", known.level, known.id);
        }
        if let Some(why) = skips(job) {
            text += &format!("    skipped: {why}\n");
        }
    }
    text += &format!("{}\n", runs_of(jobs.len(), scenarios(jobs)));
    print(&wrapped(&sanitise(&text), width(out_is_terminal())))
}
