//! Conversations, compared with what is approved.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;

use super::Args;
use crate::cli::check::counted;
use crate::runner::{self, Outcome, Verdict};
use crate::scenario::{Level, Pattern, Replacement, Settings, Varies};
use crate::snapshot::{Change, Diff, Snapshot, Standing, Varying, compare, diff, transcript};
use crate::ui::outcomes::quoted;
use crate::ui::{Styles, difference};

/// What becomes of a conversation that is not as it was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Update {
    /// It waits for approval, in a file .snap.new beside
    New,
    /// It is approved
    All,
    /// Nothing is written
    No,
}

/// A folder of snapshots.
pub(super) struct Snapshots {
    folder: PathBuf,
    update: Update,
    settings: Settings,
    styles: Styles,
    stems: Stems,
    pub(super) counts: Counts,
    /// The first thing that could not be read or written.
    pub(super) failed: Option<String>,
}

/// How many conversations are as approved, and how many are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) same: usize,
    pub(super) missing: usize,
    pub(super) other: usize,
}

impl Snapshots {
    /// The folder that is asked for, if one is.
    pub(super) fn of(args: &Args, settings: Settings) -> Option<Self> {
        let folder = args.snapshots.clone()?;
        let usual = || {
            let ci =
                std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
            if ci { Update::No } else { Update::New }
        };
        Some(Self {
            folder,
            update: args.update.unwrap_or_else(usual),
            settings,
            styles: Styles::new(args.color.decide(std::io::stdout().is_terminal())),
            stems: Stems::default(),
            counts: Counts::default(),
            failed: None,
        })
    }

    /// Compares the conversation of an outcome. One that is not as approved fails it. What is to be told of it is
    /// returned.
    pub(super) fn compare(&mut self, outcome: &mut Outcome) -> String {
        let stem = self.stems.of(outcome);
        let whole =
            !matches!(outcome.verdict, Verdict::Skipped | Verdict::Broken | Verdict::Inconclusive);
        if !whole {
            return String::new();
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
            source: outcome.scenario.place.source.path.display().to_string(),
            description: outcome.name(),
            transcript: transcript(&outcome.events, Some(outcome.own.clone()), &varying),
        };
        let standing = match compare(&path, &new, self.update.into()) {
            Ok(standing) => standing,
            Err(error) => {
                let words = error.to_string();
                self.failed.get_or_insert(words);
                return String::new();
            }
        };
        match standing {
            Standing::Same => {
                self.counts.same += 1;
                String::new()
            }
            Standing::Missing => {
                self.counts.missing += 1;
                if self.update != Update::All {
                    fail(outcome, &path, "there is no such snapshot yet".to_owned());
                }
                String::new()
            }
            Standing::Other(old) => {
                self.counts.other += 1;
                let differs = diff(&old.transcript, &new.transcript);
                if self.update != Update::All {
                    fail(outcome, &path, in_short(&differs));
                }
                let mut text = String::new();
                for line in difference::text(&differs, &self.styles).lines() {
                    text += &format!("    {line}\n");
                }
                text
            }
        }
    }

    /// What was found, and what is to be done with it, in a line.
    pub(super) fn summary(&self) -> String {
        let Counts { same, missing, other } = self.counts;
        let all = counted(same + missing + other, "conversation");
        if missing + other == 0 {
            return format!("{all} as approved");
        }
        let count = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let parts = [count(same, "as approved"), count(other, "not so"), count(missing, "new")];
        let what = format!("{all}: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
        let folder = self.folder.to_string_lossy();
        match self.update {
            Update::New => format!("{what}; xmppscope snapshot review {}", quoted(&folder)),
            Update::No => format!("{what}; --update new writes them, to be reviewed"),
            Update::All => format!("{what}; now all are approved"),
        }
    }
}

impl From<Update> for crate::snapshot::Update {
    fn from(update: Update) -> Self {
        match update {
            Update::New => Self::New,
            Update::All => Self::All,
            Update::No => Self::No,
        }
    }
}

/// The first of what differs, in a line.
fn in_short(differs: &Diff) -> String {
    let count = differs.count();
    let exchanges = differs.strands.iter().flat_map(|strand| {
        let within = strand.exchanges.iter().flat_map(|exchange| &exchange.changes);
        strand.changes.iter().chain(within)
    });
    let first: Vec<String> = exchanges.take(3).map(Change::words).collect();
    let what = if count == 1 { "difference" } else { "differences" };
    let words = first.join("; ");
    format!("{count} {what}{}{words}", if words.is_empty() { "" } else { ": " })
}

fn fail(outcome: &mut Outcome, path: &Path, seen: String) {
    outcome.verdict = Verdict::Failed;
    outcome.failures.push(runner::Failure {
        covers: Vec::new(),
        level: Level::Must,
        place: outcome.scenario.name.place.clone(),
        says: None,
        expected: format!("the conversation of {}.snap", path.display()),
        seen,
        at: outcome.duration,
        // Its traffic is not printed: the difference says more.
        during: (outcome.duration, std::time::Duration::ZERO),
        lag: None,
    });
}

/// Names of files for outcomes: the path of the scenario, and the row, as in `xep-0124/11/hold.2`.
#[derive(Debug, Default)]
pub(super) struct Stems(BTreeSet<PathBuf>);

impl Stems {
    /// A relative path that stays in its folder, and is given to one outcome only.
    pub(super) fn of(&mut self, outcome: &Outcome) -> PathBuf {
        let path = outcome.scenario.place.source.path.with_extension("");
        // The same on every machine, whether the path was given from the root or from here.
        let here = std::env::current_dir().ok();
        let path = here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(&path);
        let inside: PathBuf =
            path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        let row = outcome.row.as_ref().map_or_else(String::new, |(row, _)| format!(".{row}"));
        let name = |more: &str| {
            let mut name = inside.clone().into_os_string();
            name.push(format!("{row}{more}"));
            PathBuf::from(name)
        };
        // Two files of the same name in folders that are named from elsewhere.
        let mut unique = name("");
        let mut number = 2;
        while !self.0.insert(unique.clone()) {
            unique = name(&format!("-{number}"));
            number += 1;
        }
        unique
    }
}
