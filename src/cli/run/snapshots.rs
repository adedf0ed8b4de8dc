//! Conversations, compared with approved snapshots.

use std::path::{Path, PathBuf};

use super::args::{Args, Update};
use super::stems::from;
use crate::cli::ci::in_ci;
use crate::diag::counted;
use crate::diag::name;
use crate::runner::{self, Outcome, Verdict};
use crate::scenario::matching::FailureKind;
use crate::scenario::{Level, Pattern, Replacement, Settings, Varies};
use crate::snapshot::{Change, Diff, Snapshot, Standing, Varying, compare, diff, transcript};
use crate::ui::quoted;

/// A folder of snapshots.
pub(in crate::cli) struct Snapshots {
    folder: PathBuf,
    update: Update,
    settings: Settings,
    /// The current folder.
    here: Option<PathBuf>,
    counts: Counts,
}

/// How many conversations are as approved, and how many are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) same: usize,
    pub(super) missing: usize,
    pub(super) other: usize,
    /// What is approved, or what was to be written, is no file that could be used.
    pub(super) unreadable: usize,
    /// How many were written, to be approved or as approved.
    pub(super) written: usize,
}

impl Snapshots {
    /// The folder that is asked for, if one is.
    pub(super) fn of(args: &Args, settings: Settings) -> Option<Self> {
        let folder = args.snapshots.clone()?;
        let usual = || if in_ci() { Update::No } else { Update::New };
        Some(Self {
            folder,
            update: args.update.unwrap_or_else(usual),
            settings,
            here: std::env::current_dir().ok(),
            counts: Counts::default(),
        })
    }

    /// Compares the conversation of an outcome with what is approved under this name. One that is not as approved fails it.
    /// What differs is returned.
    pub(super) fn compare(&mut self, outcome: &mut Outcome, stem: &Path) -> Option<Diff> {
        let whole = !matches!(
            outcome.verdict,
            Verdict::Skipped | Verdict::Broken | Verdict::Inconclusive | Verdict::Unsteady
        );
        if !whole {
            return None;
        }
        let path = self.folder.join(stem);
        let chosen = outcome.chosen.texts.iter().map(|text| Replacement {
            what: Varies::Like(Pattern::literal(text)),
            name: "random".to_owned(),
        });
        let varying = Varying {
            replace: chosen.chain(self.settings.replace.iter().cloned()).collect(),
            accounts: outcome.chosen.accounts.clone(),
        };
        let new = Snapshot {
            source: name(from(self.here.as_deref(), &outcome.scenario.place.source.path))
                .to_string(),
            description: outcome.name(),
            transcript: transcript(&outcome.events, Some(&outcome.own), &varying),
        };
        // What fails by itself is not to be approved by the way.
        let failed = outcome.verdict == Verdict::Failed;
        let update = if failed { Update::No } else { self.update };
        let standing = match compare(&path, &new, update.into()) {
            Ok(standing) => standing,
            Err(error) => {
                if !failed {
                    outcome.verdict = Verdict::Broken;
                }
                outcome.reason = Some(error.to_string());
                self.counts.unreadable += 1;
                return None;
            }
        };
        if update != Update::No && standing != Standing::Same {
            self.counts.written += 1;
        }
        match standing {
            Standing::Same => {
                self.counts.same += 1;
                None
            }
            Standing::Missing => {
                self.counts.missing += 1;
                if update != Update::All {
                    fail(outcome, &path, "a conversation without an approved snapshot".to_owned());
                }
                None
            }
            Standing::Other(old) => {
                self.counts.other += 1;
                let differs = diff(&old.transcript, &new.transcript);
                if update != Update::All {
                    fail(outcome, &path, in_short(&differs));
                }
                Some(differs)
            }
        }
    }

    /// The counts, and what to do next, in one line.
    pub(super) fn summary(&self) -> String {
        let Counts { same, missing, other, unreadable, written } = self.counts;
        let all = counted(same + missing + other + unreadable, "snapshot");
        if missing + other + unreadable == 0 {
            return format!("{all} unchanged");
        }
        let count = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let parts = [
            count(same, "unchanged"),
            count(other, "changed"),
            count(missing, "new"),
            count(unreadable, "unusable"),
        ];
        let what = format!("{all}: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
        // Neither what fails by itself is written, nor what cannot be.
        match (self.update, written) {
            (Update::No, _) if missing + other > 0 => {
                format!("{what}; use --update new to write them for review")
            }
            (Update::New, 1..) => {
                let folder = name(&self.folder).to_string();
                format!("{what}; to review them: xmppscope snapshot review {}", quoted(&folder))
            }
            (Update::All, 1..) => format!("{what}; {written} approved"),
            _ => what,
        }
    }
}

/// The first of what differs, in a line.
fn in_short(differs: &Diff) -> String {
    let exchanges = differs.strands.iter().flat_map(|strand| {
        let within = strand.exchanges.iter().flat_map(|exchange| &exchange.changes);
        strand.changes.iter().chain(within)
    });
    let first: Vec<String> = exchanges.take(3).map(Change::words).collect();
    let what = counted(differs.count(), "difference");
    let words = first.join("; ");
    format!("{what}{}{words}", if words.is_empty() { "" } else { ": " })
}

fn fail(outcome: &mut Outcome, path: &Path, seen: String) {
    outcome.verdict = Verdict::Failed;
    outcome.failures.push(runner::Failure {
        kind: FailureKind::Snapshot,
        covers: Vec::new(),
        level: Level::Must,
        place: outcome.scenario.name.place.clone(),
        says: None,
        expected: format!("the conversation in {}.snap", name(path)),
        seen,
        at: outcome.duration,
        // Its traffic is not printed: the difference says more.
        during: (std::time::Duration::MAX, std::time::Duration::ZERO),
        lag: None,
        known: None,
    });
}
